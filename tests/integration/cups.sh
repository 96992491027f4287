# Labels through a queue of CUPS: its own scheduler, with a queue that hands bytes on.
. "$(dirname "$0")/lib.sh"
for program in cupsd lpadmin cupsdisable; do
    command -v $program >/dev/null || skip_all "$program is not installed"
done
[ "$(id -u)" = 0 ] || skip_all "cupsd changes its user, and this one may not"
images=$work/images
"$bin/make_images" "$images" 8
printf '^XA^PW400^LL240\n^FO40,40^BY2^BCN,50,N,N,N,A^FD{mac_digits}^FS\n^XZ\n' >"$images/label.zpl"
printf 'label: { file: label.zpl }\n' >>"$images/esp32.yaml"
db=$work/record.db
cups=$work/cups
cups_pid=

start_cups() {
    mkdir -p "$cups"/{root,state,cache,spool,tmp}
    chmod -R a+rwX "$work" "$cups"
    cat >"$cups/cupsd.conf" <<END
Listen $cups/sock
Browsing Off
WebInterface No
DefaultAuthType None
<Location />
  Order allow,deny
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order allow,deny
    Allow all
  </Limit>
</Policy>
END
    cat >"$cups/cups-files.conf" <<END
FileDevice Yes
ServerRoot $cups/root
StateDir $cups/state
CacheDir $cups/cache
RequestRoot $cups/spool
TempDir $cups/tmp
AccessLog $cups/access
ErrorLog $cups/error
PageLog $cups/page
SystemGroup root
END
    cupsd -f -c "$cups/cupsd.conf" -s "$cups/cups-files.conf" >"$cups/out" 2>&1 &
    cups_pid=$!
    export CUPS_SERVER=$cups/sock
    await test -S "$cups/sock"
}
stop_cups() {
    [ -n "$cups_pid" ] && kill "$cups_pid" 2>/dev/null
    wait "$cups_pid" 2>/dev/null
    cups_pid=
}
trap 'stop_cups; cleanup' EXIT

label() { "$station" label "$@" --station "$work/station.yaml" --db "$db" >"$work/out" 2>&1 </dev/null; }
outcomes() { [ "$(sql "$db" "select group_concat(ifnull(outcome, 'waits'), ' ') from label")" = "$1" ]; }
# What the scheduler has taken, whole, in the order in which it came.
spooled() { cat "$cups"/spool/d* 2>/dev/null | grep -o 'FD240AC400000[0-9]\|\^XZ' | sort | uniq -c | tr -s ' \n' ' '; }

start_cups || { cat "$cups/out" "$cups/error" 2>/dev/null | sed 's/^/# /'; skip_all "cupsd does not start here"; }
lpadmin -p labels -E -v "file://$work/paper" -m raw 2>/dev/null || skip_all "this CUPS has no raw queues"
start_fixture --boards 2 --chip esp32 --speed 20 --fill dirty
station_of() {
    printf 'station: test\nslots:\n  - { name: A1, port: "%s" }\n  - { name: A2, port: "%s" }\nprinter: { to: "cups://%s" }\n' \
        "${ports[0]}" "${ports[1]}" "$1" >"$work/station.yaml"
}
flash() {
    rm -f "$db"*
    exits 0 "$station" run "$images/esp32.yaml" --station "$work/station.yaml" --db "$db" --plain
}

station_of labels
check "boards pass" "$work/out" flash
check "each label was taken, and nobody says that it is on paper" "$work/out" outcomes "sent sent"
check "whole, each once" "$cups/error" test "$(spooled)" = " 1 FD240AC4000000 1 FD240AC4000001 2 ^XZ "
cupsdisable labels
check "a queue that is stopped is a reason to wait" "$work/out" eval 'flash && says "$work/out" "2 labels wait: Queue labels is stopped" && outcomes "waits waits"'
cupsenable labels
check "until it goes on" "$work/out" eval 'label print && outcomes "sent sent"'
cupsreject labels
check "one that takes no jobs likewise" "$work/out" eval '! label print 1 --operator Ann --reason torn && says "$work/out" "Queue labels takes no jobs"'
station_of none
check "a queue that is not there is named" "$work/out" eval 'flash && says "$work/out" "Queue none: there is no such queue"'
stop_cups
check "so is a CUPS that does not run" "$work/out" eval '! label print && says "$work/out" "CUPS does not answer" "systemctl status cups"'
stop_fixture
echo "1..$test_number"
