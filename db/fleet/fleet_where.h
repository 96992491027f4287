/* Which rows of the server a filter means. Inside db/fleet only. */
#ifndef DB_FLEET_WHERE_H
#define DB_FLEET_WHERE_H

#include "db/export/filter.h"
#include "db/fleet/fleet.h"

/* Pieces of statements, with their values in them. */
struct fleet_where {
    char cells[1600]; /* " AND ..." over cells x: station, lot, slot, recipe */
    char days[160];   /* " AND ..." over their days: whole days alone */
    char runs[4096];  /* " AND ..." over runs g: the same, and the board */
    char times[160];  /* " AND ..." over g.run_utc */
    bool has_ends;    /* the time begins or ends within a day: */
    char ends[320];   /* what run_utc of those rows is, without AND */
    int64_t station_id, since_ms, until_ms; /* 0: all; whatever; INT64_MAX: no end */
};

/* ERR_USAGE: a time that is none, a text too long, a station that the server does not know. */
bool fleet_where_make(struct fleet *f, const char *station, const struct db_filter *filter,
                      struct fleet_where *where, struct err *e);

#endif
