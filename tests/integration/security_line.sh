# Fuses on a running line: nothing is burnt before an engineer allows it on its page, for one recipe.
. "$(dirname "$0")/lib.sh"
need_node 18 0
umask 077
cd "$work" || exit 1
"$bin/make_images" . 40 esp32c3 5 0x0
export XDG_RUNTIME_DIR=$work/run
mkdir "$XDG_RUNTIME_DIR"
unset RUNTIME_DIRECTORY
db=$work/record.db
people() { "$station" people "$@" --people "$work/people.yaml" >"$work/out" 2>&1; }
printf '654321\n654321\n' | people add Ann --role engineer
printf '654321\n111111\n111111\n' | people add Bob --role operator --operator Ann
{ cat esp32c3.yaml; printf 'security:\n  jtag: off\n  fuses: [ { name: DIS_DIRECT_BOOT } ]\n'; } >jtag.yaml
start_fixture --boards 1 --chip esp32c3 --speed 20
cat >station.yaml <<YAML
station: line 1
people: people.yaml
screen: { listen: "127.0.0.1:0" }
slots: [{ name: A1, port: "${ports[0]}" }]
YAML
cat >ask.mjs <<'JS'
// ask.mjs URL NAME SECRET ACT-AS-JSON: logs in, acts; says both answers in a line.
const [url, name, secret, act] = process.argv.slice(2);
const post = (path, body, cookie) => fetch(`${url}api/v1/${path}`, {
    method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...(cookie ? { cookie } : {}) } });
const login = await post("login", { name, secret }), cookie = login.headers.get("set-cookie")?.split(";")[0];
const answer = await post("acts", JSON.parse(act), cookie);
console.log("login", login.status, "act", answer.status, await answer.text());
JS
ask() { "$NODE" ask.mjs "$url" "$@" >out 2>&1; }
"$station" line jtag.yaml --station station.yaml --db "$db" >line 2>&1 </dev/null &
line=$!
trap 'kill -KILL $line 2>/dev/null; cleanup' EXIT
check "the page is served" line await grep -q "the line is shown at" line
url=$(grep -o 'http://[^ ]*' line | head -1)
runs() { sql "$db" "select count(*) from run where $1" 2>/dev/null; }
ended() { [ "$(runs "$1")" -ge "$2" ]; }
burns() { ctl fuses 0 | grep -o '"burns":[0-9]*' | cut -d: -f2; }
check "a board fails, its fuses as they were" line await ended "code = 'not-burnt'" 1
check "nothing was burnt" line test "$(burns)" = 0
allow='{"act":"burn","slot":1,"reason":"first lot"}'
ask Bob 111111 "$allow"
check "it is not an operator's to allow" out says out "act 409" "for an engineer"
ask Ann 654321 '{"act":"burn","slot":1}'
check "nor an engineer's without a reason" out says out "act 409" "needs a reason"
check "and nothing was recorded" out test "$(sql "$db" "select count(*) from act")" = 0
ask Ann 654321 "$allow"
check "an engineer allows it" out says out "act 200"
check "which is a row of the chain" "$db" test "$(sql "$db" "select word, person, role, proved, text, reason from act")" \
    = "burn|Ann|engineer|1|demo-esp32c3|first lot"
ask Bob 111111 '{"act":"retry","slot":1}'
check "the board once more" line await ended "verdict = 'PASS'" 1
check "is burnt" line test "$(burns)" = 1
check "as the record says" "$db" test "$(sql "$db" "select fuses, outcome, person from burn where stage <> 'boot'")" \
    = "DIS_DIRECT_BOOT=0x1 DIS_PAD_JTAG=0x1 DIS_USB_JTAG=0x1|burnt|Ann"
ask Bob 111111 '{"act":"no-burn"}'
check "an operator may end it" out says out "act 200"
ctl board 0 mac=24:0a:c4:00:00:77 >/dev/null
check "and the next board stays as it was" line await ended "code = 'not-burnt'" 2
check "with no fuse burnt" line test "$(burns)" = 0
ask Ann 654321 "$allow"
"$station" recipe --help >/dev/null 2>&1
ask Ann 654321 '{"act":"recipe","text":"'"$work"'/jtag.yaml"}'
check "what was allowed ends with the recipe" out says out "act 200"
ask Bob 111111 '{"act":"retry","slot":1}'
check "though it were the same file" line await ended "code = 'not-burnt'" 3
check "for nobody has allowed the new one" line test "$(burns)" = 0
kill -INT $line
wait $line
check "the audit finds nothing" out exits 0 "$station" audit --db "$db"
"$station" line jtag.yaml --station station.yaml --db "$db" --burn --operator Bob >out 2>&1 </dev/null
check "no line burns for who is not proved an engineer" out grep -qi "PIN" out
echo "1..$test_number"
