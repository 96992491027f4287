# Ctrl-C once and twice, and kill -9: boards are let go, runs are recorded for what they are.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 400
db=$work/record.db

# At this speed the last slot begins to write long before the first is done, also on a busy machine.
begin() { # in the background; waits until all slots write
    start_fixture --boards 3 --chip esp32 --speed 1
    : >"$work/out" # the lines of the run before are not this one's
    "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --plain >"$work/out" 2>&1 &
    pid=$!
    all_write() { [ "$(grep -c ': write at' "$work/out")" = 3 ]; }
    check "three boards are being written" "$work/out" await all_write
}

runs() { sql "$db" "select count(*) from run where $1"; }
none_in_loader() { for i in 0 1 2; do ctl state $i | grep -q '"mode":"\(rom\|stub\)"' && return 1; done; return 0; }

begin
kill -INT $pid
wait $pid
check "Ctrl-C once: running boards finish" "$work/out" test $? = 0
check "and it is said" "$work/out" says "$work/out" "No new board starts" "3 of 3 boards passed"
stop_fixture

begin
kill -INT $pid
check "the first Ctrl-C is taken" "$work/out" await grep -q "No new board" "$work/out"
kill -INT $pid
wait $pid
check "Ctrl-C twice: exit status 1" "$work/out" test $? = 1
check "each board is recorded as stopped, half-written" "$work/out" \
    test "$(runs "verdict='STOPPED' and code='stopped' and board_state='half-written'")" = 3
check "and no board is left in its loader" "$work/fixture.log" await none_in_loader
stop_fixture

begin
kill -KILL $pid
wait $pid 2>/dev/null
check "kill -9: the open runs are in the record" "$work/out" test "$(runs "verdict is null")" = 3
stop_fixture
start_fixture --boards 3 --chip esp32 --speed 20
check "the next start says so" "$work/out" exits 0 "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}"
check "in words" "$work/out" says "$work/out" "3 open runs are now marked INTERRUPTED"
check "and marks them" "$work/out" test "$(runs "verdict='INTERRUPTED'")" = 3
check "no row is lost" "$work/out" test "$(runs 1)" = 12
check "the record is whole" "$work/out" test "$(sql "$db" 'pragma integrity_check')" = ok
stop_fixture
echo "1..$test_number"
