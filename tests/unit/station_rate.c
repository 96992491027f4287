/* Which rate a slot begins with, after what it has seen on its port. */
#include "station/line/rate.h"
#include "tests/lib/test.h"

#define APP_BYTES  700000u /* on the wire: 7.6 s at 921600 baud */
#define LEAST_S    4.0
#define BOARDS_MAX 200

/* 921600, then 460800, then 115200. */
static struct recipe_port port_of_recipe(void)
{
    return (struct recipe_port){ .baud = 921600,
                                 .fallback_baud = { 460800, 115200 },
                                 .fallback_count = 2 };
}

static struct rates fresh(uint64_t wire_bytes, double least_seconds)
{
    const struct recipe_port port = port_of_recipe();
    struct rates r;
    rates_init(&r, &port, wire_bytes, least_seconds);
    return r;
}

static uint32_t chosen_baud(const struct rates *r)
{
    return r->rows[rates_choose(r)].baud;
}

/* So many boards one after the other that begin with what is chosen; a rate that fails steps down
 * within the board, as a run does. Counts the boards that began at row 0. */
static int boards(struct rates *r, int count, bool first_fails)
{
    int began_first = 0;
    for (int i = 0; i < count; i++) {
        size_t row = rates_choose(r);
        began_first += row == 0;
        if (row == 0 && first_fails)
            rates_note(r, row++, true);
        rates_note(r, row, false);
    }
    return began_first;
}

static void begins_with_the_recipes_rate(void **state)
{
    struct rates r = fresh(APP_BYTES, LEAST_S);
    (void)state;
    assert_int_equal(r.count, 3);
    assert_int_equal(chosen_baud(&r), 921600);
    assert_int_equal(boards(&r, 50, false), 50); /* and stays there while it works */
}

/* Even where the flash is what takes the time, and a lower rate would lose nothing. */
static void begins_with_the_recipes_rate_when_all_take_the_same(void **state)
{
    struct rates r = fresh(1000, 30);
    (void)state;
    assert_int_equal(chosen_baud(&r), 921600);
}

static void a_recipe_without_fallbacks_leaves_no_choice(void **state)
{
    const struct recipe_port port = { .baud = 921600 };
    struct rates r;
    (void)state;
    rates_init(&r, &port, APP_BYTES, LEAST_S);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(rates_choose(&r), 0);
        rates_note(&r, 0, true);
    }
}

static void the_longest_list_fits(void **state)
{
    struct recipe_port port = { .baud = 4000000, .fallback_count = RECIPE_FALLBACKS_MAX };
    struct rates r;
    (void)state;
    for (size_t i = 0; i < RECIPE_FALLBACKS_MAX; i++)
        port.fallback_baud[i] = 2000000 >> i;
    rates_init(&r, &port, APP_BYTES, LEAST_S);
    assert_int_equal(r.count, RATES_MAX);
    assert_int_equal(rates_choose(&r), 0);
    for (size_t i = 0; i + 1 < r.count; i++) {
        for (int k = 0; k < 10; k++)
            rates_note(&r, i, true);
    }
    assert_true(rates_choose(&r) < r.count);
}

/* A rate that costs an attempt each time is left after a few boards. */
static void steps_down_where_that_is_quicker(void **state)
{
    struct rates r = fresh(APP_BYTES, LEAST_S);
    (void)state;
    int began_first = boards(&r, 10, true);
    assert_in_range(began_first, 1, 3);
    assert_int_equal(chosen_baud(&r), 460800);
}

static void steps_down_twice_where_two_rates_fail(void **state)
{
    struct rates r = fresh(100000, LEAST_S); /* at 115200 not much longer than the flash takes */
    (void)state;
    for (int i = 0; i < 6; i++) {
        rates_note(&r, 0, true);
        rates_note(&r, 1, true);
        rates_note(&r, 2, false);
    }
    assert_int_equal(chosen_baud(&r), 115200);
}

