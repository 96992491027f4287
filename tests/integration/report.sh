# Reports: their numbers are those of the statistics and of the record, hostile texts stay texts,
# files are whole or not there, and a real browser finds nothing to complain about.
. "$(dirname "$0")/lib.sh"
NODE=${NODE:-node}
db=$work/record.db
cd "$work" || exit 1

skip() { # title reason
    test_number=$((test_number + 1))
    echo "ok $test_number - $1 # SKIP $2"
}

report() { # FILE LOT [OPTION...]
    local file=$1 lot=$2
    shift 2
    exits 0 "$station" report --db "$db" --lot "$lot" -o "$file" "$@"
}

"$bin/make_record" "$db" 900 --chain >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }

# ---- The numbers -------------------------------------------------------------------------------

words() { # FILE: the text, a line for each element
    sed -e 's/<style>.*<\/style>//' -e 's/<[^>]*>/\n/g' "$1" | sed -e 's/\xe2\x80\xaf/ /g' -e 's/&#8239;/ /g' | grep -v '^ *$'
}

json_number() { # NAME: of the line in $work/total
    grep -oE "\"$1\":[0-9.]+" "$work/total" | head -1 | cut -d: -f2
}

same_as_stats() { # LOT
    "$station" stats --db "$db" --lot "$1" --json >"$work/stats" || return 1
    head -1 "$work/stats" >"$work/total"
    report "$work/page.html" "$1" || return 1
    words "$work/page.html" >"$work/words"
    local boards first final
    boards=$(json_number boards) first=$(json_number first_pass) final=$(json_number final_pass)
    says "$work/words" "$first of $boards passed in their first run" "$final of $boards passed in their last run" \
        "$(printf '%.2f %%' "$(sqlite3 :memory: "select 100.0 * $first / $boards")")" \
        "$(json_number passed) passed in" || return 1
    # each slot, with its runs and boards
    tail -n +2 "$work/stats" | while read -r line; do
        echo "$line" >"$work/total"
        tr -d '\n' <"$work/page.html" | sed -e 's/<[^>]*>/|/g' |
            grep -qF "|Slot $(grep -oE '"name":"?[0-9]+' "$work/total" | grep -oE '[0-9]+')||$(($(json_number passed) + $(json_number failed) + $(json_number stopped) + $(json_number interrupted)))|" ||
            { echo "# no row for $line"; exit 1; }
    done
}
for lot in L0001 L0004 L0007; do
    check "the report of $lot has the numbers of its statistics" "$work/words" same_as_stats "$lot"
done

# Each board of the lot, with its last verdict: from the record by other means.
boards_in_record() { # LOT
    sqlite3 -readonly -separator ' ' "$db" "select b.mac, r.verdict from board b join run r on r.id =
        (select max(x.id) from run x join lot l on l.id = x.lot where x.board = b.id and l.name = '$1'
            and x.verdict is not null and not (x.verdict = 'FAIL' and x.code in ('duplicate', 'quota')))
        order by (select min(x.id) from run x join lot l on l.id = x.lot where x.board = b.id and l.name = '$1')"
}

boards_in_page() { # FILE
    { tr -d '\n' <"$1"; echo; } | sed -e 's/.*All boards//' -e 's/<tr>/\n/g' |
        sed -nE 's/.*<code>([0-9a-f:]{17})<\/code>.*<strong>([A-Z]+)<\/strong>.*/\1 \2/p'
}

has_all_boards() { # LOT
    report "$work/page.html" "$1" && boards_in_record "$1" >"$work/want" && boards_in_page "$work/page.html" >"$work/got" &&
        [ "$(wc -l <"$work/want")" -gt 50 ] && diff "$work/want" "$work/got" >"$work/diff"
}
check "every board of the lot is there, in order, with its last verdict" "$work/diff" has_all_boards L0004

has_hashes() {
    sqlite3 -readonly "$db" "select distinct i.sha256, i.md5, c.plan_sha256, c.sha256 from run r join lot l on l.id = r.lot
        join recipe c on c.id = r.recipe join image i on i.recipe = c.id where l.name = 'L0004'" | tr '|' '\n' >"$work/hashes"
    [ -s "$work/hashes" ] && while read -r hash; do says "$work/page.html" "$hash" || return 1; done <"$work/hashes"
}
check "recipe and images are named by their hashes" "$work/page.html" has_hashes

# ---- The signed end, and corrections -----------------------------------------------------------

passed_run=$(sql "$db" "select min(r.id) from run r join lot l on l.id = r.lot where l.name = 'L0001' and r.verdict = 'PASS'")
"$station" correct "$passed_run" --db "$db" --verdict fail --operator 'Eve <i>' --reason 'cracked & "wet"' >"$work/out" 2>&1
shows_correction() {
    report "$work/corrected.html" L0001 && words "$work/corrected.html" >"$work/words" &&
        says "$work/words" "PASS corrected to FAIL" 'Eve &lt;i&gt;' 'cracked &amp; &quot;wet&quot;' "it passed, and that was taken back"
}
check "a correction is told, with who and why, and counts" "$work/words" shows_correction

