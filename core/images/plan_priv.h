/* Between the files of the plan: plan.c (regions, variants), plan_parts.c, plan_check*.c,
 * plan_frames.c. */
#ifndef CORE_PLAN_PRIV_H
#define CORE_PLAN_PRIV_H

#include "core/images/partitions.h"
#include "core/images/plan.h"

/* What the header of a boot image says about the flash; 0: nothing this chip has a code for. */
uint32_t plan_header_flash_bytes(const struct chip *chip, const struct image *image);

/* ---- plan_parts.c ---- */

struct plan_parts {
    struct plan_part *rows; /* names are borrowed from the sources */
    size_t count;
    bool has_table;
    size_t table_source;
    uint32_t table_addr;
    struct partitions table; /* no rows unless has_table */
};

/* False: out of memory. */
bool plan_parts_find(struct plan_parts *p, const struct plan_settings *settings,
                     const struct plan_source *sources, size_t count);
void plan_parts_done(struct plan_parts *p);

/* The one with which the ROM starts, whose header tells the flash's mode and size; NULL: none. */
const struct plan_part *plan_parts_boot(const struct plan_parts *p, const struct chip *chip);

bool plan_covers(const struct plan_source *s, uint64_t addr);

/* What begins at byte `at` of a source; data where the recipe says so. */
void plan_read_image(const struct plan_settings *settings, const struct plan_source *s, uint32_t at,
                     struct image *image);

/* ---- plan.c ---- */

struct plan_item {
    const struct plan_part *boot; /* its header gets the flash words; NULL: nothing is patched */
    /* Bytes as the file has them; digests and frames only where nothing is patched. */
    struct plan_region region;
};

struct plan {
    struct plan_settings settings;
    size_t count;
    struct plan_item *items;
    struct plan_parts parts;
    uint32_t required_bytes; /* of flash, for what is no image of the plan */
};

struct plan_variant {
    size_t count;
    const struct plan_region **regions; /* the plan's, or one of `own` */
    struct plan_region *own;            /* `count` rows; unused ones are zero */
};

/* Room for so many regions, which the caller places; plan_variant_free. NULL: out of memory. */
struct plan_variant *plan_variant_alloc(size_t count);

/* The same region with bytes of its own, filled with FF up to `size_bytes`, without digests and
 * frames. False: out of memory. */
bool plan_region_copy(struct plan_region *own, const struct plan_region *of, uint32_t size_bytes);

/* Frees what a region owns; its name is borrowed. */
void plan_region_done(struct plan_region *r);

/* Cuts a region at multiples of the piece, whose frames it leaves to `encode`. False: no memory. */
bool plan_region_cut(struct plan_region *r, const struct plan_settings *s,
                     bool (*encode)(struct plan_region *r, const struct plan_settings *s));

/* ---- plan_check.c, plan_check_layout.c ---- */

struct plan_checker {
    const struct plan_settings *settings;
    const struct plan_source *sources;
    size_t count;
    const struct plan_report *report;
    size_t mistakes;
    struct plan_parts parts;
};

/* ---- plan_mistake.c ---- */

void plan_mistake(struct plan_checker *c, size_t image, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void plan_warning(struct plan_checker *c, size_t image, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- plan_check_layout.c ---- */

/* Whether the images can start together: what the ROM finds, the partition table, what it names. */
void plan_check_layout(struct plan_checker *c);

/* ---- plan_frames.c ---- */

/* Encodes for a loader that takes FLASH_DATA in blocks of this size. False: out of memory. */
bool plan_encode_raw(struct plan_frames *f, uint32_t block_bytes, const uint8_t *bytes, size_t n);

/* Encodes a region for the stub, to be sent at the settings' rate: compressed where that is
 * shorter, else raw; `small` adds the frames with small blocks, the settings those for the fast
 * stub. False: out of memory. */
bool plan_encode_for_stub(struct plan_region *r, const struct plan_settings *s, bool small);

/* Likewise for the fast stub: the zlib stream of the region, or its bytes where that is no shorter
 * or NULL. */
bool plan_encode_fast(struct plan_region *r, const uint8_t *stream, size_t n);

void plan_frames_free(struct plan_frames *f);

#endif
