esptool -c esp32 -b 460800 write-flash @args.txt 0xe000 boot_app0.bin
