ESPTOOL_CHIP=esp32 ESPTOOL_FS=4MB esptool write-flash 0x1000 bootloader.bin 0x8000 partitions.bin 0x10000 app.bin
