#!/usr/bin/env bash
# Searches for inputs that break a promise, with clang's libFuzzer. Called by `make fuzz`.
#
#   tests/fuzz/fuzz.sh run SECONDS [NAME...]   each target so long, as many at once as there are CPUs
#   tests/fuzz/fuzz.sh keep [NAME...]          the smallest set of what was found, and of what is
#                                              kept, becomes tests/fuzz/corpus/NAME.txt
#
# What is found stays in build/fuzzing/found/NAME for the next time. Ends with 1 if a target crashed:
# the input is in build/fuzzing/crashes then, and replays with build/unit/fuzz_NAME FILE. Lines of a
# corpus whose name begins with kept_ stay as they are: put such an input there under a name that
# tells the mistake (build/unit/fuzz_NAME --pack FOLDER writes the lines).
set -u
cd "$(dirname "$0")/../.." || exit 1
# Absolute, because some targets work in a folder of their own.
build=$PWD/build/fuzzing
found=$build/found
jobs=${JOBS:-$(nproc)}
mkdir -p "$found" "$build/crashes" "$build/logs"
TMPDIR=$(mktemp -d "$(test -w /dev/shm && echo /dev/shm || echo /tmp)/fuzz.XXXXXX")
export TMPDIR ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1:malloc_context_size=4:quarantine_size_mb=16 UBSAN_OPTIONS=print_stacktrace=1
trap 'rm -rf "$TMPDIR"' EXIT

complain() { printf 'fuzz: %s\n' "$1" >&2; exit 1; }

compile() {
    command -v clang >/dev/null || complain 'this needs clang; run: make deps'
    make --no-print-directory -j"$(nproc)" CC=clang SAN=fuzz BUILD=$build fuzzers >"$build/logs/build.log" 2>&1 ||
        { tail -20 "$build/logs/build.log" >&2; complain "the targets do not build; see $build/logs/build.log"; }
    make --no-print-directory -j"$(nproc)" units >"$build/logs/build.log" 2>&1 ||
        { tail -20 "$build/logs/build.log" >&2; complain "the replays do not build; see $build/logs/build.log"; }
}

targets() { # the names given, else all
    if [ $# -gt 0 ]; then
        printf '%s\n' "$@"
    else
        for f in tests/fuzz/*.c; do basename "$f" .c; done
    fi
}

# What is kept, as files beside what was found before.
unpack() { # name
    mkdir -p "$found/$1"
    "build/unit/fuzz_$1" --unpack "$found/$1"
}

fuzz_one() { # seconds name
    local log=$build/logs/$2.log
    "$build/fuzz/$2" -max_total_time="$1" -timeout=25 -rss_limit_mb=4096 -print_final_stats=1 -close_fd_mask=3 \
        -dict="$PWD/tests/fuzz/$2.dict" -artifact_prefix="$build/crashes/$2-" "$found/$2" >"$log" 2>&1 </dev/null
    echo "exit $?" >>"$log"
}
export -f fuzz_one
export build found

report() { # name...
    local name log bad=0 executed cov inputs result
    printf '%-12s %12s %10s %10s %8s  %s\n' target executions per-second coverage inputs result
    for name; do
        log=$build/logs/$name.log
        executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        cov=$(grep -ao 'cov: [0-9]*' "$log" | tail -1)
        inputs=$(grep -ao 'corp: [0-9]*' "$log" | tail -1)
        result=clean
        grep -q '^exit 0$' "$log" || { result="FAILED, see $log"; bad=1; }
        printf '%-12s %12s %10s %10s %8s  %s\n' "$name" "${executed:-?}" \
            "$(sed -n 's/^stat::average_exec_per_sec: *//p' "$log")" "${cov#cov: }" "${inputs#corp: }" "$result"
    done
    return $bad
}

run() { # seconds name...
    local seconds=$1 names
    shift
    mapfile -t names < <(targets "$@")
    compile
    for name in "${names[@]}"; do unpack "$name"; done
    printf '%s\n' "${names[@]}" | xargs -P"$jobs" -I{} bash -c 'fuzz_one "$1" "$2"' _ "$seconds" {}
    report "${names[@]}"
}

# Edges alone count here, not how often each was taken: that would keep ten times as much.
keep_one() { # name
    local name=$1 small=$TMPDIR/small corpus=tests/fuzz/corpus/$1.txt
    unpack "$name"
    rm -rf "$small"
    mkdir "$small"
    "$build/fuzz/$name" -merge=1 -use_counters=0 -timeout=25 -close_fd_mask=3 "$small" "$found/$name" \
        >"$build/logs/$name-keep.log" 2>&1 </dev/null || complain "$name: see $build/logs/$name-keep.log"
    {
        grep -a '^kept_' "$corpus" 2>/dev/null
        "build/unit/fuzz_$name" --pack "$small" | sort
    } >"$TMPDIR/corpus"
    mkdir -p "${corpus%/*}"
    mv "$TMPDIR/corpus" "$corpus"
    printf '%-12s %5d inputs %7d bytes\n' "$name" "$(wc -l <"$corpus")" "$(wc -c <"$corpus")"
}

case ${1:-} in
run)
    [ $# -ge 2 ] || complain 'say for how many seconds'
    shift
    run "$@"
    ;;
keep)
    shift
    compile
    for name in $(targets "$@"); do keep_one "$name"; done
    ;;
*) complain 'say run SECONDS or keep' ;;
esac
