#!/usr/bin/env bash
# One valid Intel HEX record over the end of a 64 KiB segment lands in two different places, by the program that reads it.
#
# Guessed: the Intel format says it (srec_intel(5) has the formula, MOD 64K): under a segment base (type 02) the 16-bit offset
#     wraps, so 16 bytes at 1000:FFF8 fill 1FFF8..1FFFF and go on at 10000. All readers agree.
# Versions: srecord 1.64-3; npm intel-hex 0.2.0, npm nrf-intel-hex 1.4.0, Debian python3-intelhex 2.3.0-2.
# Seen: srec_cat wraps. intel-hex and python3-intelhex go on at 20000, as under a linear base. nrf-intel-hex calls the record
#     ambiguous and reads nothing of the file. Three answers; srec_cat only warns that data does not ascend, the next two say
#     nothing.
# So: refuse such a record, or the board gets what one of the programs meant.
. "$(dirname "$0")/lib.sh"
need python3
debian_packages srecord=1.64-3 libsrecord0=1.64-3 libgcrypt20 python3-intelhex=2.3.0-2
npm_packages nrf-intel-hex@1.4.0 intel-hex@0.2.0
cd "$tmp" || exit 2
cat >in.hex <<'END'
:020000021000EC
:10FFF800A0A1A2A3A4A5A6A7A8A9AAABACADAEAF81
:00000001FF
END
cat >read.cjs <<'END'
const text = require("fs").readFileSync("in.hex", "latin1");
console.log("intel-hex", require("intel-hex").parse(text).data.indexOf(0xa8).toString(16));
try {
  console.log("nrf-intel-hex", require("nrf-intel-hex").fromHex(text).size);
} catch (e) {
  console.log("nrf-intel-hex", /ambiguous/.test(e.message) ? "refuses" : e.message);
}
END
cat >read.py <<'END'
import intelhex
h = intelhex.IntelHex("in.hex")
print("python3-intelhex", next("%x" % a for a in h.addresses() if h[a] == 0xA8))
END
seen=$(
    "$root/usr/bin/srec_cat" in.hex -intel -o - -hexdump 2>/dev/null | awk '$2 == "A8" { print "srec_cat", substr($1, 4, 5) }'
    node read.cjs
    PYTHONPATH=$root/usr/lib/python3/dist-packages python3 read.py
)
judge "srec_cat 10000
intel-hex 20000
nrf-intel-hex refuses
python3-intelhex 20000" "$seen"
