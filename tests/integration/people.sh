# Ports and people: who else has the port, who may not have it, names that have moved, too many ports for
# the limits of this user. Each ends in a sentence and the command that cures it.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 40
recipe=$images/esp32.yaml
db=$work/record.db
mkdir "$work/pty"

# The station with ptys for serial ports, as in serial_pty.sh; `as` goes in front.
as=()
pty_run() { # port option...
    timeout 60 "${as[@]}" env "LD_PRELOAD=$bin/pty_lines.so" "PTY_LINES_CONTROL=$work/ctl" "PTY_LINES_DIR=$work/pty" \
        "ASAN_OPTIONS=${ASAN_OPTIONS:-}:verify_asan_link_order=0" \
        "$station" run "$recipe" --plain --db "$db" --port "$@"
}

passes() { sql "$db" "select count(*) from run where verdict = 'PASS'"; }

# ---- Two stations on one port ---------------------------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 1 --pty "$work/pty"
port=${ports[0]}
"$bin/make_images" "$work/long" 400 # so that it is busy for a while
recipe=$work/long/esp32.yaml pty_run "$port" >"$work/first" 2>&1 </dev/null &
first=$!
check "a station flashes" "$work/first" await grep -q 'slot 1: write' "$work/first"
check "a second station on its port is refused" "$work/out" exits 1 pty_run "$port"
check "it is told who has the port, and what to do" "$work/out" says "$work/out" \
    "port-busy: $port is in use by espstation (pid " "Another station works on this port" "kill -INT "
wait $first
check "the first never notices" "$work/first" test $? -eq 0

# ---- ModemManager ---------------------------------------------------------------------------------
cp "$(command -v bash)" "$work/ModemManager"
mkfifo "$work/end"
"$work/ModemManager" -c 'exec 9<>"$1" && flock -n 9 && touch "$2" && read -r _ <"$3"' _ \
    "$port" "$work/held" "$work/end" >"$work/mm.log" 2>&1 </dev/null &
modem=$!
check "ModemManager takes the port" "$work/mm.log" await test -e "$work/held"
check "it is named" "$work/out" exits 1 pty_run "$port"
check "with the command against it" "$work/out" says "$work/out" "in use by ModemManager (pid $modem)" \
    "sudo systemctl stop ModemManager"
echo >"$work/end"
wait $modem
check "without it the board passes" "$work/out" exits 0 pty_run "$port"

# ---- One port by two names -------------------------------------------------------------------------
ln -s "$(readlink "$port")" "$work/pty/other-name"
check "one port by two names is refused" "$work/out" exits 2 pty_run "$port" --port "$work/pty/other-name"
check "both names are said" "$work/out" says "$work/out" "The ports '$port' and '$work/pty/other-name' are the same one"

# ---- A user who may not ---------------------------------------------------------------------------
# Only root can become somebody else for a test.
if [ "$(id -u)" -eq 0 ] && getent group dialout >/dev/null && setpriv --reuid=65534 --regid=65534 --clear-groups \
    "$station" --version >"$work/out" 2>&1; then
    device=$(readlink "$port")
    chgrp dialout "$device" && chmod 660 "$device"
    chmod 666 "$work/ctl" && chmod 755 "$work" "$images" && mkdir -m 777 "$work/nobody"
    as=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    db=$work/nobody/record.db
    check "who is not in the group may not open the port" "$work/out" exits 1 pty_run "$port"
    check "the group is named, and how to join it" "$work/out" says "$work/out" \
        "port-denied" "may not be opened by this user" "sudo usermod -aG dialout \$USER"
    name=$(id -un 65534)
    sed "s/^\(dialout:.*:\)\(.*\)$/\1$name/" /etc/group >"$work/group"
    if unshare -m mount --bind "$work/group" /etc/group 2>"$work/out"; then
        as=(unshare -m sh -c 'mount --bind "$0" /etc/group && exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"'
            "$work/group")
        check "who joined after the login may not either" "$work/out" exits 1 pty_run "$port"
        check "and is told to log in again" "$work/out" says "$work/out" "since after you logged in" "newgrp dialout"
    else
        skip "who joined after the login may not either" "mounting a group file is not allowed here"
    fi
    as=(setpriv --reuid=65534 --regid="$(getent group dialout | cut -d: -f3)" --clear-groups)
    check "a member of the group needs no root" "$work/out" exits 0 pty_run "$port"
    as=()
    db=$work/record.db
