# The printer of labels: one label for each PASS whatever happens to it, none doubled, none lost in silence.
. "$(dirname "$0")/lib.sh"
need_node 18 20
images=$work/images
"$bin/make_images" "$images" 8
printf '^XA^PW400^LL240\n^FO40,40^BY2^BCN,50,N,N,N,A^FD{mac_digits}^FS\n^XZ\n' >"$images/label.zpl"
printf 'label: { file: label.zpl }\n' >>"$images/esp32.yaml"
db=$work/record.db
printer_pid=

start_printer() { # at the port it had, if it had one
    rm -f "$work/printer.port"
    PRINTER_PORT=${printer_port:-0} "$NODE" "$root/tests/js/printer.mjs" "$work/printer.port" "$work/labels" "$work/control" &
    printer_pid=$!
    await test -s "$work/printer.port" || exit 1
    printer_port=$(cat "$work/printer.port")
}
stop_printer() {
    kill "$printer_pid" 2>/dev/null
    wait "$printer_pid" 2>/dev/null
    printer_pid=
}
trap 'stop_printer; cleanup' EXIT
printer_is() { echo "$*" >"$work/control"; }
station_file() { # printer
    { printf 'station: test\nslots:\n'
      local n=0
      for p in "${ports[@]}"; do printf '  - { name: A%s, port: "%s" }\n' $((n += 1)) "$p"; done
      printf 'printer: %s\n' "$1"; } >"$work/station.yaml"
}
flash() { # status option...: all boards, and what was printed before is forgotten
    local status=$1
    shift
    rm -f "$work/labels" "$db"*
    exits "$status" "$station" run "$images/esp32.yaml" --station "$work/station.yaml" --db "$db" --plain "$@"
}
label() { "$station" label "$@" --station "$work/station.yaml" --db "$db" >"$work/out" 2>&1 </dev/null; }
printed() { grep -ho 'FD240AC400000[0-9]' "$work/labels" 2>/dev/null | sort | tr -d '\n'; }
printed_is() { [ "$(printed)" = "$1" ]; }
both=FD240AC4000000FD240AC4000001
outcomes() { [ "$(sql "$db" "select group_concat(o, ' ') from (select ifnull(outcome, 'waits') as o from label order by id)")" = "$1" ]; }
passes() { [ "$(sql "$db" "select count(*) from run where verdict = 'PASS'")" = "$1" ]; }
both_say() { grep -q "slot A1: $2" "$1" && grep -q "slot A2: $2" "$1"; }
whole() { exits 0 "$station" audit --db "$db"; }

start_fixture --boards 2 --chip esp32 --speed 20 --fill dirty
start_printer
station_file "{ to: \"tcp://127.0.0.1:$printer_port\" }"

# ---- All is well ----------------------------------------------------------------------------------
printer_is
check "boards pass" "$work/out" flash 0
check "each has one label" "$work/labels" printed_is $both
check "the printer has said so" "$work/out" outcomes "printed printed"
check "they are bound" "$work/out" whole
check "nothing is left" "$work/out" eval 'label queue && says "$work/out" "No label waits, and none is unsure"'
check "printing what waits prints nothing more" "$work/out" eval 'label print && printed_is $both'

# ---- One more -------------------------------------------------------------------------------------
check "one more needs a name and a reason" "$work/out" eval '! label print 1 && says "$work/out" "--operator NAME and --reason WHY"'
check "nothing came of it" "$work/labels" printed_is $both
check "with both it is printed" "$work/out" eval 'label print 1 --operator Ann --reason torn && says "$work/out" "Label 2 of run 1" "All labels for" && ! grep -q "No label waits" "$work/out"'
check "and counted, by name" "$work/out" \
    test "$(sql "$db" "select operator || ' ' || reason || ' ' || number || ' ' || outcome from label where number > 1")" = "Ann torn 2 printed"
check "that is bound as well" "$work/out" whole
check "a run that is not there is named" "$work/out" eval '! label print 99 --operator Ann --reason x && says "$work/out" "no run 99"'

# ---- Something is wrong with the printer: the PASS stands, the label waits ------------------------
waits_while() { # words-of-control sentence
    printer_is "$1"
    check "$1: the boards pass" "$work/out" flash 0
    check "$1: the end says so, with what to type" "$work/out" says "$work/out" "2 labels wait: $2" "espstation label print"
    check "$1: they wait" "$work/out" eval 'outcomes "waits waits" && passes 2 && printed_is ""'
    check "$1: the queue shows them" "$work/out" eval 'label queue && [ $(grep -c waits "$work/out") = 2 ]'
    printer_is
    check "$1: then they are printed, each once" "$work/out" eval 'label print && printed_is $both && outcomes "printed printed"'
}
waits_while media-out "The printer has no labels left"
waits_while head-open "The printer is open: its head is up"
waits_while silent "The printer does not answer ~HQES"
waits_while nonsense "The printer does not answer ~HQES"

