#include "station/attempt/job_unit.h"

#include "core/base/nearest.h"
#include "core/board/board_macs.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct placing {
    const struct recipe *recipe;
    const struct partitions *table;
    const struct unit_image *image;
    struct doc_report *report;
};

/* ---- Where an image goes ---- */

static void report_unknown(const struct placing *p)
{
    struct nearest near;
    nearest_init(&near, p->image->partition);
    for (size_t i = 0; i < p->table->count; i++)
        nearest_offer(&near, p->table->rows[i].label, p->table->rows[i].label);
    if (p->table->count == 0)
        doc_report_add(p->report, p->image->partition_at,
                       "there is no partition table among the images: give offset and size instead "
                       "of a partition, or the table's image");
    else
        doc_report_add(p->report, p->image->partition_at, "the partition table has no '%s'%s%s%s",
                       p->image->partition, near.best ? "; did you mean '" : "",
                       near.best ? near.best : "", near.best ? "'?" : "");
}

/* Applications and their frameworks find "the" NVS partition by its type, as the first in the
 * table, and erase it where it does not start (esp32-hal-misc.c of arduino-esp32, and the
 * opening of ESP-IDF's examples): what is a board's own is safe behind it alone. */
static void check_erased(const struct placing *p, const struct partition *row)
{
    const struct partition *first = partitions_find(p->table, PARTITION_DATA, PARTITION_NVS);
    if (row != first || p->image->insist == UNIT_TRUE)
        return;
    doc_report_add(p->report,
                   p->image->partition_at.line ? p->image->partition_at : p->image->offset_at,
                   "'%s' is the first NVS partition of the table, which most applications erase "
                   "when it does not start: put one of its own behind it, or say insist: true",
                   row->label);
}

static void check_partition(const struct placing *p, const struct partition *row)
{
    const struct doc_pos at =
        p->image->partition_at.line ? p->image->partition_at : p->image->offset_at;
    const bool for_keys = row->type == PARTITION_DATA && row->subtype == PARTITION_NVS_KEYS;
    if (row->type == PARTITION_APP)
        doc_report_add(p->report, at, "'%s' is a partition for an application", row->label);
    else if (p->image->nvs_keys && !for_keys)
        doc_report_add(p->report, at, "'%s' is no partition data, nvs_keys", row->label);
    else if (p->image->entry_count > 0 && (row->flags & PARTITION_ENCRYPTED))
        doc_report_add(p->report, at,
                       "'%s' has the flag encrypted, with which NVS does not start; encrypt: keys "
                       "is its own encryption",
                       row->label);
    check_erased(p, row);
}

static void place_in_partition(const struct placing *p, struct job_place *place)
{
    const struct partition *row = partitions_labelled(p->table, p->image->partition);
    if (!row) {
        report_unknown(p);
        return;
    }
    *place = (struct job_place){ .addr = row->addr,
                                 .size_bytes = row->size_bytes,
                                 .read_only = (row->flags & PARTITION_READ_ONLY) != 0 };
    snprintf(place->label, sizeof place->label, "%s", row->label);
    check_partition(p, row);
}

static void place_at_offset(const struct placing *p, struct job_place *place)
{
    const uint32_t addr = p->image->offset_bytes;
    const struct partition *row = partitions_at(p->table, addr);
    *place = (struct job_place){ .addr = addr, .size_bytes = p->image->size_bytes };
    snprintf(place->label, sizeof place->label, "0x%" PRIx32, addr);
    if (!row)
        return;
    place->read_only = (row->flags & PARTITION_READ_ONLY) != 0;
    if (row->addr != addr || row->size_bytes != place->size_bytes)
        doc_report_add(p->report, p->image->offset_at,
                       "the place is not that of partition '%s', 0x%" PRIx32 " with 0x%" PRIx32
                       " bytes: what is left of it stays on the board",
                       row->label, row->addr, row->size_bytes);
    check_partition(p, row);
}

static bool overlap(uint32_t a, uint32_t a_bytes, uint32_t b, uint32_t b_bytes)
{
    return a / PLAN_SECTOR_BYTES <= (b + b_bytes - 1) / PLAN_SECTOR_BYTES &&
           b / PLAN_SECTOR_BYTES <= (a + a_bytes - 1) / PLAN_SECTOR_BYTES;
}

