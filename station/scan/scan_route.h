/*
 * Which slot a code is for. Pure.
 *
 * A slot has a code of its own, "slot:" and its name, printed and stuck beside it. Scanned before a
 * board's code or behind it, it says where the board is; a scanner that is mounted over one slot
 * needs none. Without either the code is for the slot that waits for one.
 */
#ifndef STATION_SCAN_ROUTE_H
#define STATION_SCAN_ROUTE_H

#include "core/base/err.h"
#include "recipes/station/station_file.h"
#include "station/scan/scan_code.h"

#define SCAN_PAIR_MS   10000u /* so long one of the two waits for the other */
#define SCAN_BOUNCE_MS 2000u  /* the same code within it is one scan: the trigger bounced */

struct scan_route {
    const struct station *station;        /* lent */
    const struct station_scanner *config; /* lent */
    int slot;                             /* whose code was scanned; 0: none */
    uint64_t slot_until_ms;
    char held[SCAN_CODE_BYTES]; /* a code that nobody took yet; "": none */
    uint64_t held_until_ms;
    char last[SCAN_CODE_BYTES]; /* against bounces */
    uint64_t last_ms;
};

/* Takes a code for a slot (0: for whichever waits). False with *e: refused. */
typedef bool scan_deliver(void *ctx, int slot, const char *code, struct err *e);

enum scan_said {
    SCAN_TAKEN,   /* delivered to *slot, and taken */
    SCAN_BOUNCED, /* the same once more: passed over */
    SCAN_SLOT,    /* a slot's own code: the board's may follow */
    SCAN_REFUSED  /* *e says why; where a slot was missing its code may follow */
};

void scan_route_init(struct scan_route *r, const struct station *station,
                     const struct station_scanner *config);

enum scan_said scan_route_take(struct scan_route *r, const char *code, uint64_t now_ms,
                               scan_deliver *deliver, void *ctx, int *slot, struct err *e);

#endif
