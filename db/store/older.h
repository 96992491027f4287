/* Reading a record of an older version, which stays as it is. */
#ifndef DB_OLDER_H
#define DB_OLDER_H

#include "db/store/handle.h"

/* Puts in the place of the reader's connection one to a private copy that is brought up to date:
 * what reads knows the last version alone. The copy lies below TMPDIR as far as memory does not
 * hold it, and nobody else sees it; the handle's end is its end. */
bool older_read_aside(struct db *db, struct err *e);

#endif
