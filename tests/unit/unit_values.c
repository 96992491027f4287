/*
 * A unit's values, and the images made of them: patterns, limits, pools, bytes.
 */
#include "tests/unit/nvs_help.h"

#include "recipes/recipe.h"
#include "recipes/units/unit_bytes.h"
#include "station/line/unit_supply.h"

#include <inttypes.h>
#include <sys/stat.h>

#define NOW_MS 1795999999000 /* 2026-11-30, a Monday: week 49 */
#define NEW_MS 1798761600000 /* 2027-01-01, a Friday: week 53 of 2026 */

/* ---- Check characters and patterns ---- */

/* Luhn and Damm as in their descriptions, 794 and G123489654321 as in ISO 7064. */
static void check_characters_are_those_of_the_books(void **state)
{
    char two[3];
    (void)state;
    assert_int_equal(check_luhn("7992739871"), '3');
    assert_int_equal(check_luhn("24123456"), '6');
    assert_int_equal(check_damm("572"), '4');
    assert_int_equal(check_damm("24-123 456"), '4');
    check_mod97("794", two);
    assert_string_equal(two, "44");
    check_mod97("EX26000123", two);
    assert_string_equal(two, "59");
    assert_int_equal(check_mod37("A12425GABC1234002"), 'M');
    assert_int_equal(check_mod37("EX-26-000123"), 'W');
}

/* What each promises: a wrong digit is found, and with Damm two that were swapped. */
static void check_characters_find_single_errors(void **state)
{
    char text[9];
    (void)state;
    for (unsigned n = 0; n < 2000; n++) {
        snprintf(text, sizeof text, "%08u", n * 4099u);
        const char luhn = check_luhn(text), damm = check_damm(text), mod37 = check_mod37(text);
        const size_t at = n % 8;
        const char was = text[at];
        text[at] = (char)(was == '9' ? '0' : was + 1);
        assert_true(check_luhn(text) != luhn && check_damm(text) != damm &&
                    check_mod37(text) != mod37);
        text[at] = was;
        if (at == 7 || text[at] == text[at + 1])
            continue;
        text[at] = text[at + 1];
        text[at + 1] = was;
        assert_true(check_damm(text) != damm);
    }
}

static void pattern_writes_what_it_says(void **state)
{
    static const struct {
        const char *pattern;
        uint64_t number;
        int64_t utc_ms;
        const char *text; /* NULL: it does not fit */
    } cases[] = {
        { "{n}", 7, NOW_MS, "7" },
        { "EX{yy}-{n:6}-{damm}", 123, NOW_MS, "EX26-000123-3" },
        { "{n:6}", 999999, NOW_MS, "999999" },
        { "{n:6}", 1000000, NOW_MS, NULL },
        { "{hex:4}", 0xBEEF, NOW_MS, "BEEF" },
        { "{base32:4}", 31 * 32 + 18, NOW_MS, "00ZJ" },
        { "{base36:2}", 35 * 36 + 35, NOW_MS, "ZZ" },
        { "{base36:2}", 36 * 36, NOW_MS, NULL },
        { "{yyyy}{mm}{dd}-{n:3}", 5, NOW_MS, "20261130-005" },
        { "{gg}{ww}{n:2}", 1, NOW_MS, "264901" },
        { "{gg}{ww}{n:2}", 1, NEW_MS, "265301" },
        { "{{{n:2}}}", 4, NOW_MS, "{04}" },
        { "{base36:3}{mod37}", 12345, NOW_MS, "9IXA" },
        { "{n:4}{mod97}", 79, NOW_MS, "007955" },
    };
    struct pattern p;
    char why[200], text[PATTERN_TEXT_CAP];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        if (!pattern_read(cases[i].pattern, &p, why, sizeof why))
            fail_msg("%s: %s", cases[i].pattern, why);
        const bool fits = pattern_make(&p, cases[i].number, cases[i].utc_ms, text, sizeof text);
        if (fits != (cases[i].text != NULL) || (fits && strcmp(text, cases[i].text) != 0))
            fail_msg("%s of %" PRIu64 ": %s", cases[i].pattern, cases[i].number, text);
        if (fits)
            assert_true(cases[i].number <= pattern_largest(&p));
    }
}

static void pattern_knows_how_much_fits(void **state)
{
    struct pattern p;
    char why[200], text[PATTERN_TEXT_CAP];
    static const char *const patterns[] = { "{n:3}", "{hex:2}", "{base32:4}", "{base36:5}" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        assert_true(pattern_read(patterns[i], &p, why, sizeof why));
        assert_true(pattern_make(&p, pattern_largest(&p), NOW_MS, text, sizeof text));
        assert_false(pattern_make(&p, pattern_largest(&p) + 1, NOW_MS, text, sizeof text));
    }
    assert_true(pattern_read("{n:19}", &p, why, sizeof why));
    assert_true(pattern_largest(&p) == INT64_MAX);
}

