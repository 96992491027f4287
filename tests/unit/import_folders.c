/* What builds leave in their folders, in the forms of tests/data/import, and what recipes come of
 * it; JSON of all kinds. */
#include "station/import/import.h"
#include "tests/unit/import_help.h"

#include <limits.h>

static char data_folder[PATH_MAX];

/* Copies a text of tests/data/import into the temporary folder. */
static void copy_data(const char *from, const char *to)
{
    char path[2 * PATH_MAX];
    bool there;
    size_t n;
    struct err e = { 0 };
    snprintf(path, sizeof path, "%s/%s", data_folder, from);
    char *text = import_read_text(path, &n, &there, &e);
    if (!text)
        fail_msg("%s is missing", path);
    put_text(to, text);
    free(text);
}

static char *import_text(const char *folder, const char *recipe_path, struct err *e)
{
    struct import im = { 0 };
    char *text = import_folder(&im, folder, e) ? import_recipe(&im, recipe_path, e) : NULL;
    import_done(&im);
    return text;
}

/* The recipe must load as `run` loads it, from where it is written. */
static struct recipe *load(const char *folder, const char *recipe_path, char **text)
{
    struct doc_report *report = calloc(1, sizeof *report);
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    assert_non_null(report);
    *text = import_text(folder, recipe_path, &e);
    assert_ok(*text != NULL, &e);
    put_text(recipe_path, *text);
    if (!recipe_load(recipe_path, &recipe, report, &e))
        fail_msg("%s: %s\n%s", e.what, report->mistakes[0].sentence, *text);
    free(report);
    return recipe;
}

static void assert_images(const struct recipe *r, const uint32_t *offsets, const char *const *files,
                          size_t count)
{
    assert_int_equal(r->image_count, count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(r->images[i].offset_bytes, offsets[i]);
        assert_string_equal(r->images[i].file, files[i]);
        assert_true(r->images[i].pinned);
    }
}

static void make_idf(const char *folder)
{
    char path[200];
    mkdir(folder, 0777);
    snprintf(path, sizeof path, "%s/bootloader", folder);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/partition_table", folder);
    mkdir(path, 0777);
    snprintf(path, sizeof path, "%s/bootloader/bootloader.bin", folder);
    put_esp32_boot(path);
    snprintf(path, sizeof path, "%s/thermostat.bin", folder);
    put_app(path, 0, "thermostat");
    uint8_t *table = make_partition_table();
    snprintf(path, sizeof path, "%s/partition_table/partition-table.bin", folder);
    put_bytes(path, table, MADE_TABLE_BYTES);
    free(table);
}

static const uint32_t idf_offsets[] = { 0x1000, 0x8000, 0x10000 };

static void import_folder_reads_flasher_args(void **state)
{
    static const char *const files[] = { "idf/build/bootloader/bootloader.bin",
                                         "idf/build/partition_table/partition-table.bin",
                                         "idf/build/thermostat.bin" };
    static const char *const from_within[] = { "../build/bootloader/bootloader.bin",
                                               "../build/partition_table/partition-table.bin",
                                               "../build/thermostat.bin" };
    char *text;
    (void)state;
    mkdir("idf", 0777);
    mkdir("idf/recipes", 0777);
    make_idf("idf/build");
    copy_data("idf/flasher_args.json", "idf/build/flasher_args.json");
    for (int project = 0; project <= 1; project++) {
        struct recipe *r = load(project ? "idf" : "idf/build/", "from-idf.yaml", &text);
        assert_images(r, idf_offsets, files, 3);
        assert_string_equal(r->name, "thermostat");
        assert_string_equal(r->version, "1.2.3");
        assert_string_equal(r->chip->id_name, "esp32");
        assert_int_equal(r->flash.size_bytes, 4 << 20);
        assert_int_equal(r->flash.mode, RECIPE_MODE_DIO);
        assert_int_equal(r->flash.freq_mhz, 40);
        assert_int_equal(r->loader, RECIPE_LOADER_AUTO);
        assert_null(strstr(text, "not carried over"));
        recipe_free(r);
        free(text);
    }
    struct recipe *r = load("idf/build", "idf/recipes/thermostat.yaml", &text);
    assert_images(r, idf_offsets, from_within, 3);
    recipe_free(r);
    free(text);
}

