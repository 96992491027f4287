# Exports: each format read by a reader that is not ours and compared with the record, filters,
# files that are whole or not there, full disks, readers that leave, and memory.
. "$(dirname "$0")/lib.sh"
NODE=${NODE:-node}
js=$root/tests/js
db=$work/record.db
formats="csv json jsonl junit wsjf openhtf"

can_read=yes
[ -d "$js/node_modules/ajv" ] && command -v "$NODE" >/dev/null || can_read=

# A format that was added is wanted everywhere.
"$station" export --format nonsense >"$work/out" 2>&1
check "the formats of the program are those in \`formats\` of tests/integration/export.sh" "$work/out" \
    says "$work/out" "There are ${formats// /, }."
for format in $formats; do
    check "docs/export.md has a row for $format" "$root/docs/export.md" grep -q "^| \`$format\`" "$root/docs/export.md"
done

# ---- A record ----------------------------------------------------------------------------------
# Some weeks of a line, then runs whose texts try to be formulas, markup or the end of the file.
"$bin/make_record" "$db" 120 >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }

add_run() { # operator-as-SQL text-as-SQL
    echo "insert into run (station, lot, recipe, slot, port, operator, started_utc)
        values (1, (select max(id) from lot), 1, 3, '/dev/ttyUSB2', $1, '2027-01-01T00:00:00.' || printf('%03d', $((++added))) || 'Z');
        update run set verdict = 'FAIL', code = 'boot', board_state = 'verified', ended_utc = started_utc,
        duration_ms = 1234, sentence = $1, hint = 'Look at it.', app_text = $2 where id = (select max(id) from run);"
}
added=0
{
    for text in '=HYPERLINK("http://x")' '+1' '-2+3' '@SUM(1)' "''quoted" 'a,b' 'a;=1+1' ' padded ' \
        'say "hi"' '<b>&amp;</b> ]]>' 'Zoë 🔥 日本' 'line: attempt 7: no'; do
        add_run "'$text'" "'$text'"
    done
    # =+-@ in their wide forms, a tab and line ends in front
    for hex in EFBC9D31 EFBC8B31 EFBC8D31 EFBCA031 0939 0D0A3D31 0A3D; do
        add_run "cast(x'$hex' as text)" "'wide'"
    done
    # What an application may say: all control characters but NUL, C1, no UTF-8, no XML characters.
    add_run "'Eve'" "cast(x'0102030405060708090A0B0C0D0E0F101112131415161718191A1B1C1D1E1F7F' as text)"
    add_run "'Eve'" "cast(x'C285C29BE280A8EFBFBEEFBFBFC39F' as text)"
    add_run "'Eve'" "cast(x'41FFC328EDA080F8C0AF42' as text)"
    add_run "'Eve'" "''"
    # The first PASS is taken back, the second too and then not, with notes.
    correct() { # which verdict operator reason second
        echo "insert into correction (run, verdict, operator, reason, host, made_utc)
            select id, $2, '$3', '$4', 'office', '2027-01-02T00:00:0$5.000Z' from run where $1;"
    }
    correct "id = (select min(id) from run where verdict = 'PASS')" "'FAIL'" Eve '=tested by hand' 0
    correct "id = (select id from run where verdict = 'PASS' order by id limit 1 offset 1)" "'FAIL'" Eve 'cracked' 1
    correct "id = (select id from run where verdict = 'PASS' order by id limit 1 offset 1)" "'PASS'" Ann 'another one' 2
    correct "id = (select min(id) from run where verdict = 'PASS') or operator = '-2+3'" null 'Zoë' 'label on the reel' 3
} >"$work/add.sql"
sqlite3 "$db" <"$work/add.sql" || exit 1

