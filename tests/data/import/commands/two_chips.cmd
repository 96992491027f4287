esptool write_flash 0x10000 app.bin 0 c3.bin
