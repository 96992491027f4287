# Bad input gets a clear refusal, with the right exit status, and nothing is lost or touched.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 40
db=$work/record.db
start_fixture --boards 1 --chip esp32 --speed 20
port=${ports[0]}

# refused STATUS TITLE TEXT... -- COMMAND...
refused() {
    local status=$1 title=$2 texts=()
    shift 2
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    check "$title: exit $status" "$work/out" exits "$status" timeout 60 "$@"
    check "$title: said" "$work/out" says "$work/out" "${texts[@]}"
}

run() { echo "$station" run "$1" --db "$db" --port "$port"; }

# recipe FILE SED-SCRIPT: the good recipe, changed.
recipe() { sed "$2" "$images/esp32.yaml" >"$images/$1"; }

# ---- Recipes ----
refused 3 "no such recipe" "absent.yaml" -- $(run "$images/absent.yaml")
refused 3 "a folder as recipe" "$images" -- $(run "$images")
mkfifo "$work/fifo"
refused 3 "a FIFO as recipe" fifo -- $(run "$work/fifo")
head -c 100M /dev/zero >"$work/huge.yaml"
refused 3 "a recipe of 100 MB" huge.yaml -- $(run "$work/huge.yaml")
printf 'recipe: [unclosed\n\t- x\n' >"$images/broken.yaml"
refused 3 "not YAML" "broken.yaml:" -- $(run "$images/broken.yaml")
recipe keys.yaml 's/offset: 0x8000/adress: 0x8000/; s/verify: .*//; s/^flash:/flahs:/; s/baud: 921600/baud: fast/'
refused 3 "all mistakes in one pass" "keys.yaml:4:" "did you mean 'flash'" "unknown key 'adress'" "baud" -- \
    $(run "$images/keys.yaml")

# ---- Images ----
recipe missing.yaml 's/app.bin/nowhere.bin/'
refused 3 "a missing image" "missing.yaml:8:" nowhere.bin -- $(run "$images/missing.yaml")
: >"$images/empty.bin"
recipe empty.yaml 's/app.bin/empty.bin/'
refused 3 "an empty image" "empty.bin" -- $(run "$images/empty.yaml")
recipe fifo.yaml "s|app.bin|$work/fifo|"
refused 3 "a FIFO as image" "$work/fifo" -- $(run "$images/fifo.yaml")
recipe folder.yaml "s|app.bin|../images|"
refused 3 "a folder as image" "../images" -- $(run "$images/folder.yaml")
recipe other.yaml 's/bootloader.bin/esp8266.bin/'
refused 3 "an image of another chip" "is an image for ESP8266" -- $(run "$images/other.yaml")
head -c 5000 "$images/app.bin" >"$images/cut.bin"
recipe cut.yaml 's/app.bin/cut.bin/'
refused 3 "a truncated image" "begins like a firmware image" -- $(run "$images/cut.yaml")
recipe pin.yaml 's/offset: 0x10000 /offset: 0x10000, sha256: 0000000000000000000000000000000000000000000000000000000000000000 /'
refused 3 "a pinned image with other bytes" "pin.yaml:8:" "SHA-256" -- $(run "$images/pin.yaml")
recipe overlap.yaml 's/0x8000/0x5000/'
refused 3 "two images in one sector" "shares flash sector 0x5000" -- $(run "$images/overlap.yaml")
recipe beyond.yaml 's/size: detect/size: 1MB/; s/0x10000/0xfd000/'
refused 3 "an image beyond the flash" "behind the end of the flash at 0x100000" -- $(run "$images/beyond.yaml")
sed 's/size: detect, mode: dio/size: keep, mode: keep/' "$images/esp8266.yaml" >"$images/small.yaml"
head -c 600000 /dev/zero >>"$images/esp8266.bin"
refused 3 "a header that is kept and says too little" "says that the flash has 512 KB" -- $(run "$images/small.yaml")
check "all that opened no port" "$work/fixture.log" sh -c "'$fixture' --ctl '$work/ctl' state 0 | grep -q '\"syncs\":0'"

