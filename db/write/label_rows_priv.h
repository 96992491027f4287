/* The label that a PASS orders, inside of the transaction that closes its run. */
#ifndef DB_LABEL_ROWS_PRIV_H
#define DB_LABEL_ROWS_PRIV_H

#include "db/store/handle.h"

bool label_of_pass_locked(struct db *db, int64_t run_id, const struct db_run_end *end,
                          struct err *e);

#endif
