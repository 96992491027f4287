#!/usr/bin/env bash
# npm uf2: isUF2Block looks at the wrong bytes when the block is a part of a longer buffer.
#
# Guessed: isUF2Block(file.subarray(512, 1024)) judges those 512 bytes, as decodeBlock of the same package does.
# Version: npm uf2 2.0.0.
# Seen: it looks at the start of the memory behind the view. 512 bytes of text are a "block" when the file's first block is one, and
#     a good block behind 512 bytes of text is none. A Buffer cut from Node's pool is judged by what else lies in the pool.
# So: decodeBlock in a try, or hand isUF2Block a copy (`new Uint8Array(view)`).
. "$(dirname "$0")/lib.sh"
npm_packages uf2@2.0.0
cd "$tmp" || exit 2
cat >t.cjs <<'END'
const { encodeBlock, decodeBlock, isUF2Block } = require("uf2");
const block = encodeBlock({ flags: 0x2000, flashAddress: 0x10000, payload: new Uint8Array(256), blockNumber: 0, totalBlocks: 1,
  boardFamily: 0xbfdd4eee });
const text = new Uint8Array(512).fill(65);
const join = (a, b) => Uint8Array.from([...a, ...b]);
const decodes = (b) => { try { return decodeBlock(b).flashAddress === 0x10000; } catch { return false; } };
function show(title, view) {
  console.log(title, "isUF2Block", isUF2Block(view), "decodeBlock", decodes(view),
    "isUF2Block of a copy", isUF2Block(new Uint8Array(view)));
}
show("text behind a block:", join(block, text).subarray(512));
show("block behind text:", join(text, block).subarray(512));
END
judge "text behind a block: isUF2Block true decodeBlock false isUF2Block of a copy false
block behind text: isUF2Block false decodeBlock true isUF2Block of a copy true" "$(node t.cjs 2>&1)"
