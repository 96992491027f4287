# Several stations on one record, in PID namespaces and under host names of their own, as containers
# have them: one that works is never declared dead, one that was killed is found dead.
. "$(dirname "$0")/lib.sh"
unshare --pid --fork --mount-proc --uts true 2>/dev/null || skip_all "this user may make no namespaces"
images=$work/images
"$bin/make_images" "$images" 40
recipe=$images/esp32.yaml
"$bin/make_images" "$work/long" 1000 # so that it is at work for a while
long=$work/long/esp32.yaml
db=$work/station.db

# In front of a host name and a command, it runs as in a container: processes count from 1.
container=(unshare --pid --fork --kill-child --mount-proc --uts sh -c 'hostname "$0"; exec "$@"')
open_runs() { test "$(sql "$db" "select count(*) from run where verdict is null and board is not null" 2>/dev/null)" = "$1"; }
verdict() { sql "$db" "select ifnull(verdict, 'open') from run where id = $1"; }

start_fixture --boards 3 --chip esp32 --speed 1
"${container[@]}" line-a "$station" run "$long" --db "$db" --port "${ports[0]}" >"$work/a" 2>&1 </dev/null &
first=$!
check "a station works in one container" "$work/a" await open_runs 1

check "another one passes its board meanwhile" "$work/out" exits 0 \
    "${container[@]}" line-b "$station" run "$recipe" --db "$db" --port "${ports[1]}"
check "and one without a container" "$work/out" exits 0 "$station" run "$recipe" --db "$db" --port "${ports[2]}"
check "they did not wait for the first one's end" "$work/a" test "$(verdict 1)" = open
check "nor may a person end its run" "$work/out" exits 2 \
    "$station" correct 1 --db "$db" --verdict interrupted --operator Ann --reason "it seems dead"
check "he is told where it works" "$work/out" says "$work/out" "is alive: process 1 on line-a" "Stop that station first"
wait $first
check "which passes" "$work/a" test "$?" = 0
check "and is recorded" "$work/a" test "$(verdict 1)" = PASS

# ---- Killed ----------------------------------------------------------------------------------------
"${container[@]}" line-a "$station" run "$long" --db "$db" --port "${ports[0]}" >"$work/a" 2>&1 </dev/null &
first=$!
check "it works again" "$work/a" await open_runs 1
kill -KILL $first
wait $first 2>/dev/null
check "the next start, under another name, finds it dead" "$work/out" exits 0 \
    "${container[@]}" line-c "$station" run "$recipe" --db "$db" --port "${ports[1]}"
check "and marks its run" "$work/out" test "$(verdict 4)" = INTERRUPTED
check "in a sentence that names it" "$work/out" test \
    "$(sql "$db" "select count(*) from run where id = 4 and sentence like 'Station process 1 on line-a was killed%'")" = 1
check "the record is whole" "$work/out" exits 0 "$station" audit --db "$db"
echo "1..$test_number"
