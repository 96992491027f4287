# Reading over a fleet: what a station says of its record the server says of that station, and over all of them what plain SQL
# on the server's rows gives.
. "$(dirname "$0")/lib.sh"
. "$root/tests/lib/postgres.sh"
need_postgres
trap 'end_postgres; cleanup' EXIT
make_postgres
start_postgres
cd "$work" || exit 1

# Two lines with the same boards, lots and recipes: many boards run at both.
for n in 1 2; do
    "$bin/make_record" "l$n.db" $((n * 1500)) --seed $((n + 4)) --line $n --chain >out
    cat >"s$n.yaml" <<END
station: line $n
record: $work/l$n.db
slots: [{ name: A1 }]
fleet: { server: "user=line$n" }
END
done
use() { export ESPSTATION_STATION=$work/$1; }
use s1.yaml
"$station" fleet init --server user=st >out 2>&1
pg "create role line1 login in role espstation_station; create role line2 login in role espstation_station; create role qa login in role espstation_reader" >out 2>&1
# A PASS that is taken back, one that is given again, and a note.
passed=$(sqlite3 l1.db "select group_concat(id, ' ') from (select id from run where verdict = 'PASS' and lot is not null and started_utc < '2026-04' order by random() limit 9)")
correct() { "$station" correct "$1" --operator Eve --reason "seen on the bench" "${@:2}" >>out 2>&1; }
# shellcheck disable=SC2086 # numbers
set -- $passed
for run in "$1" "$2" "$3" "$4" "$5"; do correct "$run" --verdict fail; done
"$station" fleet join --operator Ann >out 2>&1
check "a line sends" out exits 0 "$station" fleet send
correct "$1" --verdict pass
correct "$6" --verdict fail
correct "$7"
check "and what was corrected since" out exits 0 "$station" fleet send
use s2.yaml
"$station" fleet join --operator Ann >out 2>&1
check "another line sends" out exits 0 "$station" fleet send
use s1.yaml

# ---- Statistics of one station -----------------------------------------------------------------------
# The server knows no open runs.
plain() { sed 's/"open":[0-9]*,//' "$1"; }
agree() { # title station option...
    local title=$1 n=$2
    shift 2
    "$station" stats --json --db "l$n.db" "$@" >here.json 2>err
    "$station" stats --json --fleet --station-name "line $n" "$@" >there.json 2>>err
    diff <(plain here.json) <(plain there.json) >diff 2>&1
    check "$title: $(wc -l <there.json) lines as the station has them" diff test -s there.json -a ! -s diff -a ! -s err
}
for by in lot slot recipe day chip; do
    agree "by $by" 1 --by $by
done
agree "of another station" 2 --by slot
agree "of a lot" 1 --by slot --lot L0003
agree "of a slot" 1 --by day --slot 7
agree "of a recipe" 1 --by lot --recipe thermostat
agree "from a day on" 1 --by day --since 2026-05-03
agree "of hours of one day" 1 --by slot --since 2026-05-05T09:30 --until 2026-05-05T15:00
agree "of a time that begins and ends within days" 1 --by day --since 2026-04-07T10:20:30.500 --until 2026-06-09T13:07
agree "of all these together" 1 --by chip --recipe thermostat --slot 7 --since 2026-03-05T11 --until 2026-08
agree "of nothing" 1 --lot nowhere

# ---- Statistics of all: plain SQL on the rows, without a look at what is kept added up ----------------
cat >expected.sql <<'END'
create temp view r as select x.*, l.code as own_code, x.verdict = 'FAIL' and x.own_verdict = 'FAIL' and x.code in ('duplicate', 'quota') as refused
    from espstation.runs as x join espstation.run as l on l.record = x.record and l.id = x.run where not x.golden;
create temp view first as select distinct on (mac, lot) * from r where mac is not null and verdict in ('PASS', 'FAIL') and not refused
    order by mac, lot, started_utc, record, run;
create temp view last as select distinct on (mac, lot) * from r where mac is not null and not refused
    order by mac, lot, started_utc desc, record desc, run desc;