# expected [WHERE]: what the record holds, as JSON, texts in hex.
expected() {
    sqlite3 -readonly -json "$db" "
        with last as (select run, verdict, operator, reason from correction as k where verdict is not null and
            not exists (select 1 from correction as n where n.run = k.run and n.id > k.id and n.verdict is not null))
        select r.id as run, ifnull(k.verdict, r.verdict) as verdict, r.verdict as recorded_verdict,
            iif(k.verdict = 'FAIL', 'corrected', r.code) as code, b.mac, r.slot, iif(r.operator is null, null, hex(r.operator)) as operator,
            iif(l.name is null, null, hex(l.name)) as lot, iif(k.verdict = 'FAIL', hex('Taken back by ' || k.operator || ': ' || k.reason),
                iif(r.sentence is null, null, hex(r.sentence))) as sentence,
            iif(r.app_text is null, null, hex(r.app_text)) as app_text,
            (select verdict from correction where run = r.id and verdict is not null order by id desc limit 1)
                as corrected_verdict,
            (select json_group_array(json_array(verdict, operator, reason)) from
                (select * from correction where run = r.id order by id)) as corrections,
            (select count(*) from attempt where run = r.id) as attempts,
            (select baud from attempt where run = r.id order by number desc limit 1) as last_baud,
            (select json_group_array(json_array(expected_md5, read_md5)) from
                (select expected_md5, read_md5 from attempt as a join digest as d on d.attempt = a.id
                 join image as i on i.id = d.image where a.run = r.id order by a.number, i.number)) as digests
        from run as r join recipe as c on c.id = r.recipe left join lot as l on l.id = r.lot
            left join board as b on b.id = r.board left join last as k on k.run = r.id
        where ${1:-1} order by r.started_utc, r.id"
}

# reads_as FORMAT FILE [WHERE]: an independent reader finds in the file what the record holds.
reads_as() {
    expected "${3:-}" >"$work/expected.json"
    "$NODE" "$js/exports.mjs" "$1" "$2" "$work/expected.json" >"$work/out" 2>&1
}

export_runs() { # option...
    "$station" export --db "$db" "$@" 2>"$work/err"
}

# ---- Every format, every reader ------------------------------------------------------------------
for format in $formats; do
    title="what is exported as $format is what the record holds"
    [ "$can_read" ] || { skip "$title" "the readers are not here; run: make deps"; continue; }
    export_runs --format "$format" >"$work/x.$format"
    check "$title" "$work/out" reads_as "$format" "$work/x.$format"
done

no_runs() {
    local format
    for format in $formats; do
        export_runs --format "$format" --lot none >"$work/empty" || return 1
        says "$work/err" "no run of the record meets these conditions" || return 1
        reads_as "$format" "$work/empty" 0 || return 1
    done
}
if [ "$can_read" ]; then
    check "an export of no runs is whole, too" "$work/out" no_runs
fi

the_same_twice() {
    local format
    for format in $formats; do
        export_runs --format "$format" >"$work/again" && cmp "$work/again" "$work/x.$format" || return 1
    done
}
[ "$can_read" ] && check "two exports of the same runs are the same, byte by byte" "$work/err" the_same_twice

well_formed() {
    xmllint --noout "$work/x.junit"
}
if command -v xmllint >/dev/null && [ "$can_read" ]; then
    check "xmllint reads the JUnit file" "$work/err" well_formed
else
    skip "xmllint reads the JUnit file" "it or the readers are not here; run: make deps"
fi

