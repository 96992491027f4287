/* What came of all boards: each once, equal failures together; and words into columns. */
#include "core/base/err.h"
#include "station/base/wrap.h"
#include "station/line/headcount.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
/* after those above, which it needs */
#include <cmocka.h>

/* ---- The head count ---- */

static struct event verdict_of(int slot, const char *mac, enum err_code code, const char *what)
{
    struct event ev = { .kind = EVENT_VERDICT, .slot = slot, .port = "/dev/ttyUSB0", .seconds = 2 };
    ev.verdict = code == ERR_NONE ? VERDICT_PASS : VERDICT_FAIL;
    ev.at_us = 10000000;
    snprintf(ev.mac, sizeof ev.mac, "%s", mac);
    if (code != ERR_NONE)
        err_set(&ev.err, code, "%s", what);
    return ev;
}

static void take(struct headcount *t, int slot, const char *mac, enum err_code code,
                 const char *what)
{
    struct event ev = verdict_of(slot, mac, code, what);
    headcount_take(t, &ev);
}

static void a_board_counts_once_by_its_last_verdict(void **state)
{
    struct headcount t = { 0 };
    (void)state;
    take(&t, 1, "a", ERR_WRITE, "lost");
    take(&t, 1, "a", ERR_NONE, "");
    take(&t, 2, "b", ERR_NONE, "");
    take(&t, 2, "b", ERR_BOOT, "silent");
    assert_int_equal(t.count, 2);
    assert_int_equal(t.passed, 1);
    assert_int_equal(t.runs, 4);
    take(&t, 7, "b", ERR_NONE, ""); /* also from another slot */
    assert_int_equal(t.count, 2);
    assert_int_equal(t.passed, 2);
    headcount_done(&t);
}

static void a_board_without_a_name_is_another_one_each_time(void **state)
{
    struct headcount t = { 0 };
    (void)state;
    take(&t, 1, "", ERR_NO_SYNC, "nothing");
    take(&t, 1, "", ERR_NO_SYNC, "nothing");
    assert_int_equal(t.count, 2);
    assert_int_equal(t.passed, 0);
    headcount_done(&t);
}

static void a_duplicate_does_not_touch_the_board_that_passed(void **state)
{
    struct headcount t = { 0 };
    (void)state;
    take(&t, 1, "a", ERR_NONE, "");
    take(&t, 2, "a", ERR_DUPLICATE, "in slot 1");
    take(&t, 2, "a", ERR_DUPLICATE, "in slot 1");
    assert_int_equal(t.count, 2);
    assert_int_equal(t.passed, 1);
    headcount_done(&t);
}

/* docs/stats.md: what a screen counts is what `espstation stats` counts. */
static void it_counts_as_the_statistics_do(void **state)
{
    struct headcount t = { 0 };
    struct event ev;
    (void)state;
    take(&t, 1, "a", ERR_NONE, "");
    take(&t, 2, "a", ERR_DUPLICATE, "in slot 1"); /* refused: it stays as it was */
    take(&t, 1, "a", ERR_QUOTA, "full");
    take(&t, 3, "", ERR_NO_SYNC, "nothing"); /* nobody knows which board */
    take(&t, 3, "b", ERR_DUPLICATE, "seen");
    assert_int_equal(t.judged, 1);
    assert_int_equal(t.good, 1);
    assert_int_equal(t.refused, 3);
    assert_int_equal(t.unidentified, 1);
    take(&t, 3, "b", ERR_WRITE, "lost");
    assert_int_equal(t.judged, 2);
    assert_int_equal(t.good, 1);
    ev = verdict_of(3, "c", ERR_STOPPED, "stopped"); /* not judged: no board */
    ev.verdict = VERDICT_STOPPED;
    headcount_take(&t, &ev);
    assert_int_equal(t.judged, 2);
    ev = verdict_of(1, "a", ERR_STOPPED, "stopped"); /* not good until it passes again */
    ev.verdict = VERDICT_STOPPED;
    headcount_take(&t, &ev);
    assert_int_equal(t.judged, 2);
    assert_int_equal(t.good, 0);
    take(&t, 1, "a", ERR_NONE, "");
    take(&t, 3, "c", ERR_NONE, "");
    assert_int_equal(t.judged, 3);
    assert_int_equal(t.good, 2);
    headcount_done(&t);
}

static void time_runs_from_the_first_start_to_the_last_end(void **state)
{
    struct headcount t = { 0 };
    struct event ev = verdict_of(1, "a", ERR_NONE, "");
    (void)state;
    ev.at_us = 5000000; /* began at 3 s */
    headcount_take(&t, &ev);
    ev.at_us = 65000000;
    ev.seconds = 0.4;
    headcount_take(&t, &ev);
    ev.kind = EVENT_PHASE;
    ev.at_us = 99000000;
    headcount_take(&t, &ev); /* no verdict */
    assert_int_equal(t.first_us, 3000000);
    assert_int_equal(t.last_us, 65000000);
    headcount_done(&t);
}

