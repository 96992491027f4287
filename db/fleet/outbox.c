/*
 * The outbox: the chain of the record, and what it binds, as the lines that COPY takes.
 *
 * A batch is read in one short transaction and kept in memory: the network may then take as long
 * as it likes, and neither a slot nor the log beside the record waits for it. How many links a
 * batch has follows from how many bytes they bring.
 */
#include "db/fleet/fleet_priv.h"
#include "db/store/chain.h"
#include "db/store/fail.h"
#include "db/store/handle.h"
#include "db/store/turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_LINKS 4000
#define BATCH_BYTES ((size_t)3 << 20)

_Static_assert((int)FLEET_SHA256_CAP == (int)DB_SHA256_CAP, "a hash has one length");

static sqlite3_stmt *prepare(struct outbox *o, const char *sql, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(o->reader->sql, sql, -1, &s, NULL) != SQLITE_OK)
        db_fail(o->reader, e);
    return s;
}

static bool prepare_all(struct outbox *o, struct err *e)
{
    char sql[FLEET_SQL_CAP];
    for (size_t i = 0; i < FLEET_TABLE_COUNT; i++) {
        fleet_select_sql(&fleet_tables[i], sql);
        if (!(o->rows[i] = prepare(o, sql, e)))
            return false;
    }
    o->months = prepare(o,
                        "SELECT DISTINCT substr(r.started_utc, 1, 7) FROM link AS l CROSS JOIN run"
                        " AS r ON r.id = l.row WHERE l.id > ?1 AND l.id <= ?2 AND +l.kind = 'run'",
                        e);
    return o->months != NULL;
}

struct outbox *outbox_open(const char *db_path, struct err *e)
{
    struct outbox *const o = calloc(1, sizeof *o);
    if (!o) {
        err_set(e, ERR_STATION, "No memory left for rows to be sent");
        return NULL;
    }
    o->batch_links = BATCH_LINKS;
    o->reader = db_open_reader(db_path, DB_BUSY_MS, e);
    if (o->reader && prepare_all(o, e))
        return o;
    outbox_close(o);
    return NULL;
}

void outbox_close(struct outbox *o)
{
    if (!o)
        return;
    for (size_t i = 0; i < FLEET_TABLE_COUNT; i++) {
        sqlite3_finalize(o->rows[i]);
        free(o->lines[i].bytes);
    }
    sqlite3_finalize(o->months);
    db_close(o->reader);
    free(o);
}

/* ---- Looking ---- */

bool outbox_last(struct outbox *o, int64_t *link, struct err *e)
{
    struct chain_end end = { .link = 0 };
    if (!db_begin_read(o->reader, e))
        return false;
    const bool ok = db_finish(o->reader, chain_end_locked(o->reader, &end, e), e);
    *link = end.link;
    return ok;
}

static bool sha256_locked(struct outbox *o, int64_t link, char sha256[static FLEET_SHA256_CAP],
                          struct err *e)
{
    sha256[0] = '\0';
    if (link == 0) {
        memset(sha256, '0', FLEET_SHA256_CAP - 1);
        sha256[FLEET_SHA256_CAP - 1] = '\0';
        return true;
    }
    sqlite3_stmt *const s = prepare(o, "SELECT sha256 FROM link WHERE id = ?1", e);
    if (!s)
        return false;
    sqlite3_bind_int64(s, 1, link);
    const int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        snprintf(sha256, FLEET_SHA256_CAP, "%s", (const char *)sqlite3_column_text(s, 0));
    const bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE || db_fail(o->reader, e);
    sqlite3_finalize(s);
    return ok;
}

bool outbox_sha256(struct outbox *o, int64_t link, char sha256[static FLEET_SHA256_CAP],
                   struct err *e)
{
    return db_begin_read(o->reader, e) &&
           db_finish(o->reader, sha256_locked(o, link, sha256, e), e);
}

/* ---- A batch ---- */

static bool put_column(struct fleet_lines *to, sqlite3_stmt *s, int column, struct err *e)
{
    char number[32];
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_NULL:
        return fleet_put(to, "\\N", 2, e);
    case SQLITE_INTEGER: {
        const int n =
            snprintf(number, sizeof number, "%" PRId64, (int64_t)sqlite3_column_int64(s, column));
        return fleet_put(to, number, (size_t)n, e);
    }
    default: {
        const void *const text = sqlite3_column_text(s, column);
        if (!text)
            return err_set(e, ERR_STATION, "No memory left for rows to be sent");
        return fleet_put_text(to, text, (size_t)sqlite3_column_bytes(s, column), e);
    }
    }
}

