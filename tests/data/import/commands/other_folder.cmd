cd build && esptool.py --chip esp32 write_flash 0x1000 bootloader/bootloader.bin 0x10000 hello.bin 2>&1 | tee log
