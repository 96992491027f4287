/*
 * What all slots of a fixture share: the job, the record, the queue of events, the wish to stop,
 * and which board sits where.
 *
 * Everything is set before the first slot starts and stays, but for the two stop marks and the
 * table of MACs. Stopping has two steps: gang_stop_soft lets running boards finish and starts no
 * new one; gang_stop_hard makes a descriptor readable that every wait of every port looks at, so
 * each slot stops at its next read, resets its board and records it as stopped.
 */
#ifndef STATION_GANG_H
#define STATION_GANG_H

#include "station/base/limits.h"
#include "station/line/event.h"
#include "station/line/record.h"

#include <pthread.h>
#include <stdatomic.h>

struct gang {
    struct job *job;
    struct record *record; /* NULL: nothing is recorded */
    struct event_queue *events;
    const struct clock *clock;
    enum attempt_kind kind;
    bool loop;          /* the next board starts by itself */
    const int *numbers; /* of the slots, in the order of their ports; NULL: from 1 on */
    bool timing;        /* the summary shows where the time went */
    /* From here on kept by gang.c. */
    atomic_bool stopping; /* no new board */
    int stop_fd;          /* readable after gang_stop_hard */
    pthread_mutex_t lock; /* guards the table */
    struct {
        struct chip_mac mac;
        int slot;
    } macs[SLOTS_MAX];
    size_t mac_count;
};

/* The caller has filled in the first part; what it points to must outlive the gang. ERR_STATION. */
bool gang_init(struct gang *g, struct err *e);
void gang_done(struct gang *g);

void gang_stop_soft(struct gang *g);
void gang_stop_hard(struct gang *g);

/* A slot says which board it has. False: that MAC sits in another slot right now, *other. */
bool gang_claim_mac(struct gang *g, int slot, const struct chip_mac *mac, int *other);

/* The slot's board is gone. */
void gang_release_mac(struct gang *g, int slot);

#endif