# Each name a program may meet stands in the page, in backticks.
documented() {
    local name
    { head -1 "$work/x.csv" | tr -d '\r' | tr , '\n' && sqlite3 :memory: "
        select distinct key from (select j.value as run from json_each(readfile('$work/x.json')) as j), json_tree(run)
        where typeof(key) = 'text'"; } | sort -u >"$work/names"
    test "$(wc -l <"$work/names")" -gt 80 || return 1
    while read -r name; do
        grep -qF "\`$name\`" "$root/docs/export.md" || grep -qF "\`${name#last_}\`" "$root/docs/export.md" ||
            { echo "# not in docs/export.md: $name"; return 1; }
    done <"$work/names"
}
export_runs --format csv >"$work/x.csv" && export_runs --format json >"$work/x.json"
check "docs/export.md tells every column and member" "$work/err" documented

imported() {
    sqlite3 "$work/csv.db" ".import --csv $work/x.csv t" &&
        test "$(sqlite3 "$work/csv.db" "select count(*), count(distinct run) from t")" = \
            "$(sql "$db" "select count(*), count(*) from run")" &&
        test "$(sqlite3 "$work/csv.db" "select count(*) from t where substr(operator, 1, 1) in ('=', '+', '-', '@')")" = 0
}
check "sqlite3 reads the CSV, and no text in it begins like a formula" "$work/err" imported

marked() {
    export_runs --format csv --spreadsheet >"$work/marked.csv" && cmp <(printf '\xEF\xBB\xBF'; cat "$work/x.csv") "$work/marked.csv"
}
check "for a spreadsheet it begins with a mark, and is the same otherwise" "$work/err" marked

# ---- Filters -------------------------------------------------------------------------------------
# filtered WHERE OPTION...: the options choose what the WHERE chooses, and something.
filtered() {
    local where=$1
    shift
    export_runs --format jsonl "$@" >"$work/x" || return 1
    sql "$db" "select r.id from run as r join recipe as c on c.id = r.recipe left join lot as l on l.id = r.lot
        left join board as b on b.id = r.board where $where order by r.started_utc, r.id" >"$work/wanted"
    sed 's/^{"run":\([0-9]*\),.*/\1/' "$work/x" | cmp - "$work/wanted" && [ -s "$work/wanted" ]
}
lot=$(sql "$db" "select name from lot order by id limit 1")
mac=$(sql "$db" "select mac from board limit 1")
recipe=$(sql "$db" "select sha256 from recipe order by id desc limit 1")
check "by lot" "$work/err" filtered "l.name = '$lot'" --lot "$lot"
check "by MAC" "$work/err" filtered "b.mac = '$mac'" --mac "${mac//:/-}"
taken_back="r.id in (select min(id) from run where verdict = 'PASS')"
check "by verdict, as corrected" "$work/err" filtered "verdict = 'FAIL' or $taken_back" --verdict fail
check "and not as recorded" "$work/err" filtered "verdict = 'PASS' and not $taken_back" --verdict pass
check "by runs still open" "$work/err" filtered "verdict is null" --verdict open
check "by slot" "$work/err" filtered "slot = 7" --slot 7
check "by the recipe's name" "$work/err" filtered "c.name = 'thermostat'" --recipe thermostat
check "by the recipe's SHA-256" "$work/err" filtered "c.sha256 = '$recipe'" --recipe "$recipe"
check "by the recipe's chip" "$work/err" filtered "c.chip = 'esp32'" --chip ESP32
check "by the board's chip" "$work/err" filtered "seen_chip = 'ESP32-D0WD-V3'" --chip esp32-d0wd-v3
check "by time" "$work/err" filtered "started_utc >= '2026-03-04' and started_utc < '2026-03-31'" --since 2026-03-04 --until 2026-03-30
check "by several together" "$work/err" filtered "slot = 7 and verdict = 'PASS' and started_utc >= '2026-04'" \
    --slot 7 --verdict pass --since 2026-04

# ---- Mistakes ------------------------------------------------------------------------------------
refuses() { # words option...
    local words=$1
    shift
    exits 2 "$station" export --db "$db" "$@" && says "$work/out" "$words"
}
check "an unknown format, with the nearest" "$work/out" refuses "Did you mean 'junit'?" --format junti
check "a slot that is none" "$work/out" refuses "--slot 'x' is no number" --slot x
check "a verdict that is none" "$work/out" refuses "is not a verdict" --verdict good
check "WATS options without WATS" "$work/out" refuses "for --format wsjf alone" --purpose Test
check "the spreadsheet's mark without CSV" "$work/out" refuses "for --format csv alone" --spreadsheet --format json
check "a device behind -o" "$work/out" refuses "a device or a pipe" -o /dev/null
before=$(sha256sum <"$db")
check "the record behind -o" "$work/out" refuses "is a database, perhaps a record: it is not written over" -o "$db"
check "which is as it was" "$work/out" test "$(sha256sum <"$db")" = "$before"
check "a folder behind -o" "$work/out" refuses "a folder" -o "$work"
check "a file for each run in a format of one file" "$work/out" refuses "Leave {run} out" -o "$work/{run}.csv"
check "file names that several runs would share" "$work/out" refuses "Put {run} into the name" --format jsonl -o "$work/{mac}.json"

# ---- Files: whole or not there -------------------------------------------------------------------
mkdir "$work/files"
only() { # what the folder holds
    test "$(ls -A "$work/files" | tr '\n' ' ')" = "$1"
}

whole_file() {
    export_runs --format jsonl >"$work/x.jsonl" && export_runs --format jsonl -o "$work/files/a" >"$work/said" &&
        cmp "$work/files/a" "$work/x.jsonl" && only "a " && says "$work/said" "runs written to" &&
        test "$(stat -c %a "$work/files/a")" = "$(printf %o $((0666 & ~0$(umask))))"
}
check "-o writes the same bytes, and nothing beside" "$work/err" whole_file

# A disk that is full after 64 KiB, as far as this process can tell; the record's index needs 32.
full_disk() {
    echo "as it was" >"$work/files/a"
    (trap '' XFSZ && ulimit -f 64 && exits 4 "$station" export --db "$db" --format jsonl -o "$work/files/a") &&
        says "$work/out" "cannot be written" "Make room" && only "a " && says "$work/files/a" "as it was"
}
check "a full disk: exit 4, and the file is as it was before" "$work/out" full_disk

no_folder() {
    exits 4 "$station" export --db "$db" -o "$work/nowhere/a" && says "$work/out" "nowhere/a' cannot be written"
}
check "a folder that is not there: exit 4 and its name" "$work/out" no_folder

# The signal waits when the program starts, so that it is there in time without a race.
stopped() {
    echo "as it was" >"$work/files/a"
    exits 4 env --block-signal=TERM sh -c 'kill -TERM $$; exec "$@"' sh "$station" export --db "$db" -o "$work/files/a" &&
        says "$work/out" "The export was stopped" "Export again" && only "a " && says "$work/files/a" "as it was"
}
check "a signal: nothing of the new file stays" "$work/out" stopped
rm "$work/files/a"

# Each file is what one line of the whole export is.
file_for_each() {
    export_runs --format wsjf --location Hall --purpose Rework --process-code 77 -o "$work/files/{slot}-{mac}-{run}.json" >/dev/null &&
        export_runs --format wsjf --location Hall --purpose Rework --process-code 77 >"$work/x.wsjf" &&
        find "$work/files" -name '*-*-*.json' -exec cat {} + | sort | cmp - <(sort "$work/x.wsjf") &&
        says "$work/x.wsjf" '"processCode":77' '"location":"Hall","purpose":"Rework"' &&
        test "$(ls "$work/files" | wc -l)" = "$(sql "$db" "select count(*) from run where verdict is not null")"
}
check "a file for each run, for software that watches a folder" "$work/err" file_for_each

# ---- Standard output -----------------------------------------------------------------------------
full_output() {
    "$station" export --db "$db" >/dev/full 2>"$work/out"
    test $? = 4 && says "$work/out" "Standard output cannot be written: No space left" "throw it away"
}
check "standard output on a full disk: exit 4" "$work/out" full_output

"$bin/make_record" "$work/big.db" 20000 >/dev/null 2>&1
reader_leaves() {
    local status
    "$station" export --db "$work/big.db" --format jsonl 2>"$work/out" | head -1 >"$work/first"
    status="${PIPESTATUS[*]}"
    test "$status" = "0 0" && [ -s "$work/first" ] && [ ! -s "$work/out" ]
}
check "a reader that leaves: silence and exit 0" "$work/out" reader_leaves

# ---- Memory --------------------------------------------------------------------------------------
peak_kib() { # database option...
    local file=$1
    shift
    "$bin/measure" "$station" export --db "$file" "$@" 2>&1 >/dev/null | sed -n 's/.*"rss_kib":\([0-9]*\).*/\1/p'
}
steady() {
    local format few many
    "$bin/make_record" "$work/few.db" 10 >/dev/null 2>&1
    for format in $formats; do
        few=$(peak_kib "$work/few.db" --format "$format")
        many=$(peak_kib "$work/big.db" --format "$format")
        echo "$format: $few KiB for 10 runs, $many KiB for 20000" >>"$work/memory"
        [ -n "$few" ] && [ -n "$many" ] && [ $((many - few)) -lt 3000 ] || return 1
    done
}
if [ -n "${BUILD##*asan*}" ] && [ -x "$bin/measure" ]; then
    check "20000 runs need no more memory than 10" "$work/memory" steady
else
    skip "20000 runs need no more memory than 10" "a sanitizer needs memory of its own"
fi

echo "1..$test_number"
