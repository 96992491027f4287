Executing action: flash
Running ninja in directory build
Executing "ninja flash"...
[1/5] cd /home/eve/hello/build/esp-idf/esptool_py && /home/eve/.espressif/python_env/bin/python /home/eve/esp/check_sizes.py --offset 0x8000 partition --type app build/partition_table/partition-table.bin build/hello.bin
[4/5] cd /home/eve/esp/esp-idf/components/esptool_py && /usr/bin/cmake -D IDF_PATH=/home/eve/esp/esp-idf -D "SERIAL_TOOL=python;;esptool.py;--chip;esp32" -D "SERIAL_TOOL_ARGS=--before=default_reset;--after=hard_reset;write_flash;@flash_args" -D WORKING_DIRECTORY=/home/eve/hello/build -P run_serial_tool.cmake
esptool.py esp32 -p /dev/ttyUSB0 -b 460800 --before=default_reset --after=hard_reset write_flash --flash_mode dio --flash_freq 40m --flash_size 4MB 0x1000 bootloader/bootloader.bin 0x10000 hello.bin
esptool.py v4.7.0
Serial port /dev/ttyUSB0
Connecting....
Wrote 25088 bytes (15000 compressed) at 0x00001000 in 0.6 seconds (effective 330.3 kbit/s)...
Hash of data verified.
