#!/usr/bin/env bash
# A cmocka program with 256 failed tests exits 0.
#
# Guessed: `return cmocka_run_group_tests(...)` from main, as the manual's examples have it, is 0 only when all passed.
# Version: Debian libcmocka-dev 1.1.5-2.1.
# Seen: the function returns the number of failures and an exit status keeps its low 8 bits: 255 failed tests are 255, 256 are 0.
#     Generated tests (one for each line of a table) come there when what they share breaks.
# So: `return cmocka_run_group_tests(...) != 0`, or judge by the TAP lines and not by the status.
. "$(dirname "$0")/lib.sh"
debian_packages libcmocka-dev=1.1.5-2.1 libcmocka0=1.1.5-2.1
cd "$tmp" || exit 2
cat >t.c <<'END'
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
static void fails(void **state)
{
    (void)state;
    fail();
}
#define ONE cmocka_unit_test(fails)
#define FOUR ONE, ONE, ONE, ONE
#define SIXTEEN FOUR, FOUR, FOUR, FOUR
#define SIXTY_FOUR SIXTEEN, SIXTEEN, SIXTEEN, SIXTEEN
int main(int argc, char **argv)
{
    const struct CMUnitTest one_less[] = {SIXTY_FOUR, SIXTY_FOUR, SIXTY_FOUR, SIXTEEN, SIXTEEN, SIXTEEN, FOUR, FOUR, FOUR,
                                          ONE, ONE, ONE};
    const struct CMUnitTest all[] = {SIXTY_FOUR, SIXTY_FOUR, SIXTY_FOUR, SIXTY_FOUR};
    (void)argv;
    return argc > 1 ? cmocka_run_group_tests(all, NULL, NULL) : cmocka_run_group_tests(one_less, NULL, NULL);
}
END
compile t.c t "-I$root/usr/include" "$libs"/libcmocka.so.0
seen=$(
    ./t 2>&1 | grep -o '[0-9]* FAILED TEST'
    ./t >/dev/null 2>&1
    echo "status $?"
    ./t all 2>&1 | grep -o '[0-9]* FAILED TEST'
    ./t all >/dev/null 2>&1
    echo "status $?"
)
judge "255 FAILED TEST
status 255
256 FAILED TEST
status 0" "$seen"
