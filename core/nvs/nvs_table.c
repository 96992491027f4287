#include "core/base/err.h"
#include "core/base/plain.h"
#include "core/nvs/nvs_table_priv.h"

#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Mistakes ---- */

static void keep_mistake(struct nvs_judge *j, size_t line, size_t column, const char *fmt,
                         va_list ap)
{
    struct nvs_report *report = j->report;
    report->total++;
    if (report->kept == NVS_MISTAKES_MAX)
        return;
    struct nvs_mistake *m = &report->mistakes[report->kept++];
    *m = (struct nvs_mistake){ .file = j->file, .line = line, .column = column };
    vsnprintf(m->sentence, sizeof m->sentence, fmt, ap);
    m->sentence[plain_cut(m->sentence, strlen(m->sentence))] = '\0';
    plain_make(m->sentence);
}

bool nvs_mistake_at(struct nvs_judge *j, size_t line, size_t column, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    keep_mistake(j, line, column, fmt, ap);
    va_end(ap);
    return false;
}

bool nvs_mistake(struct nvs_judge *j, const struct csv_field *at, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    keep_mistake(j, at->line, at->column, fmt, ap);
    va_end(ap);
    return false;
}

const char *nvs_shown(const struct csv_field *field, char text[static NVS_SHOWN_CAP])
{
    snprintf(text, NVS_SHOWN_CAP, "%s", field->text);
    text[plain_cut(text, strlen(text))] = '\0';
    plain_make(text);
    return text;
}

bool nvs_csv_read(struct nvs_judge *j, const struct nvs_text *text, bool comments,
                  struct csv_table *table)
{
    struct csv_problem problem = { 0 };
    j->file = text->name;
    if (csv_table_read(text->bytes, text->n, comments, table, &problem))
        return table->count > 0 || nvs_mistake_at(j, 1, 1, "the table is empty");
    if (!problem.no_memory)
        return nvs_mistake_at(j, problem.line, problem.column, "%s", problem.what);
    j->no_memory = true;
    return false;
}

bool nvs_judged(const struct nvs_judge *j, struct err *e)
{
    size_t n = j->report->total;
    if (j->no_memory)
        return err_set(e, ERR_STATION, "Out of memory for a table of values");
    if (n == 0)
        return true;
    err_set(e, ERR_IMAGE, "The table has %zu mistake%s, and nothing was made of it", n,
            n == 1 ? "" : "s");
    return err_hint(e, "Correct what is told above, each with its line and column.");
}

/* ---- Names ---- */

bool nvs_take_name(struct nvs_judge *j, const struct csv_field *field, const char *what,
                   struct nvs_row *row)
{
    char shown[NVS_SHOWN_CAP];
    if (field->n == 0)
        return nvs_mistake(j, field, "the %s has no name", what);
    for (size_t i = 0; i < field->n; i++) {
        unsigned char c = (unsigned char)field->text[i];
        bool edge = i == 0 || i + 1 == field->n;
        if (c < ' ' || c > '~' || (c == ' ' && edge))
            return nvs_mistake(j, field, "the %s '%s' %s", what, nvs_shown(field, shown),
                               c == ' ' ? "has a blank at its begin or end, which firmware would "
                                          "have to write too"
                                        : "has a character that is not plain ASCII");
    }
    if (field->n >= NVS_NAME_CAP)
        return nvs_mistake(j, field, "the %s '%s' has %zu characters, and 15 are the most", what,
                           nvs_shown(field, shown), field->n);
    memcpy(row->name, field->text, field->n + 1);
    return true;
}

bool nvs_check_wifi(struct nvs_judge *j, const struct csv_field *key)
{
    static const char *const keys[] = { "sta.ssid", "sta.pswd", "ap.ssid", "ap.passwd",
                                        "ap.authmode" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(key->text, keys[i]) == 0)
            return nvs_mistake(j, key,
                               "'%s' is a key of the Wi-Fi driver, to which the generator adds "
                               "others; keep it under a name of your own and let the application "
                               "call esp_wifi_set_config",
                               keys[i]);
    }
    return true;
}

/* ---- Doubles ---- */

struct placed {
    const struct nvs_row *row;
    const struct csv_field *at;
    size_t space;
};

