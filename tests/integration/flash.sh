# The main job: one recipe, a whole fixture, verified, running and recorded.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 120
db=$work/record.db

flash_run() { # recipe option...
    local recipe=$1
    shift
    exits 0 "$station" run "$images/$recipe.yaml" --db "$db" "$@"
}

esp32_is_right() { # board
    flash_equals "$1" 0x8000 "$images/partitions.bin" && flash_equals "$1" 0x10000 "$images/app.bin" &&
        is_running "$1"
}

# The boot image's header is patched for 4 MB, dio, 40 MHz: 02 20 (ESP32), 02 40 (ESP8266).
header_is() { # board offset bytes
    ctl dump "$1" "$work/dump" >/dev/null
    [ "$(od -An -tx1 -j "$(($2 + 2))" -N 2 "$work/dump" | tr -d ' ')" = "$3" ]
}

same_but_header() { # board offset file: equal from byte 4 on
    ctl dump "$1" "$work/dump" >/dev/null
    cmp -s -i "$(($2 + 4)):4" -n "$(($(stat -c %s "$3") - 4))" "$work/dump" "$3"
}

csv_has_runs() {
    "$station" export --db "$db" --format csv >"$work/csv" &&
        test "$(sqlite3 :memory: ".mode csv" ".import $work/csv t" "select count(*) from t where verdict <> ''")" = "$1"
}

json_has_runs() {
    "$station" export --db "$db" --format json >"$work/json" &&
        test "$(sqlite3 :memory: "select json_array_length(readfile('$work/json'))")" = "$1"
}

# One array of all lines, for a reader of JSON that is not ours.
lines_are_json() { # file
    sed '1s/^/[/; $!s/$/,/; $s/$/]/' "$1" >"$work/array"
    test "$(sqlite3 :memory: "select json_valid(readfile('$work/array'))")" = 1
}

# ---- Eight ESP32 boards, dirty flash -----------------------------------------------------------
start_fixture --boards 8 --chip esp32 --speed 20 --fill dirty
check "eight ESP32 boards pass" "$work/out" flash_run esp32 "${port_options[@]}" --lot A --new-lot --operator Eve
check "the summary says so" "$work/out" says "$work/out" "8 of 8 boards passed" "$db"
all=true
for i in 0 1 2 3 4 5 6 7; do esp32_is_right $i || all=false; done
check "all eight hold the images, and run" "$work/fixture.log" $all
check "each board has a run in the record" "$db" \
    test "$(sql "$db" "select count(*) from run where verdict='PASS'")" = 8
check "verify finds them equal, and changes nothing" "$work/out" \
    exits 0 "$station" verify "$images/esp32.yaml" "${port_options[@]}"
# One byte of one board changes behind its back; a bad board is no bad cable, and is looked at once.
ctl dump 3 "$work/flash3" >/dev/null
byte_at() { dd if="$1" bs=1 skip=$((0x11111)) count=1 status=none | xxd -p; }
was=$(byte_at "$work/flash3")
printf '%b' "\\x$(printf '%02x' $((0x$was ^ 0xFF)))" | dd of="$work/flash3" bs=1 seek=$((0x11111)) conv=notrunc status=none
ctl fill 3 "$work/flash3" >/dev/null
check "verify of a board with another byte fails" "$work/out" \
    exits 1 "$station" verify "$images/esp32.yaml" --port "${ports[3]}" --plain
check "it names the byte, and what it holds" "$work/out" says "$work/out" "differs from byte 0x11111 on" \
    "is $(byte_at "$work/flash3" | tr a-f A-F), not $(tr a-f A-F <<<"$was")" "does not hold the images of this recipe"
check "at the first look, without a word of rates and supply" "$work/out" \
    test "$(grep -ciE 'trying again|supply|write at|115200' "$work/out")" = 0
printf '%b' "\\x$was" | dd of="$work/flash3" bs=1 seek=$((0x11111)) conv=notrunc status=none
ctl fill 3 "$work/flash3" >/dev/null
check "a second board of the same MAC in the lot is refused" "$work/out" \
    exits 1 "$station" run "$images/esp32.yaml" --db "$db" --port "${ports[0]}" --lot A
check "the refusal names code, run and way out" "$work/out" says "$work/out" duplicate "has passed in this lot" --rework
check "rework is allowed when asked for" "$work/out" flash_run esp32 --port "${ports[0]}" --lot A --rework --operator Ann --reason relabelled --operator Ann --reason "new label"
check "history tells both runs" "$work/out" exits 0 "$station" history 240AC4000000 --db "$db"
check "and what each image held" "$work/out" says "$work/out" "app.bin, " "read back, as expected" "SHA-256 "
check "a board that nobody has seen: status 1" "$work/out" exits 1 "$station" history 240AC40000FF --db "$db"
check "history tells both runs" "$work/out" exits 0 "$station" history 240AC4000000 --db "$db"
check "history names lot, operator and refusal" "$work/out" says "$work/out" "24:0a:c4:00:00:00" "lot A" Eve duplicate
check "JSON export is JSON, a run for each" "$work/out" json_has_runs 10
check "CSV export has a line for each run" "$work/out" \
    csv_has_runs 10
check "expected and read-back MD5 agree for each image" "$db" \
    test "$(sql "$db" "select count(*) from digest where expected_md5=read_md5 and written_md5=read_md5")" = 27
