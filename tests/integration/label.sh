# Labels: what is sent for every character a value may have, drawn by a renderer of ZPL that we did not write,
# and read back by zbar and libdmtx; and what is refused before a lot starts.
. "$(dirname "$0")/lib.sh"
images=$work/images
"$bin/make_images" "$images" 8
recipe() { # FILE.yaml template [dpi]
    { cat "$images/esp32.yaml"; printf 'label: { file: %s, dpi: %s }\n' "$2" "${3:-203}"; } >"$images/$1"
}
template() { # FILE.zpl width height field: one field, which shows {lot}
    printf '^XA^CI28^PW%s^LL%s\n^FO120,60%s^FD{lot}^FS\n^XZ\n' "$2" "$3" "$4" >"$images/$1"
}

# ---- What stands in a label ----------------------------------------------------------------------
# All that a code can hold: printable ASCII, in pieces, each character between others.
all=$(printf '%b' "$(printf '\\x%x' $(seq 33 126))")
pieces=()
for at in 0 12 24 36 48 60 72 82; do pieces+=("${all:at:12}"); done
# What has bitten: commands, escapes of each code, heads of QR codes, blanks inside.
pieces+=('EX26-000123-7' 'A^XZ~JA^XA' '_41_5F__1' 'AB>CD>0>;>8' 'MA,HQ,x' '\&_1~2d065' '{x}{ }%"' 'a b  c')

kinds=(code128a code128n qr datamatrix)
field_of() { # kind dots-per-mm
    local m=$((($2 + 3) / 4)) # of bars; squares have twice that: paper is worse than a picture
    case $1 in
        code128a) echo "^BY$m^BCN,$((10 * $2)),N,N,N,A" ;;
        code128n) echo "^BY$m^BCN,$((10 * $2)),N,N,N,N" ;;
        qr) echo "^BQN,2,$((2 * m))" ;;
        datamatrix) echo "^BXN,$((2 * m)),200" ;;
    esac
}
read_code() { # kind picture
    case $1 in
        code128*) zbarimg -q --raw -Sdisable -Scode128.enable "$2" ;;
        qr) zbarimg -q --raw -Sdisable -Sqrcode.enable "$2" ;;
        datamatrix) dmtxread -N1 -m5000 "$2" ;;
    esac 2>/dev/null
}
reads_as() { # kind picture text
    local got
    got=$(read_code "$1" "$2"; echo .)
    got=${got%.}
    got=${got%$'\n'}
    [ "$got" = "$3" ] || { echo "# $2 reads as '$got', not '$3'"; return 1; }
}
all_read() { # dots-per-mm suffix
    local kind i status=0
    for kind in "${kinds[@]}"; do
        for i in "${!pieces[@]}"; do
            reads_as "$kind" "$work/$kind-$1-$i$2" "${pieces[i]}" || status=1
        done
    done
    return $status
}

missing=
for program in zbarimg dmtxread; do command -v $program >/dev/null || missing=$program; done
if [ -n "$missing" ]; then
    skip "codes are read back" "$missing is not installed; run: make deps"
else
    for dots in 8 12; do
        dpi=203 made=true
        [ $dots = 12 ] && dpi=300
        for kind in "${kinds[@]}"; do
            template $kind-$dots.zpl $((100 * dots)) $((60 * dots)) "$(field_of $kind $dots)"
            recipe $kind-$dots.yaml $kind-$dots.zpl $dpi
            for i in "${!pieces[@]}"; do
                for form in zpl png; do
                    "$station" label preview "$images/$kind-$dots.yaml" --value "lot=${pieces[i]}" \
                        -o "$work/$kind-$dots-$i.$form" >>"$work/out" 2>&1 || made=false
                done
            done
        done
        check "labels at $dpi dpi are made" "$work/out" $made
        check "our own pictures of them are read at $dpi dpi, every character" "$work/out" all_read $dots .png
        if [ -d "$root/tests/js/node_modules/zpl-renderer-js" ] && command -v "${NODE:-node}" >/dev/null; then
            check "another one draws them at $dpi dpi" "$work/render" \
                eval '"${NODE:-node}" "$root/tests/js/render.mjs" 100 60 $dots "$work"/*-$dots-*.zpl >"$work/render" 2>&1'
            check "and they are read at $dpi dpi, every character" "$work/render" all_read $dots .drawn.png
        else
            skip "another one draws labels at $dpi dpi" "zpl-renderer-js is missing; run: make deps"
        fi
    done
