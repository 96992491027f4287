python3 -I /home/eve/esp8266/tools/upload.py --chip esp8266 --port /dev/ttyUSB0 --baud 460800 "" erase_flash write_flash 0x0 esp8266.bin
