/*
 * Firmware images: every layout is recognised, every damage that its checks can see is seen, and
 * nothing that is cut short crashes or passes. Images are made by tests/lib/make_image.c.
 */
#include "core/facts/chip.h"
#include "core/images/image.h"
#include "tests/lib/make_image.h"
#include "tests/lib/test.h"

#include <openssl/evp.h>
#include <stdlib.h>

static const struct image_recipe esp32_app = {
    .layout = MADE_LONG,
    .segments = 3,
    .segment_bytes = 300,
    .mode = 2,
    .size_code = 2,
    .freq_code = 0xF,
    .chip_id = 0,
    .min_revision = 100,
    .max_revision = 399,
    .digest = true,
    .project = "thermostat",
};
static const struct image_recipe esp8266_app = {
    .layout = MADE_SHORT,
    .segments = 2,
    .segment_bytes = 100,
    .mode = 0,
    .size_code = 4,
    .freq_code = 0,
};
static const struct image_recipe esp8266_v2 = {
    .layout = MADE_SHORT_V2,
    .segments = 3,
    .segment_bytes = 64,
    .mode = 2,
    .size_code = 6,
    .freq_code = 1,
};

/* Reads from a block of exactly n bytes, so that a byte too far is seen. */
static struct image read_image(const uint8_t *bytes, size_t n, bool short_header)
{
    struct image image;
    uint8_t *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    if (n > 0)
        memcpy(copy, bytes, n);
    memset(&image, 0x5A, sizeof image);
    image_read(copy, n, short_header, &image);
    free(copy);
    return image;
}

static void image_reads_every_layout(void **state)
{
    (void)state;
    struct made_image m = make_image(&esp32_app);
    struct image i = read_image(m.bytes, m.size_bytes, false);
    assert_int_equal(i.kind, IMAGE_LONG);
    assert_int_equal(i.mode_code, 2);
    assert_int_equal(i.size_code, 2);
    assert_int_equal(i.freq_code, 0xF);
    assert_int_equal(i.digest_at, m.digest_at);
    assert_int_equal(i.chip_id, 0);
    assert_int_equal(i.min_revision, 100);
    assert_int_equal(i.max_revision, 399);
    assert_true(i.has_app);
    assert_string_equal(i.app_project, "thermostat");
    assert_string_equal(i.app_version, "1.2.3");
    free(m.bytes);

    m = make_image(&esp8266_app);
    i = read_image(m.bytes, m.size_bytes, true);
    assert_int_equal(i.kind, IMAGE_SHORT);
    assert_int_equal(i.mode_code, 0);
    assert_int_equal(i.size_code, 4);
    assert_int_equal(i.digest_at, 0);
    assert_false(i.has_app);
    free(m.bytes);

    m = make_image(&esp8266_v2);
    i = read_image(m.bytes, m.size_bytes, true);
    assert_int_equal(i.kind, IMAGE_SHORT_V2);
    assert_int_equal(i.size_code, 6);
    assert_int_equal(i.freq_code, 1);
    free(m.bytes);
}

/* All counts and lengths, so that the checksum falls on each place of its row. */
static void image_checksum_ends_a_row_of_16(void **state)
{
    (void)state;
    for (int layout = MADE_SHORT; layout <= MADE_LONG; layout++) {
        for (uint8_t segments = 1; segments <= 16; segments++) {
            for (uint32_t bytes = 4; bytes <= 36; bytes += 4) {
                const struct image_recipe r = { .layout = (enum made_layout)layout,
                                                .segments = segments,
                                                .segment_bytes = bytes };
                struct made_image m = make_image(&r);
                struct image i = read_image(m.bytes, m.size_bytes, layout != MADE_LONG);
                assert_null(i.problem);
                assert_int_equal(i.kind, layout == MADE_SHORT      ? IMAGE_SHORT
                                         : layout == MADE_SHORT_V2 ? IMAGE_SHORT_V2
                                                                   : IMAGE_LONG);
                m.bytes[m.checksum_at] ^= 1;
                i = read_image(m.bytes, m.size_bytes, layout != MADE_LONG);
                assert_int_equal(i.kind, IMAGE_DAMAGED);
                free(m.bytes);
            }
        }
    }
}

static void image_may_be_followed_by_other_bytes(void **state)
{
    (void)state;
    for (uint32_t trailing = 0; trailing < 70; trailing++) {
        struct image_recipe r = esp32_app;
        r.trailing_bytes = trailing;
        struct made_image m = make_image(&r);
        assert_int_equal(read_image(m.bytes, m.size_bytes, false).kind, IMAGE_LONG);
        free(m.bytes);
        r = esp8266_app;
        r.trailing_bytes = trailing;
        m = make_image(&r);
        assert_int_equal(read_image(m.bytes, m.size_bytes, true).kind, IMAGE_SHORT);
        free(m.bytes);
    }
}

