# Events out to the factory: a real broker and a server of somebody else's get each verdict, whatever is killed in between.
. "$(dirname "$0")/lib.sh"
need_node 18 0
broker_program=$(command -v mosquitto || echo /usr/sbin/mosquitto)
[ -x "$broker_program" ] && command -v mosquitto_sub >/dev/null || skip_all "there is no mosquitto here; run: make deps"
images=$work/images
"$bin/make_images" "$images" 24
cd "$work" || exit 1
broker_pid= hook_pid= sub_pid= pid=
end_all() {
    for p in $broker_pid $hook_pid $sub_pid $pid; do kill -9 "$p" 2>/dev/null; done
    cleanup
}
trap end_all EXIT

# ---- The factory's side ------------------------------------------------------------------------------
# Ports that nobody listens at.
free_port() {
    local port
    until port=$((20000 + RANDOM % 12000)) && ! (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
    echo "$port"
}
broker_port=$(free_port)
hook_port=$(free_port)
printf 'hook key of the test\n' >hook.key
printf 'geheim\n' >mqtt.password
chmod 600 hook.key mqtt.password
printf 'line1:geheim\n' >users && mosquitto_passwd -U users
printf 'listener %s 127.0.0.1\nallow_anonymous false\npassword_file %s\npersistence true\npersistence_location %s/\nautosave_on_changes true\nautosave_interval 1\nmax_queued_messages 0\n' \
    "$broker_port" "$work/users" "$work" >broker.conf
[ "$(id -u)" != 0 ] || { echo 'user root' >>broker.conf; }
start_broker() {
    "$broker_program" -c broker.conf >>broker.log 2>&1 &
    broker_pid=$!
    await broker_answers || tail -5 broker.log
}
broker_answers() { mosquitto_pub -h 127.0.0.1 -p "$broker_port" -u line1 -P geheim -t test/ready -m 1 >/dev/null 2>&1; }
start_hook() {
    "$NODE" "$root/tests/js/hook.mjs" "$hook_port" hook.key hook.out hook.status >hook.log 2>&1 &
    hook_pid=$!
    await grep -q ready hook.log
}
# A session that the broker keeps, also where it is killed (autosave), so that nothing is lost to a reader
# who is back later than the station.
start_sub() {
    mosquitto_sub -h 127.0.0.1 -p "$broker_port" -u line1 -P geheim -i reader -c -q 1 -v -t 'plant/+/event/#' -t 'plant/+/state' -t 'plant/+/slot/+' >>sub.out 2>>sub.err &
    sub_pid=$!
}
retained() { mosquitto_sub -h 127.0.0.1 -p "$broker_port" -u line1 -P geheim -t "$1" -C 1 -W 5 2>/dev/null; }

# ---- The station ---------------------------------------------------------------------------------------
write_station() { # line...: more
    cat >station.yaml <<END
station: hall 1/line 1
record: $work/record.db
slots:
$(for i in "${!ports[@]}"; do echo "  - { name: A$((i + 1)), port: \"${ports[$i]}\" }"; done)
mqtt: { broker: "mqtt://127.0.0.1:$broker_port", user: line1, password_file: mqtt.password, prefix: plant }
webhook: { to: "http://127.0.0.1:$hook_port/events", key_file: hook.key }
END
}
start_line() {
    "$station" line "$images/esp32.yaml" --station station.yaml --operator ann --lot L1 "$@" >>out 2>>err </dev/null &
    pid=$!
}
stop_line() { kill -INT $pid; wait $pid; pid=; }
passes_are() { [ "$(sqlite3 -readonly record.db "select count(*) from run where verdict = 'PASS'" 2>/dev/null)" -ge "$1" ]; }
# What the record has to tell, each by its id, and what each of the two was told.
due() { sqlite3 -readonly record.db "select sha256 from link where kind in ('run', 'board', 'lot', 'checkpoint', 'correction', 'station', 'station-end') and id > $first order by id"; }
by_mqtt() { sed -n 's,^plant/hall 1_line 1/event/[a-z]* {"id":"\([0-9a-f]*\)".*,\1,p' sub.out; }
by_hook() { sed -n 's/^\([0-9a-f]*\) {.*/\1/p' hook.out 2>/dev/null; }
have_all() { diff <(due | sort) <($1 | sort -u) >diff; }
in_order() { diff <(due) <($1 | awk '!seen[$0]++') >diff; }

first=0
start_fixture --boards 3 --chip esp32 --speed 30
put_in() { ctl board "$1" "mac=24:0a:c4:00:$2" >/dev/null; }
write_station
printf 'geheim' >open.password
chmod 644 open.password
sed 's/mqtt.password/open.password/' station.yaml >bad.yaml
check "a password that others may read is refused" out exits 2 "$station" line "$images/esp32.yaml" --station bad.yaml
check "in a sentence" out says out "may be read by others" "chmod 600"
check "when it is checked, too" out exits 2 "$station" station check bad.yaml
check "by the key that names it" out says out "mqtt.password_file: " "may be read by others"
sed 's/hook.key/no.key/' station.yaml >bad.yaml
check "so is a key that is not there" out exits 2 "$station" station check bad.yaml
check "likewise" out says out "webhook.key_file: " "no.key cannot be read: No such file"
sed 's/password_file: mqtt.password/&, ca: no.pem/' station.yaml >bad.yaml
check "and a certificate" out exits 2 "$station" station check bad.yaml
check "said, too" out says out "mqtt.ca: " "no.pem cannot be read"
sed 's,mqtt://127.0.0.1,mqtt://broker.example,' station.yaml >bad.yaml
check "one that would cross the network in the clear is refused" out exits 2 "$station" station check bad.yaml
check "and what to do" out says out "use mqtts://"
sed 's,mqtt://,mqtt://line1:geheim@,' station.yaml >bad.yaml
check "one in the address is refused" out exits 2 "$station" station check bad.yaml
sed 's/, key_file: hook.key//' station.yaml >bad.yaml
check "a webhook without a key is refused" out exits 2 "$station" station check bad.yaml

# ---- All is there --------------------------------------------------------------------------------------
first=$(sqlite3 -readonly record.db "select max(id) from link" 2>/dev/null)
first=${first:-0}
start_broker
start_sub
start_hook
: >out; : >err
start_line --new-lot
check "boards pass" err await passes_are 3
check "the broker was told" sub.out await have_all by_mqtt
check "the server was told" hook.out await have_all by_hook
check "in order" diff in_order by_mqtt
check "no request was odd" hook.out sh -c '! grep -q ^BAD hook.out'
sed -n 's/^[0-9a-f]* //p' hook.out | grep '"event":"verdict"' | head -1 >verdict.json
check "a verdict says what it is of" verdict.json says verdict.json '"verdict":"PASS"' '"station":"hall 1/line 1"' '"lot":"L1"' '"operator":"ann"' '"slot_name":"A' '"mac":"24:0a:c4' '"duration_ms":'
check "boards, lot and station are events too" hook.out says hook.out '"event":"board"' '"event":"lot"' '"state":"opened"' '"event":"station"' '"state":"begun"'
state_says() { retained 'plant/hall 1_line 1/state' >state && grep -q -- "$1" state; }
slot_says() { retained "plant/hall 1_line 1/slot/$1" >state && grep -q -- "$2" state; }
check "who comes later sees how the station is" state await state_says '"online":true'
check "and a slot" state await slot_says A1 '"state":"pass"'

# ---- The broker is killed in the middle ----------------------------------------------------------------
kill -9 $broker_pid; wait $broker_pid 2>/dev/null
for i in 0 1 2; do put_in $i "01:0$i"; done
check "without a broker boards pass" err await passes_are 6
told_of() { grep -q -- "$1" out; }
check "and people are told" out await told_of "No events go out over MQTT"
start_broker
await broker_answers
check "a broker that comes back gets all" diff await have_all by_mqtt
check "and people are told that, too" out await told_of "Events go out over MQTT again"

# ---- A server that refuses -------------------------------------------------------------------------------
echo 503 >hook.status
for i in 0 1 2; do put_in $i "02:0$i"; done
check "boards pass while a server refuses" err await passes_are 9
check "and people are told what it says" out await told_of "answers 503: not now"
kill -9 $hook_pid; wait $hook_pid 2>/dev/null
rm hook.status

# ---- The station is killed -------------------------------------------------------------------------------
kill -9 $pid; wait $pid 2>/dev/null
will_says() { state_says '"online":false' && ! grep -q stopped state; }
check "a station that dies is said to be gone by its will" state await will_says
start_hook
start_line
check "the next start tells what was left" diff await have_all by_hook
check "in order, doubles by their ids" diff in_order by_hook
check "the broker, too" diff await have_all by_mqtt
"$station" correct "$(sqlite3 record.db "select max(id) from run where verdict = 'PASS'")" --db record.db --verdict fail --operator eve --reason cracked >>out 2>&1
check "what another command records is told" diff await have_all by_hook
check "as it is" hook.out says hook.out '"event":"correction"' '"reason":"cracked"'
stop_line
check "a station that ends in peace says so" state await state_says '"stopped":true'
check "and was not held up" err test "$(grep -c 'cannot' err)" = 0
check "no request was odd to the end" hook.out sh -c '! grep -q ^BAD hook.out'

# ---- TLS -----------------------------------------------------------------------------------------------
kill $broker_pid $hook_pid; wait $broker_pid $hook_pid 2>/dev/null
for name in server other; do
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $name.key -out $name.crt -days 2 -subj /CN=127.0.0.1 \
        -addext subjectAltName=IP:127.0.0.1 >/dev/null 2>&1
done
tls_port=$(free_port)
printf 'listener %s 127.0.0.1\ncertfile %s/server.crt\nkeyfile %s/server.key\n' "$tls_port" "$work" "$work" >>broker.conf
start_broker
"$NODE" "$root/tests/js/hook.mjs" "$hook_port" hook.key hook.out hook.status server.key server.crt >hook.log 2>&1 &
hook_pid=$!
await grep -q ready hook.log
sed -i "s,mqtt://127.0.0.1:$broker_port\",mqtts://127.0.0.1:$tls_port\"\, ca: other.crt,; s,http://\(.*/events\)\",https://\1\"\, ca: other.crt," station.yaml
cp station.yaml other.yaml
: >out
for i in 0 1 2; do put_in $i "04:0$i"; done
start_line
check "boards pass while nobody can be believed" err await passes_are 12
untrusted() { told_of "No events go out over MQTT" && told_of "No events go out over the webhook"; }
check "a broker and a server with another's certificate are told nothing" out await untrusted
stop_line
sed -i 's/other.crt/server.crt/g' station.yaml
start_line
check "those with the right one all, by MQTT" diff await have_all by_mqtt
check "and by HTTPS" diff await have_all by_hook
stop_line

# ---- Not configured ------------------------------------------------------------------------------------
grep -v '^mqtt\|^webhook' station.yaml >plain.yaml && mv plain.yaml station.yaml
before=$(by_mqtt | wc -l)
for i in 0 1 2; do put_in $i "03:0$i"; done
start_line
check "without a word of it nothing goes out" err await passes_are 15
stop_line
check "to nobody" out test "$(by_mqtt | wc -l)" = "$before"
echo "1..$test_number"
