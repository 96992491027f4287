esptool --chip esp32 write-flash --spi-connection HSPI 0x10000 app.bin
