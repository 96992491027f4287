#!/usr/bin/env bash
# Miller turns a CSV with hexadecimal numbers into JSON that no JSON reader takes.
#
# Guessed: --icsv --ojson gives valid JSON: 0x1000 becomes "0x1000" or 4096.
# Version: Debian miller 6.6.0-2+b3.
# Seen: Miller keeps the spelling of a number that it does not change, in JSON too: "offset":0x1000, without quotes. Exit status 0,
#     and JSON.parse refuses the whole file. Options -A and -O (other readings of octal and integers) change nothing; with -S
#     every field is text and the file is JSON.
# So: mlr -S on the way from CSV to JSON, or string() around such fields.
. "$(dirname "$0")/lib.sh"
need node
debian_packages miller=6.6.0-2+b3
cd "$tmp" || exit 2
printf 'board,offset\n7,0x1000\n' >in.csv
read_json() {
    node -e 'const text = require("fs").readFileSync(0, "utf8");
        try { console.log("valid", JSON.stringify(JSON.parse(text))) } catch { console.log("not JSON") }'
}
seen=$(
    "$root/usr/bin/mlr" --icsv --ojson cat in.csv | tr -d ' \n'
    echo
    for o in '' -S -A -O; do
        # shellcheck disable=SC2086
        echo "with '$o': $("$root/usr/bin/mlr" --icsv --ojson $o cat in.csv | read_json)"
    done
    # shellcheck disable=SC2016
    echo "with string(): $("$root/usr/bin/mlr" --icsv --ojson put '$offset = string($offset)' in.csv | read_json)"
)
judge "[{\"board\":7,\"offset\":0x1000}]
with '': not JSON
with '-S': valid [{\"board\":\"7\",\"offset\":\"0x1000\"}]
with '-A': not JSON
with '-O': not JSON
with string(): valid [{\"board\":7,\"offset\":\"0x1000\"}]" "$seen"
