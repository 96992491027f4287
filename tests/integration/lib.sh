# What the integration tests share: TAP, a fixture, folders that go away, images made here.
# shellcheck shell=bash
set -u
BUILD=${BUILD:-build}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=$BUILD
[ "${bin#/}" = "$bin" ] && bin=$root/$bin
station=$bin/espstation
fixture=$bin/espfixture
work=$(mktemp -d)
# No station file of whoever runs the tests gets into them.
export ESPSTATION_STATION=
test_number=0
fixture_pid=

cleanup() {
    stop_fixture
    rm -rf "$work"
}
trap cleanup EXIT

ok() { # title
    test_number=$((test_number + 1))
    echo "ok $test_number - $1"
}

not_ok() { # title file-to-show...
    test_number=$((test_number + 1))
    echo "not ok $test_number - $1"
    shift
    for f in "$@"; do
        [ -e "$f" ] && tail -30 "$f" | sed 's/^/# /'
    done
}

# One check cannot run here.
skip() { # title reason
    test_number=$((test_number + 1))
    echo "ok $test_number - $1 # SKIP $2"
}

# The whole script cannot run here.
skip_all() { # reason
    echo "1..0 # SKIP $1"
    exit 0
}

# For scripts that are Node programs: skips where there is none, or none of `major.minor` or later.
need_node() { # major minor
    NODE=${NODE:-node}
    command -v "$NODE" >/dev/null || skip_all "there is no Node here; run: make deps"
    "$NODE" -e "const [a, b] = process.versions.node.split('.').map(Number);
        process.exit(a > $1 || (a === $1 && b >= $2) ? 0 : 1)" || skip_all "this needs Node $1.$2 or later"
}

# check TITLE FILE COMMAND...: the command must succeed; FILE is shown when it does not.
check() {
    local title=$1 file=$2
    shift 2
    if "$@"; then ok "$title"; else not_ok "$title" "$file"; fi
}

# says FILE TEXT...: every text is in the file.
says() {
    local file=$1
    shift
    for text in "$@"; do
        grep -qF -- "$text" "$file" || { echo "# missing in $file: $text"; return 1; }
    done
}

# exits STATUS COMMAND...: runs it, output to $work/out, and compares its status.
exits() {
    local want=$1 got
    shift
    "$@" >"$work/out" 2>&1 </dev/null
    got=$?
    [ $got -eq "$want" ] && return 0
    echo "# exit status $got, not $want: $*"
    return 1
}

# What is sent signals stands behind `timeout --foreground`: else timeout sends SIGCONT with each of them, and
# where that takes away the SIGSTOP with which LeakSanitizer halts what ends, it waits for ever.

# Waits until the command succeeds; at most a minute, for a machine that has much else to do.
await() {
    local end=$((SECONDS + 60))
    until "$@"; do
        [ $SECONDS -lt $end ] || { echo "# waited in vain: $*"; return 1; }
        read -rt 0.05 <> <(:) || :
    done
}

# start_fixture OPTION...: its ports are in the array `ports` then. One that runs is stopped.
start_fixture() {
    stop_fixture
    rm -f "$work/ports" "$work/ctl"
    "$fixture" --ports-file "$work/ports" --control "$work/ctl" --quiet "$@" >"$work/fixture.log" 2>&1 &
    fixture_pid=$!
    await test -s "$work/ports" || { cat "$work/fixture.log"; exit 1; }
    mapfile -t ports <"$work/ports"
    port_options=()
    for p in "${ports[@]}"; do port_options+=(--port "$p"); done
}

stop_fixture() {
    [ -n "$fixture_pid" ] || return 0
    kill "$fixture_pid" 2>/dev/null
    wait "$fixture_pid" 2>/dev/null
    fixture_pid=
}

ctl() {
    "$fixture" --ctl "$work/ctl" "$@"
}

# flash_equals BOARD OFFSET FILE: what the board's flash holds there is the file.
flash_equals() {
    local size
    size=$(stat -c %s "$3")
    ctl dump "$1" "$work/dump" >/dev/null && cmp -s -n "$size" -i "$(($2)):0" "$work/dump" "$3"
}

is_running() { # BOARD: soon, for its EN rises slowly after the station has let go of it
    await says_running "$1"
}
says_running() { ctl state "$1" | grep -q '"running":true'; }

sql() { # FILE STATEMENT
    sqlite3 -readonly "$1" "$2"
}
