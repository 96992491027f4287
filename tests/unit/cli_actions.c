/* The words behind a command: which is meant, and what is said of those that are none. */
#include "station/cli/actions.h"
#include "tests/lib/test.h"

static const struct action {
    struct action_word word;
    int number;
} actions[] = {
    { { "show", 1, "a file" }, 1 },
    { { "list", 0, NULL }, 2 },
    { { "print", 1, NULL }, 3 },
};

static const struct action *find(struct err *e, size_t count, const char *a, const char *b)
{
    const char *const args[] = { a, b };
    *e = (struct err){ 0 };
    return ACTION_OF("nvs", actions, args, count, e);
}

static void a_word_with_what_it_needs_is_found(void **state)
{
    struct err e;
    (void)state;
    assert_int_equal(find(&e, 2, "show", "x.bin")->number, 1);
    assert_int_equal(find(&e, 1, "list", NULL)->number, 2);
    assert_int_equal(find(&e, 1, "print", NULL)->number, 3);
    assert_int_equal(find(&e, 2, "print", "7")->number, 3);
    assert_int_equal(e.code, ERR_NONE);
}

static void no_word_gets_those_there_are(void **state)
{
    struct err e;
    (void)state;
    assert_null(find(&e, 0, NULL, NULL));
    assert_int_equal(e.code, ERR_USAGE);
    assert_string_equal(e.what, "'nvs' takes show, list or print");
    assert_string_equal(e.hint, "See: espstation nvs --help");
}

static void a_slip_gets_the_word_that_was_meant(void **state)
{
    struct err e;
    (void)state;
    assert_null(find(&e, 2, "shwo", "x.bin"));
    assert_string_equal(e.what, "'nvs' takes show, list or print; did you mean 'show'?");
}

static void a_word_of_other_programs_gets_what_it_is_here(void **state)
{
    struct err e;
    (void)state;
    assert_null(find(&e, 2, "generate", "x.csv"));
    assert_non_null(strstr(e.hint, "espstation nvs make TABLE"));
}

static void what_is_missing_or_too_much_is_named(void **state)
{
    struct err e;
    (void)state;
    assert_null(find(&e, 1, "show", NULL));
    assert_string_equal(e.what, "'nvs show': a file is missing");
    assert_null(find(&e, 2, "list", "x.bin"));
    assert_string_equal(e.what, "'nvs list': one argument too many: 'x.bin'");
    assert_int_equal(e.code, ERR_USAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_word_with_what_it_needs_is_found),
        cmocka_unit_test(no_word_gets_those_there_are),
        cmocka_unit_test(a_slip_gets_the_word_that_was_meant),
        cmocka_unit_test(a_word_of_other_programs_gets_what_it_is_here),
        cmocka_unit_test(what_is_missing_or_too_much_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
