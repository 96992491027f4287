python3 -I /home/eve/esp8266/tools/upload.py --chip esp8266 erase_region 0x3FC000 0x4000 write_flash 0x0 esp8266.bin
