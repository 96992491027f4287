/* Stub files: the real ones, and what is wrong with all others. */
#include "core/loader/stub.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#define REAL_FOLDER "deps/esptool-js/lib/targets/stub_flasher"

static struct stub *parse(const char *json, size_t n, struct err *e)
{
    /* A copy of exactly that size: the parser may not count on a NUL. */
    unsigned char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, json, n);
    struct stub *s = stub_parse("esp32.json", copy, n, e);
    free(copy);
    return s;
}

/* Eight bytes of text at 0x1000, four of data at 0x2000, entry at 0x1004. */
static const char good[] = "{\"entry\": 4100, \"text\": \"AQIDBAUGBwg=\", \"text_start\": 4096,\n"
                           " \"data\": \"CQoLDA==\", \"data_start\": 8192, \"bss_start\": 12288}\n";

static void stub_parse_reads_all_fields(void **state)
{
    struct err e = { 0 };
    (void)state;
    struct stub *s = parse(good, sizeof good - 1, &e);
    assert_ok(s != NULL, &e);
    assert_string_equal(s->name, "esp32");
    assert_int_equal(s->entry_addr, 0x1004);
    assert_int_equal(s->text.addr, 0x1000);
    assert_int_equal(s->text.size_bytes, 8);
    assert_memory_equal(s->text.bytes, "\1\2\3\4\5\6\7\10", 8);
    assert_int_equal(s->data.addr, 0x2000);
    assert_int_equal(s->data.size_bytes, 4);
    assert_memory_equal(s->data.bytes, "\11\12\13\14", 4);
    stub_free(s);
}

static void stub_parse_takes_a_stub_without_data(void **state)
{
    static const char json[] = "{\"text\": \"AQIDBA==\", \"entry\": 4096, \"text_start\": 4096}";
    struct err e = { 0 };
    (void)state;
    struct stub *s = parse(json, sizeof json - 1, &e);
    assert_ok(s != NULL, &e);
    assert_int_equal(s->data.size_bytes, 0);
    stub_free(s);
}

/* What belongs to plug-ins lies deeper and does not count, under any name. */
static void stub_parse_passes_over_what_lies_deeper(void **state)
{
    static const char json[] = "{\"plugins\": {\"nand\": {\"text\": \"AAAA\", \"text_start\": 1, "
                               "\"handlers\": {\"213\": 4}}},"
                               " \"list\": [1, [\"entry\", 7], {\"entry\": 9}], \"entry\": 4096,"
                               " \"text\": \"AQIDBA==\", \"text_start\": 4096, \"more\": null}";
    struct err e = { 0 };
    (void)state;
    struct stub *s = parse(json, sizeof json - 1, &e);
    assert_ok(s != NULL, &e);
    assert_int_equal(s->entry_addr, 4096);
    assert_int_equal(s->text.size_bytes, 4);
    stub_free(s);
}

#define REST "\"text\": \"AQIDBA==\", \"text_start\": 4096}"

