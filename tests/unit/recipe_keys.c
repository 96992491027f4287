/*
 * The table of keys itself, and what is made from it: nearest words, help, reference. The report.
 */
#include "core/base/err.h"
#include "core/base/nearest.h"
#include "recipes/recipe_priv.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct doc_report report;

/* ---- The table ---- */

static bool is_section(enum recipe_key id)
{
    return key_row(&recipe_kind, id)->kind == KEY_MAP ||
           key_row(&recipe_kind, id)->kind == KEY_ITEMS;
}

static void key_table_has_no_gap(void **state)
{
    (void)state;
    for (unsigned id = 1; id < RECIPE_KEY_COUNT; id++) {
        const struct key *const key = key_row(&recipe_kind, id);
        assert_non_null(key->path);
        assert_non_null(key->sentence);
        assert_int_equal(key->sentence[strlen(key->sentence) - 1], '.');
        assert_true(is_section(key->parent));
        assert_int_equal(key_child(&recipe_kind, key->parent, key_name(&recipe_kind, id)), id);
        /* the first key of a list's struct lies at its start */
        assert_true(is_section(id) || key->field > 0 || key_row(&recipe_kind, key->parent)->item);
        if (key->kind == KEY_TEXTS || key->kind == KEY_NUMBERS || key->kind == KEY_ITEMS)
            assert_true(key->items_max > 0 && key->count_field > 0);
        if (key->kind == KEY_NUMBER || key->kind == KEY_BYTES || key->kind == KEY_TEXT)
            assert_true(key->max > key->min);
        if (key->kind == KEY_WORD)
            assert_non_null(key->words);
    }
}

/* "flash.size" stands inside "flash". */
static void key_path_follows_its_parent(void **state)
{
    (void)state;
    for (unsigned id = 1; id < RECIPE_KEY_COUNT; id++) {
        const struct key *const key = key_row(&recipe_kind, id);
        char path[64] = "";
        if (key->parent != RECIPE_KEY_ROOT)
            text_append(path, sizeof path, "%s.", key_row(&recipe_kind, key->parent)->path);
        text_append(path, sizeof path, "%s", key_name(&recipe_kind, id));
        assert_string_equal(path, key->path);
    }
}

static void key_fields_do_not_share_a_place(void **state)
{
    (void)state;
    for (unsigned a = 1; a < RECIPE_KEY_COUNT; a++) {
        for (unsigned b = a + 1; b < RECIPE_KEY_COUNT; b++) {
            const bool same_struct = key_scope(&recipe_kind, a) == key_scope(&recipe_kind, b);
            if (same_struct && key_row(&recipe_kind, a)->kind != KEY_MAP &&
                key_row(&recipe_kind, b)->kind != KEY_MAP)
                assert_int_not_equal(key_row(&recipe_kind, a)->field,
                                     key_row(&recipe_kind, b)->field);
        }
    }
}

/* A default that its own key refuses would leave the field empty without a word. */
static void key_defaults_are_valid(void **state)
{
    (void)state;
    struct recipe *const recipe = calloc(1, sizeof *recipe);
    assert_non_null(recipe);
    struct values values = {
        .kind = &recipe_kind, .document = recipe, .at = recipe->at, .report = &report
    };
    doc_report_init(&report);
    value_presets(&values, RECIPE_KEY_ROOT, recipe);
    value_presets(&values, RECIPE_KEY_IMAGES, &recipe->images[0]);
    assert_int_equal(report.total, 0);
    assert_false(values.out_of_memory);
    recipe_free(recipe);
}

/* ---- Nearest ---- */

static const char *nearest_word(const char *text)
{
    static const char *const words[] = { "recipe", "chip",   "size",   "sync",
                                         "expect", "needed", "verify", NULL };
    struct nearest near;
    nearest_init(&near, text);
    nearest_offer_words(&near, words);
    return near.best ? near.best : "";
}

static void nearest_finds_slips(void **state)
{
    (void)state;
    assert_string_equal(nearest_word("chp"), "chip");
    assert_string_equal(nearest_word("chiip"), "chip");
    assert_string_equal(nearest_word("hcip"), "chip");
    assert_string_equal(nearest_word("CHOP"), "chip");
    assert_string_equal(nearest_word("recpie"), "recipe");
    assert_string_equal(nearest_word("expected"), "expect");
    assert_string_equal(nearest_word("need"), "needed");
}

