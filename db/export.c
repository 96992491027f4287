/*
 * Runs as CSV or JSON, streamed.
 *
 * The tables `run_columns`, `attempt_columns` and `digest_columns` are the documentation of both
 * forms: names, order, and where a value comes from. Programs of other people read these files: add
 * columns at the end only, never rename or reorder. CSV has the run columns. JSON has the same
 * under the same names, then "attempts", each with its columns, then "digests".
 *
 * CSV is RFC 4180: CRLF after each line, quotes doubled. A value the record does not have is empty;
 * an empty text is "". JSON has null and "" for these. Bytes that are not UTF-8 (an application may
 * print anything) become U+FFFD in both.
 */
#include "db/db_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct column {
    const char *name, *sql;
};

static const struct column run_columns[] = {
    { "run", "r.id" },
    { "started_utc", "r.started_utc" },
    { "ended_utc", "r.ended_utc" },
    { "duration_ms", "r.duration_ms" },
    { "verdict", "r.verdict" }, /* PASS, FAIL, STOPPED, INTERRUPTED; none while open */
    { "code", "r.code" },
    { "sentence", "r.sentence" },
    { "hint", "r.hint" },
    { "board_state", "r.board_state" },
    { "slot", "r.slot" },
    { "port", "r.port" },
    { "operator", "r.operator" },
    { "lot", "l.name" },
    { "mac", "b.mac" },
    { "chip", "r.seen_chip" }, /* as the chip said in this run; the recipe's is recipe_chip */
    { "revision", "r.seen_revision" },
    { "flash_id", "r.seen_flash_id" },
    { "flash_bytes", "r.seen_flash_bytes" },
    { "recipe", "c.name" },
    { "recipe_version", "c.version" },
    { "recipe_chip", "c.chip" },
    { "recipe_sha256", "c.sha256" },
    { "plan_sha256", "c.plan_sha256" }, /* of the recipe and its images: schema.c */
    { "host", "s.host" },
    { "tool_version", "s.tool_version" },
    { "attempt_count", "(SELECT count(*) FROM attempt AS a WHERE a.run = r.id)" },
    { "app_text", "r.app_text" },
};

static const struct column attempt_columns[] = {
    { "number", "a.number" },
    { "started_utc", "a.started_utc" },
    { "duration_ms", "a.duration_ms" },
    { "baud", "a.baud" },
    { "reset", "a.reset" },
    { "loader", "a.loader" },
    { "phase", "a.phase" },
    { "code", "a.code" },
    { "sentence", "a.sentence" },
    { "hint", "a.hint" },
    { "board_state", "a.board_state" },
    { "bytes_written", "a.bytes_written" },
    { "wire_bytes", "a.wire_bytes" },
};

static const struct column digest_columns[] = {
    { "image", "i.number" },
    { "file", "i.file" },
    { "offset", "i.offset" },
    { "size_bytes", "i.size_bytes" },
    { "plan_sha256", "i.sha256" }, /* of the image in the plan, before any patch for a board */
    { "plan_md5", "i.md5" },
    { "app_project", "i.app_project" },
    { "app_version", "i.app_version" },
    { "app_elf_sha256", "i.app_elf_sha256" },
    { "expected_md5", "d.expected_md5" },
    { "read_md5", "d.read_md5" },
    { "written_md5", "d.written_md5" },
    { "written_sha256", "d.written_sha256" },
};

enum {
    RUN_COLUMNS = sizeof run_columns / sizeof run_columns[0],
    ATTEMPT_COLUMNS = sizeof attempt_columns / sizeof attempt_columns[0],
    DIGEST_COLUMNS = sizeof digest_columns / sizeof digest_columns[0],
};

/* ---- Output: small pieces collected, the first refusal remembered -----------------------------*/

struct out {
    const struct db_sink *sink;
    bool refused;
    size_t used;
    char bytes[8192];
};

static void out_flush(struct out *out)
{
    if (out->used > 0 && !out->refused)
        out->refused = !out->sink->emit(out->sink->ctx, out->bytes, out->used);
    out->used = 0;
}

static void out_bytes(struct out *out, const char *bytes, size_t n)
{
    while (n > 0) {
        if (out->used == sizeof out->bytes)
            out_flush(out);
        const size_t room = sizeof out->bytes - out->used;
        const size_t part = n < room ? n : room;
        memcpy(out->bytes + out->used, bytes, part);
        out->used += part;
        bytes += part;
        n -= part;
    }
}

static void out_text(struct out *out, const char *text)
{
    out_bytes(out, text, strlen(text));
}

static void out_number(struct out *out, int64_t number)
{
    char digits[24];
    snprintf(digits, sizeof digits, "%" PRId64, number);
    out_text(out, digits);
}

