/* Plain text: nothing that steers a terminal passes, everything else does. */
#include "core/base/plain.h"

#include "station/base/json.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

static void assert_made(const char *from, const char *to)
{
    char text[128];
    snprintf(text, sizeof text, "%s", from);
    plain_make(text);
    assert_string_equal(text, to);
}

static void plain_make_keeps_what_people_write(void **state)
{
    (void)state;
    assert_made("", "");
    assert_made("slot 3: ok (100 %)", "slot 3: ok (100 %)");
    assert_made("Pr\xC3\xBC"
                "fer \xE6\x9D\xBE \xF0\x9F\x98\x80",
                "Pr\xC3\xBC"
                "fer \xE6\x9D\xBE \xF0\x9F\x98\x80");
}

static void plain_make_takes_what_steers(void **state)
{
    (void)state;
    assert_made("\033[2J\033]0;PASS\007", "?[2J?]0;PASS?");
    assert_made("a\tb\nc\rd\x7F"
                "e",
                "a?b?c?d?e");
    assert_made("\xC2\x9B"
                "31m",
                "?31m"); /* CSI as one character */
    assert_made("\xE2\x80\xAE"
                "SSAP\xE2\x81\xA9",
                "?SSAP?"); /* written backwards */
    assert_made("a\xE2\x80\xA8"
                "b\xD8\x9C",
                "a?b?"); /* a line separator */
}

static void plain_make_takes_what_is_no_utf8(void **state)
{
    (void)state;
    assert_made("\x9B"
                "31m",
                "?31m"); /* CSI of an eight-bit terminal */
    assert_made("\xC0\x9B"
                "m",
                "??m"); /* overlong: ESC in two bytes */
    assert_made("\xE0\x80\x9B"
                "m",
                "???m");                     /* ...and in three */
    assert_made("\xED\xA0\x80", "???");      /* a surrogate */
    assert_made("\xF4\x90\x80\x80", "????"); /* behind the last character */
    assert_made("cut \xE2\x82", "cut ??");
}

static void plain_is_agrees_with_plain_make(void **state)
{
    (void)state;
    for (uint32_t code = 1; code < 0x3000; code++) {
        char text[8] = { 0 }, made[8];
        if (code < 0x80)
            text[0] = (char)code;
        else if (code < 0x800)
            snprintf(text, sizeof text, "%c%c", (char)(0xC0 | code >> 6),
                     (char)(0x80 | (code & 0x3F)));
        else
            snprintf(text, sizeof text, "%c%c%c", (char)(0xE0 | code >> 12),
                     (char)(0x80 | (code >> 6 & 0x3F)), (char)(0x80 | (code & 0x3F)));
        uint32_t read = 0;
        assert_int_equal(plain_decode(text, strlen(text), &read), strlen(text));
        assert_int_equal(read, code);
        memcpy(made, text, sizeof made);
        plain_make(made);
        assert_int_equal(plain_is(text), strcmp(text, made) == 0);
        assert_int_equal(plain_is(text), !plain_is_steering(code));
    }
}

static void plain_is_takes_other_bytes_for_latin_1(void **state)
{
    (void)state;
    assert_true(plain_is("Pr\xFC"
                         "fer.bin"));
    assert_false(plain_is("\x9B"
                          "31m"));
    assert_false(plain_is("\xC0\x9B"
                          "31m"));
}

static void err_sentences_are_plain(void **state)
{
    struct err e = { 0 };
    (void)state;
    err_set(&e, ERR_IMAGE, "The file '%s' is empty", "\033[1;32mPASS");
    assert_string_equal(e.what, "The file '?[1;32mPASS' is empty");
    err_hint(&e, "Remove '%s'", "a\nb");
    assert_string_equal(e.hint, "Remove 'a?b'");
    err_wrap(&e, "%s", "\xC2\x85");
    assert_string_equal(e.what, "?: The file '?[1;32mPASS' is empty");
}

static void json_is_utf8_and_plain_whatever_comes(void **state)
{
    char *text = NULL;
    size_t n = 0;
    FILE *out = open_memstream(&text, &n);
    struct json_object o;
    (void)state;
    assert_non_null(out);
    json_begin(&o, out);
    json_text(&o, "a", "\"\\\n\033\x9B\xC2\x9B\xE2\x80\xAE\xC3\xBC");
    json_end(&o);
    fclose(out);
    assert_string_equal(text, "{\"a\":\"\\\"\\\\\\n\\u001b\xEF\xBF\xBD\\u009b\\u202e\xC3\xBC\"}\n");
    free(text);
}

struct collected {
    char text[200];
    size_t n;
};

static void collect(void *ctx, const char *bytes, size_t n)
{
    struct collected *c = ctx;
    assert_true(c->n + n < sizeof c->text);
    memcpy(c->text + c->n, bytes, n);
    c->n += n;
    c->text[c->n] = '\0';
}

static void json_separates_and_nests(void **state)
{
    struct collected c = { 0 };
    struct json_object o = { .put = collect, .ctx = &c };
    (void)state;
    json_open(&o, NULL, '[');
    json_null(&o, NULL);
    json_open(&o, NULL, '{');
    json_integer(&o, "i\"", -5);
    json_open(&o, "l", '[');
    json_close(&o, ']');
    json_bool(&o, "b", false);
    json_seconds(&o, "s", 1.5);
    json_share(&o, "h", -1);
    json_number(&o, "n", "9.500");
    json_text(&o, "t", NULL);
    json_close(&o, '}');
    json_text(&o, NULL, "");
    json_close(&o, ']');
    assert_string_equal(c.text, "[null,{\"i\\\"\":-5,\"l\":[],\"b\":false,\"s\":1.500,\"h\":null,"
                                "\"n\":9.500,\"t\":null},\"\"]");
}

/* Cut in units of UTF-16, never inside a character. */
static void json_cuts_whole_characters(void **state)
{
    static const char text[] = "a\xF0\x9F\x98\x80z";
    static const char *const want[] = { "\"\"", "\"a\"", "\"a\"", "\"a\xF0\x9F\x98\x80\"",
                                        "\"a\xF0\x9F\x98\x80z\"" };
    (void)state;
    for (size_t units = 0; units < COUNT_OF(want); units++) {
        struct collected c = { 0 };
        struct json_object o = { .put = collect, .ctx = &c };
        json_text_part(&o, NULL, text, sizeof text - 1, units);
        assert_string_equal(c.text, want[units]);
    }
}

/* At every length: only whole characters stay, and bytes that begin none are left to others. */
static void plain_cut_takes_what_is_broken_off(void **state)
{
    static const char text[] = "a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80z";
    static const size_t want[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };
    (void)state;
    for (size_t n = 0; n < COUNT_OF(want); n++)
        assert_int_equal(plain_cut(text, n), want[n]);
    assert_int_equal(plain_cut("\xA4\xA4\xA4\xA4\xA4\xA4", 6), 6);
    assert_int_equal(plain_cut("a\xFF", 2), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_make_keeps_what_people_write),
        cmocka_unit_test(plain_make_takes_what_steers),
        cmocka_unit_test(plain_make_takes_what_is_no_utf8),
        cmocka_unit_test(plain_is_agrees_with_plain_make),
        cmocka_unit_test(plain_is_takes_other_bytes_for_latin_1),
        cmocka_unit_test(err_sentences_are_plain),
        cmocka_unit_test(json_is_utf8_and_plain_whatever_comes),
        cmocka_unit_test(json_separates_and_nests),
        cmocka_unit_test(json_cuts_whole_characters),
        cmocka_unit_test(plain_cut_takes_what_is_broken_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
