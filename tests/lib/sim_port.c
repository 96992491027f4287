#include "tests/lib/sim_port.h"

#include <stdio.h>
#include <string.h>

static struct sim_port *sim_of(struct port *p)
{
    return (struct sim_port *)p;
}

/* Brings the board to the clock's time; false once the cable is pulled. */
static bool catch_up(struct sim_port *s, struct err *e)
{
    uint64_t back_us;
    if (s->power_at_us > 0 && s->clock->us >= s->power_at_us) {
        chip_sim_power(s->sim, true, s->power_at_us);
        s->power_at_us = 0;
    }
    chip_sim_advance(s->sim, s->clock->us);
    if (chip_sim_take_pull(s->sim, &back_us))
        s->gone = true;
    return !s->gone || err_set(e, ERR_PORT_GONE, "%s: unplugged", s->port.where);
}

/* Lets time pass up to the board's next event, but not past `limit_us`. */
static void step(struct sim_port *s, uint64_t limit_us)
{
    uint64_t next_us = chip_sim_next_event_us(s->sim);
    if (s->power_at_us > 0 && s->power_at_us < next_us)
        next_us = s->power_at_us;
    if (next_us <= s->clock->us)
        next_us = s->clock->us + 1;
    fake_clock_to(s->clock, next_us < limit_us ? next_us : limit_us);
}

static size_t sim_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    struct sim_port *s = sim_of(p);
    for (;;) {
        if (!catch_up(s, e))
            return 0;
        size_t n = chip_sim_read(s->sim, buf, cap, s->clock->us);
        if (n > 0)
            return n;
        if (s->clock->us >= d.at_us) {
            err_set(e, ERR_TIMEOUT, "%s: no data came in time", p->where);
            return 0;
        }
        step(s, d.at_us);
    }
}

static bool sim_write(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e)
{
    struct sim_port *s = sim_of(p);
    const uint8_t *bytes = buf;
    while (n > 0) {
        if (!catch_up(s, e))
            return false;
        size_t space = chip_sim_host_space(s->sim);
        size_t part = n < space ? n : space;
        chip_sim_host_bytes(s->sim, bytes, part, s->clock->us);
        bytes += part;
        n -= part;
        if (n > 0 && s->clock->us >= d.at_us)
            return err_set(e, ERR_TIMEOUT, "%s: the data could not be sent in time", p->where);
        if (n > 0)
            step(s, d.at_us);
    }
    return true;
}

static bool sim_drain(struct port *p, struct deadline d, struct err *e)
{
    struct sim_port *s = sim_of(p);
    for (;;) {
        if (!catch_up(s, e))
            return false;
        if (chip_sim_host_space(s->sim) == s->all_space)
            return true;
        if (s->clock->us >= d.at_us)
            return err_set(e, ERR_TIMEOUT, "%s: the data could not be sent in time", p->where);
        step(s, s->clock->us + 1000);
    }
}

static bool sim_discard(struct port *p, struct err *e)
{
    struct sim_port *s = sim_of(p);
    if (!catch_up(s, e))
        return false;
    chip_sim_purge(s->sim, true, false, s->clock->us);
    return true;
}

static bool sim_set_baud(struct port *p, uint32_t baud, struct err *e)
{
    struct sim_port *s = sim_of(p);
    if (!catch_up(s, e))
        return false;
    chip_sim_host_baud(s->sim, baud, s->clock->us);
    return true;
}

static bool sim_set_lines(struct port *p, unsigned mask, unsigned on, struct err *e)
{
    struct sim_port *s = sim_of(p);
    unsigned lines = (p->lines & ~mask) | (on & mask);
    if (!catch_up(s, e))
        return false;
    chip_sim_lines(s->sim, lines & PORT_DTR, lines & PORT_RTS, s->clock->us);
    return true;
}

static bool sim_open(struct port *p, struct deadline d, struct err *e)
{
    (void)p;
    (void)d;
    return err_set(e, ERR_STATION, "A sim port is made by sim_port_init");
}

static void sim_close(struct port *p)
{
    (void)p;
}

static const struct port_ops ops = {
    .name = "sim",
    .prefix = "/",
    .struct_bytes = sizeof(struct sim_port),
    .open = sim_open,
    .read = sim_read,
    .write = sim_write,
    .drain = sim_drain,
    .discard = sim_discard,
    .set_baud = sim_set_baud,
    .set_lines = sim_set_lines,
    .close = sim_close,
};

bool sim_port_init(struct sim_port *s, const struct chip_sim_config *config,
                   struct fake_clock *clock, char *why, size_t why_size)
{
    memset(s, 0, sizeof *s);
    s->sim = chip_sim_new(config, clock->us, why, why_size);
    if (!s->sim)
        return false;
    s->clock = clock;
    s->all_space = chip_sim_host_space(s->sim);
    s->port.ops = &ops;
    s->port.clock = &clock->clock;
    s->port.stop_fd = -1;
    s->port.caps = PORT_BAUD | PORT_LINES | PORT_LINES_TOGETHER;
    s->port.baud = config->start_baud ? config->start_baud : 115200;
    snprintf(s->port.where, sizeof s->port.where, "sim");
    return true;
}

void sim_port_put_in_at(struct sim_port *s, uint64_t at_us)
{
    chip_sim_power(s->sim, false, s->clock->us);
    s->power_at_us = at_us;
}

void sim_port_done(struct sim_port *s)
{
    chip_sim_free(s->sim);
    s->sim = NULL;
}
