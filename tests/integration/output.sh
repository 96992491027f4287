# Where the output goes: a full disk is status 4 for every command, a reader that leaves is none, and a
# descriptor that was closed at the start is no hole into which something else falls.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 40
db=$work/record.db
recipe=$images/esp32.yaml
start_fixture --boards 2 --chip esp32 --speed 20
run=(run "$recipe" --db "$db" "${port_options[@]}")
check "two boards pass" "$work/out" exits 0 "$station" "${run[@]}" --lot A --new-lot
for lot in D F; do "$station" lot open $lot --operator Eve --db "$db" >/dev/null; done
mac=$(sql "$db" "select mac from board limit 1")
lot=$("$station" lot list --db "$db" | head -1)
check "there is a lot to be listed" "$work/out" test -n "$lot"

full() { # COMMAND...: status 4, and it is said
    "$station" "$@" >/dev/full 2>"$work/out" </dev/null
    [ $? = 4 ] && says "$work/out" "Standard output"
}
if [ -c /dev/full ]; then
    full_commands=(
        "--help" "help" "--version" "chips" "recipe" "ports --all" "doctor --db $db" "check $recipe"
        "run --help" "history $mac --db $db" "lot list --db $db" "lot show A --db $db"
        "lot list --json --db $db" "stats --db $db" "stats --json --db $db" "audit --db $db" "audit --sql"
        "export --db $db" "import $images/none -- esptool.py --chip esp32 write_flash 0x1000 $images/bootloader.bin"
        "${run[*]} --json --lot B --new-lot" "${run[*]} --plain --lot C --new-lot" "verify $recipe ${port_options[*]} --json"
        "identify ${port_options[*]}" "identify --json ${port_options[*]}"
        "erase ${port_options[*]} --from 0x9000 --size 4K" "read ${port_options[*]} --size 4K -o $work/{slot}.bin")
    for command in "${full_commands[@]}"; do
        set -- $command
        [ "$1" = import ] && set -- import -- "${@:4}"
        check "on a full disk: ${command//$work\//}" "$work/out" full "$@"
    done
    check "the boards of those runs passed, and are in the record" "$db" \
        test "$(sql "$db" "select count(*) from run where verdict = 'PASS'")" = 6
    timeout 60 "$station" monitor --reset "${port_options[@]}" >/dev/full 2>"$work/out" </dev/null
    check "a monitor whose output is lost ends with 4" "$work/out" test $? = 4
else
    skip "output on a full disk" "there is no /dev/full here"
fi

# A pipe whose reader has gone before the first byte.
gone() { # STATUS COMMAND...
    local status=$1
    shift
    { sleep 0.1; "$station" "$@" 2>"$work/out" </dev/null; echo $? >"$work/status"; } | :
    [ "$(cat "$work/status")" = "$status" ] && [ ! -s "$work/out" ]
}
for command in "help" "chips" "check $recipe" "history $mac --db $db" "lot list --db $db" "stats --db $db" "audit --db $db" \
    "audit --sql" "export --db $db" "${run[*]} --json --lot D --new-lot" "identify ${port_options[*]}"; do
    check "a reader that has gone is no failure: ${command//$work\//}" "$work/out" gone 0 $command
done
timeout 60 "$station" monitor --reset "${port_options[@]}" 2>"$work/out" </dev/null | head -1 >"$work/line"
status=("${PIPESTATUS[@]}")
check "a monitor whose reader goes ends by itself, with 0" "$work/out" test "${status[0]}" = 0
timeout 60 "$station" monitor "${port_options[@]}" 2>"$work/out" </dev/null | :
status=("${PIPESTATUS[@]}")
check "also while the boards are silent" "$work/out" test "${status[0]}" = 0

# ---- Descriptors that are closed ------------------------------------------------------------------
closed() { "$station" "$@" <&- >&- 2>&-; }
passes() { sql "$db" "select count(*) from run where verdict = 'PASS'"; }
before=$(passes)
check "with descriptors 0 to 2 closed, boards pass" "$work/out" closed "${run[@]}" --plain --lot E --new-lot
check "and are recorded" "$db" test "$(passes)" = $((before + 2))
check "and nothing else was written into the record" "$db" test "$(sql "$db" 'pragma integrity_check')" = ok
check "identify likewise" "$work/out" closed identify "${port_options[@]}"
# Words on the way once fell into the descriptor by which all are stopped.
check "erase likewise, which tells how far it is" "$work/out" \
    closed erase "${port_options[@]}" --from 0x100000 --size 512K
"$station" "${run[@]}" --plain --lot F --new-lot <&- >&- 2>"$work/out" &
pid=$!
wait $pid
check "with 0 and 1 closed, nothing odd is said" "$work/out" test ! -s "$work/out"
resets() { ctl state 0 | grep -o '"resets":[0-9]*'; }
before=$(resets)
"$station" monitor --reset "${port_options[@]}" <&- >&- 2>&- &
pid=$!
check "a monitor resets the board" "$work/fixture.log" await eval '[ "$(resets)" != "$before" ]'
kill -TERM $pid
wait $pid
check "a stop still arrives" "$work/out" test $? = 0
stop_fixture
echo "1..$test_number"
