/*
 * One position of the fixture: its port, its thread, and the run on the board that sits in it.
 *
 * Design. A slot's thread alone drives its port and its runs; it shares with others only the orders
 * and their jobs (immutable), the record and the feed of events (each with its own lock), and what
 * stands in the gang. A slot takes the order that is current between two boards and keeps it for
 * the run. What a screen wants to know stands in the slot's view, which is copied under `lock`.
 * Lock order: a slot's lock is never held while another lock is taken.
 */
#ifndef STATION_SLOT_H
#define STATION_SLOT_H

#include "core/loader/usb.h"
#include "station/line/ear.h"
#include "station/line/gang.h"
#include "station/line/rate.h"
#include "station/line/slot_presence.h"
#include "station/line/slot_press.h"
#include "station/line/slot_setup.h"
#include "station/line/slot_view.h"
#include "station/line/unit_supply.h"

/* What a slot knew of the board under its verdict when it was taken out. A plain value. */
struct slot_memory {
    struct presence presence;
    struct slot_view view;
};

struct slot {
    int number; /* counts from 1 */
    char *port_text;
    struct gang *gang;
    atomic_bool stopping;    /* no new board */
    atomic_bool golden_only; /* it has to be proved: other boards wait */
    atomic_bool paused;      /* nothing is done with its port; what it knows it keeps */
    int stop_fd;             /* readable after a hard stop; its own unless it is the gang's */
    pthread_mutex_t lock;    /* guards view and what is given */
    struct slot_view view;
    struct unit_given given;   /* for the board that is there, or comes within GIVEN_MS */
    uint64_t given_us;         /* when the last of it came */
    bool took_given;           /* the run that goes on needs no more */
    unsigned gifts;            /* so many came so far */
    struct slot_press pressed; /* under `lock`, too: not taken yet */
    int wake_fd; /* readable when there is something to take; -1: nobody presses here */
    int idle_fd; /* readable when a wait between two boards is over: after that, or a hard stop */
    /* Progress changes with every block: no lock is taken for it. */
    atomic_uint_least64_t bytes_done, bytes_total;
    /* The thread's own. */
    struct order *order; /* held: of the run, or of the last one; NULL: none yet */
    struct port *port;
    size_t reset_index;      /* the strategy that is tried next, */
    size_t reset_answered;   /* ...and the one that answered last: tried first on a new board, */
    bool reset_doubted;      /* ...with whom it has failed */
    char socket[256];        /* the port as a path that stays, once it was open; "": unknown */
    bool was_open;           /* there was a port once */
    struct rates rates;      /* how they went here */
    unsigned careful_boards; /* so many more are treated carefully, where being quick went wrong, */
    unsigned slow_boards;    /* ...or are synced slowly */
    unsigned unfast_boards;  /* ...or are done without our own stub */
    struct presence presence;
    struct ear ear;
    struct attempt_entry *entry; /* of a board that was looked at and waits for its run */
    bool arrived;                /* somebody was heard, and nobody has looked since */
    uint64_t new_ms;             /* when somebody was asked first who may be new here */
    uint64_t heard_ms, words_ms; /* idle.c: when something was heard last; since when */
    struct err waits;            /* what the lot said, when there was no place */
    uint64_t port_open_ms, port_try_ms, probe_ms; /* idle.c: when opened; when the next is due */
    bool golden;                                  /* the board of this run is one */
    struct slot_press again; /* why the next run is made although the board has passed */
    enum usb_kind usb;       /* of the port when it was open last */
};

/* Copies the text. slot_done is due in any case. ERR_STATION. */
bool slot_init(struct slot *s, const struct slot_setup *setup, struct gang *gang, struct err *e);
void slot_done(struct slot *s);

/* False: there is no verdict to be kept. Once its thread has ended. */
bool slot_remember(const struct slot *s, struct slot_memory *memory);

/* The thread: flashes the board in the slot, or one board after another, until stopped. */
void slot_main(struct slot *s);

/* Any thread. Soft: the board in work is finished, and no other begins. Hard: each wait of its port
 * ends now, the board is reset and recorded as stopped. */
void slot_stop(struct slot *s, bool hard);

/* A value for the unit of the board that is there or about to come. Any thread; the caller has
 * judged it. ERR_USAGE: the board there needs none. */
bool slot_give(struct slot *s, const char *name, const char *text, struct err *e);

/* The same of a code: it is the first missing value that takes it. `starts`: see session_scan. Any
 * thread. ERR_USAGE, ERR_UNIT. */
bool slot_scan(struct slot *s, const struct recipe *recipe, const char *code, bool starts,
               struct err *e);

/* Any thread. Stops the run that goes on, and nothing else. */
void slot_stop_run(struct slot *s);

/* Any thread. Out of work the slot finishes the board in work, lets go of its port and does
 * nothing; its verdict stays. Back at work it asks who is there, and the verdict stays for that
 * same board. */
void slot_pause(struct slot *s, bool pause);

/* Any thread. There is something to see to between two boards. */
void slot_wake(struct slot *s);

/* Any thread; replaces what was pressed and not taken yet. */
void slot_press(struct slot *s, const struct slot_press *press);

/* A copy of what is shown; any thread. */
struct slot_view slot_look(struct slot *s);

#endif
