#!/usr/bin/env bash
# How long statistics over a fleet take: six stations of eight slots over a year, RUNS runs in all, one board in twenty twice.
# The rows are made in PostgreSQL itself, and added up as the owner would (espstation.recount). Asked: less than 2 s each.
#
#   tests/bench/fleet_stats.sh RUNS          all rows are made
#   tests/bench/fleet_stats.sh RUNS sums     only what they add up to, which is all that is read for whole days
. "$(dirname "$0")/../integration/lib.sh"
. "$root/tests/lib/postgres.sh"
need_postgres
trap 'end_postgres; cleanup' EXIT
make_postgres
# As a small server of its own would be set up; the rest is the tests' own.
pg_options="-c shared_buffers=1GB -c work_mem=64MB -c maintenance_work_mem=256MB -c max_wal_size=4GB -c wal_level=minimal -c max_wal_senders=0 -c autovacuum=off"
start_postgres
made=$SECONDS counted=$SECONDS
cd "$work" || exit 1
each=$(($1 / 6))
export ESPSTATION_STATION=
"$station" fleet init --server "user=st" >/dev/null || exit 1
if [ "${2:-}" = sums ]; then
    psql -qAtX -v ON_ERROR_STOP=1 -v n=$each <<'END' || exit 1
insert into espstation.station (name) select 'line ' || k from generate_series(1, 6) as k;
insert into espstation.known_lot (name) select 'L' || i from generate_series(1, 48) as i;
insert into espstation.known_recipe (name, version, sha256, plan_sha256) select 'product ' || (i % 3), '1.' || i, md5(i::text), md5('p' || i) from generate_series(1, 12) as i;
insert into espstation.cell (station, day, lot, slot, recipe, chip, passed, failed, retried, slower_runs, ms, bytes_per_s)
    select k, '2026-01-01'::date + d, 1 + d * 48 / 330, s, 1 + d * 12 / 330, 'ESP32-D0WD-V3', count(*) - count(*) / 20, count(*) / 20, count(*) / 50, count(*) / 100,
    string_agg(int4send(ms), '') filter (where i % 20 <> 19), string_agg(int8send(942185000::bigint / ms), '')
    from (select k, d, s, i, 7000 + (hashint8(i * 7 + d * 1000003::bigint + s * 31 + k) & 4095) as ms from generate_series(1, 6) as k, generate_series(0, 329) as d, generate_series(1, 8) as s,
    generate_series(1::bigint, :n / (330 * 8)) as i) as x group by k, d, s;
insert into espstation.cell_code select id, c, failed / 4 from espstation.cell, unnest(array['no-sync', 'write', 'verify', 'boot']) as c;
insert into espstation.cell_rate select id, 921600, 460800, slower_runs from espstation.cell;
insert into espstation.again select x.id * 10000::bigint + i, x.lot, x.day + t * '1 minute'::interval, x.station, x.id * 10000::bigint + i + t, x.id, case t when 0 then 'F' else 'P' end
    from espstation.cell as x, generate_series(1, x.failed) as i, generate_series(0, 1) as t;
END
else
for t in run attempt lot recipe; do pg "alter table espstation.$t disable trigger ${t}_counted"; done
for month in 01 02 03 04 05 06 07 08 09 10 11; do pg "select espstation.make_month('2026-$month')" >/dev/null; done
for k in 1 2 3 4 5 6; do
    psql -qAtX -v ON_ERROR_STOP=1 -v k=$k -v n=$each <<'END' || exit 1
insert into espstation.station (name) values ('line ' || :k);
insert into espstation.record (station, first_sha256, link, sha256, joined_by, joined_host, tool_version)
    values (:k, md5(:k::text), 0, md5(:k::text), 'bench', 'bench', '0');
insert into espstation.lineage values (:k, :k, 9223372036854775807);
insert into espstation.process values (:k, 1, 1, 'host', 'boot', 1, 1, '0', '2026-01-01Z', null);
insert into espstation.recipe select :k, 1, i, 'product ' || (i % 3), '1.' || i, 'esp32', 'x', md5(i::text), md5('p' || i), '2026-01-01Z'
    from generate_series(1, 12) as i;