stop_printer
check "off: the boards pass" "$work/out" flash 0
check "off: the end says so" "$work/out" says "$work/out" "2 labels wait: The printer at tcp://127.0.0.1:$printer_port"
check "off: printing says why not" "$work/out" eval '! label print && says "$work/out" "2 labels wait" "Is it switched on"'
start_printer
check "off: once it is on they are printed, each once" "$work/out" eval 'label print && printed_is $both'

# ---- While boards are flashed: it is put right, and the slots hear of it --------------------------
printer_is media-out
rm -f "$work/labels" "$db"*
: >"$work/out"
"$station" run "$images/esp32.yaml" --station "$work/station.yaml" --db "$db" --plain --loop >"$work/out" 2>&1 </dev/null &
pid=$!
check "a slot says that its label waits" "$work/out" await both_say "$work/out" "Its label waits"
printer_is
check "and that it is printed" "$work/out" await both_say "$work/out" "Its label is printed"
check "each once" "$work/labels" printed_is $both
kill -INT $pid
wait $pid

# ---- Half a label ---------------------------------------------------------------------------------
# Its end may have left before the station sees that nobody takes it: then nobody knows, and a person decides.
said_of_half() { # as many are counted as printed as have come out
    [ "$(grep -c '\^XA' "$work/labels")" = "$(sql "$db" "select count(*) from label where outcome = 'printed'")" ] &&
        [ "$(sql "$db" "select count(*) from label where outcome is null")" = 0 ]
}
print_unsure() {
    for run in $(sql "$db" "select run from label where outcome = 'unsure'"); do
        label print "$run" --operator Ann --reason half || return 1
    done
}
printer_is half
check "a printer that is lost in a label does not harm the boards" "$work/out" flash 0
check "it was lost" "$work/control" eval '! grep -q half "$work/control"'
check "no label counts as printed that did not come out" "$work/out" eval 'label print && said_of_half'
check "in the end each came out, once and whole" "$work/labels" \
    eval 'print_unsure && printed_is $both && [ "$(grep -c "\^XA" "$work/labels")" = 2 ]'

# ---- The printer is lost behind the label ---------------------------------------------------------
printer_is lose
check "a printer that is lost with a label does not harm the boards" "$work/out" flash 0
# It may have been put off past the end of the run.
check "that label is unsure, the other one printed" "$work/out" eval 'label print && outcomes "unsure printed"'
check "it is not printed again by itself" "$work/out" eval 'label print && [ "$(grep -c "\^XA" "$work/labels")" = 1 ]'
check "the queue shows it, with the run to print again" "$work/out" eval 'label queue && says "$work/out" "unsure" "lost while it had the label"'
run=$(sql "$db" "select run from label where outcome = 'unsure'")
check "by name and reason it is" "$work/out" eval 'label print $run --operator Ann --reason lost && printed_is $both'

# ---- The station is killed ------------------------------------------------------------------------
killed_while() { # words-of-control command-that-tells-when
    printer_is "$1"
    rm -f "$work/labels" "$db"*
    "$station" run "$images/esp32.yaml" --station "$work/station.yaml" --db "$db" --plain --loop >"$work/run" 2>&1 </dev/null &
    pid=$!
    await eval "$2"
    kill -9 $pid
    wait $pid 2>/dev/null
    printer_is
}
killed_while media-out 'both_say "$work/run" "Its label waits"'
check "labels that waited when the station was killed are printed, each once" "$work/out" \
    eval 'outcomes "waits waits" && label print && printed_is $both && outcomes "printed printed"'
killed_while keep 'test "$(sql "$db" "select count(*) from label where begun_utc is not null" 2>/dev/null)" = 1 && passes 2'
stop_printer # and forgets what it kept
start_printer
check "one that was on its way is unsure, and the other one printed" "$work/out" \
    eval 'label print && outcomes "unsure printed" && [ "$(grep -c "\^XA" "$work/labels")" = 1 ]'
check "which is said at once" "$work/out" says "$work/out" "1 label was on the way to the printer"
check "the record is whole" "$work/out" whole

# ---- Not wanted any more --------------------------------------------------------------------------
printer_is media-out
check "boards pass" "$work/out" flash 0
check "a label that is not wanted needs name and reason, too" "$work/out" eval '! label drop 1 && outcomes "waits waits"'
check "then it is dropped" "$work/out" eval 'label drop 1 --operator Ann --reason scrap && outcomes "dropped waits"'
printer_is
check "and never printed" "$work/out" eval 'label print && [ "$(grep -c "\^XA" "$work/labels")" = 1 ]'

