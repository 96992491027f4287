/*
 * The slots of a fixture, one thread each.
 *
 * Design. The pool owns the slots and starts a thread for each; no slot waits for another. The main
 * thread waits for events and signals, never for a slot.
 */
#ifndef STATION_POOL_H
#define STATION_POOL_H

#include "station/line/gang.h"
#include "station/line/slot.h"

struct pool {
    struct gang *gang;
    struct slot *slots;
    size_t slot_count;
    atomic_int running; /* threads that have not ended */
    int done_fd;        /* readable once all threads have ended */
};

/* Starts a thread for each port. `gang` and the texts in `ports` are lent and must outlive the
 * pool. NULL: ERR_STATION (also too few open files allowed), ERR_USAGE (no port, too many, one
 * twice, one that cannot be). */
struct pool *pool_new(struct gang *gang, const char *const *ports, size_t port_count,
                      struct err *e);

/* Waits for the threads and frees. */
void pool_free(struct pool *p);

/* Whether every thread has ended. */
bool pool_done(const struct pool *p);

#endif
