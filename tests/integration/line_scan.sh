# Values of units that are scanned while a line works, or given to run --loop: each for the board it was meant for.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 60
recipe=$images/scan.yaml
cat "$images/esp32.yaml" - >"$recipe" <<'END_RECIPE'
unit:
  serial: sn
  values:
    - { name: sn, from: scan, pattern: "SN[0-9]{4}" }
    - { name: pin, from: scan, pattern: "P[0-9]{3}", secret: true, unique: false }
  images:
    - partition: fctry
      keys: [{ space: factory, key: sn, type: string, value: "{sn}" }, { space: factory, key: pin, type: string, value: "{pin}" }]
END_RECIPE
mkfifo "$work/scanner"

write_station() { # START
    {
        printf 'station: test\nstart: %s\nscanners: [{ name: gun, from: stdin }]\nslots:\n' "$1"
        for i in "${!ports[@]}"; do echo "  - { name: A$((i + 1)), port: \"${ports[$i]}\" }"; done
    } >"$work/station.yaml"
}
start_line() {
    : >"$work/out" # the lines of the one before are not this one's
    "$station" line "$recipe" --station "$work/station.yaml" --db "$db" --plain >"$work/out" 2>"$work/err" <"$work/scanner" &
    pid=$!
    exec 9>"$work/scanner"
}
stop_line() { kill -INT $pid; wait $pid; exec 9>&-; }
scan() { printf '%s\n' "$@" >&9; }
out_has() { [ "$(grep -cF -- "$1" "$work/out")" -ge "${2:-1}" ]; }
err_has() { grep -qF -- "$1" "$work/err"; }
runs_are() { [ "$(sql "$db" "select count(*) from run where $2" 2>/dev/null)" = "$1" ]; }
serial_of() { sql "$db" "select distinct serial from units where mac = '$1'"; }

# ---- A board waits for its scan --------------------------------------------------------------------
start_fixture --boards 2 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:60
db=$work/wait.db
ctl board 1 drop=1 >/dev/null # nobody
write_station board
start_line
check "a board without its scan waits in amber" "$work/out" await out_has "slot A1: waiting: Scan sn"
scan XX1234
check "a code that is none is told with what is wanted" "$work/err" await err_has "The code does not fit 'sn', which is text as SN[0-9]{4}"
scan P123
check "of several values the one that takes the code gets it" "$work/out" await out_has "waiting: Scan sn"
scan SN0001
check "the scanned board passes" "$work/out" await runs_are 1 "verdict = 'PASS'"
check "with its serial" "$work/out" test "$(serial_of 24:0a:c4:00:00:60)" = SN0001
scan SN0002
check "a code without a slot that waits is refused" "$work/err" await err_has "No slot waits for a code"
scan slot:A1
check "nor does a board with its verdict take one" "$work/err" await err_has "The board in slot 1 wants no value any more"
ctl board 0 mac=24:0a:c4:00:01:01 >/dev/null
check "the next board gets nothing of it" "$work/out" await out_has "waiting: Scan sn" 2
scan SN0003 P003
check "but its own" "$work/out" await runs_are 2 "verdict = 'PASS'"
check "which the record has" "$work/out" test "$(serial_of 24:0a:c4:00:01:01)" = SN0003

# ---- Which slot ------------------------------------------------------------------------------------
ctl board 0 mac=24:0a:c4:00:01:02 >/dev/null
await out_has "slot A1: waiting: Scan sn" 3
ctl board 1 mac=24:0a:c4:00:01:03 >/dev/null
check "two boards wait" "$work/out" await out_has "slot A2: waiting: Scan sn"
scan SN0005
check "a code does not say for whom" "$work/err" await err_has "2 slots wait for a code"
scan slot:A2 P005 slot:A2
check "with the slot's code behind it, it does" "$work/out" await runs_are 1 "slot = 2 and verdict = 'PASS'"
check "and the serial is there" "$work/out" test "$(serial_of 24:0a:c4:00:01:03)" = SN0005
ctl board 0 drop=1 >/dev/null
check "a board that is pulled while it waits is stopped, untouched" "$work/out" await runs_are 1 "verdict = 'STOPPED'"
ctl board 0 mac=24:0a:c4:00:01:04 drop=0 >/dev/null
check "and the next one waits" "$work/out" await out_has "slot A1: waiting: Scan sn" 4
stop_line
check "a stop ends the wait" "$work/out" runs_are 2 "verdict = 'STOPPED'"
check "nobody was told of an option of another command" "$work/out" sh -c "! grep -q -e --unit '$work/out' '$work/err'"
check "no secret is on the screen" "$work/out" sh -c "! grep -q -e P003 -e P123 '$work/out' '$work/err'"
stop_fixture

# ---- A scan begins, and is the value ---------------------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:70
db=$work/start.db
write_station scan
start_line
await out_has "slot A1: empty"
scan nonsense
check "what is no value begins nothing" "$work/err" await err_has "The code does not fit 'sn'"
check "so there is no run" "$work/out" runs_are 0 "1"
scan SN0101
check "a code begins, and the rest is waited for" "$work/out" await out_has "waiting: Scan pin"
scan P101
check "then the board passes" "$work/out" await runs_are 1 "verdict = 'PASS'"
check "with what began it" "$work/out" test "$(serial_of 24:0a:c4:00:00:70)" = SN0101
stop_line
stop_fixture

# ---- run --loop ------------------------------------------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:80
db=$work/loop.db
"$station" run "$recipe" --loop --db "$db" --plain --port "${ports[0]}" --unit - >"$work/out" 2>"$work/err" <"$work/scanner" &
pid=$!
exec 9>"$work/scanner"
await out_has "Waits for the value 'sn'"
scan "sn=SN0201" "pin=P201"
check "values of standard input are for the board there" "$work/out" await runs_are 1 "verdict = 'PASS'"
scan "sn=SN0202" "pin=P202"
check "a board that has passed takes none" "$work/err" await err_has "The board in slot 1 wants no value any more"
ctl board 0 mac=24:0a:c4:00:02:02 >/dev/null
check "and the next one does not get them" "$work/out" await out_has "Waits for the value 'sn'" 2
check "nor passes with them" "$work/out" runs_are 1 "verdict = 'PASS'"
scan "sn=SN0203" "pin=P203"
check "it takes its own" "$work/out" await runs_are 2 "verdict = 'PASS'"
check "under its own serial" "$work/out" test "$(serial_of 24:0a:c4:00:02:02)" = SN0203
stop_line
stop_fixture

# ---- Values that lie there too long ----------------------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 20 --mac-base 24:0a:c4:00:00:90
db=$work/old.db
ctl board 0 drop=1 >/dev/null
write_station board
start_line
await out_has "slot A1: empty"
scan slot:A1 SN0301
check "what no board came for within 10 s is dropped" "$work/out" await out_has "What was given is dropped"
ctl board 0 mac=24:0a:c4:00:03:01 drop=0 >/dev/null
check "and the board that comes later waits for its own" "$work/out" await out_has "waiting: Scan sn"
stop_line
stop_fixture

echo "1..$test_number"
