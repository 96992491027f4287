/* Whether a plan can start: what lies where the ROM starts, and how the partition table and the
 * images go together. What cannot possibly be right is a mistake; what may be meant so, a warning.
 */
#include "core/images/plan_priv.h"

#include "core/base/bytes.h"
#include "core/images/foreign.h"

#include <stdio.h>
#include <string.h>

/* Twice at the start of the flash: the ROMs of the ESP32-C3 and later then run the flash as it is
 * mapped, without any header ("direct boot"). */
#define DIRECT_BOOT_MAGIC 0xAEDB041Du
#define AS_DATA           "; if it is meant so, say so with: as: data"

static uint64_t source_end(const struct plan_source *s)
{
    return (uint64_t)s->offset_addr + s->size_bytes;
}

/* Which file puts something at `addr`; NULL: none does. */
static const struct plan_source *source_at(const struct plan_checker *c, uint64_t addr)
{
    for (size_t i = 0; i < c->count; i++) {
        if (plan_covers(&c->sources[i], addr))
            return &c->sources[i];
    }
    return NULL;
}

static size_t index_of(const struct plan_checker *c, const struct plan_source *s)
{
    return (size_t)(s - c->sources);
}

static const struct plan_part *part_at(const struct plan_checker *c, uint32_t addr)
{
    for (size_t i = 0; i < c->parts.count; i++) {
        if (c->parts.rows[i].addr == addr)
            return &c->parts.rows[i];
    }
    return NULL;
}

/* Whether anything about the bytes of a file can be said: the recipe may have said it. */
static bool is_open(const struct plan_checker *c, const struct plan_source *s)
{
    return !s->data && !c->settings->plain_when_encrypted;
}

/* ---- Where the ROM starts ---- */

static bool starts_directly(const struct plan_checker *c, const uint8_t *bytes, size_t n)
{
    return !(c->settings->chip->flags & CHIP_SHORT_HEADER) && n >= 8 &&
           load_u32(bytes) == DIRECT_BOOT_MAGIC && load_u32(bytes + 4) == DIRECT_BOOT_MAGIC;
}

/* The first image in a merged file that was put in a wrong place; false: there is none. */
static bool find_image(const struct plan_checker *c, const struct plan_source *s, uint32_t *at,
                       struct image *image)
{
    const uint32_t within = 64u << 10;
    for (*at = 0; *at < s->size_bytes && *at < within; *at += PLAN_SECTOR_BYTES) {
        plan_read_image(c->settings, s, *at, image);
        if (image->kind == IMAGE_LONG || image->kind == IMAGE_SHORT)
            return true;
    }
    return false;
}

/* There is a file, and no image in it where one must be. */
static void explain_start(struct plan_checker *c, const struct plan_source *s)
{
    const struct chip *chip = c->settings->chip;
    const struct foreign *foreign = foreign_find(s->bytes, s->size_bytes);
    struct image image;
    struct partitions table;
    uint32_t at = 0;
    char found[120];
    if (foreign && foreign->everywhere)
        return; /* said of the file */
    const bool holds_image = find_image(c, s, &at, &image);
    const bool fits = holds_image && image_fits_chip(&image, chip) && at <= chip->boot_addr;
    if (foreign)
        snprintf(found, sizeof found, "%s is %s: %s",
                 s->offset_addr == chip->boot_addr ? "it" : "the file", foreign->what,
                 foreign->advice);
    else if (partitions_read(s->bytes, s->size_bytes, &table))
        snprintf(found, sizeof found, "it is a partition table");
    else if (fits && at == 0)
        snprintf(found, sizeof found, "it begins with the boot loader: give offset: 0x%x",
                 chip->boot_addr);
    else if (fits)
        snprintf(found, sizeof found,
                 "its boot loader is 0x%x bytes behind its start: give offset: 0x%x", at,
                 chip->boot_addr - at);
    else if (holds_image && !image_fits_chip(&image, chip))
        snprintf(found, sizeof found, "it holds an image for another chip, at 0x%x",
                 s->offset_addr + at);
    else
        snprintf(found, sizeof found, "what is there begins with %02x, and an image with e9",
                 s->bytes[chip->boot_addr - s->offset_addr]);
    plan_mistake(c, index_of(c, s),
                 "'%s' has no boot image where the ROM of %s starts (0x%x): %s" AS_DATA, s->name,
                 chip->name, chip->boot_addr, found);
}

