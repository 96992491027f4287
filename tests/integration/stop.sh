# Ctrl-C once and twice, other signals, a terminal that goes away, and kill -9: boards are let go, runs are
# recorded for what they are.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 400
db=$work/record.db

# At this speed the last slot begins to write long before the first is done, also on a busy machine.
all_write() { [ "$(grep -c ': write at' "$work/out")" = 3 ]; }
begin() { # in the background; waits until all slots write
    start_fixture --boards 3 --chip esp32 --speed 1
    : >"$work/out" # the lines of the run before are not this one's
    "$@" "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --plain >"$work/out" 2>&1 &
    pid=$!
    check "three boards are being written" "$work/out" await all_write
}

runs() { sql "$db" "select count(*) from run where $1"; }
none_in_loader() { for i in 0 1 2; do ctl state $i | grep -q '"mode":"\(rom\|stub\)"' && return 1; done; return 0; }

begin
kill -INT $pid
wait $pid
check "Ctrl-C once: running boards finish" "$work/out" test $? = 0
check "and it is said" "$work/out" says "$work/out" "No new board starts; those in work are finished" "3 of 3 boards passed"
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

stopped() { runs "verdict='STOPPED' and code='stopped' and board_state='half-written'"; }
stopped_since() { [ "$(stopped)" = $(($1 + 3)) ]; }

for signal in TERM HUP QUIT; do
    before=$(stopped)
    begin
    kill -$signal $pid
    wait $pid
    check "SIG$signal ends it: exit status 1" "$work/out" test $? = 1
    check "SIG$signal: each board is recorded as stopped" "$work/out" stopped_since "$before"
    check "SIG$signal: and no board is left in its loader" "$work/fixture.log" await none_in_loader
    stop_fixture
done

begin nohup
kill -HUP $pid
wait $pid
check "behind nohup SIGHUP ends nothing" "$work/out" test $? = 0
stop_fixture

none_open() { [ "$(runs "verdict is null" 2>/dev/null)" = 0 ]; }

# A terminal is what \`script\` gives; killed, it takes it away. Its first program and those in the
# foreground get SIGHUP. Who runs in the background gets nothing, and sees its output hung up.
on_terminal() { # SHELL-COMMAND, which writes "$work/out"
    start_fixture --boards 3 --chip esp32 --speed 1
    : >"$work/out"
    rm -f "$work/ended"
    export station images db port_list="${port_options[*]}" work
    script -qfc "bash -c '$1'" "$work/out" >/dev/null 2>&1 </dev/null &
    pid=$!
    check "three boards are being written" "$work/out" await all_write
    kill -KILL $pid
    wait $pid 2>/dev/null
}
if command -v script >/dev/null; then
    run='"$station" run "$images/esp32.yaml" --db "$db" $port_list --plain'
    for how in "exec $run" "set -m; $run & wait"; do
        before=$(stopped)
        on_terminal "$how"
        check "a terminal that goes away ends it: stopped" "$work/out" await stopped_since "$before"
        check "...and no board is left in its loader" "$work/fixture.log" await none_in_loader
        check "...and no run is left open" "$work/out" await none_open # its last act may lock the record
        stop_fixture
    done
else
    skip "a terminal that goes away" "there is no \`script\` here"
fi

begin
kill -KILL $pid
wait $pid 2>/dev/null
before=$(($(runs 1) + 3))
check "kill -9: the open runs are in the record" "$work/out" test "$(runs "verdict is null")" = 3
stop_fixture
start_fixture --boards 3 --chip esp32 --speed 20
check "the next start says so" "$work/out" exits 0 "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}"
check "in words" "$work/out" says "$work/out" "3 open runs are now marked INTERRUPTED"
check "and marks them" "$work/out" test "$(runs "verdict='INTERRUPTED'")" = 3
check "no row is lost" "$work/out" test "$(runs 1)" = "$before"
check "the record is whole" "$work/out" test "$(sql "$db" 'pragma integrity_check')" = ok
stop_fixture

# ---- Hand tools -----------------------------------------------------------------------------------
start_fixture --boards 2 --chip esp32 --speed 1 --fill dirty
in_loader() { ctl state "$1" | grep -q '"mode":"\(rom\|stub\|crashed\)"'; } # the last: it hung there
one() { in_loader 0; }
none_of_two() { ! in_loader 0 && ! in_loader 1; }
stop_tool() { # SIGNAL TITLE STATUS COMMAND...
    local signal=$1 title=$2 status=$3
    shift 3
    "$station" "$@" "${port_options[@]}" >"$work/out" 2>&1 </dev/null &
    pid=$!
    check "$title works" "$work/out" await one
    kill -"$signal" $pid
    wait $pid
    check "$title and SIG$signal: exit status $status" "$work/out" test $? = "$status"
    check "$title and SIG$signal: no board is left in its loader" "$work/fixture.log" await none_of_two
}
stop_tool HUP read 1 read -o "$work/r{slot}.bin"
stop_tool QUIT erase 1 erase --yes
stop_tool TERM erase 1 erase --from 0x100000 --size 2M
stop_tool HUP verify 1 verify "$images/esp32.yaml" --plain
stop_fixture
# Done in a blink, unless the board falls silent.
start_fixture --boards 2 --chip esp32 --speed 1 --fault hang,at=identify
stop_tool QUIT identify 1 identify
check "no file of a stopped read is left" "$work/out" test ! -e "$work/r1.bin" -a ! -e "$work/r1.bin.part"
"$station" monitor "${port_options[@]}" --reset >"$work/out" 2>&1 </dev/null &
pid=$!
check "monitor hears" "$work/out" await grep -q 'rst:' "$work/out"
kill -HUP $pid
wait $pid
check "monitor and SIGHUP: exit status 0" "$work/out" test $? = 0
stop_fixture
echo "1..$test_number"
