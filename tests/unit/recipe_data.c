/*
 * Every recipe in tests/data/recipes, against the exact list of mistakes that belongs to it.
 */
#include "core/base/err.h"
#include "core/facts/chip.h"
#include "recipes/recipe.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FOLDER     "tests/data/recipes"
#define TEXT_BYTES 32768
#define CASES_MIN  40 /* a walk that finds nothing must not pass */

static void append(char *text, const char *line)
{
    const size_t used = strlen(text);
    assert_true(used + strlen(line) + 1 < TEXT_BYTES);
    memcpy(text + used, line, strlen(line) + 1);
}

/* The names of all chips as a mistake lists them. */
static void append_chips(char *text)
{
    for (size_t i = 0; i < chip_count(); i++) {
        append(text, i ? ", " : "");
        append(text, chip_at(i)->id_name);
    }
}

static void read_want(const char *base, char *want)
{
    static const char mark[] = "{chips}\n";
    char path[400], line[1024];
    snprintf(path, sizeof path, FOLDER "/%s.want", base);
    FILE *const file = fopen(path, "r");
    if (!file)
        fail_msg("%s is missing", path);
    want[0] = '\0';
    while (fgets(line, sizeof line, file)) {
        char *const chips = strstr(line, mark);
        if (chips)
            *chips = '\0';
        append(want, line);
        if (chips) {
            append_chips(want);
            append(want, "\n");
        }
    }
    fclose(file);
}

static void write_report(const char *name, const struct doc_report *report, char *got)
{
    char line[1024];
    got[0] = '\0';
    for (size_t i = 0; i < report->kept; i++) {
        append(got, doc_mistake_text(name, &report->mistakes[i], line, sizeof line));
        append(got, "\n");
    }
    if (report->total > report->kept) {
        snprintf(line, sizeof line, "and %zu more\n", report->total - report->kept);
        append(got, line);
    }
}

/* Says where the two part; whole lists are too long for a message. */
static void assert_same_lines(const char *path, const char *want, const char *got)
{
    while (*want && strcspn(want, "\n") == strcspn(got, "\n") &&
           memcmp(want, got, strcspn(want, "\n") + 1) == 0) {
        want += strcspn(want, "\n") + 1;
        got += strcspn(got, "\n") + 1;
    }
    if (strcmp(want, got) != 0)
        fail_msg("%s\nexpected: %.*s\ngot:      %.*s", path, (int)strcspn(want, "\n"), want,
                 (int)strcspn(got, "\n"), got);
}

static void check_case(const char *name)
{
    static char want[TEXT_BYTES], got[TEXT_BYTES];
    static struct doc_report report;
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    char path[400], base[300];

    snprintf(path, sizeof path, FOLDER "/%s", name);
    snprintf(base, sizeof base, "%.*s", (int)(strlen(name) - strlen(".yaml")), name);
    const bool ok = recipe_load(path, &recipe, &report, &e);
    read_want(base, want);
    write_report(name, &report, got);
    recipe_free(recipe);
    assert_same_lines(path, want, got);
    assert_int_equal(ok, want[0] == '\0');
    assert_int_equal(e.code, ok ? ERR_NONE : ERR_RECIPE);
    assert_true(ok == (recipe != NULL));
}

static int is_recipe(const struct dirent *entry)
{
    const size_t n = strlen(entry->d_name);
    return n > 5 && n < 256 && strcmp(entry->d_name + n - 5, ".yaml") == 0;
}

static void recipe_names_every_mistake(void **state)
{
    (void)state;
    struct dirent **entries = NULL;
    const int n = scandir(FOLDER, &entries, is_recipe, alphasort);
    assert_true(n >= CASES_MIN);
    for (int i = 0; i < n; i++) {
        check_case(entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipe_names_every_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
