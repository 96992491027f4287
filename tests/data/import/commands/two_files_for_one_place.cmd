esptool.py --chip esp32 write_flash 0x10000 app.bin && esptool.py --chip esp32 write_flash 0x10000 data.bin
