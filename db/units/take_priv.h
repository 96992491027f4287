/* For those who let a board in (db/write/board_rows.c). */
#ifndef DB_TAKE_PRIV_H
#define DB_TAKE_PRIV_H

#include "db/store/handle.h"
#include "db/units/take.h"

/* Gives the board of an open run its unit, in the transaction of the caller. Refusals, which leave
 * nothing behind but a counter's number that makes what another board has, go to *refusal
 * (ERR_UNIT; ERR_DUPLICATE for a serial that another board has) and give true. *unit is for
 * db_unit_done then, too. */
bool unit_take_locked(struct db *db, int64_t run_id, int64_t board_id, const char *mac,
                      int64_t utc_ms, const struct db_unit_supply *supply, struct db_unit *unit,
                      struct err *refusal, struct err *e);

#endif
