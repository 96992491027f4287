esptool.py --chip esp32
