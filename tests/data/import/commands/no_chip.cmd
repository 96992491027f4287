esptool write_flash 0x10000 data.bin
