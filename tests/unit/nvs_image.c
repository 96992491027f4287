/*
 * Images of NVS: what is written equals what the official generator wrote, what is read is judged
 * as the firmware's own code judged the same image (docs/nvs.md).
 */
#include "tests/unit/nvs_help.h"

#include <time.h>

#define SIZE 0x4000u

/* ---- Against the generator ---- */

static void assert_same(const char *csv_name, const char *bin_name, unsigned version,
                        const char *keys_name, bool hmac)
{
    struct nvs_report report;
    struct nvs_table table;
    struct nvs_writer w;
    struct nvs_keys keys;
    struct err e = { 0 };
    size_t n, csv_n, keys_n;
    uint8_t *want = nvs_load(bin_name, &n), *csv = nvs_load(csv_name, &csv_n);
    uint8_t *image = malloc(n);
    const struct nvs_text text = { csv_name, (const char *)csv, csv_n };
    assert_non_null(image);
    assert_ok(nvs_table_read(&text, &nvs_fake_files, version, &table, &report, &e), &e);
    assert_ok(nvs_write_begin(&w, image, n, version, false, &e), &e);
    assert_ok(nvs_table_write(&table, &w, &e), &e);
    if (keys_name) {
        uint8_t *bytes = nvs_load(keys_name, &keys_n);
        assert_ok(hmac ? nvs_keys_from_hmac(bytes, &keys, &e)
                       : nvs_keys_read(bytes, keys_n, &keys, &e),
                  &e);
        assert_ok(nvs_encrypt(image, n, &keys, &e), &e);
        free(bytes);
    }
    assert_memory_equal(image, want, n);
    nvs_table_done(&table);
    free(image);
    free(want);
    free(csv);
}

static void nvs_writes_what_the_generator_writes(void **state)
{
    (void)state;
    assert_same("1-basic.csv", "1-basic.bin", 2, NULL, false);
    assert_same("2-bigblob.csv", "2-bigblob.bin", 2, NULL, false);
    assert_same("1-basic.csv", "3-basic-v1.bin", 1, NULL, false);
    assert_same("5-edge.csv", "5-edge.bin", 2, NULL, false);
    assert_same("6-pages.csv", "6-pages-v2.bin", 2, NULL, false);
    assert_same("6-pages.csv", "6-pages-v1.bin", 1, NULL, false);
}

static void nvs_encrypts_as_the_generator_does(void **state)
{
    (void)state;
    assert_same("1-basic.csv", "4-basic-enc.bin", 2, "4-keys.bin", false);
    assert_same("1-basic.csv", "4-basic-enc.bin", 2, "hmac-key.bin", true);
}

static void nvs_reads_what_the_generator_wrote(void **state)
{
    static const char *const names[] = { "1-basic.bin", "2-bigblob.bin",  "3-basic-v1.bin",
                                         "5-edge.bin",  "6-pages-v1.bin", "6-pages-v2.bin" };
    static const size_t keys[] = { 10, 3, 10, 125, 78, 78 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct nvs_image image;
        struct err e = { 0 };
        size_t n;
        uint8_t *bytes = nvs_load(names[i], &n);
        assert_ok(nvs_read(bytes, n, false, &image, &e), &e);
        assert_int_equal(image.problem_total, 0);
        assert_int_equal(image.value_count, keys[i]);
        nvs_image_done(&image);
        free(bytes);
    }
}

static void nvs_decrypts_what_the_generator_encrypted(void **state)
{
    struct nvs_image image;
    struct nvs_keys keys;
    struct err e = { 0 };
    size_t n, plain_n, keys_n;
    uint8_t *bytes = nvs_load("4-basic-enc.bin", &n), *plain = nvs_load("1-basic.bin", &plain_n);
    uint8_t *key_bytes = nvs_load("4-keys.bin", &keys_n), again[NVS_KEYFILE_BYTES];
    (void)state;
    assert_ok(nvs_read(bytes, n, false, &image, &e), &e);
    assert_true(image.unreadable);
    assert_int_equal(image.value_count, 0);
    nvs_image_done(&image);
    assert_ok(nvs_keys_read(key_bytes, keys_n, &keys, &e), &e);
    nvs_keys_write(&keys, again);
    assert_memory_equal(again, key_bytes, sizeof again);
    assert_ok(nvs_decrypt(bytes, n, &keys, &e), &e);
    assert_int_equal(n, plain_n);
    assert_memory_equal(bytes, plain, n);
    free(bytes);
    free(plain);
    free(key_bytes);
}

