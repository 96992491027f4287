/*
 * The two network transports against a server that sends anything, in pieces and with pauses.
 *
 * The server is one end of a pair of sockets; `poll` is replaced (see the Makefile), so that a wait
 * ends with the server's next piece, or by moving a fake clock to its deadline. An input is: which
 * transport, then steps: what the server sends, and what the station does.
 */
#include "tests/fuzz/lib/fuzz.h"

#include "core/ports/port_net.h"
#include "tests/lib/fake_clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int __wrap_port_net_connect(const struct port *p, struct deadline d, struct err *e);
int __wrap_port_net_lock(const struct port *p, struct err *e);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms);

static struct server {
    struct input in;
    struct fake_clock clock;
    int ends[2]; /* the station's, the server's */
    bool closed;
} server;

/* ---- The server ---- */

/* What the station sent is not looked at, but must not fill the socket. */
static void swallow(void)
{
    uint8_t scratch[4096];
    while (recv(server.ends[1], scratch, sizeof scratch, MSG_DONTWAIT) > 0)
        ;
}

/* The next piece, unless the input wants a pause here. False: a pause. */
static bool send_piece(void)
{
    uint8_t count = input_byte(&server.in);
    size_t n;
    if (count == 0 && server.in.left > 0)
        return false;
    const uint8_t *piece = input_bytes(&server.in, count, &n);
    if (n > 0) {
        must(send(server.ends[1], piece, n, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n,
             "the station's socket has room");
    } else if (!server.closed) {
        shutdown(server.ends[1], SHUT_WR);
        server.closed = true;
    }
    return true;
}

static short ready(int fd, short events)
{
    short got = 0;
    uint8_t scratch;
    if ((events & POLLIN) &&
        (recv(fd, &scratch, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno != EAGAIN))
        got |= POLLIN;
    if (events & POLLOUT)
        got |= POLLOUT;
    return got;
}

int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    swallow();
    for (nfds_t i = 0; i < count; i++)
        fds[i].revents = 0;
    fds[0].revents = ready(fds[0].fd, fds[0].events);
    if (!fds[0].revents && send_piece())
        fds[0].revents = ready(fds[0].fd, fds[0].events);
    if (fds[0].revents)
        return 1;
    must(timeout_ms >= 0, "no wait is without an end");
    fake_clock_pass_us(&server.clock, (uint64_t)timeout_ms * 1000);
    return 0;
}

int __wrap_port_net_connect(const struct port *p, struct deadline d, struct err *e)
{
    (void)p;
    (void)d;
    (void)e;
    must(fcntl(server.ends[0], F_SETFL, O_NONBLOCK) == 0, "a socket can be non-blocking");
    return server.ends[0];
}

/* A descriptor that is closed again with the port. */
int __wrap_port_net_lock(const struct port *p, struct err *e)
{
    (void)p;
    (void)e;
    return dup(server.ends[1]);
}

/* ---- The station ---- */

static bool step(struct port *p, uint8_t what, struct err *e)
{
    static const uint8_t block[] = "\xC0\xFF\xFF block \xDB\xC0";
    uint8_t buf[300];
    struct deadline d = deadline_in_ms(p->clock, 1000);
    switch (what % 6) {
    case 0: {
        size_t n = port_read(p, buf, 1 + what, d, e);
        must(n <= 1u + what, "no more is read than asked for");
        return n > 0;
    }
    case 1:
        return port_write(p, block, sizeof block, d, e);
    case 2:
        swallow();
        return port_drain(p, d, e);
    case 3:
        return port_discard(p, e);
    case 4:
        return !(p->caps & PORT_BAUD) || port_set_baud(p, what & 64 ? 921600 : 460800, e);
    default:
        return !(p->caps & PORT_LINES) || port_set_lines(p, what >> 6, what >> 3 & 3, e);
    }
}

static void use(struct port *p)
{
    for (int steps = 0; steps < 200 && server.in.left > 0; steps++) {
        struct err e = { 0 };
        uint64_t before_us = server.clock.us;
        bool ok = step(p, input_byte(&server.in), &e);
        must_tell(ok, &e);
        must(server.clock.us - before_us <= 7000000, "no call waits past its deadline");
        if (!ok && e.code == ERR_PORT_GONE)
            return;
        must(ok || e.code == ERR_TIMEOUT || e.code == ERR_BAUD, "a server can only be slow");
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct err e = { 0 };
    server = (struct server){ .in = { bytes, n } };
    fake_clock_init(&server.clock);
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, server.ends) == 0, "there are sockets");
    const char *where = input_byte(&server.in) & 1 ? "socket://h:1" : "rfc2217://h:1";
    struct port *p = port_new(where, 115200, &server.clock.clock, -1,
                              deadline_in_ms(&server.clock.clock, 5000), &e);
    must_tell(p != NULL, &e);
    if (p)
        use(p);
    else if (strncmp(where, "socket", 6) == 0)
        close(server.ends[0]);
    port_free(p);
    close(server.ends[1]);
    return 0;
}