/* Groups as text: "1 2 3 no-sync what;". */
static void note_group(void *ctx, const struct headcount_board *const *boards, size_t count,
                       const struct headcount_failure *reason)
{
    char *text = ctx;
    for (size_t i = 0; i < count; i++)
        snprintf(text + strlen(text), 400 - strlen(text), "%d ", boards[i]->slot);
    snprintf(text + strlen(text), 400 - strlen(text), "%s %s;", err_word(reason->err.code),
             reason->err.what);
}

static void equal_failures_stand_together_by_slot(void **state)
{
    struct headcount t = { 0 };
    char text[400] = "";
    struct event ev;
    (void)state;
    take(&t, 3, "", ERR_NO_SYNC, "Nothing was received");
    take(&t, 1, "b", ERR_WRITE, "Block 3 of 9");
    take(&t, 2, "", ERR_NO_SYNC, "Nothing was received");
    take(&t, 4, "c", ERR_WRITE, "Block 4 of 9");
    take(&t, 5, "d", ERR_NONE, "");
    ev = verdict_of(7, "", ERR_PORT_BUSY, "/dev/ttyUSB7 is in use by cat");
    snprintf(ev.port, sizeof ev.port, "%s", "/dev/ttyUSB7");
    headcount_take(&t, &ev);
    ev = verdict_of(6, "", ERR_PORT_BUSY, "/dev/ttyUSB6 is in use by cat");
    snprintf(ev.port, sizeof ev.port, "%s", "/dev/ttyUSB6");
    headcount_take(&t, &ev);
    ev.slot = 8;
    ev.verdict = VERDICT_STOPPED; /* another verdict is another reason */
    headcount_take(&t, &ev);
    headcount_failures(&t, &(struct headcount_sink){ text, note_group });
    assert_string_equal(text, "1 write Block 3 of 9;2 3 no-sync Nothing was received;"
                              "4 write Block 4 of 9;6 7 port-busy The port is in use by cat;"
                              "8 port-busy /dev/ttyUSB6 is in use by cat;");
    headcount_done(&t);
}

static void many_boards_are_kept(void **state)
{
    struct headcount t = { 0 };
    char mac[16];
    (void)state;
    for (int i = 0; i < 1000; i++) {
        snprintf(mac, sizeof mac, "m%d", i);
        take(&t, i % 8 + 1, mac, i % 10 ? ERR_NONE : ERR_BOOT, "silent");
    }
    assert_int_equal(t.count, 1000);
    assert_int_equal(t.passed, 900);
    assert_false(t.incomplete);
    headcount_done(&t);
}

static void note_codes(void *ctx, const struct headcount_board *const *boards, size_t count,
                       const struct headcount_failure *reason)
{
    size_t *told = ctx;
    (void)boards;
    (void)reason;
    *told += count;
}

/* A station at work for months: as many as ever, and no more memory than in the header. */
static void counts_stay_exact_when_boards_are_forgotten(void **state)
{
    struct headcount t = { 0 };
    char mac[16];
    size_t told = 0;
    const size_t many = HEADCOUNT_BOARDS_MAX + 500;
    (void)state;
    for (size_t i = 0; i < many; i++) {
        const bool named = i % 100 == 0 || i < 2 || i > many - 3; /* the search for names is long */
        snprintf(mac, sizeof mac, "m%zu", i);
        take(&t, 1, named ? mac : "", i % 2 ? ERR_NONE : ERR_BOOT, "silent");
    }
    assert_int_equal(t.count, many);
    assert_int_equal(t.passed, many / 2);
    assert_int_equal(t.known, HEADCOUNT_BOARDS_MAX);
    assert_int_equal(t.cap, HEADCOUNT_BOARDS_MAX);
    assert_int_equal(t.reasons, HEADCOUNT_REASONS_MAX);
    assert_int_equal(headcount_failures(&t, &(struct headcount_sink){ &told, note_codes }),
                     many / 2 - HEADCOUNT_REASONS_MAX);
    assert_int_equal(told, HEADCOUNT_REASONS_MAX);
    snprintf(mac, sizeof mac, "m%zu", many - 2); /* known: its last verdict counts */
    take(&t, 1, mac, ERR_NONE, "");
    assert_int_equal(t.count, many);
    assert_int_equal(t.passed, many / 2 + 1);
    take(&t, 1, "m0", ERR_NONE, ""); /* forgotten: another one */
    assert_int_equal(t.count, many + 1);
    assert_int_equal(t.passed, many / 2 + 2);
    assert_false(t.incomplete);
    headcount_done(&t);
}

