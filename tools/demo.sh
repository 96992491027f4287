#!/usr/bin/env bash
# A line of eight virtual boards, one of them with a bad flash, from images made here. On a terminal it
# goes on until a key is pressed, and its screen can be looked at; elsewhere it ends with the eighth
# verdict. Leaves the record behind.
set -eu
BUILD=${BUILD:-build}
demo=$BUILD/demo
station=$BUILD/espstation

write_station() {
    local i=0 port
    echo "station: demo"
    echo "record: espstation.db"
    echo "slots:"
    for port in $ESPFIXTURE_PORTS; do
        i=$((i + 1))
        echo "  - { name: S$i, port: \"$port\" }"
    done
    echo "grid: [[S1, S2, S3, S4], [S5, S6, S7, S8]]"
}

verdicts() { grep -cE '^slot [0-9]+: (PASS|FAIL|STOPPED)' "$demo/line.log" || true; }

# Its output goes through a file, so that it prints lines here as there, and the keys are ours.
run_line() {
    local line tail
    : >"$demo/line.log"
    "$station" line "$demo/esp32.yaml" --station "$demo/station.yaml" --operator "$(id -un)" \
        >"$demo/line.log" 2>&1 </dev/null &
    line=$!
    tail -n +1 -s 0.2 --pid=$line -f "$demo/line.log" &
    tail=$!
    if [ -t 0 ] && [ -t 1 ]; then
        read -rsn1
    else
        while kill -0 $line 2>/dev/null && [ "$(verdicts)" -lt 8 ]; do sleep 0.2; done
    fi
    kill -INT $line 2>/dev/null || true
    wait $line
    wait $tail
}

if [ "${1:-}" = inside ]; then
    write_station >"$demo/station.yaml"
    if [ -t 0 ] && [ -t 1 ]; then
        echo "Open the address below in a browser. Any key here ends it."
    fi
    run_line
    exit
fi
mkdir -p "$demo"
"$BUILD/make_images" "$demo"
echo "Eight virtual ESP32 boards, the sixth with a bad flash; recipe $demo/esp32.yaml"
"$BUILD/espfixture" --quiet --boards 8 --chip esp32 --fault 5:stuck-bit=0x12345 --run "$0" inside
echo
echo "Next: $station export --db $demo/espstation.db --format csv"
echo "      $station history 24:0a:c4:00:00:00 --db $demo/espstation.db"