/* ---- A recipe with a unit ---- */

#define HEAD "recipe: demo\nchip: esp32\nimages:\n  - { file: app.bin, offset: 0x10000 }\nunit:\n"

struct bench {
    char folder[64];
    struct doc_report report;
    struct recipe *recipe;
    struct err e;
};

static int up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    snprintf(b->folder, sizeof b->folder, "/tmp/espstation-unit-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    *state = b;
    return 0;
}

static int down(void **state)
{
    struct bench *b = *state;
    char command[128];
    recipe_free(b->recipe);
    snprintf(command, sizeof command, "rm -rf %s", b->folder);
    const int rc = system(command);
    free(b);
    return rc;
}

static void put_file(const struct bench *b, const char *name, const char *text, size_t n)
{
    char path[200];
    snprintf(path, sizeof path, "%s/%s", b->folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, n, f), n);
    fclose(f);
}

static void put_text(const struct bench *b, const char *name, const char *text)
{
    put_file(b, name, text, strlen(text));
}

static const struct unit *unit_of(struct bench *b, const char *section)
{
    char text[4096], line[512];
    snprintf(text, sizeof text, HEAD "%s", section);
    put_text(b, "app.bin", "x");
    if (!recipe_parse("r.yaml", text, strlen(text), b->folder, &b->recipe, &b->report, &b->e))
        fail_msg("%s", doc_mistake_text("r.yaml", &b->report.mistakes[0], line, sizeof line));
    return &b->recipe->unit;
}

static void value_is_judged_by_type_and_limits(void **state)
{
    struct bench *b = *state;
    const struct unit *u = unit_of(b, "  values:\n"
                                      "    - { name: label, from: scan, pattern: "
                                      "\"[A-Z]{2}[0-9]{3}|x\", max: 5 }\n"
                                      "    - { name: count, from: scan, type: number, min: -5, "
                                      "max: 300 }\n"
                                      "    - { name: key, from: scan, type: hex, min: 2, max: 3, "
                                      "secret: true }\n"
                                      "    - { name: cap, from: scan, chars: upper }\n");
    static const struct {
        size_t value;
        const char *text;
        bool ok;
    } cases[] = {
        { 0, "AB123", true },     { 0, "x", true },         { 0, "AB123x", false },
        { 0, "xAB12", false },    { 0, "", false },         { 0, "AB12\n", false },
        { 1, "300", true },       { 1, "-5", true },        { 1, "301", false },
        { 1, "-6", false },       { 1, "0x10", false },     { 1, " 7", false },
        { 1, "7 ", false },       { 1, "+7", false },       { 1, "99999999999999999999", false },
        { 2, "00ff", true },      { 2, "00FFaa", true },    { 2, "00f", false },
        { 2, "00", false },       { 2, "00ff00ff", false }, { 2, "zz00", false },
        { 3, "AB9", true },       { 3, "AB-9", false },     { 3, "ab", false },
        { 3, "\xC3\x84", false },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err e = { 0 };
        if (unit_value_accepts(&u->values[cases[i].value], cases[i].text, &e) != cases[i].ok)
            fail_msg("%s: '%s'", u->values[cases[i].value].name, cases[i].text);
        assert_true(cases[i].ok || e.code == ERR_UNIT);
        if (cases[i].value == 2 && !cases[i].ok) /* a secret is in no sentence */
            assert_null(strstr(e.what, cases[i].text));
    }
}

/* ---- Codes without a name ---- */

static void code_is_the_first_missing_value_that_takes_it(void **state)
{
    struct bench *b = *state;
    struct unit_given given = { .count = 0 };
    struct err e = { 0 };
    unit_of(b, "  values:\n"
               "    - { name: mac, from: board, fact: mac }\n"
               "    - { name: label, from: scan, pattern: \"[A-Z]{2}[0-9]{3}\" }\n"
               "    - { name: other, from: scan, max: 8 }\n"
               "    - { name: key, from: scan, type: hex, min: 2, max: 3, secret: true }\n");
    const struct unit_value *v = unit_given_choose(&given, b->recipe, 0, "AB123", &e);
    assert_true(v && strcmp(v->name, "label") == 0);
    v = unit_given_choose(&given, b->recipe, 0, "00ff", &e);
    assert_true(v && strcmp(v->name, "other") == 0);
    v = unit_given_choose(&given, b->recipe, 2, "AB123", &e); /* the board has its label */
    assert_true(v && strcmp(v->name, "other") == 0);
    assert_true(unit_given_put(&given, "other", "x", &e));
    v = unit_given_choose(&given, b->recipe, 0, "00ff", &e);
    assert_true(v && strcmp(v->name, "key") == 0);
    assert_null(unit_given_choose(&given, b->recipe, 0, "00f", &e));
    assert_int_equal(e.code, ERR_UNIT);
    assert_non_null(strstr(e.what, "'label', which is text as [A-Z]{2}[0-9]{3}"));
    assert_null(strstr(e.what, "00f")); /* it may be the secret one, misread */
    assert_true(unit_given_put(&given, "label", "AB123", &e));
    assert_null(unit_given_choose(&given, b->recipe, 0, "00f", &e));
    assert_non_null(strstr(e.what, "'key', which is 2 to 3 bytes in hexadecimal"));
    assert_true(unit_given_put(&given, "key", "00ff", &e));
    assert_null(unit_given_choose(&given, b->recipe, 0, "00ff", &e));
    assert_int_equal(e.code, ERR_USAGE);
    unit_given_clear(&given);
}

