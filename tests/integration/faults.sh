# Each fault of the fixture: the right verdict, code and board state; the other slots pass.
# The cases wait more than they work, so several run side by side; their output comes in order.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 120
speed=${SPEED:-20}
side_by_side=6
cases=0

run_esp32() {
    "$station" run "$images/esp32.yaml" --db "$work/record.db" "${port_options[@]}" --plain >"$work/out" 2>&1
}

# passes_with FAULT TEXT...: four boards, board 1 has the fault; all pass, and the log says TEXT.
passes_with() {
    local fault=$1 running=true
    shift
    start_fixture --boards 4 --chip esp32 --speed "$speed" --fault "1:$fault"
    run_esp32
    check "$fault: all pass" "$work/out" says "$work/out" "4 of 4 boards passed" "$@"
    for i in 0 1 2 3; do is_running $i || running=false; done
    check "$fault: and run" "$work/out" $running
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
    check "$fault: the record agrees" "$work/out" test "$(sql "$work/record.db" \
        "select verdict||code||board_state from run where slot=2 order by id desc limit 1")" = "FAIL$code$state"
}

# Two boards with one MAC: whoever comes second is refused, and which one that is nobody knows.
same_mac() {
    start_fixture --boards 4 --chip esp32 --speed "$speed" --fault 1:mac=24:0a:c4:00:00:00
    run_esp32
    check "one MAC twice: three of four pass" "$work/out" says "$work/out" "3 of 4 boards passed" "has the same MAC"
    check "one MAC twice: the second one is refused untouched" "$work/out" test "$(sql "$work/record.db" \
        "select code||board_state from run where verdict='FAIL'")" = duplicateuntouched
}

# What the ESP8266's ROM really answers to FLASH_END, and what it does to the next image: nothing.
rom_0106() {
    start_fixture --boards 2 --chip esp8266 --speed "$speed" --fault "*:finish-0106"
    sed 's/^chip/loader: rom\nchip/' "$images/esp8266-ota.yaml" >"$images/rom.yaml"
    check "01 06 costs nothing: five images by the ROM" "$work/out" \
        exits 0 "$station" run "$images/rom.yaml" --db "$work/record.db" "${port_options[@]}"
    check "and again, without a power cycle" "$work/out" \
        exits 0 "$station" run "$images/rom.yaml" --db "$work/record.db" "${port_options[@]}"
}

# To attach its flash the ESP8266's ROM is told to erase nothing: if the wire loses words behind that,
# who knows what it heard.
rom_attach() {
    start_fixture --boards 2 --chip esp8266 --speed "$speed" --fault "0:hang,at=stub" --fault "1:hang,at=connect"
    check "ESP8266: two boards fail" "$work/out" \
        exits 1 "$station" run "$images/esp8266.yaml" --db "$work/record.db" "${port_options[@]}"
    check "ESP8266: untouched is said only of the one that was not told to attach its flash" "$work/out" test "$(sql "$work/record.db" \
        "select group_concat(code || ' ' || board_state, ', ') from (select * from run order by slot)")" = "stub unknown, no-sync untouched"
}

# The ESP8266's ROM erases sectors in pairs: an image below another one must not come after it.
rom_order() {
    start_fixture --boards 1 --chip esp8266 --speed "$speed" --fill dirty
    printf 'recipe: order\nchip: esp8266\nloader: rom\nimages:\n%s\n%s\n' \
        "  - { file: blank.bin, offset: 0x2000 }" "  - { file: init_data.bin, offset: 0x1000 }" >"$images/order.yaml"
    sed -i 's/blank.bin/mark.bin/' "$images/order.yaml"
    head -c 4096 "$images/user1.bin" >"$images/mark.bin"
    printf 'x' | dd of="$images/mark.bin" conv=notrunc status=none
    check "neighbouring sectors through the ESP8266 ROM, highest first" "$work/out" \
        exits 0 "$station" run "$images/order.yaml" --db "$work/record.db" "${port_options[@]}"
}

