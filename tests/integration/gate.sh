# What is refused before it does harm: flashes that are smaller than they say, MACs that are none, other
# chips, files that are no firmware, images and tables that do not go together.
NODE=${NODE:-node}
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 40
db=$work/record.db
ff() { head -c "$(($1))" /dev/zero | tr '\0' '\377'; }

# board CHIP FAULT COMMAND...: a board of its own for one command with --port; output in $work/out.
board() {
    local chip=$1 fault=$2
    shift 2
    start_fixture --boards 1 --chip "$chip" --speed "${SPEED:-20}" ${fault:+--fault "$fault"} ${fill:+--fill "$fill"}
    rm -f "$db"
    "$@" "${port_options[@]}" >"$work/out" 2>&1 </dev/null
    status=$?
}
run_on() { # CHIP FAULT RECIPE [OPTION...]
    board "$1" "$2" "$station" run "$3" --plain --db "$db" "${@:4}"
}
state() { ctl state 0 | grep -qF -- "$1"; }
fails() { # TITLE CODE STATE TEXT...: the last run, at its first attempt
    check "$1: $2" "$work/out" says "$work/out" "attempt 1: $2: " "The board is $3." "${@:4}"
    check "$1: at once, with status 1" "$work/out" sh -c "test $status = 1 && ! grep -q 'attempt 2' '$work/out'"
    stop_fixture
}
passes() { # TITLE TEXT...
    check "$1: PASS" "$work/out" says "$work/out" ": PASS " "${@:2}"
    check "$1: it runs" "$work/out" await is_running 0
    stop_fixture
}
recipe() { # FILE IMAGE-LINE... with more keys from standard input
    {
        printf 'recipe: gate\n'
        cat
        printf 'images:\n'
        printf '  - { %s }\n' "${@:2}"
    } >"$images/$1"
}
parts=("file: bootloader.bin, offset: 0x1000" "file: partitions.bin, offset: 0x8000" "file: app.bin, offset: 0x10000")
chip() { # NAME KEY...
    printf 'chip: %s\n' "$1"
    [ $# -eq 1 ] || printf '%s\n' "${@:2}"
}

# ---- A flash that says 4 MB and has less --------------------------------------------------------
head -c 1M /dev/urandom >"$work/before.bin"
for size in 1 2; do
    fill=$work/before.bin run_on esp32 "array=${size}M" "$images/esp32.yaml"
    ctl dump 0 "$work/dump" >/dev/null
    check "4 MB that are $size: nothing but the first image was written" "$work/out" \
        cmp -s -i 0x8000 -n $((0x100000 - 0x8000)) "$work/before.bin" "$work/dump"
    fails "4 MB that are $size" flash-size-false half-written "of 4096 KB it has $((size * 1024)) KB"
done
run_on esp32 array=1M "$images/esp32.yaml"
fails "the same, blank" flash-size-false half-written "0x1000 and 0x201000 are one place in it"

# Written by another tool before, it holds the same at both places: one sector of it is erased to see.
{ ff 0x1000; cat "$images/bootloader.bin"; } >"$work/flashed.bin"
fill=$work/flashed.bin run_on esp32 array=2M "$images/esp32.yaml"
check "the same, flashed before: nothing is written" "$work/out" state '"programmed_bytes":0'
fails "the same, flashed before" flash-size-false half-written
truncate -s 2M "$work/flashed.bin"
{ cat "$work/flashed.bin"; cat "$work/flashed.bin"; } >"$work/twice.bin"
fill=$work/twice.bin run_on esp32 "" "$images/esp32.yaml"
passes "a flash of 4 MB that holds everything twice"

sed '$aloader: rom' "$images/esp32.yaml" >"$images/rom.yaml"
run_on esp32 array=1M "$images/rom.yaml"
fails "the same by the ROM" flash-size-false half-written
for kind in 'erase: all' 'write: changed' 'verify: none'; do
    sed "\$a$kind" "$images/esp32.yaml" >"$images/kind.yaml"
    fill=dirty run_on esp32 array=1M "$images/kind.yaml"
    fails "the same with $kind" flash-size-false half-written
    fill=dirty run_on esp32 "" "$images/kind.yaml"
    passes "a sound flash with $kind"
done
run_on esp8266 array=512K "$images/esp8266.yaml"
fails "an ESP8266's" flash-size-false half-written "it has 512 KB"
sed '$aloader: rom' "$images/esp8266.yaml" >"$images/rom8266.yaml"
run_on esp8266 array=1M "$images/rom8266.yaml"
fails "an ESP8266's by its ROM, which tells nothing: before PASS" flash-size-false written
run_on esp8266 "" "$images/rom8266.yaml"
check "the ROM has written it, whoever has proved it" "$work/out" \
    test "$(sql "$db" 'select loader from attempt order by id desc limit 1')" = rom
passes "a sound one by its ROM"

# One image over all of it: part of it has overwritten the rest by the time anything can show.
head -c 3M /dev/urandom >"$images/large.bin"
chip esp32 | recipe large.yaml "file: large.bin, offset: 0x10000, as: data"
SPEED=100 run_on esp32 array=1M "$images/large.yaml"
fails "an image larger than the flash" flash-size-false written "of 4096 KB it has 1024 KB"
head -c 300000 /dev/urandom >"$images/small.bin"
chip esp32 | recipe small.yaml "file: small.bin, offset: 0x10000, as: data"
run_on esp32 array=1M "$images/small.yaml"
check "where the recipe stays within what every flash has, nothing is asked" "$work/out" sh -c "'$fixture' --ctl '$work/ctl' state 0 | grep -q '\"13\":1[,}]'"
check "and it passes" "$work/out" says "$work/out" ": PASS "
board esp32 array=1M "$station" verify "$images/small.yaml"
stop_fixture
SPEED=1 fill=dirty run_on esp32 "" "$images/esp32.yaml" --timing
check "--timing shows what it costs: less than 30 ms" "$work/out" awk '
    / all +reset / { for (i = 1; i <= NF; i++) if ($i == "size") at = i }
    at && $1 == 1 { seen = 1; if ($at > 0.03) seen = 2 } END { exit seen != 1 }' "$work/out"
passes "a sound flash in real time"

# A look at boards that others have flashed finds it, too.
{ cat "$work/flashed.bin"; } >"$work/look.bin"
dd if="$images/partitions.bin" of="$work/look.bin" bs=4096 seek=8 conv=notrunc status=none
dd if="$images/app.bin" of="$work/look.bin" bs=4096 seek=16 conv=notrunc status=none
sed 's/size: detect, mode: dio, freq: 40m/size: keep/' "$images/esp32.yaml" >"$images/keep.yaml"
fill=$work/look.bin board esp32 array=2M "$station" verify "$images/keep.yaml"
check "verify tells it" "$work/out" says "$work/out" flash-size-false
check "and changes nothing" "$work/out" state '"erased_sectors":0,"programmed_bytes":0'
fill=$work/look.bin board esp32 "" "$station" verify "$images/keep.yaml"
check "and not of a sound one" "$work/out" test $status = 0

# The hand tools have no plan to go by, and look at what is there.
{ ff 0x1000; cat "$images/bootloader.bin"; } >"$work/hand.bin"
fill=$work/hand.bin board esp32 array=1M "$station" erase --from 0x200000 --size 4K
check "erase behind the end of the flash is refused" "$work/out" test $status = 1
check "erase: the code, both places, and that nothing was erased" "$work/out" says "$work/out" "flash-size-false: " \
    "the same at 0x1000 and 0x201000" "of 4096 KB it seems to have 1024 KB" "Nothing was erased"
check "erase: nothing was" "$work/out" state '"erased_sectors":0'
stop_fixture
for what in "" array=1M; do
    fill=$work/hand.bin board esp32 "$what" "$station" erase --yes
    check "erase: all of it, ${what:-sound}" "$work/out" test $status = 0
    stop_fixture
done
fill=$work/hand.bin board esp32 "" "$station" erase --from 0x200000 --size 4K
check "erase: a sound flash has another place there" "$work/out" test $status = 0
stop_fixture
fill=$work/hand.bin board esp32 array=1M "$station" read -o "$work/read.bin" --rom --from 0x201000 --size 4K
check "read says that it may be another place" "$work/out" says "$work/out" "note: The flash holds the same at 0x201000 and 0x1000"
stop_fixture
fill=$work/hand.bin board esp32 "" "$station" read -o "$work/sound.bin" --rom --from 0x1000 --size 4K
check "read: not of a sound one" "$work/out" eval '[ $status = 0 ] && ! grep -q note: "$work/out"'
stop_fixture

board esp32c3 chip-id=99 "$station" identify
check "a chip that nobody knows: what to do" "$work/out" says "$work/out" "wrong-chip: The chip has id 99" "espstation chips"
stop_fixture

# ---- Who the board is ---------------------------------------------------------------------------
"$bin/make_images" "$work/c3" 40 esp32c3 5 0
for mac in 00:00:00:00:00:00 ff:ff:ff:ff:ff:ff 01:00:5e:00:00:01; do
    for c in esp32 esp32c3 esp8266; do
        file=$images/$c.yaml
        [ $c = esp32c3 ] && file=$work/c3/esp32c3.yaml
        run_on $c mac=$mac "$file"
        fails "MAC $mac of an $c" bad-mac untouched
    done
done
check "and no board of that name is recorded" "$work/out" test "$(sql "$db" 'select count(*) from board')" = 0
run_on esp32 magic=7c6 "$images/esp32.yaml"
fails "an ESP32 with the magic of an ESP32-S2" wrong-chip untouched
run_on esp32c3 chip-id=9 "$work/c3/esp32c3.yaml"
fails "an ESP32-C3 with the id of an S3" wrong-chip untouched "has an ESP32-S3, and the recipe is for ESP32-C3"
run_on esp32c3 chip-id=77 "$work/c3/esp32c3.yaml"
fails "a chip with an id that nobody has" wrong-chip untouched "id 77"

# ---- What lies where the ROM starts -------------------------------------------------------------
refused() { # TITLE TEXT RECIPE
    check "$1: check refuses" "$work/out" exits 3 "$station" check "$images/$3"
    check "$1: with its cause" "$work/out" says "$work/out" "$3:" "$2"
}
warned() { # TITLE TEXT RECIPE; without TEXT nothing is warned of
    check "$1: check accepts" "$work/out" exits 0 "$station" check "$images/$3"
    if [ "$2" ]; then
        check "$1: and warns" "$work/out" says "$work/out" "warning: " "$2"
    else
        check "$1: and warns of nothing" "$work/out" sh -c "! grep warning '$work/out'"
    fi
}
printf 'version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n' >"$images/lfs.bin"
printf '<!DOCTYPE html>\n<html><head><title>Sign in</title>' >"$images/page.bin"
gzip -c "$images/bootloader.bin" >"$images/boot.gz"
printf 'PK\003\004and so on' >"$images/boot.zip"
objcopy -I binary -O srec "$images/bootloader.bin" "$images/boot.srec" 2>/dev/null ||
    printf 'S00600004844521B\nS1130000285F245F2212226A000424290008237C2A\nS9030000FC\n' >"$images/boot.srec"
for pair in "lfs.bin:a Git LFS pointer" "page.bin:it is an HTML page" "boot.gz:it is a gzip file" \
    "boot.zip:it is a ZIP archive" "boot.srec:Motorola S-records" "app.bin:has an application" \
    "partitions.bin:it is a partition table"; do
    chip esp32 | recipe start.yaml "file: ${pair%%:*}, offset: 0x1000"
    refused "${pair%%:*} where the ROM starts" "${pair#*:}" start.yaml
    chip esp32 | recipe start.yaml "file: ${pair%%:*}, offset: 0x1000, as: data"
    warned "${pair%%:*}, called data" "" start.yaml
done
chip esp32 | recipe app.yaml "file: app.bin, offset: 0x10000"
warned "nothing where the ROM starts" "Nothing is written where the ROM of ESP32 starts (0x1000)" app.yaml
chip esp32 | recipe bare.yaml "${parts[0]}" "${parts[2]}"
warned "no partition table" "There is a boot loader and an application, and no partition table" bare.yaml
run_on esp32 "" "$images/bare.yaml"
check "run says so, too" "$work/out" says "$work/out" "bare.yaml:" "warning: " "no partition table"
check "and is right: it does not run" "$work/out" sh -c "! '$fixture' --ctl '$work/ctl' state 0 | grep -q '\"running\":true'"
chip esp32 | recipe parts.yaml "${parts[@]}"
warned "all that belongs together" "" parts.yaml
chip esp32 'boot: { expect: "Loaded app from partition" }' | recipe readme.yaml "${parts[@]}"
run_on esp32 "" "$images/readme.yaml"
passes "the recipe of the README"
truncate -s $((0x300001)) "$images/app.bin"
refused "an application larger than its partition" "and its partition 'factory' (0x10000) has 3145728" parts.yaml
"$bin/make_images" "$images" 40

# ---- Merged files -------------------------------------------------------------------------------
merge() { # FILE FIRST-ADDR BOOT: from that address on
    local table=$((0x8000 - $2)) app=$((0x10000 - $2)) boot=$((0x1000 - $2))
    ff $((app)) >"$images/$1"
    dd if="$3" of="$images/$1" bs=4096 seek=$((boot / 4096)) conv=notrunc status=none
    dd if="$images/partitions.bin" of="$images/$1" bs=4096 seek=$((table / 4096)) conv=notrunc status=none
    cat "$images/app.bin" >>"$images/$1"
}
merge merged.bin 0 "$images/bootloader.bin"
merge merged1000.bin 0x1000 "$images/bootloader.bin"
for from in 0 1000; do
    chip esp32 'flash: { size: detect }' | recipe merged.yaml "file: merged${from#0}.bin, offset: 0x$from"
    warned "a merged file for 0x$from" "" merged.yaml
    run_on esp32 flash=8M "$images/merged.yaml"
    check "a merged file for 0x$from: its boot loader gets the size that is found" "$work/out" \
        says "$work/out" ": PASS "
    ctl dump 0 "$work/dump" >/dev/null
    check "a merged file for 0x$from: 8 MB stand in its header" "$work/out" \
        test "$(od -An -tx1 -j $((0x1003)) -N 1 "$work/dump" | tr -d ' ')" = 30
    passes "a merged file for 0x$from"
done
chip esp32 | recipe wrong.yaml "file: merged.bin, offset: 0x1000"
refused "a merged file one block too far" "its boot loader is 0x1000 bytes behind its start: give offset: 0x0" wrong.yaml
chip esp32p4 | recipe wrong.yaml "file: merged.bin, offset: 0"
refused "a merged file of another chip" "it holds an image for another chip, at 0x1000" wrong.yaml
chip esp32s2 | recipe wrong.yaml "file: merged.bin, offset: 0"
refused "its parts are judged, too" "in what it holds for 0x10000, is an image for ESP32, and the recipe is for ESP32-S2" wrong.yaml
chip esp32 | recipe keep.yaml "file: merged.bin, offset: 0"
run_on esp32 flash=2M "$images/keep.yaml"
fails "a merged file whose header says more than there is" flash-size untouched "says 4096 KB"

# ---- Signed boot loaders ------------------------------------------------------------------------
sign() { # FILE SIGNED: for secure boot, with a key made for this test; says its digest
    "$NODE" "$root/tests/tools/sign.mjs" "$work/${3:-signing}.pem" "$1" "$2"
}
digest=$(sign "$images/bootloader.bin" "$images/signed.bin")
chip esp32 'flash: { size: detect }' | recipe signed.yaml "file: signed.bin, offset: 0x1000" "${parts[@]:1}"
warned "a signed boot loader" "is signed: its header stays" signed.yaml
run_on esp32 flash=8M "$images/signed.yaml"
check "and stays in the flash" "$work/out" flash_equals 0 0x1000 "$images/signed.bin"
passes "a signed boot loader"
chip esp32 'flash: { size: 8MB }' | recipe signed.yaml "file: signed.bin, offset: 0x1000" "${parts[@]:1}"
refused "a signed boot loader that has to change" "flash.size asks for another header than it has" signed.yaml

# ---- Secure boot ---------------------------------------------------------------------------------
sign "$images/app.bin" "$images/signed-app.bin" >/dev/null
chip esp32 'flash: { size: keep }' | recipe secure.yaml "${parts[@]}"
run_on esp32 secure-boot "$images/secure.yaml"
check "images that are not signed erase nothing" "$work/out" state '"erased_sectors":0,"programmed_bytes":0'
fails "images that are not signed" secured untouched "Secure boot is on, and the image at 0x1000 (bootloader.bin) is not signed"
chip esp32 'flash: { size: keep }' | recipe secure.yaml "file: signed.bin, offset: 0x1000" "${parts[@]:1}"
run_on esp32 secure-boot "$images/secure.yaml"
fails "an application that is not signed" secured untouched "the image at 0x10000 (app.bin) is not signed"
chip esp32 'flash: { size: keep }' | recipe secure.yaml "file: signed.bin, offset: 0x1000" "${parts[1]}" \
    "file: signed-app.bin, offset: 0x10000" "file: app.bin, offset: 0x200000, as: data"
run_on esp32 secure-boot "$images/secure.yaml"
passes "signed images, and data that look like one"
run_on esp32 "secure-boot=$digest" "$images/secure.yaml"
passes "images that were signed with the key that the board trusts"
other=$(sign "$images/app.bin" "$images/other-app.bin" other)
run_on esp32 "secure-boot=$other" "$images/secure.yaml"
check "another key erases nothing" "$work/out" state '"erased_sectors":0,"programmed_bytes":0'
fails "images of another key" secured untouched "is signed with a key that this board's fuses do not trust"
run_on esp32c3 "secure-boot=$other" "$images/secure.yaml"
fails "a recipe for another chip" wrong-chip untouched "has an ESP32-C3"
check "check shows whose signature it is" "$work/out" exits 0 "$station" check "$images/secure.yaml"
check "as the fuses have it" "$work/out" says "$work/out" "signed, RSA-3072, key $digest"
head -c 100 /dev/zero | dd of="$images/signed-app.bin" bs=1 conv=notrunc status=none \
    seek=$(($(stat -c %s "$images/signed-app.bin") - 4096 + 900))
refused "a signature that was damaged" "brings a signature for secure boot, and it is wrong" secure.yaml

# ---- What the recipe says of an image -----------------------------------------------------------
{ printf '\351'; head -c 20000 /dev/urandom; } >"$images/e9.bin"
{ printf ':'; head -c 20000 /dev/urandom; } >"$images/colon.bin"
for first in e9 colon; do
    chip esp32 'encrypted: plain' | recipe first.yaml "file: $first.bin, offset: 0x1000" "file: app.bin, offset: 0x10000"
    warned "encrypted bytes that begin so ($first)" "" first.yaml
    chip esp32 | recipe first.yaml "${parts[@]}" "file: $first.bin, offset: 0x200000, as: data"
    warned "data that begin so ($first)" "" first.yaml
done
chip esp32 | recipe first.yaml "${parts[@]}" "file: e9.bin, offset: 0x200000"
refused "and are not called so" "if it is data, say so with: as: data" first.yaml
chip esp32 | recipe other.yaml "${parts[@]}" "file: ../c3/app.bin, offset: 0x9000"
refused "another chip's firmware" "is an image for ESP32-C3, and the recipe is for ESP32; if it is data" other.yaml
chip esp32 | recipe other.yaml "${parts[@]}" "file: ../c3/app.bin, offset: 0x200000, as: data"
run_on esp32 "" "$images/other.yaml"
check "called data, it is written as it is" "$work/out" flash_equals 0 0x200000 "$work/c3/app.bin"
passes "another chip's firmware"
printf 'chip: esp32\nimages:\n  - { file: app.bin, offset: 0x10000, as: date }\n' | sed '1irecipe: x' >"$images/word.yaml"
refused "a word that there is not" "did you mean 'data'" word.yaml

# ---- What no board can do -----------------------------------------------------------------------
chip esp32s3 'loader: rom' 'flash: { size: 32MB }' | recipe far.yaml "file: small.bin, offset: 0x1800000, as: data"
refused "the ROM behind 16 MB" "that takes the flasher stub, so give loader: auto" far.yaml
chip esp32s3 'flash: { size: 32MB }' | recipe far.yaml "file: small.bin, offset: 0x1800000, as: data"
if [ -s "$bin/gen/stubs.c" ] || "$station" check "$images/far.yaml" >/dev/null 2>&1; then
    warned "the stub behind 16 MB" "Nothing is written where" far.yaml
fi

# ---- Intel HEX ----------------------------------------------------------------------------------
printf ':020000040001F9\n:08FFFC000102030405060708D9\n:00000001FF\n' >"$images/over.hex"
printf '\357\273\277\r\n\r\n  :020000040001F9\r\n:0400000001020304F2\r\n:00000001FF\r\n' >"$images/mark.hex"
printf '; by a tool\n:0400000001020304F2\n:00000001FF\n' >"$images/comment.hex"
printf ':020000021000EC\n:08FFFC000102030405060708D9\n:00000001FF\n' >"$images/segment.hex"
chip esp32 | recipe hex.yaml "file: over.hex, offset: 0"
warned "HEX over 64 KiB under type 04" "Nothing is written where" hex.yaml
check "it is where it belongs" "$work/out" says "$work/out" "0x0001fffc 0x00020003         8"
chip esp32 | recipe hex.yaml "file: mark.hex, offset: 0"
warned "HEX behind a mark, blank lines and spaces" "Nothing is written where" hex.yaml
check "it is no text" "$work/out" says "$work/out" "mark.hex@0x10000"
chip esp32 | recipe hex.yaml "file: comment.hex, offset: 0"
refused "HEX behind a comment" "line 1 does not begin with ':'" hex.yaml
chip esp32 | recipe hex.yaml "file: segment.hex, offset: 0"
refused "HEX over 64 KiB under type 02" "line 2 runs over the end of its 64 KiB" hex.yaml
echo "1..$test_number"
