/*
 * Plans: what passes the checks can be made into a plan, for boards of any size of flash; its
 * regions hold the images, share no sector, and come out of their frames again.
 *
 * An input is: chip, size, mode, frequency, then images, each with its offset and either bytes or
 * what make_image needs to know.
 */
#include "tests/fuzz/lib/fuzz.h"

#include "core/base/bytes.h"
#include "core/frames/packet.h"
#include "core/frames/slip.h"
#include "core/images/plan.h"
#include "tests/lib/make_image.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define IMAGES_MAX 4

struct sources {
    struct plan_source rows[IMAGES_MAX];
    uint8_t *bytes[IMAGES_MAX];
    size_t count;
};

/* ---- From an input to settings and images ---- */

static const struct chip_code *pick_code(const struct chip_code *rows, uint8_t number)
{
    for (; rows->word && number > 1; number--)
        rows++;
    return number == 0 || !rows->word ? NULL : rows;
}

static struct plan_settings take_settings(struct input *in)
{
    struct plan_settings s = { .chip = chip_at(input_byte(in) % chip_count()) };
    const struct chip_code *size = pick_code(s.chip->sizes, input_byte(in) % 16);
    uint8_t how = input_byte(in);
    s.size = (enum plan_size)(how % 3);
    s.flash_bytes = size ? size->flash_bytes : input_u32(in);
    s.mode = pick_code(chip_modes, (how >> 2) % 5);
    s.freq = pick_code(s.chip->freqs, how >> 5);
    return s;
}

static struct made_image take_made_image(struct input *in, const struct chip *chip)
{
    uint8_t how = input_byte(in);
    const struct image_recipe r = {
        .layout =
            chip->flags & CHIP_SHORT_HEADER ? (how & 1 ? MADE_SHORT_V2 : MADE_SHORT) : MADE_LONG,
        .segments = (uint8_t)(1 + (how >> 1) % 3),
        .segment_bytes = 4u * (1 + input_u16(in) % 2000),
        .mode = (how >> 3) & 3,
        .size_code = input_byte(in) & 0xF,
        .freq_code = 0xF,
        .chip_id = how & 64 ? input_u16(in) : chip->image_id,
        .min_revision = how & 32 ? input_u16(in) : 0,
        .max_revision = 0xFFFF,
        .digest = how >> 7,
        .project = how & 32 ? "fuzz" : NULL,
        .trailing_bytes = input_byte(in),
    };
    return make_image(&r);
}

static uint8_t *take_bytes(struct input *in, size_t *n)
{
    const uint8_t *bytes = input_bytes(in, input_u16(in), n);
    uint8_t *copy = must_alloc(*n);
    memcpy(copy, bytes, *n);
    return copy;
}

static void take_source(struct input *in, const struct chip *chip, struct sources *to)
{
    uint8_t how = input_byte(in);
    uint32_t offset_addr = how & 1   ? chip->boot_addr
                           : how & 2 ? (uint32_t)input_u16(in) << 12
                                     : input_u32(in) & 0x7FFFFFFF;
    struct made_image made = { 0 };
    if (how & 4)
        made = take_made_image(in, chip);
    else
        made.bytes = take_bytes(in, &made.size_bytes);
    to->bytes[to->count] = made.bytes;
    to->rows[to->count++] = (struct plan_source){ "image", made.bytes, (uint32_t)made.size_bytes,
                                                  offset_addr, (how & 8) != 0 };
}

static void sources_done(struct sources *s)
{
    for (size_t i = 0; i < s->count; i++)
        free(s->bytes[i]);
}

/* ---- What a plan promises ---- */

static void count_mistake(void *ctx, size_t image, const char *sentence)
{
    const struct sources *s = ctx;
    must(image < s->count || image == PLAN_NO_IMAGE, "a mistake is about an image that there is");
    must(sentence[0] != '\0', "a mistake is a sentence");
}

/* The data of frame i, out of SLIP and without its headers. */
static size_t frame_data(const struct plan_frames *f, uint32_t i, uint8_t *out, size_t cap)
{
    struct slip_decoder s;
    enum slip_event event = SLIP_NOTHING;
    slip_decoder_init(&s, out, cap);
    for (size_t at = f->at[i]; at < f->at[i + 1] && event == SLIP_NOTHING;)
        at += slip_decode(&s, f->bytes + at, f->at[i + 1] - at, &event);
    must(event == SLIP_FRAME && s.have >= 24 && out[1] == f->command, "each frame is a block");
    must(load_u32(out + 8) == s.have - 24 && load_u32(out + 12) == i, "...with size and number");
    must(out[4] == packet_checksum(out + 24, s.have - 24), "...and checksum");
    memmove(out, out + 24, s.have - 24);
    return s.have - 24;
}

