#include "tests/lib/fake_clock.h"

/* The core holds its clock as const, since the real one never changes; this one does. */
static struct fake_clock *fake_of(const struct clock *c)
{
    return (struct fake_clock *)(uintptr_t)c;
}

static uint64_t fake_now_us(const struct clock *c)
{
    return fake_of(c)->us;
}

static int64_t fake_utc_ms(const struct clock *c)
{
    return fake_of(c)->utc_offset_ms + (int64_t)(fake_of(c)->us / 1000);
}

static bool fake_sleep_until(const struct clock *c, uint64_t at_us, int stop_fd)
{
    struct fake_clock *f = fake_of(c);
    bool stopped = stop_fd >= 0 && f->stop_at_us < at_us;
    f->sleeps++;
    fake_clock_to(f, stopped ? f->stop_at_us : at_us);
    return !stopped;
}

void fake_clock_init(struct fake_clock *f)
{
    *f = (struct fake_clock){
        .clock = { fake_now_us, fake_utc_ms, fake_sleep_until },
        .us = 1000000, /* not 0, so that a deadline that was never set shows */
        .utc_offset_ms = 1700000000000,
        .stop_at_us = FAKE_CLOCK_NEVER,
    };
}

void fake_clock_to(struct fake_clock *f, uint64_t at_us)
{
    if (at_us > f->us)
        f->us = at_us;
}

void fake_clock_pass_us(struct fake_clock *f, uint64_t us)
{
    f->us += us;
}