is_open() { says "$work/corrected.html" "Open: these numbers may still change" "nothing is signed yet"; }
check "an open lot says that it is open" "$work/corrected.html" is_open

shows_signature() {
    exits 0 "$station" lot close L0001 --db "$db" --key "$work/key.pem" --operator 'Zoë' --checkpoint "$work/checkpoint" &&
        report "$work/closed.html" L0001 && says "$work/closed.html" "Closed and signed" "The signature fits" &&
        sed -e 's/.*<pre>//' -e '/<\/pre>/,$d' -n -e '/espstation checkpoint 1/,$p' "$work/closed.html" | diff - "$work/checkpoint" >"$work/diff"
}
check "a closed lot shows its checkpoint as it was signed" "$work/diff" shows_signature

corrected_late() {
    sqlite3 "$db" ".backup '$work/late.db'"
    ! grep -q 'Corrected after it was closed' "$work/closed.html" || return 1
    exits 0 "$station" correct "$passed_run" --db "$work/late.db" --verdict pass --operator Ann --reason "another one" &&
        exits 0 "$station" report --db "$work/late.db" --lot L0001 -o "$work/late.html" &&
        says "$work/late.html" "Closed and signed" "Corrected after it was closed" "1 correction below" "after the lot was closed" &&
        exits 0 "$station" audit --db "$work/late.db" &&
        says "$work/out" "Lot L0001 was corrected after it was closed and signed: run $passed_run to PASS by Ann" "The record is whole" &&
        exits 0 "$station" audit --json --db "$work/late.db" && says "$work/out" '"corrected_after_closing":"L0001"' '"corrections_after_closing":1'
}
check "a correction after the lot was closed is told by report and audit" "$work/out" corrected_late

tell_of_forgery() {
    sqlite3 "$db" ".backup '$work/forged.db'"
    sqlite3 "$work/forged.db" "drop trigger checkpoint_final; update checkpoint set text = replace(text, 'passed: ', 'passed: 9')"
    exits 0 "$station" report --db "$work/forged.db" --lot L0001 -o "$work/forged.html" &&
        says "$work/forged.html" "Closed, but the signature does not fit" "The signature does not fit this text" || return 1
    ! grep -q 'Closed and signed' "$work/forged.html"
}
check "a checkpoint that was changed is told" "$work/forged.html" tell_of_forgery

# ---- Lots without runs, and names for files ----------------------------------------------------

# One record with nothing but lots, whose names differ in what no file's name may have.
names_of_files() {
    local lot
    (mkdir "$work/names" && cd "$work/names" || exit 1
    for lot in 甲 乙 A/1 A:1 A_1 "$(printf '/%.0s' {1..100})" "$(printf '/%.0s' {1..99}):"; do
        exits 0 "$station" lot open "$lot" --operator Eve && exits 0 "$station" report --lot "$lot" &&
            exits 0 "$station" lot show "$lot" && exits 0 "$station" stats --lot "$lot" || exit 1
    done
    test "$(ls lot-*.html | wc -l)" = 7 && test -e lot-甲.html && test -e lot-A%2F1.html && test -e lot-A_1.html)
}
check "lots before their first run are told, and different lots have different files" "$work/out" names_of_files

# ---- Hostile texts, empty and hopeless lots ----------------------------------------------------

hostile_lot='</title><script>alert(1)</script>"><img src=x onerror=alert(1)>&'
exits 0 "$station" lot open "$hostile_lot" --db "$db" --operator '"><b>Eve' || cat "$work/out"
added=0
add_run() { # operator-as-SQL text-as-SQL
    echo "insert into run (station, lot, recipe, slot, port, operator, started_utc)
        values (1, (select max(id) from lot), 1, $((added % 5 + 1)), '<u>tty', $1, '2027-01-01T00:00:00.' || printf('%03d', $((++added))) || 'Z');
        update run set board = (select id from board limit 1 offset $added), seen_chip = 'x' where id = (select max(id) from run) and $added % 2;
        update run set verdict = 'FAIL', code = 'boot', board_state = 'verified', ended_utc = started_utc,
        duration_ms = 1234, sentence = $2, hint = $2, app_text = $2 where id = (select max(id) from run);"
}
{
    for text in '<script>alert(2)</script>' '</style><style>*{display:none}</style>' '"><svg onload=alert(3)>' \
        '<img src="http://127.0.0.1:9/a">' '<!--' ']]>' '</table></body></html>' '&lt;b&gt;' '<meta http-equiv=refresh content=0>'; do
        add_run "'$text'" "'$text'"
    done
    add_run "cast(x'41E280AE42E2808F430A0D1B5B33316D' as text)" "cast(x'41FFC328EDA080F8C0AFEFBFBE42' as text)"
} >"$work/add.sql"
sqlite3 "$db" <"$work/add.sql" || exit 1
is_harmless() {
    report "$work/hostile.html" "$hostile_lot" && says "$work/hostile.html" "None of the boards is good" || return 1
    # Markup of others would begin with a letter that our own never follows by these words.
    ! grep -aqE '<(script|img|svg onload|!--|u>|i>|b>Eve)|</style>.*</style>' "$work/hostile.html" &&
        says "$work/hostile.html" '&lt;script&gt;alert(2)&lt;/script&gt;' '&amp;lt;b&amp;gt;' '&lt;/title&gt;' &&
        iconv -f UTF-8 -t UTF-16 "$work/hostile.html" >/dev/null &&
        ! grep -qP '[\x00-\x09\x0B-\x1F\x7F]|\xE2\x80[\xAE\x8F]' "$work/hostile.html"
}
check "texts of others stay texts" "$work/hostile.html" is_harmless

