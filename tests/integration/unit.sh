# Every board its own: values, images, what becomes of them when boards fail, come back, or files change.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 60
db=$work/record.db
recipe=$images/unit.yaml
not() { ! "$@"; }
sql_is() { test "$(sql "$db" "$1")" = "$2"; }

{
    echo "sn,secret"
    for i in $(seq 1 40); do printf 'A%03d,%032x\n' "$i" $((i * 7919)); done
} >"$images/keys.csv"
printf '{ "sn": "{{serial}}", "made_for": "{{mac}}" }\n' >"$images/conf.json"
cat "$images/esp32.yaml" - >"$recipe" <<'END'
unit:
  serial: serial
  values:
    - { name: serial, from: counter, pattern: "EX{yy}-{n:6}-{damm}", start: 100 }
    - { name: mac, from: board, fact: mac, form: upper }
    - { name: token, from: pool, column: secret, type: hex, secret: true }
    - { name: housing, from: scan, pattern: "[A-Z]{2}[0-9]{4}" }
    - { name: hw, from: recipe, value: 3, type: number }
  pools:
    - { name: keys, file: keys.csv }
  images:
    - partition: fctry
      compare: keys
      keys:
        - { space: factory, key: serial, type: string, value: "{serial}" }
        - { space: factory, key: hw, type: u8, value: "{hw}" }
        - { space: factory, key: token, type: blob, value: "{token}" }
    - { partition: conf, template: conf.json }
END
sed '/housing/d' "$recipe" >"$images/free.yaml"
flash() { "$station" run "$images/free.yaml" --db "$db" --plain "$@"; }

start_fixture --boards 8 --chip esp32 --speed 20

# ---- Before a board is touched ---------------------------------------------------------------------
check "check shows a unit that could be" "$work/out" exits 0 "$station" check "$recipe"
check "with its serial, pool and images" "$work/out" says "$work/out" "-000100-" "(the serial)" "(secret)" \
    "40 rows in keys.csv" "image at 0x00310000, 24576 bytes: fctry" "image at 0x00316000, 4096 bytes: conf"
check "and no secret" "$work/out" sh -c "! grep -q 00000000000000000000000000001eef '$work/out'"
sed 's/partition: fctry/partition: fctri/' "$recipe" >"$images/wrong.yaml"
check "a partition that is not in the table is a mistake" "$work/out" exits 3 "$station" check "$images/wrong.yaml"
check "with what was meant" "$work/out" says "$work/out" "has no 'fctri'; did you mean 'fctry'?"
sed 's/partition: fctry/partition: nvs/' "$recipe" >"$images/wrong.yaml"
check "the partition that applications erase is refused" "$work/out" exits 3 "$station" check "$images/wrong.yaml"
check "with the way to insist" "$work/out" says "$work/out" "'nvs' is the first NVS partition" "insist: true"
sed -i 's/partition: nvs/insist: true\n      partition: nvs/' "$images/wrong.yaml"
check "and taken where the recipe insists" "$work/out" exits 0 "$station" check "$images/wrong.yaml"
sed 's/partition: fctry/offset: 0x12000\n      size: 0x4000/' "$recipe" >"$images/wrong.yaml"
check "an image over another one is a mistake" "$work/out" exits 3 "$station" check "$images/wrong.yaml"
check "that names both" "$work/out" says "$work/out" "'0x12000' and the image 'app.bin' lie in one place"
sed 's/A002/A001/' "$images/keys.csv" >"$images/twice.csv"
sed 's/column: secret, type: hex, secret: true/column: sn, unique: true/; s/keys.csv/twice.csv/; s/type: blob/type: string/' "$recipe" >"$images/wrong.yaml"
check "a pool with one value twice is a mistake" "$work/out" exits 3 "$station" check "$images/wrong.yaml"
check "with file and line" "$work/out" says "$work/out" "twice.csv:3:1: the value 'token' is that of row 2"

# ---- The pair of files of mfg_gen ------------------------------------------------------------------
printf 'factory,namespace,\nserial,data,string\nhw,data,u8,REPEAT\ncal,data,hex2bin\nraw,data,base64\ncert,file,binary\nca,file,string,REPEAT\n' >"$images/config.csv"
printf 'id,serial,hw,cal,raw,cert,ca,board\n1,S-1,4,00ff,AAEC,cert1.der,ca.pem,240ac4000030\n2,S-2,,01ff,AAED,cert2.der,,240ac4000031\n' >"$images/values.csv"
printf 'first' >"$images/cert1.der"; printf 'second' >"$images/cert2.der"; printf 'root' >"$images/ca.pem"
(cd "$images" && "$station" unit import config.csv values.csv --partition fctry --serial serial --mac board) >"$work/section" 2>"$work/out"
check "they become a section of a recipe" "$work/section" says "$work/section" \
    'type: base64, value: "{raw}"' 'type: file-binary, value: "{cert}"' 'type: file-string, value: "{ca}"' \
    'from: pool, column: "cal", type: hex' 'from: recipe, value: "4", type: number' 'mac: "board"'
