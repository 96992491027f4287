#include "core/base/csv_table.h"

#include "core/base/plain.h"

#include <csv.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BOM              "\xEF\xBB\xBF"
#define BOM_BYTES        3u
#define FIELD_STEP_BYTES 4096u /* libcsv grows by as much, and by 128 unless told */

/* The file goes through libcsv byte by byte, so that it is known where each field begins. */
struct reader {
    struct csv_parser parser;
    struct csv_table *table;
    struct csv_problem *problem;
    size_t text_used, field_count, field_cap, row_cap, row_from;
    size_t line, column;             /* of the byte that is read */
    size_t field_line, field_column; /* where the field began */
    bool in_field, in_row, quoted, failed;
};

static bool fail(struct csv_problem *p, size_t line, size_t column, const char *what)
{
    *p = (struct csv_problem){ false, line, column, what };
    return false;
}

static bool no_memory(struct csv_problem *p)
{
    *p = (struct csv_problem){ true, 0, 0, "Out of memory for a CSV file" };
    return false;
}

/* Room for one more; doubles. */
static bool grow(void **array, size_t count, size_t *cap, size_t size)
{
    if (count < *cap)
        return true;
    size_t more = *cap ? 2 * *cap : 64;
    void *bigger = realloc(*array, more * size);
    if (!bigger)
        return false;
    *array = bigger;
    *cap = more;
    return true;
}

/* ---- What libcsv tells ---- */

static void take_field(void *bytes, size_t n, void *ctx)
{
    struct reader *r = ctx;
    struct csv_table *t = r->table;
    if (!grow((void **)&t->fields, r->field_count, &r->field_cap, sizeof *t->fields)) {
        r->failed = true;
        return;
    }
    char *text = t->text + r->text_used; /* has room for all of the file, and a NUL each */
    if (n > 0)
        memcpy(text, bytes, n);
    text[n] = '\0';
    r->text_used += n + 1;
    t->fields[r->field_count++] = (struct csv_field){
        .text = text, .n = n, .line = r->field_line, .column = r->field_column, .quoted = r->quoted
    };
    r->in_field = r->quoted = false;
}

/* Rows are counted first, and pointed to their fields when these move no more. */
static void take_row(int end, void *ctx)
{
    struct reader *r = ctx;
    struct csv_table *t = r->table;
    (void)end;
    if (!r->failed && grow((void **)&t->rows, t->count, &r->row_cap, sizeof *t->rows))
        t->rows[t->count++] = (struct csv_row){ NULL, r->field_count - r->row_from };
    else
        r->failed = true;
    r->row_from = r->field_count;
    r->in_row = false;
}

/* The usual function takes blanks off a field. */
static int no_blank(unsigned char c)
{
    (void)c;
    return 0;
}

/* ---- Byte by byte ---- */

static void note_place(struct reader *r, char c)
{
    bool ends_line = c == '\n' || c == '\r';
    if (r->in_field || (ends_line && !r->in_row))
        return;
    r->in_field = r->in_row = true;
    r->quoted = c == '"';
    r->field_line = r->line;
    r->field_column = r->column;
}

static bool put(struct reader *r, char c)
{
    note_place(r, c);
    bool taken = csv_parse(&r->parser, &c, 1, take_field, take_row, r) == 1;
    if (r->failed || (!taken && csv_error(&r->parser) != CSV_EPARSE))
        return no_memory(r->problem);
    if (!taken)
        return fail(r->problem, r->line, r->column,
                    r->quoted ? "Something stands behind the closing quotation mark; a quotation "
                                "mark inside of a value is written twice"
                              : "A quotation mark stands inside of a value; write the value "
                                "between quotation marks, and this one twice");
    if (c == '\n') {
        r->line++;
        r->column = 1;
    } else if (((unsigned char)c & 0xC0) != 0x80) {
        r->column++;
    }
    return true;
}

