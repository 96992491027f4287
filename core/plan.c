#include "core/plan.h"

#include "core/bytes.h"
#include "core/loader.h"
#include "core/packet.h"
#include "core/slip.h"

#include <libdeflate.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define COMPRESSION_LEVEL   12 /* libdeflate's best */
#define ASSUMED_FLASH_BYTES (4u << 20)

/* SDKs for the ESP8266 before 2.1 do not start with a header of 8 or 16 MB (esptool issue 202). */
#define ESP8266_DETECT_MAX_BYTES (4u << 20)

/* Size codes of the ESP8266 that also choose a memory map for two 1 MB slots. To replace them by
 * the plain size breaks over-the-air images (esptool issue 434). */
static bool is_mapped_size(uint8_t code)
{
    return code == 5 || code == 6;
}

struct plan_item {
    struct image image;
    bool patchable;
    struct plan_region
        region; /* bytes as the file has them; for what is not patched also the rest */
};

struct plan {
    struct plan_settings settings;
    size_t count;
    struct plan_item *items;
};

struct plan_variant {
    size_t count;
    const struct plan_region **regions; /* the plan's, or one of `own` */
    struct plan_region *own;            /* `count` rows; unused ones are zero */
};

/* ---- Checking ---- */

struct checker {
    const struct plan_settings *settings;
    const struct plan_source *sources;
    size_t count;
    const struct plan_report *report;
    size_t mistakes;
};

