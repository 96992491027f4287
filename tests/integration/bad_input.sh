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

check "make_images makes no folder that is called like an option" "$work/out" exits 2 "$bin/make_images" --help

run() { echo "$station" run "$1" --db "$db" --port "$port"; }

# recipe FILE SED-SCRIPT: the good recipe, changed.
recipe() { sed "$2" "$images/esp32.yaml" >"$images/$1"; }

# ---- Recipes ----
refused 3 "no such recipe" "absent.yaml" -- $(run "$images/absent.yaml")
refused 3 "a folder as recipe" "'$images' is a folder" "espstation import $images -o recipe.yaml" "espstation run recipe.yaml" -- $(run "$images")
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
# One that no port can be is no board that failed: no run of the lot is made of it.
with_ports() { # PORT...
    local port
    echo "$station" run "$good" --db "$db" --lot typed --new-lot
    for port; do echo --port "$port"; done
}
set -f # patterns are for the station
runs() { sql "$db" 'select count(*) from run'; }
before=$(runs)
refused 2 "a regular file as port" "'$good' is a file, not a serial port" -- $(with_ports "$good")
refused 2 "a folder as port" "'/dev' is a folder" -- $(with_ports /dev)
refused 2 "a device that is no terminal" "'/dev/null' is another kind of device" -- $(with_ports /dev/null)
refused 2 "a console" "'/dev/tty' is a console" -- $(with_ports /dev/tty)
refused 2 "a slip in the name" "There is no port '/dev/ttyUBS0'" "espstation ports" -- $(with_ports "$port" /dev/ttyUBS0)
refused 2 "a name without its number" "There is no port '/dev/ttyUSB'" -- $(with_ports /dev/ttyUSB)
refused 2 "a slip in the folder" "There is no port '/dve/ttyUSB0'" -- $(with_ports /dve/ttyUSB0)
refused 2 "a pattern that fits nothing" "'/dev/ttyUSB*' is a pattern, and nothing that is plugged in fits it" \
    "espstation ports" -- $(with_ports '/dev/ttyUSB*')
mkdir "$work/tty"
touch "$work/tty/a1" "$work/tty/a2"
refused 2 "a pattern that fits" "is a pattern for 2 ports" "Write: --port $work/tty/a1 --port $work/tty/a2" -- \
    $(with_ports "$work/tty/a?")
refused 2 "a pattern for a hand tool" "is a pattern" -- "$station" identify --port '/dev/ttyUSB[0-9]'
refused 2 "two ports behind one --port" "'/dev/ttyUSB1' is a port without --port" \
    "--port /dev/ttyUSB0 --port /dev/ttyUSB1" -- "$station" run "$good" --port /dev/ttyUSB0 /dev/ttyUSB1 /dev/ttyUSB2
refused 2 "...and the recipe behind them" "'/dev/ttyUSB1' is a port without --port" -- \
    "$station" run --port /dev/ttyUSB0 /dev/ttyUSB1 "$good"
refused 2 "...for a hand tool" "is a port without --port" -- "$station" identify --port "$port" rfc2217://h:1
check "none of them is a run of the lot" "$db" test "$(runs)" = "$before"
check "nor has opened one" "$db" test "$(sql "$db" "select count(*) from lot where name = 'typed'")" = 0
set +f
refused 2 "no port at all" "No port is given" -- "$station" run "$good" --db "$db"
refused 2 "nonsense as port" "is not a port" -- "$station" run "$good" --db "$db" --port com3
refused 2 "the same port twice" "given twice" -- "$station" run "$good" --db "$db" --port "$port" --port "$port"
refused 2 "an unknown option" "did you mean '--port'" -- "$station" run "$good" --prot "$port"
refused 2 "a rate as option" "the rate stands in the recipe, as port: { baud: 460800 }" -- \
    "$station" run "$good" --baud 460800
refused 2 "...behind =" "the rate stands in the recipe" -- "$station" verify "$good" --baud=460800
refused 2 "a rate where none is needed" "it finds its own" -- "$station" identify --baud 460800
refused 2 "-p" "a port is given as --port" -- "$station" run "$good" -p "$port"
refused 2 "a flash size as option" "flash: { size: 4MB" -- "$station" run "$good" --flash_size 4MB
refused 2 "an unknown command" "no command 'flash'" "espstation run RECIPE --port" -- "$station" flash
refused 2 "esptool's" "espstation identify" -- "$station" read_mac
refused 2 "a recipe without its command" "espstation run $good" -- "$station" "$good"
refused 2 "a slip in a command" "did you mean 'verify'" -- "$station" verfy

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

