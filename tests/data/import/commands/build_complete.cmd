Bootloader binary size 0x59f0 bytes. 0x2610 bytes (30%) free.
[2416/2417] Generating binary image from built executable
esptool.py v4.10.0
Creating esp32 image...
Don't care about this line.

Project build complete. To flash, run:
 idf.py flash
or
 idf.py -p PORT flash
or
 python -m esptool --chip esp32 -b 460800 --before default_reset --after hard_reset write_flash --flash_mode dio --flash_size 4MB --flash_freq 40m 0x1000 build/bootloader/bootloader.bin 0x10000 build/hello.bin
or from the "/home/eve/hello/build" directory
 python -m esptool --chip esp32 -b 460800 --before default_reset --after hard_reset write_flash "@flash_args"
