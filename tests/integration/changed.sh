# `write: changed`: what is there already is proved and not sent, what differs is found and written.
# And what the station tells of its time and of the rates it has learned.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 120
db=$work/record.db
data=$images/data.bin
data_addr=0x108000 # a region that neither begins nor ends with a block of the flash
data_bytes=$((512 * 1024))

# Bytes that nobody would deflate to nothing, the same each time.
make_data() { # seed
    awk -v seed="$1" -v n=$((data_bytes / 16)) 'BEGIN { srand(seed); for (i = 0; i < n; i++) printf "%07x %07x\n", rand() * 268435456, rand() * 268435456 }' >"$data"
}

# recipe NAME LINE...: the demonstration and the data, with these lines.
recipe() {
    local name=$1
    shift
    { printf '%s\n' "$@"; sed "s|^port:|  - { file: data.bin, offset: $data_addr }\n&|" "$images/esp32.yaml"; } >"$images/$name.yaml"
}

station_run() { # recipe option...
    local name=$1
    shift
    "$station" run "$images/$name.yaml" --db "$db" "${port_options[@]}" --plain "$@" >"$work/out" 2>&1 </dev/null
}

counter() { # name: of board 0
    ctl state 0 | sed "s/.*\"$1\":\([0-9]*\).*/\1/"
}

# Of the latest attempt.
attempt() { # column
    sql "$db" "select $1 from attempt order by id desc limit 1"
}

digests() { # condition: how many images of the latest attempt meet it
    sql "$db" "select count(*) from digest as d join image as i on i.id = d.image
        where d.attempt = (select max(id) from attempt) and ($1)"
}

flash_is_right() {
    flash_equals 0 0x8000 "$images/partitions.bin" && flash_equals 0 0x10000 "$images/app.bin" &&
        flash_equals 0 $data_addr "$data" && is_running 0
}

make_data 1
test "$(stat -c %s "$data")" = $data_bytes || { echo "Bail out! data.bin has the wrong size"; exit 1; }
recipe changed "write: changed"
recipe always "write: always"

# ---- A blank board gets everything ---------------------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 20
check "a blank board passes" "$work/out" station_run changed
check "all of it is there, and runs" "$work/out" flash_is_right
check "the record says how it was written" "$db" test "$(attempt write_mode)" = changed
check "nothing was skipped" "$db" test "$(digests "d.skipped_bytes = 0 and written_md5 = read_md5")" = 4

# ---- Again: nothing is sent ------------------------------------------------------------------------
before=$(counter programmed_bytes)/$(counter erased_sectors)
check "the same board passes again" "$work/out" station_run changed
check "no byte of its flash was programmed or erased" "$work/out" \
    test "$(counter programmed_bytes)/$(counter erased_sectors)" = "$before"
check "every image was proved, and none sent" "$db" test "$(digests \
    "read_md5 = expected_md5 and written_md5 is null and written_sha256 is null and skipped_bytes >= size_bytes")" = 4
check "no byte was written, says the attempt" "$db" test "$(attempt bytes_written)" = 0
check "it is verified, and runs" "$work/out" flash_is_right
check "the record stands its audit" "$work/out" exits 0 "$station" audit --db "$db"

# ---- One byte: one piece of 64 KiB -----------------------------------------------------------------
change_byte() { # at
    printf '\x00' | dd of="$data" bs=1 seek="$1" conv=notrunc status=none
}
one_piece_is_written() { # at
    local before
    change_byte "$1"
    before=$(counter programmed_bytes)
    station_run changed && [ $(($(counter programmed_bytes) - before)) -le 65536 ] &&
        [ "$(attempt bytes_written)" -le 65536 ] && [ "$(attempt bytes_written)" -gt 0 ] && flash_is_right
}
check "one byte in the middle costs one piece" "$work/out" one_piece_is_written 300000
check "the image that it is in is proved anew, the others are not touched" "$db" \
    test "$(digests "written_md5 = read_md5 and d.skipped_bytes > 450000")/$(digests "written_md5 is null and read_md5 = expected_md5")" = 1/3
check "the first byte costs one piece" "$work/out" one_piece_is_written 0
check "and so does the last" "$work/out" one_piece_is_written $((data_bytes - 1))

# ---- What others did to the flash is found -----------------------------------------------------------
cp "$data" "$work/data.mine"
make_data 2
check "another recipe writes there" "$work/out" station_run always
check "and always sends all of it" "$db" test "$(attempt write_mode)/$(digests "d.skipped_bytes = 0 and written_md5 = read_md5")" = always/4
cp "$work/data.mine" "$data"
check "its bytes are found and replaced" "$work/out" station_run changed
check "the flash is right again" "$work/out" flash_is_right
check "only that image was sent" "$db" test "$(digests "written_md5 is not null")" = 1
ctl fill 0 dirty >/dev/null
check "a flash full of something else is written" "$work/out" station_run changed
check "and is right then" "$work/out" flash_is_right

