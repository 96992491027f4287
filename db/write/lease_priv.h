/* Places from leases, for runs that begin or whose board is let in. */
#ifndef DB_LEASE_PRIV_H
#define DB_LEASE_PRIV_H

#include "db/write/lease.h"
#include "db/write/run_priv.h"

/* Gives the run a place of a lot of the fleet: the one that the server has counted, else one of a
 * lease. None: *refusal, ERR_QUOTA where the server has said so, ERR_LEASE where it is away. False:
 * the record failed. */
bool lease_give_place_locked(struct db *db, int64_t run_id, const struct open_run *run,
                             const char *lot, const struct db_fleet_say *say, struct err *refusal,
                             struct err *e);

/* Once it is committed, and before the board is touched: a record from a backup would not know what
 * went from its leases, and must be found out. Does nothing where no lease was used. */
bool lease_mark(struct db *db, const struct db_fleet_say *say, struct err *e);

/* Notes in the run what the server knows it by, or that it was let in without. */
bool lease_note_claim_locked(struct db *db, int64_t run_id, const struct db_fleet_say *say,
                             struct err *e);

#endif
