#include "db/write/lease.h"

#include "db/store/chain.h"
#include "db/store/query.h"
#include "db/store/turn.h"
#include "db/units/mark.h"
#include "db/write/lease_priv.h"
#include "db/write/station_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* How much earlier than at the server places lapse here: one part in so many. */
#define EARLY 50

const char *const db_lease_words[] = {
    [DB_LEASE_PLACES] = "places", [DB_LEASE_NUMBERS] = "numbers", [DB_LEASE_ROWS] = "rows"
};

/* ---- Entering ---- */

static int64_t find_lot_locked(struct db *db, const char *lot, struct err *e)
{
    int64_t id = 0;
    struct query q = query_start_locked(db, STMT_LOT_FIND);
    query_text(&q, lot);
    if (query_number(&q, &id, e) && id == 0)
        err_set(e, ERR_USAGE, "The record has no lot %s", lot);
    return id;
}

static bool link_new_locked(struct db *db, struct query *q, struct err *e)
{
    const int64_t id = query_insert(q, e);
    return id > 0 && chain_link_locked(db, LINK_LEASE, id, e);
}

/* Until when it is used here: the last columns but the pool. */
static void query_until(struct query *q, const struct db_lease_clock *asked, int64_t seconds)
{
    const int64_t here_ms = seconds * 1000 - seconds * 1000 / EARLY;
    query_utc(q, asked->utc_ms);
    query_utc(q, asked->utc_ms + here_ms);
    query_text(q, asked->boot_id);
    query_int(q, asked->boot_ms + here_ms);
}

static bool add_places_locked(struct db *db, const struct db_lease_places *l, struct err *e)
{
    const int64_t lot_id = find_lot_locked(db, l->lot, e);
    if (lot_id == 0)
        return false;
    struct query q = query_start_locked(db, STMT_LEASE_ADD);
    query_int(&q, l->number);
    query_text(&q, "places");
    query_int(&q, lot_id);
    query_int(&q, l->places);
    query_text(&q, NULL);
    query_int_or_null(&q, -1, 0);
    query_int_or_null(&q, -1, 0);
    query_int_or_null(&q, -1, 0);
    query_text(&q, l->operator_name);
    query_until(&q, l->asked, l->seconds);
    query_text(&q, NULL);
    return link_new_locked(db, &q, e);
}

bool db_lease_add_places(struct db *db, const struct db_lease_places *lease, struct err *e)
{
    return db_begin(db, e) && db_finish(db, add_places_locked(db, lease, e), e);
}

static bool add_numbers_locked(struct db *db, const struct db_lease_numbers *l, struct err *e)
{
    struct query q = query_start_locked(db, STMT_LEASE_ADD);
    query_int(&q, l->number);
    query_text(&q, "numbers");
    query_int_or_null(&q, 0, 1);
    query_int_or_null(&q, 0, 1);
    query_text(&q, l->counter);
    query_int(&q, l->first);
    query_int(&q, l->last);
    query_int(&q, l->step);
    query_text(&q, NULL);
    query_utc(&q, l->utc_ms);
    query_text(&q, NULL);
    query_text(&q, NULL);
    query_int_or_null(&q, -1, 0);
    query_text(&q, NULL);
    return link_new_locked(db, &q, e);
}

bool db_lease_add_numbers(struct db *db, const struct db_lease_numbers *lease, struct err *e)
{
    return db_begin(db, e) && db_finish(db, add_numbers_locked(db, lease, e), e);
}

/* Of no lot, places, counter or numbers. */
static void query_nothing(struct query *q)
{
    query_int_or_null(q, -1, 0);
    query_int_or_null(q, -1, 0);
    query_text(q, NULL);
    for (int i = 0; i < 3; i++)
        query_int_or_null(q, -1, 0);
}

static bool add_row_locked(struct db *db, int64_t lease, size_t number, const char *sha256,
                           struct err *e)
{
    struct query q = query_start_locked(db, STMT_LEASE_ROW_ADD);
    query_int(&q, lease);
    query_int(&q, (int64_t)number);
    query_text(&q, sha256);
    return query_run(&q, e);
}

