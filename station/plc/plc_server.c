#include "station/plc/plc_server.h"

#include <errno.h>
#include <modbus.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Modbus messaging on TCP/IP, 3.1.3: transaction, protocol 0, length of what follows; then the
 * unit, which nobody looks at, and the request. */
enum {
    MBAP_BYTES = 7,
    PDU_MAX = 253,
    FRAME_MAX = MBAP_BYTES + PDU_MAX,
    READ_MAX = 125,
    WRITE_MAX = 123,
    WRITE_AND_READ_MAX = 121,
};

struct client {
    int fd; /* below 0: the place is free */
    uint8_t bytes[FRAME_MAX];
    size_t n;
    uint64_t heard_us; /* when its last request was whole, or it came */
    uint64_t part_us;  /* when the frame began that is not whole; 0: none */
};

struct plc_server {
    struct plc_server_setup setup;
    char allow[16][46];
    int fd;
    unsigned port;
    modbus_t *modbus;
    modbus_mapping_t map;
    struct client clients[PLC_CLIENTS_MAX];
};

/* ---- Listening ---- */

static bool split(const char *text, char host[static 256], char port[static 8])
{
    const char *const colon = strrchr(text, ':');
    const bool bracket = text[0] == '[';
    if (!colon || colon == text || (bracket && colon[-1] != ']'))
        return false;
    const int host_bytes = (int)(colon - text) - 2 * bracket;
    return host_bytes > 0 && snprintf(host, 256, "%.*s", host_bytes, text + bracket) < 256 &&
           snprintf(port, 8, "%s", colon + 1) < 8;
}

static bool cannot_listen(const char *listen, int sys, struct err *e)
{
    err_set_sys(e, ERR_STATION, sys, "The PLC's port %.100s cannot be opened", listen);
    if (sys == EACCES)
        return err_hint(e, "Ports below 1024 are for root: use 1502, or give the service "
                           "CAP_NET_BIND_SERVICE.");
    if (sys == EADDRINUSE)
        return err_hint(e, "Another program listens there: ss -ltnp. Give another plc.listen.");
    return err_hint(e, "Check plc.listen in the station file: an address of this computer.");
}

static int open_socket(const struct addrinfo *at)
{
    const int on = 1, room = 16 << 10; /* for replies; accepted sockets have it from here */
    const int fd = socket(at->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room) == 0 &&
        bind(fd, at->ai_addr, at->ai_addrlen) == 0 && listen(fd, PLC_CLIENTS_MAX) == 0)
        return fd;
    const int sys = errno;
    close(fd);
    errno = sys;
    return -1;
}

/* Names are not looked up: a name server that is slow must not keep a station from starting. */
static bool open_listener(struct plc_server *s, const char *text, struct err *e)
{
    char host[256], port[8];
    struct addrinfo *at = NULL;
    const struct addrinfo how = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                                  .ai_socktype = SOCK_STREAM };
    if (!split(text, host, port) ||
        getaddrinfo(strcmp(host, "localhost") == 0 ? "127.0.0.1" : host, port, &how, &at) != 0) {
        err_set(e, ERR_USAGE, "'%.100s' is no address that a PLC could connect to", text);
        return err_hint(e, "Write plc: { listen: \"0.0.0.0:1502\" } in the station file.");
    }
    s->fd = open_socket(at);
    const int sys = errno;
    freeaddrinfo(at);
    return s->fd >= 0 || cannot_listen(text, sys, e);
}

static void note_port(struct plc_server *s)
{
    struct sockaddr_storage own;
    socklen_t n = sizeof own;
    char port[8] = "";
    if (getsockname(s->fd, (struct sockaddr *)&own, &n) == 0)
        getnameinfo((struct sockaddr *)&own, n, NULL, 0, port, sizeof port, NI_NUMERICSERV);
    s->port = (unsigned)strtoul(port, NULL, 10);
}

static void copy_setup(struct plc_server *s, const struct plc_server_setup *setup)
{
    s->setup = *setup;
    for (size_t i = 0; i < PLC_CLIENTS_MAX; i++)
        s->clients[i].fd = -1;
    for (size_t i = 0; i < setup->allow_count && i < sizeof s->allow / sizeof s->allow[0]; i++)
        snprintf(s->allow[i], sizeof s->allow[i], "%s", setup->allow[i]);
    s->map = (modbus_mapping_t){ .nb_registers = (int)setup->register_count,
                                 .nb_input_registers = (int)setup->register_count,
                                 .tab_registers = setup->registers,
                                 .tab_input_registers = setup->registers };
}