create temp view boards as select f.*, l.verdict as last_verdict from first as f join last as l on l.mac = f.mac and l.lot is not distinct from f.lot;
END
by_sql() { # the group's expression
    cat expected.sql
    cat <<END
select g, passed, failed, stopped, refused, boards, first, final, p50, p99 from
(select coalesce($1, '-') as g, count(*) filter (where verdict = 'PASS') as passed, count(*) filter (where verdict = 'FAIL') as failed,
 count(*) filter (where verdict = 'STOPPED') as stopped, count(*) filter (where refused) as refused,
 percentile_disc(0.5) within group (order by case verdict when 'PASS' then seconds end) as p50,
 percentile_disc(0.99) within group (order by case verdict when 'PASS' then seconds end) as p99 from r group by 1) as a left join
(select coalesce($1, '-') as g, count(*) as boards, count(*) filter (where verdict = 'PASS') as first, count(*) filter (where last_verdict = 'PASS') as final
 from boards group by 1) as b using (g) order by 1;
END
}
lines_of() { # file
    { echo '['; paste -sd, "$1"; echo ']'; } >"$1.array"
    sqlite3 -separator '|' :memory: "select iif(o ->> 'group' = 'total', 'total', coalesce(o ->> 'name', '-')), o ->> 'passed', o ->> 'failed',
        o ->> 'stopped', o ->> 'refused', o ->> 'boards', o ->> 'first_pass', o ->> 'final_pass',
        printf('%.3f', (o ->> '$.duration_ms.p50') / 1000.0), printf('%.3f', (o ->> '$.duration_ms.p99') / 1000.0)
        from (select value as o from json_each(readfile('$1.array')))"
}
rounded() { awk -F'|' 'BEGIN { OFS = "|" } { $9 = sprintf("%.3f", $9); $10 = sprintf("%.3f", $10); print }'; }
as_sql() { # title by expression
    "$station" stats --json --fleet ${2:+--by "$2"} >got.json 2>err
    if [ -n "$2" ]; then lines_of got.json | tail -n +2; else lines_of got.json; fi | LC_ALL=C sort >got
    by_sql "$3" >question.sql
    psql -qAtX -v ON_ERROR_STOP=1 -f question.sql 2>>err | rounded | LC_ALL=C sort >expected
    diff expected got >diff
    check "over all stations $1: $(wc -l <got) lines as SQL has them" diff test -s got -a ! -s diff -a ! -s err
}
as_sql "in all" "" "'total'::text"
as_sql "by station" station station
as_sql "by lot" lot lot
as_sql "by day" day "to_char(started_utc at time zone 'UTC', 'YYYY-MM-DD')"
as_sql "by slot" slot "station || '/' || slot"
as_sql "by recipe" recipe "recipe || coalesce(' ' || recipe_version, '')"
both=$(pg "select count(*) from (select mac from espstation.runs group by mac having count(distinct station) > 1) as x")
check "many boards ran at both lines" out test "$both" -gt 500
"$station" stats --json --fleet --by slot >before.json
pg "select espstation.recount()" >out 2>&1
"$station" stats --json --fleet --by slot >after.json
check "counted anew it is the same" out cmp before.json after.json
check "a reader may ask" out exits 0 "$station" stats --fleet --server "user=qa" --by station
check "nobody else is told" out exits 2 "$station" stats --fleet --station-name "line 9"
check "in a sentence" out says out "knows no station 'line 9'"
check "a lot that no run is of: said, not counted as zeros" out exits 2 "$station" stats --fleet --lot L9
check "with what there is" out says out "no run of a lot 'L9'" "--by lot"
check "a server that is not there" out exits 4 "$station" stats --fleet --server "host=$work/none user=qa"
check "who only asks has nothing to send later" out eval 'says out "fleet status" && ! grep -q "sent later" out'
check "by station is for a fleet" out exits 2 "$station" stats --by station
check "so is the name of one" out exits 2 "$station" stats --station-name "line 1"
check "a station cannot touch what is added up" out sh -c "! psql -qAtX -U line1 -c 'update espstation.cell set passed = 0'"
check "nor add to it" out sh -c "! psql -qAtX -U line1 -c \"insert into espstation.known_lot (name) values ('x')\""

