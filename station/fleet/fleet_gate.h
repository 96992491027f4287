/*
 * The gate: a thread that asks the company's server, for the slots, what is decided over all
 * stations: a place in a lot, whether a board has passed elsewhere, numbers of a counter, rows of a
 * pool.
 *
 * A slot waits for an answer two seconds at most. If none comes, or the server is known to be away,
 * it goes on at once with what was lent before (db/write/lease.h), and no slot waits again until
 * the thread has reached the server by itself. What was asked for in vain is given back, also after
 * the station was killed.
 *
 * Beside that the thread keeps numbers and rows ahead, and ends leases that have lapsed.
 */
#ifndef STATION_FLEET_GATE_H
#define STATION_FLEET_GATE_H

#include "core/base/clock.h"
#include "core/base/err.h"
#include "station/line/record.h"

enum { FLEET_GATE_WAIT_MS = 2000 }; /* of a slot, for one answer */

struct fleet_gate;

struct fleet_gate_setup {
    const char *server, *station; /* of the station file; lent */
    const char *db_path;          /* of the record; lent */
    struct record *record;        /* whose gate it is, until it is freed */
    uint32_t numbers;             /* lent at once */
    const struct clock *clock;
    /* Says that the server is away, with the reason, and that it is back. On the thread, which
     * waits for it. NULL: nobody listens. */
    void (*tell)(void *ctx, const char *sentence);
    void *ctx;
};

/* Begins at once, whether the server is there or not. NULL: ERR_STATION. */
struct fleet_gate *fleet_gate_new(const struct fleet_gate_setup *setup, struct err *e);

/* Before the record is freed; runs that go on then work from leases. NULL is fine. */
void fleet_gate_free(struct fleet_gate *g);

#endif
