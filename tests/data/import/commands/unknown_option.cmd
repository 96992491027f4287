esptool --chip esp32 write_flash --flash_moed dio 0x10000 app.bin