# ---- A recipe that contradicts itself ---------------------------------------------------------------
recipe contradiction "write: changed" "erase: all"
check "changed and erase: all are refused" "$work/out" exits 3 "$station" run "$images/contradiction.yaml" --db "$db" "${port_options[@]}"
check "with what to write instead" "$work/out" says "$work/out" "'write: changed' and 'erase: all' exclude each other" "write: always" "erase: needed"

"$station" recipe --markdown >"$work/recipe.md"
check "the page of the recipe's keys is as the program makes it" "$work/recipe.md" cmp -s "$work/recipe.md" "$root/docs/recipe.md"

# ---- Where the time went -----------------------------------------------------------------------------
check "a run tells its times" "$work/out" station_run always --timing
check "as a table" "$work/out" says "$work/out" "slot     all    reset     sync" "stall" "floor"
# Which there are, the list says; the estimate is none of the parts.
timings=$root/db/store/timing_list.h
count=$(grep -cE '^TIMING(_ESTIMATE)?\([0-9]' "$timings")
parts=$(sed -nE 's/^TIMING\([0-9]+, ([a-z0-9_]+),.*/ifnull(\1_ms, 0)/p' "$timings" | paste -sd+)
check "with a line for the slot" "$work/out" grep -qE "^ +1 +[0-9]+\.[0-9]{2}( +[0-9]+\.[0-9]{2}){$((count - 1))}" "$work/out"
check "the parts in the record add up to the attempt, but for opening the port" "$db" \
    test "$(attempt "$parts <= duration_ms + 11 and ($parts) * 2 > duration_ms")" = 1
check "the wire has its part" "$db" test "$(attempt "wire_ms > 0 and md5_ms > 0 and floor_ms > 0")" = 1
check "programs get the same" "$work/out" station_run always --json
json_times() {
    grep '"event":"verdict"' "$work/out" >"$work/verdict" &&
        test "$(sqlite3 :memory: "select (select count(*) from json_each(v, '\$.timing')) = $count and
            (select sum(value) - json_extract(v, '\$.timing.floor') from json_each(v, '\$.timing')) <= json_extract(v, '\$.seconds') + 0.02
            from (select readfile('$work/verdict') as v)")" = 1
}
check "all parts and the floor, within the run" "$work/verdict" json_times
stop_fixture

# ---- A ROM that cannot be asked ------------------------------------------------------------------------
start_fixture --boards 1 --chip esp8266 --speed 20
sed 's/^chip/loader: rom\nwrite: changed\nchip/' "$images/esp8266.yaml" >"$images/esp8266-rom.yaml"
check "the ESP8266's ROM writes all of it" "$work/out" station_run esp8266-rom
check "twice" "$work/out" station_run esp8266-rom
check "and the record does not call that changed" "$db" \
    test "$(attempt write_mode)/$(attempt "bytes_written > 0")/$(digests "written_md5 is not null")" = always/1/1
check "it runs" "$work/fixture.log" is_running 0
stop_fixture

# ---- A rate that fails is remembered ---------------------------------------------------------------------
db=$work/rates.db
start_fixture --boards 1 --chip esp32 --speed 20 --fault hang,at=baud,times=1
check "a rate that fails is followed by a lower one" "$work/out" station_run always
check "the record says why" "$db" test "$(sql "$db" "select group_concat(baud_why) from attempt")/$(attempt baud)" = recipe,stepped-down/460800
check "the next run begins there" "$work/out" station_run always
check "and says so" "$work/out" says "$work/out" "Begins at 460800 baud: 921600 failed too often here lately"
check "the record calls it learned" "$db" test "$(attempt "number || baud_why || baud || baud_asked")" = 1learned460800921600
check "stats names slot and rates" "$work/out" exits 0 "$station" stats --by slot --db "$db"
check "below the recipe's rate" "$work/out" says "$work/out" "below the recipe's rate" "460800 instead of 921600"
check "a record that knows nothing begins at the recipe's rate" "$work/out" \
    exits 0 "$station" run "$images/always.yaml" --db "$work/fresh.db" "${port_options[@]}" --plain
check "as recorded" "$work/fresh.db" test "$(sql "$work/fresh.db" "select baud_why || baud from attempt")" = recipe921600
# As many passes as it takes for the failure to count no longer.
passes=0
: >"$work/out" # which holds the words of another record's run
while [ $passes -lt 25 ] && ! grep -q "write at 921600 baud" "$work/out"; do
    station_run always || break
    passes=$((passes + 1))
done
check "after some passes the recipe's rate is tried again ($passes)" "$work/out" grep -q "write at 921600 baud" "$work/out"
check "and is no longer called learned" "$db" test "$(attempt baud_why)" = recipe
stop_fixture
echo "1..$test_number"