static void import_folder_says_what_is_encrypted(void **state)
{
    char *text;
    (void)state;
    make_idf("idf-encrypted");
    copy_data("idf/encrypted.json", "idf-encrypted/flasher_args.json");
    struct recipe *r = load("idf-encrypted", "encrypted.yaml", &text);
    assert_has(text, "# not carried over: encrypted: true of app: it is written plain");
    assert_has(text, "# not carried over: --after no-reset");
    assert_int_equal(r->loader, RECIPE_LOADER_ROM);
    recipe_free(r);
    free(text);
}

static void import_folder_reads_flash_args(void **state)
{
    static const char *const files[] = { "idf4/bootloader/bootloader.bin",
                                         "idf4/partition_table/partition-table.bin",
                                         "idf4/thermostat.bin" };
    static const char *const two[] = { "idf4/bootloader/bootloader.bin", "idf4/thermostat.bin" };
    static const uint32_t two_offsets[] = { 0x1000, 0x10000 };
    char *text;
    (void)state;
    make_idf("idf4");
    copy_data("idf4/flash_project_args", "idf4/flash_project_args");
    struct recipe *r = load("idf4", "idf4.yaml", &text);
    assert_images(r, two_offsets, two, 2);
    assert_int_equal(r->flash.size, RECIPE_SIZE_DETECT);
    recipe_free(r);
    free(text);
    copy_data("idf4/flash_args", "idf4/flash_args");
    r = load("idf4", "idf4.yaml", &text);
    assert_images(r, idf_offsets, files, 3);
    assert_int_equal(r->flash.size_bytes, 4 << 20);
    recipe_free(r);
    free(text);
}

/* PlatformIO with the Arduino framework: the descriptor is not the sketch's. */
static void make_platformio(void)
{
    mkdir("pio", 0777);
    mkdir("pio/.pio", 0777);
    mkdir("pio/.pio/build", 0777);
    mkdir("pio/.pio/build/esp32dev", 0777);
    put_esp32_boot("pio/.pio/build/esp32dev/bootloader.bin");
    put_ota_table("pio/.pio/build/esp32dev/partitions.bin");
    put_app("pio/.pio/build/esp32dev/firmware.bin", 0, "arduino-lib-builder");
}

static void import_folder_reads_platformio(void **state)
{
    static const char *const with_ota[] = { "pio/.pio/build/esp32dev/bootloader.bin",
                                            "pio/.pio/build/esp32dev/partitions.bin",
                                            "pio/.pio/build/esp32dev/boot_app0.bin",
                                            "pio/.pio/build/esp32dev/firmware.bin" };
    static const uint32_t ota_offsets[] = { 0x1000, 0x8000, 0xE000, 0x10000 };
    const char *const without[] = { with_ota[0], with_ota[1], with_ota[3] };
    char *text;
    (void)state;
    make_platformio();
    struct recipe *r = load("pio", "pio.yaml", &text); /* the only environment of the project */
    assert_images(r, idf_offsets, without, 3);
    assert_string_equal(r->name, "pio");
    assert_string_equal(r->version, "");
    assert_has(text, "# not carried over: boot_app0.bin or ota_data_initial.bin for 0xe000");
    recipe_free(r);
    free(text);
    put_text("pio/.pio/build/esp32dev/boot_app0.bin", "slot");
    copy_data("platformio/idedata.json", "pio/.pio/build/esp32dev/idedata.json");
    r = load("pio/.pio/build/esp32dev", "pio.yaml", &text);
    assert_images(r, ota_offsets, with_ota, 4);
    assert_null(strstr(text, "not carried over"));
    recipe_free(r);
    free(text);
    mkdir("pio/.pio/build/other", 0777);
    put_esp8266("pio/.pio/build/other/firmware.bin");
    struct err e = { 0 };
    assert_code(import_text("pio", NULL, &e) != NULL, &e, ERR_USAGE);
    assert_has(e.what, "several environments");
    assert_has(e.hint, "pio/.pio/build/esp32dev");
    static const char *const esp8266[] = { "pio/.pio/build/other/firmware.bin" };
    static const uint32_t zero[] = { 0 };
    r = load("pio/.pio/build/other", "pio.yaml", &text);
    assert_images(r, zero, esp8266, 1);
    assert_string_equal(r->chip->id_name, "esp8266");
    recipe_free(r);
    free(text);
}

