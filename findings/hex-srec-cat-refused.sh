#!/usr/bin/env bash
# What srec_cat writes by default, nrf-intel-hex does not read, when data begins shortly before a multiple of 64 KiB.
#
# Guessed: a writer of Intel HEX starts a new record at each 64 KiB, where the base changes; objcopy does. So any reader takes it.
# Versions: srecord 1.64-3, npm nrf-intel-hex 1.4.0.
# Seen: srec_cat writes one record of 20 bytes at FFF8 under base 0001, over the end, and no second base, as a linear base allows.
#     nrf-intel-hex refuses the whole file for it ("wraps over 0xFFFF ... ambiguous"). So with data that begins less than a record
#     before the multiple; when it begins further back srec_cat shortens a record in time.
# So: whoever writes Intel HEX for others ends records at 64 KiB; whoever reads it must take srec_cat's.
. "$(dirname "$0")/lib.sh"
debian_packages srecord=1.64-3 libsrecord0=1.64-3 libgcrypt20
npm_packages nrf-intel-hex@1.4.0
cd "$tmp" || exit 2
printf 'twenty bytes of data' >in.bin
cat >read.cjs <<'END'
const text = require("fs").readFileSync("out.hex", "latin1");
try {
  console.log("reads", require("nrf-intel-hex").fromHex(text).size);
} catch (e) {
  console.log("refuses:", e.message.match(/wraps over 0xFFFF/)?.[0] ?? e.message);
}
END
seen=$(
    "$root/usr/bin/srec_cat" in.bin -binary -offset 0x1FFF8 -o out.hex -intel
    tr -d '\r' <out.hex | cut -c1-9
    node read.cjs
)
judge ":02000004
:14FFF800
:00000001
refuses: wraps over 0xFFFF" "$seen"
