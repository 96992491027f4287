/*
 * A pool from a CSV file. The file is kept as it is, and of each row where it stands and what it
 * hashes to: a million rows take no million structs of fields.
 */
#include "core/base/err.h"
#include "core/base/nearest.h"
#include "core/base/read_all.h"
#include "recipes/units/pool_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAX_BYTES ((uint64_t)1 << 30)
#define BOM            "\xEF\xBB\xBF"

/* ---- The file ---- */

/* Keys that are burnt: as files of keys are. */
static bool is_private(struct pool *p, int fd)
{
    struct stat st;
    if (!p->setup->has_keys)
        return true;
    if (fstat(fd, &st) != 0 || st.st_uid != geteuid())
        pool_mistake(p, 0, 0, "it holds keys, and belongs to somebody else");
    else if ((st.st_mode & 077) != 0)
        pool_mistake(p, 0, 0,
                     "it holds keys, and is open to others than you. If nobody has read it: chmod "
                     "600 %.60s. Else make other keys",
                     p->setup->file);
    else
        return true;
    return false;
}

static bool read_text(struct pool *p)
{
    uint64_t size = 0;
    size_t n = 0;
    int fd = -1, sys = 0;
    char reason[96] = "it is empty, or no file on a disk, or has more than 1 GiB";
    const enum file_state state = file_open(p->setup->file_path, FILE_MAX_BYTES, &fd, &size, &sys);
    if (state != FILE_OK) {
        pool_mistake(p, 0, 0, "it cannot be read: %s",
                     sys ? strerror_r(sys, reason, sizeof reason) : reason);
        return true;
    }
    if (!is_private(p, fd)) {
        close(fd);
        return true;
    }
    p->text = malloc((size_t)size + 1);
    if (p->text && !read_all(fd, (uint8_t *)p->text, (size_t)size, &n))
        pool_mistake(p, 0, 0, "it cannot be read: %s", strerror_r(errno, reason, sizeof reason));
    close(fd);
    if (!p->text)
        return false;
    p->text[n] = '\0';
    p->text_bytes = n;
    return true;
}

/* Where the row that begins at `at` ends: behind its line end. Line ends between quotation marks
 * belong to a field. */
static size_t end_of_row(const struct pool *p, size_t at, size_t *lines)
{
    bool quoted = false;
    *lines = 0;
    for (; at < p->text_bytes; at++) {
        const char c = p->text[at];
        if (c == '"')
            quoted = !quoted;
        if (c == '\n')
            ++*lines;
        if (c == '\n' && !quoted)
            return at + 1;
    }
    return at;
}

static bool is_blank(const char *text, size_t n)
{
    while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == '\r'))
        n--;
    return n == 0;
}

bool pool_fields(const struct pool *p, const struct pool_row *row, struct csv_table *fields,
                 struct csv_problem *problem)
{
    if (!csv_table_read(p->text + row->at, row->bytes, false, fields, problem))
        return false;
    if (fields->count == 1)
        return true;
    csv_table_done(fields);
    *problem = (struct csv_problem){ false, 1, 1, "this is not one row" };
    return false;
}

/* ---- The header ---- */

static size_t find_column(struct pool *p, const char *name, struct doc_pos at)
{
    struct nearest near;
    const struct csv_row *const header = &p->header.rows[0];
    nearest_init(&near, name);
    for (size_t i = 0; i < header->count; i++) {
        if (strcmp(header->fields[i].text, name) == 0)
            return i;
        nearest_offer(&near, header->fields[i].text, header->fields[i].text);
    }
    doc_report_add(p->report, at, "'%.60s' has no column '%.40s'%s%.40s%s", p->setup->file, name,
                   near.best ? "; did you mean '" : "", near.best ? near.best : "",
                   near.best ? "'?" : "");
    return POOL_NO_ROW;
}

/* As spreadsheets of half of the world save it, and as one takes it from their cells. */
static bool has_commas(struct pool *p)
{
    const struct csv_field *const f = &p->header.rows[0].fields[0];
    const char *const other = p->header.rows[0].count == 1 ? strpbrk(f->text, ";\t") : NULL;
    if (other)
        pool_mistake(p, f->line, f->column + (size_t)(other - f->text),
                     "its columns are parted by %s; save the file with commas",
                     *other == ';' ? "semicolons" : "tabs");
    return !other;
}

