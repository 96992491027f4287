/*
 * Lots, the gate of a run, and corrections.
 *
 * A lot is opened by hand, perhaps with a quantity and a recipe, or by a run that was told to. It
 * ends with a checkpoint (audit.h) and takes no run after that. With a quantity, a board gets a
 * place at the gate, before anything is erased, and the place is free again when its run ends in
 * anything but PASS: so never more boards pass than the lot has places, however many finish
 * together at however many stations. A board that has passed keeps its place in later runs.
 *
 * Errors: ERR_QUOTA for a lot that is full, ERR_DUPLICATE for a board that was there before,
 * ERR_RECIPE for another recipe than the lot's, ERR_USAGE for what a person gave; else as db.h.
 */
#ifndef DB_LOT_H
#define DB_LOT_H

#include "db/proof/audit.h"
#include "db/store/db.h"
#include "db/units/take.h"
#include "db/write/act.h"
#include "db/write/lease.h"

/* ---- Lots ---- */

struct db_lot_open {
    const char *name;
    int64_t quantity;          /* of boards that pass; 0: no limit */
    int64_t recipe_id;         /* from db_recipe_put; 0: that of the lot's first run */
    const char *operator_name; /* NULL: not known */
    int64_t utc_ms;
    bool fleet; /* the quantity is that of all stations of the fleet together */
};

/* Gives its id; 0 on failure, as when there is such a lot already. */
int64_t db_lot_open(struct db *db, const struct db_lot_open *lot, struct err *e);

struct db_lot_enter {
    const char *name;
    int64_t recipe_id;
    bool rework;      /* boards that have passed keep their places, also in a full lot */
    bool may_open;    /* without a limit, if there is no lot of this name */
    bool may_be_full; /* the station's boards wait there, instead of being refused */
    int64_t utc_ms;
};

/* For a station that is about to flash in this lot: gives its id. Refuses a lot that is not there,
 * naming the nearest that is, one that is closed, bound to another recipe, or full where it may not
 * be: 0. *is_new (NULL: not wanted): the lot was opened by this call. */
int64_t db_lot_enter(struct db *db, const struct db_lot_enter *lot, bool *is_new, struct err *e);

/* How full a lot is now; on any handle. */
struct db_lot_room {
    int64_t quantity;     /* 0: no limit */
    int64_t passed, held; /* boards; held: places of runs that go on */
};
bool db_lot_room(struct db *db, int64_t lot_id, struct db_lot_room *room, struct err *e);

struct db_lot_close {
    const char *name;
    const char *operator_name; /* NULL: not known */
    const char *host;
    const struct key *key;
    int64_t utc_ms;
    const struct db_act *act; /* recorded with it, and bound by the checkpoint; NULL: none */
};

/* Closes the lot for good and gives its checkpoint, as a file holds it. Refuses while a run in it
 * is open. */
bool db_lot_close(struct db *db, const struct db_lot_close *lot,
                  char checkpoint[static DB_CHECKPOINT_CAP], struct err *e);

/* NULL: none. */
struct db_lot_row {
    int64_t id;
    const char *name, *opened_utc, *opened_by;
    int64_t quantity;                                  /* 0: no limit */
    const char *recipe, *recipe_version, *plan_sha256; /* that it is bound to */
    bool one_recipe;                                   /* it is or will be bound */
    const char *closed_utc, *closed_by;
    int64_t closed_link;
    int64_t runs, open_runs;
    int64_t passed, held; /* boards; held: places of runs that go on */
    bool fleet; /* the quantity is over all stations; the boards are those of this record */
};

struct db_lot_sink {
    void *ctx;
    bool (*lot)(void *ctx, const struct db_lot_row *lot);
};

/* All lots, the first opened first, or the one of this name. A reader only. */
bool db_lots(struct db *reader, const char *name, const struct db_lot_sink *sink, struct err *e);

/* ---- The gate ---- */

enum db_duplicates {
    DB_ONCE_IN_LOT, /* a board that has passed in this lot is refused */
    DB_ONCE_EVER,   /* ... in any lot, or in none */
    DB_DUPLICATES_ALLOWED,
};

struct db_admission {
    enum db_duplicates duplicates;
    const char *rework_reason; /* why boards that have passed are let in; NULL: they are not */
    /* What its unit is to have: taken in the same commit. NULL: nothing. */
    const struct db_unit_supply *supply;
    const struct db_fleet_say *fleet; /* what the fleet's server says of it; NULL: nothing */
};

/* As db_board_seen, and then lets the board in, or refuses it with ERR_DUPLICATE or ERR_QUOTA; what
 * was seen is recorded either way. A board that is open at another living station is refused too,
 * unless duplicates are allowed. May be called again for a later attempt of the run. With
 * rule->supply the board gets its unit, or is refused with ERR_UNIT: *unit (NULL without supply) is
 * for db_unit_done in any case, and db_unit_mark is due before a byte of it goes to the board. */
bool db_board_admit(struct db *db, int64_t run_id, const struct db_board *board,
                    const struct db_admission *rule, struct db_seen *seen, struct db_unit *unit,
                    struct err *e);

/* ---- Corrections ---- */

enum db_correct_to {
    DB_CORRECT_NOTE, /* the verdict stays */
    DB_CORRECT_FAIL, /* takes a PASS back: the board's place in the lot is free, and it may return
                      */
    DB_CORRECT_PASS, /* undoes that; a run that was no PASS can never become one */
    DB_CORRECT_INTERRUPTED, /* ends an open run whose station is gone for good */
};

struct db_correction {
    int64_t run_id;
    enum db_correct_to to;
    const char *operator_name, *reason; /* not empty */
    const char *host;
    int64_t utc_ms;
    const struct db_act *act; /* recorded with it; NULL: none */
};

/* Adds a row; the run itself stays as it is. */
bool db_correct(struct db *db, const struct db_correction *correction, struct err *e);

#endif