fi

# ---- What is refused, and when --------------------------------------------------------------------
template wide.zpl 400 240 '^BY2^BCN,50,N,N,N,N'
recipe wide.yaml wide.zpl
cat >"$work/station.yaml" <<END
station: test
slots: [{ name: A1, port: "rfc2217://127.0.0.1:1" }]
printer: { to: "file:labels.zpl" }
END
check "a value that does not fit is refused" "$work/out" \
    exits 3 "$station" label check "$images/wide.yaml" --lot 2026-11-and-more
check "with the field and the dots" "$work/out" \
    says "$work/out" "wide.zpl:2:" "beyond the label's right edge" "espstation label preview"
check "before a lot starts" "$work/out" \
    exits 3 "$station" run "$images/wide.yaml" --station "$work/station.yaml" --lot 2026-11-and-more --db "$work/r.db"
check "which is not opened" "$work/r.db" \
    test "$(sql "$work/r.db" "select count(*) from lot")" = 0
check "without a lot it is told what is missing" "$work/out" eval \
    'exits 3 "$station" run "$images/wide.yaml" --station "$work/station.yaml" --db "$work/r.db" && says "$work/out" "there is no value lot" "give --lot NAME"'
recipe fine.yaml wide.zpl 300
check "a label that is drawn for another printer is refused" "$work/out" eval \
    'exits 3 "$station" run "$images/fine.yaml" --station "$work/station.yaml" --lot A --db "$work/r.db" && says "$work/out" "drawn for 300 dpi, the printer has 203"'
printf '^XA^PW400^LL240^FO10,10^A0N,20,20^FD{serail}^FS^SN1^XZ' >"$images/wrong.zpl"
recipe wrong.yaml wrong.zpl
check "mistakes of a template are those of its recipe" "$work/out" \
    exits 3 "$station" run "$images/wrong.yaml" --station "$work/station.yaml" --lot A --db "$work/r.db"
check "and say where" "$work/out" says "$work/out" "wrong.zpl:1:" "^SN is not for labels of a line"
check "the template behind -o is not written over" "$work/out" eval \
    'exits 2 "$station" label preview "$images/fine.yaml" --lot A -o "$images/wide.zpl" && says "$work/out" "is read by this command"'
for name in x.pdf x.SVG x.jpeg; do
    check "a picture is not written to $name" "$work/out" eval \
        'exits 2 "$station" label preview "$images/wide.yaml" --lot A -o "$work/$name" && says "$work/out" "the picture is a PNG" "label.zpl" && test ! -e "$work/$name"'
done
check "the picture of a label that does not fit is drawn all the same" "$work/out" eval \
    'exits 3 "$station" label preview "$images/wide.yaml" --lot 2026-11-and-more -o "$work/wide.png" && test -s "$work/wide.png"'
printf 'label: { dpi: 203 }\n' | cat "$images/esp32.yaml" - >"$images/nofile.yaml"
check "a label without a file is a mistake" "$work/out" eval \
    'exits 3 "$station" check "$images/nofile.yaml" && says "$work/out" "'\''label'\'' has no '\''file'\''"'
check "a run without a printer says so, and goes on" "$work/out" eval \
    '"$station" run "$images/wide.yaml" --port rfc2217://127.0.0.1:1 --lot A --new-lot --db "$work/r.db" >"$work/out" 2>&1; says "$work/out" "no printer is in the station file" "slot 1"'

echo "1..$test_number"
