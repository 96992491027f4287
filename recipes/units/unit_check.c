/*
 * What the keys of the section `unit` say to each other.
 */
#include "core/base/err.h"
#include "core/base/nearest.h"
#include "core/nvs/nvs_table.h"
#include "recipes/units/unit_priv.h"

#include <inttypes.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR_BYTES 4096u

/* ---- Keys that belong to one source ---- */

static const struct {
    enum unit_value_at at;
    const char *key;
    unsigned from; /* a bit for each source that it means something for */
} belongs[] = {
    { UNIT_AT_PATTERN, "pattern", 1u << UNIT_FROM_COUNTER | 1u << UNIT_FROM_SCAN },
    { UNIT_AT_COUNTER, "counter", 1u << UNIT_FROM_COUNTER },
    { UNIT_AT_START, "start", 1u << UNIT_FROM_COUNTER },
    { UNIT_AT_END, "end", 1u << UNIT_FROM_COUNTER },
    { UNIT_AT_STEP, "step", 1u << UNIT_FROM_COUNTER },
    { UNIT_AT_RESTART, "restart", 1u << UNIT_FROM_COUNTER },
    { UNIT_AT_FLEET, "fleet", 1u << UNIT_FROM_COUNTER },
    { UNIT_AT_POOL, "pool", 1u << UNIT_FROM_POOL },
    { UNIT_AT_COLUMN, "column", 1u << UNIT_FROM_POOL },
    { UNIT_AT_FACT, "fact", 1u << UNIT_FROM_BOARD },
    { UNIT_AT_FORM, "form", 1u << UNIT_FROM_BOARD },
    { UNIT_AT_CONSTANT, "value", 1u << UNIT_FROM_RECIPE },
    { UNIT_AT_SECRET, "secret",
      1u << UNIT_FROM_POOL | 1u << UNIT_FROM_SCAN | 1u << UNIT_FROM_RANDOM },
};

static bool given(const struct unit_value *v, enum unit_value_at at)
{
    return v->at[at].line > 0;
}

static void check_source(struct doc_report *report, const struct unit_value *v)
{
    for (size_t i = 0; i < sizeof belongs / sizeof belongs[0]; i++) {
        if (given(v, belongs[i].at) && !(belongs[i].from & 1u << v->from))
            doc_report_add(report, v->at[belongs[i].at], "'%s' means nothing for a value from %s",
                           belongs[i].key, unit_from_words[v->from]);
    }
    if (v->from == UNIT_FROM_RECIPE && !v->constant)
        doc_report_add(report, v->at[UNIT_AT_VALUE],
                       "key 'value' is missing in this value: from recipe takes it from there");
    if (v->from == UNIT_FROM_BOARD && !given(v, UNIT_AT_FACT))
        doc_report_add(report, v->at[UNIT_AT_VALUE],
                       "key 'fact' is missing in this value: which of the board's facts, as in "
                       "fact: mac");
}

/* ---- Limits ---- */

static void check_limits(struct doc_report *report, struct unit_value *v)
{
    const bool number = v->type == UNIT_NUMBER;
    const int64_t least = number ? INT64_MIN : 1;
    const int64_t most = number                ? INT64_MAX
                         : v->type == UNIT_HEX ? UNIT_TEXT_MAX / 2
                                               : UNIT_TEXT_MAX;
    if (!given(v, UNIT_AT_MIN))
        v->min = least;
    if (!given(v, UNIT_AT_MAX))
        v->max = most;
    if (v->min < least || v->max > most)
        doc_report_add(report, v->at[v->min < least ? UNIT_AT_MIN : UNIT_AT_MAX],
                       "the length of a value is %" PRId64 " to %" PRId64, least, most);
    if (v->min > v->max)
        doc_report_add(report, v->at[given(v, UNIT_AT_MIN) ? UNIT_AT_MIN : UNIT_AT_MAX],
                       "'min' is %" PRId64 " and 'max' %" PRId64 ": no value could be right",
                       v->min, v->max);
    if (v->type != UNIT_TEXT && given(v, UNIT_AT_CHARS))
        doc_report_add(report, v->at[UNIT_AT_CHARS], "'chars' is for values of type text");
}

