/* JSON as a tree: what is one, where a mistake is, and that a file has one object and no more. */
#include "core/base/json_tree.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

static void json_tree_keeps_order_and_place(void **state)
{
    static const char text[] = "{\"b\": [1, {\"c\": null}], \"a\": \"x\\u00e4\", \"a\": true}\n";
    struct json_problem problem;
    (void)state;
    struct json_node *root = json_tree_parse(text, sizeof text - 1, &problem);
    assert_non_null(root);
    assert_int_equal(root->kind, JSON_MAP);
    const struct json_node *list = root->first;
    assert_string_equal(list->key, "b");
    assert_int_equal(list->kind, JSON_LIST);
    assert_string_equal(list->first->text, "1");
    assert_string_equal(json_get_text(list->last, "c"), "null");
    assert_string_equal(json_get_text(root, "a"), "x\xC3\xA4"); /* the first of two */
    assert_string_equal(root->last->text, "true");
    assert_null(json_get(list, "a"));
    assert_null(json_get(list->first, "a"));
    assert_null(json_get_text(root, "b"));
    json_tree_free(root);
}

static void json_tree_says_what_is_wrong(void **state)
{
    static const struct {
        const char *text, *what;
        size_t line;
    } cases[] = {
        { "", "not a JSON object", 1 },
        { "null", "not a JSON object", 1 },
        { "[{}]", "not a JSON object", 1 },
        { "{\"a\": 1}\n---\n{\"b\": 2}", "behind the object", 2 },
        { "{\"a\": 1}\n{\"b\": 2}", "", 2 },
        { "{\n\"a\": \"\\0\" }", "NUL", 2 },
        { "{\n\n\"a\": *b }", "not JSON", 3 },
        { "{ [1]: 2 }", "a key is no text", 1 },
        { "{\"a\": ", "", 2 }, /* to libyaml the end is a line of its own */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json_problem problem = { 0 };
        struct json_node *root = json_tree_parse(cases[i].text, strlen(cases[i].text), &problem);
        if (root || !strstr(problem.what, cases[i].what) || problem.line != cases[i].line)
            fail_msg("%s: line %zu: %s", cases[i].text, problem.line,
                     root ? "passes" : problem.what);
        assert_false(problem.no_memory);
    }
}

static void json_tree_has_limits(void **state)
{
    enum { MANY = 100001 };
    char *text = malloc(2 * MANY + 100);
    struct json_problem problem;
    size_t n = 0;
    (void)state;
    assert_non_null(text);
    n += (size_t)snprintf(text, 10, "{\"a\":[");
    for (size_t i = 0; i < MANY; i++) {
        text[n++] = '1';
        text[n++] = ',';
    }
    memcpy(text + n, "1]}", 4);
    assert_null(json_tree_parse(text, n + 3, &problem));
    assert_has(problem.what, "too much");
    memset(text + 5, '[', 2000);
    assert_null(json_tree_parse(text, 2005, &problem));
    assert_has(problem.what, "nested too deeply");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_tree_keeps_order_and_place),
        cmocka_unit_test(json_tree_says_what_is_wrong),
        cmocka_unit_test(json_tree_has_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
