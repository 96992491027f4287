/* Deadlines, with a clock that jumps and with the system's. */
#include "core/base/clock.h"
#include "core/ports/port.h"
#include "tests/lib/fake_clock.h"
#include "tests/lib/script_port.h"
#include "tests/lib/test.h"

#include <unistd.h>

static void deadline_counts_down_and_ends(void **state)
{
    struct fake_clock f;
    (void)state;
    fake_clock_init(&f);
    struct deadline d = deadline_in_ms(&f.clock, 100);
    assert_int_equal(deadline_left_ms(&f.clock, d), 100);
    assert_false(deadline_over(&f.clock, d));
    fake_clock_pass_us(&f, 99001);
    assert_int_equal(deadline_left_ms(&f.clock, d), 1); /* rounded up */
    assert_false(deadline_over(&f.clock, d));
    fake_clock_pass_us(&f, 998);
    assert_int_equal(deadline_left_ms(&f.clock, d), 1);
    fake_clock_pass_us(&f, 1);
    assert_int_equal(deadline_left_ms(&f.clock, d), 0);
    assert_true(deadline_over(&f.clock, d));
    fake_clock_pass_us(&f, 1000000);
    assert_int_equal(deadline_left_ms(&f.clock, d), 0);
}

static void deadline_far_away_fits_an_int(void **state)
{
    struct fake_clock f;
    (void)state;
    fake_clock_init(&f);
    struct deadline d = deadline_in_ms(&f.clock, UINT32_MAX);
    assert_true(d.at_us > f.us);
    assert_int_equal(deadline_left_ms(&f.clock, d), 24 * 3600 * 1000);
    assert_int_equal(deadline_left_ms(&f.clock, (struct deadline){ UINT64_MAX }), 24 * 3600 * 1000);
}

static void deadline_first_is_the_earlier(void **state)
{
    const struct deadline a = { 5 }, b = { 6 };
    (void)state;
    assert_int_equal(deadline_first(a, b).at_us, 5);
    assert_int_equal(deadline_first(b, a).at_us, 5);
}

static void fake_clocks_are_independent(void **state)
{
    struct fake_clock a, b;
    (void)state;
    fake_clock_init(&a);
    fake_clock_init(&b);
    uint64_t start_us = b.clock.now_us(&b.clock);
    assert_true(a.clock.sleep_until(&a.clock, start_us + 3600000000u, -1));
    assert_int_equal(a.clock.now_us(&a.clock), start_us + 3600000000u);
    assert_int_equal(b.clock.now_us(&b.clock), start_us);
    assert_int_equal(a.clock.utc_ms(&a.clock) - b.clock.utc_ms(&b.clock), 3600000);
}

static void port_sleep_ends_at_a_stop(void **state)
{
    struct fake_clock f;
    struct script_port s;
    struct err e = { 0 };
    (void)state;
    fake_clock_init(&f);
    script_port_init(&s, &f);
    s.port.stop_fd = 0;
    uint64_t start_us = f.us;
    assert_ok(port_sleep_ms(&s.port, 50, &e), &e);
    assert_int_equal(f.us, start_us + 50000);
    f.stop_at_us = f.us + 20000;
    assert_code(port_sleep_ms(&s.port, 50, &e), &e, ERR_STOPPED);
    assert_int_equal(f.us, start_us + 70000);
    script_port_done(&s);
}

/* Two bounds only, which hold on any machine: not early, and not without end. */
static void system_clock_sleeps_and_stops(void **state)
{
    const struct clock *c = &clock_system;
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    uint64_t start_us = c->now_us(c);
    assert_true(c->sleep_until(c, start_us + 2000, ends[0]));
    assert_true(c->now_us(c) >= start_us + 2000);
    assert_true(c->sleep_until(c, start_us, -1)); /* past: at once */
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_false(c->sleep_until(c, UINT64_MAX, ends[0]));
    assert_true(c->utc_ms(c) > 1700000000000);
    close(ends[0]);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(deadline_counts_down_and_ends),
        cmocka_unit_test(deadline_far_away_fits_an_int),
        cmocka_unit_test(deadline_first_is_the_earlier),
        cmocka_unit_test(fake_clocks_are_independent),
        cmocka_unit_test(port_sleep_ends_at_a_stop),
        cmocka_unit_test(system_clock_sleeps_and_stops),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