cat "$images/esp32.yaml" "$work/section" >"$images/imported.yaml"
check "that check takes" "$work/out" exits 0 "$station" check "$images/imported.yaml"
check "and shows" "$work/out" says "$work/out" "S-1  (the serial)" "2 rows in values.csv"
sed -i 's/S-2/S-1/' "$images/values.csv"
check "a serial that is there twice is named" "$work/out" exits 3 "$station" unit import "$images/config.csv" "$images/values.csv" --partition fctry --serial serial
check "with file and line" "$work/out" says "$work/out" "values.csv:3:3:"

# ---- Boards ----------------------------------------------------------------------------------------
check "eight boards get eight units" "$work/out" exits 0 flash --lot first --new-lot "${port_options[@]}"
check "each its serial" "$db" sql_is "select count(distinct serial) from unit" 8
check "shown with the verdict" "$work/out" says "$work/out" ", serial EX" "-000107-"
check "the mark lies beside the record" "$work/out" test -s "$db-units"
mac=$(sql "$db" "select mac from runs where slot = 3")
serial=$(sql "$db" "select serial from units where mac = '$mac' limit 1")
ctl dump 2 "$work/flash" >/dev/null
dd if="$work/flash" of="$work/fctry.bin" bs=4096 skip=$((0x310)) count=6 2>/dev/null
"$station" nvs show "$work/fctry.bin" >"$work/nvs"
check "the board holds its serial in NVS" "$work/nvs" says "$work/nvs" "$serial" "room for"
check "and in the template, with its MAC" "$work/flash" grep -qaF "\"sn\": \"$serial\", \"made_for\": \"${mac^^}\"" "$work/flash"
check "unit show tells all but the secret" "$work/out" exits 0 "$station" unit show "$serial" --db "$db"
check "which is a salted digest" "$work/out" says "$work/out" "$mac" "secret, SHA-256 with salt" "(pool keys)"
check "history takes a serial" "$work/out" exits 0 "$station" history "$serial" --db "$db"
check "and tells the unit and its images" "$work/out" says "$work/out" "$mac" "unit $serial, taken" "unit: fctry, 24576 bytes"
"$station" export --db "$db" --format jsonl >"$work/jsonl"
check "exports have serial and values" "$work/jsonl" says "$work/jsonl" "\"serial\":\"$serial\"" '"name":"token","text":null,"sha256":"' "unit: conf"
"$station" export --db "$db" --format wsjf >"$work/wsjf"
check "WATS knows the board by its serial" "$work/wsjf" says "$work/wsjf" "\"sn\":\"$serial\"" '"unit token sha256"'
"$station" report --lot first --db "$db" -o "$work/report.html" >"$work/out" 2>&1
check "the report names the serial beside the MAC" "$work/out" grep -qF "$mac</code><small>$serial</small>" "$work/report.html"
check "no secret is in the record" "$db" sh -c "! sqlite3 -readonly '$db' .dump | grep -q 00000000000000000000000000001eef"
check "the record is whole" "$work/out" exits 0 "$station" audit --db "$db"

# ---- Verify ----------------------------------------------------------------------------------------
check "verify takes the values from the record" "$work/out" exits 0 "$station" verify "$images/free.yaml" --db "$db" --plain --port "${ports[2]}"
sed 's/value: 3, type: number/value: 4, type: number/' "$images/free.yaml" >"$images/four.yaml"
check "a key with another value fails" "$work/out" exits 1 "$station" verify "$images/four.yaml" --db "$db" --plain --port "${ports[2]}"
check "with what to do, and no word of the supply" "$work/out" says "$work/out" "Key 'hw' of 'factory' has another value" "run --rework"
check "in one attempt" "$work/out" sh -c "! grep -q -e 'attempt 1 failed' -e supply '$work/out'"
check "a board that the record does not know is not judged" "$work/out" exits 4 "$station" verify "$images/free.yaml" --db "$work/none.db" --plain --port "${ports[2]}"

