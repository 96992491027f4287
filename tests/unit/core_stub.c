/* Stub files: the real ones, and what is wrong with all others. */
#include "core/loader/stub_release.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

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
        { "", "not a JSON object" },
        { "{}", "missing" },
        { "null", "not a JSON object" },
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
        { "{\"entry\": 4096, \"text\": \"AQIDBA==\\n\\n\\n\\n\", \"text_start\": 4096}",
          "Key 'text'" },
        { "{\"entry\": 4096, \"text\": \"AQID*A==\", \"text_start\": 4096}", "Key 'text'" },
        { "{\"entry\": 4096, \"text\": \"AQIDBAU=\", \"text_start\": 4096}", "multiple of 4" },
        { "{\"text\": \"AQIDBA==\", \"entry\": 4096, " REST, "Key 'text'" },
        { "{\"entry\": 4096, \"data\": \"AQIDBA==\", " REST, "data_start" },
        { "{\"entry\": 4096, \"data_start\": 8192, \"data\": \"AQIDBAU=\", " REST,
          "multiple of 4" },
        { "{\"a\": *b, " REST, "not JSON" },
        { "{\"a\": &b 1, \"c\": *b, " REST, "not JSON" },
        { "{\"entry\": 4096, \"text\"", "cannot be used" },
        { "{\"entry\": 4096,, " REST, "cannot be used" },
        { "[\"entry\", 4096, \"text\", \"AQIDBA==\", \"text_start\", 4096]", "not a JSON object" },
        { "[{\"entry\": 4096, \"text\": \"AQIDBA==\", \"text_start\": 4096}]",
          "not a JSON object" },
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
    assert_has(e.hint, "--stubs");
    assert_has(e.what, "/nonexistent/stubs");
    assert_code(stub_set_new("tests/data/protocol", &e) != NULL, &e, ERR_STATION);
    assert_has(e.what, "no flasher stub");
    assert_null(stub_set_find(NULL, "esp32"));
    assert_int_equal(stub_set_count(NULL), 0);
    stub_set_free(NULL);
    stub_free(NULL);
}

/* ---- Folders made here ---- */

struct folder {
    char path[64];
    const char *files[4];
    size_t count;
};

static void folder_make(struct folder *f)
{
    memset(f, 0, sizeof *f);
    snprintf(f->path, sizeof f->path, "/tmp/espstation-stubs-XXXXXX");
    assert_non_null(mkdtemp(f->path));
}

static void folder_put(struct folder *f, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", f->path, name);
    f->files[f->count++] = name;
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    assert_true(fputs(text, out) >= 0);
    assert_int_equal(fclose(out), 0);
}

