esptool.py --chip esp32 write_flash 0x10000 "C:\Users\eve\sketches\1C17\app.bin"
