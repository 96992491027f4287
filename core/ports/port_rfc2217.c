/*
 * rfc2217://host:port: a serial port behind a network server (ser2net, esptool's server, pyserial).
 *
 * Data and commands share one TCP stream, so the server meets them in the order we sent them: a
 * change of rate needs no answer to stay in step with the data around it. A reset pulse does, as
 * its length counts: a server that is late with the first edge and not with the second would make
 * it too short. And edges that belong together leave in one send: between the first and the second
 * EN and the strap are both high, and a chip that is left so for long boots its application.
 */
#include "core/ports/rfc2217_priv.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PREFIX "rfc2217://"

#define PURGE_MS 500  /* for the answer to a purge, */
#define MUTE_MS  10   /* ...and when the server is known to give none */
#define LINES_MS 1000 /* for the answer to a change of lines, unless it is known to give none */
#define SEND_MS  3000 /* for a command to leave, when the caller has no deadline */

/* An EN that rises through 10 kOhm into 100 nF is at three quarters of the supply after 1.4 ms: so
 * long may pass from one line to the other. ser2net on an idle computer needs a tenth. */
#define LINE_STEP_US_MAX 1000

/* As pyserial has it, and as esp_rfc2217_server prints it behind its address. */
#define OPTION "ign_set_control"

static void rfc2217_close(struct port *p)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    if (r->fd >= 0)
        close(r->fd);
    if (r->lock_fd >= 0)
        close(r->lock_fd);
    r->fd = -1;
    r->lock_fd = -1;
}

static bool rfc2217_open(struct port *p, struct deadline d, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    telnet_init(&r->telnet);
    r->heard_bytes = 0;
    r->lines_mute = port_net_has_option(p->where);
    r->lines_unknown = false;
    r->inputs_asked = r->inputs_known = r->probe_answered = false;
    r->times = (struct line_times){ 0 };
    p->caps = 0; /* also where it is opened again */
    r->fd = -1;
    r->lock_fd = port_net_lock(p, e);
    if (r->lock_fd >= 0)
        r->fd = port_net_connect(p, d, e);
    if (r->fd < 0 || !rfc2217_start(r, d, e)) {
        rfc2217_close(p);
        return false;
    }
    /* Not PORT_LINES_TOGETHER: two lines are two commands, and the server acts on one after the
     * other. */
    p->caps = PORT_BAUD | PORT_LINES | PORT_INPUTS;
    return true;
}

/* ---- The driver ---- */

static size_t read_kept(struct rfc2217_port *r, void *buf, size_t cap)
{
    size_t n = r->kept_end - r->kept_start;
    if (n > cap)
        n = cap;
    memcpy(buf, r->kept + r->kept_start, n);
    r->kept_start += n;
    return n;
}

static size_t rfc2217_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    if (r->kept_start < r->kept_end)
        return read_kept(r, buf, cap);
    for (;;) {
        size_t n = port_net_read(p, r->fd, buf, cap, d, e);
        if (n == 0)
            return 0;
        n = rfc2217_take(r, buf, n);
        rfc2217_send_now(r); /* replies to what we met */
        if (n > 0)
            return n;
        /* Asked here too: a server that sends nothing but commands would keep us for ever. */
        if (deadline_over(p->clock, d)) {
            err_set(e, ERR_TIMEOUT, "%s: no data came in time", p->where);
            return 0;
        }
    }
}

static bool rfc2217_write(struct port *p, const void *buf, size_t n, struct deadline d,
                          struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    if (!rfc2217_absorb(r, e)) /* a request to hold our data may be waiting */
        return false;
    while (r->suspended) {
        if (!rfc2217_await_more(r, d, e))
            return false;
    }
    return rfc2217_send_data(r, buf, n, d, e);
}

static bool rfc2217_drain(struct port *p, struct deadline d, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    if (!rfc2217_flush(r, d, e))
        return false;
    return port_fd_drain(p, r->fd, d, e) || port_net_hint_gone(p, e);
}