static void stub_parse_says_what_is_wrong(void **state)
{
    static const struct {
        const char *json, *what;
    } bad[] = {
        { "", "missing" },
        { "{}", "missing" },
        { "null", "missing" },
        { "{\"entry\": 4096, \"text_start\": 4096}", "missing" },
        { "{\"entry\": 4096, \"text\": \"AQIDBA==\"}", "missing" },
        { "{" REST, "missing" },
        { "{\"entry\": 4096, \"text\": \"\", \"text_start\": 4096}", "missing" },
        { "{\"entry\": \"x\", " REST, "Key 'entry'" },
        { "{\"entry\": -4096, " REST, "Key 'entry'" },
        { "{\"entry\": \" 4096\", " REST, "Key 'entry'" },
        { "{\"entry\": \"+4096\", " REST, "Key 'entry'" },
        { "{\"entry\": 4096.5, " REST, "Key 'entry'" },
        { "{\"entry\": 0x1000, " REST, "Key 'entry'" },
        { "{\"entry\": null, " REST, "Key 'entry'" },
        { "{\"entry\": 4294967296, " REST, "Key 'entry'" },
        { "{\"entry\": 99999999999999999999999999, " REST, "Key 'entry'" },
        { "{\"entry\": 4095, " REST, "outside" },
        { "{\"entry\": 4100, " REST, "outside" },
        { "{\"entry\": 4096, \"text\": \"AQIDBA\", \"text_start\": 4096}", "Key 'text'" },
        { "{\"entry\": 4096, \"text\": \"AQ=DBA==\", \"text_start\": 4096}", "Key 'text'" },
        { "{\"entry\": 4096, \"text\": \"AQ==AQID\", \"text_start\": 4096}", "Key 'text'" },
        { "{\"entry\": 4096, \"text\": \"A===\", \"text_start\": 4096}", "Key 'text'" },
        { "{\"entry\": 4096, \"text\": \"====\", \"text_start\": 4096}", "Key 'text'" },
        { "{\"entry\": 4096, \"text\": \"AQID BA=\", \"text_start\": 4096}", "Key 'text'" },
        { "{\"entry\": 4096, \"text\": \"AQIDBA==\\n\\n\\n\\n\", \"text_start\": 4096}", "Key "
                                                                                         "'text'" },
        { "{\"entry\": 4096, \"text\": \"AQID*A==\", \"text_start\": 4096}", "Key 'text'" },
        { "{\"entry\": 4096, \"text\": \"AQIDBAU=\", \"text_start\": 4096}", "multiple of 4" },
        { "{\"text\": \"AQIDBA==\", \"entry\": 4096, " REST, "Key 'text'" },
        { "{\"entry\": 4096, \"data\": \"AQIDBA==\", " REST, "data_start" },
        { "{\"entry\": 4096, \"data_start\": 8192, \"data\": \"AQIDBAU=\", " REST, "multiple of "
                                                                                   "4" },
        { "{\"a\": *b, " REST, "not JSON" },
        { "{\"a\": &b 1, \"c\": *b, " REST, "not JSON" },
        { "{\"entry\": 4096, \"text\"", "cannot be used" },
        { "{\"entry\": 4096,, " REST, "cannot be used" },
        { "[\"entry\", 4096, \"text\", \"AQIDBA==\", \"text_start\", 4096]", "not a JSON object" },
        { "[{\"entry\": 4096, \"text\": \"AQIDBA==\", \"text_start\": 4096}]", "not a JSON "
                                                                               "object" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err e = { 0 };
        struct stub *s = parse(bad[i].json, strlen(bad[i].json), &e);
        if (s)
            fail_msg("passes: %s", bad[i].json);
        assert_int_equal(e.code, ERR_STATION);
        if (!strstr(e.what, bad[i].what) || !strstr(e.what, "esp32"))
            fail_msg("%s: %s", bad[i].json, e.what);
    }
}

static void stub_parse_refuses_deep_nesting(void **state)
{
    char json[4096] = "{\"a\": ";
    struct err e = { 0 };
    (void)state;
    memset(json + strlen(json), '[', 2000);
    assert_null(parse(json, strlen(json), &e));
    assert_has(e.what, "nested too deeply");
    snprintf(json, sizeof json, "{\"a\": [[[[[[[[[[[[1]]]]]]]]]]]], \"entry\": 4096, " REST);
    struct stub *s = parse(json, strlen(json), &e);
    assert_ok(s != NULL, &e);
    stub_free(s);
}

/* Longer than any RAM: refused by its length, before anything is decoded. */
static void stub_parse_refuses_a_giant(void **state)
{
    static const char head[] = "{\"entry\": 4096, \"text_start\": 4096, \"text\": \"";
    size_t letters = 512u << 10;
    char *json = malloc(sizeof head + letters + 3);
    struct err e = { 0 };
    (void)state;
    assert_non_null(json);
    memcpy(json, head, sizeof head - 1);
    memset(json + sizeof head - 1, 'A', letters);
    memcpy(json + sizeof head - 1 + letters, "\"}", 3);
    assert_null(parse(json, strlen(json), &e));
    assert_has(e.what, "Key 'text'");
    free(json);
}

/* Cut at any byte: a failure with a sentence, until only the line end is missing. */
static void stub_parse_refuses_every_truncation(void **state)
{
    const size_t whole = (size_t)(strrchr(good, '}') + 1 - good);
    (void)state;
    for (size_t n = 0; n < sizeof good - 1; n++) {
        struct err e = { 0 };
        struct stub *s = parse(good, n, &e);
        assert_int_equal(s != NULL, n >= whole);
        assert_int_equal(e.code, n >= whole ? ERR_NONE : ERR_STATION);
        stub_free(s);
    }
}

static void stub_parse_survives_any_change_of_a_byte(void **state)
{
    static const char marks[] = "{}[]\",:&*!|>%@`#-?\\\n\t\0\xC3\xFF"
                                "0A=";
    char json[sizeof good];
    (void)state;
    for (size_t at = 0; at < sizeof good - 1; at++) {
        for (size_t k = 0; k < sizeof marks - 1; k++) {
            struct err e = { 0 };
            memcpy(json, good, sizeof good);
            json[at] = marks[k];
            struct stub *s = parse(json, sizeof good - 1, &e);
            assert_int_equal(s == NULL, e.code == ERR_STATION);
            stub_free(s);
        }
    }
}

/* ---- Sets ---- */

/* Entry and lengths of the published files, version 0.7.0 of esptool-js. */
static void check_real(const struct stub_set *set, const char *name, uint32_t entry,
                       uint32_t text_addr, uint32_t text_bytes, uint32_t data_addr,
                       uint32_t data_bytes)
{
    const struct stub *s = stub_set_find(set, name);
    assert_non_null(s);
    assert_int_equal(s->entry_addr, entry);
    assert_int_equal(s->text.addr, text_addr);
    assert_int_equal(s->text.size_bytes, text_bytes);
    assert_int_equal(s->data.addr, data_addr);
    assert_int_equal(s->data.size_bytes, data_bytes);
}

static void check_real_set(const struct stub_set *set)
{
    assert_int_equal(stub_set_count(set), 14);
    check_real(set, "esp8266", 0x4010C504, 0x4010C500, 11456, 0x3FFFAE6C, 920);
    check_real(set, "esp32", 0x400A902C, 0x400A8000, 6456, 0x3FFDED6C, 212);
    check_real(set, "esp32s3", 0x40379524, 0x40378000, 7832, 0x3FCB2DC0, 264);
    check_real(set, "esp32c3", 0x40380E9A, 0x40380000, 5880, 0x3FC96D68, 204);
    check_real(set, "esp32p4-rev1", 0x4FF11456, 0x4FF10000, 8176, 0x4FF62DB8, 204);
    check_real(set, "esp32p4", 0x4FF51456, 0x4FF50000, 8176, 0x4FF72DB8, 204);
}

static void stub_set_reads_the_real_files(void **state)
{
    struct err e = { 0 };
    (void)state;
    struct stub_set *set = stub_set_new(REAL_FOLDER, &e);
    if (!set && e.sys) {
        print_message("%s is not there: nothing to check\n", REAL_FOLDER);
        return;
    }
    assert_ok(set != NULL, &e);
    check_real_set(set);
    stub_set_free(set);
    set = stub_set_new(NULL, &e);
    assert_ok(set != NULL, &e);
    if (stub_set_count(set) > 0)
        check_real_set(set);
    stub_set_free(set);
}

static void stub_set_refuses_folders_that_are_none(void **state)
{
    struct err e = { 0 };
    (void)state;
    assert_code(stub_set_new("/nonexistent/stubs", &e) != NULL, &e, ERR_STATION);
    assert_has(e.what, "/nonexistent/stubs");
    assert_code(stub_set_new("tests/data/protocol", &e) != NULL, &e, ERR_STATION);
    assert_has(e.what, "no .json file");
    assert_null(stub_set_find(NULL, "esp32"));
    assert_int_equal(stub_set_count(NULL), 0);
    stub_set_free(NULL);
    stub_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stub_parse_reads_all_fields),
        cmocka_unit_test(stub_parse_takes_a_stub_without_data),
        cmocka_unit_test(stub_parse_passes_over_what_lies_deeper),
        cmocka_unit_test(stub_parse_says_what_is_wrong),
        cmocka_unit_test(stub_parse_refuses_deep_nesting),
        cmocka_unit_test(stub_parse_refuses_a_giant),
        cmocka_unit_test(stub_parse_refuses_every_truncation),
        cmocka_unit_test(stub_parse_survives_any_change_of_a_byte),
        cmocka_unit_test(stub_set_reads_the_real_files),
        cmocka_unit_test(stub_set_refuses_folders_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
