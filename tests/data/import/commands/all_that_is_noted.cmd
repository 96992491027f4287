esptool --chip esp32 -p /dev/ttyACM0 -t --connect-attempts 0 --after no-reset write-flash --no-compress --no-progress --force --ignore-flash-enc-efuse --verify -fs 4MB-c1 0x10000 app.bin
