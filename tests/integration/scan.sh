# Scanners by the command that shows them, and that none is taken for a board.
. "$(dirname "$0")/lib.sh"
station_file() { printf 'station: test\nslots: [{ name: A1 }, { name: A2 }]\nscanners: %s\n' "$1" >"$work/station.yaml"; }
scan() { exits 0 "$station" scan --station "$work/station.yaml" "$@"; }

station_file '[{ name: pipe, from: stdin, aim: yes }]'
printf ']C1EX26-000123-7\r\n]C1slot:A2\n]Q3010950\x1d10L9\n]C1EX26-000123-7\nnone\n' >"$work/codes"
check "codes on standard input are shown" "$work/out" eval \
    '"$station" scan --station "$work/station.yaml" >"$work/out" <"$work/codes" 2>&1'
check "with what each is" "$work/out" says "$work/out" "pipe: code 'EX26-000123-7', 13 characters" \
    "pipe: slot 'slot:A2', 7 characters, for a slot" "pipe: code '010950|10L9', 11 characters, | is GS" "refused: Scanner pipe: a code came without the ]cm"
check "and as JSON" "$work/out" eval \
    '"$station" scan --station "$work/station.yaml" --json >"$work/out" <"$work/codes" 2>&1 && says "$work/out" "\"scanner\":\"pipe\",\"said\":\"code\",\"code\":\"EX26-000123-7\""'
check "a station without scanners says what to write" "$work/out" eval \
    'station_file "[]"; exits 2 "$station" scan --station "$work/station.yaml" && says "$work/out" "No scanner is named" "keyboard:/dev/input/by-id"'
station_file '[{ name: gun, from: "serial:/dev/none" }]'
"$station" scan --station "$work/station.yaml" >"$work/out" 2>&1 </dev/null &
pid=$!
check "one that is not plugged in is told" "$work/out" await grep -q 'Scanner gun (serial:/dev/none): No such file' "$work/out"
kill -INT $pid
wait $pid
check "Ctrl-C ends it" "$work/out" test $? = 0

echo "1..$test_number"
