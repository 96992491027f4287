/*
 * Exports: runs through a filter into one of the forms of export_list.h, streamed. The files
 * export_NAME.c have the forms, export_columns.c the columns, export_filter.c the filter, and
 * export_out.c what cleans and escapes texts.
 */
#include "db/export/export_priv.h"

#include "db/store/connect.h"
#include "db/store/fail.h"
#include "db/store/mac_utc.h"
#include "db/store/phrases.h"
#include "db/store/query.h"
#include "db/store/turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct form *const forms[] = {
#define EXPORT(NAME, word) [DB_##NAME] = &form_##word,
#include "db/export/export_list.h"
#undef EXPORT
};

enum { FORM_COUNT = sizeof forms / sizeof forms[0] };

const struct db_format_info *db_format_info(size_t format)
{
    return format < FORM_COUNT ? &forms[format]->info : NULL;
}

/* ---- Queries, made from the tables of columns ---- */

/* The longest: the run columns with every filter. */
enum { SQL_CAP = 12288 };

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

static sqlite3_stmt *prepare_locked(struct db *db, const char *sql, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(db->sql, sql, -1, &s, NULL) != SQLITE_OK)
        db_fail(db, e);
    return s;
}

static void bind_terms(sqlite3_stmt *s, const struct terms *terms)
{
    for (int i = 0; s && i < terms->count; i++)
        sqlite3_bind_text(s, i + 1, terms->text[i], -1, SQLITE_STATIC);
}

static sqlite3_stmt *prepare_runs_locked(struct export *x, struct err *e)
{
    char sql[SQL_CAP] = "";
    size_t used = 0;
    append_columns(sql, &used, run_columns, RUN_SELECTED);
    append(sql, &used,
           " FROM run AS r JOIN station AS s ON s.id = r.station"
           " JOIN recipe AS c ON c.id = r.recipe LEFT JOIN lot AS l ON l.id = r.lot"
           " LEFT JOIN board AS b ON b.id = r.board"
           " LEFT JOIN attempt AS t ON t.run = r.id"
           "  AND t.number = (SELECT max(number) FROM attempt WHERE run = r.id)"
           " LEFT JOIN correction AS k"
           "  ON k.id = (SELECT max(id) FROM correction WHERE run = r.id)");
    append(sql, &used, x->terms->sql);
    append(sql, &used, " ORDER BY r.started_utc, r.id");
    sqlite3_stmt *s = prepare_locked(x->db, sql, e);
    bind_terms(s, x->terms);
    return s;
}

static sqlite3_stmt *prepare_columns_locked(struct db *db, const struct column *columns, int count,
                                            const char *from, struct err *e)
{
    char sql[SQL_CAP] = "";
    size_t used = 0;
    append_columns(sql, &used, columns, count);
    append(sql, &used, from);
    return prepare_locked(db, sql, e);
}

/* False: some are missing, and *e says why. */
static bool prepare_all_locked(struct export *x, struct err *e)
{
    struct db *db = x->db;
    x->runs = prepare_runs_locked(x, e);
    if (x->runs)
        x->corrections =
            prepare_columns_locked(db, correction_columns, CORRECTION_COLUMNS,
                                   " FROM correction AS k WHERE k.run = ? ORDER BY k.id", e);
    if (x->corrections)
        x->attempts =
            prepare_columns_locked(db, attempt_columns, ATTEMPT_SELECTED,
                                   " FROM attempt AS a WHERE a.run = ? ORDER BY a.number", e);
    if (x->attempts)
        x->digests = prepare_columns_locked(db, digest_columns, DIGEST_COLUMNS,
                                            " FROM (" DIGESTS_OF_ATTEMPT ") AS d", e);
    if (x->digests)
        x->units = prepare_columns_locked(
            db, unit_columns, UNIT_COLUMNS,
            " FROM run AS r JOIN unit AS u ON " UNIT_OF_RUN(
                "u") " JOIN unit_value AS v"
                     " ON v.unit = u.id WHERE r.id = ? AND " LAST_OF_ITS_NAME,
            e);
    if (x->units)
        x->burns = prepare_columns_locked(db, burn_columns, BURN_COLUMNS,
                                          " FROM burn AS x WHERE x.run = ? ORDER BY x.number", e);
    return x->burns != NULL;
}

/* ---- What the forms ask ---- */

bool export_nothing(struct export *x, struct err *e)
{
    (void)x;
    (void)e;
    return true;
}

const char *export_text(sqlite3_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s, column);
}

bool export_is(sqlite3_stmt *s, int column, const char *text)
{
    const char *found = export_text(s, column);
    return found && strcmp(found, text) == 0;
}

int64_t export_utc_ms(sqlite3_stmt *s, int column)
{
    struct err ignored = { 0 };
    int64_t first_ms, after_ms;
    const char *text = export_text(s, column);
    return text && db_utc_span(text, &first_ms, &after_ms, &ignored) ? first_ms : -1;
}

static void begin_rows(sqlite3_stmt *s, int64_t id)
{
    sqlite3_reset(s);
    sqlite3_bind_int64(s, 1, id);
}

