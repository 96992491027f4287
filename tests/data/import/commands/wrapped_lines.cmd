$ esptool.py --chip esp32 -b 460800
    write_flash --flash_mode dio
    --flash_size detect
    0x1000 bootloader.bin
    0x10000 app.bin