static void expansion_puts_values_in(void **state)
{
    struct bench *b = *state;
    const struct unit *u = unit_of(b, "  values:\n"
                                      "    - { name: a, from: scan }\n"
                                      "    - { name: bc, from: scan }\n");
    const struct unit_texts t = { { "1", "two" } };
    static const struct {
        enum unit_braces braces;
        const char *text, *out;
    } cases[] = {
        { UNIT_BRACES_ONE, "{a}-{bc}", "1-two" },
        { UNIT_BRACES_ONE, "{{a}} {{{a}}}", "{a} {1}" },
        { UNIT_BRACES_TWO, "{\"k\": \"{{bc}}\", {a} {{ x }}}", "{\"k\": \"two\", {a} {{ x }}}" },
        { UNIT_BRACES_TWO, "{{a}}{{bc}}", "1two" },
        { UNIT_BRACES_TWO, "{{", "{{" },
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t n;
        char *out = unit_expand(u, &t, cases[i].braces, cases[i].text, strlen(cases[i].text), &n);
        assert_string_equal(out, cases[i].out);
        assert_int_equal(n, strlen(out));
        unit_wipe(out, n);
    }
}

/* ---- Images ---- */

#define BASIC_KEYS                                                                                 \
    "        - { space: factory, key: serial, type: string, value: \"{serial}\" }\n"               \
    "        - { space: factory, key: hw_rev, type: u8, value: \"{hw}\" }\n"                       \
    "        - { space: factory, key: batch, type: u16, value: 48123 }\n"                          \
    "        - { space: factory, key: made, type: u32, value: 1795910400 }\n"                      \
    "        - { space: factory, key: mac64, type: u64, value: 81985529216486895 }\n"              \
    "        - { space: factory, key: offs8, type: i8, value: -5 }\n"                              \
    "        - { space: factory, key: offs16, type: i16, value: -1234 }\n"                         \
    "        - { space: factory, key: offs32, type: i32, value: -100000 }\n"                       \
    "        - { space: factory, key: offs64, type: i64, value: -5000000000 }\n"                   \
    "        - { space: cal, key: table, type: blob, value: \"{cal}\" }\n"
#define BASIC_VALUES                                                                               \
    "  values:\n"                                                                                  \
    "    - { name: serial, from: scan }\n"                                                         \
    "    - { name: hw, from: scan, type: number }\n"                                               \
    "    - { name: cal, from: scan, type: hex }\n"                                                 \
    "  images:\n"                                                                                  \
    "    - partition: fctry\n"
#define CAL_HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2021"

static struct unit_instance instance_of(const struct unit *u, const struct unit_material *m)
{
    return (struct unit_instance){ .unit = u,
                                   .material = m,
                                   .texts = { { "EX26-000123-7", "3", CAL_HEX } } };
}

/* The vectors are what the official generator made of tests/data/nvs/1-basic.csv. */
static void assert_vector(struct bench *b, const char *keys, const char *vector)
{
    char section[4096];
    uint8_t bytes[0x3000];
    size_t n;
    struct unit_material m;
    snprintf(section, sizeof section, BASIC_VALUES "%s      keys:\n" BASIC_KEYS, keys);
    const struct unit *u = unit_of(b, section);
    assert_true(unit_material_read(u, &m, &b->report, &b->e));
    const struct unit_instance in = instance_of(u, &m);
    if (!unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e))
        fail_msg("%s", b->e.what);
    uint8_t *want = nvs_load(vector, &n);
    assert_int_equal(n, sizeof bytes);
    assert_memory_equal(bytes, want, n);
    if (!unit_bytes_compare(&in, 0, false, bytes, sizeof bytes, &b->e))
        fail_msg("%s", b->e.what);
    free(want);
    unit_material_done(&m);
    recipe_free(b->recipe);
    b->recipe = NULL;
}

