#!/usr/bin/env bash
# Runs all tests, each as TAP, and ends with "N passed, N failed". What cannot run here is said with its
# reason and counts as neither.
#
#   tests/run.sh            everything: style, gcc, clang, sanitizers
#   tests/run.sh gcc        gcc build, all unit and integration tests
#   tests/run.sh quick      gcc build, unit tests but for the longest, the integration tests that say most in least time
#   tests/run.sh NAME...    those integration tests alone, as tests/integration/NAME.sh
set -u
cd "$(dirname "$0")/.." || exit 1
export BUILD=${BUILD:-build}
logs=$BUILD/test-logs
mkdir -p "$logs"
passed=0 failed=0 skipped=0
jobs=$(nproc)
at_once=$((jobs + 1)) # tests, which wait more than they work

# Counts the TAP lines of a log, shows what failed or was skipped, and the end of a log that ended badly.
count() { # title log status [seconds]
    local ok bad skip
    skip=$(grep -acE '^(not )?ok .*# SKIP|^1\.\.0 # SKIP' "$2") # cmocka says "not ok" of what it skips
    ok=$(grep -a '^ok ' "$2" | grep -vc '# SKIP')
    bad=$(grep -a '^not ok ' "$2" | grep -vc '# SKIP')
    if [ "$3" -ne 0 ] && [ "$bad" -eq 0 ]; then
        bad=1
    fi
    passed=$((passed + ok)) failed=$((failed + bad)) skipped=$((skipped + skip))
    if [ "$bad" -gt 0 ]; then
        printf 'FAILED %s (exit %s), the log is %s\n' "$1" "$3" "$2"
        grep -a '^not ok ' "$2" | grep -v '# SKIP' | head -20
        grep -av '^ok ' "$2" | tail -25 | sed 's/^/    /'
    else
        printf '%-48s %4d ok%s\n' "$1" "$ok" "${4:+$(printf ' %4d s' "$4")}"
    fi
    grep -aE '^(not )?ok .*# SKIP|^1\.\.0 # SKIP' "$2" |
        sed -E 's/^(not )?ok [0-9]+( -)? //; s/^1\.\.0 //; s/^# SKIP //; s/ # SKIP/:/; s/^/    skipped: /'
}

# One step that is no TAP itself: one test.
step() { # title command...
    local title=$1 began=$SECONDS
    shift
    "$@" >"$(log_of "$title")" 2>&1 </dev/null
    end_step "$title" $? $((SECONDS - began))
}

log_of() { echo "$logs/${1//[^a-zA-Z0-9]/_}.log"; } # title

end_step() { # title status [seconds]
    [ "$2" -eq 0 ] && echo "ok 1 - $1" >>"$(log_of "$1")"
    count "$1" "$(log_of "$1")" "$2" "${3:-}"
    return "$2"
}

# Nothing of a tree that does not build is run.
everything="all units pages make_images make_record plc_floor show_floor show_scene measure preloads"
make_all() { make WERROR=-Werror "$@" $everything; }

# ---- What runs beside each other ------------------------------------------------------------------
# All of it: scripts and test programs of all builds, each with its own folder and ports, and at the lowest
# priority the builds that come later, one after the other. Scripts wait more than they work, so the
# programs and the builds fit in between, and nobody waits for the last script of one build before the next.
declare -A title_of=() log_of_pid=() began=() build_of=() built=()
testing=0

begin() { # title log command...
    local title=$1 log=$2
    shift 2
    "$@" &
    title_of[$!]=$title log_of_pid[$!]=$log began[$!]=$SECONDS
}

# Waits for one of them. A build lets the next one begin.
end_of_one() {
    local pid status
    wait -n -p pid "${!title_of[@]}"
    status=$?
    local title=${title_of[$pid]} seconds=$((SECONDS - began[$pid])) build=${build_of[$pid]:-}
    if [ -n "$build" ]; then
        end_step "$title" $status $seconds
        built[$build]=$status
        begin_build
    else
        testing=$((testing - 1))
        count "$title" "${log_of_pid[$pid]}" $status $seconds
    fi
    unset "title_of[$pid]" "began[$pid]" "build_of[$pid]"
}

