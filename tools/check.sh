#!/usr/bin/env bash
# House rules that a script can keep: format, layers, banned words, headers that stand alone, cppcheck.
# Prints what is wrong, with the reason, and fails if anything is.
set -u
cd "$(dirname "$0")/.." || exit 1
findings=$(mktemp)
trap 'rm -f "$findings"' EXIT
# Also files that git does not track yet.
list() { git ls-files -co --exclude-standard --deduplicate -- "$@" | while read -r f; do [ -e "$f" ] && echo "$f"; done; }
mapfile -t sources < <(list '*.c' '*.h')

complain() { # reason, then lines on standard input
    local lines
    lines=$(cat)
    [ -z "$lines" ] && return
    printf '%s\n%s\n\n' "$1" "$(sed 's/^/    /' <<<"$lines")" | tee -a "$findings"
}

# ---- Format ------------------------------------------------------------------------------------
clang-format --dry-run -Werror "${sources[@]}" 2>&1 | grep 'error:' | cut -d: -f1 | sort -u |
    complain "Not formatted; run: make format"

# ---- Walls: who may include whom, one row a room; lower never includes upper --------------------
# A room is a folder with sources. Its row names the rooms and single headers it may include beside
# its own; a room without a row is a mistake. CONTRIBUTING.md says what each room is for.
walls=$(
    cat <<'END'
stub               .
core/base          .
core/facts         core/base
core/frames        core/base
core/ports         core/base
core/images        core/base core/facts core/frames stub/fast_wire.h
core/loader        core/base core/facts core/frames core/ports stub/fast_wire.h
core/flash         core/base core/facts core/frames core/images core/loader stub/fast_wire.h
core/nvs           core/base
core/fuses         core/base core/loader core/facts/chip_list.h
core/chips         core/base core/facts core/fuses core/loader core/ports/port.h
core/board         core/base core/facts core/fuses core/images core/loader
recipes/doc        core/base
recipes/label      core/base recipes/doc
recipes/station    core/base core/ports recipes/label recipes/doc recipes/doc/doc_priv.h
recipes/people     core/base recipes/doc recipes/doc/doc_priv.h
recipes/units      core/base core/nvs recipes/doc recipes/doc/doc_priv.h
recipes/security   core/base core/facts/chip.h core/fuses recipes/doc recipes/doc/doc_priv.h
recipes            core/base core/facts/chip.h core/loader/reset.h recipes/label recipes/doc recipes/doc/doc_priv.h recipes/units recipes/units/unit_priv.h recipes/security recipes/security/security_priv.h
db/store           core/base
db/proof           core/base db/store
db/units           core/base db/store
db/fleet           core/base db/store db/proof db/export/filter.h db/read/history.h db/read/stats.h db/read/stats_priv.h db/units/unit_list.h
db/write           core/base db/store db/units db/units/take_priv.h db/proof db/proof/checkpoint_priv.h
db/export          core/base db/store
db/read            core/base db/store db/proof db/proof/checkpoint_priv.h db/export/filter.h db/export/terms.h
station/base       core/base
station/attempt    core recipes station/base db/store/timing_list.h
station/cli        core/base core/fuses station/people station/trust core/loader/stub.h recipes/doc/doc.h recipes/station station/base station/attempt/job.h db/store/db.h db/proof db/write/act.h
station/line       core recipes db/store/db.h db/store/timing_list.h db/write db/units station/base station/attempt
station/service    core/base station/line
station/terminal   core/base core/facts/chip.h station/line/crew.h station/floor station/words
station/peer       core/base core/facts/chip.h recipes/station station/base station/people station/line/crew.h station/floor station/terminal/scene.h
station/screen     core/base core/facts/chip.h station/base station/people station/attempt station/line station/floor station/service/service.h station/terminal db/store/timing_list.h
station/slots      core recipes/station station/base station/cli station/line/ports.h
station/hand       core recipes/doc/doc.h station/base station/attempt/job.h station/cli station/line/crew.h station/slots
station/nvs        core/base core/nvs station/base station/cli station/hand/hand.h
station/import     core/base core/facts core/images recipes station/base
station/label      core recipes db/store/db.h db/write station/base station/cli station/line station/floor
station/scan       core recipes/station station/base station/cli station/line/crew.h station/floor
station/words      .
station/people     core/base recipes/people station/base
station/trust      core/base db/store/db.h db/proof station/base station/attempt/job.h recipes
station/plc        core/base recipes/station station/floor station/line
station/fleet      core/base recipes/station station/base station/cli db/store/db.h db/write/lease.h db/fleet/fleet.h db/fleet/fleet_lease.h db/proof/audit.h db/export/filter.h station/line station/floor
station/outlet     core/base recipes/station station/base db/store/db.h db/read/news.h station/line station/floor
station/floor      core recipes db/store/db.h db/write station/base station/attempt station/line station/people station/trust station/words
station/web        core/base recipes/station/station_file.h station/people db/store/db.h db/read station/base station/line station/floor station/words station/doctor/doctor.h
station/report     core/base db/store/db.h db/proof db/write db/export/filter.h db/read station/base
station/doctor     core/base core/loader/stub.h core/ports db/store/db.h db/read/health.h station/base
station/commands   core recipes db/store/db.h db/fleet/fleet.h db/fleet/fleet_lease.h db/proof db/write db/units db/export/export.h db/export/export_list.h db/read station
tests/fixture      core/base/embedded.h tests/fixture/cpu
tests/fixture/cpu  .
tests/fixture/chips tests/fixture tests/fixture/chip_sim_priv.h
END
)
room_of() { # the folder of each path on standard input, when it is one of the product's or the fixture's
    grep -E '^(stub|core|recipes|db|station|tests/fixture)/' | sed 's|/[^/]*$||' | sort -u
}
printf '%s\n' "${sources[@]}" | room_of | while read -r room; do
    may=$(awk -v room="$room" '$1 == room { $1 = ""; print }' <<<"$walls")
    [ -n "$may" ] || { echo "$room has no row among the walls of tools/check.sh"; continue; }
    printf '%s\n' "${sources[@]}" | grep -E "^$room/[^/]*$" | xargs grep -HnE '^#include "' |
        awk -v room="$room" -v may="$may" '
            BEGIN { count = split(may, rows, " "); rows[++count] = room }
            { split($0, part, "\""); ok = 0
              # A private header is for its own room, and for those that name it.
              shared = part[2] !~ /_priv\.h$/
              for (i = 1; i <= count; i++)
                  ok = ok || part[2] == rows[i] ||
                       (index(part[2], rows[i] "/") == 1 && (shared || rows[i] == room))
              if (!ok) print }'