exits 0 "$station" lot open empty --db "$db" --quantity 500
is_empty() {
    report "$work/empty.html" empty && says "$work/empty.html" "No run of this lot is over yet" "500 ordered" || return 1
    ! grep -q 'All boards' "$work/empty.html"
}
check "a lot without runs has a report" "$work/empty.html" is_empty

# ---- Files -------------------------------------------------------------------------------------

is_refused() { # STATUS TEXT OPTION...
    local status=$1 text=$2
    shift 2
    exits "$status" "$station" report --db "$db" "$@" && says "$work/out" "$text"
}
check "no lot is refused" "$work/out" is_refused 2 "none was given"
echo before >"$work/kept.html"
keeps_old_file() { is_refused 2 "no lot nosuch" --lot nosuch -o "$work/kept.html" && [ "$(cat "$work/kept.html")" = before ]; }
check "a lot that is not there is refused, and the file from before is as it was" "$work/out" keeps_old_file
check "a folder is no file" "$work/out" is_refused 2 "is a folder" --lot L0001 -o "$work"
check "-o with the name of a PDF is refused" "$work/out" is_refused 2 "--pdf" --lot L0001 -o "$work/lot.pdf"
has_default_name() {
    exits 0 "$station" report --db "$db" --lot "$hostile_lot" && exits 0 "$station" report --db "$db" --lot L0004 &&
        [ -s "$work/lot-L0004.html" ] && [ -s "$work/lot-%3C%2Ftitle%3E%3Cscript%3Ealert%281%29%3C%2Fscript%3E%22%3E%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E%26.html" ]
}
check "without -o the file is named by the lot, in letters that are safe" "$work/out" has_default_name
no_parts_left() { [ -z "$(find "$work" -name '*.html.??????')" ]; }
check "no half file was left" "$work/out" no_parts_left

# Memory: all runs in one lot, which the record's own guards would not let happen.
small_memory() { # KILOBYTES LOT
    (ulimit -v "$1" && exec "$station" report --db "$work/long.db" --lot "$2" -o "$work/long.html") >"$work/out" 2>&1
}
"$bin/make_record" "$work/long.db" 20000 --no-digests >/dev/null
sqlite3 "$work/long.db" "drop trigger run_closed_is_final; drop trigger run_keeps_its_start; update run set lot = 1;"
long_is_whole() {
    [ "$BUILD" = "${BUILD%asan}" ] || return 0 # the sanitizer takes address space without end
    small_memory 100000 L0001 && [ "$(boards_in_page "$work/long.html" | wc -l)" -gt 18000 ]
}
check "a long lot needs no more memory" "$work/out" long_is_whole

# ---- In a browser ------------------------------------------------------------------------------

browser=
for b in /usr/bin/chromium /usr/bin/google-chrome-stable /usr/bin/google-chrome; do
    [ -x "$b" ] && { browser=$b; break; }
done

looks_right() {
    timeout 120 "$NODE" "$root/tests/js/page.mjs" "$browser" "$work/closed.html" "$work/hostile.html" "$work/empty.html" >"$work/out" 2>&1 &&
        says "$work/closed.text" "Lot L0001" "Closed and signed" "All boards"  &&
        says "$work/hostile.text" '</title><script>alert(1)</script>' '</table></body></html>'
}
prints() {
    report "$work/closed.html" L0001 --pdf && [ "$(head -c 5 "$work/closed.pdf")" = %PDF- ] || return 1
    command -v pdftotext >/dev/null || return 0
    pdftotext -layout "$work/closed.pdf" "$work/pdf.txt" && says "$work/pdf.txt" "Lot L0001" "Closed and signed" "Page 1 of"
}
if [ -n "$browser" ] && command -v "$NODE" >/dev/null; then
    check "a browser shows it wide, narrow, dark and for print, asks nobody, complains about nothing" "$work/out" looks_right
    check "--pdf prints it" "$work/out" prints
    check "nothing of the printing is left" "$work/out" test -z "$(find /tmp -maxdepth 1 -name 'espstation-report-*' -user "$(id -un)" -newer "$db" 2>/dev/null)"
else
    skip "a browser shows it" "there is no Chromium here; run: make deps"
    check "--pdf says that there is no browser" "$work/out" is_refused 4 "apt-get install chromium" --lot L0001 --pdf -o "$work/x.html"
fi

echo "1..$test_number"