static void nearest_is_silent_when_nothing_is_near(void **state)
{
    (void)state;
    assert_string_equal(nearest_word(""), "");
    assert_string_equal(nearest_word("zzz"), "");
    assert_string_equal(nearest_word("board"), "");
    assert_string_equal(nearest_word("cheap"), "");
    assert_string_equal(nearest_word("chipchipchipchipchipchipchipchipchip"), "");
}

/* ---- The report ---- */

static void report_keeps_places_in_order(void **state)
{
    (void)state;
    doc_report_init(&report);
    doc_report_add(&report, (struct doc_pos){ 5, 3 }, "third");
    doc_report_add(&report, (struct doc_pos){ 0, 0 }, "first");
    doc_report_add(&report, (struct doc_pos){ 5, 2 }, "second");
    doc_report_add(&report, (struct doc_pos){ 5, 3 }, "fourth");
    static const char *const want[] = { "first", "second", "third", "fourth" };
    assert_int_equal(report.kept, 4);
    for (size_t i = 0; i < 4; i++)
        assert_string_equal(report.mistakes[i].sentence, want[i]);
}

static void report_is_bounded(void **state)
{
    (void)state;
    doc_report_init(&report);
    for (uint32_t i = 0; i < 1000; i++)
        doc_report_add(&report, (struct doc_pos){ 1000 - i, 1 }, "mistake %u", i);
    assert_int_equal(report.kept, DOC_MISTAKES_MAX);
    assert_int_equal(report.total, 1000);
    assert_string_equal(report.mistakes[0].sentence, "mistake 49");
}

static void report_is_harmless_text(void **state)
{
    (void)state;
    doc_report_init(&report);
    doc_report_add(&report, (struct doc_pos){ 1, 1 }, "%s", "a\033[2Jb\nc\302\205d\177");
    assert_string_equal(report.mistakes[0].sentence, "a?[2Jb?c?d?");

    char wide[500] = "";
    for (size_t i = 0; i < 165; i++)
        text_append(wide, sizeof wide, "\303\274");
    doc_report_add(&report, (struct doc_pos){ 2, 1 }, "x%s", wide);
    const char *const cut = report.mistakes[1].sentence;
    assert_int_equal(strlen(cut), 319);
    doc_report_add(&report, (struct doc_pos){ 3, 1 }, "%s", wide);
    assert_int_equal(strlen(report.mistakes[2].sentence), 318);
}

static void report_formats_a_mistake(void **state)
{
    (void)state;
    char text[100], tiny[8];
    doc_report_init(&report);
    doc_report_add(&report, (struct doc_pos){ 14, 5 }, "no %s", "good");
    doc_report_add(&report, (struct doc_pos){ 0, 0 }, "nowhere");
    assert_string_equal(doc_mistake_text("r.yaml", &report.mistakes[0], text, sizeof text),
                        "r.yaml: nowhere");
    assert_string_equal(doc_mistake_text("r.yaml", &report.mistakes[1], text, sizeof text),
                        "r.yaml:14:5: no good");
    assert_string_equal(doc_mistake_text("r.yaml", &report.mistakes[1], tiny, sizeof tiny),
                        "r.yaml:");
}

static void quote_cuts_at_a_character(void **state)
{
    (void)state;
    char buf[10];
    assert_string_equal(value_quote("123456789", buf, sizeof buf), "123456789");
    assert_string_equal(value_quote("1234567890", buf, sizeof buf), "123456...");
    assert_string_equal(value_quote("12345\303\2747890", buf, sizeof buf), "12345...");
    assert_string_equal(value_quote("1234\303\2747890", buf, sizeof buf), "1234\303\274...");
}

/* ---- Help ---- */

struct page {
    char text[32768];
    size_t lines;
    size_t widest;
    size_t stop_at; /* refuse the line of this number; 0: none */
};

static bool take_line(void *context, const char *line)
{
    struct page *const page = context;
    if (++page->lines == page->stop_at)
        return false;
    if (strlen(line) > page->widest)
        page->widest = strlen(line);
    assert_null(strchr(line, '\n'));
    text_append(page->text, sizeof page->text, "%s\n", line);
    return true;
}

