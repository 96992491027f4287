/* The report of one lot as one HTML file that needs nothing else: no network, no script. */
#ifndef STATION_REPORT_H
#define STATION_REPORT_H

#include "db/store/db.h"
#include "station/report/html.h"

/* Where a lot is closed, at one station of a fleet. */
struct report_end {
    char station[65], closed_utc[DB_UTC_CAP], closed_by[80]; /* closed_utc "": it is open there */
};

/* What a report is made of: a record, or runs that were gathered from a fleet's server, where each
 * station closes and signs a lot for itself. */
struct report_source {
    struct db *db; /* a reader */
    bool fleet;
    const struct report_end *ends;
    size_t end_count;
};

/* Writes the page about the lot of this name, as the record is now; made_utc_ms goes onto it.
 * Memory grows with the slots, not with the boards. False and *e if the record cannot be read, and
 * as ERR_STATION if `h` took no more. */
bool report_write(const struct report_source *from, const char *lot, int64_t made_utc_ms,
                  struct html *h, struct err *e);

#endif
