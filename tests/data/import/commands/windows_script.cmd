@echo off
esptool.exe --chip esp32 --port %PORT% ^
  write_flash 0x1000 bootloader.bin ^
  0x10000 app.bin
pause
