#include "core/images/plan_priv.h"

#include "core/base/bytes.h"
#include "core/facts/loader_kind.h"
#include "core/images/forecast.h"

#include <stdlib.h>
#include <string.h>

/* SDKs for the ESP8266 before 2.1 do not start with a header of 8 or 16 MB (esptool issue 202). */
#define ESP8266_DETECT_MAX_BYTES (4u << 20)

/* Size codes of the ESP8266 that also choose a memory map for two 1 MB slots. To replace them by
 * the plain size breaks over-the-air images (esptool issue 434). */
static bool is_mapped_size(uint8_t code)
{
    return code == 5 || code == 6;
}

/* ---- What a header says ---- */

uint32_t plan_header_flash_bytes(const struct chip *chip, const struct image *image)
{
    const struct chip_code *rows = chip->sizes;
    for (; rows->word && rows->code != image->size_code; rows++)
        ;
    return rows->word ? rows->flash_bytes : 0;
}

static bool no_memory(struct err *e)
{
    return err_set(e, ERR_STATION, "Out of memory for the plan");
}

/* ---- Regions ---- */

static void frames_done(struct plan_region *r)
{
    plan_frames_free(&r->frames[FRAMES_STUB]);
    plan_frames_free(&r->frames[FRAMES_STUB_SMALL]);
    plan_frames_free(&r->frames[FRAMES_FAST]);
    plan_frames_free(&r->frames[FRAMES_ROM]);
}

void plan_region_done(struct plan_region *r)
{
    for (uint32_t i = 0; i < r->piece_count; i++)
        frames_done(&r->pieces[i]); /* their bytes are the region's */
    frames_done(r);
    free(r->pieces);
    free(r->bytes);
    *r = (struct plan_region){ .name = r->name };
}

/* Places the image: the ROM erases and writes from sector starts only, so what lies between the
 * sector's start and the image is FF, which is what the erase leaves there anyway. */
static bool region_place(struct plan_region *r, const struct plan_source *s)
{
    uint32_t front = s->offset_addr % PLAN_SECTOR_BYTES;
    r->offset_addr = s->offset_addr;
    r->addr = s->offset_addr - front;
    r->size_bytes = round_up_u32(front + s->size_bytes, 4);
    r->bytes = malloc(r->size_bytes);
    if (!r->bytes)
        return false;
    memset(r->bytes, 0xFF, r->size_bytes);
    memcpy(r->bytes + front, s->bytes, s->size_bytes);
    return true;
}

bool plan_region_copy(struct plan_region *own, const struct plan_region *of, uint32_t size_bytes)
{
    own->name = of->name;
    own->addr = of->addr;
    own->offset_addr = of->offset_addr;
    own->patched = of->patched;
    own->size_bytes = size_bytes;
    own->bytes = malloc(size_bytes);
    if (!own->bytes)
        return false;
    memset(own->bytes, 0xFF, size_bytes);
    memcpy(own->bytes, of->bytes, of->size_bytes);
    return true;
}

static bool encode(struct plan_region *r, const struct plan_settings *s)
{
    return digest_md5(r->bytes, r->size_bytes, r->md5) &&
           digest_sha256(r->bytes, r->size_bytes, r->sha256) &&
           plan_encode_for_stub(r, s, s->chip->flags & CHIP_USB_OTG) &&
           plan_encode_raw(&r->frames[FRAMES_ROM], LOADER_ROM_BLOCK_BYTES, r->bytes, r->size_bytes);
}

static uint32_t pieces_of(const struct plan_region *r)
{
    uint32_t first = r->addr / PLAN_PIECE_BYTES;
    return (r->addr + r->size_bytes - 1) / PLAN_PIECE_BYTES - first + 1;
}

/* From one multiple of the piece to the next, in the flash; the ends are the region's. Where they
 * only serve speed, nobody but a stub is sent them. */
bool plan_region_cut(struct plan_region *r, const struct plan_settings *s,
                     bool (*encode_piece)(struct plan_region *r, const struct plan_settings *s))
{
    uint32_t count = pieces_of(r), at = 0;
    r->pieces = calloc(count, sizeof *r->pieces);
    if (!r->pieces)
        return false;
    for (r->piece_count = 0; r->piece_count < count;) {
        struct plan_region *piece = &r->pieces[r->piece_count++];
        uint32_t room = PLAN_PIECE_BYTES - (r->addr + at) % PLAN_PIECE_BYTES;
        piece->name = r->name;
        piece->addr = piece->offset_addr = r->addr + at;
        piece->bytes = r->bytes + at;
        piece->size_bytes = r->size_bytes - at < room ? r->size_bytes - at : room;
        if (!encode_piece(piece, s))
            return false;
        at += piece->size_bytes;
    }
    return true;
}

static bool encode_for_speed(struct plan_region *piece, const struct plan_settings *s)
{
    return plan_encode_for_stub(piece, s, false);
}

