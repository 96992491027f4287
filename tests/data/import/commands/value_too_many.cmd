esptool --no-stub=yes write_flash 0 app.bin
