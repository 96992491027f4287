esptool --chip esp32 write_flash 0x1234 part.hex
