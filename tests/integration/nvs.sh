# NVS by hand: images made from tables, shown and checked; keys; what is refused, and that nothing is left of it.
. "$(dirname "$0")/lib.sh"
data=$root/tests/data/nvs
cd "$work" || exit 1

# refused STATUS TITLE TEXT... -- COMMAND...
refused() {
    local status=$1 title=$2 texts=()
    shift 2
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    check "$title: exit $status" out exits "$status" timeout 60 "$@"
    check "$title: said" out says out "${texts[@]}"
}

# makes NAME TABLE OPTION...: the image equals the generator's.
makes() {
    local name=$1 table=$2
    shift 2
    check "$name is made" out exits 0 "$station" nvs make "$data/$table" -o made.bin "$@"
    check "as the official generator makes it" out cmp made.bin "$data/$name"
}

# ---- Made ----
perl -e 'print chr((7 * $_ + int($_ / 256)) % 256) for 0 .. 4099' >blob4100.bin
makes 1-basic.bin 1-basic.csv --size 0x3000
makes 2-bigblob.bin 2-bigblob.csv --size 16K
makes 3-basic-v1.bin 1-basic.csv --size 12K --version 1
makes 4-basic-enc.bin 1-basic.csv --size 12K --keys "$data/4-keys.bin"
makes 4-basic-enc.bin 1-basic.csv --size 12K --hmac-key "$data/hmac-key.bin"
makes 6-pages-v2.bin 6-pages.csv --size 32K

# ---- Shown ----
check "an image is shown" out exits 0 "$station" nvs show "$data/1-basic.bin"
check "with pages, namespaces, keys and values" out says out "2 namespaces, 10 keys" \
    "page 0x00000  active" factory EX26-000123-7 -5000000000 "34 bytes 000102"
check "as JSON" out exits 0 "$station" nvs show --json "$data/1-basic.bin"
check "a line for the image, each page and each value" out test "$(grep -c '^{.*}$' out)" = 14
check "with types and values" out says out '"key":"mac64","type":"u64","page":0,"entry":6,"value":81985529216486895' \
    '"hex":"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021"'
check "an encrypted image hides its values" out exits 0 "$station" nvs show "$data/4-basic-enc.bin" --keys "$data/4-keys.bin"
check "and says how to see them" out says out serial "(hidden)" --show-secrets
check "no value is on the screen" out test "$(grep -c EX26 out)" = 0
check "nor in JSON" out exits 0 "$station" nvs show --json "$data/4-basic-enc.bin" --hmac-key "$data/hmac-key.bin"
check "where none is either" out test "$(grep -cE 'EX26|"value"|"hex"' out)" = 0
check "they are shown when asked for" out exits 0 "$station" nvs show --show-secrets "$data/4-basic-enc.bin" --keys "$data/4-keys.bin"
check "all of them" out says out EX26-000123-7
check "without keys nothing is made up" out exits 1 "$station" nvs check "$data/4-basic-enc.bin"
check "and keys are asked for" out says out "may be encrypted" --keys

# ---- Checked ----
for name in 1-basic 2-bigblob 3-basic-v1 5-edge 6-pages-v1 6-pages-v2; do
    check "$name is sound" out exits 0 "$station" nvs check "$data/$name.bin"
done
spoil() { # OFFSET BYTE: of a copy of 1-basic.bin
    cp "$data/1-basic.bin" bad.bin
    # shellcheck disable=SC2059 # an escape
    printf "\\x$2" | dd of=bad.bin bs=1 seek=$(($1)) conv=notrunc status=none
}
spoil 0xb8 07
refused 1 "a changed value" "bad.bin: page 0 (0x0), entry 3: Its CRC is wrong; the firmware erases it." "1 problem" -- "$station" nvs check bad.bin
check "the others are there" out exits 0 "$station" nvs show bad.bin
check "but for that one" out test "$(grep -c '^  hw_rev ' out)$(grep -c '^  batch ' out)" = 01
spoil 0x85 00
refused 1 "a changed string" "'serial'" "does not find it" -- "$station" nvs check bad.bin
spoil 8 fd
refused 1 "another version" "page 0 (0x0)" "CRC of its header" -- "$station" nvs check bad.bin
head -c 4096 "$data/1-basic.bin" >one.bin
refused 1 "no free page" "partition: No page is free" 0x110D -- "$station" nvs check one.bin
check "which a partition for reading needs not" out exits 0 "$station" nvs check one.bin --read-only
refused 1 "problems in JSON" '"problem":"no-free-page"' -- "$station" nvs check one.bin --json
refused 1 "other keys" "not the keys" -- "$station" nvs check "$data/1-basic.bin" --keys "$data/4-keys.bin"
head -c 5000 "$data/1-basic.bin" >cut.bin
refused 3 "a cut image" "cut.bin" "5000 bytes" "multiple of 4096" -- "$station" nvs check cut.bin
: >empty.bin
refused 3 "an empty file" "0 bytes" -- "$station" nvs show empty.bin
refused 2 "a folder" "a folder, not a file" -- "$station" nvs show .
refused 2 "no file" "nothing.bin" "cannot be read" -- "$station" nvs show nothing.bin
refused 2 "a device" "a device or a pipe" -- "$station" nvs show /dev/zero

