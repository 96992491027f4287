esptool.py --chip esp32 write_flash 0x10000 hello.bin
