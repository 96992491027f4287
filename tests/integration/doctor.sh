# The doctor on this machine, whatever it is: its form, its exit status, its words about the record. What
# each check says of made-up machines is the unit test's.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 40
db=$work/record.db

doctor() { timeout 60 "$station" doctor --db "$db" "$@" >"$work/out" 2>&1 </dev/null; }

# Exit status 1 stands for a line that is wrong, and for nothing else.
status_fits() {
    if grep -q '^wrong ' "$work/out"; then [ "$1" -eq 1 ]; else [ "$1" -eq 0 ]; fi
}

doctor
check "the exit status says whether something is wrong" "$work/out" status_fits $?
check "each line is ok, warning or wrong, or a cure" "$work/out" \
    sh -c "! grep -vE '^((ok|warning|wrong) +[a-z-]+ +[A-Za-z0-9/].*\.|  +-> .+|(Ready|Not ready): .*|)$' '$work/out'"
check "every line that is not ok has its cure" "$work/out" \
    test "$(grep -cE '^(warning|wrong)' "$work/out")" = "$(grep -c '^  *-> ' "$work/out")"
check "a record that is not there yet is fine" "$work/out" grep -q '^ok  *record .* is not there yet' "$work/out"
check "looking makes no file" "$work" test ! -e "$db"

start_fixture --boards 1 --chip esp32 --speed 20
check "a run makes the record" "$work/out" exits 0 "$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}"
doctor
check "which is sound" "$work/out" grep -qE '^ok +record .* is sound; its newest run: 20' "$work/out"
doctor --json
check "as JSON too, every line" "$work/out" test "$(
    while read -r line; do
        sqlite3 :memory: "select json_extract('${line//\'/\'\'}', '$.grade') in ('ok', 'warning', 'wrong')
            and json_extract('${line//\'/\'\'}', '$.sentence') <> ''"
    done <"$work/out" | sort -u
)" = 1
printf 'not a record\n%0200d' 0 >"$work/text.db"
check "a file that is no record is wrong" "$work/out" exits 1 "$station" doctor --db "$work/text.db"
check "and said to be so" "$work/out" says "$work/out" "is not an SQLite database" "Not ready"
check "a folder that is not there is wrong" "$work/out" exits 1 "$station" doctor --db "$work/no/x.db"
check "wrong usage is 2" "$work/out" exits 2 "$station" doctor --jsn
echo "1..$test_number"