static void help_names_every_key(void **state)
{
    (void)state;
    for (int form = DOC_HELP_PLAIN; form <= DOC_HELP_MARKDOWN; form++) {
        struct page *const page = calloc(1, sizeof *page);
        assert_non_null(page);
        assert_true(recipe_help((enum doc_help_form)form, take_line, page));
        for (unsigned id = 1; id < RECIPE_KEY_COUNT; id++) {
            char start[64];
            snprintf(start, sizeof start, form == DOC_HELP_PLAIN ? "\n%s " : "\n| `%s` |",
                     key_row(&recipe_kind, id)->path);
            if (!strstr(page->text, start))
                fail_msg("'%s' is not in the help", key_row(&recipe_kind, id)->path);
        }
        assert_true(form == DOC_HELP_MARKDOWN || page->widest <= 98);
        free(page);
    }
}

static void help_shows_limits_and_defaults(void **state)
{
    (void)state;
    struct page *const page = calloc(1, sizeof *page);
    assert_non_null(page);
    assert_true(recipe_help(DOC_HELP_PLAIN, take_line, page));
    assert_non_null(strstr(page->text, "a number from 9600 to 5000000; default 921600\n"));
    assert_non_null(strstr(page->text, "; default 460800,"));
    assert_non_null(strstr(page->text, "md5 or none; default md5\n"));
    assert_non_null(strstr(page->text, "the name of a chip; required\n"));
    free(page);
}

static void help_stops_when_told(void **state)
{
    (void)state;
    struct page *const page = calloc(1, sizeof *page);
    assert_non_null(page);
    page->stop_at = 20;
    assert_false(recipe_help(DOC_HELP_PLAIN, take_line, page));
    assert_int_equal(page->lines, 20);
    free(page);
}

/* The example that the help begins with is a recipe. */
static void help_example_is_a_recipe(void **state)
{
    (void)state;
    struct page *const page = calloc(1, sizeof *page);
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    assert_non_null(page);
    assert_true(recipe_help(DOC_HELP_PLAIN, take_line, page));
    char *const example = strstr(page->text, "    recipe:");
    assert_non_null(example);
    char *const end = strstr(example, "\n\n");
    assert_non_null(end);
    const size_t n = (size_t)(end - example) + 1;
    if (!recipe_parse("help", example, n, NULL, &recipe, &report, &e))
        fail_msg("%s", e.what);
    recipe_free(recipe);
    free(page);
}

/* ---- Samples ---- */

static void check_sample(const char *name)
{
    static char text[65536];
    char path[400];
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    snprintf(path, sizeof path, "recipes/samples/%s", name);
    FILE *const file = fopen(path, "r");
    assert_non_null(file);
    const size_t n = fread(text, 1, sizeof text, file);
    fclose(file);
    if (!recipe_parse(path, text, n, NULL, &recipe, &report, &e))
        fail_msg("%s", e.what);
    recipe_free(recipe);
}

/* Without their images, which are not ours to ship. */
static void samples_are_recipes(void **state)
{
    (void)state;
    DIR *const folder = opendir("recipes/samples");
    size_t count = 0;
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder));) {
        const char *const end = strrchr(entry->d_name, '.');
        if (!end || strcmp(end, ".yaml") != 0)
            continue;
        check_sample(entry->d_name);
        count++;
    }
    closedir(folder);
    assert_true(count >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_table_has_no_gap),
        cmocka_unit_test(key_path_follows_its_parent),
        cmocka_unit_test(key_fields_do_not_share_a_place),
        cmocka_unit_test(key_defaults_are_valid),
        cmocka_unit_test(nearest_finds_slips),
        cmocka_unit_test(nearest_is_silent_when_nothing_is_near),
        cmocka_unit_test(report_keeps_places_in_order),
        cmocka_unit_test(report_is_bounded),
        cmocka_unit_test(report_is_harmless_text),
        cmocka_unit_test(report_formats_a_mistake),
        cmocka_unit_test(quote_cuts_at_a_character),
        cmocka_unit_test(help_names_every_key),
        cmocka_unit_test(help_shows_limits_and_defaults),
        cmocka_unit_test(help_stops_when_told),
        cmocka_unit_test(help_example_is_a_recipe),
        cmocka_unit_test(samples_are_recipes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