static void nvs_image_is_that_of_the_official_generator(void **state)
{
    struct bench *b = *state;
    size_t n;
    uint8_t *keys = nvs_load("4-keys.bin", &n);
    put_file(b, "keys.bin", (const char *)keys, n);
    free(keys);
    keys = nvs_load("hmac-key.bin", &n);
    put_file(b, "hmac.bin", (const char *)keys, n);
    free(keys);
    assert_vector(b, "", "1-basic.bin");
    assert_vector(b, "      version: 1\n", "3-basic-v1.bin");
    assert_vector(b, "      encrypt: keys\n      key_file: keys.bin\n", "4-basic-enc.bin");
    assert_vector(b, "      encrypt: hmac\n      key_file: hmac.bin\n", "4-basic-enc.bin");
}

static void key_file_of_each_unit_is_a_name_in_its_folder(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[0x3000];
    size_t n;
    uint8_t *keys = nvs_load("4-keys.bin", &n);
    put_file(b, "EX26-000123-7.bin", (const char *)keys, n);
    free(keys);
    const struct unit *u = unit_of(b, BASIC_VALUES "      encrypt: keys\n"
                                                   "      key_file: \"{serial}.bin\"\n"
                                                   "      keys:\n" BASIC_KEYS);
    struct unit_material m;
    assert_true(unit_material_read(u, &m, &b->report, &b->e));
    struct unit_instance in = instance_of(u, &m);
    assert_true(unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e));
    uint8_t *want = nvs_load("4-basic-enc.bin", &n);
    assert_memory_equal(bytes, want, n);
    free(want);
    in.texts.texts[0] = "x/../EX26-000123-7";
    assert_false(unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e));
    assert_non_null(strstr(b->e.what, "has a slash"));
    in.texts.texts[0] = "EX26-000124-5";
    assert_false(unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e));
    assert_int_equal(b->e.code, ERR_UNIT);
    unit_material_done(&m);
}

/* The key table of the vector, in all forms that the generator takes, and as files. */
static void blob_may_be_base64_or_a_file(void **state)
{
    struct bench *b = *state;
    static const struct {
        const char *type, *value;
    } forms[] = {
        { "base64", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gIQ==" },
        { "file-hex2bin", "cal-{hw}.hex" },
        { "file-base64", "cal.b64" },
        { "file-binary", "cal.raw" },
    };
    uint8_t raw[34], bytes[0x3000];
    size_t n;
    for (size_t i = 0; i < sizeof raw; i++)
        raw[i] = (uint8_t)i;
    put_file(b, "cal.raw", (const char *)raw, sizeof raw);
    put_file(b, "cal-3.hex", CAL_HEX "\r\n", strlen(CAL_HEX) + 2);
    put_file(b, "cal.b64", forms[0].value, strlen(forms[0].value));
    uint8_t *want = nvs_load("1-basic.bin", &n);
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        char section[4096], *table;
        snprintf(section, sizeof section,
                 "  values:\n"
                 "    - { name: serial, from: scan }\n"
                 "    - { name: hw, from: recipe, value: 3, type: number }\n"
                 "  images:\n"
                 "    - partition: fctry\n"
                 "      keys:\n" BASIC_KEYS);
        table = strstr(section, "type: blob");
        snprintf(table, sizeof section - (size_t)(table - section), "type: %s, value: \"%s\" }\n",
                 forms[i].type, forms[i].value);
        const struct unit *u = unit_of(b, section);
        struct unit_material m = { 0 };
        struct unit_instance in = instance_of(u, &m);
        if (!unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e))
            fail_msg("%s: %s", forms[i].type, b->e.what);
        assert_memory_equal(bytes, want, n);
        assert_true(unit_bytes_compare(&in, 0, false, bytes, sizeof bytes, &b->e));
        in.texts.texts[1] = "4"; /* of which there is no file */
        assert_true(unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e) == (i != 1));
        recipe_free(b->recipe);
        b->recipe = NULL;
    }
    free(want);
}

#define HMAC_HEX "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define KEYS_HEX                                                                                   \
    "813a141220ddb819f4d73d59fa3032ab9f592cc26a18cf1fde692f712b6a025c"                             \
    "b20ad6b6ddd1658a6e14d1b5b726e42356adf4ff2f68fcd8826ac2908408addf"
