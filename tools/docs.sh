#!/usr/bin/env bash
# Writes into docs/ what comes from tables of the program. With --check it writes nothing, and fails
# with the rows that are wrong.
set -eu
cd "$(dirname "$0")/.."

timings() { # rows of docs/export.md
    sed -nE 's/^TIMING(_ESTIMATE)?\([0-9]+, ([a-z0-9_]+), "(.*)"\)$/| `\2_ms` | \3 |/p' db/store/timing_list.h
}
# Puts what the command prints between the two marks of a page.
fill() { # page mark command
    awk -v begin="<!-- $2 -->" -v end="<!-- end of $2 -->" -v rows="$("$3")" '
        $0 == begin { print; print rows; skip = 1; next }
        $0 == end { skip = 0; found = 1 }
        !skip { print }
        END { exit !found }' "$1"
}

new=$(mktemp)
trap 'rm -f "$new"' EXIT
fill docs/export.md timing_list.h timings >"$new"
if [ "${1:-}" = --check ]; then
    diff docs/export.md "$new"
else
    cmp -s "$new" docs/export.md || cp "$new" docs/export.md
fi