static void nvs_refuses_keys_that_are_none(void **state)
{
    struct nvs_keys keys;
    struct err e = { 0 };
    size_t n;
    uint8_t *bytes = nvs_load("4-keys.bin", &n), blank[NVS_KEYFILE_BYTES], image[NVS_PAGE_BYTES];
    (void)state;
    memset(blank, 0xFF, sizeof blank);
    memset(image, 0xFF, sizeof image);
    assert_code(nvs_keys_read(bytes, 64, &keys, &e), &e, ERR_USAGE);
    assert_code(nvs_keys_read(bytes, 0, &keys, &e), &e, ERR_USAGE);
    assert_code(nvs_keys_read(blank, sizeof blank, &keys, &e), &e, ERR_USAGE);
    assert_has(e.what, "blank");
    bytes[63] ^= 1;
    assert_code(nvs_keys_read(bytes, n, &keys, &e), &e, ERR_USAGE);
    assert_has(e.what, "CRC");
    memset(&keys, 7, sizeof keys);
    assert_code(nvs_encrypt(image, sizeof image, &keys, &e), &e, ERR_USAGE);
    assert_has(e.what, "the same");
    free(bytes);
}

/* ---- Limits of the writer ---- */

static void begin(struct nvs_writer *w, uint8_t *image, unsigned version)
{
    struct err e = { 0 };
    assert_ok(nvs_write_begin(w, image, SIZE, version, false, &e), &e);
    assert_ok(nvs_write_space(w, "factory", &e), &e);
}

static void nvs_writes_the_longest_values(void **state)
{
    static uint8_t image[SIZE];
    char text[4001];
    struct nvs_writer w;
    struct nvs_image read;
    struct err e = { 0 };
    (void)state;
    memset(text, 'x', sizeof text);
    begin(&w, image, 2);
    assert_ok(nvs_write_string(&w, "full", text, 3999, &e), &e);
    assert_ok(nvs_write_blob(&w, "none", NULL, 0, &e), &e);
    assert_code(nvs_write_string(&w, "over", text, 4000, &e), &e, ERR_IMAGE);
    e = (struct err){ 0 };
    assert_ok(nvs_read(image, SIZE, false, &read, &e), &e);
    assert_int_equal(read.problem_total, 0);
    assert_int_equal(nvs_find(&read, "factory", "full")->size_bytes, 3999);
    assert_int_equal(nvs_find(&read, "factory", "none")->size_bytes, 0);
    nvs_image_done(&read);

    begin(&w, image, 1);
    assert_ok(nvs_write_string(&w, "s", text, 1983, &e), &e);
    assert_ok(nvs_write_blob(&w, "b", text, 1984, &e), &e);
    assert_code(nvs_write_string(&w, "s2", text, 1984, &e), &e, ERR_IMAGE);
    assert_code(nvs_write_blob(&w, "b2", text, 1985, &e), &e, ERR_IMAGE);
}

static void nvs_keeps_a_page_free(void **state)
{
    static uint8_t image[SIZE], blob[3 * 4000 + 1];
    struct nvs_writer w;
    struct err e = { 0 };
    (void)state;
    begin(&w, image, 2);
    /* Three pages take a namespace, three chunk headers and an index, and no byte more. */
    assert_ok(nvs_write_blob(&w, "b", blob, 3 * 4000 - 64, &e), &e);
    for (size_t i = SIZE - NVS_PAGE_BYTES; i < SIZE; i++)
        assert_int_equal(image[i], 0xFF);
    begin(&w, image, 2);
    assert_code(nvs_write_blob(&w, "b", blob, 3 * 4000 - 63, &e), &e, ERR_IMAGE);
    assert_has(e.what, "do not fit into 16 KiB");
    for (size_t i = SIZE - NVS_PAGE_BYTES; i < SIZE; i++)
        assert_int_equal(image[i], 0xFF);
}

