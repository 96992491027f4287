# Which stubs there are, of which release, and what is said where one is missing.
. "$(dirname "$0")/lib.sh"
real=$root/deps/esptool-js/lib/targets/stub_flasher
[ -d "$real" ] || skip_all "there are no flasher stubs here; run: make deps"
"$station" stubs >"$work/list" 2>&1 || skip_all "this station was built without flasher stubs"

# ---- The list ------------------------------------------------------------------------------------
field() { # file name path
    sqlite3 :memory: "select json_extract(value, '\$.$3') from json_each('[' || replace(trim(readfile('$1'), char(10)), char(10), ',') || ']')
        where json_extract(value, '\$.stub') = '$2'"
}

check "every stub that is built in is of a known release" "$work/list" \
    eval '! grep -q "not known\|not tried" "$work/list"'
check "the list says that no silicon has seen them" "$work/list" says "$work/list" "None was tried on silicon"
check "chips without a stub are in the list" "$work/list" says "$work/list" "esp32h21      ESP32-H21  none: the ROM loader writes"

mkdir "$work/old" "$work/none" "$work/esptool" "$work/esptool/2"
cp "$real/esp32.json" "$work/old/stub_flasher_32.json"
cp "$real/../../../package.json" "$work/old/"
# The same program in another layout, and a program that nobody has published.
sed -E 's/"text": "[A-Za-z0-9+]{8}/"text": "bm8gc3R1/' "$real/esp32c3.json" | tr -s ' \n' ' ' >"$work/old/esp32c3.json"
tr -s ' \n' ' ' <"$real/esp32c6.json" >"$work/old/esp32c6.json"

exits 0 "$station" stubs --stubs "$work/old"
check "a folder's stubs are listed, under their old names too" "$work/out" says "$work/out" "3 flasher stubs in '$work/old'" "not known" \
    "1 of them is of a release that this espstation does not know"
exits 0 "$station" stubs --stubs "$work/old" --json
cp "$work/out" "$work/json"
check "JSON: an old name is the chip's" "$work/json" [ "$(field "$work/json" esp32 file)" = stub_flasher_32.json ]
check "JSON: the layout of a file does not matter" "$work/json" [ "$(field "$work/json" esp32c6 version)" = "1.2.1 to 1.2.2" ]
check "JSON: how it was tried" "$work/json" [ "$(field "$work/json" esp32c6 'tried[1]')" = own-code ]
check "JSON: an unknown release has no version" "$work/json" [ -z "$(field "$work/json" esp32c3 version)" ]
check "JSON: nor was it tried" "$work/json" [ "$(field "$work/json" esp32c3 tried)" = "[]" ]

check "a folder without stubs is refused" "$work/out" exits 4 "$station" stubs --stubs "$work/none"
check "a folder of esptool's: the one inside is named" "$work/out" exits 4 "$station" stubs --stubs "$work/esptool"
check "... by its name" "$work/out" says "$work/out" "--stubs '$work/esptool/2'"

# ---- The page ------------------------------------------------------------------------------------
# docs/chips.md against what the program says of itself.
page=$root/docs/chips.md
"$station" stubs --json >"$work/json"
own_code() { # chip
    if grep "\"chip\":\"$1\"" "$work/json" | grep -q own-code; then echo interpreter; else echo -; fi
}
written_by() { # word for the stub, what it is proved against
    if [ "$2" = "nothing yet" ]; then echo -; elif [ "$1" = none ]; then echo "ROM"; else echo "ROM, stub"; fi
}
# Its columns stand under their heads.
"$station" chips | awk 'NR == 1 { heads = split("recipe chip boot stub fast own proved", head, " ");
        for (i = 1; i <= heads; i++) at[i] = index($0, head[i]) }
    NR > 1 { for (i = 1; i <= heads; i++) {
        word = substr($0, at[i], i < heads ? at[i + 1] - at[i] : 99); sub(/ +$/, "", word)
        printf "%s%s", word, i < heads ? "|" : "\n" } }' | while IFS='|' read -r id name offset stub _ usb tried; do
    case $id in esp32 | esp32c3) rom=emulator ;; *) rom=- ;; esac # seen by hand
    case $tried in boards) silicon=yes ;; *) silicon=no ;; esac
    printf '| %s | %s | %s | %s | %s | %s | %s | %s |\n' "$id" "$name" "$offset" "$usb" "$(written_by "$stub" "$tried")" \
        "$(own_code "$id")" "$rom" "$silicon"