/* ---- Counters ---- */

static bool shows(const struct pattern *p, enum unit_restart restart)
{
    const bool year = pattern_has(p, PATTERN_YEAR) || pattern_has(p, PATTERN_YEAR_2);
    const bool month = year && pattern_has(p, PATTERN_MONTH);
    switch (restart) {
    case UNIT_NEVER:
        return true;
    case UNIT_DAY:
        return month && pattern_has(p, PATTERN_DAY);
    case UNIT_WEEK:
        return pattern_has(p, PATTERN_WEEK) && pattern_has(p, PATTERN_WEEK_YEAR);
    case UNIT_MONTH:
        return month;
    case UNIT_YEAR:
        return year;
    }
    return false;
}

static void check_range(struct doc_report *report, struct unit_value *v)
{
    const uint64_t largest = pattern_largest(&v->pattern);
    if (!given(v, UNIT_AT_START))
        v->start = 1;
    if (!given(v, UNIT_AT_STEP))
        v->step = 1;
    if (!given(v, UNIT_AT_END))
        v->end = largest;
    if (v->step == 0)
        doc_report_add(report, v->at[UNIT_AT_STEP], "'step' is 0: all units would be one");
    if (v->start > v->end)
        doc_report_add(report, v->at[given(v, UNIT_AT_END) ? UNIT_AT_END : UNIT_AT_START],
                       "the counter ends at %" PRIu64 ", before its start at %" PRIu64, v->end,
                       v->start);
    else if (v->end > largest)
        doc_report_add(report, v->at[UNIT_AT_END],
                       "number %" PRIu64 " does not fit into the digits of its pattern, which "
                       "hold %" PRIu64,
                       v->end, largest);
}

static void check_counter(struct doc_report *report, struct unit_value *v)
{
    char why[160];
    const bool own = v->pattern_text != NULL;
    if (!pattern_read(own ? v->pattern_text : "{n}", &v->pattern, why, sizeof why)) {
        doc_report_add(report, v->at[UNIT_AT_PATTERN], "the pattern cannot be used: %s", why);
        return;
    }
    check_range(report, v);
    if (!shows(&v->pattern, v->restart))
        doc_report_add(report, v->at[UNIT_AT_RESTART],
                       "a counter that begins anew each %s needs %s in its pattern, or two units "
                       "would get the same",
                       v->restart == UNIT_DAY     ? "day"
                       : v->restart == UNIT_WEEK  ? "week"
                       : v->restart == UNIT_MONTH ? "month"
                                                  : "year",
                       v->restart == UNIT_DAY     ? "{yy}, {mm} and {dd}"
                       : v->restart == UNIT_WEEK  ? "{gg} and {ww}"
                       : v->restart == UNIT_MONTH ? "{yy} and {mm}"
                                                  : "{yy}");
}

/* Back-references can take for ever, and tell nothing that a label needs. */
static void check_scan(struct doc_report *report, const struct unit_value *v)
{
    regex_t re;
    char why[80];
    if (!v->pattern_text)
        return;
    for (const char *p = v->pattern_text; (p = strchr(p, '\\')) != NULL; p += p[1] ? 2 : 1) {
        if (p[1] >= '1' && p[1] <= '9') {
            doc_report_add(report, v->at[UNIT_AT_PATTERN],
                           "the pattern cannot be used: \\%c refers to what was matched before",
                           p[1]);
            return;
        }
    }
    const int rc = regcomp(&re, v->pattern_text, REG_EXTENDED | REG_NOSUB);
    if (rc == 0) {
        regfree(&re);
        return;
    }
    regerror(rc, NULL, why, sizeof why);
    doc_report_add(report, v->at[UNIT_AT_PATTERN], "the pattern cannot be used: %s", why);
}

/* ---- Names ---- */

