/* The firmware images of a plan, wherever they lie: files of their own, and those inside merged
 * files, which are found where the chip's ROM and the partition table look for them. */
#include "core/images/plan_priv.h"

#include <stdlib.h>

/* How far behind the boot loader a table is looked for, where it is not at its usual place. */
#define TABLE_WITHIN_BYTES (128u << 10)

bool plan_covers(const struct plan_source *s, uint64_t addr)
{
    return addr >= s->offset_addr && addr < (uint64_t)s->offset_addr + s->size_bytes;
}

void plan_read_image(const struct plan_settings *settings, const struct plan_source *s, uint32_t at,
                     struct image *image)
{
    bool short_header = (settings->chip->flags & CHIP_SHORT_HEADER) != 0;
    *image = (struct image){ .kind = IMAGE_RAW };
    if (s->data || at >= s->size_bytes)
        return;
    image_read(s->bytes + at, s->size_bytes - at, short_header, image);
    /* Encrypted bytes may begin with anything. */
    if (image->kind == IMAGE_DAMAGED && settings->plain_when_encrypted)
        *image = (struct image){ .kind = IMAGE_RAW };
}

static bool add_part(struct plan_parts *p, const struct plan_settings *settings,
                     const struct plan_source *sources, size_t i, uint32_t at)
{
    struct image image;
    plan_read_image(settings, &sources[i], at, &image);
    if (image.kind == IMAGE_RAW)
        return true;
    struct plan_part *more = realloc(p->rows, (p->count + 1) * sizeof *more);
    if (!more)
        return false;
    p->rows = more;
    p->rows[p->count++] = (struct plan_part){ .name = sources[i].name,
                                              .source = i,
                                              .addr = sources[i].offset_addr + at,
                                              .at = at,
                                              .image = image };
    return true;
}

/* One that lies at `addr`, behind the start of the file that covers it. */
static bool add_inside(struct plan_parts *p, const struct plan_settings *settings,
                       const struct plan_source *sources, size_t count, uint32_t addr)
{
    for (size_t i = 0; i < count; i++) {
        if (addr > sources[i].offset_addr && plan_covers(&sources[i], addr) &&
            !add_part(p, settings, sources, i, addr - sources[i].offset_addr))
            return false;
    }
    return true;
}

/* ---- The partition table ---- */

static bool take_table(struct plan_parts *p, const struct plan_source *sources, size_t i,
                       uint32_t at, bool proved_only)
{
    const struct plan_source *s = &sources[i];
    struct partitions *table = &p->table;
    if (s->data || at >= s->size_bytes ||
        !partitions_read(s->bytes + at, s->size_bytes - at, table))
        return false;
    if (proved_only && !table->proved && table->problem != partitions_no_memory)
        return false;
    p->table_source = i;
    p->table_addr = s->offset_addr + at;
    return true;
}

/* In a merged file the bytes of a table could stand by chance: away from its usual place it needs
 * its MD5. */
static bool find_merged_table(struct plan_parts *p, const struct chip *chip,
                              const struct plan_source *sources, size_t i)
{
    const struct plan_source *s = &sources[i];
    uint32_t first = chip->boot_addr + PLAN_SECTOR_BYTES;
    if (!plan_covers(s, chip->boot_addr))
        return false;
    if (plan_covers(s, PARTITIONS_USUAL_ADDR) &&
        take_table(p, sources, i, PARTITIONS_USUAL_ADDR - s->offset_addr, false))
        return true;
    for (uint32_t addr = first; addr < first + TABLE_WITHIN_BYTES; addr += PLAN_SECTOR_BYTES) {
        if (plan_covers(s, addr) && take_table(p, sources, i, addr - s->offset_addr, true))
            return true;
    }
    return false;
}

static bool find_table(struct plan_parts *p, const struct chip *chip,
                       const struct plan_source *sources, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (take_table(p, sources, i, 0, false))
            return true;
    }
    for (size_t i = 0; i < count; i++) {
        if (find_merged_table(p, chip, sources, i))
            return true;
    }
    p->table.count = 0;
    return false;
}

/* ---- All ---- */

static bool add_all(struct plan_parts *p, const struct plan_settings *settings,
                    const struct plan_source *sources, size_t count)
{
    uint32_t boot_addr = settings->chip->boot_addr;
    for (size_t i = 0; i < count; i++) {
        if (!add_part(p, settings, sources, i, 0))
            return false;
    }
    if (!add_inside(p, settings, sources, count, boot_addr))
        return false;
    for (size_t k = 0; k < p->table.count; k++) {
        const struct partition *row = &p->table.rows[k];
        if (row->type == PARTITION_APP && row->addr != boot_addr &&
            !add_inside(p, settings, sources, count, row->addr))
            return false;
    }
    return true;
}

bool plan_parts_find(struct plan_parts *p, const struct plan_settings *settings,
                     const struct plan_source *sources, size_t count)
{
    *p = (struct plan_parts){ .rows = NULL };
    p->has_table = find_table(p, settings->chip, sources, count);
    if (add_all(p, settings, sources, count))
        return true;
    plan_parts_done(p);
    return false;
}

void plan_parts_done(struct plan_parts *p)
{
    free(p->rows);
    p->rows = NULL;
    p->count = 0;
}

const struct plan_part *plan_parts_boot(const struct plan_parts *p, const struct chip *chip)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct plan_part *part = &p->rows[i];
        if (part->addr == chip->boot_addr &&
            (part->image.kind == IMAGE_SHORT || part->image.kind == IMAGE_LONG))
            return part;
    }
    return NULL;
}