static void nvs_refuses_what_cannot_be(void **state)
{
    static uint8_t image[SIZE];
    struct nvs_writer w;
    struct err e = { 0 };
    (void)state;
    assert_code(nvs_write_begin(&w, image, 0x2000, 2, false, &e), &e, ERR_USAGE);
    assert_code(nvs_write_begin(&w, image, 0, 2, true, &e), &e, ERR_USAGE);
    assert_code(nvs_write_begin(&w, image, 0x3001, 2, false, &e), &e, ERR_USAGE);
    assert_code(nvs_write_begin(&w, image, SIZE, 3, false, &e), &e, ERR_USAGE);
    e = (struct err){ 0 };
    assert_ok(nvs_write_begin(&w, image, SIZE, 2, false, &e), &e);
    assert_code(nvs_write_number(&w, "k", NVS_U8, 1, &e), &e, ERR_IMAGE);
    assert_has(e.what, "no namespace");
    assert_code(nvs_write_space(&w, "", &e), &e, ERR_IMAGE);
    assert_code(nvs_write_space(&w, "sixteen_letters_", &e), &e, ERR_IMAGE);
    e = (struct err){ 0 };
    assert_ok(nvs_write_space(&w, "fifteen_letters", &e), &e);
    assert_code(nvs_write_number(&w, "sixteen_letters_", NVS_U8, 1, &e), &e, ERR_IMAGE);
    assert_code(nvs_write_number(&w, "k", NVS_STRING, 1, &e), &e, ERR_IMAGE);
    e = (struct err){ 0 };
    for (unsigned i = 1; i < NVS_SPACES_MAX; i++)
        assert_ok(nvs_write_space(&w, "n", &e), &e);
    assert_code(nvs_write_space(&w, "n", &e), &e, ERR_IMAGE);
}

static void nvs_of_one_page_is_for_reading_alone(void **state)
{
    static uint8_t bytes[NVS_PAGE_BYTES];
    struct nvs_writer w;
    struct nvs_image image;
    struct err e = { 0 };
    (void)state;
    assert_ok(nvs_write_begin(&w, bytes, sizeof bytes, 2, true, &e), &e);
    assert_ok(nvs_write_space(&w, "a", &e), &e);
    for (unsigned i = 0; i < 125; i++) {
        char key[16];
        snprintf(key, sizeof key, "k%u", i);
        assert_ok(nvs_write_number(&w, key, NVS_U8, i, &e), &e);
    }
    assert_code(nvs_write_number(&w, "more", NVS_U8, 1, &e), &e, ERR_IMAGE);
    e = (struct err){ 0 };
    assert_ok(nvs_read(bytes, sizeof bytes, true, &image, &e), &e);
    assert_int_equal(image.problem_total, 0);
    nvs_image_done(&image);
    assert_ok(nvs_read(bytes, sizeof bytes, false, &image, &e), &e);
    assert_true(nvs_has_fault(&image, NVS_NO_FREE_PAGE));
    nvs_image_done(&image);
}

/* ---- What the firmware does with odd images ---- */

/* namespace a, then k1 = 1, k2 = 2, s = "text", b of 40 bytes: entries 0 to 8 */
static void put_small_image(uint8_t *image)
{
    struct nvs_writer w;
    struct err e = { 0 };
    assert_ok(nvs_write_begin(&w, image, SIZE, 2, false, &e), &e);
    assert_ok(nvs_write_space(&w, "a", &e), &e);
    assert_ok(nvs_write_number(&w, "k1", NVS_U8, 1, &e), &e);
    assert_ok(nvs_write_number(&w, "k2", NVS_U8, 2, &e), &e);
    assert_ok(nvs_write_string(&w, "s", "text", 4, &e), &e);
    assert_ok(nvs_write_blob(&w, "b", image, 40, &e), &e);
}

typedef void (*spoil)(uint8_t *image);

static void spoil_free_page(uint8_t *image)
{
    for (size_t page = 1; page < SIZE / NVS_PAGE_BYTES; page++) {
        memcpy(image + page * NVS_PAGE_BYTES, image, 32);
        store_u32(image + page * NVS_PAGE_BYTES + 4, (uint32_t)page);
        nvs_seal_page(image, page);
    }
}

