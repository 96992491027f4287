/*
 * Each key's value reaches its field; defaults; numbers; what values say to each other.
 */
#include "core/base/err.h"
#include "core/facts/chip.h"
#include "recipes/recipe.h"

#include <openssl/sha.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE   "recipe: r\nchip: esp32\n"
#define IMAGES "images: [{ file: app.bin, offset: 0x10000 }]\n"

static struct doc_report report;

static struct recipe *parse(const char *text)
{
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    if (!recipe_parse("r.yaml", text, strlen(text), NULL, &recipe, &report, &e))
        fail_msg("%s", e.what);
    assert_int_equal(report.total, 0);
    assert_int_equal(e.code, ERR_NONE);
    return recipe;
}

static void assert_pos(struct doc_pos at, uint32_t line, uint32_t column)
{
    assert_int_equal(at.line, line);
    assert_int_equal(at.column, column);
}

static void recipe_fills_every_field(void **state)
{
    (void)state;
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    assert_true(recipe_load("tests/data/recipes/valid_full.yaml", &recipe, &report, &e));

    assert_string_equal(recipe->path, "tests/data/recipes/valid_full.yaml");
    assert_string_equal(recipe->name, "thermostat");
    assert_string_equal(recipe->version, "2.3.0");
    assert_ptr_equal(recipe->chip, chip_by_name("esp32"));
    assert_int_equal(recipe->flash.size, RECIPE_SIZE_GIVEN);
    assert_int_equal(recipe->flash.size_bytes, 4 << 20);
    assert_int_equal(recipe->flash.mode, RECIPE_MODE_DIO);
    assert_int_equal(recipe->flash.freq_mhz, 40);
    assert_int_equal(recipe->verify, RECIPE_VERIFY_NONE);
    assert_int_equal(recipe->erase, RECIPE_ERASE_ALL);
    assert_int_equal(recipe->loader, RECIPE_LOADER_STUB);
    assert_int_equal(recipe->port.baud, 460800);
    assert_int_equal(recipe->port.fallback_count, 2);
    assert_int_equal(recipe->port.fallback_baud[0], 230400);
    assert_int_equal(recipe->port.fallback_baud[1], 115200);
    assert_int_equal(recipe->port.reset, RECIPE_RESET_CUSTOM);
    assert_string_equal(recipe->port.reset_text, "D0|R1|W0.1|D1|R0|W0.05|D0");
    assert_int_equal(recipe->retry.sync, 7);
    assert_int_equal(recipe->retry.write, 0);
    assert_int_equal(recipe->retry.verify, 1);
    assert_int_equal(recipe->retry.finish, 4);
    assert_int_equal(recipe->retry.pause_ms, 100);
    assert_true(recipe->boot.asked);
    assert_string_equal(recipe->boot.expect, "MicroPython: Entry");
    assert_int_equal(recipe->boot.reject_count, 2);
    assert_string_equal(recipe->boot.reject[0], "invalid header");
    assert_string_equal(recipe->boot.reject[1], "Brownout");
    assert_int_equal(recipe->boot.within_ms, 8000);
    assert_int_equal(recipe->boot.baud, 74880);
    recipe_free(recipe);
}

static void recipe_knows_where_things_stand(void **state)
{
    (void)state;
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    assert_true(recipe_load("tests/data/recipes/valid_full.yaml", &recipe, &report, &e));

    assert_pos(recipe->at[RECIPE_KEY_CHIP], 4, 7);
    assert_pos(recipe->at[RECIPE_KEY_FLASH], 5, 1);
    assert_pos(recipe->at[RECIPE_KEY_FLASH_SIZE], 5, 16);
    assert_pos(recipe->at[RECIPE_KEY_IMAGES], 6, 1);
    assert_pos(recipe->at[RECIPE_KEY_BOOT_BAUD], 25, 9);
    assert_pos(recipe->images[0].at, 7, 5);
    assert_pos(recipe->images[1].at, 8, 5);
    assert_pos(recipe->images[1].file_at, 8, 11);
    assert_pos(recipe->images[1].offset_at, 9, 13);
    assert_pos(recipe->images[1].sha256_at, 10, 13);
    assert_pos(recipe->images[0].sha256_at, 0, 0);
    recipe_free(recipe);
}

static void recipe_reads_images(void **state)
{
    (void)state;
    static const char app[] = "application image of the recipe tests\n";
    uint8_t digest[32];
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    assert_true(recipe_load("tests/data/recipes/valid_full.yaml", &recipe, &report, &e));

    assert_int_equal(recipe->image_count, 2);
    assert_string_equal(recipe->images[0].file, "firmware/boot.img");
    assert_string_equal(recipe->images[0].path, "tests/data/recipes/firmware/boot.img");
    assert_int_equal(recipe->images[0].offset_bytes, 0x1000);
    assert_false(recipe->images[0].pinned);
    assert_int_equal(recipe->images[1].offset_bytes, 0x10000);
    assert_true(recipe->images[1].pinned);
    SHA256((const unsigned char *)app, sizeof app - 1, digest);
    assert_memory_equal(recipe->images[1].sha256, digest, sizeof digest);
    recipe_free(recipe);
}

