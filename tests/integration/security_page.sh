# The three examples of docs/security.md, and the MAC, typed as they stand there: their commands and recipes are
# taken from the page.
. "$(dirname "$0")/lib.sh"
need_node 16 0
umask 077
cd "$work" || exit 1
PATH=$bin:$PATH
cat >blocks.mjs <<'END'
// Writes the code of the page's section argv[3] into files argv[4].1, argv[4].2, ... in its order.
import { readFileSync, writeFileSync } from "node:fs";
const [page, heading, name] = process.argv.slice(2);
const text = readFileSync(page, "utf8"), at = text.search(new RegExp(`^#+ ${heading}`, "m"));
if (at < 0) throw new Error(`no section ${heading}`);
const section = text.slice(at).split(/\n##/)[0];
[...section.matchAll(/```(\w+)\n([^]*?)```/g)].forEach((m, i) => writeFileSync(`${name}.${i + 1}`, m[2]));
END
blocks() { "$NODE" blocks.mjs "$root/docs/security.md" "$1" "$2"; }
typed() { # FILE: each of its commands ends well, with a port for PORT
    sed "s|PORT\$|${ports[0]}|; s|PORT |${ports[0]} |" "$1" >typed.sh
    ESPSTATION_STATION='' bash -e typed.sh >out 2>&1 </dev/null
}
begin='recipe: example
version: 1.0.0
chip: esp32c3
duplicates: allow'
start() { start_fixture --boards 1 --chip esp32c3 --speed 20 --mac-base "24:0a:c4:00:0$1:00"; }
"$bin/make_images" . 40 esp32c3 5 0x0

# ---- Signed only ----------------------------------------------------------------------------------
blocks "Signed only" one
blocks "Encrypted release" two
blocks "A certificate with its key" three
blocks "A MAC of the product's own" mac
start 1
check "signed only: what is typed where one signs" out typed one.1
{ echo "$begin"; sed 's/"ready"/"Loaded app from partition"/' one.2; } >recipe.yaml
check "what is typed at the station" out typed one.3
check "there are 6 steps up to the boot, and a lock behind it" out eval 'espstation check recipe.yaml >out && grep -q "^ *6  enable" out && grep -q "^ *7  lock" out'
check "the board is signed for, for ever" out sh -c "espstation fuses --set --port '${ports[0]}' >out && grep -Eq 'SECURE_BOOT_EN +1' out"
check "and runs" out is_running 0

# ---- Encrypted release ----------------------------------------------------------------------------
start 2
check "encrypted: what is typed first" out typed two.1
cp recipe.yaml signed.yaml
{ sed '/^security:/,/^  secure_boot/d' signed.yaml; cat two.2; } >recipe.yaml
check "check passes" out exits 0 espstation check recipe.yaml
check "the flash's key first, the loader last" out eval 'says out "BLOCK_KEY1" "no fuse can be read or burnt by wire, no flash proved"'
check "it is burnt" out exits 0 espstation run recipe.yaml --burn --operator Ann --port "${ports[0]}"
check "in the second attempt" out says out "PASS"
check "its key is kept" out test -s keys/240ac4000200.keys
check "the board runs" out is_running 0

# ---- A certificate --------------------------------------------------------------------------------
start 3
cp "$root/tests/data/security/rsa3072-1.pem" device.key
cp "$root/tests/data/security/device.crt.pem" device.pem
cp "$root/tests/data/security/ca.crt.pem" ca.pem
check "a certificate: what is typed" out typed three.1
{ echo "$begin"; sed -n '/^flash:/p' one.2; sed -n '/^images:/p; /offset/p' one.2 three.2 | awk '!/^images:/ || !seen++'; sed -n '/^security:/,$p' three.2
    echo 'boot: { expect: "Loaded app from partition" }'; } | sed 's/-signed//' >recipe.yaml
check "check passes" out exits 0 espstation check recipe.yaml
check "it is burnt" out exits 0 espstation run recipe.yaml --burn --operator Ann --port "${ports[0]}"
check "and found again" out exits 0 espstation verify recipe.yaml --port "${ports[0]}"
mkdir certs
head -c 32 /dev/urandom >own.key
cp "$root/tests/data/security/rsa3072-1.pem" device.key
espstation image cert device.key --cert device.pem --key own.key --chip esp32c3 --block 1 -o certs/1.bin >out 2>&1 || cat out
printf 'id,key\n1,%s\n' "$(od -An -v -tx1 own.key | tr -d ' \n')" >keys.csv
start 4
{ sed '/^security:/,$d; /esp_secure_cert/d' recipe.yaml; cat three.3; } >own.yaml
check "each board its own" out exits 0 espstation run own.yaml --burn --operator Ann --port "${ports[0]}"

# ---- A MAC ----------------------------------------------------------------------------------------
start 5
{ sed '/^security:/,$d; /esp_secure_cert/d' recipe.yaml; cat mac.1; } >mac.yaml
check "a MAC of the product's own" out exits 0 espstation run mac.yaml --burn --operator Ann --port "${ports[0]}"
check "shows" out sh -c "espstation fuses --port '${ports[0]}' | grep -q '02:12:34:56:01:00'"
echo "1..$test_number"
