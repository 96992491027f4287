esptool -b fast write_flash 0 app.bin
