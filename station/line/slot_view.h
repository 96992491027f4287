/* What is shown of a slot: a plain value, copied for whoever looks. */
#ifndef STATION_SLOT_VIEW_H
#define STATION_SLOT_VIEW_H

#include "station/line/event.h"

enum slot_state {
    SLOT_WAITING, /* for its turn, or for the next board */
    SLOT_RUNNING,
    SLOT_DONE,    /* the verdict stands */
    SLOT_SKIPPED, /* stopped before a board was touched */
};

struct slot_view {
    int number; /* counts from 1 */
    char port[EVENT_PORT_BYTES];
    bool leaving; /* it is taken out of the session once its board is done */
    enum slot_state state;
    struct order_name order; /* of the board in work, or of the last one; all "": none yet */
    enum verdict verdict;
    int64_t run_id; /* of the run that goes on or was the last; 0: none, or not recorded */
    enum phase phase;
    unsigned attempt;
    bool empty;         /* the board of this verdict has left the slot, or there was none */
    bool ready;         /* a board is there, or may be, and waits; see below */
    bool golden;        /* the board is a golden one */
    bool passed_before; /* DONE: it had passed here already, in run run_id */
    int passed_slot;    /* ...and in this slot; 0: nobody knows */
    struct err waits;   /* why a board that is there does not begin; code ERR_NONE: it need not */
    bool wants_scan;    /* RUNNING: its board waits for the value `wanted` of the recipe; `waits` */
    size_t wanted;
    struct err lost; /* why the port is not open; code ERR_NONE: it is, or nobody needs it */
    unsigned runs;   /* boards finished in this slot, and how many of them passed */
    unsigned passes;
    const struct chip *chip;
    char mac[BOARD_MAC_TEXT_BYTES];
    char serial[EVENT_SERIAL_BYTES]; /* of its unit; empty: none, or not known yet */
    uint32_t baud;
    uint64_t bytes_done, bytes_total;
    struct attempt_timing timing; /* of the last attempt that has ended */
    uint32_t timing_baud;
    uint64_t started_us, write_started_us, ended_us; /* of the session's clock; 0: not yet */
    enum board_state board_state;
    struct err err; /* of the last failed attempt; code ERR_NONE: none */
};

/* One word for what the slot does now: "waiting", "write", "PASS". */
const char *slot_word(const struct slot_view *view);

#endif
