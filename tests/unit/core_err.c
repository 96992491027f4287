/* The error value: its table, its text, and what happens to it on its way up. */
#include "tests/lib/test.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static void err_rows_are_complete(void **state)
{
    (void)state;
    for (int code = 0; code < ERR_CODE_COUNT; code++) {
        const struct err_row *row = err_row((enum err_code)code);
        assert_int_equal(row->code, code);
        assert_true(strlen(row->word) > 1);
        for (const char *c = row->word; *c; c++)
            assert_true(islower((unsigned char)*c) || *c == '-');
        assert_true(strlen(row->hint) > 10);
        assert_true(strlen(row->hint) < sizeof((struct err *)0)->hint);
        for (int other = 0; other < code; other++)
            assert_string_not_equal(row->word, err_word((enum err_code)other));
    }
}

static void err_row_of_an_impossible_code_is_the_stations(void **state)
{
    (void)state;
    assert_int_equal(err_row(ERR_CODE_COUNT)->code, ERR_STATION);
    assert_int_equal(err_row((enum err_code)9999)->code, ERR_STATION);
}

static void err_set_fills_all_and_returns_false(void **state)
{
    struct err e;
    (void)state;
    memset(&e, 0x5A, sizeof e);
    assert_false(err_set(&e, ERR_VERIFY, "%s differs", "app"));
    assert_int_equal(e.code, ERR_VERIFY);
    assert_string_equal(e.what, "app differs");
    assert_string_equal(e.hint, err_row(ERR_VERIFY)->hint);
    assert_int_equal(e.sys, 0);
    assert_int_equal(e.command, 0);
    assert_int_equal(e.chip_status[0], 0);
    assert_false(err_set_sys(&e, ERR_PORT_DENIED, EACCES, "'%s' cannot be opened", "x"));
    assert_int_equal(e.sys, EACCES);
    assert_string_equal(e.what, "'x' cannot be opened: Permission denied");
    assert_false(err_hint(&e, "Try %d", 2));
    assert_string_equal(e.hint, "Try 2");
}

static void err_stop_leaves_a_question_as_it_is(void **state)
{
    (void)state;
    assert_string_equal(err_stop("There is no lot '7'"), ".");
    assert_string_equal(err_stop("There is no lot '7'; did you mean '8'?"), "");
    assert_string_equal(err_stop("It ended."), "");
    assert_string_equal(err_stop(""), ".");
}

static void err_wrap_puts_context_in_front(void **state)
{
    struct err e;
    (void)state;
    err_set(&e, ERR_WRITE, "no reply");
    e.chip_status[0] = 0xC4;
    assert_false(err_wrap(&e, "Block %d", 3));
    assert_false(err_wrap(&e, "Writing %s", "app"));
    assert_string_equal(e.what, "Writing app: Block 3: no reply");
    assert_int_equal(e.code, ERR_WRITE);
    assert_int_equal(e.chip_status[0], 0xC4);
}

/* Fills a text with a character of `n` bytes until it is far too long. */
static char *repeated(const char *one, size_t front, size_t times)
{
    size_t n = strlen(one);
    char *text = malloc(front + n * times + 1);
    assert_non_null(text);
    memset(text, 'x', front);
    for (size_t i = 0; i < times; i++)
        memcpy(text + front + i * n, one, n);
    text[front + n * times] = '\0';
    return text;
}

/* As much as fits, and only whole characters. */
static void assert_cut_well(const char *got, size_t cap, const char *full, size_t char_bytes,
                            size_t front)
{
    size_t n = strlen(got);
    assert_true(n < cap);
    assert_memory_equal(got, full, n);
    assert_int_equal((n - front) % char_bytes, 0);
    assert_true(n + char_bytes >= cap || strlen(full) == n);
}

static void err_text_is_cut_at_a_whole_character(void **state)
{
    static const char *const chars[] = { "a", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80" };
    (void)state;
    for (size_t k = 0; k < COUNT_OF(chars); k++) {
        for (size_t front = 0; front < 5; front++) {
            struct err e;
            char *full = repeated(chars[k], front, 200);
            err_set(&e, ERR_IMAGE, "%s", full);
            assert_cut_well(e.what, sizeof e.what, full, k + 1, front);
            err_hint(&e, "%s", full);
            assert_cut_well(e.hint, sizeof e.hint, full, k + 1, front);
            err_set(&e, ERR_IMAGE, "%s", full + front);
            err_wrap(&e, "%.*s", (int)front, "yyyyy");
            assert_int_equal((strlen(e.what) - front - 2) % (k + 1), 0);
            free(full);
        }
    }
}

/* A text that just fits loses nothing. */
static void err_text_that_just_fits_stays_whole(void **state)
{
    struct err e;
    (void)state;
    char *full = repeated("\xC3\xA9", 1, (sizeof e.what - 2) / 2);
    assert_int_equal(strlen(full), sizeof e.what - 1);
    err_set(&e, ERR_IMAGE, "%s", full);
    assert_string_equal(e.what, full);
    free(full);
}

/* Bytes that are no UTF-8 at all (file names can hold anything) must not run off either end. */
static void err_text_of_broken_utf8_stays_inside(void **state)
{
    (void)state;
    for (unsigned byte = 0x80; byte < 0x100; byte++) {
        struct err e;
        char one[2] = { (char)byte, 0 };
        char *full = repeated(one, 0, 600);
        err_set(&e, ERR_IMAGE, "%s", full);
        assert_true(strlen(e.what) < sizeof e.what);
        err_set_sys(&e, ERR_IMAGE, EIO, "%s", full);
        err_wrap(&e, "%s", full);
        assert_true(strlen(e.what) < sizeof e.what);
        free(full);
    }
}

static void err_as_phase_changes_wire_codes_only(void **state)
{
    (void)state;
    for (int code = 1; code < ERR_CODE_COUNT; code++) {
        struct err e;
        bool wire = code == ERR_TIMEOUT || code == ERR_FRAME || code == ERR_REFUSED;
        enum err_code expected = wire ? ERR_STUB : (enum err_code)code;
        err_set(&e, (enum err_code)code, "what");
        e.chip_status[0] = 1;
        assert_false(err_as_phase(&e, ERR_STUB));
        assert_int_equal(e.code, expected);
        assert_string_equal(e.hint, err_row(expected)->hint);
        assert_string_equal(e.what, "what");
        assert_int_equal(e.chip_status[0], 1);
    }
}

/* What the boot log taught is better advice than the phase's own. */
static void err_as_phase_keeps_special_advice(void **state)
{
    struct err e;
    (void)state;
    err_set(&e, ERR_TIMEOUT, "no reply; the board says: brown-out");
    err_hint(&e, "Use a short cable.");
    err_as_phase(&e, ERR_WRITE);
    assert_int_equal(e.code, ERR_WRITE);
    assert_string_equal(e.hint, "Use a short cable.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(err_rows_are_complete),
        cmocka_unit_test(err_row_of_an_impossible_code_is_the_stations),
        cmocka_unit_test(err_set_fills_all_and_returns_false),
        cmocka_unit_test(err_wrap_puts_context_in_front),
        cmocka_unit_test(err_stop_leaves_a_question_as_it_is),
        cmocka_unit_test(err_text_is_cut_at_a_whole_character),
        cmocka_unit_test(err_text_that_just_fits_stays_whole),
        cmocka_unit_test(err_text_of_broken_utf8_stays_inside),
        cmocka_unit_test(err_as_phase_changes_wire_codes_only),
        cmocka_unit_test(err_as_phase_keeps_special_advice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
