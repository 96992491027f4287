#!/usr/bin/env bash
# `jq -e` lets an empty file pass: the gate `jq -e '.verdict == "pass"' result.json` is open when the writer wrote nothing.
#
# Guessed: the manual gives -e status 4 when no result was ever produced, and that is the case here as with the filter `empty`.
# Version: Debian jq 1.6-2.1+deb12u3.
# Seen: 4 with input and a filter that gives nothing; 0 when there is no input at all: empty file, or blanks only.
# So: `jq -es 'length == 1 and .[0].verdict == "pass"'`, whose input is never empty.
. "$(dirname "$0")/lib.sh"
debian_packages jq=1.6-2.1+deb12u3 libjq1=1.6-2.1+deb12u3 libonig5
cd "$tmp" || exit 2
gate() { # title text filter
    printf '%s' "$2" | "$root/usr/bin/jq" -e "$3" >out 2>&1
    echo "$1: $?"
}
seen=$(
    gate pass '{"verdict":"pass"}' '.verdict == "pass"'
    gate fail '{"verdict":"fail"}' '.verdict == "pass"'
    gate "filter without a result" '{}' empty
    gate "empty file" '' '.verdict == "pass"'
    gate "blanks" '  ' '.verdict == "pass"'
    echo "empty file, slurped: $("$root/usr/bin/jq" -s 'length == 1' </dev/null)"
)
judge "pass: 0
fail: 1
filter without a result: 4
empty file: 0
blanks: 0
empty file, slurped: false" "$seen"
