# `espstation fuses`: the fuses of each chip by name, as text and as JSON; no key is shown, and what a
# chip does not tell is said.
. "$(dirname "$0")/lib.sh"
NODE=${NODE:-node}
cd "$work" || exit 1

chips=$("$station" chips | awk 'NR > 1 { print $1 }' | grep -vx esp8266 | paste -sd,)
count=$(tr ',' '\n' <<<"$chips" | wc -l)
start_fixture --boards "$count" --chip "$chips" --speed 20 --fault 0:flash-encryption
check "the fuses of each chip are read" "$work/out" exits 0 "$station" fuses "${port_options[@]}" --json
cp "$work/out" all.json
cat >judge.mjs <<'END'
import { readFileSync } from "node:fs";
const boards = readFileSync("all.json", "utf8").trim().split("\n").map((line) => JSON.parse(line));
const names = (b) => b.fuses.map((f) => f.name);
const value = (b, name) => b.fuses.find((f) => f.name === name).value;
const isRight = (b) =>
    ["RD_DIS", "WR_DIS", "SECURE_VERSION"].every((name) => names(b).includes(name)) &&
    b.coding_errors.length === 0 && new Set(names(b)).size === b.fuses.length;
for (const b of boards) if (!isRight(b)) console.log(`${b.chip}: ${names(b).join(" ")}`);
const [esp32] = boards;
process.exit(boards.length === Number(process.argv[2]) && boards.every(isRight) &&
    value(esp32, "FLASH_CRYPT_CNT") === "0x1 (on)" && value(esp32, "MAC") === esp32.mac ? 0 : 1);
END
check "each by name, once, without a coding error, as the board has them" "$work/out" \
    exits 0 "$NODE" judge.mjs "$count"
check "as text" "$work/out" exits 0 "$station" fuses --port "${ports[0]}"
check "with what it means, and whether it is locked" "$work/out" says "$work/out" "FLASH_CRYPT_CNT" "(on)" \
    "open" "on while an odd number of its bits is set"
check "only what is burnt" "$work/out" exits 0 "$station" fuses --port "${ports[0]}" --set
cp "$work/out" set.txt
check "leaves out the rest" "$work/out" exits 1 grep JTAG_DISABLE set.txt

start_fixture --boards 2 --chip esp32c3,esp8266 --speed 20 --fault 0:sdm
check "in Secure Download Mode: exit 1" "$work/out" exits 1 "$station" fuses --port "${ports[0]}"
check "and said" "$work/out" says "$work/out" "Secure Download Mode" "none of its fuses" "secure boot is off" "history"
check "the ESP8266 has no names: exit 1" "$work/out" exits 1 "$station" fuses --port "${ports[1]}"
check "and said" "$work/out" says "$work/out" "no names here"
echo "1..$test_number"
