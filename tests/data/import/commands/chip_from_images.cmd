esptool write-flash 0x10000 app.bin 0x1000 bootloader.bin
