#!/usr/bin/env bash
# Whether a board takes longer where a fleet's server gets all: the same boards flashed ROUNDS times with and without, in turn.
# Medians of what the record says a run took. Asked: within 1.01.
#
#   tests/bench/fleet_slot.sh ROUNDS
. "$(dirname "$0")/../integration/lib.sh"
. "$root/tests/lib/postgres.sh"
need_postgres
trap 'end_postgres; cleanup' EXIT
make_postgres
start_postgres
cd "$work" || exit 1
"$bin/make_images" images 256
for on in 0 1; do
    {
        echo "station: line $on"
        echo "record: $work/$on.db"
        echo "slots: [{ name: A1 }]"
        [ $on = 0 ] || echo 'fleet: { server: "user=st" }'
    } >$on.yaml
done
ESPSTATION_STATION=$work/1.yaml "$station" fleet init >/dev/null || exit 1
ESPSTATION_STATION=$work/1.yaml "$station" fleet join --operator bench >/dev/null || exit 1
start_fixture --boards 4 --chip esp32 --speed 4
for round in $(seq "$1"); do
    for on in $((round % 2)) $(((round + 1) % 2)); do
        ESPSTATION_STATION=$work/$on.yaml "$station" run images/esp32.yaml "${port_options[@]}" --lot "L$round" --new-lot >out 2>&1 || { cat out; exit 1; }
    done
done
median() { sqlite3 -readonly "$1.db" "select duration_ms from run where verdict = 'PASS' order by 1 limit 1 offset (select count(*) / 2 from run where verdict = 'PASS')"; }
off=$(median 0) with=$(median 1)
awk -v off="$off" -v with="$with" -v n="$1" -v load="$(cut -d' ' -f1 /proc/loadavg)" 'BEGIN {
    printf "a board takes %d ms without a fleet and %d ms with one (medians of %d runs each, load %s): %.3f; asked: 1.01\n", off, with, 4 * n, load, with / off
    exit !(with / off <= 1.01)
}'
