# Burning the fuses that a recipe wishes: who may, what is proved in front of it, what the record has, and
# what becomes of a board whose burns are disturbed. What the boards' fuses really are, the fixture tells.
. "$(dirname "$0")/lib.sh"
need_node 16 0
umask 077
cd "$work" || exit 1
"$bin/make_images" . 40 esp32c3 5 0x0
cp "$root/tests/data/security/rsa3072-1.pem" one.pem
cp "$root/tests/data/security/rsa3072-1.pub.pem" one.pub.pem
chmod 600 ./*.pem
head -c 32 /dev/urandom >flash.key
"$station" image sign bootloader.bin --key one.pem -o boot-s.bin >out && "$station" image sign app.bin --key one.pem -o app-s.bin >out || exit 1

recipe() { # FILE SED-SCRIPT SECTION
    { sed "s/bootloader.bin/boot-s.bin/; s/app.bin/app-s.bin/; s/detect/keep/; $2" esp32c3.yaml; printf '%s\n' "security:" "$3"; } >"$1"
}
boot="  secure_boot: { version: v2, keys: [ { file: one.pub.pem } ] }"
own="$boot
  flash_encryption: { mode: release, key: board }
  download: secure"
shared="$boot
  flash_encryption: { mode: release, key: flash.key, shared: true }
  download: open"
recipe own.yaml '' "$own"
recipe shared.yaml '' "$shared
duplicates: allow"
recipe signed.yaml '' "$boot"
burn() { # RECIPE BOARD STATUS [OPTION...]
    exits "$3" "$station" run "$1" --port "${ports[$2]}" --plain --burn --operator Ann --db record.db "${@:4}"
}
fuses() { ctl fuses "$1" | cut -c 4-; } # BOARD
burns_of() { fuses "$1" | "$NODE" -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).burns'; }
# What a killed station has begun goes on; a reset in it would be a cut-off burn, which is another test.
burns_none() { fuses "$1" | grep -q '"burning":false'; }

# ---- Who may, and which recipes -------------------------------------------------------------------
start_fixture --boards 8 --chip esp32c3 --speed 20
check "nobody burns without a name" out exits 2 "$station" run own.yaml --port "${ports[0]}" --burn --db record.db
check "and it is said" out says out "--operator"
refused() { # TITLE TEXT SED SECTION
    recipe bad.yaml "$3" "$4"
    check "$1: refused" out burn bad.yaml 0 3
    check "$1: said" out says out "$2"
}
refused "nothing that proves the start" "proved by nothing" '/^boot:/d' "$own"
refused "nothing that proves the flash" "proved before the first burn" 's/^retry:/verify: none\nretry:/' "$boot"
refused "what the chip encrypts" "cannot be proved" '' "${own/key: board/key: board, by: chip}"
refused "no partition table" "nobody can tell which" '/partitions.bin/d' "$own"
check "a recipe without fuses: refused" out burn esp32c3.yaml 0 2
check "and no board was touched" out test "$(burns_of 0)" = 0

# ---- A key of its own, to the end -----------------------------------------------------------------
check "a board gets all of it" out burn own.yaml 0 0
check "and starts" out is_running 0
cat >look.mjs <<'END'
// What the fuses of a C3 are, by the fields of the chip's table: NAME=VALUE...
import { readFileSync } from "node:fs";
const { blocks } = JSON.parse(readFileSync(0, "utf8")), w = blocks.map((b) => b.map((x) => parseInt(x, 16)));
const bits = (word, bit, n) => (w[0][word] >>> bit) & (2 ** n - 1);
const is = { SECURE_BOOT_EN: bits(3, 20, 1), SPI_BOOT_CRYPT_CNT: bits(2, 18, 3), SDM: bits(4, 5, 1), DIS_PAD_JTAG: bits(1, 19, 1),
    KEY_PURPOSE_0: bits(2, 24, 4), KEY_PURPOSE_1: bits(2, 28, 4), RD_DIS: bits(1, 0, 7), REVOKED: bits(2, 21, 3),
    WR_DIS: w[0][0], KEY: Number(w[5].some((x) => x)), BURNS: JSON.parse(process.argv[2] ?? "0") };
const wrong = process.argv.slice(3).filter((x) => { const [n, v] = x.split("="); return is[n] !== Number(v); });
if (wrong.length) console.log("#", wrong.join(" "), JSON.stringify(is));
process.exit(wrong.length ? 1 : 0);
END
fuses_are() { # BOARD NAME=VALUE...
    fuses "$1" | "$NODE" look.mjs 0 "${@:2}"
}
whole="SECURE_BOOT_EN=1 SPI_BOOT_CRYPT_CNT=7 DIS_PAD_JTAG=1 KEY_PURPOSE_0=9 KEY_PURPOSE_1=4 RD_DIS=2 REVOKED=6 KEY=1"
# shellcheck disable=SC2086
check "with the fuses that were wished, and no others" out fuses_are 0 $whole SDM=1
check "what its flash holds is no plain image" out exits 1 flash_equals 0 0x10000 app-s.bin
cat >key.mjs <<'END'
// Neither the key of board argv[2]'s fuses nor that of a file is in any of the files behind, in whatever form.
import { readFileSync } from "node:fs";
const { blocks } = JSON.parse(readFileSync(0, "utf8")), [file, ...files] = process.argv.slice(2);
const raw = Buffer.concat(blocks[5].map((x) => { const b = Buffer.alloc(4); b.writeUInt32LE(parseInt(x, 16)); return b; }));
const words = blocks[5].join(" "), secrets = file === "-" ? [raw] : [raw, readFileSync(file)];
const forms = secrets.flatMap((k) => [k, Buffer.from(k).reverse()]).flatMap((k) => [k, k.toString("hex"), k.toString("hex").toUpperCase(),
    k.toString("base64"), k.subarray(0, 8), k.toString("hex").slice(0, 16)]).concat(words);
if (raw.every((b) => b === 0)) process.exit(2);
const found = files.filter((f) => { const b = readFileSync(f), t = b.toString("latin1"); return forms.some((k) => typeof k === "string" ? t.includes(k) : b.includes(k)); });
if (found.length) console.log("# found in", found.join(" "));
process.exit(found.length ? 1 : 0);
END
cp out run.txt
mac=$(sql record.db "SELECT b.mac FROM run AS r JOIN board AS b ON b.id = r.board ORDER BY r.id DESC LIMIT 1")
check "history tells each burn" out exits 0 "$station" history --db record.db "$mac"
check "with who allowed it and what was proved" out says out "BLOCK_KEY1=secret: burnt, by Ann" "digests, block 4" \
    "SPI_BOOT_CRYPT_CNT=0x7: burnt" "secure boot verification succeeded" "ENABLE_SECURITY_DOWNLOAD=0x1: closed"
cp out history.txt
"$station" export --db record.db --format json -o export.json && "$station" export --db record.db --format csv -o export.csv
check "so does the export" export.csv says export.csv "BLOCK_KEY1=secret burnt"
check "and its array" out "$NODE" -e 'const r = JSON.parse(require("fs").readFileSync("export.json", "utf8")).at(-1);
    process.exit(r.burns.length > 10 && r.burns[0].words === null && r.burns[0].proof === null && r.burns[3].proof && r.burns.every((b) => b.person === "Ann") ? 0 : 1)'
check "that somebody allowed it is a row of its own" out test "$(sql record.db "SELECT person FROM act WHERE word = 'burn' LIMIT 1")" = Ann
check "the audit finds nothing" out exits 0 "$station" audit --db record.db
no_key() { fuses "$1" | "$NODE" key.mjs "${@:2}"; }
check "no key is in record, output or exports" out no_key 0 - run.txt history.txt export.json export.csv record.db
check "whoever changes a burn is found" out sh -c "cp record.db altered.db; sqlite3 altered.db 'DROP TRIGGER burn_final; UPDATE burn SET outcome = 5 WHERE id = 3'; ! '$station' audit --db altered.db >out"

# ---- Twice ----------------------------------------------------------------------------------------
check "a shared key, and a loader that stays open" out burn shared.yaml 1 0
before=$(burns_of 1)
check "the same board again" out burn shared.yaml 1 0
check "burns nothing again" out test "$(burns_of 1)" = "$before"
check "nor does a third run, which nobody allows anything" out exits 0 "$station" run shared.yaml --port "${ports[1]}" --plain --db record.db
check "and verify finds all as it should be" out exits 0 "$station" verify shared.yaml --port "${ports[1]}" --plain
check "no key is anywhere" out no_key 1 flash.key out record.db
check "by another record it is not written over" out exits 1 "$station" run shared.yaml --port "${ports[1]}" --plain --db other.db
check "for nobody knows the key there" out says out "secured" "no record here knows"
head -c 32 /dev/urandom >strange.key
recipe strange.yaml '' "${shared/flash.key/strange.key}
duplicates: allow"
check "nor with another key file, by the record that has the board's mark" out burn strange.yaml 1 1
check "which knows that it is another one" out says out "secured" "another key than the recipe's, as the record knows"
check "a closed board of another key is refused" out burn shared.yaml 0 1
stand_in=$(sql record.db "SELECT b.mac FROM run AS r JOIN board AS b ON b.id = r.board ORDER BY r.id DESC LIMIT 1")
check "and may be finished, which is said" out says out "It may be finished, by this very recipe: espstation history MAC"
check "which cannot say its MAC: the run's number stands for it" out test "${stand_in#02:5d:}" != "$stand_in"
check "and history says that it is none" out exits 0 "$station" history --db record.db "$stand_in"
check "and where to look" out says out "no MAC: in Secure Download Mode" "under the MAC of its label"
check "signed only, for the next one" out burn signed.yaml 2 0
check "whose flash stays plain" out flash_equals 2 0x10000 app-s.bin

# ---- What goes wrong ------------------------------------------------------------------------------
disturbed() { # TITLE BOARD FAULT STATUS CODE
    ctl fault "$2" "$3" >/dev/null
    check "$1" out burn shared.yaml "$2" "$4" --db wrong.db
    check "$1: $5" out says out "$5"
}
disturbed "fuses that take nothing" 3 fuse-dead 1 "not-burnt"
check "the board is as before" out fuses_are 3 WR_DIS=0 KEY=0 SECURE_BOOT_EN=0
ctl fault 3 none >/dev/null
check "and passes once they do" out burn shared.yaml 3 0 --db wrong.db
# shellcheck disable=SC2086
check "with all of it" out fuses_are 3 $whole SDM=0
disturbed "a burn that reaches half of the bits" 4 fuse-part,after=3 1 "burnt-wrong"
check "and what that means" out says out "Set the board aside: what is burnt stays"
check "the board is lost, whatever its flash holds" out eval 'says out "The board is lost." && ! grep -q "The board is verified" out'
ctl fault 4 none >/dev/null
check "the same board again, its fuses mended or not" out burn shared.yaml 4 1 --db wrong.db
check "the record knows that it was burnt wrong" out says out "of this record has burnt the board wrong: it is lost" "for ever"
check "another record does not" out eval 'burn shared.yaml 4 1 --db foreign.db && ! grep -q "of this record" out'
disturbed "one that reads with coding errors" 5 fuse-weak,after=4 1 "burnt-wrong"
disturbed "a lost answer" 6 lose,at=burn,dir=out,after=2,times=1 0 "PASS"
# shellcheck disable=SC2086
check "ends with all fuses" out fuses_are 6 $whole

# ---- A station that is killed between two burns ---------------------------------------------------
in_memory() { # what MOMENT
    if [ "${BUILD##*/}" = asan ]; then
        skip "$1: no key in memory that can be swapped" "terabytes of the sanitizer's lie in between"
        return
    fi
    kill -STOP $station_pid
    "$NODE" "$root/tests/js/memory.mjs" $station_pid flash.key locked >memory.txt 2>&1
    local found=$?
    kill -CONT $station_pid
    [ $found = 2 ] && { skip "$1: no key in memory that can be swapped" "the memory of others cannot be read here"; return; }
    check "$1: no key in memory that can be swapped" memory.txt test $found = 0
}
started_to_burn() { [ "$(burns_of 7)" -ge 3 ]; }
ctl fault 7 fuse-slow=150 >/dev/null
"$station" run shared.yaml --port "${ports[7]}" --plain --burn --operator Ann --db killed.db >killed.txt 2>&1 </dev/null &
station_pid=$!
check "burns until the station is killed" killed.txt await started_to_burn
in_memory "while it burns"
kill -KILL $station_pid
wait $station_pid 2>/dev/null
await burns_none 7
ctl fault 7 none >/dev/null
check "the next station goes on from there" out burn shared.yaml 7 0 --db killed.db
# shellcheck disable=SC2086
check "to the end" out fuses_are 7 $whole
check "and its record is whole" out exits 0 "$station" audit --db killed.db

