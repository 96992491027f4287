esptool.py --chip esp32 write_flash -z
