/* The pair of files of mfg_gen: what each unit has, and the values of all units. */
#include "core/base/err.h"
#include "core/nvs/nvs_table_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONFIG_FIELDS_MAX 4u /* key, type, encoding, REPEAT */

/* A row of the configuration. */
struct spec {
    const struct csv_field *key, *encoding;
    bool space, file, repeat;
    size_t column; /* of its values */
};

struct nvs_units {
    struct csv_table config, values;
    const char *values_name;
    struct spec *specs;
    size_t spec_count;
    const struct csv_field **ids; /* NULL: by number */
    struct nvs_files files;
    unsigned version;
};

/* ---- The configuration ---- */

static bool is_word(const struct csv_row *row, size_t i, const char *word)
{
    return i < row->count && strcmp(row->fields[i].text, word) == 0;
}

/* Comments and the table of nvs_partition_gen are taken for keys there. */
static bool check_kind(struct nvs_judge *j, const struct csv_row *row)
{
    if (row->fields[0].text[0] == '#')
        return nvs_mistake(j, &row->fields[0], "a configuration has no comments");
    if (is_word(row, 0, "key") && is_word(row, 1, "type"))
        return nvs_mistake(j, &row->fields[0],
                           "this is the table of one image and no configuration, which has no "
                           "header; leave --config out");
    if (is_word(row, 0, "namespace"))
        return nvs_mistake(j, &row->fields[0],
                           "a key called 'namespace' is taken for a namespace; give it another "
                           "name");
    for (size_t i = CONFIG_FIELDS_MAX; i < row->count; i++) {
        if (row->fields[i].n > 0)
            return nvs_mistake(j, &row->fields[i],
                               "a row has a key, a type, an encoding and perhaps REPEAT");
    }
    return row->count >= 2 || nvs_mistake(j, &row->fields[0], "the row has no type");
}

static bool take_repeat(struct nvs_judge *j, const struct csv_row *row, struct spec *spec)
{
    spec->repeat = is_word(row, 3, "REPEAT");
    return spec->repeat || row->count < 4 || row->fields[3].n == 0 ||
           nvs_mistake(j, &row->fields[3], "behind the encoding stands REPEAT or nothing");
}

static bool take_spec(struct nvs_judge *j, const struct csv_row *row, bool in_space,
                      struct spec *spec, struct nvs_row *name)
{
    char shown[NVS_SHOWN_CAP];
    if (!check_kind(j, row))
        return false;
    spec->key = &row->fields[0];
    spec->space = name->space = is_word(row, 1, "namespace");
    spec->file = is_word(row, 1, "file");
    if (spec->space)
        return nvs_take_name(j, spec->key, "namespace", name);
    if (!spec->file && !is_word(row, 1, "data"))
        return nvs_mistake(j, &row->fields[1],
                           "'%s' is no type; there are namespace, data and file",
                           nvs_shown(&row->fields[1], shown));
    if (!in_space)
        return nvs_mistake(j, spec->key,
                           "a key stands before any namespace; put a row NAME,namespace, in front");
    if (row->count < 3)
        return nvs_mistake(j, &row->fields[1], "the key has no encoding");
    spec->encoding = &row->fields[2];
    return nvs_take_name(j, spec->key, "key", name) && nvs_check_wifi(j, spec->key) &&
           nvs_check_encoding(j, spec->encoding, spec->file) && take_repeat(j, row, spec);
}

static bool take_specs(struct nvs_judge *j, struct nvs_units *u)
{
    size_t n = u->config.count;
    struct nvs_table names = { calloc(n, sizeof *names.rows), n };
    const struct csv_field **places = calloc(n, sizeof *places);
    bool in_space = false;
    u->specs = calloc(n, sizeof *u->specs);
    u->spec_count = n;
    if (!names.rows || !places || !u->specs) {
        j->no_memory = true;
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        places[i] = &u->config.rows[i].fields[0];
        (void)take_spec(j, &u->config.rows[i], in_space, &u->specs[i], &names.rows[i]);
        in_space = true; /* said once */
    }
    if (j->report->total == 0)
        (void)nvs_check_doubles(j, &names, places);
out:
    free(names.rows);
    free(places);
    return !j->no_memory && j->report->total == 0;
}

/* ---- The columns of the values ---- */

static size_t find_column(const struct csv_row *header, size_t from, const char *name)
{
    while (from < header->count && strcmp(header->fields[from].text, name) != 0)
        from++;
    return from;
}

