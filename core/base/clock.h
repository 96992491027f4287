/*
 * Time, as a value that is passed in.
 *
 * The core never asks the system for the time and never sleeps by itself: it asks the clock it was
 * given, so a test can install one that jumps. Waits use absolute deadlines: one deadline spans a
 * whole exchange and is handed down, never a fresh timeout for each byte.
 *
 * A clock is immutable and may be used by any number of threads.
 */
#ifndef CORE_CLOCK_H
#define CORE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
    uint64_t (*now_us)(const struct clock *c); /* monotonic, from an arbitrary start */
    int64_t (*utc_ms)(const struct clock *c);  /* wall clock, since 1970 */
    /* Waits until `at_us`, or until `stop_fd` (-1: none) becomes readable. False when stopped. */
    bool (*sleep_until)(const struct clock *c, uint64_t at_us, int stop_fd);
};

/* The system's clock: CLOCK_MONOTONIC, CLOCK_REALTIME, poll. */
extern const struct clock clock_system;

struct deadline {
    uint64_t at_us;
};

/* The moment `ms` from now. */
struct deadline deadline_in_ms(const struct clock *c, uint32_t ms);

/* Milliseconds left, rounded up so that a wait never ends early; 0 once it has passed. At most one
 * day, which fits poll(). */
int deadline_left_ms(const struct clock *c, struct deadline d);

/* Whether it has passed. */
bool deadline_over(const struct clock *c, struct deadline d);

/* The earlier of the two. */
struct deadline deadline_first(struct deadline a, struct deadline b);

#endif
