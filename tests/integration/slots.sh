# The station file: its mistakes, ports and record taken from it, the map, and learning slots, on a
# made-up machine whose adapters come and go as links in a tree of sysfs.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 120
unset ESPSTATION_STATION
export XDG_CONFIG_HOME=$work/config HOME=$work/home
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
    check "$title: exit $status" "$work/out" exits "$status" timeout 60 "$@"
    check "$title: said" "$work/out" says "$work/out" "${texts[@]}"
}

# ---- The reference, and mistakes -----------------------------------------------------------------------
"$station" station --markdown >"$work/station.md"
check "the page of the station file is as the program makes it" "$work/station.md" \
    cmp -s "$work/station.md" "$root/docs/station.md"
check "--help explains every key" "$work/out" exits 0 "$station" station --help
check "among them" "$work/out" says "$work/out" slots.usb groups.slots grid record
refused 2 "without a station file there is none to check" "There is no station file" "slots learn" -- \
    "$station" station check
refused 2 "nor slots to name" "there is none" -- "$station" identify --slot A1
printf 'station: x\nslots:\n  - { name: A1, usb: /dev/ttyUSB0 }\n  - { nam: A2 }\n' >bad.yaml
refused 2 "all mistakes at once" "bad.yaml:3:22: 'slots.usb' expects" "bad.yaml:4:7: unknown key 'nam'" \
    "did you mean 'name'" -- "$station" station check bad.yaml
refused 2 "a command that needs it says the same" "bad.yaml:3:22" -- "$station" identify --station bad.yaml
refused 2 "a file that is not there" "there is no station file 'none.yaml'" -- \
    "$station" station check none.yaml

# ---- Ports of a serial server as slots ---------------------------------------------------------------------
start_fixture --boards 3 --chip esp32 --speed 20
cat >station.yaml <<END
station: line 3
record: kept/line3.db
slots:
  - { name: A1, port: "${ports[0]}" }
  - { name: A2, usb: "pci-0000:00:14.0-usb-0:9.9:1.0" }
  - { name: B1, port: "${ports[1]}" }
  - { name: B2 }
  - { name: C1, port: "${ports[2]}" }
groups:
  - { name: left, slots: [A1, A2] }
grid: [[A1, A2], [B1, B2], [., C1]]
END
mkdir kept
check "the file is right" "$work/out" exits 0 "$station" station check
check "and told" "$work/out" says "$work/out" "line 3, 5 slots, 1 group" "1 slot is not learned"
check "every slot is asked" "$work/out" exits 0 "$station" identify
check "with number and name, those behind a gap too" "$work/out" says "$work/out" \
    "slot 1 (A1) ${ports[0]}: ESP32" "slot 3 (B1) ${ports[1]}: ESP32" "slot 5 (C1) ${ports[2]}: ESP32"
check "a slot without an adapter is told" "$work/out" says "$work/out" \
    "slot 2 (A2) is left out: no adapter is in its socket" "slot 4 (B2) is left out: its socket is not known"
check "one slot" "$work/out" exits 0 "$station" identify --slot C1 --json
check "alone, under its number" "$work/out" says "$work/out" '"slot":5,"name":"C1"'
check "no other" "$work/out" test "$(wc -l <"$work/out")" = 1
check "a group" "$work/out" exits 0 "$station" identify --slot left --json
check "is its slots that are there" "$work/out" says "$work/out" '"name":"A1"' "slot 2 (A2) is left out"
refused 2 "a slot that there is not" "There is no slot or group 'lefd'" "Did you mean left" -- \
    "$station" identify --slot lefd
refused 2 "a slot without an adapter alone" "None of the slots" -- "$station" identify --slot A2
refused 2 "a slot and a port" "--slot and --port exclude each other" -- \
    "$station" identify --slot A1 --port "${ports[0]}"
check "--port goes before the station file" "$work/out" \
    exits 0 "$station" identify --json --port "${ports[2]}" --port "${ports[0]}"
check "with the numbers of before" "$work/out" says "$work/out" "\"port\":\"${ports[2]}\",\"slot\":1,\"code\""
check "a file for each slot, by its name" "$work/out" \
    exits 0 "$station" read --slot left -o "at-{slot}.bin" --size 4K
check "is there" "$work/out" test -s at-A1.bin
refused 2 "an erase without a name" "an erase does not guess" -- "$station" erase --yes
check "an erase by slot" "$work/out" exits 0 "$station" erase --slot B1 --from 0x9000 --size 0x1000

