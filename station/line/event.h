/*
 * What happened, to whom: plain values from the slots' threads to whoever watches, each at its own
 * pace.
 *
 * Design. Each event stands once in the feed, in the order in which it came; each reader has its
 * place in it. A slot never waits for a reader: of what a reader has not taken, the feed keeps the
 * latest EVENT_PROGRESS_MAX events of progress, and all others. What is kept for a reader that has
 * stopped to read can be limited likewise. A reader that missed something is told by a mark in
 * front of what is left, EVENT_SNAPSHOT: it then looks at all slots, whose views were changed
 * before their events came; so it begins, too. How many bytes are written is no event: a view
 * tells.
 *
 * An event owns its texts and points at nothing that ends before the process does. The feed's lock
 * is held for a copy; no other is taken under it.
 */
#ifndef STATION_EVENT_H
#define STATION_EVENT_H

#include "core/board/board.h"
#include "station/attempt/attempt.h"
#include "station/line/order.h"

#define EVENT_PROGRESS_MAX 4096
#define EVENT_SERIAL_BYTES 64  /* a longer one is cut: it is for screens */
#define EVENT_PORT_BYTES   256 /* a longer name is none that can be opened */

enum event_kind {
    EVENT_SNAPSHOT, /* what came before is lost to this reader: look at all slots */
    /* Progress: */
    EVENT_RUN,   /* a run begins: its row is committed */
    EVENT_BOARD, /* the board has said who it is */
    EVENT_PHASE, /* the attempt enters a phase */
    /* What nobody misses: */
    EVENT_RETRY,   /* an attempt failed, and another one follows */
    EVENT_VERDICT, /* the run has ended, and its row is committed */
    EVENT_NOTE,    /* a sentence about the slot */
    EVENT_ADDED,   /* the session has a slot more, */
    EVENT_REMOVED, /* ...and one less */
    EVENT_ORDER,   /* the next runs have another order; of no slot */
    /* Progress, too: */
    EVENT_CHANGED, /* what a look shows is another thing now; of a slot, or of the whole */
};

enum verdict { VERDICT_NONE, VERDICT_PASS, VERDICT_FAIL, VERDICT_STOPPED };

/* "PASS", "FAIL", "STOPPED"; "" for none. */
const char *verdict_word(enum verdict verdict);

struct event {
    enum event_kind kind;
    int64_t utc_ms;
    uint64_t at_us; /* of the session's clock, which nobody sets */
    int slot;       /* counts from 1; 0: of none */
    char port[EVENT_PORT_BYTES];
    struct order_name order; /* of the run; ORDER: the new one; else all "" */
    int64_t run_id;          /* 0: not recorded */
    bool golden;             /* the run is on a golden board, and counts in no yield */
    unsigned attempt;
    enum phase phase;
    enum verdict verdict;
    enum board_state state;
    uint32_t baud;
    const struct chip *chip; /* NULL: not known (yet) */
    char mac[BOARD_MAC_TEXT_BYTES];
    char serial[EVENT_SERIAL_BYTES]; /* of the board's unit; empty: none, or not known yet */
    struct err err;                  /* RETRY and VERDICT; NOTE: its sentence */
    double seconds;                  /* RETRY: of the attempt; VERDICT: of the run */
    uint64_t bytes;
    struct attempt_timing timing; /* RETRY, VERDICT: of the attempt */
    unsigned round_trips;         /* likewise */
    /* SNAPSHOT: so many events are lost to this reader, and how many of them were no progress. */
    uint64_t missed, missed_weighty;
};

struct event_feed;
struct event_reader;

struct event_feed *event_feed_new(struct err *e);
/* Once its readers are closed and nobody puts any more. */
void event_feed_free(struct event_feed *f);

/* Any thread. Copies the event; never blocks longer than for that. */
void event_put(struct event_feed *f, const struct event *event);

/* A reader of what is put from now on; any thread. `weighty_max`: once so many events wait for it
 * that are no progress, all that wait are lost to it; 0: it gets each, at the cost of memory. NULL:
 * ERR_STATION. */
struct event_reader *event_reader_new(struct event_feed *f, size_t weighty_max, struct err *e);
void event_reader_free(struct event_reader *r);

/* One thread for each reader. False when there is none. */
bool event_take(struct event_reader *r, struct event *event);

/* Readable while events wait; for poll(). */
int event_fd(const struct event_reader *r);

#endif