/* What is encoded twice, or for one board alone, is so the quick way. */
static struct plan_settings without_lzma(const struct plan_settings *settings)
{
    struct plan_settings s = *settings;
    s.lzma = false;
    return s;
}

static bool region_finish(struct plan_region *r, const struct plan_settings *settings)
{
    const struct plan_settings quick = without_lzma(settings);
    if (!encode(r, settings))
        return false;
    bool quicker = forecast_pieces_pay(r, &r->frames[FRAMES_STUB], settings->baud);
    return !(settings->pieces || quicker) ||
           plan_region_cut(r, &quick, settings->pieces ? encode : encode_for_speed);
}

/* ---- Plan ---- */

/* A signed header stays as it is: patched, its signature would fit no more. */
static bool may_patch(const struct plan_settings *s, const struct plan_part *boot)
{
    return boot && boot->image.signature == IMAGE_UNSIGNED &&
           (s->size != PLAN_SIZE_KEEP || s->mode || s->freq);
}

/* The checks have found no mistake in them: an image that is damaged now could not be read for want
 * of memory, and would go to the board without its patch. */
static bool parts_are_sound(const struct plan_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->rows[i].image.kind == IMAGE_DAMAGED)
            return false;
    }
    return !parts->has_table || !parts->table.problem;
}

/* From now on nothing refers to the sources any more. */
static void parts_settle(struct plan *p)
{
    for (size_t i = 0; i < p->parts.count; i++)
        p->parts.rows[i].name = p->items[p->parts.rows[i].source].region.name;
    const struct plan_part *boot = plan_parts_boot(&p->parts, p->settings.chip);
    if (may_patch(&p->settings, boot))
        p->items[boot->source].boot = boot;
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
        p->items[i].region.name = strdup(sources[i].name);
        if (!p->items[i].region.name || !region_place(&p->items[i].region, &sources[i]))
            goto fail;
    }
    if (!plan_parts_find(&p->parts, settings, sources, count) || !parts_are_sound(&p->parts))
        goto fail;
    parts_settle(p);
    return p;
fail:
    plan_free(p);
    no_memory(e);
    return NULL;
}

bool plan_encode(struct plan *p, struct err *e)
{
    for (size_t i = 0; i < p->count; i++) {
        struct plan_item *item = &p->items[i];
        if (!item->boot && !region_finish(&item->region, &p->settings))
            return no_memory(e);
    }
    return true;
}

void plan_free(struct plan *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->count; i++) {
        free((void *)(uintptr_t)p->items[i].region.name);
        plan_region_done(&p->items[i].region);
    }
    plan_parts_done(&p->parts);
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

const struct plan_region *plan_place(const struct plan *p, size_t i)
{
    return &p->items[i].region;
}

size_t plan_part_count(const struct plan *p)
{
    return p->parts.count;
}

const struct plan_part *plan_part(const struct plan *p, size_t i)
{
    return &p->parts.rows[i];
}

uint64_t plan_partitions_end(const struct plan *p)
{
    return partitions_end(&p->parts.table);
}

const struct partitions *plan_partitions(const struct plan *p)
{
    return &p->parts.table;
}

void plan_require_bytes(struct plan *p, uint32_t bytes)
{
    p->required_bytes = bytes;
}

uint32_t plan_first_addr(const struct plan *p)
{
    uint32_t first = UINT32_MAX;
    for (size_t i = 0; i < p->count; i++)
        first = p->items[i].region.addr < first ? p->items[i].region.addr : first;
    return first;
}

uint32_t plan_needs_bytes(const struct plan *p)
{
    uint32_t needs = p->required_bytes;
    for (size_t i = 0; i < p->count; i++) {
        uint32_t end = p->items[i].region.addr + p->items[i].region.size_bytes;
        needs = end > needs ? end : needs;
    }
    return needs;
}

uint32_t plan_kept_flash_bytes(const struct plan *p)
{
    const struct chip *chip = p->settings.chip;
    const struct plan_part *boot = plan_parts_boot(&p->parts, chip);
    if (!boot || (p->settings.size != PLAN_SIZE_KEEP && may_patch(&p->settings, boot)))
        return 0;
    return plan_header_flash_bytes(chip, &boot->image);
}

/* What the header will say; 0: the plan has none. */
static uint32_t header_bytes(const struct plan *p, uint32_t flash_bytes)
{
    uint32_t kept = plan_kept_flash_bytes(p);
    if (kept != 0 || !plan_parts_boot(&p->parts, p->settings.chip))
        return kept;
    return p->settings.size == PLAN_SIZE_FIXED ? p->settings.flash_bytes : flash_bytes;
}

