/* The stream to and from an RFC 2217 server: data and commands, taken apart and put together. */
#include "core/ports/rfc2217_priv.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

/* ---- Coming in ---- */

static void note_control(struct rfc2217_port *r, uint8_t value)
{
    switch (value) {
    case CONTROL_DTR_ON:
        r->port.lines |= PORT_DTR;
        break;
    case CONTROL_DTR_OFF:
        r->port.lines &= ~(unsigned)PORT_DTR;
        break;
    case CONTROL_RTS_ON:
        r->port.lines |= PORT_RTS;
        break;
    case CONTROL_RTS_OFF:
        r->port.lines &= ~(unsigned)PORT_RTS;
        break;
    case CONTROL_DTR_ASK: /* ser2net 4.3.11 for a device without modem lines */
    case CONTROL_RTS_ASK:
        r->lines_unknown = true;
        break;
    }
}

static void keep_shortest(uint64_t *shortest_us, uint64_t us)
{
    if (us > 0 && (*shortest_us == 0 || us < *shortest_us))
        *shortest_us = us;
}

/* Two answers in one piece are no time apart. */
static void time_lines(struct rfc2217_port *r)
{
    struct line_times *t = &r->times;
    const uint64_t now_us = r->port.clock->now_us(r->port.clock);
    if (t->sent_us == 0 || r->lines_wanted == 0)
        return;
    if (r->lines_wanted == 1 && t->first_us != 0) {
        keep_shortest(&t->step_us, now_us - t->first_us + 1);
        keep_shortest(&t->both_us, now_us - t->sent_us + 1);
    }
    t->first_us = now_us;
}

static uint32_t load_be32(const uint8_t b[static 4])
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The server's half of RFC 2217. Line states are of no use here and are ignored. */
static void on_comport(struct rfc2217_port *r)
{
    const uint8_t *sub = r->telnet.sub;
    size_t n = r->telnet.sub_bytes;
    if (n == 0)
        return;
    switch (sub[0]) {
    case ANSWER + SET_BAUDRATE:
        if (n != 5)
            break;
        r->baud_answer = load_be32(sub + 1);
        r->baud_answered = true;
        break;
    case ANSWER + SET_CONTROL:
        /* Later ones only repeat what we asked for. */
        if (n == 2 && r->port.caps == 0)
            note_control(r, sub[1]);
        if (n == 2 && (sub[1] == CONTROL_DTR_ASK || sub[1] == CONTROL_RTS_ASK))
            break; /* our question again */
        time_lines(r);
        r->lines_wanted -= r->lines_wanted > 0;
        break;
    case ANSWER + PURGE_DATA:
        if (r->purges_wanted > 0)
            keep_shortest(&r->times.round_trip_us,
                          r->port.clock->now_us(r->port.clock) - r->purge_sent_us + 1);
        r->purges_wanted = 0;
        break;
    case ANSWER + NOTIFY_MODEMSTATE:
        r->inputs_known = r->inputs_known || n == 2;
        if (n == 2)
            r->inputs = sub[1];
        break;
    case FLOW_SUSPEND:
    case ANSWER + FLOW_SUSPEND:
        r->suspended = true;
        break;
    case FLOW_RESUME:
    case ANSWER + FLOW_RESUME:
        r->suspended = false;
        break;
    }
}

bool rfc2217_add(struct rfc2217_port *r, const uint8_t *bytes, size_t n)
{
    if (r->tx_start == r->tx_end)
        r->tx_start = r->tx_end = 0;
    if (n > sizeof r->tx - r->tx_end)
        return false;
    memcpy(r->tx + r->tx_end, bytes, n);
    r->tx_end += n;
    return true;
}

static void on_event(struct rfc2217_port *r, const struct telnet_event *ev)
{
    uint8_t reply[3];
    if (ev->kind == TELNET_SUB && ev->option == TELNET_COM_PORT)
        on_comport(r);
    if (ev->kind == TELNET_VERB && telnet_answer(&r->telnet, ev, reply))
        rfc2217_add(r, reply, sizeof reply);
}

/* Turns n received bytes into data, in place; gives how many are left. */
size_t rfc2217_take(struct rfc2217_port *r, uint8_t *buf, size_t n)
{
    size_t data_bytes = 0;
    for (size_t at = 0; at < n;) {
        struct telnet_event ev;
        size_t got_bytes;
        bool purging = r->purges_wanted > 0;
        at += telnet_decode(&r->telnet, buf + at, n - at, buf + data_bytes, &got_bytes, &ev);
        data_bytes += got_bytes;
        on_event(r, &ev);
        if (purging) /* these came before the answer */
            data_bytes = 0;
    }
    return data_bytes;
}

/* What does not fit is dropped, as an overrun UART would: only a board that talks without end while
 * nobody reads can fill this. */
static void keep(struct rfc2217_port *r, const uint8_t *data, size_t n)
{
    if (r->kept_start == r->kept_end)
        r->kept_start = r->kept_end = 0;
    size_t room = sizeof r->kept - r->kept_end;
    if (n > room)
        n = room;
    memcpy(r->kept + r->kept_end, data, n);
    r->kept_end += n;
}

/* ---- Going out ---- */

/* Sends without waiting what the socket takes; the rest, and any failure, is for the next call. */
void rfc2217_send_now(struct rfc2217_port *r)
{
    if (r->tx_start == r->tx_end)
        return;
    ssize_t n = port_net_put(r->fd, r->tx + r->tx_start, r->tx_end - r->tx_start);
    if (n > 0)
        r->tx_start += (size_t)n;
}

