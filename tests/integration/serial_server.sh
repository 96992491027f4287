# Behind ser2net, the serial server of the distributions: real boards' lines, a device without lines, one that
# is slow about them, one that is not there. The fixture's ptys are its serial ports.
. "$(dirname "$0")/lib.sh"
command -v ser2net >/dev/null || skip_all "ser2net is not installed here"
case $(ser2net -v 2>&1) in *" version 4."*) ;; *) skip_all "this needs ser2net 4" ;; esac
images=$work/images
"$bin/make_images" "$images" 40
db=$work/record.db
recipe=$images/esp32.yaml
mkdir "$work/pty"
sed -i "s/^retry:.*/retry: { sync: 1, pause_ms: 50 }/" "$recipe"
server=

# Ports that are free now; a server that finds one taken says so, and is started on others.
free_port() {
    local at
    for at in $(seq $((RANDOM % 20000 + 20000)) 65000); do
        (exec 3<>"/dev/tcp/127.0.0.1/$at") 2>/dev/null || { echo "$at"; return; }
    done
}

# start_server DEVICE NAME=VALUE...: ser2net on that device, with the preload that gives ptys lines.
start_server() {
    local device=$1
    shift
    tcp=$(free_port)
    cat >"$work/ser2net.yaml" <<END
connection: &board
  accepter: telnet(rfc2217),tcp,127.0.0.1,$tcp
  connector: serialdev,$device,115200n81,local
END
    env "LD_PRELOAD=$bin/pty_lines.so" "PTY_LINES_CONTROL=$work/ctl" "PTY_LINES_DIR=$work/pty" "$@" \
        ser2net -n -c "$work/ser2net.yaml" >"$work/ser2net.log" 2>&1 &
    server=$!
    listens() { (exec 3<>"/dev/tcp/127.0.0.1/$tcp") 2>/dev/null; }
    await listens
    # The look has opened the device; ser2net closes it when it sees the end.
    port=rfc2217://127.0.0.1:$tcp
}

stop_server() {
    kill $server 2>/dev/null
    wait $server 2>/dev/null
    server=
}
trap 'stop_server; cleanup' EXIT

runs() { sql "$db" "select count(*) from run"; }

# EN rises as quickly as with 10 kOhm and 100 nF.
start_fixture --boards 1 --chip esp32 --speed 20 --pty "$work/pty" --en-ms 2 --strap-ms 1
device=$(readlink "${ports[0]}")

start_server "$device"
check "a board behind ser2net is named" "$work/out" exits 0 "$station" identify --port "$port"
check "and with the option that pyserial's servers print" "$work/out" \
    exits 0 "$station" identify --port "$port?ign_set_control"
check "it is one port with and without it" "$work/out" \
    exits 2 "$station" identify --port "$port" --port "$port?ign_set_control"
check "which is said" "$work/out" says "$work/out" "are the same one"
check "it is flashed and proved" "$work/out" exits 0 "$station" run "$recipe" --plain --db "$db" --port "$port"
stop_server

# It runs its application now; a blank one resets itself over and over, also while its strap is held.
start_server "$device" PTY_LINES_DELAY_US=4000
check "a server that takes 4 ms for each line" "$work/out" exits 1 "$station" identify --port "$port"
check "is named as the cause" "$work/out" says "$work/out" \
    "wrong-boot-mode" "; the serial server takes 4." " ms from one line to the other" "plug the adapter in here"
check "and not the board's circuit" "$work/out" eval '! grep -q "auto-reset" "$work/out"'
stop_server

start_server "$device" PTY_LINES_NONE=1
check "a device without lines behind a server" "$work/out" exits 1 "$station" identify --port "$port"
check "is named as the cause" "$work/out" says "$work/out" "the serial server does not know of any DTR and RTS" \
    "adapter with DTR and RTS"
stop_server

start_server "$work/pty/slot9"
check "a device that is not there" "$work/out" exits 1 "$station" run "$recipe" --plain --db "$db" --port "$port"
check "is missing, in the server's own words" "$work/out" says "$work/out" "port-missing: $port: the server" \
    "saying 'Device open failure" "adapter into the computer of the server"
stop_server
check "a server that is not there" "$work/out" exits 1 "$station" identify --port "$port"
check "is missing" "$work/out" says "$work/out" "port-missing: $port: no connection" "Start the serial server"
stop_fixture
echo "1..$test_number"
