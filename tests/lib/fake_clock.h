/*
 * A clock that jumps: sleeping takes no time, it only moves the clock on.
 *
 * Plain value, nothing to free; any number of them live side by side. One thread at a time.
 */
#ifndef TESTS_LIB_FAKE_CLOCK_H
#define TESTS_LIB_FAKE_CLOCK_H

#include "core/base/clock.h"

#define FAKE_CLOCK_NEVER UINT64_MAX

struct fake_clock {
    struct clock clock; /* first: this is what the core gets */
    uint64_t us;
    int64_t utc_offset_ms;
    uint64_t stop_at_us; /* when a stop is asked for, if the sleeper has a stop_fd */
    unsigned sleeps;
};

void fake_clock_init(struct fake_clock *f);

/* Moves it on; never back. */
void fake_clock_to(struct fake_clock *f, uint64_t at_us);
void fake_clock_pass_us(struct fake_clock *f, uint64_t us);

#endif