static void folder_remove(struct folder *f)
{
    for (size_t i = 0; i < f->count; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", f->path, f->files[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_int_equal(rmdir(f->path), 0);
}

static void stub_set_takes_what_is_called_like_a_stub(void **state)
{
    struct folder f;
    struct err e = { 0 };
    (void)state;
    folder_make(&f);
    folder_put(&f, "stub_flasher_8266.json", good);
    folder_put(&f, "esp32p4-rev1.json", good);
    folder_put(&f, "package.json", "{ \"name\": \"esptool-js\" }");
    folder_put(&f, "esp32.base.json", "{}"); /* what a release was made from */
    struct stub_set *set = stub_set_new(f.path, &e);
    assert_ok(set != NULL, &e);
    assert_int_equal(stub_set_count(set), 2);
    assert_string_equal(stub_set_at(set, 0)->name, "esp32p4-rev1");
    assert_string_equal(stub_set_at(set, 1)->name, "esp8266");
    assert_string_equal(stub_set_at(set, 1)->file, "stub_flasher_8266.json");
    assert_ptr_equal(stub_set_find(set, "esp8266"), stub_set_at(set, 1));
    assert_string_equal(stub_set_folder(set), f.path);
    stub_set_free(set);
    folder_remove(&f);
}

static void stub_set_refuses_two_for_one_chip(void **state)
{
    struct folder f;
    struct err e = { 0 };
    (void)state;
    folder_make(&f);
    folder_put(&f, "stub_flasher_32c3.json", good);
    folder_put(&f, "esp32c3.json", good);
    struct stub_set *set = stub_set_new(f.path, &e);
    assert_ok(set != NULL, &e);
    assert_code(stub_set_check(set, "esp32c3", &e), &e, ERR_STATION);
    assert_has(e.what, "'stub_flasher_32c3.json'");
    assert_has(e.what, "'esp32c3.json'");
    stub_set_free(set);
    folder_remove(&f);
}

/* A damaged file is a matter of its own chip. */
static void stub_set_does_without_a_damaged_file(void **state)
{
    struct folder f;
    struct err e = { 0 };
    (void)state;
    folder_make(&f);
    folder_put(&f, "esp32.json", "{\"entry\": 10");
    folder_put(&f, "esp32c3.json", good);
    struct stub_set *set = stub_set_new(f.path, &e);
    assert_ok(set != NULL, &e);
    assert_non_null(stub_set_find(set, "esp32c3"));
    assert_true(stub_set_check(set, "esp32c3", &e));
    assert_int_equal(stub_set_problem_count(set), 1);
    assert_null(stub_set_find(set, "esp32"));
    assert_code(stub_set_check(set, "esp32", &e), &e, ERR_STATION);
    assert_has(e.what, f.path);
    assert_has(e.what, "'esp32.json' cannot be used");
    assert_has(e.hint, "Put the file of a published stub in its place");
    stub_set_free(set);
    folder_remove(&f);
}

/* One name, two kinds of silicon: where it lies tells. */
static void stub_set_refuses_the_stub_of_older_silicon(void **state)
{
    static const char old[] = "{\"entry\": 1341194240, \"text\": \"AQIDBA==\","
                              " \"text_start\": 1341194240}"; /* 4FF10000 */
    struct folder f;
    struct err e = { 0 };
    (void)state;
    folder_make(&f);
    folder_put(&f, "esp32p4-rev1.json", old);
    struct stub_set *set = stub_set_new(f.path, &e);
    assert_ok(set != NULL, &e);
    stub_set_free(set);
    folder_put(&f, "esp32p4.json", old);
    set = stub_set_new(f.path, &e);
    assert_ok(set != NULL, &e);
    assert_code(stub_set_check(set, "esp32p4", &e), &e, ERR_STATION);
    assert_null(stub_set_find(set, "esp32p4"));
    assert_non_null(stub_set_find(set, "esp32p4-rev1"));
    stub_set_free(set);
    assert_has(e.what, "esp32p4.json' is for ESP32-P4 below revision 3.0");
    assert_has(e.hint, "esp32p4-rev1.json");
    folder_remove(&f);
}

static void stub_set_points_at_the_folders_of_esptool(void **state)
{
    struct folder f;
    struct err e = { 0 };
    char inner[80];
    (void)state;
    folder_make(&f);
    assert_code(stub_set_new(f.path, &e) != NULL, &e, ERR_STATION);
    assert_has(e.hint, "published stub");
    snprintf(inner, sizeof inner, "%s/2", f.path);
    assert_int_equal(mkdir(inner, 0700), 0);
    assert_code(stub_set_new(f.path, &e) != NULL, &e, ERR_STATION);
    assert_has(e.hint, inner);
    assert_int_equal(rmdir(inner), 0);
    folder_remove(&f);
}

static void stub_set_says_why_there_is_none(void **state)
{
    struct folder f;
    struct err e = { 0 };
    char text[512];
    (void)state;
    folder_make(&f);
    folder_put(&f, "esp32.json", good);
    struct stub_set *set = stub_set_new(f.path, &e);
    assert_ok(set != NULL, &e);
    stub_set_explain(set, "esp32c3", "ESP32-C3", text, sizeof text);
    assert_has(text, f.path);
    assert_has(text, "ESP32-C3 (esp32c3.json)");
    assert_null(strstr(text, "make deps"));
    stub_set_free(set);
    set = stub_set_new(NULL, &e);
    assert_ok(set != NULL, &e);
    assert_null(stub_set_folder(set));
    stub_set_explain(set, "esp32h21", "ESP32-H21", text, sizeof text);
    assert_has(text, stub_set_count(set) > 0 ? "(esp32h21.json)" : "without flasher stubs");
    stub_set_free(set);
    folder_remove(&f);
}

/* ---- Releases ---- */

/* One more byte that reaches the chip, and it is another program; what does not reach it is not. */
static void stub_digest_is_of_what_reaches_the_chip(void **state)
{
    static const char *const others[] = {
        "{\"entry\": 4101, \"text\": \"AQIDBAUGBwg=\", \"text_start\": 4096,"
        " \"data\": \"CQoLDA==\", \"data_start\": 8192}",
        "{\"entry\": 4100, \"text\": \"AQIDBAUGBwk=\", \"text_start\": 4096,"
        " \"data\": \"CQoLDA==\", \"data_start\": 8192}",
        "{\"entry\": 4100, \"text\": \"AQIDBAUGBwg=\", \"text_start\": 4097,"
        " \"data\": \"CQoLDA==\", \"data_start\": 8192}",
        "{\"entry\": 4100, \"text\": \"AQIDBAUGBwg=\", \"text_start\": 4096,"
        " \"data\": \"CQoLDA==\", \"data_start\": 8193}",
        "{\"entry\": 4100, \"text\": \"AQIDBAUGBwg=\", \"text_start\": 4096}",
    };
    static const char same[] = "{\"data\":\"CQoLDA==\",\"data_start\":8192,\"text_start\":4096,"
                               "\"text\":\"AQIDBAUGBwg=\",\"entry\":4100}";
    uint8_t first[DIGEST_SHA256_BYTES], digest[DIGEST_SHA256_BYTES];
    struct err e = { 0 };
    (void)state;
    struct stub *s = parse(good, sizeof good - 1, &e);
    assert_true(stub_digest(s, first));
    stub_free(s);
    s = parse(same, sizeof same - 1, &e);
    assert_true(stub_digest(s, digest));
    assert_memory_equal(first, digest, sizeof digest);
    assert_null(stub_release_of(digest));
    stub_free(s);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        s = parse(others[i], strlen(others[i]), &e);
        assert_ok(s != NULL, &e);
        assert_true(stub_digest(s, digest));
        assert_memory_not_equal(first, digest, sizeof digest);
        stub_free(s);
    }
}

