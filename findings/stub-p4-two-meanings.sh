#!/usr/bin/env bash
# A file esp32p4.json in one package is for the silicon that it is not for in the other.
#
# Guessed: the JSON files of flasher stubs go by chip name in every package, so esp32p4.json of one serves where the other's did.
# Versions: npm esptool-js 0.7.0, npm tasmota-webserial-esptool 7.3.7.
# Seen: esp32p4.json is for revision 3.0 and later in esptool-js (older: esp32p4-rev1.json), and for revisions before 3.0 in
#     tasmota-webserial-esptool (newer: esp32p4r3.json). The two kinds load at 4FF50000 and at 4FF10000.
# So: tell a P4 stub by its text address and not by its name.
. "$(dirname "$0")/lib.sh"
npm_packages esptool-js@0.7.0 tasmota-webserial-esptool@7.3.7
cd "$tmp/node_modules" || exit 2
cat >t.cjs <<'END'
const fs = require("fs");
for (const f of ["esptool-js/lib/targets/stub_flasher/esp32p4.json", "esptool-js/lib/targets/stub_flasher/esp32p4-rev1.json",
  "tasmota-webserial-esptool/dist/stubs/esp32p4.json", "tasmota-webserial-esptool/dist/stubs/esp32p4r3.json"])
  console.log(f.split("/")[0], f.split("/").pop(), JSON.parse(fs.readFileSync(f)).text_start.toString(16));
END
judge "esptool-js esp32p4.json 4ff50000
esptool-js esp32p4-rev1.json 4ff10000
tasmota-webserial-esptool esp32p4.json 4ff10000
tasmota-webserial-esptool esp32p4r3.json 4ff50000" "$(node t.cjs 2>&1)"
