/*
 * rfc2217://host:port: a serial port behind a network server (ser2net, esptool's server, pyserial).
 *
 * Data and commands share one TCP stream, so the server meets them in the order we sent them: a
 * reset pulse or a change of rate needs no answer to stay in step with the data around it.
 */
#include "core/port_net.h"
#include "core/telnet.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Client to server; the server's own have ANSWER added (RFC 2217, section 3). */
enum comport {
    SET_BAUDRATE = 1,
    SET_DATASIZE = 2,
    SET_PARITY = 3,
    SET_STOPSIZE = 4,
    SET_CONTROL = 5,
    FLOW_SUSPEND = 8,
    FLOW_RESUME = 9,
    PURGE_DATA = 12,
    ANSWER = 100,
};

enum comport_value {
    PARITY_NONE = 1,
    CONTROL_NO_FLOW = 1,
    CONTROL_DTR_ASK = 7,
    CONTROL_DTR_ON = 8,
    CONTROL_DTR_OFF = 9,
    CONTROL_RTS_ASK = 10,
    CONTROL_RTS_ON = 11,
    CONTROL_RTS_OFF = 12,
    PURGE_RECEIVED = 1,
};

#define ANSWER_MS 3000 /* for the server's word on the protocol and on a rate */
#define PURGE_MS  500  /* for the answer to a purge, */
#define MUTE_MS   10   /* ...and when the server is known to give none */
#define SEND_MS   3000 /* for a command to leave, when the caller has no deadline */

/* The longest frame is a 16 KiB block; its bytes may double in SLIP or here, where FF is escaped. A
 * whole frame fits and leaves in one send. */
#define TX_DATA_BYTES  (40 * 1024)
#define TX_REPLY_BYTES (2 * 2 * 256 * 3) /* a yes and a no for each side of each option */
#define KEPT_BYTES     (16 * 1024)

#define PREFIX "rfc2217://"

struct rfc2217_port {
    struct port port;
    int fd;
    struct telnet telnet;
    uint64_t heard_bytes; /* what the server has sent, whatever it was */
    bool suspended;       /* it asked us to hold our data */
    bool baud_answered;
    uint32_t baud_answer;
    bool purge_wanted; /* all data up to the answer are to be dropped */
    bool purge_mute;   /* this server does not answer PURGE-DATA: do not wait again */
    /* Data that came while we waited for something else. */
    uint8_t kept[KEPT_BYTES];
    size_t kept_start, kept_end;
    /* What is to be sent, escaped. Replies fit behind the data. */
    uint8_t tx[TX_DATA_BYTES + TX_REPLY_BYTES];
    size_t tx_start, tx_end;
};

static const char *server_of(const struct port *p)
{
    return p->where + strlen(p->ops->prefix);
}

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
    }
}

static uint32_t load_be32(const uint8_t b[static 4])
{
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/* The server's half of RFC 2217. Line and modem states are of no use here and are ignored. */
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
        /* Later ones only repeat what we asked for, and too late to be true any more. */
        if (n == 2 && r->port.caps == 0)
            note_control(r, sub[1]);
        break;
    case ANSWER + PURGE_DATA:
        r->purge_wanted = false;
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

static bool tx_add(struct rfc2217_port *r, const uint8_t *bytes, size_t n)
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
        tx_add(r, reply, sizeof reply);
}

