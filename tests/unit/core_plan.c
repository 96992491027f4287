/*
 * The plan: what is refused before a board is touched, what goes where, and that the ready frames
 * hold exactly the bytes that are meant.
 */
#include "core/base/bytes.h"
#include "core/frames/packet.h"
#include "core/frames/slip.h"
#include "core/images/plan.h"
#include "core/loader/loader.h"
#include "tests/lib/make_image.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define KB(n) ((uint32_t)(n) << 10)
#define MB(n) ((uint32_t)(n) << 20)

static struct plan_settings settings_for(const char *chip, enum plan_size size,
                                         uint32_t flash_bytes)
{
    return (struct plan_settings){ .chip = chip_by_name(chip),
                                   .size = size,
                                   .flash_bytes = flash_bytes };
}

/* Noise does not compress; anything else does. */
static uint8_t *some_bytes(size_t n, bool noise)
{
    uint32_t seed = 4711;
    uint8_t *p = malloc(n ? n : 1);
    assert_non_null(p);
    for (size_t i = 0; i < n; i++)
        p[i] = noise ? (uint8_t)(next_random(&seed) >> 11) : (uint8_t)(i / 100);
    if (n > 0)
        p[0] = 0x00; /* no image */
    return p;
}

/* ---- Checking ---- */

struct mistakes {
    size_t count, warnings;
    size_t image[8];
    char text[8][300], warning[8][300];
};

static void keep_mistake(void *ctx, size_t image, const char *sentence)
{
    struct mistakes *m = ctx;
    assert_true(m->count < COUNT_OF(m->text));
    m->image[m->count] = image;
    snprintf(m->text[m->count++], sizeof m->text[0], "%s", sentence);
}

static void keep_warning(void *ctx, size_t image, const char *sentence)
{
    struct mistakes *m = ctx;
    (void)image;
    assert_true(m->warnings < COUNT_OF(m->warning));
    snprintf(m->warning[m->warnings++], sizeof m->warning[0], "%s", sentence);
}

static struct mistakes check(const struct plan_settings *s, const struct plan_source *sources,
                             size_t count)
{
    struct mistakes m = { .count = 0 };
    const struct plan_report report = { keep_mistake, keep_warning, &m };
    size_t n = plan_check(s, sources, count, &report);
    assert_int_equal(n, m.count);
    return m;
}

static struct mistakes check_one(const struct plan_settings *s, const uint8_t *bytes, size_t n,
                                 uint32_t offset_addr)
{
    const struct plan_source source = { "x.bin", bytes, (uint32_t)n, offset_addr, false };
    return check(s, &source, 1);
}

/* Of which only the place is judged. */
static struct mistakes check_data(const struct plan_settings *s, const uint8_t *bytes, size_t n,
                                  uint32_t offset_addr)
{
    const struct plan_source source = { "x.bin", bytes, (uint32_t)n, offset_addr, true };
    return check(s, &source, 1);
}

static void plan_check_finds_shared_sectors(void **state)
{
    static const struct {
        uint32_t a_addr, a_bytes, b_addr, b_bytes;
        bool clash;
    } cases[] = {
        { 0x1000, 0x1000, 0x2000, 0x1000, false },
        { 0x1000, 0x1001, 0x2000, 0x1000, true },
        { 0x1000, 0x0FFF, 0x1FFF, 1, true },
        { 0x2000, 0x1000, 0x1000, 0x1000, false },
        { 0x2000, 0x1000, 0x1000, 0x1001, true },
        { 0x1000, 0x3000, 0x2000, 4, true },
        { 0x2000, 4, 0x1000, 0x3000, true },
        { 0x1000, 4, 0x1000, 4, true },
        { 0x1000, 4, 0x1F00, 4, true },
        { 0x1F00, 0x100, 0x2000, 4, false },
        { 0x1F00, 0x101, 0x2000, 4, true },
        { 0, 4, 0x1000, 4, false },
    };
    const struct plan_settings s = settings_for("esp32", PLAN_SIZE_FIXED, MB(4));
    uint8_t *bytes = some_bytes(0x3000, true);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct plan_source sources[] = {
            { "a.bin", bytes, cases[i].a_bytes, cases[i].a_addr, true },
            { "b.bin", bytes, cases[i].b_bytes, cases[i].b_addr, true },
        };
        struct mistakes m = check(&s, sources, 2);
        assert_int_equal(m.count, cases[i].clash);
        if (cases[i].clash) {
            assert_int_equal(m.image[0], 1);
            assert_has(m.text[0], "'b.bin'");
            assert_has(m.text[0], "'a.bin'");
        }
    }
    free(bytes);
}

