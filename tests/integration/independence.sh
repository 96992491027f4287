# Two clients, one fixture: esptool-js, which we did not write, and espstation. What one flashes the
# other judges, so that neither the virtual boards nor the station can be right by agreeing with
# each other alone.
. "$(dirname "$0")/lib.sh"
js=$root/tests/js
images=$work/images
db=$work/record.db
baud=460800
trap 'kill $(jobs -p) 2>/dev/null; cleanup' EXIT

# Older ones cannot load the library's JSON files.
need_node 18 20
[ -d "$js/node_modules/esptool-js" ] || skip_all "esptool-js is not in tests/js; run: make deps"

# ---- What is flashed ---------------------------------------------------------------------------
mkdir "$images"
"$NODE" "$js/images.mjs" "$images" || exit 1
# shellcheck disable=SC2034 # both are read by name
esp32_files=(0x1000 esp32-loader.bin 0x8000 esp32-partitions.bin 0x9000 odd.bin 0x10000 esp32-app.bin)
# shellcheck disable=SC2034
esp8266_files=(0x0 esp8266-merged.bin 0x80000 odd.bin)

recipe() { # chip loader
    local -n list=$1_files
    local i
    printf 'recipe: independence\nversion: 1.0.0\nchip: %s\nloader: %s\n' "$1" "$2"
    printf 'port: { baud: %s, fallback: [115200] }\nimages:\n' "$baud"
    for ((i = 0; i < ${#list[@]}; i += 2)); do
        printf '  - { file: %s, offset: %s }\n' "${list[i + 1]}" "${list[i]}"
    done
}
for chip in esp32 esp8266; do
    for loader in stub rom; do
        recipe $chip $loader >"$images/$chip-$loader.yaml"
    done
done

# Even boards are one chip, odd ones the other; the flash is full of what was there before.
chips=(esp32 esp8266)
start_fixture --boards 12 --chip esp32,esp8266 --speed 20 --fill dirty

# ---- Helpers -----------------------------------------------------------------------------------
field() { # file-with-json path
    sqlite3 :memory: "select json_extract(readfile('$1'), '\$.$2')"
}

# esptool_js PROGRAM BOARD OPTION...: its line of JSON goes to $work/PROGRAM.BOARD, or what it died
# of. A client that is held up on a busy machine loses a frame, and asks nothing again: it has two goes.
esptool_js() { one_go "$@" || one_go "$@"; }

# Without warnings: to Node 18 the way the library loads its JSON files is an experiment.
one_go() {
    local program=$1 board=$2 chip=${chips[$2 % 2]}
    local -n list=${chip}_files
    shift 2
    (cd "$images" && timeout 180 "$NODE" --no-warnings "$js/$program.mjs" --port "${ports[$board]}" \
        --chip "$chip" --baud "$baud" "$@" "${list[@]}") >"$work/$program.$board" 2>&1 </dev/null
}

holds_all_files() { # board
    local -n list=${chips[$1 % 2]}_files
    local i
    for ((i = 0; i < ${#list[@]}; i += 2)); do
        flash_equals "$1" "${list[i]}" "$images/${list[i + 1]}" || return 1
    done
}

# Neither the loader nor the boot code of before: the application that was flashed.
run_the_application() { # board...
    local board
    for board in "$@"; do await is_running "$board" || return 1; done
}

# What a client saw of a board is what the fixture put there: chip, MAC, 4 MB Winbond flash.
saw_the_board() { # board file
    ctl state "$1" | sed 's/^ok //' >"$work/state"
    [ "$(field "$2" chip | tr '[:upper:]' '[:lower:]')" = "$(field "$work/state" chip)" ] &&
        [ "$(field "$2" mac)" = "$(field "$work/state" mac)" ] &&
        [ "$(field "$2" flash_id) $(field "$2" flash_size)" = "1640ef 4MB" ]
}

# What the station wrote down about a board is what esptool-js reads from it.
record_agrees() { # file-of-esptool-js
    test "$(sql "$db" "select count(*) from run join board on board.id = run.board
        where mac = '$(field "$1" mac)' and verdict = 'PASS' and upper(seen_chip) = '$(field "$1" chip)'
        and printf('%06x', seen_flash_id) = '$(field "$1" flash_id)'
        and seen_flash_bytes = 4 * 1048576")" = 1
}

station_verifies() { # recipe board...
    local recipe=$1 options=() board
    shift
    for board in "$@"; do options+=(--port "${ports[$board]}"); done
    "$station" verify "$images/$recipe.yaml" "${options[@]}" --plain >"$work/out" 2>&1 </dev/null
}

# ---- esptool-js flashes, the fixture and the station judge ----------------------------------------
# esptool_js_flashes TITLE BOARD OPTION...: starts it; several go on at the same time.
started=()
esptool_js_flashes() {
    local title=$1 board=$2
    shift 2
    esptool_js flash "$board" "$@" &
    started+=("$!|$board|$title")
}

judge_started() {
    local one pid board title status
    for one in "${started[@]}"; do
        IFS='|' read -r pid board title <<<"$one"
        wait "$pid"
        status=$?
        check "esptool-js flashes an $title" "$work/flash.$board" test $status = 0
        [ $status -eq 0 ] || continue # the rest could only wait in vain
        check "$title: it saw the board that is there" "$work/flash.$board" \
            saw_the_board "$board" "$work/flash.$board"
        check "$title: the flash holds every byte" "$work/flash.$board" holds_all_files "$board"
        check "$title: the application runs" "$work/flash.$board" run_the_application "$board"
    done
    started=()
}

esptool_js_flashes "ESP32 by the stub, compressed" 0 --loader stub --compress
esptool_js_flashes "ESP8266 by the stub, compressed" 1 --loader stub --compress
esptool_js_flashes "ESP32 by the stub, uncompressed" 2 --loader stub
esptool_js_flashes "ESP8266 by the stub, uncompressed" 3 --loader stub
judge_started
# esptool-js 0.7.0 has no ROM mode that works as it is for these two chips: blocks of 4000 (hex), a
# fifth word in FLASH_BEGIN, no SPI_ATTACH, a digest in hexadecimal twice. session.mjs mends these
# four and nothing else.
esptool_js_flashes "ESP32 by the ROM, compressed" 4 --loader rom --compress
esptool_js_flashes "ESP8266 by the ROM, uncompressed" 5 --loader rom --no-md5
esptool_js_flashes "ESP32 by the ROM, uncompressed" 6 --loader rom
judge_started
skip "esptool-js flashes an ESP8266 by the ROM, compressed" "that ROM has no decompression"

check "the station finds the ESP32 boards equal" "$work/out" station_verifies esp32-stub 0 2 4 6
check "also through the ROM's own digest" "$work/out" station_verifies esp32-rom 0 4
check "the station finds the ESP8266 boards equal" "$work/out" station_verifies esp8266-stub 1 3 5
check "and leaves them running" "$work/out" run_the_application 0 1 2 3 4 5 6

# ---- The station flashes, esptool-js and the fixture judge ------------------------------------------
station_flashes() { # recipe board
    exits 0 "$station" run "$images/$1.yaml" --port "${ports[$2]}" --db "$db" --plain
}

esptool_js_judges() { # title board recipe option...
    local title=$1 board=$2 recipe=$3
    shift 3
    if ! station_flashes "$recipe" "$board"; then
        not_ok "the station flashes an $title" "$work/out"
        return
    fi
    ok "the station flashes an $title"
    check "$title: esptool-js reads the same digests" "$work/judge.$board" esptool_js judge "$board" "$@"
    check "$title: it saw the board that is there" "$work/judge.$board" \
        saw_the_board "$board" "$work/judge.$board"
    check "$title: the record says the same" "$work/judge.$board" record_agrees "$work/judge.$board"
    check "$title: the flash holds every byte" "$work/out" holds_all_files "$board"
    check "$title: the application runs" "$work/judge.$board" run_the_application "$board"
}

esptool_js_judges "ESP32 by the stub" 8 esp32-stub --loader stub --read
esptool_js_judges "ESP8266 by the stub" 9 esp8266-stub --loader stub --read
esptool_js_judges "ESP32 by the ROM" 10 esp32-rom --loader rom
esptool_js_judges "ESP8266 by the ROM" 11 esp8266-rom --loader stub --read
skip "esptool-js judges an ESP8266 by the ROM's digest" "that ROM has none"

# ---- One bit in one region: every judge must see it -------------------------------------------------
flip_a_bit() { # board offset
    ctl dump "$1" "$work/flash.bin" >/dev/null &&
        byte=$(od -An -tu1 -j "$2" -N 1 "$work/flash.bin") &&
        printf '%b' "\\x$(printf %02x $((byte ^ 0x10)))" |
        dd of="$work/flash.bin" bs=1 seek="$2" conv=notrunc status=none &&
        ctl fill "$1" "$work/flash.bin" >/dev/null
}

# For each region, in order: 1 the same, 0 different.
regions_are() { # board ones-and-zeros
    test "$(sqlite3 :memory: "select group_concat(json_extract(value, '\$.same'), '')
        from json_each(readfile('$work/judge.$1'), '\$.regions')")" = "$2"
}

sees_the_bit() { # board offset ones-and-zeros
    flip_a_bit "$1" "$2" && ! esptool_js judge "$1" && regions_are "$1" "$3"
}

check "esptool-js sees one bit in an ESP32" "$work/judge.8" sees_the_bit 8 $((0x2abcd)) 1110
check "the station sees it, too" "$work/out" \
    exits 1 "$station" verify "$images/esp32-stub.yaml" --port "${ports[8]}" --plain
check "and says where and what" "$work/out" says "$work/out" verify esp32-app.bin 0x10000
check "esptool-js sees one bit in an ESP8266" "$work/judge.9" sees_the_bit 9 $((0x80777)) 10
check "the station sees it, too" "$work/out" \
    exits 1 "$station" verify "$images/esp8266-stub.yaml" --port "${ports[9]}" --plain

stop_fixture
echo "1..$test_number"
