# The fleet: what the records have arrives at a real PostgreSQL once, whatever fails in between.
. "$(dirname "$0")/lib.sh"
. "$root/tests/lib/postgres.sh"
need_postgres
trap 'umount -l "$pg_dir/small" 2>/dev/null; end_postgres; cleanup' EXIT
make_postgres
images=$work/images
"$bin/make_images" "$images" 20
export XDG_CONFIG_HOME=$work/config
cd "$work" || exit 1

# What the server shows, and what the records have: run, board and verdict, in one order.
there() { pg "select mac, verdict, started_utc at time zone 'UTC' from espstation.runs order by 3, 1" | tr '|' ' ' | sed 's/ [0-9-]* [0-9:.]*$//'; }
here() { for f; do sqlite3 -readonly -separator ' ' "$f" "select mac, verdict, started_utc from runs where own_verdict is not null"; done | sort -u -k3,3 -k1,1 | cut -d' ' -f1,2; }
same() { diff <(there) <(here "$@"); }
station_file() { # file record [server] [name]
    cat >"$1" <<END
station: ${4:-line 1}
record: $2
slots: [{ name: A1 }]
fleet: { server: "${3:-service=factory}" }
END
}
use() { export ESPSTATION_STATION=$work/$1; }
flash() { "$station" run "$images/esp32.yaml" --port "$1" "${@:2}" >run.out 2>run.err </dev/null; }

# ---- How the server is reached ---------------------------------------------------------------------
station_file bad.yaml x.db "postgresql://line1:geheim@db/factory"
check "a password in the station file is refused" out exits 2 "$station" station check bad.yaml
check "with where it belongs" out says out "a password stands in it" ".pgpass"
check "and is not shown" out sh -c '! grep -q geheim out'
station_file bad.yaml x.db "host=db password=geheim x"
check "nor is one in a text that cannot be read" out exits 2 "$station" station check bad.yaml
check "not shown either" out sh -c '! grep -q geheim out'
check "an empty server is none" out exits 2 "$station" fleet init --server " "
check "and that is said" out says out "--server: it is empty"
check "nor taken from the command line" out exits 2 "$station" fleet init --server "host=db password=geheim"
station_file bad.yaml x.db "host=db sslmode=require"
check "TLS without a verified certificate is refused" out exits 2 "$station" station check bad.yaml
check "in a sentence" out says out "always verify-full"

# ---- Tables and rights -----------------------------------------------------------------------------
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key -out server.crt -days 2 -subj /CN=127.0.0.1 \
    -addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1
install -m 600 server.key server.crt "$pg_dir/data/"
[ "$(id -u)" != 0 ] || chown postgres "$pg_dir/data/server.key" "$pg_dir/data/server.crt"
pg_options="-c ssl=on"
start_postgres
printf '[factory]\nhost=%s\nport=%s\nuser=line1\ndbname=postgres\n' "$pg_dir" "$PGPORT" >pg_service.conf
station_file s1.yaml l1.db
use s1.yaml
check "without tables nothing is sent" out exits 4 "$station" fleet join --operator Ann --server "user=st"
check "and it is said who makes them" out says out "no tables of espstation yet" "espstation fleet init"
check "the owner makes them" out exits 0 "$station" fleet init --server "user=st"
check "once" out exits 0 "$station" fleet init --server "user=st"
check "and is told so" out says out ", as before"
pg "create role line1 login in role espstation_station; create role qa login in role espstation_reader" >out 2>&1
check "who may not make tables is told" out exits 4 "$station" fleet init --server "user=line1"
check "by what right" out says out "only the owner can init"
pg "insert into espstation.schema_version values (99, 'later')"
check "tables of a newer program are refused" out exits 4 "$station" fleet join --operator Ann
check "by their version" out says out "newer espstation: version 99"
check "by init as well" out exits 4 "$station" fleet init --server "user=st"
pg "delete from espstation.schema_version where version = 99"

# tests/data/fleet has the tables of each version that was released, with rows in them.
pg "create database before"
psql -qX -v ON_ERROR_STOP=1 -d before -f "$root/tests/data/fleet/v4.sql" >out 2>&1
check "tables of a version before" out test $? = 0
check "are brought up" out exits 0 "$station" fleet init --server "user=st dbname=before"
check "by the missing steps" out says out "from version 4 to"
functions() { PGDATABASE=$1 pg "select p.proname, md5(p.prosrc), p.proacl from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace where n.nspname = 'espstation' order by 1, 2"; }
columns() { PGDATABASE=$1 pg "select table_name, column_name, data_type from information_schema.columns where table_schema = 'espstation' and table_name !~ '_20[0-9]{2}_' order by 1, 2"; }
check "to the same functions" out diff <(functions before) <(functions postgres)
check "and the same columns" out diff <(columns before) <(columns postgres)
station_file before.yaml before.db "user=st dbname=before"
check "and what was sent is whole" out env ESPSTATION_STATION="$work/before.yaml" "$station" fleet verify