# ---- Keys ----
check "new keys are made with an image" out exits 0 "$station" nvs make "$data/1-basic.csv" -o own.bin --size 12K --make-keys own-keys.bin
check "for their owner alone" out test "$(stat -c %a own-keys.bin)" = 600
check "of the size of their partition" out test "$(stat -c %s own-keys.bin)" = 4096
check "not the same each time" out exits 0 "$station" nvs make "$data/1-basic.csv" -o own2.bin --size 12K --make-keys own2-keys.bin
check "indeed" out test "$(cat own-keys.bin own2-keys.bin own.bin own2.bin | split -b 4096 --filter=sha256sum | sort -u | wc -l)" -ge 4
check "they open it" out exits 0 "$station" nvs check own.bin --keys own-keys.bin
refused 2 "keys are never written over" "own-keys.bin' is there already" -- \
    "$station" nvs make "$data/1-basic.csv" -o other.bin --size 12K --make-keys own-keys.bin
check "they open it still" out exits 0 "$station" nvs check own.bin --keys own-keys.bin
check "and no image was made" out test ! -e other.bin
sum=$(sha256sum <own-keys.bin)
refused 2 "keys that are read, behind -o" "own-keys.bin' is read by this command: it is not written over" -- \
    "$station" nvs make "$data/1-basic.csv" -o ./own-keys.bin --size 12K --keys own-keys.bin
check "they are as they were" out test "$(sha256sum <own-keys.bin)" = "$sum"
cp "$data/1-basic.csv" table.csv
refused 2 "the table behind -o" "is read by this command" -- "$station" nvs make table.csv -o table.csv --size 12K
refused 2 "new keys and their image in one file" "is read by this command" -- \
    "$station" nvs make table.csv -o both.bin --size 12K --make-keys both.bin
check "of which nothing is left" out test ! -e both.bin
refused 2 "an HMAC key as keys" "32 bytes" --hmac-key -- "$station" nvs check own.bin --keys "$data/hmac-key.bin"
refused 2 "keys as an HMAC key" "4096 bytes" --keys -- "$station" nvs check own.bin --hmac-key own-keys.bin
refused 2 "two sources of keys" "exclude each other" -- "$station" nvs check own.bin --hmac-key x --keys y
refused 4 "keys for an image that cannot be written" "cannot be written" -- \
    "$station" nvs make "$data/1-basic.csv" -o nowhere/x.bin --size 12K --make-keys lost-keys.bin
check "are not left behind" out test ! -e lost-keys.bin

# ---- Tables ----
printf 'key,type,encoding,value\na,namespace,,\nx,data,u8,256\nx,data,u8,1_0\ny,data,base64,AA!!\n' >bad.csv
refused 3 "mistakes of a table" "bad.csv:3:11: 256 is out of range" "bad.csv:4:11: '1_0' is no decimal number" \
    "bad.csv:5:15:" "3 mistakes" -- "$station" nvs make bad.csv -o t.bin --size 12K
