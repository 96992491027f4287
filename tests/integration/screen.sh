# The operator's screen in the browser: what programs and strangers ask of it, what a real browser shows,
# and that the station itself serves it where its station file says, and nowhere else.
. "$(dirname "$0")/lib.sh"
need_node 18 20
show_floor=$bin/show_floor
db=$work/record.db
"$bin/make_record" "$db" 400 --chain >"$work/out" 2>&1 || { cat "$work/out"; exit 1; }
mac=$(sql "$db" "select mac from board where id = (select board from run where board is not null group by board order by count(*) desc limit 1)")

# Takes over the lines of another program that speaks TAP.
join() { # title command...
    local title=$1 line
    shift
    "$@" >"$work/tap" 2>"$work/tap.err"
    while IFS= read -r line; do
        case $line in
            ok\ *) ok "$title: ${line#* - }" ;;
            not\ ok\ *) not_ok "$title: ${line#* - }" ;;
            \#*) echo "$line" ;;
        esac
    done <"$work/tap"
    check "$title: comes to its end" "$work/tap.err" grep -q '^1\.\.' "$work/tap"
}

join requests "$NODE" "$root/tests/js/requests.mjs" "$show_floor" "$db" "$mac"

# ---- The station itself --------------------------------------------------------------------------
images=$work/images
"$bin/make_images" "$images" 40
listens() { # PID: the sockets that a process listens at, as in 0100007F:2120
    local fd inode
    for fd in /proc/"$1"/fd/*; do
        inode=$(readlink "$fd" | sed -n 's/^socket:\[\(.*\)\]$/\1/p')
        [ -z "$inode" ] || awk -v inode="$inode" '$4 == "0A" && $10 == inode { print $2 }' /proc/"$1"/net/tcp /proc/"$1"/net/tcp6
    done
}
station_file() { # SCREEN [OTHER LINE]
    {
        echo "${2:-}"
        echo "station: demo"
        echo "record: demo.db"
        echo "screen: $1"
        echo "slots:"
        for i in "${!ports[@]}"; do echo "  - { name: S$((i + 1)), port: \"${ports[$i]}\" }"; done
    } >"$work/station.yaml"
}
start_line() { # SCREEN [OTHER LINE]
    station_file "$@"
    "$station" line "$images/esp32.yaml" --station "$work/station.yaml" --operator Eve >"$work/line.out" 2>"$work/line.err" </dev/null &
    line_pid=$!
}
stop_line() {
    kill -INT "$line_pid" 2>/dev/null
    wait "$line_pid"
}
start_fixture --boards 2 --chip esp32 --speed 20
start_line '{ listen: "127.0.0.1:0", language: de, palette: blue, sound: off }'
check "the station says where its screen is" "$work/line.err" await grep -q '^espstation: the line is shown at http://127.0.0.1:[0-9]*/$' "$work/line.err"
url=$(sed -n 's/^espstation: the line is shown at //p' "$work/line.err")
ask() { "$NODE" -e 'fetch(process.argv[1]).then((r) => r.text()).then(console.log)' "$url$1"; }
passed_both() { ask api/v1/tiles >"$work/tiles" && [ "$(grep -o '"state":"pass"' "$work/tiles" | wc -l)" = 2 ]; }
check "it shows two boards that pass" "$work/tiles" await passed_both
ask api/v1/page >"$work/page"
check "as the station file says" "$work/page" says "$work/page" '"language":"de"' '"palette":"blue"' '"sound":false'
check "it listens at one place, on this computer alone" "$work/line.err" \
    test "$(listens "$line_pid")" = "0100007F:$(printf '%04X' "$(sed 's|.*:\([0-9]*\)/|\1|' <<<"$url")")"
stop_line
start_line '{ listen: none }'
touch "$work/line.err"
check "it works without a screen" "$work/line.out" await grep -q PASS "$work/line.out"
check "and then listens nowhere" "$work/line.err" test -z "$(listens "$line_pid")"
stop_line
refused() { # title SCREEN text
    station_file "$2"
    check "$1: refused" "$work/out" exits 2 timeout 60 "$station" line "$images/esp32.yaml" --station "$work/station.yaml"
    check "$1: said" "$work/out" says "$work/out" "$3"
}
refused "beyond this computer without TLS" '{ listen: "0.0.0.0:0" }' "is not this computer alone, and there is no TLS"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>"$work/out"
refused "beyond this computer without people" '{ listen: "0.0.0.0:0", cert: cert.pem, key: key.pem }' "nobody can log in"
refused "a certificate without its key" '{ cert: cert.pem }' "needs 'screen.key' beside it"
refused "a name instead of an address" '{ listen: "localhost:8480" }' "'screen.listen'"
start_line '{ listen: "127.0.0.1:0", cert: cert.pem, key: key.pem }'
check "TLS on this computer" "$work/line.err" await grep -q 'shown at https://127.0.0.1' "$work/line.err"
url=$(sed -n 's/^espstation: the line is shown at //p' "$work/line.err")
NODE_TLS_REJECT_UNAUTHORIZED=0 ask "" >"$work/page" 2>/dev/null
check "the page comes that way" "$work/page" says "$work/page" "<!doctype html>"
stop_line

# With people beyond this computer: nothing but the log-in before the log-in.
printf '654321\n654321\n' | "$station" people add Ann --role engineer --people "$work/people.yaml" >"$work/out" 2>&1
check "somebody may log in" "$work/out" test -s "$work/people.yaml"
start_line '{ listen: "0.0.0.0:0", host: localhost, cert: cert.pem, key: key.pem }' "people: people.yaml"
check "with TLS and people it listens for all" "$work/line.err" await grep -q 'shown at https://localhost' "$work/line.err"
url=$(sed -n 's/^espstation: the line is shown at //p' "$work/line.err")
post() { # PATH BODY: the status
    NODE_TLS_REJECT_UNAUTHORIZED=0 "$NODE" -e 'fetch(process.argv[1], { method: "POST", body: process.argv[2],
        headers: { "Content-Type": "application/json" } }).then((r) => console.log(r.status))' "$url$1" "$2" 2>/dev/null
}
check "nobody acts without a log-in" "$work/line.err" test "$(post api/v1/acts '{"act":"stop"}')" = 401
check "a wrong PIN is none" "$work/line.err" test "$(post api/v1/login '{"name":"Ann","secret":"111111"}')" = 403
check "a right one is" "$work/line.err" test "$(post api/v1/login '{"name":"Ann","secret":"654321"}')" = 200
stop_line
stop_fixture

# ---- In a browser --------------------------------------------------------------------------------
browser=
for name in chromium chromium-browser google-chrome-stable google-chrome; do
    [ -z "$browser" ] && [ -x "/usr/bin/$name" ] && browser=/usr/bin/$name
done
if [ -z "$browser" ]; then
    skip "the screen in a real browser" "there is none here; run: make deps"
elif readelf -W --dyn-syms "$show_floor" | grep -qE '__(asan|tsan)_init'; then
    skip "the screen in a real browser" "the sanitizers see the server in the tests above"
else
    RECORD=$db MAC=$mac join browser "$NODE" "$root/tests/js/screen.mjs" "$browser" "$show_floor" "${SHOTS:-$work/shots}"
fi
echo "1..$test_number"