# ---- Joining and sending ---------------------------------------------------------------------------
start_fixture --boards 6 --chip esp32 --speed 50
flash "${ports[0]}"
check "boards pass at a station that nobody knows" run.err test $? -eq 0
check "and it is said what is to be done" run.err says run.err "does not know station 'line 1' yet" "fleet join"
check "joining needs a name" out exits 2 "$station" fleet join
check "the station joins" out exits 0 "$station" fleet join --operator Ann
check "and sends" out exits 0 "$station" fleet send
check "what it has" out same l1.db
flash "${ports[1]}" --operator $'M\xfcller'
check "a run sends by itself" run.err test $? -eq 0
check "and says nothing of it" run.err test ! -s run.err
check "its last row too" out exits 0 "$station" fleet status
check "none waits" out says out " 0 wait"
check "all is there" out same l1.db
check "in the part of its month" out test "$(pg "select count(*) from espstation.run_$(date -u +%Y_%m)")" = 2

refused() { psql -qAtX -U "$1" -c "$2" >out 2>&1; [ $? -ne 0 ] && says out "permission denied"; }
check "a station may change nothing" out refused line1 "update espstation.run set verdict = 'PASS'"
check "and delete nothing" out refused line1 "delete from espstation.link"
check "a reader may read" out psql -qAtX -U qa -c "select * from espstation.runs" -o out
check "and write nothing" out refused qa "insert into espstation.station (name) values ('x')"
not_back() { ! psql -qAtX -U line1 -c "update espstation.record set link = 0" >out 2>&1 && says out "only goes forward"; }
check "a mark never goes back" out not_back

# ---- TLS -------------------------------------------------------------------------------------------
tls="host=127.0.0.1 port=$PGPORT user=line1"
check "over a network the certificate is asked for" out exits 4 "$station" fleet status --server "$tls sslrootcert=none.crt"
check "and where it belongs is said" out says out "root.crt"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.crt -days 2 -subj /CN=other >/dev/null 2>&1
check "another's certificate is refused" out exits 4 "$station" fleet status --server "$tls sslrootcert=other.crt"
check "the right one is taken" out exits 0 "$station" fleet status --server "$tls sslrootcert=server.crt"

# ---- The server is away, killed, or comes from a backup ----------------------------------------------
stop_postgres fast
cp -a "$pg_dir/data" "$pg_dir/backup"
flash "${ports[2]}"
check "without a server boards pass" run.err test $? -eq 0
check "and it is said that rows wait" run.err says run.err "has not got all yet" "Nothing is lost"
check "nothing is sent then" out exits 4 "$station" fleet send
start_postgres
# The batch stops where the last of its rows are to be stored; there the server dies.
(psql -qAtX -c "begin; lock table espstation.link in share mode; select pg_sleep(60)" >/dev/null 2>&1) &
await_pg() { [ "$(pg "select count(*) from pg_locks where not granted or (mode = '$1' and relation = 'espstation.link'::regclass)")" -ge "$2" ]; }
await await_pg ShareLock 1
"$station" fleet send >send.out 2>&1 &
sender=$!
await await_pg ShareLock 2
stop_postgres immediate
wait $sender
check "a server that dies in a batch is no success" send.out test $? -eq 4
start_postgres
check "and has nothing of that batch" out test "$(pg "select count(*) from espstation.runs")" = 2
check "which is sent again" out exits 0 "$station" fleet send
check "once" out same l1.db
stop_postgres fast
rm -rf "$pg_dir/data" && mv "$pg_dir/backup" "$pg_dir/data"
start_postgres
check "a server from an older backup lacks a run" out test "$(pg "select count(*) from espstation.runs")" = 2
flash "${ports[3]}"
check "it gets all it lacks by itself" out same l1.db

