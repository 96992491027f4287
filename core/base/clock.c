#include "core/base/clock.h"

#include <errno.h>
#include <poll.h>
#include <time.h>

#define LONGEST_WAIT_US ((uint64_t)24 * 3600 * 1000 * 1000)

static uint64_t system_now_us(const struct clock *c)
{
    (void)c;
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int64_t system_utc_ms(const struct clock *c)
{
    (void)c;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool system_sleep_until(const struct clock *c, uint64_t at_us, int stop_fd)
{
    struct pollfd stop = { .fd = stop_fd, .events = POLLIN };
    for (;;) {
        uint64_t now_us = system_now_us(c);
        if (now_us >= at_us)
            return true;
        uint64_t left_us = at_us - now_us;
        if (left_us > LONGEST_WAIT_US)
            left_us = LONGEST_WAIT_US;
        /* ppoll: reset pulses are as short as a millisecond, and poll() rounds up to whole ones. */
        struct timespec wait = { (time_t)(left_us / 1000000), (long)(left_us % 1000000) * 1000 };
        if (ppoll(&stop, 1, &wait, NULL) > 0)
            return false;
    }
}

const struct clock clock_system = { system_now_us, system_utc_ms, system_sleep_until };

struct deadline deadline_in_ms(const struct clock *c, uint32_t ms)
{
    return (struct deadline){ c->now_us(c) + (uint64_t)ms * 1000 };
}

int deadline_left_ms(const struct clock *c, struct deadline d)
{
    uint64_t now_us = c->now_us(c);
    if (now_us >= d.at_us)
        return 0;
    uint64_t left_us = d.at_us - now_us;
    return (int)(((left_us < LONGEST_WAIT_US ? left_us : LONGEST_WAIT_US) + 999) / 1000);
}

bool deadline_over(const struct clock *c, struct deadline d)
{
    return c->now_us(c) >= d.at_us;
}

struct deadline deadline_first(struct deadline a, struct deadline b)
{
    return a.at_us < b.at_us ? a : b;
}