await_tests() { while [ $testing -gt 0 ]; do end_of_one; done; }
await_all() { while [ ${#title_of[@]} -gt 0 ]; do end_of_one; done; }

room_for_one() { while [ $testing -ge $at_once ]; do end_of_one; done; }

later=() # name title make-arguments, of builds that have not begun
build_later() { later+=("$1|$2|$3"); }

begin_build() {
    local name title arguments
    [ ${#later[@]} -gt 0 ] || return 0
    IFS='|' read -r name title arguments <<<"${later[0]}"
    later=("${later[@]:1}")
    begin "$title" "$(log_of "$title")" build_quietly "$(log_of "$title")" "BUILD=$BUILD/$name" $arguments
    build_of[$!]=$name
}
build_quietly() { # log make-arguments...
    local log=$1
    shift
    nice -n 19 make -j"$jobs" WERROR=-Werror "$@" >"$log" 2>&1 </dev/null
}

await_build() { # name
    until [ -n "${built[$1]:-}" ]; do end_of_one; done
    [ "${built[$1]}" -eq 0 ]
}

# The long ones come first, so that none of them is left over at the end.
tests() { # title build-folder pattern-of-programs scripts...
    local title=$1 dir=$2 pattern=$3 name
    shift 3
    mkdir -p "$dir/test-logs"
    for name in $(long_ones_first "$@") $(programs "$dir" "$pattern"); do
        room_for_one
        begin "$title ${name##*/}" "$(log_of_test "$name" "$dir")" one_test "$name" "$dir"
        testing=$((testing + 1))
    done
}

style() { # title
    room_for_one
    begin "$1" "$(log_of "$1")" style_itself "$1"
    testing=$((testing + 1))
}
style_itself() { tools/check.sh >"$(log_of "$1")" 2>&1 </dev/null && echo "ok 1 - $1" >>"$(log_of "$1")"; }

programs() { # build-folder pattern
    printf '%s\n' "$1"/unit/* | grep -v '\.' | grep -E "/($2)\$" | grep -vE "/(${left_out:-none})\$"
}

# A path is a program, a name a script. A script that ends without its plan ended early, whatever it says.
one_test() { # name build-folder
    local log status
    log=$(log_of_test "$@")
    case $1 in
        */*) CMOCKA_MESSAGE_OUTPUT=TAP BUILD=$2 timeout 900 "$1" >"$log" 2>&1 </dev/null ;;
        *) BUILD=$2 timeout 1800 bash "tests/integration/$1.sh" >"$log" 2>&1 </dev/null ;;
    esac
    status=$?
    grep -qa '^1\.\.' "$log" || [ $status -ne 0 ] || { echo "not ok - it ended without a plan" >>"$log" && status=1; }
    return $status
}

log_of_test() { # name build-folder
    case $1 in
        */*) echo "$1.log" ;;
        *) echo "$2/test-logs/$1.log" ;;
    esac
}

long_ones_first() { # names...
    printf '%s\n' $long "$@" | awk -v names=" $* " 'index(names, " " $0 " ") && !seen[$0]++'
}
long="screen stats chips trouble crash campaign faults export flash pulls people realstub security"

quick="flash lots import stop"
# Programs that take longer than all others together; quick leaves them to `make test`, and says so.
longest="alloc_record|core_fast|core_hostile|db_audit|db_grow|db_units|fast_parts|fixture_agree|fixture_real|station_floor"
left_out=

all_names() {
    for f in tests/integration/*.sh; do
        f=${f##*/} f=${f%.sh}
        [ "$f" != lib ] && echo "$f"
    done
}

finish() {
    await_all
    echo
    [ -z "$left_out" ] || echo "left to make test: ${left_out//|/ }"
    [ "$skipped" -eq 0 ] || echo "$skipped skipped: look above for the reasons"
    echo "$passed passed, $failed failed"
    [ "$failed" -eq 0 ]
    exit
}

export ASAN_OPTIONS=detect_leaks=1:abort_on_error=0 UBSAN_OPTIONS=print_stacktrace=1
export LSAN_OPTIONS=suppressions=$PWD/tests/lib/leaks.supp:print_suppressions=0
export TSAN_OPTIONS=halt_on_error=0:second_deadlock_stack=1
names=$(all_names)
case ${1:-all} in
    all | gcc) ;;
    quick) names=$quick left_out=$longest ;;
    *)
        step "gcc build" make_all -j"$jobs" && tests gcc "$BUILD" none "$@"
        finish
        ;;
esac

step "gcc build" make_all -j"$jobs" || finish
if [ "${1:-all}" != all ]; then
    tests gcc "$BUILD" '.*' $names
    finish
fi

# Of TSan what has threads is built and tested.
threads='station_.*|port_.*|db_threads'
threaded() { (cd tests/unit && printf '%s\n' *.c) | sed 's/\.c$//' | grep -xE "$threads" | sed "s|^|$BUILD/tsan/unit/|"; }

build_later asan "ASan and UBSan build" "SAN=asan $everything"
build_later clang "clang build" "CC=clang $everything"
build_later tsan "TSan build" "SAN=tsan all make_images preloads $(threaded | tr '\n' ' ')"
begin_build
tests gcc "$BUILD" '.*' $names
style "format, layers, banned words, cppcheck"
# What is killed reports nothing, and another client's work says little about our memory.
await_build asan && tests asan "$BUILD/asan" '.*' $(printf '%s\n' $names | grep -vxE 'crash|independence')
await_build clang && tests clang "$BUILD/clang" '.*'
# A campaign's boards live in real time, and TSan leaves no time for anything beside them.
if await_build tsan; then
    await_tests
    tests tsan "$BUILD/tsan" none campaign
    await_tests
    tests tsan "$BUILD/tsan" "$threads" flash faults handtools stop loop
fi
finish
