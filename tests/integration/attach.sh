# A line that runs all day, seen and acted on from elsewhere through its socket; strangers and slow readers at it;
# and what ends the line: signals, and a terminal that goes away.
. "$(dirname "$0")/lib.sh"
need_node 18 0
images=$work/images
"$bin/make_images" "$images" 200
export XDG_RUNTIME_DIR=$work/run
mkdir -p "$XDG_RUNTIME_DIR"
unset RUNTIME_DIRECTORY
db=$work/line.db
socket=$XDG_RUNTIME_DIR/espstation/line_3.sock
line_pid=
write_station() { # MORE-KEYS
    { printf 'station: line 3\nrecord: %s\nslots:\n' "$db"
        for i in "${!ports[@]}"; do printf '  - { name: A%d, port: "%s" }\n' $((i + 1)) "${ports[$i]}"; done
        printf 'screen: { listen: none }\n%s\n' "${1:-}"; } >"$work/station.yaml"
}
start_line() { # OPTION...
    "$station" line "$images/esp32.yaml" --station "$work/station.yaml" --plain "$@" >"$work/line.log" 2>&1 </dev/null &
    line_pid=$!
    check "the line is there" "$work/line.log" await test -S "$socket"
}
end_line() { # SIGNAL
    [ -n "$line_pid" ] || return 0
    kill -"$1" "$line_pid" 2>/dev/null
    wait "$line_pid"
    line_status=$?
    line_pid=
}
trap 'end_line KILL; cleanup' EXIT
attach() { "$station" line --attach --json --station "$work/station.yaml"; }
# A client: sends the lines given as arguments, prints what comes for so long.
client() { # MILLISECONDS LINE...; with ANSWERED only until each line has its answer
    "$NODE" -e 'const [ms, ...lines] = process.argv.slice(1), s = require("net").connect(process.env.SOCK);
        let said = "";
        s.on("data", (d) => {
            process.stdout.write(d);
            said += d;
            const answers = said.split("\n").slice(0, -1).filter((l) => l.includes("\"answer\""));
            if (process.env.ANSWERED && answers.length >= lines.length) process.exit();
        });
        s.on("error", () => {}); s.on("close", () => process.exit());
        for (const l of lines) s.write(l + "\n");
        setTimeout(() => process.exit(), +ms);' "$@"
}
export SOCK=$socket
runs() { sql "$db" "select count(*) from run where $1"; }
answers() { # TEXT LINE...: the answer to the last line has the text
    local want=$1
    shift
    ANSWERED=1 client 30000 "$@" >"$work/out"
    grep '"answer"' "$work/out" | tail -1 | grep -qF -- "$want"
}

start_fixture --boards 2 --chip esp32 --speed 1
write_station
check "without a line --attach is a mistake" "$work/out" exits 2 "$station" line --attach --json --station "$work/station.yaml"
check "and it is said" "$work/out" says "$work/out" "No line of the station 'line 3' can be reached" "To start it: espstation line"
start_line
check "only its owner may connect" "$socket" test "$(stat -c %a "$socket")" = 600
timeout 3 "$station" line --attach --json --station "$work/station.yaml" >"$work/out" 2>&1
check "who attaches is told who it is" "$work/out" eval 'head -1 "$work/out" | grep -q "\"hello\":{\"station\":\"line 3\""'
check "and all there is to see" "$work/out" says "$work/out" '"summary":{"station":"line 3"' '"slot":1,"name":"A1"' '"slot":2,"name":"A2"'
check "each line is JSON" "$work/out" "$NODE" -e 'require("fs").readFileSync(process.argv[1], "utf8").trim().split("\n").forEach(JSON.parse)' "$work/out"
check "attaching with a recipe is a mistake" "$work/out" exits 2 "$station" line x.yaml --attach --json --station "$work/station.yaml"
check "and needs a terminal, or --json" "$work/out" exits 2 "$station" line --attach --station "$work/station.yaml"

