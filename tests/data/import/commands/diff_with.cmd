esptool --chip esp32c3 write-flash 0 c3.bin --diff-with old.bin skip --trust-flash-content
