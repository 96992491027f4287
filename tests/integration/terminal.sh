# The screen in a terminal, as tmux sees it: sizes, languages, letters, keys, and the ways out.
. "$(dirname "$0")/lib.sh"
command -v tmux >/dev/null || skip_all "there is no tmux here; run: make deps"
scene=$bin/show_scene
cat_screen() { tmux -S "$work/tmux" capture-pane -p "$@" >"$work/screen" 2>/dev/null; }
tm() { tmux -S "$work/tmux" -f /dev/null "$@" 2>>"$work/tmux.err"; }
# Nothing there is left to end by itself: SIGHUP of a terminal comes with SIGCONT, too (see lib.sh).
close_window() {
    tm list-panes -a -F '#{pane_tty}' | sed 's|^/dev/||' | xargs -r -n 1 pkill -KILL -t
    lose_terminal
}
lose_terminal() { tm kill-server; rm -f "$work/tmux"; }
trap 'close_window; cleanup' EXIT
# What it says when it has ended stands in the file; a line of the shell keeps the window open.
window() { # COLUMNS ROWS ENVIRONMENT COMMAND
    close_window
    tm new-session -d -x "$1" -y "$2" "trap : INT; env -u LC_ALL -u NO_COLOR $3 sh -c '$4'; echo ended: \$?; exec sleep 1000"
}
shows() { # TEXT...: within the time, all at once
    local end=$((SECONDS + 20)) text missing
    while :; do
        missing=
        cat_screen
        for text in "$@"; do grep -qF -- "$text" "$work/screen" || missing=$text; done
        [ -z "$missing" ] && return
        [ $SECONDS -lt $end ] || { echo "# missing on the screen: $missing"; return 1; }
        read -rt 0.05 <> <(:) || :
    done
}
keys() { tm send-keys "$@"; }
press() { # KEY...: one after the other, as fingers do
    for key in "$@"; do keys "$key"; read -rt 0.15 <> <(:) || :; done
}
# Names stand as A01, B17 ...; each once but for the selected one, which stands below the tiles, too.
names() { grep -oE '[A-H][0-3][0-9]' "$work/screen" | sort -u | wc -l; }
all_names() { [ "$(names)" = "$1" ] || { echo "# $(names) names, not $1"; return 1; }; }
is_within() { [ "$(LC_ALL=C.UTF-8 wc -L <"$work/screen")" -le "$1" ]; }
is_ascii() { ! LC_ALL=C grep -q '[^ -~]' "$work/screen"; }