static void check_overlap(const struct job_unit *u, const struct plan_region *regions[],
                          size_t count, size_t i, const struct placing *p)
{
    const struct job_place *place = &u->places[i];
    for (size_t k = 0; k < count; k++) {
        if (overlap(place->addr, place->size_bytes, regions[k]->addr, regions[k]->size_bytes))
            doc_report_add(p->report, p->image->at, "'%s' and the image '%s' lie in one place",
                           place->label, regions[k]->name);
    }
    for (size_t k = 0; k < i; k++) {
        if (u->places[k].size_bytes > 0 &&
            overlap(place->addr, place->size_bytes, u->places[k].addr, u->places[k].size_bytes))
            doc_report_add(p->report, p->image->at, "'%s' and '%s' lie in one place", place->label,
                           u->places[k].label);
    }
}

static void place_images(struct job_unit *u, const struct recipe *recipe, struct plan *plan,
                         struct doc_report *report)
{
    const struct plan_region *regions[RECIPE_IMAGES_MAX];
    uint32_t end = 0;
    for (size_t i = 0; i < plan_image_count(plan); i++)
        regions[i] = plan_place(plan, i);
    for (size_t i = 0; i < u->unit->image_count; i++) {
        const struct placing p = { recipe, plan_partitions(plan), &u->unit->images[i], report };
        struct job_place *place = &u->places[i];
        if (p.image->partition)
            place_in_partition(&p, place);
        else
            place_at_offset(&p, place);
        if (place->size_bytes == 0)
            continue;
        check_overlap(u, regions, plan_image_count(plan), i, &p);
        end = place->addr + place->size_bytes > end ? place->addr + place->size_bytes : end;
    }
    plan_require_bytes(plan, end);
    if (plan_image_count(plan) + u->unit->image_count > RECIPE_IMAGES_MAX)
        doc_report_add(report, recipe->at[RECIPE_KEY_UNIT],
                       "with those of the unit there are more than %d images", RECIPE_IMAGES_MAX);
    if (recipe->flash.size == RECIPE_SIZE_GIVEN && end > recipe->flash.size_bytes)
        doc_report_add(report, recipe->at[RECIPE_KEY_FLASH_SIZE],
                       "the unit's images end at 0x%" PRIx32 ", behind the end of the flash", end);
}

/* ---- An example ---- */

/* As long as a value may well be. */
static char *made_up(const struct unit_value *v)
{
    char *text = NULL;
    const size_t n = v->min > 8 ? (size_t)v->min : v->max < 8 ? (size_t)v->max : 8;
    if (v->type == UNIT_NUMBER)
        return asprintf(&text, "%" PRId64,
                        v->min > 0   ? v->min
                        : v->max < 0 ? v->max
                                     : 0) < 0
                   ? NULL
                   : text;
    const size_t letters = v->type == UNIT_HEX ? 2 * n : n;
    text = malloc(letters + 1);
    if (!text)
        return NULL;
    memset(text, v->chars == UNIT_CHARS_DIGITS ? '0' : 'X', letters);
    for (size_t i = 0; v->type == UNIT_HEX && i < letters; i++)
        text[i] = (char)('0' + i % 10); /* bytes that are all the same are no keys */
    text[letters] = '\0';
    return text;
}

static char *example_number(const struct unit_value *v, int64_t utc_ms)
{
    char text[PATTERN_TEXT_CAP] = "";
    pattern_make(&v->pattern, v->start, utc_ms, text, sizeof text);
    unit_value_canon(v, text);
    return strdup(text);
}

static char *example_of_board(const struct unit_value *v)
{
    static const char *const macs[] = { [UNIT_LOWER] = "24:0a:c4:00:00:01",
                                        [UNIT_UPPER] = "24:0A:C4:00:00:01",
                                        [UNIT_LOWER_PLAIN] = "240ac4000001",
                                        [UNIT_UPPER_PLAIN] = "240AC4000001" };
    if (v->fact == UNIT_CHIP)
        return strdup("esp32");
    return strdup(v->fact == UNIT_FLASH_ID ? "1640ef" : macs[v->form]);
}

