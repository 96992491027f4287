# The computer under the station lets it down: a full disk, a dead or read-only one, a record that
# another program locks, a clock that is set. Verdicts tell of it, boards are reset, no row is half there.
# With a mount namespace (root, or a kernel that lets everybody) also a disk that is really full.
if [ -z "${TROUBLE_NAMESPACE:-}" ] && unshare -rm true 2>/dev/null; then
    TROUBLE_NAMESPACE=1 exec unshare -rm bash "$0" "$@"
fi
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 400
disk=$work/disk
db=$disk/record.db
mkdir "$disk"
boards=4
mounted=false
[ -n "${TROUBLE_NAMESPACE:-}" ] && mount -t tmpfs -o size=8m trouble "$disk" 2>/dev/null && mounted=true
trap '$mounted && umount "$disk"; cleanup' EXIT

troubled=(env "LD_PRELOAD=$bin/trouble.so" "TROUBLE_FILE=$db" "TROUBLE_DISK=$work/says" "TROUBLE_CLOCK=$work/clock"
    "ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0" "$station")

# begin COMMAND...: starts a run in the background, and lets the command bring the trouble once all slots
# have come to $moment. On a machine so slow that a board had passed by then, once more.
begin() {
    for try in 1 2 3 4 5; do
        rm -f "$db"* "$work/says" "$work/clock" "$disk/filler"
        [ -z "$locker" ] || unlock_record
        : >"$work/out"
        "${troubled[@]}" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --plain $run_options >"$work/out" 2>&1 </dev/null &
        pid=$!
        all_there() { [ "$(grep -c "$moment" "$work/out")" -ge $boards ]; }
        await all_there || { cat "$work/out"; exit 1; }
        "$@"
        grep -q PASS "$work/out" || return 0
        kill -KILL $pid
        wait $pid 2>/dev/null
    done
    echo "# the boards pass faster than trouble comes"
}
run_options=
moment=': write at'
locker=

disk_says() { echo "$1" >"$work/says"; }

ends() { # status
    wait $pid
    [ $? -eq "$1" ] || { echo "# not exit status $1"; return 1; }
}

runs() { sql "$db" "select count(*) from run where $1"; }

all_run() { # the applications: no board is left in its loader
    for ((i = 0; i < boards; i++)); do is_running $i || return 1; done
}

# A record whose rows are all whole: what was not committed is not there at all.
record_is_whole() {
    test "$(sql "$db" "pragma integrity_check; pragma foreign_key_check;
        select 'attempt without digests', id from attempt where phase in ('verify', 'leave', 'boot')
            and not exists (select 1 from digest where attempt = attempt.id);
        select 'a hole in its attempts', run from attempt group by run having count(*) <> max(number)")" = ok &&
        "$station" audit --db "$db" >"$work/audit"
}

verdicts_are() { # code: of all slots
    [ "$(grep -c "^slot .: FAIL .*$1: " "$work/out")" = $boards ]
}

run_again() {
    exits 0 "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}"
}

after_the_trouble() { # title: what holds after each of them
    check "$1: every slot says FAIL database" "$work/out" verdicts_are database
    check "$1: no PASS was shown, and none is recorded" "$work/out" test "$(runs "verdict='PASS'") $(grep -c PASS "$work/out")" = "0 0"
    check "$1: the boards were reset and run" "$work/out" await all_run
    check "$1: no row is half there" "$work/out" record_is_whole
}

start_fixture --boards $boards --chip esp32 --speed 4 --fill dirty

# ---- The disk fails in mid-run, as the system calls say ---------------------------------------------
fails_with() { # errno text...
    local errno=$1
    shift
    begin disk_says "$errno"
    check "$errno: exit status 4" "$work/out" ends 4
    after_the_trouble "$errno"
    check "$errno: the operator reads what it is and what to do" "$work/out" says "$work/out" "$@"
    check "$errno: a station does not even start on such a disk" "$work/out" \
        exits 4 "${troubled[@]}" run "$images/esp32.yaml" --db "$db" "${port_options[@]}"
    check "$errno: and says why" "$work/out" says "$work/out" "$1"
    rm "$work/says"
    check "$errno: when it is cured all goes on" "$work/out" run_again
    check "$errno: the runs between are marked" "$work/out" test "$(runs "verdict='INTERRUPTED'") $(runs "verdict='PASS'") $(runs "verdict is null")" = "$boards $boards 0"
}
fails_with ENOSPC "No room left on the disk for $db" "Make room on that disk"
fails_with EDQUOT "No room left on the disk for $db" "Make room on that disk"
fails_with EIO "The disk failed under $db" "Look at the disk"
fails_with EROFS "$db lies on a disk that is mounted read-only" "see dmesg"

# ---- The disk fails before the boards have said who they are ---------------------------------------------
programmed() { for ((i = 0; i < boards; i++)); do ctl state $i | grep -o '"programmed_bytes":[0-9]*'; done; }
moment=': sync$'
programmed >"$work/before"
begin disk_says ENOSPC
moment=': write at'
check "at the gate: exit status 4" "$work/out" ends 4
after_the_trouble "at the gate"
programmed >"$work/after"
check "at the gate: nothing was written, and it is said" "$work/out" cmp "$work/before" "$work/after"
check "at the gate: in words" "$work/out" test "$(grep -c "^slot .: FAIL .*The board is untouched" "$work/out")" = $boards
rm "$work/says"

