esptool -c esp32 write_flash 0 "app.bin