static void must_hold(const struct plan_frames *f, const struct plan_region *r)
{
    size_t cap = f->block_bytes + 64, have = 0, room = r->size_bytes + 2u * f->block_bytes;
    uint8_t *block = must_alloc(cap), *stream = must_alloc(room),
            *flash = must_alloc(r->size_bytes);
    uint64_t flash_bytes = 0;
    for (uint32_t i = 0; i < f->count; i++) {
        size_t n = frame_data(f, i, block, cap);
        must(n <= room - have, "frames hold no more than the region");
        memcpy(stream + have, block, n);
        have += n;
        flash_bytes += f->flash_bytes[i];
    }
    uLongf inflated = r->size_bytes;
    if (f->command == CMD_FLASH_DEFL_DATA)
        must(uncompress(flash, &inflated, stream, have) == Z_OK && inflated == r->size_bytes,
             "the compressed stream is whole");
    else
        memcpy(flash, stream, r->size_bytes);
    must(memcmp(flash, r->bytes, r->size_bytes) == 0, "a region comes out of its frames again");
    must(f->command == CMD_FLASH_DEFL_DATA ? flash_bytes == r->size_bytes
                                           : flash_bytes >= r->size_bytes,
         "what each block fills adds up");
    free(block);
    free(stream);
    free(flash);
}

/* Header fields and the digest behind an image may be patched; all else is the file. */
static void must_match(const struct plan_region *r, const struct plan_source *s)
{
    uint32_t front = s->offset_addr - r->addr;
    must(r->addr % PLAN_SECTOR_BYTES == 0 && r->offset_addr == s->offset_addr &&
             r->size_bytes % 4 == 0,
         "a region begins with its sector");
    must(front + s->size_bytes <= r->size_bytes, "a region has room for its image");
    for (uint32_t i = 0; i < front; i++)
        must(r->bytes[i] == 0xFF, "what stands before the image is blank");
    must(r->patched || memcmp(r->bytes + front, s->bytes, s->size_bytes) == 0,
         "a region holds its image");
    must_hold(&r->frames[FRAMES_STUB], r);
    must_hold(&r->frames[FRAMES_ROM], r);
    if (r->frames[FRAMES_STUB_SMALL].count > 0)
        must_hold(&r->frames[FRAMES_STUB_SMALL], r);
}

static void must_be_in_order(const struct plan_variant *v, size_t count)
{
    uint64_t end = 0;
    for (size_t step = 0; step < count; step++) {
        const struct plan_region *r = plan_region(v, plan_write_order(v, step));
        must(r->addr >= end, "regions come by rising address and share no sector");
        end = (uint64_t)r->addr + r->size_bytes;
        end += (PLAN_SECTOR_BYTES - end % PLAN_SECTOR_BYTES) % PLAN_SECTOR_BYTES;
    }
}

static void try_variant(const struct plan *p, const struct sources *s, uint32_t flash_bytes)
{
    struct err e = { 0 };
    struct plan_variant *v = plan_variant_new(p, flash_bytes, &e);
    must_tell(v != NULL, &e);
    must(v || e.code == ERR_FLASH_SIZE, "only the size of the flash can keep a plan from a board");
    (void)plan_patches(p, flash_bytes);
    for (size_t i = 0; v && i < s->count; i++)
        must_match(plan_region(v, i), &s->rows[i]);
    if (v) {
        must_be_in_order(v, s->count);
        must(plan_variant_wire_bytes(v) > 0 && plan_variant_bytes(v) > 0, "there is work to do");
    }
    plan_variant_free(v);
}

static void try_plan(const struct plan_settings *settings, const struct sources *s,
                     uint32_t flash_bytes)
{
    struct err e = { 0 };
    struct plan *p = plan_new(settings, s->rows, s->count, &e);
    must(p != NULL && plan_encode(p, &e), "what passes the checks becomes a plan");
    must(plan_image_count(p) == s->count && plan_needs_bytes(p) > plan_first_addr(p),
         "a plan has its images");
    (void)plan_kept_flash_bytes(p);
    try_variant(p, s, flash_bytes);
    if (plan_depends_on_flash(p))
        try_variant(p, s, 0);
    plan_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = { bytes, n };
    struct plan_settings settings = take_settings(&in);
    uint32_t flash_bytes = (256u << 10) << input_byte(&in) % 12;
    struct sources s = { .count = 0 };
    const struct plan_report report = { count_mistake, count_mistake, &s };
    while (in.left > 0 && s.count < IMAGES_MAX)
        take_source(&in, settings.chip, &s);
    if (plan_check(&settings, s.rows, s.count, &report) == 0 && s.count > 0)
        try_plan(&settings, &s, flash_bytes);
    sources_done(&s);
    return 0;
}