# ---- Ports ----
good=$images/esp32.yaml
refused 1 "a port that is not there" port-missing /dev/ttyUSB99 -- "$station" run "$good" --db "$db" --port /dev/ttyUSB99
refused 1 "a regular file as port" port-unsuitable "$good" -- "$station" run "$good" --db "$db" --port "$good"
refused 2 "no port at all" "No port is given" -- "$station" run "$good" --db "$db"
refused 2 "nonsense as port" "is not a port" -- "$station" run "$good" --db "$db" --port com3
refused 2 "the same port twice" "given twice" -- "$station" run "$good" --db "$db" --port "$port" --port "$port"
refused 2 "an unknown option" "did you mean '--port'" -- "$station" run "$good" --prot "$port"
refused 2 "an unknown command" "no command 'flash'" -- "$station" flash

# ---- Databases ----
with_db() { echo "$station" run "$good" --port "$port" --db "$1"; }
refused 4 "a folder as database" "$images" -- $(with_db "$images")
refused 4 "a database in no folder" "$work/no" -- $(with_db "$work/no/such/x.db")
cp "$good" "$work/text.db"
refused 4 "a text file as database" text.db -- $(with_db "$work/text.db")
check "which is as it was" "$work/text.db" cmp -s "$good" "$work/text.db"
sqlite3 "$work/other.db" 'create table mine(x); insert into mine values(1)'
refused 4 "somebody else's database" other.db -- $(with_db "$work/other.db")
check "which is as it was" "$work/other.db" test "$(sqlite3 "$work/other.db" 'select x from mine')" = 1
cp "$db" "$work/newer.db"
sqlite3 "$work/newer.db" 'pragma user_version=99'
refused 4 "a database of a newer station" newer -- $(with_db "$work/newer.db")
if [ "$(id -u)" -ne 0 ]; then
    cp "$db" "$work/ro.db"
    chmod 444 "$work/ro.db"
    refused 4 "a read-only database" ro.db -- $(with_db "$work/ro.db")
else
    skip "a read-only database" "root may write it all the same"
fi
mkfifo "$work/locked"
cp "$db" "$work/lock.db"
{ echo 'begin exclusive; select 1;'; cat "$work/locked"; } | sqlite3 "$work/lock.db" >"$work/has-lock" &
locker=$!
exec 7>"$work/locked"
check "another program takes the lock" "$work/has-lock" await test -s "$work/has-lock"
refused 4 "a locked database" lock.db sqlite3 -- $(with_db "$work/lock.db")
exec 7>&-
wait $locker
check "none of them touched the board" "$work/fixture.log" sh -c "'$fixture' --ctl '$work/ctl' state 0 | grep -q '\"syncs\":0'"

# A full disk: a limit on the size of files does what a full disk does. Rows go on until one no
# longer fits, and what was shown as PASS must be there.
passes() { sql "$1" "select count(*) from run where verdict='PASS'"; }
cp "$db" "$work/full.db"
before=$(passes "$db")
(
    ulimit -f $(($(stat -c %s "$db") / 1024 + 8))
    trap '' XFSZ
    for _ in $(seq 60); do
        "$station" run "$good" --port "$port" --db "$work/full.db" --plain || break
    done
) >"$work/out" 2>&1
check "a full disk: it is said" "$work/out" grep -qi 'disk\|too large' "$work/out"
check "a full disk: no PASS without its row" "$work/out" \
    test $(($(grep -c ': PASS' "$work/out") + before)) = "$(passes "$work/full.db")"
check "a full disk: the database is whole" "$work/out" \
    test "$(sql "$work/full.db" 'pragma integrity_check')" = ok
check "the board still passes with a good one" "$work/out" exits 0 $(run "$good")
echo "1..$test_number"
