esptool --chip esp33 write_flash 0 app.bin
