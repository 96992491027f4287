# What is scarce over all stations: places of a lot, serials, who passes once; with six stations at a real PostgreSQL, some cut off.
. "$(dirname "$0")/lib.sh"
. "$root/tests/lib/postgres.sh"
need_postgres
trap 'end_postgres; cleanup' EXIT
make_postgres
images=$work/images
"$bin/make_images" "$images" 20
export XDG_CONFIG_HOME=$work/config
cd "$work" || exit 1
start_postgres

# Each station has a way of its own to the server's socket: one that is removed cuts it off.
use() { export ESPSTATION_STATION=$work/s$1.yaml; } # station
cut_off() { for n; do rm "$pg_dir/n$n"; done; }
reach() { for n; do ln -sfn . "$pg_dir/n$n"; done; }
in_pg() { test "$(pg "$1")" = "$2"; }
in_record() { test "$(sqlite3 -readonly "l$1.db" "$2")" = "$3"; } # station statement answer
flash() { "$station" run "$@" --plain >run.out 2>run.err </dev/null; }
taken() { in_pg "select taken from espstation.quota where lot = '$1'" "$2"; } # lot places
passed() { in_pg "select count(distinct mac) from espstation.runs where lot = '$1' and verdict = 'PASS'" "$2"; }
settled() { in_pg "select count(*) from espstation.claim where kind <> 'numbers' and lot = '$1'" 0; } # lot

for n in 1 2 3 4 5 6; do
    reach $n
    printf 'station: line %s\nrecord: l%s.db\nslots: [{ name: A1 }]\nfleet: { server: "host=%s/n%s port=%s user=line dbname=postgres", numbers: 10 }\n' \
        $n $n "$pg_dir" $n "$PGPORT" >s$n.yaml
done
use 1
check "the owner makes the tables" out exits 0 "$station" fleet init --server "user=st"
pg "create role line login in role espstation_station; create role qa login in role espstation_reader" >out 2>&1
for n in 1 2 3 4 5 6; do
    use $n
    check "station $n joins" out exits 0 "$station" fleet join --operator Ann
done
open_lot() { for n in 1 2 3 4 5 6; do "$station" lot open "$1" --quantity "$2" --fleet --operator Ann --db l$n.db >/dev/null; done; } # lot quantity

# ---- Rights ----------------------------------------------------------------------------------------
refused() { psql -qAtX -U "$1" -c "$2" >out 2>&1; [ $? -ne 0 ] && says out "permission denied"; }
check "a station does not write the book of places" out refused line "update espstation.quota set taken = 0"
check "nor add to it" out refused line "insert into espstation.claim (id, record, process, kind) values (1, 1, 0, 'places')"
check "nor take from it" out refused line "delete from espstation.claim"
check "nor count by itself" out refused line "select espstation.add_taken('x', -1)"
check "a reader asks for nothing" out refused qa "select espstation.give_back(1, 1)"

# ---- A lot of the fleet ----------------------------------------------------------------------------
use 1
check "a lot of the fleet has a quantity" out exits 2 "$station" lot open none --fleet
check "which is said" out says out "--quantity N"
open_lot ten 10
check "lot show tells whose it is" out exits 0 "$station" lot show ten
check "in words" out says out "10 for all stations of the fleet"
start_fixture --boards 14 --chip esp32 --speed 50
pids=()
for n in 1 2 3 4 5 6; do
    use $n
    "$station" run "$images/esp32.yaml" --lot ten --port "${ports[$((2 * n - 2))]}" --port "${ports[$((2 * n - 1))]}" >r$n.out 2>&1 </dev/null &
    pids+=($!)
done
wait "${pids[@]}"
check "of twelve boards at six stations at once ten pass" out passed ten 10
check "two are refused" out in_pg "select count(*) from espstation.runs where code = 'quota' and board_state = 'untouched'" 2
check "the book says so" out taken ten 10
check "and nothing is open" out settled ten
use 3
flash "$images/esp32.yaml" --lot ten --port "${ports[12]}"
check "the full lot is told with its numbers" run.out says run.out "Lot ten has no place left: 10 of 10 are taken, over all stations"
n=$(pg "select substr(station, 6) from espstation.runs where verdict = 'PASS' limit 1")
run=$(pg "select run from espstation.runs where verdict = 'PASS' and station = 'line $n' limit 1")
use "$n"
check "a PASS is taken back" out exits 0 "$station" correct "$run" --verdict fail --operator Ann --reason cracked
check "and sent" out exits 0 "$station" fleet send
check "its place is free for all" out taken ten 9
check "it cannot be undone: the place is no more its own" out exits 2 "$station" correct "$run" --verdict pass --operator Ann --reason "not cracked"
check "which is said" out says out "went back to all stations"
use 3
flash "$images/esp32.yaml" --lot ten --port "${ports[12]}"
check "another board takes it, at another station" run.out passed ten 10

