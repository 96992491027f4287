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

compile() { # name, option for its size
    # shellcheck disable=SC2086 # one word each
    "$prefix-gcc" $FLAGS $core "$2" -c -o "$work/$1.o" "stub/$1.c"
}

# What all chips with such a core have in common.
begin_core() { # prefix of the tools, start, options of the core
    prefix=$1 start=$2 core=$3
    rm -f "$work"/*.o
    for name in $QUICK; do compile "$name" -O2; done
    for name in $SMALL; do compile "$name" -Os; done
}

build() { # chip
    chip=$1
    compile "chip_$chip" -O2
    # shellcheck disable=SC2086 # one word each, and $more may be none
    "$prefix-gcc" $FLAGS $core -Wl,--gc-sections -Wl,--build-id=none -T "stub/$chip.ld" -o "$work/stub.elf" "stub/$start" $more "$work"/*.o
    rm "$work/chip_$chip.o"
    printf '{"entry":%s,"text":"%s","text_start":%s,"data":"%s","data_start":%s,"bss_start":%s}\n' \
        "$(address_of start)" "$(section text)" "$(address_of text_start)" "$(section data)" \
        "$(address_of data_start)" "$(address_of bss_start)" >"$to/$chip.json"
}

mkdir -p "$to"
rm -f "$to"/*.json
more=
begin_core riscv64-unknown-elf start_riscv.S '-march=rv32imc -mabi=ilp32 -mno-relax'
for chip in esp32c2 esp32c3 esp32c5 esp32c6 esp32c61 esp32h2 esp32p4 esp32p4-rev1; do build "$chip"; done
more=stub/call_windowed.S # dropped where nothing calls it
begin_core xtensa-lx106-elf start_xtensa.S -mtext-section-literals
for chip in esp8266 esp32 esp32s2 esp32s3; do build "$chip"; done
(cd "$to" && sha256sum -- *.json >SHA256SUMS)
