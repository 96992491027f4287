/*
 * The desk where labels are printed: a thread that takes them from the record's queue to the
 * printer, one after the other, and says what is wrong as long as something is.
 *
 * No slot waits for it. What it cannot print waits in the queue (db/write/label_rows.h) until the
 * printer is well again, also over a restart; the boards' PASS stands meanwhile.
 */
#ifndef STATION_LABEL_DESK_H
#define STATION_LABEL_DESK_H

#include "core/base/clock.h"
#include "core/base/err.h"
#include "recipes/station/station_file.h"

struct db;
struct event_reader;
struct label_desk;

struct label_desk_setup {
    struct db *db; /* on which its station has begun */
    const struct station_printer *printer;
    const struct clock *clock;
    /* Of the session: a PASS wakes the desk. It is the desk's from now on, also on failure. NULL:
     * nobody flashes here. */
    struct event_reader *reader;
    /* Says of a slot of this station that its label waits and why, or that it is printed now. On
     * the desk's thread, with no lock held. NULL: nobody listens. */
    void (*tell)(void *ctx, int slot, int64_t run_id, const char *sentence);
    void *ctx;
};

/* What is lent in the setup outlives the desk. NULL: ERR_DATABASE, ERR_STATION. */
struct label_desk *label_desk_new(const struct label_desk_setup *setup, struct err *e);

/* Ends at once; a label that is on its way and not known to be printed ends as unsure. NULL is
 * fine. */
void label_desk_free(struct label_desk *d);

/* How many labels of stations that were killed nobody knows about, as found at the start. */
int label_desk_unsure(const struct label_desk *d);

/* There may be something to print: for who has ordered a label by another way than a PASS. */
void label_desk_wake(struct label_desk *d);

/* Whether the label of this run waits for the printer because something is wrong; *why then. Any
 * thread. */
bool label_desk_waits(struct label_desk *d, int64_t run_id, struct err *why);

/* What is wrong with the printer; false: nothing that is known. Any thread. */
bool label_desk_trouble(struct label_desk *d, struct err *why);

/* Waits until all labels are printed, something is wrong with the printer (but if it has a label on
 * its way, what becomes of that), `ms` are over or
 * `stop_fd` (-1: none) is readable; gives how many still wait. */
int64_t label_desk_await(struct label_desk *d, uint32_t ms, int stop_fd);

#endif