/* ---- Text: UTF-8, character by character ------------------------------------------------------*/

/* The length of a character from its first byte; 0: no character starts so. E0, ED, F0 and F4 allow
 * fewer second bytes than the others (RFC 3629, section 4). */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    size_t length = p[0] < 0x80                   ? 1
                    : p[0] >= 0xC2 && p[0] < 0xE0 ? 2
                    : p[0] >= 0xE0 && p[0] < 0xF0 ? 3
                    : p[0] >= 0xF0 && p[0] < 0xF5 ? 4
                                                  : 0;
    if (length > n)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    }
    if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) ||
        (p[0] == 0xF0 && p[1] < 0x90) || (p[0] == 0xF4 && p[1] > 0x8F))
        return 0;
    return length;
}

/* Writes text with `special` for each ASCII character, which says whether it wrote it itself. */
static void out_utf8(struct out *out, const unsigned char *p, size_t n,
                     bool (*special)(struct out *out, unsigned char c))
{
    while (n > 0) {
        const size_t length = utf8_length(p, n);
        if (length == 0)
            out_text(out, "\xEF\xBF\xBD");
        else if (length > 1 || !special(out, p[0]))
            out_bytes(out, (const char *)p, length);
        p += length == 0 ? 1 : length;
        n -= length == 0 ? 1 : length;
    }
}

static bool special_in_json(struct out *out, unsigned char c)
{
    char escaped[8];
    if (c >= 0x20 && c != '"' && c != '\\')
        return false;
    if (c < 0x20)
        snprintf(escaped, sizeof escaped, "\\u%04x", c);
    else
        snprintf(escaped, sizeof escaped, "\\%c", c);
    out_text(out, escaped);
    return true;
}

static bool special_in_csv(struct out *out, unsigned char c)
{
    if (c != '"')
        return false;
    out_text(out, "\"\"");
    return true;
}

static bool needs_quotes(const unsigned char *p, size_t n)
{
    if (n == 0)
        return true;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '"' || p[i] == ',' || p[i] == '\r' || p[i] == '\n')
            return true;
    }
    return false;
}

/* ---- Values -----------------------------------------------------------------------------------*/

static void json_value(struct out *out, sqlite3_stmt *s, int column)
{
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_NULL:
        out_text(out, "null");
        break;
    case SQLITE_INTEGER:
        out_number(out, sqlite3_column_int64(s, column));
        break;
    default:
        out_text(out, "\"");
        out_utf8(out, sqlite3_column_text(s, column), (size_t)sqlite3_column_bytes(s, column),
                 special_in_json);
        out_text(out, "\"");
    }
}

static void csv_value(struct out *out, sqlite3_stmt *s, int column)
{
    if (sqlite3_column_type(s, column) == SQLITE_NULL)
        return;
    const unsigned char *text = sqlite3_column_text(s, column);
    const size_t n = (size_t)sqlite3_column_bytes(s, column);
    const bool quotes = needs_quotes(text, n);
    out_text(out, quotes ? "\"" : "");
    out_utf8(out, text, n, special_in_csv);
    out_text(out, quotes ? "\"" : "");
}

/* The members of an object, without its braces. */
static void json_members(struct out *out, sqlite3_stmt *s, const struct column *columns, int count)
{
    for (int i = 0; i < count; i++) {
        out_text(out, i == 0 ? "\"" : ",\"");
        out_text(out, columns[i].name);
        out_text(out, "\":");
        json_value(out, s, i);
    }
}

/* ---- Queries, made from the tables above ------------------------------------------------------*/

/* The longest: the run columns with every filter. */
enum { SQL_CAP = 4096 };

/* Appends; a text that does not fit leaves *used at the end, and SQLite then refuses the query. */
static void append(char sql[static SQL_CAP], size_t *used, const char *text)
{
    const int n = snprintf(sql + *used, SQL_CAP - *used, "%s", text);
    *used += (size_t)n < SQL_CAP - *used ? (size_t)n : SQL_CAP - *used - 1;
}

static void append_columns(char sql[static SQL_CAP], size_t *used, const struct column *columns,
                           int count)
{
    for (int i = 0; i < count; i++) {
        append(sql, used, i == 0 ? "SELECT " : ", ");
        append(sql, used, columns[i].sql);
    }
}

/* A filter with its values in the form of the record. */
struct terms {
    const char *text[8];
    int count;
    char sql[SQL_CAP];
    size_t used;
    char mac[DB_MAC_CAP], since[DB_UTC_CAP], until[DB_UTC_CAP], slot[16];
};

/* `sql` has one question mark with a number, which is the next one. */
static void add_term(struct terms *t, const char *before, const char *value, const char *after)
{
    char mark[16];
    t->text[t->count++] = value;
    snprintf(mark, sizeof mark, "?%d", t->count);
    append(t->sql, &t->used, t->count == 1 ? " WHERE " : " AND ");
    append(t->sql, &t->used, before);
    append(t->sql, &t->used, mark);
    append(t->sql, &t->used, after);
}