static void plan_check_keeps_images_inside_the_flash(void **state)
{
    uint8_t *bytes = some_bytes(0x2000, true);
    struct plan_settings s = settings_for("esp32", PLAN_SIZE_FIXED, MB(1));
    (void)state;
    assert_int_equal(check_data(&s, bytes, 0x1000, MB(1) - 0x1000).count, 0);
    assert_int_equal(check_data(&s, bytes, 0x1001, MB(1) - 0x1000).count, 1);
    assert_int_equal(check_data(&s, bytes, 1, MB(1)).count, 1);
    assert_int_equal(check_data(&s, bytes, 0x2000, 0xFFFFFF00).count, 1);
    s.size = PLAN_SIZE_DETECT; /* what the chip can address at all still counts */
    assert_int_equal(check_data(&s, bytes, 4, MB(16) - 4).count, 0);
    assert_int_equal(check_data(&s, bytes, 5, MB(16) - 4).count, 1);
    assert_int_equal(check_data(&s, bytes, 0x2000, 0xFFFFF000).count, 1);
    free(bytes);
}

static void plan_check_judges_sizes_and_empty_files(void **state)
{
    uint8_t *bytes = some_bytes(16, true);
    struct plan_settings s = settings_for("esp32", PLAN_SIZE_FIXED, KB(512));
    (void)state;
    struct mistakes m = check_data(&s, bytes, 16, 0);
    assert_int_equal(m.count, 1);
    assert_int_equal(m.image[0], PLAN_NO_IMAGE);
    assert_has(m.text[0], "no code for a flash of 512 KB");
    s = settings_for("esp8266", PLAN_SIZE_FIXED, KB(512));
    assert_int_equal(check_data(&s, bytes, 16, 0).count, 0);
    /* An empty file is one mistake, and no reason to suspect its neighbours. */
    const struct plan_source sources[] = { { "empty", bytes, 0, 0, true },
                                           { "a", bytes, 16, 0x1000, true },
                                           { "b", bytes, 16, 0, true } };
    m = check(&s, sources, 3);
    assert_int_equal(m.count, 1);
    assert_int_equal(m.image[0], 0);
    assert_has(m.text[0], "'empty' is empty");
    free(bytes);
}

static void plan_check_refuses_images_of_other_chips(void **state)
{
    const struct image_recipe esp8266 = { .layout = MADE_SHORT,
                                          .segments = 1,
                                          .segment_bytes = 64 };
    struct image_recipe esp32 = {
        .layout = MADE_LONG, .segments = 1, .segment_bytes = 64, .digest = true
    };
    const struct plan_settings s = settings_for("esp32", PLAN_SIZE_DETECT, 0);
    (void)state;
    struct made_image m = make_image(&esp8266);
    struct mistakes found = check_one(&s, m.bytes, m.size_bytes, 0x1000);
    assert_int_equal(found.count, 1);
    assert_has(found.text[0], "an image for ESP8266, and the recipe is for ESP32");
    free(m.bytes);
    m = make_image(&esp32);
    assert_int_equal(check_one(&s, m.bytes, m.size_bytes, 0x1000).count, 0);
    m.bytes[m.checksum_at] ^= 1;
    found = check_one(&s, m.bytes, m.size_bytes, 0x1000);
    assert_int_equal(found.count, 1);
    assert_has(found.text[0], "checksum is wrong");
    free(m.bytes);
    esp32.chip_id = 0x1234;
    m = make_image(&esp32);
    found = check_one(&s, m.bytes, m.size_bytes, 0x1000);
    assert_int_equal(found.count, 1);
    assert_has(found.text[0], "chip id 4660");
    free(m.bytes);
}