# ---- Sizes ----------------------------------------------------------------------------------------
window 80 24 LANG=C.UTF-8 "$scene 64 short"
check "80 x 24 show 64 slots" "$work/screen" shows B32 DETAILS
check "each of them" "$work/screen" all_names 64
check "counts come first" "$work/screen" eval 'head -1 "$work/screen" | grep -q "^ PASS 340 .*FAIL 4 .*WORKING 9"'
check "then the lot and names" "$work/screen" eval 'sed -n 2p "$work/screen" | grep -q "Lot 2026-11 340/500  Recipe thermostat 2.3.0  Operator Eve  line 3"'
check "as they stand in the fixture" "$work/screen" eval 'sed -n 3p "$work/screen" | grep -qE "A01 .*A02 .*A08" && sed -n 5p "$work/screen" | grep -q "^ A09"'
check "how far a board is, too" "$work/screen" says "$work/screen" "A03 * 7%"
window 40 24 LANG=C.UTF-8 "$scene 64 short"
check "40 columns show 64 slots" "$work/screen" shows B32
check "each of them" "$work/screen" all_names 64
check "and the counts, and the lot" "$work/screen" says "$work/screen" "PASS 340" "FAIL 4" "WORKING 9" "ATTENTION 9" "340/500"
check "within 40 columns" "$work/screen" is_within 40
window 200 50 LANG=C.UTF-8 "$scene 256 short"
check "200 columns show 256 slots" "$work/screen" shows H32
check "each of them" "$work/screen" all_names 256
window 80 24 LANG=C.UTF-8 "$scene 256 short"
check "80 x 24 show as many of 256 as can be told apart, and say how many are below" "$work/screen" shows " v "
below=$(grep -oE ' v [0-9]+' "$work/screen" | tr -dc 0-9)
check "none is lost" "$work/screen" all_names $((256 - below))
press End
check "one goes there" "$work/screen" shows H32 " ^ "
window 80 24 LANG=C.UTF-8 "$scene 8 long"
check "long names are whole where there is room" "$work/screen" shows fixture-left-001 fixture-left-008
window 20 24 LANG=C.UTF-8 "$scene 8 long"
check "else their ends are: those tell them apart" "$work/screen" shows left-001 left-008
window 40 12 LANG=C.UTF-8 "$scene 8 short stopping"
check "the stop notice is there at 40 columns" "$work/screen" shows "STOPPED: NO NEW BOARD BEGINS"
check "among the first lines" "$work/screen" eval 'head -3 "$work/screen" | grep -q "STOPPED: NO NEW"'
window 80 24 LANG=C.UTF-8 "$scene 8 short stale"
check "a station that says nothing is told, with how long" "$work/screen" shows "THE STATION DOES NOT ANSWER: 12 s"
check "in front of the counts, which are old" "$work/screen" eval 'head -1 "$work/screen" | grep -q "^ THE STATION DOES"'
press Enter
check "the details of a slot say it, too" "$work/screen" shows "THE STATION DOES NOT ANSWER: 12 s" "What is shown is old"
window 40 9 LANG=C.UTF-8 "$scene 8 short gone"
check "a station that is gone is told in a small window" "$work/screen" shows "THE STATION IS GONE: 12 s"
press Enter
check "there in the details, too" "$work/screen" shows "THE STATION IS GONE: 12 s" "What is shown is old"
window 80 24 LANG=C.UTF-8 "$scene 0 short"
check "no slots are no accident" "$work/screen" shows "This station has no slots"

# ---- A selected slot says it all ------------------------------------------------------------------
sentence="Writing app.bin at 0x10000: Block 17 of 43: no reply to FLASH_DEFL_DATA after 3.0 s."
hint="Check cable and supply; a lower port.baud in the recipe can help."
all_said() { # words may be on several lines
    cat_screen
    tr -s ' \n' ' ' <"$work/screen" | grep -qF -- "$1"
}
window 100 24 LANG=C.UTF-8 "$scene 8 short"
check "a window" "$work/screen" shows A08
press Right Right Right Right
check "the selected slot's sentence is below" "$work/screen" await all_said "$sentence"
check "and what helps" "$work/screen" await all_said "$hint"
check "and what can be done" "$work/screen" shows "r RETRY" "a ACKNOWLEDGE"
window 30 12 LANG=C.UTF-8 "$scene 8 short"
check "a small window" "$work/screen" shows A08
press Down Down Down Down Enter
check "shows it after Enter" "$work/screen" await all_said "$sentence"
press Down Down Down Down Down
check "all of it, line by line" "$work/screen" await all_said "$hint"
press Enter
check "and then the tiles again" "$work/screen" shows A08

# ---- Languages and letters ------------------------------------------------------------------------
for row in en:WORKING zh:烧录中 es:"EN PROCESO" vi:"ĐANG CHẠY" de:LÄUFT; do
    window 80 24 "LANG=${row%%:*}_XX.UTF-8" "$scene 64 short"
    check "in ${row%%:*}" "$work/screen" shows "${row#*:}" B32
    check "within 80 columns" "$work/screen" is_within 80
    check "with all slots" "$work/screen" all_names 64
    window 40 24 "LANG=${row%%:*}_XX.UTF-8" "$scene 64 short stopping"
    check "in ${row%%:*} at 40 columns" "$work/screen" shows B32 340
    check "within 40 columns" "$work/screen" is_within 40
    check "with all slots" "$work/screen" all_names 64
