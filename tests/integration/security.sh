# What hostile recipes, servers and names may try, and what stops them; how the binary is built; who may
# read what the station writes.
. "$(dirname "$0")/lib.sh"
need_node 16 0
images=$work/images
"$bin/make_images" "$images" 40
db=$work/record.db
recipe=$images/esp32.yaml

# Nothing but printable text, line ends and (where it is UTF-8) letters: no escape, no C1, no turning mark.
is_plain() { # file...
    ! LC_ALL=C grep -aqP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]' "$@"
}

# ---- The binary -----------------------------------------------------------------------------------
readelf -W -h -l -d -n --dyn-syms "$station" >"$work/elf" 2>/dev/null
check "its place in memory is chance (PIE)" "$work/elf" grep -q 'Type: *DYN' "$work/elf"
check "its tables are read-only once it runs (full RELRO)" "$work/elf" \
    sh -c "grep -q GNU_RELRO '$work/elf' && grep -qE 'BIND_NOW|FLAGS.* NOW' '$work/elf'"
check "its stack holds no code" "$work/elf" grep -qE 'GNU_STACK .* RW +0x' "$work/elf"
check "no memory may be written and run" "$work/elf" sh -c "! grep -E '^ *LOAD' '$work/elf' | grep -q 'RWE'"
check "its stack is guarded" "$work/elf" grep -q '__stack_chk_fail' "$work/elf"
check "it looks for libraries in no folder of its own" "$work/elf" sh -c "! grep -qE 'R(UN)?PATH' '$work/elf'"
if ! grep -qE '__(asan|tsan)_init' "$work/elf"; then
    check "its buffers know their sizes (FORTIFY)" "$work/elf" grep -q '__snprintf_chk\|__vsnprintf_chk' "$work/elf"
fi
# The marks of -fcf-protection, where the compiler and its start files know them.
if [ "$(uname -m)" = x86_64 ] && readelf -n "$(gcc -print-file-name=crt1.o)" 2>/dev/null | grep -q SHSTK; then
    check "jumps land where they should (IBT, SHSTK)" "$work/elf" grep -q 'x86 feature: IBT, SHSTK' "$work/elf"
fi

# ---- Hostile recipes ------------------------------------------------------------------------------
changed() { # FILE SED-SCRIPT: the good recipe, changed.
    sed "$2" "$recipe" >"$images/$1"
}
refused() { # title text file
    check "$1: refused" "$work/out" exits 3 timeout 60 "$station" check "$images/$3"
    check "$1: said" "$work/out" says "$work/out" "$2"
    check "$1: plainly" "$work/out" is_plain "$work/out"
}
changed proc.yaml 's|app.bin|/proc/self/environ|'
refused "an image in /proc" "is made up by the kernel" proc.yaml
changed sys.yaml 's|app.bin|/sys/kernel/mm/transparent_hugepage/enabled|'
[ -e /sys/kernel/mm/transparent_hugepage/enabled ] && refused "an image in /sys" "is made up by the kernel" sys.yaml
changed dev.yaml 's|app.bin|/dev/zero|'
refused "a device" "is a FIFO, socket or device" dev.yaml
ln -s /dev/zero "$images/link.bin"
changed link.yaml 's|app.bin|link.bin|'
refused "a link to a device" "is a FIFO, socket or device" link.yaml
printf 'recipe: x\nchip: esp32\nimages:\n  - { file: "a\\e[2J.bin", offset: 0 }\n' >"$images/escape.yaml"
refused "an escape in a file's name" "holds control character 0x1b" escape.yaml
printf 'recipe: "\\u202Eknilb"\nchip: esp32\nimages:\n  - { file: app.bin, offset: 0x10000 }\n' >"$images/bidi.yaml"
refused "a name that turns the direction of writing" "holds control character 0x202e" bidi.yaml
{
    echo 'a: &a [x,x,x,x,x,x,x,x,x]'
    last=a
    for name in b c d e f g h i; do
        echo "$name: &$name [*$last,*$last,*$last,*$last,*$last,*$last,*$last,*$last,*$last]"
        last=$name
    done
} >"$images/bomb.yaml"
refused "aliases that would grow without end" "bomb.yaml:" bomb.yaml

# A file elsewhere may be named: it is somebody's build folder. It shows.
mkdir "$work/elsewhere"
mv "$images/app.bin" "$work/elsewhere/app.bin"
changed outside.yaml 's|app.bin|../elsewhere/app.bin|'
check "an image outside of the recipe's folder" "$work/out" exits 0 "$station" check "$images/outside.yaml"
check "is shown with its real place" "$work/out" says "$work/out" \
    "../elsewhere/app.bin lies outside of the recipe's folder: $(realpath "$work/elsewhere/app.bin")"