static bool add_verdict(struct terms *t, const char *verdict, struct err *e)
{
    static const char *const words[] = { "PASS", "FAIL", "STOPPED", "INTERRUPTED" };
    /* "OPEN" gives NULL, which IS matches. */
    if (strcmp(verdict, "OPEN") == 0) {
        add_term(t, "r.verdict IS nullif(", verdict, ", 'OPEN')");
        return true;
    }
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (strcmp(verdict, words[i]) == 0) {
            add_term(t, "r.verdict = ", words[i], "");
            return true;
        }
    }
    err_set(e, ERR_USAGE, "'%.40s' is not a verdict", verdict);
    return err_hint(e, "Give one of PASS, FAIL, STOPPED, INTERRUPTED, OPEN.");
}

static bool add_times(struct terms *t, const struct db_filter *f, struct err *e)
{
    int64_t first_ms, after_ms;
    if (f->since != NULL) {
        if (!db_utc_span(f->since, &first_ms, &after_ms, e))
            return false;
        db_utc_text(first_ms, t->since);
        add_term(t, "r.started_utc >= ", t->since, "");
    }
    if (f->until != NULL) {
        if (!db_utc_span(f->until, &first_ms, &after_ms, e))
            return false;
        db_utc_text(after_ms, t->until);
        add_term(t, "r.started_utc < ", t->until, "");
    }
    return true;
}

static bool add_filter(struct terms *t, const struct db_filter *f, struct err *e)
{
    if (f->lot != NULL)
        add_term(t, "r.lot = (SELECT id FROM lot WHERE name = ", f->lot, ")");
    if (f->mac != NULL) {
        if (!db_mac_normalise(f->mac, t->mac, e))
            return false;
        add_term(t, "r.board = (SELECT id FROM board WHERE mac = ", t->mac, ")");
    }
    if (f->recipe != NULL)
        add_term(t, "r.recipe IN (SELECT id FROM recipe WHERE ", f->recipe,
                 " IN (name, sha256, plan_sha256))");
    if (f->slot != 0) {
        snprintf(t->slot, sizeof t->slot, "%d", f->slot);
        add_term(t, "r.slot = CAST(", t->slot, " AS INTEGER)");
    }
    if (f->verdict != NULL && !add_verdict(t, f->verdict, e))
        return false;
    return add_times(t, f, e);
}

static sqlite3_stmt *prepare_locked(struct db *db, const char *sql, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db->sql, sql, -1, &s, NULL) != SQLITE_OK)
        db_fail(db, e);
    return s;
}

static sqlite3_stmt *prepare_runs_locked(struct db *db, const struct terms *t, struct err *e)
{
    char sql[SQL_CAP] = "";
    size_t used = 0;
    append_columns(sql, &used, run_columns, RUN_COLUMNS);
    append(sql, &used,
           " FROM run AS r JOIN station AS s ON s.id = r.station"
           " JOIN recipe AS c ON c.id = r.recipe LEFT JOIN lot AS l ON l.id = r.lot"
           " LEFT JOIN board AS b ON b.id = r.board");
    append(sql, &used, t->sql);
    append(sql, &used, " ORDER BY r.started_utc, r.id");
    sqlite3_stmt *s = prepare_locked(db, sql, e);
    for (int i = 0; s != NULL && i < t->count; i++)
        sqlite3_bind_text(s, i + 1, t->text[i], -1, SQLITE_STATIC);
    return s;
}

/* Both have the id that links to the next table behind their columns. */
static sqlite3_stmt *prepare_attempts_locked(struct db *db, struct err *e)
{
    char sql[SQL_CAP] = "";
    size_t used = 0;
    append_columns(sql, &used, attempt_columns, ATTEMPT_COLUMNS);
    append(sql, &used, ", a.id FROM attempt AS a WHERE a.run = ? ORDER BY a.number");
    return prepare_locked(db, sql, e);
}

static sqlite3_stmt *prepare_digests_locked(struct db *db, struct err *e)
{
    char sql[SQL_CAP] = "";
    size_t used = 0;
    append_columns(sql, &used, digest_columns, DIGEST_COLUMNS);
    append(sql, &used,
           " FROM digest AS d JOIN image AS i ON i.id = d.image WHERE d.attempt = ?"
           " ORDER BY i.number");
    return prepare_locked(db, sql, e);
}

/* ---- An export --------------------------------------------------------------------------------*/

struct export
{
    struct db *db;
    struct out out;
    sqlite3_stmt *runs, *attempts, *digests;
    int64_t count;
};