# ---- The same board again --------------------------------------------------------------------------
check "re-work gives a board its own again" "$work/out" exits 0 flash --port "${ports[2]}" --rework --operator Ann --reason "new label"
check "and takes nothing more" "$db" sql_is "select count(*) from unit" 8
check "its serial is the old one" "$work/out" says "$work/out" "serial $serial"
start_fixture --boards 1 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:40 --fault refuse,at=write,times=99
check "a board that fails" "$work/out" exits 1 flash --port "${ports[0]}"
check "keeps what it got" "$db" sql_is "select count(*) from unit" 9
"$station" unit list --db "$db" >"$work/list"
check "which the list shows as such" "$work/list" says "$work/list" "-000108-" "not passed"

# ---- Values that are given -------------------------------------------------------------------------
start_fixture --boards 2 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:50
given() { "$station" run "$recipe" --db "$db" --plain "$@"; }
check "a board without its scan is refused" "$work/out" exits 1 given --port "${ports[0]}"
check "untouched, and says which value" "$work/out" says "$work/out" "The value 'housing' was not given" "untouched"
check "a value that is none is refused" "$work/out" exits 4 given --port "${ports[0]}" --unit housing=ab
check "a name that is none, too" "$work/out" exits 2 given --port "${ports[0]}" --unit housign=AB1234
check "with what was meant" "$work/out" says "$work/out" "did you mean 'housing'?"
check "the right one is taken" "$work/out" exits 0 given --port "${ports[0]}" --unit housing=AB1234
check "re-work with another one is refused" "$work/out" exits 1 given --port "${ports[0]}" --unit housing=AB9999 --rework --operator A --reason B
"$station" unit list --db "$db" >"$work/list"
check "untouched, and what the board got is in use all the same" "$work/list" sh -c "grep 24:0a:c4:00:00:50 '$work/list' | grep -q used"
check "and stands in the record" "$db" sql_is "select source from units where text = 'AB1234'" scan
echo "2 housing=CD5678" | "$station" run "$recipe" --db "$db" --plain --port "${ports[0]}" --port "${ports[1]}" --unit - --rework --operator A --reason B >"$work/out" 2>&1
check "lines of standard input name their slot" "$db" sql_is "select count(*) from units where text = 'CD5678'" 1

start_fixture --boards 1 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:58
mkfifo "$work/scanner"
"$station" run "$recipe" --db "$db" --plain --port "${ports[0]}" --unit - <"$work/scanner" >"$work/out" 2>"$work/errors" &
waiting=$!
exec 9>"$work/scanner"
await grep -q "Waits for the value 'housing'" "$work/out"
echo "housing=ef" >&9
echo "3 housing=EF1234" >&9
echo "nonsense" >&9
echo "7 Ab=s3cret-in-clear" >&9
echo "s3cretbase64==" >&9
await grep -q "Line 5 of standard input" "$work/errors"
check "what is none is told while the board waits" "$work/errors" says "$work/errors" "does not match its pattern" "There is no slot 3" "Line 3 of standard input: What was given is no NAME=VALUE"
check "and what was in such a line is not shown" "$work/errors" sh -c "! grep -q -e nonsense -e s3cret '$work/errors'"
echo "housing=EF1234" >&9
wait $waiting
check "and the board goes on with the right one" "$work/out" says "$work/out" "PASS" ", serial EX"
exec 9>&-
sed '/unit.values/d; s/- { name: housing, from: scan, pattern: "\[A-Z\]{2}\[0-9\]{4}" }/- { name: eui, from: scan, type: hex, min: 8, max: 8, unique: true }/' "$recipe" >"$images/eui.yaml"
eui() { "$station" run "$images/eui.yaml" --db "$db" --plain "$@"; }
start_fixture --boards 2 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:5c
check "a number of bytes is taken in any case" "$work/out" exits 0 eui --port "${ports[0]}" --unit eui=70B3D5000000AABB
check "its board may say it in the other one" "$work/out" exits 0 eui --port "${ports[0]}" --rework --operator A --reason B --unit eui=70b3d5000000aabb
check "and no second board gets it in any" "$work/out" exits 1 eui --port "${ports[1]}" --unit eui=70b3d5000000aabb
check "as it belongs to the first" "$work/out" says "$work/out" "which 24:0a:c4:00:00:5c has since"
sed '/unit.values/d; s/- { name: housing, from: scan, pattern: "\[A-Z\]{2}\[0-9\]{4}" }/- { name: second, from: scan }/; s/name: serial, from: counter/name: serial, counter: other, from: counter/' "$recipe" >"$images/other.yaml"
start_fixture --boards 1 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:5b
check "a serial of another recipe's counter is a duplicate" "$work/out" exits 1 "$station" run "$images/other.yaml" --db "$db" --plain --port "${ports[0]}" --unit second=x
check "with counter and holder" "$work/out" says "$work/out" "duplicate" "Number 100 of counter 'other'" "which 24:0a:c4:00:00:0" "passed over"
# A secret that was scanned is in no record: a second attempt needs it once more, and nobody scans twice.
sed '/unit.values/d; s/- { name: housing, from: scan, pattern: "\[A-Z\]{2}\[0-9\]{4}" }/- { name: pin, from: scan, secret: true, unique: false }/' "$recipe" >"$images/pin.yaml"
start_fixture --boards 1 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:5a --fault hang,at=middle,times=1
echo "pin=ZQ-4711" | "$station" run "$images/pin.yaml" --db "$db" --plain --port "${ports[0]}" --unit - >"$work/out" 2>&1
check "a second attempt has the scan of the first" "$work/out" says "$work/out" "attempt 1 failed" "PASS" "attempt 2"
check "a secret is refused on the command line" "$work/out" exits 2 "$station" run "$images/pin.yaml" --db "$db" --plain --port "${ports[0]}" --unit pin=ZQ-4711
check "and is not in the record" "$db" sh -c "! sqlite3 -readonly '$db' .dump | grep -q ZQ-4711"