/* The pool of this name, or the only one where none is named. */
static size_t find_pool(struct doc_report *report, const struct unit *u, const char *name,
                        struct doc_pos at)
{
    struct nearest near;
    char quoted[QUOTE_BYTES];
    if (!name && u->pool_count == 1)
        return 0;
    if (!name) {
        doc_report_add(report, at,
                       u->pool_count ? "key 'pool' is missing: which of the pools?"
                                     : "there is no pool: 'unit' needs 'pools'");
        return UNIT_NO_VALUE;
    }
    nearest_init(&near, name);
    for (size_t i = 0; i < u->pool_count; i++) {
        if (u->pools[i].name && strcmp(u->pools[i].name, name) == 0)
            return i;
        if (u->pools[i].name)
            nearest_offer(&near, u->pools[i].name, u->pools[i].name);
    }
    value_quote(name, quoted, sizeof quoted);
    if (near.best)
        doc_report_add(report, at, "there is no pool '%s'; did you mean '%s'?", quoted, near.best);
    else
        doc_report_add(report, at, "there is no pool '%s' in 'pools'", quoted);
    return UNIT_NO_VALUE;
}

static void report_unknown_value(struct doc_report *report, struct doc_pos at, const struct unit *u,
                                 const char *name)
{
    struct nearest near;
    nearest_init(&near, name);
    for (size_t i = 0; i < u->value_count; i++) {
        if (u->values[i].name)
            nearest_offer(&near, u->values[i].name, u->values[i].name);
    }
    if (near.best)
        doc_report_add(report, at, "there is no value '%s'; did you mean '%s'?", name, near.best);
    else
        doc_report_add(report, at, "there is no value '%s' in 'values'", name);
}

/* Whether all that stands in braces is a value; *any: something does. */
static bool check_braces(struct doc_report *report, struct doc_pos at, const struct unit *u,
                         const char *text, bool *any)
{
    const size_t n = strlen(text);
    struct unit_piece piece;
    *any = false;
    for (size_t i = 0; i < n; i += piece.takes) {
        char name[UNIT_NAME_MAX + 1];
        piece = unit_piece_at(UNIT_BRACES_ONE, text + i, n - i);
        if (piece.alone) {
            doc_report_add(report, at, "a brace stands alone; a value is {NAME}, a brace {{ or }}");
            return false;
        }
        *any = *any || piece.name;
        if (!piece.name || unit_value_find(u, piece.name, piece.length) != UNIT_NO_VALUE)
            continue;
        snprintf(name, sizeof name, "%.*s", (int)piece.length, piece.name);
        report_unknown_value(report, at, u, name);
        return false;
    }
    return true;
}

/* ---- Values ---- */

static void check_pool_value(struct doc_report *report, const struct unit *u, struct unit_value *v)
{
    const struct doc_pos at = v->at[v->pool ? UNIT_AT_POOL : UNIT_AT_VALUE];
    v->pool_index = find_pool(report, u, v->pool, at);
    if (v->pool_index == UNIT_NO_VALUE || !u->pools[v->pool_index].folder)
        return;
    if (strcmp(v->column ? v->column : v->name, "name") != 0)
        doc_report_add(report, v->at[v->column ? UNIT_AT_COLUMN : UNIT_AT_VALUE],
                       "a folder has no columns; column: name gives the name of the unit's file");
}

static void check_constant(struct doc_report *report, const struct unit_value *v)
{
    struct err e = { 0 };
    if (!v->constant || v->min > v->max)
        return;
    if (unit_value_accepts(v, v->constant, &e))
        unit_value_canon(v, v->constant);
    else
        doc_report_add(report, v->at[UNIT_AT_CONSTANT], "%s", e.what);
}

/* Nobody chose it, and nobody needs to know it. */
static void check_random(struct doc_report *report, struct unit_value *v)
{
    if (v->type != UNIT_HEX || v->min != v->max)
        doc_report_add(report, v->at[UNIT_AT_VALUE],
                       "what is random needs its length: type: hex, and min and max the same "
                       "number of bytes, as 64 for keys of NVS");
    if (given(v, UNIT_AT_SECRET) && v->secret == UNIT_FALSE)
        doc_report_add(report, v->at[UNIT_AT_SECRET], "what is random is a secret");
    v->secret = UNIT_TRUE;
}

