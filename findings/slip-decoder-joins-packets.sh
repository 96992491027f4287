#!/usr/bin/env bash
# The SLIP decoder of serialport hands out packets by 'data' events, and one long lump by `for await`.
#
# Guessed: a decoder of packets gives one chunk for one packet, however it is read.
# Version: npm @serialport/parser-slip-encoder 13.0.0, Node 20.
# Seen: three packets (01), (02 03), (04) that come in one write are three events, but one chunk 01 02 03 04 under
#     `for await (const packet of decoder)`. The stream is one of bytes, not of objects, so a reader that pulls gets all that waits.
# So: listen to 'data', or give the decoder `readableObjectMode: true`, with which `for await` gives three.
. "$(dirname "$0")/lib.sh"
npm_packages @serialport/parser-slip-encoder@13.0.0
cd "$tmp" || exit 2
cat >t.mjs <<'END'
import slip from "@serialport/parser-slip-encoder";
const wire = Buffer.from("c001c0" + "c00203c0" + "c004c0", "hex");
async function pull(title, options) {
  const decoder = new slip.SlipDecoder(options);
  decoder.end(wire);
  const packets = [];
  for await (const p of decoder) if (p.length) packets.push(p.toString("hex"));
  console.log(title, packets.join(" "));
}
const events = [];
const decoder = new slip.SlipDecoder();
decoder.on("data", (p) => events.push(p.toString("hex")));
decoder.on("end", async () => {
  console.log("events", events.join(" "));
  await pull("for await", {});
  await pull("object mode", { readableObjectMode: true });
});
decoder.end(wire);
END
judge "events 01 0203 04
for await 01020304
object mode 01 0203 04" "$(node t.mjs 2>&1)"
