/* The report of one lot as one HTML file that needs nothing else: no network, no script. */
#ifndef STATION_REPORT_H
#define STATION_REPORT_H

#include "db/store/db.h"
#include "station/report/html.h"

/* Writes the page about the lot of this name, as the record is now; made_utc_ms goes onto it.
 * Memory grows with the slots, not with the boards. False and *e if the record cannot be read, and
 * as ERR_STATION if `h` took no more. */
bool report_write(struct db *reader, const char *lot, int64_t made_utc_ms, struct html *h,
                  struct err *e);

#endif
