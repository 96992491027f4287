/* Whether the file is sound. */
#ifndef DB_HEALTH_H
#define DB_HEALTH_H

#include "db/store/db.h"

struct db_health {
    char damage[160];            /* the first thing that is wrong inside the file; empty: nothing */
    char newest_utc[DB_UTC_CAP]; /* when the newest run started; empty: there is none */
};

/* Reads the whole file to see whether its pages hold together: about two seconds for each gigabyte.
 * What the rows say is for db_audit. */
bool db_health(struct db *reader, struct db_health *health, struct err *e);

/* Whether the file at `path` is a record of an older espstation, which db_open brings up to date
 * and db_open_reader reads by a copy. */
bool db_is_older(const char *path);

#endif
