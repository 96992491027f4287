# A PLC at the real line: espstation line with virtual boards, START from Modbus, results from the record.
. "$(dirname "$0")/lib.sh"
/usr/bin/python3 -c 'import pymodbus.client' 2>/dev/null || skip_all "there is no pymodbus here; run: make deps"
images=$work/images
"$bin/make_images" "$images" 40
db=$work/record.db
start_fixture --boards 2 --chip esp32 --speed 20
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
plc_port=$(free_port)
cat >"$work/station.yaml" <<YAML
station: line 1
start: plc
plc: { listen: "127.0.0.1:$plc_port", heartbeat_ms: 2000 }
slots:
  - { name: A1, port: "${ports[0]}" }
  - { name: A2, port: "${ports[1]}" }
YAML
"$station" lot open L --quantity 4 --operator Eve --db "$db" >/dev/null
"$station" line "$images/esp32.yaml" --station "$work/station.yaml" --db "$db" --lot L >"$work/line" 2>&1 </dev/null &
line=$!
is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$plc_port") 2>/dev/null; }
check "the line listens for the PLC" "$work/line" await is_open
runs() { sql "$db" "select count(*) from run"; }

mkfifo "$work/ask" "$work/say"
/usr/bin/python3 "$root/tests/plc/one.py" "$plc_port" <"$work/ask" >"$work/say" 2>"$work/plc.err" &
plc=$!
exec 7>"$work/ask" 8<"$work/say"
# plc WORD...: one question to the PLC's side, one line back.
plc() {
    echo "$*" >&7
    read -rt 60 answer <&8
    echo "# $* -> $answer"
}
plc_says() { # ANSWER WORD...
    local wanted=$1
    shift
    plc "$@" >>"$work/said"
    # shellcheck disable=SC2053
    [[ $answer == $wanted ]] || { echo "# '$*' gives '$answer', not '$wanted'"; return 1; }
}

check "nothing begins by itself" "$work/line" plc_says "ready" wait 1 ready
check "nor has a row" "$work/line" test "$(runs)" = 0
check "START in slot 1 ends in PASS" "$work/line" plc_says "pass cycle=11 cause=0 mac=24:0a:c4:00:00:00 run=*" cycle 1 11
check "that is the row of the record" "$work/line" test "$(sql "$db" "select r.id || r.verdict || b.mac from run r join board b on b.id = r.board")" \
    = "${answer##*run=}PASS24:0a:c4:00:00:00"
check "the other slot had no run" "$work/line" plc_says "ready" wait 2 ready
check "the same board once more is no other PASS" "$work/line" plc_says "error cycle=12 cause=20 *" cycle 1 12
check "and has no other row" "$work/line" test "$(runs)" = 1
ctl board 0 mac=24:0a:c4:00:01:01 >/dev/null
check "the next board passes" "$work/line" plc_says "pass cycle=13 cause=0 mac=24:0a:c4:00:01:01 *" cycle 1 13
ctl board 1 drop=1 >/dev/null
check "a slot whose board is dead ends in FAIL" "$work/line" plc_says "fail cycle=21 cause=10 *" cycle 2 21
ctl board 1 mac=24:0a:c4:00:01:02 >/dev/null
ctl board 0 mac=24:0a:c4:00:01:03 >/dev/null
check "both slots at once" "$work/line" plc_says "pass cycle=14 * pass cycle=22 *" both 14 22
check "the record has the boards that passed, each once" "$work/line" \
    test "$(sql "$db" "select count(*) || count(distinct board) from run where verdict = 'PASS'")" = 44
check "the lot is full: nothing is ready" "$work/line" plc_says "lot full, not ready" full 1
check "START in a full lot begins nothing" "$work/line" plc_says "nothing" start 1 15
check "and has no row" "$work/line" test "$(sql "$db" "select count(*) from run where verdict = 'PASS'")" = 4
check "without a heartbeat there is a fault" "$work/line" plc_says "comm fault" silence
exec 7>&-
wait $plc
check "the PLC's side had no trouble" "$work/plc.err" test $? = 0
kill -INT $line
wait $line
check "the line ends in good order" "$work/line" test $? = 0
check "the record is whole" "$work/out" exits 0 "$station" audit --db "$db"
echo "1..$test_number"