static void check_start(struct plan_checker *c)
{
    const struct chip *chip = c->settings->chip;
    const struct plan_source *s = source_at(c, chip->boot_addr);
    const struct plan_part *part = part_at(c, chip->boot_addr);
    if (!s) {
        plan_warning(c, PLAN_NO_IMAGE,
                     "Nothing is written where the ROM of %s starts (0x%x): the board must have "
                     "its boot loader already",
                     chip->name, chip->boot_addr);
        return;
    }
    if (!is_open(c, s))
        return;
    uint32_t at = chip->boot_addr - s->offset_addr;
    if (!part && !starts_directly(c, s->bytes + at, s->size_bytes - at))
        explain_start(c, s);
    else if (part && part->image.has_app)
        plan_mistake(c, index_of(c, s),
                     "'%s' has an application (%s) where the ROM of %s starts (0x%x): there must "
                     "be a boot loader, and the application at its partition" AS_DATA,
                     s->name, part->image.app_project, chip->name, chip->boot_addr);
}

/* ---- Files that are of no use anywhere ---- */

static void check_foreign(struct plan_checker *c, size_t i)
{
    const struct plan_source *s = &c->sources[i];
    const struct foreign *foreign =
        s->size_bytes > 0 ? foreign_find(s->bytes, s->size_bytes) : NULL;
    if (foreign && foreign->everywhere && is_open(c, s))
        plan_mistake(c, i, "'%s' is %s: %s" AS_DATA, s->name, foreign->what, foreign->advice);
}

/* ---- The partition table ---- */

/* The partition that the table would lie in: the first write to it takes the table away. Rows of
 * other types may stand for the table itself, as ESP-IDF has them. NULL: none. */
static const struct partition *row_below_table(const struct plan_parts *p)
{
    const uint64_t end = (uint64_t)p->table_addr + PARTITIONS_BYTES;
    for (size_t i = 0; i < p->table.count; i++) {
        const struct partition *row = &p->table.rows[i];
        if ((row->type == PARTITION_APP || row->type == PARTITION_DATA) && row->addr < end &&
            (uint64_t)row->addr + row->size_bytes > p->table_addr)
            return row;
    }
    return NULL;
}

/* CONFIG_PARTITION_TABLE_OFFSET may be any sector's. Of a merged file that was put in a wrong place
 * its start says it all. */
static void check_table_place(struct plan_checker *c)
{
    const struct plan_parts *p = &c->parts;
    const struct plan_source *s = &c->sources[p->table_source];
    const uint32_t boot_addr = c->settings->chip->boot_addr;
    const struct partition *row = row_below_table(p);
    if (plan_covers(s, boot_addr) && !part_at(c, boot_addr))
        return;
    if (row)
        plan_mistake(c, p->table_source,
                     "'%s' has a partition table at 0x%x, where its own partition '%s' is (0x%x): "
                     "give the offset that the boot loader was built for" AS_DATA,
                     s->name, p->table_addr, row->label, row->addr);
    else if (p->table_addr % PLAN_SECTOR_BYTES != 0)
        plan_warning(c, p->table_source,
                     "'%s' has a partition table at 0x%x, which is no multiple of 0x%x: no boot "
                     "loader of ESP-IDF is built for that",
                     s->name, p->table_addr, PLAN_SECTOR_BYTES);
}

static void check_table(struct plan_checker *c)
{
    const struct plan_settings *set = c->settings;
    const char *name = c->sources[c->parts.table_source].name;
    uint64_t end = partitions_end(&c->parts.table);
    if (c->parts.table.problem)
        plan_mistake(c, c->parts.table_source,
                     "'%s' has a partition table at 0x%x, but %s: the boot loader would refuse it",
                     name, c->parts.table_addr, c->parts.table.problem);
    else if (set->size == PLAN_SIZE_FIXED && end > set->flash_bytes)
        plan_mistake(c, c->parts.table_source,
                     "the partition table in '%s' reaches to 0x%llx, behind the end of the flash "
                     "at 0x%x: it would not start",
                     name, (unsigned long long)end, set->flash_bytes);
    else
        check_table_place(c);
}

