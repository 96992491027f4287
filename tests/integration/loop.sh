# run --loop: board after board in the same slot without a hand, and none that has passed is asked
# for anything, run again or turned red by itself.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 64
sed -i "s/^retry:.*/retry: { sync: 1, pause_ms: 50 }/" "$images/esp32.yaml"
db=$work/record.db

verdicts() { # of slot 1, in order
    grep -o '^slot 1: \(PASS\|FAIL\) .*' "$work/out" | grep -o 'PASS\|FAIL\|wrong-boot-mode: \|identify: \|no-flash: ' | tr -d '\n'
}
verdicts_are() { [ "$(verdicts)" = "$1" ]; }
resets() { ctl state "$1" | grep -o '"resets":[0-9]*' | grep -o '[0-9]*'; }
sql_runs() { sql "$db" "select count(*) from run where slot = $1"; }
was_reset_since() { [ "$(resets 0)" -gt "$1" ]; }

start_fixture --boards 2 --chip esp32 --speed 20 --fill dirty
ctl board 1 drop=1 >/dev/null # nobody: not a byte comes or goes
"$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --loop --plain >"$work/out" 2>&1 </dev/null &
pid=$!
check "the first board passes" "$work/out" await verdicts_are PASS
before=$(resets 0)
read -rt 3 <> <(:) || :
check "a board that has passed is not reset by the clock" "$work/out" test "$(resets 0)" = "$before"
ctl press 0 reset >/dev/null
check "after a reset that was not ours it is asked who it is, once" "$work/out" await was_reset_since $((before + 1))
read -rt 2 <> <(:) || :
check "and gets no second run" "$work/out" verdicts_are PASS
check "an empty slot has no run" "$work/out" test "$(sql_runs 2)" = 0

# A wire that loses bytes, and a person who presses reset now and then.
ctl fault 0 drop=0.0005 >/dev/null
for _ in 1 2 3; do
    ctl press 0 reset >/dev/null
    read -rt 6 <> <(:) || :
done
check "lost bytes make no other board of it" "$work/out" test "$(sql_runs 1)" = 1
check "nor turn it red" "$work/out" verdicts_are PASS

# Its strap is broken: it starts its old program instead of the loader, whatever the station does.
# It may be the board that has passed; only a person can tell.
ctl board 0 mac=24:0a:c4:00:01:01 no-dtr >/dev/null
read -rt 5 <> <(:) || :
check "a board that does not say who it is after one that has passed is not judged by itself" "$work/out" verdicts_are PASS
ctl board 0 drop=1 >/dev/null
read -rt 40 <> <(:) || : # three questions, 5 s between them, of some seconds each: then nobody is there
ctl board 0 mac=24:0a:c4:00:01:01 no-dtr >/dev/null
check "in a slot that was empty it is" "$work/out" await verdicts_are "PASSFAILwrong-boot-mode: "
read -rt 3 <> <(:) || :
check "and gets no second run" "$work/out" verdicts_are "PASSFAILwrong-boot-mode: "
ctl board 0 mac=24:0a:c4:00:01:02 >/dev/null
check "the next good board passes" "$work/out" await verdicts_are "PASSFAILwrong-boot-mode: PASS"

# The same board again, after its cable was out.
ctl pull 0 >/dev/null
read -rt 3 <> <(:) || :
ctl plug 0 >/dev/null
read -rt 3 <> <(:) || :
check "a board whose cable was out and in has no second run" "$work/out" test "$(sql_runs 1)" = 3

# The far end of a connection dies without a word while nobody sits in the slot.
ctl board 1 mac=24:0a:c4:00:01:07 >/dev/null
passed() { grep -q "^slot 2: PASS .*24:0a:c4:00:01:07" "$work/out"; }
check "a board in the slot that was empty passes" "$work/out" await passed
kill -INT $pid
wait $pid
check "a board failed, so the status is 1" "$work/out" test $? = 1
check "it had one run" "$work/out" test "$(sql_runs 2)" = 1

# After a restart the record tells.
: >"$work/out"
"$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --loop --plain >"$work/out" 2>&1 </dev/null &
pid=$!
told() { [ "$(grep -c 'Passed already, run' "$work/out")" = 2 ]; }
check "boards that have passed stay so after a restart of the station" "$work/out" await told
check "without another run" "$work/out" test "$(sql_runs 1)$(sql_runs 2)" = 31
kill -INT $pid
wait $pid
stop_fixture
echo "1..$test_number"