static void check_header(struct pool *p)
{
    const struct csv_row *const header = &p->header.rows[0];
    for (size_t i = 0; i < header->count; i++) {
        const struct csv_field *const f = &header->fields[i];
        if (f->n == 0)
            pool_mistake(p, f->line, f->column, "a column has no name");
        for (size_t k = 0; k < i && f->n > 0; k++) {
            if (strcmp(header->fields[k].text, f->text) == 0)
                pool_mistake(p, f->line, f->column, "the column '%.40s' is there twice", f->text);
        }
    }
    for (size_t i = 0; i < p->unit->value_count; i++) {
        const struct unit_value *const v = &p->unit->values[i];
        if (v->from == UNIT_FROM_POOL && v->pool_index == p->index)
            p->columns[i] = find_column(p, v->column ? v->column : v->name,
                                        v->at[v->column ? UNIT_AT_COLUMN : UNIT_AT_VALUE]);
    }
    p->mac_column = p->setup->mac ? find_column(p, p->setup->mac, p->setup->mac_at) : POOL_NO_ROW;
}

static bool read_header(struct pool *p, size_t *at, size_t *line)
{
    struct csv_problem problem;
    size_t lines;
    *at = p->text_bytes >= 3 && memcmp(p->text, BOM, 3) == 0 ? 3 : 0;
    const size_t end = end_of_row(p, *at, &lines);
    if (!csv_table_read(p->text + *at, end - *at, false, &p->header, &problem)) {
        memset(&p->header, 0, sizeof p->header);
        pool_mistake(p, problem.line, problem.column, "%s", problem.what);
        return !problem.no_memory;
    }
    *at = end;
    *line = 1 + lines;
    if (p->header.count != 1)
        pool_mistake(p, 1, 1, "the first line is no header");
    else if (has_commas(p))
        check_header(p);
    return true;
}

/* ---- Rows ---- */

/* What a column means: as the values say that are of it. NULL: as it is. */
static const struct unit_value *value_of_column(const struct pool *p, size_t column)
{
    for (size_t i = 0; i < p->unit->value_count; i++) {
        const struct unit_value *const v = &p->unit->values[i];
        if (v->from == UNIT_FROM_POOL && v->pool_index == p->index && p->columns[i] == column &&
            v->type != UNIT_TEXT)
            return v;
    }
    return NULL;
}

/* A field in the one spelling of what it means, so that a row keeps its digest when the file is
 * exported in the other case. To be ended with unit_wipe. NULL: out of memory. */
static char *canon_field(const struct pool *p, const struct pool_row *row,
                         const struct csv_field *f, size_t column)
{
    char mac[17];
    const struct unit_value *const v = value_of_column(p, column);
    const bool binds = column == p->mac_column && row->mac != POOL_FREE;
    snprintf(mac, sizeof mac, "%012" PRIx64, row->mac);
    char *const text = strdup(binds ? mac : f->text);
    if (text && v && !binds)
        unit_value_canon(v, text);
    return text;
}

/* Each field as COLUMN=LENGTH:TEXT and a line end: no two different rows give the same. */
static bool hash_row(const struct pool *p, struct pool_row *row, const struct csv_row *fields,
                     struct digest_run *sha)
{
    char length[32];
    digest_begin(sha, DIGEST_SHA256);
    for (size_t i = 0; i < fields->count; i++) {
        const struct csv_field *const name = &p->header.rows[0].fields[i];
        char *const text = canon_field(p, row, &fields->fields[i], i);
        if (!text)
            return false;
        const size_t bytes = strlen(text);
        const int n = snprintf(length, sizeof length, "=%zu:", bytes);
        digest_add(sha, name->text, name->n);
        digest_add(sha, length, (size_t)n);
        digest_add(sha, text, bytes);
        digest_add(sha, "\n", 1);
        unit_wipe(text, bytes);
    }
    return digest_end(sha, row->sha256, DIGEST_SHA256_BYTES);
}

static void check_values(struct pool *p, const struct pool_row *row, const struct csv_row *fields)
{
    for (size_t i = 0; i < p->unit->value_count; i++) {
        const struct unit_value *const v = &p->unit->values[i];
        struct err e = { 0 };
        if (v->from != UNIT_FROM_POOL || v->pool_index != p->index)
            continue;
        const struct csv_field *const f = &fields->fields[p->columns[i]];
        if (!unit_value_accepts(v, f->text, &e))
            pool_mistake(p, row->line + f->line - 1, f->column, "%s", e.what);
    }
}

static void take_mac(struct pool *p, struct pool_row *row, const struct csv_row *fields)
{
    if (p->mac_column == POOL_NO_ROW)
        return;
    const struct csv_field *const f = &fields->fields[p->mac_column];
    if (f->n > 0 && !pool_mac_of(f->text, &row->mac)) {
        row->mac = POOL_FREE;
        pool_mistake(p, row->line + f->line - 1, f->column, "'%.40s' is no MAC", f->text);
    }
}

