# espstation line: slots of a station file, all day; a lot that is full; a start after a kill.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 64
db=$work/record.db

write_station() { # line...: of the station
    {
        echo "station: test line"
        for l in "$@"; do echo "$l"; done
        echo "slots:"
        for i in "${!ports[@]}"; do echo "  - { name: A$((i + 1)), port: \"${ports[$i]}\" }"; done
        echo '  - { name: B1, usb: "pci-0000:00:14.0-usb-0:9.9:1.0" }'
    } >"$work/station.yaml"
}
start_line() { # option...
    : >"$work/out" # the lines of the one before are not this one's
    "$station" line "$images/esp32.yaml" --station "$work/station.yaml" --db "$db" "$@" >"$work/out" 2>"$work/err" </dev/null &
    pid=$!
}
stop_line() { kill -INT $pid; wait $pid; }
line_says() { grep -qF -- "$1" "$work/out"; }
passes_are() { [ "$(sql "$db" "select count(*) from run where verdict = 'PASS'" 2>/dev/null)" = "$1" ]; }
runs() { sql "$db" "select count(*) from run ${1:-}"; }

start_fixture --boards 3 --chip esp32 --speed 20
write_station
ctl board 2 drop=1 >/dev/null # nobody
start_line --operator ann
check "boards that are there pass" "$work/out" await passes_are 2
check "a slot without an adapter says so" "$work/out" await line_says "slot B1: no adapter"
check "a slot without a board is empty" "$work/out" await line_says "slot A3: empty"
ctl board 2 mac=24:0a:c4:00:02:01 >/dev/null
check "a board that is put in begins by itself" "$work/out" await passes_are 3
ctl board 0 mac=24:0a:c4:00:02:02 >/dev/null
check "so does the next one in a slot whose board has passed" "$work/out" await passes_are 4
resets() { ctl state "$1" | grep -o '"resets":[0-9]*' | grep -o '[0-9]*'; }
check "and its run began with the question who it is: power, one reset into its loader, one out" "$work/out" test "$(resets 0)" = 3
ctl board 0 mac=24:0a:c4:00:00:00 >/dev/null
check "one that has passed here is known" "$work/out" await line_says "passed already, run"
check "and has no other run" "$work/out" test "$(runs)" = 4
moved() { [ "$(grep -c 'passed already, run' "$work/out")" -ge 3 ]; }
ctl board 0 mac=24:0a:c4:00:00:01 >/dev/null # those of A1 and A2 change places
ctl board 1 mac=24:0a:c4:00:00:00 >/dev/null
check "boards that are moved to other slots are green there" "$work/out" await moved
check "and have no other run" "$work/out" test "$(runs)" = 4
ctl board 0 mac=24:0a:c4:00:00:00 >/dev/null
ctl board 1 mac=24:0a:c4:00:00:01 >/dev/null
moved_back() { [ "$(grep -c 'passed already, run' "$work/out")" -ge 5 ]; }
check "in their own, too" "$work/out" await moved_back
stop_line
check "a stop that was asked for is no failure" "$work/err" test $? = 0

# Killed, and started again: who has passed the record tells.
start_line
told() { [ "$(grep -c 'passed already, run' "$work/out")" = 3 ]; }
check "after a restart boards that have passed are green" "$work/out" await told
kill -9 $pid
wait $pid 2>/dev/null
start_line
check "after a kill, too" "$work/out" await told
check "and none of them was run again" "$work/out" test "$(runs)" = 4
stop_line

# Another order: more boards than places at once.
"$station" lot open small --recipe "$images/esp32.yaml" --quantity 4 --operator eve --db "$db" >"$work/lot" 2>&1
start_line --lot small
check "boards pass in the lot" "$work/out" await passes_are 7
ctl board 0 mac=24:0a:c4:00:03:01 >/dev/null
ctl board 1 mac=24:0a:c4:00:03:02 >/dev/null
ctl board 2 mac=24:0a:c4:00:03:03 >/dev/null
check "one of three more finds the last place" "$work/out" await passes_are 8
full() { [ "$(grep -c 'waiting: LOT FULL 4/4' "$work/out")" -ge 2 ]; }
check "the others wait, and say for what" "$work/out" await full
check "none is red" "$work/out" test "$(runs "where verdict <> 'PASS'")" = 0
check "none has a row" "$work/out" test "$(runs "where lot = (select id from lot where name = 'small')")" = 4
stop_line
start_line --lot small
check "a line that is started again with a full lot waits as before" "$work/out" await full
check "and knows those that have passed" "$work/out" await line_says "passed already, run"
stop_line
stop_fixture

