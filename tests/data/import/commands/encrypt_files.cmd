esptool --chip esp32 write-flash --encrypt-files 0x10000 app.bin
