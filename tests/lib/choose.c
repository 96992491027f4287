/* Linked into each test program: with a pattern as its argument it runs only the tests whose names
 * match, as in `build/unit/core_slip '*oversize*'`. */
#include "tests/lib/test.h"

/* The C library gives constructors what main gets. */
static void __attribute__((constructor)) choose_tests(int argc, char **argv)
{
    if (argc > 1)
        cmocka_set_test_filter(argv[1]);
}
