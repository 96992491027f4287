/*
 * mfg_gen has a configuration (which keys, of which encoding) and values (a row for each unit). The
 * values are a pool as they are; the configuration becomes values and keys of the recipe.
 */
#include "station/commands/unit_import.h"

#include "core/base/csv_table.h"
#include "core/nvs/nvs_table.h"
#include "recipes/units/unit.h"
#include "station/base/infile.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX_BYTES ((size_t)64 << 20)
#define KEYS_MAX       64

struct importer {
    const struct unit_import *o;
    struct nvs_text config, values;
    struct csv_table keys, rows;
    struct entry {
        const char *space, *key, *encoding;
        bool repeat, file;
        char name[UNIT_NAME_MAX + 1]; /* of its value */
    } entries[KEYS_MAX];
    size_t count;
};

/* ---- Reading ---- */

static bool read_text(const char *path, struct nvs_text *text, struct err *e)
{
    uint8_t *bytes;
    size_t n;
    if (!infile_read(path, FILE_MAX_BYTES, &bytes, &n, e))
        return false;
    *text = (struct nvs_text){ path, (const char *)bytes, n };
    return true;
}

static bool read_value(void *ctx, const char *path, uint8_t **bytes, size_t *n, struct err *e)
{
    (void)ctx;
    return infile_read(path, FILE_MAX_BYTES, bytes, n, e);
}

static void print_mistakes(const struct nvs_report *report)
{
    for (size_t i = 0; i < report->kept; i++)
        fprintf(stderr, "%s:%zu:%zu: %s\n", report->mistakes[i].file, report->mistakes[i].line,
                report->mistakes[i].column, report->mistakes[i].sentence);
}

/* All rows, by the reader that makes images of them. */
static bool judge(const struct importer *m, struct err *e)
{
    static struct nvs_report report;
    const struct nvs_files files = { read_value, NULL };
    const char *const unique[] = { m->o->serial };
    struct nvs_units *units =
        nvs_units_open(&m->config, &m->values, NULL, unique, 1, &files, 2, &report, e);
    print_mistakes(&report);
    nvs_units_free(units);
    return units != NULL;
}

static bool parse(const struct nvs_text *text, struct csv_table *table, struct err *e)
{
    struct csv_problem p;
    return csv_table_read(text->bytes, text->n, false, table, &p) ||
           err_set(e, p.no_memory ? ERR_STATION : ERR_USAGE, "%s:%zu:%zu: %s", text->name, p.line,
                   p.column, p.what);
}

/* ---- Names ---- */

/* A word of the recipe's values, and none that was there. */
static void name_entry(struct importer *m, struct entry *entry)
{
    char bare[UNIT_NAME_MAX - 3];
    size_t n = 0;
    for (const char *c = entry->key; *c && n + 1 < sizeof bare; c++)
        bare[n++] = isalnum((unsigned char)*c) ? (char)tolower((unsigned char)*c) : '_';
    bare[n] = '\0';
    snprintf(entry->name, sizeof entry->name, "%s", bare);
    for (unsigned k = 2; k < 100; k++) {
        bool taken = false;
        for (size_t i = 0; i < m->count; i++)
            taken = taken || strcmp(m->entries[i].name, entry->name) == 0;
        if (!taken)
            return;
        snprintf(entry->name, sizeof entry->name, "%s_%u", bare, k);
    }
}

static const char *word(const struct csv_row *row, size_t i)
{
    return i < row->count ? row->fields[i].text : "";
}

/* "number", "text", "hex"; NULL: a recipe has nothing for it. */
static const char *type_of(const struct entry *entry)
{
    static const char *const numbers[] = { "u8", "i8", "u16", "i16", "u32", "i32", "u64", "i64" };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(entry->encoding, numbers[i]) == 0)
            return "number";
    }
    const bool is_text = entry->file || strcmp(entry->encoding, "string") == 0 ||
                         strcmp(entry->encoding, "base64") == 0;
    return is_text ? "text" : strcmp(entry->encoding, "hex2bin") == 0 ? "hex" : NULL;
}

