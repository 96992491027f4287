# The fast stub: its machine code runs, instruction by instruction, on boards of the chips it is made for
# (espfixture --stub real). What it cannot do is left to the vendor's stub or refused, and the record says so.
. "$(dirname "$0")/lib.sh"
ls "$root"/deps/esptool-js/lib/targets/stub_flasher/*.json >/dev/null 2>&1 || skip_all "there are no stub files; run: make deps"
# Machine code at the pace of a chip is more than a fixture under a sanitizer can do; the station is what it is to look at.
case ${BUILD##*/} in
asan | tsan)
    fixture=$root/build/espfixture
    [ -x "$fixture" ] || skip_all "the fixture of a build without sanitizers is not there; run: make"
    ;;
esac
db=$work/record.db
# name, id in image headers, boot offset; those behind `brief` are written once
chips=("esp32c3 5 0x0" "esp32 0 0x1000" "esp32c6 13 0x0" "esp8266 - -")
brief=${#chips[@]}
chips+=("esp32s2 2 0x1000" "esp32s3 9 0x0" "esp32c2 12 0x0" "esp32c5 23 0x2000" "esp32c61 20 0x0" "esp32h2 16 0x0"
    "esp32p4 18 0x2000")
names=()

make_images() { # chip id offset
    if [ "$1" = esp8266 ]; then set -- "$1"; fi
    "$bin/make_images" "$work/$1" "${app_kb:-120}" ${2:+"$@"}
}

for chip in "${chips[@]}"; do
    read -r name id offset <<<"$chip"
    names+=("$name")
    make_images "$name" "$id" "$offset"
    sed "/^port:/d; s/^chip:/port: { baud: 921600, fallback: [460800, 115200] }\nloader: fast\nchip:/" "$work/$name/$name.yaml" >"$work/$name/fast.yaml"
    sed "s/^loader: fast/loader: fast\nprove_twice: 0/" "$work/$name/fast.yaml" >"$work/$name/once.yaml"
    sed "s/^version/write: changed\nversion/" "$work/$name/once.yaml" >"$work/$name/changed.yaml"
done

start_boards() { # option...
    start_fixture --boards ${#chips[@]} --chip "$(IFS=,; echo "${names[*]}")" --stub real --fill dirty "$@"
}

run_on() { # board recipe option...
    local board=$1 recipe=$2
    shift 2
    "$station" run "$work/${names[board]}/$recipe.yaml" --port "${ports[board]}" --plain --db "$db" "$@" >"$work/out" 2>&1 </dev/null
}

# Of the latest attempt: number, code, who wrote.
attempt() {
    sql "$db" "select number || ' ' || code || ' ' || loader || ' ' || ifnull(fast, '-') from attempt order by id desc limit 1"
}

holds_the_images() { # board
    local name id offset
    read -r name id offset <<<"${chips[$1]}"
    if [ "$name" = esp8266 ]; then
        holds_behind_header "$1" "$work/$name/esp8266.bin" && is_running "$1"
        return
    fi
    flash_equals "$1" "$offset" "$work/$name/bootloader.bin" && flash_equals "$1" 0x8000 "$work/$name/partitions.bin" &&
        flash_equals "$1" 0x10000 "$work/$name/app.bin" && is_running "$1"
}

# The station has put size and mode into the first eight bytes.
holds_behind_header() { # board file
    ctl dump "$1" "$work/flash.bin" >/dev/null && cmp -s -i 8 -n $(($(stat -c %s "$2") - 8)) "$work/flash.bin" "$2"
}

seen() { # board counter
    ctl state "$1" | sed "s/.*\"$2\":\([0-9]*\).*/\1/"
}

# ---- What is kept is what the source gives ----------------------------------------------------------
check "the cross compilers are there (make deps)" "$work/out" command -v riscv64-unknown-elf-gcc xtensa-lx106-elf-gcc
check "the stubs build" "$work/out" "$root/tools/stub.sh" "$work/built"
check "to the bytes that are kept" "$work/out" diff -r "$root/stub/built" "$work/built"

# ---- Boards --------------------------------------------------------------------------------------
start_boards
for i in "${!chips[@]}"; do
    name=${names[i]}
    check "$name: run passes" "$work/out" run_on "$i" fast
    check "$name: at the first attempt, proved by both" "$work/out" test "$(attempt)" = "1 ok stub proved-twice"
    check "$name: the flash holds the images, and they run" "$work/out" holds_the_images "$i"
    check "$name: no byte was lost in the UART" "$work/out" test "$(seen "$i" overruns)" = 0
done
for ((i = 0; i < brief; i++)); do
    name=${names[i]} app=app.bin
    [ "$name" != esp8266 ] || app=esp8266.bin
    check "$name: history names it" "$work/out" sh -c "'$station' history --db '$db' '$(ctl state "$i" | sed 's/.*"mac":"\([^"]*\)".*/\1/')' | grep 'fast, proved twice'"
    check "$name: once is enough where the recipe says so" "$work/out" run_on "$i" once
    check "$name: and the record says that" "$work/out" test "$(attempt)" = "1 ok stub written"
    before=$(seen "$i" programmed_bytes)
    check "$name: what is there already passes" "$work/out" run_on "$i" changed
    check "$name: and is not written again" "$work/out" test "$(seen "$i" programmed_bytes)" = "$before"
    keep=$work/$name new=$work/new
    mv "$keep" "$new" && app_kb=100 make_images ${chips[i]} && mv "$keep/$app" "$new/$app" && rm -r "$keep" && mv "$new" "$keep"
    check "$name: of another build what differs is written" "$work/out" run_on "$i" changed
    check "$name: by the fast stub" "$work/out" test "$(attempt)" = "1 ok stub written"
    check "$name: and the flash holds it" "$work/out" holds_the_images "$i"
done
stop_fixture

# ---- What goes wrong -----------------------------------------------------------------------------
start_boards --fault '0:hang,at=middle,times=1' --fault '1:brownout,at=middle,times=1' \
    --fault '2:hang,at=first,times=1' --fault '3:hang,at=last,times=1'
for ((i = 0; i < brief; i++)); do
    name=${names[i]}
    check "$name: a board on which it falls silent passes" "$work/out" run_on "$i" once
    check "$name: by the vendor's stub" "$work/out" test "$(attempt)" = "2 ok stub -"
    check "$name: at the same rate" "$work/out" test "$(sql "$db" "select baud from attempt order by id desc limit 1")" = 921600
    check "$name: and its flash is right" "$work/out" holds_the_images "$i"
done
stop_fixture

start_boards --fault '0:stuck-bit=0x10020' --fault '1:drop=0.0002'
check "a bit that cannot be programmed fails the board" "$work/out" test "$(run_on 0 once; echo $?)" = 1
check "as flash that is bad, told by both stubs" "$work/out" grep -q "wrong at the same byte" "$work/out"
check "a wire that loses bytes: the board passes" "$work/out" run_on 1 once
check "and its flash is right" "$work/out" holds_the_images 1
stop_fixture

# ---- What it is not for --------------------------------------------------------------------------
make_images esp32h4 28 0x2000
sed "s/^port: .*/loader: fast/" "$work/esp32h4/esp32h4.yaml" >"$work/esp32h4/fast.yaml"
check "another chip is refused" "$work/out" exits 3 "$station" check "$work/esp32h4/fast.yaml"
check "with those that can, and what to write" "$work/out" says "$work/out" "there is no fast stub for ESP32-H4, only for esp8266, esp32, esp32s2" "use 'loader: auto'"
sed "s/^port: .*/port: { reset: none }/" "$work/esp32/fast.yaml" >"$work/esp32/none.yaml"
check "a port that resets nothing is refused" "$work/out" exits 3 "$station" check "$work/esp32/none.yaml"
check "and why" "$work/out" says "$work/out" "needs a port that resets the board"
sed "s/^loader: fast/prove_twice: 5/" "$work/esp32/fast.yaml" >"$work/esp32/idle.yaml"
check "a second proof without it is refused" "$work/out" exits 3 "$station" check "$work/esp32/idle.yaml"
# Behind a server the chip's own USB does not show: there it stays silent.
start_fixture --boards 1 --chip esp32c3 --fault '0:usb=jtag' --fill dirty
sed "s/^port: .*/port: { baud: 460800, fallback: [115200], reset: usb-jtag }/" "$work/esp32c3/once.yaml" >"$work/esp32c3/usb.yaml"
check "the chip's own USB: the board passes" "$work/out" run_on 0 usb
check "by the vendor's stub" "$work/out" test "$(attempt)" = "2 ok stub -"
stop_fixture
echo "1..$test_number"