/* Takes what is there without waiting, keeps the data for the next read. False: the port is gone.
 */
bool rfc2217_absorb(struct rfc2217_port *r, struct err *e)
{
    uint8_t scratch[4096];
    ssize_t n = recv(r->fd, scratch, sizeof scratch, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0) {
        port_fd_gone(&r->port, n == 0 ? 0 : errno, e);
        return port_net_hint_gone(&r->port, e);
    }
    r->heard_bytes += (uint64_t)n;
    keep(r, scratch, rfc2217_take(r, scratch, (size_t)n));
    rfc2217_send_now(r); /* replies to what we met */
    return true;
}

/* Waits for the socket; takes what comes in meanwhile, so that a server that reads us only after it
 * got rid of its own data is not waited for in vain. */
static bool wait_moving(struct rfc2217_port *r, short events, struct deadline d, struct err *e)
{
    short got = port_fd_wait(&r->port, r->fd, events, d, e);
    if (!got)
        return false;
    return got == POLLOUT || rfc2217_absorb(r, e);
}

/* Waits for more to come in, on the way to an answer. The deadline counts even when there is more:
 * a server that talks without end of other things must not keep us. */
bool rfc2217_await_more(struct rfc2217_port *r, struct deadline d, struct err *e)
{
    if (deadline_over(r->port.clock, d))
        return err_set(e, ERR_TIMEOUT, "%s: the server did not answer in time", r->port.where);
    return wait_moving(r, POLLIN, d, e);
}

bool rfc2217_flush(struct rfc2217_port *r, struct deadline d, struct err *e)
{
    while (r->tx_start < r->tx_end) {
        ssize_t n = port_net_put(r->fd, r->tx + r->tx_start, r->tx_end - r->tx_start);
        if (n > 0) {
            r->tx_start += (size_t)n;
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) {
            port_fd_gone(&r->port, errno, e);
            return port_net_hint_gone(&r->port, e);
        }
        if (!wait_moving(r, POLLIN | POLLOUT, d, e))
            return false;
        if (r->tx_start < r->tx_end && deadline_over(r->port.clock, d))
            return err_set(e, ERR_TIMEOUT, "%s: the server took no data in time", r->port.where);
    }
    return true;
}

/* After a write that failed half-way: forgets the unsent data, which end at `data_end`, but not the
 * second half of an IAC pair whose first half is gone, without which the server would misread all
 * that follows. Data hold IACs in pairs only, so an odd number of them before the cut means a
 * parted pair. Replies behind the data stay. */
static void drop_unsent_data(struct rfc2217_port *r, size_t data_end)
{
    size_t iacs = 0;
    while (iacs < r->tx_start && r->tx[r->tx_start - iacs - 1] == TELNET_IAC)
        iacs++;
    size_t cut = r->tx_start + iacs % 2;
    if (cut >= data_end)
        return;
    memmove(r->tx + cut, r->tx + data_end, r->tx_end - data_end);
    r->tx_end -= data_end - cut;
}

bool rfc2217_send_data(struct rfc2217_port *r, const uint8_t *bytes, size_t n, struct deadline d,
                       struct err *e)
{
    while (n > 0) {
        if (!rfc2217_flush(r, d, e)) /* commands and replies that were still waiting */
            return false;
        size_t escaped_bytes;
        size_t took = telnet_escape(bytes, n, r->tx, TX_DATA_BYTES, &escaped_bytes);
        r->tx_start = 0;
        r->tx_end = escaped_bytes;
        if (!rfc2217_flush(r, d, e)) {
            drop_unsent_data(r, escaped_bytes);
            return false;
        }
        bytes += took;
        n -= took;
    }
    return true;
}

/* Queues one command; `value` is its payload. */
bool rfc2217_add_command(struct rfc2217_port *r, enum comport command, const uint8_t *value,
                         size_t value_bytes)
{
    uint8_t escaped[8];
    size_t escaped_bytes;
    telnet_escape(value, value_bytes, escaped, sizeof escaped, &escaped_bytes);
    const uint8_t start[4] = { TELNET_IAC, TELNET_SB, TELNET_COM_PORT, (uint8_t)command };
    const uint8_t end[2] = { TELNET_IAC, TELNET_SE };
    return rfc2217_add(r, start, sizeof start) && rfc2217_add(r, escaped, escaped_bytes) &&
           rfc2217_add(r, end, sizeof end);
}

bool rfc2217_add_byte(struct rfc2217_port *r, enum comport command, enum comport_value value)
{
    const uint8_t byte = (uint8_t)value;
    return rfc2217_add_command(r, command, &byte, 1);
}

bool rfc2217_add_baud(struct rfc2217_port *r, uint32_t baud)
{
    const uint8_t be[4] = { (uint8_t)(baud >> 24), (uint8_t)(baud >> 16), (uint8_t)(baud >> 8),
                            (uint8_t)baud };
    r->baud_answered = false;
    return rfc2217_add_command(r, SET_BAUDRATE, be, sizeof be);
}

/* Sends the commands that `queued` says were added. */
bool rfc2217_send_commands(struct rfc2217_port *r, bool queued, struct deadline d, struct err *e)
{
    if (queued)
        return rfc2217_flush(r, d, e);
    return err_set(e, ERR_TIMEOUT, "%s: the server takes no more commands", r->port.where);
}