# ---- The questions of the page, as of a day in May, beside what the commands say ----------------------
awk '/^## Asking/{on = 1} /^## Proof/{on = 0} on && /^```sql/{code = 1; n++; next} /^```/{code = 0} code {print > ("question" n ".sql")}' "$root/docs/fleet.md"
check "the page has ten questions" out test "$(ls question*.sql | wc -l)" = 11 # and that of this script
answer() { sed "s/now()/'2026-05-06T12:00Z'::timestamptz/; s/24:0a:c4:00:00:01/$one/" "question$1.sql" | psql -qAtX -v ON_ERROR_STOP=1 -U qa >"answer$1" 2>err; }
from_json() { # question: of lines of got.json
    { echo '['; paste -sd, got.json; echo ']'; } >array
    sqlite3 -separator '|' :memory: "with j as (select value as o from json_each(readfile('array'))) $1"
}
fleet_stats() { "$station" stats --fleet --json "$@" >got.json 2>err; }
one=$(pg "select mac from espstation.runs group by mac having count(distinct station) > 1 order by mac limit 1")
for n in 1 2 3 4 5 6 7 8 9 10; do answer $n || not_ok "question $n" err; done
fleet_stats --by station --since 2026-05-06 --until 2026-05-06
check "what each station makes today" answer1 diff answer1 <(from_json "select o ->> 'name', o ->> 'passed', (o ->> 'passed') + (o ->> 'failed') + (o ->> 'stopped') + (o ->> 'interrupted') from j where o ->> 'group' <> 'total'")
"$station" export --fleet --verdict pass -o pass.csv >out 2>&1
of_csv() { sqlite3 -separator '|' :memory: ".import --csv $1 t" "$2"; }
check "how full each lot is" answer2 diff answer2 <(of_csv pass.csv "select lot, count(distinct mac), count(distinct host) from t where lot <> '' group by lot order by lot")
check "which boards passed at more than one station" answer3 diff answer3 <(of_csv pass.csv "select mac, group_concat(distinct host), count(*) from t group by mac having count(distinct host) > 1 order by mac" | sed 's/line 2,line 1/line 1,line 2/; s/,/, /')
check "no serial twice" answer4 test ! -s answer4
fleet_stats --since 2026-05
check "why runs fail this month" answer5 diff answer5 <(from_json "select value ->> 'code', value ->> 'runs' from j, json_each(o -> 'codes')")
fleet_stats --by slot --since 2026-04-30
check "which slot fails most" answer6 diff <(sort answer6) <(from_json "select replace(o ->> 'name', '/', '|'), (o ->> 'passed') + (o ->> 'failed'), printf('%.1f', round(100.0 * (o ->> 'failed') / ((o ->> 'passed') + (o ->> 'failed')), 1)) from j where o ->> 'group' = 'slot'" | sort)
"$station" history "$one" --fleet >out 2>&1
check "the life of one board" answer7 test "$(wc -l <answer7)" = "$(grep -c '^run ' out)"
"$station" export --fleet --verdict pass --recipe thermostat -o pass.csv >out 2>&1
check "boards with this application" answer8 diff <(sort answer8) <(of_csv pass.csv "select distinct mac from t where recipe_version = '2.3.0' order by mac")
for n in 1 2; do
    "$station" stats --fleet --json --station-name "line $n" --by recipe --since 2026-04-29T12:00 >got.json
    from_json "select 'line $n', o ->> 'name', printf('%.3f', (o ->> '$.duration_ms.p50') / 1000.0) from j where o ->> 'group' = 'recipe' and o ->> 'passed' > 0"
done >expected
check "how many seconds a board takes" answer9 diff <(awk -F'|' 'BEGIN { OFS = "|" } { print $1, $2 ($3 == "" ? "" : " " $3), sprintf("%.3f", $4) }' answer9 | sort) <(sort expected)
check "from whom nothing was heard" answer10 test ! -s answer10