#define KEYED_VALUES                                                                               \
    "  values:\n"                                                                                  \
    "    - { name: serial, from: scan }\n"                                                         \
    "    - { name: hw, from: scan, type: number }\n"                                               \
    "    - { name: cal, from: scan, type: hex }\n"                                                 \
    "    - { name: xts, from: random, type: hex, min: 64, max: 64 }\n"                             \
    "    - { name: hmac, from: scan, type: hex, min: 32, max: 32, secret: true }\n"                \
    "  pools:\n"                                                                                   \
    "    - { name: sets, folder: sets }\n"                                                         \
    "  images:\n"                                                                                  \
    "    - { partition: nvs_key, nvs_keys: xts }\n"                                                \
    "    - { partition: spare, pool: sets }\n"                                                     \
    "    - partition: fctry\n"

/* Keys of a unit's own: a value, or its file of a pool; both written and used. */
static void keys_of_a_unit_encrypt_and_are_written(void **state)
{
    struct bench *b = *state;
    static const char *const ways[] = { "encrypt: keys\n      key_value: xts",
                                        "encrypt: hmac\n      key_value: hmac",
                                        "encrypt: keys\n      key_pool: sets" };
    static uint8_t bytes[0x3000];
    char path[256], section[4096];
    size_t n, keys_n;
    uint8_t *keys = nvs_load("4-keys.bin", &keys_n), *want = nvs_load("4-basic-enc.bin", &n);
    snprintf(path, sizeof path, "%s/sets", b->folder);
    mkdir(path, 0700);
    put_file(b, "sets/one.bin", (const char *)keys, keys_n);
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        snprintf(section, sizeof section, KEYED_VALUES "      %s\n      keys:\n" BASIC_KEYS,
                 ways[i]);
        const struct unit *u = unit_of(b, section);
        struct unit_material m = { 0 };
        struct unit_instance in = instance_of(u, &m);
        struct pool *pool = pool_open(u, 0, &b->report, &b->e);
        struct pool *const pools[] = { pool };
        char why[UNIT_WHY_CAP] = "";
        assert_non_null(pool);
        in.pools = pools;
        in.rows[0] = POOL_NO_ROW;
        in.gone[0] = "one.bin";
        assert_false(unit_bytes_knows(&in, 2, why));
        assert_non_null(strstr(why, i == 0   ? "secret 'xts'"
                                    : i == 1 ? "secret 'hmac'"
                                             : "one.bin of pool 'sets' was changed or is gone"));
        assert_false(unit_bytes_compare(&in, 2, false, bytes, sizeof bytes, &b->e));
        assert_int_equal(b->e.code, ERR_UNIT);
        in.rows[0] = 0;
        in.texts.texts[3] = KEYS_HEX;
        in.texts.texts[4] = HMAC_HEX;
        assert_true(unit_bytes_knows(&in, 2, why));
        if (!unit_bytes_make(&in, 2, false, bytes, sizeof bytes, &b->e))
            fail_msg("%s", b->e.what);
        assert_memory_equal(bytes, want, n);
        assert_true(unit_bytes_make(&in, 0, false, bytes, keys_n, &b->e));
        assert_memory_equal(bytes, keys, keys_n);
        pool_free(pool);
        recipe_free(b->recipe);
        b->recipe = NULL;
    }
    free(keys);
    free(want);
}

/* A secret that nobody gives again: the other keys are judged all the same. */
static void comparison_passes_over_what_is_not_known(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[0x3000];
    char why[UNIT_WHY_CAP];
    const struct unit *u = unit_of(b, BASIC_VALUES "      keys:\n" BASIC_KEYS);
    struct unit_material m = { 0 };
    struct unit_instance in = instance_of(u, &m);
    assert_true(unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e));
    assert_true(unit_bytes_knows(&in, 0, why));
    in.texts.texts[2] = NULL;
    assert_false(unit_bytes_knows(&in, 0, why));
    assert_string_equal(why, "value 'cal'");
    assert_true(unit_bytes_compare(&in, 0, false, bytes, sizeof bytes, &b->e));
    in.texts.texts[1] = "4";
    assert_false(unit_bytes_compare(&in, 0, false, bytes, sizeof bytes, &b->e));
    assert_non_null(strstr(b->e.what, "Key 'hw_rev' of 'factory' has another value"));
}

static void comparison_tells_the_key_that_differs_and_no_value(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[0x3000];
    const struct unit *u = unit_of(b, BASIC_VALUES "      keys:\n" BASIC_KEYS);
    struct unit_material m = { 0 };
    struct unit_instance in = instance_of(u, &m);
    assert_true(unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e));
    in.texts.texts[0] = "EX26-000124-5";
    assert_false(unit_bytes_compare(&in, 0, false, bytes, sizeof bytes, &b->e));
    assert_int_equal(b->e.code, ERR_VERIFY);
    assert_non_null(strstr(b->e.what, "Key 'serial' of 'factory' has another value"));
    assert_null(strstr(b->e.what, "EX26"));
    memset(bytes, 0xFF, sizeof bytes);
    assert_false(unit_bytes_compare(&in, 0, false, bytes, sizeof bytes, &b->e));
    assert_non_null(strstr(b->e.what, "is not there"));
}