static void check_value(struct doc_report *report, struct unit *u, size_t i)
{
    struct unit_value *const v = &u->values[i];
    if (!v->name || !given(v, UNIT_AT_FROM)) /* said already */
        return;
    if (unit_value_find(u, v->name, strlen(v->name)) < i)
        doc_report_add(report, v->at[UNIT_AT_NAME], "the value '%s' is there twice", v->name);
    check_source(report, v);
    check_limits(report, v);
    if (v->from == UNIT_FROM_COUNTER)
        check_counter(report, v);
    else if (v->from == UNIT_FROM_SCAN)
        check_scan(report, v);
    else if (v->from == UNIT_FROM_POOL)
        check_pool_value(report, u, v);
    else if (v->from == UNIT_FROM_RECIPE)
        check_constant(report, v);
    else if (v->from == UNIT_FROM_RANDOM)
        check_random(report, v);
    if (given(v, UNIT_AT_UNIQUE))
        v->unique = v->unique_given == UNIT_TRUE;
    else
        v->unique = v->secret == UNIT_TRUE || i == u->serial_index;
    if (v->unique && v->from == UNIT_FROM_RECIPE)
        doc_report_add(report, v->at[UNIT_AT_VALUE],
                       "the value '%s' is the recipe's, the same for all units: it cannot be "
                       "unique",
                       v->name);
}

static void check_serial(struct doc_report *report, struct unit *u, struct doc_pos at)
{
    u->serial_index = UNIT_NO_VALUE;
    if (!u->serial)
        return;
    u->serial_index = unit_value_find(u, u->serial, strlen(u->serial));
    if (u->serial_index == UNIT_NO_VALUE) {
        report_unknown_value(report, at, u, u->serial);
        return;
    }
    const struct unit_value *const v = &u->values[u->serial_index];
    if (v->secret == UNIT_TRUE)
        doc_report_add(report, v->at[UNIT_AT_SECRET],
                       "the serial is no secret: it tells units "
                       "apart, in the record and on labels");
    if (given(v, UNIT_AT_UNIQUE) && v->unique_given == UNIT_FALSE)
        doc_report_add(report, v->at[UNIT_AT_UNIQUE], "a serial is unique");
}

/* ---- Pools ---- */

/* What a row is known by should it be edited: a value that no other unit may have. */
static void check_pool_use(struct doc_report *report, const struct unit *u, size_t i)
{
    bool used = false, unique = false;
    for (size_t k = 0; k < u->value_count; k++) {
        const struct unit_value *const v = &u->values[k];
        if (v->from != UNIT_FROM_POOL || v->pool_index != i)
            continue;
        used = true;
        unique = unique || v->unique;
    }
    for (size_t k = 0; k < u->image_count; k++)
        used = used || (u->images[k].pool && u->images[k].pool_index == i) ||
               (u->images[k].key_pool && u->images[k].key_pool_index == i);
    if (!used)
        doc_report_add(report, u->pools[i].at, "nothing takes from the pool '%s'",
                       u->pools[i].name);
    else if (!unique && u->pools[i].file)
        doc_report_add(report, u->pools[i].at,
                       "none of the values from pool '%s' is unique: a row that is edited would be "
                       "taken for a new one; say unique: true for one",
                       u->pools[i].name);
}

static void check_pool(struct doc_report *report, const struct unit *u, size_t i)
{
    const struct unit_pool *const p = &u->pools[i];
    for (size_t k = 0; p->name && k < i; k++) {
        if (u->pools[k].name && strcmp(u->pools[k].name, p->name) == 0)
            doc_report_add(report, p->name_at, "the pool '%s' is there twice", p->name);
    }
    if (p->file_at.line && p->folder_at.line)
        doc_report_add(report, p->folder_at, "a pool is a file or a folder, not both");
    else if (!p->file_at.line && !p->folder_at.line)
        doc_report_add(report, p->at, "key 'file' or 'folder' is missing in this pool");
    if (p->folder && p->mac && strcmp(p->mac, "name") != 0)
        doc_report_add(report, p->mac_at,
                       "a folder has no columns; mac: name binds files by their names");
}

