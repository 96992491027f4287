#include "core/ports/port.h"

#include "core/ports/port_find.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORT(name) extern const struct port_ops port_##name;
#include "core/ports/port_list.h"
#undef PORT

#define PORT(name) &port_##name,
static const struct port_ops *const drivers[] = {
#include "core/ports/port_list.h"
};
#undef PORT

#define DRIVER_COUNT (sizeof drivers / sizeof drivers[0])

static void not_a_port(const char *where, struct err *e)
{
    char forms[160] = "";
    for (size_t i = 0; i < DRIVER_COUNT; i++) {
        size_t n = strlen(forms);
        const char *between = i == 0 ? "" : i + 1 < DRIVER_COUNT ? ", " : " or ";
        snprintf(forms + n, sizeof forms - n, "%s%s", between, drivers[i]->form);
    }
    err_set(e, ERR_USAGE, "'%s' is not a port", where);
    err_hint(e, "A port is %s. To list what is plugged in: espstation ports", forms);
}

const struct port_ops *port_ops_for(const char *where, struct err *e)
{
    for (size_t i = 0; i < DRIVER_COUNT; i++) {
        if (strncmp(where, drivers[i]->prefix, strlen(drivers[i]->prefix)) != 0)
            continue;
        return !drivers[i]->check || drivers[i]->check(where, e) ? drivers[i] : NULL;
    }
    not_a_port(where, e);
    return NULL;
}

struct port *port_new(const char *where, uint32_t baud, const struct clock *clock, int stop_fd,
                      struct deadline d, struct err *e)
{
    const struct port_ops *ops = port_ops_for(where, e);
    if (!ops)
        return NULL;
    struct port *p = calloc(1, ops->struct_bytes);
    if (!p) {
        err_set(e, ERR_STATION, "%s: out of memory", where);
        return NULL;
    }
    p->ops = ops;
    p->clock = clock;
    p->stop_fd = stop_fd;
    p->baud = baud;
    if (strlen(where) >= sizeof p->where) {
        err_set(e, ERR_USAGE, "The port name '%.40s...' is longer than %zu characters", where,
                sizeof p->where - 1);
        goto fail;
    }
    snprintf(p->where, sizeof p->where, "%s", where);
    if (ops->open(p, d, e)) {
        port_by_path(p->where, p->by_path, sizeof p->by_path);
        return p;
    }
fail:
    free(p);
    return NULL;
}

void port_free(struct port *p)
{
    if (!p)
        return;
    p->ops->close(p);
    free(p);
}

#define REOPEN_POLL_MS 100u

bool port_reopen(struct port *p, struct deadline d, struct err *e)
{
    p->ops->close(p);
    p->lines = 0;
    /* It may come back under another name, but not in another socket. */
    if (p->by_path[0])
        snprintf(p->where, sizeof p->where, "%s", p->by_path);
    for (;;) {
        struct err failure = { 0 };
        if (!port_sleep_ms(p, REOPEN_POLL_MS, e))
            return false;
        if (p->ops->open(p, d, &failure))
            return true;
        if (failure.code == ERR_STOPPED || deadline_over(p->clock, d)) {
            *e = failure;
            return false;
        }
    }
}

size_t port_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    size_t n = p->ops->read(p, buf, cap, d, e);
    p->rx_bytes += n;
    return n;
}

bool port_write(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e)
{
    if (!p->ops->write(p, buf, n, d, e))
        return false;
    p->tx_bytes += n;
    return true;
}

bool port_drain(struct port *p, struct deadline d, struct err *e)
{
    return p->ops->drain(p, d, e);
}

bool port_discard(struct port *p, struct err *e)
{
    return p->ops->discard(p, e);
}

bool port_set_baud(struct port *p, uint32_t baud, struct err *e)
{
    if (p->baud == baud)
        return true;
    if (!(p->caps & PORT_BAUD))
        return err_set(e, ERR_BAUD, "%s has no baud rate to change to %u", p->where, baud);
    if (!p->ops->set_baud(p, baud, e))
        return false;
    p->baud = baud;
    return true;
}

bool port_queue_lines(struct port *p, unsigned mask, unsigned on, struct err *e)
{
    if (!(p->caps & PORT_LINES))
        return err_set(e, ERR_PORT_UNSUITABLE, "%s has no DTR and RTS lines", p->where);
    if (!p->ops->set_lines(p, mask, on, e))
        return false;
    p->lines = (p->lines & ~mask) | (on & mask);
    return true;
}

bool port_settle_lines(struct port *p, struct err *e)
{
    return !p->ops->settle_lines || p->ops->settle_lines(p, e);
}

bool port_set_lines(struct port *p, unsigned mask, unsigned on, struct err *e)
{
    return port_queue_lines(p, mask, on, e) && port_settle_lines(p, e);
}

bool port_lines_fault(const struct port *p, struct port_fault *fault)
{
    return p->ops->lines_fault && p->ops->lines_fault(p, fault);
}

bool port_sleep_ms(struct port *p, uint32_t ms, struct err *e)
{
    struct deadline d = deadline_in_ms(p->clock, ms);
    if (p->clock->sleep_until(p->clock, d.at_us, p->stop_fd))
        return true;
    return err_set(e, ERR_STOPPED, "%s: stopped on request", p->where);
}

bool port_inputs(struct port *p, unsigned *on, unsigned *known, struct err *e)
{
    if (!(p->caps & PORT_INPUTS))
        return err_set(e, ERR_PORT_UNSUITABLE, "%s has no lines that come in", p->where);
    return p->ops->inputs(p, on, known, e);
}

bool port_probe(struct port *p, struct err *e)
{
    return !p->ops->probe || p->ops->probe(p, e);
}

void port_set_stop(struct port *p, int stop_fd)
{
    p->stop_fd = stop_fd;
}