static void values_that_do_not_fit_are_refused(void **state)
{
    struct bench *b = *state;
    static char huge[5001];
    uint8_t bytes[0x3000];
    const struct unit *u = unit_of(b, BASIC_VALUES "      keys:\n" BASIC_KEYS);
    struct unit_material m = { 0 };
    struct unit_instance in = instance_of(u, &m);
    memset(huge, 'x', sizeof huge - 1);
    in.texts.texts[0] = huge;
    assert_false(unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e));
    assert_int_equal(b->e.code, ERR_UNIT);
    in = instance_of(u, &m);
    in.texts.texts[1] = "256";
    assert_false(unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e));
    assert_non_null(strstr(b->e.what, "Key 'hw_rev' of 'factory': its value is out of range"));
    in = instance_of(u, &m);
    /* two pages, of which one would have to stay free: the firmware would erase it all */
    assert_false(unit_bytes_make(&in, 0, false, bytes, 0x2000, &b->e));
    assert_true(unit_bytes_make(&in, 0, true, bytes, 0x1000, &b->e));
}

static void template_is_filled_and_padded(void **state)
{
    struct bench *b = *state;
    uint8_t bytes[0x1000];
    struct unit_material m;
    put_text(b, "conf.json", "{\"sn\": \"{{serial}}\"}");
    const struct unit *u = unit_of(b, "  values:\n    - { name: serial, from: scan }\n"
                                      "  images:\n"
                                      "    - { partition: conf, template: conf.json }\n");
    assert_true(unit_material_read(u, &m, &b->report, &b->e));
    const struct unit_instance in = instance_of(u, &m);
    assert_true(unit_bytes_make(&in, 0, false, bytes, sizeof bytes, &b->e));
    assert_memory_equal(bytes, "{\"sn\": \"EX26-000123-7\"}\xFF", 24);
    assert_int_equal(bytes[0xFFF], 0xFF);
    unit_material_done(&m);
}

static void template_of_an_unknown_value_is_a_mistake(void **state)
{
    struct bench *b = *state;
    struct unit_material m;
    put_text(b, "conf.json", "{{serail}}");
    const struct unit *u = unit_of(b, "  values:\n    - { name: serial, from: scan }\n"
                                      "  images:\n"
                                      "    - { partition: conf, template: conf.json }\n");
    assert_false(unit_material_read(u, &m, &b->report, &b->e));
    assert_non_null(strstr(b->report.mistakes[0].sentence, "'serail', which there is not"));
    unit_material_done(&m);
}

/* ---- Pools ---- */

#define POOL_UNIT                                                                                  \
    "  values:\n"                                                                                  \
    "    - { name: sn, from: pool, unique: true, max: 8 }\n"                                       \
    "    - { name: key, from: pool, column: secret key, type: hex, secret: true }\n"               \
    "  pools:\n    - { name: keys, file: pool.csv%s }\n"

static struct pool *open_pool(struct bench *b, const char *more, const char *csv)
{
    char section[1024];
    put_text(b, "pool.csv", csv);
    snprintf(section, sizeof section, POOL_UNIT, more);
    recipe_free(b->recipe);
    b->recipe = NULL;
    const struct unit *u = unit_of(b, section);
    doc_report_init(&b->report);
    return pool_open(u, 0, &b->report, &b->e);
}

static void assert_value(const struct bench *b, const struct pool *p, size_t row, size_t value,
                         const char *want)
{
    char *text = pool_value(p, row, &b->recipe->unit.values[value]);
    assert_string_equal(text, want);
    unit_wipe(text, strlen(text));
}

static void pool_gives_rows_by_place_and_digest(void **state)
{
    struct bench *b = *state;
    char sha256[POOL_SHA256_CAP], label[POOL_LABEL_CAP];
    struct pool *p = open_pool(b, "",
                               "\xEF\xBB\xBFnote,sn,secret key\r\n\r\n"
                               "\"a\nb\",A1,00\r\n,A2,01\r\n\"x,\"\"y\",A3,02");
    assert_non_null(p);
    assert_int_equal(pool_count(p), 3);
    assert_value(b, p, 0, 0, "A1");
    assert_value(b, p, 2, 1, "02");
    pool_label(p, 1, label);
    assert_string_equal(label, "row 5"); /* behind a blank line, and one of two lines */
    pool_sha256(p, 1, sha256);
    assert_int_equal(pool_find(p, sha256), 1);
    sha256[0] = sha256[0] == 'a' ? 'b' : 'a';
    assert_int_equal(pool_find(p, sha256), POOL_NO_ROW);
    assert_false(pool_is_bound(p, 0));
    pool_free(p);
}

