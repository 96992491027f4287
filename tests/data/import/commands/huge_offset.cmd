esptool --chip esp32 write_flash 0x100001000 app.bin
