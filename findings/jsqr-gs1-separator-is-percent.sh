#!/usr/bin/env bash
# jsQR reads the separator of a GS1 QR code as '%' or as GS, and '%' as "%%" or as '%': what else is in the data decides.
#
# Guessed: FNC1 in first position is known, so that a GS (1D) ends a serial wherever it stands and a '%' of the serial is one '%';
#     or it is not known, and the same is wrong each time.
# Versions: Debian zint 2.11.1-1 made the codes; npm jsqr 1.4.0 with pngjs 7.0.0 read them.
# Seen: serial AB%12 and lot LOT7 (alphanumeric mode) come as AB%%12%10LOT7; Ab%12 and lot lot7 (byte mode) as Ab%12, GS, 10lot7.
#     FNC1 is skipped and the escape of alphanumeric mode is left in: `chunks` names the modes, but nothing says that it is GS1.
# So: a phone page with it cannot part serial and lot by GS, nor undo the escape without looking at the mode of each chunk.
. "$(dirname "$0")/lib.sh"
debian_packages zint=2.11.1-1 libzint2.11=2.11.1-1 libpng16-16
npm_packages jsqr@1.4.0 pngjs@7.0.0
cd "$tmp" || exit 2
cat >t.js <<'END'
const fs = require("fs");
const { PNG } = require("pngjs");
const jsQR = require("jsqr");
const png = PNG.sync.read(fs.readFileSync("q.png"));
const { data, chunks } = jsQR(new Uint8ClampedArray(png.data), png.width, png.height);
process.stdout.write([data.replaceAll("\x1d", "<GS>"), ...chunks.map((c) => c.type)].join(" ") + "\n");
END
scan() { # GS1 data
    "$root/usr/bin/zint" -b QRCODE --gs1 --scale=4 -w 10 --vwhitesp=10 -o q.png -d "$1" || cannot "zint made no code"
    node t.js
}
judge "010950110153000321AB%%12%10LOT7 numeric alphanumeric
010950110153000321Ab%12<GS>10lot7 numeric byte" "$(
    scan '[01]09501101530003[21]AB%12[10]LOT7'
    scan '[01]09501101530003[21]Ab%12[10]lot7'
)"