/* The link binds the rows as well: it comes behind them. */
static bool add_rows_locked(struct db *db, const struct db_lease_rows *l, struct err *e)
{
    struct query q = query_start_locked(db, STMT_LEASE_ADD);
    query_int(&q, l->number);
    query_text(&q, db_lease_words[DB_LEASE_ROWS]);
    query_nothing(&q);
    query_text(&q, l->operator_name);
    query_until(&q, l->asked, l->seconds);
    query_text(&q, l->pool);
    const int64_t id = query_insert(&q, e);
    bool ok = id > 0;
    for (size_t i = 0; ok && i < l->count; i++)
        ok = add_row_locked(db, id, i + 1, l->sha256[i], e);
    return ok && chain_link_locked(db, LINK_LEASE, id, e);
}

bool db_lease_add_rows(struct db *db, const struct db_lease_rows *lease, struct err *e)
{
    return db_begin(db, e) && db_finish(db, add_rows_locked(db, lease, e), e);
}

bool db_lease_rows_left(struct db *db, const char *pool, int64_t *left, struct err *e)
{
    struct db_lease_clock now;
    if (!db_lease_now(&now, e) || !db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_LEASE_ROWS_LEFT);
    query_text(&q, pool);
    query_lease_clock(&q, &now);
    const bool ok = query_number(&q, left, e);
    db_leave(db);
    return ok;
}

bool db_lease_newest_rows(struct db *db, const char *pool, int64_t *id, struct err *e)
{
    if (!db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_LEASE_ROWS_NEWEST);
    query_text(&q, pool);
    const bool ok = query_number(&q, id, e);
    db_leave(db);
    return ok;
}

bool db_lease_numbers_left(struct db *db, const char *counter, int64_t start, int64_t end,
                           int64_t *left, struct err *e)
{
    if (!db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_LEASE_LEFT);
    query_text(&q, counter);
    query_int(&q, start);
    query_int(&q, end);
    const bool ok = query_number(&q, left, e);
    db_leave(db);
    return ok;
}

/* ---- Using ---- */

bool lease_note_claim_locked(struct db *db, int64_t run_id, const struct db_fleet_say *say,
                             struct err *e)
{
    if (say->answer == DB_FLEET_SILENT)
        return true;
    struct query q = query_start_locked(db, STMT_RUN_CLAIM);
    query_int(&q, say->answer == DB_FLEET_ANSWERED ? say->claim : -(int64_t)say->unasked);
    query_int(&q, run_id);
    return query_run(&q, e);
}

static bool find_place_locked(struct db *db, int64_t lot_id, int64_t *lease, struct err *e)
{
    struct db_lease_clock now;
    if (!db_lease_now(&now, e))
        return false;
    struct query q = query_start_locked(db, STMT_LEASE_PLACE);
    query_int(&q, lot_id);
    query_lease_clock(&q, &now);
    return query_number(&q, lease, e);
}

static void refuse(const char *lot, const struct db_fleet_say *say, struct err *refusal)
{
    if (say->no_place) {
        err_set(refusal, ERR_QUOTA, "%s", say->no_place);
        err_hint(refusal, "If boards of other stations fail, or leases come back, places are free "
                          "again: espstation fleet lease list");
        return;
    }
    err_set(refusal, ERR_LEASE,
            "The fleet's server cannot be asked for a place in lot %s, and no lease of places is "
            "left here",
            lot);
}

static bool give_locked(struct db *db, enum statement which, int64_t lease, int64_t run_id,
                        struct err *e)
{
    struct query q = query_start_locked(db, which);
    if (which == STMT_RUN_LEASE)
        query_int(&q, lease);
    query_int(&q, run_id);
    return query_run(&q, e);
}

bool lease_give_place_locked(struct db *db, int64_t run_id, const struct open_run *run,
                             const char *lot, const struct db_fleet_say *say, struct err *refusal,
                             struct err *e)
{
    int64_t lease = 0;
    struct err older = { 0 };
    if (say->has_place)
        return give_locked(db, STMT_RUN_GIVE_PLACE, 0, run_id, e);
    if (!find_place_locked(db, run->lot_id, &lease, e))
        return false;
    if (lease == 0) {
        refuse(lot, say, refusal);
        return true;
    }
    /* A record from a backup does not know what it has used since. */
    if (!mark_judge_locked(db, &older)) {
        *(older.code == ERR_UNIT ? refusal : e) = older;
        return older.code == ERR_UNIT;
    }
    return give_locked(db, STMT_RUN_LEASE, lease, run_id, e);
}