# ---- Acts -----------------------------------------------------------------------------------------
check "an act is done and answered" "$work/out" answers '"id":"7","done":true' '{"id":7,"act":"disable","slot":2,"name":"Ann","reason":"bent pin"}'
client 1000 >"$work/out"
check "and seen by the next who looks" "$work/out" eval 'grep "\"slot\":2," "$work/out" | grep -q "\"disabled\":true.*bent pin"'
check "one that cannot be is refused in words" "$work/out" answers '"sentence":"There is no slot 99' '{"id":9,"act":"stop","slot":99}'
check "an engineer's act needs name and reason" "$work/out" answers '"code":"usage"' '{"id":10,"act":"disable","slot":1}'
without_help() { answers "$@" && ! grep -F -- "$1" "$work/out" | grep -q -- --help; }
check "no answer sends a program to --help" "$work/out" without_help 'What is sent is no JSON object' '{"id"'
check "an act that there is not" "$work/out" answers "There is no act 'explode'" '{"id":11,"act":"explode"}'
check "what is no JSON" "$work/out" answers 'What is sent is no JSON object' 'hello'
check "control characters" "$work/out" answers 'control characters' '{"id":12,"act":"code","text":"\u001b[2J"}'

# ---- Strangers ------------------------------------------------------------------------------------
is_served() { client 1000 >"$work/out"; grep -q '"hello"' "$work/out"; }
head -c 100000 /dev/zero | tr '\0' a >"$work/long"
"$NODE" -e 'const s = require("net").connect(process.env.SOCK); s.on("close", () => process.exit()); s.on("error", () => {}); s.resume();
    s.write(require("fs").readFileSync(process.argv[1])); setTimeout(() => process.exit(3), 5000)' "$work/long"
check "who sends a line without end is dropped" "$work/line.log" test $? = 0
"$NODE" -e 'const n = require("net"), all = []; let ended = 0;
    for (let i = 0; i < 40; i++) { const s = n.connect(process.env.SOCK); s.on("error", () => {}); s.on("close", () => ended++); all.push(s); }
    setTimeout(() => { all.forEach((s) => s.destroy()); process.exit(ended >= 24 ? 0 : 1) }, 1500)'
check "more than sixteen at once are turned away" "$work/line.log" test $? = 0
check "and others are served behind them" "$work/out" await is_served
"$NODE" -e 'const s = require("net").connect(process.env.SOCK); s.pause(); let gone = false; s.on("close", () => { gone = true; });
    const t = setInterval(() => s.write("{\"act\":\"start\",\"slot\":1,\"id\":\"" + "x".repeat(3000) + "\"}\n"), 1);
    s.on("error", () => { clearInterval(t); process.exit(0); }); setTimeout(() => process.exit(gone ? 0 : 3), 20000)' &
slow=$!
check "while one asks and never reads, others are served" "$work/out" await is_served
wait $slow
check "and the one is dropped" "$work/line.log" test $? = 0
check "the line lives" "$work/line.log" kill -0 "$line_pid"
descriptors() { find "/proc/$line_pid/fd" -mindepth 1 2>/dev/null | wc -l; }
before=$(descriptors)
for _ in 1 2 3; do client 300 >/dev/null; done
few() { [ "$(descriptors)" -le "$before" ]; }
check "no descriptor is left of those who went" "$work/line.log" await few

kill -STOP "$line_pid"
check "a line that hangs is not looked at for ever" "$work/out" exits 4 timeout 30 "$station" line --attach --json --station "$work/station.yaml"
check "and that is said" "$work/out" says "$work/out" "no sign of life"
if command -v tmux >/dev/null; then
    tmux -S "$work/tmux" -f /dev/null new-session -d -x 60 -y 20 "LANG=C.UTF-8 $station line --attach --station $work/station.yaml"
    connecting() { tmux -S "$work/tmux" capture-pane -p >"$work/screen" && grep -q "Connecting to the station" "$work/screen"; }
    check "in a terminal it says that it is connecting" "$work/screen" await connecting
    tmux -S "$work/tmux" kill-server
fi
kill -CONT "$line_pid"

# ---- A second line of that name -------------------------------------------------------------------
sed 's/line.db/other.db/; s/rfc2217.*"/rfc2217:\/\/127.0.0.1:1"/' "$work/station.yaml" | sed '/A2/d' >"$work/second.yaml"
"$station" line "$images/esp32.yaml" --station "$work/second.yaml" --plain >"$work/second.log" 2>&1 </dev/null &
second=$!
check "another station of that name is told that it is not found" "$work/second.log" await grep -q "another station 'line 3' has it" "$work/second.log"
kill -TERM $second
wait $second
check "and leaves the socket to the first" "$work/out" await is_served