check "a run takes all slots" "$work/out" exits 0 "$station" run "$images/esp32.yaml" --plain
check "and calls them by their names" "$work/out" says "$work/out" "slot A1: start on ${ports[0]}" "slot C1: PASS"
check "that are there" "$work/out" says "$work/out" "3 of 3 boards passed"
check "into the record of the station file" "$work/out" test -s kept/line3.db -a ! -e espstation.db
check "one row each" "$work/out" test "$(sql kept/line3.db 'select count(*) from run')" = 3
check "under the numbers of the slots" "$work/out" \
    test "$(sql kept/line3.db 'select group_concat(slot) from (select slot from run order by slot)')" = 1,3,5
check "and other commands find it there" "$work/out" exits 0 "$station" stats
check "--db goes before it" "$work/out" exits 0 "$station" run "$images/esp32.yaml" --slot A1 --db other.db --json
check "and programs get name and number" "$work/out" says "$work/out" '"slot":1,"name":"A1","port"'
check "so it does" "$work/out" test "$(sql other.db 'select count(*) from run')" = 1
check "verify by slot" "$work/out" exits 0 "$station" verify "$images/esp32.yaml" --slot C1

# ---- Where it is found -----------------------------------------------------------------------------------
mkdir -p config/espstation elsewhere
mv station.yaml elsewhere/
refused 2 "none" "There is no station file" -- "$station" slots show
sed 's/line 3/of this user/' elsewhere/station.yaml >config/espstation/station.yaml
check "in XDG_CONFIG_HOME" "$work/out" exits 0 "$station" slots show
check "so it says" "$work/out" says "$work/out" "Station of this user"
check "the variable goes before that" "$work/out" \
    exits 0 env ESPSTATION_STATION=elsewhere/station.yaml "$station" slots show
check "so it says again" "$work/out" says "$work/out" "Station line 3"
refused 2 "an empty variable means none" "There is no station file" -- env ESPSTATION_STATION= "$station" slots show
check "the record counts from the file's folder" "$work/out" \
    exits 0 "$station" station check elsewhere/station.yaml
check "wherever it is called from" "$work/out" says "$work/out" "record elsewhere/kept/line3.db"
rm -r config

# ---- The map, on a made-up machine ---------------------------------------------------------------------------
machine=$work/machine
export ESPSTATION_SYSROOT=$machine
mkdir -p "$machine/dev" "$machine/sys/class/tty"

devices=10 # the kernel counts them
plug() { # SOCKET TTY: a usb-serial adapter
    local device=$machine/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.$1
    mkdir -p "$device/1-1.$1:1.0/$2" "$machine/sys/class/tty/$2"
    echo 0 >"$device/1-1.$1:1.0/$2/port_number"
    echo $((++devices)) >"$device/devnum"
    echo 1a86 >"$device/idVendor"
    echo 7523 >"$device/idProduct"
    ln -s ../../ch341-uart "$device/1-1.$1:1.0/$2/driver"
    ln -s "$device/1-1.$1:1.0/$2" "$machine/sys/class/tty/$2/device"
}
pull() { # SOCKET TTY
    rm -r "$machine/sys/class/tty/$2" "$machine/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/1-1.$1"
}
socket() { echo "pci-0000:00:14.0-usb-0:1.$1:1.0"; }

cat >map.yaml <<END
station: map
slots:
  - { name: A1, usb: "$(socket 1)" }
  - { name: A2, usb: "$(socket 2)-port0" }
  - { name: B1, port: "${ports[1]}" }
groups: [{ name: left, slots: [A1, B1] }]
grid: [[A1, A2], [., B1]]
END
plug 2 ttyUSB0
plug 7 ttyUSB1
check "the map" "$work/out" exits 0 "$station" slots show --station map.yaml
check "shows who is there" "$work/out" says "$work/out" "(A1)   A2" "ttyUSB0  ch341-uart 1a86:7523" "no adapter"
check "and which adapter is in no slot" "$work/out" says "$work/out" "In no slot: $(socket 7)"
pull 2 ttyUSB0
plug 2 ttyUSB5
plug 1 ttyUSB0
check "another name of the same socket" "$work/out" exits 0 "$station" slots show --station map.yaml --json
check "is the same slot" "$work/out" says "$work/out" \
    "\"name\":\"A2\",\"groups\":null,\"row\":0,\"column\":1,\"state\":\"adapter\",\"usb\":\"$(socket 2)\",\"port\":\"$machine/dev/ttyUSB5\"" \
    '"name":"A1","groups":"left"' "\"port\":\"$machine/dev/ttyUSB0\""
