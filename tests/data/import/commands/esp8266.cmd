esptool.py --no-stub write_flash -fs keep 0 esp8266.bin
