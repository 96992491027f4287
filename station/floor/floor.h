/*
 * The floor: a station that runs all day. It has the slots of the station file, watches whether a
 * board is in each, begins runs as the station file says, and is what screens, scanners, printers
 * and a PLC look at and act on.
 *
 * Design. The floor opens a session and steers it. Whoever looks (floor_look, floor_sum,
 * floor_watch) gets plain values; whoever acts gets an answer at once, or a sentence why not.
 * Nobody who looks or acts can delay a slot. Any thread, unless a function says otherwise.
 */
#ifndef STATION_FLOOR_H
#define STATION_FLOOR_H

#include "station/floor/tile.h"
#include "station/people/role.h"

struct floor;
struct event_reader;
struct record;

/* What there is to say of the whole station; a plain value. */
struct floor_summary {
    char station[65];
    char recipe[65], version[65], chip[33];
    char lot[65];           /* "": none */
    char operator_name[65]; /* "": nobody has logged in */
    uint64_t quantity;      /* of the lot; 0: it has no limit */
    uint64_t lot_passed;    /* boards that hold a place in the lot, over all its days */
    /* Boards since this order began, each by its last verdict, counted as `espstation stats` does;
     * and runs that count for none: refused ones, and those whose board never said who it is. */
    uint64_t passed, failed;
    uint64_t refused, unidentified;
    double board_seconds; /* median of the last runs that passed; 0: none yet */
    unsigned slots, working, empty, no_adapter, attention; /* tiles in that state */
    bool lot_full;
    bool stopping; /* no new board begins, until START for all */
    bool ending;   /* ...nor then: the line ends once its boards are done */
    bool recorded;
    bool printer;         /* labels can be printed once more */
    int64_t since_utc_ms; /* when this order began here */
    unsigned orders;      /* so many there were since the floor began, with this one */
};

/* How many tiles there are, and the one at place `i`, counted from 0, in the station file's order.
 * A slot keeps its place whatever is plugged in. False: there are not so many. */
size_t floor_tile_count(const struct floor *f);
bool floor_look(struct floor *f, size_t i, struct tile *tile);

void floor_sum(struct floor *f, struct floor_summary *sum);

/* The session's events, and with them a hint that tiles have changed; see event.h. Free with
 * event_reader_free before the floor is. */
struct event_reader *floor_watch(struct floor *f, size_t weighty_max, struct err *e);

/* NULL: nothing is recorded. Reading is done on a connection of one's own. */
struct record *floor_record(const struct floor *f);
const char *floor_db_path(const struct floor *f); /* "": nothing is recorded */

/* ---- Acting ---- */

enum act_kind {
    ACT_START, /* begin with the board in the slot; slot 0: in all that may, also after ACT_STOP */
    /* Slot 0: none begins anywhere until ACT_START of slot 0; else the board in work is stopped. */
    ACT_STOP,
    ACT_ACKNOWLEDGE, /* the verdict was seen: the slot is ready for the next; slot 0: in all */
    ACT_RETRY,       /* the board in the slot once more, though it failed */
    ACT_REWORK,      /* the board in the slot once more, though it passed; engineer, with reason */
    ACT_PRINT,       /* its label once more; with reason */
    ACT_DISABLE,     /* take the slot out of work; engineer, with reason */
    ACT_ENABLE,      /* and back into work; engineer */
    ACT_CODE,     /* a code was scanned or typed, in `text`; slot 0: for whichever waits for it */
    ACT_OPERATOR, /* another operator, in `text` */
    ACT_LOT,      /* another lot, in `text` */
    ACT_NO_LOT,   /* no lot from the next board on */
    ACT_RECIPE,   /* another recipe: the path in `text`; engineer */
    ACT_BURN,     /* the recipe's fuses are burnt from the next board on; engineer, with reason */
    ACT_NO_BURN,  /* and none any more */
};

struct act {
    enum act_kind kind;
    int slot; /* number, from 1; 0: all, or none in particular */
    struct actor actor;
    const char *text;   /* NULL: none */
    const char *reason; /* NULL: none */
};

/* Does it, or says why not: ERR_USAGE (no such slot; not possible in this state; a role that may
 * not; a name, reason or text is missing), ERR_DATABASE, what an order is refused with. What only
 * engineers may is a row in the chain. */
bool floor_act(struct floor *f, const struct act *act, struct err *e);

#endif
