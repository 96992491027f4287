# Statistics equal plain SQL on the same file, in all and in groups, with and without filters, also on a
# record of a million runs (a smaller one under sanitizers).
. "$(dirname "$0")/lib.sh"
small=$work/small.db
large=$work/large.db
case $BUILD in
*/asan | */tsan) large_runs=20000 ;;
*) large_runs=1000000 ;;
esac

# The group of a run, by the word that is behind --by.
group_of() {
    case $1 in
    total) echo "'total'" ;;
    lot) echo "(SELECT name FROM lot WHERE lot.id = run.lot)" ;;
    slot) echo "run.slot" ;;
    recipe) echo "(SELECT name || iif(version IS NULL, '', ' ' || version) FROM recipe WHERE recipe.id = run.recipe)" ;;
    day) echo "date(run.started_utc)" ;;
    chip) echo "run.seen_chip" ;;
    esac
}

# percentiles TABLE: of its columns g and v, a row for each g.
percentiles() {
    cat <<SQL
    (SELECT g, count(*) || '/' || min(v) || '/' || min(iif(n * 100 >= c * 50, v, NULL)) || '/'
            || min(iif(n * 100 >= c * 90, v, NULL)) || '/' || min(iif(n * 100 >= c * 99, v, NULL)) || '/'
            || max(v) AS spread
     FROM (SELECT g, v, row_number() OVER (PARTITION BY g ORDER BY v) AS n,
                  count(*) OVER (PARTITION BY g) AS c FROM $1) GROUP BY g)
SQL
}

