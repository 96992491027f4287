# The station against the flasher stubs as the vendor ships them: what it uploads runs, instruction by
# instruction, on a board of each kind (espfixture --stub real). Everything passes at the first attempt
# there, and what goes wrong is told as it is.
. "$(dirname "$0")/lib.sh"
ls "$root"/deps/esptool-js/lib/targets/stub_flasher/*.json >/dev/null 2>&1 || skip_all "there are no stub files; run: make deps"
db=$work/record.db
# name, id in image headers, boot offset, what else is special about the board
chips=("esp32c3 5 0x0" "esp32c6 13 0x0" "esp32p4 18 0x2000" "esp32p4 18 0x2000 revision=300" "esp32 0 0x1000" "esp32s2 2 0x1000"
    "esp32s3 9 0x0")
names=() faults=()
for i in "${!chips[@]}"; do
    read -r name id offset special <<<"${chips[i]}"
    names+=("$name")
    for fault in $special; do faults+=(--fault "$i:$fault"); done
    [ -d "$work/$name" ] && continue
    "$bin/make_images" "$work/$name" 120 "$name" "$id" "$offset"
    sed "s/^port: .*/port: { baud: 921600, fallback: [460800, 115200] }/" "$work/$name/$name.yaml" >"$work/$name/always.yaml"
    sed "s/^version/write: changed\nversion/" "$work/$name/always.yaml" >"$work/$name/changed.yaml"
done

