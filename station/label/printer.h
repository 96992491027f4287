/*
 * A printer of labels: one interface for those on the network, devices, queues of CUPS, and files.
 *
 * A label is handed over so that what can be known about it is known: whether the printer was well
 * before, whether all of it has left, whether it was printed. One thread at a time; each wait has a
 * deadline, and ends at once when `stop_fd` becomes readable. No other program is started.
 */
#ifndef STATION_PRINTER_H
#define STATION_PRINTER_H

#include "core/base/clock.h"
#include "core/base/err.h"
#include "recipes/station/station_file.h"

struct printer;

/* `config` is lent as long as the printer lives. NULL: ERR_STATION. */
struct printer *printer_new(const struct station_printer *config, const struct clock *clock,
                            int stop_fd, struct err *e);
void printer_free(struct printer *p); /* closes; NULL is fine */

/* "printed" or "sent": whether it can say that a label is on paper, or only takes it. */
bool printer_confirms(const struct printer *p);

/* Connects, and asks how it is. False with *e: what is wrong with it; the connection is closed. */
bool printer_ready(struct printer *p, struct err *e);

enum printer_sent {
    PRINTER_SENT,     /* all of it has left */
    PRINTER_NOT_SENT, /* nothing can come of what has left: send it again later */
    PRINTER_UNSURE,   /* it may have printed it */
};

/* Sends a label that label_make made; after printer_ready. `title` names it where there is a list
 * of jobs. *e unless it was sent. */
enum printer_sent printer_send(struct printer *p, const char *zpl, const char *title,
                               struct err *e);

enum printer_look {
    PRINTER_DONE,   /* it is through with all that it was sent */
    PRINTER_BUSY,   /* it works on it */
    PRINTER_FAULT,  /* it has the label, and waits for a hand: *e */
    PRINTER_LOST,   /* it is not reached: *e. The next look connects again */
    PRINTER_DROPPED /* the label was thrown away on its way, whole or in part: *e */
};

/* What became of the label that was sent. */
enum printer_look printer_look(struct printer *p, struct err *e);

/* Ends the connection, for others who wait to print. */
void printer_close(struct printer *p);

#endif
