esptool --chip esp32 -b 115200 write_flash 0x10000 app.bin