static void image_of_the_other_family_is_recognised(void **state)
{
    (void)state;
    struct made_image m = make_image(&esp32_app);
    struct image i = read_image(m.bytes, m.size_bytes, true);
    assert_int_equal(i.kind, IMAGE_LONG);
    assert_false(image_fits_chip(&i, chip_by_name("esp8266")));
    free(m.bytes);
    m = make_image(&esp8266_app);
    i = read_image(m.bytes, m.size_bytes, false);
    assert_int_equal(i.kind, IMAGE_SHORT);
    assert_false(image_fits_chip(&i, chip_by_name("esp32")));
    assert_true(image_fits_chip(&i, chip_by_name("esp8266")));
    free(m.bytes);
}

/* ESP8266_RTOS_SDK 3 writes the long header with the ESP32's id: where it loads tells them apart.
 */
static void image_with_the_long_header_may_be_an_esp8266s(void **state)
{
    (void)state;
    for (int digest = 0; digest < 2; digest++) {
        const struct image_recipe rtos = { .layout = MADE_LONG,
                                           .segments = 3,
                                           .segment_bytes = 300,
                                           .load_addr = 0x40210010,
                                           .digest = digest };
        struct made_image m = make_image(&rtos);
        struct image i = read_image(m.bytes, m.size_bytes, true);
        assert_int_equal(i.kind, IMAGE_LONG);
        assert_true(image_fits_chip(&i, chip_by_name("esp8266")));
        assert_false(image_fits_chip(&i, chip_by_name("esp32")));
        i = read_image(m.bytes, m.size_bytes, false);
        assert_true(image_fits_chip(&i, chip_by_name("esp8266")));
        assert_false(image_fits_chip(&i, chip_by_name("esp32")));
        free(m.bytes);
    }
    struct image_recipe data_only = esp32_app;
    data_only.load_addr = 0x3FFF0000; /* both have memory there: no code speaks for the ESP8266 */
    struct made_image m = make_image(&data_only);
    struct image i = read_image(m.bytes, m.size_bytes, false);
    assert_true(image_fits_chip(&i, chip_by_name("esp32")));
    free(m.bytes);
}

static void image_knows_its_signature(void **state)
{
    (void)state;
    for (int v = 0; v <= 2; v++) {
        for (int digest = 0; digest < 2; digest++) {
            struct image_recipe r = esp32_app;
            r.signed_v = v;
            r.digest = digest;
            struct made_image m = make_image(&r);
            struct image i = read_image(m.bytes, m.size_bytes, false);
            assert_int_equal(i.signature, v);
            assert_int_equal(i.end, m.checksum_at + 1 + (digest ? 32 : 0));
            if (v == 2) { /* cut off, it is none */
                i = read_image(m.bytes, m.size_bytes - 4096 + 1215, false);
                assert_int_equal(i.signature, IMAGE_UNSIGNED);
            }
            free(m.bytes);
        }
    }
}

/* A short image whose data read as a long image too, checksum and all: the recipe's chip decides,
 * since no digest speaks for the long one. */
static void image_with_two_readings_is_the_recipes(void **state)
{
    uint8_t b[48] = { 0xE9, 1, 2, 0x40, 4, 0, 0x10, 0x40, 0, 0, 0x10, 0x40, 28, 0, 0, 0 };
    (void)state;
    b[28] = 12; /* as the long image's segment at 24: up to the same end */
    b[16] = 12; /* so that what only the short image counts cancels out */
    for (size_t i = 32; i < 44; i++)
        b[i] = (uint8_t)i;
    b[47] = 0xEF;
    for (size_t i = 32; i < 44; i++)
        b[47] ^= b[i];
    assert_int_equal(read_image(b, sizeof b, true).kind, IMAGE_SHORT);
    assert_int_equal(read_image(b, sizeof b, false).kind, IMAGE_LONG);
}

static void image_tells_data_from_firmware(void **state)
{
    const uint8_t blank[64] = { [0] = 0xFF }, table[32] = { 0xAA, 0x50 };
    const uint8_t ea_other[] = { 0xEA, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 };
    (void)state;
    assert_int_equal(read_image(NULL, 0, false).kind, IMAGE_RAW);
    assert_int_equal(read_image(blank, sizeof blank, false).kind, IMAGE_RAW);
    assert_int_equal(read_image(table, sizeof table, true).kind, IMAGE_RAW);
    assert_int_equal(read_image(ea_other, sizeof ea_other, true).kind, IMAGE_RAW);
    struct image raw = read_image(table, sizeof table, true);
    assert_true(image_fits_chip(&raw, chip_by_name("esp32")));
}