# by_sql FILE BY CONDITION: what the statistics must be, a line for each group. Written from the words of
# docs/stats.md, without a look at the program's own SQL.
by_sql() {
    sqlite3 -readonly -nullvalue '' "$1" <<SQL
CREATE TEMP TABLE corrected AS SELECT DISTINCT run, last_value(verdict) OVER (PARTITION BY run ORDER BY id ROWS BETWEEN
    UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS last FROM correction WHERE verdict IS NOT NULL;
CREATE TEMP TABLE r AS SELECT id, coalesce($(group_of "$2"), '-') AS g, board, coalesce(lot, 0) AS lot,
    coalesce(corrected.last, verdict) AS verdict, iif(corrected.last = 'FAIL', 'corrected', code) AS code, duration_ms,
    code IN ('duplicate', 'quota') AND verdict = 'FAIL' AS refused
    FROM run LEFT JOIN corrected ON corrected.run = run.id WHERE $3;
CREATE INDEX temp.r_id ON r(id);
CREATE TEMP TABLE a AS SELECT r.g, attempt.run, attempt.number, attempt.code, attempt.duration_ms AS ms,
    bytes_written AS bytes, coalesce(baud, 0) AS baud, coalesce(baud_asked, 0) AS asked,
    coalesce(baud < baud_asked, 0) OR baud_why IS 'stepped-down' AS slower FROM r JOIN attempt ON attempt.run = r.id;
CREATE TEMP TABLE firsts AS SELECT g, verdict, board, lot FROM (SELECT *, row_number() OVER (PARTITION BY board, lot
    ORDER BY id) AS n FROM r WHERE board IS NOT NULL AND verdict IN ('PASS', 'FAIL') AND NOT refused) WHERE n = 1;
CREATE TEMP TABLE lasts AS SELECT verdict, board, lot FROM (SELECT *, row_number() OVER (PARTITION BY board, lot
    ORDER BY id DESC) AS n FROM r WHERE board IS NOT NULL AND verdict IS NOT NULL AND NOT refused) WHERE n = 1;
CREATE TEMP TABLE boards AS SELECT g, count(*) AS boards, sum(firsts.verdict = 'PASS') AS first_pass,
    sum(lasts.verdict = 'PASS') AS final_pass FROM firsts JOIN lasts USING (board, lot) GROUP BY g;
CREATE TEMP TABLE passed AS SELECT g, duration_ms AS v FROM r WHERE verdict = 'PASS';
CREATE TEMP TABLE speeds AS SELECT g, bytes * 1000 / ms AS v FROM a WHERE code = 'ok' AND bytes > 0;
CREATE TEMP TABLE codes AS SELECT g, group_concat(code || ' ' || n, ', ') AS list FROM (SELECT g, code, count(*) AS n
    FROM r WHERE verdict = 'FAIL' GROUP BY g, code ORDER BY g, n DESC, code) GROUP BY g;
CREATE TEMP TABLE rates AS SELECT g, group_concat(asked || '>' || baud || ' ' || n, ', ') AS list FROM (SELECT g, asked,
    baud, count(*) AS n FROM a WHERE slower GROUP BY g, asked, baud ORDER BY g, asked DESC, baud DESC) GROUP BY g;
CREATE TEMP TABLE tries AS SELECT g, sum(code = 'ok' AND number > 1) AS retried,
    count(DISTINCT iif(slower, run, NULL)) AS slower_runs FROM a GROUP BY g;
SELECT r.g, sum(verdict IS 'PASS'), sum(verdict IS 'FAIL'), sum(verdict IS 'STOPPED'), sum(verdict IS 'INTERRUPTED'),
    sum(verdict IS NULL), total(refused) + 0 || '', sum(verdict IS 'FAIL' AND NOT refused AND board IS NULL),
    coalesce(boards, 0), coalesce(first_pass, 0), coalesce(final_pass, 0), coalesce(retried, 0),
    coalesce(slower_runs, 0), coalesce(m.spread, '0/0/0/0/0/0'), coalesce(s.spread, '0/0/0/0/0/0'), codes.list,
    rates.list
FROM r LEFT JOIN boards USING (g) LEFT JOIN tries USING (g) LEFT JOIN codes USING (g) LEFT JOIN rates USING (g)
    LEFT JOIN $(percentiles passed) AS m USING (g) LEFT JOIN $(percentiles speeds) AS s USING (g)
GROUP BY r.g ORDER BY CAST(r.g AS TEXT);
SQL
}

# lines_of FILE: the same of the program's JSON lines, its total as a group of that name.
lines_of() {
    { echo '['; paste -sd, "$1"; echo ']'; } >"$1.array"
    sqlite3 -nullvalue '' :memory: <<SQL
WITH j AS (SELECT value AS o FROM json_each(readfile('$1.array')))
SELECT iif(o ->> 'group' = 'total', 'total', coalesce(o ->> 'name', '-')) AS g, o ->> 'passed', o ->> 'failed',
    o ->> 'stopped', o ->> 'interrupted', o ->> 'open', (o ->> 'refused') || '.0', o ->> 'unidentified', o ->> 'boards',
    o ->> 'first_pass', o ->> 'final_pass', o ->> 'retried', o ->> 'slower_runs',
    (SELECT group_concat(value, '/') FROM json_each(o -> 'duration_ms')),
    (SELECT group_concat(value, '/') FROM json_each(o -> 'bytes_per_s')),
    (SELECT group_concat((value ->> 'code') || ' ' || (value ->> 'runs'), ', ') FROM json_each(o -> 'codes')),
    (SELECT group_concat((value ->> 'baud_asked') || '>' || (value ->> 'baud') || ' ' || (value ->> 'attempts'), ', ')
     FROM json_each(o -> 'rates'))
FROM j ORDER BY CAST(g AS TEXT);
SQL
}

# equal TITLE FILE BY CONDITION OPTION...: the program's answer, and SQL's.
equal() {
    local title=$1 file=$2 by=$3 condition=$4 option=()
    shift 4
    [ "$by" = total ] || option=(--by "$by")
    if ! "$station" stats --db "$file" --json "${option[@]}" "$@" >"$work/json" 2>"$work/err"; then
        not_ok "$title" "$work/err"
        return
    fi
    { by_sql "$file" total "$condition"; [ "$by" = total ] || by_sql "$file" "$by" "$condition"; } |
        LC_ALL=C sort >"$work/expected"
    lines_of "$work/json" | LC_ALL=C sort >"$work/got"
    diff "$work/expected" "$work/got" >"$work/diff"
    check "$title: $(wc -l <"$work/got") lines as SQL has them" "$work/diff" test -s "$work/got" -a ! -s "$work/diff"
}

# ---- A small record: every group, every filter -----------------------------------------------------
"$bin/make_record" "$small" 6000 --seed 5 --no-digests >"$work/out"
check "the generated record is whole" "$work/out" test "$(sql "$small" 'pragma integrity_check')" = ok
sqlite3 "$small" "INSERT INTO correction (run, verdict, operator, reason, host, made_utc) SELECT id, word, 'Eve', 'seen
    on the bench', 'line-1', '2026-08-31T00:00:00.000Z' FROM run, (SELECT 'FAIL' AS word UNION ALL SELECT 'PASS' UNION
    ALL SELECT NULL) WHERE verdict = 'PASS' AND id % 500 = 0 AND (word IS NOT 'PASS' OR id % 1000 = 0) ORDER BY word"