/* The columns stand in the order of the configuration, others between them. */
static bool find_columns(struct nvs_judge *j, struct nvs_units *u)
{
    const struct csv_row *header = &u->values.rows[0];
    char shown[NVS_SHOWN_CAP];
    size_t from = 0;
    for (size_t i = 0; i < u->spec_count; i++) {
        struct spec *spec = &u->specs[i];
        if (spec->space)
            continue;
        spec->column = find_column(header, from, spec->key->text);
        if (spec->column < header->count) {
            from = spec->column + 1;
            continue;
        }
        size_t before = find_column(header, 0, spec->key->text);
        const struct csv_field *at = &header->fields[before < header->count ? before : 0];
        return nvs_mistake(j, at,
                           before < header->count ? "the column '%s' must stand where the "
                                                    "configuration has it: in "
                                                    "the same order"
                                                  : "there is no column '%s', which the "
                                                    "configuration has",
                           nvs_shown(spec->key, shown));
    }
    return true;
}

static const struct csv_row *unit_row(const struct nvs_units *u, size_t i)
{
    return &u->values.rows[1 + i];
}

/* A field that a short row lacks is empty, and stands at its end. */
static struct csv_field field_of(const struct csv_row *row, size_t column)
{
    if (column < row->count)
        return row->fields[column];
    const struct csv_field *last = &row->fields[row->count - 1];
    return (struct csv_field){ "", 0, last->line, last->column + last->n, false };
}

/* ---- What may not come twice ---- */

static int by_text(const void *a, const void *b)
{
    const struct csv_field *x = a, *y = b;
    int texts = strcmp(x->text, y->text);
    return texts ? texts : (x->line > y->line) - (x->line < y->line);
}

static bool check_unique(struct nvs_judge *j, const struct nvs_units *u, size_t column,
                         const char *name)
{
    size_t n = nvs_units_count(u);
    char shown[NVS_SHOWN_CAP];
    struct csv_field *fields = calloc(n, sizeof *fields);
    if (!fields) {
        j->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < n; i++)
        fields[i] = field_of(unit_row(u, i), column);
    qsort(fields, n, sizeof *fields, by_text);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(fields[i].text, fields[i - 1].text) == 0)
            nvs_mistake(j, &fields[i], "'%s' is in the column '%s' twice, first in line %zu",
                        nvs_shown(&fields[i], shown), name, fields[i - 1].line);
    }
    free(fields);
    return true;
}

static bool check_column(struct nvs_judge *j, const struct nvs_units *u, const char *name,
                         size_t *column)
{
    const struct csv_row *header = &u->values.rows[0];
    *column = find_column(header, 0, name);
    return *column < header->count ||
           nvs_mistake(j, &header->fields[0], "there is no column '%.40s'", name);
}

/* An id becomes part of the name of a file. */
static bool check_id(struct nvs_judge *j, const struct csv_field *id)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._"
                                  "-";
    char shown[NVS_SHOWN_CAP];
    if (id->n > 0 && id->n < NVS_ID_CAP && id->text[0] != '.' && strspn(id->text, allowed) == id->n)
        return true;
    return nvs_mistake(j, id,
                       "'%s' cannot be part of a file's name: up to %u letters, digits and . _ -",
                       nvs_shown(id, shown), NVS_ID_CAP - 1);
}

static bool take_ids(struct nvs_judge *j, struct nvs_units *u, const char *name)
{
    size_t column, n = nvs_units_count(u);
    if (!check_column(j, u, name, &column))
        return false;
    u->ids = calloc(n, sizeof *u->ids);
    if (!u->ids) {
        j->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        struct csv_field id = field_of(unit_row(u, i), column);
        if (check_id(j, &id))
            u->ids[i] = &unit_row(u, i)->fields[column];
    }
    return check_unique(j, u, column, name);
}

/* The value of the first unit counts for all, whatever stands in other rows. */
static void check_repeats(struct nvs_judge *j, const struct nvs_units *u)
{
    for (size_t s = 0; s < u->spec_count; s++) {
        if (!u->specs[s].repeat)
            continue;
        const struct csv_field first = field_of(unit_row(u, 0), u->specs[s].column);
        for (size_t i = 1; i < nvs_units_count(u); i++) {
            const struct csv_field it = field_of(unit_row(u, i), u->specs[s].column);
            if (it.n > 0 && strcmp(it.text, first.text) != 0)
                nvs_mistake(j, &it,
                            "this value is passed over: the column is REPEAT, and all units get "
                            "that of line %zu",
                            first.line);
        }
    }
}

