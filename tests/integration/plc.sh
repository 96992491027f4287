# A PLC made by others at the station's Modbus server: cycles without a lost or doubled start, and the
# registers read by a second client. CYCLES=10000 for the long form.
. "$(dirname "$0")/lib.sh"
/usr/bin/python3 -c 'import pymodbus.client' 2>/dev/null || skip_all "there is no pymodbus here; run: make deps"
cycles=${CYCLES:-400}
slots=8
mkfifo "$work/end"
"$bin/plc_floor" $slots "$work/port" <"$work/end" >"$work/starts" 2>"$work/floor.err" &
floor=$!
exec 7>"$work/end"
check "the PLC's port is open" "$work/floor.err" await test -s "$work/port"
port=$(cat "$work/port")

# ---- A second client reads while the first one works -------------------------------------------------
timeout $((cycles + 120)) /usr/bin/python3 "$root/tests/plc/cycles.py" "$port" $slots "$cycles" >"$work/cycles" 2>"$work/log" &
plc=$!
if command -v mbpoll >/dev/null; then
    poll() { mbpoll -m tcp -p "$port" -0 -a 1 -1 "$@" 127.0.0.1 >"$work/out" 2>&1; }
    check "mbpoll reads holding registers" "$work/out" poll -t 4 -r 22 -c 2
    check "the test number: high register first" "$work/out" grep -qE '\[22\]:[[:space:]]+4660' "$work/out"
    check "low register second" "$work/out" grep -qE '\[23\]:[[:space:]]+22136' "$work/out"
    check "the same as input registers" "$work/out" poll -t 3 -r 22 -c 2
    check "as a 32-bit number with -B" "$work/out" poll -t 4:hex -B -r 22 -c 2
    check "any unit is answered" "$work/out" poll -a 255 -t 4 -r 20 -c 1
    refuses() { ! mbpoll -m tcp -p "$port" -0 -a 1 -t 4 -r "$1" 127.0.0.1 7 >"$work/out" 2>&1; }
    check "a status register is not written" "$work/out" refuses 2000
    check "mbpoll is told so" "$work/out" grep -qi "illegal data address" "$work/out"
else
    skip "mbpoll reads holding registers" "there is no mbpoll here"
fi
wait $plc
check "$cycles cycles, each with its own result" "$work/log" test $? -eq 0
sed 's/^/# /' "$work/log"

# ---- As many starts as cycles ------------------------------------------------------------------------
exec 7>&-
wait $floor
check "no start was lost or doubled" "$work/starts" cmp -s "$work/starts" "$work/cycles"
echo "1..$test_number"