/* A row is the same row wherever it stands, and another one once it is edited. */
static void digest_follows_the_row(void **state)
{
    struct bench *b = *state;
    char before[POOL_SHA256_CAP];
    struct pool *p = open_pool(b, "", "sn,secret key\nA1,00\nA2,01\n");
    pool_sha256(p, 1, before);
    pool_free(p);
    p = open_pool(b, "", "sn,secret key\nA2,01\nA9,09\n");
    assert_int_equal(pool_find(p, before), 0);
    pool_free(p);
    p = open_pool(b, "", "sn,secret key\nA2,02\n");
    assert_int_equal(pool_find(p, before), POOL_NO_ROW);
    pool_free(p);
}

/* What means the same is the same row: a file may come back from a spreadsheet in other letters. */
static void digest_follows_the_meaning(void **state)
{
    struct bench *b = *state;
    char before[POOL_SHA256_CAP];
    struct pool *p =
        open_pool(b, ", mac: board", "sn,secret key,board\nA1,AABB,24:0A:C4:00:00:01\n");
    assert_non_null(p);
    assert_value(b, p, 0, 1, "aabb");
    pool_sha256(p, 0, before);
    pool_free(p);
    p = open_pool(b, ", mac: board", "sn,secret key,board\nA1,aabb,240ac4000001\n");
    assert_int_equal(pool_find(p, before), 0);
    pool_free(p);
    p = open_pool(b, ", mac: board", "sn,secret key,board\na1,aabb,240ac4000001\n");
    assert_int_equal(pool_find(p, before), POOL_NO_ROW); /* text is what it is */
    pool_free(p);
}

static void every_value_has_one_spelling(void **state)
{
    static const struct {
        enum unit_type type;
        const char *text, *canon;
    } cases[] = { { UNIT_HEX, "70B3D5aF", "70b3d5af" }, { UNIT_NUMBER, "007", "7" },
                  { UNIT_NUMBER, "-07", "-7" },         { UNIT_NUMBER, "-0", "0" },
                  { UNIT_NUMBER, "000", "0" },          { UNIT_NUMBER, "70", "70" },
                  { UNIT_TEXT, "00Ab", "00Ab" } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct unit_value v = { .type = cases[i].type };
        char text[16];
        snprintf(text, sizeof text, "%s", cases[i].text);
        unit_value_canon(&v, text);
        assert_string_equal(text, cases[i].canon);
    }
}

static void bound_rows_are_found_by_mac(void **state)
{
    struct bench *b = *state;
    struct pool *p = open_pool(b, ", mac: board",
                               "sn,secret key,board\nA1,00,24:0A:C4:00:00:01\nA2,01,\n"
                               "A3,02,240ac4fffe000003\n");
    assert_non_null(p);
    assert_int_equal(pool_of_mac(p, "24:0a:c4:00:00:01"), 0);
    assert_int_equal(pool_of_mac(p, "24:0a:c4:00:00:03"), 2);
    assert_int_equal(pool_of_mac(p, "24:0a:c4:ff:fe:00:00:03"), 2);
    assert_int_equal(pool_of_mac(p, "24:0a:c4:00:00:02"), POOL_NO_ROW);
    assert_true(pool_is_bound(p, 0) && !pool_is_bound(p, 1));
    pool_free(p);
}

static void every_mistake_of_a_pool_has_its_place(void **state)
{
    static const struct {
        const char *csv, *sentence;
    } cases[] = {
        { "sn\nA1\n", "has no column 'secret key'" },
        { "sn,secret kez\nA1,00\n", "did you mean 'secret kez'?" },
        { "sn,sn,secret key\n", "pool.csv:1:4: the column 'sn' is there twice" },
        { "sn,secret key\n", "there is nothing in the pool" },
        { "sn,secret key\nA1\n", "pool.csv:2:1: the row has 1 fields, and the header 2" },
        { "sn,secret key\nA1,0\n", "pool.csv:2:4: The value 'key' is no bytes" },
        { "sn,secret key\nA1,00\n\nA2,\n", "pool.csv:4:4: The value 'key' is empty" },
        { "sn,secret key\nA12345678,00\n", "pool.csv:2:1: The value 'sn' has 9 characters" },
        { "sn,secret key\nA1,00\nA1,01\n", "pool.csv:3:1: the value 'sn' is that of row 2, and it "
                                           "is unique" },
        { "sn,secret key\nA1,00\nA2,00\n", "the value 'key' is that of row 2" },
        { "sn,secret key\nA1,00\nA1,00\n", "is that of row 2" },
        { "sn,secret key\nA1,aAbb\nA2,AaBB\n", "pool.csv:3:1: the value 'key' is that of row 2" },
        { "sn,secret key\nA1,\"00\n", "pool.csv:2:" },
        { "sn,secret key\n\xEF\xBB\xBF"
          "A1,00\n",
          "pool.csv:2:1: a byte order mark" },
        { "sn;secret key\nA1;00\n", "pool.csv:1:3: its columns are parted by semicolons" },
    };
    struct bench *b = *state;
    char all[4096];
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pool *p = open_pool(b, "", cases[i].csv);
        all[0] = '\0';
        for (size_t k = 0; k < b->report.kept; k++) {
            const size_t used = strlen(all);
            snprintf(all + used, sizeof all - used, "%s\n", b->report.mistakes[k].sentence);
        }
        if (p || !strstr(all, cases[i].sentence))
            fail_msg("%s\nwant: %s\ngot: %s", cases[i].csv, cases[i].sentence, all);
    }
    assert_null(open_pool(b, ", mac: board", "sn,secret key,board\nA1,00,24:0A:C4\n"));
    assert_non_null(strstr(b->report.mistakes[0].sentence, "'24:0A:C4' is no MAC"));
    assert_null(open_pool(b, ", mac: board",
                          "sn,secret key,board\nA1,00,240ac4000001\n"
                          "A2,01,24:0a:c4:00:00:01\n"));
    assert_non_null(strstr(b->report.mistakes[0].sentence, "are for the same MAC"));
}