struct plc_server *plc_server_new(const struct plc_server_setup *setup, struct err *e)
{
    struct plc_server *const s = calloc(1, sizeof *s);
    if (!s) {
        err_set(e, ERR_STATION, "Out of memory for the PLC");
        return NULL;
    }
    s->fd = -1;
    copy_setup(s, setup);
    s->modbus = modbus_new_tcp("127.0.0.1", 1502); /* never connected: it has our sockets */
    if (!s->modbus)
        err_set(e, ERR_STATION, "Out of memory for the PLC");
    if (s->modbus && open_listener(s, setup->listen, e)) {
        modbus_set_response_timeout(s->modbus, 0, 1000); /* it sleeps as long before refusals */
        note_port(s);
        return s;
    }
    plc_server_free(s);
    return NULL;
}

unsigned plc_server_port(const struct plc_server *s)
{
    return s->port;
}

/* ---- Clients ---- */

static uint64_t now_us(const struct plc_server *s)
{
    return s->setup.clock->now_us(s->setup.clock);
}

static void drop(struct client *c)
{
    close(c->fd);
    c->fd = -1;
}

void plc_server_free(struct plc_server *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < PLC_CLIENTS_MAX; i++) {
        if (s->clients[i].fd >= 0)
            drop(&s->clients[i]);
    }
    if (s->fd >= 0)
        close(s->fd);
    modbus_free(s->modbus);
    free(s);
}

static bool is_allowed(const struct plc_server *s, const struct sockaddr *peer, socklen_t n)
{
    char text[INET6_ADDRSTRLEN + 16];
    static const char mapped[] = "::ffff:"; /* IPv4 on a socket of IPv6 */
    if (s->setup.allow_count == 0)
        return true;
    if (getnameinfo(peer, n, text, sizeof text, NULL, 0, NI_NUMERICHOST) != 0)
        return false;
    const char *const plain =
        strncmp(text, mapped, strlen(mapped)) == 0 ? text + strlen(mapped) : text;
    for (size_t i = 0; i < s->setup.allow_count; i++) {
        if (strcmp(s->allow[i], plain) == 0)
            return true;
    }
    return false;
}

/* A free place, or that of the client that was silent for so long that it may be gone. */
static struct client *find_place(struct plc_server *s)
{
    struct client *silent = &s->clients[0];
    for (size_t i = 0; i < s->setup.clients && i < PLC_CLIENTS_MAX; i++) {
        struct client *const c = &s->clients[i];
        if (c->fd < 0)
            return c;
        if (c->heard_us < silent->heard_us)
            silent = c;
    }
    if (now_us(s) - silent->heard_us < (uint64_t)s->setup.yield_ms * 1000)
        return NULL;
    drop(silent);
    return silent;
}

