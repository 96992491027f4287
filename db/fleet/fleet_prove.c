/*
 * Whether the server has what the stations recorded: each record is made anew from its rows, and
 * audited as if it were the station's own. So there is one audit, and one canonical form.
 */
#include "db/fleet/fleet_priv.h"
#include "db/store/fail.h"
#include "db/store/handle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Which records ---- */

static void take_record(const PGresult *r, int row, struct fleet_record *to)
{
    to->id = strtoll(PQgetvalue(r, row, 0), NULL, 10);
    to->mark = strtoll(PQgetvalue(r, row, 1), NULL, 10);
    snprintf(to->sha256, sizeof to->sha256, "%s", PQgetvalue(r, row, 2));
    snprintf(to->station, sizeof to->station, "%s", PQgetvalue(r, row, 3));
    to->replaced = PQgetvalue(r, row, 4)[0] == 't';
}

bool fleet_records(struct fleet *f, const char *station, struct fleet_record **records,
                   size_t *count, struct err *e)
{
    *records = NULL;
    *count = 0;
    PGresult *const r = pg_ask(f,
                               "SELECT r.id, r.link, r.sha256, s.name, r.replaced_utc IS NOT NULL"
                               " FROM espstation.record AS r JOIN espstation.station AS s"
                               " ON s.id = r.station WHERE $1::text IS NULL OR s.name = $1"
                               " ORDER BY r.id",
                               &station, 1, e);
    if (!r)
        return false;
    const int rows = PQntuples(r);
    if (rows > 0)
        *records = calloc((size_t)rows, sizeof **records);
    for (int i = 0; *records && i < rows; i++)
        take_record(r, i, &(*records)[i]);
    *count = *records ? (size_t)rows : 0;
    PQclear(r);
    return *records || rows == 0 || err_set(e, ERR_STATION, "No memory left for a list of records");
}

/* ---- From the server into a file ---- */

struct proof {
    const struct db_audit_setup *setup;
    sqlite3 *sql;
    const struct fleet_table *table;
    sqlite3_stmt *put;
    int64_t findings;
};

