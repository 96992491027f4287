#!/usr/bin/env bash
# Six stations, one PostgreSQL server, and all that can go wrong between them: boards with faults, stations and
# the server killed, stations cut off, leases taken, returned, lapsed and left behind, boards carried from one
# station to another, all drawn from one seed. At the end every PASS that was ever shown is on the server once,
# the lot has exactly as many boards as it has places, no serial and no row of a pool is on two boards, and all
# chains verify.
#
# As root, and where the kernel has them, each station is in a network namespace of its own, at one switch with
# the server, to which it talks over TLS: it is cut off by its cable, or by the switch that forwards nothing any
# more. Elsewhere all are at the server's socket, and the way there goes away.
#
#   tests/campaign/fleet.sh [BOARDS a station (40)] [SEED]
boards=${1:-40} seed=${2:-$((RANDOM * 32768 + RANDOM))}
. "$(dirname "$0")/../integration/lib.sh"
. "$root/tests/lib/postgres.sh"
need_postgres
trap 'stop_chaos; end_postgres; end_network; cleanup' EXIT
stations=6 pids=()
at_once=$((boards < 200 ? 6 : 16))
chaos=
all=$((stations * boards))
quantity=$((all * 3 / 5))
began=$SECONDS
echo "# $stations stations x $boards boards, a lot of $quantity, seed $seed; again: make fleet-test BOARDS=$boards SEED=$seed"
RANDOM=$((seed % 32768))
make_postgres

# ---- The network ---------------------------------------------------------------------------------
hall=espfl$$ # the namespace of server and switch; the stations' are behind it: espfl4711-1
server_ip=10.83.0.254
end_network() {
    for f in "$work"/namespace*; do [ -e "$f" ] && ip netns del "$(cat "$f")"; done 2>/dev/null
}
make_namespace() { ip netns add "$1" && echo "$1" >"$work/namespace-$1" && ip -n "$1" link set lo up; } # name
plug_in() { # station: a cable to the switch
    make_namespace "$hall-$1" && ip link add "$hall.$1" netns "$hall" type veth peer name eth0 netns "$hall-$1" &&
        ip -n "$hall" link set "$hall.$1" master switch up && ip -n "$hall-$1" address add "10.83.0.$1/24" dev eth0 &&
        ip -n "$hall-$1" link set eth0 up
}
make_network() {
    local n
    [ "$(id -u)" = 0 ] && command -v ip >/dev/null && make_namespace "$hall" && ip -n "$hall" link add switch type bridge &&
        ip -n "$hall" address add "$server_ip/24" dev switch && ip -n "$hall" link set switch up || return 1
    for ((n = 1; n <= stations; n++)); do plug_in $n || return 1; done
}
if make_network 2>"$work/network.err"; then
    as_postgres() { (cd / && ip netns exec "$hall" runuser -u postgres -- "$@"); }
    at() { local n=$1; shift; exec ip netns exec "$hall-$n" "$@"; } # station command...: in a process of its own
    cut_off() { # station
        if [ $((RANDOM % 2)) -eq 0 ]; then ip -n "$hall" link set "$hall.$1" down; else ip -n "$hall" link set "$hall.$1" nomaster; fi
    }
    reach() { ip -n "$hall" link set "$hall.$1" master switch up; }
    way() { echo "host=$server_ip sslrootcert=$work/server.crt"; }
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$work/server.key" -out "$work/server.crt" \
        -days 2 -subj /CN=server -addext "subjectAltName=IP:$server_ip" >/dev/null 2>&1
    install -o postgres -m 600 "$work/server.key" "$work/server.crt" "$pg_dir/data/"
    echo 'hostssl all all 10.83.0.0/24 trust' >>"$pg_dir/data/pg_hba.conf"
    pg_options="-c ssl=on -c listen_addresses=$server_ip"
    echo "# stations in network namespaces, TLS"
else
    end_network
    at() { shift; exec "$@"; }
    cut_off() { rm -f "$pg_dir/n$1"; } # station
    reach() { ln -sfn . "$pg_dir/n$1"; }
    way() { echo "host=$pg_dir/n$1"; }
    echo "# no network namespaces here ($(tail -1 "$work/network.err")): stations at the server's socket"
