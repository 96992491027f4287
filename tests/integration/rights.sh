# Who may what: a people file in use, PINs and badges on standard input, acts in the record.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 40
export XDG_CONFIG_HOME=$work/config
db=$work/record.db
people=$work/people.yaml
as() { # LINES COMMAND...: with these lines on standard input; output to $work/out
    local lines=$1 want=$2 got
    shift 2
    printf '%b' "$lines" | "$@" >"$work/out" 2>&1
    got=$?
    [ $got -eq "$want" ] || { echo "# exit status $got, not $want: $*"; return 1; }
}
acts() { sql "$db" "select word, person, role, proved, ifnull(reason, '-') from act order by id"; }

# ---- The people file -------------------------------------------------------------------------------
check "the first one is an engineer" "$work/out" as '654321\n654321\n' 2 "$station" people add Bob --role operator --people "$people"
check "with two equal PINs" "$work/out" as '654321\n654322\n' 2 "$station" people add Ann --role engineer --people "$people"
check "nothing was written" "$work/out" test ! -e "$people"
check "Ann is added" "$work/out" as '654321\n654321\n' 0 "$station" people add Ann --role engineer --people "$people"
check "for her eyes alone" "$work/out" test "$(stat -c %a "$people")" = 600
check "no PIN stands in it" "$people" sh -c "! grep -q 654321 '$people'"
cat >"$work/station.yaml" <<YAML
station: line 1
record: record.db
people: people.yaml
slots: [{ name: A1 }]
YAML
export ESPSTATION_STATION=$work/station.yaml
check "the station file names it: Bob is added by Ann" "$work/out" as '654321\nB-4711\n' 0 "$station" people add Bob --role operator --badge --operator Ann
check "not by Bob" "$work/out" as 'B-4711\nB-4712\n' 2 "$station" people add Eve --role engineer --badge
check "who is told why" "$work/out" says "$work/out" "Only an engineer may add people; Bob is an operator"
check "an auditor is added" "$work/out" as '654321\nC-1111\n' 0 "$station" people add Carl --role auditor --badge --operator Ann
check "a badge tells whose it is" "$work/out" as 'B-4711\n' 0 "$station" people check
check "it is Bob's" "$work/out" says "$work/out" "Bob, operator"
check "a wrong PIN is told" "$work/out" as '111111\n' 2 "$station" people check Ann
check "no PIN, no answer" "$work/out" exits 2 "$station" people check Ann
check "a PIN is no argument" "$work/out" exits 2 "$station" people check Ann 654321
check "Bob gives himself a PIN" "$work/out" as 'B-4711\n' 2 "$station" people pin Bob --operator Bob
check "by badge first" "$work/out" as '654321\n222222\n222222\n' 0 "$station" people pin Bob --operator Ann
check "it is his" "$work/out" as '222222\n' 0 "$station" people check Bob
check "all are listed" "$work/out" exits 0 "$station" people list --json
check "with role, PIN and badge" "$work/out" says "$work/out" '{"name":"Bob","role":"operator","pin":true,"badge":true}'
check "the last engineer stays" "$work/out" as '654321\n' 2 "$station" people remove Ann --operator Ann

# ---- Lots, corrections, re-work --------------------------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 20
run=("$station" run "$images/esp32.yaml" --db "$db" --plain --port "${ports[0]}")
check "an operator flashes" "$work/out" exits 0 "${run[@]}" --lot L --new-lot --operator Bob
check "and flashes nothing again" "$work/out" as 'B-4711\n' 2 "${run[@]}" --lot L --rework --reason torn
check "that is an engineer's" "$work/out" says "$work/out" "Only an engineer may flash boards again that have passed; Bob is an operator"
check "an engineer does, by PIN" "$work/out" as '654321\n' 0 "${run[@]}" --lot L --rework --reason torn --operator Ann
check "not with a wrong one" "$work/out" as '654322\n' 2 "${run[@]}" --lot L --rework --reason torn --operator Ann
check "an auditor corrects nothing" "$work/out" as 'C-1111\n' 2 "$station" correct 1 --verdict fail --reason cracked --db "$db"
check "an engineer does" "$work/out" as '654321\n' 0 "$station" correct 1 --verdict fail --reason cracked --operator Ann --db "$db"
check "an operator closes no lot" "$work/out" as 'B-4711\n' 2 "$station" lot close L --db "$db"
check "an engineer does" "$work/out" as '654321\n' 0 "$station" lot close L --operator ann --db "$db"
check "each is a row with who, by which right and why" "$db" test "$(acts)" = "rework|Ann|engineer|1|torn
correct|Ann|engineer|1|cracked
lot-close|Ann|engineer|1|-"
check "lot show tells" "$work/out" exits 0 "$station" lot show L --db "$db"
check "who it was" "$work/out" says "$work/out" "lot-close by Ann (engineer)"
check "Bob is removed" "$work/out" as '654321\n' 0 "$station" people remove Bob --operator Ann
check "who changed the people is a row, too" "$db" test "$(sql "$db" "select word || ' ' || person || ': ' || text from act order by id desc limit 1")" \
    = "people-remove Ann: Bob"
check "the record is whole" "$work/out" exits 0 "$station" audit --db "$db"
chmod 644 "$people"
check "a people file that others may read lets nobody in" "$work/out" as '654321\n' 2 "$station" lot close M --operator Ann --db "$db"
check "with the cure" "$work/out" says "$work/out" "chmod 600 $people"
stop_fixture

# ---- A terminal ------------------------------------------------------------------------------------
chmod 600 "$people"
if command -v script >/dev/null; then
    mkfifo "$work/keys"
    ask() { # what is typed once the question stands there
        local asked
        : >"$work/out" # the question that stands there yet is that of another
        script -qefc "'$station' people check Ann" /dev/null <"$work/keys" >"$work/out" 2>&1 &
        asked=$!
        exec 8>"$work/keys"
        await grep -q 'PIN of Ann' "$work/out" && printf '%b' "$1" >&8
        wait $asked
        local status=$?
        exec 8>&-
        return $status
    }
    check "on a terminal the PIN is asked for" "$work/out" ask '65432x\1771\r'
    check "and never shown" "$work/out" sh -c "grep -q 'Ann, engineer' '$work/out' && ! grep -q 65432 '$work/out'"
    taken_back() { ! ask '65\003'; }
    check "Ctrl-C takes the question back" "$work/out" taken_back
    check "in words" "$work/out" says "$work/out" "taken back with Ctrl-C"
else
    skip "on a terminal the PIN is asked for" "there is no script(1)"
fi
echo "1..$test_number"
