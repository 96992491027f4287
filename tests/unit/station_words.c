/* Words of screens: each is there in each language, plain, under a key of its own. */
#include "station/words/words.h"

#include "core/base/plain.h"
#include "tests/lib/test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_word_is_there_in_every_language),
        cmocka_unit_test(every_word_has_a_key_of_its_own),
        cmocka_unit_test(a_language_is_known_by_its_first_letters),
        cmocka_unit_test(another_language_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