# ---- What the record cannot tell, and verify -------------------------------------------------------
printf '{ "pin": "{{pin}}" }\n' >"$images/pin.json"
cat "$images/esp32.yaml" - >"$images/crypt.yaml" <<'END'
unit:
  serial: serial
  values:
    - { name: serial, from: counter, counter: crypt, pattern: "K{n:4}" }
    - { name: xts, from: random, type: hex, min: 64, max: 64 }
    - { name: pin, from: scan, secret: true, unique: false }
  images:
    - { partition: nvs_key, nvs_keys: xts }
    - partition: fctry
      encrypt: keys
      key_value: xts
      keys:
        - { space: factory, key: serial, type: string, value: "{serial}" }
        - { space: factory, key: pin, type: string, value: "{pin}" }
    - { partition: conf, template: pin.json }
END
crypt() { # COMMAND PIN OPTION...
    echo "pin=$2" | "$station" "$1" "${crypt_recipe:-$images/crypt.yaml}" --db "$db" --plain --port "${ports[0]}" --unit - "${@:3}" >"$work/out" 2>&1
}
check "check shows keys that are made" "$work/out" exits 0 "$station" check "$images/crypt.yaml"
check "and what is written with them" "$work/out" says "$work/out" "xts              random   (secret)" "nvs_key" "fctry, encrypted"
start_fixture --boards 1 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:59
check "a board gets keys of its own" "$work/out" crypt run ZQ-4712
ctl dump 0 "$work/flash" >/dev/null
dd if="$work/flash" of="$work/fctry.bin" bs=4096 skip=$((0x310)) count=6 2>/dev/null
dd if="$work/flash" of="$work/nvs_key.bin" bs=4096 skip=$((0x317)) count=1 2>/dev/null
"$station" nvs show "$work/fctry.bin" --keys "$work/nvs_key.bin" --show-secrets >"$work/nvs" 2>&1
check "with which its NVS is encrypted" "$work/nvs" says "$work/nvs" "K0001" "ZQ-4712"
keys=$(xxd -p -c 64 -l 64 "$work/nvs_key.bin")
check "they are in no record" "$db" sh -c "! sqlite3 -readonly '$db' .dump | grep -q $keys"
check "which has their digest and where they come from" "$db" sql_is "select source, length(sha256) from unit_value where name = 'xts'" "random|64"
"$station" verify "$images/crypt.yaml" --db "$db" --plain --port "${ports[0]}" >"$work/out" 2>&1
check "verify without the scanned secret neither passes nor fails" "$work/out" says "$work/out" "STOPPED" "0 of 1 boards passed" \
    "Not compared: fctry (secret 'pin'), conf (secret 'pin'); all else is as it should be" "--unit -"
