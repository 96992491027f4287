# Keys that stay in a token (SoftHSM): they sign images, give secure boot's digests, and seal the keys of
# boards. Where libcrypto reaches no token, nothing of it can be tried. What signs here was judged by
# espsecure once: its digests stand in tests/unit/core_signature.c.
. "$(dirname "$0")/lib.sh"
need_node 16 0
umask 077
cd "$work" || exit 1
module=
for file in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so /usr/lib64/pkcs11/libsofthsm2.so; do
    [ -e "$file" ] && module=$file
done
command -v softhsm2-util >/dev/null && [ -n "$module" ] || skip_all "there is no SoftHSM here; run: make deps"
if [ "${BUILD##*/}" != build ] && nm -D "$station" 2>/dev/null | grep -q __asan_init; then
    export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0" # of SoftHSM's own, at its end
fi
export SOFTHSM2_CONF=$work/softhsm.conf PKCS11_MODULE_PATH=$module PKCS11_PROVIDER_MODULE=$module
mkdir tokens
printf 'directories.tokendir = %s\nobjectstore.backend = file\nlog.level = ERROR\n' "$work/tokens" >softhsm.conf
softhsm2-util --init-token --free --label line --so-pin 87654321 --pin 43216789 >token.txt 2>&1 || skip_all "SoftHSM makes no token here"
put() { # NAME ID
    openssl pkcs8 -topk8 -nocrypt -in "$root/tests/data/security/$1.pem" -out key.p8 &&
        softhsm2-util --import key.p8 --token line --label "$1" --id "$2" --pin 43216789 >>token.txt 2>&1
    rm -f key.p8
}
put rsa3072-1 01 && put rsa3072-2 02 && put p256 03 || { cat token.txt; exit 1; }
echo 43216789 >pin
echo 11111111 >wrong
"$bin/make_images" . 40 esp32c3 5 0x0
"$bin/make_images" c6 40 esp32c6 13 0x0
uri() { echo "pkcs11:token=line;object=$1?pin-source=$2"; }

# ---- Signing --------------------------------------------------------------------------------------
sign() { exits "$1" "$station" image sign "${@:2}"; }
if ! "$station" image sign app.bin --key "$(uri rsa3072-1 pin)" -o app-s.bin >out 2>&1 && grep -q "has neither a provider nor an engine\|no provider" out; then
    skip_all "libcrypto reaches no token here; run: make deps"
fi
check "a token signs an application" out sign 0 app.bin --key "$(uri rsa3072-1 pin)" -o app-s.bin
check "by the key that the file has" out says out "26afcdc33002dafcc9c7960a042f83e8fd378779ad8bfe116e7302a59dedf9fc"
check "two of its keys a boot loader" out sign 0 bootloader.bin --key "$(uri rsa3072-1 pin)" --key "$(uri rsa3072-2 pin)" -o boot-s.bin
check "one of an elliptic curve signs for a C6" out sign 0 c6/app.bin --key "$(uri p256 file:"$work/pin")" -o c6-s.bin
check "and is itself" out says out "ECDSA P-256" "d1628e655442a65e67f3f946326cf56a503990522cd5d005de6cc26572197423"
check "the PIN may be a line of standard input" out sh -c \
    "echo 43216789 | '$station' image sign app.bin --key 'pkcs11:token=line;object=rsa3072-1' -o again.bin >out 2>&1"
check "a wrong PIN: refused" out sign 2 app.bin --key "$(uri rsa3072-1 wrong)" -o no.bin
check "with what it may be, and nothing of the library's" out eval 'says out "the PIN is wrong" "locks the token" && [ "$(wc -l <out)" = 2 ]'
check "and told once: the token is not locked" out sign 0 app.bin --key "$(uri rsa3072-1 pin)" -o again.bin
check "a key that is not there: refused" out sign 2 app.bin --key "$(uri none pin)" -o no.bin
check "a PIN in the name: refused" out sign 2 app.bin --key "pkcs11:token=line;object=rsa3072-1?pin-value=43216789" -o no.bin
check "without saying it once more" out eval 'says out "pin-source=FILE" && ! grep -q 43216789 out'
chmod 644 pin
check "a PIN that others may read: refused" out sign 2 app.bin --key "$(uri rsa3072-1 pin)" -o no.bin
check "and said" out says out "'pin' is open to others"
chmod 600 pin
check "nothing was made" out test ! -e no.bin

# ---- In a recipe ----------------------------------------------------------------------------------
recipe() { # FILE SECTION
    { sed "s/bootloader.bin/boot-s.bin/; s/app.bin/app-s.bin/; s/detect/keep/" esp32c3.yaml; printf '%s\n' "security:" "$2" "duplicates: allow"; } >"$1"
}
boot="  secure_boot: { version: v2, keys: [ { file: 'pkcs11:token=line;object=rsa3072-1' } ] }"
own="$boot
  flash_encryption: { mode: release, key: board }
  download: open
  keep: { folder: keys, with: '$(uri rsa3072-2 pin)' }"
recipe own.yaml "$own"
refused() { # TITLE TEXT SECTION
    recipe bad.yaml "$3"
    check "$1: refused" out exits 3 "$station" check bad.yaml
    check "$1: said" out says out "bad.yaml:" "$2"
}
mkdir keys
check "its public half is a digest of secure boot" out exits 0 "$station" check own.yaml
check "in the plan" out says out "a public key's digest"
refused "a PIN in a recipe" "a PIN has no place in a recipe" "${own/pin-source=pin/pin-value=43216789}"
check "and not repeated" out eval '! grep -q 43216789 out'
refused "nobody to ask for one" "needs a PIN, and here is nobody to ask" "${own/\?pin-source=pin/}"
refused "a flash key in a token" "never leaves it" "${own/key: board/key: pkcs11:token=line}"
refused "what cannot seal" "takes an RSA key" "${own/object=rsa3072-2/object=p256}"
refused "a token that is not there" "not found in any token" "${own/token=line;object=rsa3072-2/token=other;object=rsa3072-2}"

# ---- Keys of boards, sealed by it -----------------------------------------------------------------
burn() { # RECIPE BOARD STATUS
    exits "$3" "$station" run "$1" --port "${ports[$2]}" --plain --burn --operator Ann --db record.db
}
start_fixture --boards 1 --chip esp32c3 --speed 20 --mac-base 24:0a:c4:00:01:00
check "a board with a key of its own" out burn own.yaml 0 0
cp out run.txt
check "which is kept, for nobody else" out test "$(stat -c %a keys/240ac4000100.keys)" = 600
check "a later run has it from there, by the token, and writes the board again" out burn own.yaml 0 0
check "verify too" out exits 0 "$station" verify own.yaml --port "${ports[0]}" --plain
cp keys/240ac4000100.keys kept
printf 'X' | dd of=keys/240ac4000100.keys bs=1 seek=40 conv=notrunc status=none
check "one byte of the wrapped key changed: refused" out burn own.yaml 0 4
check "and said" out says out "damaged, another board's, or sealed by another key"
cp kept keys/240ac4000100.keys
recipe other.yaml "${own/object=rsa3072-2/object=rsa3072-1}"
check "another key of the token: refused" out burn other.yaml 0 4
head -c 32 /dev/urandom >station.key
recipe file.yaml "${own/with: *\}/with: station.key \}}"
check "a key in a file: refused" out burn file.yaml 0 4
check "neither PIN nor key is in record or output" out sh -c "! grep -aq 43216789 record.db run.txt out own.yaml kept"
echo "1..$test_number"
