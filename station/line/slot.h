/*
 * One position of the fixture: its port, its thread, and the run on the board that sits in it.
 *
 * Design. A slot's thread alone drives its port and its runs; it shares with others only the job
 * (immutable), the record and the event queue (each with its own lock) and the pool's table of
 * MACs. What a screen wants to know stands in the slot's view, which is copied under `lock`. Lock
 * order: a slot's lock is never held while another lock is taken.
 */
#ifndef STATION_SLOT_H
#define STATION_SLOT_H

#include "core/loader/usb.h"
#include "station/line/gang.h"
#include "station/line/rate.h"

enum slot_state {
    SLOT_WAITING, /* for its turn, or for the next board */
    SLOT_RUNNING,
    SLOT_DONE,    /* the verdict stands */
    SLOT_SKIPPED, /* stopped before a board was touched */
};

/* All that is shown of a slot. A plain value. */
struct slot_view {
    enum slot_state state;
    enum verdict verdict;
    enum phase phase;
    unsigned attempt;
    bool empty;    /* the board of this verdict has left the slot */
    unsigned runs; /* boards finished in this slot, and how many of them passed */
    unsigned passes;
    const struct chip *chip;
    char mac[BOARD_MAC_TEXT_BYTES];
    uint32_t baud;
    uint64_t bytes_done, bytes_total;
    struct attempt_timing timing; /* of the last attempt that has ended */
    uint32_t timing_baud;
    uint64_t started_us, write_started_us, ended_us; /* of the gang's clock; 0: not yet */
    enum board_state board_state;
    struct err err; /* of the last failed attempt; code ERR_NONE: none */
};

struct slot {
    int number; /* counts from 1 */
    const char *port_text;
    struct gang *gang;
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards view */
    struct slot_view view;
    /* Progress changes with every block: no lock is taken for it. */
    atomic_uint_least64_t bytes_done, bytes_total;
    /* The thread's own. */
    struct port *port;
    size_t reset_index;      /* the strategy that answered last: tried first on the next board */
    char socket[256];        /* the port as a path that stays, once it was open; "": unknown */
    bool was_open;           /* there was a port once */
    struct rates rates;      /* how they went here */
    unsigned careful_boards; /* so many more are treated carefully, where being quick went wrong, */
    unsigned slow_boards;    /* ...or are synced slowly */
    struct chip_mac last_mac;
    enum usb_kind usb; /* of the port when it was open last */
};

void slot_init(struct slot *s, int number, const char *port_text, struct gang *gang);
void slot_done(struct slot *s);

/* The thread: flashes the board in the slot, or one board after another, until stopped. */
void *slot_main(void *slot);

/* A copy of what is shown; any thread. */
struct slot_view slot_look(struct slot *s);

/* "1 board: write, 61 %"-like short word of what the slot does now: "waiting", "write", "PASS". */
const char *slot_word(const struct slot_view *view);

#endif
