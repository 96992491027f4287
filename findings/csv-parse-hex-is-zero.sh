#!/usr/bin/env bash
# csv-parse with `cast` turns hexadecimal numbers into 0.
#
# Guessed: `cast: true` makes numbers of decimal integers and fractions; 0x1F is either 31, as Number("0x1F") is, or stays text.
# Version: npm csv-parse 7.0.3.
# Seen: 0x1F, 0x10000 and 0xFFFF all become the number 0. The check converts the field, which takes hexadecimal, and the value
#     comes from parseFloat, which stops at the x. Beside it the serial 12E4 becomes 120000, while 24E622 stays text.
# So: no `cast: true` on tables with addresses or serials; a function that knows its columns instead.
. "$(dirname "$0")/lib.sh"
npm_packages csv-parse@7.0.3
cd "$tmp" || exit 2
cat >t.mjs <<'END'
import { parse } from "csv-parse/sync";
for (const [v] of parse("0x1F\n0x10000\n0xFFFF\n12E4\n24E622\n", { cast: true })) console.log(JSON.stringify(v));
END
judge '0
0
0
120000
"24E622"' "$(node t.mjs 2>&1)"
