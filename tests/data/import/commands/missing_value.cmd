esptool --chip