static bool put_row(struct outbox *o, struct fleet_lines *to, sqlite3_stmt *s, struct err *e)
{
    char record[32];
    const int n = snprintf(record, sizeof record, "%" PRId64, o->record_id);
    const size_t before = to->used;
    bool ok = fleet_put(to, record, (size_t)n, e);
    for (int i = 0; ok && i < sqlite3_column_count(s); i++)
        ok = fleet_put(to, "\t", 1, e) && put_column(to, s, i, e);
    ok = ok && fleet_put(to, "\n", 1, e);
    o->used += to->used - before;
    return ok;
}

static void bind_batch(struct outbox *o, sqlite3_stmt *s)
{
    sqlite3_reset(s);
    sqlite3_bind_int64(s, 1, o->after);
    sqlite3_bind_int64(s, 2, o->upto);
}

/* Stops in the middle where it becomes too much; `used` tells. */
static bool put_table_locked(struct outbox *o, size_t table, struct err *e)
{
    sqlite3_stmt *const s = o->rows[table];
    struct fleet_lines *const to = &o->lines[table];
    int rc = SQLITE_DONE;
    bool ok = true;
    bind_batch(o, s);
    while (ok && (o->used <= BATCH_BYTES || o->upto == o->after + 1) &&
           (rc = sqlite3_step(s)) == SQLITE_ROW)
        ok = put_row(o, to, s, e);
    if (ok && rc != SQLITE_DONE && rc != SQLITE_ROW)
        ok = db_fail(o->reader, e);
    sqlite3_reset(s);
    return ok;
}

static bool put_months_locked(struct outbox *o, struct err *e)
{
    int rc;
    bind_batch(o, o->months);
    o->month_count = 0;
    while ((rc = sqlite3_step(o->months)) == SQLITE_ROW && o->month_count < OUTBOX_MONTHS)
        snprintf(o->month[o->month_count++], sizeof o->month[0], "%.7s",
                 (const char *)sqlite3_column_text(o->months, 0));
    const bool ok = rc == SQLITE_DONE || rc == SQLITE_ROW || db_fail(o->reader, e);
    sqlite3_reset(o->months);
    return ok;
}

static bool put_tables_locked(struct outbox *o, struct err *e)
{
    bool ok = put_months_locked(o, e);
    o->used = 0;
    for (size_t i = 0; i < FLEET_TABLE_COUNT; i++)
        o->lines[i].used = 0;
    for (size_t i = 0; ok && i < FLEET_TABLE_COUNT; i++)
        ok = put_table_locked(o, i, e);
    return ok;
}

/* What lies in it is copies: keeping much of it would be memory for nothing. */
static void give_back(struct outbox *o)
{
    for (size_t i = 0; i < FLEET_TABLE_COUNT; i++) {
        if (o->lines[i].cap <= BATCH_BYTES)
            continue;
        free(o->lines[i].bytes);
        o->lines[i] = (struct fleet_lines){ .bytes = NULL };
    }
}

static bool fill_locked(struct outbox *o, struct err *e)
{
    struct chain_end end;
    if (!chain_end_locked(o->reader, &end, e))
        return false;
    o->last = end.link;
    for (;;) {
        o->upto = end.link - o->after > o->batch_links ? o->after + o->batch_links : end.link;
        if (o->upto <= o->after) {
            o->upto = o->after;
            return true;
        }
        if (!put_tables_locked(o, e))
            return false;
        if (o->used <= BATCH_BYTES || o->upto == o->after + 1)
            return sha256_locked(o, o->upto, o->sha256, e);
        o->batch_links = (o->upto - o->after) / 2;
    }
}

bool outbox_fill(struct outbox *o, int64_t record_id, int64_t after, struct err *e)
{
    give_back(o);
    o->record_id = record_id;
    o->after = after;
    if (o->batch_links < BATCH_LINKS)
        o->batch_links += o->batch_links / 4 + 1;
    return db_begin_read(o->reader, e) && db_finish(o->reader, fill_locked(o, e), e);
}
