# The end of a run, as people read it: boards and not runs, equal failures together, words whole on a narrow
# terminal, the time that really passed, and nothing that is not true any more.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 40
sed -i "s/^retry:.*/retry: { sync: 1, write: 1, pause_ms: 50 }/; s/^port:.*/port: { baud: 460800, fallback: [115200] }/" \
    "$images/esp32.yaml"
db=$work/record.db
run=("$station" run "$images/esp32.yaml" --db "$db" --plain)

# ---- Equal failures --------------------------------------------------------------------------------
# Each write is lost on slot 5, to the end.
start_fixture --boards 6 --chip esp32 --speed 20 --fault 0:no-dtr --fault 2:no-dtr --fault 3:no-dtr \
    --fault 4:hang=20000
check "three boards fail alike, one otherwise, two pass" "$work/out" exits 1 "${run[@]}" "${port_options[@]}" --lot A --new-lot
sed -n '/boards passed/,$p' "$work/out" >"$work/end"
check "boards are counted" "$work/end" says "$work/end" "2 of 6 boards passed in "
check "equal failures stand together" "$work/end" grep -qx 'slots 1, 3 and 4  FAIL  wrong-boot-mode' "$work/end"
check "with their sentence once" "$work/end" test "$(grep -c 'started in boot mode' "$work/end")" = 1
check "and their state" "$work/end" says "$work/end" "The boards are untouched."
check "the other stands alone" "$work/end" grep -q '^slot 5  FAIL  write  24:0a:c4:00:00:04$' "$work/end"
check "and no next try is spoken of" "$work/end" eval '! grep -qi "next try" "$work/end"'
check "nor by the verdict" "$work/out" eval '! grep "FAIL" "$work/out" | grep -qi "next try"'

# ---- A narrow terminal ------------------------------------------------------------------------------
if command -v script >/dev/null; then
    port_list="${port_options[*]}"
    export station images db port_list
    script -qfc "stty cols 60 rows 24; exec \"\$station\" run \"\$images/esp32.yaml\" --db \"\$db\" \$port_list --lot B --new-lot" \
        "$work/screen" >/dev/null 2>&1 </dev/null
    tr -d '\r' <"$work/screen" | sed 's/\x1b\[[0-9;?]*[A-Za-z]//g' >"$work/plain"
    sed -n '/boards passed/,/^Record/p' "$work/plain" >"$work/end"
    check "the summary is shown on a terminal" "$work/plain" says "$work/end" "2 of 6 boards passed"
    check "no line of it is wider" "$work/end" test "$(grep -v / "$work/end" | awk 'length($0) > 60' | wc -l)" = 0
    check "no word is cut" "$work/end" \
        eval 'tr -s "\n " " " <"$work/end" | grep -q "started in boot mode 0x13, not for download"'
    check "the head shows the counts first" "$work/plain" grep -aq 'PASS [0-2]  *FAIL [0-4]  *WORKING' "$work/plain"
    check "\"running\" is said of applications alone" "$work/plain" eval '! grep -v "ESP32" "$work/plain" | grep -q running'
else
    skip "a narrow terminal" "there is no \`script\` here"
fi
stop_fixture

# ---- Another board in its place, while the first is written -------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 2
timeout --foreground 120 "$station" run "$images/esp32.yaml" --db "$work/swap.db" "${port_options[@]}" --json >"$work/out" 2>"$work/err" </dev/null &
pid=$!
check "a board is written" "$work/out" await grep -q '"event":"phase".*"phase":"write"' "$work/out"
ctl board 0 mac=24:0a:c4:00:00:10 >/dev/null
wait $pid
check "exchanged then, it fails" "$work/out" test $? = 1
check "the verdict is of the board that is half-written" "$work/out" \
    grep -q '"event":"verdict".*"mac":"24:0a:c4:00:00:00".*"verdict":"FAIL".*half-written' "$work/out"
check "the sentence names both" "$work/out" says "$work/out" "it began with 24:0a:c4:00:00:00, now 24:0a:c4:00:00:10 is there"
check "the record agrees" "$work/out" test "$(sql "$work/swap.db" "select mac from runs")" = 24:0a:c4:00:00:00
check "no other board was shown" "$work/out" sh -c "! grep -q '\"mac\":\"24:0a:c4:00:00:10' '$work/out'"
stop_fixture

# ---- One board after another -------------------------------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 20
ctl fault 0 hang=20000,times=2 >/dev/null
SECONDS=0
"${run[@]}" "${port_options[@]}" --lot C --new-lot --loop >"$work/out" 2>&1 </dev/null &
pid=$!
verdicts_are() { [ "$(grep -o '^slot 1: \(PASS\|FAIL\)' "$work/out" | tr -d '\n')" = "$1" ]; }
check "a board fails" "$work/out" await verdicts_are "slot 1: FAIL"
ctl board 0 mac=24:0a:c4:00:01:01 >/dev/null
check "another one passes" "$work/out" await verdicts_are "slot 1: FAILslot 1: PASS"
ctl board 0 mac=24:0a:c4:00:00:00 >/dev/null
check "and the first, when it is put in again" "$work/out" await verdicts_are "slot 1: FAILslot 1: PASSslot 1: PASS"
kill -INT $pid
wait $pid
check "each has passed in the end: status 0" "$work/out" test $? = 0
check "two boards are counted, of three runs" "$work/out" grep -q '^2 of 2 boards passed in .* s, in 3 runs' "$work/out"
seconds=$(grep -o '2 of 2 boards passed in [0-9]*' "$work/out" | grep -o '[0-9]*$')
check "in the time from the first to the last, not that of one run" "$work/out" test "$seconds" -ge 2 -a "$seconds" -le $SECONDS
stop_fixture

start_fixture --boards 2 --chip esp32 --speed 20
check "JSON has boards and runs too" "$work/out" exits 0 "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --json
check "each a number" "$work/out" says "$work/out" '"event":"end","boards":2,"passed":2,"runs":2'
stop_fixture
echo "1..$test_number"