/* Waits until the answers we want are all here, or the time is over: not every server gives them.
 * *mute: it did not. */
static bool await_answers(struct rfc2217_port *r, const unsigned *wanted, uint32_t ms, bool *mute,
                          struct err *e)
{
    struct deadline answer_by = deadline_in_ms(r->port.clock, ms);
    struct err wait_err = { .code = ERR_NONE };
    while (*wanted > 0 && rfc2217_await_more(r, answer_by, &wait_err))
        ;
    *mute = *wanted > 0;
    if (!*mute || wait_err.code == ERR_TIMEOUT)
        return true;
    *e = wait_err;
    return false;
}

/* The answer to PURGE-DATA marks the place in the stream: what comes before it is old. A server
 * that does not answer loses only what has already arrived here. */
static bool rfc2217_discard(struct port *p, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    struct deadline send_by = deadline_in_ms(p->clock, SEND_MS);
    r->kept_start = r->kept_end = 0;
    r->purges_wanted = 1;
    r->purge_sent_us = p->clock->now_us(p->clock);
    bool ok =
        rfc2217_send_commands(r, rfc2217_add_byte(r, PURGE_DATA, PURGE_RECEIVED), send_by, e) &&
        await_answers(r, &r->purges_wanted, r->purge_mute ? MUTE_MS : PURGE_MS, &r->purge_mute, e);
    r->purges_wanted = 0;
    return ok;
}

static bool rfc2217_set_baud(struct port *p, uint32_t baud, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    return rfc2217_set_rate(r, baud, deadline_in_ms(p->clock, ANSWER_MS), e);
}

static bool add_line(struct rfc2217_port *r, unsigned line, unsigned mask, unsigned on)
{
    if (!(mask & line))
        return true;
    if (line == PORT_DTR)
        return rfc2217_add_byte(r, SET_CONTROL, on & line ? CONTROL_DTR_ON : CONTROL_DTR_OFF);
    return rfc2217_add_byte(r, SET_CONTROL, on & line ? CONTROL_RTS_ON : CONTROL_RTS_OFF);
}

/* Lines leave in one send, but the server sets one after the other. DTR goes first when it
 * rises and last when it falls: then the state between is never a false reset (RTS alone), and a
 * change from one line to the other passes through both asserted, as USB-Serial/JTAG needs it. */
static bool rfc2217_set_lines(struct port *p, unsigned mask, unsigned on, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    const unsigned first = on & PORT_DTR ? PORT_DTR : PORT_RTS;
    const unsigned second = first == PORT_DTR ? PORT_RTS : PORT_DTR;
    if (!add_line(r, first, mask, on) || !add_line(r, second, mask, on))
        return err_set(e, ERR_TIMEOUT, "%s: the server takes no more commands", p->where);
    r->lines_wanted += (mask & PORT_DTR ? 1u : 0u) + (mask & PORT_RTS ? 1u : 0u);
    return true;
}

static bool rfc2217_settle_lines(struct port *p, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    r->times.first_us = 0;
    r->times.sent_us = r->lines_wanted == 2 ? p->clock->now_us(p->clock) : 0;
    bool ok = rfc2217_flush(r, deadline_in_ms(p->clock, SEND_MS), e) &&
              (r->lines_mute || await_answers(r, &r->lines_wanted, LINES_MS, &r->lines_mute, e));
    r->lines_wanted = 0;
    return ok;
}

/* From one line to the other: between the answers, where they come one by one; else half of what
 * both took beyond the way there and back. */
static uint64_t line_step_us(const struct line_times *t)
{
    uint64_t spent_us = 0;
    if (t->round_trip_us > 0 && t->both_us > t->round_trip_us)
        spent_us = (t->both_us - t->round_trip_us) / 2;
    return spent_us > t->step_us ? spent_us : t->step_us;
}