/* ---- Frames ---- */

static void *must_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);
    assert_non_null(p);
    return p;
}

/* Takes frame i apart; gives its payload behind the block header. */
static size_t open_frame(const struct plan_frames *f, uint32_t i, uint8_t *payload, size_t cap)
{
    size_t n = f->at[i + 1] - f->at[i];
    size_t room = PACKET_HEADER_BYTES + PACKET_BLOCK_HEADER_BYTES + cap;
    uint8_t *frame = must_alloc(room);
    struct slip_decoder s;
    enum slip_event event;
    slip_decoder_init(&s, frame, room);
    assert_int_equal(slip_decode(&s, f->bytes + f->at[i], n, &event), n);
    assert_int_equal(event, SLIP_FRAME);
    assert_true(s.have >= 24);
    size_t data_bytes = s.have - 24;
    assert_int_equal(frame[0], 0);
    assert_int_equal(frame[1], f->command);
    assert_int_equal(load_u16(frame + 2), data_bytes + 16);
    assert_int_equal(load_u32(frame + 4), packet_checksum(frame + 24, data_bytes));
    assert_int_equal(load_u32(frame + 8), data_bytes);
    assert_int_equal(load_u32(frame + 12), i);
    assert_int_equal(load_u32(frame + 16), 0);
    assert_int_equal(load_u32(frame + 20), 0);
    memcpy(payload, frame + 24, data_bytes);
    free(frame);
    return data_bytes;
}

/* All payloads one behind the other, which the caller frees. */
static uint8_t *join_frames(const struct plan_frames *f, size_t *size_bytes)
{
    uint8_t *all = must_alloc((size_t)f->count * f->block_bytes);
    uint64_t on_the_wire = 0;
    *size_bytes = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        size_t n = open_frame(f, i, all + *size_bytes, f->block_bytes);
        bool compressed = f->command == CMD_FLASH_DEFL_DATA;
        assert_true(n == f->block_bytes || (compressed && n > 0 && n < f->block_bytes));
        *size_bytes += n;
        on_the_wire += f->at[i + 1] - f->at[i];
    }
    assert_int_equal(plan_frames_wire_bytes(f), on_the_wire);
    return all;
}

static void check_raw(const struct plan_region *r, const struct plan_frames *f)
{
    size_t n;
    uint64_t sum = 0;
    uint8_t *all = join_frames(f, &n);
    assert_int_equal(f->command, CMD_FLASH_DATA);
    assert_int_equal(f->count, (r->size_bytes + f->block_bytes - 1) / f->block_bytes);
    assert_memory_equal(all, r->bytes, r->size_bytes);
    for (size_t i = r->size_bytes; i < n; i++)
        assert_int_equal(all[i], 0xFF);
    for (uint32_t i = 0; i < f->count; i++)
        sum += f->flash_bytes[i];
    assert_int_equal(sum, r->size_bytes);
    free(all);
}

/* Inflates block by block with zlib alone: each block must give what the plan says it gives. */
static void check_compressed(const struct plan_region *r, const struct plan_frames *f)
{
    size_t n;
    uint8_t *stream = join_frames(f, &n);
    uint8_t *back = must_alloc(r->size_bytes + 1);
    z_stream z = { 0 };
    int state = Z_OK;
    assert_int_equal(inflateInit(&z), Z_OK);
    z.next_out = back;
    z.avail_out = r->size_bytes + 1;
    uint8_t *block = must_alloc(f->block_bytes);
    z.next_in = stream;
    for (uint32_t i = 0; i < f->count; i++) {
        uLong before = z.total_out;
        z.avail_in = (uInt)open_frame(f, i, block, f->block_bytes);
        state = inflate(&z, Z_SYNC_FLUSH);
        assert_true(state == Z_OK || state == Z_STREAM_END);
        assert_int_equal(f->flash_bytes[i], z.total_out - before);
    }
    assert_int_equal(state, Z_STREAM_END);
    assert_int_equal(z.avail_in, 0);
    assert_int_equal(z.total_out, r->size_bytes);
    assert_memory_equal(back, r->bytes, r->size_bytes);
    inflateEnd(&z);
    free(block);
    free(back);
    free(stream);
}

