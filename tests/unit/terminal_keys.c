/* What keys do, without a terminal: acts are caught. */
#include "station/terminal/terminal_keys.h"
#include "tests/lib/test.h"

#include <curses.h>

static struct act last;
static char last_text[64];
static unsigned act_count;
static struct tile tiles[16];
static struct scene scene;
static struct sight sight;
static struct keys keys;
static uint64_t now_us;

static bool catch_act(void *ctx, const struct act *act, struct err *e)
{
    (void)ctx;
    last = *act;
    snprintf(last_text, sizeof last_text, "%s", act->text ? act->text : "");
    act_count++;
    return act->kind != ACT_RETRY || err_set(e, ERR_USAGE, "The board has left");
}

static char last_name[64], last_secret[64];

static bool catch_log_in(void *ctx, const char *name, const char *secret, struct err *e)
{
    (void)ctx;
    snprintf(last_name, sizeof last_name, "%s", name);
    snprintf(last_secret, sizeof last_secret, "%s", secret ? secret : "(out)");
    return !secret || strcmp(secret, "1234") == 0 || err_set(e, ERR_USAGE, "Wrong name or PIN");
}

static const struct scene_source source = { NULL, NULL, catch_act, catch_log_in };

static int begin(void **state)
{
    (void)state;
    for (size_t i = 0; i < 16; i++)
        tiles[i] = (struct tile){ .number = (int)i + 1,
                                  .row = (unsigned)i / 8,
                                  .column = (unsigned)i % 8 };
    scene = (struct scene){ .tiles = tiles, .count = 16 };
    snprintf(scene.sum.operator_name, sizeof scene.sum.operator_name, "Eve");
    sight = (struct sight){ .can_leave = true };
    layout_make(&sight.layout, tiles, 16, 80, 16, 3);
    keys = (struct keys){ .count = 0 };
    act_count = 0;
    now_us = 1000000;
    return 0;
}

static void press(unsigned key, bool is_code, unsigned after_ms)
{
    now_us += after_ms * 1000ull;
    keys_take(&keys, key, is_code, now_us, &scene, &source, &sight);
}

static void wait_ms(unsigned ms)
{
    now_us += ms * 1000ull;
    keys_settle(&keys, now_us, &scene, &source, &sight);
}

static void type(const char *text, unsigned each_ms)
{
    for (; *text; text++)
        press((unsigned char)*text, false, each_ms);
}

static void expect_act(unsigned count, enum act_kind kind, int slot)
{
    assert_int_equal(act_count, count);
    assert_int_equal(last.kind, kind);
    assert_int_equal(last.slot, slot);
}

static void a_letter_acts_on_the_selected_slot(void **state)
{
    (void)state;
    press(KEY_RIGHT, true, 500);
    press(KEY_DOWN, true, 500);
    press('x', false, 500);
    assert_int_equal(act_count, 0); /* it may be a scanner's first letter */
    wait_ms(100);
    expect_act(1, ACT_STOP, 10);
    press('a', false, 500);
    press('s', false, 500); /* fingers: the one before counts */
    wait_ms(100);
    expect_act(3, ACT_START, 10);
}

static void function_keys_are_for_all(void **state)
{
    (void)state;
    press(KEY_F(9), true, 500);
    expect_act(1, ACT_STOP, 0);
    press(KEY_F(2), true, 500);
    expect_act(2, ACT_START, 0);
    press(KEY_F(8), true, 500);
    expect_act(3, ACT_ACKNOWLEDGE, 0);
}

/* A code that begins with x must stop no board. */
static void a_scanner_types_a_code_and_no_keys(void **state)
{
    (void)state;
    type("xars-0815", 2);
    press('\r', false, 2);
    expect_act(1, ACT_CODE, 0);
    assert_string_equal(last_text, "xars-0815");
    wait_ms(500);
    assert_int_equal(act_count, 1);
}

static void half_a_code_is_nothing(void **state)
{
    (void)state;
    type("xa", 2);
    wait_ms(500);
    assert_int_equal(act_count, 0);
    type("xa", 2);
    press('\r', false, 2); /* too short for a code */
    assert_int_equal(act_count, 0);
    assert_false(sight.details);
}

static void a_code_that_is_too_long_overruns_nothing(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++)
        press('1', false, 1);
    press('\r', false, 1);
    expect_act(1, ACT_CODE, 0);
}

static void a_refusal_is_told(void **state)
{
    (void)state;
    press('r', false, 500);
    wait_ms(100);
    assert_non_null(strstr(sight.message, "The board has left"));
    press(KEY_LEFT, true, 500);
    assert_string_equal(sight.message, "");
}

