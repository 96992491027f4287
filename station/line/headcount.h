/*
 * What came of all boards since the start, from the events.
 *
 * A board counts once, however often it ran, and by its last verdict. Which one it was its MAC
 * tells; one that never said it is another one each time. A board that is refused as a duplicate
 * counts for itself: it may be a second one with that MAC. One thread at a time.
 *
 * It may run for months: of the boards, the HEADCOUNT_BOARDS_MAX that came last are known by their
 * MAC, and of their failures the HEADCOUNT_REASONS_MAX that came last keep their sentence. What is
 * no longer known stays counted as it ended; if such a board comes once more, it counts as another
 * one. That is 4 MB at most.
 */
#ifndef STATION_HEADCOUNT_H
#define STATION_HEADCOUNT_H

#include "station/line/event.h"

#define HEADCOUNT_BOARDS_MAX  65536u
#define HEADCOUNT_REASONS_MAX 256u

/* Why a board did not pass; and what tells one such reason from another. */
struct headcount_failure {
    enum verdict verdict;
    enum board_state state;
    struct err err;
    char port[EVENT_PORT_BYTES];
};

struct headcount_board {
    char mac[BOARD_MAC_TEXT_BYTES]; /* "": it never said */
    bool duplicate;
    bool passed;
    bool judged, good;                 /* as docs/stats.md counts it */
    bool by_station;                   /* it failed for the station's fault, and not for its own */
    int slot;                          /* where it ran last */
    struct headcount_failure *failure; /* NULL: it has passed, or its reason is forgotten */
    uint64_t failed_as;                /* the number of that failure, as they came */
};

struct headcount {
    struct headcount_board *boards; /* those that are known, as they came, round and round */
    size_t known, cap, oldest;
    size_t reasons;    /* of the boards that are known */
    uint64_t failures; /* verdicts that were none of success */
    /* All boards, also those that are known no more. */
    size_t count, passed, by_station;
    /* The same as `espstation stats` counts it, so that screens and statistics agree: of the boards
     * that were judged those that are good in the end; and beside them runs that were refused
     * (duplicate, quota, lease), and those that failed before the board said who it is. */
    size_t judged, good;
    uint64_t refused, unidentified;
    uint64_t runs;
    uint64_t first_us, last_us; /* from the first run's start to the last one's end, on its clock */
    bool incomplete;            /* there was no memory for all */
};

void headcount_done(struct headcount *t); /* an all-zero one begins */

/* Events but verdicts are passed over. */
void headcount_take(struct headcount *t, const struct event *event);

/* The boards that did not pass, by slot, put together where the reason is the same: calls `group`
 * for each such reason with its boards. The sentence is that of the first, or, where the boards are
 * several, the one that holds for all. Gives how many more there are, whose reason is forgotten. */
struct headcount_sink {
    void *ctx;
    void (*group)(void *ctx, const struct headcount_board *const *boards, size_t count,
                  const struct headcount_failure *reason);
};
size_t headcount_failures(struct headcount *t, const struct headcount_sink *sink);

#endif
