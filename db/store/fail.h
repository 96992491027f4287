/* What SQLite or the system reports, as a sentence. */
#ifndef DB_FAIL_H
#define DB_FAIL_H

#include "db/store/handle.h"

/* What SQLite reported last on db->sql as a sentence with a hint. Returns false. */
bool db_fail(const struct db *db, struct err *e);

bool db_fail_read_only(const struct db *db, struct err *e);

/* The disk itself takes no writes any more. */
bool db_fail_frozen_disk(const struct db *db, struct err *e);

/* The handle's turn did not come in time. */
bool db_fail_turn(const struct db *db, struct err *e);

/* Who holds a lock on `path` or its index, as "process 4711 (sqlite3)", or "another program". True
 * if somebody else was found. */
bool db_lock_holder(const char *path, char *text, size_t cap);

#endif