done >"$work/rows"
grep '^| esp[^t]' "$page" >"$work/page"
check "docs/chips.md says what the program says" "$work/diff" eval 'diff "$work/page" "$work/rows" >"$work/diff"'

# ---- One is missing ------------------------------------------------------------------------------
"$bin/make_images" "$work/c2" 32 esp32c2 12 0 >/dev/null
recipe=$work/c2/esp32c2.yaml
check "check: the ROM writes for want of a stub, and says so" "$work/out" exits 0 "$station" check "$recipe" --stubs "$work/old"
check "... with the folder, the file, and what to do" "$work/out" says "$work/out" \
    "'$work/old' holds no flasher stub for ESP32-C2 (esp32c2.json)" "the ROM loader is used" "loader: rom"
check "... and no word of make" "$work/out" eval '! grep -q "make deps" "$work/out"'
exits 0 "$station" check "$recipe"
check "with the built-in stub nothing is said" "$work/out" eval '! grep -q "no flasher stub" "$work/out"'
sed 's/^chip/loader: rom\nchip/' "$recipe" >"$work/c2/rom.yaml"
exits 0 "$station" check "$work/c2/rom.yaml" --stubs "$work/old"
check "nor where the recipe wants the ROM" "$work/out" eval '! grep -q "no flasher stub" "$work/out"'
sed 's/^chip/loader: stub\nchip/' "$recipe" >"$work/c2/stub.yaml"
check "a recipe that insists on a stub is refused" "$work/out" exits 3 "$station" check "$work/c2/stub.yaml" --stubs "$work/old"
check "... at its place" "$work/out" says "$work/out" "stub.yaml:" "holds no flasher stub for ESP32-C2" "with --stubs"

mkdir "$work/p4"
cp "$real/esp32p4.json" "$work/p4/"
"$bin/make_images" "$work/p4img" 32 esp32p4 18 0x2000 >/dev/null
exits 0 "$station" check "$work/p4img/esp32p4.yaml" --stubs "$work/p4"
check "a stub that only some boards want is missed too" "$work/out" says "$work/out" "(esp32p4-rev1.json)" "below revision 3.0"

# One that nobody has published, in check and at the start of a run; where the ROM writes it does not matter.
unknown="warning: The flasher stub 'esp32c3.json' is of a release that this espstation does not know"
"$bin/make_images" "$work/c3" 32 esp32c3 5 0 >/dev/null
exits 0 "$station" check "$work/c3/esp32c3.yaml" --stubs "$work/old"
check "a stub of an unknown release is told, once" "$work/out" [ "$(grep -c "$unknown" "$work/out")" = 1 ]
exits 0 "$station" check "$work/c3/esp32c3.yaml"
check "a known one is not" "$work/out" eval '! grep -q "does not know" "$work/out"'
sed 's/^chip/loader: rom\nchip/' "$work/c3/esp32c3.yaml" >"$work/c3/rom.yaml"
exits 0 "$station" check "$work/c3/rom.yaml" --stubs "$work/old"
check "nor one that is not used" "$work/out" eval '! grep -q "does not know" "$work/out"'
exits 4 "$station" run "$work/c3/esp32c3.yaml" --port "$work/no-port" --db "$work/record.db" --plain --stubs "$work/old"
check "run tells it in its first line" "$work/out" eval 'head -1 "$work/out" | grep -q "$unknown"'

"$bin/make_images" "$work/h21" 32 esp32h21 25 0 >/dev/null
exits 0 "$station" check "$work/h21/esp32h21.yaml"
check "no time is promised at a rate that the ROM is not asked for" "$work/out" \
    eval 'grep -q "at 921600\$" "$work/out" && ! grep -q "at 2000000" "$work/out"'

start_fixture --boards 1 --chip esp32c2 --speed 20
check "run says it before the first board, and flashes with the ROM" "$work/out" \
    exits 0 "$station" run "$recipe" "${port_options[@]}" --db "$work/record.db" --plain --stubs "$work/old"