/* Turns n received bytes into data, in place; gives how many are left. */
static size_t take(struct rfc2217_port *r, uint8_t *buf, size_t n)
{
    size_t data_bytes = 0;
    for (size_t at = 0; at < n;) {
        struct telnet_event ev;
        size_t got_bytes;
        bool purging = r->purge_wanted;
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
static void send_now(struct rfc2217_port *r)
{
    if (r->tx_start == r->tx_end)
        return;
    ssize_t n = port_net_put(r->fd, r->tx + r->tx_start, r->tx_end - r->tx_start);
    if (n > 0)
        r->tx_start += (size_t)n;
}

/* Takes what is there without waiting, keeps the data for the next read. False: the port is gone.
 */
static bool absorb(struct rfc2217_port *r, struct err *e)
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
    keep(r, scratch, take(r, scratch, (size_t)n));
    send_now(r); /* replies to what we met */
    return true;
}

/* Waits for the socket; takes what comes in meanwhile, so that a server that reads us only after it
 * got rid of its own data is not waited for in vain. */
static bool wait_moving(struct rfc2217_port *r, short events, struct deadline d, struct err *e)
{
    short got = port_fd_wait(&r->port, r->fd, events, d, e);
    if (!got)
        return false;
    return got == POLLOUT || absorb(r, e);
}

/* Waits for more to come in, on the way to an answer. The deadline counts even when there is more:
 * a server that talks without end of other things must not keep us. */
static bool await_more(struct rfc2217_port *r, struct deadline d, struct err *e)
{
    if (deadline_over(r->port.clock, d))
        return err_set(e, ERR_TIMEOUT, "%s: the server did not answer in time", r->port.where);
    return wait_moving(r, POLLIN, d, e);
}

static bool flush(struct rfc2217_port *r, struct deadline d, struct err *e)
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

static bool send_data(struct rfc2217_port *r, const uint8_t *bytes, size_t n, struct deadline d,
                      struct err *e)
{
    while (n > 0) {
        if (!flush(r, d, e)) /* commands and replies that were still waiting */
            return false;
        size_t escaped_bytes;
        size_t took = telnet_escape(bytes, n, r->tx, TX_DATA_BYTES, &escaped_bytes);
        r->tx_start = 0;
        r->tx_end = escaped_bytes;
        if (!flush(r, d, e)) {
            drop_unsent_data(r, escaped_bytes);
            return false;
        }
        bytes += took;
        n -= took;
    }
    return true;
}

/* Queues one command; `value` is its payload. */
static bool add_command(struct rfc2217_port *r, enum comport command, const uint8_t *value,
                        size_t value_bytes)
{
    uint8_t escaped[8];
    size_t escaped_bytes;
    telnet_escape(value, value_bytes, escaped, sizeof escaped, &escaped_bytes);
    const uint8_t start[4] = { TELNET_IAC, TELNET_SB, TELNET_COM_PORT, (uint8_t)command };
    const uint8_t end[2] = { TELNET_IAC, TELNET_SE };
    return tx_add(r, start, sizeof start) && tx_add(r, escaped, escaped_bytes) &&
           tx_add(r, end, sizeof end);
}

static bool add_byte_command(struct rfc2217_port *r, enum comport command, enum comport_value value)
{
    const uint8_t byte = (uint8_t)value;
    return add_command(r, command, &byte, 1);
}

static bool add_baud_command(struct rfc2217_port *r, uint32_t baud)
{
    const uint8_t be[4] = { (uint8_t)(baud >> 24), (uint8_t)(baud >> 16), (uint8_t)(baud >> 8),
                            (uint8_t)baud };
    r->baud_answered = false;
    return add_command(r, SET_BAUDRATE, be, sizeof be);
}

/* Sends the commands that `queued` says were added. */
static bool send_commands(struct rfc2217_port *r, bool queued, struct deadline d, struct err *e)
{
    if (queued)
        return flush(r, d, e);
    return err_set(e, ERR_TIMEOUT, "%s: the server takes no more commands", r->port.where);
}

/* ---- Opening ---- */

/* Most servers serve one program at a time: the second is turned away at once, or connects and is
 * never spoken to. */
static bool busy(const struct port *p, const char *what, struct err *e)
{
    err_set(e, ERR_PORT_BUSY, "%s: %s", p->where, what);
    return err_hint(e,
                    "Another program may hold it: a serial server serves one at a time. If it "
                    "speaks no RFC 2217, use socket://%.120s",
                    server_of(p));
}

/* A server that turns us away may say why (ser2net: "Port already in use"): its words, as far as
 * they are plain text, are worth showing. */
static bool turned_away(struct rfc2217_port *r, struct err *e)
{
    struct err ignored;
    char what[160] = "the server ended the connection at once";
    size_t used = strlen(what);
    absorb(r, &ignored);
    const uint8_t *word = r->kept + r->kept_start;
    size_t n = 0;
    while (n < r->kept_end - r->kept_start && n < 80 && word[n] >= ' ' && word[n] <= '~')
        n++;
    if (n > 0)
        snprintf(what + used, sizeof what - used, ", saying '%.*s'", (int)n, (const char *)word);
    return busy(&r->port, what, e);
}

static bool unsuitable(const struct port *p, const char *what, struct err *e)
{
    err_set(e, ERR_PORT_UNSUITABLE, "%s: %s", p->where, what);
    return err_hint(e,
                    "Switch RFC 2217 on in the server, or use socket://%.120s and bring the board "
                    "into its loader by hand.",
                    server_of(p));
}

static bool queue_offers(struct rfc2217_port *r)
{
    static const struct {
        enum telnet_side side;
        uint8_t option;
    } offers[] = {
        { TELNET_US, TELNET_BINARY }, { TELNET_PEER, TELNET_BINARY }, { TELNET_US, TELNET_SGA },
        { TELNET_PEER, TELNET_SGA },  { TELNET_US, TELNET_COM_PORT },
    };
    for (size_t i = 0; i < sizeof offers / sizeof offers[0]; i++) {
        uint8_t request[3];
        telnet_offer(&r->telnet, offers[i].side, offers[i].option, request);
        if (!tx_add(r, request, sizeof request))
            return false;
    }
    return true;
}

/* RFC 2217 has the client say WILL and the server DO; some servers say WILL themselves. BINARY is
 * not insisted on: small servers leave the question open and are transparent all the same. */
static bool negotiate(struct rfc2217_port *r, struct deadline d, struct err *e)
{
    const struct port *p = &r->port;
    if (!send_commands(r, queue_offers(r), d, e))
        return false;
    while (!telnet_is_on(&r->telnet, TELNET_US, TELNET_COM_PORT) &&
           !telnet_is_on(&r->telnet, TELNET_PEER, TELNET_COM_PORT)) {
        if (telnet_is_refused(&r->telnet, TELNET_US, TELNET_COM_PORT))
            return unsuitable(p, "the server refuses to speak RFC 2217", e);
        if (!await_more(r, d, e))
            return false;
    }
    return true;
}

/* What a failed negotiation means for the one who asked for this port. */
static bool judge_open(struct rfc2217_port *r, struct err *e)
{
    const struct port *p = &r->port;
    if (e->code == ERR_PORT_GONE)
        return turned_away(r, e);
    if (e->code == ERR_TIMEOUT && r->heard_bytes == 0)
        return busy(p, "the server took the connection but says nothing", e);
    if (e->code == ERR_TIMEOUT)
        return unsuitable(p, "the server does not speak RFC 2217", e);
    /* An echo looks like consent; only the answer to a command proves the server. */
    if (e->code == ERR_BAUD && !r->baud_answered)
        return unsuitable(p, "the server does not answer RFC 2217 commands", e);
    return false;
}

/* A server that sends nothing at all where it has answered before is not there any more, whatever
 * the connection looks like: a new one is worth a try. */
static bool unconfirmed(const struct rfc2217_port *r, uint64_t heard_bytes, uint32_t baud,
                        struct err *e)
{
    const struct port *p = &r->port;
    if (p->caps == 0 || r->heard_bytes != heard_bytes)
        return err_set(e, ERR_BAUD, "%s: the server does not confirm %u baud", p->where, baud);
    err_set(e, ERR_PORT_GONE, "%s: the server does not answer any more", p->where);
    return port_net_hint_gone(p, e);
}

static bool set_baud_by(struct rfc2217_port *r, uint32_t baud, struct deadline d, struct err *e)
{
    const struct port *p = &r->port;
    uint64_t heard_bytes = r->heard_bytes;
    if (!send_commands(r, add_baud_command(r, baud), d, e))
        return false;
    while (!r->baud_answered) {
        if (await_more(r, d, e))
            continue;
        if (e->code == ERR_TIMEOUT)
            return unconfirmed(r, heard_bytes, baud, e);
        return false;
    }
    return port_baud_near(p, baud, r->baud_answer, e);
}

/* 8N1, no flow control (RTS is the reset line here); and asks how the lines stand. */
static bool queue_settings(struct rfc2217_port *r)
{
    static const uint8_t eight = 8, one = 1;
    return add_command(r, SET_DATASIZE, &eight, 1) &&
           add_byte_command(r, SET_PARITY, PARITY_NONE) && add_command(r, SET_STOPSIZE, &one, 1) &&
           add_byte_command(r, SET_CONTROL, CONTROL_NO_FLOW) &&
           add_byte_command(r, SET_CONTROL, CONTROL_DTR_ASK) &&
           add_byte_command(r, SET_CONTROL, CONTROL_RTS_ASK);
}

static struct deadline answer_by(const struct rfc2217_port *r, struct deadline d)
{
    return deadline_first(d, deadline_in_ms(r->port.clock, ANSWER_MS));
}

static bool start_session(struct rfc2217_port *r, struct deadline d, struct err *e)
{
    return (negotiate(r, answer_by(r, d), e) &&
            send_commands(r, queue_settings(r), answer_by(r, d), e) &&
            set_baud_by(r, r->port.baud, answer_by(r, d), e)) ||
           judge_open(r, e);
}

static void rfc2217_close(struct port *p)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
}