static void mistake(struct checker *c, size_t image, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void mistake(struct checker *c, size_t image, const char *fmt, ...)
{
    char sentence[240];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    c->mistakes++;
    c->report->mistake(c->report->ctx, image, sentence);
}

static uint64_t source_end(const struct plan_source *s)
{
    return (uint64_t)s->offset_addr + s->size_bytes;
}

static const char *chip_of_image(const struct image *image)
{
    if (image->kind != IMAGE_LONG)
        return "ESP8266";
    const struct chip *chip = chip_by_image_id(image->chip_id);
    return chip ? chip->name : NULL;
}

static void check_content(struct checker *c, size_t i)
{
    const struct chip *chip = c->settings->chip;
    struct image image;
    image_read(c->sources[i].bytes, c->sources[i].size_bytes, chip->flags & CHIP_SHORT_HEADER,
               &image);
    if (image.kind == IMAGE_DAMAGED) {
        mistake(c, i, "'%s' begins like a firmware image, but %s", c->sources[i].name,
                image.problem);
        return;
    }
    if (image_fits_chip(&image, chip))
        return;
    const char *other = chip_of_image(&image);
    if (other)
        mistake(c, i, "'%s' is an image for %s, and the recipe is for %s", c->sources[i].name,
                other, chip->name);
    else
        mistake(c, i, "'%s' is an image for chip id %u, and the recipe is for %s",
                c->sources[i].name, image.chip_id, chip->name);
}

static void check_place(struct checker *c, size_t i)
{
    const struct plan_source *s = &c->sources[i];
    const struct plan_settings *set = c->settings;
    uint64_t end = source_end(s);
    if (set->size == PLAN_SIZE_FIXED && end > set->flash_bytes)
        mistake(c, i, "'%s' ends at 0x%llx, behind the end of the flash at 0x%x", s->name,
                (unsigned long long)end, set->flash_bytes);
    else if (end > set->chip->stub_max_flash_bytes)
        mistake(c, i, "'%s' ends at 0x%llx; on %s nothing behind 0x%x can be reached", s->name,
                (unsigned long long)end, set->chip->name, set->chip->stub_max_flash_bytes);
}

/* The flash is erased by sectors: two images in one sector would wipe each other. */
static void check_overlap(struct checker *c, size_t i)
{
    const struct plan_source *b = &c->sources[i];
    for (size_t k = 0; k < i; k++) {
        const struct plan_source *a = &c->sources[k];
        if (a->size_bytes == 0)
            continue; /* said already */
        uint64_t a_first = a->offset_addr / PLAN_SECTOR_BYTES;
        uint64_t b_first = b->offset_addr / PLAN_SECTOR_BYTES;
        uint64_t a_last = (source_end(a) - 1) / PLAN_SECTOR_BYTES;
        uint64_t b_last = (source_end(b) - 1) / PLAN_SECTOR_BYTES;
        if (b_first <= a_last && a_first <= b_last)
            mistake(
                c, i, "'%s' (0x%x to 0x%llx) shares flash sector 0x%llx with '%s' (0x%x to 0x%llx)",
                b->name, b->offset_addr, (unsigned long long)source_end(b) - 1,
                (unsigned long long)((a_first > b_first ? a_first : b_first) * PLAN_SECTOR_BYTES),
                a->name, a->offset_addr, (unsigned long long)source_end(a) - 1);
    }
}

/* What the header of a boot image says about the flash; 0: it says nothing this chip has a code
 * for. */
static uint32_t header_flash_bytes(const struct chip *chip, const struct image *image)
{
    const struct chip_code *rows = chip->sizes;
    for (; rows->word && rows->code != image->size_code; rows++)
        ;
    return rows->word ? rows->flash_bytes : 0;
}

static bool is_patchable(const struct image *image, uint32_t offset_addr, const struct chip *chip)
{
    return (image->kind == IMAGE_SHORT || image->kind == IMAGE_LONG) &&
           offset_addr == chip->boot_addr;
}

/* A header that stays as it is must at least have room for the images: what lies behind the size it
 * announces is never found. Shipped ESP8266 images say 512 KB and are larger (esptool-js issue
 * 120). */
static void check_kept_size(struct checker *c, size_t boot)
{
    const struct chip *chip = c->settings->chip;
    const struct plan_source *s = &c->sources[boot];
    struct image image;
    image_read(s->bytes, s->size_bytes, chip->flags & CHIP_SHORT_HEADER, &image);
    uint32_t says = header_flash_bytes(chip, &image);
    if (!is_patchable(&image, s->offset_addr, chip) || says == 0)
        return;
    for (size_t i = 0; i < c->count; i++) {
        if (source_end(&c->sources[i]) > says)
            mistake(c, i,
                    "'%s' ends at 0x%llx, but the header of '%s' says that the flash has %u KB, so "
                    "it would not run; give flash.size: detect",
                    c->sources[i].name, (unsigned long long)source_end(&c->sources[i]), s->name,
                    says / 1024);
    }
}

static void check_flash_size(struct checker *c)
{
    const struct plan_settings *set = c->settings;
    for (size_t i = 0; i < c->count && set->size == PLAN_SIZE_KEEP; i++) {
        if (c->sources[i].offset_addr == set->chip->boot_addr)
            check_kept_size(c, i);
    }
    if (set->size == PLAN_SIZE_FIXED &&
        !chip_code_by_flash_bytes(set->chip->sizes, set->flash_bytes))
        mistake(c, PLAN_NO_IMAGE, "The image header of %s has no code for a flash of %u KB",
                set->chip->name, set->flash_bytes / 1024);
}

size_t plan_check(const struct plan_settings *settings, const struct plan_source *sources,
                  size_t count, const struct plan_report *report)
{
    struct checker c = { settings, sources, count, report, 0 };
    check_flash_size(&c);
    for (size_t i = 0; i < count; i++) {
        if (sources[i].size_bytes == 0) {
            mistake(&c, i, "'%s' is empty", sources[i].name);
            continue;
        }
        check_content(&c, i);
        check_place(&c, i);
        check_overlap(&c, i);
    }
    return c.mistakes;
}

/* ---- Frames ---- */

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_STATION, "Out of memory for the plan");
}

static void frames_free(struct plan_frames *f)
{
    free(f->bytes);
    free(f->at);
    free(f->flash_bytes);
    *f = (struct plan_frames){ 0 };
}

static bool frames_reserve(struct plan_frames *f, uint8_t command, uint32_t block_bytes,
                           size_t payload_bytes)
{
    f->command = command;
    f->block_bytes = block_bytes;
    f->count = (uint32_t)((payload_bytes + block_bytes - 1) / block_bytes);
    f->at = calloc((size_t)f->count + 1, sizeof *f->at);
    f->flash_bytes = calloc(f->count, sizeof *f->flash_bytes);
    size_t cap = f->count * SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + PACKET_BLOCK_HEADER_BYTES) +
                 2 * (payload_bytes + block_bytes);
    f->bytes = malloc(cap);
    return f->at && f->flash_bytes && f->bytes;
}