static void spoil_version(uint8_t *image)
{
    image[8] = 0xFD;
    nvs_seal_page(image, 0);
}

static void spoil_page_crc(uint8_t *image)
{
    image[28] ^= 1;
}

static void spoil_page_state(uint8_t *image)
{
    memset(image + NVS_PAGE_BYTES, 0x5A, NVS_PAGE_BYTES);
}

static void spoil_freeing(uint8_t *image)
{
    image[0] = 0xF8;
}

static void spoil_blank_page(uint8_t *image)
{
    image[NVS_PAGE_BYTES + 100] = 0;
}

static void spoil_sequence(uint8_t *image)
{
    memcpy(image + NVS_PAGE_BYTES, image, 32);
}

static void spoil_stray(uint8_t *image)
{
    nvs_entry(image, 0, 100)[0] = 0;
}

static void spoil_bitmap(uint8_t *image)
{
    image[32 + 25] = 0xFD; /* entry 100: 01 */
}

static void spoil_entry_crc(uint8_t *image)
{
    nvs_entry(image, 0, 1)[24] ^= 1;
}

static void spoil_type(uint8_t *image)
{
    nvs_entry(image, 0, 1)[1] = 3;
    nvs_seal(nvs_entry(image, 0, 1));
}

static void spoil_span(uint8_t *image)
{
    nvs_entry(image, 0, 3)[2] = 3;
    nvs_seal(nvs_entry(image, 0, 3));
}

static void spoil_key(uint8_t *image)
{
    memset(nvs_entry(image, 0, 1) + 8, 'x', 16);
    nvs_seal(nvs_entry(image, 0, 1));
}

static void spoil_value(uint8_t *image)
{
    nvs_entry(image, 0, 4)[0] ^= 1;
}

static void spoil_nul(uint8_t *image)
{
    uint8_t *entry = nvs_entry(image, 0, 3);
    entry[32 + 4] = 'x';
    store_u32(entry + 28, (uint32_t)crc32(UINT32_MAX, entry + 32, 5));
    nvs_seal(entry);
}

static void spoil_double(uint8_t *image)
{
    uint8_t *entry = nvs_entry(image, 0, 2);
    entry[9] = '1';
    nvs_seal(entry);
}

static void spoil_space(uint8_t *image)
{
    uint8_t *entry = nvs_entry(image, 0, 2);
    memcpy(entry, nvs_entry(image, 0, 0), 32);
    entry[24] = 2;
    nvs_seal(entry);
}

static void spoil_number_of_space(uint8_t *image)
{
    uint8_t *entry = nvs_entry(image, 0, 2);
    entry[0] = 7;
    nvs_seal(entry);
}

static void spoil_index(uint8_t *image)
{
    uint8_t *entry = nvs_entry(image, 0, 8);
    entry[28] = 2;
    nvs_seal(entry);
}

static void spoil_no_index(uint8_t *image)
{
    image[32 + 2] = (uint8_t)(image[32 + 2] & ~3u); /* entry 8: erased */
}

static void nvs_tells_what_the_firmware_stumbles_over(void **state)
{
    static const struct {
        spoil spoil;
        enum nvs_fault fault;
        const char *lost; /* that key is not there */
    } cases[] = {
        { spoil_free_page, NVS_NO_FREE_PAGE, NULL }, { spoil_version, NVS_NEW_VERSION, "k1" },
        { spoil_page_crc, NVS_PAGE_CRC, "k1" },      { spoil_page_state, NVS_PAGE_STATE, NULL },
        { spoil_freeing, NVS_PAGE_MOVING, NULL },    { spoil_blank_page, NVS_PAGE_STATE, NULL },
        { spoil_sequence, NVS_PAGE_SEQUENCE, NULL }, { spoil_stray, NVS_PAGE_STRAY, NULL },
        { spoil_bitmap, NVS_BITMAP, NULL },          { spoil_entry_crc, NVS_ENTRY_CRC, "k1" },
        { spoil_type, NVS_ENTRY_TYPE, "k1" },        { spoil_span, NVS_ENTRY_SPAN, "s" },
        { spoil_key, NVS_ENTRY_KEY, "k1" },          { spoil_value, NVS_VALUE_CRC, "s" },
        { spoil_nul, NVS_VALUE_NUL, NULL },          { spoil_double, NVS_DOUBLE_KEY, "k2" },
        { spoil_space, NVS_DOUBLE_SPACE, "k1" },     { spoil_number_of_space, NVS_NO_SPACE, "k2" },
        { spoil_index, NVS_BLOB_PARTS, "b" },        { spoil_no_index, NVS_BLOB_STRAY, "b" },
    };
    static uint8_t bytes[SIZE];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct nvs_image image;
        struct err e = { 0 };
        put_small_image(bytes);
        cases[i].spoil(bytes);
        assert_ok(nvs_read(bytes, SIZE, false, &image, &e), &e);
        if (!nvs_has_fault(&image, cases[i].fault))
            fail_msg("case %zu: no %s", i, nvs_fault_word(cases[i].fault));
        if (cases[i].lost && nvs_find(&image, "a", cases[i].lost))
            fail_msg("case %zu: %s is there", i, cases[i].lost);
        if (!cases[i].lost && (image.value_count != 4 || image.problem_total == 0))
            fail_msg("case %zu: %zu values", i, image.value_count);
        nvs_image_done(&image);
    }
}

