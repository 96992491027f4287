/* What slots share: the table of MACs. */
#include "station/line/gang.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* ---- MACs ---- */

static struct chip_mac mac_of(uint8_t last)
{
    return (struct chip_mac){ { 0x24, 0x0a, 0xc4, 0, 0, last }, 6 };
}

static void gang_refuses_one_mac_in_two_slots(void **state)
{
    (void)state;
    struct gang g = { 0 };
    const struct chip_mac a = mac_of(1), b = mac_of(2);
    int other = 0;
    gang_init(&g);
    assert_true(gang_claim_mac(&g, 1, &a, &other));
    assert_false(gang_claim_mac(&g, 2, &a, &other));
    assert_int_equal(other, 1);
    assert_true(gang_claim_mac(&g, 1, &a, &other)); /* the next attempt on the same board */
    assert_true(gang_claim_mac(&g, 2, &b, &other));
    assert_true(gang_claim_mac(&g, 1, &b, &other) == false && other == 2);
    gang_release_mac(&g, 2);
    assert_true(gang_claim_mac(&g, 1, &b, &other)); /* and gives the first one free */
    assert_true(gang_claim_mac(&g, 2, &a, &other));
    gang_done(&g);
}

static void gang_tells_an_eui64_from_the_mac_it_begins_with(void **state)
{
    (void)state;
    struct gang g = { 0 };
    struct chip_mac longer = mac_of(1);
    const struct chip_mac shorter = mac_of(1);
    int other;
    longer.count = 8;
    gang_init(&g);
    assert_true(gang_claim_mac(&g, 1, &shorter, &other));
    assert_true(gang_claim_mac(&g, 2, &longer, &other));
    gang_done(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gang_refuses_one_mac_in_two_slots),
        cmocka_unit_test(gang_tells_an_eui64_from_the_mac_it_begins_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
