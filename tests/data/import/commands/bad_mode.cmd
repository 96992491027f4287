esptool -c esp32 write_flash -fm qqio 0 app.bin
