/*
 * A scanner that is plugged in: a keyboard that is grabbed, a serial port, or standard input.
 *
 * A keyboard is taken for this process alone (EVIOCGRAB): a scan never types into a console, a
 * shell or a window. A serial one is opened for this process alone, its lines are set once and
 * never pulsed, and nothing is ever sent to it. One thread.
 */
#ifndef STATION_SCAN_SOURCE_H
#define STATION_SCAN_SOURCE_H

#include "station/scan/scan_code.h"
#include "station/scan/scan_keys.h"

struct libevdev;

struct scan_source {
    const struct station_scanner *config; /* lent */
    int fd;                               /* -1: not open */
    struct libevdev *device;              /* of a keyboard */
    struct scan_keys keys;
    struct scan_code code;
    bool ended; /* standard input has no more */
};

void scan_source_init(struct scan_source *s, const struct station_scanner *config);

/* ERR_PORT_MISSING: it is not plugged in; ERR_PORT_DENIED; ERR_PORT_BUSY: another program has it;
 * ERR_PORT_UNSUITABLE: it is no such thing; ERR_STATION. */
bool scan_source_open(struct scan_source *s, struct err *e);
void scan_source_close(struct scan_source *s);

/* Takes what is there, without waiting; once its descriptor is readable. False with *e: it is gone,
 * and closed. */
bool scan_source_read(struct scan_source *s, uint64_t now_ms, scan_code_taker *take, void *ctx,
                      struct err *e);

#endif
