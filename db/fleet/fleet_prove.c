/*
 * Whether the server has what the stations recorded: each record is made anew from its rows, and
 * audited as if it were the station's own. So there is one audit, and one canonical form.
 */
#include "db/fleet/fleet_file.h"
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
    struct fleet_file file;
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

/* A row that the record's tables do not take was not written by a station. */
static bool put_line(void *ctx, char *line, size_t n, struct err *e)
{
    struct proof *const p = ctx;
    char id[32];
    snprintf(id, sizeof id, "%.*s", (int)strcspn(line, "\t"), line);
    (void)n;
    fleet_file_bind(&p->file, line);
    const int rc = sqlite3_step(p->file.put);
    if ((rc & 0xff) == SQLITE_CONSTRAINT || (rc & 0xff) == SQLITE_MISMATCH)
        find(p, DB_INSERTED, "Row %s of table %s stands there twice, or as no station writes it",
             id, p->file.table->name);
    else if (rc != SQLITE_DONE)
        return fleet_file_fail(&p->file, e);
    else if (sqlite3_changes(p->file.sql) == 0)
        find(p, DB_INSERTED, "Row %s of table %s belongs to no row", id, p->file.table->name);
    return true;
}

static bool put_table(struct proof *p, struct fleet *f, const struct fleet_table *t, int64_t record,
                      struct err *e)
{
    char sql[FLEET_SQL_CAP];
    fleet_put_sql(t, sql);
    if (!fleet_file_prepare(&p->file, t, sql, e))
        return false;
    fleet_copy_out_sql(t, record, sql);
    const bool ok = pg_copy_out(f, sql, put_line, p, e);
    fleet_file_finish(&p->file);
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

/* In one state of the server, whatever is sent meanwhile. */
static bool make_anew(struct proof *p, struct fleet *f, int64_t record, struct err *e)
{
    if (!pg_run(f, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e))
        return false;
    const bool ok = fleet_file_open_up(&p->file, e) && put_tables(p, f, record, e) &&
                    fleet_file_guard(&p->file, true, e);
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
    p.file.sql = db->sql;
    const bool ok = make_anew(&p, f, record->id, e);
    db_close(db);
    return ok && audit_file(&p, record, path, audit, e);
}