/* Cut short anywhere, an image is damaged and says how; a single byte is damaged as well. */
static void check_truncation(const struct image_recipe *r, bool short_header)
{
    struct made_image m = make_image(r);
    size_t needed = r->layout == MADE_SHORT_V2 ? m.end - 4 : m.end;
    for (size_t n = r->layout == MADE_SHORT_V2 ? 2 : 1; n < needed; n++) {
        struct image i = read_image(m.bytes, n, short_header);
        if (i.kind != IMAGE_DAMAGED)
            fail_msg("layout %d cut to %zu of %zu bytes passes as kind %d", (int)r->layout, n,
                     needed, (int)i.kind);
        assert_true(strlen(i.problem) > 10);
    }
    for (size_t n = needed; n <= m.size_bytes; n++)
        assert_int_not_equal(read_image(m.bytes, n, short_header).kind, IMAGE_DAMAGED);
    free(m.bytes);
}

static void image_cut_short_anywhere_is_damaged(void **state)
{
    (void)state;
    check_truncation(&esp32_app, false);
    check_truncation(&esp8266_app, true);
    check_truncation(&esp8266_v2, true);
}

/* Whether damage of one byte at `at` can be told at all: with a SHA-256 everything can but the flag
 * that announces it and the first byte, without one only the data and the checksum. */
static bool is_covered(const struct image_recipe *r, const struct made_image *m, size_t at)
{
    size_t header = r->layout == MADE_LONG ? 24 : 8;
    size_t first = r->layout == MADE_SHORT_V2 ? 16 + r->segment_bytes + 8 : header;
    if (r->digest)
        return at != 0 && at != 23 && at < m->end;
    if (at == m->checksum_at)
        return true;
    if (at < first || at > m->checksum_at)
        return false;
    return at < first + r->segments * (8 + r->segment_bytes) &&
           (at - first) % (8 + r->segment_bytes) >= 8;
}

/* Turns every bit of every byte; returns how often that went unseen although it could be told. */
static void check_damage(const struct image_recipe *r, bool short_header)
{
    struct made_image m = make_image(r);
    for (size_t at = 0; at < m.size_bytes; at++) {
        for (int bit = 0; bit < 8; bit++) {
            m.bytes[at] ^= (uint8_t)(1 << bit);
            struct image i = read_image(m.bytes, m.size_bytes, short_header);
            m.bytes[at] ^= (uint8_t)(1 << bit);
            if (is_covered(r, &m, at) && i.kind != IMAGE_DAMAGED)
                fail_msg("layout %d: byte %zu bit %d turned passes as kind %d", (int)r->layout, at,
                         bit, (int)i.kind);
            assert_true(i.kind == IMAGE_DAMAGED || i.problem == NULL);
        }
    }
    free(m.bytes);
}

static void image_damaged_in_any_byte_is_never_misjudged(void **state)
{
    struct image_recipe no_digest = esp32_app;
    (void)state;
    no_digest.digest = false;
    check_damage(&esp32_app, false);
    check_damage(&no_digest, false);
    check_damage(&esp8266_app, true);
    check_damage(&esp8266_v2, true);
}

static void image_says_what_is_wrong(void **state)
{
    (void)state;
    struct made_image m = make_image(&esp32_app);
    m.bytes[1] = 0;
    assert_has(read_image(m.bytes, m.size_bytes, false).problem, "segment count");
    m.bytes[1] = 17;
    assert_has(read_image(m.bytes, m.size_bytes, false).problem, "segment count");
    m.bytes[1] = 3;
    m.bytes[28 + 3] = 0x7F;
    assert_has(read_image(m.bytes, m.size_bytes, false).problem, "longer than the file");
    m.bytes[28 + 3] = 0xFF; /* a length of nearly 4 GB must not run around */
    assert_has(read_image(m.bytes, m.size_bytes, false).problem, "longer than the file");
    m.bytes[28 + 3] = 0;
    m.bytes[23] = 2;
    assert_has(read_image(m.bytes, m.size_bytes, false).problem, "digest flag");
    m.bytes[23] = 1;
    m.bytes[m.digest_at] ^= 1;
    assert_has(read_image(m.bytes, m.size_bytes, false).problem, "SHA-256");
    m.bytes[m.digest_at] ^= 1;
    m.bytes[m.checksum_at] ^= 1;
    assert_has(read_image(m.bytes, m.size_bytes, false).problem, "checksum");
    free(m.bytes);
}

