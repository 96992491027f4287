/*
 * What people decide about units, and the mark of what was given out (mark.h).
 */
#ifndef DB_DECIDE_H
#define DB_DECIDE_H

#include "db/units/take.h"

struct db_unit_decision {
    const char *operator_name, *reason; /* not empty */
    const char *host;
    int64_t utc_ms;
};

/* Gives up the unit with this serial: its board has none any more, and its numbers and rows may go
 * to other boards. Refuses while a run on that board is open. ERR_USAGE: there is no such unit. */
bool db_unit_release(struct db *db, const char *serial, const struct db_unit_decision *decision,
                     struct err *e);

/* Work goes on with this record although it lacks units that were given out. ERR_USAGE: it lacks
 * none. */
bool db_unit_accept(struct db *db, const struct db_unit_decision *decision, struct err *e);

/* Whether the record has all units that were given out, as the mark tells. ERR_UNIT, where it is
 * older: nothing is given out then; ERR_DATABASE. */
bool db_unit_judge(struct db *db, struct err *e);

/* Writes the mark, once the transaction that took the unit is committed and before a byte of it
 * goes to the board; nothing to do where nothing was taken. ERR_DATABASE: then it must not go. */
bool db_unit_mark(struct db *db, const struct db_unit *unit, struct err *e);

#endif