static int by_name(const void *a, const void *b)
{
    const struct placed *x = a, *y = b;
    int names = strcmp(x->row->name, y->row->name);
    if (x->space != y->space)
        return x->space < y->space ? -1 : 1;
    return names ? names : (x->row > y->row) - (x->row < y->row);
}

static void judge_pair(struct nvs_judge *j, const struct placed *first, const struct placed *again)
{
    if (first->space != again->space || strcmp(first->row->name, again->row->name) != 0)
        return;
    if (again->row->space)
        nvs_mistake(j, again->at,
                    "the namespace '%s' is opened a second time, first in line %zu; bring its keys "
                    "together, for the generator puts these into another namespace",
                    again->row->name, first->at->line);
    else
        nvs_mistake(j, again->at, "the key '%s' is in this namespace twice, first in line %zu",
                    again->row->name, first->at->line);
}

bool nvs_check_doubles(struct nvs_judge *j, const struct nvs_table *table,
                       const struct csv_field *const *places)
{
    size_t space = 0, before = j->report->total;
    struct placed *sorted = calloc(table->count + 1, sizeof *sorted);
    if (!sorted) {
        j->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < table->count; i++) {
        space += table->rows[i].space;
        sorted[i] = (struct placed){ &table->rows[i], places[i], table->rows[i].space ? 0 : space };
    }
    qsort(sorted, table->count, sizeof *sorted, by_name);
    for (size_t i = 1; i < table->count; i++)
        judge_pair(j, &sorted[i - 1], &sorted[i]);
    free(sorted);
    return j->report->total == before;
}

/* ---- The table of nvs_partition_gen ---- */

enum column { COLUMN_KEY, COLUMN_TYPE, COLUMN_ENCODING, COLUMN_VALUE, COLUMN_COUNT };
static const char *const column_names[COLUMN_COUNT] = { "key", "type", "encoding", "value" };

struct table_reader {
    struct nvs_judge *j;
    struct nvs_table *table;
    const struct csv_field **places; /* the key of each row */
    size_t columns[COLUMN_COUNT];
    size_t column_count;
    bool in_space;
};

static bool find_columns(struct table_reader *r, const struct csv_row *header)
{
    static const char wanted[] = "the first row must name the columns: key,type,encoding,value";
    bool found[COLUMN_COUNT] = { false };
    r->column_count = header->count;
    if (header->count == 1 && strchr(header->fields[0].text, ';'))
        return nvs_mistake(r->j, &header->fields[0],
                           "the columns are parted by semicolons; save the table with commas");
    for (size_t i = 0; i < header->count; i++) {
        for (size_t c = 0; c < COLUMN_COUNT; c++) {
            if (strcmp(header->fields[i].text, column_names[c]) != 0)
                continue;
            if (found[c])
                return nvs_mistake(r->j, &header->fields[i], "the column '%s' is there twice",
                                   column_names[c]);
            found[c] = true;
            r->columns[c] = i;
        }
    }
    for (size_t c = 0; c < COLUMN_COUNT; c++) {
        if (!found[c])
            return nvs_mistake(r->j, &header->fields[0], "there is no column '%s'; %s",
                               column_names[c], wanted);
    }
    return true;
}

/* The field of a column; an empty one at the end of the row where there is none. */
static const struct csv_field *field_of(const struct table_reader *r, const struct csv_row *row,
                                        enum column c, struct csv_field *none)
{
    if (r->columns[c] < row->count)
        return &row->fields[r->columns[c]];
    const struct csv_field *last = &row->fields[row->count - 1];
    *none = (struct csv_field){ "", 0, last->line, last->column + last->n, false };
    return none;
}

/* More than the header names is lost in silence: mostly a comma inside of a value. */
static bool check_count(struct table_reader *r, const struct csv_row *row)
{
    for (size_t i = r->column_count; i < row->count; i++) {
        if (row->fields[i].n > 0)
            return nvs_mistake(r->j, &row->fields[i],
                               "the row has more fields than the header; write a value that holds "
                               "a comma between quotation marks");
    }
    return true;
}

static bool take_space(struct table_reader *r, const struct csv_row *row, struct nvs_row *out)
{
    struct csv_field none;
    r->in_space = true;
    out->space = true;
    for (int c = COLUMN_ENCODING; c <= COLUMN_VALUE; c++) {
        const struct csv_field *field = field_of(r, row, (enum column)c, &none);
        if (field->n > 0)
            return nvs_mistake(r->j, field, "a namespace has no %s", column_names[c]);
    }
    return nvs_take_name(r->j, field_of(r, row, COLUMN_KEY, &none), "namespace", out);
}

