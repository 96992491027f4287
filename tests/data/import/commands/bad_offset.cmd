esptool --chip esp32 write_flash 10000h app.bin
