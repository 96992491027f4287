esptool.py --chip esp32 -b 460800 write_flash @args.txt