# Without a reset line the ROM is asked to restart, answers 01 06, and that is no failure.
restart_0106() {
    start_fixture --boards 1 --chip esp8266 --speed "$speed" --socket
    ctl press 0 boot >/dev/null
    sed 's/baud: 460800.*$/baud: 115200, reset: none }/; s/^chip/loader: rom\nverify: none\nchip/; s/^boot.*//' \
        "$images/esp8266.yaml" >"$images/by-command.yaml"
    check "01 06 at the end is recognised for what it is" "$work/out" \
        exits 0 "$station" run "$images/by-command.yaml" --db "$work/record.db" --port "${ports[0]}"
}

# A slot that hangs delays no other: three boards have passed before it gives up.
hanging_slot() {
    start_fixture --boards 4 --chip esp32 --speed "$speed" --fault "1:hang=60000"
    run_esp32
    grep -o 'PASS\|slot 2: attempt 1 failed' "$work/out" | head -3 | sort | uniq -c >"$work/first"
    check "others finish before a hanging slot gives up" "$work/out" says "$work/first" "3 PASS"
}

# in_turn CASE...: runs it in the background, in a folder of its own.
in_turn() {
    cases=$((cases + 1))
    (
        work=$work/$cases fixture_pid=
        mkdir "$work"
        "$@" >"$work/tap" 2>&1
        stop_fixture
        mv "$work/tap" "$work.tap"
        trap - EXIT
    ) &
    while [ "$(jobs -rp | wc -l)" -ge $side_by_side ]; do wait -n; done
}

# Cured by retries
in_turn passes_with deaf=7
in_turn passes_with log-noise
in_turn passes_with slow-en "slot 2: attempt 1 failed"
in_turn passes_with flip=0.002,times=3,dir=in "slot 2: attempt 1 failed"
in_turn passes_with drop=0.002,times=2,dir=in "slot 2: attempt 1 failed"
in_turn passes_with extra=0.002,times=2,dir=out
in_turn passes_with hang=60000,times=1 "slot 2: attempt 1 failed" "The board is half-written."
in_turn passes_with hang,at=stub,times=1 "slot 2: attempt 1 failed" "stub: "
in_turn passes_with hang,at=baud,times=1 "slot 2: attempt 1 failed" "baud: "
in_turn passes_with hang,at=verify,times=1 "slot 2: attempt 1 failed" "verify: "
in_turn passes_with brownout=60000,times=1 "slot 2: attempt 1 failed" "the board has reset itself"
in_turn passes_with finish-0106
in_turn passes_with write-protect=soft
in_turn passes_with xmc
in_turn passes_with pico-d4
in_turn passes_with pull=60000,back-ms=600,times=1 "slot 2: attempt 1 failed" "port-gone: " \
    "waiting for it to come back"

# Not cured, and told
in_turn fails_with chip=esp8266 wrong-chip untouched "The board has an ESP8266"
in_turn fails_with refuse,at=connect no-sync untouched "The loader answers, but not as it should: the chip refused SYNC" \
    "Both directions carry bytes"
in_turn fails_with lengths=-1 no-sync untouched "is a reply to SYNC" "Both directions carry bytes"
in_turn fails_with flash=256KB flash-size untouched "256 KB"
in_turn fails_with rdid=ffffff no-flash untouched
in_turn fails_with stuck-bit=0x12345 bad-flash written "differs from byte 0x12345" "wrong at the same byte"
in_turn fails_with write-protect protected untouched
in_turn fails_with no-reset wrong-boot-mode untouched
in_turn fails_with brownout=60000 write half-written "the board has reset itself" "brown-out"
in_turn fails_with pull=60000 port-gone half-written

in_turn same_mac
in_turn rom_0106
in_turn rom_attach
in_turn rom_order
in_turn restart_0106
in_turn hanging_slot
wait
for i in $(seq $cases); do cat "$work/$i.tap"; done | awk '
    /^ok /     { sub(/^ok [0-9]+/, "ok " ++n) }
    /^not ok / { sub(/^not ok [0-9]+/, "not ok " ++n) }
    { print }
    END { print "1.." n }'
