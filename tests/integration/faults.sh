# Each fault of the fixture: the right verdict, code and board state; the other slots pass.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 120
db=$work/record.db
speed=${SPEED:-20}

run_esp32() { "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --plain >"$work/out" 2>&1; }

# passes_with FAULT TEXT...: four boards, board 1 has the fault; all pass, and the log says TEXT.
passes_with() {
    local fault=$1
    shift
    start_fixture --boards 4 --chip esp32 --speed "$speed" --fault "1:$fault"
    run_esp32
    check "all pass in spite of $fault" "$work/out" says "$work/out" "4 of 4 boards passed" "$@"
    local running=true
    for i in 0 1 2 3; do is_running $i || running=false; done
    check "and run ($fault)" "$work/out" $running
    stop_fixture
}

# fails_with FAULT CODE STATE TEXT...: board 1 fails so, the others pass.
fails_with() {
    local fault=$1 code=$2 state=$3
    shift 3
    start_fixture --boards 4 --chip esp32 --speed "$speed" --fault "1:$fault"
    run_esp32
    local status=$?
    check "$fault: exit status 1" "$work/out" test $status = 1
    check "$fault: three of four pass" "$work/out" says "$work/out" "3 of 4 boards passed"
    check "$fault: code $code, board $state" "$work/out" says "$work/out" "FAIL" "$code: " "The board is $state." "$@"
    check "$fault: the record agrees" "$work/out" test "$(sql "$db" \
        "select verdict||code||board_state from run where slot=2 order by id desc limit 1")" = "FAIL$code$state"
    stop_fixture
}

# Cured by retries
passes_with deaf=7,times=2
passes_with log-noise
passes_with slow-en "slot 2: attempt 1 failed"
passes_with flip=0.002,times=3,dir=in "slot 2: attempt 1 failed"
passes_with drop=0.002,times=2,dir=in "slot 2: attempt 1 failed"
passes_with extra=0.002,times=2,dir=out
passes_with hang=60000,times=1 "slot 2: attempt 1 failed" "The board is half-written."
passes_with hang-at=stub,times=1 "slot 2: attempt 1 failed" "stub: "
passes_with hang-at=baud,times=1 "slot 2: attempt 1 failed" "baud: "
passes_with hang-at=verify,times=1 "slot 2: attempt 1 failed" "verify: "
passes_with brownout=60000,times=1 "slot 2: attempt 1 failed" "brown-out"
passes_with finish-0106
passes_with pull=60000,back-ms=600,times=1 "slot 2: attempt 1 failed" "port-gone: " "waiting for it to come back"

# Not cured, and told
fails_with chip=esp8266 wrong-chip untouched "The board has an ESP8266"
fails_with flash=256KB flash-size untouched "256 KB"
fails_with rdid=ffffff no-flash untouched
fails_with mac=24:0a:c4:00:00:00 duplicate untouched "The board in slot 1 has the same MAC"
fails_with stuck-bit=0x12345 verify written "differs from byte 0x12344"
fails_with write-protect verify written
fails_with no-reset no-sync untouched
fails_with brownout=60000 write half-written "brown-out"

# What the ESP8266's ROM really answers to FLASH_END, and what it does to the next image: nothing.
start_fixture --boards 2 --chip esp8266 --speed "$speed" --fault "*:finish-0106"
sed 's/^chip/loader: rom\nchip/' "$images/esp8266-ota.yaml" >"$images/rom.yaml"
check "01 06 costs nothing: five images by the ROM" "$work/out" \
    exits 0 "$station" run "$images/rom.yaml" --db "$db" "${port_options[@]}"
check "and again, without a power cycle" "$work/out" \
    exits 0 "$station" run "$images/rom.yaml" --db "$db" "${port_options[@]}"
stop_fixture

# Without a reset line the ROM is asked to restart, answers 01 06, and that is no failure.
start_fixture --boards 1 --chip esp8266 --speed "$speed" --socket
ctl press 0 boot >/dev/null
sed 's/baud: 460800.*$/baud: 115200, reset: none }/; s/^chip/loader: rom\nverify: none\nchip/; s/^boot.*//' \
    "$images/esp8266.yaml" >"$images/by-command.yaml"
check "01 06 at the end is recognised for what it is" "$work/out" \
    exits 0 "$station" run "$images/by-command.yaml" --db "$db" --port "${ports[0]}"
stop_fixture

# A slot that never answers delays no other: three boards are done while one still hangs.
start_fixture --boards 4 --chip esp32 --speed "$speed" --fault "1:hang=60000"
"$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --plain >"$work/out" 2>&1
check "others finish before the hanging slot gives up" "$work/out" sh -c \
    "grep -n 'PASS\|attempt 1 failed' '$work/out' | head -3 | grep -c PASS | grep -qx 3"
stop_fixture
echo "1..$test_number"