/* ---- Images ---- */

static void check_number(struct doc_report *report, const struct unit_entry *entry)
{
    const enum nvs_type type = unit_entry_types[entry->type].type;
    const unsigned bits = 8 * (unsigned)nvs_number_bytes(type);
    const bool has_sign = (type & 0x10) != 0;
    struct unit_value range = {
        .name = entry->key,
        .type = UNIT_NUMBER,
        .from = UNIT_FROM_RECIPE,
        .min = has_sign ? (bits < 64 ? -((int64_t)1 << (bits - 1)) : INT64_MIN) : 0,
        .max = bits == 64 ? INT64_MAX : ((int64_t)1 << (has_sign ? bits - 1 : bits)) - 1
    };
    struct err e = { 0 };
    if (!unit_value_accepts(&range, entry->value, &e))
        doc_report_add(report, entry->value_at, "%s", e.what);
}

static void check_encoded(struct doc_report *report, const struct unit_entry *entry,
                          const char *encoding)
{
    struct nvs_row row;
    struct err e = { 0 };
    if (!nvs_table_value(encoding, false, entry->value, NULL, 2, &row, &e))
        doc_report_add(report, entry->value_at, "%s", e.what);
    unit_wipe(row.bytes, row.n);
}

/* A value without braces is known now. */
static void check_fixed(struct doc_report *report, const struct unit_entry *entry)
{
    const struct unit_entry_type *const form = &unit_entry_types[entry->type];
    const enum nvs_type type = form->type;
    struct unit_value blob = { .name = entry->key,
                               .type = UNIT_HEX,
                               .from = UNIT_FROM_RECIPE,
                               .min = 1,
                               .max = UNIT_TEXT_MAX };
    struct err e = { 0 };
    if (nvs_number_bytes(type) > 0)
        check_number(report, entry);
    else if (form->encoding && !form->file)
        check_encoded(report, entry, form->encoding);
    else if (type == NVS_BLOB && !form->encoding && !unit_value_accepts(&blob, entry->value, &e))
        doc_report_add(report, entry->value_at, "%s", e.what);
}

/* A path is shown where its file cannot be read. `scans`: a scan may be part of it, where it is a
 * name and no more; else who scans would choose what is read. */
static void check_path(struct doc_report *report, const struct unit *u, struct doc_pos at,
                       const char *path, bool scans)
{
    const size_t n = strlen(path);
    struct unit_piece piece;
    for (size_t i = 0; i < n; i += piece.takes) {
        piece = unit_piece_at(UNIT_BRACES_ONE, path + i, n - i);
        const size_t value =
            piece.name ? unit_value_find(u, piece.name, piece.length) : UNIT_NO_VALUE;
        if (value == UNIT_NO_VALUE)
            continue;
        const struct unit_value *const v = &u->values[value];
        if (v->secret == UNIT_TRUE || v->from == UNIT_FROM_RANDOM)
            doc_report_add(report, at, "'%s' is secret, and cannot be part of a path", v->name);
        else if (v->from == UNIT_FROM_SCAN && !scans)
            doc_report_add(report, at, "'%s' is scanned, and cannot say which file is read",
                           v->name);
    }
}

/* A number or a blob made of one value alone needs one of its type. */
static void check_reference(struct doc_report *report, const struct unit *u,
                            const struct unit_entry *entry)
{
    const struct unit_entry_type *const form = &unit_entry_types[entry->type];
    const enum nvs_type type = form->type;
    const size_t n = strlen(entry->value);
    if (form->file)
        check_path(report, u, entry->value_at, entry->value, false);
    const size_t value = n > 2 ? unit_value_find(u, entry->value + 1, n - 2) : UNIT_NO_VALUE;
    if (value == UNIT_NO_VALUE)
        return;
    const struct unit_value *const v = &u->values[value];
    if (nvs_number_bytes(type) > 0 && v->type != UNIT_NUMBER)
        doc_report_add(report, entry->value_at,
                       "the key is a number, and '%s' is not: give that value type: number",
                       v->name);
    else if (type == NVS_BLOB && !form->encoding && v->type != UNIT_HEX)
        doc_report_add(report, entry->value_at,
                       "the key is a blob, and '%s' is not: give that value type: hex", v->name);
}

