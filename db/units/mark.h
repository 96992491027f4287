/*
 * The mark of what was given out: FILE-units beside the record.
 *
 * It holds the number and hash of the link that the last unit has in the chain. It is written once
 * a unit is committed, before one byte of it goes to a board. Should the record be replaced by a
 * backup, the chain lacks that link, and nothing is taken until an engineer has decided: the values
 * of boards that the backup does not know would be given out again.
 */
#ifndef DB_MARK_H
#define DB_MARK_H

#include "db/store/handle.h"

#include <sys/types.h>

enum { DB_MARK_CAP = 96 };

/* Whether the record has the link of the mark; once for a handle. ERR_UNIT if it has not. */
bool mark_judge_locked(struct db *db, struct err *e);

/* What the mark tells, as text; empty: there is none. ERR_DATABASE. */
bool mark_read(const struct db *db, char text[static DB_MARK_CAP], struct err *e);

/* Raises the mark to the end of the chain: for what else is given out by this record alone. */
bool mark_raise(struct db *db, struct err *e);

/* Sets the mark back to the end of the chain, whatever it was. */
bool mark_reset_locked(struct db *db, struct err *e);

#endif