else
    skip "a user who may not open the port" "only root, where the group dialout is, can become one"
fi
stop_fixture

# ---- Names that have moved ------------------------------------------------------------------------
moved=/dev/serial/by-path/pci-0000:00:14.0-usb-0:99.9:1.0-port0
check "a socket where nothing hangs" "$work/out" exits 1 "$station" run "$recipe" --plain --db "$db" --port $moved
check "is named as one, with what to do" "$work/out" says "$work/out" "port-missing: $moved: nothing hangs in this socket" \
    "lug the adapter in"

# ---- Two stations on one server, one record and one lot -------------------------------------------
start_fixture --boards 8 --chip esp32 --speed 5
half() { # first port number, options...
    local i=$1
    shift
    timeout 120 "$station" run "$recipe" --plain --db "$db" --lot shared --new-lot "$@" --port "${ports[i]}" \
        --port "${ports[i + 1]}" --port "${ports[i + 2]}" --port "${ports[i + 3]}"
}
before=$(passes)
half 0 --operator Eve >"$work/first" 2>&1 </dev/null &
first=$!
check "two stations share a record and a lot: the second passes" "$work/out" exits 0 half 4 --operator Adam
wait $first
check "...and the first" "$work/first" test $? -eq 0
check "all eight are in the record" "$db" test "$(passes)" -eq $((before + 8))
check "as of two stations" "$db" \
    test "$(sql "$db" "select count(distinct r.station) from run r join lot l on l.id = r.lot where l.name = 'shared'")" = 2
check "a board that passed at one is refused at the other" "$work/out" exits 1 half 0
check "with the way around it" "$work/out" says "$work/out" "has passed in this lot already" "--rework"

"$station" monitor --reset --port "${ports[0]}" >"$work/first" 2>&1 </dev/null &
first=$!
check "a monitor is on the serial server" "$work/first" await grep -q 'rst:' "$work/first"
check "a station on the same server" "$work/out" exits 1 "$station" run "$recipe" --plain --db "$db" --port "${ports[0]}"
check "is told who is on it" "$work/out" says "$work/out" "port-busy: ${ports[0]} is in use by espstation (pid $first)" \
    "kill -INT $first"
check "by another name of the host, that it serves one at a time" "$work/out" \
    exits 1 "$station" run "$recipe" --plain --db "$db" --port "${ports[0]/127.0.0.1/localhost}"
check "there the server speaks" "$work/out" says "$work/out" "port-busy" "serves one at a time"
kill -INT $first
wait $first
stop_fixture

# ---- 64 ports, and few open files ------------------------------------------------------------------
start_fixture --boards 64 --chip esp32 --speed 20
run_64() { # soft hard
    (ulimit -Sn "$1" && ulimit -Hn "$2" &&
        exec timeout 280 "$station" run "$recipe" --plain --db "$db" --lot "files-$2" --new-lot "${port_options[@]}")
}
runs=$(sql "$db" 'select count(*) from run')
check "64 ports with 64 open files are refused" "$work/out" exits 4 run_64 64 64
check "with the numbers and the command" "$work/out" says "$work/out" \
    "64 boards at once need 224 open files, and 64 are allowed here" "sudo prlimit --pid \$\$ --nofile="
check "before the first board" "$db" test "$(sql "$db" 'select count(*) from run')" = "$runs"
check "hand tools likewise" "$work/out" \
    exits 4 bash -c 'ulimit -n 64; exec "$@"' _ "$station" monitor "${port_options[@]}"
check "with room above, the station raises the limit itself" "$work/out" exits 0 run_64 64 1024
check "and all 64 pass" "$work/out" says "$work/out" "64 of 64 boards passed"
stop_fixture
echo "1..$test_number"