static bool rfc2217_open(struct port *p, struct deadline d, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    telnet_init(&r->telnet);
    r->heard_bytes = 0;
    p->caps = 0; /* also where it is opened again */
    r->fd = port_net_connect(p, d, e);
    if (r->fd < 0)
        return false;
    if (!start_session(r, d, e)) {
        rfc2217_close(p);
        return false;
    }
    /* Not PORT_LINES_TOGETHER: two lines are two commands, and the server acts on one after the
     * other. */
    p->caps = PORT_BAUD | PORT_LINES;
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
        n = take(r, buf, n);
        send_now(r); /* replies to what we met */
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
    if (!absorb(r, e)) /* a request to hold our data may be waiting */
        return false;
    while (r->suspended) {
        if (!await_more(r, d, e))
            return false;
    }
    return send_data(r, buf, n, d, e);
}

static bool rfc2217_drain(struct port *p, struct deadline d, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    if (!flush(r, d, e))
        return false;
    return port_fd_drain(p, r->fd, d, e) || port_net_hint_gone(p, e);
}

/* The answer to PURGE-DATA marks the place in the stream: what comes before it is old. A server
 * that does not answer loses only what has already arrived here. */
static bool rfc2217_discard(struct port *p, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    struct deadline send_by = deadline_in_ms(p->clock, SEND_MS);
    struct deadline answer_by = deadline_in_ms(p->clock, r->purge_mute ? MUTE_MS : PURGE_MS);
    struct err wait_err = { .code = ERR_NONE };
    r->kept_start = r->kept_end = 0;
    r->purge_wanted = true;
    if (!send_commands(r, add_byte_command(r, PURGE_DATA, PURGE_RECEIVED), send_by, e)) {
        r->purge_wanted = false;
        return false;
    }
    while (r->purge_wanted && await_more(r, answer_by, &wait_err))
        ;
    bool answered = !r->purge_wanted;
    r->purge_wanted = false;
    if (answered || wait_err.code == ERR_TIMEOUT) {
        r->purge_mute = !answered;
        return true;
    }
    *e = wait_err;
    return false;
}

