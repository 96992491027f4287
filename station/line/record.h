/*
 * The record of a session: translates orders, boards, attempts and verdicts into rows.
 *
 * Any thread may call; the database has its own lock. A NULL record takes everything and keeps
 * nothing: for commands that only look. All failures are ERR_DATABASE, and then no PASS may be
 * shown.
 */
#ifndef STATION_RECORD_H
#define STATION_RECORD_H

#include "db/store/db.h"
#include "station/attempt/attempt.h"
#include "station/line/event.h"
#include "station/line/order.h"
#include "station/line/unit_supply.h"

struct record;

/* Opens the record, enters this station; marks what a killed station left open, and tells how many
 * runs that were. NULL on failure. */
struct record *record_new(const char *db_path, const struct clock *clock, int *interrupted,
                          struct err *e);

/* Whether the clock shows an earlier time than runs began at that the record has already. Then
 * `latest` gets the latest of those, and `now` what the clock shows. */
bool record_clock_is_behind(struct record *r, char latest[static DB_UTC_CAP],
                            char now[static DB_UTC_CAP]);

/* Gives the id of the job's recipe, with its images, in this record. 0 on failure. */
int64_t record_put_recipe(struct db *db, const struct job *job, const struct clock *clock,
                          struct err *e);

/* Gives the rows of an order's recipe and lot. Also fails with what db_lot_enter refuses. */
bool record_enter_order(struct record *r, const struct order_setup *order, struct order_rows *rows,
                        struct err *e);

/* How full the order's lot is now; all zero where it has none, or nothing is recorded. */
struct db_lot_room;
bool record_lot_room(struct record *r, const struct order *order, struct db_lot_room *room,
                     struct err *e);

/* Records what a person orders, before it is done; of the order's lot (NULL: none). */
struct db_act;
bool record_act(struct record *r, const struct order *order, const struct db_act *act,
                struct err *e);

/* Orders one more label of the act's run, together with the act, whose row is the first. */
bool record_label_again(struct record *r, const struct order *order, const struct db_act *act,
                        const char *printer, struct err *e);

/* Of each slot of the station of this name the last act that took it out of work or put it back. */
struct db_act_sink;
bool record_slot_acts(struct record *r, const char *station, const struct db_act_sink *sink,
                      struct err *e);

/* Calls `gone` for each row of the job's pools that a board has by a recipe of this name, and that
 * is not in its file any more, as it was. */
bool record_check_pools(struct record *r, struct job *job,
                        void (*gone)(void *ctx, const char *pool, const char *label,
                                     const char *mac, const char *taken_utc),
                        void *ctx, struct err *e);

/* ---- The fleet's server, at the gate ---- */

/* What it is asked about a run. */
struct record_question {
    int64_t id;       /* of an earlier question about the same run; 0: this is the first */
    const char *mac;  /* "": not known yet */
    const char *rule; /* "lot", "ever", "allow", "rework-lot", "rework-ever" */
    const char *lot;  /* of the fleet; NULL: none */
    int64_t quantity;
    const char *serial; /* "": none, or not known yet */
    bool wants_place;
};

struct record_answer {
    int64_t id;
    bool away; /* it could not be asked, or did not answer in time */
    bool has_place;
    char no_place[200];  /* where it has none, as a sentence; else "" */
    char elsewhere[100]; /* of re-work: where it has passed, "line 1, run 5"; else "" */
};

/* Rows of a pool of the fleet that this station has and no board here, in the order of its file. */
struct record_rows {
    const char *pool;
    char (*sha256)[DB_UNIT_HEX_CAP];
    size_t count;
    int64_t lease; /* the newest as none had a row left; 0: none. See db_lease_newest_rows */
};

#define RECORD_ROWS_MOST 500

/*
 * Who asks it. Any thread may call these; each returns within the deadline that it states, and at
 * once where the server is known to be away.
 */
struct record_gate {
    void *ctx;
    /* False: the server refuses the run, or this station may not ask. */
    bool (*ask)(void *ctx, const struct record_question *question, struct record_answer *answer,
                struct err *e);
    /* Nothing came of what was asked for under this id. Does not wait. */
    void (*drop)(void *ctx, int64_t id);
    /* Some numbers of a counter of the fleet are needed here. True: some were entered. */
    bool (*numbers)(void *ctx, const struct db_unit_want *want, struct err *e);
    /* Numbers of it are used: it keeps some ahead. Does not wait. */
    void (*used)(void *ctx, const struct db_unit_want *want);
    /* Some rows of a pool of the fleet are needed here, of those that stand in `rows`: it looks at
     * them while it waits. True: some were entered. Where none of them is free, *all_taken. */
    bool (*rows)(void *ctx, const struct record_rows *rows, bool *all_taken, struct err *e);
    /* Rows of it are used: it keeps some ahead. Does not wait. */
    void (*rows_used)(void *ctx, const struct record_rows *rows);
};

/* NULL: none any more; then waits until nobody calls the one before. What it points to is lent. A
 * lot of the fleet works from leases alone where there is none. */
