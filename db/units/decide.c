#include "db/units/decide.h"

#include "db/store/chain.h"
#include "db/store/query.h"
#include "db/store/turn.h"
#include "db/units/mark.h"

#include <inttypes.h>
#include <stdio.h>

static int64_t add_decision_locked(struct db *db, const char *what, int64_t board_id,
                                   const char *serial, const char *mark,
                                   const struct db_unit_decision *d, struct err *e)
{
    struct query q = query_start_locked(db, STMT_UNIT_DECISION_ADD);
    query_text(&q, what);
    query_int_or_null(&q, board_id, 1);
    query_text(&q, serial);
    query_text(&q, mark);
    query_text(&q, d->operator_name);
    query_text(&q, d->reason);
    query_text(&q, d->host);
    query_utc(&q, d->utc_ms);
    return query_insert(&q, e);
}

/* ---- Release ---- */

/* No board has it: nobody ever had, or it was released. */
static bool refuse_unknown_locked(struct db *db, const char *serial, struct err *e)
{
    struct query q = query_start_locked(db, STMT_UNIT_SERIAL_RELEASED);
    query_text(&q, serial);
    const int rows = query_row(&q, e);
    if (rows > 0)
        err_set(e, ERR_USAGE,
                "The serial '%.80s' was released already, %s by %.60s; no board has it", serial,
                (const char *)sqlite3_column_text(q.statement, 0),
                (const char *)sqlite3_column_text(q.statement, 1));
    else if (rows == 0)
        err_set(e, ERR_USAGE, "No board has the serial '%.80s'", serial);
    query_end(&q);
    return rows < 0 ? false : err_hint(e, "To see all: espstation unit list");
}

static bool find_unit_locked(struct db *db, const char *serial, int64_t *board_id, struct err *e)
{
    int64_t open_run = 0;
    struct query q = query_start_locked(db, STMT_UNIT_OF_SERIAL);
    query_text(&q, serial);
    if (!query_number(&q, board_id, e))
        return false;
    if (*board_id == 0)
        return refuse_unknown_locked(db, serial, e);
    q = query_start_locked(db, STMT_UNIT_OPEN_RUN);
    query_int(&q, *board_id);
    if (!query_number(&q, &open_run, e))
        return false;
    return open_run == 0 ||
           err_set(e, ERR_USAGE, "The board of serial '%.80s' is being flashed: run %" PRId64,
                   serial, open_run);
}

static bool mark_released_locked(struct db *db, int64_t decision, int64_t board_id, struct err *e)
{
    static const enum statement rows[] = { STMT_UNIT_VALUE_RELEASE, STMT_UNIT_ITEM_RELEASE,
                                           STMT_UNIT_RELEASE };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct query q = query_start_locked(db, rows[i]);
        query_int(&q, decision);
        query_int(&q, board_id);
        if (!query_run(&q, e))
            return false;
    }
    return true;
}

static bool release_locked(struct db *db, const char *serial, const struct db_unit_decision *d,
                           struct err *e)
{
    int64_t board_id = 0;
    if (!find_unit_locked(db, serial, &board_id, e))
        return false;
    const int64_t id = add_decision_locked(db, "release", board_id, serial, NULL, d, e);
    return id > 0 && mark_released_locked(db, id, board_id, e) &&
           chain_link_locked(db, LINK_UNIT_DECISION, id, e);
}

bool db_unit_release(struct db *db, const char *serial, const struct db_unit_decision *decision,
                     struct err *e)
{
    return db_begin(db, e) && db_finish(db, release_locked(db, serial, decision, e), e);
}

/* ---- An older record ---- */

static bool accept_locked(struct db *db, const struct db_unit_decision *d, struct err *e)
{
    char mark[DB_MARK_CAP];
    struct err older = { 0 };
    db->mark_judged = false;
    if (mark_judge_locked(db, &older))
        return err_set(e, ERR_USAGE, "The record %s has all units that were given out", db->shown);
    if (older.code != ERR_UNIT) {
        *e = older;
        return false;
    }
    if (!mark_read(db, mark, e))
        return false;
    const int64_t id = add_decision_locked(db, "older-record", 0, NULL, mark, d, e);
    return id > 0 && chain_link_locked(db, LINK_UNIT_DECISION, id, e);
}

bool db_unit_accept(struct db *db, const struct db_unit_decision *decision, struct err *e)
{
    if (!db_begin(db, e) || !db_finish(db, accept_locked(db, decision, e), e))
        return false;
    /* Once it is committed: a mark that points to nothing would stop the line again. */
    if (!db_enter(db, e))
        return false;
    const bool ok = mark_reset_locked(db, e);
    db_leave(db);
    return ok;
}

bool db_unit_judge(struct db *db, struct err *e)
{
    if (!db_enter(db, e))
        return false;
    const bool ok = mark_judge_locked(db, e);
    db_leave(db);
    return ok;
}
