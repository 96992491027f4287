#!/usr/bin/env bash
# The station under valgrind, which sees what the sanitizers do not: values used before they were
# set, in our code and in what is handed to libraries. Called by `make valgrind`; TAP.
. "$(dirname "$0")/integration/lib.sh"
command -v valgrind >/dev/null || { echo 'Bail out! This needs valgrind; run: apt-get install valgrind'; exit 1; }
images=$work/images
db=$work/record.db
real=$station
station=$work/station

# Any error or lost block makes the status 99, which is none of the station's own.
cat >"$station" <<END
#!/bin/sh
exec valgrind --quiet --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,possible \
    --track-fds=no "$real" "\$@"
END
chmod +x "$station"

"$bin/make_images" "$images" 60

# clean TITLE STATUS WORD...: the command ends with its own status, and valgrind found nothing.
clean() {
    local title=$1 status=$2
    shift 2
    check "$title" "$work/out" exits "$status" "$station" "$@"
}

# Slow enough a wire for a station that runs thirty times slower than it should.
start_fixture --boards 3 --chip esp32 --speed 1 --fill dirty
clean "three boards are flashed" 0 run "$images/esp32.yaml" --db "$db" "${port_options[@]}" --lot A --new-lot --operator Eve --json
clean "a board that has passed is refused" 1 run "$images/esp32.yaml" --db "$db" --port "${ports[0]}" --lot A
clean "a board is verified" 0 verify "$images/esp32.yaml" --port "${ports[1]}"
clean "boards are identified" 0 identify "${port_options[@]}" --json
clean "a flash is read" 0 read --from 0x8000 --size 0xC00 --port "${ports[0]}" -o "$work/flash.bin"
clean "a part of it is erased" 0 erase --from 0x200000 --size 0x2000 --port "${ports[0]}"
stop_fixture

clean "a port that is gone fails" 1 run "$images/esp32.yaml" --db "$db" --port "${ports[0]}"
clean "a recipe is checked" 0 check "$images/esp32.yaml"
printf 'recipe: x\nchip: esp33\nimages: [ { file: no.bin, offset: q } ]\nbaud: 3\n' >"$work/wrong.yaml"
clean "mistakes of a recipe are told" 3 check "$work/wrong.yaml"
clean "a command is imported" 0 import -o "$work/made.yaml" -- esptool --chip esp32 -b 460800 write-flash 0x1000 \
    "$images/bootloader.bin" 0x10000 "$images/app.bin"
clean "a history is told" 0 history 24:0a:c4:00:00:00 --db "$db"
for format in csv json jsonl junit wsjf openhtf; do
    clean "runs are exported as $format" 0 export --db "$db" --format $format
done
clean "statistics are made" 0 stats --db "$db" --by slot
clean "the record is audited, and its end signed" 0 audit --db "$db" --save "$work/end.txt" --key "$work/key"
clean "a checkpoint is compared" 0 audit --db "$db" --checkpoint "$work/end.txt"
clean "an NVS partition is made" 0 nvs make "$root/tests/data/nvs/6-pages.csv" -o "$work/nvs.bin" --size 32K --make-keys "$work/keys.bin"
clean "and shown" 0 nvs show "$work/nvs.bin" --keys "$work/keys.bin" --json --show-secrets
clean "one that cannot be read is told" 1 nvs check "$work/nvs.bin"
clean "chips are listed" 0 chips
clean "ports are listed" 0 ports
clean "the reference of recipes is shown" 0 recipe --help
echo "1..$test_number"