static void check_region(const struct plan_region *r)
{
    uint8_t md5[DIGEST_MD5_BYTES], sha256[DIGEST_SHA256_BYTES];
    assert_int_equal(r->addr % PLAN_SECTOR_BYTES, 0);
    assert_int_equal(r->size_bytes % 4, 0);
    assert_true(digest_md5(r->bytes, r->size_bytes, md5));
    assert_true(digest_sha256(r->bytes, r->size_bytes, sha256));
    assert_memory_equal(r->md5, md5, sizeof md5);
    assert_memory_equal(r->sha256, sha256, sizeof sha256);
    assert_int_equal(r->frames[FRAMES_ROM].block_bytes, LOADER_ROM_BLOCK_BYTES);
    assert_int_equal(r->frames[FRAMES_STUB].block_bytes, LOADER_STUB_BLOCK_BYTES);
    check_raw(r, &r->frames[FRAMES_ROM]);
    if (r->frames[FRAMES_STUB].command == CMD_FLASH_DEFL_DATA)
        check_compressed(r, &r->frames[FRAMES_STUB]);
    else
        check_raw(r, &r->frames[FRAMES_STUB]);
}

struct made_plan {
    struct plan *plan;
    struct plan_variant *variant;
};

static struct made_plan make_plan(const struct plan_settings *s, const struct plan_source *sources,
                                  size_t count, uint32_t flash_bytes)
{
    struct err e = { 0 };
    struct made_plan m = { .plan = plan_new(s, sources, count, &e) };
    assert_ok(m.plan != NULL && plan_encode(m.plan, &e), &e);
    m.variant = plan_variant_new(m.plan, flash_bytes, &e);
    assert_ok(m.variant != NULL, &e);
    return m;
}

static void made_plan_free(struct made_plan *m)
{
    plan_variant_free(m->variant);
    plan_free(m->plan);
}

static void check_decoding(const struct plan_settings *s, uint32_t n, bool noise)
{
    uint8_t *bytes = some_bytes(n, noise);
    const struct plan_source source = { "a", bytes, n, 0x10000, false };
    struct made_plan m = make_plan(s, &source, 1, 0);
    const struct plan_region *r = plan_region(m.variant, 0);
    assert_int_equal(r->size_bytes, (n + 3) / 4 * 4);
    assert_memory_equal(r->bytes, bytes, n);
    for (uint32_t k = n; k < r->size_bytes; k++)
        assert_int_equal(r->bytes[k], 0xFF);
    check_region(r);
    if (n > 0x400)
        assert_int_equal(r->frames[FRAMES_STUB].command,
                         noise ? CMD_FLASH_DATA : CMD_FLASH_DEFL_DATA);
    assert_int_equal(plan_variant_bytes(m.variant), r->size_bytes);
    assert_int_equal(plan_variant_wire_bytes(m.variant),
                     plan_frames_wire_bytes(&r->frames[FRAMES_STUB]));
    made_plan_free(&m);
    free(bytes);
}

static void plan_frames_decode_back_to_the_bytes(void **state)
{
    static const uint32_t sizes[] = { 1,      3,      4,      5,      0x3FF,   0x400,  0x401,
                                      0x3FFF, 0x4000, 0x4001, 0x7FFD, 0x10000, 0x50001 };
    const struct plan_settings s = settings_for("esp32", PLAN_SIZE_KEEP, 0);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        check_decoding(&s, sizes[i], false);
        check_decoding(&s, sizes[i], true);
    }
}

