esptool --chip esp32s3 write_flash 0x10000 app.bin