static bool take_keys(struct importer *m, struct err *e)
{
    const char *space = "";
    for (size_t i = 0; i < m->keys.count; i++) {
        const struct csv_row *row = &m->keys.rows[i];
        if (strcmp(word(row, 1), "namespace") == 0) {
            space = word(row, 0);
            continue;
        }
        struct entry entry = { .space = space,
                               .key = word(row, 0),
                               .encoding = word(row, 2),
                               .repeat = strcmp(word(row, 3), "REPEAT") == 0,
                               .file = strcmp(word(row, 1), "file") == 0 };
        if (!type_of(&entry)) {
            printf("# not carried over: %s of %s (%s %s)\n", entry.key, space, word(row, 1),
                   entry.encoding);
            continue;
        }
        if (m->count == KEYS_MAX || m->count == UNIT_VALUES_MAX)
            return err_set(e, ERR_USAGE, "A unit has at most %d values", UNIT_VALUES_MAX);
        name_entry(m, &entry);
        m->entries[m->count++] = entry;
    }
    return true;
}

/* ---- Writing ---- */

/* In double quotes, as YAML and JSON have it; the table holds plain text alone. */
static void put_quoted(const char *text)
{
    putchar('"');
    for (; *text; text++)
        printf("%s%c", *text == '"' || *text == '\\' ? "\\" : "", *text);
    putchar('"');
}

static const char *first_value(const struct importer *m, const char *key)
{
    for (size_t i = 0; m->rows.count > 1 && i < m->rows.rows[0].count; i++) {
        if (strcmp(word(&m->rows.rows[0], i), key) == 0)
            return word(&m->rows.rows[1], i);
    }
    return "";
}

static void put_value(const struct importer *m, const struct entry *entry)
{
    const char *type = type_of(entry);
    printf("    - { name: %s, ", entry->name);
    if (entry->repeat) {
        printf("from: recipe, value: ");
        put_quoted(first_value(m, entry->key));
    } else {
        printf("from: pool, column: ");
        put_quoted(entry->key);
    }
    printf("%s%s }\n",
           strcmp(type, "text") == 0 ? "" : ", type: ", strcmp(type, "text") == 0 ? "" : type);
}

static void put_pool(const struct importer *m)
{
    printf("  pools:\n    - { name: values, file: ");
    put_quoted(m->o->values_path);
    if (m->o->mac) {
        printf(", mac: ");
        put_quoted(m->o->mac);
    }
    printf(" }\n");
}

static void put_keys(const struct importer *m)
{
    printf("  images:\n    - partition: ");
    put_quoted(m->o->partition);
    printf("\n      keys:\n");
    for (size_t i = 0; i < m->count; i++) {
        const struct entry *entry = &m->entries[i];
        printf("        - { space: ");
        put_quoted(entry->space);
        printf(", key: ");
        put_quoted(entry->key);
        const bool is_hex = !entry->file && strcmp(entry->encoding, "hex2bin") == 0;
        printf(", type: %s%s, value: \"{%s}\" }\n", entry->file ? "file-" : "",
               is_hex ? "blob" : entry->encoding, entry->name);
    }
}

static bool put_section(const struct importer *m, struct err *e)
{
    const struct entry *serial = NULL;
    for (size_t i = 0; i < m->count; i++) {
        if (!m->entries[i].repeat && strcmp(m->entries[i].key, m->o->serial) == 0)
            serial = &m->entries[i];
    }
    if (!serial)
        return err_set(e, ERR_USAGE, "No key of %.100s is called '%.40s'", m->o->config_path,
                       m->o->serial);
    printf("unit:\n  serial: %s\n  values:\n", serial->name);
    for (size_t i = 0; i < m->count; i++)
        put_value(m, &m->entries[i]);
    put_pool(m);
    put_keys(m);
    return true;
}

bool unit_import_print(const struct unit_import *import, struct err *e)
{
    struct importer *m = calloc(1, sizeof *m);
    if (!m)
        return err_set(e, ERR_STATION, "Out of memory for an import");
    m->o = import;
    bool ok = read_text(import->config_path, &m->config, e) &&
              read_text(import->values_path, &m->values, e) && judge(m, e);
    const bool keys = ok && parse(&m->config, &m->keys, e);
    const bool rows = keys && parse(&m->values, &m->rows, e);
    ok = rows && take_keys(m, e) && put_section(m, e);
    if (keys)
        csv_table_done(&m->keys);
    if (rows)
        csv_table_done(&m->rows);
    unit_wipe((void *)(uintptr_t)m->config.bytes, m->config.bytes ? m->config.n : 0);
    unit_wipe((void *)(uintptr_t)m->values.bytes, m->values.bytes ? m->values.n : 0);
    free(m);
    return ok;
}
