# Every chip, twice: the client we did not write flashes a board of each, then the station does. The
# fixture says what is in the flash then, and whether it runs.
. "$(dirname "$0")/lib.sh"
NODE=${NODE:-node}
js=$root/tests/js
db=$work/record.db
trap 'kill $(jobs -p) 2>/dev/null; cleanup' EXIT

# name, id in image headers, boot offset, loader, what else is special about the board
chips=(
    "esp32    0  0x1000 stub"
    "esp32s2  2  0x1000 stub"
    "esp32s3  9  0x0    stub"
    "esp32c2  12 0x0    stub"
    "esp32c3  5  0x0    stub"
    "esp32c5  23 0x2000 stub"
    "esp32c6  13 0x0    stub"
    "esp32c61 20 0x0    stub"
    "esp32h2  16 0x0    stub"
    "esp32h4  28 0x2000 stub"
    "esp32p4  18 0x2000 stub"
    "esp32s31 32 0x2000 stub"
    "esp32h21 25 0x0    rom"
    "esp32e22 31 0x0    rom"
    "esp32p4  18 0x2000 stub revision=300"
    "esp32p4  18 0x2000 stub revision=301"
    "esp32c2  12 0x0    stub crystal=40"
    "esp32c5  23 0x2000 stub crystal=40"
    "esp32    0  0x1000 stub crystal=26"
    "esp32c3  5  0x0    rom"
    "esp32c2  12 0x0    rom"
    "esp32c5  23 0x2000 rom"
    "esp32c3  5  0x0    stub usb=jtag"
    "esp32p4  18 0x2000 stub usb=jtag revision=301"
)
both=${#chips[@]} # esptool-js does not know how to treat those that follow
chips+=(
    "esp32c3  5  0x0    stub xmc"
    "esp32    0  0x1000 rom  pico-d4"
    "esp32    0  0x1000 stub pico-d4"
    "esp32s2  2  0x1000 rom  sdm"
    "esp32c6  13 0x0    rom  sdm"
    "esp32c3  5  0x0    stub stub=v1"
    "esp32s3  9  0x0    stub stub=v1"
)

# The station's own list, against this one; the esp8266 is not of this kind and has other scripts.
missing=$("$station" chips | awk 'NR > 1 { print $1 }' | grep -vx esp8266 |
    grep -vxF "$(printf '%s\n' "${chips[@]}" | awk '{ print $1 }')" | paste -sd' ')
check "every chip has a row in tests/integration/chips.sh${missing:+: $missing has none}" /dev/null [ -z "$missing" ]

# ---- Images and boards ---------------------------------------------------------------------------
# What a recipe has to say about a board that is special, as a sed script.
recipe_change() { # loader special
    echo "s/^chip/loader: $1\nchip/"
    case $2 in
    *usb=jtag*) echo 's/^port: {/port: { reset: usb-jtag,/' ;;
    sdm) printf '%s\n' 's/^version/verify: none\nversion/' 's/^flash: .*/flash: { size: 4MB, mode: keep, freq: keep }/' ;;
    esac
}

names=() faults=()
for i in "${!chips[@]}"; do
    read -r name id offset loader special <<<"${chips[i]}"
    names+=("$name")
    for fault in $special; do faults+=(--fault "$i:$fault"); done
    [ -d "$work/$name" ] || "$bin/make_images" "$work/$name" 32 "$name" "$id" "$offset"
    sed "$(recipe_change "$loader" "$special")" "$work/$name/$name.yaml" >"$work/$name/board$i.yaml"
done

# Files of some other stub: the layout of ours, but code that nobody knows.
stubs=$root/deps/esptool-js/lib/targets/stub_flasher
mkdir "$work/stubs"
for f in "$stubs"/*.json; do
    sed -E 's/"text": "[A-Za-z0-9+]{8}/"text": "bm8gc3R1/' "$f" >"$work/stubs/${f##*/}"
done

