esptool --chip esp32 write_flash 0x-1 app.bin
