# From a build folder or a pasted command to boards that run: import, check, run. HEX, ELF and UF2.
. "$(dirname "$0")/lib.sh"
images=$work/images
data=$root/tests/data/import
"$bin/make_images" "$images" 120

# refused STATUS TITLE TEXT... -- COMMAND...
refused() {
    local status=$1 title=$2 texts=()
    shift 2
    while [ "$1" != -- ]; do
        texts+=("$1")
        shift
    done
    shift
    check "$title: exit $status" "$work/out" exits "$status" timeout 60 "$@"
    check "$title: said" "$work/out" says "$work/out" "${texts[@]}"
}

esp32_is_right() { # board
    flash_equals "$1" 0x8000 "$images/partitions.bin" && flash_equals "$1" 0x10000 "$images/app.bin" &&
        is_running "$1"
}

# put_hex FILE ADDRESS: the file as records of 16 bytes.
put_hex() {
    od -An -v -tu1 -w16 "$1" | awk -v at="$(($2))" '
        function record(type, addr, n,   line, sum, i) {
            sum = n + int(addr / 256) + addr % 256 + type
            line = sprintf(":%02X%04X%02X", n, addr, type)
            for (i = 1; i <= n; i++) { sum += byte[i]; line = line sprintf("%02X", byte[i]) }
            print line sprintf("%02X", (256 - sum % 256) % 256)
        }
        {
            high = int(at / 65536)
            if (high != base || NR == 1) { byte[1] = int(high / 256); byte[2] = high % 256; record(4, 0, 2); base = high }
            for (i = 1; i <= NF; i++) byte[i] = $i
            record(0, at % 65536, NF)
            at += NF
        }'
}

start_fixture --boards 2 --chip esp32,esp8266 --speed 20 --fill dirty
port=${ports[0]}

# ---- A build of ESP-IDF ----
idf=$work/project/build
mkdir -p "$idf/bootloader" "$idf/partition_table"
cp "$images/bootloader.bin" "$idf/bootloader/bootloader.bin"
cp "$images/partitions.bin" "$idf/partition_table/partition-table.bin"
cp "$images/app.bin" "$idf/thermostat.bin"
cp "$data/idf/flasher_args.json" "$idf/"
check "a build folder becomes a recipe" "$work/out" \
    exits 0 "$station" import "$idf" -o "$work/project/idf.yaml"
check "it says what is next" "$work/out" says "$work/out" "3 images pinned" "espstation check"
check "paths are seen from the recipe" "$work/project/idf.yaml" \
    says "$work/project/idf.yaml" 'file: "build/bootloader/bootloader.bin"' \
    "$(sha256sum <"$images/app.bin" | cut -c 1-64)"
check "the recipe is sound" "$work/out" exits 0 "$station" check "$work/project/idf.yaml"
check "it flashes a board" "$work/out" \
    exits 0 "$station" run "$work/project/idf.yaml" --db "$work/db" --port "$port"
check "which runs" "$work/fixture.log" esp32_is_right 0
cd "$idf" || exit 1
"$station" import . >"$work/out.yaml" 2>"$work/out"
check "standard output has the recipe alone" "$work/out.yaml" \
    says "$work/out.yaml" 'recipe: "demo"' 'version: "1.0.0"' 'file: "bootloader/bootloader.bin"'
check "and nothing else is said" "$work/out" test ! -s "$work/out"
cd "$root" || exit 1
printf 'x' >>"$idf/thermostat.bin"
refused 3 "an image changed after the import" "thermostat.bin" "SHA-256" -- \
    "$station" check "$work/project/idf.yaml"
refused 2 "a recipe that is there already" "is there already" "--overwrite" -- \
    "$station" import "$idf" -o "$work/project/idf.yaml"
check "unless it may be replaced" "$work/out" \
    exits 0 "$station" import "$idf" -o "$work/project/idf.yaml" --overwrite