check "with the secret all is compared, keys from the board" "$work/out" crypt verify ZQ-4712
check "a wrong one is told" "$work/out" sh -c "! echo pin=ZQ-4713 | '$station' verify '$images/crypt.yaml' --db '$db' --plain --port ${ports[0]} --unit - >'$work/out' 2>&1"
check "and compares nothing" "$work/out" says "$work/out" "The secret value 'pin' is not the one that the board 24:0a:c4:00:00:59 has" "FAIL"
sed 's/key: serial, type/key: serail, type/' "$images/crypt.yaml" >"$images/crypt2.yaml"
crypt_recipe=$images/crypt2.yaml
check "what is on the board and should not be fails" "$work/out" not crypt verify ZQ-4712
check "by its place" "$work/out" says "$work/out" "Image of fctry: it is not the unit's" "FAIL"
"$station" verify "$images/crypt2.yaml" --db "$db" --plain --port "${ports[0]}" >"$work/out" 2>&1
check "without the secret, too, by the keys that are known" "$work/out" says "$work/out" "Key 'serail' of 'factory' is not there" "FAIL"
crypt_recipe=
sed 's/- { name: pin, from: scan,/- { name: later, from: scan, max: 9 }\n    - { name: pin, from: scan,/; s/value: "{pin}"/value: "{later}"/' "$images/crypt.yaml" >"$images/crypt3.yaml"
crypt_recipe=$images/crypt3.yaml
check "a value that the recipe got since is waited for by nobody" "$work/out" not crypt verify ZQ-4712
check "and told" "$work/out" says "$work/out" "STOPPED" "Not compared: fctry (value 'later'); all else"
crypt_recipe=
check "re-work makes new keys" "$work/out" crypt run ZQ-4712 --rework --operator Ann --reason again
check "and keeps the serial" "$work/out" says "$work/out" "serial K0001"
check "the last ones count" "$work/out" crypt verify ZQ-4712
check "and the record is whole" "$work/out" exits 0 "$station" audit --db "$db"
check "history tells of both" "$work/out" exits 0 "$station" history K0001 --db "$db"

# ---- Files that are not there ----------------------------------------------------------------------
sed 's/key_value: xts/key_file: "keys\/{serial}.bin"/; /nvs_keys/d; /from: random/d; s/counter: crypt, pattern: "K/counter: filed, pattern: "L/' "$images/crypt.yaml" >"$images/filed.yaml"
units=$(sql "$db" "select count(*) from unit")
start_fixture --boards 1 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:57
crypt_recipe=$images/filed.yaml
check "a board whose key file is not there is refused" "$work/out" not crypt run ZQ-4714
check "untouched, by the file's name" "$work/out" says "$work/out" "keys/L0001.bin' cannot be read" "untouched"
check "and nothing is taken for it" "$db" sql_is "select count(*) from unit" "$units"
mkdir "$images/keys"
cp "$work/nvs_key.bin" "$images/keys/L0001.bin"
check "once the file is there it gets that number" "$work/out" crypt run ZQ-4714
check "and is flashed" "$work/out" says "$work/out" "serial L0001"
rm "$images/keys/L0001.bin"
check "verify says what it could not compare" "$work/out" not crypt verify ZQ-4714
check "and why" "$work/out" says "$work/out" "STOPPED" "Not compared: fctry (Image of fctry:" "cannot be read"

# ---- Released, edited, older -----------------------------------------------------------------------
check "a release needs a name and a reason" "$work/out" exits 2 "$station" unit release "$serial" --db "$db"
check "with both it is recorded" "$work/out" exits 0 "$station" unit release "$serial" --db "$db" --operator Ann --reason scrapped
"$station" report --lot first --db "$db" -o "$work/report.html" >"$work/out" 2>&1
check "the report says that the serial is the board's no more" "$work/out" grep -qF "$mac</code><small>$serial (released)</small>" "$work/report.html"
for form in csv json jsonl junit wsjf openhtf; do
    "$station" export --db "$db" --format $form >"$work/export" 2>&1
    check "$form marks the serial that was released" "$work/export" says "$work/export" "$serial" serial_released_utc