check "nothing was made" out test ! -e t.bin
printf '\xef\xbb\xbfkey,type,encoding,value\r\na,namespace,,\r\nx,data,u8,7\r\n' >excel.csv
check "a table of Excel is read" out exits 0 "$station" nvs make excel.csv -o t.bin --size 12K
refused 2 "a size that is none" "no whole number of pages" -- "$station" nvs make excel.csv -o t.bin --size 13000
refused 2 "too small a size" 0x3000 --read-only -- "$station" nvs make excel.csv -o t.bin --size 8K
check "which is enough for reading" out exits 0 "$station" nvs make excel.csv -o t.bin --size 4K --read-only
check "and as long" out test "$(stat -c %s t.bin)" = 4096
refused 3 "more than fits" "do not fit into 12 KiB" -- "$station" nvs make "$data/6-pages.csv" -o big.bin --size 12K
refused 2 "no size" "--size is missing" "partition table" -- "$station" nvs make excel.csv -o t.bin
refused 2 "no name" "-o is missing" -- "$station" nvs make excel.csv --size 12K
refused 2 "another version" "not '3'" -- "$station" nvs make excel.csv -o t.bin --size 12K --version 3
refused 2 "no table" "a table is missing" -- "$station" nvs make --size 12K
refused 2 "no action" "show, check, make or keys" -- "$station" nvs
refused 2 "a word of the generator" "espstation nvs make TABLE" -- "$station" nvs generate excel.csv
refused 2 "an option of the generator" "--keys FILE" -- "$station" nvs make excel.csv --inputkey keys.bin
refused 2 "a word of the generator for keys" "espstation nvs keys FILE" -- "$station" nvs generate-key
check "keys alone are made" out exits 0 "$station" nvs keys new-keys.bin
check "and taken" out exits 0 "$station" nvs make excel.csv -o with-new.bin --size 12K --keys new-keys.bin
refused 2 "keys are never written over" "is there already" -- "$station" nvs keys new-keys.bin
refused 2 "the generator itself" "espstation nvs --help" -- "$station" nvs_partition_gen generate
refused 2 "an option of make" "are for make" -- "$station" nvs show t.bin --size 12K
refused 2 "an option of show" "are for show and check" -- "$station" nvs make excel.csv -o t.bin --size 12K --json
refused 2 "an image into a device" "a device or a pipe" -- "$station" nvs make excel.csv -o /dev/full --size 12K
check "a full screen" out test "$("$station" nvs show "$data/1-basic.bin" >/dev/full 2>out; echo $?)" = 4

# ---- Many units ----
printf 'factory,namespace,\nserial,data,string\nkind,data,u8,REPEAT\n' >config.csv
printf 'id,serial,kind\nu1,EX-1,3\nu2,EX-2,\nu3,EX-3,3\n' >values.csv
check "images of all units" out exits 0 "$station" nvs make values.csv --config config.csv --id id --unique serial -o 'unit-{id}.bin' --size 12K
check "are told" out says out "3 of 3 images of 12 KiB"
for i in 1 2 3; do
    check "that of unit $i" out exits 0 "$station" nvs show "unit-u$i.bin"
    check "is its own" out says out "serial           string  EX-$i" "kind             u8      3"
done
check "each with its keys" out exits 0 "$station" nvs make values.csv --config config.csv --id id -o 'e-{id}.bin' --make-keys 'k-{id}.bin' --size 12K
check "which open its image" out exits 0 "$station" nvs check e-u2.bin --keys k-u2.bin
check "and no other" out exits 1 "$station" nvs check e-u2.bin --keys k-u1.bin
refused 2 "all into one file" "All 3 units" "{id}" -- "$station" nvs make values.csv --config config.csv -o unit.bin --size 12K
printf 'id,serial,kind\nv1,EX-1,3\nv2,EX-1,\nv2,EX-3,4\n' >twice.csv
refused 3 "one serial for two units" "twice.csv:3:4: 'EX-1' is in the column 'serial' twice, first in line 2" \
    "twice.csv:4:1: 'v2'" "twice.csv:4:9:" -- \
    "$station" nvs make twice.csv --config config.csv --id id --unique serial -o 'unit-{id}.bin' --size 12K
check "not one was made" out test ! -e unit-v1.bin
printf 'factory,namespace,\nserial,data,string\nkind,data,u8,REPEAT\nagain,namespace,\nserial,data,string\n' >wide.csv
perl -e '$s = "x" x 3990; print "id,serial,kind,serial\nw1,EX-1,3,EX-1\nw2,$s,,$s\n"' >long.csv
refused 3 "a unit that does not fit" "Unit w2" "do not fit" -- \
    "$station" nvs make long.csv --config wide.csv --id id -o 'w-{id}.bin' --size 12K
check "keeps all from being made" out test ! -e w-w1.bin

check "help has examples" out exits 0 "$station" nvs --help
check "to copy" out says out "espstation nvs make unit.csv -o nvs.bin --size 24K" "--config"
check "nothing half is left" out test -z "$(ls | grep -E '\.(bin|csv)\.')"
echo "1..$test_number"
