# The tools for an engineer's hand: identify, read, erase, monitor, on one port and on several.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 120

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

# dump BOARD FILE: all of a board's flash, as the fixture has it.
dump() { ctl dump "$1" "$2" >/dev/null; }

# same_outside FILE FILE FROM SIZE: equal but for that range.
same_outside() {
    cmp -s -n "$(($3))" "$1" "$2" && cmp -s -i "$(($3 + $4))" "$1" "$2"
}

# blank FILE FROM SIZE: all FF there.
blank() {
    test "$(tail -c +$(($2 + 1)) "$1" | head -c $(($3)) | tr -d '\377' | wc -c)" -eq 0
}

# ---- Three ESP32 and an ESP8266, dirty flash --------------------------------------------------------
start_fixture --boards 4 --chip esp32,esp32,esp32,esp8266 --speed 20 --fill dirty
esp32=("${port_options[@]:0:6}")
check "the boards pass their recipe first" "$work/out" \
    exits 0 "$station" run "$images/esp32.yaml" --db "$work/db" "${esp32[@]}"

check "identify names each board" "$work/out" exits 0 "$station" identify "${port_options[@]}"
check "with chip, MAC and flash" "$work/out" says "$work/out" ESP32 ESP8266 24:0a:c4:00:00:01 "4096 KB"
check "as JSON, a line for each" "$work/out" exits 0 "$station" identify --json "${port_options[@]}"
check "each whole" "$work/out" test "$(grep -c '^{"port":.*"secure_download":[a-z]*}$' "$work/out")" = 4
refused 2 "identify with a reset that is none" "--reset 'hard'" "usb-jtag" -- \
    "$station" identify "${port_options[@]}" --reset hard

# ---- Read ----
check "a whole flash is read" "$work/out" \
    exits 0 "$station" read --port "${ports[0]}" -o "$work/whole.bin" --baud 921600
dump 0 "$work/dump"
check "it is what the board holds" "$work/out" cmp "$work/whole.bin" "$work/dump"
check "its MD5 is said" "$work/out" says "$work/out" "$(md5sum <"$work/dump" | cut -c 1-32)"
check "no part is left behind" "$work/out" test ! -e "$work/whole.bin.part"
check "the board runs again" "$work/fixture.log" await is_running 0
check "an odd part is read" "$work/out" \
    exits 0 "$station" read --port "${ports[0]}" -o "$work/part.bin" --from 0xfff --size 5003
check "it is that part" "$work/out" cmp -n 5003 -i 4095:0 "$work/dump" "$work/part.bin"
check "with as many bytes" "$work/out" test "$(stat -c %s "$work/part.bin")" = 5003
check "all ports at once, a file for each" "$work/out" \
    exits 0 "$station" read "${port_options[@]}" -o "$work/s{slot}-{mac}.bin" --from 64K --size 0x3000
for i in 0 1 2 3; do
    check "slot $((i + 1)) is the right one" "$work/out" flash_equals $i 0x10000 "$work"/s$((i + 1))-*"$i.bin"
done
check "by MAC" "$work/out" test -e "$work/s2-240ac4000001.bin"
# What is there may be the only copy.
cp "$work/whole.bin" "$work/kept.bin"
refused 2 "a file that is there" "$work/whole.bin' is there already" "--overwrite" -- \
    "$station" read --port "${ports[1]}" -o "$work/whole.bin" --size 4K
check "it is left alone" "$work/out" cmp "$work/whole.bin" "$work/kept.bin"
refused 1 "by the name of its MAC, too" "s2-240ac4000001.bin' is there already" "--overwrite" -- \
    "$station" read --port "${ports[0]}" --port "${ports[1]}" -o "$work/s{slot}-{mac}.bin" --size 4K
check "it is left alone, too" "$work/out" test "$(stat -c %s "$work/s2-240ac4000001.bin")" = $((0x3000))
check "and nothing lies beside it" "$work/out" test ! -e "$work/s2-240ac4000001.bin.part"
check "--overwrite: it is read anew" "$work/out" \
    exits 0 "$station" read --port "${ports[1]}" -o "$work/s2-{mac}.bin" --size 4K --overwrite
check "and is the new one" "$work/out" test "$(stat -c %s "$work/s2-240ac4000001.bin")" = 4096
check "without stubs the ROM gives the flash" "$work/out" \
    exits 0 "$station" read --port "${ports[1]}" -o "$work/rom.bin" --from 0x8000 --size 3K --rom
