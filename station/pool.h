/*
 * All slots of a fixture, one thread each.
 *
 * Design. The pool owns the slots and starts a thread for each; no slot waits for another. The main
 * thread waits for events and signals, never for a slot. Stopping has two steps: pool_stop_soft
 * lets running boards finish and starts no new one; pool_stop_hard makes a descriptor readable that
 * every wait of every port looks at, so each slot stops at its next read, resets its board and
 * records it as stopped.
 */
#ifndef STATION_POOL_H
#define STATION_POOL_H

#include "station/slot.h"

#include <stdatomic.h>

#define POOL_SLOTS_MAX 256

struct pool_setup {
    struct job *job;
    struct record *record; /* NULL: nothing is recorded */
    struct event_queue *events;
    const struct clock *clock;
    enum attempt_kind kind;
    bool loop;   /* the next board starts by itself */
    bool rework; /* a board that passed in this lot may be flashed again */
    const char *const *ports;
    size_t port_count;
};

struct pool {
    struct pool_setup setup;
    struct slot *slots;
    size_t slot_count;
    atomic_int running;   /* threads that have not ended */
    atomic_bool stopping; /* no new board */
    int stop_fd;          /* readable after pool_stop_hard */
    int done_fd;          /* readable once all threads have ended */
    pthread_mutex_t lock; /* guards macs */
    struct {
        struct chip_mac mac;
        int slot;
    } macs[POOL_SLOTS_MAX];
    size_t mac_count;
};

/* Starts all threads. `setup` is copied; what it points to must outlive the pool. NULL:
 * ERR_STATION, ERR_USAGE (no port, too many, the same one twice). */
struct pool *pool_new(const struct pool_setup *setup, struct err *e);

/* Waits for the threads and frees. */
void pool_free(struct pool *p);

void pool_stop_soft(struct pool *p);
void pool_stop_hard(struct pool *p);

/* Whether every thread has ended. */
bool pool_done(const struct pool *p);

/* A slot says which board it has. False: that MAC sits in another slot right now, *other. */
bool pool_claim_mac(struct pool *p, int slot, const struct chip_mac *mac, int *other);

/* The slot's board is gone, or another one has come. */
void pool_release_mac(struct pool *p, int slot);

#endif