static void recipe_says_what_an_image_is(void **state)
{
    (void)state;
    static const char text[] = "recipe: r\nchip: esp32\nimages:\n"
                               "  - { file: a, offset: 0x1000 }\n"
                               "  - { file: b, offset: 0x310000, as: data }\n"
                               "  - { file: c, offset: 0x10000, as: auto }\n";
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    assert_true(recipe_parse("r", text, sizeof text - 1, NULL, &recipe, &report, &e));
    assert_int_equal(recipe->images[0].as, RECIPE_AS_AUTO);
    assert_int_equal(recipe->images[1].as, RECIPE_AS_DATA);
    assert_int_equal(recipe->images[2].as, RECIPE_AS_AUTO);
    assert_int_equal(recipe->images[1].offset_bytes, 0x310000);
    recipe_free(recipe);
}

static void recipe_keeps_its_text_and_digest(void **state)
{
    (void)state;
    static const char text[] = BASE IMAGES "# remark\n";
    uint8_t digest[32];
    struct recipe *const recipe = parse(text);
    SHA256((const unsigned char *)text, sizeof text - 1, digest);
    assert_int_equal(recipe->text_bytes, sizeof text - 1);
    assert_string_equal(recipe->text, text);
    assert_memory_equal(recipe->sha256, digest, sizeof digest);
    assert_string_equal(recipe->path, "r.yaml");
    recipe_free(recipe);
}

static void recipe_has_the_documented_defaults(void **state)
{
    (void)state;
    struct recipe *const recipe = parse(BASE IMAGES);
    assert_string_equal(recipe->version, "");
    assert_int_equal(recipe->flash.size, RECIPE_SIZE_KEEP);
    assert_int_equal(recipe->flash.mode, RECIPE_MODE_KEEP);
    assert_int_equal(recipe->flash.freq_mhz, 0);
    assert_int_equal(recipe->verify, RECIPE_VERIFY_MD5);
    assert_int_equal(recipe->write, RECIPE_WRITE_ALWAYS);
    assert_int_equal(recipe->erase, RECIPE_ERASE_NEEDED);
    assert_int_equal(recipe->loader, RECIPE_LOADER_AUTO);
    assert_int_equal(recipe->port.baud, 921600);
    assert_int_equal(recipe->port.fallback_count, 2);
    assert_int_equal(recipe->port.fallback_baud[0], 460800);
    assert_int_equal(recipe->port.fallback_baud[1], 115200);
    assert_int_equal(recipe->port.reset, RECIPE_RESET_AUTO);
    assert_string_equal(recipe->port.reset_text, "auto");
    assert_int_equal(recipe->retry.sync, 5);
    assert_int_equal(recipe->retry.write, 2);
    assert_int_equal(recipe->retry.verify, 2);
    assert_int_equal(recipe->retry.finish, 3);
    assert_int_equal(recipe->retry.pause_ms, 250);
    assert_false(recipe->boot.asked);
    assert_int_equal(recipe->boot.within_ms, 5000);
    assert_int_equal(recipe->boot.baud, 115200);
    assert_pos(recipe->at[RECIPE_KEY_PORT_BAUD], 0, 0);
    recipe_free(recipe);
}

static void recipe_default_fallback_stays_below_baud(void **state)
{
    (void)state;
    struct recipe *recipe = parse(BASE IMAGES "port: { baud: 460800 }\n");
    assert_int_equal(recipe->port.fallback_count, 1);
    assert_int_equal(recipe->port.fallback_baud[0], 115200);
    recipe_free(recipe);
    recipe = parse(BASE IMAGES "port: { fallback: [] }\n");
    assert_int_equal(recipe->port.fallback_count, 0);
    recipe_free(recipe);
}

static void recipe_reads_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t offset_bytes;
    } rows[] = {
        { "0", 0 },
        { "0x0", 0 },
        { "65536", 65536 },
        { "0x10000", 65536 },
        { "0X1fC0", 0x1fc0 },
        { "64K", 65536 },
        { "64k", 65536 },
        { "64KB", 65536 },
        { "4M", 4 << 20 },
        { "4mb", 4 << 20 },
        { "'0x1000'", 0x1000 },
        { "0x7FFFFFFF", 0x7FFFFFFF },
        { "2047M", 2047u << 20 },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, BASE "images: [{ file: a, offset: %s }]\n", rows[i].text);
        struct recipe *const recipe = parse(text);
        assert_int_equal(recipe->images[0].offset_bytes, rows[i].offset_bytes);
        recipe_free(recipe);
    }
}