"$station" lot open odd --quantity 5 --fleet --operator Ann >/dev/null
use 4
"$station" lot open odd --quantity 6 --fleet --operator Ann >/dev/null
use 3
flash "$images/esp32.yaml" --lot odd --port "${ports[13]}"
use 4
check "two quantities of one lot are refused" run.out exits 1 "$station" run "$images/esp32.yaml" --lot odd --port "${ports[0]}"
check "with both" out says out "has 6 boards by this record, and 5 by the server's book"

# ---- Once over all stations ------------------------------------------------------------------------
open_lot once 50
use 1
flash "$images/esp32.yaml" --lot once --port "${ports[0]}"
use 2
check "a board that passed at one station is refused at another" out exits 1 "$station" run "$images/esp32.yaml" --lot once --port "${ports[0]}"
check "naming station and run" out says out "has passed at station line 1: run" "--rework"
check "untouched, with its name" out in_record 2 "select code, board_state from runs where mac is not null order by run desc limit 1" "duplicate|untouched"
check "who lets it in gives a reason" out exits 0 "$station" run "$images/esp32.yaml" --lot once --port "${ports[0]}" --rework --operator Ann --reason "new firmware"
check "and it has its place once" out taken once 1
check "where it had passed is in the record, with the reason" out in_record 2 \
    "select rework_elsewhere, rework_reason from run where verdict = 'PASS' order by id desc limit 1" "line 1, run $(sqlite3 -readonly l1.db "select max(id) from run")|new firmware"
check "and in the board's life, here and over all" out exits 0 "$station" history 24:0a:c4:00:00:00
check "with the station" out says out "re-work of a board of station line 1, run"
check "over all stations, too" out exits 0 "$station" history 24:0a:c4:00:00:00 --fleet
check "in the same words" out says out "re-work of a board of station line 1, run"
check "and in exports" out exits 0 "$station" export --mac 24:0a:c4:00:00:00
check "in a column of their own" out says out ',"line 1, run '
check "of all stations" out exits 0 "$station" export --mac 24:0a:c4:00:00:00 --fleet
check "as well" out says out ',"line 1, run '
sed 's/^chip/duplicates: ever\nchip/' "$images/esp32.yaml" >"$images/ever.yaml"
use 5
check "ever: it is refused without a lot, too" out exits 1 "$station" run "$images/ever.yaml" --port "${ports[0]}"
check "by the station that had it" out says out "has passed at station line"
check "a reason lets it in there as well" out exits 0 "$station" run "$images/ever.yaml" --port "${ports[0]}" --rework --operator Ann --reason "sent back"
check "and both are recorded" out in_record 5 "select rework_elsewhere like 'line %, run %', rework_reason from run order by id desc limit 1" "1|sent back"
sed 's/^chip/duplicates: allow\nchip/' "$images/esp32.yaml" >"$images/allow.yaml"
check "allow: it is not" out exits 0 "$station" run "$images/allow.yaml" --port "${ports[0]}"
cat "$images/esp32.yaml" - >"$images/scan.yaml" <<'END'
unit:
  serial: sn
  values: [{ name: sn, from: scan, pattern: "[A-Z]{2}[0-9]{4}" }]
END
use 1
flash "$images/scan.yaml" --port "${ports[1]}" --unit sn=AB0001
use 2
check "a serial of another station is refused" out exits 1 "$station" run "$images/scan.yaml" --port "${ports[2]}" --unit sn=AB0001
check "with whose it is" out says out "The serial 'AB0001' is that of another board at station line 1"
check "its own board may have it there" out exits 0 "$station" run "$images/scan.yaml" --port "${ports[1]}" --unit sn=AB0001

# ---- A place that comes back -----------------------------------------------------------------------
stop_fixture
open_lot back 1
start_fixture --boards 2 --chip esp32 --speed 50 --mac-base 24:0a:c4:00:10:00 --fault "0:stuck-bit=0x10020"
use 1
check "a board that fails gives its place back" out exits 1 "$station" run "$images/esp32.yaml" --lot back --port "${ports[0]}"
check "to the book" out taken back 0
use 2
check "another station has it" out exits 0 "$station" run "$images/esp32.yaml" --lot back --port "${ports[1]}"
stop_fixture

