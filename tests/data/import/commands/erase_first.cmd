esptool.py --chip esp32 erase_flash && esptool.py --chip esp32 write_flash 0x1000 bootloader.bin 0x8000 partitions.bin 0x10000 app.bin && echo done
