# Keys for HMAC and signatures, and MACs of a product's own: from files, made for each board, or from its
# unit; burnt, proved, recorded, found again, and refused where they are another board's.
. "$(dirname "$0")/lib.sh"
need_node 16 0
umask 077
cd "$work" || exit 1
"$bin/make_images" . 40 esp32c3 5 0x0
cp "$root/tests/data/security/rsa3072-1.pem" device.key
cp "$root/tests/data/security/rsa3072-2.pem" other.key
cp "$root/tests/data/security/device.crt.pem" device.pem
cp "$root/tests/data/security/ca.crt.pem" ca.pem
head -c 32 /dev/urandom >ds.key
head -c 32 /dev/urandom >strange.key

recipe() { # FILE IMAGES SECTIONS
    { sed "s/detect/keep/; /app.bin/a\\$2" esp32c3.yaml; printf '%s\n' "$3" "duplicates: allow"; } >"$1"
}
burn() { # RECIPE BOARD STATUS [OPTION...]
    exits "$3" "$station" run "$1" --port "${ports[$2]}" --plain --burn --operator Ann --db record.db "${@:4}"
}
fuses() { ctl fuses "$1" | cut -c 4-; }
burns_of() { fuses "$1" | "$NODE" -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).burns'; }
cat >look.mjs <<'END'
// The words of block argv[2] of a board's fuses, in hex.
import { readFileSync } from "node:fs";
console.log(JSON.parse(readFileSync(0, "utf8")).blocks[Number(process.argv[2])].join(""));
END
block_of() { fuses "$1" | "$NODE" look.mjs "$2"; } # BOARD BLOCK
words_of() { od -An -v -tx4 "$1" | tr -d ' \n'; }  # FILE: as a block has it that is not turned

# ---- A certificate whose key is in the chip ---------------------------------------------------------
cert() { # STATUS KEY OUT [BLOCK]
    exits "$1" "$station" image cert "$2" --cert device.pem --ca ca.pem --key ds.key --chip esp32c3 --block "${4:-1}" -o "$3"
}
check "a private key is encrypted for the chip's" out cert 0 device.key esp_secure_cert.bin
check "and said what the recipe is to have" out says out "{ use: ds, key: ds.key, block: 1 }"
check "as large as its partition" out test "$(stat -c %s esp_secure_cert.bin)" = 8192
check "another certificate's: refused" out cert 2 other.key no.bin
check "and said" out says out "its certificate is another key's"
chmod 640 device.key
check "a private key that others may read: refused" out cert 2 device.key no.bin
chmod 600 device.key
check "for a chip that signs nothing: refused" out exits 2 "$station" image cert device.key --cert device.pem --key ds.key --chip esp32c2 --block 0 -o no.bin
check "a word of images that belongs to it alone: refused" out exits 2 "$station" image sign app.bin --key device.key --block 1 -o no.bin
check "nothing was made" out test ! -e no.bin
image='  - { file: esp_secure_cert.bin, offset: 0x318000 }'
recipe ds.yaml "$image" 'security:
  keys: [ { use: ds, key: ds.key, block: 1 } ]'
check "the recipe fits" out exits 0 "$station" check ds.yaml
check "and shows the key" out says out "BLOCK_KEY1" "a key of digital signatures" "nobody reads the key"
refused() { # TITLE TEXT SECTIONS
    recipe bad.yaml "$image" "$3"
    check "$1: refused" out exits 3 "$station" check bad.yaml
    check "$1: said" out says out "bad.yaml:" "$2"
}
refused "another key" "made for another key" 'security: { keys: [ { use: ds, key: strange.key, block: 1 } ] }'
refused "another block" "a key in another block" 'security: { keys: [ { use: ds, key: ds.key, block: 2 } ] }'
refused "no block" "give block" 'security: { keys: [ { use: ds, key: ds.key } ] }'
refused "neither key nor value" "neither 'key' nor 'value'" 'security: { keys: [ { use: ds } ] }'
refused "a key that nobody could encrypt a certificate's for" "encrypted for this key beforehand" 'security: { keys: [ { use: ds, key: board, block: 1 } ] }'
refused "one key for two purposes" "'ds.key' has the key of another purpose" 'security: { keys: [ { use: hmac-up, key: ds.key }, { use: ds, key: ds.key, block: 1 } ] }'
refused "a value that is none" "no value of the section 'unit'" 'security: { keys: [ { use: ds, value: none, block: 1 } ] }'
refused "a key of ECDSA for a C3" "has no peripheral for ECDSA" 'security: { keys: [ { use: ecdsa, key: ds.key } ] }'

