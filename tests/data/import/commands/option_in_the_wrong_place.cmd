esptool --flash_mode dio write_flash 0x10000 app.bin
