/* Where tiles stand in a terminal, what they say, and text by columns. */
#include "station/base/letters.h"
#include "station/terminal/columns.h"
#include "station/terminal/face.h"
#include "station/terminal/layout.h"
#include "tests/lib/test.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>

#define TILES_MAX 256

static struct tile tiles[TILES_MAX];

/* A fixture of so many columns. */
static void lay_out(struct layout *l, size_t count, unsigned grid, unsigned columns, unsigned rows,
                    unsigned name)
{
    for (size_t i = 0; i < count; i++)
        tiles[i] = (struct tile){ .row = (unsigned)i / grid, .column = (unsigned)i % grid };
    layout_make(l, tiles, count, columns, rows, name);
}

/* Every tile is inside of what there is, and none is on another. */
static void expect_sound(const struct layout *l, size_t count, unsigned columns, unsigned rows)
{
    bool taken[TILES_MAX * 8] = { false };
    unsigned row, column;
    assert_true(l->columns * l->cell_columns <= columns);
    assert_true(l->visible_rows >= 1 && l->visible_rows * l->cell_rows <= rows);
    for (size_t i = 0; i < count; i++) {
        layout_place(l, tiles, i, &row, &column);
        assert_true(row < l->rows && column < l->columns);
        assert_false(taken[row * l->columns + column]);
        taken[row * l->columns + column] = true;
    }
}

static void slots_stand_as_in_the_fixture_where_there_is_room(void **state)
{
    struct layout l;
    (void)state;
    lay_out(&l, 64, 8, 80, 16, 3);
    expect_sound(&l, 64, 80, 16);
    assert_true(l.as_fixture);
    assert_int_equal(l.visible_rows, 8);
    assert_int_equal(l.cell_rows, 2);
}

static void else_all_of_them_are_seen_if_that_can_be(void **state)
{
    static const struct {
        size_t count;
        unsigned grid, columns, rows, name;
    } cases[] = {
        { 64, 8, 40, 16, 3 }, { 256, 8, 80, 20, 3 }, { 256, 16, 200, 20, 4 }, { 9, 1, 80, 4, 16 }
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct layout l;
        lay_out(&l, cases[i].count, cases[i].grid, cases[i].columns, cases[i].rows, cases[i].name);
        expect_sound(&l, cases[i].count, cases[i].columns, cases[i].rows);
        assert_int_equal(l.visible_rows, l.rows);
    }
}

static void what_cannot_be_seen_is_scrolled_to(void **state)
{
    struct layout l;
    (void)state;
    lay_out(&l, 256, 8, 40, 10, 16);
    expect_sound(&l, 256, 40, 10);
    assert_true(l.visible_rows < l.rows);
}

static void any_size_is_laid_out_soundly(void **state)
{
    struct layout l;
    (void)state;
    for (unsigned columns = 1; columns < 220; columns += 7) {
        for (unsigned rows = 1; rows < 60; rows += 5) {
            for (size_t count = 1; count <= 256; count = count * 3 + 1) {
                lay_out(&l, count, 8, columns, rows, 5);
                expect_sound(&l, count, columns, rows);
            }
        }
    }
}

static void arrows_lead_to_the_neighbour(void **state)
{
    struct layout l;
    (void)state;
    lay_out(&l, 20, 8, 80, 16, 3); /* the last row has four */
    assert_int_equal(layout_step(&l, tiles, 20, 0, 1, 0), 1);
    assert_int_equal(layout_step(&l, tiles, 20, 0, -1, 0), 0);
    assert_int_equal(layout_step(&l, tiles, 20, 9, 0, -1), 1);
    assert_int_equal(layout_step(&l, tiles, 20, 9, 0, 1), 17);
    assert_int_equal(layout_step(&l, tiles, 20, 15, 0, 1), 19); /* the nearest below */
    assert_int_equal(layout_step(&l, tiles, 0, 0, 1, 0), 0);
}

/* ---- Text ---- */

static int in_utf8(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C.UTF-8") ? 0 : -1;
}

static int in_c(void **state)
{
    (void)state;
    return setlocale(LC_CTYPE, "C") ? 0 : -1;
}

static void expect_taken(const char *text, unsigned columns, const wchar_t *want, unsigned used)
{
    wchar_t wide[64];
    assert_int_equal(columns_take(text, columns, wide, 64, NULL), used);
    if (wcscmp(wide, want) != 0)
        fail_msg("'%s' in %u columns came out as '%ls'", text, columns, wide);
}

static void columns_are_counted_and_not_bytes(void **state)
{
    (void)state;
    expect_taken("\xE5\x90\x88\xE6\xA0\xBC", 4, L"\u5408\u683c", 4);
    expect_taken("\xE5\x90\x88\xE6\xA0\xBC", 3, L"\u5408", 2); /* no half of one */
    expect_taken("\xC4\x90\xE1\xBA\xA0T", 9, L"\u0110\u1ea0T", 3);
    assert_int_equal(columns_of("\xE5\x90\x88\xE6\xA0\xBC ok"), 7);
}