check "some verdicts were corrected" "$work/out" test "$(sql "$small" 'SELECT count(*) > 20 FROM correction')" = 1
for by in total lot slot recipe day chip; do
    equal "by $by" "$small" $by 1
done
lot="lot = (SELECT id FROM lot WHERE name = 'L0003')"
thermostat="recipe IN (SELECT id FROM recipe WHERE name = 'thermostat')"
equal "a lot" "$small" slot "$lot" --lot L0003
equal "a slot" "$small" day "slot = 7" --slot 7
equal "a recipe" "$small" lot "$thermostat" --recipe thermostat
equal "from a day on" "$small" slot "started_utc >= '2026-08-03'" --since 2026-08-03
equal "until a day" "$small" recipe "started_utc < '2026-03-07'" --until 2026-03-06
equal "most of a record" "$small" total "started_utc >= '2026-03-10'" --since 2026-03-10
equal "all filters together" "$small" day "$lot AND slot = 7 AND started_utc >= '2026-03-10' AND started_utc < '2026-05-02'" \
    --lot L0003 --slot 7 --since 2026-03-10 --until 2026-05-01

# ---- For a person -----------------------------------------------------------------------------------
check "text: exit 0" "$work/out" exits 0 "$station" stats --db "$small" --by slot
passed=$(sql "$small" "SELECT count(*) FROM run WHERE verdict = 'PASS' AND (id % 500 > 0 OR id % 1000 = 0)")
check "text: yields, causes, times" "$work/out" says "$work/out" "$passed passed" "first-pass yield" "final yield" \
    "why runs failed" "no-sync" "######" "seconds" "KB/s" "p99"
check "text: the slot that goes slower, and what to do" "$work/out" says "$work/out" "460800 instead of 921600" \
    "Check the cable, the adapter and the supply of slot 7 first"
check "text: plain ASCII" "$work/out" sh -c "test -s '$work/out' && ! LC_ALL=C grep -q '[^ -~]' '$work/out'"
check "no such lot: zero, and no failure" "$work/out" exits 0 "$station" stats --db "$small" --lot nowhere
check "said with a dash, not as 0 %" "$work/out" grep -q 'first-pass yield *-  0 of 0 boards' "$work/out"

# ---- Refusals ----------------------------------------------------------------------------------------
check "an unknown group: exit 2" "$work/out" exits 2 "$station" stats --db "$small" --by slto
check "with the nearest" "$work/out" says "$work/out" "Did you mean 'slot'" "lot, slot, recipe, day and chip"
check "a bad slot: exit 2" "$work/out" exits 2 "$station" stats --db "$small" --slot 0
check "a bad date: exit 2" "$work/out" exits 2 "$station" stats --db "$small" --since yesterday
check "no such record: exit 4" "$work/out" exits 4 "$station" stats --db "$work/none.db"
check "a full disk: exit 4" "$work/out" exits 4 sh -c "'$station' stats --json --db '$small' >/dev/full"

# ---- A large record ----------------------------------------------------------------------------------
"$bin/make_record" "$large" $large_runs --seed 11 --no-digests >"$work/out"
equal "$large_runs runs by slot" "$large" slot 1
equal "$large_runs runs, a month of them" "$large" day "started_utc >= '2026-05' AND started_utc < '2026-06'" \
    --since 2026-05 --until 2026-05
# The query that the page gives to people, on a record without corrections.
sed -n '/^```sql$/,/^```$/p' "$root/docs/stats.md" | grep -v '```' >"$work/page.sql"
"$station" stats --db "$large" --json >"$work/json"
sqlite3 -readonly "$large" "SELECT boards || ' ' || printf('%.6f', first_pass_yield) FROM ($(tr -d ';' <"$work/page.sql"))" >"$work/by-page"
sqlite3 :memory: "SELECT (o ->> 'boards') || ' ' || printf('%.6f', o ->> 'first_pass_yield') FROM
    (SELECT readfile('$work/json') AS o)" >"$work/by-stats"
check "the query of docs/stats.md gives the same" "$work/by-page" grep -qxFf "$work/by-page" "$work/by-stats"
echo "1..$test_number"