bool job_unit_example(const struct job_unit *u, int64_t utc_ms, char *texts[static UNIT_VALUES_MAX],
                      size_t rows[static UNIT_POOLS_MAX])
{
    bool ok = true;
    for (size_t i = 0; i < UNIT_POOLS_MAX; i++)
        rows[i] = u->pools[i] ? 0 : POOL_NO_ROW;
    for (size_t i = 0; i < UNIT_VALUES_MAX; i++)
        texts[i] = NULL;
    for (size_t i = 0; i < u->unit->value_count; i++) {
        const struct unit_value *v = &u->unit->values[i];
        switch (v->from) {
        case UNIT_FROM_COUNTER:
            texts[i] = example_number(v, utc_ms);
            break;
        case UNIT_FROM_POOL:
            texts[i] = pool_value(u->pools[v->pool_index], 0, v);
            break;
        case UNIT_FROM_BOARD:
            texts[i] = example_of_board(v);
            break;
        case UNIT_FROM_SCAN:
        case UNIT_FROM_RANDOM:
            texts[i] = made_up(v);
            break;
        case UNIT_FROM_RECIPE:
        case UNIT_FROM_COUNT:
            texts[i] = strdup(v->constant);
            break;
        }
        ok = ok && texts[i];
    }
    return ok;
}

/* The first unit of the pools, made once: images that do not fit are a mistake of the recipe. */
static bool try_images(const struct job_unit *u, struct doc_report *report, struct err *e)
{
    char *texts[UNIT_VALUES_MAX];
    struct unit_instance in = { .unit = u->unit, .material = &u->material, .pools = u->pools };
    bool ok = job_unit_example(u, 0, texts, in.rows);
    memcpy(in.texts.texts, texts, sizeof texts);
    for (size_t i = 0; ok && i < u->unit->image_count; i++) {
        const struct job_place *place = &u->places[i];
        struct err failure = { 0 };
        const char *own_key = u->unit->images[i].key_file;
        uint8_t *bytes = malloc(place->size_bytes);
        ok = bytes != NULL;
        /* a key of each unit's own need not be there for one that there is not */
        if (ok && !(own_key && strchr(own_key, '{')) &&
            !unit_bytes_make(&in, i, place->read_only, bytes, place->size_bytes, &failure))
            doc_report_add(report, u->unit->images[i].at, "%s", failure.what);
        unit_wipe(bytes, bytes ? place->size_bytes : 0);
    }
    for (size_t i = 0; i < UNIT_VALUES_MAX; i++)
        unit_wipe(texts[i], texts[i] ? strlen(texts[i]) : 0);
    return ok || err_set(e, ERR_STATION, "Out of memory for a unit");
}

/* ---- Facts of the board ---- */

static void check_facts(const struct job_unit *u, const struct recipe *recipe,
                        struct doc_report *report)
{
    const struct chip_mac mac = { .bytes = { 0x24 }, .count = 6 };
    uint8_t made[6];
    for (size_t i = 0; i < u->unit->value_count; i++) {
        const struct unit_value *v = &u->unit->values[i];
        const enum mac_use use = v->fact == UNIT_MAC_AP         ? MAC_AP
                                 : v->fact == UNIT_MAC_BT       ? MAC_BT
                                 : v->fact == UNIT_MAC_ETHERNET ? MAC_ETHERNET
                                                                : MAC_BASE;
        if (v->from == UNIT_FROM_BOARD && !board_mac_of(recipe->chip, &mac, use, made))
            doc_report_add(report, v->at[UNIT_AT_FACT], "%s has no such address",
                           recipe->chip->name);
    }
}

/* ---- Keys that are burnt ---- */

/* They stand in their pool's file. */
static bool lock_pools(const struct job_unit *u, const struct recipe *recipe, struct err *e)
{
    for (size_t i = 0; i < recipe->security.key_count; i++) {
        const char *name = recipe->security.keys[i].value;
        const size_t at = name ? unit_value_find(u->unit, name, strlen(name)) : UNIT_NO_VALUE;
        const struct unit_value *v = at != UNIT_NO_VALUE ? &u->unit->values[at] : NULL;
        if (v && v->from == UNIT_FROM_POOL && u->pools[v->pool_index] &&
            !pool_lock(u->pools[v->pool_index], e))
            return false;
    }
    return true;
}

/* ---- Its life ---- */