# ---- The server's disk is full ----------------------------------------------------------------------
# The table that a batch ends with, on a disk of a megabyte; each of its pages takes a few rows.
make_small_disk() {
    mkdir "$pg_dir/small" && mount -t tmpfs -o size=1m tmpfs "$pg_dir/small" && chown postgres "$pg_dir/small" || return 1
    pg "create tablespace small location '$pg_dir/small'" &&
        pg "alter table espstation.link set (fillfactor = 10); alter table espstation.link set tablespace small"
}
if [ "$(id -u)" = 0 ] && make_small_disk >out 2>&1; then
    dd if=/dev/zero of="$pg_dir/small/rest" bs=4k >out 2>&1
    flash "${ports[3]}"
    check "with the server's disk full boards pass" run.err test $? -eq 0
    check "nothing is sent" out exits 4 "$station" fleet send
    check "in the server's words" out says out "No space left on device"
    check "and nothing of the batch is there" out test "$(pg "select count(*) from espstation.run where record = 1")" -lt "$(sqlite3 l1.db "select count(*) from run")"
    rm "$pg_dir/small/rest"
    check "there is room again: all is sent, once" out exits 0 "$station" fleet send
    check "and nothing is missing" out same l1.db
    pg "alter table espstation.link set tablespace pg_default" && pg "drop tablespace small" && umount "$pg_dir/small"
else
    skip "with the server's disk full nothing is lost" "this user may mount no small disk"
fi

# ---- Two with one name -----------------------------------------------------------------------------
station_file s2.yaml l2.db
use s2.yaml
check "a second station of this name is refused" out exits 4 "$station" fleet join --operator Ben
check "in a sentence that names both ways out" out says out "knows station 'line 1' with another record" "another name in its station file" "--go-on"
station_file s2.yaml l2.db service=factory "line 2"
check "under its own name it joins" out exits 0 "$station" fleet join --operator Ben
flash "${ports[4]}"
check "and sends beside the other" run.err same l1.db l2.db

# ---- A record that was restored ----------------------------------------------------------------------
use s1.yaml
sqlite3 l1.db "vacuum into 'backup.db'"
flash "${ports[5]}"
check "the newest run is on the server" out same l1.db l2.db
mv l1.db lost.db && rm -f l1.db-* && mv backup.db l1.db
check "a record from a backup is noticed" out exits 4 "$station" fleet status
check "as such" out says out "perhaps restored from a backup" "what it lacks stays on the server" "--go-on"
flash "${ports[5]}"
check "boards pass there nonetheless" run.err test $? -eq 0
check "and it is said that somebody has to decide" run.err says run.err "goes on otherwise than the server's"
check "what is on the server stays as it was" out same lost.db l2.db
check "somebody decides" out exits 0 "$station" fleet join --operator Ann --go-on "disk of line 1 died"
check "the record's rows are sent" out exits 0 "$station" fleet send
check "nothing is lost, and nothing doubled" out same lost.db l1.db l2.db
check "with names for what came before the backup" out test "$(pg "select count(*) from espstation.runs where recipe is null or mac is null or host is null")" = 0
use s2.yaml
cp l1.db copy.db
station_file s3.yaml copy.db service=factory "line 3"
use s3.yaml
check "a copied disk under another name is noticed" out exits 4 "$station" fleet join --operator Cem
check "with whose record it is" out says out "as that of station 'line 1'"

# ---- One board at all stations -----------------------------------------------------------------------
use s2.yaml
flash "${ports[5]}"
use s1.yaml
check "a run is corrected" out exits 0 "$station" correct "$(sqlite3 l1.db 'select max(id) from run')" --verdict fail --operator Ann --reason cracked
check "and that is sent" out exits 0 "$station" fleet send
mac=$(sqlite3 l1.db "select mac from runs order by run desc limit 1")
check "a board is followed over all stations" out exits 0 "$station" history "$mac" --fleet
check "through all its runs" out test "$(grep -c '^run ' out)" = "$(pg "select count(*) from espstation.runs where mac = '$mac'")"
check "each with its station" out says out "station line 1" "station line 2"
check "with images and corrections" out says out "read back, as expected" "corrected to FAIL by Ann"
one=$(sqlite3 l1.db "select mac from runs order by run limit 1")
"$station" history "$one" | sed 's/, station .*//' >local.out
"$station" history "$one" --fleet | sed 's/, station .*//' >fleet.out
check "of a board of one station it says what that station says" fleet.out diff local.out fleet.out
check "of one that nobody has seen, that" out exits 1 "$station" history 24:0a:c4:ff:ff:ff --fleet --server "service=factory user=qa"
check "in a sentence" out says out "at any station"
check "who names no server is told" out exits 2 env ESPSTATION_STATION= "$station" history "$one" --fleet
check "how to" out says out "No server is named" "--server"

