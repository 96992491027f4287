# Cables pulled and put back, and half-dead ports: the short form of `make pull-test`.
. "$(dirname "$0")/lib.sh"
need_node 16 0
"$NODE" "$root/tests/crash/pulls.mjs" --pulls 40 --boards 8