static uint64_t bits_of(const uint8_t *bytes, const char *key)
{
    struct nvs_image image;
    struct err e = { 0 };
    assert_ok(nvs_read(bytes, SIZE, false, &image, &e), &e);
    const struct nvs_value *v = nvs_find(&image, "a", key);
    uint64_t bits = v ? v->bits : UINT64_MAX;
    nvs_image_done(&image);
    return bits;
}

static void nvs_reads_that_of_two_which_the_firmware_reads(void **state)
{
    static uint8_t bytes[SIZE], page[NVS_PAGE_BYTES];
    (void)state;
    /* Active page: the last stays. Full page: the first is read. */
    put_small_image(bytes);
    spoil_double(bytes);
    assert_int_equal(bits_of(bytes, "k1"), 2);
    store_u32(bytes, 0xFFFFFFFC);
    assert_int_equal(bits_of(bytes, "k1"), 1);
    /* Two pages: the first is read, unless the last entry of all is the other. */
    put_small_image(bytes);
    memcpy(bytes + NVS_PAGE_BYTES, bytes, NVS_PAGE_BYTES);
    store_u32(bytes, 0xFFFFFFFC);
    store_u32(bytes + NVS_PAGE_BYTES + 4, 1);
    nvs_seal_page(bytes, 1);
    nvs_entry(bytes, 1, 1)[24] = 9;
    nvs_seal(nvs_entry(bytes, 1, 1));
    assert_int_equal(bits_of(bytes, "k1"), 1);
    /* First is what was begun first, wherever it lies. */
    memcpy(page, bytes, sizeof page);
    memcpy(bytes, bytes + NVS_PAGE_BYTES, sizeof page);
    memcpy(bytes + NVS_PAGE_BYTES, page, sizeof page);
    assert_int_equal(bits_of(bytes, "k1"), 1);
    memcpy(bytes + NVS_PAGE_BYTES, bytes, sizeof page);
    memcpy(bytes, page, sizeof page);
    memset(nvs_entry(bytes, 1, 2), 0xFF, (size_t)32 * 7);
    memset(bytes + NVS_PAGE_BYTES + 32, 0xFF, 32);
    bytes[NVS_PAGE_BYTES + 32] = 0xFA; /* entries 0 and 1 are written */
    assert_int_equal(bits_of(bytes, "k1"), 9);
}

static void nvs_takes_pages_in_any_order(void **state)
{
    struct nvs_image image;
    struct err e = { 0 };
    size_t n;
    uint8_t *bytes = nvs_load("2-bigblob.bin", &n), page[NVS_PAGE_BYTES];
    (void)state;
    memcpy(page, bytes, sizeof page);
    memcpy(bytes, bytes + NVS_PAGE_BYTES, sizeof page);
    memcpy(bytes + 3 * NVS_PAGE_BYTES, page, sizeof page);
    memset(bytes + NVS_PAGE_BYTES, 0xFF, sizeof page);
    assert_ok(nvs_read(bytes, n, false, &image, &e), &e);
    assert_int_equal(image.problem_total, 0);
    assert_int_equal(nvs_find(&image, "factory", "cert")->size_bytes, 4100);
    nvs_image_done(&image);
    free(bytes);
}