/* > 0 a row, 0 the end, < 0 failed. */
static int next_row(const struct export *x, sqlite3_stmt *s, struct err *e)
{
    const int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    db_fail(x->db, e);
    return -1;
}

static bool json_digests(struct export *x, int64_t attempt_id, struct err *e)
{
    int rows;
    const char *between = "";
    sqlite3_reset(x->digests);
    sqlite3_bind_int64(x->digests, 1, attempt_id);
    while ((rows = next_row(x, x->digests, e)) > 0) {
        out_text(&x->out, between);
        out_text(&x->out, "{");
        json_members(&x->out, x->digests, digest_columns, DIGEST_COLUMNS);
        out_text(&x->out, "}");
        between = ",";
    }
    return rows == 0;
}

static bool json_attempts(struct export *x, int64_t run_id, struct err *e)
{
    int rows;
    const char *between = "";
    sqlite3_reset(x->attempts);
    sqlite3_bind_int64(x->attempts, 1, run_id);
    while ((rows = next_row(x, x->attempts, e)) > 0) {
        out_text(&x->out, between);
        out_text(&x->out, "{");
        json_members(&x->out, x->attempts, attempt_columns, ATTEMPT_COLUMNS);
        out_text(&x->out, ",\"digests\":[");
        if (!json_digests(x, sqlite3_column_int64(x->attempts, ATTEMPT_COLUMNS), e))
            return false;
        out_text(&x->out, "]}");
        between = ",";
    }
    return rows == 0;
}

static bool json_run(struct export *x, struct err *e)
{
    out_text(&x->out, x->count == 0 ? "\n{" : ",\n{");
    json_members(&x->out, x->runs, run_columns, RUN_COLUMNS);
    out_text(&x->out, ",\"attempts\":[");
    if (!json_attempts(x, sqlite3_column_int64(x->runs, 0), e))
        return false;
    out_text(&x->out, "]}");
    return true;
}

static bool csv_run(struct export *x, struct err *e)
{
    (void)e;
    for (int i = 0; i < RUN_COLUMNS; i++) {
        out_text(&x->out, i == 0 ? "" : ",");
        csv_value(&x->out, x->runs, i);
    }
    out_text(&x->out, "\r\n");
    return true;
}

static void csv_head(struct out *out)
{
    for (int i = 0; i < RUN_COLUMNS; i++) {
        out_text(out, i == 0 ? "" : ",");
        out_text(out, run_columns[i].name);
    }
    out_text(out, "\r\n");
}

static void json_head(struct out *out)
{
    out_text(out, "[");
}

static void json_tail(struct out *out)
{
    out_text(out, "\n]\n");
}

static void nothing(struct out *out)
{
    (void)out;
}

static const struct form {
    void (*head)(struct out *out);
    bool (*run)(struct export *x, struct err *e);
    void (*tail)(struct out *out);
} forms[] = {
    [DB_CSV] = { csv_head, csv_run, nothing },
    [DB_JSON] = { json_head, json_run, json_tail },
};

static bool refused(const struct export *x, struct err *e)
{
    return err_set(e, ERR_STATION, "The export could not be written on, after %" PRId64 " runs",
                   x->count);
}

static bool write_all(struct export *x, const struct form *form, struct err *e)
{
    int rows = 0;
    form->head(&x->out);
    while (!x->out.refused && (rows = next_row(x, x->runs, e)) > 0) {
        if (!form->run(x, e))
            return false;
        x->count++;
    }
    if (rows < 0)
        return false;
    form->tail(&x->out);
    out_flush(&x->out);
    return x->out.refused ? refused(x, e) : true;
}

static bool export_locked(struct export *x, const struct form *form, const struct terms *terms,
                          struct err *e)
{
    x->runs = prepare_runs_locked(x->db, terms, e);
    x->attempts = x->runs != NULL ? prepare_attempts_locked(x->db, e) : NULL;
    x->digests = x->attempts != NULL ? prepare_digests_locked(x->db, e) : NULL;
    const bool ok = x->digests != NULL && write_all(x, form, e);
    sqlite3_finalize(x->runs);
    sqlite3_finalize(x->attempts);
    sqlite3_finalize(x->digests);
    return ok;
}

bool db_export(struct db *reader, enum db_format format, const struct db_filter *filter,
               const struct db_sink *sink, int64_t *runs, struct err *e)
{
    struct terms terms = { .count = 0 };
    struct export x = { .db = reader, .out.sink = sink };
    if (filter != NULL && !add_filter(&terms, filter, e))
        return false;
    if (!db_begin_read(reader, e) ||
        !db_finish(reader, export_locked(&x, &forms[format], &terms, e), e) ||
        !db_still_the_same(reader, e))
        return false;
    if (runs != NULL)
        *runs = x.count;
    return true;
}