# ---- Killed ----------------------------------------------------------------------------------------
open_lot killed 1
start_fixture --boards 2 --chip esp32 --speed 50 --mac-base 24:0a:c4:00:20:00 --fault "0:hang=4000,times=1"
use 1
"$station" run "$images/esp32.yaml" --lot killed --port "${ports[0]}" >r1.out 2>&1 </dev/null &
pid=$!
await in_pg "select count(*) from espstation.claim where mac is not null and lot = 'killed'" 1
await in_record 1 "select count(*) from run where claim > 0 and verdict is null" 1
kill -9 $pid
wait $pid 2>/dev/null
use 2
check "a station that was killed keeps the place of its board" out exits 1 "$station" run "$images/esp32.yaml" --lot killed --port "${ports[1]}"
use 1
check "until it starts again" out exits 0 "$station" run "$images/esp32.yaml" --new-lot --lot other --port "${ports[0]}"
await taken killed 0
use 2
check "then it is free" out exits 0 "$station" run "$images/esp32.yaml" --lot killed --port "${ports[1]}"
check "and one has passed" out passed killed 1
record1=$(pg "select r.id from espstation.record r join espstation.station s on s.id = r.station where s.name = 'line 1'")
open_lot orphan 1
pg "select espstation.open_quota('orphan', 1); insert into espstation.claim (id, record, process, kind, lot, places) values (4711, $record1, 1, 'board', 'orphan', 1);
    update espstation.quota set taken = 1 where lot = 'orphan'" >out
use 1
flash "$images/allow.yaml" --port "${ports[0]}"
check "what a killed station asked for and never had is given back" run.err taken orphan 0

# ---- Board after board -----------------------------------------------------------------------------
open_lot loop 1
use 4
"$station" run "$images/esp32.yaml" --lot loop --loop --json --port "${ports[0]}" >loop.out 2>&1 </dev/null &
pid=$!
await passed loop 1
await taken loop 1
use 6
pg "delete from espstation.told" >out
"$station" run "$images/esp32.yaml" --lot loop --loop --plain --port "${ports[1]}" >loop2.out 2>&1 </dev/null &
other=$!
await in_pg "select count(*) > 0 from espstation.told as t join espstation.record as r on r.id = t.record join espstation.station as s
    on s.id = r.station where s.name = 'line 6'" t
check "on a line a board without a place waits, and is no run" loop2.out in_record 6 "select count(*) from runs where lot = 'loop'" 0
check "the book has one" loop2.out taken loop 1
use 4
check "a place comes free" out exits 0 "$station" correct "$(sqlite3 -readonly l4.db "select run from runs where lot = 'loop'")" --verdict fail --operator Ann --reason cracked
check "and the board that waits begins by itself" loop2.out await in_record 6 "select count(*) from runs where lot = 'loop' and verdict = 'PASS'" 1
kill -INT $pid $other
wait $pid $other
await settled loop
check "the book has one still" loop2.out taken loop 1
open_lot far 5
use 5
cut_off 5
"$station" run "$images/esp32.yaml" --lot far --loop --plain --port "${ports[0]}" >loop3.out 2>&1 </dev/null &
pid=$!
await grep -q "The fleet's server decides nothing now" loop3.out
check "without server and lease it waits as well" loop3.out in_record 5 "select count(*) from runs where lot = 'far'" 0
reach 5
check "and begins when the server is back" loop3.out await in_record 5 "select count(*) from runs where lot = 'far' and verdict = 'PASS'" 1
kill -INT $pid
wait $pid

# ---- A server that hangs ---------------------------------------------------------------------------
open_lot hang 4
use 4
"$station" fleet lease take --lot hang --places 1 --operator Ann >out
(psql -qAtX -c "begin; lock table espstation.claim in access exclusive mode; select pg_sleep(60)" >/dev/null 2>&1) &
locker=$!
await in_pg "select count(*) from pg_locks where relation = 'espstation.claim'::regclass and mode = 'AccessExclusiveLock'" 1
flash "$images/allow.yaml" --lot hang --port "${ports[1]}" &
flasher=$!
await in_record 4 "select count(*) from run where lease is not null and verdict = 'PASS' and lot = (select id from lot where name = 'hang')" 1
took() { sqlite3 -readonly l4.db "select duration_ms from run order by id desc limit 1"; } # the last board, ms
hung=$(took)
pg "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()" >out
wait $locker $flasher 2>/dev/null
check "what was asked in vain is given back" run.out exits 0 "$station" fleet lease return --lot hang
flash "$images/allow.yaml" --lot hang --port "${ports[1]}"
echo "# a board took $hung ms with a server that hangs, $(took) ms with one that answers"
check "no slot waits longer than two seconds for an answer" run.out test "$hung" -lt $((2500 + 3 * $(took)))
await taken hang 1
check "one place is taken" run.out taken hang 1
check "nothing is open" run.out settled hang

