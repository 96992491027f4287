esptool --chip esp32 write_flash @nested.txt