check "then it is sound again" "$work/out" exits 0 "$station" check "$work/project/idf.yaml"

# ---- A command ----
ctl fill 0 dirty >/dev/null
cd "$images" || exit 1
check "a command becomes a recipe" "$work/out" \
    exits 0 "$station" import -o "$work/command.yaml" -- esptool.py --chip esp32 -p /dev/ttyUSB0 -b 460800 \
    write_flash --flash_mode dio --flash_size detect 0x1000 bootloader.bin 0x8000 partitions.bin 0x10000 app.bin
check "also as one text" "$work/out" \
    exits 0 "$station" import "esptool --chip esp32 write-flash 0x1000 'bootloader.bin' 0x10000 app.bin"
cd "$root" || exit 1
check "what is left out is written" "$work/command.yaml" \
    says "$work/command.yaml" "# not carried over: --port /dev/ttyUSB0" "images/app.bin"
check "it is sound" "$work/out" exits 0 "$station" check "$work/command.yaml"
check "it flashes a board" "$work/out" \
    exits 0 "$station" run "$work/command.yaml" --db "$work/db" --port "$port"
check "which runs" "$work/fixture.log" esp32_is_right 0
cd "$images" || exit 1
line="sudo python3 -m esptool --chip esp32 -p /dev/ttyUSB0 write_flash 0x1000 bootloader.bin 0x8000 partitions.bin 0x10000 app.bin"
"$station" import -o - -- $line >"$work/dash.yaml" 2>"$work/out"
check "behind sudo, and - is standard output" "$work/dash.yaml" says "$work/dash.yaml" 'file: "app.bin"' "chip: esp32"
check "no file is called so" "$work/out" test ! -e -
check "what is left out is said" "$work/out" says "$work/out" "Not carried over: --port /dev/ttyUSB0"
printf 'esptool.py v4.7.0\n%s\nHash of data verified.\n' "$line" >"$images/flash.log"
"$station" import flash.log >"$work/log.yaml" 2>"$work/out"
check "what a tool has printed is as good" "$work/log.yaml" cmp -s "$work/log.yaml" "$work/dash.yaml"
cd "$root" || exit 1
check "an image alone has no place" "$work/out" exits 2 "$station" import "$images/app.bin"
check "it says what to type" "$work/out" says "$work/out" "does not say where it goes" "espstation import -- esptool write-flash"
refused 2 "what is no build" "names no images" "flasher_args.json" "a manifest of ESP Web Tools" -- \
    "$station" import "$root/tests/integration/lib.sh"
refused 2 "what a recipe cannot have" "--encrypt cannot become part" -- \
    "$station" import -- esptool --chip esp32 write_flash --encrypt 0x10000 "$images/app.bin"
refused 2 "no folder, no command" "neither a folder nor a command" -- "$station" import nowhere
refused 2 "nothing at all" "is missing" -- "$station" import
refused 2 "a folder without a build" "no build folder" -- "$station" import "$data"
refused 3 "an image that is not there" "nowhere.bin" -- \
    "$station" import -- esptool --chip esp32 write_flash 0x10000 nowhere.bin
refused 2 "an option of its own that is none" "unknown option '--ship'" "'--chip'" -- \
    "$station" import --ship esp32 "$idf"

# ---- PlatformIO on an ESP8266 ----
mkdir -p "$work/blink/.pio/build/d1_mini"
cp "$images/esp8266.bin" "$work/blink/.pio/build/d1_mini/firmware.bin"
check "a project of PlatformIO" "$work/out" exits 0 "$station" import "$work/blink" -o "$work/blink/blink.yaml"
check "is one for an ESP8266" "$work/blink/blink.yaml" \
    says "$work/blink/blink.yaml" "chip: esp8266" 'recipe: "blink"'
check "and flashes one" "$work/out" \
    exits 0 "$station" run "$work/blink/blink.yaml" --db "$work/db" --port "${ports[1]}"

