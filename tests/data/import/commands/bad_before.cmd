esptool -c esp32 --before magic write_flash 0 app.bin
