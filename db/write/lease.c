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
#include <time.h>

/* How much earlier than at the server places lapse here: one part in so many. */
#define EARLY 50

/* ---- Clocks ---- */

bool db_lease_now(struct db_lease_clock *now, struct err *e)
{
    struct db_station here;
    struct timespec boot, wall;
    if (!db_station_here(&here, e))
        return false;
    if (here.boot_id[0] == '\0' || clock_gettime(CLOCK_BOOTTIME, &boot) != 0 ||
        clock_gettime(CLOCK_REALTIME, &wall) != 0)
        return err_set(e, ERR_STATION, "The kernel does not tell when it was started");
    *now = (struct db_lease_clock){
        .boot_ms = (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000,
        .utc_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
    };
    snprintf(now->boot_id, sizeof now->boot_id, "%s", here.boot_id);
    return true;
}

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

static bool add_places_locked(struct db *db, const struct db_lease_places *l, struct err *e)
{
    const int64_t here_ms = l->seconds * 1000 - l->seconds * 1000 / EARLY;
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
    query_utc(&q, l->asked->utc_ms);
    query_utc(&q, l->asked->utc_ms + here_ms);
    query_text(&q, l->asked->boot_id);
    query_int(&q, l->asked->boot_ms + here_ms);
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
    return link_new_locked(db, &q, e);
}

bool db_lease_add_numbers(struct db *db, const struct db_lease_numbers *lease, struct err *e)
{
    return db_begin(db, e) && db_finish(db, add_numbers_locked(db, lease, e), e);
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
    char utc[DB_UTC_CAP];
    if (!db_lease_now(&now, e))
        return false;
    db_utc_text(now.utc_ms, utc);
    struct query q = query_start_locked(db, STMT_LEASE_PLACE);
    query_int(&q, lot_id);
    query_text(&q, now.boot_id);
    query_int(&q, now.boot_ms);
    query_text(&q, utc);
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
    int64_t id, number, places, used;
    bool of_places, valid, is_used_up, of_lot;
};

static const char *text_at(sqlite3_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s, column);
}

static bool is_valid(sqlite3_stmt *s, const struct db_lease_clock *now, const char *now_utc)
{
    if (text_at(s, 16))
        return false;
    if (strcmp(text_at(s, 2), "places") != 0)
        return true;
    return strcmp(text_at(s, 12), now->boot_id) == 0 &&
           sqlite3_column_int64(s, 13) > now->boot_ms && strcmp(text_at(s, 11), now_utc) > 0;
}

static struct open_lease open_row(sqlite3_stmt *s, const struct db_lease_clock *now,
                                  const char *now_utc, const char *lot)
{
    const int64_t step = sqlite3_column_int64(s, 8);
    const bool of_places = strcmp(text_at(s, 2), "places") == 0;
    const int64_t all = of_places
                            ? sqlite3_column_int64(s, 4)
                            : (sqlite3_column_int64(s, 7) - sqlite3_column_int64(s, 6)) / step + 1;
    const int64_t used = sqlite3_column_int64(s, 14);
    return (struct open_lease){ .id = sqlite3_column_int64(s, 0),
                                .number = sqlite3_column_int64(s, 1),
                                .places = all,
                                .used = used,
                                .of_places = of_places,
                                .valid = is_valid(s, now, now_utc),
                                .is_used_up = used >= all,
                                .of_lot = lot && of_places && strcmp(text_at(s, 3), lot) == 0 };
}

/* The first of those that `wanted` takes; they are not many. */
static bool read_open_locked(struct db *db, const struct db_lease_clock *now, const char *lot,
                             struct open_lease *list, size_t *count, struct err *e)
{
    int rows = 0;
    char utc[DB_UTC_CAP];
    db_utc_text(now->utc_ms, utc);
    struct query q = query_start_locked(db, STMT_LEASES);
    query_int(&q, 0);
    *count = 0;
    while (*count < AT_ONCE && (rows = query_row(&q, e)) > 0)
        list[(*count)++] = open_row(q.statement, now, utc, lot);
    query_end(&q);
    return rows >= 0;
}

static bool tidy_locked(struct db *db, const struct db_lease_clock *now, int64_t *ended,
                        struct err *e)
{
    struct open_lease list[AT_ONCE];
    size_t count;
    if (!read_open_locked(db, now, NULL, list, &count, e))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool gone = false;
        /* A place that is used can come back, by a correction or a run that fails: not while it
         * may still be given to another board here. */
        if (list[i].of_places ? list[i].valid : !list[i].is_used_up)
            continue;
        if (!end_locked(db, list[i].id, list[i].of_places ? "lapsed" : "used-up", now->utc_ms,
                        &gone, &list[i].used, e))
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
    const bool ok = read_open_locked(db, now, NULL, list, &count, e);
    db_leave(db);
    *untidy = false;
    for (size_t i = 0; i < count; i++)
        *untidy = *untidy || (list[i].of_places ? !list[i].valid : list[i].is_used_up);
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
        if (!read_open_locked(db, now, NULL, list, &count, e))
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
                              int64_t *places, struct err *e)
{
    bool gone;
    if (!end_locked(db, l->id, "returned", now->utc_ms, &gone, &l->used, e))
        return false;
    *places += l->places - l->used;
    return gone || refuse_held(l->number, e);
}

static bool return_locked(struct db *db, const char *lot, int64_t number,
                          const struct db_lease_clock *now, int64_t *places, struct err *e)
{
    struct open_lease list[AT_ONCE];
    size_t count, found = 0;
    if (!read_open_locked(db, now, lot, list, &count, e))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!list[i].of_places || (lot ? !list[i].of_lot : list[i].number != number))
            continue;
        if (!return_one_locked(db, &list[i], now, places, e))
            return false;
        found++;
    }
    if (found > 0)
        return true;
    if (lot)
        err_set(e, ERR_USAGE, "The record has no lease of places in lot %s", lot);
    else
        err_set(e, ERR_USAGE, "The record has no lease of places %" PRId64, number);
    return err_hint(e, "To see them: espstation fleet lease list");
}

bool db_lease_return(struct db *db, const char *lot, int64_t number, int64_t *places, struct err *e)
{
    struct db_lease_clock now;
    *places = 0;
    return db_lease_now(&now, e) && db_begin(db, e) &&
           db_finish(db, return_locked(db, lot, number, &now, places, e), e);
}

/* ---- Looking ---- */

static struct db_lease_row lease_row(sqlite3_stmt *s, const struct db_lease_clock *now,
                                     const char *now_utc)
{
    return (struct db_lease_row){ .number = sqlite3_column_int64(s, 1),
                                  .of_places = strcmp(text_at(s, 2), "places") == 0,
                                  .lot = text_at(s, 3),
                                  .places = sqlite3_column_int64(s, 4),
                                  .counter = text_at(s, 5),
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
