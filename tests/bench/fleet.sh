#!/usr/bin/env bash
# What sending a record to PostgreSQL costs, beside psql's COPY of the very same rows into the very same tables, on one
# machine: rows a second of each, and the memory of the sender beyond that of a command that sends nothing.
#
#   tests/bench/fleet.sh RUNS
. "$(dirname "$0")/../integration/lib.sh"
. "$root/tests/lib/postgres.sh"
need_postgres
trap 'end_postgres; cleanup' EXIT
make_postgres
start_postgres
cd "$work" || exit 1
# RECORD: one that `make_record FILE RUNS --chain` has made before.
if [ -n "${RECORD:-}" ]; then cp "$RECORD" record.db; else "$bin/make_record" record.db "$1" --chain >/dev/null; fi
cat >station.yaml <<END
station: bench
record: record.db
slots: [{ name: A1 }]
fleet: { server: "user=st" }
END
export ESPSTATION_STATION=$work/station.yaml
of() { sed -n "s/.*\"$2\":\([0-9.]*\).*/\1/p" "$1" | tail -1; } # file word
"$station" fleet init >/dev/null && "$station" fleet join --operator bench >/dev/null || exit 1
"$bin/measure" "$station" fleet status >/dev/null 2>idle
"$bin/measure" "$station" fleet send 2>sent

# The same rows, in the order in which they came.
tables="process process_end recipe image lot board run attempt digest unit_digest correction checkpoint label label_end act unit
    unit_item unit_value unit_decision lease lease_row lease_end burn link"
rows=0
for t in $tables; do
    rows=$((rows + $(pg "select count(*) from espstation.$t")))
    psql -qX -c "\\copy (select * from espstation.$t order by link) to '$work/$t.copy'"
    [ -s "$t.copy" ] && echo "\\copy espstation.$t from '$work/$t.copy'"
done >copy.sql
pg "truncate $(printf 'espstation.%s, ' $tables cell cell_code cell_rate board_lot again corrected | sed 's/, $//')"
"$bin/measure" psql -qX -f copy.sql 2>copied
printf '%s rows of %s runs, load %s\n' "$rows" "$1" "$(cut -d' ' -f1 /proc/loadavg)"
awk -v rows="$rows" -v runs="$1" -v sent="$(of sent seconds)" -v copied="$(of copied seconds)" -v cpu="$(of sent cpu_s)" \
    -v used="$(of sent rss_kib)" -v idle="$(of idle rss_kib)" 'BEGIN {
    printf "fleet send   %8.0f rows/s, %.1f s, %.1f s of it the sender'"'"'s CPU\n", rows / sent, sent, cpu
    printf "psql COPY    %8.0f rows/s, %.1f s\n", rows / copied, copied
    printf "a backlog of %d runs is drained in %.0f s; asked of a million: less than 300\n", runs, sent
    printf "sending runs at %.2f of the rate of psql; asked: 0.50\n", copied / sent
    printf "memory of sending %.1f MB; asked: less than 16\n", (used - idle) / 1024
    exit !(copied / sent >= 0.5 && used - idle < 16384 && sent / runs < 300 / 1000000)
}'
