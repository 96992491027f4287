#!/usr/bin/env bash
# libmodbus: what modbus_set_float_abcd writes, modbus_get_float_abcd does not read back, and the same for the three others.
#
# Guessed: get undoes set, and "abcd" puts the bytes A B C D, high byte first: 123456.0 is 47F12000, so the registers are 47F1 2000.
#     At least modbus_get_float_abcd(3) holds: 0020 F147 "will be read as 123456.0".
# Version: Debian libmodbus-dev 3.1.6-2.1+deb12u1, on a little-endian machine.
# Seen: set_float_abcd leaves F147 0020 (bytes BADC) and set_float_badc is the one that leaves 47F1 2000. Each named pair gives
#     -9.85402689e+29 for 123456. The manual's example gives 3.02528988e-39; get_float_abcd reads 47F1 2000. Only the pair without
#     an order in its name goes there and back (2000 47F1, CDAB).
# So: put floats into registers by hand, value >> 16 first, and show one known number in the register map.
. "$(dirname "$0")/lib.sh"
debian_packages libmodbus-dev=3.1.6-2.1+deb12u1 libmodbus5=3.1.6-2.1+deb12u1
cd "$tmp" || exit 2
cat >t.c <<'END'
#include <modbus.h>
#include <stdio.h>
static void show(const char *name, void (*set)(float, uint16_t *), float (*get)(const uint16_t *))
{
    uint16_t r[2];
    set(123456.0F, r);
    printf("%s %04X %04X reads back %.9g\n", name, r[0], r[1], (double)get(r));
}
int main(void)
{
    show("abcd", modbus_set_float_abcd, modbus_get_float_abcd);
    show("badc", modbus_set_float_badc, modbus_get_float_badc);
    show("cdab", modbus_set_float_cdab, modbus_get_float_cdab);
    show("dcba", modbus_set_float_dcba, modbus_get_float_dcba);
    show("none", modbus_set_float, modbus_get_float);
    printf("get abcd: manual's example %.9g, ", (double)modbus_get_float_abcd((uint16_t[]){0x0020, 0xF147}));
    printf("47F1 2000 %.9g\n", (double)modbus_get_float_abcd((uint16_t[]){0x47F1, 0x2000}));
}
END
compile t.c t "-I$root/usr/include/modbus" "$libs"/libmodbus.so.5 -Wno-deprecated-declarations
judge "abcd F147 0020 reads back -9.85402689e+29
badc 47F1 2000 reads back -9.85402689e+29
cdab 0020 F147 reads back -9.85402689e+29
dcba 2000 47F1 reads back -9.85402689e+29
none 2000 47F1 reads back 123456
get abcd: manual's example 3.02528988e-39, 47F1 2000 123456" "$(./t)"
