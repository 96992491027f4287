python3 -m esptool -c esp32 -b460800 write_flash -fm dio -fs detect -ff 40m 0x1000 bootloader.bin 0x8000 partitions.bin 0x10000 app.bin