fi
pg_options="${pg_options:-} -c max_connections=60"
images=$work/images
"$bin/make_images" "$images" 20
export XDG_CONFIG_HOME=$work/config
cd "$work" || exit 1
start_postgres
{ echo mark; for ((i = 1; i <= all * 2; i++)); do printf 'K%08d\n' $i; done; } >"$images/keys.csv"
cat "$images/esp32.yaml" - >"$images/sn.yaml" <<'END'
unit:
  serial: sn
  values:
    - { name: sn, from: counter, pattern: "FT{n:7}", fleet: true }
    - { name: mark, from: pool, unique: true }
  pools: [{ name: keys, file: keys.csv, fleet: true }]
END

use() { export ESPSTATION_STATION=$work/s$1.yaml; } # station
in_pg() { test "$(pg "$1" 2>/dev/null)" = "$2"; }
record() { sqlite3 -readonly -cmd '.timeout 10000' "l$1.db" "$2"; } # station statement
say() { local n=$1; shift; (at "$n" "$station" "$@"); }             # station word...: at that station
for ((n = 1; n <= stations; n++)); do
    reach $n
    printf 'station: line %s\nrecord: l%s.db\nslots: [{ name: A1 }]\nfleet: { server: "%s port=%s user=line dbname=postgres", numbers: %s }\n' \
        $n $n "$(way $n)" "$PGPORT" $((at_once * 2)) >s$n.yaml
done
use 1
"$station" fleet init --server user=st >/dev/null
pg "create role line login in role espstation_station"
for ((n = 1; n <= stations; n++)); do
    use $n
    say $n fleet join --operator Ann >/dev/null || exit 1
    "$station" lot open lot --quantity $quantity --fleet --operator Ann >/dev/null
done

# One rack for each batch of a station: a board that waits, blank, boots over and over, and at this speed the fixture has
# a minute of that to make up for when somebody connects.
rack=$at_once
start_rack() { # station first count [whose boards] [name]: ports go to rack$1
    local n=$1 name=${5:-rack}$1
    (at "$n" "$fixture" --quiet --boards "$3" --chip esp32 --speed 100 --seed $((seed + n * 1000 + $2)) --ports-file "$name" \
        --mac-base "$(printf '24:0a:c4:%02x:%02x:%02x' "${4:-$n}" $(($2 / 256)) $(($2 % 256)))" --fault "*:drop=0.00002" \
        --fault "1:stuck-bit=0x10020" --fault "3:hang=3000,times=1" --fault "5:brownout=9000,times=1") >"$name.log" 2>&1 &
    echo $! >"$name.pid"
    await test -s "$name"
}
# Waited for, as it removes its file when it ends: that of the next rack, else.
stop_rack() { # station [name]
    local name=${2:-rack}$1
    kill "$(cat "$name.pid")" 2>/dev/null
    wait "$(cat "$name.pid")" 2>/dev/null
    rm -f "$name"
}

