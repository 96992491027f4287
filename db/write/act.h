/*
 * Acts of people: what a person ordered, decided or changed at a station, and by which right.
 *
 * Each is a row of its own, bound to the chain. An act that changes the record (a lot closed, a run
 * corrected) is committed together with that change; one that orders something at a slot before it
 * is done.
 */
#ifndef DB_ACT_H
#define DB_ACT_H

#include "db/store/db.h"

struct db_act {
    const char *word;   /* "lot-close", "rework" */
    const char *person; /* not empty */
    const char *role;   /* "operator", "engineer" */
    bool proved;        /* by PIN or badge; false: a name as it was typed */
    int slot;           /* 0: none */
    int64_t run_id;     /* 0: none */
    int64_t lot_id;     /* 0: none */
    const char *text;   /* what it is about, where the rest does not say it; NULL: nothing */
    const char *reason; /* NULL: none was given */
    const char *host;
    int64_t utc_ms;
};

/* Adds the row, of this handle's station if it has one. ERR_USAGE without a person. */
bool db_act_add(struct db *db, const struct db_act *act, struct err *e);

/* The same inside of a transaction. */
bool act_add_locked(struct db *db, const struct db_act *act, struct err *e);

/* NULL or 0: none. */
struct db_act_row {
    const char *word, *person, *role, *lot, *text, *reason, *host, *made_utc;
    bool proved;
    int slot;
    int64_t run_id;
};

struct db_act_sink {
    void *ctx;
    bool (*act)(void *ctx, const struct db_act_row *act);
};

/* All acts, the first first, or those of this lot. A reader only. */
bool db_acts(struct db *reader, const char *lot, const struct db_act_sink *sink, struct err *e);

/* Of each slot of this station the last act "disable" or "enable": what holds now. Acts of a
 * station have its name as their text; where a row has none the host tells alone. Any handle. */
bool db_act_slots(struct db *db, const char *host, const char *station,
                  const struct db_act_sink *sink, struct err *e);

#endif