static void folder_gives_a_file_for_each_unit(void **state)
{
    struct bench *b = *state;
    char folder[100], sha256[POOL_SHA256_CAP], label[POOL_LABEL_CAP];
    size_t n;
    snprintf(folder, sizeof folder, "%s/sets", b->folder);
    assert_int_equal(mkdir(folder, 0755), 0);
    put_text(b, "sets/240AC4000002.bin", "second");
    put_text(b, "sets/240ac4000001.bin", "first");
    put_text(b, "sets/readme.txt", "x");
    const struct unit *u = unit_of(b, "  serial: id\n  values:\n"
                                      "    - { name: id, from: pool, column: name }\n"
                                      "  pools:\n    - { name: sets, folder: sets, mac: name }\n"
                                      "  images:\n    - { partition: a, pool: sets }\n");
    doc_report_init(&b->report);
    struct pool *p = pool_open(u, 0, &b->report, &b->e);
    assert_non_null(p);
    assert_int_equal(pool_count(p), 2);
    const size_t row = pool_of_mac(p, "24:0a:c4:00:00:01");
    assert_value(b, p, row, 0, "240ac4000001");
    pool_label(p, row, label);
    assert_string_equal(label, "240ac4000001.bin");
    pool_sha256(p, row, sha256);
    assert_int_equal(pool_find(p, sha256), row);
    uint8_t *bytes = pool_bytes(p, row, &n, &b->e);
    assert_memory_equal(bytes, "first", 5);
    unit_wipe(bytes, n);
    put_text(b, "sets/240ac4000001.bin", "First");
    assert_null(pool_bytes(p, row, &n, &b->e));
    assert_non_null(strstr(b->e.what, "was changed since it was read"));
    pool_free(p);
    put_text(b, "sets/240ac4000001.BIN", "blob of another case");
    assert_null(pool_open(u, 0, &b->report, &b->e));
    assert_non_null(strstr(b->report.mistakes[0].sentence, "240ac4000001"));
    put_text(b, "sets/x.bin", "");
    assert_null(pool_open(u, 0, &b->report, &b->e));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check_characters_are_those_of_the_books),
        cmocka_unit_test(check_characters_find_single_errors),
        cmocka_unit_test(pattern_writes_what_it_says),
        cmocka_unit_test(pattern_knows_how_much_fits),
        TEST(value_is_judged_by_type_and_limits),
        TEST(code_is_the_first_missing_value_that_takes_it),
        TEST(expansion_puts_values_in),
        TEST(nvs_image_is_that_of_the_official_generator),
        TEST(key_file_of_each_unit_is_a_name_in_its_folder),
        TEST(blob_may_be_base64_or_a_file),
        TEST(keys_of_a_unit_encrypt_and_are_written),
        TEST(comparison_passes_over_what_is_not_known),
        TEST(comparison_tells_the_key_that_differs_and_no_value),
        TEST(values_that_do_not_fit_are_refused),
        TEST(template_is_filled_and_padded),
        TEST(template_of_an_unknown_value_is_a_mistake),
        TEST(pool_gives_rows_by_place_and_digest),
        TEST(digest_follows_the_row),
        TEST(digest_follows_the_meaning),
        TEST(every_value_has_one_spelling),
        TEST(bound_rows_are_found_by_mac),
        TEST(every_mistake_of_a_pool_has_its_place),
        TEST(folder_gives_a_file_for_each_unit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
