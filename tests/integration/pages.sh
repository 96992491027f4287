# Manual pages and completions: all commands are in them, and shells and readers of pages take them.
. "$(dirname "$0")/lib.sh"
cd "$root" || exit 1
[ -e "$bin/share/.made" ] || make -s pages BUILD="$bin" >"$work/out" 2>&1
share=$bin/share
mapfile -t commands < <("$station" --help | sed -n 's/^  espstation \([a-z]*\) .*/\1/p')
check "there are commands" "$work/out" test ${#commands[@]} -gt 20

# ---- Manual pages ---------------------------------------------------------------------------------
all_there() { # what COMMAND..., with $c
    for c in "${commands[@]}"; do
        "$@" "$c" || { echo "# $c"; return 1; }
    done
}
has_page() { test -s "$share/man1/espstation-$1.1"; }
check "every command has its page" "$work/out" all_there has_page
# Both come from the same rows: each option of --help, without its sentence, which a page breaks elsewhere.
page() { man -E ascii -l "$share/man1/espstation-$1.1" 2>/dev/null | tr -s ' \n' ' '; }
has_options() {
    local text option
    text=$(page "$1")
    while read -r option; do
        grep -qF -- "$option" <<<"$text" || { echo "# $1 lacks $option"; return 1; }
    done < <("$station" "$1" --help | sed -nE 's/^  (-[-a-z]+)( [A-Z]+)? .*/\1\2/p')
}
if command -v man >/dev/null && man --version >/dev/null 2>&1; then
    check "with every option" "$work/out" all_there has_options
    quiet() { ! man --warnings -E ascii -l -Tascii -Z "$1" 2>&1 >/dev/null | grep .; }
    for page in "$share"/man1/espstation.1 "$share"/man1/espstation-{run,nvs,erase,import}.1 "$share"/man5/*; do
        check "groff takes ${page##*/} without a warning" "$work/out" quiet "$page"
    done
    check "keys of recipes are there" "$work/out" eval 'man -E ascii -l "$share/man5/espstation-recipe.5" 2>/dev/null | grep -q "^ *boot.expect"'
else
    skip "pages as they are read" "there is no man here"
fi

# ---- bash -----------------------------------------------------------------------------------------
complete_bash() { # words of a line, the last one in work; prints what is offered
    bash --norc -c '. "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _espstation; printf "%s\n" "${COMPREPLY[@]}"' \
        - "$share/bash/espstation" "$@" 2>>"$work/err"
}
offers() { # WORD -- words of a line
    local want=$1
    shift 2
    complete_bash "$@" >"$work/out"
    grep -qxF -- "$want" "$work/out"
}
only() { # WORD -- words of a line
    offers "$@" && [ "$(wc -l <"$work/out")" = 1 ]
}
offered() { offers "$1" -- espstation ""; }
check "bash offers every command" "$work/out" all_there offered
check "and the one that begins so" "$work/out" only doctor -- espstation do
check "an option" "$work/out" only --operator -- espstation run --op
check "a word behind a command" "$work/out" offers learn -- espstation slots l
touch "$work/blinky.yaml"
check "a file behind an option that takes one" "$work/out" only "$work/blinky.yaml" -- espstation run --station "$work/bl"
check "a recipe" "$work/out" only "$work/blinky.yaml" -- espstation check "$work/bl"
check "nothing behind an option that takes a name" "$work/out" eval '! offers . -- espstation run --lot "" && [ ! -s "$work/out" ] || ! grep -q . "$work/out"'
check "no word of a usage that is an option" "$work/out" eval '! offers slot -- espstation erase ""'
check "without a word of complaint" "$work/err" test ! -s "$work/err"

# ---- zsh ------------------------------------------------------------------------------------------
if command -v zsh >/dev/null; then
    check "zsh can read it" "$work/out" exits 0 zsh -n "$share/zsh/_espstation"
    in_zsh() { grep -qE "^    '$1:" "$share/zsh/_espstation" && grep -qF "    ($1)" "$share/zsh/_espstation"; }
    check "every command is in it" "$work/out" all_there in_zsh
    # _arguments tells of a spec that it does not understand only when it runs: in a terminal of its own.
    cat >"$work/try.zsh" <<'END'
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "fpath=($1 \$fpath); autoload -U compinit; compinit -u -D; bindkey '^I' complete-word; PS1='ready> '; cd /; echo up"
zpty -r z got '*up*ready> '
zpty -w -n z $'espstation slots --spe\t--js\t\n'
zpty -r z got '*json*'
print -r -- "$got"
END
    timeout 30 zsh -f "$work/try.zsh" "$share/zsh" >"$work/zsh" 2>&1
    check "it completes options" "$work/zsh" grep -qE 'slots --speak.*--json' "$work/zsh"
else
    skip "zsh" "there is no zsh here"
fi
echo "1..$test_number"