# ---- Keys that are kept ---------------------------------------------------------------------------
start_fixture --boards 2 --chip esp32c3 --speed 20 --mac-base 24:0a:c4:00:01:00
head -c 32 /dev/urandom >station.key
head -c 32 /dev/urandom >foreign.key
keep="${own/download: secure/download: open}
  keep: { folder: keys, with: station.key }"
recipe keep.yaml '' "$keep
duplicates: allow"
check "a folder of keys that is not there: refused" out burn keep.yaml 0 3
mkdir keys && chmod 755 keys
check "one that is open to others: refused" out burn keep.yaml 0 3
check "and it is said" out says out "open to others"
chmod 700 keys
ctl fault 0 fuse-slow=150 >/dev/null
begun() { [ "$(burns_of 0)" -ge 4 ]; }
"$station" run keep.yaml --port "${ports[0]}" --plain --burn --operator Ann --db keep.db >kept.txt 2>&1 </dev/null &
station_pid=$!
check "burns, its own key hidden by then" kept.txt await begun
kill -KILL $station_pid
wait $station_pid 2>/dev/null
await burns_none 0
ctl fault 0 none >/dev/null
check "its keys lie in a file of the board's, for nobody else" out test "$(stat -c %a keys/240ac4000100.keys)" = 600
recipe foreign.yaml '' "${keep/station.key/foreign.key}
duplicates: allow"
check "another station's key does not open it" out burn foreign.yaml 0 4 --db keep.db
check "and it is said" out says out "sealed by another key"
check "its own takes the board up again" out burn keep.yaml 0 0 --db keep.db
# shellcheck disable=SC2086
check "to the end" out fuses_are 0 $whole
check "writes it once more" out burn keep.yaml 0 0 --db keep.db
check "and verifies it" out exits 0 "$station" verify keep.yaml --port "${ports[0]}" --plain
check "the next board has another key" out burn keep.yaml 1 0 --db keep.db
check "in a file of its own" out test -s keys/240ac4000101.keys
check "no key is anywhere in the clear" out no_key 0 - out kept.txt keep.db keys/240ac4000100.keys keys/240ac4000101.keys
recipe kept.yaml '' "$shared
  keep: { folder: keys, with: station.key }"
