# Stations are killed while boards get what is their own: the short form of the second half of `make crash-test`.
. "$(dirname "$0")/lib.sh"
need_node 16 0
"$NODE" "$root/tests/crash/units.mjs" --kills 8