void export_begin_corrections(struct export *x)
{
    begin_rows(x->corrections, sqlite3_column_int64(x->runs, RUN_ID));
}

void export_begin_units(struct export *x)
{
    begin_rows(x->units, sqlite3_column_int64(x->runs, RUN_ID));
}

void export_begin_burns(struct export *x)
{
    begin_rows(x->burns, sqlite3_column_int64(x->runs, RUN_ID));
}

void export_begin_attempts(struct export *x)
{
    begin_rows(x->attempts, sqlite3_column_int64(x->runs, RUN_ID));
}

void export_begin_digests(struct export *x)
{
    begin_rows(x->digests, sqlite3_column_int64(x->attempts, ATTEMPT_ID));
}

int export_next(const struct export *x, sqlite3_stmt *s, struct err *e)
{
    return query_step(x->db, s, e);
}

static sqlite3_stmt *prepare_sums_locked(const struct export *x, struct err *e)
{
    char sql[SQL_CAP] = "";
    size_t used = 0;
    append(sql, &used,
           "SELECT count(*), count(*) - count(r.verdict), ifnull(sum(" EFFECTIVE_VERDICT(
               "r") " <> 'PASS'), 0),"
                    " ifnull(sum(r.duration_ms), 0), min(r.started_utc)"
                    " FROM run AS r JOIN recipe AS c ON c.id = r.recipe");
    append(sql, &used, x->terms->sql);
    append(sql, &used, x->terms->count == 0 ? " WHERE" : " AND");
    append(sql, &used, " r.golden IS NULL");
    sqlite3_stmt *s = prepare_locked(x->db, sql, e);
    bind_terms(s, x->terms);
    return s;
}

bool export_sums(struct export *x, struct export_sums *sums, struct err *e)
{
    sqlite3_stmt *s = prepare_sums_locked(x, e);
    const bool ok = s && export_next(x, s, e) > 0;
    if (ok) {
        const char *first = export_text(s, 4);
        sums->runs = sqlite3_column_int64(s, 0);
        sums->open = sqlite3_column_int64(s, 1);
        sums->failed = sqlite3_column_int64(s, 2);
        sums->duration_ms = sqlite3_column_int64(s, 3);
        snprintf(sums->first_utc, sizeof sums->first_utc, "%s", first ? first : "");
    }
    sqlite3_finalize(s);
    return ok;
}

/* ---- An export ---- */

static bool refused(const struct export *x, struct err *e)
{
    return err_set(e, ERR_STATION, "The export could not be written on, after %" PRId64 " runs",
                   x->count);
}

/* Tells the receiver that the next bytes are a document of their own, if it wants to know. */
static void begin_document(struct export *x, const struct form *form)
{
    const struct db_sink *sink = x->out.sink;
    if (!form->info.document_per_run || !sink->document)
        return;
    const struct db_document document = {
        .run_id = sqlite3_column_int64(x->runs, RUN_ID),
        .slot = sqlite3_column_int(x->runs, RUN_SLOT),
        .mac = export_text(x->runs, RUN_MAC),
    };
    if (collector_flush(&x->out.to))
        x->out.to.refused = !sink->document(sink->ctx, &document);
}

static bool write_run(struct export *x, const struct form *form, struct err *e)
{
    if (form->closed_only && !export_text(x->runs, RUN_VERDICT))
        return true;
    if (form->units_only && sqlite3_column_int(x->runs, RUN_GOLDEN) != 0)
        return true;
    begin_document(x, form);
    if (!form->run(x, e))
        return false;
    x->count++;
    return true;
}

static bool write_all(struct export *x, const struct form *form, struct err *e)
{
    int rows = 0;
    if (!form->head(x, e))
        return false;
    while (!x->out.to.refused && (rows = export_next(x, x->runs, e)) > 0) {
        if (!write_run(x, form, e))
            return false;
    }
    if (rows < 0 || !form->tail(x, e))
        return false;
    return collector_flush(&x->out.to) || refused(x, e);
}

static bool export_locked(struct export *x, const struct form *form, struct err *e)
{
    const bool ok = prepare_all_locked(x, e) && write_all(x, form, e);
    sqlite3_finalize(x->runs);
    sqlite3_finalize(x->corrections);
    sqlite3_finalize(x->attempts);
    sqlite3_finalize(x->digests);
    sqlite3_finalize(x->units);
    sqlite3_finalize(x->burns);
    return ok;
}

bool db_export(struct db *reader, enum db_format format, const struct db_filter *filter,
               const struct db_sink *sink, int64_t *runs, struct err *e)
{
    struct terms terms;
    struct export x = { .db = reader,
                        .terms = &terms,
                        .out = { .sink = sink, .to = { .ctx = sink->ctx, .emit = sink->emit } } };
    if (!terms_make(&terms, filter, e))
        return false;
    if (!db_begin_read(reader, e) || !db_finish(reader, export_locked(&x, forms[format], e), e) ||
        !db_still_the_same(reader, e))
        return false;
    if (runs)
        *runs = x.count;
    return true;
}