/* A blob that the firmware has changed has its chunks from 80 on. */
static void nvs_reads_the_other_chunks_of_a_blob(void **state)
{
    static uint8_t bytes[SIZE];
    struct nvs_image image;
    struct err e = { 0 };
    (void)state;
    put_small_image(bytes);
    nvs_entry(bytes, 0, 5)[3] = 0x80;
    nvs_seal(nvs_entry(bytes, 0, 5));
    nvs_entry(bytes, 0, 8)[29] = 0x80;
    nvs_seal(nvs_entry(bytes, 0, 8));
    assert_ok(nvs_read(bytes, SIZE, false, &image, &e), &e);
    assert_int_equal(image.problem_total, 0);
    assert_int_equal(nvs_find(&image, "a", "b")->size_bytes, 40);
    nvs_image_done(&image);
}

/* ---- Any change ---- */

static bool same_value(const struct nvs_value *x, const struct nvs_value *y)
{
    return x->type == y->type && x->bits == y->bits && x->size_bytes == y->size_bytes &&
           (x->size_bytes == 0 || memcmp(x->bytes, y->bytes, x->size_bytes) == 0);
}

static void nvs_never_reads_a_wrong_value(void **state)
{
    struct nvs_image whole, image;
    struct err e = { 0 };
    size_t n, told = 0;
    uint8_t *bytes = nvs_load("1-basic.bin", &n), *copy = nvs_load("1-basic.bin", &n);
    (void)state;
    assert_ok(nvs_read(bytes, n, false, &whole, &e), &e);
    for (size_t at = 0; at < 64 + 16 * 32 + 64; at++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            copy[at] ^= (uint8_t)(1u << bit);
            assert_ok(nvs_read(copy, n, false, &image, &e), &e);
            told += image.problem_total > 0;
            for (size_t i = 0; i < image.value_count; i++) {
                const struct nvs_value *v = &image.values[i];
                const struct nvs_value *was = nvs_find(&whole, v->space, v->key);
                if (!was || !same_value(v, was))
                    fail_msg("byte %zu, bit %u: '%s' is wrong", at, bit, v->key);
            }
            if (image.value_count < whole.value_count && image.problem_total == 0 &&
                (at < 32 || at >= 64)) /* a bitmap can say in good order that a value is erased */
                fail_msg("byte %zu, bit %u: a value is lost without a word", at, bit);
            nvs_image_done(&image);
            copy[at] ^= (uint8_t)(1u << bit);
        }
    }
    assert_true(told > 4000);
    nvs_image_done(&whole);
    free(bytes);
    free(copy);
}

/* ---- Any contents ---- */

struct content {
    char key[NVS_NAME_CAP];
    enum nvs_type type;
    uint64_t bits;
    uint8_t bytes[6000];
    size_t n;
};

#define CONTENTS 60u

static void make_content(struct content *c, unsigned i, unsigned version, uint32_t *seed)
{
    static const enum nvs_type types[] = {
        NVS_U8, NVS_I16, NVS_U32, NVS_I64, NVS_STRING, NVS_BLOB
    };
    size_t most = version == 1 ? 1983 : 3999;
    memset(c, 0, sizeof *c);
    snprintf(c->key, sizeof c->key, "key_%u", i);
    c->type = types[next_random(seed) % COUNT_OF(types)];
    for (size_t k = 0; k < nvs_number_bytes(c->type); k++)
        c->bits |= (uint64_t)(next_random(seed) & 0xFF) << (8 * k);
    if (nvs_number_bytes(c->type) > 0)
        return;
    if (c->type == NVS_BLOB && version == 2)
        most = sizeof c->bytes;
    c->n = next_random(seed) % 3 ? next_random(seed) % 100 : next_random(seed) % (most + 1);
    for (size_t k = 0; k < c->n; k++)
        c->bytes[k] = (uint8_t)(1 + next_random(seed) % 255);
}