# ---- The questions of the page -----------------------------------------------------------------------
awk '/^## Asking/{on = 1} /^## Proof/{on = 0} on && /^```sql/{code = 1; n++; next} /^```/{code = 0} code {print > ("question" n ".sql")}' "$root/docs/fleet.md"
check "the page has ten questions" out test "$(ls question*.sql | wc -l)" = 10
for n in 1 2 3 4 5 6 7 8 9 10; do
    psql -qAtX -v ON_ERROR_STOP=1 -U qa -f "question$n.sql" >out 2>&1
    status=$?
    # No lot, serial, failure or silence here, and boards of no such version.
    case $n in 2 | 4 | 5 | 8 | 10) rows=0 ;; *) rows=1 ;; esac
    check "question $n is answered to a reader" out test $status -eq 0 -a "$(wc -l <out)" -ge $rows
done

# ---- Proof -------------------------------------------------------------------------------------------
use s1.yaml
check "the server's rows are proved" out exits 0 "$station" fleet verify
check "each record of each station" out test "$(grep -c ': whole$' out)" = 3
check "and that it has what is here" out says out "The server has what" "0 more wait"
check "a reader may prove as well" out exits 0 "$station" fleet verify --server "service=factory user=qa" --station-name "line 2" --json
check "one station alone" out test "$(grep -c '"findings":0' out)" = 1
pg "update espstation.cell set passed = passed + 1 where id = (select min(id) from espstation.cell where passed > 0)"
check "sums that are not those of the rows are found" out exits 1 "$station" fleet verify
check "by station, day and slot" out says out "changed    sums of station line" "failed are kept; its rows are" "select espstation.recount()"
check "a reader finds them as well" out exits 1 "$station" fleet verify --server "service=factory user=qa" --json
check "in JSON" out says out '"sums_of_station":"line'
pg "select espstation.recount()" >out
check "the owner puts them right" out exits 0 "$station" fleet verify
sqlite3 l1.db "vacuum into 'unaltered.db'"
sqlite3 l1.db "drop trigger run_closed_is_final; drop trigger run_keeps_its_start; update run set port = 'elsewhere' where id = (select min(id) from run where verdict is not null)"
check "a row that was altered here once it was sent is found" out exits 1 "$station" fleet verify
check "as one of here" out says out "changed    here: run " "l1.db WAS ALTERED here; what was sent before stands on the server as it was"
rm -f l1.db-* && mv unaltered.db l1.db
run_id=$(pg "select id from espstation.run where record = 1 order by id limit 1")
pg "update espstation.run set slot = 2 where record = 1 and id = $run_id" >out 2>&1
check "a changed row is found" out exits 1 "$station" fleet verify
check "with station and run" out says out "changed    station line 1: run $run_id (" "WERE ALTERED"
pg "update espstation.run set slot = 1 where record = 1 and id = $run_id; insert into espstation.process_end select record, link, 99, ended_utc from espstation.process_end limit 1"
check "an added row is found" out exits 1 "$station" fleet verify
check "by its table" out says out "Row 99 of table process_end belongs to no row"
pg "delete from espstation.process_end where id = 99; delete from espstation.attempt where record = 1 and run = $run_id"
check "a deleted one is found" out exits 1 "$station" fleet verify --json
check "in JSON too" out says out '"finding":"changed","station":"line 1"'
pg "delete from espstation.link where record = 3 and id = (select max(id) from espstation.link where record = 3)"
check "and an end that is cut off" out exits 1 "$station" fleet verify
check "by the mark" out says out "truncated" "its rows end with link"

# ---- A month that was not foreseen -------------------------------------------------------------------
pg "insert into espstation.run select record, link, '2021-05-06+00', id + 1000, process, lot, recipe, slot, port, operator, '2021-05-06+00',
    board, seen_chip, seen_revision, seen_flash_id, seen_flash_bytes, ended_utc, duration_ms, verdict, code, sentence, hint, board_state,
    app_text, holds_place, rework_of, rework_reason, golden from espstation.run limit 1" >out 2>&1
check "a run of a month without a part is stored" out test "$(pg "select count(*) from espstation.run_other")" = 1
pg "select espstation.make_month('2021-05')" >out 2>&1
check "and moves where it belongs when that is made" out test "$(pg "select count(*) from espstation.run_2021_05")" = 1
echo "1..$test_number"
