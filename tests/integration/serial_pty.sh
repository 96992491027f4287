# The whole station on kernel ttys: the fixture's ptys, which a preloaded library passes off as serial
# ports with DTR and RTS. Its record of the lines proves what reaches the board, step by step.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 120
db=$work/record.db
mkdir "$work/pty"

# The station, with ptys for serial ports. A sanitizer's runtime wants to be the first library.
pty_station=(env "LD_PRELOAD=$bin/pty_lines.so" "PTY_LINES_LOG=$work/lines" "PTY_LINES_CONTROL=$work/ctl"
    "PTY_LINES_DIR=$work/pty" "ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0" "$station")

start_ptys() { # boards option...
    rm -f "$work/lines"
    touch "$work/lines"
    start_fixture --boards "$@" --chip esp32 --speed 20 --fill dirty --pty "$work/pty"
}

run_ptys() { # STATUS option...: on all ports
    local status=$1
    shift
    exits "$status" "${pty_station[@]}" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" "$@"
}

is_right() { # board
    flash_equals "$1" 0x8000 "$images/partitions.bin" && flash_equals "$1" 0x10000 "$images/app.bin" &&
        is_running "$1"
}

# The lines of one board, one digit each for DTR and RTS, in order.
lines_of() { # board
    awk -v device="$(readlink "$work/pty/slot$1")" '$2 == device { printf "%d%d ", $3, $4 }' "$work/lines"
}

calls_are_only() { # name...: what moved the lines
    local other
    other=$(awk '{ print $5 }' "$work/lines" | sort -u | grep -vxF "$(printf '%s\n' "$@")")
    [ -z "$other" ] || { echo "# lines were also moved by: $other"; return 1; }
}

lines_begin_with() { # board TEXT
    case "$(lines_of "$1")" in "$2"*) ;; *) return 1 ;; esac
}

# ---- Four boards ----------------------------------------------------------------------------------
start_ptys 4
check "four boards on kernel ttys pass" "$work/out" run_ptys 0
check "at the first attempt, at the full rate" "$db" \
    test "$(sql "$db" "select count(*), min(number), max(number), min(baud) from attempt")" = "4|1|1|921600"
all=true
for i in 0 1 2 3; do is_right $i || all=false; done
check "all four hold the images, and run" "$work/fixture.log" $all
# The kernel's own step and libserialport's two repeat (1,1); then the reset, both lines at a time.
check "the board sees the reset without a step between" "$work/lines" lines_begin_with 0 "11 11 11 00 11 01 10 00"
check "each change of ours is one step" "$work/lines" calls_are_only open TIOCMBIS TIOCMSET
check "closing moves no line" "$work/lines" test "$(grep -c ' close$' "$work/lines")" = 0
check "both lines are released at the end" "$work/lines" test "$(lines_of 0 | grep -o '.. $')" = "00 "
check "the next run needs no hand" "$work/out" run_ptys 0
stop_fixture

# ---- Not ours alone -------------------------------------------------------------------------------
start_ptys 2
flock --no-fork "$work/pty/slot0" sh -c "touch '$work/locked'; exec sleep 60" &
holder=$!
await test -e "$work/locked"
check "a port another program holds is busy; the other board passes" "$work/out" run_ptys 1 --lot busy --new-lot
check "the holder is named" "$work/out" says "$work/out" port-busy "$work/pty/slot0 is in use by" "(pid "
# The library cannot see that the port was open already, where opening again moves no line.
check "the board behind it was not touched" "$work/lines" test "$(lines_of 0)" = "11 "
kill $holder
wait $holder 2>/dev/null
stop_fixture

# ---- The cable --------------------------------------------------------------------------------------
start_ptys 1 --fault 0:pull=60000,back-ms=600,times=1
check "pulled in mid-write and put back, the run passes" "$work/out" run_ptys 0
check "the operator was told of both" "$work/out" says "$work/out" "port-gone: " "$work/pty/slot0 is gone" \
    "waiting for it to come back"
check "the board is whole" "$work/fixture.log" is_right 0
stop_fixture

# ---- A native USB port by its ids -----------------------------------------------------------------
start_ptys 1
PTY_LINES_USB=303a:1001:240AC4000000 "${pty_station[@]}" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" \
    >"$work/out" 2>&1 </dev/null &
station_pid=$!
# This board's transistors are not that chip's hardware: only the way of asking is looked at.
check "303A:1001 gets the sequence of USB-Serial/JTAG" "$work/lines" await lines_begin_with 0 "11 11 11 10 00"
kill -INT $station_pid
await grep -q "those in work are finished" "$work/out"
kill -INT $station_pid
wait $station_pid
check "Ctrl-C twice ends it" "$work/out" says "$work/out" "STOPPED  stopped"
stop_fixture
echo "1..$test_number"
