/*
 * What happened, to whom: plain values from the slots' threads to the one thread that shows them.
 *
 * Design. Slots put events into one queue; the main thread takes them out and hands them to the
 * screen. A slot never waits for a screen: the queue takes every verdict, and drops events of less
 * weight once EVENT_QUEUE_MAX wait. Within one slot the order is kept. Progress is no event: the
 * screen looks at the slot's view when it draws.
 */
#ifndef STATION_EVENT_H
#define STATION_EVENT_H

#include "core/board/board.h"
#include "station/attempt/attempt.h"

#define EVENT_QUEUE_MAX 4096

enum event_kind {
    EVENT_RUN,     /* a run begins: its row is committed */
    EVENT_BOARD,   /* the board has said who it is */
    EVENT_PHASE,   /* the attempt enters a phase */
    EVENT_RETRY,   /* an attempt failed, and another one follows */
    EVENT_VERDICT, /* the run has ended, and its row is committed */
    EVENT_NOTE,    /* a sentence about the slot */
};

enum verdict { VERDICT_NONE, VERDICT_PASS, VERDICT_FAIL, VERDICT_STOPPED };

/* "PASS", "FAIL", "STOPPED"; "" for none. */
const char *verdict_word(enum verdict verdict);

struct event {
    enum event_kind kind;
    int64_t utc_ms;
    uint64_t at_us;   /* of the gang's clock, which nobody sets */
    int slot;         /* counts from 1 */
    const char *port; /* lent by the slot, which outlives the queue */
    int64_t run_id;   /* 0: not recorded */
    unsigned attempt;
    enum phase phase;
    enum verdict verdict;
    enum board_state state;
    uint32_t baud;
    const struct chip *chip; /* NULL: not known (yet) */
    char mac[BOARD_MAC_TEXT_BYTES];
    struct err err; /* RETRY and VERDICT; NOTE: its sentence */
    double seconds; /* RETRY: of the attempt; VERDICT: of the run */
    uint64_t bytes;
    struct attempt_timing timing; /* RETRY, VERDICT: of the attempt */
    unsigned round_trips;         /* likewise */
};

struct event_queue;

struct event_queue *event_queue_new(struct err *e);
void event_queue_free(struct event_queue *q);

/* Any thread. Copies the event; never blocks longer than for a copy. */
void event_put(struct event_queue *q, const struct event *event);

/* One thread. False when there is none. */
bool event_take(struct event_queue *q, struct event *event);

/* Readable while events wait; for poll(). */
int event_fd(const struct event_queue *q);

/* Events that were dropped because the screen was too slow. */
uint64_t event_dropped(struct event_queue *q);

#endif
