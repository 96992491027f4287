/*
 * What all slots of a session share: the record, the feed of events, the order that is current, and
 * which board sits where.
 *
 * Everything is set before the first slot starts and stays, but for the order and the table of
 * MACs. Their lock is held for a moment, and no other is taken under it.
 */
#ifndef STATION_GANG_H
#define STATION_GANG_H

#include "station/base/limits.h"
#include "station/line/event.h"
#include "station/line/order.h"
#include "station/line/record.h"

#include <pthread.h>
#include <stdatomic.h>

/* Who has passed in which slot, under which recipe and lot: what the record knows as well, for when
 * it does not answer. */
#define GANG_PASSES_MAX 1024
struct gang_pass {
    struct chip_mac mac;
    int slot;
    int64_t recipe_id, lot_id, run_id;
};

struct gang {
    struct record *record; /* NULL: nothing is recorded */
    struct db *look;       /* a reader, for what boards have by the record; NULL: none */
    struct event_feed *events;
    const struct clock *clock;
    enum attempt_kind kind;
    bool loop;                 /* board after board, all day */
    const char *const *golden; /* MACs of golden boards, as board_mac_text gives them */
    size_t golden_count;
    uint32_t give_ms;   /* how long a board waits for values that its unit lacks; 0: not at all */
    atomic_bool halted; /* no run begins; any thread sets it, and takes it back */
    int stop_fd;        /* of all slots, where they are stopped hard together alone; else -1 */
    int idle_fd; /* likewise: readable after any stop, for waits between two boards; else -1 */
    /* From here on kept by gang.c. */
    pthread_mutex_t lock; /* guards what follows */
    struct order *order;  /* held; NULL: none yet */
    struct {
        struct chip_mac mac;
        int slot;
    } macs[SLOTS_MAX];
    size_t mac_count;
    struct gang_pass passes[GANG_PASSES_MAX]; /* the latest, the oldest is overwritten */
    size_t pass_count;                        /* ever */
};

/* The caller has filled in the first part; what it points to must outlive the gang. */
void gang_init(struct gang *g);
void gang_done(struct gang *g);

/* The order of the runs that begin from now on; the gang holds it. */
void gang_set_order(struct gang *g, struct order *order);

/* The current one, held for the caller. NULL: there is none yet. */
struct order *gang_order(struct gang *g);

/* A slot says which board it has in work, or holds. False: that MAC is in another slot right now,
 * *other. A verdict that is still shown is no claim: its board may have been moved. */
bool gang_claim_mac(struct gang *g, int slot, const struct chip_mac *mac, int *other);

/* A board has passed, and whether it has passed before, in that slot (0: in any) under that order;
 * run_id 0: the run is not recorded. */
void gang_note_pass(struct gang *g, int slot, const struct order *order, const struct chip_mac *mac,
                    int64_t run_id);
bool gang_has_passed(struct gang *g, int slot, const struct order *order,
                     const struct chip_mac *mac, struct db_passed_run *passed);

/* Whether the board is a golden one. */
bool gang_is_golden(const struct gang *g, const struct chip_mac *mac);

/* The slot's board is gone, or nothing is done to it any more. */
void gang_release_mac(struct gang *g, int slot);

#endif
