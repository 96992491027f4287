#!/usr/bin/env bash
# libdmtx drops the separators of a GS1 Data Matrix unless told what to put there: serial and lot run together.
#
# Guessed: FNC1 in first position is dropped, each later one is GS (1D), as ISO/IEC 16022 has a decoder transmit it.
# Versions: Debian zint 2.11.1-1 made the code, libdmtx0b 0.7.7-1 read it.
# Seen: (21)AB12(10)LOT7 is read as ...21AB1210LOT7, which is also what (21)AB1210LOT7 alone gives; nothing says that it was GS1.
#     With DmtxPropFnc1 set to 29 both FNC1 come, the first one too, so that the text begins with a GS that no scanner sends.
# So: set it to 29 and drop the first byte; a reader made with the library's defaults gives serials with a lot behind them.
. "$(dirname "$0")/lib.sh"
debian_packages zint=2.11.1-1 libzint2.11=2.11.1-1 libpng16-16 libdmtx-dev=0.7.7-1 libdmtx0b=0.7.7-1
cd "$tmp" || exit 2
cat >t.c <<'END'
#include <dmtx.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MODULE 5
#define SIDE 300
static unsigned char picture[SIDE * SIDE];

/* `zint --dump`: a line a row, a hexadecimal digit for four modules, spaces between bytes. */
static void draw(FILE *f)
{
    char line[200];
    memset(picture, 255, sizeof picture);
    for (int y = 4; fgets(line, sizeof line, f); y++)
        for (int i = 0, x = 4; line[i] && line[i] != '\n'; i++) {
            if (line[i] == ' ')
                continue;
            int four = (int)strtol((char[]){line[i], 0}, NULL, 16);
            for (int bit = 8; bit; bit >>= 1, x++)
                for (int k = 0; k < MODULE * MODULE && four & bit; k++)
                    picture[(y * MODULE + k / MODULE) * SIDE + x * MODULE + k % MODULE] = 0;
        }
}

static void scan(int fnc1)
{
    DmtxImage *image = dmtxImageCreate(picture, SIDE, SIDE, DmtxPack8bppK);
    DmtxDecode *decoder = dmtxDecodeCreate(image, 1);
    if (fnc1)
        dmtxDecodeSetProp(decoder, DmtxPropFnc1, fnc1);
    DmtxRegion *region = dmtxRegionFindNext(decoder, NULL);
    DmtxMessage *m = region ? dmtxDecodeMatrixRegion(decoder, region, DmtxUndefined) : NULL;
    for (int i = 0; m && i < (int)m->outputIdx; i++)
        m->output[i] == 29 ? (void)fputs("<GS>", stdout) : (void)putchar(m->output[i]);
    puts(m ? "" : "nothing found");
}

int main(void)
{
    draw(stdin);
    scan(0);
    scan(29);
    return 0;
}
END
compile t.c t "-I$root/usr/include" "$libs"/libdmtx.so.0
judge "010950110153000321AB1210LOT7
<GS>010950110153000321AB12<GS>10LOT7
010950110153000321AB1210LOT7
<GS>010950110153000321AB1210LOT7" "$(for data in '[21]AB12[10]LOT7' '[21]AB1210LOT7'; do
    "$root/usr/bin/zint" -b DATAMATRIX --gs1 --dump -d "[01]09501101530003$data" | ./t
done)"