/* One failure among many passes is chance, and cheaper than a slower rate. */
static void one_failure_among_passes_is_borne(void **state)
{
    struct rates r = fresh(APP_BYTES, LEAST_S);
    (void)state;
    for (int i = 0; i < 10; i++)
        rates_note(&r, 0, false);
    rates_note(&r, 0, true);
    rates_note(&r, 1, false);
    assert_int_equal(chosen_baud(&r), 921600);
}

/* At 115200 the board takes four minutes: half of all attempts may fail, and it still pays. */
static void stays_where_the_lower_rate_is_far_slower(void **state)
{
    const struct recipe_port port = { .baud = 921600,
                                      .fallback_baud = { 115200 },
                                      .fallback_count = 1 };
    struct rates r;
    (void)state;
    rates_init(&r, &port, 4 * APP_BYTES, LEAST_S);
    for (int i = 0; i < 20; i++)
        rates_note(&r, 0, i % 2 == 0);
    assert_int_equal(rates_choose(&r), 0);
    for (int i = 0; i < 20; i++) /* but not if it never works */
        rates_note(&r, 0, true);
    assert_int_equal(rates_choose(&r), 1);
}

/* Cables get changed: the faster rate gets another chance, but not with every board. */
static void tries_again_after_some_passes(void **state)
{
    struct rates r = fresh(APP_BYTES, LEAST_S);
    int passes = 0;
    (void)state;
    boards(&r, 10, true);
    for (; passes < BOARDS_MAX && rates_choose(&r) != 0; passes++)
        rates_note(&r, 1, false);
    assert_in_range(passes, 3, 60);
    assert_int_equal(boards(&r, 20, false), 20); /* the cable is a good one now: it stays */
}

/* On a cable that never gets better few boards pay for that. */
static void trying_again_stays_rare(void **state)
{
    struct rates r = fresh(APP_BYTES, LEAST_S);
    (void)state;
    assert_in_range(boards(&r, BOARDS_MAX, true), 2, BOARDS_MAX / 5);
    assert_true(chosen_baud(&r) == 460800 || chosen_baud(&r) == 921600);
}

/* A station that begins anew chooses as one that has gone on. */
static void what_is_recalled_counts_as_what_was_seen(void **state)
{
    struct rates lived = fresh(APP_BYTES, LEAST_S), told = lived;
    (void)state;
    for (int i = 0; i < 20; i++) {
        rates_note(&lived, 0, i % 3 != 0);
        rates_recall(&told, 921600, i % 3 != 0);
        rates_note(&lived, 1, false);
        rates_recall(&told, 460800, false);
    }
    assert_int_equal(chosen_baud(&told), 460800);
    assert_memory_equal(&told, &lived, sizeof told);
}

/* The record may know rates of another recipe. */
static void rates_the_recipe_does_not_have_are_left_out(void **state)
{
    struct rates r = fresh(APP_BYTES, LEAST_S);
    const struct rates before = r;
    (void)state;
    rates_recall(&r, 2000000, true);
    rates_recall(&r, 0, true);
    for (size_t i = 0; i < r.count; i++) {
        assert_true(r.rows[i].tries == before.rows[i].tries);
        assert_true(r.rows[i].failures == before.rows[i].failures);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(begins_with_the_recipes_rate),
        cmocka_unit_test(begins_with_the_recipes_rate_when_all_take_the_same),
        cmocka_unit_test(a_recipe_without_fallbacks_leaves_no_choice),
        cmocka_unit_test(the_longest_list_fits),
        cmocka_unit_test(steps_down_where_that_is_quicker),
        cmocka_unit_test(steps_down_twice_where_two_rates_fail),
        cmocka_unit_test(one_failure_among_passes_is_borne),
        cmocka_unit_test(stays_where_the_lower_rate_is_far_slower),
        cmocka_unit_test(tries_again_after_some_passes),
        cmocka_unit_test(trying_again_stays_rare),
        cmocka_unit_test(what_is_recalled_counts_as_what_was_seen),
        cmocka_unit_test(rates_the_recipe_does_not_have_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
