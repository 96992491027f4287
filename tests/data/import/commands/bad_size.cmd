esptool -c esp32 write_flash -fs 32m 0 app.bin