static void check_widths(struct nvs_judge *j, const struct nvs_units *u)
{
    size_t width = u->values.rows[0].count;
    for (size_t i = 0; i < nvs_units_count(u); i++) {
        const struct csv_row *row = unit_row(u, i);
        for (size_t k = width; k < row->count; k++) {
            if (row->fields[k].n == 0)
                continue;
            nvs_mistake(j, &row->fields[k],
                        "the row has more fields than the header; write a value that holds a comma "
                        "between quotation marks");
            break;
        }
    }
}

/* ---- Units ---- */

static bool make_table(struct nvs_judge *j, const struct nvs_units *u, size_t i,
                       struct nvs_table *table)
{
    memset(table, 0, sizeof *table);
    table->rows = calloc(u->spec_count, sizeof *table->rows);
    if (!table->rows) {
        j->no_memory = true;
        return false;
    }
    for (size_t s = 0; s < u->spec_count; s++) {
        const struct spec *spec = &u->specs[s];
        struct nvs_row *row = &table->rows[table->count++];
        memcpy(row->name, spec->key->text, spec->key->n + 1); /* was checked */
        row->space = spec->space;
        if (spec->space)
            continue;
        const struct csv_field value = field_of(unit_row(u, spec->repeat ? 0 : i), spec->column);
        (void)nvs_take_value(j, spec->encoding, spec->file, &value, row);
    }
    return !j->no_memory && j->report->total == 0;
}

static void check_units(struct nvs_judge *j, struct nvs_units *u)
{
    for (size_t i = 0; i < nvs_units_count(u) && !j->no_memory; i++) {
        struct nvs_table table;
        size_t before = j->report->total;
        (void)make_table(j, u, i, &table);
        nvs_table_done(&table);
        if (before < NVS_MISTAKES_MAX && j->report->total >= NVS_MISTAKES_MAX)
            break; /* more need not be counted */
    }
}

static bool check_values(struct nvs_judge *j, struct nvs_units *u, const char *id_column,
                         const char *const *unique, size_t unique_count)
{
    if (nvs_units_count(u) == 0)
        return nvs_mistake(j, &u->values.rows[0].fields[0],
                           "there are no values behind the header: no unit");
    if (!find_columns(j, u) || (id_column && !take_ids(j, u, id_column)))
        return false;
    for (size_t i = 0; i < unique_count; i++) {
        size_t column;
        if (check_column(j, u, unique[i], &column))
            (void)check_unique(j, u, column, unique[i]);
    }
    check_widths(j, u);
    check_repeats(j, u);
    if (j->report->total == 0)
        check_units(j, u);
    return j->report->total == 0;
}

struct nvs_units *nvs_units_open(const struct nvs_text *config, const struct nvs_text *values,
                                 const char *id_column, const char *const *unique,
                                 size_t unique_count, const struct nvs_files *files,
                                 unsigned version, struct nvs_report *report, struct err *e)
{
    struct nvs_judge j = { .files = files, .version = version, .report = report };
    struct nvs_units *u = calloc(1, sizeof *u);
    memset(report, 0, sizeof *report);
    if (!u) {
        err_set(e, ERR_STATION, "Out of memory for a table of values");
        return NULL;
    }
    u->values_name = values->name;
    u->version = version;
    if (files)
        u->files = *files;
    if (nvs_csv_read(&j, config, false, &u->config) && take_specs(&j, u) &&
        nvs_csv_read(&j, values, false, &u->values))
        (void)check_values(&j, u, id_column, unique, unique_count);
    if (nvs_judged(&j, e))
        return u;
    nvs_units_free(u);
    return NULL;
}

void nvs_units_free(struct nvs_units *units)
{
    if (!units)
        return;
    csv_table_done(&units->config);
    csv_table_done(&units->values);
    free(units->specs);
    free(units->ids);
    free(units);
}

size_t nvs_units_count(const struct nvs_units *units)
{
    return units->values.count - 1;
}

void nvs_units_id(const struct nvs_units *units, size_t i, char *text)
{
    if (units->ids)
        snprintf(text, NVS_ID_CAP, "%s", units->ids[i]->text);
    else
        snprintf(text, NVS_ID_CAP, "%zu", i + 1);
}

bool nvs_units_table(struct nvs_units *units, size_t i, struct nvs_table *table,
                     struct nvs_report *report, struct err *e)
{
    struct nvs_judge j = { .file = units->values_name,
                           .files = units->files.read ? &units->files : NULL,
                           .version = units->version,
                           .report = report };
    memset(report, 0, sizeof *report);
    (void)make_table(&j, units, i, table);
    if (nvs_judged(&j, e))
        return true;
    nvs_table_done(table);
    return false;
}