bool lease_mark(struct db *db, const struct db_fleet_say *say, struct err *e)
{
    const bool may_be_lent = say->answer == DB_FLEET_AWAY || say->no_place;
    return !may_be_lent || mark_raise(db, e);
}

/* ---- Ending ---- */

static bool number_locked(struct db *db, enum statement which, int64_t id, int64_t *number,
                          struct err *e)
{
    struct query q = query_start_locked(db, which);
    query_int(&q, id);
    return query_number(&q, number, e);
}

/* *gone: false if a run has a place of it, and nothing was done. */
static bool end_locked(struct db *db, int64_t id, const char *why, int64_t utc_ms, bool *gone,
                       int64_t *used, struct err *e)
{
    int64_t held = 0;
    if (!number_locked(db, STMT_LEASE_HELD, id, &held, e) ||
        !number_locked(db, STMT_LEASE_USED, id, used, e))
        return false;
    *gone = held == 0;
    if (held > 0)
        return true;
    struct query q = query_start_locked(db, STMT_LEASE_END);
    query_utc(&q, utc_ms);
    query_int(&q, *used);
    query_text(&q, why);
    query_int(&q, id);
    return query_run(&q, e) && chain_link_locked(db, LINK_LEASE_END, id, e);
}

enum { AT_ONCE = 64 };

/* What is looked at when leases end. */
struct open_lease {
    int64_t id, number, all, used;
    enum db_lease_kind kind;
    bool valid, is_wanted; /* of the lot or the pool that is looked for */
};

static const char *text_at(sqlite3_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s, column);
}

static enum db_lease_kind kind_at(sqlite3_stmt *s)
{
    int kind = DB_LEASE_ROWS;
    while (kind > 0 && strcmp(db_lease_words[kind], text_at(s, 2)) != 0)
        kind--;
    return (enum db_lease_kind)kind;
}

static bool is_valid(sqlite3_stmt *s, const struct db_lease_clock *now, const char *now_utc)
{
    if (text_at(s, 16))
        return false;
    if (kind_at(s) == DB_LEASE_NUMBERS)
        return true;
    return strcmp(text_at(s, 12), now->boot_id) == 0 &&
           sqlite3_column_int64(s, 13) > now->boot_ms && strcmp(text_at(s, 11), now_utc) > 0;
}

static int64_t all_of(sqlite3_stmt *s, enum db_lease_kind kind)
{
    if (kind == DB_LEASE_PLACES)
        return sqlite3_column_int64(s, 4);
    if (kind == DB_LEASE_ROWS)
        return sqlite3_column_int64(s, 19);
    return (sqlite3_column_int64(s, 7) - sqlite3_column_int64(s, 6)) / sqlite3_column_int64(s, 8) +
           1;
}

/* Which leases are meant; all NULL and 0: any. */
struct wanted {
    const char *lot, *pool;
    int64_t number;
};

static bool is_wanted(sqlite3_stmt *s, enum db_lease_kind kind, const struct wanted *w)
{
    if (w->lot)
        return kind == DB_LEASE_PLACES && strcmp(text_at(s, 3), w->lot) == 0;
    if (w->pool)
        return kind == DB_LEASE_ROWS && strcmp(text_at(s, 18), w->pool) == 0;
    return w->number == 0 || (kind != DB_LEASE_NUMBERS && sqlite3_column_int64(s, 1) == w->number);
}

static struct open_lease open_row(sqlite3_stmt *s, const struct db_lease_clock *now,
                                  const char *now_utc, const struct wanted *wanted)
{
    const enum db_lease_kind kind = kind_at(s);
    return (struct open_lease){ .id = sqlite3_column_int64(s, 0),
                                .number = sqlite3_column_int64(s, 1),
                                .all = all_of(s, kind),
                                .used = sqlite3_column_int64(s, 14),
                                .kind = kind,
                                .valid = is_valid(s, now, now_utc),
                                .is_wanted = is_wanted(s, kind, wanted) };
}

/* Why it can end by itself; NULL: it goes on. A place that is used can come back, by a correction
 * or a run that fails: not while it may still be given to another board here. */
static const char *why_over(const struct open_lease *l)
{
    if (l->kind != DB_LEASE_PLACES && l->used >= l->all)
        return "used-up";
    return l->kind != DB_LEASE_NUMBERS && !l->valid ? "lapsed" : NULL;
}