done
window 80 24 LANG=C.UTF-8 "$scene 8 short"
check "English" "$work/screen" shows WORKING
press l
check "another language by a key" "$work/screen" shows 烧录中
press l l l l
check "and back" "$work/screen" shows WORKING
window 80 24 "LANG=C" "$scene 64 short"
check "in the C locale" "$work/screen" shows B32 "A04 +" "A05 X"
check "all is ASCII" "$work/screen" is_ascii
window 80 24 "LANG=de_DE.ISO-8859-1" "$scene 64 short"
check "without UTF-8 it is English" "$work/screen" shows WORKING B32
for term in xterm xterm-256color screen linux vt220 tmux-256color; do
    window 80 24 "LANG=C.UTF-8 TERM=$term" "$scene 64 short"
    check "TERM=$term" "$work/screen" shows B32 "FAIL 4"
    check "shows all slots" "$work/screen" all_names 64
done
coloured() { cat_screen -e; grep -qE $'\e\[[0-9;]*4[0-8]' "$work/screen"; }
window 80 24 LANG=C.UTF-8 "$scene 8 short"
check "there is colour" "$work/screen" shows A08
check "for the states" "$work/screen" coloured
window 80 24 "LANG=C.UTF-8 NO_COLOR=1" "$scene 8 short"
check "NO_COLOR" "$work/screen" shows A08 FAIL
check "takes it away" "$work/screen" eval '! coloured'

# ---- Resizing -------------------------------------------------------------------------------------
window 80 24 LANG=C.UTF-8 "$scene 64 short"
check "before" "$work/screen" shows B32
for size in "40 20" "200 60" "12 5" "120 12" "80 24"; do
    tm resize-window -x "${size% *}" -y "${size#* }"
    fits_now() { cat_screen; is_within "${size% *}" && says "$work/screen" "PASS 340" >/dev/null; }
    check "resized to $size, all is drawn within its columns" "$work/screen" await fits_now
done
is_back() { cat_screen; all_names 64 >/dev/null && is_within 80 && says "$work/screen" "l Language" >/dev/null; }
check "and all is back" "$work/screen" await is_back
tm resize-window -x 10 -y 4
check "a window that is too small says so" "$work/screen" shows "WINDOW"
tm resize-window -x 80 -y 24
check "until it is not" "$work/screen" shows B32

# ---- Keys -----------------------------------------------------------------------------------------
acts=$work/acts
: >"$acts"
window 80 24 LANG=C.UTF-8 "$scene 16 short $acts"
check "for keys" "$work/screen" shows A16
press Right Down x
check "x stops the board in the selected slot" "$acts" await grep -qx "act 1 slot 10 text -" "$acts"
press F9
check "F9 stops all" "$acts" await grep -qx "act 1 slot 0 text -" "$acts"
press F2
check "F2 starts all" "$acts" await grep -qx "act 0 slot 0 text -" "$acts"
: >"$acts"
keys xs-0815 Enter
check "what types faster than fingers is a scanner" "$acts" await grep -qx "act 8 slot 0 text xs-0815" "$acts"
check "and none of its letters a key" "$acts" test "$(wc -l <"$acts")" = 1
press r
check "a refusal is told" "$work/screen" shows "The board has left the slot"
press Left
check "until the next key" "$work/screen" shows "F2 START"
press C-z Right
check "Ctrl-Z stops no board in its middle" "$work/screen" shows "F2 START"
press q
check "q leaves" "$work/screen" shows "show_scene has ended" "ended: 0"
check "what was printed meanwhile comes then" "$work/screen" shows "something was done"

# ---- Ways out -------------------------------------------------------------------------------------
modes='stty -a >'$work'/before; '$scene' 8 short; stty -a >'$work'/after'
window 80 24 LANG=C.UTF-8 "$modes"
check "once more" "$work/screen" shows A08
press q
check "it ends" "$work/screen" shows "show_scene has ended"
check "the terminal is as it was" "$work/after" await cmp -s "$work/before" "$work/after"
check "with its cursor" "$work/screen" test "$(tm display-message -p '#{cursor_flag} #{alternate_on}')" = "1 0"
for signal in TERM HUP QUIT INT; do
    window 80 24 LANG=C.UTF-8 "echo \$\$ >$work/pid; exec $scene 8 short"
    check "a window" "$work/screen" shows A08
    kill -$signal "$(cat "$work/pid")"
    check "SIG$signal ends it and gives the terminal back" "$work/screen" shows "show_scene has ended" "ended: 0"