# A shift: a few boards at a time, at a station that is killed, cut off, and lent to now and then.
flash_some() { # station port...
    local n=$1 options=() p pid kill_ms=0
    shift
    for p; do options+=(--port "$p"); done
    [ $((RANDOM % 3)) -ne 0 ] || kill_ms=$((100 + RANDOM % (150 * at_once)))
    at "$n" "$station" run "$images/sn.yaml" --lot lot --json "${options[@]}" >>"shown$n" 2>>"err$n" </dev/null &
    pid=$!
    if [ $kill_ms -gt 0 ]; then
        read -rt "$(printf '%d.%03d' $((kill_ms / 1000)) $((kill_ms % 1000)))" <> <(:)
        kill -9 $pid 2>/dev/null && echo x >>kills
    fi
    wait $pid 2>/dev/null
}
trouble() { # station
    case $((RANDOM % 14)) in
    0 | 1) cut_off "$1"; echo x >>cuts ;;
    2 | 3 | 4) reach "$1" ;;
    5) say "$1" fleet lease take --lot lot --places $((1 + RANDOM % at_once)) --hours 1 --operator Ann ;;
    6) say "$1" fleet lease take --lot lot --places 3 --hours 0.0008 --operator Ann ;;
    7) say "$1" fleet lease return --lot lot ;;
    8) say "$1" fleet lease take --recipe "$images/sn.yaml" --numbers 7 --operator Ann ;;
    9) say "$1" fleet send ;;
    10) say "$1" fleet lease take --recipe "$images/sn.yaml" --rows 5 --operator Ann --hours 0.002 ;;
    11) say "$1" fleet lease return --pool keys ;;
    esac >>"trouble$1" 2>&1 </dev/null
}
# A board of another station, with that one's MAC: it may have passed there, or be in work.
carry_over() { # station other board
    [ "$1" -ne "$2" ] || return 0
    start_rack "$1" "$3" 1 "$2" carried
    flash_some "$1" "$(cat "carried$1")"
    stop_rack "$1" carried
}
shift_of() { # station
    local n=$1 first own
    use "$n"
    RANDOM=$(((seed + n) % 32768))
    for ((first = 0; first < boards; first += rack)); do
        start_rack "$n" $first $((boards - first < rack ? boards - first : rack))
        mapfile -t own <"rack$n"
        trouble "$n"
        flash_some "$n" "${own[@]}"
        [ $((RANDOM % 4)) -ne 0 ] || flash_some "$n" "${own[@]}" # once more, whatever became of them
        stop_rack "$n"
        [ $((RANDOM % 2)) -ne 0 ] || carry_over "$n" $((1 + RANDOM % stations)) $((RANDOM % boards))
    done
}
kill_server() {
    RANDOM=$(((seed + 99) % 32768))
    while [ ! -e done ]; do
        read -rt $((4 + boards / 100 + RANDOM % (8 + boards / 100))) <> <(:)
        [ ! -e done ] || break
        stop_postgres immediate
        echo x >>crashes
        read -rt $((1 + RANDOM % 3)) <> <(:)
        start_postgres
    done
}
stop_chaos() {
    kill "${pids[@]}" 2>/dev/null
    [ -n "$chaos" ] || return 0
    touch "$work/done"
    wait "$chaos" 2>/dev/null
    chaos=
    for f in "$work"/*.pid; do [ -e "$f" ] && kill "$(cat "$f")" 2>/dev/null; done
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
        say $n run "$images/esp32.yaml" --lot spare --new-lot --port "$(cat rack$n)" >settle.out 2>&1 </dev/null
        stop_rack $n
        say $n fleet lease return --lot lot >settle.out 2>&1
        say $n fleet lease return --pool keys >settle.out 2>&1
        say $n fleet send >settle.out 2>&1 || cat settle.out
    done
}
settle
mid=$(pg "select count(distinct mac) from espstation.runs where lot = 'lot' and verdict = 'PASS'")
check "never more than the lot has, whatever went wrong" settle.out test "$mid" -le $quantity
check "and the book agrees" settle.out in_pg "select taken from espstation.quota where lot = 'lot'" "$mid"
check "nothing is open" settle.out in_pg "select count(*) from espstation.claim where kind <> 'numbers' and lot = 'lot'" 0
fill() { # station first
    use "$1"
    start_rack "$1" "$2" $((rack * 2))
    mapfile -t own <"rack$1"
    # shellcheck disable=SC2046 # words
    say "$1" run "$images/sn.yaml" --lot lot --json $(printf -- '--port %s ' "${own[@]}") >>"shown$1" 2>>"err$1" </dev/null
    stop_rack "$1"
    say "$1" fleet send >"settle$1" 2>&1
}
for ((round = 0; round < 40 && mid < quantity; round++)); do
    pids=()
    for ((n = 1; n <= stations; n++)); do
        fill $n $((30000 + round * rack * 2)) &
        pids+=($!)
    done
    wait "${pids[@]}"
    mid=$(pg "select count(distinct mac) from espstation.runs where lot = 'lot' and verdict = 'PASS'")
done
check "the lot is filled to the board" settle.out test "$mid" = $quantity
check "as the book says" settle.out in_pg "select taken from espstation.quota where lot = 'lot'" $quantity
check "no board has passed at two stations, but those that are reported" settle.out in_pg \
    "select count(*) from (select mac from espstation.runs where lot = 'lot' and verdict = 'PASS' group by mac having count(distinct station) > 1) as x
     where not exists (select 1 from espstation.duplicates as d where d.text = x.mac)" 0
check "no serial is on two boards" settle.out in_pg \
    "select count(*) from (select u.serial from espstation.unit as u where u.serial is not null group by u.serial having count(*) > 1) as x" 0
check "no row of the pool was given twice" settle.out in_pg \
    "select count(*) from (select sha256 from espstation.unit_item where source = 'pool' group by sha256 having count(*) > 1) as x" 0
check "nor any found to be elsewhere" settle.out in_pg "select count(*) from espstation.duplicates where what <> 'board'" 0
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
check "all chains verify on the server" out exits 0 "$station" fleet verify --server user=st
echo "# $((SECONDS - began)) s; $(wc -l <shown) PASS shown, $mid boards, seed $seed"
echo "1..$test_number"