static void the_newest_reasons_are_kept(void **state)
{
    struct headcount t = { 0 };
    char mac[16], text[400] = "";
    (void)state;
    take(&t, 3, "first", ERR_WRITE, "lost");
    for (size_t i = 1; i < HEADCOUNT_REASONS_MAX; i++) {
        snprintf(mac, sizeof mac, "m%zu", i);
        take(&t, 1, mac, ERR_NONE, "");
        take(&t, 2, "again", i % 2 ? ERR_BOOT : ERR_NONE, "silent");
    }
    for (size_t i = 0; i < HEADCOUNT_REASONS_MAX - 2; i++)
        take(&t, 1, "", ERR_NO_SYNC, "nothing");
    assert_int_equal(t.reasons, HEADCOUNT_REASONS_MAX);
    take(&t, 4, "last", ERR_DATABASE, "full");
    assert_int_equal(t.by_station, 1);
    for (size_t i = 0; i < t.known; i++) {
        if (strcmp(t.boards[i].mac, "first") == 0)
            assert_true(!t.boards[i].failure && !t.boards[i].passed);
        if (strcmp(t.boards[i].mac, "again") == 0 || strcmp(t.boards[i].mac, "last") == 0)
            assert_non_null(t.boards[i].failure);
    }
    take(&t, 4, "last", ERR_NONE, "");
    assert_int_equal(t.by_station, 0);
    assert_int_equal(headcount_failures(&t, &(struct headcount_sink){ text, note_group }), 1);
    headcount_done(&t);
}

/* ---- Columns ---- */

static void assert_wraps(const char *text, size_t indent, size_t columns, const char *want)
{
    char *got = NULL;
    size_t bytes = 0;
    FILE *out = open_memstream(&got, &bytes);
    assert_non_null(out);
    wrap_print(out, text, indent, columns);
    fclose(out);
    assert_string_equal(got, want);
    free(got);
}

static void text_is_broken_between_words(void **state)
{
    (void)state;
    assert_wraps("one two three", 0, 0, "one two three\n");
    assert_wraps("one two three", 2, 0, "  one two three\n");
    assert_wraps("one two three", 2, 9, "  one two\n  three\n");
    assert_wraps("one two three", 2, 8, "  one\n  two\n  three\n");
    assert_wraps("  one   two  ", 2, 20, "  one two\n");
    assert_wraps("", 2, 20, "\n");
}

static void a_long_word_stays_whole(void **state)
{
    (void)state;
    assert_wraps("see /dev/serial/by-path/x now", 2, 10, "  see\n  /dev/serial/by-path/x\n  now\n");
    assert_wraps("word", 2, 1, "  word\n");
}

static void wide_characters_take_two_columns(void **state)
{
    (void)state;
    if (!setlocale(LC_CTYPE, "C.UTF-8"))
        skip();
    const char *two = "\xE7\x94\xB2\xE4\xB9\x99"; /* two of them */
    assert_int_equal(wrap_fit(two, 4), 6);
    assert_int_equal(wrap_fit(two, 3), 3);
    assert_int_equal(wrap_fit(two, 1), 0);
    assert_int_equal(wrap_fit("abc", 2), 2);
    assert_int_equal(wrap_fit("\xC3\xA4"
                              "b",
                              1),
                     2);
    assert_wraps("\xE7\x94\xB2\xE4\xB9\x99 \xE7\x94\xB2", 0, 6,
                 "\xE7\x94\xB2\xE4\xB9\x99\n\xE7\x94\xB2\n");
    assert_int_equal(wrap_fit("\xFFz", 1), 1); /* no text at all */
    setlocale(LC_CTYPE, "C");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_counts_once_by_its_last_verdict),
        cmocka_unit_test(a_board_without_a_name_is_another_one_each_time),
        cmocka_unit_test(a_duplicate_does_not_touch_the_board_that_passed),
        cmocka_unit_test(it_counts_as_the_statistics_do),
        cmocka_unit_test(time_runs_from_the_first_start_to_the_last_end),
        cmocka_unit_test(equal_failures_stand_together_by_slot),
        cmocka_unit_test(many_boards_are_kept),
        cmocka_unit_test(counts_stay_exact_when_boards_are_forgotten),
        cmocka_unit_test(the_newest_reasons_are_kept),
        cmocka_unit_test(text_is_broken_between_words),
        cmocka_unit_test(a_long_word_stays_whole),
        cmocka_unit_test(wide_characters_take_two_columns),
    };
    return cmocka_run_group_tests_name("station_headcount", tests, NULL, NULL);
}