done
check "once more it is refused" "$work/out" exits 2 "$station" unit release "$serial" --db "$db" --operator Ann --reason again
check "for it was released" "$work/out" says "$work/out" "The serial '$serial' was released already, 20" "by "
check "one that nobody ever had is another thing" "$work/out" exits 2 "$station" unit release NONE --db "$db" --operator Ann --reason again
check "and said so" "$work/out" says "$work/out" "No board has the serial 'NONE'"
"$station" export --db "$db" --format jsonl | grep "\"serial\":\"$serial\"" >"$work/export"
check "with the time, for this board alone" "$work/export" grep -q '"serial_released_utc":"20' "$work/export"
check "and for no other" "$work/out" sh -c "! '$station' export --db '$db' --format jsonl | grep -v '\"serial\":\"$serial\"' | grep -q 'serial_released_utc\":\"'"
"$station" history "$mac" --db "$db" >"$work/history" 2>&1
check "and so does its history" "$work/history" says "$work/history" "unit $serial, taken" "released"
start_fixture --boards 2 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:60
check "the next board gets the serial" "$work/out" exits 0 flash --port "${ports[0]}"
check "of the one that was released" "$work/out" says "$work/out" "serial $serial"
check "the record is whole then" "$work/out" exits 0 "$station" audit --db "$db"
sed -i '2s/$/0f/' "$images/keys.csv" # the first row of the pool, which a board has
check "an edited pool is told at the next start" "$work/out" sh -c "'$station' run '$images/free.yaml' --db '$db' --plain --port socket://127.0.0.1:1 2>&1 | grep -q 'row 2 of pool .keys., which the board 24:0a:c4'"
sed -i '2s/0f$//' "$images/keys.csv"
mkdir "$images/bymac"
for n in 62 63; do printf 'blob of %s' $n >"$images/bymac/240ac40000$n.bin"; done
cat "$images/esp32.yaml" - >"$images/blob.yaml" <<'END'
unit:
  serial: serial
  values: [{ name: serial, from: counter, pattern: "F{n:4}" }]
  pools: [{ name: blobs, folder: bymac, mac: name }]
  images: [{ partition: conf, pool: blobs }]
END
blob() { "$station" "$1" "$images/blob.yaml" --db "$db" --plain "${port_options[@]}" "${@:2}"; }
start_fixture --boards 2 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:62
check "files of a folder are written" "$work/out" exits 0 blob run
rm "$images/bymac/240ac4000062.bin"
check "where one is gone, its board is refused" "$work/out" exits 1 blob run --rework --operator Ann --reason again
check "untouched, the row named, and the other is flashed" "$work/out" says "$work/out" "240ac4000062.bin of pool 'blobs', which was changed or is gone" "untouched" "PASS"
check "verify says so, too" "$work/out" sh -c "! '$station' verify '$images/blob.yaml' --db '$db' --plain --port ${ports[0]} >'$work/verify' 2>&1 && grep -q 'Not compared: conf (240ac4000062.bin of pool .blobs. was changed or is gone)' '$work/verify'"
"$station" backup "$work/old.db" --db "$db" >/dev/null
check "another board is flashed" "$work/out" exits 0 flash --port "${ports[1]}"
rm -f "$db" "$db-wal" "$db-shm"
cp "$work/old.db" "$db"
start_fixture --boards 1 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:70
check "a record from before it gives nothing out" "$work/out" exits 1 flash --port "${ports[0]}"
check "and says what to do" "$work/out" says "$work/out" "is older than what was given out" "espstation unit accept"
check "its audit does not call it whole" "$work/out" exits 1 "$station" audit --db "$db"
check "but without its end, says why" "$work/out" says "$work/out" "truncated" "is older than what was given out" "THE RECORD LACKS ITS END" "unit accept"
check "not altered" "$work/out" not grep -q "ALTERED" "$work/out"
check "for programs, too" "$work/out" sh -c "'$station' audit --db '$db' --json | grep -q '\"finding\":\"truncated\"'"
printf 'station: test\nstart: board\nslots: [{ name: A1, port: "%s" }]\n' "${ports[0]}" >"$work/station.yaml"
sed -i '2s/$/0f/' "$images/keys.csv"
"$station" line "$images/free.yaml" --station "$work/station.yaml" --db "$db" --plain >"$work/line" 2>&1 </dev/null &
line=$!
check "a line says so at its start, and what became of pools" "$work/line" await says "$work/line" "The record /" "is older than what was given out" \
    "row 2 of pool 'keys', which the board 24:0a:c4"
check "and gives nothing to its boards" "$work/line" await says "$work/line" "unit accept"
kill -INT $line
wait $line
sed -i '2s/0f$//' "$images/keys.csv"
check "until an engineer decides" "$work/out" exits 0 "$station" unit accept --db "$db" --operator Ann --reason "the disk died"
check "then boards are flashed again" "$work/out" exits 0 flash --port "${ports[0]}"
check "and the decision is bound" "$work/out" exits 0 "$station" audit --db "$db"
echo "1..$test_number"
