#!/usr/bin/env bash
# objcopy turns a plain binary at 0x10000, where ESP32 programs lie, into Intel HEX with segment bases and a start address.
#
# Guessed: addresses above 64 KiB get a linear base, type 04, as at 0x100000 and as from srec_cat, and raw data has no entry
#     point, so no start record is written.
# Version: binutils 2.40-2.
# Seen: below 1 MiB the base is a segment, type 02 with 1000, and at the end stands a real-mode start address, type 03 with CS:IP
#     1000:0000, which nobody gave. From 1 MiB on the base is type 04 and the start record type 05.
# So: a reader for boards needs type 02 too, must pass over types 03 and 05, and may not take them for the entry of a program.
. "$(dirname "$0")/lib.sh"
debian_packages binutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2 libbinutils=2.40-2
cd "$tmp" || exit 2
printf 'data' >in.bin
records() { # address
    "$root/usr/bin/objcopy" -I binary -O ihex --change-addresses "$1" in.bin out.hex 2>&1
    # Type and payload; data is of no interest.
    tr -d '\r' <out.hex | awk -v at="$1" '{ t = substr($0, 8, 2); d = substr($0, 10, length($0) - 11)
        if (t != "00" && t != "01") print at, "type", t, d }'
}
seen=$(
    records 0x10000
    records 0x100000
)
judge "0x10000 type 02 1000
0x10000 type 03 10000000
0x100000 type 04 0010
0x100000 type 05 00100000" "$seen"