static void releases_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; stub_release_at(i); i++) {
        const struct stub_release *a = stub_release_at(i);
        assert_true(a->name[0] && a->version[0]);
        for (size_t k = 0; k < i; k++) {
            if (stub_release_at(k)->digest == a->digest)
                fail_msg("%s %s is there twice", a->name, a->version);
        }
    }
}

/* All that is built in is of one known release, and was tried. */
static void built_in_stubs_are_known(void **state)
{
    struct err e = { 0 };
    (void)state;
    struct stub_set *set = stub_set_new(NULL, &e);
    assert_ok(set != NULL, &e);
    for (size_t i = 0; i < stub_set_count(set); i++) {
        const struct stub *s = stub_set_at(set, i);
        uint8_t digest[DIGEST_SHA256_BYTES];
        assert_true(stub_digest(s, digest));
        const struct stub_release *r = stub_release_of(digest);
        if (!r)
            fail_msg("%s is not in core/loader/stub_list.h", s->file);
        assert_string_equal(r->name, s->name);
        assert_has(r->version, "1.2.2");
        assert_true(r->tried & STUB_TRIED_MODEL);
    }
    stub_set_free(set);
}

static void stub_set_refuses_the_stub_of_another_chip(void **state)
{
    struct folder f;
    struct err e = { 0 };
    static char text[1 << 16];
    (void)state;
    FILE *in = fopen(REAL_FOLDER "/esp32c6.json", "rb");
    if (!in) {
        print_message("%s is not there: nothing to check\n", REAL_FOLDER);
        return;
    }
    text[fread(text, 1, sizeof text - 1, in)] = '\0';
    fclose(in);
    folder_make(&f);
    folder_put(&f, "esp32c3.json", text);
    struct stub_set *set = stub_set_new(f.path, &e);
    assert_ok(set != NULL, &e);
    assert_int_equal(stub_set_count(set), 0);
    assert_code(stub_set_check(set, "esp32c3", &e), &e, ERR_STATION);
    assert_has(e.what, "esp32c3.json' holds the flasher stub of esp32c6");
    stub_set_free(set);
    folder_remove(&f);
    folder_make(&f);
    folder_put(&f, "stub_flasher_32c6.json", text);
    folder_put(&f, "esp32c6rc1.json", text); /* of silicon that nobody sells */
    set = stub_set_new(f.path, &e);
    assert_ok(set != NULL, &e);
    assert_int_equal(stub_set_count(set), 2);
    stub_set_free(set);
    folder_remove(&f);
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
        cmocka_unit_test(stub_set_takes_what_is_called_like_a_stub),
        cmocka_unit_test(stub_set_does_without_a_damaged_file),
        cmocka_unit_test(stub_set_refuses_two_for_one_chip),
        cmocka_unit_test(stub_set_refuses_the_stub_of_older_silicon),
        cmocka_unit_test(stub_set_points_at_the_folders_of_esptool),
        cmocka_unit_test(stub_set_says_why_there_is_none),
        cmocka_unit_test(stub_digest_is_of_what_reaches_the_chip),
        cmocka_unit_test(releases_are_told_apart),
        cmocka_unit_test(built_in_stubs_are_known),
        cmocka_unit_test(stub_set_refuses_the_stub_of_another_chip),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
