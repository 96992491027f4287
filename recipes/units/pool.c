#include "recipes/units/pool.h"

#include "core/base/err.h"
#include "core/base/read_all.h"
#include "recipes/units/pool_priv.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define POOL_ROWS_MAX 4000000u

/* ---- What both kinds need ---- */

struct pool_row *pool_add(struct pool *p)
{
    if (p->count == p->cap) {
        const size_t more = p->cap ? 2 * p->cap : 256;
        struct pool_row *const bigger = realloc(p->rows, more * sizeof *bigger);
        if (!bigger)
            return NULL;
        p->rows = bigger;
        p->cap = more;
    }
    struct pool_row *const row = &p->rows[p->count++];
    *row = (struct pool_row){ .mac = POOL_FREE };
    return row;
}

bool pool_mac_of(const char *text, uint64_t *mac)
{
    char digits[17] = "";
    size_t n = 0;
    for (const char *c = text; *c; c++) {
        if (*c == ':' || *c == '-')
            continue;
        if (!isxdigit((unsigned char)*c) || n == 16)
            return false;
        digits[n++] = *c;
    }
    if (n != 12 && n != 16)
        return false;
    if (n == 16) /* three bytes, two that every such address has or has not, three bytes */
        memmove(digits + 6, digits + 10, 7);
    *mac = strtoull(digits, NULL, 16);
    return true;
}

void pool_mistake(struct pool *p, size_t line, size_t column, const char *fmt, ...)
{
    char sentence[240];
    va_list ap;
    const struct doc_pos at = p->setup->file ? p->setup->file_at : p->setup->folder_at;
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    if (line > 0)
        doc_report_add(p->report, at, "%.60s:%zu:%zu: %s", p->setup->file, line, column, sentence);
    else
        doc_report_add(p->report, at, "%.60s: %s",
                       p->setup->file ? p->setup->file : p->setup->folder, sentence);
}

/* ---- Order ---- */

static int by_sha256(const void *a, const void *b, void *rows)
{
    const struct pool_row *const all = rows;
    return memcmp(all[*(const uint32_t *)a].sha256, all[*(const uint32_t *)b].sha256,
                  DIGEST_SHA256_BYTES);
}

static int by_mac(const void *a, const void *b, void *rows)
{
    const uint64_t x = ((const struct pool_row *)rows)[*(const uint32_t *)a].mac;
    const uint64_t y = ((const struct pool_row *)rows)[*(const uint32_t *)b].mac;
    return x < y ? -1 : x > y;
}

static void name_row(const struct pool *p, size_t row, char label[static POOL_LABEL_CAP])
{
    pool_label(p, row, label);
}

static void report_twins(struct pool *p)
{
    char one[POOL_LABEL_CAP], other[POOL_LABEL_CAP];
    for (size_t i = 1; i < p->count; i++) {
        const uint32_t a = p->by_sha256[i - 1], b = p->by_sha256[i];
        if (memcmp(p->rows[a].sha256, p->rows[b].sha256, DIGEST_SHA256_BYTES) != 0)
            continue;
        name_row(p, a, one);
        name_row(p, b, other);
        pool_mistake(p, 0, 0, "%.60s and %.60s hold the same", one, other);
    }
    for (size_t i = 1; i < p->bound; i++) {
        const uint32_t a = p->by_mac[i - 1], b = p->by_mac[i];
        if (p->rows[a].mac != p->rows[b].mac)
            continue;
        name_row(p, a, one);
        name_row(p, b, other);
        pool_mistake(p, 0, 0, "%.60s and %.60s are for the same MAC", one, other);
    }
}

static bool sort_rows(struct pool *p)
{
    p->by_sha256 = calloc(p->count + 1, sizeof *p->by_sha256);
    p->by_mac = calloc(p->count + 1, sizeof *p->by_mac);
    if (!p->by_sha256 || !p->by_mac)
        return false;
    for (size_t i = 0; i < p->count; i++) {
        p->by_sha256[i] = (uint32_t)i;
        if (p->rows[i].mac != POOL_FREE)
            p->by_mac[p->bound++] = (uint32_t)i;
    }
    qsort_r(p->by_sha256, p->count, sizeof *p->by_sha256, by_sha256, p->rows);
    qsort_r(p->by_mac, p->bound, sizeof *p->by_mac, by_mac, p->rows);
    report_twins(p);
    return true;
}

/* ---- Its life ---- */

struct pool *pool_open(const struct unit *u, size_t index, struct doc_report *report, struct err *e)
{
    const size_t mistakes = report->total;
    struct pool *const p = calloc(1, sizeof *p);
    if (p) {
        p->unit = u;
        p->setup = &u->pools[index];
        p->index = index;
        p->report = report;
    }
    if (!p || !(p->setup->file ? pool_read_file(p) : pool_read_folder(p)) || !sort_rows(p)) {
        pool_free(p);
        err_set(e, ERR_STATION, "Out of memory for the pool '%s'", u->pools[index].name);
        return NULL;
    }
    if (p->count == 0 && report->total == mistakes)
        pool_mistake(p, 0, 0, "there is nothing in the pool");
    if (p->count > POOL_ROWS_MAX)
        pool_mistake(p, 0, 0, "more than %u rows are too many", POOL_ROWS_MAX);
    p->report = NULL;
    if (report->total == mistakes)
        return p;
    pool_free(p);
    err_set(e, ERR_RECIPE, "The pool '%s' has mistakes", u->pools[index].name);
    return NULL;
}

/* Whole pages around the text. */
static uint8_t *pages_of(const struct pool *p, size_t *n)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), at = (uintptr_t)p->text;
    const uintptr_t from = at & ~(page - 1), behind = (at + p->text_bytes + page) & ~(page - 1);
    *n = behind - from;
    return (uint8_t *)p->text - (at - from);
}

