# First attempts: on a faultless wire boards pass at their first one, at the recipe's rate; and where a loader
# is not known to bear that, at the highest that it is, which check, run and record say. The short form of
# `make first-attempts`.
. "$(dirname "$0")/lib.sh"
need_node 16 0
ls "$root"/deps/esptool-js/lib/targets/stub_flasher/*.json >/dev/null 2>&1 || skip_all "there are no stub files; run: make deps"

first_attempts() { # option...
    BUILD=$bin "$NODE" "$root/tests/campaign/first.mjs" --rates 2000000 --app 48 "$@" >"$work/out" 2>&1
}

for latency in 1 16; do
    check "esp8266, esp32 and esp32c3 at 2000000, adapter $latency ms: all at the first attempt" "$work/out" \
        first_attempts --chip esp8266,esp32,esp32c3 --latency $latency
done
check "esp32h21 by its ROM: the same, at the rate of ROMs" "$work/out" first_attempts --chip esp32h21 --latency 1 --stub model

# ---- What people are told ------------------------------------------------------------------------
db=$work/record.db
"$bin/make_images" "$work/images" 48
recipe() { # name rate loader
    sed "s/^port: .*/port: { baud: $2, fallback: [115200] }/; s/^version/loader: $3\nversion/" "$work/images/esp8266.yaml" >"$work/images/$1.yaml"
}
recipe quick 3000000 auto
recipe rom 2000000 rom
recipe plain 460800 auto
stub_words="3000000 baud is more than the flasher stub of the ESP8266 is known to bear: at most 2000000 baud"
rom_words="2000000 baud is more than the ROM loader of the ESP8266 is known to bear: at most 921600 baud"
rates_of_the_last() { sql "$db" "select number || ' ' || code || ' ' || baud || ' ' || baud_asked from attempt order by id desc limit 1"; }

check "check says at which rate, and why" "$work/out" exits 0 "$station" check "$work/images/quick.yaml"
check "in one sentence" "$work/out" says "$work/out" "baud     2000000: $stub_words"
exits 0 "$station" check "$work/images/rom.yaml"
check "of the ROM, too" "$work/out" says "$work/out" "baud     921600: $rom_words"
exits 0 "$station" check "$work/images/plain.yaml"
check "and nothing where the rate is borne" "$work/out" grep -qx "baud     460800" "$work/out"

start_fixture --boards 1 --chip esp8266 --speed 5 --fill dirty
check "a board whose recipe wants more than the stub bears passes" "$work/out" \
    exits 0 "$station" run "$work/images/quick.yaml" --port "${ports[0]}" --db "$db" --plain
check "the run says so" "$work/out" says "$work/out" "$stub_words" "write at 2000000 baud"
check "at the first attempt, and no slot looks slow for that" "$work/out" test "$(rates_of_the_last)" = "1 ok 2000000 2000000"
check "the same by its ROM" "$work/out" exits 0 "$station" run "$work/images/rom.yaml" --port "${ports[0]}" --db "$db" --plain
check "with the ROM's rate" "$work/out" says "$work/out" "$rom_words" "write at 921600 baud"
check "at the first attempt" "$work/out" test "$(rates_of_the_last)" = "1 ok 921600 921600"
stop_fixture
echo "1..$test_number"