check "it is the partition table" "$work/out" cmp "$work/rom.bin" "$images/partitions.bin"
refused 1 "the ROM of an ESP8266 cannot" "cannot read the flash out" -- \
    "$station" read --port "${ports[3]}" -o "$work/no.bin" --size 4K --rom
check "and leaves no file" "$work/out" test ! -e "$work/no.bin" -a ! -e "$work/no.bin.part"
ctl fault 1 flip=0.00003,dir=out,times=2 >/dev/null
check "over a wire that turns bits over" "$work/out" \
    exits 0 "$station" read --port "${ports[1]}" -o "$work/noisy.bin" --from 0x10000 --size 100K
check "what arrives is right" "$work/fixture.log" flash_equals 1 0x10000 "$work/noisy.bin"
ctl fault 1 none >/dev/null
resets() { ctl state 1 | grep -o '"resets":[0-9]*' | grep -o '[0-9]*'; }
before=$(resets)
ctl fault 1 no-dtr >/dev/null
refused 1 "a board that starts its program instead" wrong-boot-mode -- \
    "$station" read --port "${ports[1]}" -o "$work/no.bin" --size 4K
was_reset_often() { [ $(($(resets) - before)) -ge 5 ]; } # the last one counts once EN has risen
check "was reset more than once in each of two ways" "$work/out" await was_reset_often
ctl fault 1 none >/dev/null
refused 2 "several boards into one file" "one file" "{slot} or {mac}" -- \
    "$station" read "${port_options[@]}" -o "$work/one.bin"
refused 1 "more than there is" "The flash ends at 0x400000" -- \
    "$station" read --port "${ports[0]}" -o "$work/no.bin" --from 0x3ff000 --size 8K
refused 1 "into a folder that is not there" "$work/none/x" "cannot be written" -- \
    "$station" read --port "${ports[0]}" -o "$work/none/x" --size 4K
refused 2 "a size that is none" "--size wants" "lots" -- "$station" read --port "${ports[0]}" --size lots
refused 2 "a rate that is none" "--baud wants" -- "$station" read --port "${ports[0]}" --baud 12
refused 1 "a port that is not there" port-missing -- "$station" read --port /dev/ttyUSB99 -o "$work/no.bin"

# ---- Erase ----
dump 0 "$work/before"
check "a part is erased" "$work/out" \
    exits 0 "$station" erase --port "${ports[0]}" --from 0x9000 --size 24K
check "and said" "$work/out" says "$work/out" "0x9000 to 0xefff is erased, and proved blank"
dump 0 "$work/after"
check "that part is blank" "$work/out" blank "$work/after" 0x9000 0x6000
check "and nothing else" "$work/out" same_outside "$work/before" "$work/after" 0x9000 0x6000
check "it was not before" "$work/out" eval '! blank "$work/before" 0x9000 0x6000'
dump 1 "$work/before"
check "a part is erased by the ROM" "$work/out" \
    exits 0 "$station" erase --port "${ports[1]}" --from 0x200000 --size 0x11000 --rom
dump 1 "$work/after"
check "that part is blank" "$work/out" blank "$work/after" 0x200000 0x11000
check "and nothing else" "$work/out" same_outside "$work/before" "$work/after" 0x200000 0x11000
dump 3 "$work/before"
check "a part of an ESP8266 is erased" "$work/out" \
    exits 0 "$station" erase --port "${ports[3]}" --from 0x10000 --size 0x1000
dump 3 "$work/after"
check "that part is blank" "$work/out" blank "$work/after" 0x10000 0x1000
check "and nothing else" "$work/out" same_outside "$work/before" "$work/after" 0x10000 0x1000
refused 1 "the ROM of an ESP8266 erases too much" "erases more than it is asked to" -- \
    "$station" erase --port "${ports[3]}" --from 0x10000 --size 0x1000 --rom
ctl fault 1 write-protect >/dev/null
refused 1 "a write-protected flash keeps its bytes" protected "WP pin" -- \
    "$station" erase --port "${ports[1]}" --from 0x10000 --size 0x1000
ctl fault 1 none >/dev/null
ctl fault 1 hang,at=stub >/dev/null
refused 1 "a stub that does not start" "stub: " "or do without it: --rom" -- \
    "$station" read --port "${ports[1]}" --size 4K -o "$work/no.bin"
check "no word of a recipe's keys" "$work/out" eval '! grep -q "loader: rom" "$work/out"'
ctl fault 1 none >/dev/null
refused 2 "a whole flash without --yes" "the whole flash of 1 board" "--yes" -- "$station" erase --port "${ports[2]}"
refused 2 "no port" "does not guess" -- "$station" erase --yes
refused 2 "half a range" "both --from and --size" -- "$station" erase --port "${ports[2]}" --from 0x1000
refused 2 "no multiple of a sector" "multiples of 0x1000" -- \
    "$station" erase --port "${ports[2]}" --from 0x1000 --size 100
