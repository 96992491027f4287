/* Words of screens: each is there in each language, plain, under a key of its own. */
#include "station/words/words.h"

#include "core/base/err.h"
#include "core/base/plain.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <string.h>

static void every_word_is_there_in_every_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        for (size_t word = 0; word < WORD_COUNT; word++) {
            const char *text = word_in((enum language)i, (enum word)word);
            assert_non_null(text);
            assert_true(text[0] && plain_is(text));
        }
    }
}

static void every_word_has_a_key_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < WORD_COUNT; i++) {
        for (size_t other = 0; other < i; other++)
            assert_string_not_equal(word_key((enum word)i), word_key((enum word)other));
    }
}

static unsigned marks_in(const char *text)
{
    unsigned marks = 0;
    for (; (text = strstr(text, "%s")) != NULL; text += 2)
        marks++;
    return marks;
}

/* What helps, as the table of errors has it, is read by operators, whatever they speak. */
static void every_hint_of_the_error_table_is_there_in_every_language(void **state)
{
    char text[512], key[64];
    (void)state;
    for (int code = ERR_NONE + 1; code < ERR_CODE_COUNT; code++) {
        const struct err_row *row = err_row((enum err_code)code);
        snprintf(key, sizeof key, "hint-%s", row->word);
        bool has_key = false;
        for (int word = 0; word < WORD_COUNT; word++)
            has_key = has_key || strcmp(word_key((enum word)word), key) == 0;
        if (!has_key)
            fail_msg("there is no word %s", key);
        for (int l = LANGUAGE_EN; l < LANGUAGE_COUNT; l++) {
            if (!words_say((enum language)l, row->hint, text, sizeof text))
                fail_msg("the hint of %s is not in the table word for word", row->word);
            assert_true(l == LANGUAGE_EN ? strcmp(text, row->hint) == 0
                                         : strcmp(text, row->hint) != 0);
        }
    }
}

static void a_sentence_has_no_more_parts_than_its_english(void **state)
{
    (void)state;
    for (int word = 0; word < WORD_COUNT; word++) {
        const unsigned english = marks_in(word_in(LANGUAGE_EN, (enum word)word));
        for (int l = LANGUAGE_EN; l < LANGUAGE_COUNT; l++)
            assert_true(marks_in(word_in((enum language)l, (enum word)word)) <= english);
    }
}

/* Those that stations say, from the rooms that do not know the table. */
static void sentences_for_operators_are_known_with_their_parts(void **state)
{
    static const struct {
        const char *english, *german;
    } said[] = {
        { "Press START", "START dr\xC3\xBC"
                         "cken" },
        { "Scan serial", "serial scannen" },
        { "Scan the code of the board", "Den Code der Platine scannen" },
        { "Wanted is 3 digits, a.b.", "Verlangt ist 3 digits, a.b." },
        { "LOT FULL 500/500", "LOS VOLL 500/500" },
        { "The slot has to be proved by a golden board first",
          "Der Platz muss erst mit der Referenzplatine gepr\xC3\xBC"
          "ft werden" },
        { "Taken out of work by Eve: pin bent: twice", "Gesperrt von Eve: pin bent: twice" },
        { "Slot 7 is taken out of work", "Platz 7 ist gesperrt" },
        { "Lot 7 has no place left: 4 of 5 boards have passed, 1 more are being flashed",
          "Im Los 7 ist gerade kein Platz frei" },
        { "Re-work is for an engineer to do", "Das darf nur ein Techniker" },
    };
    char text[512];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(said); i++) {
        assert_true(words_say(LANGUAGE_DE, said[i].english, text, sizeof text));
        assert_string_equal(text, said[i].german);
        assert_true(words_say(LANGUAGE_EN, said[i].english, text, sizeof text));
        assert_string_equal(text, said[i].english);
    }
    assert_false(words_say(LANGUAGE_DE, "Block 3 of 9 was not answered", text, sizeof text));
    assert_false(words_say(LANGUAGE_DE, "", text, sizeof text));
    assert_false(words_say(LANGUAGE_DE, "Scan ", text, sizeof text));
    assert_true(words_say(LANGUAGE_DE, "Scan serial", text, 8));
    assert_true(strlen(text) < 8);
}

static void a_language_is_known_by_its_first_letters(void **state)
{
    (void)state;
    enum language l = LANGUAGE_EN;
    assert_true(language_of("zh-CN", &l) && l == LANGUAGE_ZH);
    assert_true(language_of("es_MX.UTF-8", &l) && l == LANGUAGE_ES);
    assert_true(language_of("vi", &l) && l == LANGUAGE_VI);
    for (size_t i = 0; i < LANGUAGE_COUNT; i++)
        assert_true(language_of(language_code((enum language)i), &l) && l == (enum language)i);
}

static void another_language_is_none(void **state)
{
    (void)state;
    enum language l = LANGUAGE_DE;
    assert_false(language_of(NULL, &l));
    assert_false(language_of("", &l));
    assert_false(language_of("C.UTF-8", &l));
    assert_false(language_of("fr", &l));
    assert_false(language_of("deutsch", &l));
    assert_int_equal(l, LANGUAGE_DE);
}

/* Without a lot a pass in a lot does not count (db_run.c proves it): the word stands twice. */
static void the_rule_without_a_lot_is_said_whole(void **state)
{
    (void)state;
    static const char *const without[] = {
        [LANGUAGE_EN] = "ithout",  [LANGUAGE_ZH] = "\xe6\x97\xa0\xe6\x89\xb9\xe6\xac\xa1",
        [LANGUAGE_ES] = "in lote", [LANGUAGE_VI] = "h\xc3\xb4ng c\xc3\xb3 l\xc3\xb4",
        [LANGUAGE_DE] = "hne Los",
    };
    for (size_t i = 0; i < LANGUAGE_COUNT; i++) {
        const char *const first =
            strstr(word_in((enum language)i, WORD_SAY_PASSED_EVER), without[i]);
        assert_non_null(first);
        assert_non_null(strstr(first + 1, without[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_there_in_every_language),
        cmocka_unit_test(every_word_has_a_key_of_its_own),
        cmocka_unit_test(every_hint_of_the_error_table_is_there_in_every_language),
        cmocka_unit_test(a_sentence_has_no_more_parts_than_its_english),
        cmocka_unit_test(sentences_for_operators_are_known_with_their_parts),
        cmocka_unit_test(the_rule_without_a_lot_is_said_whole),
        cmocka_unit_test(a_language_is_known_by_its_first_letters),
        cmocka_unit_test(another_language_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