bool pool_lock(struct pool *p, struct err *e)
{
    size_t n = 0;
    if (!p->text || p->is_locked)
        return true;
    uint8_t *pages = pages_of(p, &n);
    p->is_locked = mlock(pages, n) == 0;
    if (p->is_locked) {
        madvise(pages, n, MADV_DONTDUMP);
        return true;
    }
    err_set_sys(e, ERR_STATION, errno,
                "The keys of the pool '%s' cannot be kept out of the swap "
                "space",
                p->setup->name);
    return err_hint(e,
                    "Allow more locked memory than the file has, then start again: ulimit -l, or "
                    "LimitMEMLOCK= in a unit of systemd.");
}

static void unlock(struct pool *p)
{
    size_t n = 0;
    if (!p->is_locked)
        return;
    uint8_t *pages = pages_of(p, &n);
    explicit_bzero(p->text, p->text_bytes);
    munlock(pages, n);
    madvise(pages, n, MADV_DODUMP);
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    csv_table_done(&p->header);
    unlock(p);
    unit_wipe(p->text, p->text_bytes);
    free(p->rows);
    free(p->by_sha256);
    free(p->by_mac);
    free(p);
}

/* ---- Asking ---- */

size_t pool_count(const struct pool *p)
{
    return p->count;
}

void pool_sha256(const struct pool *p, size_t row, char hex[static POOL_SHA256_CAP])
{
    digest_hex(p->rows[row].sha256, DIGEST_SHA256_BYTES, hex);
}

static int digit_of(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(const char *hex, uint8_t out[static DIGEST_SHA256_BYTES])
{
    if (strlen(hex) != 2 * DIGEST_SHA256_BYTES)
        return false;
    for (size_t i = 0; i < DIGEST_SHA256_BYTES; i++) {
        const int high = digit_of(hex[2 * i]), low = digit_of(hex[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

size_t pool_find(const struct pool *p, const char *sha256)
{
    uint8_t wanted[DIGEST_SHA256_BYTES];
    size_t low = 0, high = p->count;
    if (!read_hex(sha256, wanted))
        return POOL_NO_ROW;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const uint32_t row = p->by_sha256[middle];
        const int order = memcmp(p->rows[row].sha256, wanted, sizeof wanted);
        if (order == 0)
            return row;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return POOL_NO_ROW;
}

size_t pool_of_mac(const struct pool *p, const char *mac)
{
    uint64_t wanted;
    size_t low = 0, high = p->bound;
    if (!pool_mac_of(mac, &wanted))
        return POOL_NO_ROW;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const uint64_t found = p->rows[p->by_mac[middle]].mac;
        if (found == wanted)
            return p->by_mac[middle];
        if (found < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return POOL_NO_ROW;
}

bool pool_is_bound(const struct pool *p, size_t row)
{
    return p->rows[row].mac != POOL_FREE;
}

void pool_label(const struct pool *p, size_t row, char label[static POOL_LABEL_CAP])
{
    if (p->rows[row].line > 0)
        snprintf(label, POOL_LABEL_CAP, "row %zu", p->rows[row].line);
    else
        snprintf(label, POOL_LABEL_CAP, "%s", p->text + p->rows[row].at);
}

static char *name_of_file(const char *name)
{
    const char *const dot = strrchr(name, '.');
    return strndup(name, dot && dot != name ? (size_t)(dot - name) : strlen(name));
}

static char *text_of_field(const struct pool *p, size_t row, const struct unit_value *v)
{
    struct csv_table fields;
    struct csv_problem problem;
    if (!pool_fields(p, &p->rows[row], &fields, &problem))
        return NULL;
    const size_t column = p->columns[v - p->unit->values];
    char *const text =
        column < fields.rows[0].count ? strdup(fields.rows[0].fields[column].text) : NULL;
    csv_table_done(&fields);
    return text;
}

char *pool_value(const struct pool *p, size_t row, const struct unit_value *v)
{
    char *const text =
        p->setup->file ? text_of_field(p, row, v) : name_of_file(p->text + p->rows[row].at);
    if (text)
        unit_value_canon(v, text);
    return text;
}

uint8_t *pool_bytes(const struct pool *p, size_t row, size_t *n, struct err *e)
{
    if (row >= p->count) {
        err_set(e, ERR_UNIT, "The board has no file of the pool '%s'", p->setup->name);
        return NULL;
    }
    const char *const name = p->text + p->rows[row].at;
    char *const path = file_join(p->setup->folder_path, name);
    uint8_t *bytes = NULL, sha256[DIGEST_SHA256_BYTES];
    uint64_t size = 0;
    int fd = -1, sys = ENOMEM;
    if (path && file_open(path, NVS_IMAGE_BYTES, &fd, &size, &sys) == FILE_OK)
        bytes = malloc((size_t)size + 1);
    if (bytes && !read_all(fd, bytes, (size_t)size, n))
        sys = errno;
    if (fd >= 0)
        close(fd);
    free(path);
    if (!bytes || *n != size)
        err_set_sys(e, ERR_UNIT, sys, "%.100s of the pool '%s' cannot be read", name,
                    p->setup->name);
    else if (!digest_sha256(bytes, *n, sha256))
        err_set(e, ERR_STATION, "Out of memory for a file of a pool");
    else if (memcmp(sha256, p->rows[row].sha256, sizeof sha256) != 0)
        err_set(e, ERR_UNIT, "%.100s of the pool '%s' was changed since it was read", name,
                p->setup->name);
    else
        return bytes;
    unit_wipe(bytes, (size_t)size);
    return NULL;
}
