esptool --chip=esp32 --baud=460800 write-flash --flash-mode=dio --flash-size=detect --flash-freq=40m 4096 bootloader.bin 32768 partitions.bin 65536 app.bin