# ---- Printers that are not asked ------------------------------------------------------------------
station_file "{ to: \"tcp://127.0.0.1:$printer_port\", ask: no }"
printer_is silent
check "one that cannot answer prints all the same" "$work/out" flash 0
check "each label is sent once" "$work/out" eval 'outcomes "sent sent" && printed_is $both'
station_file '{ to: "file:labels" }'
check "a file takes labels, seen from the station file's folder" "$work/out" eval 'flash 0 && printed_is $both && outcomes "sent sent"'
rm -f "$work/labels"
mkdir "$work/labels"
rm -f "$db"*
check "a file that cannot be written is a reason to wait" "$work/out" eval \
    'exits 0 "$station" run "$images/esp32.yaml" --station "$work/station.yaml" --db "$db" --plain && says "$work/out" "cannot be opened" "2 labels wait"'
rmdir "$work/labels"
check "until it can" "$work/out" eval 'label print && printed_is $both'

# ---- What a board has of its own ------------------------------------------------------------------
station_file '{ to: "file:labels" }'
unit() { # values
    { cat "$images/esp32.yaml"; printf 'unit:\n  serial: serial\n  values:\n'; printf '    - { %s }\n' "$@"; } >"$images/unit.yaml"
}
unit_run() { # status
    rm -f "$work/labels" "$db"*
    exits "$1" "$station" run "$images/unit.yaml" --station "$work/station.yaml" --db "$db" --plain
}
printf '^XA^PW600^LL240\n^FO40,40^BY2^BCN,50,N,N,N,A^FD{serial}^FS\n^XZ\n' >"$images/label.zpl"
unit 'name: serial, from: counter, pattern: "EX26-{n:6}", start: 100'
check "boards with serials pass" "$work/out" unit_run 0
check "and each has its own on its label" "$work/labels" \
    test "$(grep -o 'FDEX26-[0-9]*' "$work/labels" | sort | tr -d '\n')" = FDEX26-000100FDEX26-000101
check "which is what the record says" "$work/out" test "$(sql "$db" "select count(*) from label as l join run as r on r.id = l.run
    join board as b on b.id = r.board join unit as u on u.board = b.id join unit_value as v on v.unit = u.id
    where v.name = 'serial' and instr(l.zpl, v.text)")" = 2
check "a picture needs no board" "$work/out" exits 0 "$station" label preview "$images/unit.yaml" -o "$work/unit.png"
unit 'name: serial, from: counter, pattern: "EX26-000000000000000000000000000000000000-{n:6}", start: 100'
check "a serial that cannot fit is refused before the lot" "$work/out" eval 'unit_run 3 && says "$work/out" "beyond the label"'
unit 'name: serial, from: counter, pattern: "EX26-{n:6}", start: 100' 'name: token, from: pool, secret: true, max: 8'
printf '  pools:\n    - { name: keys, file: keys.csv }\n' >>"$images/unit.yaml"
printf 'token\nA1\nA2\n' >"$images/keys.csv"
sed -i 's/{serial}/{token}/' "$images/label.zpl"
check "a secret is not for labels" "$work/out" eval 'unit_run 3 && says "$work/out" "which is secret"'
sed -i 's/{token}/{mac_digits}/' "$images/label.zpl"

# ---- A station that runs all day ------------------------------------------------------------------
rm -f "$work/labels" "$db"*
printer_is media-out
station_file "{ to: \"tcp://127.0.0.1:$printer_port\" }"
printf 'scanners: [{ name: gun, from: stdin }]\n' >>"$work/station.yaml"
mkfifo "$work/gun"
: >"$work/out"
"$station" line "$images/esp32.yaml" --station "$work/station.yaml" --db "$db" >"$work/out" 2>"$work/err" <"$work/gun" &
pid=$!
exec 9>"$work/gun"
check "a slot whose label waits is amber" "$work/out" await grep -q 'slot A1: waiting: The printer has no labels left' "$work/out"
echo slot:A7 >&9
check "both slots hear that theirs wait" "$work/out" await both_say "$work/out" "Its label waits"
check "a scan that fits nothing gets a sentence" "$work/err" await grep -q "Scanner gun: this station has no slot 'A7'" "$work/err"
printer_is
check "and that they are printed" "$work/out" await both_say "$work/out" "Its label is printed"
check "each once" "$work/labels" await printed_is $both
exec 9>&-
kill -INT $pid
wait $pid

stop_printer
stop_fixture
echo "1..$test_number"
