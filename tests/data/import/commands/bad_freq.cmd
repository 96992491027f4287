esptool -c esp32 write_flash -ff 40 0 app.bin