done | complain "A room includes what is not in its row of the walls above"
printf '%s\n' "${sources[@]}" | grep -E '^(stub|core|recipes|db|station)/' | sed 's|.*/||' | sort | uniq -d |
    complain "Two files of one name"
mapfile -t product < <(list '*.[ch]' | grep -v '^tests/')

# ---- What has a file has its line in the list, or nobody would miss it --------------------------
grep -HnoE '^const struct (chip chip|port_ops port|form form|cmd cmd)_[a-z0-9_]+' "${product[@]}" |
    while IFS=: read -r file line row; do
        name=${row##* }
        name=${name#*_}
        case $row in
        *" chip_"*) list=core/facts/chip_list.h ;;
        *" port_"*) list=core/ports/port_list.h ;;
        *" form_"*) list=db/export/export_list.h ;;
        *) list=station/cli/commands_list.h ;;
        esac
        grep -qE "^[A-Z]+\(([A-Z0-9_]+, )?$name\)" "$list" || echo "$file:$line: $name is not in $list"
    done | complain "A row of a table has no line in its list"

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
mapfile -t spawnless < <(printf '%s\n' "${product[@]}" | grep -vx station/report/report_pdf.c)
ban posix_spawn "No shell and no other program is ever called, but for the browser of station/report/report_pdf.c" "${spawnless[@]}"
grep -nE 'getenv|environ\b|cmd_|"db/|"station/report/report\.h|posix_spawn\(' station/report/report_pdf.c | grep -v 'posix_spawn(pid, browser, &files, &how, argv, envp)' |
    complain "station/report/report_pdf.c starts a browser once, and knows neither the record nor the environment"
mapfile -t lower < <(list 'core/*.[ch]' 'recipes/*.[ch]' 'db/*.[ch]')
ban 'printf|puts|putchar|perror|fprintf|fputs|exit|abort|_exit' "Only station/ prints and exits" "${lower[@]}"
ban 'pthread_create|sleep|usleep|nanosleep|signal|sigaction' "Only station/ starts threads; waits go through core/clock" "${lower[@]}"
ban 'getenv|setenv' "Only station/ reads the environment" "${lower[@]}"
mapfile -t core < <(list 'core/*.c' | grep -v '^core/base/clock.c')
ban 'time|clock_gettime|gettimeofday|rand|random|srand' "Time and chance come through core/clock" "${core[@]}"
grep -nE '^(static )?(struct [a-z_]+|[a-z_0-9]+|char) \*?[a-z_]+(\[[^]]*\])?( =.*)?;$' "${lower[@]}" |
    grep -vE ':(extern|typedef|return|static const|const)' | grep -E '\.c:' |
    complain "core/, recipes/ and db/ keep no writable globals"
printf '%s\n' "${sources[@]}" | grep -vx station/words/words_list.h | xargs grep -nP '[^\x00-\x7F]' |
    complain "Source files are plain ASCII, but for the words of screens"
grep -nE '^ *\/\* ---- .*-{5,}' "${sources[@]}" | complain "A ruler is spelled /* ---- Words ---- */"
grep -nE '== NULL' "${product[@]}" | complain "A pointer that is NULL is spelled !p"
awk 'FNR == 1 { long = 0 } length($0) > 100 && FILENAME !~ /words_list/ { print FILENAME ":" FNR ": " length($0) " columns" }' "${sources[@]}" |
    complain "Lines have at most 100 columns"

# ---- What docs/ has from the program's tables --------------------------------------------------
tools/docs.sh --check | complain "docs/ is not as the program's tables say; run: make docs"

# ---- Every header compiles alone -----------------------------------------------------------------
lib_cflags=$(pkg-config --cflags libpq)
for h in $(list '*.h' | grep -v 'list\.h$'); do
    echo "#include \"$h\"" | gcc -std=c11 -D_GNU_SOURCE -I. $lib_cflags -fsyntax-only -xc - 2>&1 | head -3
done | complain "A header does not stand alone"

# readdir is safe as long as two threads do not share a folder handle; glibc advises against readdir_r.
# ---- cppcheck ----------------------------------------------------------------------------------
cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr -D_GNU_SOURCE -I. \
    --suppress=missingIncludeSystem --suppress=unusedStructMember --suppress=readdirCalled --suppress=preprocessorErrorDirective --error-exitcode=0 \
    --library=posix -j "$(nproc)" core recipes db station tests/fixture tools 2>&1 | grep -E '^[a-z].*: (error|warning|performance|portability)' |
    complain "cppcheck"

[ -s "$findings" ] && exit 1
echo "All house rules hold."