static void enter_shows_all_and_the_rest_is_about_the_screen(void **state)
{
    (void)state;
    press('\r', false, 500);
    assert_true(sight.details);
    press(KEY_DOWN, true, 500);
    assert_int_equal(sight.scrolled, 1);
    press(KEY_UP, true, 500);
    assert_int_equal(sight.scrolled, 0);
    press('\r', false, 500);
    assert_false(sight.details);
    press('l', false, 500);
    wait_ms(100);
    assert_int_equal(sight.language, LANGUAGE_ZH);
    press('q', false, 500);
    wait_ms(100);
    assert_true(keys.left);
    assert_int_equal(act_count, 0);
}

static void where_one_cannot_leave_q_is_nothing(void **state)
{
    (void)state;
    sight.can_leave = false;
    press('q', false, 500);
    wait_ms(100);
    assert_false(keys.left);
}

static void log_in(const char *name, const char *secret)
{
    press('o', false, 500);
    wait_ms(100);
    assert_int_equal(sight.question, QUESTION_NAME);
    type(name, 100);
    press('\r', false, 100);
    assert_int_equal(sight.question, QUESTION_SECRET);
    type(secret, 100);
    press('\r', false, 100);
    assert_int_equal(sight.question, QUESTION_NONE);
}

static void who_acts_logs_in_by_name_and_pin(void **state)
{
    (void)state;
    scene.asks_people = true;
    log_in("Ann", "1234");
    assert_string_equal(last_name, "Ann");
    assert_string_equal(last_secret, "1234");
    assert_string_equal(sight.message, "");
    assert_int_equal(act_count, 0); /* no letter of it was a key */
    log_in("Ann", "9");
    assert_non_null(strstr(sight.message, "Wrong name or PIN"));
    log_in("", "badge-7");
    assert_string_equal(last_name, "");
    assert_string_equal(last_secret, "badge-7");
    for (size_t i = 0; i < sizeof sight.typed; i++)
        assert_int_equal(sight.typed[i], 0); /* no secret is left */
}

static void who_is_there_goes_by_the_same_key(void **state)
{
    (void)state;
    scene.asks_people = true;
    snprintf(scene.person, sizeof scene.person, "Ann");
    press('o', false, 500);
    wait_ms(100);
    assert_string_equal(last_secret, "(out)");
    assert_int_equal(sight.question, QUESTION_NONE);
}

static void a_name_is_typed_and_mended(void **state)
{
    (void)state;
    scene.asks_people = true;
    press('o', false, 500);
    wait_ms(100);
    type("Jx", 100);
    press(KEY_BACKSPACE, true, 100);
    press(0xF6, false, 100); /* o with two dots */
    assert_string_equal(sight.typed, "J\xC3\xB6");
    press(0x7f, false, 100);
    assert_string_equal(sight.typed, "J");
    for (int i = 0; i < 300; i++)
        press('x', false, 100);
    assert_int_equal(strlen(sight.typed), sizeof sight.typed - 1);
    press(27, false, 100);
    assert_int_equal(sight.question, QUESTION_NONE);
    assert_int_equal(act_count, 0);
}

static void without_slots_nothing_happens(void **state)
{
    (void)state;
    scene.count = 0;
    press('x', false, 500);
    wait_ms(100);
    press(KEY_END, true, 500);
    press(KEY_RIGHT, true, 500);
    assert_int_equal(act_count, 0);
    assert_int_equal(sight.selected, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_letter_acts_on_the_selected_slot, begin),
        cmocka_unit_test_setup(function_keys_are_for_all, begin),
        cmocka_unit_test_setup(a_scanner_types_a_code_and_no_keys, begin),
        cmocka_unit_test_setup(half_a_code_is_nothing, begin),
        cmocka_unit_test_setup(a_code_that_is_too_long_overruns_nothing, begin),
        cmocka_unit_test_setup(a_refusal_is_told, begin),
        cmocka_unit_test_setup(enter_shows_all_and_the_rest_is_about_the_screen, begin),
        cmocka_unit_test_setup(where_one_cannot_leave_q_is_nothing, begin),
        cmocka_unit_test_setup(who_acts_logs_in_by_name_and_pin, begin),
        cmocka_unit_test_setup(who_is_there_goes_by_the_same_key, begin),
        cmocka_unit_test_setup(a_name_is_typed_and_mended, begin),
        cmocka_unit_test_setup(without_slots_nothing_happens, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
