#!/usr/bin/env bash
# Six stations, one PostgreSQL server, and all that can go wrong between them: boards with faults, stations and
# the server killed, stations cut off, leases taken, returned, lapsed and left behind, boards carried from one
# station to another, all drawn from one seed. At the end every PASS that was ever shown is on the server once,
# the lot has exactly as many boards as it has places, no serial is on two boards, and all chains verify.
#
#   tests/campaign/fleet.sh [BOARDS a station (40)] [SEED]
boards=${1:-40} seed=${2:-$((RANDOM * 32768 + RANDOM))}
. "$(dirname "$0")/../integration/lib.sh"
. "$root/tests/lib/postgres.sh"
need_postgres
trap 'stop_chaos; end_postgres; cleanup' EXIT
stations=6 at_once=6
chaos=
all=$((stations * boards))
quantity=$((all * 3 / 4))
began=$SECONDS
echo "# $stations stations x $boards boards, a lot of $quantity, seed $seed; again: make fleet-test BOARDS=$boards SEED=$seed"
RANDOM=$((seed % 32768))
make_postgres
images=$work/images
"$bin/make_images" "$images" 20
export XDG_CONFIG_HOME=$work/config
cd "$work" || exit 1
start_postgres
cat "$images/esp32.yaml" - >"$images/sn.yaml" <<'END'
unit:
  serial: sn
  values: [{ name: sn, from: counter, pattern: "FT{n:7}", fleet: true }]
END

use() { export ESPSTATION_STATION=$work/s$1.yaml; } # station
cut_off() { rm -f "$pg_dir/n$1"; }                  # station
reach() { ln -sfn . "$pg_dir/n$1"; }
in_pg() { test "$(pg "$1" 2>/dev/null)" = "$2"; }
record() { sqlite3 -readonly -cmd '.timeout 10000' "l$1.db" "$2"; } # station statement
for ((n = 1; n <= stations; n++)); do
    reach $n
    printf 'station: line %s\nrecord: l%s.db\nslots: [{ name: A1 }]\nfleet: { server: "host=%s/n%s port=%s user=line dbname=postgres", numbers: 10 }\n' \
        $n $n "$pg_dir" $n "$PGPORT" >s$n.yaml
done
use 1
"$station" fleet init --server user=st >/dev/null
pg "create role line login in role espstation_station"
for ((n = 1; n <= stations; n++)); do
    use $n
    "$station" fleet join --operator Ann >/dev/null
    "$station" lot open lot --quantity $quantity --fleet --operator Ann >/dev/null
done

# One rack for each station: its fixture has 256 boards at most at once, so longer shifts are several racks.
rack=64
start_rack() { # station first count: ports go to rack$1
    local n=$1
    "$fixture" --quiet --boards "$3" --chip esp32 --speed 100 --seed $((seed + n * 1000 + $2)) --ports-file "rack$n" \
        --mac-base "$(printf '24:0a:c4:%02x:%02x:%02x' "$n" $(($2 / 256)) $(($2 % 256)))" --fault "*:drop=0.00002" \
        --fault "1:stuck-bit=0x10020" --fault "3:hang=3000,times=1" --fault "5:brownout=9000,times=1" >"rack$n.log" 2>&1 &
    echo $! >"rack$n.pid"
    await test -s "rack$n"
}
stop_rack() { # station
    kill "$(cat "rack$1.pid")" 2>/dev/null
    rm -f "rack$1"
}

