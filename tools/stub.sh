#!/bin/sh
#
# Builds the fast stub of every chip into FOLDER (stub/built), as files of the form in which stubs are
# published, and their digests. Called by `make stub`; the files are kept, so that the station is built
# without a cross compiler, and tests compare them with what comes out here.
set -eu
cd "$(dirname "$0")/.."
to=${1:-stub/built}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What handles each byte is made quick, the rest small: it has to be loaded.
QUICK='crc sum wire unpack unlzma flash_pen fast'
SMALL='fast_answer'
# Everything that could make another file of the same source is spelled out.
FLAGS='-std=c11 -ffreestanding -fno-builtin -fno-jump-tables -nostdlib -I. -flto -flto-partition=none
       -frandom-seed=stub -ffunction-sections -Wall -Wextra -Werror'

address_of() { # symbol: in decimal
    printf '%d' "0x$("$prefix-nm" "$work/stub.elf" | awk -v name="$1" '$3 == name { print $1 }')"
}

section() { # name: in base64
    "$prefix-objcopy" -O binary --only-section=".$1" "$work/stub.elf" "$work/section"
    base64 -w0 "$work/section"
}

compile() { # name, options...
    name=$1
    shift
    # shellcheck disable=SC2086 # one word each
    "$prefix-gcc" $FLAGS "$@" -c -o "$work/$name.o" "stub/$name.c"
}

build() { # chip, prefix of the tools, start, options...
    chip=$1 prefix=$2 start=$3
    shift 3
    rm -f "$work"/*.o
    for name in $QUICK "chip_$chip"; do compile "$name" -O2 "$@"; done
    for name in $SMALL; do compile "$name" -Os "$@"; done
    # shellcheck disable=SC2086 # one word each, and $more may be none
    "$prefix-gcc" $FLAGS "$@" -Wl,--gc-sections -Wl,--build-id=none -T "stub/$chip.ld" -o "$work/stub.elf" "stub/$start" $more "$work"/*.o
    printf '{"entry":%s,"text":"%s","text_start":%s,"data":"%s","data_start":%s,"bss_start":%s}\n' \
        "$(address_of start)" "$(section text)" "$(address_of text_start)" "$(section data)" \
        "$(address_of data_start)" "$(address_of bss_start)" >"$to/$chip.json"
}

mkdir -p "$to"
more=
build esp32c3 riscv64-unknown-elf start_riscv.S -march=rv32imc -mabi=ilp32 -mno-relax
more=stub/call_windowed.S # dropped where nothing calls it
build esp32 xtensa-lx106-elf start_xtensa.S -mtext-section-literals
(cd "$to" && sha256sum -- *.json >SHA256SUMS)
