/* A folder that goes away, for what comes from the fleet's server in the record's form. */
#ifndef STATION_FLEET_FOLDER_H
#define STATION_FLEET_FOLDER_H

#include "db/export/filter.h"
#include "db/fleet/fleet.h"

struct fleet_folder {
    char folder[512], path[536]; /* "": none; the file in it */
};

/* Below TMPDIR, or /tmp. Of one that is all zero. */
bool fleet_folder_make(struct fleet_folder *f, struct err *e);

/* Removes the file and what SQLite keeps beside it; there may be none. */
void fleet_folder_clear(const struct fleet_folder *f);

/* Also the folder; fine if there is none. */
void fleet_folder_remove(struct fleet_folder *f);

/* The runs of the filter at all stations (or one) as a record in the folder, opened for reading.
 * NULL on failure. */
struct db *fleet_folder_gather(struct fleet_folder *f, struct fleet *fleet, const char *station,
                               const struct db_filter *filter, struct err *e);

#endif