# ---- Ways of other tools -----------------------------------------------------------------------------
check "options in front of the command" "$work/out" exits 2 "$station" --port /dev/ttyUSB0 write_flash 0x0 a.bin
check "are answered with what to type" "$work/out" says "$work/out" "the command comes first" "espstation run RECIPE"
check "also before a command of ours" "$work/out" exits 2 "$station" --port /dev/ttyUSB0 identify
check "likewise" "$work/out" says "$work/out" "espstation identify --port ..."
for words in "run -h" "help run" "run --help"; do
    # shellcheck disable=SC2086
    check "$words gives help" "$work/out" exits 0 "$station" $words
    check "$words: that of the command" "$work/out" says "$work/out" "espstation run RECIPE" "--lot NAME"
done
check "a name that begins like an option" "$work/out" exits 2 "$station" lot show -dash
check "is told what to do" "$work/out" says "$work/out" "put -- in front of it"

# ---- What is no recipe, and one with mistakes ----------------------------------------------------
refused 3 "an image instead of a recipe" "is no recipe" "espstation import" -- "$station" run "$images/app.bin" --db "$db" --port "$port"
recipe chip.yaml 's/^chip: .*/chip: esp33/'
refused 3 "a mistake" "'chip' expects" "1 mistake in $images/chip.yaml" "espstation check $images/chip.yaml" -- "$station" check "$images/chip.yaml"
check "is told once" "$work/out" test "$(grep -c "'chip' expects" "$work/out")" = 1

# ---- A station file that a line would refuse -------------------------------------------------------
station_file() { printf 'station: test\n%s\nslots: [{ name: A1 }]\n' "$1" >"$work/station.yaml"; }
refused_by_both() { # title line text...
    local title=$1
    station_file "$2"
    shift 2
    refused 2 "station check: $title" "$@" -- "$station" station check "$work/station.yaml"
    refused 2 "line: $title" "$@" -- "$station" line --station "$work/station.yaml" --db "$work/line.db" --plain
}
refused_by_both "people that are not there" "people: nope.yaml" "nope.yaml cannot be read" "people add"
refused_by_both "a screen for all without TLS" 'screen: { listen: "0.0.0.0:8480" }' "0.0.0.0:8480 is not this computer alone" "there is no TLS"
refused_by_both "a certificate that is not there" 'screen: { cert: no.pem, key: no.key }' "no.pem' cannot be read"
station_file "people: nope.yaml" && (umask 077 && echo 'people: []' >"$work/nope.yaml")
refused_by_both "people without anybody" "people: nope.yaml" "nope.yaml"

# ---- How it is said ----------------------------------------------------------------------------------
printf 'station: test\nslos: [{ name: A1 }]\n' >"$work/station.yaml"
refused 2 "a slip in a station file" "did you mean 'slots'?" "espstation station --help" -- "$station" station check "$work/station.yaml"
check "a question has no full stop behind it" "$work/out" sh -c "! grep -F '?.' '$work/out'"
check "nor what is not of that file" "$work/out" sh -c "! grep -F 'See: espstation --help' '$work/out'"
recipe slip.yaml 's/^chip: .*/chip: esp23/'
refused 3 "a slip in a chip's name" "did you mean 'esp32'?" -- "$station" check "$images/slip.yaml"
check "is answered by that one alone" "$work/out" sh -c "! grep -F 'there is esp8266' '$work/out'"
recipe slip.yaml 's/^chip: .*/chip: arduino/'
refused 3 "no chip at all" "there is esp8266, esp32, " -- "$station" check "$images/slip.yaml"
while read -r line; do
    slip=${line% *} meant=${line##* }
    # shellcheck disable=SC2086 # words
    refused 2 "a slip behind ${slip% *}" "did you mean '$meant'?" "espstation ${slip% *} --help" -- "$station" $slip
done <<'END'
lot shwo show
unit shwo show
nvs shwo show
recipe shwo show
image sgin sign
label prnit print
people ad add
fleet jion join
fleet lease tkae take
slots lern learn
station chekc check
fuses paln plan
END
refused 2 "what is missing behind a word" "'lot open': the name of a lot is missing" "lot open --help" -- "$station" lot open
refused 2 "and what is too much" "'fleet join': one argument too many: 'x'" -- "$station" fleet join x
refused 2 "a unit that there is not" "No board with serial or MAC 'WRONG' has a unit" "espstation unit list" -- "$station" unit show WRONG --db "$db"
tiny() { # bytes offset
    head -c "$1" "$images/app.bin" >"$images/tiny.bin"
    printf 'recipe: tiny\nversion: 1\nchip: esp32\nimages: [{ file: tiny.bin, offset: %s, as: data }]\n' "$2" >"$images/tiny.yaml"
    "$station" check "$images/tiny.yaml" >"$work/out" 2>&1
}
tiny 4 0x20000
check "an image of four bytes has no share of the wire" "$work/out" sh -c "grep -q '^4 bytes of flash, [0-9]* on the wire\. ' '$work/out'"
tiny 8 0x20ffc
check "what is filled up is told from the image" "$work/out" says "$work/out" "4100 bytes of flash for 8 of images, "
check "a whole recipe shows the share" "$work/out" sh -c "'$station' check '$good' | grep -q 'on the wire ([0-9]* %)'"
echo "1..$test_number"