static bool rfc2217_set_baud(struct port *p, uint32_t baud, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    return set_baud_by(r, baud, deadline_in_ms(p->clock, ANSWER_MS), e);
}

static bool add_line(struct rfc2217_port *r, unsigned line, unsigned mask, unsigned on)
{
    if (!(mask & line))
        return true;
    if (line == PORT_DTR)
        return add_byte_command(r, SET_CONTROL, on & line ? CONTROL_DTR_ON : CONTROL_DTR_OFF);
    return add_byte_command(r, SET_CONTROL, on & line ? CONTROL_RTS_ON : CONTROL_RTS_OFF);
}

/* Two lines leave in one send, but the server sets one after the other. DTR goes first when it
 * rises and last when it falls: then the state between is never a false reset (RTS alone), and a
 * change from one line to the other passes through both asserted, as USB-Serial/JTAG needs it. */
static bool rfc2217_set_lines(struct port *p, unsigned mask, unsigned on, struct err *e)
{
    struct rfc2217_port *r = (struct rfc2217_port *)p;
    const unsigned first = on & PORT_DTR ? PORT_DTR : PORT_RTS;
    const unsigned second = first == PORT_DTR ? PORT_RTS : PORT_DTR;
    bool queued = add_line(r, first, mask, on) && add_line(r, second, mask, on);
    return send_commands(r, queued, deadline_in_ms(p->clock, SEND_MS), e);
}

static bool rfc2217_check(const char *where, struct err *e)
{
    struct port_net_where ignored;
    return port_net_parse(where, PREFIX, &ignored, e);
}

const struct port_ops port_rfc2217 = {
    .name = "rfc2217",
    .prefix = PREFIX,
    .struct_bytes = sizeof(struct rfc2217_port),
    .check = rfc2217_check,
    .open = rfc2217_open,
    .read = rfc2217_read,
    .write = rfc2217_write,
    .drain = rfc2217_drain,
    .discard = rfc2217_discard,
    .set_baud = rfc2217_set_baud,
    .set_lines = rfc2217_set_lines,
    .close = rfc2217_close,
};