void record_set_gate(struct record *r, const struct record_gate *gate);

/* Calls `each` for every counter of the fleet that the job's units take numbers of. */
bool record_fleet_counters(struct job *job, const struct clock *clock,
                           bool (*each)(void *ctx, const struct db_unit_want *want, struct err *e),
                           void *ctx, struct err *e);

/* Calls `each` with the free rows of every pool of the fleet, some hundreds at a time, until it
 * gives false; that with no error set goes on to the next pool. */
bool record_fleet_pools(struct job *job, const struct clock *clock,
                        bool (*each)(void *ctx, const struct record_rows *rows, struct err *e),
                        void *ctx, struct err *e);

/* Signs the station off and closes. */
void record_free(struct record *r);

struct record_run {
    int slot;
    const char *port;
    const char *operator_name; /* NULL: that of the order */
    const char *rework_reason; /* NULL: that of the order */
    int64_t started_utc_ms;
    bool golden;     /* a golden board: in no lot, let in as often as it comes */
    bool with_place; /* takes its place in the lot at once; none left: ERR_QUOTA, and no row */
};

/* What the fleet's server has said of a run so far. All zero at its beginning. */
struct record_claim {
    int64_t id; /* 0: it was not asked, or did not answer */
    bool asked; /* about the board */
    bool has_place;
    char no_place[200], elsewhere[100];
    char serial[DB_UNIT_TEXT_CAP]; /* that it was asked about */
};

/* Commits the row of a run that is about to touch a board. ERR_QUOTA, ERR_LEASE: with `with_place`
 * alone; there is no row, and the board may wait. */
bool record_run_start(struct record *r, const struct order *order, const struct record_run *run,
                      struct record_claim *claim, int64_t *run_id, struct err *e);

/* The run in which this board has passed in this slot (0: in any) under this order; run_id 0: none.
 */
bool record_passed_here(struct record *r, const struct order *order, int slot,
                        const struct chip_mac *mac, struct db_passed_run *passed, struct err *e);

/* Binds the board to its run and lets it in, or refuses it: ERR_DUPLICATE, as the recipe's
 * `duplicates` says, naming the earlier run, unless there is a reason for re-work; ERR_QUOTA where
 * the lot has no place left; ERR_LEASE where the fleet's server is away, and nothing that it lent
 * is left. `run` is what it was started with. With a supply it gets its unit in
 * the same commit, or is refused (ERR_UNIT): *unit is for db_unit_done in any case. Both NULL: it
 * gets none. */
bool record_board(struct record *r, const struct order *order, int64_t run_id,
                  const struct board *board, const struct record_run *run,
                  const struct unit_supply *supply, struct record_claim *claim,
                  struct db_unit *unit, struct err *e);

struct record_attempt {
    unsigned number;
    int64_t started_utc_ms;
    int64_t duration_ms;
    const char *reset;    /* NULL: none */
    const char *baud_why; /* "recipe", "learned", "stepped-down" */
    const struct attempt_result *result;
};

/* Whether one more board of the order's recipe is to be proved by a second loader, where our own
 * stub writes it. */
bool record_proves_twice(struct record *r, const struct order *order, bool *wanted, struct err *e);

/* How the attempts of the latest `runs` runs on this port went, by rate; see db_rates. */
bool record_rates(struct record *r, const char *port, int runs, struct db_rate *rates, size_t cap,
                  size_t *count, struct err *e);

bool record_attempt_add(struct record *r, const struct order *order, int64_t run_id,
                        const struct record_attempt *attempt, struct err *e);

/* A burn of the run, committed before the next one: `number` counts from 1 within the run. */
bool record_burn(struct record *r, const struct order *order, int64_t run_id, unsigned attempt,
                 unsigned number, const struct attempt_burn *burn, struct err *e);

/* Of a board that cannot say its MAC (Secure Download Mode): eight bytes, the first two these,
 * behind them the run's number. */
#define STAND_IN_0    0x02
#define STAND_IN_1    0x5D
#define STAND_IN_TEXT "02:5d:"

/* Whether these words of a secret were burnt into this board, as far as the record knows. */
bool record_knows_key(struct record *r, const struct chip_mac *mac, const struct fuse_burn *burn,
                      enum key_known *known, struct err *e);

/* *run_id: the last run that burnt this board wrong; 0: the record knows of none. */
bool record_burnt_wrong(struct record *r, const struct chip_mac *mac, int64_t *run_id,
                        struct err *e);

/* What is printed for a PASS; with its verdict it is in the queue (db/write/label_rows.h). */
struct record_label {
    const char *printer, *zpl;
};

/* `label` NULL: none. True: the verdict is on the disk, and may be shown. False: show FAIL with *e;
 * the run is closed so as soon as the record takes rows again. */
bool record_run_close(struct record *r, int64_t run_id, enum verdict verdict,
                      const struct attempt_result *last, int64_t ended_utc_ms, int64_t duration_ms,
                      const struct record_label *label, struct err *e);

/* The record itself, for what is written to it beside runs: the queue of labels. NULL: none. */
struct db *record_db(struct record *r);

#endif
