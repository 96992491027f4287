/* Places in a lot, for runs that begin, pass or pass again. */
#ifndef DB_LOT_PRIV_H
#define DB_LOT_PRIV_H

#include "db/write/lease.h"
#include "db/write/run_priv.h"

/* Whether the lot is open, and for this recipe. */
bool lot_takes_locked(struct db *db, int64_t lot_id, int64_t recipe_id, struct err *e);

/* Whether a run may pass in it without a place. `lot_id` 0: no lot. */
bool lot_has_no_limit_locked(struct db *db, int64_t lot_id, struct err *e);

/* Gives the run a place in its lot, if that has a limit; a board that has passed in it has one. In
 * a lot of the fleet it is one that the server has counted, or of a lease. No place left: *refusal
 * is set. False: the record failed. */
bool lot_give_place_locked(struct db *db, int64_t run_id, const struct open_run *run,
                           bool has_passed, const struct db_fleet_say *say, struct err *refusal,
                           struct err *e);

/* Whether one more board may pass in the lot of the run; else *refusal is set. */
bool lot_has_room_locked(struct db *db, const struct open_run *run, struct err *refusal,
                         struct err *e);

#endif
