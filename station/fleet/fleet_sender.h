/*
 * The sender: a thread that gives the company's server all that the record has, while boards are
 * flashed.
 *
 * No slot waits for it: it has a reader of its own on the record, holds none of its locks while it
 * waits for the network, and writes nothing. What the server does not take now is sent later, also
 * by another command: the record itself is the queue.
 */
#ifndef STATION_FLEET_SENDER_H
#define STATION_FLEET_SENDER_H

#include "core/base/clock.h"
#include "core/base/err.h"

#include <stddef.h>

struct fleet_sender;

struct fleet_sender_setup {
    const char *server, *station; /* of the station file; lent */
    const char *db_path;          /* a record that is there; lent */
    const struct clock *clock;
    /* Says what keeps rows from the server, once for each reason, and that they go again. On the
     * sender's thread, which waits for it. NULL: nobody listens. */
    void (*tell)(void *ctx, const char *sentence);
    void *ctx;
};

/* Begins at once, whether the server is there or not. NULL: ERR_STATION. */
struct fleet_sender *fleet_sender_new(const struct fleet_sender_setup *setup, struct err *e);

/* From now on it tells nobody anything. NULL is fine. */
void fleet_sender_hush(struct fleet_sender *s);

/* Ends at once, but for a resolver of names that is asked just then; what is on its way arrives as
 * a whole or not at all. NULL is fine. */
void fleet_sender_free(struct fleet_sender *s);

/* Waits until the server has all that the record has now, something keeps it from that, or `ms` are
 * over. True: the server has it. Else *left says how many links wait (below 0: not known), and
 * *why, if its code is set, for what. */
bool fleet_sender_await(struct fleet_sender *s, uint32_t ms, int64_t *left, struct err *why);

/* How many boards and serials that it has sent turned out to be at another station as well; the
 * first of them as a sentence. */
int64_t fleet_sender_twice(struct fleet_sender *s, char *first, size_t cap);

#endif