/* \r and \r\n become \n. */
static char line_end(const char *bytes, size_t n, size_t *at)
{
    if (bytes[*at] != '\r')
        return bytes[*at];
    if (*at + 1 < n && bytes[*at + 1] == '\n')
        (*at)++;
    return '\n';
}

static bool skip_comment(struct reader *r, const char *bytes, size_t n, size_t *at)
{
    if (r->in_field)
        return fail(r->problem, r->line, r->column,
                    "A line inside of a value begins with #; the generator takes it for a comment "
                    "and drops it from the value");
    while (*at < n && bytes[*at] != '\n' && bytes[*at] != '\r')
        (*at)++;
    if (*at < n)
        (void)line_end(bytes, n, at);
    (*at)++;
    r->line++;
    return true;
}

static bool put_all(struct reader *r, const char *bytes, size_t n, bool comments)
{
    for (size_t at = 0; at < n;) {
        if (comments && r->column == 1 && bytes[at] == '#') {
            if (!skip_comment(r, bytes, n, &at))
                return false;
            continue;
        }
        char c = line_end(bytes, n, &at);
        at++;
        if (!put(r, c))
            return false;
    }
    if (!r->in_field) { /* behind a last comma an empty one ends */
        r->field_line = r->line;
        r->field_column = r->column;
    }
    if (csv_fini(&r->parser, take_field, take_row, r) != 0)
        return fail(r->problem, r->field_line, r->field_column,
                    "The quotation mark that opens this value is never closed");
    return !r->failed || no_memory(r->problem);
}

static bool check_text(const char *bytes, size_t n, struct csv_problem *problem)
{
    size_t line = 1, column = 1;
    if (n >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 || memcmp(bytes, "\xFE\xFF", 2) == 0))
        return fail(problem, 1, 1, "This is UTF-16; save it as CSV UTF-8");
    for (size_t at = 0; at < n; column++) {
        uint32_t code = 0;
        size_t size = plain_decode(bytes + at, n - at, &code);
        if (size == 0)
            return fail(problem, line, column, "This is no UTF-8; save the file as CSV UTF-8");
        if (code == 0)
            return fail(problem, line, column, "A byte 00 stands here; CSV files hold text");
        if (code == '\n' || (code == '\r' && (at + 1 == n || bytes[at + 1] != '\n'))) {
            line++;
            column = 0;
        }
        at += size;
    }
    return true;
}

/* ---- The whole ---- */

static void point_rows(struct csv_table *t)
{
    size_t from = 0;
    for (size_t i = 0; i < t->count; i++) {
        t->rows[i].fields = t->fields + from;
        from += t->rows[i].count;
    }
}

bool csv_table_read(const char *bytes, size_t n, bool comments, struct csv_table *table,
                    struct csv_problem *problem)
{
    struct reader r = { .table = table, .problem = problem, .line = 1, .column = 1 };
    memset(table, 0, sizeof *table);
    if (n >= BOM_BYTES && memcmp(bytes, BOM, BOM_BYTES) == 0) {
        bytes += BOM_BYTES;
        n -= BOM_BYTES;
    }
    if (!check_text(bytes, n, problem))
        return false;
    table->text = malloc(n + 2); /* a field ends with a byte of the file, which its NUL replaces */
    if (!table->text || csv_init(&r.parser, CSV_STRICT | CSV_STRICT_FINI) != 0) {
        csv_table_done(table);
        return no_memory(problem);
    }
    csv_set_space_func(&r.parser, no_blank);
    csv_set_blk_size(&r.parser, FIELD_STEP_BYTES);
    bool ok = put_all(&r, bytes, n, comments);
    csv_free(&r.parser);
    if (ok)
        point_rows(table);
    else
        csv_table_done(table);
    return ok;
}

void csv_table_done(struct csv_table *table)
{
    free(table->rows);
    free(table->fields);
    free(table->text);
    memset(table, 0, sizeof *table);
}