# ---- Exports -------------------------------------------------------------------------------------------
csv_of() { # file: without the run's number and host, which differ
    sqlite3 -separator '|' :memory: ".import --csv '$1' t" "select started_utc, ended_utc, verdict, code, sentence, slot, port, operator, lot, mac, chip, recipe, recipe_version, plan_sha256, attempt_count,
        correction_count, corrected_verdict, correction_reason, last_baud, last_wire_bytes, last_wire_ms, recorded_verdict, rework_of <> '' from t where verdict <> ''" | sort
}
exported() { # title option...
    local title=$1
    shift
    "$station" export --db l1.db "$@" >one.csv 2>err
    "$station" export --db l2.db "$@" >two.csv 2>>err
    "$station" export --fleet "$@" >all.csv 2>>err
    diff <({ csv_of one.csv; csv_of two.csv; } | sort) <(csv_of all.csv) >diff 2>&1
    check "an export $title: $(($(wc -l <all.csv) - 1)) runs, those of both records" diff test "$(wc -l <all.csv)" -gt 1 -a ! -s diff
}
exported "of all runs"
exported "of a lot" --lot L0003
exported "of what failed" --verdict fail
exported "of a recipe in one slot since then" --recipe thermostat --slot 7 --since 2026-05-05T10
exported "of a board" --mac "$(pg "select mac from espstation.runs where rework_of is null group by mac having count(distinct station) > 1 limit 1")"
check "with the stations' names" out sh -c "grep -q ',line 1,' all.csv && grep -q ',line 2,' all.csv"
documents() { sed 's/"host":"[^"]*"/"host":""/; s/^{"run":[0-9]*/{"run":0/' "$1" | grep -v '"verdict":null' | sort; }
"$station" export --format jsonl --db l1.db >one.jsonl
"$station" export --format jsonl --fleet --station-name "line 1" >all.jsonl
check "attempts and digests are there as the record has them" out cmp <(documents one.jsonl) <(documents all.jsonl)
check "with the station's own numbers" out test "$(sed -n 's/^{"run":\([0-9]*\).*/\1/p' all.jsonl | sort -n | tail -1)" -lt 10000
check "nothing is left of it" out sh -c "! ls -d \"\${TMPDIR:-/tmp}\"/espstation-fleet-* 2>/dev/null"

# Burns, with all they have; those of a station come by its chain (db/fleet/fleet_tables.c).
pg "insert into espstation.burn select r.record, r.link, 1, r.id, 1, 1, 'enable', 0, 'SECURE_BOOT_EN=0x1', '00000000 00100000', null, null,
    'burnt', '00000001 00100000', null, 'Eve', r.ended_utc from espstation.run as r where r.record = 2 and r.verdict = 'PASS' order by r.id limit 1"
burnt_run=$(pg "select run from espstation.burn")
"$station" export --format jsonl --fleet --station-name "line 2" >burnt.jsonl 2>err
check "a burn is exported with its run" burnt.jsonl test "$(grep -c '"fuses":"SECURE_BOOT_EN=0x1"' burnt.jsonl)" = 1
check "of the right run, with what it read and who allowed it" burnt.jsonl sh -c "grep SECURE_BOOT_EN burnt.jsonl | grep '\"run\":$burnt_run,' | grep burnt | grep '00000001 00100000' | grep -q Eve"
"$station" export --fleet >burnt.csv 2>err
check "from all stations, too" burnt.csv test "$(grep -c 'SECURE_BOOT_EN=0x1 burnt' burnt.csv)" = 1
pg "delete from espstation.burn"

# ---- A report ------------------------------------------------------------------------------------------
"$station" lot close L0002 --operator Ann >out 2>&1
"$station" fleet send >>out 2>&1
check "a report over all stations" out exits 0 "$station" report --fleet --lot L0002 -o all.html
check "names both" out says all.html "<td>line 1</td>" "<td>line 2</td>" "fleet's server"
check "and where the lot is closed" out says all.html "line 1: closed" "line 2: open"
boards=$(pg "select count(distinct mac) from espstation.runs where lot = 'L0002' and verdict in ('PASS', 'FAIL') and code not in ('duplicate', 'quota')")
check "and counts its boards once" out sh -c "grep -o '<[^>]*>[^<]*' all.html | grep -q '>$boards\$'"
check "of a lot that nobody knows, none" out exits 2 "$station" report --fleet --lot nowhere -o none.html
check "and no file" out test ! -e none.html

# ---- Audit ---------------------------------------------------------------------------------------------
check "an audit over all stations" out exits 0 "$station" audit --fleet
check "proves each record" out test "$(grep -c ': whole$' out)" = 2
"$station" audit --save mark.txt --operator Ann >out 2>&1
check "a checkpoint that was kept is held against its station" out exits 0 "$station" audit --fleet --station-name "line 1" --checkpoint mark.txt
check "and is not another's" out exits 1 "$station" audit --fleet --station-name "line 2" --checkpoint mark.txt
check "which has to be named" out exits 2 "$station" audit --fleet --checkpoint mark.txt
pg "update espstation.run set slot = slot + 1 where record = 2 and id = 7"
check "an altered row is found" out exits 1 "$station" audit --fleet --json
check "at its station" out says out '"finding":"changed","station":"line 2"'
echo "1..$test_number"
