# A recipe's section `security`: what it would burn, what it refuses, on no board, on a blank one and on
# boards that have fuses burnt; that nothing is burnt, and that no key is in output or record. Images are
# signed and encrypted by `espstation image`.
. "$(dirname "$0")/lib.sh"
NODE=${NODE:-node}
umask 077
cd "$work" || exit 1
"$bin/make_images" . 40 esp32c3 5 0x0
cp "$root/tests/data/security/rsa3072-1.pem" one.pem
cp "$root/tests/data/security/rsa3072-1.pub.pem" one.pub.pem
cp "$root/tests/data/security/rsa3072-2.pem" two.pem
cp "$root/tests/data/security/rsa3072-2.pub.pem" two.pub.pem
chmod 600 ./*.pem
head -c 32 /dev/urandom >flash.key

# ---- Images ---------------------------------------------------------------------------------------
sign() { exits "$1" "$station" image sign "${@:2}"; }
sign_word() { exits "$1" "$station" image "$2" app.bin --key one.pem -o no.bin; }
check "a boot loader is signed by two keys" "$work/out" sign 0 bootloader.bin --key one.pem --key two.pem -o boot-s.bin
check "and says whose" "$work/out" says "$work/out" "RSA-3072"
check "an application by one" "$work/out" sign 0 app.bin --key one.pem -o app-s.bin
check "and by the other" "$work/out" sign 0 app.bin --key two.pem -o app-two.bin
check "never twice: refused" "$work/out" sign 3 app-s.bin --key two.pem -o no.bin
check "what is no image: refused" "$work/out" sign 3 partitions.bin --key one.pem -o no.bin
check "without a word of recipes" "$work/out" eval 'says "$work/out" "as the build made it" && ! grep -qi recipe "$work/out"'
check "a word that was meant otherwise" "$work/out" sign_word 2 sing
check "is guessed" "$work/out" says "$work/out" "did you mean 'sign'?"
check "a word of fuses, too" "$work/out" exits 2 "$station" fuses paln recipe.yaml
check "is guessed" "$work/out" says "$work/out" "did you mean 'plan'?"
check "a key file that is not there: refused" "$work/out" sign 2 app.bin --key none.pem -o no.bin
check "with what one is" "$work/out" eval 'says "$work/out" "mode 0600" && ! grep -q "espstation --help" "$work/out"'
check "with a public key: refused" "$work/out" sign 2 app.bin --key one.pub.pem -o no.bin
chmod 644 one.pub.pem two.pem
check "a public key that others may read, as any may: refused" "$work/out" sign 2 app.bin --key one.pub.pem -o no.bin
check "and said what it is" "$work/out" says "$work/out" "holds a public key"
check "a key that others may read: refused" "$work/out" sign 2 app.bin --key two.pem -o no.bin
check "and said" "$work/out" says "$work/out" "open to others" "chmod 600"
ln -s one.pem link.pem
check "a link: refused" "$work/out" sign 2 app.bin --key link.pem -o no.bin
check "and nothing was made" "$work/out" test ! -e no.bin
key_before=$(sha256sum <one.pem)
check "the key behind -o: refused" "$work/out" sign 2 app.bin --key one.pem -o ./one.pem
check "with what to do" "$work/out" says "$work/out" "is read by this command" "another name"
check "the image behind -o: refused" "$work/out" sign 2 app.bin --key one.pem -o app.bin
check "and the key is as it was" "$work/out" test "$(sha256sum <one.pem)" = "$key_before"
crypt() { "$station" image "$1" "$2" --chip esp32c3 --offset 0x10000 --key flash.key -o "$3"; }
check "an image is encrypted" "$work/out" exits 0 crypt encrypt app-s.bin app-enc.bin
head -c 16 flash.key >short.key
head -c 64 /dev/urandom >long.key
cannot() { # WORDS OPTION...
    exits 2 "$station" image encrypt app-s.bin -o no.bin "${@:2}" && says "$work/out" "$1"
}
check "by a key that its chip cannot have: refused" "$work/out" cannot "no flash key of 16 bytes" --chip esp32c3 --offset 0x10000 --key short.key
check "nor can a C3 have a long one" "$work/out" cannot "no flash key of 64 bytes" --chip esp32c3 --offset 0x10000 --key long.key
check "for a chip whose fuses nobody knows: refused" "$work/out" cannot "no source says" --chip esp32e22 --offset 0x10000 --key flash.key
check "behind the end of any flash: refused" "$work/out" cannot "behind the largest flash" --chip esp32c3 --offset 0xfffff000 --key flash.key
check "and is another one" "$work/out" exits 1 cmp -s app-s.bin app-enc.bin
check "and decrypted again" "$work/out" exits 0 crypt decrypt app-enc.bin app-dec.bin
check "as it was" "$work/out" cmp app-s.bin app-dec.bin
check "which is nothing to speak of" "$work/out" eval '! grep -q "another key" "$work/out"'
head -c 32 /dev/urandom >other.key
check "with another key bytes come out, too" "$work/out" exits 0 \
    "$station" image decrypt app-enc.bin --chip esp32c3 --offset 0x10000 --key other.key -o app-other.bin
check "and that they are no image is said" "$work/out" says "$work/out" "no firmware image and no partition table" "another key"

# ---- The recipe -----------------------------------------------------------------------------------
recipe() { # FILE SED-SCRIPT, the section from standard input
    { sed "s/bootloader.bin/boot-s.bin/; s/app.bin/app-s.bin/; s/detect/keep/; $2" esp32c3.yaml; cat; } >"$1"
}
section="security:
  secure_boot: { version: v2, keys: [ { file: one.pub.pem }, { file: two.pub.pem } ] }
  flash_encryption: { mode: release, key: flash.key, shared: true }
  download: secure"
recipe good.yaml '' <<<"$section"
check "check shows the plan of a blank chip" "$work/out" exits 0 "$station" check good.yaml
check "in its order, with reasons and losses" "$work/out" says "$work/out" "Fuses of a blank ESP32-C3" \
    "no way back" "BLOCK_KEY2" "the flash's key" "SECURE_BOOT_KEY_REVOKE2" "bit 0" "nothing more in: RD_DIS" \
    "only the right images start" "no repair by wire" "ENABLE_SECURITY_DOWNLOAD" "run --burn"
refused() { # TITLE TEXT SED-SCRIPT SECTION-SED
    recipe bad.yaml "$3" < <(sed "$4" <<<"$section")
    check "$1: refused" "$work/out" exits 3 "$station" check bad.yaml
    check "$1: said" "$work/out" says "$work/out" "bad.yaml:" "$2"
}
refused "an application that is not signed" "is not signed for secure boot" 's/app-s.bin/app.bin/' ''
refused "an application of a key that does not count" "signed with none of the keys" 's/app-s.bin/app-two.bin/' 's/, { file: two.pub.pem }//'
sign 0 bootloader.bin --key one.pem -o boot-one.bin
refused "a boot loader without one of the keys" "not signed with the key of slot 1" 's/boot-s.bin/boot-one.bin/' ''
refused "a digest that is no key's" "not signed with the key of slot 0" '' "s/file: one.pub.pem/digest: $(printf 'ab%.0s' {1..32})/"
refused "a private key" "private key" '' 's/one.pub.pem/one.pem/'
refused "a shared key, said once" "shared: true as well" '' 's/, shared: true//'
refused "a boot loader that is not signed" "'bootloader.bin' is not signed for secure boot" 's/boot-s.bin/bootloader.bin/' ''
refused "no boot loader" "no boot loader among the images" '/boot-s.bin/d' ''
"$station" image encrypt app-s.bin --chip esp32c3 --offset 0x10000 --key other.key -o app-cipher.bin >/dev/null 2>&1
refused "an application that is ciphertext already" "no application among the images, or none that can be read" 's/app-s.bin/app-cipher.bin/' ''
cp boot-s.bin boot-changed.bin && printf X | dd of=boot-changed.bin bs=1 seek=25000 conv=notrunc status=none
refused "a boot loader with another signature than it had" "brings a signature for secure boot, and it is wrong" 's/boot-s.bin/boot-changed.bin/' ''
refused "a boot loader that does not fit in front of the table" "shares flash sector 0x6000 with 'boot-s.bin'" 's/0x8000/0x6000/' ''
refused "a header that would be patched behind its signature" "patched, it would never pass secure boot" 's/keep/8MB/' ''
refused "one key in two slots" "slots 0 and 1 have the same key" '' 's/two.pub/one.pub/'
refused "keys that are all revoked" "all keys of secure boot are revoked" '' 's/pem }/pem, revoked: true }/g'
refused "a loader that is closed unproved" "verify: none proves nothing before" 's/^retry/verify: none\nretry/' ''
refused "release that does not say what becomes of the loader" "say what becomes of the loader" '' '/download/d'
refused "release with JTAG" "reads what flash encryption hides" '' '$a\  jtag: keep'
refused "a version that the application has not" "the fuses will want 3" '' '$a\  secure_version: 3'
refused "a lock in front of what it locks" "which is burnt behind it" '' '$a\  lock: [ DIS_DOWNLOAD_MODE ]'
refused "a fuse that is none" "did you mean 'DIS_USB_JTAG'?" '' '$a\  fuses: [ { name: DIS_USB_JTAGG } ]'
refused "a fuse that has a key of its own" "is not burnt by its name" '' '$a\  fuses: [ { name: SECURE_BOOT_EN } ]'
refused "JTAG that nobody could open" "needs a key for it" '' '$a\  jtag: soft'
refused "ciphertext to be encrypted" "are ciphertext already" 's/^retry/encrypted: plain\nretry/' ''
refused "an image where nothing can be encrypted" "begins at a multiple of 16" 's/0x10000/0x10008/' ''
chmod 640 flash.key
refused "a flash key that others may read" "open to others" '' ''
chmod 600 flash.key
head -c 32 /dev/zero >zero.key
refused "a key of zeros" "holds a pattern" '' 's/flash.key/zero.key/'
for form in '16 ' '16 \n' '32 ' '32 \n' '32 \r\n'; do
    { od -An -v -tx1 -N "${form% *}" flash.key | tr -d ' \n'; printf '%b' "${form#* }"; } >hex.key
    refused "${form% *} bytes of a key in hexadecimal${form#* }" "xxd -r -p" '' 's/flash.key/hex.key/'
done
cp flash.key copy.key
refused "one key for two purposes" "'copy.key' has the key of another purpose" '' '/flash_encryption/a\  keys: [ { use: hmac-up, key: copy.key } ]'

# ---- Boards ---------------------------------------------------------------------------------------
start_fixture --boards 3 --chip esp32c3 --speed 20 --fault 1:flash-encryption --fault 2:sdm
check "the plan of a blank board" "$work/out" exits 0 "$station" fuses plan good.yaml --port "${ports[0]}"
check "says so" "$work/out" says "$work/out" "nothing of it is burnt" "SPI_BOOT_CRYPT_CNT"
check "as JSON" "$work/out" exits 0 "$station" fuses plan good.yaml --port "${ports[0]}" --json
check "with its steps" "$work/out" "$NODE" -e 'const p = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
    process.exit(p.board === "blank" && p.steps > 8 && p.fuses[0].value === "the key" && p.fuses[0].secret &&
        p.fuses.at(-1).stage === "loader" ? 0 : 1)' "$work/out"
check "a board that is encrypted by somebody: refused" "$work/out" exits 1 "$station" fuses plan good.yaml --port "${ports[1]}"
check "and said" "$work/out" says "$work/out" "espstation fuses"
check "one that tells no fuses: refused" "$work/out" exits 1 "$station" fuses plan good.yaml --port "${ports[2]}"
check "a recipe without the section" "$work/out" exits 3 "$station" fuses plan esp32c3.yaml --port "${ports[0]}"
db=record.db
check "a run ends before the first burn" "$work/out" exits 1 "$station" run good.yaml --port "${ports[0]}" --plain --db $db
check "and says so" "$work/out" says "$work/out" "not-burnt" "No fuse was burnt" "The board is verified"
cp out run.txt
check "all was written" "$work/out" flash_equals 0 0x10000 app-s.bin
check "and nothing started that burns by itself" "$work/out" sh -c "! '$fixture' --ctl '$work/ctl' state 0 | grep -q '\"running\":true'"
check "nor does a second run, or a verification" "$work/out" exits 1 "$station" verify good.yaml --port "${ports[0]}" --plain
check "which says the same" "$work/out" says "$work/out" "not-burnt"
syncs() { ctl state 0 | grep -o '"syncs":[0-9]*' | cut -d: -f2; }
was_asked() { [ "$(syncs)" -ge $((before + 3)) ]; } # by the run, and twice by who looks whether it is still there
before=$(syncs)
"$station" run good.yaml --port "${ports[0]}" --plain --loop --db loop.db >loop.txt 2>&1 </dev/null &
station_pid=$!
check "a station at work asks it again and again" loop.txt await was_asked
kill -INT $station_pid
wait $station_pid
check "and never starts it" loop.txt sh -c "! '$fixture' --ctl '$work/ctl' state 0 | grep -q 'is running\|\"running\":true'"
check "a strange board is refused" "$work/out" exits 1 "$station" run good.yaml --port "${ports[1]}" --plain --db $db
check "untouched" "$work/out" says "$work/out" "secured" "The board is untouched"
cat >search.mjs <<'END'
import { readFileSync, readdirSync } from "node:fs";
const key = readFileSync("flash.key"), forms = [key, key.toString("hex"), Buffer.from(key).reverse(), key.toString("base64")];
const files = readdirSync(".").filter((f) => /^(run.txt|out|record.db)/.test(f));
process.exit(files.length > 2 && files.every((f) => forms.every((form) => !readFileSync(f).includes(form))) ? 0 : 1);
END
check "no key is in output or record" "$work/out" "$NODE" search.mjs

# ---- Fuses that are read while a ROM still owes answers ---------------------------------------------
at_first() { # CHIP BOARD
    printf 'security: { jtag: "off" }\n' >>"$1/$1.yaml"
    exits 1 "$station" run "$1/$1.yaml" --port "${ports[$2]}" --plain --db "$1.db" && says "$work/out" "not-burnt" &&
        [ "$(sql "$1.db" 'select count(*) from attempt')" = 1 ]
}
"$bin/make_images" esp32 40 esp32 0 0x1000
"$bin/make_images" esp32s2 40 esp32s2 2 0x1000
start_fixture --boards 2 --chip esp32,esp32s2 --speed 20
check "an ESP32 is at its last step in one attempt" "$work/out" at_first esp32 0
check "so is an ESP32-S2" "$work/out" at_first esp32s2 1

echo "1..$test_number"