static bool is_nvs_name(const char *name)
{
    for (const char *p = name; *p; p++) {
        if (*p <= ' ' || *p > '~')
            return false;
    }
    return true;
}

static void check_names(struct doc_report *report, const struct unit_image *image, size_t i)
{
    const struct unit_entry *const entry = &image->entries[i];
    if (!is_nvs_name(entry->space) || !is_nvs_name(entry->key))
        doc_report_add(report, entry->at, "names in NVS are 1 to 15 letters of ASCII");
    for (size_t k = 0; k < i; k++) {
        const struct unit_entry *const other = &image->entries[k];
        if (!other->space || !other->key || strcmp(other->space, entry->space) != 0)
            continue;
        if (strcmp(other->key, entry->key) == 0)
            doc_report_add(report, entry->key_at, "the key '%s' is in '%s' twice", entry->key,
                           entry->space);
        if (k + 1 < i && image->entries[i - 1].space &&
            strcmp(image->entries[i - 1].space, entry->space) != 0) {
            doc_report_add(report, entry->space_at,
                           "the keys of '%s' do not stand one after the other", entry->space);
            return;
        }
    }
}

static void check_entries(struct doc_report *report, const struct unit *u,
                          const struct unit_image *image)
{
    for (size_t i = 0; i < image->entry_count; i++) {
        const struct unit_entry *const entry = &image->entries[i];
        bool any;
        if (!entry->space || !entry->key || !entry->value || entry->type_at.line == 0)
            continue; /* said already */
        check_names(report, image, i);
        if (!check_braces(report, entry->value_at, u, entry->value, &any))
            continue;
        if (any)
            check_reference(report, u, entry);
        else
            check_fixed(report, entry);
    }
}

static void check_place(struct doc_report *report, const struct unit *u, size_t i)
{
    const struct unit_image *const image = &u->images[i];
    const bool offset = image->offset_at.line > 0;
    if (image->partition_at.line && offset)
        doc_report_add(report, image->offset_at, "an image has a partition or an offset, not both");
    else if (!image->partition_at.line && !offset)
        doc_report_add(report, image->at, "key 'partition' or 'offset' is missing in this image");
    if (offset && image->size_at.line == 0)
        doc_report_add(report, image->offset_at, "an image at an offset needs its size, too");
    if (!offset && image->size_at.line)
        doc_report_add(report, image->size_at, "the size of a partition is that of the table");
    if (offset && image->offset_bytes % SECTOR_BYTES != 0)
        doc_report_add(report, image->offset_at, "0x%x is no multiple of 0x1000",
                       image->offset_bytes);
    if (image->size_bytes % SECTOR_BYTES != 0)
        doc_report_add(report, image->size_at, "0x%x is no multiple of 0x1000", image->size_bytes);
    for (size_t k = 0; image->partition && k < i; k++) {
        if (u->images[k].partition && strcmp(u->images[k].partition, image->partition) == 0)
            doc_report_add(report, image->partition_at, "the partition '%s' has two images",
                           image->partition);
    }
}

/* The value of this name, if it is hex of so many bytes. */
static size_t find_keys(struct doc_report *report, const struct unit *u, const char *name,
                        struct doc_pos at, int64_t bytes)
{
    const size_t i = name ? unit_value_find(u, name, strlen(name)) : UNIT_NO_VALUE;
    if (name && i == UNIT_NO_VALUE)
        report_unknown_value(report, at, u, name);
    else if (name && (u->values[i].type != UNIT_HEX || u->values[i].min != bytes ||
                      u->values[i].max != bytes))
        doc_report_add(report, at,
                       "'%s' cannot be the keys: they are a value of type: hex with min: %" PRId64
                       " and max: %" PRId64,
                       name, bytes, bytes);
    return i;
}