/* Adds block i; `payload` is exactly one block, or the shorter last one of a compressed stream. */
static void frames_put(struct plan_frames *f, uint32_t i, const uint8_t *payload, size_t n)
{
    size_t room = SLIP_ENCODED_MAX(PACKET_HEADER_BYTES + PACKET_BLOCK_HEADER_BYTES + n);
    f->at[i + 1] =
        f->at[i] + packet_encode_block(f->bytes + f->at[i], room, f->command, i, payload, n);
}

static void frames_trim(struct plan_frames *f)
{
    uint8_t *smaller = realloc(f->bytes, f->at[f->count] ? f->at[f->count] : 1);
    if (smaller)
        f->bytes = smaller;
}

/* The last block is padded with FF to full size; what lies behind the image in its last sector is
 * blank anyway. */
static bool encode_raw(struct plan_frames *f, uint32_t block_bytes, const uint8_t *bytes, size_t n)
{
    uint8_t last[LOADER_STUB_BLOCK_BYTES];
    if (!frames_reserve(f, CMD_FLASH_DATA, block_bytes, n))
        return false;
    for (uint32_t i = 0; i < f->count; i++) {
        size_t at = (size_t)i * block_bytes;
        f->flash_bytes[i] = block_bytes;
        if (n - at >= block_bytes) {
            frames_put(f, i, bytes + at, block_bytes);
            continue;
        }
        memset(last, 0xFF, sizeof last);
        memcpy(last, bytes + at, n - at);
        frames_put(f, i, last, block_bytes);
        f->flash_bytes[i] = (uint32_t)(n - at);
    }
    frames_trim(f);
    return true;
}

/* How much of the flash each block of the stream fills: timeouts and progress need it. */
static bool measure_blocks(struct plan_frames *f, const uint8_t *stream, size_t n)
{
    uint8_t sink[16384];
    z_stream z = { 0 };
    if (inflateInit(&z) != Z_OK)
        return false;
    int state = Z_OK;
    for (uint32_t i = 0; i < f->count; i++) {
        size_t at = (size_t)i * f->block_bytes;
        uLong before = z.total_out;
        z.next_in = (z_const Bytef *)(uintptr_t)(stream + at);
        z.avail_in = (uInt)(n - at < f->block_bytes ? n - at : f->block_bytes);
        do {
            z.next_out = sink;
            z.avail_out = sizeof sink;
            state = inflate(&z, Z_SYNC_FLUSH);
        } while (state == Z_OK && (z.avail_in > 0 || z.avail_out == 0));
        f->flash_bytes[i] = (uint32_t)(z.total_out - before);
    }
    inflateEnd(&z);
    return state == Z_STREAM_END;
}

static bool encode_stream(struct plan_frames *f, const uint8_t *stream, size_t n)
{
    if (!frames_reserve(f, CMD_FLASH_DEFL_DATA, LOADER_STUB_BLOCK_BYTES, n))
        return false;
    for (uint32_t i = 0; i < f->count; i++) {
        size_t at = (size_t)i * f->block_bytes;
        frames_put(f, i, stream + at, n - at < f->block_bytes ? n - at : f->block_bytes);
    }
    frames_trim(f);
    return measure_blocks(f, stream, n);
}

/* Compressed where that is shorter, else raw. */
static bool encode_for_stub(struct plan_region *r)
{
    bool ok = false;
    uint8_t *stream = NULL;
    struct libdeflate_compressor *c = libdeflate_alloc_compressor(COMPRESSION_LEVEL);
    if (!c)
        return false;
    size_t cap = libdeflate_zlib_compress_bound(c, r->size_bytes);
    stream = malloc(cap);
    if (!stream)
        goto out;
    size_t n = libdeflate_zlib_compress(c, r->bytes, r->size_bytes, stream, cap);
    if (n > 0 && n < r->size_bytes)
        ok = encode_stream(&r->stub, stream, n);
    else
        ok = encode_raw(&r->stub, LOADER_STUB_BLOCK_BYTES, r->bytes, r->size_bytes);
out:
    free(stream);
    libdeflate_free_compressor(c);
    return ok;
}

/* ---- Regions ---- */

