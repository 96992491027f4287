esptool --chip esp32 write_flash @nowhere