# ---- What ends a line: boards are finished, or reset, and no run is left open -----------------------
none_in_loader() { for i in 0 1; do ctl state $i | grep -q '"mode":"\(rom\|stub\)"' && return 1; done; return 0; }
none_open() { [ "$(runs "verdict is null" 2>/dev/null)" = 0 ]; }
check "another operator takes over" "$work/out" answers '"id":"20","done":true' '{"id":20,"act":"operator","text":"Bob"}'
end_line TERM
check "SIGTERM ends it" "$work/line.log" test $line_status = 0
check "and its counts say since when they are" "$work/line.log" \
    grep -qE "^[0-9]+ boards? passed, [0-9]+ failed since [0-9:]{8}, when recipe, lot or operator changed last" "$work/line.log"
check "the socket is gone" "$work/run" test ! -e "$socket"
stop_fixture
all_write() { [ "$(grep -c ': write at' "$work/line.log")" = 2 ]; }
db=$work/ends.db # in the one before a slot is out of work, and stays so
lot=0
for signal in TERM HUP INT QUIT; do
    lot=$((lot + 1))
    start_fixture --boards 2 --chip esp32 --speed 1
    write_station
    start_line --lot "lot $lot" --new-lot --operator Ann
    check "boards are written" "$work/line.log" await all_write
    kill -$signal $line_pid
    check "SIG$signal: no new board starts" "$work/line.log" await grep -q "No new board starts" "$work/line.log"
    kill -$signal $line_pid
    end_line $signal
    check "twice: it ends" "$work/line.log" test $line_status = 0
    check "no board is left in its loader" "$work/fixture.log" await none_in_loader
    check "no run is left open" "$db" none_open
    stop_fixture
done
if command -v tmux >/dev/null; then
    start_fixture --boards 2 --chip esp32 --speed 0.3
    write_station
    tmux -S "$work/tmux" -f /dev/null new-session -d -x 80 -y 24 "LANG=C.UTF-8 $station line $images/esp32.yaml --station $work/station.yaml --lot terminal --new-lot --operator Ann"
    shown() { tmux -S "$work/tmux" capture-pane -p >"$work/screen" && grep -q 'A1 \* .*WORKING' "$work/screen" && grep -q write "$work/screen"; }
    check "in a terminal the line draws its slots" "$work/screen" await shown
    tmux -S "$work/tmux2" -f /dev/null new-session -d -x 60 -y 20 "LANG=de_DE.UTF-8 $station line --attach --station $work/station.yaml; echo left; sleep 1000"
    seen() { tmux -S "$work/tmux2" capture-pane -p >"$work/screen"; grep -q -- "$1" "$work/screen"; }
    check "another terminal sees it, in its own language" "$work/screen" await seen 'A1 \* .*LÄUFT'
    tmux -S "$work/tmux2" send-keys x
    check "and stops a board there" "$work/screen" await seen 'A1 ✗ SCHLECHT'
    tmux -S "$work/tmux2" send-keys q
    check "and leaves, without ending anything" "$work/screen" await seen "left"
    check "the line goes on" "$work/out" is_served
    tmux -S "$work/tmux2" kill-server
    tmux -S "$work/tmux" kill-server
    check "a terminal that goes away ends the line" "$work/run" await test ! -e "$socket"
    check "no board is left in its loader" "$work/fixture.log" await none_in_loader
    check "no run is left open" "$db" await none_open
    stop_fixture
else
    skip "a line in a terminal" "there is no tmux here"
fi

# ---- People ---------------------------------------------------------------------------------------
start_fixture --boards 2 --chip esp32 --speed 1
printf '4711\n4711\n' | "$station" people add Ann --role engineer --people "$work/people.yaml" >"$work/out" 2>&1
if [ -s "$work/people.yaml" ]; then
    write_station "people: $work/people.yaml"
    start_line
    check "with a people file nobody acts unnamed" "$work/out" answers "Nobody is logged in" '{"id":1,"act":"disable","slot":1,"name":"Ann","reason":"bent"}'
    check "a wrong PIN is refused" "$work/out" answers '"done":false' '{"id":2,"log_in":true,"name":"Ann","secret":"1"}'
    check "a right one is not" "$work/out" answers '"done":true,"person":"Ann"' '{"id":3,"log_in":true,"name":"Ann","secret":"4711"}'
    check "then the person acts" "$work/out" answers '"done":true' '{"id":4,"log_in":true,"name":"Ann","secret":"4711"}' \
        '{"id":5,"act":"disable","slot":1,"reason":"bent pin"}'
    check "stopping needs nobody" "$work/out" answers '"done":true' '{"id":6,"act":"stop","slot":0}'
    end_line TERM
else
    not_ok "a people file is made" "$work/out"
fi
stop_fixture
echo "1..$test_number"