static void recipe_takes_every_spelling_of_a_chip(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        const char *const names[] = { chip_at(i)->name, chip_at(i)->id_name };
        for (size_t k = 0; k < 2; k++) {
            char text[200];
            snprintf(text, sizeof text, "recipe: r\nchip: %s\n" IMAGES, names[k]);
            struct recipe *const recipe = parse(text);
            assert_ptr_equal(recipe->chip, chip_at(i));
            recipe_free(recipe);
        }
    }
}

/* What a recipe may say about the flash is what the chip's own table has, no more and no less. */
static void recipe_takes_the_flash_settings_of_the_chip(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *const chip = chip_at(i);
        for (const struct chip_code *row = chip->freqs; row->word; row++) {
            char text[200];
            snprintf(text, sizeof text, "recipe: r\nchip: %s\nflash: { freq: %s }\n" IMAGES,
                     chip->id_name, row->word);
            struct recipe *const recipe = parse(text);
            assert_int_equal(recipe->flash.freq_mhz, strtoul(row->word, NULL, 10));
            recipe_free(recipe);
        }
    }
}

static void recipe_reads_each_word(void **state)
{
    (void)state;
    static const char *const resets[] = { "auto", "classic", "tight", "usb-jtag", "none" };
    static const char *const modes[] = { "keep", "qio", "qout", "dio", "dout" };
    for (unsigned i = 0; i < 5; i++) {
        char text[200];
        snprintf(text, sizeof text, BASE IMAGES "port: { reset: %s }\nflash: { mode: %s }\n",
                 resets[i], modes[i]);
        struct recipe *const recipe = parse(text);
        assert_int_equal(recipe->port.reset, i);
        assert_string_equal(recipe->port.reset_text, resets[i]);
        assert_string_equal(recipe_word(RECIPE_KEY_PORT_RESET, i), resets[i]);
        assert_int_equal(recipe->flash.mode, i);
        assert_string_equal(recipe_word(RECIPE_KEY_FLASH_MODE, i), modes[i]);
        recipe_free(recipe);
    }
    assert_string_equal(recipe_word(RECIPE_KEY_PORT_RESET, RECIPE_RESET_CUSTOM), "");
    assert_string_equal(recipe_word(RECIPE_KEY_FLASH_SIZE, RECIPE_SIZE_DETECT), "detect");
    assert_string_equal(recipe_word(RECIPE_KEY_FLASH_SIZE, RECIPE_SIZE_GIVEN), "");
    assert_string_equal(recipe_word(RECIPE_KEY_LOADER, RECIPE_LOADER_ROM), "rom");
    assert_string_equal(recipe_word(RECIPE_KEY_VERIFY, RECIPE_VERIFY_NONE), "none");
    assert_string_equal(recipe_word(RECIPE_KEY_ERASE, RECIPE_ERASE_ALL), "all");
    assert_string_equal(recipe_word(RECIPE_KEY_CHIP, 0), "");
}

static void recipe_custom_reset_may_be_one_item(void **state)
{
    (void)state;
    struct recipe *const recipe = parse(BASE IMAGES "port: { reset: \"U1,0\" }\n");
    assert_int_equal(recipe->port.reset, RECIPE_RESET_CUSTOM);
    assert_string_equal(recipe->port.reset_text, "U1,0");
    recipe_free(recipe);
}

static void recipe_err_repeats_the_first_mistake(void **state)
{
    (void)state;
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    const char one[] = BASE IMAGES "verify: md6\n";
    const char two[] = BASE IMAGES "verify: md6\nerase: al\n";
    assert_false(recipe_parse("r.yaml", one, strlen(one), NULL, &recipe, &report, &e));
    assert_string_equal(e.what, "r.yaml:4:9: 'verify' expects md5 or none, got 'md6'; "
                                "did you mean 'md5'?");
    assert_false(recipe_parse("r.yaml", two, strlen(two), NULL, &recipe, &report, &e));
    assert_ptr_equal(strstr(e.what, "2 mistakes; the first: r.yaml:4:9: "), e.what);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipe_fills_every_field),
        cmocka_unit_test(recipe_knows_where_things_stand),
        cmocka_unit_test(recipe_reads_images),
        cmocka_unit_test(recipe_says_what_an_image_is),
        cmocka_unit_test(recipe_keeps_its_text_and_digest),
        cmocka_unit_test(recipe_has_the_documented_defaults),
        cmocka_unit_test(recipe_default_fallback_stays_below_baud),
        cmocka_unit_test(recipe_reads_numbers),
        cmocka_unit_test(recipe_takes_every_spelling_of_a_chip),
        cmocka_unit_test(recipe_takes_the_flash_settings_of_the_chip),
        cmocka_unit_test(recipe_reads_each_word),
        cmocka_unit_test(recipe_custom_reset_may_be_one_item),
        cmocka_unit_test(recipe_err_repeats_the_first_mistake),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