# A board that fails stays red; the next one begins by itself.
start_fixture --boards 1 --chip esp32 --speed 20
ctl board 0 mac=24:0a:c4:00:04:00 write-protect >/dev/null
sed -i "s/^retry:.*/retry: { write: 1, sync: 1, pause_ms: 50 }/" "$images/esp32.yaml"
db=$work/second.db
write_station
start_line
failed() { [ "$(runs "where verdict = 'FAIL'")" = "$1" ]; }
check "a bad board fails" "$work/out" await failed 1
read -rt 5 <> <(:) || :
check "it has one run" "$work/out" test "$(runs)" = 1
ctl board 0 mac=24:0a:c4:00:04:01 >/dev/null
check "the next one passes" "$work/out" await passes_are 1
stop_line
stop_fixture

# A lid: nothing begins while it is open, and who sits under it when it is shut begins, or is dead.
start_fixture --boards 1 --chip esp32 --speed 20
db=$work/lid.db
write_station 'start: switch' 'switch: dsr'
ctl dsr 0 0 >/dev/null
start_line
read -rt 4 <> <(:) || :
check "under an open lid no board begins" "$work/out" test "$(runs)" = 0
ctl dsr 0 1 >/dev/null
check "once it is shut the board begins" "$work/out" await passes_are 1
read -rt 3 <> <(:) || :
ctl dsr 0 0 >/dev/null
empty_again() { [ "$(grep -c 'slot A1: empty' "$work/out")" -ge 2 ]; }
check "an opened lid empties the slot" "$work/out" await empty_again
ctl dsr 0 1 >/dev/null
check "the same board under it has passed already" "$work/out" await line_says "passed already, run"
ctl dsr 0 0 >/dev/null
read -rt 1 <> <(:) || :
ctl board 0 drop=1 >/dev/null
ctl dsr 0 1 >/dev/null
dead() { [ "$(runs "where code = 'no-sync'")" = 1 ]; }
check "a dead board under it has its row" "$work/out" await dead
check "and nothing else was run" "$work/out" test "$(runs)" = 2
stop_line
stop_fixture

# A slot whose boards fail one after the other is taken out of work, and proved by a golden board.
start_fixture --boards 1 --chip esp32 --speed 20
db=$work/third.db
write_station 'golden: ["24:0A:C4:00:09:09"]' 'attention_after: 2'
ctl board 0 mac=24:0a:c4:00:05:01 hang,at=first,times=99 >/dev/null
start_line
check "a first board fails" "$work/out" await failed 1
ctl board 0 mac=24:0a:c4:00:05:02 hang,at=first,times=99 >/dev/null
check "the slot is taken out of work with the reason" "$work/out" await line_says "attention: 2 boards in a row failed here, the last one with write"
ctl board 0 mac=24:0a:c4:00:05:03 >/dev/null
read -rt 4 <> <(:) || :
check "no other board begins in it" "$work/out" test "$(runs)" = 2
ctl board 0 mac=24:0a:c4:00:09:09 >/dev/null
check "but a golden one does" "$work/out" await passes_are 1
check "its run is marked" "$work/out" test "$(runs "where golden = 1")" = 1
ctl board 0 mac=24:0a:c4:00:05:03 >/dev/null
check "and then the others do again" "$work/out" await passes_are 2
stop_line
"$station" stats --db "$db" >"$work/stats" 2>&1
check "a golden run counts in no yield" "$work/stats" says "$work/stats" "3 boards"
check "the chain of a record with golden runs is whole" "$work/out" "$station" audit --db "$db"
stop_fixture
echo "1..$test_number"
