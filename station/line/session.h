/*
 * A session: record, slots, order and events of a station at work. `run` opens one and ends with
 * it; a station that works all day gives it slots, takes them away, and exchanges its order between
 * two boards, while it is looked at from several sides.
 *
 * Design. Each slot has a thread of its own. Whoever steers (adds, removes, stops, sets the order)
 * and whoever looks does so on any other thread.
 *
 * Who waits for whom: a slot waits for its wire, and for the record's rows; for no other slot, no
 * reader of events, nobody who looks or steers. Who looks or steers waits for no board: a removed
 * slot's thread ends by itself, takes its slot out of the session as its last deed, and is joined
 * by the next one who adds or removes. session_free alone waits for threads that work, after it has
 * stopped them hard.
 *
 * Lock order: the session's lock (which slots there are), under it one of a slot's (its view), the
 * gang's (order, MACs) or the feed's (events), under which no other is taken. Each is held for a
 * moment: no board, no database and no screen is waited for under any of them.
 */
#ifndef STATION_SESSION_H
#define STATION_SESSION_H

#include "station/line/event.h"
#include "station/line/order.h"
#include "station/line/slot_view.h"

struct slot_press;
struct slot_setup; /* slot.h */

struct session;
struct record;

struct session_setup {
    const char *db_path;   /* NULL: nothing is recorded */
    const char *look_path; /* a record to look into where none is written; NULL: none */
    const struct clock *clock;
    enum attempt_kind kind;
    bool loop; /* board after board, all day, each slot by its rules; else one board each */
    const char *const *golden; /* MACs of golden boards, as board_mac_text gives them; lent */
    size_t golden_count;
    uint32_t give_ms; /* how long a board waits for values from a scan; 0: not at all */
    /* All slots are stopped hard together, and no single one: each needs a descriptor less. */
    bool together;
};

/* Opens the record and tells how many runs it had open of a station that was killed. There is no
 * slot yet, and no order. NULL: ERR_DATABASE, ERR_STATION. */
struct session *session_new(const struct session_setup *setup, int *interrupted, struct err *e);

/* Stops hard what still works, waits for it, and signs the station off. Once its readers of events
 * are closed. NULL is fine. */
void session_free(struct session *s);

/* For making orders. NULL: nothing is recorded. */
struct record *session_record(const struct session *s);
const struct clock *session_clock(const struct session *s);

/* ---- The order ---- */

/* From now on boards begin under this order; runs that have begun go on under theirs. The session
 * holds it. */
void session_set_order(struct session *s, struct order *order);

/* The current one, held for the caller. NULL: there is none yet. */
struct order *session_order(struct session *s);
bool session_has_order(struct session *s);

/* ---- Slots ---- */

/* Gives the session a slot of this number (from 1) on this port, whose text is copied; it begins at
 * once. ERR_USAGE: the number or the port has another slot, be it one that still finishes its
 * board; the port cannot be one; there are SLOTS_MAX; no order is set. ERR_STOPPED: the session is
 * stopping. ERR_STATION. */
bool session_add_slot(struct session *s, int number, const char *port, struct err *e);

/* The same with rules of its own, for a session that loops; session_add_slot gives START_BOARD.
 * One that resumes goes on with the verdict that the slot of this number had when it was removed:
 * the board is asked who it is, and no run begins with one that was judged (but where it has
 * `appeared`, and did not pass). */
bool session_place_slot(struct session *s, const struct slot_setup *setup, struct err *e);

/* What is wanted of a slot: it gets it between two boards. ERR_USAGE: there is no such slot, or
 * nobody may press in this session. */
bool session_press(struct session *s, int number, const struct slot_press *press, struct err *e);

/* Takes the slot out of work once its board is done, or puts it back: see slot_pause. ERR_USAGE:
 * there is no such slot. */
bool session_pause_slot(struct session *s, int number, bool pause, struct err *e);

/* From now on only golden boards begin in the slot, or all again. ERR_USAGE: there is no such slot.
 */
bool session_prove_slot(struct session *s, int number, bool golden_only, struct err *e);

/* The run that goes on is stopped, as soon as its board can be reset; the slot goes on with the
 * next. ERR_USAGE: as above. */
bool session_stop_run(struct session *s, int number, struct err *e);

/* Takes the slot away: at once, or when its board is done. Hard: that is stopped, as soon as it can
 * be reset. May be asked softly first, then hard. ERR_USAGE: there is no such slot; `hard` in a
 * session whose slots are stopped together. */
bool session_remove_slot(struct session *s, int number, bool hard, struct err *e);

/* No new board begins in the slot; hard: the one in work is stopped, too. The slot stays, with its
 * verdict, and begins no more: who wants that removes it and adds it anew. As above. */
bool session_stop_slot(struct session *s, int number, bool hard, struct err *e);

/* The same of all, and no slot is added any more. */
void session_stop(struct session *s, bool hard);
bool session_is_stopping(struct session *s);

/* While it is halted no run begins: slots are watched as ever, and boards that are put in wait.
 * Unlike session_stop it can be taken back. For a session that loops. */
void session_halt(struct session *s, bool halted);

/* Whether no slot works any more (or none has begun); then the descriptor is readable. */
bool session_is_done(struct session *s);
int session_done_fd(const struct session *s);

/* Puts a note about a slot among the events: for who works beside the session. Any thread. */
void session_note(struct session *s, int number, int64_t run_id, const char *sentence);

/* As long as it stays there and nobody stops it. */
#define GIVE_FOREVER UINT32_MAX

/* Gives the slot a value of its board's unit: one that the recipe has from: scan. It is for the
 * board that is there, or comes within 10 s, and no other one gets it. ERR_USAGE: no such slot or
 * value, or (in a session that loops) the board there needs none any more; ERR_UNIT: the recipe
 * does not take this text. */
bool session_give(struct session *s, int number, const char *name, const char *text, struct err *e);

/* The same of a code without a name: it is the first value that is missing and takes it. `starts`:
 * the code says itself that a board is there. */
bool session_scan(struct session *s, int number, const char *code, bool starts, struct err *e);

/* Whether the recipe that is current has values from a scan. */
bool session_takes_scans(struct session *s);

/* ---- Looking ---- */

/* What is shown of the slot at place `i`, counted from 0, by number. False: there are not so many.
 * Between two calls slots may come and go. */
bool session_look(struct session *s, size_t i, struct slot_view *view);
size_t session_slot_count(struct session *s);

/* The same of the slot with this number. False: there is none. */
bool session_find(struct session *s, int number, struct slot_view *view);

/* Tells all readers by EVENT_CHANGED that there is something to look at, of the slot with this
 * number or (0) of none in particular. */
void session_hint(struct session *s, int number);

/* Events from now on; see event.h for `weighty_max`. Free with event_reader_free before the session
 * is. NULL: ERR_STATION. */
struct event_reader *session_watch(struct session *s, size_t weighty_max, struct err *e);

#endif
