/*
 * Whether a board is in a slot, whether it is another one, and what is to be done about it: the
 * whole policy of a station that runs all day, as one plain value without I/O. The slot's thread
 * tells it what it has seen, and does what it says next.
 *
 * What it promises
 *   - No board that has passed here is run again by itself, whatever the wire does. It is asked who
 *     it is only where something says that it may be another one, never by the clock (but for
 *     WATCH_ASK, which is asked for).
 *   - A board that failed stays under its verdict until it is seen to be gone, or a person wants
 *     another run.
 *   - An empty slot begins no run; a slot that a person or a switch says is not empty does.
 * Where the facts come from: docs/line.md.
 */
#ifndef STATION_PRESENCE_H
#define STATION_PRESENCE_H

#include "core/facts/chip.h"
#include "recipes/station/slot_rules.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum presence_place {
    PLACE_UNKNOWN, /* nobody has looked yet, or what was known holds no more */
    PLACE_EMPTY,
    PLACE_READY, /* a board is there, or may be: it waits for a key, a code, a place in the lot */
    PLACE_DONE,  /* a verdict stands for the board that is there */
};

/* What a look has found. */
enum look {
    LOOK_EMPTY,   /* nothing, or noise, which an open input picks up as well */
    LOOK_STRANGE, /* a board speaks, but does not say who it is */
    LOOK_BOARD,
    LOOK_NO_PORT, /* nobody could be asked */
};

/* What was heard without asking. */
enum heard {
    HEARD_ARRIVAL, /* a ROM says that power came, or EN was pulled; not by us */
    HEARD_LIFE,    /* another reset, or the application */
};

enum press {
    PRESS_NONE,
    PRESS_ANY,   /* START for all slots: where nobody answers there is nobody */
    PRESS_START, /* START for this one, or a code: somebody says that there is a board */
    PRESS_SEEN,  /* the verdict was seen, the slot is ready for the next board */
    PRESS_AGAIN, /* the board that is there, though it failed or passed */
};

enum deed {
    DEED_WAIT,
    DEED_LOOK, /* ask who is there, by a reset; or, of a board that is held, without one */
    DEED_RUN,
};

/* What a run came to. */
struct presence_run {
    bool passed, refused;       /* refused: it has passed here before; the verdict of then stands */
    bool answered;              /* the board was heard in its loader to the end */
    bool heard_boot;            /* and then the words of its ROM and application */
    const struct chip_mac *mac; /* count 0: it never said */
};

struct presence {
    struct slot_rules rules;
    enum presence_place place;
    bool passed;         /* DONE */
    bool doubtful;       /* READY: it speaks, does not say who it is, and may be the one before */
    struct chip_mac mac; /* of the board that is there; count 0: unknown */
    bool held;           /* it is kept in its loader */
    bool lost;           /* its port is gone, or cannot be opened */
    bool unattended;     /* set by the caller: nobody could press anything */
    /* The rest is its own. Times are of the caller's clock. */
    bool wants_look, wants_run;
    bool by_hand;      /* a person says that there is a board */
    bool appeared;     /* a plug or a switch says so */
    bool has_answered; /* since the verdict */
    bool heard_waits;  /* an arrival that is to be looked at once it is quiet_until */
    bool first;        /* the port was not open yet */
    bool shut, shut_known, shut_seen; /* the switch, and what it was read as last */
    unsigned empty_looks, strange_looks, same_looks;
    unsigned other_looks; /* in a row that did not show the board that is known, of both kinds */
    uint64_t look_at_ms, run_at_ms, lost_at_ms, shut_seen_ms;
    uint64_t ours_until_ms;  /* so long a ROM's words may come from our own reset, */
    unsigned ours_left;      /* ...and so many more times */
    uint64_t quiet_until_ms; /* a board that was asked for nothing is left alone until then */
};

void presence_init(struct presence *p, const struct slot_rules *rules, uint64_t now_ms);

#define PRESENCE_WAIT_MAX_MS 60000u

/* What to do now; for DEED_WAIT *wait_ms tells how long at most, unless there is news. A deed is
 * done and told below before the next question. */
enum deed presence_next(struct presence *p, uint64_t now_ms, uint32_t *wait_ms);

/* Of DEED_LOOK. `mac`: of LOOK_BOARD, read twice; `passed`: it has passed here under this order. */
void presence_looked(struct presence *p, uint64_t now_ms, enum look look,
                     const struct chip_mac *mac, bool passed);

/* Of DEED_RUN: the run is over, or (no place in the lot) could not begin. */
void presence_ran(struct presence *p, uint64_t now_ms, const struct presence_run *run);
void presence_must_wait(struct presence *p, uint64_t now_ms);

/* News, at any time. */
void presence_heard(struct presence *p, uint64_t now_ms, enum heard heard);
void presence_switched(struct presence *p, uint64_t now_ms, bool shut);
void presence_lost_port(struct presence *p, uint64_t now_ms);
void presence_found_port(struct presence *p, uint64_t now_ms);
void presence_rested(struct presence *p, uint64_t now_ms); /* it was not watched for a while */
void presence_pressed(struct presence *p, uint64_t now_ms, enum press press);

/* Whether the slot's port is to be open and listened to while it waits. */
bool presence_listens(const struct presence *p);

#endif
