# The station is killed at random moments and started again: the short form of `make crash-test`.
. "$(dirname "$0")/lib.sh"
need_node 16 0
"$NODE" "$root/tests/crash/crash.mjs" --kills 15
