#!/usr/bin/env bash
# A flasher stub file for the ESP32-P4 is, under one name, for early silicon in one package or release and for late in the next.
#
# Guessed: the JSON files of stubs go by chip name, so esp32p4.json of one package serves where the other's did, and a file keeps
#     its meaning when a package is updated.
# Versions: npm esptool-js 0.5.7, 0.6.0 and 0.7.0, npm tasmota-webserial-esptool 7.3.7.
# Seen: the two kinds load at 4FF10000 (revisions before 3.0) and at 4FF50000 (3.0 and later). stub_flasher_32p4.json is the first
#     in esptool-js 0.5.7 and the second in 0.6.0; esp32p4.json is the second in esptool-js 0.7.0 and the first in
#     tasmota-webserial-esptool. The names of the other kind are 32p4rc1, esp32p4-rev1 and esp32p4r3.
# So: tell a P4 stub by its text address and not by its name.
. "$(dirname "$0")/lib.sh"
npm_packages old@npm:esptool-js@0.5.7 mid@npm:esptool-js@0.6.0 esptool-js@0.7.0 tasmota-webserial-esptool@7.3.7
cd "$tmp/node_modules" || exit 2
cat >t.cjs <<'END'
const fs = require("fs");
for (const folder of ["old/lib/targets/stub_flasher", "mid/lib/targets/stub_flasher", "esptool-js/lib/targets/stub_flasher",
  "tasmota-webserial-esptool/dist/stubs"]) {
  const at = require("./" + folder.split("/")[0] + "/package.json");
  for (const f of fs.readdirSync(folder).filter((f) => /32p4.*json$/.test(f)).sort())
    console.log(at.name, at.version, f, (JSON.parse(fs.readFileSync(`${folder}/${f}`)).text_start >>> 0).toString(16));
}
END
judge "esptool-js 0.5.7 stub_flasher_32p4.json 4ff10000
esptool-js 0.6.0 stub_flasher_32p4.json 4ff50000
esptool-js 0.6.0 stub_flasher_32p4rc1.json 4ff10000
esptool-js 0.7.0 esp32p4-rev1.json 4ff10000
esptool-js 0.7.0 esp32p4.json 4ff50000
tasmota-webserial-esptool 7.3.7 esp32p4.json 4ff10000
tasmota-webserial-esptool 7.3.7 esp32p4r3.json 4ff50000" "$(node t.cjs 2>&1)"
