#!/usr/bin/env bash
# Flashes a virtual fixture of eight boards, from images made here. Leaves the record behind.
set -eu
BUILD=${BUILD:-build}
demo=$BUILD/demo
mkdir -p "$demo"
"$BUILD/make_images" "$demo"
echo "Eight virtual ESP32 boards; recipe $demo/esp32.yaml"
"$BUILD/espfixture" --quiet --boards 8 --chip esp32 --run \
    "$BUILD/espstation" run "$demo/esp32.yaml" --db "$demo/espstation.db" --operator "$(id -un)" '{ports}'
echo
echo "Next: $BUILD/espstation export --db $demo/espstation.db --format csv"
echo "      $BUILD/espstation history 24:0a:c4:00:00:00 --db $demo/espstation.db"