static bool write_content(struct nvs_writer *w, const struct content *c, struct err *e)
{
    if (c->type == NVS_STRING)
        return nvs_write_string(w, c->key, c->bytes, c->n, e);
    if (c->type == NVS_BLOB)
        return nvs_write_blob(w, c->key, c->bytes, c->n, e);
    return nvs_write_number(w, c->key, c->type, c->bits, e);
}

static void assert_content(const struct nvs_image *image, const struct content *c)
{
    const struct nvs_value *v = nvs_find(image, "space", c->key);
    assert_non_null(v);
    assert_true(v->type == c->type || (c->type == NVS_BLOB && v->type == NVS_BLOB_V1));
    assert_int_equal(v->size_bytes, c->n);
    assert_true(v->bits == c->bits);
    if (c->n > 0)
        assert_memory_equal(v->bytes, c->bytes, c->n);
}

static void try_contents(uint32_t *seed)
{
    static struct content contents[CONTENTS];
    static uint8_t bytes[64 * NVS_PAGE_BYTES];
    unsigned version = 1 + next_random(seed) % 2;
    struct nvs_writer w;
    struct nvs_image image;
    struct nvs_keys keys;
    struct err e = { 0 };
    assert_ok(nvs_write_begin(&w, bytes, sizeof bytes, version, false, &e), &e);
    assert_ok(nvs_write_space(&w, "space", &e), &e);
    for (unsigned i = 0; i < CONTENTS; i++) {
        make_content(&contents[i], i, version, seed);
        assert_ok(write_content(&w, &contents[i], &e), &e);
    }
    for (size_t i = 0; i < sizeof keys.bytes; i++)
        keys.bytes[i] = (uint8_t)next_random(seed);
    assert_ok(nvs_encrypt(bytes, sizeof bytes, &keys, &e), &e);
    assert_ok(nvs_decrypt(bytes, sizeof bytes, &keys, &e), &e);
    assert_ok(nvs_read(bytes, sizeof bytes, false, &image, &e), &e);
    assert_int_equal(image.problem_total, 0);
    assert_int_equal(image.value_count, CONTENTS);
    for (unsigned i = 0; i < CONTENTS; i++)
        assert_content(&image, &contents[i]);
    nvs_image_done(&image);
}

/* NVS_SEED=N repeats a run. */
static void nvs_reads_back_what_it_wrote(void **state)
{
    const char *given = getenv("NVS_SEED");
    uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL) | 1;
    (void)state;
    print_message("# NVS_SEED=%u\n", (unsigned)seed);
    for (int i = 0; i < 100; i++)
        try_contents(&seed);
}

static void nvs_refuses_sizes_that_no_partition_has(void **state)
{
    static uint8_t bytes[NVS_PAGE_BYTES + 1];
    struct nvs_image image;
    struct err e = { 0 };
    (void)state;
    assert_code(nvs_read(bytes, 0, false, &image, &e), &e, ERR_IMAGE);
    assert_code(nvs_read(bytes, 4095, false, &image, &e), &e, ERR_IMAGE);
    assert_code(nvs_read(bytes, 4097, false, &image, &e), &e, ERR_IMAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nvs_writes_what_the_generator_writes),
        cmocka_unit_test(nvs_encrypts_as_the_generator_does),
        cmocka_unit_test(nvs_reads_what_the_generator_wrote),
        cmocka_unit_test(nvs_decrypts_what_the_generator_encrypted),
        cmocka_unit_test(nvs_refuses_keys_that_are_none),
        cmocka_unit_test(nvs_writes_the_longest_values),
        cmocka_unit_test(nvs_keeps_a_page_free),
        cmocka_unit_test(nvs_refuses_what_cannot_be),
        cmocka_unit_test(nvs_of_one_page_is_for_reading_alone),
        cmocka_unit_test(nvs_tells_what_the_firmware_stumbles_over),
        cmocka_unit_test(nvs_reads_that_of_two_which_the_firmware_reads),
        cmocka_unit_test(nvs_takes_pages_in_any_order),
        cmocka_unit_test(nvs_reads_the_other_chunks_of_a_blob),
        cmocka_unit_test(nvs_never_reads_a_wrong_value),
        cmocka_unit_test(nvs_reads_back_what_it_wrote),
        cmocka_unit_test(nvs_refuses_sizes_that_no_partition_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
