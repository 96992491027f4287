/* Inside station/floor/floor*.c only. */
#ifndef STATION_FLOOR_PRIV_H
#define STATION_FLOOR_PRIV_H

#include "station/floor/floor_open.h"

#include "db/write/lot.h"
#include "station/line/crew.h"
#include "station/line/headcount.h"
#include "station/line/record.h"
#include "station/line/session.h"

#define HISTORY_BOARDS 20
#define TIMES_KEPT     15 /* boards whose times tell how long the next one takes */

/* A slot of the station file. Under the floor's lock but for what is set once. */
struct floor_slot {
    const struct station_slot *spec;
    int number;
    bool plugged;       /* its adapter is there */
    bool in_session;    /* and the session has it */
    bool was_absent;    /* its adapter was not there, once since the floor began */
    uint64_t denied_ms; /* since when it is there and may not be opened; 0: it may */
    uint64_t gone_ms;   /* since when it is not there any more; of the floor's clock */
    char port[EVENT_PORT_BYTES];
    struct err trouble; /* why the session did not take it; ERR_NONE: it did, or was not asked */
    bool disabled;
    bool proving;            /* ...by the station itself: a golden board that passes puts it back */
    unsigned boards, passes; /* finished here since the order began, and how many passed */
    unsigned failures;       /* boards in a row */
    uint32_t history;        /* the latest verdicts, the latest lowest; 1: failed */
    unsigned judged;         /* so many of them, at most HISTORY_BOARDS */
    struct err why_disabled;
    struct tile shown; /* as it was looked at last */
};

struct floor {
    struct people *people; /* lent; NULL: the station file names none */
    const struct station *station;
    const struct clock *clock;
    const char *root;
    char db_path[4096];
    char *stub_folder; /* NULL: those built in */
    struct session *session;
    floor_printer *print;
    void *print_ctx;
    floor_label_waits *label_waits;
    void *label_ctx;
    /* The thread that watches. */
    struct crew crew;
    struct crew_thread thread;
    int end_fd;                  /* readable once it is to end; -1: not open */
    int kick_fd;                 /* readable when there is something to see to at once */
    struct usb_watch *adapters;  /* tells of those that come and go; NULL: nobody does */
    struct event_reader *reader; /* its own */

    /* Guards what follows. Under it no other lock is taken but the session's and, by label_waits,
     * that of who prints. */
    pthread_mutex_t lock;
    struct floor_slot *slots;
    size_t slot_count;
    struct headcount headcount;
    int64_t since_utc_ms;
    unsigned orders; /* ever */
    double times[TIMES_KEPT];
    size_t times_count;
    struct db_lot_room room; /* as it was after the last verdict */
    bool halted;             /* STOP for all: no board begins until START for all */
    bool stopping;           /* the line ends */
};

/* ---- floor.c ---- */

/* No board begins until that is taken back; slots are watched meanwhile. ERR_USAGE: the line ends.
 */
bool floor_halt(struct floor *f, bool halted, struct err *e);

/* `act`: of a person, who is recorded once nothing refuses it; NULL: nobody's. What order_new
 * refuses. */
bool floor_set_order(struct floor *f, const struct order_setup *setup, const struct act *act,
                     struct err *e);

/* ---- floor_act.c ---- */

/* A row for what only engineers may. In front of the deed, for what cannot be recorded is not done,
 * and behind all that may refuse it. ERR_DATABASE. */
bool floor_record_act(struct floor *f, const struct act *act, struct err *e);

/* ERR_USAGE: the slot cannot be pressed now. */
bool floor_press(struct floor *f, int slot, const struct slot_press *press, struct err *e);

/* ---- floor_code.c ---- */

/* ACT_CODE. ERR_USAGE: no slot waits for a code; ERR_UNIT: it is not the value that is wanted. */
bool floor_take_code(struct floor *f, const struct act *act, struct err *e);

/* ---- floor_prove.c ---- */

/* Takes a slot out of work whose boards fail too often, and puts it back. */
void floor_judge_slot(struct floor *f, const struct event *event);

/* Which slots were out of work when the station ended, and why: the record has it. ERR_DATABASE. */
bool floor_recall_slots(struct floor *f, struct err *e);

/* A person has taken it out of work. */
void floor_take_out_locked(struct floor *f, struct floor_slot *slot, const char *person,
                           const char *reason);

/* The slot works again, and what its boards have failed is forgotten. */
void floor_put_back_locked(struct floor *f, struct floor_slot *slot);

/* ---- floor_watch.c: the thread ---- */

bool floor_watch_begin(struct floor *f, struct err *e);
void floor_watch_end(struct floor *f);
void floor_kick(struct floor *f);

/* What was counted belongs to the order that was current; now there is another one. */
void floor_count_anew(struct floor *f);

#endif