# ---- Leases ----------------------------------------------------------------------------------------
stop_fixture
open_lot lent 6
start_fixture --boards 8 --chip esp32 --speed 50 --mac-base 24:0a:c4:00:30:00
use 1
check "a lease needs a name" out exits 2 "$station" fleet lease take --lot lent --places 2
check "a lot" out exits 2 "$station" fleet lease take --places 2 --operator Ann
check "one of the fleet" out exits 2 "$station" fleet lease take --lot other --places 2 --operator Ann
check "that is there" out exits 2 "$station" fleet lease take --lot nothing --places 2 --operator Ann
check "a number" out exits 2 "$station" fleet lease take --lot lent --places two --operator Ann
check "and a time" out exits 2 "$station" fleet lease take --lot lent --places 2 --hours never --operator Ann
check "places are lent" out exits 0 "$station" fleet lease take --lot lent --places 4 --operator Ann
check "until when is said" out says out "4 places in lot lent for station line 1, until shortly before"
check "they count as taken" out taken lent 4
use 2
check "no more than are left" out exits 0 "$station" fleet lease take --lot lent --places 5 --operator Ann
check "and that is said" out says out ": 2 places in lot lent" "No more were left"
check "then none" out exits 2 "$station" fleet lease take --lot lent --places 1 --operator Ann
check "in a sentence" out says out "6 of 6 are taken"
check "here it lapses before it does there" out test "$(sqlite3 l2.db "select until_utc from lease")" \< "$(pg "select to_char(until_utc at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS') from espstation.claim where kind = 'places' and places = 2")"
use 3
flash "$images/esp32.yaml" --lot lent --port "${ports[7]}"
check "places that are lent are no other station's" run.out says run.out "6 of 6 are taken"
cut_off 1
use 1
flash "$images/esp32.yaml" --lot lent --port "${ports[0]}" --port "${ports[1]}" --port "${ports[2]}"
check "cut off, a station works from its lease" run.out in_record 1 "select count(*) from run where lease is not null and verdict = 'PASS'" 3
check "and says what it does" run.out says run.out "The fleet's server decides nothing now"
flash "$images/esp32.yaml" --lot lent --port "${ports[3]}" --port "${ports[4]}"
check "used up, it stops with a code of its own" run.out in_record 1 "select count(*) from runs where code = 'lease' and board_state = 'untouched'" 1
check "in a sentence" run.out says run.out "no lease of places is left here" "Wait for the fleet's server"
sqlite3 l1.db "vacuum into 'older.db'"
check "without a server the list says what is here" out exits 4 "$station" fleet lease list
check "with its uses" out says out "4 of 4 places in lot lent used"
reach 1
check "given back is what was not used: nothing" out exits 0 "$station" fleet lease return --lot lent
check "the server knows it at once" out says out "0 places are given back" "has them back"
check "four have passed" out passed lent 4
check "twice it cannot be" out exits 2 "$station" fleet lease return --lot lent
use 2
number=$(sqlite3 l2.db "select number from lease")
check "another gives two back, by number" out exits 0 "$station" fleet lease return "$number"
check "they are free" out taken lent 4
use 3
flash "$images/esp32.yaml" --lot lent --port "${ports[4]}" --port "${ports[5]}" --port "${ports[6]}"
check "and taken by others, to the last" run.out passed lent 6
check "no more" run.out taken lent 6
check "the book is settled" out settled lent

# ---- A board that began on a lease, and went on with the server ------------------------------------
stop_fixture
open_lot both 5
start_fixture --boards 1 --chip esp32 --speed 50 --mac-base 24:0a:c4:00:38:00 --fault "0:hang=4000,times=1"
use 3
"$station" fleet lease take --lot both --places 1 --operator Ann >out
cut_off 3
"$station" run "$images/allow.yaml" --lot both --plain --port "${ports[0]}" >both.out 2>&1 </dev/null &
pid=$!
await in_record 3 "select count(*) from run where lease is not null and verdict is null" 1
reach 3
wait $pid
check "its second attempt asked the server" both.out in_record 3 "select verdict, claim > 0, lease is not null from run order by id desc limit 1" "PASS|1|1"
"$station" fleet lease return --lot both >out
check "it has one place, not two" out taken both 1
stop_fixture
start_fixture --boards 8 --chip esp32 --speed 50 --mac-base 24:0a:c4:00:30:00

# ---- A lease that lapses, and one that is lost -----------------------------------------------------
open_lot late 4
use 4
"$station" fleet lease take --lot late --places 2 --hours 0.0006 --operator Ann >out
cut_off 4
await sh -c "'$station' fleet lease list 2>/dev/null | grep -q lapsed"
flash "$images/esp32.yaml" --lot late --port "${ports[0]}"
check "a lease that has lapsed is not used" run.out in_record 4 "select code from runs order by run desc limit 1" lease
await in_record 4 "select why from lease order by id desc limit 1" lapsed
check "by itself it ends" out taken late 2
reach 4
check "and comes back" out exits 0 "$station" fleet send
check "as a whole" out taken late 0
use 5
check "a machine takes a lease" out exits 0 "$station" fleet lease take --lot late --places 3 --hours 0.002 --operator Ann
number=$(pg "select id from espstation.claim where kind = 'places' and lot = 'late'")
cut_off 5
flash "$images/esp32.yaml" --lot late --port "${ports[0]}"
mkdir dead && mv l5.db l5.db-* dead/
use 6
check "and dies: while it could live nobody writes it off" out exits 2 "$station" fleet lease lost "$number" --used 1 --operator Eve --reason "line 5 burnt"
check "which is said" out says out "may still be used by its station, until"
await in_pg "select lapsed from espstation.leases where lease = $number" t
check "an engineer does, with a reason" out exits 2 "$station" fleet lease lost "$number" --used 1 --operator Eve
check "and what was used of it" out exits 2 "$station" fleet lease lost "$number" --operator Eve --reason "line 5 burnt"
check "no more than it had" out exits 2 "$station" fleet lease lost "$number" --used 4 --operator Eve --reason "line 5 burnt"
check "until then its places are taken" out taken late 3
check "then they are free" out exits 0 "$station" fleet lease lost "$number" --used 1 --operator Eve --reason "line 5 burnt"
check "but those that were used" out taken late 1
check "once" out exits 2 "$station" fleet lease lost "$number" --used 0 --operator Eve --reason again
check "his name is in record and list" out in_record 6 "select word, person from act order by id desc limit 1" "lease-lost|Eve"
mv dead/* . && reach 5
use 5
check "the machine that was dead comes back" out exits 0 "$station" run "$images/allow.yaml" --port "${ports[7]}"
await settled late
check "its board counts once" out taken late 1
check "and is there" out passed late 1

# ---- Duplicates while nobody can be asked ----------------------------------------------------------
sed 's/^chip/without_server: wait\nchip/' "$images/ever.yaml" >"$images/wait.yaml"
use 1
cut_off 1
check "check knows the key" out exits 0 "$station" check "$images/wait.yaml"
check "wait: no board is let in without the server" out exits 1 "$station" run "$images/wait.yaml" --port "${ports[7]}"
check "with the code" out says out "lease: The fleet's server cannot be asked whether the board has passed elsewhere"
flash "$images/ever.yaml" --port "${ports[7]}"
check "go-on: it is" run.out in_record 1 "select verdict, claim from run order by id desc limit 1" "PASS|-1"
reach 1
check "and reported when the server knows" out exits 0 "$station" fleet send
check "with where it was before" out says out "The board 24:0a:c4:00:30:07 of run" "is at station line 5 as well"
check "for quality, too" out in_pg "select station, other_station from espstation.duplicates where what = 'board'" "line 1|line 5"

# ---- A record from a backup ------------------------------------------------------------------------
use 1
flash "$images/ever.yaml" --port "${ports[6]}"
sqlite3 l1.db "vacuum into 'newest.db'"
open_lot old 5
mv l1.db kept.db && rm -f l1.db-* && cp older.db l1.db
flash "$images/esp32.yaml" --lot lent --port "${ports[3]}"
check "a record from a backup gets nothing" run.out in_record 1 "select code from runs order by run desc limit 1" lease
check "and it is said why" run.out says run.out "this record goes on otherwise than the server's" "--go-on REASON"
rm -f l1.db-* && mv kept.db l1.db
pg "update espstation.told set link = link + 1000 where record = $record1" >out
flash "$images/esp32.yaml" --lot lent --port "${ports[3]}"
check "nor does one that lacks what it has asked for since it was sent last" run.out in_record 1 "select code from runs order by run desc limit 1" lease
check "in a sentence" run.out says run.out "This record lacks what it had when it last asked the fleet's server"
pg "update espstation.told set link = link - 1000 where record = $record1" >out

# ---- A server from a backup ------------------------------------------------------------------------
open_lot again 4
use 6
"$station" fleet lease take --lot again --places 1 --operator Ann >out
stop_postgres fast
cp -a "$pg_dir/data" "$pg_dir/backup"
start_postgres
flash "$images/allow.yaml" --lot again --port "${ports[0]}"
cut_off 6
flash "$images/allow.yaml" --lot again --port "${ports[1]}"
reach 6
"$station" fleet lease return --lot again >out
"$station" fleet lease take --lot again --places 1 --operator Ann >out
check "two have passed, and one place is lent" out taken again 3
stop_postgres fast
rm -rf "$pg_dir/data" && mv "$pg_dir/backup" "$pg_dir/data"
start_postgres
check "a server from a backup knows less" out taken again 1
check "until the station has sent what it lacks" out exits 0 "$station" fleet send
check "then all counts once" out taken again 3
check "and the lease may be given back" out exits 0 "$station" fleet lease return --lot again
check "as if nothing had been" out taken again 2

# ---- Serials ---------------------------------------------------------------------------------------
stop_fixture
cat "$images/esp32.yaml" - >"$images/sn.yaml" <<'END'
unit:
  serial: sn
  values: [{ name: sn, from: counter, pattern: "EX{n:6}", start: 100, end: 999, fleet: true }]
END
sed 's/from: counter.*pattern: "EX{n:6}", start: 100, end: 999/from: scan/' "$images/sn.yaml" >"$images/wrong.yaml"
check "fleet belongs to counters" out exits 3 "$station" check "$images/wrong.yaml"
check "as check says" out says out "'fleet' means nothing for a value from scan"
start_fixture --boards 18 --chip esp32 --speed 50 --mac-base 24:0a:c4:00:40:00
use 1
cut_off 1
flash "$images/sn.yaml" --port "${ports[0]}"
check "a station that was never lent a number stops" run.out in_record 1 "select code from runs order by run desc limit 1" lease
check "in a sentence" run.out says run.out "The counter 'demo-esp32.sn' has its numbers from the fleet's server"
reach 1
flash "$images/sn.yaml" --port "${ports[0]}" --port "${ports[1]}"
use 2
flash "$images/sn.yaml" --port "${ports[2]}" --port "${ports[3]}"
check "two stations number from one counter" run.out in_pg "select count(distinct serial) from espstation.unit where serial like 'EX%'" 4
check "in blocks" run.out in_pg "select string_agg(serial, ' ' order by serial) from espstation.unit where serial like 'EX%'" "EX000100 EX000101 EX000110 EX000111"
check "numbers are taken beforehand" out exits 0 "$station" fleet lease take --recipe "$images/sn.yaml" --numbers 2 --operator Ann
check "of that counter" out says out "numbers 120 to 121 of counter demo-esp32.sn"
cut_off 2
flash "$images/sn.yaml" "${port_options[@]:8}"
check "cut off, all that were lent are used, and no other" run.out in_record 2 "select count(*), max(serial) from unit where serial like 'EX%'" "12|EX000121"
check "the rest is refused" run.out in_record 2 "select count(*) from runs where code = 'lease' and sentence like '%counter%'" 4
reach 2
"$station" fleet send >out

# ---- Rows of a pool --------------------------------------------------------------------------------
stop_fixture
{ echo sn,key; for i in $(seq 60); do printf 'PL%04d,%032x\n' "$i" "$i"; done; } >"$images/keys.csv"
cat "$images/esp32.yaml" - >"$images/pool.yaml" <<'END'
unit:
  serial: sn
  values:
    - { name: sn, from: pool }
    - { name: key, from: pool, type: hex, min: 16, max: 16, secret: true }
  pools: [{ name: keys, file: keys.csv, fleet: true }]
END
sed -i 's/^recipe: .*/recipe: pool/' "$images/pool.yaml"
rows() { in_pg "select count(*) from espstation.pool_row" "$1"; }
serials_in() { in_pg "select string_agg(serial, ' ' order by serial) from espstation.unit where serial like 'PL%'" "$1"; }
start_fixture --boards 24 --chip esp32 --speed 50 --mac-base 24:0a:c4:00:60:00
use 1
cut_off 1
flash "$images/pool.yaml" --port "${ports[0]}"
check "a station that was never lent a row stops" run.out in_record 1 "select code from runs order by run desc limit 1" lease
check "in a sentence" run.out says run.out "which rows of pool 'keys' are whose"
reach 1
flash "$images/pool.yaml" --port "${ports[0]}" --port "${ports[1]}"
use 2
flash "$images/pool.yaml" --port "${ports[2]}" --port "${ports[3]}"
check "two stations take from one pool" run.out serials_in "PL0001 PL0002 PL0011 PL0012"
check "each has its rows lent" run.out rows 20
check "a station keeps nobody else's: the book is the server's" out refused line "delete from espstation.pool_row"
check "rows are taken beforehand" out exits 0 "$station" fleet lease take --recipe "$images/pool.yaml" --rows 3 --hours 1 --operator Ann
check "for so long" out says out "3 rows of pool keys for station line 2, until shortly before"
check "and listed, here and there" out exits 0 "$station" fleet lease list
check "with what is used" out says out "here: lease" "2 of 10 rows of pool keys used, until" "0 of 3 rows" "station line 1: lease" "10 rows of pool keys, until"
cut_off 2
flash "$images/pool.yaml" "${port_options[@]:8:32}"
check "cut off, all that were lent are used, and no other" run.out in_record 2 "select count(*), max(serial) from unit where serial like 'PL%'" "13|PL0023"
check "the rest is refused" run.out in_record 2 "select count(*) from runs where code = 'lease' and sentence like '%pool%'" 5
reach 2
flash "$images/pool.yaml" --port "${ports[2]}"
check "what is used up is lent no more" run.out await rows 10
use 1
check "rows are given back" out exits 0 "$station" fleet lease return --pool keys
check "those that were not used" out says out "8 rows are given back" "has them back"
check "and nobody has them" out rows 0
check "twice it cannot be" out exits 2 "$station" fleet lease return --pool keys
use 3
check "another station gets them, and none that a board has" out exits 0 "$station" fleet lease take --recipe "$images/pool.yaml" --rows 9 --operator Ann --hours 0.0006
check "in the order of the file" out in_pg "select count(*) from espstation.pool_row as r join espstation.lease_row as w on w.sha256 = r.sha256 join espstation.lease as e on e.record = w.record and e.id = w.lease join espstation.record as o on o.id = e.record join espstation.station as s on s.id = o.station where s.name = 'line 1'" 8
await sh -c "'$station' fleet lease list 2>/dev/null | grep -q 'rows of pool keys used, lapsed'"
cut_off 3
flash "$images/pool.yaml" --port "${ports[20]}"
check "rows that have lapsed are not used" run.out in_record 3 "select code from runs order by run desc limit 1" lease
reach 3
check "and come back by themselves" out exits 0 "$station" fleet send
check "all" out rows 0
use 5
check "a machine takes rows" out exits 0 "$station" fleet lease take --recipe "$images/pool.yaml" --rows 4 --operator Ann --hours 0.0006
number=$(pg "select id from espstation.claim where kind = 'rows'")
await in_pg "select lapsed from espstation.leases where lease = $number" t
use 6
check "and dies: which of its rows were used nobody knows" out exits 2 "$station" fleet lease lost "$number" --used 2 --operator Eve --reason "line 5 burnt"
check "which is said" out says out "Which of the 4 rows" "--used 0"
check "written off, none of them is given to anybody" out exits 0 "$station" fleet lease lost "$number" --operator Eve --reason "line 5 burnt"
check "for good" out rows 4
use 4
"$station" fleet lease take --recipe "$images/pool.yaml" --rows 2 --operator Ann --hours 0.0006 >out
number=$(pg "select id from espstation.claim where kind = 'rows' and lost_utc is null")
await in_pg "select lapsed from espstation.leases where lease = $number" t
check "unless it is known that none was" out exits 0 "$station" fleet lease lost "$number" --used 0 --operator Eve --reason "never switched on"
check "then all are free" out rows 4
use 1
serial=$(sqlite3 -readonly l1.db "select min(serial) from unit where serial like 'PL%'")
check "a unit is released" out exits 0 "$station" unit release "$serial" --operator Eve --reason scrapped
"$station" fleet send >out
check "its row goes to whoever asks" out exits 0 "$station" fleet lease take --recipe "$images/pool.yaml" --rows 1 --operator Ann
flash "$images/pool.yaml" --port "${ports[21]}"
check "and only then" run.out in_record 1 "select serial from unit order by id desc limit 1" "$serial"
use 3
"$station" fleet lease take --recipe "$images/pool.yaml" --rows 100 --operator Ann >out
check "the last rows of the pool" out says out "rows of pool keys for station line 3"
use 4
check "then none is left" out exits 2 "$station" fleet lease take --recipe "$images/pool.yaml" --rows 1 --operator Ann
check "over all stations" out says out "The pool 'keys' has nothing left, over all stations"
flash "$images/pool.yaml" --port "${ports[22]}"
check "and a board says so" run.out says run.out "The pool 'keys' has nothing left, over all stations"
check "no row is there twice" out in_pg "select count(*) from (select serial from espstation.unit as u where serial like 'PL%' and not exists (select 1 from espstation.unit_released as x where x.record = u.record and x.id = u.id) group by serial having count(*) > 1) as x" 0
# Without the server's word: as if two stations had had files of their own.
sed 's/, fleet: true//' "$images/pool.yaml" >"$images/own.yaml"
use 6
flash "$images/own.yaml" --port "${ports[23]}"
check "a row that two boards have is found once both are on the server" run.out in_pg "select count(*) > 0 from espstation.duplicates where what = 'row of pool' and text like 'keys (%' and station = 'line 6'" t

# ---- Exactly a hundred -----------------------------------------------------------------------------
stop_fixture
sed 's/EX{n:6}", start: 100, end: 999/HU{n:6}", start: 1, counter: hundred/; s/^recipe: .*/recipe: hundred/' "$images/sn.yaml" >"$images/hundred.yaml"
open_lot hundred 100
start_fixture --boards 120 --chip esp32 --speed 100 --mac-base 24:0a:c4:00:50:00
seed=${SEED:-$RANDOM}
echo "# seed $seed"
RANDOM=$seed
for n in 1 2 3 4 5; do
    use $n
    "$station" fleet lease take --lot hundred --places $((8 + RANDOM % 8)) --operator Ann --hours 1 >/dev/null
    "$station" fleet lease take --recipe "$images/hundred.yaml" --numbers 25 --operator Ann >/dev/null
done
use 5 && "$station" fleet lease return --lot hundred >/dev/null
use 4 && "$station" fleet lease take --lot hundred --places 5 --operator Ann --hours 0.0006 >/dev/null
cut_off 1 2
round() { # stations: those of their boards that have not passed, eight at once at most
    local pids=() n
    for n; do
        (
            use "$n"
            for half in 0 10; do
                options=()
                for i in $(seq $((20 * n - 20 + half)) $((20 * n - 11 + half))); do
                    mac=$(printf '24:0a:c4:00:50:%02x' "$i")
                    in_record "$n" "select count(*) from runs where mac = '$mac' and lot = 'hundred' and verdict = 'PASS'" 0 && options+=(--port "${ports[$i]}")
                done
                [ ${#options[@]} -eq 0 ] || "$station" run "$images/hundred.yaml" --lot hundred "${options[@]}"
            done
        ) >round$n.out 2>&1 </dev/null &
        pids+=($!)
    done
    wait "${pids[@]}"
}
round 1 2 3 4 5 6
check "two stations worked cut off" round1.out in_record 1 "select count(*) > 0 from run where lease is not null and lot = (select id from lot where name = 'hundred')" 1
all() { for n in 1 2 3 4 5 6; do sqlite3 -readonly l$n.db "$1"; done; }
places_used() { all "select mac from runs where lot = 'hundred' and verdict = 'PASS'" | sort -u | wc -l; }
check "never more than a hundred, whoever knows of it" out test "$(places_used)" -le 100
cut_off 3
reach 1 2
use 1 && "$station" fleet lease return --lot hundred >/dev/null
use 2 && "$station" fleet lease return --lot hundred >/dev/null
use 4 && "$station" fleet lease return --lot hundred >/dev/null
round 1 2 3 4 5 6
reach 3
use 3 && "$station" fleet lease return --lot hundred >/dev/null
round 1 2 3 4 5 6
for n in 1 2 3 4 5 6; do use $n && "$station" fleet send >/dev/null; done
round 6 5
check "exactly a hundred boards have passed" out test "$(places_used)" = 100
check "as the server says" out passed hundred 100
check "its book says so, too" out taken hundred 100
check "and nothing is open" out settled hundred
serials() { all "select u.serial from unit as u join board as b on b.id = u.board where u.serial like 'HU%'"; }
check "no serial is there twice" out test "$(serials | wc -l)" = "$(serials | sort -u | wc -l)"
check "nor on the server" out in_pg "select count(*) from (select serial from espstation.unit where serial like 'HU%' group by serial having count(*) > 1) as x" 0
check "nothing was found twice" out in_pg "select count(*) from espstation.duplicates where text like '24:0a:c4:00:50:%' or text like 'HU%'" 0
for n in 1 2 3 4 5 6; do
    use $n
    check "record $n is whole" out exits 0 "$station" audit
done
check "and what the server has" out exits 0 "$station" fleet verify
check "of all stations" out test "$(grep -c ': whole$' out)" = 6
echo "1..$test_number"