/* Of a file that begins inside `row`. */
static void check_against(struct plan_checker *c, size_t i, const struct partition *row)
{
    const struct plan_source *s = &c->sources[i];
    const struct plan_part *part = part_at(c, s->offset_addr);
    const struct foreign *foreign = foreign_find(s->bytes, s->size_bytes);
    bool begins = s->offset_addr == row->addr, app = row->type == PARTITION_APP;
    uint64_t row_end = (uint64_t)row->addr + row->size_bytes;
    bool too_large = source_end(s) > row_end;
    if (part && app && begins && too_large)
        plan_mistake(c, i, "'%s' has %u bytes, and its partition '%s' (0x%x) has %u" AS_DATA,
                     s->name, s->size_bytes, row->label, row->addr, row->size_bytes);
    else if (!part && app && begins && foreign && !foreign->everywhere)
        plan_mistake(c, i,
                     "'%s' is %s, and its partition '%s' (0x%x) is for an application: %s" AS_DATA,
                     s->name, foreign->what, row->label, row->addr, foreign->advice);
    else if (too_large)
        plan_warning(c, i,
                     "'%s' ends at 0x%llx, behind the end of its partition '%s' (0x%x to 0x%llx)",
                     s->name, (unsigned long long)source_end(s), row->label, row->addr,
                     (unsigned long long)row_end);
    if (part && part->image.has_app && !app)
        plan_warning(c, i,
                     "'%s' is an application, and lies in partition '%s' (0x%x), which is for "
                     "data",
                     s->name, row->label, row->addr);
    else if (part && part->image.has_app && !begins)
        plan_warning(c, i,
                     "'%s' is an application at 0x%x, inside partition '%s', which begins at 0x%x: "
                     "it would not be found",
                     s->name, s->offset_addr, row->label, row->addr);
    else if (!part && app && begins && !foreign)
        plan_warning(c, i,
                     "'%s' is no application, and lies in partition '%s' (0x%x), which is for "
                     "one",
                     s->name, row->label, row->addr);
}

static void check_against_table(struct plan_checker *c, size_t i)
{
    const struct plan_source *s = &c->sources[i];
    bool boots = plan_covers(s, c->settings->chip->boot_addr);
    if (s->size_bytes == 0 || !is_open(c, s) || boots || i == c->parts.table_source)
        return;
    const struct partition *row = partitions_at(&c->parts.table, s->offset_addr);
    if (row)
        check_against(c, i, row);
    else
        plan_warning(c, i, "'%s' begins at 0x%x, which is in no partition of '%s'", s->name,
                     s->offset_addr, c->sources[c->parts.table_source].name);
}

/* ---- What starts first ---- */

/* An entry of otadata as the plan writes it; NULL: it does not. */
static const uint8_t *ota_entry(const struct plan_checker *c, uint32_t addr)
{
    const struct plan_source *s = source_at(c, addr);
    if (!s || source_end(s) < (uint64_t)addr + PARTITIONS_OTA_BYTES)
        return NULL;
    return s->bytes + (addr - s->offset_addr);
}

static bool writes_an_app(const struct plan_checker *c)
{
    for (size_t i = 0; i < c->parts.table.count; i++) {
        const struct partition *row = &c->parts.table.rows[i];
        if (row->type == PARTITION_APP && source_at(c, row->addr))
            return true;
    }
    return false;
}

static void check_first_app(struct plan_checker *c)
{
    const struct partitions *table = &c->parts.table;
    const struct partition *ota_data = partitions_find(table, PARTITION_DATA, PARTITION_OTA_DATA);
    const uint8_t *first = ota_data ? ota_entry(c, ota_data->addr) : NULL;
    const uint8_t *second = ota_data ? ota_entry(c, ota_data->addr + PLAN_SECTOR_BYTES) : NULL;
    const struct partition *start = partitions_start(table, first, second);
    size_t i = c->parts.table_source;
    if (!start)
        plan_warning(c, i, "the partition table in '%s' has no partition for an application",
                     c->sources[i].name);
    else if (!source_at(c, start->addr))
        plan_warning(c, i, "the board starts '%s' (0x%x)%s, and the recipe writes nothing there",
                     start->label, start->addr, first ? " as its otadata says" : "");
    else if (ota_data && !first && partitions_slots(table) > 0 && !c->settings->erase_all)
        plan_warning(c, i,
                     "nothing is written to '%s' (0x%x): a board that has had an update over the "
                     "air goes on to start that",
                     ota_data->label, ota_data->addr);
}

/* A boot loader of ESP-IDF finds no application without a table. */
static void check_missing_table(struct plan_checker *c)
{
    const struct chip *chip = c->settings->chip;
    bool app = false;
    for (size_t i = 0; i < c->parts.count; i++) {
        const struct plan_part *part = &c->parts.rows[i];
        app = app || (part->image.has_app && part->addr != chip->boot_addr &&
                      image_fits_chip(&part->image, chip));
    }
    if (app && plan_parts_boot(&c->parts, chip))
        plan_warning(c, PLAN_NO_IMAGE,
                     "There is a boot loader and an application, and no partition table: the boot "
                     "loader finds the application by that, at 0x%x as a rule",
                     PARTITIONS_USUAL_ADDR);
}

void plan_check_layout(struct plan_checker *c)
{
    for (size_t i = 0; i < c->count; i++)
        check_foreign(c, i);
    check_start(c);
    if (!c->parts.has_table) {
        check_missing_table(c);
        return;
    }
    check_table(c);
    for (size_t i = 0; i < c->count; i++)
        check_against_table(c, i);
    if (writes_an_app(c) || source_at(c, c->settings->chip->boot_addr))
        check_first_app(c);
}
