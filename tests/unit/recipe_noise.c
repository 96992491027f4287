/*
 * Damaged recipes: cut at every byte, and with random bytes changed. Each is refused with a mistake
 * that has a place, or read; nothing else may happen. RECIPE_SEED repeats a run.
 */
#include "core/base/err.h"
#include "recipes/recipe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 20000

static struct doc_report report;
static char text[4096];
static size_t text_bytes;

static int set_up(void **state)
{
    (void)state;
    FILE *const file = fopen("tests/data/recipes/valid_full.yaml", "r");
    if (!file)
        return -1;
    text_bytes = fread(text, 1, sizeof text, file);
    fclose(file);
    return text_bytes > 100 && text_bytes < sizeof text ? 0 : -1;
}

/* libyaml takes more for line ends than \n, and puts one behind a text that has none. */
static uint32_t count_lines(const char *bytes, size_t n)
{
    uint32_t lines = 2;
    for (size_t i = 0; i < n; i++)
        lines += bytes[i] == '\n' || bytes[i] == '\r' || (unsigned char)bytes[i] >= 0x80;
    return lines;
}

static bool has_place(const struct doc_mistake *m, const char *bytes, size_t n)
{
    return m->at.line >= 1 && m->at.line <= count_lines(bytes, n) && m->at.column >= 1 &&
           m->at.column <= n + 1 && m->sentence[0] != '\0';
}

/* Read or refused, and both properly. The copy has no byte to spare, so that reading past its end
 * is found. */
static bool try_bytes(const char *bytes, size_t n)
{
    struct recipe *recipe = NULL;
    struct err e = { 0 };
    char *const exact = malloc(n ? n : 1);
    assert_non_null(exact);
    memcpy(exact, bytes, n);
    const bool ok = recipe_parse("noise", exact, n, NULL, &recipe, &report, &e);
    free(exact);
    assert_true(ok == (recipe != NULL));
    assert_true(ok == (report.total == 0));
    assert_int_equal(e.code, ok ? ERR_NONE : ERR_RECIPE);
    for (size_t i = 0; i < report.kept; i++) {
        if (!has_place(&report.mistakes[i], bytes, n))
            fail_msg("no place: %u:%u %s", report.mistakes[i].at.line, report.mistakes[i].at.column,
                     report.mistakes[i].sentence);
    }
    recipe_free(recipe);
    return ok;
}

static void recipe_stands_every_cut(void **state)
{
    (void)state;
    size_t read = 0;
    for (size_t n = 0; n <= text_bytes; n++)
        read += try_bytes(text, n);
    assert_true(try_bytes(text, text_bytes));
    assert_true(read > 1 && read < text_bytes / 2);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Half of what is put in are the characters that mean something in YAML. */
static char next_byte(uint32_t *seed)
{
    static const char special[] = "\n\t \"'#&*!|>%@`[]{},:-?~\\0";
    const uint32_t r = next_random(seed);
    return (r & 1) ? special[(r >> 1) % sizeof special] : (char)(r >> 8);
}

static void recipe_stands_noise(void **state)
{
    (void)state;
    const char *const given = getenv("RECIPE_SEED");
    uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 0) : 20240607;
    if (seed == 0)
        seed = 1;
    print_message("RECIPE_SEED=%u\n", seed);
    for (int round = 0; round < ROUNDS; round++) {
        char noisy[sizeof text];
        memcpy(noisy, text, text_bytes);
        for (uint32_t flips = 1 + next_random(&seed) % 8; flips > 0; flips--)
            noisy[next_random(&seed) % text_bytes] = next_byte(&seed);
        try_bytes(noisy, text_bytes);
    }
}

/* What costs a parser most: nesting, one long key, one long text, keys without end. Each fills the
 * limit; the alarm is the proof that none takes more than its time. */
static void recipe_stands_large_texts(void **state)
{
    (void)state;
    static const char *const units[] = { "[",       "{",    "- ",  "? ",    "a: 1\n", "a: {b: 1}\n",
                                         "- [a]\n", "x",    "\"",  "&a ",   "!!a ",   "'\n",
                                         "[a, ",    "{a: ", "#\n", "\"\\x", "- - ",   "*a\n" };
    const size_t n = RECIPE_TEXT_MAX_BYTES;
    char *const large = malloc(n);
    assert_non_null(large);
    alarm(120);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const size_t unit = strlen(units[i]);
        for (size_t k = 0; k < n; k++)
            large[k] = units[i][k % unit];
        assert_false(try_bytes(large, n));
    }
    alarm(0);
    free(large);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recipe_stands_every_cut),
        cmocka_unit_test(recipe_stands_noise),
        cmocka_unit_test(recipe_stands_large_texts),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
