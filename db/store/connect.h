/* From a path to a connection. */
#ifndef DB_CONNECT_H
#define DB_CONNECT_H

#include "db/store/handle.h"

/* Judges the file and connects db->sql; on failure nothing was written. */
bool db_connect(struct db *db, struct err *e);

/* Whether no other connection of any process has the record open now: *alone. A writer between
 * transactions. It needs the file for itself for a moment, and asks without waiting. */
bool db_is_alone(struct db *db, bool *alone, struct err *e);

/* For a frozen reader: whether the file is still the one that was opened. */
bool db_still_the_same(const struct db *db, struct err *e);

#endif
