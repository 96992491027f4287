/*
 * Every command line in tests/data/import/commands, against the recipe or the refusal that belongs
 * to it; and each recipe as `run` will read it.
 */
#include "station/import/import.h"
#include "tests/lib/test.h"
#include "tests/unit/import_help.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define CASES_MIN  40 /* a walk that finds nothing must not pass */
#define TEXT_BYTES 16384

static char data_folder[PATH_MAX];

static char *read_case(const char *name, const char *ending)
{
    char path[2 * PATH_MAX];
    bool there;
    size_t n;
    struct err e = { 0 };
    snprintf(path, sizeof path, "%s/commands/%s%s", data_folder, name, ending);
    char *text = import_read_text(path, &n, &there, &e);
    if (!text)
        fail_msg("%s is missing", path);
    return text;
}

/* Digests are another test's. */
static void without_digests(char *text)
{
    static const char key[] = "sha256: ";
    for (char *at = text; (at = strstr(at, key)); at++) {
        char *value = at + sizeof key - 1;
        size_t n = strspn(value, "0123456789abcdef");
        assert_int_equal(n, 64);
        memcpy(value, "...", 3);
        memmove(value + 3, value + n, strlen(value + n) + 1);
    }
}

/* What is made must be a recipe; without its images if it is one whose pins were taken out. */
static void assert_is_recipe(const char *name, const char *text)
{
    struct doc_report *report = calloc(1, sizeof *report);
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    assert_non_null(report);
    if (!recipe_parse(name, text, strlen(text), "", &recipe, report, &e))
        fail_msg("%s makes no recipe: %s\n%s", name, report->mistakes[0].sentence, text);
    for (size_t i = 0; i < recipe->image_count; i++)
        assert_true(recipe->images[i].pinned);
    recipe_free(recipe);
    free(report);
}

static char *import_text(const char *command, struct err *e)
{
    struct import im = { 0 };
    char *text = import_pasted(&im, "", command, e) ? import_recipe(&im, NULL, e) : NULL;
    import_done(&im);
    return text;
}

static bool check_case(const char *name)
{
    char refusal[1024];
    struct err e = { 0 };
    char *command = read_case(name, ".cmd"), *want = read_case(name, ".want");
    char *text = import_text(command, &e);
    const char *got = text;
    if (text) {
        assert_is_recipe(name, text);
        without_digests(text);
    } else {
        const char *hint = strcmp(e.hint, err_row(e.code)->hint) == 0 ? "" : e.hint;
        snprintf(refusal, sizeof refusal, "refused: %s\n%s%s", e.what, hint, hint[0] ? "\n" : "");
        got = refusal;
    }
    bool same = strcmp(got, want) == 0;
    if (!same)
        print_error("%s:\n--- want\n%s--- got\n%s", name, want, got);
    free(text);
    free(command);
    free(want);
    return same;
}

static void import_commands_give_what_is_wanted(void **state)
{
    char path[PATH_MAX + 32];
    int cases = 0, wrong = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/commands", data_folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        char *end = strstr(entry->d_name, ".cmd");
        if (!end)
            continue;
        *end = '\0';
        cases++;
        wrong += !check_case(entry->d_name);
    }
    closedir(dir);
    assert_true(cases >= CASES_MIN);
    assert_int_equal(wrong, 0);
}

/* Whatever is pasted: no crash, and a recipe or a sentence. */
static void import_commands_survive_noise(void **state)
{
    static const char *const pieces[] = { "esptool",   "write_flash", "--chip",  "esp32", "0x10000",
                                          "app.bin",   "@args.txt",   "-fm",     "dio",   "-",
                                          "--",        "\"",          "'",       "\\",    "-b",
                                          "=",         "@",           "--baud=", "-p",    "c3.bin",
                                          "-z",        "0x",          "--port",  "0",     "\xff",
                                          "--encrypt", "-e",          "data.bin" };
    uint32_t random = 5;
    (void)state;
    for (int i = 0; i < 5000; i++) {
        char line[600] = "esptool ";
        struct err e = { 0 };
        for (uint32_t n = next_random(&random) % 12; n > 0; n--) {
            size_t used = strlen(line);
            snprintf(line + used, sizeof line - used, "%s%s",
                     pieces[next_random(&random) % COUNT_OF(pieces)],
                     next_random(&random) % 5 ? " " : "");
        }
        char *text = import_text(line, &e);
        assert_true(text ? strstr(text, "recipe:") != NULL
                         : e.code != ERR_NONE && e.what[0] != '\0');
        free(text);
    }
}

static void import_split_knows_quotes(void **state)
{
    static const char text[] = " a  'b c' \"d \\\" e\" f\\ g \\\n h'i'\"j\" '' '\\' ";
    static const char *const want[] = { "a", "b c", "d \" e", "f g", "hij", "", "\\" };
    struct import_words words;
    struct err e = { 0 };
    (void)state;
    assert_ok(import_split(text, &words, &e), &e);
    assert_int_equal(words.count, COUNT_OF(want));
    for (size_t i = 0; i < COUNT_OF(want); i++)
        assert_string_equal(words.items[i], want[i]);
    import_words_done(&words);
}

static void import_split_has_a_limit(void **state)
{
    struct import_words words;
    struct err e = { 0 };
    char *text = calloc(1, 2 * IMPORT_WORDS_MAX + 3);
    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i <= IMPORT_WORDS_MAX; i++)
        memcpy(text + 2 * i, "a ", 2);
    assert_code(import_split(text, &words, &e), &e, ERR_USAGE);
    import_words_done(&words);
    free(text);
}

static int set_up(void **state)
{
    (void)state;
    if (!realpath("tests/data/import", data_folder))
        return -1;
    import_images_enter();
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    import_images_leave();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(import_commands_give_what_is_wanted),
        cmocka_unit_test(import_commands_survive_noise),
        cmocka_unit_test(import_split_knows_quotes),
        cmocka_unit_test(import_split_has_a_limit),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