start_fixture --boards 6 --chip esp32c3 --speed 20 --mac-base 24:0a:c4:00:02:00
check "nothing is burnt without --burn" out exits 1 "$station" run ds.yaml --port "${ports[0]}" --plain --db record.db
check "with it the board passes" out burn ds.yaml 0 0
check "the key is there" out test "$(block_of 0 5)" = "$(words_of ds.key)"
check "with its partition" out flash_equals 0 0x318000 esp_secure_cert.bin
check "fuses of the board say what it is for, and hide it" out exits 0 "$station" fuses --port "${ports[0]}"
check "by name" out eval 'grep -q "KEY_PURPOSE_1 *= *7" out || grep -Eq "KEY_PURPOSE_1.* 7" out'
check "twice burns nothing" out eval 'before=$(burns_of 0); burn ds.yaml 0 0 && [ "$(burns_of 0)" = "$before" ]'
printf 'X' | dd of=esp_secure_cert.bin bs=1 seek=3000 conv=notrunc status=none
check "a partition with a changed byte: refused" out exits 3 "$station" check ds.yaml
cert 0 device.key esp_secure_cert.bin

# ---- Each board its own -----------------------------------------------------------------------------
mkdir certs
printf 'id,key,mac\n' >keys.csv
for id in 1 2 3; do
    head -c 32 /dev/urandom >own$id.key
    "$station" image cert device.key --cert device.pem --key own$id.key --chip esp32c3 --block 1 -o certs/$id.bin >out 2>&1 || exit 1
    echo "$id,$(od -An -v -tx1 own$id.key | tr -d ' \n'),02:00:00:00:00:0$id" >>keys.csv
done
partitions="  images: [ { partition: esp_secure_cert, pool: certs } ]"
unit="unit:
  serial: id
  values:
    - { name: id, from: pool, pool: keys }
    - { name: key, from: pool, pool: keys, type: hex, min: 32, max: 32, secret: true }
  pools: [ { name: keys, file: keys.csv }, { name: certs, folder: certs } ]
$partitions"
own="security:
  keys: [ { use: ds, value: key, block: 1 } ]
  jtag: \"off\"
$unit"
recipe own.yaml '' "$own"
check "each board its own key and certificate" out exits 0 "$station" check own.yaml
recipe plain.yaml '' "${own/, secret: true/}"
check "a key that is no secret: refused" out exits 3 "$station" check plain.yaml
check "and said" out says out "expected type: hex, min: 32, max: 32, secret: true"
recipe random.yaml '' "${own/from: pool, pool: keys, type: hex/from: random, type: hex}"
check "one that is another each time: refused" out exits 3 "$station" check random.yaml
check "and said" out says out "comes from a pool" "key: board"
chmod 640 keys.csv
check "a pool of keys that others may read: refused" out exits 3 "$station" check own.yaml
check "with what to type" out says out "keys.csv: it holds keys, and is open to others than you" "chmod 600 keys.csv"
chmod 600 keys.csv
check "the first board" out burn own.yaml 1 0
check "has the first key" out test "$(block_of 1 5)" = "$(words_of own1.key)"
check "and its certificate" out flash_equals 1 0x318000 certs/1.bin
check "the next one the next" out burn own.yaml 2 0
check "which is its own" out test "$(block_of 2 5)" = "$(words_of own2.key)"
check "twice burns nothing" out eval 'before=$(burns_of 1); burn own.yaml 1 0 && [ "$(burns_of 1)" = "$before" ]'
check "verify knows it, from the record and the pool" out exits 0 "$station" verify own.yaml --port "${ports[1]}" --plain --db record.db
"$station" run esp32c3.yaml --port "${ports[5]}" --plain --db none.db >out 2>&1
check "a record without the board cannot tell" out exits 1 "$station" verify own.yaml --port "${ports[1]}" --plain --db none.db
begun() { [ "$(burns_of 3)" -ge 3 ]; } # the key is hidden by then
ctl fault 3 fuse-slow=220 >/dev/null
"$station" run own.yaml --port "${ports[3]}" --plain --burn --operator Ann --db record.db >killed.txt 2>&1 </dev/null &
station_pid=$!
check "a station is killed behind the burn that hides a key" killed.txt await begun
kill -KILL $station_pid
wait $station_pid 2>/dev/null
burns_none() { fuses 3 | grep -q '"burning":false'; }
await burns_none
ctl fault 3 none >/dev/null
check "the next run goes on, for unit and record know the key" out burn own.yaml 3 0
check "to the end" out test "$(block_of 3 5)" = "$(words_of own3.key)"
check "no row is left for another board" out burn own.yaml 4 1
check "whose fuses are as before" out test "$(burns_of 4)" = 0
sed -i "s/^2,[0-9a-f]*/2,$(od -An -v -tx1 strange.key | tr -d ' \n')/" keys.csv
check "a row with another key than the board has: not passed" out burn own.yaml 2 1
for id in 1 2 3; do grep -aqF "$(od -An -v -tx1 own$id.key | tr -d ' \n')" record.db out killed.txt && echo "# key $id"; done >found
check "no key is in record or output" found test ! -s found