static bool rfc2217_lines_fault(const struct port *p, struct port_fault *fault)
{
    const struct rfc2217_port *r = (const struct rfc2217_port *)p;
    const uint64_t step_us = line_step_us(&r->times);
    if (r->lines_unknown || (r->lines_mute && !port_net_has_option(p->where))) {
        snprintf(fault->what, sizeof fault->what, "the serial server does not %s DTR and RTS",
                 r->lines_unknown ? "know of any" : "confirm");
        fault->hint = "Hang an adapter with DTR and RTS behind the server; or hold BOOT while the "
                      "board resets, and let the recipe say reset: none.";
        return true;
    }
    if (step_us <= LINE_STEP_US_MAX)
        return false;
    snprintf(fault->what, sizeof fault->what,
             "the serial server takes %.1f ms from one line to the other", (double)step_us / 1000);
    fault->hint = "That is too slow for a reset: plug the adapter in here, or let a quicker "
                  "computer serve it; or hold BOOT while the board resets.";
    return true;
}

/* The mask is sent once. Its first report comes by itself, as ser2net (gensio, sergensio.c) forces
 * it; a server that sends none has no such lines. ser2net looks at them once a second. */
static bool rfc2217_inputs(struct port *p, unsigned *on, unsigned *known, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    static const uint8_t all = 255;
    if (!r->inputs_asked) {
        if (!rfc2217_send_commands(r, rfc2217_add_command(r, SET_MODEMSTATE_MASK, &all, 1),
                                   deadline_in_ms(p->clock, SEND_MS), e))
            return false;
        r->inputs_asked = true;
    }
    if (!rfc2217_absorb(r, e))
        return false;
    *known = r->inputs_known ? PORT_CTS | PORT_DSR | PORT_DCD | PORT_RI : 0;
    *on = (r->inputs & 16 ? PORT_CTS : 0u) | (r->inputs & 32 ? PORT_DSR : 0u) |
          (r->inputs & 128 ? PORT_DCD : 0u) | (r->inputs & 64 ? PORT_RI : 0u);
    return true;
}

/* Asks for the rate that is set: every server answers that, and nothing changes. */
static bool rfc2217_probe(struct port *p, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    struct err silence = { 0 };
    r->baud_answered = false;
    if (!rfc2217_send_commands(r, rfc2217_add_baud(r, p->baud), deadline_in_ms(p->clock, SEND_MS),
                               e))
        return false;
    while (!r->baud_answered) {
        if (rfc2217_await_more(r, deadline_in_ms(p->clock, ANSWER_MS), &silence))
            continue;
        if (silence.code == ERR_TIMEOUT && !r->probe_answered)
            return true; /* it never did, so its silence says nothing */
        if (silence.code == ERR_TIMEOUT)
            err_set(&silence, ERR_PORT_GONE, "%s: the server does not answer any more", p->where);
        *e = silence;
        return false;
    }
    r->probe_answered = true;
    return true;
}

static bool rfc2217_check(const char *where, struct err *e)
{
    struct port_net_where ignored;
    return port_net_parse(where, PREFIX, OPTION, &ignored, e);
}

const struct port_ops port_rfc2217 = {
    .name = "rfc2217",
    .prefix = PREFIX,
    .form = "rfc2217://host:port",
    .remote = true,
    .struct_bytes = sizeof(struct rfc2217_port),
    .check = rfc2217_check,
    .open = rfc2217_open,
    .read = rfc2217_read,
    .write = rfc2217_write,
    .drain = rfc2217_drain,
    .discard = rfc2217_discard,
    .set_baud = rfc2217_set_baud,
    .set_lines = rfc2217_set_lines,
    .settle_lines = rfc2217_settle_lines,
    .lines_fault = rfc2217_lines_fault,
    .inputs = rfc2217_inputs,
    .probe = rfc2217_probe,
    .close = rfc2217_close,
};
