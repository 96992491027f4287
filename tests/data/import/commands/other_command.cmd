esptool.py -p /dev/ttyUSB0 erase_flash