/* A megabyte of FF fits into one block: its flash bytes are far more than a block. */
static void plan_measures_what_a_compressed_block_inflates_to(void **state)
{
    const struct plan_settings s = settings_for("esp32", PLAN_SIZE_KEEP, 0);
    uint8_t *bytes = must_alloc(MB(1));
    const struct plan_source source = { "a", bytes, MB(1), 0, false };
    (void)state;
    memset(bytes, 0xFF, MB(1));
    struct made_plan m = make_plan(&s, &source, 1, 0);
    const struct plan_region *r = plan_region(m.variant, 0);
    assert_int_equal(r->frames[FRAMES_STUB].count, 1);
    assert_int_equal(r->frames[FRAMES_STUB].flash_bytes[0], MB(1));
    check_region(r);
    made_plan_free(&m);
    free(bytes);
}

/* Noise in front, blank behind: blocks of one stream that inflate to very different amounts. */
static void plan_measures_blocks_of_one_stream_apart(void **state)
{
    const struct plan_settings s = settings_for("esp32", PLAN_SIZE_KEEP, 0);
    uint8_t *noise = some_bytes(0x14000, true), *bytes = must_alloc(MB(1));
    const struct plan_source source = { "a", bytes, MB(1), 0, false };
    (void)state;
    memset(bytes, 0xFF, MB(1));
    memcpy(bytes, noise, 0x14000);
    struct made_plan m = make_plan(&s, &source, 1, 0);
    const struct plan_region *r = plan_region(m.variant, 0);
    assert_true(r->frames[FRAMES_STUB].count >= 5);
    assert_true(r->frames[FRAMES_STUB].flash_bytes[1] < 0x5000);
    assert_true(r->frames[FRAMES_STUB].flash_bytes[r->frames[FRAMES_STUB].count - 1] > KB(800));
    check_region(r);
    made_plan_free(&m);
    free(noise);
    free(bytes);
}

static void plan_pads_an_unaligned_offset_in_front(void **state)
{
    static const uint32_t offsets[] = { 0x1004, 0x1800, 0x1FFC, 0x2003 };
    const struct plan_settings s = settings_for("esp32", PLAN_SIZE_KEEP, 0);
    uint8_t *bytes = some_bytes(100, true);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(offsets); i++) {
        const struct plan_source source = { "a", bytes, 100, offsets[i], false };
        struct made_plan m = make_plan(&s, &source, 1, 0);
        const struct plan_region *r = plan_region(m.variant, 0);
        uint32_t front = offsets[i] % 4096;
        assert_int_equal(r->addr, offsets[i] - front);
        assert_int_equal(r->offset_addr, offsets[i]);
        for (uint32_t k = 0; k < front; k++)
            assert_int_equal(r->bytes[k], 0xFF);
        assert_memory_equal(r->bytes + front, bytes, 100);
        check_region(r);
        assert_int_equal(plan_needs_bytes(m.plan), r->addr + r->size_bytes);
        made_plan_free(&m);
    }
    free(bytes);
}

/* ---- Variants ---- */

static const struct image_recipe esp8266_app = { .layout = MADE_SHORT,
                                                 .segments = 2,
                                                 .segment_bytes = 400 };
static const struct image_recipe esp32_app = { .layout = MADE_LONG,
                                               .segments = 2,
                                               .segment_bytes = 400,
                                               .mode = 2,
                                               .size_code = 2,
                                               .digest = true };

/* The header's byte 3 in the region of the only image, for a board with that flash; and whether
 * plan_patches() foretold the change. */
static uint8_t header_for(const struct image_recipe *recipe, const struct plan_settings *s,
                          uint32_t flash_bytes)
{
    struct made_image image = make_image(recipe);
    const struct plan_source source = { "app", image.bytes, (uint32_t)image.size_bytes,
                                        s->chip->boot_addr, false };
    struct made_plan m = make_plan(s, &source, 1, flash_bytes);
    const struct plan_region *r = plan_region(m.variant, 0);
    bool changed = memcmp(r->bytes, image.bytes, image.size_bytes) != 0;
    assert_int_equal(r->patched, changed);
    assert_int_equal(plan_patches(m.plan, flash_bytes), changed);
    check_region(r);
    struct image read;
    image_read(r->bytes, r->size_bytes, recipe->layout != MADE_LONG, &read);
    assert_int_not_equal(read.kind, IMAGE_DAMAGED);
    uint8_t byte = r->bytes[3];
    made_plan_free(&m);
    free(image.bytes);
    return byte;
}