uint32_t plan_claims_bytes(const struct plan *p, uint32_t flash_bytes)
{
    uint64_t needs = plan_needs_bytes(p), table = plan_partitions_end(p), claim = 1;
    uint64_t header = header_bytes(p, flash_bytes);
    needs = needs > table ? needs : table;
    needs = needs > header ? needs : header;
    while (claim < needs && claim < CHIP_FLASH_4_BYTES_MAX)
        claim *= 2;
    return flash_bytes != 0 && claim > flash_bytes ? flash_bytes : (uint32_t)claim;
}

bool plan_depends_on_flash(const struct plan *p)
{
    if (p->settings.size != PLAN_SIZE_DETECT)
        return false;
    for (size_t i = 0; i < p->count; i++) {
        if (p->items[i].boot)
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
        bytes = FLASH_ASSUMED_BYTES;
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
        const struct plan_part *boot = p->items[i].boot;
        uint8_t size_code = IMAGE_KEEP;
        struct err no_code;
        if (boot && (!choose_size_code(s, &boot->image, flash_bytes, &size_code, &no_code) ||
                     is_other(size_code, boot->image.size_code) ||
                     (s->mode && is_other(s->mode->code, boot->image.mode_code)) ||
                     (s->freq && is_other(s->freq->code, boot->image.freq_code))))
            return true;
    }
    return false;
}

static bool make_patched(struct plan_region *own, const struct plan *p,
                         const struct plan_item *item, uint32_t flash_bytes, struct err *e)
{
    const struct plan_settings *s = &p->settings;
    const struct plan_region *base = &item->region;
    const struct image *image = &item->boot->image;
    uint32_t header_at = base->offset_addr - base->addr + item->boot->at;
    uint8_t size_code;
    if (!choose_size_code(s, image, flash_bytes, &size_code, e))
        return false;
    return (plan_region_copy(own, base, base->size_bytes) &&
            image_patch(own->bytes + header_at, image, s->mode ? s->mode->code : IMAGE_KEEP,
                        size_code, s->freq ? s->freq->code : IMAGE_KEEP, &own->patched) &&
            region_finish(own, s)) ||
           no_memory(e);
}

struct plan_variant *plan_variant_alloc(size_t count)
{
    struct plan_variant *v = calloc(1, sizeof *v);
    if (!v)
        return NULL;
    v->regions = calloc(count, sizeof(void *));
    v->own = calloc(count, sizeof *v->own);
    if (!v->regions || !v->own) {
        plan_variant_free(v);
        return NULL;
    }
    v->count = count;
    return v;
}

struct plan_variant *plan_variant_new(const struct plan *p, uint32_t flash_bytes, struct err *e)
{
    struct plan_variant *v = plan_variant_alloc(p->count);
    if (!v) {
        no_memory(e);
        return NULL;
    }
    for (size_t i = 0; i < p->count; i++) {
        v->regions[i] = p->items[i].boot ? &v->own[i] : &p->items[i].region;
        if (p->items[i].boot && !make_patched(&v->own[i], p, &p->items[i], flash_bytes, e)) {
            plan_variant_free(v);
            return NULL;
        }
    }
    return v;
}

struct plan_variant *plan_variant_with(const struct plan *p, const struct plan_variant *shared,
                                       const struct plan_source *sources, size_t count,
                                       struct err *e)
{
    const size_t all = shared->count + count;
    struct plan_variant *v = plan_variant_alloc(all);
    const struct plan_settings quick = without_lzma(&p->settings);
    if (!v)
        goto fail;
    for (size_t i = 0; i < all; i++)
        v->regions[i] = i < shared->count ? shared->regions[i] : &v->own[i];
    for (size_t i = 0; i < count; i++) {
        struct plan_region *own = &v->own[shared->count + i];
        own->name = sources[i].name;
        if (!region_place(own, &sources[i]) || !region_finish(own, &quick))
            goto fail;
    }
    return v;
fail:
    no_memory(e);
    plan_variant_free(v);
    return NULL;
}

size_t plan_variant_count(const struct plan_variant *v)
{
    return v->count;
}

void plan_variant_free(struct plan_variant *v)
{
    if (!v)
        return;
    for (size_t i = 0; i < v->count; i++)
        plan_region_done(&v->own[i]);
    free(v->own);
    free(v->regions);
    free(v);
}

const struct plan_region *plan_region(const struct plan_variant *v, size_t i)
{
    return v->regions[i];
}

static size_t regions_below(const struct plan_variant *v, uint32_t addr)
{
    size_t below = 0;
    for (size_t i = 0; i < v->count; i++)
        below += v->regions[i]->addr < addr;
    return below;
}

size_t plan_write_order(const struct plan_variant *v, size_t step)
{
    size_t i = 0;
    while (i + 1 < v->count && regions_below(v, v->regions[i]->addr) != step)
        i++;
    return i;
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
        sum += plan_frames_wire_bytes(&v->regions[i]->frames[FRAMES_STUB]);
    return sum;
}