# ---- A page that installs ----
ctl fill 0 dirty >/dev/null
web=$work/web
mkdir -p "$web"
cp "$images/bootloader.bin" "$images/partitions.bin" "$images/app.bin" "$web/"
cat >"$web/manifest.json" <<'END'
{ "name": "Thermostat", "version": "3", "builds": [
  { "chipFamily": "ESP32", "parts": [ { "path": "bootloader.bin", "offset": 4096 },
    { "path": "partitions.bin?v=3", "offset": 32768 }, { "path": "./app.bin", "offset": 65536 } ] },
  { "chipFamily": "ESP32-C3", "parts": [ { "path": "c3.bin", "offset": 0 } ] } ] }
END
refused 2 "a manifest of two chips" "several builds (ESP32, ESP32-C3)" "--chip ESP32" -- "$station" import "$web"
check "becomes a recipe for one" "$work/out" exits 0 "$station" import --chip esp32 "$web" -o "$web/web.yaml"
check "which flashes a board" "$work/out" exits 0 "$station" run "$web/web.yaml" --db "$work/db" --port "$port"
check "that runs" "$work/fixture.log" esp32_is_right 0

# ---- Intel HEX: one file, three regions ----
ctl fill 0 dirty >/dev/null
{
    put_hex "$images/app.bin" 0x10000
    put_hex "$images/bootloader.bin" 0x1000
    put_hex "$images/partitions.bin" 0x8000
    echo ":00000001FF"
} >"$images/all.hex"
"$station" import --chip esp32 -o "$images/hex.yaml" -- esptool write_flash 0 "$images/all.hex" >"$work/out" 2>&1
echo 'flash: { size: detect, mode: dio }' >>"$images/hex.yaml"
echo 'boot: { expect: "Loaded app from partition" }' >>"$images/hex.yaml"
check "a HEX file falls into its regions" "$work/out" exits 0 "$station" check "$images/hex.yaml"
check "each with its address" "$work/out" says "$work/out" "all.hex@0x1000" "all.hex@0x8000" "all.hex@0x10000"
check "it flashes a board" "$work/out" exits 0 "$station" run "$images/hex.yaml" --db "$work/db" --port "$port"
check "which runs" "$work/fixture.log" esp32_is_right 0
check "the record has the three" "$work/db" \
    test "$(sql "$work/db" "select group_concat(file, ' ') from image where file like '%.hex@%'")" = "all.hex@0x1000 all.hex@0x8000 all.hex@0x10000"
check "each proved, like all images before" "$work/db" \
    test "$(sql "$work/db" "select count(*) from digest where expected_md5=read_md5")" = 13

hex_recipe() { # FILE OFFSET
    printf 'recipe: hex\nchip: esp32\nimages:\n  - { file: %s, offset: %s }\n' "$1" "$2" >"$images/bad.yaml"
    echo "$station" check "$images/bad.yaml"
}
refused 3 "a HEX file with an offset" "bad.yaml:4:" "its own addresses" -- $(hex_recipe all.hex 0x1000)
sed '5s/..$/00/' "$images/all.hex" >"$images/damaged.hex"
refused 3 "a damaged HEX file" "line 5 has checksum 00" -- $(hex_recipe damaged.hex 0)
head -c 5000 "$images/all.hex" >"$images/cut.hex"
refused 3 "a HEX file cut short" "cut.hex" "seems to be an Intel HEX file" -- $(hex_recipe cut.hex 0)
printf '\177ELF....' >"$images/app.elf"
refused 3 "an ELF file" "esptool --chip esp32 elf2image -o app.bin app.elf" -- $(hex_recipe app.elf 0)
printf 'UF2\n\127\121\135\236\0\0\0\0\0\020\0\0' >"$images/app.uf2"
refused 3 "a UF2 file" "uf2conv.py -o app.bin app.uf2" "0x1000" -- $(hex_recipe app.uf2 0)
stop_fixture
echo "1..$test_number"