/* The first of those that are wanted or (over) can end by themselves; they are not many. */
static bool read_open_locked(struct db *db, const struct db_lease_clock *now,
                             const struct wanted *wanted, bool over, struct open_lease *list,
                             size_t *count, struct err *e)
{
    int rows = 0;
    char utc[DB_UTC_CAP];
    db_utc_text(now->utc_ms, utc);
    struct query q = query_start_locked(db, STMT_LEASES);
    query_int(&q, 0);
    *count = 0;
    while (*count < AT_ONCE && (rows = query_row(&q, e)) > 0) {
        const struct open_lease l = open_row(q.statement, now, utc, wanted);
        if (l.is_wanted && (!over || why_over(&l)))
            list[(*count)++] = l;
    }
    query_end(&q);
    return rows >= 0;
}

static const struct wanted any = { NULL, NULL, 0 };

static bool tidy_locked(struct db *db, const struct db_lease_clock *now, int64_t *ended,
                        struct err *e)
{
    struct open_lease list[AT_ONCE];
    size_t count;
    if (!read_open_locked(db, now, &any, true, list, &count, e))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool gone = false;
        if (!end_locked(db, list[i].id, why_over(&list[i]), now->utc_ms, &gone, &list[i].used, e))
            return false;
        *ended += gone;
    }
    return true;
}

/* Whether tidying would do anything: else nothing is written. */
static bool is_untidy(struct db *db, const struct db_lease_clock *now, bool *untidy, struct err *e)
{
    struct open_lease list[AT_ONCE];
    size_t count = 0;
    if (!db_enter(db, e))
        return false;
    const bool ok = read_open_locked(db, now, &any, true, list, &count, e);
    db_leave(db);
    *untidy = count > 0;
    return ok;
}

bool db_lease_tidy(struct db *db, int64_t *ended, struct err *e)
{
    struct db_lease_clock now;
    bool untidy;
    *ended = 0;
    if (!db_lease_now(&now, e) || !is_untidy(db, &now, &untidy, e))
        return false;
    return !untidy || (db_begin(db, e) && db_finish(db, tidy_locked(db, &now, ended, e), e));
}

static bool give_up_locked(struct db *db, const struct db_lease_clock *now, int64_t *ended,
                           struct err *e)
{
    struct open_lease list[AT_ONCE];
    size_t count;
    bool gone = true;
    do {
        if (!read_open_locked(db, now, &any, false, list, &count, e))
            return false;
        for (size_t i = 0; gone && i < count; i++) {
            if (!end_locked(db, list[i].id, "given-up", now->utc_ms, &gone, &list[i].used, e))
                return false;
            *ended += gone;
        }
    } while (gone && count == AT_ONCE);
    return gone || err_set(e, ERR_USAGE, "Boards are being flashed on places of a lease");
}

bool db_lease_give_up(struct db *db, int64_t *ended, struct err *e)
{
    struct db_lease_clock now;
    *ended = 0;
    return db_lease_now(&now, e) && db_begin(db, e) &&
           db_finish(db, give_up_locked(db, &now, ended, e), e);
}

static bool refuse_held(int64_t number, struct err *e)
{
    err_set(e, ERR_USAGE, "Boards are being flashed on places of lease %" PRId64, number);
    return err_hint(e, "Give it back when they are done.");
}

static bool return_one_locked(struct db *db, struct open_lease *l, const struct db_lease_clock *now,
                              int64_t *left, struct err *e)
{
    bool gone;
    if (!end_locked(db, l->id, "returned", now->utc_ms, &gone, &l->used, e))
        return false;
    *left += l->all - l->used;
    return gone || refuse_held(l->number, e);
}

static bool refuse_none(const struct wanted *w, struct err *e)
{
    if (w->lot)
        err_set(e, ERR_USAGE, "The record has no lease of places in lot %s", w->lot);
    else if (w->pool)
        err_set(e, ERR_USAGE, "The record has no lease of rows of pool %s", w->pool);
    else
        err_set(e, ERR_USAGE, "The record has no lease %" PRId64 " of places or rows", w->number);
    return err_hint(e, "To see them: espstation fleet lease list");
}