static void region_done(struct plan_region *r)
{
    frames_free(&r->stub);
    frames_free(&r->rom);
    free(r->bytes);
    r->bytes = NULL;
}

/* Places the image: the ROM erases and writes from sector starts only, so what lies between the
 * sector's start and the image is FF, which is what the erase leaves there anyway. */
static bool region_place(struct plan_region *r, const struct plan_source *s)
{
    uint32_t front = s->offset_addr % PLAN_SECTOR_BYTES;
    r->offset_addr = s->offset_addr;
    r->addr = s->offset_addr - front;
    r->size_bytes = round_up_u32(front + s->size_bytes, 4);
    char *name = strdup(s->name);
    r->name = name;
    r->bytes = malloc(r->size_bytes);
    if (!name || !r->bytes)
        return false;
    memset(r->bytes, 0xFF, r->size_bytes);
    memcpy(r->bytes + front, s->bytes, s->size_bytes);
    return true;
}

static bool region_finish(struct plan_region *r)
{
    digest_md5(r->bytes, r->size_bytes, r->md5);
    digest_sha256(r->bytes, r->size_bytes, r->sha256);
    return encode_for_stub(r) &&
           encode_raw(&r->rom, LOADER_ROM_BLOCK_BYTES, r->bytes, r->size_bytes);
}

/* ---- Plan ---- */

static bool wants_patch(const struct plan_settings *s)
{
    return s->size != PLAN_SIZE_KEEP || s->mode || s->freq;
}

static bool item_make(struct plan_item *item, const struct plan_settings *settings,
                      const struct plan_source *source)
{
    const struct chip *chip = settings->chip;
    image_read(source->bytes, source->size_bytes, chip->flags & CHIP_SHORT_HEADER, &item->image);
    bool is_header = item->image.kind == IMAGE_SHORT || item->image.kind == IMAGE_LONG;
    item->patchable = is_header && source->offset_addr == chip->boot_addr && wants_patch(settings);
    return region_place(&item->region, source) && (item->patchable || region_finish(&item->region));
}

struct plan *plan_new(const struct plan_settings *settings, const struct plan_source *sources,
                      size_t count, struct err *e)
{
    struct plan *p = calloc(1, sizeof *p);
    if (!p)
        goto fail;
    p->settings = *settings;
    p->items = calloc(count, sizeof *p->items);
    if (!p->items)
        goto fail;
    for (size_t i = 0; i < count; i++) {
        p->count = i + 1;
        if (!item_make(&p->items[i], settings, &sources[i]))
            goto fail;
    }
    return p;
fail:
    plan_free(p);
    no_memory(e);
    return NULL;
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++) {
        free((void *)(uintptr_t)p->items[i].region.name);
        region_done(&p->items[i].region);
    }
    free(p->items);
    free(p);
}

const struct plan_settings *plan_settings(const struct plan *p)
{
    return &p->settings;
}

size_t plan_image_count(const struct plan *p)
{
    return p->count;
}

const struct image *plan_image(const struct plan *p, size_t i)
{
    return &p->items[i].image;
}

uint32_t plan_needs_bytes(const struct plan *p)
{
    uint32_t needs = 0;
    for (size_t i = 0; i < p->count; i++) {
        uint32_t end = p->items[i].region.addr + p->items[i].region.size_bytes;
        needs = end > needs ? end : needs;
    }
    return needs;
}

uint32_t plan_kept_flash_bytes(const struct plan *p)
{
    const struct chip *chip = p->settings.chip;
    for (size_t i = 0; i < p->count && p->settings.size == PLAN_SIZE_KEEP; i++) {
        if (is_patchable(&p->items[i].image, p->items[i].region.offset_addr, chip))
            return header_flash_bytes(chip, &p->items[i].image);
    }
    return 0;
}

bool plan_depends_on_flash(const struct plan *p)
{
    if (p->settings.size != PLAN_SIZE_DETECT)
        return false;
    for (size_t i = 0; i < p->count; i++) {
        if (p->items[i].patchable)
            return true;
    }
    return false;
}

/* ---- Variants ---- */

