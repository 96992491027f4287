# One board after another in the same slot, without a hand: also boards that never say who they are.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 64
sed -i "s/^retry:.*/retry: { sync: 1, pause_ms: 50 }/" "$images/esp32.yaml"
db=$work/record.db

verdicts() { # of slot 1, in order
    grep -o '^slot 1: \(PASS\|FAIL\) .*' "$work/out" | grep -o 'PASS\|FAIL\|wrong-boot-mode: \|identify: \|no-flash: ' | tr -d '\n'
}
verdicts_are() { [ "$(verdicts)" = "$1" ]; }
resets() { ctl state 0 | grep -o '"resets":[0-9]*' | grep -o '[0-9]*'; }
sql_runs() { sql "$db" "select count(*) from run where slot = 1"; }
looked_at_since() { [ "$(resets)" -gt "$1" ]; }

start_fixture --boards 2 --chip esp32 --speed 20 --fill dirty
"$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --loop --plain >"$work/out" 2>&1 </dev/null &
pid=$!
check "the first board passes" "$work/out" await verdicts_are PASS
# It is found to be the same, look after look.
check "a board that has passed stays looked at" "$work/out" await looked_at_since $(($(resets) + 4))
check "and gets no second run" "$work/out" verdicts_are PASS

# Its strap is broken: it starts its old program instead of the loader, whatever the station does.
ctl board 0 mac=24:0a:c4:00:01:01 no-dtr >/dev/null
check "a board that speaks but never loads is not left under the verdict before" "$work/out" \
    await verdicts_are "PASSFAILwrong-boot-mode: "
check "it stays looked at" "$work/out" await looked_at_since $(($(resets) + 12))
check "and gets no second run" "$work/out" verdicts_are "PASSFAILwrong-boot-mode: "

ctl board 0 mac=24:0a:c4:00:01:02 >/dev/null
check "the next good board passes" "$work/out" await verdicts_are "PASSFAILwrong-boot-mode: PASS"

# The same board again, after the slot was empty.
ctl pull 0 >/dev/null
ctl plug 0 >/dev/null
check "a board that was taken out and put back is another one" "$work/out" await verdicts_are "PASSFAILwrong-boot-mode: PASSPASS"
check "each run is in the record" "$db" test "$(sql_runs)" = 4
check "the other slot had its own board alone" "$db" test "$(sql "$db" "select count(*) from run where slot = 2")" = 1

# The far end of a connection dies without a word while the slot is looked at.
ctl fault 1 half-open,at=connect,times=1 >/dev/null
dead() { ctl state 1 | grep -q '"faults":1'; }
check "a connection dies" "$work/out" await dead
ctl board 1 mac=24:0a:c4:00:01:07 >/dev/null
check "the next board behind it is found all the same" "$work/out" await grep -q "^slot 2: PASS .*24:0a:c4:00:01:07" "$work/out"
kill -INT $pid
wait $pid
check "a board failed, so the status is 1" "$work/out" test $? = 1
stop_fixture
echo "1..$test_number"
