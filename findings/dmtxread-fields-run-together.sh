#!/usr/bin/env bash
# dmtxread prints a GS1 DataMatrix without its field separators: two different labels read the same.
#
# Guessed: FNC1 in the middle of a GS1 symbol comes out as GS (1D), as GS1 asks of readers and as zbarimg does for Code 128 and QR.
# Version: Debian dmtx-utils 0.7.6-1.1+b1, zint 2.11.1-1, zbar-tools 0.23.92-7+deb12u1.
# Seen: (21)ABC123 (10)L9 gives "21ABC12310L9", byte for byte what a symbol with the one field (21)ABC12310L9 gives. zbarimg reads
#     "21ABC123<1D>10L9" from a GS1-128. With -G29 dmtxread gives 1D, but then also in front of all, where others give nothing.
# So: -G29, and drop the first 1D.
. "$(dirname "$0")/lib.sh"
debian_packages zint=2.11.1-1 libzint2.11=2.11.1-1 dmtx-utils=0.7.6-1.1+b1 libdmtx0b \
    zbar-tools=0.23.92-7+deb12u1 libzbar0 libv4l-0 libv4lconvert0 libmagickwand-6.q16-6 libmagickcore-6.q16-6 liblqr-1-0 \
    libfftw3-double3 liblcms2-2 libltdl7 libgomp1 libpng16-16
cd "$tmp" || exit 2
MAGICK_CODER_MODULE_PATH=$(dirname "$(find "$root" -name png.so | head -1)")
export MAGICK_CODER_MODULE_PATH
label() { # file symbology data
    "$root/usr/bin/zint" -b "$2" --gs1 --scale=3 --whitesp=4 --vwhitesp=4 -o "$1" -d "$3" || cannot "zint drew no label"
}
label two.png DATAMATRIX '[21]ABC123[10]L9'
label one.png DATAMATRIX '[21]ABC12310L9'
label two128.png GS1_128 '[21]ABC123[10]L9'
show() { tr '\035' '|' | tr -d '\n'; }
seen=$(
    echo "dmtxread, two fields: $("$root/usr/bin/dmtxread" -N1 two.png 2>&1 | show)"
    echo "dmtxread, one field: $("$root/usr/bin/dmtxread" -N1 one.png 2>&1 | show)"
    echo "dmtxread -G29, two fields: $("$root/usr/bin/dmtxread" -G29 -N1 two.png 2>&1 | show)"
    echo "zbarimg, two fields: $("$root/usr/bin/zbarimg" -q --raw two128.png 2>/dev/null | show)"
)
judge "dmtxread, two fields: 21ABC12310L9
dmtxread, one field: 21ABC12310L9
dmtxread -G29, two fields: |21ABC123|10L9
zbarimg, two fields: 21ABC123|10L9" "$seen"
