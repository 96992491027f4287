/*
 * Opening the floor, ending it, and what is plugged into it: the side of the command that owns it.
 * Who looks and acts includes floor.h alone.
 */
#ifndef STATION_FLOOR_OPEN_H
#define STATION_FLOOR_OPEN_H

#include "recipes/station/station_file.h"
#include "station/floor/floor.h"

struct clock;
struct job;
struct order;
struct people;

struct floor_setup {
    const struct station *station; /* lent as long as the floor lives */
    struct people *people;         /* of its people file, likewise; NULL: it names none */
    const char *root;    /* where /sys and /dev are: "" but for a made-up machine; lent likewise */
    const char *db_path; /* NULL: nothing is recorded */
    const char *stub_folder; /* for recipes that are chosen later; NULL: the stubs built in */
    struct job *job;         /* the recipe; NULL: somebody chooses it later (ACT_RECIPE) */
    const char *lot, *operator_name; /* NULL: none */
    bool new_lot;                    /* it is opened if there is none of that name */
    const struct clock *clock;
};

/* Opens record and session; no slot begins before floor_begin, so that watchers miss nothing.
 * *interrupted: how many runs a killed station had left open. NULL: ERR_DATABASE, what order_new
 * refuses, ERR_STATION. */
struct floor *floor_new(const struct floor_setup *setup, int *interrupted, struct err *e);

/* The slots begin, and their adapters are watched. ERR_STATION. */
bool floor_begin(struct floor *f, struct err *e);

/* No new board begins any more; hard: those in work are stopped, too. */
void floor_stop(struct floor *f, bool hard);

/* After floor_stop: whether no slot works any more; then the descriptor is readable. */
bool floor_is_done(struct floor *f);
int floor_done_fd(const struct floor *f);

/* Once its watchers are ended and its readers of events are freed. Stops hard what still works.
 * NULL is fine. */
void floor_free(struct floor *f);

/* Those who may log in, wherever they act: one count of wrong PINs for all doors. Lent; NULL: the
 * station file names none. */
struct people *floor_people(const struct floor *f);

/* The order that is current, held for the caller (order_release). NULL: none yet. */
struct order *floor_order(struct floor *f);

/* ---- What others plug in: before floor_begin, and never taken out ---- */

/* Prints the label of the act's run once more (ACT_PRINT), and records the act with that, its row
 * in front. `order`: the current one, or NULL. Without one: "there is no printer". */
struct db_act;
typedef bool floor_printer(void *ctx, const struct order *order, const struct db_act *act,
                           struct err *e);
void floor_set_printer(struct floor *f, floor_printer *print, void *ctx);

/* Whether the label of a run that has passed waits, and for what: its tile is amber then. Called
 * under the floor's lock: it waits for nothing. */
typedef bool floor_label_waits(void *ctx, int64_t run_id, struct err *why);
void floor_set_label_waits(struct floor *f, floor_label_waits *waits, void *ctx);

/* Puts a sentence about a slot among the events. Any thread. */
void floor_note(struct floor *f, int slot, int64_t run_id, const char *sentence);

/*
 * A watcher: a screen in a browser, a PLC, a printer. One row for each; the command starts them in
 * the order of its list before floor_begin, and ends them, the last one first, before floor_free.
 */
struct watcher {
    const char *name;
    /* Starts it if the station file wants it; *state is its own, NULL: it is not wanted. `station`
     * and the floor outlive it. */
    bool (*start)(struct floor *f, const struct station *station, void **state, struct err *e);
    void (*end)(void *state);
};

#endif