static bool open_all(struct job_unit *u, const struct recipe *recipe, struct plan *plan,
                     struct doc_report *report, struct err *e)
{
    if (!u->unit->asked)
        return true;
    check_facts(u, recipe, report);
    place_images(u, recipe, plan, report);
    if (!unit_material_read(u->unit, &u->material, report, e) && e->code == ERR_STATION)
        return false;
    for (size_t i = 0; i < u->unit->pool_count; i++) {
        u->pools[i] = pool_open(u->unit, i, report, e);
        if (!u->pools[i] && e->code == ERR_STATION)
            return false;
    }
    if (report->total == 0 && (!lock_pools(u, recipe, e) || !try_images(u, report, e)))
        return false;
    return report->total == 0 ||
           err_set(e, ERR_RECIPE, "The recipe '%s' has %zu mistake%s", recipe->path, report->total,
                   report->total == 1 ? "" : "s");
}

struct job_unit *job_unit_new(const struct recipe *recipe, struct plan *plan,
                              struct doc_report *report, struct err *e)
{
    struct job_unit *u = calloc(1, sizeof *u);
    if (!u) {
        err_set(e, ERR_STATION, "Out of memory");
        return NULL;
    }
    u->unit = &recipe->unit;
    if (open_all(u, recipe, plan, report, e))
        return u;
    job_unit_free(u);
    return NULL;
}

void job_unit_free(struct job_unit *u)
{
    if (!u)
        return;
    for (size_t i = 0; i < UNIT_POOLS_MAX; i++)
        pool_free(u->pools[i]);
    unit_material_done(&u->material);
    free(u);
}

/* ---- A board's own ---- */

/* To be ended with unit_wipe. NULL: *e. */
static uint8_t *make_image(const struct job_unit *u, const struct unit_instance *instance, size_t i,
                           struct err *e)
{
    const struct job_place *place = &u->places[i];
    uint8_t *bytes = malloc(place->size_bytes);
    if (!bytes)
        err_set(e, ERR_STATION, "Out of memory for a unit");
    if (bytes && unit_bytes_make(instance, i, place->read_only, bytes, place->size_bytes, e))
        return bytes;
    unit_wipe(bytes, bytes ? place->size_bytes : 0);
    return NULL;
}

bool job_unit_try(const struct job_unit *u, const struct unit_instance *instance, struct err *e)
{
    for (size_t i = 0; i < u->unit->image_count; i++) {
        uint8_t *bytes = make_image(u, instance, i, e);
        if (!bytes)
            return false;
        unit_wipe(bytes, u->places[i].size_bytes);
    }
    return true;
}

/* Where nothing is written: bytes that no image has, and why; NULL: *e. */
static uint8_t *stand_in(const struct job_unit *u, const struct unit_instance *instance, size_t i,
                         struct job_unit_lacks *lacks, struct err *e)
{
    struct err failure = { 0 };
    uint8_t *bytes = NULL;
    if (unit_bytes_knows(instance, i, lacks->why[i]))
        bytes = make_image(u, instance, i, &failure);
    if (bytes)
        return bytes;
    if (failure.code != ERR_NONE && failure.code != ERR_UNIT) {
        *e = failure;
        return NULL;
    }
    if (failure.code == ERR_UNIT)
        snprintf(lacks->why[i], UNIT_WHY_CAP, "%.159s", failure.what);
    bytes = calloc(1, u->places[i].size_bytes);
    if (!bytes)
        err_set(e, ERR_STATION, "Out of memory for a unit");
    return bytes;
}

struct plan_variant *job_unit_variant(const struct job_unit *u, const struct plan *plan,
                                      const struct plan_variant *shared,
                                      const struct unit_instance *instance,
                                      struct job_unit_lacks *lacks, struct err *e)
{
    struct plan_source sources[UNIT_IMAGES_MAX] = { 0 };
    uint8_t *bytes[UNIT_IMAGES_MAX] = { NULL };
    struct plan_variant *v = NULL;
    bool ok = true;
    for (size_t i = 0; ok && i < u->unit->image_count; i++) {
        const struct job_place *place = &u->places[i];
        bytes[i] = lacks ? stand_in(u, instance, i, lacks, e) : make_image(u, instance, i, e);
        ok = bytes[i] != NULL;
        sources[i] = (struct plan_source){ .name = place->label,
                                           .bytes = bytes[i],
                                           .size_bytes = place->size_bytes,
                                           .offset_addr = place->addr,
                                           .data = true };
    }
    if (ok)
        v = plan_variant_with(plan, shared, sources, u->unit->image_count, e);
    for (size_t i = 0; i < u->unit->image_count; i++)
        unit_wipe(bytes[i], bytes[i] ? u->places[i].size_bytes : 0);
    return v;
}
