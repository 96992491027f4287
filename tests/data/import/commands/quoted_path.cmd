esptool --chip esp32 write_flash 0x10000 "with blank.bin" 0x20000 data.bin