/* ---- The patch ---- */

static void image_patch_changes_codes_and_the_digest(void **state)
{
    bool changed;
    uint8_t digest[32];
    struct image_recipe r = esp32_app;
    (void)state;
    r.trailing_bytes = 40;
    struct made_image m = make_image(&r), before = make_image(&r);
    struct image i = read_image(m.bytes, m.size_bytes, false);
    assert_true(image_patch(m.bytes, &i, 3, 4, 1, &changed) && changed);
    assert_int_equal(m.bytes[2], 3);
    assert_int_equal(m.bytes[3], 0x41);
    EVP_Digest(m.bytes, m.digest_at, digest, NULL, EVP_sha256(), NULL);
    assert_memory_equal(m.bytes + m.digest_at, digest, 32);
    for (size_t k = 0; k < m.size_bytes; k++) {
        bool may_differ = k == 2 || k == 3 || (k >= m.digest_at && k < m.digest_at + 32);
        assert_true(may_differ || m.bytes[k] == before.bytes[k]);
    }
    i = read_image(m.bytes, m.size_bytes, false);
    assert_int_equal(i.kind, IMAGE_LONG);
    assert_int_equal(i.size_code, 4);
    free(m.bytes);
    free(before.bytes);
}

static void image_patch_keeps_what_it_is_told_to(void **state)
{
    bool changed;
    (void)state;
    struct made_image m = make_image(&esp32_app), before = make_image(&esp32_app);
    struct image i = read_image(m.bytes, m.size_bytes, false);
    assert_true(image_patch(m.bytes, &i, IMAGE_KEEP, IMAGE_KEEP, IMAGE_KEEP, &changed) && !changed);
    assert_memory_equal(m.bytes, before.bytes, m.size_bytes);
    assert_true(image_patch(m.bytes, &i, 2, 2, 0xF, &changed) &&
                !changed); /* the same codes: nothing changes */
    assert_memory_equal(m.bytes, before.bytes, m.size_bytes);
    assert_true(image_patch(m.bytes, &i, IMAGE_KEEP, 5, IMAGE_KEEP, &changed) && changed);
    assert_int_equal(m.bytes[2], 2);
    assert_int_equal(m.bytes[3], 0x5F);
    assert_true(image_patch(m.bytes, &i, IMAGE_KEEP, IMAGE_KEEP, 0, &changed) && changed);
    assert_int_equal(m.bytes[3], 0x50);
    assert_true(image_patch(m.bytes, &i, 0, IMAGE_KEEP, IMAGE_KEEP, &changed) && changed);
    assert_int_equal(m.bytes[2], 0);
    assert_int_equal(read_image(m.bytes, m.size_bytes, false).kind, IMAGE_LONG);
    free(m.bytes);
    free(before.bytes);
}

/* An image of the ESP8266 whose byte 23 happens to be 1 has no digest all the same. */
static void image_patch_adds_no_digest_to_a_short_image(void **state)
{
    bool changed;
    struct image_recipe r = esp8266_app;
    (void)state;
    r.trailing_bytes = 64;
    struct made_image m = make_image(&r);
    m.bytes[m.checksum_at] ^= m.bytes[23] ^ 1;
    m.bytes[23] = 1;
    uint8_t *before = malloc(m.size_bytes);
    assert_non_null(before);
    memcpy(before, m.bytes, m.size_bytes);
    struct image i = read_image(m.bytes, m.size_bytes, true);
    assert_int_equal(i.kind, IMAGE_SHORT);
    assert_true(image_patch(m.bytes, &i, 3, 2, IMAGE_KEEP, &changed) && changed);
    assert_memory_equal(m.bytes + 4, before + 4, m.size_bytes - 4);
    assert_int_equal(m.bytes[2], 3);
    assert_int_equal(m.bytes[3], 0x20);
    free(before);
    free(m.bytes);
}

/* ---- Whom it fits ---- */

static void image_fits_its_own_chip_only(void **state)
{
    (void)state;
    for (size_t a = 0; a < chip_count(); a++) {
        const struct chip *chip = chip_at(a);
        const struct image own = { .kind =
                                       chip->flags & CHIP_SHORT_HEADER ? IMAGE_SHORT : IMAGE_LONG,
                                   .chip_id = chip->image_id };
        for (size_t b = 0; b < chip_count(); b++)
            assert_int_equal(image_fits_chip(&own, chip_at(b)), a == b);
    }
    const struct image c3 = { .kind = IMAGE_LONG, .chip_id = 5 };
    assert_false(image_fits_chip(&c3, chip_by_name("esp32")));
    const struct image v2 = { .kind = IMAGE_SHORT_V2 };
    assert_true(image_fits_chip(&v2, chip_by_name("esp8266")));
    assert_false(image_fits_chip(&v2, chip_by_name("esp32")));
}

