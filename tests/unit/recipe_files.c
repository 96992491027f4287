/*
 * Recipes and images that are not the files they should be. None may block, and none may be read
 * further than needed to refuse it.
 */
#include "core/base/err.h"
#include "recipes/recipe_priv.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static struct doc_report report;
static char folder[64];

/* Opening a FIFO by mistake would wait for ever: the alarm ends the test instead. */
static int set_up(void **state)
{
    (void)state;
    alarm(60);
    snprintf(folder, sizeof folder, "/tmp/recipe_files.XXXXXX");
    return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    char command[100];
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return system(command);
}

static const char *in_folder(const char *name)
{
    static char path[200];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void put(const char *name, const char *text, off_t bytes)
{
    FILE *const file = fopen(in_folder(name), "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    if (bytes > 0)
        assert_int_equal(truncate(in_folder(name), bytes), 0);
}

static void assert_refused(const char *path, const char *why)
{
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    assert_false(recipe_load(path, &recipe, &report, &e));
    assert_null(recipe);
    assert_int_equal(e.code, ERR_RECIPE);
    assert_int_equal(report.total, 0);
    if (!strstr(e.what, why))
        fail_msg("'%s' does not say '%s'", e.what, why);
}

static void recipe_must_be_a_file(void **state)
{
    (void)state;
    assert_int_equal(mkfifo(in_folder("fifo.yaml"), 0600), 0);
    assert_refused(in_folder("fifo.yaml"), "is a FIFO, socket or device");
    assert_refused(folder, "is a folder");
    assert_refused("/dev/zero", "is a FIFO, socket or device");
    assert_refused("/proc/self/status", "is made up by the kernel");
    assert_refused(in_folder("none.yaml"), "there is no recipe");
    assert_refused("", "there is no recipe");
    put("empty.yaml", "", 0);
    assert_refused(in_folder("empty.yaml"), "is empty");
    assert_int_equal(symlink("loop.yaml", in_folder("loop.yaml")), 0);
    assert_refused(in_folder("loop.yaml"), "cannot be read: Too many levels of symbolic links");
}

/* Root may read everything, so as root the test becomes nobody for a moment. */
static void recipe_must_be_readable(void **state)
{
    (void)state;
    const uid_t nobody = 65534;
    const uid_t before = geteuid();
    put("secret.yaml", "recipe: r\n", 0);
    assert_int_equal(chmod(in_folder("secret.yaml"), 0), 0);
    assert_int_equal(chmod(folder, 0755), 0);
    if (before == 0)
        assert_int_equal(seteuid(nobody), 0);
    assert_refused(in_folder("secret.yaml"), "cannot be read: Permission denied");
    assert_int_equal(seteuid(before), 0);
}

static void recipe_has_a_size_limit(void **state)
{
    (void)state;
    put("huge.yaml", "recipe: r\n", (off_t)100 << 20);
    assert_refused(in_folder("huge.yaml"), "has 104857600 bytes; a recipe has at most 1048576");
}

/* One MiB is read, one byte more is not; from memory as from a file. */
static void recipe_limit_is_exact(void **state)
{
    (void)state;
    static const char head[] = "recipe: r\nchip: esp32\nimages: [{ file: a, offset: 0 }]\n# ";
    const size_t n = RECIPE_TEXT_MAX_BYTES + 1;
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    char *const text = malloc(n);
    assert_non_null(text);
    memset(text, 'x', n);
    memcpy(text, head, sizeof head - 1);

    assert_false(recipe_parse("big", text, n, NULL, &recipe, &report, &e));
    assert_int_equal(e.code, ERR_RECIPE);
    assert_int_equal(report.total, 0);
    assert_true(recipe_parse("big", text, n - 1, NULL, &recipe, &report, &e));
    assert_int_equal(recipe->text_bytes, n - 1);
    recipe_free(recipe);
    free(text);
}

/* Puts a recipe with that one image into the folder and gives the one mistake it has. */
static const char *image_mistake(const char *file)
{
    char text[400];
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    snprintf(text, sizeof text,
             "recipe: r\nchip: esp32\nimages:\n  - { file: \"%s\", offset: 0x1000 }\n", file);
    put("r.yaml", text, 0);
    const bool ok = recipe_load(in_folder("r.yaml"), &recipe, &report, &e);
    recipe_free(recipe);
    if (ok)
        return "";
    assert_int_equal(report.total, 1);
    assert_int_equal(report.mistakes[0].at.line, 4);
    assert_int_equal(report.mistakes[0].at.column, 13);
    return report.mistakes[0].sentence;
}

static void image_must_be_a_file(void **state)
{
    (void)state;
    char want[200];
    assert_int_equal(mkfifo(in_folder("pipe.bin"), 0600), 0);
    assert_string_equal(image_mistake("pipe.bin"), "image 'pipe.bin' is a FIFO, socket or device; "
                                                   "an image is a regular file");
    assert_string_equal(image_mistake("/dev/null"), "image '/dev/null' is a FIFO, socket or "
                                                    "device; an image is a regular file");
    /* Looks regular, and its text begins with what this process was started with. */
    assert_string_equal(
        image_mistake("/proc/self/environ"),
        "image '/proc/self/environ' is made up by the kernel; an image is a file on a disk");
    assert_int_equal(symlink("/proc/self/environ", in_folder("link.bin")), 0);
    assert_string_equal(image_mistake("link.bin"), "image 'link.bin' is made up by the kernel; an "
                                                   "image is a file on a disk");
    assert_string_equal(image_mistake("."), "image '.' is a folder; an image is a file");
    snprintf(want, sizeof want, "image 'none.bin' is not there; looked for '%s/none.bin'", folder);
    assert_string_equal(image_mistake("none.bin"), want);
    assert_string_equal(image_mistake("/none.bin"), "image '/none.bin' is not there");
    put("empty.bin", "", 0);
    assert_string_equal(image_mistake("empty.bin"), "image 'empty.bin' is empty");
}

static void image_has_a_size_limit(void **state)
{
    (void)state;
    put("large.bin", "", (off_t)RECIPE_IMAGE_MAX_BYTES);
    assert_string_equal(image_mistake("large.bin"), "");
    put("large.bin", "", (off_t)RECIPE_IMAGE_MAX_BYTES + 1);
    assert_string_equal(image_mistake("large.bin"), "image 'large.bin' has 134217729 bytes; the "
                                                    "largest flash holds 134217728");
}

static void image_path_starts_at_the_recipe(void **state)
{
    (void)state;
    assert_int_equal(mkdir(in_folder("build"), 0700), 0);
    put("build/app.bin", "x", 0);
    assert_string_equal(image_mistake("build/app.bin"), "");
    assert_string_equal(image_mistake("./build/../build/app.bin"), "");
    char absolute[200];
    snprintf(absolute, sizeof absolute, "%s", in_folder("build/app.bin"));
    assert_string_equal(image_mistake(absolute), "");
}

/* A recipe without a folder in its name belongs to the current one, "/r.yaml" to the root. */
static void image_path_without_folder(void **state)
{
    (void)state;
    static const char text[] = "recipe: r\nchip: esp32\nimages: [{ file: a.bin, offset: 0 }]\n";
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    char before[4096];
    put("a.bin", "x", 0);
    put("r.yaml", text, 0);
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    const bool ok = recipe_load("r.yaml", &recipe, &report, &e);
    assert_int_equal(chdir(before), 0);
    assert_true(ok);
    assert_string_equal(recipe->images[0].path, "a.bin");
    recipe_free(recipe);
    assert_false(recipe_parse("r", text, strlen(text), "/", &recipe, &report, &e));
    assert_string_equal(report.mistakes[0].sentence, "image 'a.bin' is not there; looked for "
                                                     "'/a.bin'");
}

static void folder_is_what_comes_before_the_name(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        { "r.yaml", "" },
        { "/r.yaml", "/" },
        { "./r.yaml", "." },
        { "a/b/r.yaml", "a/b" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *const got = file_folder(rows[i][0]);
        assert_string_equal(got, rows[i][1]);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipe_must_be_a_file),
        cmocka_unit_test(recipe_must_be_readable),
        cmocka_unit_test(recipe_has_a_size_limit),
        cmocka_unit_test(recipe_limit_is_exact),
        cmocka_unit_test(image_must_be_a_file),
        cmocka_unit_test(image_has_a_size_limit),
        cmocka_unit_test(image_path_starts_at_the_recipe),
        cmocka_unit_test(image_path_without_folder),
        cmocka_unit_test(folder_is_what_comes_before_the_name),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
