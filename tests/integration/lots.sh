# Lots at the line: full to the board, one recipe, several stations.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 60
export XDG_CONFIG_HOME=$work/config
db=$work/record.db
passed_in() { # lot count
    test "$(sql "$db" "select count(distinct mac) from runs where verdict = 'PASS' and lot = '$1'")" = "$2"
}
refused_in() { # lot count
    test "$(sql "$db" "select count(*) from runs where code = 'quota' and board_state = 'untouched' and lot = '$1'")" = "$2"
}
lot() { "$station" lot "$@" --db "$db"; }
flash() { "$station" run "$images/esp32.yaml" --db "$db" --plain "$@"; }

start_fixture --boards 8 --chip esp32 --speed 20

# ---- Full to the board -----------------------------------------------------------------------------
check "a lot of five is opened" "$work/out" exits 0 lot open five --quantity 5 --operator Eve
check "its name is used once" "$work/out" exits 2 lot open five
check "a nonsense quantity is refused" "$work/out" exits 2 lot open none --quantity 0
check "eight slots at once are too many for it" "$work/out" exits 1 flash --lot five "${port_options[@]}"
check "exactly five boards pass" "$db" passed_in five 5
check "three are refused untouched" "$db" refused_in five 3
check "a full lot opens no port" "$work/out" exits 2 flash --lot five --port "${ports[0]}"
check "and says that it is full" "$work/out" says "$work/out" "Lot five is full: 5 of 5 boards have passed"
check "lot show tells places, yields, slots and causes" "$work/out" exits 0 lot show five
check "in words and numbers" "$work/out" says "$work/out" "5 of 5 boards have passed" "first-pass yield" quota slot
check "lot list has a line for it" "$work/out" exits 0 lot list --json
check "as JSON" "$work/out" says "$work/out" '"lot":"five"' '"quantity":5' '"passed":5'

# ---- Two stations, one lot -------------------------------------------------------------------------
lot open shared --quantity 6 >/dev/null
flash --lot shared --port "${ports[0]}" --port "${ports[1]}" --port "${ports[2]}" --port "${ports[3]}" >"$work/first" 2>&1 &
first=$!
flash --lot shared --port "${ports[4]}" --port "${ports[5]}" --port "${ports[6]}" --port "${ports[7]}" >"$work/second" 2>&1
wait $first
check "two stations fill a lot of six with six" "$db" passed_in shared 6
check "and refuse two" "$db" refused_in shared 2

# ---- A place comes back ----------------------------------------------------------------------------
run=$(sql "$db" "select min(run) from runs where lot = 'shared' and verdict = 'PASS'")
check "a PASS is taken back" "$work/out" exits 0 "$station" correct "$run" --verdict fail --operator Ann --reason cracked --db "$db"
flash --lot shared "${port_options[@]}" >"$work/out" 2>&1
check "its place is filled again" "$db" passed_in shared 6

# ---- One recipe ------------------------------------------------------------------------------------
sed 's/^version: .*/version: 9.9.9/' "$images/esp32.yaml" >"$images/other.yaml"
lot open bound --recipe "$images/esp32.yaml" >/dev/null
check "another recipe is refused in a lot" "$work/out" exits 3 "$station" run "$images/other.yaml" --db "$db" --lot bound --port "${ports[0]}"
check "naming the lot's" "$work/out" says "$work/out" "Lot bound is flashed with" "another recipe"
check "its own is taken" "$work/out" exits 0 flash --lot bound --port "${ports[0]}"

# ---- Duplicates as the recipe says -----------------------------------------------------------------
sed 's/^chip/duplicates: ever\nchip/' "$images/esp32.yaml" >"$images/ever.yaml"
sed 's/^chip/duplicates: allow\nchip/' "$images/esp32.yaml" >"$images/allow.yaml"
check "ever: a board that passed in another lot is refused" "$work/out" \
    exits 1 "$station" run "$images/ever.yaml" --db "$db" --lot ever --new-lot --port "${ports[0]}"
check "naming where it passed" "$work/out" says "$work/out" "has passed before" "lot bound"
check "allow: a board may pass again" "$work/out" exits 0 "$station" run "$images/allow.yaml" --db "$db" --lot loose --new-lot --port "${ports[0]}"
check "and again" "$work/out" exits 0 "$station" run "$images/allow.yaml" --db "$db" --lot loose --port "${ports[0]}"

# ---- Closing ---------------------------------------------------------------------------------------
check "a lot is closed" "$work/out" exits 0 lot close shared --operator Eve
check "closing needs a person" "$work/out" exits 2 lot close five
check "who is told how" "$work/out" says "$work/out" "somebody's decision" "--operator NAME"
check "once" "$work/out" exits 2 lot close shared --operator Eve
check "a lot that is none is not" "$work/out" exits 2 lot close nothing --operator Eve
check "the record is whole after all that" "$work/out" exits 0 "$station" audit --db "$db"
stop_fixture

# ---- A name that was mistyped ------------------------------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 20
lot open 2026-12 --operator Eve >/dev/null
check "a lot that is not there is refused" "$work/out" exits 2 flash --lot 2026-l2 --port "${ports[0]}"
check "with the one that was meant, and the command" "$work/out" says "$work/out" "did you mean '2026-12'?" \
    "espstation lot open '2026-l2'" "--new-lot"
check "no port was opened for it" "$work/fixture.log" sh -c "'$fixture' --ctl '$work/ctl' state 0 | grep -q '\"syncs\":0'"
check "--new-lot opens a lot" "$work/out" exits 0 flash --lot 2026-1l --new-lot --port "${ports[0]}"
check "and says so, once" "$work/out" test "$(grep -c "opened lot '2026-1l', without recipe and quantity" "$work/out")" = 1
check "a known one does not" "$work/out" sh -c "'$station' run '$images/allow.yaml' --db '$db' --lot 2026-1l --port '${ports[0]}' >'$work/out' 2>&1;
    ! grep 'opened lot' '$work/out'"
for name in "" " " " 2026" "2026 "; do
    check "no lot is called '$name' by open" "$work/out" exits 2 lot open "$name"
    check "no lot is called '$name' by run" "$work/out" exits 2 flash --lot "$name" --port "${ports[0]}"
    check "nobody is called '$name'" "$work/out" exits 2 flash --operator "$name" --port "${ports[0]}"
    check "nor closes a lot" "$work/out" exits 2 lot close 2026-1l --operator "$name"
done
check "a blank is no reason" "$work/out" exits 2 "$station" correct 1 --verdict fail --operator Ann --reason " " --db "$db"
check "none of these is in the record" "$db" test "$(sql "$db" "select count(*) from lot where name <> trim(name)")" = 0
stop_fixture

# ---- The wrong folder --------------------------------------------------------------------------------
mkdir "$work/wrong"
for words in "correct 1 --verdict fail --operator Ann --reason cracked" "lot close five --operator Eve" "lot show five" "lot list" "audit" "backup x.db" \
    "history 24:0a:c4:00:00:00" "stats" "report --lot five" "export"; do
    # shellcheck disable=SC2086
    in_wrong() { (cd "$work/wrong" && XDG_CONFIG_HOME=$work/wrong exec "$station" $words); }
    check "without a record: $words" "$work/out" exits 4 in_wrong
    check "says so" "$work/out" says "$work/out" "There is no record espstation.db"
    check "and makes nothing" "$work/out" test -z "$(ls -A "$work/wrong")"
done
echo "1..$test_number"