check "... in its first line" "$work/out" eval 'head -1 "$work/out" | grep -q "holds no flasher stub for ESP32-C2"'
check "read does not do it in silence either" "$work/out" \
    exits 1 "$station" read "${port_options[@]}" --size 4096 -o "$work/flash.bin" --stubs "$work/old"
check "... and names the way out" "$work/out" says "$work/out" "holds no flasher stub for ESP32-C2" "--rom"
stop_fixture

# ---- One is damaged ------------------------------------------------------------------------------
mkdir "$work/damaged"
cp "$real/esp32c3.json" "$real/esp32c2.json" "$work/damaged/"
head -c 1000 "$real/esp32.json" >"$work/damaged/esp32.json"
# A link whose file is gone.
ln -s "$work/gone.json" "$work/damaged/esp32s3.json"
check "the list: a damaged file is no missing one" "$work/out" exits 4 "$station" stubs --stubs "$work/damaged"
check "... but one that is refused" "$work/out" eval 'grep -q "^esp32  *ESP32  *refused: its file cannot be used" "$work/out" &&
    grep -q "^esp32s3  *ESP32-S3  *refused" "$work/out" && ! grep -q "^esp32\(s3\)\? .*the ROM loader writes" "$work/out"'
exits 4 "$station" stubs --stubs "$work/damaged" --json
check "... in JSON, with why" "$work/out" eval 'grep -q "\"stub\":\"esp32\".*\"refused\":\"In .*esp32.json" "$work/out" &&
    grep -q "\"stub\":\"esp32c2\".*\"refused\":null" "$work/out"'
"$bin/make_images" "$work/s3" 32 esp32s3 9 0 >/dev/null
check "check refuses such a link" "$work/out" exits 4 "$station" check "$work/s3/esp32s3.yaml" --stubs "$work/damaged"
check "... with what to do" "$work/out" says "$work/out" "'$work/damaged/esp32s3.json' cannot be opened" "  Check the file and its rights"
start_fixture --boards 1 --chip esp32c2 --speed 20
check "a damaged file of another chip stops no run" "$work/out" \
    exits 0 "$station" run "$recipe" "${port_options[@]}" --db "$work/record.db" --plain --stubs "$work/damaged"
check "... and is not told: no board of the recipe wants it" "$work/out" eval '! grep -q "esp32.json" "$work/out"'
check "nor a read" "$work/out" \
    exits 0 "$station" read "${port_options[@]}" --size 4096 -o "$work/flash-whole.bin" --stubs "$work/damaged"
head -c 1000 "$real/esp32c2.json" >"$work/damaged/esp32c2.json"
check "one of this chip does" "$work/out" \
    exits 4 "$station" run "$recipe" "${port_options[@]}" --db "$work/record.db" --plain --stubs "$work/damaged"
check "... with what to do" "$work/out" says "$work/out" "'esp32c2.json' cannot be used" "Put the file of a published stub"
check "a read, too" "$work/out" \
    exits 1 "$station" read "${port_options[@]}" --size 4096 -o "$work/flash-damaged.bin" --stubs "$work/damaged"
stop_fixture

# ---- Through the chip's own USB, which the server does not tell --------------------------------------
# It takes blocks of 0x800 at most; larger ones would lose the upload, and the ROM would have to do.
"$bin/make_images" "$work/s2" 32 esp32s2 2 0x1000 >/dev/null
sed '/^boot:/d; s/^port: {/port: { reset: none,/' "$work/s2/esp32s2.yaml" >"$work/s2/otg.yaml"
start_fixture --boards 1 --chip esp32s2 --speed 20 --fault '*:usb=otg'
ctl press 0 boot >"$work/out"
await eval 'ctl state 0 | grep -q "\"plugged\":true"'
exits 0 "$station" run "$work/s2/otg.yaml" "${port_options[@]}" --db "$work/record.db" --plain --json
cp "$work/out" "$work/otg"
check "USB-OTG behind a server: the stub writes, at the first attempt" "$work/otg" \
    eval 'grep -q "\"event\":\"verdict\".*\"attempt\":1,.*\"verdict\":\"PASS\"" "$work/otg" && grep -q "\"phase\":\"stub\"" "$work/otg"'
stop_fixture
echo "1..$test_number"