start_boards() { # option...
    start_fixture --boards ${#chips[@]} --chip "$(IFS=,; echo "${names[*]}")" --stub real --speed 5 --fill dirty "${faults[@]}" "$@"
}

station_on() { # board command recipe option...
    local board=$1 command=$2 recipe=$3
    shift 3
    "$station" "$command" "$work/${names[board]}/$recipe.yaml" --port "${ports[board]}" --plain "$@" >"$work/out" 2>&1 </dev/null
}

run_on() { # board recipe
    station_on "$1" run "$2" --db "$db"
}

# Of the latest attempt.
attempt() { # column
    sql "$db" "select $1 from attempt order by id desc limit 1"
}


holds_the_images() { # board
    read -r name id offset special <<<"${chips[$1]}"
    flash_equals "$1" "$offset" "$work/$name/bootloader.bin" && flash_equals "$1" 0x8000 "$work/$name/partitions.bin" &&
        flash_equals "$1" 0x10000 "$work/$name/app.bin" && is_running "$1"
}

seen() { # board counter
    ctl state "$1" | sed "s/.*\"$2\":\([0-9]*\).*/\1/"
}

programmed_bytes() { # board
    seen "$1" programmed_bytes
}

asked() { # board command in hexadecimal
    ctl state "$1" | sed "s/.*\"ops\":{[^}]*\"$2\":\([0-9]*\).*/\1/"
}

# ---- Everything a station does -------------------------------------------------------------------
start_boards
for i in "${!chips[@]}"; do
    read -r name id offset special <<<"${chips[i]}"
    title="$name${special:+ $special}"
    check "$title: run passes" "$work/out" run_on "$i" always
    check "$title: at the first attempt, at 921600" "$work/out" test "$(attempt "number || ' ' || code || ' ' || baud")" = "1 ok 921600"
    check "$title: the flash holds the images, and they run" "$work/out" holds_the_images "$i"
    check "$title: verify passes" "$work/out" station_on "$i" verify always
    before=$(programmed_bytes "$i")
    check "$title: what is there already passes" "$work/out" run_on "$i" changed
    check "$title: and is not written again" "$work/out" test "$(programmed_bytes "$i")" = "$before"
    check "$title: read gives the flash" "$work/out" exits 0 "$station" read --port "${ports[i]}" --from 0x10000 --size 0x12000 -o "$work/read-$i.bin"
    ctl dump "$i" "$work/dump" >/dev/null
    check "$title: byte for byte" "$work/out" cmp -n $((0x12000)) -i 65536:0 "$work/dump" "$work/read-$i.bin"
    check "$title: erase proves a part blank" "$work/out" exits 0 "$station" erase --port "${ports[i]}" --from 0x10000 --size 0x11000
done
stop_fixture

# ---- So quick that an image goes in pieces --------------------------------------------------------
start_boards
for i in "${!chips[@]}"; do
    read -r name id offset special <<<"${chips[i]}"
    title="$name${special:+ $special} at 2000000"
    sed "s/^port: .*/port: { baud: 2000000, fallback: [] }/" "$work/$name/$name.yaml" >"$work/$name/quick.yaml"
    check "$title: run passes" "$work/out" run_on "$i" quick
    check "$title: at the first attempt" "$work/out" test "$(attempt "number || ' ' || code || ' ' || baud")" = "1 ok 2000000"
    check "$title: the flash holds the images, and they run" "$work/out" holds_the_images "$i"
    check "$title: no frame was lost" "$work/out" test "$(seen "$i" overruns)" = 0
    check "$title: each 64 KiB had a BEGIN" "$work/out" test "$(asked "$i" 10)" = 4
done
stop_fixture

# ---- What goes wrong -----------------------------------------------------------------------------
start_boards --fault '0:brownout,at=middle,times=1' --fault '1:lose,at=write,dir=out,times=1' --fault '2:stuck-bit=0x10020' --fault '3:garble,at=verify,dir=out,times=1'
check "a supply that dips while a block is written: the board passes later" "$work/out" run_on 0 always
check "by a second attempt" "$work/out" test "$(attempt number)" = 2
check "and its flash is right" "$work/out" holds_the_images 0
check "a lost answer to a block: the board passes" "$work/out" run_on 1 always
check "and its flash is right" "$work/out" holds_the_images 1
check "a bit that cannot be programmed fails the board" "$work/out" test "$(run_on 2 always; echo $?)" = 1
check "as flash that differs" "$work/out" grep -q "differ" "$work/out"
check "a turned bit in an answer to MD5: the board passes" "$work/out" run_on 3 always
check "and its flash is right" "$work/out" holds_the_images 3
stop_fixture

# ---- An ESP8266, whose images are of another kind ------------------------------------------------
"$bin/make_images" "$work/esp8266" 120
sed "s/^port: .*/port: { baud: 921600, fallback: [460800, 115200] }/" "$work/esp8266/esp8266.yaml" >"$work/esp8266/always.yaml"
start_fixture --boards 1 --chip esp8266 --stub real --speed 5 --fill dirty
names=(esp8266)
check "esp8266: run passes" "$work/out" run_on 0 always
check "esp8266: at the first attempt, at 921600" "$work/out" test "$(attempt "number || ' ' || code || ' ' || baud")" = "1 ok 921600"
check "esp8266: verify passes" "$work/out" station_on 0 verify always
sed "s/^port: .*/port: { baud: 2000000, fallback: [] }/" "$work/esp8266/esp8266.yaml" >"$work/esp8266/quick.yaml"
check "esp8266 at 2000000: run passes" "$work/out" run_on 0 quick
check "esp8266 at 2000000: at the first attempt" "$work/out" test "$(attempt "number || ' ' || code || ' ' || baud")" = "1 ok 2000000"
check "esp8266 at 2000000: no frame was lost" "$work/out" test "$(seen 0 lost_frames)" = 0
check "esp8266: erase proves a part blank" "$work/out" exits 0 "$station" erase --port "${ports[0]}" --from 0x10000 --size 0x11000
stop_fixture

# ---- What cannot be run ----------------------------------------------------------------------------
for i in esp32h4; do
    check "$i: the fixture says that its stub cannot be run" "$work/out" exits 4 "$fixture" --stub real --chip $i --run true
    check "$i: and what to use" "$work/out" says "$work/out" "the stub of the $i cannot be run for real" "use --stub model"
done
echo "1..$test_number"
