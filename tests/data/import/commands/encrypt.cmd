esptool --chip esp32 write_flash --encrypt 0x10000 app.bin