static void find(struct proof *p, enum db_finding_kind kind, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void find(struct proof *p, enum db_finding_kind kind, const char *fmt, ...)
{
    char sentence[320];
    const struct db_finding finding = { .kind = kind, .sentence = sentence };
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(sentence, sizeof sentence, fmt, ap);
    va_end(ap);
    p->findings++;
    if (p->setup->finding)
        p->setup->finding(p->setup->ctx, &finding);
}

static bool fail_file(struct proof *p, struct err *e)
{
    return err_set(e, ERR_DATABASE, "The record could not be made anew: %s",
                   sqlite3_errmsg(p->sql));
}

static bool run(struct proof *p, const char *sql, struct err *e)
{
    return sqlite3_exec(p->sql, sql, NULL, NULL, NULL) == SQLITE_OK || fail_file(p, e);
}

/* What is no number is left a text, which the record's table refuses. */
static void bind_value(sqlite3_stmt *s, int place, bool number, const char *text, size_t n)
{
    char *end = NULL;
    const int64_t value = text && number ? strtoll(text, &end, 10) : 0;
    if (!text)
        sqlite3_bind_null(s, place);
    else if (number && *text != '\0' && *end == '\0')
        sqlite3_bind_int64(s, place, value);
    else
        sqlite3_bind_text64(s, place, text, n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void bind_line(struct proof *p, char *line)
{
    const char *column = p->table->columns;
    char *text;
    size_t n;
    sqlite3_reset(p->put);
    for (int place = 1; *column != '\0' && fleet_take_value(&line, &text, &n); place++) {
        bind_value(p->put, place, column[strcspn(column, "# ")] == '#', text, n);
        column += strcspn(column, " ");
        column += strspn(column, " ");
    }
}

/* A row that the record's tables do not take was not written by a station. */
static bool put_line(void *ctx, char *line, size_t n, struct err *e)
{
    struct proof *const p = ctx;
    char id[32];
    snprintf(id, sizeof id, "%.*s", (int)strcspn(line, "\t"), line);
    (void)n;
    bind_line(p, line);
    const int rc = sqlite3_step(p->put);
    if ((rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_MISMATCH)
        find(p, DB_INSERTED, "Row %s of table %s stands there twice, or as no station writes it",
             id, p->table->name);
    else if (rc != SQLITE_DONE)
        return fail_file(p, e);
    else if (sqlite3_changes(p->sql) == 0)
        find(p, DB_INSERTED, "Row %s of table %s belongs to no row", id, p->table->name);
    return true;
}

static bool put_table(struct proof *p, struct fleet *f, const struct fleet_table *t, int64_t record,
                      struct err *e)
{
    char sql[FLEET_SQL_CAP];
    p->table = t;
    fleet_put_sql(t, sql);
    if (sqlite3_prepare_v2(p->sql, sql, -1, &p->put, NULL) != SQLITE_OK)
        return fail_file(p, e);
    fleet_copy_out_sql(t, record, sql);
    const bool ok = pg_copy_out(f, sql, put_line, p, e);
    sqlite3_finalize(p->put);
    return ok;
}

static bool put_tables(struct proof *p, struct fleet *f, int64_t record, struct err *e)
{
    for (size_t i = 0; i < FLEET_TABLE_COUNT; i++) {
        if (!put_table(p, f, &fleet_tables[i], record, e))
            return err_wrap(e, "Reading %s", fleet_tables[i].name);
    }
    return true;
}

/* ---- The guards of a record, away while its rows are put in ---- */

/* Unique indexes too: what was released may be given out again, and that it was released comes
 * last. */
#define GUARDS " FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('trigger', 'index')"

/* Runs each statement that the query gives. They are gathered first: they change what is read. */
static bool run_each(struct proof *p, const char *query, struct err *e)
{
    sqlite3_stmt *s = NULL;
    char *all = NULL;
    if (sqlite3_prepare_v2(p->sql, query, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        all = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    const bool ok = all ? run(p, all, e) : fail_file(p, e);
    sqlite3_free(all);
    return ok;
}

static bool put_aside(struct proof *p, struct err *e)
{
    return run(p,
               "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN;"
               "CREATE TEMP TABLE guard AS SELECT sql" GUARDS,
               e) &&
           run_each(p, "SELECT group_concat('DROP ' || type || ' ' || name, ';')" GUARDS, e);
}

static bool put_back(struct proof *p, struct err *e)
{
    return run_each(p, "SELECT group_concat(sql, ';') FROM temp.guard", e) &&
           run(p, "DROP TABLE temp.guard; COMMIT", e);
}

/* In one state of the server, whatever is sent meanwhile. */
static bool make_anew(struct proof *p, struct fleet *f, int64_t record, struct err *e)
{
    if (!pg_run(f, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e))
        return false;
    const bool ok = put_aside(p, e) && put_tables(p, f, record, e) && put_back(p, e);
    pg_roll_back(f);
    return ok;
}

/* ---- Judging ---- */

/* It may have gone on since the list was read. */
static void judge_end(struct proof *p, const struct fleet_record *record,
                      const struct db_audit *audit)
{
    if (audit->links < record->mark)
        find(p, DB_TRUNCATED,
             "The server's mark is link %" PRId64 ", and its rows end with link %" PRId64,
             record->mark, audit->links);
    else if (audit->links == record->mark && record->mark > 0 &&
             strcmp(audit->end_sha256, record->sha256) != 0)
        find(p, DB_CHANGED, "The mark names another link %" PRId64 " than the server has",
             record->mark);
}

static bool audit_file(struct proof *p, const struct fleet_record *record, const char *path,
                       struct db_audit *audit, struct err *e)
{
    struct db_audit_setup setup = *p->setup;
    setup.final_rows_alone = true;
    struct db *const db = db_open_reader(path, DB_BUSY_MS, e);
    const bool ok = db && db_audit(db, &setup, audit, e);
    db_close(db);
    if (ok) {
        judge_end(p, record, audit);
        audit->findings += p->findings;
    }
    return ok;
}

bool fleet_prove(struct fleet *f, const struct fleet_record *record, const char *path,
                 const struct db_audit_setup *setup, struct db_audit *audit, struct err *e)
{
    struct proof p = { .setup = setup };
    struct db *const db = db_open(path, DB_BUSY_MS, e);
    if (!db)
        return false;
    p.sql = db->sql;
    const bool ok = make_anew(&p, f, record->id, e);
    db_close(db);
    return ok && audit_file(&p, record, path, audit, e);
}
