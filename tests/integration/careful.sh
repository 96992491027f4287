# After an attempt that failed where being quick may be to blame, the next one is careful: it asks
# one question at a time, and raises the rate only once the stub runs. So do the next boards there.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 60
db=$work/record.db

# order SLOT ATTEMPT [TEXT]: the phases "baud" and "stub" of that attempt, in the order in which they
# came; of the board behind a line with TEXT.
order() {
    grep -F "slot $1: " "$work/out" | awk -v want="$2" -v behind="${3:-}" '
        behind != "" { if (index($0, behind)) behind = ""; next }
        /trying again/ { n++ }
        n == want - 1 && /: (baud|stub)$/ { printf "%s ", $3 }'
}

round_trips() { # slot attempt
    sql "$db" "select a.round_trips from attempt as a join run as r on r.id = a.run
        where r.slot = $1 and a.number = $2 order by a.id desc limit 1"
}

code() { # slot: how the first attempt ended
    sql "$db" "select a.code from attempt as a join run as r on r.id = a.run where r.slot = $1 and a.number = 1"
}

faults=("hang,at=stub,times=1" "hang,at=baud,times=1" "hang,at=identify,times=1" "hang,at=middle,times=1" "hang,at=verify,times=1")
codes=(stub baud identify write verify)
options=()
for i in 0 1 2 3 4; do options+=(--fault "$i:${faults[i]}"); done
start_fixture --boards 6 --chip esp32 --speed 20 "${options[@]}"
check "all boards pass" "$work/out" \
    exits 0 "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --plain
check "a board without a fault is quick" "$work/out" test "$(order 6 1)" = "baud stub "
quick=$(round_trips 6 1)
for i in 0 1 2 3 4; do
    check "$i: ${codes[i]} is what failed" "$work/out" test "$(code $((i + 1)))" = "${codes[i]}"
    check "after ${codes[i]} the rate is raised behind the stub" "$work/out" test "$(order $((i + 1)) 2)" = "stub baud "
    check "and questions go one by one" "$work/out" test "$(round_trips $((i + 1)) 2)" -gt $((2 * quick))
done
check "none of them at another rate" "$work/out" test "$(sql "$db" \
    "select count(*) from attempt where number = 2 and code = 'ok' and baud is not 921600")" = 1 # but where the rate failed
stop_fixture

# ---- A ROM that loses bytes of long frames above a rate ---------------------------------------------
# Real ones do: what is sent to them before the stub runs stays below that, whatever the recipe says.
start_fixture --boards 1 --chip esp32 --speed 20 --fault 0:rom-pace=500000
check "a ROM that is slower than the recipe's rate passes" "$work/out" \
    exits 0 "$station" run "$images/esp32.yaml" --db "$work/pace.db" "${port_options[@]}" --plain
check "at the first attempt, and at that rate" "$work/out" test "$(sql "$work/pace.db" \
    "select group_concat(code || ' ' || baud) from attempt")" = "ok 921600"
stop_fixture

# ---- The next board in that slot ------------------------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 20
ctl fault 0 hang,at=stub,times=1 >/dev/null
: >"$work/out" # nothing of the boards before may be taken for this one's lines
"$station" run "$images/esp32.yaml" --db "$work/loop.db" "${port_options[@]}" --loop --plain >"$work/out" 2>&1 &
pid=$!
check "a board passes at the second attempt" "$work/out" await grep -q "PASS ESP32 24:0a:c4:00:00:00 in .*, attempt 2:" "$work/out"
ctl fault 0 none >/dev/null
ctl fault 0 mac=24:0a:c4:00:00:77 >/dev/null
check "the next one at the first" "$work/out" await grep -q "PASS ESP32 24:0a:c4:00:00:77 in .*, attempt 1:" "$work/out"
check "carefully" "$work/out" test "$(order 1 1 "attempt 2: running")" = "stub baud "
kill -INT $pid
wait $pid
stop_fixture

# ---- A ROM that takes its rate from the SYNC -------------------------------------------------------
# It is synced at the recipe's rate, and where it does not follow, at 115200 baud: also the next boards.
start_fixture --boards 2 --chip esp8266 --speed 20 --fault 0:sync-limit=115200
: >"$work/out"
"$station" run "$images/esp8266.yaml" --db "$work/sync.db" "${port_options[@]}" --loop --plain >"$work/out" 2>&1 &
pid=$!
check "a board that follows passes at the first attempt" "$work/out" await grep -q "PASS ESP8266 24:0a:c4:00:00:01 in .*, attempt 1:" "$work/out"
check "one that does not passes at the second" "$work/out" await grep -q "PASS ESP8266 24:0a:c4:00:00:00 in .*, attempt 2:" "$work/out"
ctl fault 0 mac=24:0a:c4:00:00:77 >/dev/null
check "the next one there at the first" "$work/out" await grep -q "PASS ESP8266 24:0a:c4:00:00:77 in .*, attempt 1:" "$work/out"
kill -INT $pid
wait $pid
stop_fixture

# Without a stub it stays at the rate of its SYNC, and steps down; whoever comes next is found all the same.
start_fixture --boards 1 --chip esp8266 --speed 20 --fault 0:sync-limit=115200
{ grep -v '^loader' "$images/esp8266.yaml"; echo 'loader: rom'; } >"$images/rom.yaml"
: >"$work/out"
"$station" run "$images/rom.yaml" --db "$work/rom.db" "${port_options[@]}" --loop --plain >"$work/out" 2>&1 &
pid=$!
check "a ROM that does not follow steps down" "$work/out" await grep -q "PASS ESP8266 24:0a:c4:00:00:00 in .*, attempt 3:" "$work/out"
ctl fault 0 mac=24:0a:c4:00:00:77 >/dev/null
check "and the next board there is found" "$work/out" await grep -q "PASS ESP8266 24:0a:c4:00:00:77" "$work/out"
kill -INT $pid
wait $pid
echo "1..$test_number"
