#!/usr/bin/env bash
# esptool-js without a stub: a write whose bytes are all right ends with "MD5 of file does not match data in flash!".
#
# Guessed: flashMd5sum gives the 32 hex digits that calculateMD5Hash gives too, with the stub (which answers 16 raw bytes) and with
#     the ROM (which answers the 32 digits as text); the code knows both lengths.
# Version: npm esptool-js 0.7.0.
# Seen: it turns the ROM's text into hex once more: 64 digits, each of them the code of a character. So writeFlash with
#     calculateMD5Hash on a ROM loader always fails, after all was written. With the stub it works.
# So: without the stub leave calculateMD5Hash out, call flashMd5sum and decode its answer from hex to text.
. "$(dirname "$0")/lib.sh"
npm_packages esptool-js@0.7.0
cd "$tmp" || exit 2
cat >t.mjs <<'END'
import { ESPLoader } from "esptool-js";
import { createHash } from "node:crypto";
const data = Uint8Array.from({ length: 1024 }, (_, i) => i * 3);
const md5 = (b) => createHash("md5").update(b).digest("hex");
// A loader that says yes to everything and has just these bytes in its flash.
function transport(stub) {
  const answers = [];
  return {
    baudrate: 115200,
    getInfo: () => "", getPid: () => 0, flushInput() {}, drainInput: async () => {}, hexify: String,
    async write(packet) {
      const digest = packet[1] === 0x13 ? (stub ? Buffer.from(md5(data), "hex") : Buffer.from(md5(data))) : [];
      answers.push(Uint8Array.of(1, packet[1], 0, 0, 0, 0, 0, 0, ...digest, 0, 0, 0, 0));
    },
    read: async () => answers.shift(),
  };
}
for (const stub of [true, false]) {
  const terminal = { clean() {}, write() {}, writeLine() {} };
  const loader = new ESPLoader({ transport: transport(stub), baudrate: 115200, terminal });
  loader.IS_STUB = stub;
  loader.chip = { CHIP_NAME: "ESP32-C3", BOOTLOADER_FLASH_OFFSET: 0, getEraseSize: (_, size) => size };
  const title = stub ? "stub:" : "ROM:";
  const said = await loader.flashMd5sum(0x10000, data.length);
  console.log(title, said.length, "digits,", said === md5(data) ? "the MD5" : Buffer.from(said, "hex").toString() === md5(data) ?
    "the MD5 in hex of its text" : said);
  const files = { fileArray: [{ data, address: 0x10000 }], flashSize: "keep", flashMode: "keep", flashFreq: "keep" };
  await loader.writeFlash({ ...files, compress: true, calculateMD5Hash: md5 }).then(() => console.log(title, "written"),
    (e) => console.log(title, e.message));
}
END
judge "stub: 32 digits, the MD5
stub: written
ROM: 64 digits, the MD5 in hex of its text
ROM: MD5 of file does not match data in flash!" "$(node t.mjs 2>&1)"