static bool choose_size_code(const struct plan_settings *s, const struct image *image,
                             uint32_t flash_bytes, uint8_t *code, struct err *e)
{
    bool detect = s->size == PLAN_SIZE_DETECT;
    bool short_header = (s->chip->flags & CHIP_SHORT_HEADER) != 0;
    *code = IMAGE_KEEP;
    if (s->size == PLAN_SIZE_KEEP || (detect && short_header && is_mapped_size(image->size_code)))
        return true;
    uint32_t bytes = detect ? flash_bytes : s->flash_bytes;
    if (detect && bytes == 0)
        bytes = ASSUMED_FLASH_BYTES;
    if (detect && short_header && bytes > ESP8266_DETECT_MAX_BYTES)
        bytes = ESP8266_DETECT_MAX_BYTES;
    const struct chip_code *row = chip_code_by_flash_bytes(s->chip->sizes, bytes);
    if (!row)
        return err_set(e, ERR_FLASH_SIZE, "The image header of %s has no code for a flash of %u KB",
                       s->chip->name, bytes / 1024);
    *code = row->code;
    return true;
}

static bool is_other(uint8_t code, uint8_t has)
{
    return code != IMAGE_KEEP && code != has;
}

bool plan_patches(const struct plan *p, uint32_t flash_bytes)
{
    const struct plan_settings *s = &p->settings;
    for (size_t i = 0; i < p->count; i++) {
        const struct image *image = &p->items[i].image;
        uint8_t size_code = IMAGE_KEEP;
        struct err no_code;
        if (p->items[i].patchable &&
            (!choose_size_code(s, image, flash_bytes, &size_code, &no_code) ||
             is_other(size_code, image->size_code) ||
             (s->mode && is_other(s->mode->code, image->mode_code)) ||
             (s->freq && is_other(s->freq->code, image->freq_code))))
            return true;
    }
    return false;
}

static bool make_patched(struct plan_region *own, const struct plan *p,
                         const struct plan_item *item, uint32_t flash_bytes, struct err *e)
{
    const struct plan_settings *s = &p->settings;
    const struct plan_region *base = &item->region;
    uint8_t size_code;
    if (!choose_size_code(s, &item->image, flash_bytes, &size_code, e))
        return false;
    own->name = base->name;
    own->addr = base->addr;
    own->offset_addr = base->offset_addr;
    own->size_bytes = base->size_bytes;
    own->bytes = malloc(base->size_bytes);
    if (!own->bytes)
        return no_memory(e);
    memcpy(own->bytes, base->bytes, base->size_bytes);
    own->patched = image_patch(own->bytes + (base->offset_addr - base->addr), &item->image,
                               s->mode ? s->mode->code : IMAGE_KEEP, size_code,
                               s->freq ? s->freq->code : IMAGE_KEEP);
    return region_finish(own) || no_memory(e);
}

struct plan_variant *plan_variant_new(const struct plan *p, uint32_t flash_bytes, struct err *e)
{
    struct plan_variant *v = calloc(1, sizeof *v);
    if (!v)
        goto no_memory;
    v->regions = calloc(p->count, sizeof(void *));
    v->own = calloc(p->count, sizeof *v->own);
    if (!v->regions || !v->own)
        goto no_memory;
    v->count = p->count;
    for (size_t i = 0; i < p->count; i++) {
        v->regions[i] = p->items[i].patchable ? &v->own[i] : &p->items[i].region;
        if (p->items[i].patchable && !make_patched(&v->own[i], p, &p->items[i], flash_bytes, e))
            goto fail;
    }
    return v;
no_memory:
    no_memory(e);
fail:
    plan_variant_free(v);
    return NULL;
}

void plan_variant_free(struct plan_variant *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->count; i++)
        region_done(&v->own[i]);
    free(v->own);
    free(v->regions);
    free(v);
}

const struct plan_region *plan_region(const struct plan_variant *v, size_t i)
{
    return v->regions[i];
}

uint64_t plan_variant_bytes(const struct plan_variant *v)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < v->count; i++)
        sum += v->regions[i]->size_bytes;
    return sum;
}

uint64_t plan_variant_wire_bytes(const struct plan_variant *v)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < v->count; i++)
        sum += plan_frames_wire_bytes(&v->regions[i]->stub);
    return sum;
}

uint64_t plan_frames_wire_bytes(const struct plan_frames *f)
{
    return f->at[f->count];
}
