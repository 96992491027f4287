/*
 * Leases: what the fleet's server has lent to this record, to be used without asking it.
 *
 * A lease is places of a lot, numbers of a counter, or rows of a pool. It is entered before
 * anything of it is used, and each use stands in the row that uses it: a run has its place from a
 * lease (run.lease), a unit its number, and its row by the digest. So what is left of a lease is
 * always what the record says, whatever was killed when. A lease ends by a row of its own, which
 * tells how many places were used; the server counts the others as free once that row has arrived
 * there, and not before.
 *
 * Places and rows lapse, and must do so here before they do at the server. The deadline counts from
 * before the lease was asked for, on the clock that runs from the start of the computer, also while
 * it sleeps, and that nobody can set; it lies two parts in a hundred early, far more than clocks go
 * wrong. A lease of an earlier start of the computer counts as lapsed, as nothing tells for how
 * long it was off. The wall clock counts as well where it says that the time is over: a machine
 * that was frozen and thawed may have stood still otherwise.
 *
 * Errors: ERR_LEASE where nothing is left, ERR_USAGE for what a person gave; else as db.h.
 */
#ifndef DB_LEASE_H
#define DB_LEASE_H

#include "db/store/db.h"
#include "db/store/lease_clock.h"
#include "db/units/take.h"

#include <stdbool.h>
#include <stdint.h>

enum { DB_COUNTER_CAP = 100 };

/* What the server said of a run at the gate. All zero: there is no fleet, or it has no say. */
enum db_fleet_answer {
    DB_FLEET_SILENT,
    DB_FLEET_ANSWERED,
    DB_FLEET_AWAY, /* it could not be asked: the run works from leases, or is refused */
};

struct db_fleet_say {
    enum db_fleet_answer answer;
    int64_t claim;  /* what it knows the run by, if it answered */
    bool has_place; /* in the lot, which it has counted */
    /* What would have been asked of its board, if it is away: whether it passed in this lot, or
     * ever; or nothing. */
    enum { DB_FLEET_ONCE_IN_LOT, DB_FLEET_ONCE_EVER, DB_FLEET_ALLOWED } unasked;
    const char *no_place;  /* its sentence, if it answered and has none; else NULL */
    const char *elsewhere; /* of re-work: where the board has passed, "line 1, run 5"; else NULL */
};

struct db_lease_places {
    int64_t number; /* the server's */
    const char *lot;
    int64_t places;
    const struct db_lease_clock *asked; /* when it was asked for, by the clocks of this computer */
    int64_t seconds;                    /* that the server gave it for, from later on */
    const char *operator_name;
};

/* Enters it. The lot must be there. */
bool db_lease_add_places(struct db *db, const struct db_lease_places *lease, struct err *e);

struct db_lease_numbers {
    int64_t number;
    const char *counter;
    int64_t first, last, step;
    int64_t utc_ms;
};

bool db_lease_add_numbers(struct db *db, const struct db_lease_numbers *lease, struct err *e);

/* How many numbers of the counter, from `start` to `end`, are left here. */
bool db_lease_numbers_left(struct db *db, const char *counter, int64_t start, int64_t end,
                           int64_t *left, struct err *e);

struct db_lease_rows {
    int64_t number;
    const char *pool;
    char (*sha256)[DB_UNIT_HEX_CAP]; /* of the rows, in the order in which they are used */
    size_t count;
    const struct db_lease_clock *asked;
    int64_t seconds;
    const char *operator_name; /* NULL: the station itself */
};

bool db_lease_add_rows(struct db *db, const struct db_lease_rows *lease, struct err *e);

/* How many rows of the pool are left here, and may be used now. */
bool db_lease_rows_left(struct db *db, const char *pool, int64_t *left, struct err *e);

/* The newest lease of rows of the pool that has not ended; *id 0: there is none. Who found none of
 * them left, and then sees a newer one, may look again. */
bool db_lease_newest_rows(struct db *db, const char *pool, int64_t *id, struct err *e);

/* Ends leases of places and rows that have lapsed, and numbers and rows that are used up. Those of
 * which a run has a place are left alone. *ended: how many. */
bool db_lease_tidy(struct db *db, int64_t *ended, struct err *e);

/* Gives back what is left of all leases of places of this lot, of rows of this pool, or (both NULL)
 * the one of this number. *left: how many places or rows came back. ERR_USAGE: there is none; a run
 * has a place of it. Numbers are never given back, as nobody else would get them. */
bool db_lease_return(struct db *db, const char *lot, const char *pool, int64_t number,
                     int64_t *left, struct err *e);

/* Ends all leases, as the record may lack what was used of them: where somebody has decided to go
 * on with an older record. Numbers of them are never given to anybody. *ended: how many. */
bool db_lease_give_up(struct db *db, int64_t *ended, struct err *e);

enum db_lease_kind { DB_LEASE_PLACES, DB_LEASE_NUMBERS, DB_LEASE_ROWS };

/* As in the record: "places", ... */
extern const char *const db_lease_words[];

struct db_lease_row {
    int64_t number;
    enum db_lease_kind kind;
    const char *lot, *counter, *pool, *operator_name, *taken_utc, *until_utc, *ended_utc, *why;
    int64_t places, first, last, step, rows;
    int64_t used, held; /* held: by runs that go on */
    bool valid;         /* it may be used now */
};

struct db_lease_sink {
    void *ctx;
    bool (*lease)(void *ctx, const struct db_lease_row *lease);
};

/* The leases of this record, the oldest first. Any handle but a reader. */
bool db_leases(struct db *db, bool also_ended, const struct db_lease_sink *sink, struct err *e);

/* ---- For who asks the server ---- */

/* The row of this station process; 0: it has none. */
int64_t db_process(const struct db *db);

/* Whether nothing in the record came of what was asked for under this number by a station process
 * that is gone: then it can be given back. */
bool db_lease_is_orphan(struct db *db, int64_t number, int64_t process, bool *orphan,
                        struct err *e);

/* The lot of this name; 0: there is none. */
bool db_lot_find(struct db *db, const char *name, int64_t *id, struct err *e);

/* Whether the lot's quantity is over all stations of the fleet. quantity 0: none. */
bool db_lot_is_fleets(struct db *db, int64_t lot_id, char name[static DB_LOT_CAP],
                      int64_t *quantity, bool *is_fleets, struct err *e);

#endif
