#!/usr/bin/env bash
# sqlite3's command line prints BLOBs up to the first zero byte: digests get shorter, and different ones the same.
#
# Guessed: a BLOB column in CSV comes out whole, as its bytes or in hex; .mode quote, insert and json do print all of it.
# Version: Debian sqlite3 3.40.1-2+deb12u2.
# Seen: X'4142004344' and X'4142' print the same two letters in the modes csv, list, column and tabs, exit status 0. A digest that
#     begins with 00 prints as nothing; one of 16 bytes has a zero byte in 6 cases of 100.
# So: select hex(digest), or store digests as text.
. "$(dirname "$0")/lib.sh"
debian_packages sqlite3=3.40.1-2+deb12u2 libsqlite3-0=3.40.1-2+deb12u2 libreadline8 libtinfo6
cd "$tmp" || exit 2
"$root/usr/bin/sqlite3" a.db "create table t(digest); insert into t values(X'4142004344'),(X'4142'),(X'0041')" ||
    cannot "sqlite3 does not run"
seen=$(
    for m in csv list column tabs quote; do
        "$root/usr/bin/sqlite3" -noheader a.db ".mode $m" 'select digest from t' | tr -d '\r' |
            sed 's/^ *$/nothing/; s/^""$/nothing/; s/ *$//' | paste -sd ' ' | sed "s/^/$m: /"
    done
)
judge "csv: AB AB nothing
list: AB AB nothing
column: AB AB nothing
tabs: AB AB nothing
quote: X'4142004344' X'4142' X'0041'" "$seen"