# A shift: a few boards at a time, at a station that is killed, cut off, and lent to now and then.
flash_some() { # station port...
    local n=$1 options=() p pid kill_ms=0
    shift
    for p; do options+=(--port "$p"); done
    [ $((RANDOM % 3)) -ne 0 ] || kill_ms=$((100 + RANDOM % 900))
    "$station" run "$images/sn.yaml" --lot lot --json "${options[@]}" >>"shown$n" 2>>"err$n" </dev/null &
    pid=$!
    if [ $kill_ms -gt 0 ]; then
        read -rt "$(printf '%d.%03d' $((kill_ms / 1000)) $((kill_ms % 1000)))" <> <(:)
        kill -9 $pid 2>/dev/null && echo x >>kills
    fi
    wait $pid 2>/dev/null
}
trouble() { # station
    case $((RANDOM % 12)) in
    0 | 1) cut_off "$1"; echo x >>cuts ;;
    2 | 3 | 4) reach "$1" ;;
    5) "$station" fleet lease take --lot lot --places $((1 + RANDOM % 6)) --hours 1 --operator Ann ;;
    6) "$station" fleet lease take --lot lot --places 3 --hours 0.0008 --operator Ann ;;
    7) "$station" fleet lease return --lot lot ;;
    8) "$station" fleet lease take --recipe "$images/sn.yaml" --numbers 7 --operator Ann ;;
    9) "$station" fleet send ;;
    esac >>"trouble$1" 2>&1 </dev/null
}
shift_of() { # station
    local n=$1 first i
    use "$n"
    RANDOM=$(((seed + n) % 32768))
    for ((first = 0; first < boards; first += rack)); do
        start_rack "$n" $first $((boards - first < rack ? boards - first : rack))
        mapfile -t own <"rack$n"
        for ((i = 0; i < ${#own[@]}; i += at_once)); do
            trouble "$n"
            flash_some "$n" "${own[@]:i:at_once}"
            [ $((RANDOM % 4)) -ne 0 ] || flash_some "$n" "${own[@]:i:at_once}" # once more, whatever became of them
            other=$((1 + RANDOM % stations))
            if [ $((RANDOM % 2)) -eq 0 ] && [ -s "rack$other" ] && [ $other -ne "$n" ]; then # carried over
                flash_some "$n" "$(sed -n "$((1 + RANDOM % 8))p" "rack$other")"
            fi
        done
        stop_rack "$n"
    done
}
kill_server() {
    RANDOM=$(((seed + 99) % 32768))
    while [ ! -e done ]; do
        read -rt $((4 + RANDOM % 8)) <> <(:)
        [ ! -e done ] || break
        stop_postgres immediate
        echo x >>crashes
        read -rt $((1 + RANDOM % 3)) <> <(:)
        start_postgres
    done
}
stop_chaos() {
    [ -n "$chaos" ] || return 0
    touch "$work/done"
    wait "$chaos" 2>/dev/null
    chaos=
    for f in "$work"/rack*.pid; do [ -e "$f" ] && kill "$(cat "$f")" 2>/dev/null; done
}
kill_server &
chaos=$!
pids=()
for ((n = 1; n <= stations; n++)); do
    shift_of $n &
    pids+=($!)
done
wait "${pids[@]}"
touch done
wait "$chaos"
chaos=
count() { if [ -e "$1" ]; then wc -l <"$1"; else echo 0; fi; }
echo "# after $((SECONDS - began)) s: $(count kills) stations killed, $(count crashes) crashes of the server, $(count cuts) cut off"

# ---- All is well again: what was left behind comes back, and the rest of the lot is filled ---------
settle() {
    local n
    for ((n = 1; n <= stations; n++)); do
        reach $n
        use $n
        start_rack $n 60000 1
        "$station" run "$images/esp32.yaml" --lot spare --new-lot --port "$(cat rack$n)" >settle.out 2>&1 </dev/null
        stop_rack $n
        "$station" fleet lease return --lot lot >settle.out 2>&1
        "$station" fleet send >settle.out 2>&1 || cat settle.out
    done
}
settle
mid=$(pg "select count(distinct mac) from espstation.runs where lot = 'lot' and verdict = 'PASS'")
check "never more than the lot has, whatever went wrong" settle.out test "$mid" -le $quantity
check "and the book agrees" settle.out in_pg "select taken from espstation.quota where lot = 'lot'" "$mid"
check "nothing is open" settle.out in_pg "select count(*) from espstation.claim where kind <> 'numbers' and lot = 'lot'" 0
for ((round = 0; round < 40 && mid < quantity; round++)); do
    n=$((1 + round % stations))
    use $n
    start_rack $n $((30000 + round * 64)) 16
    mapfile -t own <rack$n
    "$station" run "$images/sn.yaml" --lot lot --json $(printf -- '--port %s ' "${own[@]}") >>shown$n 2>>err$n </dev/null
    stop_rack $n
    "$station" fleet send >settle.out 2>&1
    mid=$(pg "select count(distinct mac) from espstation.runs where lot = 'lot' and verdict = 'PASS'")
done
check "the lot is filled to the board" settle.out test "$mid" = $quantity
check "as the book says" settle.out in_pg "select taken from espstation.quota where lot = 'lot'" $quantity
check "no board has passed at two stations, but those that are reported" settle.out in_pg \
    "select count(*) from (select mac from espstation.runs where lot = 'lot' and verdict = 'PASS' group by mac having count(distinct station) > 1) as x
     where not exists (select 1 from espstation.duplicates as d where d.text = x.mac)" 0
check "no serial is on two boards" settle.out in_pg \
    "select count(*) from (select u.serial from espstation.unit as u where u.serial is not null group by u.serial having count(*) > 1) as x" 0
# Every PASS that was shown, by run: it is there, once.
for ((n = 1; n <= stations; n++)); do
    grep -o '"event":"verdict".*' "shown$n" | grep '"verdict":"PASS"' | grep -o '"run":[0-9]*' | cut -d: -f2 | sed "s/^/line $n|/"
done | sort >shown
pg "select station, run from espstation.runs where lot = 'lot' and verdict = 'PASS'" | sort >stored
check "passes were shown" shown test "$(wc -l <shown)" -gt 0
check "each PASS that was shown is on the server" shown test -z "$(comm -23 shown stored)"
check "once" stored test "$(wc -l <stored)" = "$(sort -u stored | wc -l)"
for ((n = 1; n <= stations; n++)); do
    use $n
    check "record $n is whole" out exits 0 "$station" audit
    check "and has what the server has of it" out test "$(record $n "select count(*) from run where verdict is not null")" = "$(pg "select count(*) from espstation.runs where station = 'line $n'")"
done
check "all chains verify on the server" out exits 0 "$station" fleet verify
echo "# $((SECONDS - began)) s; $(wc -l <shown) PASS shown, $mid boards, seed $seed"
echo "1..$test_number"