static void take_client(struct plc_server *s)
{
    struct sockaddr_storage peer;
    socklen_t n = sizeof peer;
    const int on = 1;
    const int fd = accept4(s->fd, (struct sockaddr *)&peer, &n, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct client *const c = is_allowed(s, (struct sockaddr *)&peer, n) ? find_place(s) : NULL;
    if (!c) {
        close(fd);
        return;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    *c = (struct client){ .fd = fd, .heard_us = now_us(s) };
}

/* ---- Frames ---- */

static unsigned word(const uint8_t *p)
{
    return (unsigned)(p[0] << 8 | p[1]);
}

/* Bytes of the frame that begins in the buffer; 0: not known yet, below 0: it is none. */
static int frame_bytes(const struct client *c)
{
    if (c->n < MBAP_BYTES)
        return 0;
    const unsigned length = word(c->bytes + 4); /* with the unit */
    if (word(c->bytes + 2) != 0 || length < 2 || length > 1 + PDU_MAX)
        return -1;
    return (int)length + MBAP_BYTES - 1;
}

static bool read_more(struct plc_server *s, struct client *c)
{
    if (c->n == sizeof c->bytes)
        return true;
    const ssize_t got = recv(c->fd, c->bytes + c->n, sizeof c->bytes - c->n, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    if (got > 0 && c->n == 0)
        c->part_us = now_us(s);
    c->n += (size_t)got;
    return got > 0;
}

/* ---- Requests ---- */

struct request {
    unsigned read_first, read_count, write_first, write_count; /* count 0: none */
};

static bool is_range(const struct plc_server *s, unsigned first, unsigned count)
{
    return first + count <= s->setup.register_count;
}

/* What a request asks for; else the exception that answers it. `pdu` has n bytes. */
static unsigned parse_writes(const uint8_t *pdu, size_t n, struct request *r)
{
    const bool both = pdu[0] == MODBUS_FC_WRITE_AND_READ_REGISTERS;
    const size_t at = both ? 5 : 1;
    const unsigned max = both ? WRITE_AND_READ_MAX : WRITE_MAX;
    if (n < at + 5)
        return MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
    r->write_first = word(pdu + at);
    r->write_count = word(pdu + at + 2);
    if (r->write_count < 1 || r->write_count > max || pdu[at + 4] != 2 * r->write_count ||
        n != at + 5 + 2 * r->write_count)
        return MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
    return 0;
}

static unsigned parse_read(const uint8_t *pdu, size_t n, struct request *r)
{
    if (n < 5)
        return MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
    r->read_first = word(pdu + 1);
    r->read_count = word(pdu + 3);
    return r->read_count < 1 || r->read_count > READ_MAX ? MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE : 0;
}

static unsigned parse(const uint8_t *pdu, size_t n, struct request *r)
{
    unsigned wrong;
    switch (pdu[0]) {
    case MODBUS_FC_READ_HOLDING_REGISTERS:
    case MODBUS_FC_READ_INPUT_REGISTERS:
        wrong = parse_read(pdu, n, r);
        return wrong ? wrong : n == 5 ? 0 : MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
    case MODBUS_FC_WRITE_SINGLE_REGISTER:
        if (n != 5)
            return MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE;
        r->write_first = word(pdu + 1);
        r->write_count = 1;
        return 0;
    case MODBUS_FC_WRITE_MULTIPLE_REGISTERS:
        return parse_writes(pdu, n, r);
    case MODBUS_FC_WRITE_AND_READ_REGISTERS:
        wrong = parse_read(pdu, n, r);
        return wrong ? wrong : parse_writes(pdu, n, r);
    default:
        return MODBUS_EXCEPTION_ILLEGAL_FUNCTION;
    }
}

static unsigned judge(const struct plc_server *s, const struct request *r)
{
    if (!is_range(s, r->read_first, r->read_count) || !is_range(s, r->write_first, r->write_count))
        return MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS;
    if (r->write_count > 0 && !s->setup.may_write(s->setup.ctx, r->write_first, r->write_count))
        return MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS;
    return 0;
}

/* False: the client does not take its reply. */
static bool answer(struct plc_server *s, struct client *c, int n)
{
    struct request r = { 0 };
    unsigned wrong = parse(c->bytes + MBAP_BYTES, (size_t)n - MBAP_BYTES, &r);
    if (wrong == 0)
        wrong = judge(s, &r);
    modbus_set_socket(s->modbus, c->fd);
    if (wrong != 0)
        return modbus_reply_exception(s->modbus, c->bytes, wrong) >= 0;
    s->setup.before(s->setup.ctx);
    const bool sent = modbus_reply(s->modbus, c->bytes, n, &s->map) >= 0;
    /* Also if the reply is lost: the registers are written. */
    if (r.write_count > 0)
        s->setup.written(s->setup.ctx, r.write_first, r.write_count);
    return sent;
}

static bool is_late(const struct plc_server *s, const struct client *c)
{
    const uint64_t now = now_us(s);
    return (c->n > 0 && now - c->part_us >= (uint64_t)PLC_FRAME_MS * 1000) ||
           now - c->heard_us >= (uint64_t)s->setup.idle_ms * 1000;
}

/* True: another request is whole already. */
static bool serve_client(struct plc_server *s, struct client *c)
{
    if (!read_more(s, c)) {
        drop(c);
        return false;
    }
    const int n = frame_bytes(c);
    const bool whole = n > 0 && c->n >= (size_t)n;
    if (n < 0 || (!whole && is_late(s, c)) || (whole && !answer(s, c, n))) {
        drop(c);
        return false;
    }
    if (!whole)
        return false;
    c->n -= (size_t)n;
    memmove(c->bytes, c->bytes + n, c->n);
    c->heard_us = c->part_us = now_us(s);
    const int next = frame_bytes(c);
    return next < 0 || (next > 0 && c->n >= (size_t)next);
}

size_t plc_server_fds(const struct plc_server *s, struct pollfd fds[static PLC_CLIENTS_MAX + 1])
{
    size_t n = 0;
    fds[n++] = (struct pollfd){ .fd = s->fd, .events = POLLIN };
    for (size_t i = 0; i < PLC_CLIENTS_MAX; i++) {
        if (s->clients[i].fd >= 0)
            fds[n++] = (struct pollfd){ .fd = s->clients[i].fd, .events = POLLIN };
    }
    return n;
}

bool plc_server_serve(struct plc_server *s)
{
    bool more = false;
    take_client(s);
    for (size_t i = 0; i < PLC_CLIENTS_MAX; i++) {
        if (s->clients[i].fd >= 0 && serve_client(s, &s->clients[i]))
            more = true;
    }
    return more;
}