refused 1 "behind the end" "Nothing was erased" -- \
    "$station" erase --port "${ports[2]}" --from 0x3ff000 --size 0x2000
check "that board still runs" "$work/fixture.log" await is_running 2
check "the whole flash is erased" "$work/out" exits 0 "$station" erase --port "${ports[2]}" --yes
dump 2 "$work/after"
check "all of it is blank" "$work/out" blank "$work/after" 0 0x400000

# ---- Monitor ----
start_monitor() { # option...
    : >"$work/console" # what the one before heard does not count
    "$station" monitor "$@" >"$work/console" 2>"$work/out" &
    monitor=$!
}
stop_monitor() {
    kill -INT $monitor
    wait $monitor
}
start_monitor --port "${ports[1]}" --reset
check "the application is heard" "$work/console" await grep -q "Loaded app from partition" "$work/console"
stop_monitor
check "Ctrl-C ends it with status 0" "$work/out" test $? = 0
check "without a prefix for one port" "$work/console" grep -q "^ets\|^rst\|^I (" "$work/console"
check "the board goes on running" "$work/fixture.log" await is_running 1
check "the flash of one is copied back" "$work/out" \
    exits 0 "$station" run "$images/esp32.yaml" --db "$work/db" "${esp32[@]}"
start_monitor "${esp32[@]}" --reset --timestamps
for i in 1 2 3; do
    check "slot $i is heard, with time and slot" "$work/console" \
        await grep -Eq "^[0-9:]{8}\.[0-9]{3} slot $i: .*Loaded app from partition" "$work/console"
done
stop_monitor
check "Ctrl-C ends all" "$work/out" test $? = 0
for i in 0 1 2; do check "board $i runs" "$work/fixture.log" await is_running $i; done
start_monitor --port "${ports[0]}" --reset
check "it listens" "$work/console" await grep -q "Loaded app from partition" "$work/console"
refused 1 "a port that is listened to" port-busy -- "$station" read --port "${ports[0]}" -o "$work/no.bin" --size 4K
stop_monitor
stop_fixture

# ---- All at once ----------------------------------------------------------------------------------
start_fixture --boards 3 --chip esp32 --speed 20 --fault 0:deaf=100000
"$station" identify "${port_options[@]}" >"$work/out" 2>&1 </dev/null &
pid=$!
was_asked() { ctl state "$1" | grep '"syncs":[1-9]' | grep -qv '"mode":"\(rom\|stub\)"'; }
others_done() { was_asked 1 && was_asked 2 && kill -0 $pid; }
check "the others do not wait for a board that never answers" "$work/out" await others_done
wait $pid
check "which is a failure" "$work/out" test $? = 1
check "they are listed by slot, whoever answers first" "$work/out" \
    test "$(grep -o '^slot [0-9] [^ ]*: [^ :]*' "$work/out" | cut -d' ' -f 2,4 | tr '\n' ' ')" = "1 no-sync 2 ESP32 3 ESP32 "
check "as JSON too" "$work/out" exits 1 "$station" identify --json "${port_options[@]}"
check "...with the number of the slot" "$work/out" \
    test "$(grep -o '"slot":[0-9]*,"code":"[^"]*"' "$work/out" | tr '\n' ' ')" = \
    '"slot":1,"code":"no-sync" "slot":2,"code":"ok" "slot":3,"code":"ok" '
check "erase with it" "$work/out" exits 1 "$station" erase "${port_options[@]}" --from 0x9000 --size 4K
check "tells by slot what came of each" "$work/out" \
    test "$(grep -v '%$' "$work/out" | grep -o '^slot [0-9]' | tr '\n' ' ')" = "slot 1 slot 2 slot 3 "
stop_fixture

# ---- A board on its own USB unit, behind a server ----------------------------------------------------
"$bin/make_images" "$work/c3" 40 esp32c3 5 0
start_fixture --boards 2 --chip esp32c3 --speed 20 --fault 0:usb=jtag
check "its recipe need not know that" "$work/out" \
    exits 0 "$station" run "$work/c3/esp32c3.yaml" --plain --db "$work/db" "${port_options[@]}"
check "both boards pass" "$work/out" test "$(grep -c ': PASS ESP32-C3' "$work/out")" = 2
check "identify finds it, too" "$work/out" exits 0 "$station" identify "${port_options[@]}"
stop_fixture
echo "1..$test_number"