check "nothing to keep: refused" out exits 3 "$station" check kept.yaml

# ---- The power goes within the burn of a digest ---------------------------------------------------
mkdir esp32 && "$bin/make_images" esp32 40 && cp one.pub.pem esp32 || exit 1
for image in bootloader app; do
    "$station" image sign esp32/$image.bin --key one.pem -o esp32/$image-s.bin >out || exit 1
done
{ sed "s/bootloader.bin/bootloader-s.bin/; s/app.bin/app-s.bin/; s/detect/keep/; s/mode: dio/mode: keep/" esp32/esp32.yaml
    printf '%s\n' "security:" "$boot"; } >esp32/signed.yaml
start_fixture --boards 1 --chip esp32 --speed 20 --fault revision=301 --fault brownout,at=burning,times=1
check "without a coding it is burnt to its end" out burn esp32/signed.yaml 0 0 --db esp32.db
check "the cut was there" out says out "burnt or not"
check "and it is whole" out exits 0 "$station" run esp32/signed.yaml --port "${ports[0]}" --plain --db esp32.db
check "which takes no burn" out says out "PASS"
# ---- What it says as it starts ---------------------------------------------------------------------
start_fixture --boards 6 --chip esp32c3 --speed 20 --mac-base 24:0a:c4:00:02:00 --fault 0-1:rom-mute
check "a board whose ROM says nothing of secure boot fails" out burn signed.yaml 0 1 --db says.db
check "with what is missing, and how far it has come" out says out "boot: 6 of 7 burns are made, up to 'enable'" \
    "did not say 'secure boot verification succeeded'"
