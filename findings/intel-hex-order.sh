#!/usr/bin/env bash
# npm intel-hex: with a buffer size it leaves out records that come later in the file, and fills their place with FF.
#
# Guessed: `parse(text, 8)` gives the same bytes as `parse(text)` for data of 8 bytes; the documentation only says that data
#     exceeding the size is discarded. Records may come in any order, linkers write them by section.
# Version: npm intel-hex 0.2.0.
# Seen: parsing stops at the first record that reaches the size, so what follows at lower addresses is missing: FF FF FF FF stand
#     there, as for memory that the file does not name. No error.
# So: never give it the size; cut the result.
. "$(dirname "$0")/lib.sh"
npm_packages intel-hex@0.2.0
cd "$tmp" || exit 2
cat >t.cjs <<'END'
const hex = require("intel-hex");
// Four bytes at 4, then four at 0.
const text = ":04000400A0A1A2A372\n:04000000B0B1B2B336\n:00000001FF\n";
console.log("no size", hex.parse(text).data.toString("hex"));
console.log("size 8", hex.parse(text, 8).data.toString("hex"));
END
judge "no size b0b1b2b3a0a1a2a3
size 8 ffffffffa0a1a2a3" "$(node t.cjs 2>&1)"