check "the record names the application in the image" "$db" \
    test "$(sql "$db" "select distinct app_project||' '||app_version from image where app_project is not null")" = "demo 1.0.0"
stop_fixture

# ---- The ROM loader alone ----------------------------------------------------------------------
start_fixture --boards 2 --chip esp32,esp8266 --speed 20 --fill dirty
sed 's/^chip/loader: rom\nchip/' "$images/esp32.yaml" >"$images/esp32-rom.yaml"
sed 's/^chip/loader: rom\nchip/' "$images/esp8266.yaml" >"$images/esp8266-rom.yaml"
check "ESP32 through its ROM loader" "$work/out" flash_run esp32-rom --port "${ports[0]}"
check "it runs" "$work/fixture.log" esp32_is_right 0
check "the record says rom" "$db" test "$(sql "$db" "select loader from attempt order by id desc limit 1")" = rom
check "ESP8266 through its ROM loader, proved by the stub's MD5" "$work/out" flash_run esp8266-rom --port "${ports[1]}"
check "it runs" "$work/fixture.log" is_running 1
check "with the header patched" "$work/fixture.log" header_is 1 0 0240
stop_fixture

# ---- ESP8266: merged image, then five images in one session, no power cycle ----------------------
start_fixture --boards 2 --chip esp8266 --speed 20 --fill dirty --wiring dio
check "two ESP8266 boards pass" "$work/out" flash_run esp8266 "${port_options[@]}"
check "header patched to the real size and mode" "$work/fixture.log" header_is 0 0 0240
check "the rest is as the file" "$work/fixture.log" same_but_header 0 0 "$images/esp8266.bin"
check "five images in one session" "$work/out" flash_run esp8266-ota "${port_options[@]}"
check "the user image is there" "$work/fixture.log" flash_equals 1 0x1000 "$images/user1.bin"
check "and the parameters" "$work/fixture.log" flash_equals 1 0xfc000 "$images/init_data.bin"
check "and it runs" "$work/fixture.log" is_running 1
check "the next recipe needs no hand" "$work/out" flash_run esp8266 "${port_options[@]}"
sed 's/size: detect, mode: dio/size: keep, mode: keep/' "$images/esp8266.yaml" >"$images/keep.yaml"
check "the unpatched header on this board is caught" "$work/out" \
    exits 1 "$station" run "$images/keep.yaml" --db "$db" --port "${ports[0]}"
check "as code boot, board verified" "$work/out" says "$work/out" "boot" "The board is verified"
stop_fixture

# ---- Plain sockets: no lines, so the board is put into its loader by hand -----------------------
start_fixture --boards 1 --chip esp32 --speed 20 --socket
ctl press 0 boot >/dev/null
sed 's/^boot.*//; s/baud: 921600.*}/baud: 115200 }/' "$images/esp32.yaml" >"$images/socket.yaml"
check "a socket without lines" "$work/out" flash_run socket --port "${ports[0]}"
ctl press 0 reset >/dev/null
check "runs after a reset by hand" "$work/fixture.log" await is_running 0
stop_fixture

# ---- JSON lines ----------------------------------------------------------------------------------
start_fixture --boards 3 --chip esp32 --speed 20
"$station" run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --json >"$work/events" 2>"$work/out"
check "every line of --json is JSON" "$work/events" lines_are_json "$work/events"
check "three verdicts and an end" "$work/events" test "$(grep -c '"event":"verdict".*"verdict":"PASS"\|"event":"end","boards":3,"passed":3' "$work/events")" = 4

# ---- A loop: the next board starts by itself ------------------------------------------------------
"$station" run "$images/esp32.yaml" --db "$work/loop.db" --port "${ports[0]}" --loop --plain >"$work/loop" 2>&1 &
pid=$!
check "the first board passes" "$work/loop" await grep -q "PASS ESP32 24:0a:c4:00:00:00" "$work/loop"
ctl fault 0 mac=24:0a:c4:00:00:77 >/dev/null
check "another board is flashed without a hand" "$work/loop" await grep -q "PASS ESP32 24:0a:c4:00:00:77" "$work/loop"
kill -INT $pid
wait $pid
check "Ctrl-C ends the loop with status 0" "$work/loop" test $? = 0
stop_fixture

# ---- What a slot has learned serves its next board --------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 20
ctl fault 0 hang,at=baud,times=1 >/dev/null
"$station" run "$images/esp32.yaml" --db "$work/learn.db" --port "${ports[0]}" --loop --plain >"$work/learn" 2>&1 &
pid=$!
check "a rate that failed is followed by a lower one" "$work/learn" await grep -q "PASS ESP32 24:0a:c4:00:00:00" "$work/learn"
ctl fault 0 none >/dev/null
ctl fault 0 mac=24:0a:c4:00:00:77 >/dev/null
check "the next board passes" "$work/learn" await grep -q "PASS ESP32 24:0a:c4:00:00:77" "$work/learn"
check "it began with the rate that worked" "$work/learn" \
    test "$(grep -o 'write at [0-9]* baud' "$work/learn" | sort | uniq -c | tr -s ' ')" = " 2 write at 460800 baud"
check "and needed one attempt" "$work/learn" grep -q "PASS ESP32 24:0a:c4:00:00:77 in .*, attempt 1:" "$work/learn"
kill -INT $pid
wait $pid
stop_fixture
echo "1..$test_number"
