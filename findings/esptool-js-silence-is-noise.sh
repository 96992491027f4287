#!/usr/bin/env bash
# esptool-js calls a silent line "serial noise or corruption", and a line that stops within a frame "No serial data received."
#
# Guessed: the texts are those of esptool and mean the same: "No serial data received." when nothing came (cable, power, boot mode),
#     "Serial data stream stopped: Possible serial noise or corruption." when a frame was begun.
# Version: npm esptool-js 0.7.0.
# Seen: they are the other way round in Transport.read. Half a frame gives "No serial data received.", a line on which nothing came
#     gives the words on noise.
# So: whoever reads such a log looks for a dead board when it speaks of noise, and for a bad line when it speaks of no data.
. "$(dirname "$0")/lib.sh"
npm_packages esptool-js@0.7.0
cd "$tmp" || exit 2
cat >t.mjs <<'END'
import { Transport } from "esptool-js";
async function read(title, ...bytes) {
  let sent = false;
  const device = { getInfo: () => ({}), readable: { getReader: () => ({
    // The bytes once, then nothing more.
    read: () => (sent ? new Promise(() => {}) : ((sent = true), Promise.resolve({ value: Uint8Array.from(bytes), done: false }))),
    releaseLock() {},
  }) } };
  const transport = new Transport(device);
  transport.readLoop();
  const frame = await transport.read(200).catch((e) => e.message);
  console.log(title, typeof frame === "string" ? frame : Buffer.from(frame).toString("hex"));
}
await read("a frame:", 0xc0, 1, 2, 0xc0);
await read("half a frame:", 0xc0, 1, 2);
await read("nothing:");
process.exit(0);
END
judge "a frame: 0102
half a frame: No serial data received.
nothing: Serial data stream stopped: Possible serial noise or corruption." "$(node t.mjs 2>&1)"
