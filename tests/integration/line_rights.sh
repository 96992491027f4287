# Who may what on a running line: log-in on its page, with the station's people file.
. "$(dirname "$0")/lib.sh"
need_node 18 0
images=$work/images
"$bin/make_images" "$images" 40
db=$work/record.db
export XDG_RUNTIME_DIR=$work/run
mkdir "$XDG_RUNTIME_DIR"
unset RUNTIME_DIRECTORY
people() { "$station" people "$@" --people "$work/people.yaml" >"$work/out" 2>&1; }
printf '654321\n654321\n' | people add Ann --role engineer
printf '654321\n111111\n111111\n' | people add Bob --role operator --operator Ann
printf '654321\n333333\n333333\n' | people add Carl --role auditor --operator Ann
start_fixture --boards 1 --chip esp32 --speed 20
cat >"$work/station.yaml" <<YAML
station: line 1
people: people.yaml
screen: { listen: "127.0.0.1:0" }
slots: [{ name: A1, port: "${ports[0]}" }]
YAML
"$station" line "$images/esp32.yaml" --station "$work/station.yaml" --db "$db" >"$work/line" 2>&1 </dev/null &
line=$!
check "the page is served" "$work/line" await grep -q "the line is shown at" "$work/line"
url=$(grep -o 'http://[^ ]*' "$work/line" | head -1)
passed() { [ "$(sql "$db" "select count(*) from run where verdict = 'PASS'" 2>/dev/null)" = "$1" ]; }
check "a board passes" "$work/line" await passed 1

cat >"$work/ask.mjs" <<'JS'
// ask.mjs URL NAME SECRET ACT-AS-JSON: logs in unless NAME is -, acts; says both answers in a line.
const [url, name, secret, act] = process.argv.slice(2);
const post = (path, body, cookie) => fetch(`${url}api/v1/${path}`, {
    method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...(cookie ? { cookie } : {}) } });
let cookie;
if (name !== "-") {
    const login = await post("login", { name, secret });
    cookie = login.headers.get("set-cookie")?.split(";")[0];
    console.log("login", login.status, await login.text());
}
const answer = await post("acts", JSON.parse(act), cookie);
console.log("act", answer.status, await answer.text());
JS
ask() { "$NODE" "$work/ask.mjs" "$url" "$@" >"$work/out" 2>&1; }
rework='{"act":"rework","slot":1,"reason":"label torn"}'
ask - - "$rework"
check "nobody acts without a log-in" "$work/out" says "$work/out" "act 401"
ask Ann 000000 "$rework"
check "a wrong PIN logs nobody in" "$work/out" says "$work/out" "login 403" "The name or the PIN is not right"
ask Bob 111111 "$rework"
check "re-work is not an operator's" "$work/out" says "$work/out" "login 200" "act 409" "for an engineer"
ask Carl 333333 '{"act":"acknowledge","slot":1}'
check "an auditor does not act" "$work/out" says "$work/out" "login 200" "act 409" "An auditor looks and does not act"
check "nothing was recorded of these" "$db" test "$(sql "$db" "select count(*) from act")" = 0
ask Ann 654321 "$rework"
check "an engineer has the board done again" "$work/out" says "$work/out" "login 200" "act 200"
check "it passes again" "$work/line" await passed 2
check "with the act in the record" "$db" test "$(sql "$db" "select word, person, role, proved, slot, run, reason from act")" \
    = "rework|Ann|engineer|1|1|1|label torn"
printf '654321\n' | people remove Bob --operator Ann
ask Bob 111111 '{"act":"acknowledge","slot":1}'
check "who was removed cannot log in" "$work/out" says "$work/out" "login 403"

# Wrong PINs count wherever they are tried: the page's are the socket's, too.
cat >"$work/socket.mjs" <<'JS'
// socket.mjs SOCKET LINE: says what the line answers to it.
import { connect } from "node:net";
import { createInterface } from "node:readline";
const [path, line] = process.argv.slice(2), socket = connect(path, () => socket.write(`${line}\n`));
for await (const said of createInterface({ input: socket })) if (said.includes('"answer"')) { console.log(said); process.exit(); }
JS
at_socket() { timeout 30 "$NODE" "$work/socket.mjs" "$XDG_RUNTIME_DIR/espstation/line_1.sock" "$1" >"$work/out" 2>&1; }
at_socket '{"id":1,"log_in":true,"name":"Ann","secret":"654321"}'
check "who logs in at the socket is let in" "$work/out" says "$work/out" '"done":true'
for _ in 1 2 3 4 5; do ask Ann 000000 "$rework"; done
at_socket '{"id":1,"log_in":true,"name":"Ann","secret":"654321"}'
check "after five wrong PINs at the page nobody looks at one there" "$work/out" says "$work/out" '"done":false'
kill -INT $line
wait $line
check "the line ends in good order" "$work/line" test $? = 0
check "the record is whole" "$work/out" exits 0 "$station" audit --db "$db"
echo "1..$test_number"
