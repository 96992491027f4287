/*
 * What a printer says of itself: the answers to ~HQES and ~HS. Pure.
 *
 * Source: Zebra's ZPL II programming guide; the order of the fields of ~HS also from a real answer
 * (michaelrsweet/lprint issue 107). Its word on silence: no answer at all comes to ~HS with media
 * or ribbon out, an open or hot head or a full rewinder: silence is a fault, and no sign of an
 * old printer.
 */
#ifndef STATION_PRINTER_STATUS_H
#define STATION_PRINTER_STATUS_H

#include "core/base/err.h"

#include <stddef.h>

#define PRINTER_ASK_ERRORS "~HQES\r\n"
#define PRINTER_ASK_STATUS "~HS\r\n"

/* How many ETX end the answer to each. */
enum { PRINTER_ERRORS_PARTS = 1, PRINTER_STATUS_PARTS = 3 };

/* True: nothing is wrong. False with *e: what is wrong, and what to do; or no answer to ~HQES. */
bool printer_errors_read(const char *answer, size_t n, struct err *e);

struct printer_status {
    bool media_out, paused, head_open, ribbon_out, too_hot, too_cold, memory_lost;
    bool partial;       /* a label came that has not ended */
    unsigned formats;   /* labels that wait in its memory */
    unsigned remaining; /* of the one that is being printed */
    bool to_be_taken;   /* a label hangs out and is waited for */
};

/* False with *e: that is no answer to ~HS. */
bool printer_status_read(const char *answer, size_t n, struct printer_status *status,
                         struct err *e);

/* True: nothing is wrong. */
bool printer_status_judge(const struct printer_status *status, struct err *e);

/* Whether it has printed all that it was sent. */
bool printer_status_is_idle(const struct printer_status *status);

#endif