static bool return_locked(struct db *db, const struct wanted *w, const struct db_lease_clock *now,
                          int64_t *left, struct err *e)
{
    struct open_lease list[AT_ONCE];
    size_t count, found = 0;
    do {
        if (!read_open_locked(db, now, w, false, list, &count, e))
            return false;
        for (size_t i = 0; i < count; i++) {
            if (!return_one_locked(db, &list[i], now, left, e))
                return false;
        }
        found += count;
    } while (count == AT_ONCE);
    return found > 0 || refuse_none(w, e);
}

bool db_lease_return(struct db *db, const char *lot, const char *pool, int64_t number,
                     int64_t *left, struct err *e)
{
    const struct wanted w = { lot, pool, number };
    struct db_lease_clock now;
    *left = 0;
    return db_lease_now(&now, e) && db_begin(db, e) &&
           db_finish(db, return_locked(db, &w, &now, left, e), e);
}

/* ---- Looking ---- */

static struct db_lease_row lease_row(sqlite3_stmt *s, const struct db_lease_clock *now,
                                     const char *now_utc)
{
    return (struct db_lease_row){ .number = sqlite3_column_int64(s, 1),
                                  .kind = kind_at(s),
                                  .lot = text_at(s, 3),
                                  .places = sqlite3_column_int64(s, 4),
                                  .counter = text_at(s, 5),
                                  .pool = text_at(s, 18),
                                  .rows = sqlite3_column_int64(s, 19),
                                  .first = sqlite3_column_int64(s, 6),
                                  .last = sqlite3_column_int64(s, 7),
                                  .step = sqlite3_column_int64(s, 8),
                                  .operator_name = text_at(s, 9),
                                  .taken_utc = text_at(s, 10),
                                  .until_utc = text_at(s, 11),
                                  .used = sqlite3_column_int64(s, 14),
                                  .held = sqlite3_column_int64(s, 15),
                                  .ended_utc = text_at(s, 16),
                                  .why = text_at(s, 17),
                                  .valid = is_valid(s, now, now_utc) };
}

bool db_leases(struct db *db, bool also_ended, const struct db_lease_sink *sink, struct err *e)
{
    struct db_lease_clock now;
    char utc[DB_UTC_CAP];
    bool goes_on = true;
    int rows = 0;
    if (!db_lease_now(&now, e) || !db_enter(db, e))
        return false;
    db_utc_text(now.utc_ms, utc);
    struct query q = query_start_locked(db, STMT_LEASES);
    query_int(&q, also_ended);
    while (goes_on && (rows = query_row(&q, e)) > 0) {
        const struct db_lease_row row = lease_row(q.statement, &now, utc);
        goes_on = sink->lease(sink->ctx, &row);
    }
    query_end(&q);
    db_leave(db);
    return rows >= 0;
}

/* ---- For who asks the server ---- */

int64_t db_process(const struct db *db)
{
    return db->station_id;
}

/* Whether the station process of this row will do nothing more; one that the record does not know
 * was never there. */
static bool is_over_locked(struct db *db, int64_t process, bool *over, struct err *e)
{
    struct db_station here;
    struct station_row row;
    if (!db_station_here(&here, e))
        return false;
    struct query q = query_start_locked(db, STMT_LEASE_STATION);
    query_int(&q, process);
    const int rows = query_row(&q, e);
    *over = rows == 0;
    if (rows > 0) {
        station_of_row(q.statement, 0, &row);
        *over = row.ended || station_life(db, &row, &here) == STATION_DEAD;
    }
    query_end(&q);
    return rows >= 0;
}

static bool is_orphan_locked(struct db *db, int64_t number, int64_t process, bool *orphan,
                             struct err *e)
{
    int64_t known = 0;
    bool over = true; /* of a command, which is over */
    if (process == db->station_id && process != 0)
        over = false;
    else if (process != 0 && !is_over_locked(db, process, &over, e))
        return false;
    /* Behind the question whether it is over: what it has done until then is here. */
    struct query q = query_start_locked(db, STMT_LEASE_KNOWN);
    query_int(&q, number);
    if (!query_number(&q, &known, e))
        return false;
    *orphan = over && known == 0;
    return true;
}

bool db_lease_is_orphan(struct db *db, int64_t number, int64_t process, bool *orphan, struct err *e)
{
    if (!db_enter(db, e))
        return false;
    const bool ok = is_orphan_locked(db, number, process, orphan, e);
    db_leave(db);
    return ok;
}