/* The folder of that name. */
static size_t find_folder(struct doc_report *report, const struct unit *u, const char *name,
                          struct doc_pos at)
{
    const size_t i = name ? find_pool(report, u, name, at) : UNIT_NO_VALUE;
    if (i != UNIT_NO_VALUE && !u->pools[i].folder)
        doc_report_add(report, at, "the pool '%s' is no folder of files", name);
    return i;
}

/* Where the keys come from that the image is encrypted with. */
static void check_encrypt(struct doc_report *report, const struct unit *u, struct unit_image *image)
{
    const bool hmac = image->encrypt == UNIT_ENCRYPT_HMAC;
    const struct doc_pos at[] = { image->key_at, image->key_value_at, image->key_pool_at };
    const int ways = (at[0].line > 0) + (at[1].line > 0) + (at[2].line > 0);
    bool any;
    if (image->encrypt != UNIT_PLAIN && ways != 1)
        doc_report_add(report, image->encrypt_at,
                       "'encrypt' needs the keys, by one of key_file, key_value and key_pool; this "
                       "has %s",
                       ways ? "more" : "none");
    for (size_t i = 0; image->encrypt == UNIT_PLAIN && i < sizeof at / sizeof at[0]; i++) {
        if (at[i].line)
            doc_report_add(report, at[i], "keys need encrypt: keys, or encrypt: hmac");
    }
    if (image->key_file && check_braces(report, image->key_at, u, image->key_file, &any))
        check_path(report, u, image->key_at, image->key_file, true);
    image->key_value_index = find_keys(report, u, image->key_value, image->key_value_at,
                                       hmac ? NVS_HMAC_BYTES : NVS_KEYS_BYTES);
    image->key_pool_index = find_folder(report, u, image->key_pool, image->key_pool_at);
    if (hmac && image->key_value_index != UNIT_NO_VALUE &&
        u->values[image->key_value_index].from == UNIT_FROM_RANDOM)
        doc_report_add(report, image->key_value_at,
                       "the HMAC key is burnt into the chip, and one that is random nobody could "
                       "burn: take it from a pool");
}

static void check_content(struct doc_report *report, struct unit *u, struct unit_image *image)
{
    const bool keys = image->entry_count > 0;
    const int ways = keys + (image->pool_at.line > 0) + (image->template_at.line > 0) +
                     (image->nvs_keys_at.line > 0);
    if (ways != 1)
        doc_report_add(report, image->at,
                       "an image has one of keys, pool, template and nvs_keys; this has %s",
                       ways ? "more" : "none");
    image->pool_index = find_folder(report, u, image->pool, image->pool_at);
    image->nvs_keys_index =
        find_keys(report, u, image->nvs_keys, image->nvs_keys_at, NVS_KEYS_BYTES);
    const struct doc_pos for_keys[] = {
        image->version_at,   image->encrypt_at,  image->key_at,
        image->key_value_at, image->key_pool_at, image->compare_at
    };
    for (size_t i = 0; !keys && i < sizeof for_keys / sizeof for_keys[0]; i++) {
        if (for_keys[i].line)
            doc_report_add(report, for_keys[i], "this is for images with 'keys'");
    }
    check_encrypt(report, u, image);
}

/* ---- The section ---- */

void unit_check(struct values *v, struct unit *u, struct doc_pos serial_at)
{
    struct doc_report *const report = v->report;
    if (v->base_dir && !(u->folder = strdup(v->base_dir)))
        value_no_memory(v);
    check_serial(report, u, serial_at);
    for (size_t i = 0; i < u->value_count; i++)
        check_value(report, u, i);
    for (size_t i = 0; i < u->image_count; i++) {
        check_place(report, u, i);
        check_content(report, u, &u->images[i]);
        check_entries(report, u, &u->images[i]);
    }
    for (size_t i = 0; i < u->pool_count; i++) {
        check_pool(report, u, i);
        if (u->pools[i].name)
            check_pool_use(report, u, i);
    }
}