/* False: out of memory. */
static bool read_row(struct pool *p, size_t at, size_t bytes, size_t line, struct digest_run *sha)
{
    struct csv_table fields;
    struct csv_problem problem;
    struct pool_row *const row = pool_add(p);
    if (!row)
        return false;
    row->at = at;
    row->bytes = bytes;
    row->line = line;
    if (bytes >= 3 && memcmp(p->text + at, BOM, 3) == 0) {
        pool_mistake(p, line, 1,
                     "a byte order mark stands in the midst of the file, as where "
                     "two were joined: take it away");
        return true;
    }
    if (!pool_fields(p, row, &fields, &problem)) {
        if (!problem.no_memory)
            pool_mistake(p, line + problem.line - 1, problem.column, "%s", problem.what);
        return !problem.no_memory;
    }
    bool ok = true;
    if (fields.rows[0].count != p->header.rows[0].count) {
        pool_mistake(p, line, 1, "the row has %zu fields, and the header %zu", fields.rows[0].count,
                     p->header.rows[0].count);
    } else {
        check_values(p, row, &fields.rows[0]);
        take_mac(p, row, &fields.rows[0]);
        ok = hash_row(p, row, &fields.rows[0], sha);
    }
    csv_table_done(&fields);
    return ok;
}

/* ---- Values that no two units may have ---- */

struct seen {
    uint64_t hash;
    uint32_t row;
};

/* FNV-1a; equal hashes are compared as texts. */
static uint64_t hash_text(const char *text)
{
    uint64_t h = 14695981039346656037u;
    for (; *text; text++)
        h = (h ^ (unsigned char)*text) * 1099511628211u;
    return h;
}

static int by_hash(const void *a, const void *b)
{
    const struct seen *const x = a, *const y = b;
    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static bool compare_twins(struct pool *p, const struct unit_value *v, const struct seen *a,
                          const struct seen *b)
{
    char *const x = pool_value(p, a->row, v), *const y = pool_value(p, b->row, v);
    if (x && y && strcmp(x, y) == 0 && p->setup->file)
        pool_mistake(p, p->rows[b->row].line, 1,
                     "the value '%s' is that of row %zu, and it is unique", v->name,
                     p->rows[a->row].line);
    else if (x && y && strcmp(x, y) == 0)
        pool_mistake(p, 0, 0, "%.80s: the value '%s' is that of %.80s, and it is unique",
                     p->text + p->rows[b->row].at, v->name, p->text + p->rows[a->row].at);
    const bool ok = x && y;
    unit_wipe(x, x ? strlen(x) : 0);
    unit_wipe(y, y ? strlen(y) : 0);
    return ok;
}

static bool check_unique(struct pool *p, const struct unit_value *v)
{
    struct seen *const seen = calloc(p->count + 1, sizeof *seen);
    bool ok = seen != NULL;
    for (size_t i = 0; ok && i < p->count; i++) {
        char *const text = pool_value(p, i, v);
        ok = text != NULL;
        if (ok)
            seen[i] = (struct seen){ hash_text(text), (uint32_t)i };
        unit_wipe(text, text ? strlen(text) : 0);
    }
    if (ok)
        qsort(seen, p->count, sizeof *seen, by_hash);
    for (size_t i = 1; ok && i < p->count; i++) {
        if (seen[i - 1].hash == seen[i].hash)
            ok = compare_twins(p, v, &seen[i - 1], &seen[i]);
    }
    free(seen);
    return ok;
}

bool pool_check_unique(struct pool *p)
{
    for (size_t i = 0; i < p->unit->value_count; i++) {
        const struct unit_value *const v = &p->unit->values[i];
        if (v->from == UNIT_FROM_POOL && v->pool_index == p->index && v->unique &&
            !check_unique(p, v))
            return false;
    }
    return true;
}

bool pool_read_file(struct pool *p)
{
    const size_t mistakes = p->report->total;
    struct digest_run sha = { 0 };
    size_t at = 0, line = 1, lines;
    bool ok = read_text(p);
    if (ok && p->report->total == mistakes)
        ok = read_header(p, &at, &line);
    while (ok && p->report->total == mistakes && at < p->text_bytes) {
        const size_t end = end_of_row(p, at, &lines);
        if (!is_blank(p->text + at, end - at))
            ok = read_row(p, at, end - at, line, &sha);
        at = end;
        line += lines;
    }
    digest_free(&sha);
    return ok && (p->report->total > mistakes || pool_check_unique(p));
}