# ---- NVS that is encrypted for the chip's key -------------------------------------------------------
head -c 32 /dev/urandom >hmac.key
printf 'id,key\n9,%s\n' "$(od -An -v -tx1 hmac.key | tr -d ' \n')" >hmac.csv
recipe hmac.yaml '' "security: { keys: [ { use: hmac-up, value: key } ] }
$(sed '/images:/d; s/, { name: certs, folder: certs }//; s/keys.csv/hmac.csv/' <<<"$unit")
  images: [ { partition: fctry, encrypt: hmac, key_value: key, keys: [ { space: f, key: id, type: string, value: '{id}' } ] } ]"
check "its unit's key is burnt" out burn hmac.yaml 5 0 --db hmac.db
check "as it is in the pool" out test "$(block_of 5 4)" = "$(words_of hmac.key)"
ctl dump 5 "$work/flash.bin" >/dev/null
dd if=flash.bin of=fctry.bin bs=4096 skip=$((0x310)) count=6 status=none
check "and opens its NVS" out exits 0 "$station" nvs show fctry.bin --hmac-key hmac.key
check "which holds its values" out says out "id"

# ---- In memory ---------------------------------------------------------------------------------------
in_memory() { # TITLE KEY locked|gone
    case ${BUILD##*/} in
    asan | tsan)
        skip "$1" "a sanitizer locks no memory, and has terabytes of its own"
        return
        ;;
    esac
    kill -STOP $station_pid
    "$NODE" "$root/tests/js/memory.mjs" $station_pid "$2" "$3" >memory.txt 2>&1
    local found=$?
    kill -CONT $station_pid
    [ $found = 2 ] && { skip "$1" "the memory of others cannot be read here"; return; }
    check "$1" memory.txt test $found = 0
}
start_fixture --boards 2 --chip esp32c3 --speed 20 --mac-base 24:0a:c4:00:04:00
head -c 32 /dev/urandom >own1.key
printf 'id,key\n9,%s\n' "$(od -An -v -tx1 own1.key | tr -d ' \n')" >memory.csv
recipe kept.yaml '' "security: { keys: [ { use: hmac-up, value: key } ], jtag: off }
$(sed '/images:/d; s/, { name: certs, folder: certs }//; s/keys.csv/memory.csv/' <<<"$unit")"
recipe made.yaml '' 'security: { keys: [ { use: hmac-up, key: board } ], jtag: off }'
looped() { # RECIPE BOARD
    ctl fault "$2" fuse-slow=220 >/dev/null
    "$station" run "$1" --port "${ports[$2]}" --plain --loop --burn --operator Ann --db memory.db >loop.txt 2>&1 </dev/null &
    station_pid=$!
}
burns_now() { [ "$(burns_of "$1")" -ge 1 ]; }
passed() { grep -q "slot 1: PASS" loop.txt; }
ended() {
    kill -INT $station_pid
    wait $station_pid
}
looped kept.yaml 0
check "a unit's key is burnt" loop.txt await burns_now 0
in_memory "nowhere that may be swapped" own1.key locked
check "until the board has passed" loop.txt await passed
in_memory "of its run nothing is left then" own1.key gone
ended
looped made.yaml 1
made_is_known() { # the first burn may be another block's
    fuses 1 | "$NODE" -e 'const b = JSON.parse(require("fs").readFileSync(0, "utf8")).blocks[4].map((x) => { const w = Buffer.alloc(4); w.writeUInt32LE(parseInt(x, 16)); return w; });
        require("fs").writeFileSync("made.key", Buffer.concat(b))'
    [ "$(tr -d '\0' <made.key | wc -c)" -gt 0 ]
}
check "a board's own key is burnt" loop.txt await made_is_known
in_memory "nowhere that may be swapped, too" made.key locked
check "until it has passed" loop.txt await passed
in_memory "and nothing of it is left" made.key gone
ended

