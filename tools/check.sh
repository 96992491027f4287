#!/usr/bin/env bash
# House rules that a script can keep: format, layers, banned words, headers that stand alone, cppcheck.
# Prints what is wrong, with the reason, and fails if anything is.
set -u
cd "$(dirname "$0")/.." || exit 1
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT
mapfile -t sources < <(git ls-files '*.c' '*.h')

complain() { # reason, then lines on standard input
    local lines
    lines=$(cat)
    [ -z "$lines" ] && return
    printf '%s\n%s\n\n' "$1" "$(sed 's/^/    /' <<<"$lines")" | tee -a "$findings"
}

# ---- Format ------------------------------------------------------------------------------------
clang-format --dry-run -Werror "${sources[@]}" 2>&1 | grep 'error:' | cut -d: -f1 | sort -u |
    complain "Not formatted; run: make format"

# ---- Layers: lower never includes upper ----------------------------------------------------------
# includes FOLDER ALLOWED-PATTERN: our own includes in that folder's files.
includes() {
    grep -nE '^#include "' $(git ls-files "$1/*.[ch]" "$1/**/*.[ch]") | grep -vE "#include \"($2)"
}
includes core 'core/' | complain "core/ includes nothing but core/"
includes recipes 'core/(err|chip|reset|nearest|plain)\.h|recipes/' |
    complain "recipes/ knows errors, chip names, reset strings, nearest words and plain text of core/, and nothing else"
includes db 'core/err\.h|db/' | complain "db/ knows core/err.h, and nothing else"
includes station 'core/|recipes/|db/|station/' | complain "station/ includes no tests"
includes tests/fixture 'core/embedded\.h|tests/fixture/' |
    complain "The fixture shares no code with the station, so that they cannot share a mistake"
mapfile -t product < <(git ls-files '*.[ch]' | grep -v '^tests/')
grep -lE '#include "(core/[a-z_]*_priv|recipes/[a-z_]*_priv|db/[a-z_]*_priv)\.h"' "${product[@]}" |
    while read -r f; do
        grep -oE '#include "[a-z]+/[a-z_]*_priv\.h"' "$f" | grep -v "\"${f%%/*}/" | sed "s|^|$f: |"
    done | complain "A private header is for its own folder alone"

# ---- Banned, and why ---------------------------------------------------------------------------
ban() { # pattern reason files...
    local pattern=$1 reason=$2
    shift 2
    grep -nE "(^|[^a-zA-Z0-9_])($pattern)\(" "$@" | complain "$reason"
}
ban 'sprintf|strcpy|strcat|strtok|gets|vsprintf' "These write without knowing how much room there is" "${sources[@]}"
ban 'atoi|atol|atof' "These cannot tell a number from nonsense" "${sources[@]}"
ban 'system|popen|exec[lv][pe]*|execvpe|execveat|fexecve|posix_spawnp|fork|vfork|wordexp' \
    "No shell and no other program is ever called" "${product[@]}"
# One file may start one kind of program: a browser that prints a page. Its opening comment says why
# no text of the record, the command line or the environment can get into that start.
mapfile -t spawnless < <(printf '%s\n' "${product[@]}" | grep -vx station/report_pdf.c)
ban posix_spawn "No shell and no other program is ever called, but for the browser of station/report_pdf.c" "${spawnless[@]}"
grep -nE 'getenv|environ\b|cmd_|"db/|"station/report\.h|posix_spawn\(' station/report_pdf.c | grep -v 'posix_spawn(pid, browser, &files, &how, argv, envp)' |
    complain "station/report_pdf.c starts a browser once, and knows neither the record nor the environment"
mapfile -t lower < <(git ls-files 'core/*.[ch]' 'core/**/*.[ch]' 'recipes/*.[ch]' 'db/*.[ch]')
ban 'printf|puts|putchar|perror|fprintf|fputs|exit|abort|_exit' "Only station/ prints and exits" "${lower[@]}"
ban 'pthread_create|sleep|usleep|nanosleep|signal|sigaction' "Only station/ starts threads; waits go through core/clock" "${lower[@]}"
ban 'getenv|setenv' "Only station/ reads the environment" "${lower[@]}"
mapfile -t core < <(git ls-files 'core/*.c' 'core/**/*.c' | grep -v '^core/clock.c')
ban 'time|clock_gettime|gettimeofday|rand|random|srand' "Time and chance come through core/clock" "${core[@]}"
grep -nE '^(static )?(struct [a-z_]+|[a-z_0-9]+|char) \*?[a-z_]+(\[[^]]*\])?( =.*)?;$' "${lower[@]}" |
    grep -vE ':(extern|typedef|return|static const|const)' | grep -E '\.c:' |
    complain "core/, recipes/ and db/ keep no writable globals"
grep -nP '[^\x00-\x7F]' "${sources[@]}" | complain "Source files are plain ASCII"
awk 'FNR == 1 { long = 0 } length($0) > 100 { print FILENAME ":" FNR ": " length($0) " columns" }' "${sources[@]}" |
    complain "Lines have at most 100 columns"

# ---- Every header compiles alone -----------------------------------------------------------------
for h in $(git ls-files '*.h' | grep -v 'list\.h$'); do
    echo "#include \"$h\"" | gcc -std=c11 -D_GNU_SOURCE -I. -fsyntax-only -xc - 2>&1 | head -3
done | complain "A header does not stand alone"

# readdir is safe as long as two threads do not share a folder handle; glibc advises against readdir_r.
# ---- cppcheck ----------------------------------------------------------------------------------
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr -D_GNU_SOURCE -I. \
    --suppress=missingIncludeSystem --suppress=unusedStructMember --suppress=readdirCalled --suppress=preprocessorErrorDirective --error-exitcode=0 \
    --library=posix -j "$(nproc)" core recipes db station tests/fixture tools 2>&1 | grep -E '^[a-z].*: (error|warning|performance|portability)' |
    complain "cppcheck"

[ -s "$findings" ] && exit 1
echo "All house rules hold."