static bool take_key(struct table_reader *r, const struct csv_row *row, bool file,
                     struct nvs_row *out)
{
    struct csv_field no_key, no_encoding, no_value;
    const struct csv_field *key = field_of(r, row, COLUMN_KEY, &no_key);
    const struct csv_field *encoding = field_of(r, row, COLUMN_ENCODING, &no_encoding);
    const struct csv_field *value = field_of(r, row, COLUMN_VALUE, &no_value);
    if (!r->in_space) {
        r->in_space = true; /* said once */
        return nvs_mistake(r->j, key,
                           "a key stands before any namespace; put a row NAME,namespace,, in "
                           "front");
    }
    return nvs_take_name(r->j, key, "key", out) && nvs_check_wifi(r->j, key) &&
           nvs_take_value(r->j, encoding, file, value, out);
}

static void take_row(struct table_reader *r, const struct csv_row *row)
{
    struct csv_field none;
    char shown[NVS_SHOWN_CAP];
    struct nvs_row *out = &r->table->rows[r->table->count];
    const struct csv_field *type = field_of(r, row, COLUMN_TYPE, &none);
    bool ok = check_count(r, row);
    r->places[r->table->count++] = &row->fields[0];
    if (r->columns[COLUMN_KEY] < row->count)
        r->places[r->table->count - 1] = &row->fields[r->columns[COLUMN_KEY]];
    if (!ok)
        return;
    if (strcmp(type->text, "namespace") == 0)
        (void)take_space(r, row, out);
    else if (strcmp(type->text, "data") == 0 || strcmp(type->text, "file") == 0)
        (void)take_key(r, row, type->text[0] == 'f', out);
    else
        nvs_mistake(r->j, type, "'%s' is no type; there are namespace, data and file",
                    nvs_shown(type, shown));
}

static bool read_rows(struct table_reader *r, const struct csv_table *csv)
{
    r->table->rows = calloc(csv->count, sizeof *r->table->rows);
    r->places = calloc(csv->count, sizeof *r->places);
    if (!r->table->rows || !r->places) {
        r->j->no_memory = true;
        return false;
    }
    if (!find_columns(r, &csv->rows[0]))
        return false;
    for (size_t i = 1; i < csv->count && !r->j->no_memory; i++)
        take_row(r, &csv->rows[i]);
    if (csv->count == 1)
        nvs_mistake(r->j, &csv->rows[0].fields[0], "the table has no rows behind its header");
    return r->j->report->total == 0 && nvs_check_doubles(r->j, r->table, r->places);
}

bool nvs_table_read(const struct nvs_text *csv, const struct nvs_files *files, unsigned version,
                    struct nvs_table *table, struct nvs_report *report, struct err *e)
{
    struct csv_table rows = { 0 };
    struct nvs_judge j = { .file = csv->name, .files = files, .version = version };
    struct table_reader r = { .j = &j, .table = table };
    memset(table, 0, sizeof *table);
    memset(report, 0, sizeof *report);
    j.report = report;
    if (nvs_csv_read(&j, csv, true, &rows))
        (void)read_rows(&r, &rows);
    free(r.places);
    csv_table_done(&rows);
    if (nvs_judged(&j, e))
        return true;
    nvs_table_done(table);
    return false;
}

bool nvs_table_write(const struct nvs_table *table, struct nvs_writer *w, struct err *e)
{
    for (size_t i = 0; i < table->count; i++) {
        const struct nvs_row *row = &table->rows[i];
        bool ok = row->space                ? nvs_write_space(w, row->name, e)
                  : row->type == NVS_STRING ? nvs_write_string(w, row->name, row->bytes, row->n, e)
                  : row->type == NVS_BLOB   ? nvs_write_blob(w, row->name, row->bytes, row->n, e)
                                          : nvs_write_number(w, row->name, row->type, row->bits, e);
        if (!ok)
            return false;
    }
    return true;
}

void nvs_table_done(struct nvs_table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->rows[i].bytes)
            OPENSSL_cleanse(table->rows[i].bytes, table->rows[i].n);
        free(table->rows[i].bytes);
    }
    free(table->rows);
    memset(table, 0, sizeof *table);
}
