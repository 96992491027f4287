/*
 * Threads that work side by side and do not wait for each other: a slot's, a hand tool's.
 *
 * Each ends by itself, some time after it was told to by whatever its work listens to; the crew
 * stops nobody. One descriptor tells that nobody works any more. Signals are none of their
 * business: one that a thread took would be lost to the command.
 */
#ifndef STATION_CREW_H
#define STATION_CREW_H

#include "core/base/err.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#define CREW_NAME_CAP 16 /* what the system shows of a thread's name */

struct crew {
    size_t stack_bytes;   /* of each thread; 0: as the system has it */
    pthread_mutex_t lock; /* guards working; held for a moment only */
    size_t working;
    int done_fd; /* readable while nobody works */
    bool is_open;
};

/* A member's place, kept by who starts it until it is joined. */
struct crew_thread {
    struct crew *crew;
    pthread_t thread;
    bool started; /* and not joined yet */
    void (*work)(void *ctx);
    void *ctx;
};

/* ERR_STATION. */
bool crew_open(struct crew *c, size_t stack_bytes, struct err *e);
/* Once all that were started are joined. Also one that is all zero, or could not be opened. */
void crew_close(struct crew *c);

/* Starts work(ctx) on a thread of its own, which debuggers and `top` show by `name`. ERR_STATION.
 */
bool crew_start(struct crew *c, struct crew_thread *t, const char *name, void (*work)(void *ctx),
                void *ctx, struct err *e);

/* Waits for its end. One that was not started has ended. Not from a thread of the crew. */
void crew_join(struct crew_thread *t);

/* Whether nobody works; any thread. Then the descriptor is readable. */
bool crew_is_done(struct crew *c);
int crew_done_fd(const struct crew *c);

#endif