# ---- A MAC of the product's own ---------------------------------------------------------------------
start_fixture --boards 4 --chip esp32c3 --speed 20 --mac-base 24:0a:c4:00:03:00
macs='unit:
  serial: mac
  values:
    - { name: mac, from: counter, pattern: "02123456{hex:4}", start: 256, end: 65535 }'
recipe mac.yaml '' "security: { custom_mac: mac }
$macs"
check "MACs that are counted" out exits 0 "$station" check mac.yaml
check "are burnt" out burn mac.yaml 0 0
check "from the first on" out test "$(block_of 0 3 | cut -c 49-)" = 3412020000000156
check "read back, by name" out exits 0 "$station" fuses --port "${ports[0]}"
check "as people write them" out says out "CUSTOM_MAC" "02:12:34:56:01:00"
mac=$(sql record.db "SELECT mac FROM board WHERE mac LIKE '24:0a:c4:00:03:00'")
check "recorded" out exits 0 "$station" history --db record.db "$mac"
check "with what was burnt" out says out "CUSTOM_MAC" "02123456"
check "the next board gets the next" out burn mac.yaml 1 0
check "the first one none again" out eval 'before=$(burns_of 0); burn mac.yaml 0 0 && [ "$(burns_of 0)" = "$before" ]'
recipe counted.yaml '' "security: { custom_mac: mac }
${macs/start: 256/counter: other, start: 512}"
check "a board with another MAC than its unit's is refused" out burn counted.yaml 0 1 --db other.db
check "and said" out says out "another MAC of its own already"
recipe odd.yaml '' "security: { custom_mac: mac }
${macs/02123456/03123456}"
check "one for groups is none: refused" out burn odd.yaml 2 1 --db odd.db
check "untouched" out test "$(burns_of 2)" = 0
check "and tied to no board" out test "$(sql odd.db 'SELECT count(*) FROM unit')" = 0
bad_row() { # TITLE ROW WORDS SECURITY: refused before it is a board's
    printf 'id,key,mac\n%s\n' "$2" >bad.csv
    recipe bad.yaml '' "security: { $4 }
unit:
  serial: id
  values:
    - { name: id, from: pool, pool: keys }
    - { name: key, from: pool, pool: keys, type: hex, min: 32, max: 32, secret: true }
    - { name: mac, from: pool, pool: keys }
  pools: [ { name: keys, file: bad.csv } ]"
    rm -f bad.db
    check "$1: refused" out burn bad.yaml 2 1 --db bad.db
    check "$1: said" out says out "$3"
    check "$1: tied to no board" out test "$(sql bad.db 'SELECT count(*) FROM unit')" = 0
}
good=$(od -An -v -tx1 own1.key | tr -d ' \n')
bad_row "a MAC of zeros" "1,$good,00:00:00:00:00:00" "is a MAC of zeros" 'custom_mac: mac'
bad_row "a MAC of a group" "1,$good,01:00:5e:00:00:01" "first byte is odd" 'custom_mac: mac'
bad_row "what is no MAC" "1,$good,hello" "no MAC of six bytes" 'custom_mac: mac'
bad_row "a key of zeros" "1,$(printf '%064d' 0),02:00:00:00:00:07" "or a pattern" 'keys: [ { use: hmac-up, value: key } ]'
recipe same.yaml '' "security: { custom_mac: mac }
unit: { values: [ { name: mac, from: recipe, value: '02:12:34:56:78:9a' } ] }"
check "one for all boards: refused" out exits 3 "$station" check same.yaml
check "and said" out says out "the same for all boards"
scanned() { # TYPE
    recipe scan.yaml '' "security: { custom_mac: mac }
unit: { serial: mac, values: [ { name: mac, from: scan$1 } ] }"
}
scanned ''
check "one that is scanned as text: refused, for it has many spellings" out exits 3 "$station" check scan.yaml
check "and what to give is said" out says out "type: hex, min: 6, max: 6"
scanned ', type: hex, min: 6, max: 6'
check "as bytes it has one" out exits 0 "$station" check scan.yaml
recipe pool.yaml '' "security: { custom_mac: mac }
unit:
  serial: id
  values: [ { name: id, from: pool, pool: keys }, { name: mac, from: pool, pool: keys } ]
  pools: [ { name: keys, file: keys.csv } ]"
check "one from a pool" out burn pool.yaml 3 0 --db pool.db
check "is the row's" out exits 0 "$station" fuses --port "${ports[3]}"
check "as it stands there" out says out "02:00:00:00:00:01"
echo "1..$test_number"