static void import_folder_reads_arduino(void **state)
{
    static const char *const files[] = { "ino/Blink.ino.bootloader.bin",
                                         "ino/Blink.ino.partitions.bin", "ino/boot_app0.bin",
                                         "ino/Blink.ino.bin" };
    static const uint32_t offsets[] = { 0x1000, 0x8000, 0xE000, 0x10000 };
    char *text;
    struct err e = { 0 };
    (void)state;
    mkdir("ino", 0777);
    put_app("ino/Blink.ino.bin", 0, "arduino-lib-builder");
    assert_code(import_text("ino", NULL, &e) != NULL, &e, ERR_IMAGE);
    assert_has(e.what, "'Blink.ino.bootloader.bin' is not there");
    put_esp32_boot("ino/Blink.ino.bootloader.bin");
    put_ota_table("ino/Blink.ino.partitions.bin");
    put_text("ino/boot_app0.bin", "slot");
    struct recipe *r = load("ino", "ino.yaml", &text);
    assert_images(r, offsets, files, 4);
    assert_string_equal(r->name, "Blink");
    recipe_free(r);
    free(text);
    put_app("ino/Other.ino.bin", 0, NULL);
    e = (struct err){ 0 };
    assert_code(import_text("ino", NULL, &e) != NULL, &e, ERR_USAGE);
    assert_has(e.what, "several sketches");
}

static void import_folder_refuses_what_is_none(void **state)
{
    struct err e = { 0 };
    (void)state;
    mkdir("empty", 0777);
    assert_code(import_text("empty", NULL, &e) != NULL, &e, ERR_USAGE);
    assert_has(e.what, "no build folder");
    e = (struct err){ 0 };
    assert_code(import_text("nowhere", NULL, &e) != NULL, &e, ERR_USAGE);
    assert_has(e.what, "is no folder");
    mkdir("broken-table", 0777);
    put_app("broken-table/firmware.bin", 0, "x");
    put_esp32_boot("broken-table/bootloader.bin");
    put_text("broken-table/partitions.bin", "no table");
    e = (struct err){ 0 };
    assert_code(import_text("broken-table", NULL, &e) != NULL, &e, ERR_IMAGE);
    assert_has(e.what, "no partition table");
}

static void import_folder_refuses_broken_json(void **state)
{
    static const struct {
        const char *file, *sentence;
    } cases[] = {
        { "truncated", "line 2" },
        { "list", "it is not a JSON object" },
        { "deep", "nested too deeply" },
        { "alias", "an alias" },
        { "no_files", "names no file" },
        { "bad_offset", "'here' is no offset" },
        { "missing", "'nowhere.bin' for 0x10000 is not there" },
        { "numbers", "something else than files" },
        { "encrypt", "--encrypt cannot become part of a recipe" },
        { "unknown_chip", "does not know the chip 'esp99'" },
    };
    (void)state;
    mkdir("json", 0777);
    put_app("json/app.bin", 0, "x");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char from[100];
        struct err e = { 0 };
        snprintf(from, sizeof from, "broken/%s.json", cases[i].file);
        copy_data(from, "json/flasher_args.json");
        char *text = import_text("json", NULL, &e);
        assert_null(text);
        assert_true(e.code == ERR_USAGE || e.code == ERR_IMAGE);
        assert_has(e.what, cases[i].sentence);
    }
}

