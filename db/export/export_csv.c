/*
 * CSV, RFC 4180: a header line, one line for each run, CRLF behind each, quotes doubled. A value
 * the record does not have is empty; an empty text is "".
 *
 * Spreadsheets run a cell that begins with = + - or @ as a formula, also inside quotes, and texts
 * come from people and boards. Such a text gets an apostrophe in front, and so does one that begins
 * with an apostrophe: take one off, where one leads, and you have the text of the record. Numbers
 * are left alone.
 */
#include "db/export/export_priv.h"

#include <string.h>

static bool special_in_csv(struct out *out, const unsigned char *p, size_t length)
{
    if (length == 1 && p[0] == '"') {
        out_text(out, "\"\"");
        return true;
    }
    if (length == 1 && (p[0] == '\t' || p[0] == '\r' || p[0] == '\n'))
        return false;
    return out_control_picture(out, p, length);
}

/* A semicolon or a tab separates cells where the spreadsheet's country or its user says so; without
 * quotes the rest of a text would become a cell of its own there. */
static bool needs_quotes(const unsigned char *p, size_t n)
{
    if (n == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        if (p[i] != '\0' && strchr("\",;\t\r\n", p[i]))
            return true;
    }
    return p[0] == ' ' || p[n - 1] == ' ';
}

/* The wide forms of = + - @ (U+FF1D, FF0B, FF0D, FF20) count as these in East Asian
 * spreadsheets. */
static bool could_be_formula(const unsigned char *p, size_t n)
{
    static const char wide[][4] = { "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D",
                                    "\xEF\xBC\xA0" };
    if (n > 0 && p[0] != '\0' && strchr("=+-@'\t\r\n", p[0]))
        return true;
    for (size_t i = 0; i < sizeof wide / sizeof wide[0]; i++) {
        if (n >= 3 && memcmp(p, wide[i], 3) == 0)
            return true;
    }
    return false;
}

static void put_value(struct out *out, sqlite3_stmt *s, int column)
{
    const int type = sqlite3_column_type(s, column);
    if (type == SQLITE_NULL)
        return;
    if (type == SQLITE_INTEGER) {
        out_number(out, sqlite3_column_int64(s, column));
        return;
    }
    const unsigned char *text = sqlite3_column_text(s, column);
    const size_t n = (size_t)sqlite3_column_bytes(s, column);
    const char *quotes = needs_quotes(text, n) ? "\"" : "";
    out_text(out, quotes);
    out_text(out, could_be_formula(text, n) ? "'" : "");
    out_utf8(out, text, n, OUT_ALL, special_in_csv);
    out_text(out, quotes);
}

static bool head(struct export *x, struct err *e)
{
    (void)e;
    out_text(&x->out, x->out.sink->spreadsheet ? "\xEF\xBB\xBF" : "");
    for (int i = 0; i < RUN_COLUMNS; i++) {
        out_text(&x->out, i == 0 ? "" : ",");
        out_text(&x->out, run_columns[i].name);
    }
    out_text(&x->out, "\r\n");
    return true;
}

static bool run(struct export *x, struct err *e)
{
    (void)e;
    for (int i = 0; i < RUN_COLUMNS; i++) {
        out_text(&x->out, i == 0 ? "" : ",");
        put_value(&x->out, x->runs, i);
    }
    out_text(&x->out, "\r\n");
    return true;
}

const struct form form_csv = {
    .info = { "csv", "a line for each run, for spreadsheets", false },
    .head = head,
    .run = run,
    .tail = export_nothing,
};
