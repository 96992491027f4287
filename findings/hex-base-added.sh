#!/usr/bin/env bash
# GNU objcopy adds an Intel HEX segment base (type 02) to the linear base (type 04) before it.
#
# Guessed: the Intel format lets one file hold both, and the base that came last is the base. So 04 with 0001 and then 02 with
#     1234 puts a byte at 12340. srec_cat, npm nrf-intel-hex and npm intel-hex do that.
# Version: binutils 2.40-2; srecord 1.64-3, nrf-intel-hex 1.4.0 and intel-hex 0.2.0 as witnesses.
# Seen: objcopy puts it at 22340, 10000 + 12340, without a warning, exit status 0.
# So: a file that changes its kind of base is read at another place by objcopy. Give a reader one kind per file.
. "$(dirname "$0")/lib.sh"
debian_packages binutils=2.40-2 binutils-x86-64-linux-gnu=2.40-2 libbinutils=2.40-2 srecord=1.64-3 libsrecord0=1.64-3 libgcrypt20
npm_packages nrf-intel-hex@1.4.0 intel-hex@0.2.0
cd "$tmp" || exit 2
cat >in.hex <<'END'
:020000040001F9
:0100000001FE
:020000021234B6
:0100000003FC
:00000001FF
END
cat >read.cjs <<'END'
const text = require("fs").readFileSync("in.hex", "latin1");
const where = [...require("nrf-intel-hex").fromHex(text)].find(([, bytes]) => bytes[0] === 3)[0];
console.log("nrf-intel-hex", where.toString(16));
console.log("intel-hex", require("intel-hex").parse(text).data.indexOf(3).toString(16));
END
seen=$(
    node read.cjs
    "$root/usr/bin/srec_cat" in.hex -intel -o - -hexdump | tr -d : | awk '$2 == "03" { print "srec_cat", substr($1, 4) }'
    "$root/usr/bin/objcopy" -I ihex -O srec in.hex out.srec 2>&1
    # S2: count, three bytes of address, data.
    awk '/^S2.*03..\r?$/ { print "objcopy", substr($0, 6, 5) }' out.srec
)
judge "nrf-intel-hex 12340
intel-hex 12340
srec_cat 12340
objcopy 22340" "$seen"