check "and so does the record" out test "$(sql says.db "SELECT outcome || ': ' || sentence FROM burn ORDER BY id DESC LIMIT 1")" = \
    "unproved: The board has started, and its ROM did not say 'secure boot verification succeeded': nothing shows that secure boot is at work"
recipe recorded.yaml '' "$boot
  rom_says: recorded
duplicates: allow"
check "once the recipe does without, it goes on from there" out burn recorded.yaml 0 0 --db says.db
check "and another one passes at once" out burn recorded.yaml 1 0 --db says.db --lot F1 --new-lot
check "its lot's report has what was burnt, and who allowed it" out exits 0 "$station" report --db says.db --lot F1 -o report.html
check "step by step" report.html says report.html '<h2>Fuses</h2>' 'SECURE_BOOT_EN=0x1' '<td>Ann</td>'
check "how long it took is in the record" out test "$(sql says.db "SELECT count(*) FROM attempt WHERE burn_ms > 0")" -ge 3
check "and in its history" out eval '"$station" history --db says.db 240ac4000201 >out && grep -q "s burning)" out'
recipe says.yaml '' "$shared
  boot_says: [ 'flash encryption is enabled', '0 plaintext flashes left' ]"
check "what the recipe wants to hear is said" out burn says.yaml 2 0 --db says.db
check "and in the record" out exits 0 "$station" history --db says.db 240ac4000202
check "word for word" out says out "it said 'flash encryption is enabled'; it said '0 plaintext flashes left'"
recipe other.yaml '' "$shared
  boot_says: [ '1 plaintext flashes left' ]"
check "what it does not say fails the board" out burn other.yaml 3 1 --db says.db
check "by its name" out says out "did not say '1 plaintext flashes left'"
recipe deaf.yaml '/^boot:/d' "  fuses: [ { name: DIS_FORCE_DOWNLOAD } ]
  boot_says: [ 'flash encryption is enabled' ]"
check "words that nobody listens for: refused" out exits 3 "$station" check deaf.yaml
check "and it is said" out says out "boot.expect"
recipe mute.yaml '' "$boot
  uart_print: off
  download: none"
check "a ROM that is silenced, and then its loader closed" out burn mute.yaml 4 0 --db says.db
check "starts" out is_running 4

echo "1..$test_number"