/* Whatever the text is: a tree or a sentence, and everything is freed. */
static void import_json_survives_noise(void **state)
{
    static const char text[] = "{ \"a\" : [ 1, \"\\u00e4\", { \"b\" : true } ], \"0x1000\" : "
                               "\"x.bin\", \"c\" : {} }";
    uint32_t random = 3;
    (void)state;
    for (int i = 0; i < 5000; i++) {
        char noisy[sizeof text];
        struct err e = { 0 };
        memcpy(noisy, text, sizeof text);
        for (uint32_t k = next_random(&random) % 4; k < 3; k++)
            noisy[next_random(&random) % (sizeof text - 1)] =
                "{}[]\",:&*|>\n\t \\x"[next_random(&random) % 16];
        struct json_node *root =
            import_json("noise", noisy, next_random(&random) % sizeof text, &e);
        assert_true(root ? root->kind == JSON_MAP : e.code == ERR_USAGE);
        json_tree_free(root);
    }
}

static void import_json_gives_members(void **state)
{
    static const char text[] = "{\"a\":{\"b\":\"c\",\"n\":1},\"l\":[1,2],\"t\":\"x\\\"\\\\y\"}";
    struct err e = { 0 };
    (void)state;
    struct json_node *root = import_json("members", text, sizeof text - 1, &e);
    assert_ok(root != NULL, &e);
    assert_string_equal(json_get_text(json_get(root, "a"), "b"), "c");
    assert_string_equal(json_get_text(json_get(root, "a"), "n"), "1");
    assert_string_equal(json_get_text(root, "t"), "x\"\\y");
    assert_null(json_get_text(root, "l"));
    assert_null(json_get(root, "none"));
    assert_null(json_get(json_get(root, "l"), "a"));
    assert_null(json_get(NULL, "a"));
    json_tree_free(root);
    json_tree_free(NULL);
}

/* Names from elsewhere end up in quotes or comments, and never as keys of the recipe. */
static void import_recipe_quotes_what_comes_from_elsewhere(void **state)
{
    struct import im = { 0 };
    struct err e = { 0 };
    struct doc_report *report = calloc(1, sizeof *report);
    struct recipe *recipe = NULL;
    (void)state;
    assert_non_null(report);
    put_text("odd \" \\ # {name}: x.bin", "data");
    snprintf(im.name, sizeof im.name, "a\"\nchip: esp8266\nb");
    im.chip = chip_by_name("esp32");
    import_note(&im, "a\nerase: all");
    assert_ok(import_add_image(&im, "", "odd \" \\ # {name}: x.bin", 0x2000, &e), &e);
    char *text = import_recipe(&im, NULL, &e);
    assert_ok(text != NULL, &e);
    assert_ok(recipe_parse("odd", text, strlen(text), "", &recipe, report, &e), &e);
    assert_string_equal(recipe->chip->id_name, "esp32");
    assert_int_equal(recipe->erase, RECIPE_ERASE_NEEDED);
    assert_string_equal(recipe->images[0].file, "odd \" \\ # {name}: x.bin");
    recipe_free(recipe);
    free(report);
    free(text);
    import_done(&im);
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
        cmocka_unit_test(import_folder_reads_flasher_args),
        cmocka_unit_test(import_folder_says_what_is_encrypted),
        cmocka_unit_test(import_folder_reads_flash_args),
        cmocka_unit_test(import_folder_reads_platformio),
        cmocka_unit_test(import_folder_reads_arduino),
        cmocka_unit_test(import_folder_refuses_what_is_none),
        cmocka_unit_test(import_folder_refuses_broken_json),
        cmocka_unit_test(import_json_survives_noise),
        cmocka_unit_test(import_json_gives_members),
        cmocka_unit_test(import_recipe_quotes_what_comes_from_elsewhere),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
