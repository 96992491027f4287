/* Whose turn it is, and what a transaction is. */
#ifndef DB_TURN_H
#define DB_TURN_H

#include "db/store/handle.h"

/* Waits for the turn, at most busy_ms, and sets the deadline of the call. */
bool db_enter(struct db *db, struct err *e);
void db_leave(struct db *db);

/* db_enter and the start of the caller's part of a write transaction. */
bool db_begin(struct db *db, struct err *e);

/* The same for reading: what is read until db_finish is one state of the record. */
bool db_begin_read(struct db *db, struct err *e);

/* Keeps the caller's part if `ok`, else undoes it, and leaves. True: committed, with the parts of
 * all who came meanwhile. */
bool db_finish(struct db *db, bool ok, struct err *e);

#endif