pull 1 ttyUSB0
check "an adapter without its device" "$work/out" exits 0 "$station" identify --station map.yaml
check "is left out" "$work/out" says "$work/out" "slot 2 (A2) is left out: its adapter is there, but"
check "boards are asked where there are any" "$work/out" \
    exits 0 "$station" slots show --station map.yaml --identify --json
check "and told" "$work/out" says "$work/out" '"code":"ok","chip":"esp32","mac":"24:0a:c4:00:00:01"' \
    '"name":"A1","groups":"left","row":0,"column":0,"state":"no adapter"'
pull 2 ttyUSB5
pull 7 ttyUSB1
stop_fixture

# ---- Learning -------------------------------------------------------------------------------------------------
# teach STATUS OPTION... : while its questions are answered by `answer`, a function.
teach() {
    local status=$1 pid
    shift
    : >"$work/said"
    mkfifo "$work/keys"
    timeout 60 "$station" slots learn "$@" <"$work/keys" >"$work/said" 2>&1 &
    pid=$!
    exec 9>"$work/keys"
    rm "$work/keys"
    answer
    exec 9>&-
    wait "$pid"
    local got=$?
    [ $got -eq "$status" ] || { echo "# exit status $got, not $status"; return 1; }
}
said() { await says_quietly "$1"; }
says_quietly() { grep -qF -- "$1" "$work/said"; }

plug 4 ttyUSB9
answer() {
    said "A1: plug" && plug 1 ttyUSB0
    said "A2: plug" && echo >&9
    said "B1: plug" && plug 2 ttyUSB1
}
check "two slots are learned, one is skipped" "$work/said" teach 0 --station new.yaml A1 A2 B1
check "into a new file" "$work/said" test "$(grep -c usb: new.yaml)" = 2
check "each in its socket" new.yaml says new.yaml "{ name: A1, usb: \"$(socket 1)\" }" "{ name: B1, usb: \"$(socket 2)\" }"
check "which is right" "$work/out" exits 0 "$station" station check new.yaml

cat >mine.yaml <<END
# what a person wrote
station: mine   # and why
slots:
  - name: A1    # at the door
  - { name: A2, usb: "$(socket 2)" }  # keep
groups: [ { name: all, slots: [ A1, A2 ] } ]
END
chmod 640 mine.yaml
ln -s mine.yaml link.yaml
answer() {
    said "A1: plug" && pull 2 ttyUSB1 && plug 2 ttyUSB1
    said "That is slot A2 already" && pull 4 ttyUSB9 && plug 4 ttyUSB9
}
check "without names, what is not learned yet" "$work/said" teach 0 --station link.yaml
sed "/name: A1/a\\    usb: \"$(socket 4)\"" <<END >want.yaml
# what a person wrote
station: mine   # and why
slots:
  - name: A1    # at the door
  - { name: A2, usb: "$(socket 2)" }  # keep
groups: [ { name: all, slots: [ A1, A2 ] } ]
END
check "one line more, all else as it was" mine.yaml cmp want.yaml mine.yaml
check "with its rights, behind its link" mine.yaml test "$(stat -c %a mine.yaml)" = 640 -a -L link.yaml
refused 2 "all learned" "Every slot of the station file is learned already" -- \
    "$station" slots learn --station mine.yaml
refused 2 "a name that is none" "'A 1' is no name for a slot" -- "$station" slots learn --station mine.yaml "A 1"
refused 2 "a grid without that slot" "has a grid, and no slot 'Z9'" -- \
    "$station" slots learn --station map.yaml Z9
refused 2 "a slot that has a port" "has a port" -- "$station" slots learn --station map.yaml B1
cp mine.yaml before.yaml
check "nobody plugs anything in" "$work/out" exits 1 "$station" slots learn --station mine.yaml --wait 1 C1
check "and it says how to go on" "$work/out" says "$work/out" "Ended before C1"
check "nothing has changed" "$work/out" cmp before.yaml mine.yaml
printf '{"station": "x", "slots": [{"name": "A1"}]}' >flow.yaml
cp flow.yaml before.yaml
answer() {
    said "B1: plug" && pull 1 ttyUSB0 && plug 1 ttyUSB0
}
check "what cannot be changed safely" "$work/said" teach 2 --station flow.yaml B1
check "is printed for a person" "$work/said" says "$work/said" "Put this behind its slots yourself: - { name: B1, usb: \"$(socket 1)\" }"
check "and left as it was" "$work/said" cmp before.yaml flow.yaml
answer() {
    said "C1: plug" && pull 1 ttyUSB0 && plug 1 ttyUSB0
    said "C1 is" && kill -INT "$(pgrep -nx -P "$(pgrep -nx -P $$ timeout)" espstation)"
}
check "Ctrl-C in the middle" "$work/said" teach 1 --station mine.yaml C1 C2
check "keeps what was learned" mine.yaml says mine.yaml "{ name: C1, usb: \"$(socket 1)\" }"
refused 2 "an option of the other half" "--speak belongs to: espstation slots learn" -- \
    "$station" slots show --station mine.yaml --speak