# ---- A disk that is really full ------------------------------------------------------------------------
if $mounted; then
    fill_disk() { dd if=/dev/zero of="$disk/filler" bs=64k 2>/dev/null; }
    begin fill_disk
    check "full disk: exit status 4" "$work/out" ends 4
    after_the_trouble "full disk"
    check "full disk: the operator reads what it is and what to do" "$work/out" says "$work/out" "No room left on the disk" "Make room"
    rm "$disk/filler"
    check "full disk: with room again all goes on" "$work/out" run_again
    check "full disk: the record is whole" "$work/out" record_is_whole
    mount -o remount,ro "$disk"
    check "read-only disk: no station starts, no board is touched" "$work/out" \
        exits 4 "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}"
    check "read-only disk: the operator reads what it is and what to do" "$work/out" says "$work/out" "mounted read-only" --db
    check "read-only disk: the record can still be read" "$work/out" exits 0 "$station" history 24:0a:c4:00:00:00 --db "$db"
    mount -o remount,rw "$disk"
else
    skip "a disk that is really full" "mounting one needs root or user namespaces"
fi

# ---- In a loop, room comes back without a restart ---------------------------------------------------------
run_options=--loop
begin disk_says ENOSPC
run_options=
check "loop: the slots fail" "$work/out" await verdicts_are database
ctl board 0 mac=24:0a:c4:00:02:00 >/dev/null
refused() { grep -q "^slot 1: FAIL unknown board .*Recording the start of a run in slot 1: No room left.*untouched" "$work/out"; }
check "loop: while it lasts the next board is refused untouched" "$work/out" await refused
check "loop: really" "$work/out" test "$(ctl state 0 | grep -o '"programmed_bytes":[0-9]*')" = '"programmed_bytes":0'
rm "$work/says"
for ((i = 0; i < boards; i++)); do ctl fault $i "mac=24:0a:c4:00:01:0$i" >/dev/null; done
all_passed() { [ "$(grep -c "PASS ESP32 24:0a:c4:00:01" "$work/out")" = $boards ]; }
check "loop: with room again the next boards pass" "$work/out" await all_passed
check "loop: the runs that could not be closed then are closed now, as what was shown" "$work/out" \
    test "$(runs "verdict='FAIL' and code='database' and board_state='running'")" = $boards
kill -INT $pid
wait $pid
check "loop: no run stays open" "$work/out" test "$(runs "verdict is null")" = 0
check "loop: the record is whole, and its audit clean" "$work/audit" record_is_whole

# ---- Another program locks the record -------------------------------------------------------------------
lock_record() { # in the background, until its input ends
    rm -f "$work/locked" "$work/key"
    mkfifo "$work/key"
    sqlite3 "$db" <"$work/key" &
    locker=$!
    exec 8>"$work/key"
    echo "begin exclusive;
.shell touch $work/locked" >&8
    await test -e "$work/locked"
}
unlock_record() {
    echo "rollback;" >&8
    exec 8>&-
    wait $locker
    locker=
}
begin lock_record
check "locked: exit status 4" "$work/out" ends 4
after_the_trouble locked
check "locked: the program is named, and what to do" "$work/out" says "$work/out" "is locked by process $locker (sqlite3)" "End that program"
named=$(grep -c "^slot .: FAIL .*is locked by process $locker (sqlite3)" "$work/out")
check "locked: in every slot" "$work/out" test "$named" = $boards
check "locked: a station that is started meanwhile says the same" "$work/out" \
    exits 4 "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}"
check "locked: and names the program" "$work/out" says "$work/out" "is locked by process $locker (sqlite3)"
unlock_record
check "locked: unlocked, all goes on" "$work/out" run_again

# A short lock is waited out.
begin lock_record
all_checked() { [ "$(grep -c ': boot$' "$work/out")" = $boards ]; }
check "a short lock: the boards come to their end" "$work/out" await all_checked
unlock_record
check "a short lock is waited out: all pass" "$work/out" ends 0

# ---- The clock is set -----------------------------------------------------------------------------------
# Of the two runs that the board had.
runs_in_order() { # file
    test "$(grep -o '^ *run [0-9]*' "$1" | grep -o '[0-9]*' | tr '\n' ' ')" = "$(sql "$db" "select run.id from run join board on board.id = board
        where mac = '24:0a:c4:00:01:00' order by run.id" | tr '\n' ' ')"
}

clock_set() { # title milliseconds
    set_clock() { echo "$1" >"$work/clock"; }
    begin set_clock "$2"
    check "$1 in mid-run: all pass" "$work/out" ends 0
    check "$1: durations are true" "$work/out" test "$(runs "duration_ms not between 1 and 60000")" = 0
    check "$1: each run ends its duration after it started" "$work/out" test "$(runs "abs((julianday(ended_utc)
        - julianday(started_utc)) * 86400000 - duration_ms) > 1000")" = 0
    check "$1: and the attempts are inside" "$work/out" test "$(sql "$db" "select count(*) from attempt a join run r on r.id = a.run
        where a.started_utc < r.started_utc or a.started_utc > r.ended_utc or a.duration_ms not between 1 and 60000")" = 0
    exits 0 "${troubled[@]}" run "$images/esp32.yaml" --db "$db" "${port_options[@]}"
    cp "$work/out" "$work/second"
    rm "$work/clock"
    "$station" history 24:0a:c4:00:01:00 --db "$db" >"$work/history"
    check "$1: a board's history is in the order it was made" "$work/history" runs_in_order "$work/history"
}
clock_set "an hour back" -3600000
check "an hour back: the next start says so" "$work/second" says "$work/second" "the clock of this computer shows" timedatectl
clock_set "a day on" 86400000
check "a day on: nobody minds" "$work/second" test "$(grep -c timedatectl "$work/second")" = 0
stop_fixture
echo "1..$test_number"
