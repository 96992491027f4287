esptool --chip esp32 --before usb_reset --connect-attempts 3 write_flash -e 0x10000 app.bin
