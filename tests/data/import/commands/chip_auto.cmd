esptool --chip auto write-flash 0 c3.bin
