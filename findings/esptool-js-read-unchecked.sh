#!/usr/bin/env bash
# esptool-js `readFlash` returns damaged bytes as good: it never takes the digest that the loader sends after them.
#
# Guessed: a flasher stub ends READ_FLASH with a frame of 16 bytes, the MD5 of what it sent, and the client compares, as
#     esptool does: one flipped bit on the wire is an error.
# Version: npm esptool-js 0.7.0.
# Seen: readFlash counts bytes up to the size asked for and returns. The digest frame is not read (it is flushed before the next
#     command), so a byte that was changed on the wire comes back as data, without an error and without a word.
# So: after readFlash ask for flashMd5sum of the same range and compare, or do not call the copy a proof.
. "$(dirname "$0")/lib.sh"
npm_packages esptool-js@0.7.0
cd "$tmp" || exit 2
cat >t.mjs <<'END'
import { ESPLoader } from "esptool-js";
import { createHash } from "node:crypto";
const flash = Uint8Array.from({ length: 2048 }, (_, i) => i * 7);
const damaged = Uint8Array.from(flash);
damaged[100] ^= 1;
// A loader that has its stub: the answer to D2, two blocks, and after the last acknowledgement the MD5 of what it meant to send.
const frames = [];
const transport = {
  baudrate: 115200,
  getInfo: () => "", getPid: () => 0, flushInput() {}, drainInput: async () => {}, hexify: String,
  async write(packet) {
    if (packet[1] === 0xd2 && packet.length > 8)
      frames.push(Uint8Array.of(1, 0xd2, 2, 0, 0, 0, 0, 0, 0, 0), damaged.slice(0, 1024), damaged.slice(1024));
    else if (packet.length === 4 && (packet[0] | (packet[1] << 8)) === 2048)
      frames.push(new Uint8Array(createHash("md5").update(flash).digest()));
  },
  read: async () => frames.shift(),
};
const loader = new ESPLoader({ transport, baudrate: 115200, terminal: { clean() {}, write() {}, writeLine() {} } });
loader.IS_STUB = true;
const data = await loader.readFlash(0, 2048);
console.log("bytes", data.length, "as in flash", Buffer.from(data).equals(Buffer.from(flash)));
console.log("frames left unread", frames.length, "of", frames[0]?.length, "bytes");
END
judge "bytes 2048 as in flash false
frames left unread 1 of 16 bytes" "$(node t.mjs 2>&1)"