insert into espstation.lot select :k, 1, i, 'L' || i, '2026-01-01Z', null, null, 0, null from generate_series(1, 48) as i;
-- One run after the other, eight slots in turn, a lot a week, a recipe a month; the board of a run that fails comes again at once.
create temp table made as select i, '2026-01-01Z'::timestamptz + i * ('330 days'::interval / :n) as at,
    i - (i % 20 = 0)::int as board, i % 20 = 19 as failed, (hashint8(i + :k) & 4095) as noise from generate_series(1::bigint, :n) as i;
insert into espstation.board select :k, i, i, lower(regexp_replace(lpad(to_hex(:k * 1099511627776::bigint + i), 12, '0'), '(..)(?!$)', '\1:', 'g')),
    'esp32', 300, 1, 4194304, at from made where i % 20 <> 0;
insert into espstation.run select :k, i, at, i, 1, 1 + i * 48 / (:n + 1), 1 + i * 12 / (:n + 1), 1 + i % 8, '/dev/ttyUSB0', 'Ann', at, board, 'ESP32-D0WD-V3',
    300, 1, 4194304, at + '9 s', 7000 + noise, case when failed then 'FAIL' else 'PASS' end,
    case when failed then (array['no-sync', 'write', 'verify', 'boot'])[1 + noise % 4] else 'ok' end, null, null, 'running', null, 0, null, null, null from made;
insert into espstation.attempt (record, link, run_utc, id, run, number, started_utc, duration_ms, baud, phase, code, board_state, bytes_written,
    wire_bytes, baud_asked) select :k, i, at, i, i, 1 + (noise % 50 = 0)::int, at, 6900 + noise, case when noise % 100 = 1 then 460800 else 921600 end, 'boot',
    case when failed then 'boot' else 'ok' end, 'running', 942185, 580617, 921600 from made;
END
done
pg "analyze" # as autovacuum does
printf '%s runs made in %s s, load %s\n' "$((each * 6))" "$((SECONDS - made))" "$(cut -d' ' -f1 /proc/loadavg)"
counted=$SECONDS
pg "select espstation.recount()" >/dev/null
fi
pg "vacuum analyze espstation.cell, espstation.again, espstation.cell_code, espstation.cell_rate, espstation.board_lot"
printf 'added up in %s s, load %s; what is added up takes %s, all %s\n' "$((SECONDS - counted))" "$(cut -d' ' -f1 /proc/loadavg)" \
    "$(pg "select pg_size_pretty(sum(pg_total_relation_size('espstation.' || t))) from unnest(array['cell', 'cell_code', 'cell_rate', 'board_lot', 'again']) as t")" \
    "$(pg "select pg_size_pretty(pg_database_size(current_database()))")"
worst=0
ask() { # option...
    local best=999 t from
    for _ in 1 2 3; do
        from=$(date +%s.%N)
        "$station" stats --fleet --server "user=st" --json "$@" >answer 2>err || { cat err; exit 1; }
        t=$(awk -v a="$from" -v b="$(date +%s.%N)" 'BEGIN { printf "%.2f", b - a }')
        best=$(awk -v a="$best" -v b="$t" 'BEGIN { print (a < b ? a : b) }')
    done
    printf '%6.2f s  %4s lines  stats --fleet %s\n' "$best" "$(wc -l <answer)" "$*"
    worst=$(awk -v a="$worst" -v b="$best" 'BEGIN { print (a > b ? a : b) }')
}
ask
for by in station lot slot recipe day chip; do ask --by $by; done
ask --lot L7
ask --slot 3
ask --recipe "product 1"
ask --station-name "line 2"
ask --since 2026-05-03
[ "${2:-}" = sums ] || ask --since 2026-03-04T10:11 --until 2026-07-08T12:13 --by day
ask --recipe "product 2" --slot 5 --by lot
counts=$(psql -qAtX -c "select sum(passed + failed) from espstation.cell")
passed=$("$station" stats --fleet --server "user=st" --json | sed 's/.*"passed":\([0-9]*\),"failed":\([0-9]*\),.*/\1 \2/')
printf 'the slowest took %s s; asked: less than 2. %s runs are added up, passed and failed %s\n' "$worst" "$counts" "$passed"
awk -v w="$worst" 'BEGIN { exit !(w < 2) }'