static void plan_detect_writes_the_size_that_is_found(void **state)
{
    const struct plan_settings s8266 = settings_for("esp8266", PLAN_SIZE_DETECT, 0);
    const struct plan_settings s32 = settings_for("esp32", PLAN_SIZE_DETECT, 0);
    (void)state;
    assert_int_equal(header_for(&esp8266_app, &s8266, KB(256)), 0x10);
    assert_int_equal(header_for(&esp8266_app, &s8266, KB(512)), 0x00);
    assert_int_equal(header_for(&esp8266_app, &s8266, MB(1)), 0x20);
    assert_int_equal(header_for(&esp8266_app, &s8266, MB(2)), 0x30);
    assert_int_equal(header_for(&esp8266_app, &s8266, MB(4)), 0x40);
    assert_int_equal(header_for(&esp8266_app, &s8266, MB(8)), 0x40); /* clamped */
    assert_int_equal(header_for(&esp8266_app, &s8266, MB(16)), 0x40);
    assert_int_equal(header_for(&esp8266_app, &s8266, 0), 0x40); /* unknown counts as 4 MB */
    for (uint8_t i = 0; i <= 7; i++)
        assert_int_equal(header_for(&esp32_app, &s32, MB(1) << i), i << 4);
    assert_int_equal(header_for(&esp32_app, &s32, 0), 0x20);
}

static void plan_keeps_the_size_of_an_image_in_two_halves(void **state)
{
    struct plan_settings s = settings_for("esp8266", PLAN_SIZE_DETECT, 0);
    const struct plan_settings s32 = settings_for("esp32", PLAN_SIZE_DETECT, 0);
    struct image_recipe halves = esp8266_app, plain = esp32_app;
    (void)state;
    for (uint8_t code = 5; code <= 6; code++) {
        halves.size_code = code;
        assert_int_equal(header_for(&halves, &s, MB(4)), code << 4);
        assert_int_equal(header_for(&halves, &s, MB(1)), code << 4);
        plain.size_code = code; /* the ESP32's codes 5 and 6 are plain sizes */
        assert_int_equal(header_for(&plain, &s32, MB(4)), 0x20);
    }
    s = settings_for("esp8266", PLAN_SIZE_FIXED, MB(4)); /* who names a size gets it */
    assert_int_equal(header_for(&halves, &s, MB(4)), 0x40);
}

static void plan_fixed_and_keep_do_not_look_at_the_board(void **state)
{
    struct plan_settings s = settings_for("esp32", PLAN_SIZE_FIXED, MB(8));
    (void)state;
    assert_int_equal(header_for(&esp32_app, &s, MB(16)), 0x30);
    assert_int_equal(header_for(&esp32_app, &s, 0), 0x30);
    s = settings_for("esp32", PLAN_SIZE_KEEP, 0);
    assert_int_equal(header_for(&esp32_app, &s, MB(16)), 0x20);
    s.freq = chip_code_by_word(s.chip->freqs, "80m");
    assert_int_equal(header_for(&esp32_app, &s, MB(16)), 0x2F);
    s = settings_for("esp8266", PLAN_SIZE_FIXED, MB(16)); /* not clamped when asked for */
    assert_int_equal(header_for(&esp8266_app, &s, MB(16)), 0x90);
}

static void plan_refuses_a_size_without_a_code(void **state)
{
    const struct plan_settings s = settings_for("esp32", PLAN_SIZE_DETECT, 0);
    struct err e = { 0 };
    (void)state;
    struct made_image image = make_image(&esp32_app);
    const struct plan_source source = { "app", image.bytes, (uint32_t)image.size_bytes, 0x1000,
                                        false };
    struct plan *p = plan_new(&s, &source, 1, &e);
    assert_non_null(p);
    assert_code(plan_variant_new(p, KB(512), &e) != NULL, &e, ERR_FLASH_SIZE);
    assert_has(e.what, "512 KB");
    assert_code(plan_variant_new(p, MB(256), &e) != NULL, &e, ERR_FLASH_SIZE);
    assert_true(plan_patches(p, MB(256)));
    plan_free(p);
    free(image.bytes);
}