static void what_could_steer_a_terminal_is_a_question_mark(void **state)
{
    (void)state;
    expect_taken("a\033[2Jb", 9, L"a?[2Jb", 6);
    expect_taken("\xFFx\xC3", 9, L"?x?", 3);
    expect_taken("\xE2\x80\xAEx", 9, L"?x", 2);
}

static void without_utf8_all_is_ascii(void **state)
{
    (void)state;
    expect_taken("L\xC3\x84UFT", 9, L"L?UFT", 5);
    setenv("LC_ALL", "de_DE.ISO-8859-1", 1);
    letters_open();
    assert_false(columns_has_utf8());
    unsetenv("LC_ALL");
}

static void a_locale_that_nobody_generated_has_letters_all_the_same(void **state)
{
    (void)state;
    setenv("LC_ALL", "xx_YY.UTF-8", 1);
    letters_open();
    assert_true(columns_has_utf8());
    unsetenv("LC_ALL");
}

static void expect_lines(const char *text, unsigned columns, const wchar_t *const *want)
{
    wchar_t wide[64];
    size_t i = 0;
    for (; columns_line(&text, columns, wide, 64); i++) {
        assert_non_null(want[i]);
        if (wcscmp(wide, want[i]) != 0)
            fail_msg("line %zu is '%ls' and not '%ls'", i, wide, want[i]);
    }
    assert_null(want[i]);
}

static void lines_break_between_words_and_lose_none(void **state)
{
    (void)state;
    expect_lines("Check the cable, then the supply.", 16,
                 (const wchar_t *const[]){ L"Check the cable,", L"then the supply.", NULL });
    expect_lines("  a  b", 1, (const wchar_t *const[]){ L"a", L"b", NULL });
    expect_lines("abcdefgh ij", 3, (const wchar_t *const[]){ L"abc", L"def", L"gh", L"ij", NULL });
    expect_lines("", 3, (const wchar_t *const[]){ NULL });
}

/* ---- What a tile says ---- */

static void a_board_in_work_says_first_how_far_it_is(void **state)
{
    struct tile tile = { .state = TILE_WORKING, .bytes_done = 450, .bytes_total = 1000 };
    struct face face;
    (void)state;
    tile.seconds = 12.4;
    tile.attempt = 2;
    tile.phase = PHASE_WRITE;
    face_make(&face, &tile, LANGUAGE_EN, false);
    assert_string_equal(face.sign, "*");
    assert_string_equal(face.facts[0], "45%");
    assert_string_equal(face.facts[1], "WORKING");
    assert_string_equal(face.facts[2], "12 s");
    assert_string_equal(face.facts[3], "write");
    assert_string_equal(face.facts[4], "Attempt 2");
}

static void a_board_that_passed_is_to_be_taken_out(void **state)
{
    struct tile tile = { .state = TILE_PASS, .seconds = 12.5 };
    struct face face;
    (void)state;
    face_make(&face, &tile, LANGUAGE_DE, true);
    assert_string_equal(face.facts[0], "GUT");
    assert_string_equal(face.facts[1], "ENTNEHMEN");
    tile.passed_before = true;
    face_make(&face, &tile, LANGUAGE_EN, true);
    assert_string_equal(face.word, "ALREADY PASSED");
    tile.disabled = true;
    face_make(&face, &tile, LANGUAGE_EN, true);
    assert_string_equal(face.word, "OUT OF USE");
    assert_string_equal(face_keys(&tile), "");
}

static void every_state_has_word_and_sign_in_every_language(void **state)
{
    struct face face;
    (void)state;
    for (int s = 0; s < TILE_STATE_COUNT; s++) {
        for (int l = 0; l < LANGUAGE_COUNT; l++) {
            const struct tile tile = { .state = (enum tile_state)s };
            face_make(&face, &tile, (enum language)l, l % 2 == 0);
            assert_int_equal(columns_of(face.sign), 1);
            assert_true(face.word[0] != '\0' && face.count > 0);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_stand_as_in_the_fixture_where_there_is_room),
        cmocka_unit_test(else_all_of_them_are_seen_if_that_can_be),
        cmocka_unit_test(what_cannot_be_seen_is_scrolled_to),
        cmocka_unit_test(any_size_is_laid_out_soundly),
        cmocka_unit_test(arrows_lead_to_the_neighbour),
        cmocka_unit_test_setup(columns_are_counted_and_not_bytes, in_utf8),
        cmocka_unit_test_setup(what_could_steer_a_terminal_is_a_question_mark, in_utf8),
        cmocka_unit_test_setup(without_utf8_all_is_ascii, in_c),
        cmocka_unit_test_setup(a_locale_that_nobody_generated_has_letters_all_the_same, in_c),
        cmocka_unit_test_setup(lines_break_between_words_and_lose_none, in_utf8),
        cmocka_unit_test(a_board_in_work_says_first_how_far_it_is),
        cmocka_unit_test(a_board_that_passed_is_to_be_taken_out),
        cmocka_unit_test_setup(every_state_has_word_and_sign_in_every_language, in_utf8),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
