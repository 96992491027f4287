esptool.exe --chip esp32 write_flash 0x1000 build\bootloader\bootloader.bin 0x10000 build\hello.bin