done
for term in dumb unknown-to-all ""; do
    window 80 24 "LANG=C TERM=$term" "$scene 8 short"
    check "TERM='$term' is nothing to draw on" "$work/screen" shows "no terminal to draw on"
done
window 80 24 LANG=C "$scene 8 short </dev/null"
check "nor is one without a keyboard" "$work/screen" shows "no terminal to draw on"
window 80 24 LANG=C "$scene 8 short | cat"
check "nor is a pipe" "$work/screen" shows "no terminal to draw on"
window 80 24 LANG=C "set -m; $scene 8 short & wait; echo went on"
check "in the background nothing is drawn, and nobody is stopped" "$work/screen" shows "no terminal to draw on" "went on"

# ---- A run ----------------------------------------------------------------------------------------
images=$work/images
"$bin/make_images" "$images" 200
db=$work/record.db
for lot in one two three names; do "$station" lot open $lot --operator Eve --db "$db" >/dev/null; done
passed() { [ "$(sql "$db" "select count(*) from run where verdict = 'PASS'" 2>/dev/null)" = "$1" ]; }
writing() { [ "$(grep -c 'write' "$work/screen")" -gt 0 ]; }
start_fixture --boards 3 --chip esp32 --speed 2
run="$station run $images/esp32.yaml --db $db --lot one ${port_options[*]}"
window 80 24 LANG=C.UTF-8 "$run"
check "a run draws its slots" "$work/screen" shows "WORKING 3" "demo-esp32"
check "and leaves its lines behind" "$work/screen" shows "slot 1   PASS" "3 of 3 boards passed" "ended: 0"
stop_fixture
start_fixture --boards 3 --chip esp32 --speed 2
run="$station run $images/esp32.yaml --db $db --lot two ${port_options[*]}"
window 80 24 LANG=C.UTF-8 "$run"
check "three boards more" "$work/screen" shows "WORKING 3"
keys C-s
check "while the terminal takes nothing, boards go on" "$work/screen" await passed 6
check "and the run ends all the same" "$work/screen" shows "ended: 0"
stop_fixture
start_fixture --boards 3 --chip esp32 --speed 1
run="$station run $images/esp32.yaml --db $db --lot three ${port_options[*]}"
window 80 24 LANG=C.UTF-8 "$run"
check "three boards are written" "$work/screen" shows "WORKING 3" "write"
keys C-c
check "Ctrl-C once: they finish" "$work/screen" shows "STOPPED: NO NEW BOARD BEGINS" "Ctrl-C: AT ONCE"
keys C-c
check "twice: they are stopped" "$work/screen" shows "0 of 3 boards passed" "ended: 1"
none_in_loader() { for i in 0 1 2; do ctl state $i | grep -q '"mode":"\(rom\|stub\)"' && return 1; done; return 0; }
check "none is left in its loader" "$work/fixture.log" await none_in_loader
window 80 24 LANG=C.UTF-8 "$run"
check "once more" "$work/screen" shows "WORKING 3" "write"
lose_terminal
stopped() { [ "$(sql "$db" "select count(*) from run where verdict = 'STOPPED'")" = "$1" ]; }
check "a terminal that goes away stops them, too" "$db" await stopped 6
check "none is left in its loader" "$work/fixture.log" await none_in_loader
check "and no run is left open" "$db" await eval '[ "$(sql "$db" "select count(*) from run where verdict is null")" = 0 ]'
cat >"$work/station.yaml" <<END
station: line 3
slots: [{ name: left, port: "${ports[0]}" }, { name: right, port: "${ports[1]}" }]
grid: [[right], [left]]
END
window 80 24 LANG=C.UTF-8 "$station run $images/esp32.yaml --db $db --station $work/station.yaml --lot names"
check "slots have the names of the station file" "$work/screen" shows "left *" "right *"
row_of() { grep -n -m1 -- "$1 " "$work/screen" | cut -d: -f1; }
check "and stand as in its grid" "$work/screen" test "$(row_of right)" -lt "$(row_of left)"
check "to the end" "$work/screen" shows "slot left PASS" "slot right PASS"
stop_fixture
echo "1..$test_number"
