/*
 * All scanners of a station: a thread that reads them, opens those that come and come back, and
 * hands on what they have read.
 */
#ifndef STATION_SCAN_DESK_H
#define STATION_SCAN_DESK_H

#include "core/base/clock.h"
#include "recipes/station/station_file.h"
#include "station/scan/scan_route.h"

struct scan_desk;

struct scan_desk_setup {
    const struct station *station; /* lent as long as the desk lives */
    const struct clock *clock;
    /* On the desk's thread. `said`: SCAN_REFUSED also for what is no code (code ""), and for a
     * scanner that is not there. */
    scan_deliver *deliver;
    void (*tell)(void *ctx, const struct station_scanner *scanner, enum scan_said said, int slot,
                 const char *code, const struct err *why);
    void *ctx;
};

/* ERR_STATION. A scanner that is not there is told of, and waited for. */
struct scan_desk *scan_desk_new(const struct scan_desk_setup *setup, struct err *e);
void scan_desk_free(struct scan_desk *d); /* NULL is fine */

/* Readable once no scanner can bring any more: all were standard input, and it has ended. */
int scan_desk_done_fd(const struct scan_desk *d);

#endif