start_boards() {
    start_fixture --boards ${#chips[@]} --chip "$(IFS=,; echo "${names[*]}")" --speed 20 --fill dirty "${faults[@]}"
}

title_of() { # board
    read -r name id offset loader special <<<"${chips[$1]}"
    echo "$name${special:+ $special} by the $loader"
}

holds_the_images() { # board
    read -r name id offset loader special <<<"${chips[$1]}"
    flash_equals "$1" "$offset" "$work/$name/bootloader.bin" &&
        flash_equals "$1" 0x8000 "$work/$name/partitions.bin" &&
        flash_equals "$1" 0x10000 "$work/$name/app.bin"
}

judge_board() { # who board log
    local title
    title=$(title_of "$2")
    check "$1: $title: the flash holds the images" "$3" holds_the_images "$2"
    check "$1: $title: the application runs" "$3" await is_running "$2"
}

# ---- esptool-js ------------------------------------------------------------------------------------
can_run_esptool_js() {
    command -v "$NODE" >/dev/null && [ -d "$js/node_modules/esptool-js" ] &&
        "$NODE" -e 'const [a, b] = process.versions.node.split(".").map(Number);
            process.exit(a > 18 || (a === 18 && b >= 20) ? 0 : 1)'
}

esptool_js() { # board
    local baud=460800
    read -r name id offset loader special <<<"${chips[$1]}"
    # Its 0.7.0 asks every ROM for the bare rate; these two get it wrong, and it starts again at 115200.
    case "$name $loader" in "esp32c2 rom" | "esp32c5 rom") baud=115200 ;; esac
    local usb=none
    case $special in usb=jtag*) usb=jtag ;; esac
    (cd "$work/$name" && timeout 180 "$NODE" --no-warnings "$js/flash.mjs" --port "${ports[$1]}" --chip "$name" \
        --loader "$loader" --baud $baud --usb $usb --compress "$offset" bootloader.bin 0x8000 partitions.bin 0x10000 app.bin) \
        >"$work/js.$1" 2>&1 </dev/null
}

field() { # file-with-json path
    sqlite3 :memory: "select json_extract(readfile('$1'), '\$.$2')"
}

# Name and MAC as it read them, against what the fixture put there.
saw_the_board() { # board
    ctl state "$1" | sed 's/^ok //' >"$work/state"
    [ "$(field "$work/js.$1" chip | tr -d - | tr '[:upper:]' '[:lower:]')" = "$(field "$work/state" chip)" ] &&
        [ "$(field "$work/js.$1" mac)" = "$(field "$work/state" mac)" ]
}

by_esptool_js() {
    local i pids=() statuses=() status
    start_boards
    for ((i = 0; i < both; i++)); do
        while [ "$(jobs -rp | wc -l)" -gt 4 ]; do wait -n; done # the fixture is one of them
        esptool_js "$i" &
        pids[i]=$!
    done
    for ((i = 0; i < both; i++)); do
        wait "${pids[i]}"
        statuses[i]=$?
    done
    for ((i = 0; i < both; i++)); do
        status=${statuses[i]}
        if [ "$status" != 0 ]; then # its deadlines are for one board at a time: once more, with none beside it
            echo "# esptool-js on $(title_of "$i"): $(tail -1 "$work/js.$i")"
            esptool_js "$i"
            status=$?
        fi
        check "esptool-js flashes $(title_of "$i")" "$work/js.$i" test "$status" = 0
        [ "$status" = 0 ] || continue # the rest could only wait in vain
        check "esptool-js: $(title_of "$i"): it saw the board that is there" "$work/js.$i" saw_the_board "$i"
        judge_board esptool-js "$i" "$work/js.$i"
    done
    stop_fixture
}

if [ "${BUILD##*/}" = asan ]; then
    skip "esptool-js flashes each chip" "its work says nothing about our memory"
elif can_run_esptool_js; then
    by_esptool_js
else
    skip "esptool-js flashes each chip" "it is not here; run: make deps"
fi

# ---- The station -----------------------------------------------------------------------------------
flash_board() { # board
    local options=()
    read -r name id offset loader special <<<"${chips[$1]}"
    case $special in stub=v1*) options=(--stubs "$work/stubs") ;; esac
    exits 0 "$station" run "$work/$name/board$1.yaml" --port "${ports[$1]}" --db "$db" --plain "${options[@]}"
}

start_boards
for i in "${!chips[@]}"; do
    if flash_board "$i"; then
        ok "the station flashes $(title_of "$i")"
        judge_board "the station" "$i" "$work/out"
    else
        not_ok "the station flashes $(title_of "$i")" "$work/out"
    fi
done
stop_fixture
echo "1..$test_number"