/* The rule, written down a second time: old field, range, no limit. */
static bool revision_fits(uint8_t old, uint16_t min, uint16_t max, uint32_t revision, bool minor)
{
    bool no_limit = max == 0xFFFF;
    if (max == 0 || (no_limit && min == 0 && old != 0))
        return (minor ? revision % 100 : revision / 100) >= old;
    return revision >= min && (no_limit || revision <= max);
}

static void image_fits_the_revisions_it_names(void **state)
{
    static const uint16_t full[] = { 0, 1, 99, 100, 101, 300, 301, 399, 0xFFFF };
    static const uint32_t revisions[] = { 0, 1, 3, 4, 99, 100, 101, 200, 300, 301, 303, 400 };
    struct chip c3 = *chip_by_name("esp32");
    (void)state;
    c3.flags |= CHIP_OLD_REVISION_IS_MINOR;
    for (size_t a = 0; a < COUNT_OF(full); a++) {
        for (size_t b = 0; b < COUNT_OF(full); b++) {
            for (uint8_t old = 0; old < 5; old++) {
                for (size_t k = 0; k < COUNT_OF(revisions); k++) {
                    const struct image i = { .kind = IMAGE_LONG,
                                             .min_revision_old = old,
                                             .min_revision = full[a],
                                             .max_revision = full[b] };
                    assert_int_equal(image_fits_revision(&i, chip_by_name("esp32"), revisions[k]),
                                     revision_fits(old, full[a], full[b], revisions[k], false));
                    assert_int_equal(image_fits_revision(&i, &c3, revisions[k]),
                                     revision_fits(old, full[a], full[b], revisions[k], true));
                }
            }
        }
    }
}

static void image_revision_is_not_asked_of_esp8266_and_data(void **state)
{
    const struct image raw = { .kind = IMAGE_RAW, .min_revision = 500, .max_revision = 500 };
    const struct image small = { .kind = IMAGE_SHORT, .min_revision_old = 9 };
    (void)state;
    assert_true(image_fits_revision(&raw, chip_by_name("esp32"), 0));
    assert_true(image_fits_revision(&small, chip_by_name("esp8266"), 0));
}

/* Any bytes behind any magic: no crash, and no kind without its reasons. */
static void image_of_noise_is_no_image(void **state)
{
    uint32_t seed = 77;
    uint8_t bytes[512] = { 0 };
    (void)state;
    for (int round = 0; round < 20000; round++) {
        size_t n = next_random(&seed) % sizeof bytes;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)(next_random(&seed) >> 8);
        if (n > 12) {
            bytes[0] = round & 1 ? 0xE9 : 0xEA;
            bytes[1] = (uint8_t)(round % 18);
            bytes[round % 3 ? 13 : 29] = bytes[14] = bytes[15] = 0;
        }
        for (int header = 0; header < 2; header++) {
            struct image i = read_image(bytes, n, header);
            assert_true(i.kind <= IMAGE_DAMAGED);
            assert_int_equal(i.kind == IMAGE_DAMAGED, i.problem != NULL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(image_reads_every_layout),
        cmocka_unit_test(image_checksum_ends_a_row_of_16),
        cmocka_unit_test(image_may_be_followed_by_other_bytes),
        cmocka_unit_test(image_of_the_other_family_is_recognised),
        cmocka_unit_test(image_with_the_long_header_may_be_an_esp8266s),
        cmocka_unit_test(image_knows_its_signature),
        cmocka_unit_test(image_with_two_readings_is_the_recipes),
        cmocka_unit_test(image_tells_data_from_firmware),
        cmocka_unit_test(image_cut_short_anywhere_is_damaged),
        cmocka_unit_test(image_damaged_in_any_byte_is_never_misjudged),
        cmocka_unit_test(image_says_what_is_wrong),
        cmocka_unit_test(image_patch_changes_codes_and_the_digest),
        cmocka_unit_test(image_patch_keeps_what_it_is_told_to),
        cmocka_unit_test(image_patch_adds_no_digest_to_a_short_image),
        cmocka_unit_test(image_fits_its_own_chip_only),
        cmocka_unit_test(image_fits_the_revisions_it_names),
        cmocka_unit_test(image_revision_is_not_asked_of_esp8266_and_data),
        cmocka_unit_test(image_of_noise_is_no_image),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