/* Only a bootable image at the offset the ROM reads is patched; all else goes as it is. */
static void plan_patches_the_boot_image_only(void **state)
{
    const struct plan_settings s = settings_for("esp32", PLAN_SIZE_DETECT, 0);
    (void)state;
    struct made_image image = make_image(&esp32_app);
    uint8_t *table = make_partition_table();
    const struct plan_source sources[] = {
        { "boot", image.bytes, (uint32_t)image.size_bytes, 0x1000, false },
        { "table", table, MADE_TABLE_BYTES, 0x8000, false },
        { "app", image.bytes, (uint32_t)image.size_bytes, 0x10000, false },
    };
    struct made_plan m = make_plan(&s, sources, 3, MB(16));
    assert_true(plan_depends_on_flash(m.plan));
    assert_true(plan_region(m.variant, 0)->patched);
    assert_int_equal(plan_region(m.variant, 0)->bytes[3], 0x40);
    for (size_t i = 1; i < 3; i++) {
        const struct plan_region *r = plan_region(m.variant, i);
        assert_false(r->patched);
        assert_memory_equal(r->bytes, sources[i].bytes, sources[i].size_bytes);
        check_region(r);
    }
    assert_int_equal(plan_needs_bytes(m.plan), 0x10000 + plan_region(m.variant, 2)->size_bytes);
    made_plan_free(&m);
    m = make_plan(&s, sources + 1, 2, MB(16));
    assert_false(plan_depends_on_flash(m.plan));
    assert_false(plan_patches(m.plan, MB(16)));
    made_plan_free(&m);
    free(image.bytes);
    free(table);
}

/* The sources may go once the plan is made, and variants of one plan do not disturb each other. */
static void plan_stands_alone_once_made(void **state)
{
    const struct plan_settings s = settings_for("esp32", PLAN_SIZE_DETECT, 0);
    struct err e = { 0 };
    char name[] = "app";
    (void)state;
    struct made_image image = make_image(&esp32_app);
    const struct plan_source source = { name, image.bytes, (uint32_t)image.size_bytes, 0x1000,
                                        false };
    struct plan *p = plan_new(&s, &source, 1, &e);
    assert_non_null(p);
    free(image.bytes);
    memset(name, 'x', 3);
    struct plan_variant *a = plan_variant_new(p, MB(2), &e);
    struct plan_variant *b = plan_variant_new(p, MB(8), &e);
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(plan_region(a, 0)->bytes[3], 0x10);
    assert_int_equal(plan_region(b, 0)->bytes[3], 0x30);
    assert_string_equal(plan_region(a, 0)->name, "app");
    plan_variant_free(a);
    check_region(plan_region(b, 0));
    plan_variant_free(b);
    plan_free(p);
    plan_free(NULL);
    plan_variant_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plan_check_finds_shared_sectors),
        cmocka_unit_test(plan_check_keeps_images_inside_the_flash),
        cmocka_unit_test(plan_check_judges_sizes_and_empty_files),
        cmocka_unit_test(plan_check_refuses_images_of_other_chips),
        cmocka_unit_test(plan_frames_decode_back_to_the_bytes),
        cmocka_unit_test(plan_measures_what_a_compressed_block_inflates_to),
        cmocka_unit_test(plan_measures_blocks_of_one_stream_apart),
        cmocka_unit_test(plan_pads_an_unaligned_offset_in_front),
        cmocka_unit_test(plan_detect_writes_the_size_that_is_found),
        cmocka_unit_test(plan_keeps_the_size_of_an_image_in_two_halves),
        cmocka_unit_test(plan_fixed_and_keep_do_not_look_at_the_board),
        cmocka_unit_test(plan_refuses_a_size_without_a_code),
        cmocka_unit_test(plan_patches_the_boot_image_only),
        cmocka_unit_test(plan_stands_alone_once_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