ln -s ../elsewhere/app.bin "$images/app.bin"
check "likewise behind a link" "$work/out" exits 0 "$station" check "$recipe"
check "with the place it leads to" "$work/out" says "$work/out" "app.bin lies outside of the recipe's folder: "
mv "$work/elsewhere/app.bin" "$images/app.bin"
check "one inside is not remarked upon" "$work/out" exits 0 "$station" check "$recipe"
check "inside" "$work/out" sh -c "! grep -q outside '$work/out'"

# ---- Hostile names and secrets --------------------------------------------------------------------
usage() { # title text argument...
    check "$1: refused" "$work/out" exits 2 timeout 60 "$station" run "$recipe" --db "$db" "${@:3}"
    check "$1: said" "$work/out" says "$work/out" "$2"
    check "$1: plainly" "$work/out" is_plain "$work/out"
}
usage "an escape in a port's name" "control character" --port $'/dev/tty\e[2J'
usage "a line end in a lot's name" "control character" --port /dev/ttyUSB0 --lot $'a\nslot 1: PASS'
usage "a password in a port's name" "no user's name or password belongs in it" --port rfc2217://eve:tomato@localhost:4000
check "a password is not repeated" "$work/out" sh -c "! grep -q tomato '$work/out'"
check "nor is a record begun" "$work" sh -c "! test -e '$db' || ! grep -aq tomato '$db'"

# ---- Hostile servers ------------------------------------------------------------------------------
"$NODE" "$root/tests/js/hostile.mjs" "$work/servers" >"$work/servers.log" 2>&1 </dev/null &
servers=$!
check "the hostile servers are up" "$work/servers.log" await test -s "$work/servers"
while read -r name number; do
    timeout 100 "$station" run "$recipe" --plain --db "$db" --port "rfc2217://127.0.0.1:$number" \
        >"$work/$name.out" 2>&1 </dev/null &
    eval "pid_$name=$!"
done <"$work/servers"
while read -r name number; do
    eval "wait \$pid_$name"
    check "server '$name': the board fails, in its time" "$work/$name.out" test $? -eq 1
    check "server '$name': the screen stays plain" "$work/$name.out" is_plain "$work/$name.out"
    check "server '$name': nothing paints a PASS" "$work/$name.out" sh -c "! grep -q '^slot 1: PASS' '$work/$name.out'"
done <"$work/servers"
log=$(sed -n 's/^log //p' "$work/servers")
timeout --foreground 60 "$station" monitor --port "rfc2217://127.0.0.1:$log" >"$work/monitor.out" 2>"$work/out" </dev/null &
monitor=$!
check "the monitor shows what it said" "$work/monitor.out" await grep -q 'slot 1: PASS' "$work/monitor.out"
kill -INT $monitor
wait $monitor
check "without what steers a terminal" "$work/monitor.out" is_plain "$work/monitor.out"
kill $servers
wait $servers 2>/dev/null
check "no PASS is in the record" "$db" test "$(sql "$db" "select count(*) from run where verdict = 'PASS'")" = 0

# ---- A record that somebody else has written into -------------------------------------------------
start_fixture --boards 1 --chip esp32 --speed 20
rm -f "$db"
check "a board passes" "$work/out" exits 0 "$station" run "$recipe" --db "$db" "${port_options[@]}" --lot a --new-lot
mac=$(sql "$db" 'select mac from board')
check "the record is open to read, to write for its owner" "$db" test "$(stat -c %a "$db")" = "$(printf '%o' $((0644 & ~$(umask))))"
sqlite3 "$db" "drop trigger if exists lot_final" "update lot set name = 'x' || char(27) || '[2J' || char(8238)" 2>"$work/out" ||
    sqlite3 "$db" "$(sql "$db" "select 'drop trigger ' || name || ';' from sqlite_master where type = 'trigger'")
        update lot set name = 'x' || char(27) || '[2J' || char(8238)" 2>"$work/out"
check "history of a record with escapes in it" "$work/out" exits 0 "$station" history "$mac" --db "$db"
check "shows them harmlessly" "$work/out" says "$work/out" "lot x?[2J?,"
check "and nothing else" "$work/out" is_plain "$work/out"

# ---- What is written ------------------------------------------------------------------------------
(umask 022 && exec timeout 60 "$station" read -o "$work/flash.bin" --size 64K "${port_options[@]}") >"$work/out" 2>&1 </dev/null
check "a flash that was read is for its owner alone" "$work/out" test "$(stat -c %a "$work/flash.bin")" = 600
touch "$work/victim"
ln -s "$work/victim" "$work/again.bin.part"
check "a link where the file is to be" "$work/out" exits 0 timeout 60 "$station" read -o "$work/again.bin" --size 64K "${port_options[@]}"
check "is not written through" "$work/victim" test ! -s "$work/victim"
stop_fixture
echo "1..$test_number"