pull 1 ttyUSB0
pull 2 ttyUSB1
pull 4 ttyUSB9

# ---- Boards that speak, and slots by socket, on kernel ttys ------------------------------------------------------
mkdir "$work/pty"
start_fixture --boards 2 --chip esp32 --speed 20 --pty "$work/pty"
preload=(env "LD_PRELOAD=$bin/pty_lines.so" "PTY_LINES_LOG=$work/lines" "PTY_LINES_CONTROL=$work/ctl"
    "PTY_LINES_DIR=$work/pty" "ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0")
plug 1 ttyUSB0
plug 2 ttyUSB1
ln -s "$(readlink -f "$work/pty/slot0")" "$machine/dev/ttyUSB0"
ln -s "$(readlink -f "$work/pty/slot1")" "$machine/dev/ttyUSB1"
station_bin=$station
cat >speaker <<END
#!/bin/sh
exec ${preload[*]} "$station_bin" "\$@"
END
chmod +x speaker
station=$work/speaker
answer() {
    said "A1: press" && ctl press 1 reset >/dev/null
    said "A2: press" && ctl press 0 reset >/dev/null
}
check "the board whose key is pressed is the slot" "$work/said" teach 0 --speak --station spoken.yaml A1 A2
check "in this order" spoken.yaml says spoken.yaml "{ name: A1, usb: \"$(socket 2)\" }" "{ name: A2, usb: \"$(socket 1)\" }"
check "slots by socket are asked" "$work/out" exits 0 "$station" identify --station spoken.yaml --json
check "as the file has them" "$work/out" says "$work/out" '"slot":1,"name":"A1","code":"ok"' '24:0a:c4:00:00:01'
check "the first is the second board" "$work/out" \
    test "$(head -1 "$work/out" | grep -c '"slot":1.*24:0a:c4:00:00:01')" = 1
pull 2 ttyUSB1
check "one is pulled" "$work/out" exits 0 "$station" identify --station spoken.yaml --json
check "the other keeps its number" "$work/out" says "$work/out" "slot 1 (A1) is left out" '"slot":2,"name":"A2","code":"ok"'

# ---- A line whose adapter goes for longer than a board that is its own USB device would ---------------------------
plug 2 ttyUSB1
"$bin/make_images" images 64
sed -i "s/^retry:.*/retry: { write: 1, sync: 1, pause_ms: 50 }/" images/esp32.yaml
ctl board 0 mac=24:0a:c4:00:06:00 write-protect >/dev/null
"$station" line images/esp32.yaml --station spoken.yaml --db line.db >"$work/out" 2>"$work/err" </dev/null &
line=$!
verdicts_are() { [ "$(sql line.db "select count(*) from run where verdict = '$1'" 2>/dev/null)" = "$2" ]; }
runs_are() { [ "$(sql line.db "select count(*) from run")" = "$1" ]; }
slot_says() { [ "$(grep -F "slot A2: " "$work/out" | tail -1 | grep -cF -- "$1")" = 1 ]; }
check "one board passes" "$work/out" await verdicts_are PASS 1
check "and one fails" "$work/out" await verdicts_are FAIL 1
pull 1 ttyUSB0
check "its adapter is pulled" "$work/out" await slot_says "no adapter"
read -rt 7 <> <(:) || :
plug 1 ttyUSB0
check "and comes back: the verdict stands as it did" "$work/out" await slot_says "FAIL"
read -rt 4 <> <(:) || :
check "and the board has no other run" "$work/out" runs_are 2
pull 1 ttyUSB0
check "it is pulled once more" "$work/out" await slot_says "no adapter"
ctl board 0 mac=24:0a:c4:00:06:01 >/dev/null
read -rt 7 <> <(:) || :
plug 1 ttyUSB0
check "another board behind it begins by itself" "$work/out" await verdicts_are PASS 2
kill -INT $line
wait $line
check "the line ends well" "$work/err" test $? = 0
stop_fixture
echo "1..$test_number"
