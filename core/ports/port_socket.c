/*
 * socket://host:port: plain bytes over TCP, as a serial server in raw mode or an emulator offers.
 * No rate and no lines: the board must be brought into its loader by hand.
 */
#include "core/ports/port_net.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define PREFIX "socket://"

struct socket_port {
    struct port port;
    int fd;
    int lock_fd;
};

static void socket_close(struct port *p)
{
    struct socket_port *s = (struct socket_port *)p;
    if (s->fd >= 0)
        close(s->fd);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    s->fd = -1;
    s->lock_fd = -1;
}

static bool socket_open(struct port *p, struct deadline d, struct err *e)
{
    struct socket_port *s = (struct socket_port *)p;
    s->fd = -1;
    s->lock_fd = port_net_lock(p, e);
    p->caps = 0;
    if (s->lock_fd >= 0)
        s->fd = port_net_connect(p, d, e);
    if (s->fd < 0)
        socket_close(p);
    return s->fd >= 0;
}

static size_t socket_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    const struct socket_port *s = (const struct socket_port *)p;
    return port_net_read(p, s->fd, buf, cap, d, e);
}

static bool socket_write(struct port *p, const void *buf, size_t n, struct deadline d,
                         struct err *e)
{
    const struct socket_port *s = (const struct socket_port *)p;
    if (port_fd_write(p, s->fd, port_net_put, buf, n, d, e) == n)
        return true;
    return port_net_hint_gone(p, e);
}

static bool socket_drain(struct port *p, struct deadline d, struct err *e)
{
    const struct socket_port *s = (const struct socket_port *)p;
    return port_fd_drain(p, s->fd, d, e) || port_net_hint_gone(p, e);
}

/* Only what has arrived here can be dropped; what is under way cannot be told from new bytes. The
 * end of the connection is left for the next read to report. */
static bool socket_discard(struct port *p, struct err *e)
{
    const struct socket_port *s = (const struct socket_port *)p;
    (void)e;
    char scratch[4096];
    /* Bounded, so that a peer that never stops sending cannot hold the caller here. */
    for (int i = 0; i < 256; i++) {
        if (recv(s->fd, scratch, sizeof scratch, MSG_DONTWAIT) <= 0)
            break;
    }
    return true;
}

static bool socket_check(const char *where, struct err *e)
{
    struct port_net_where ignored;
    return port_net_parse(where, PREFIX, NULL, &ignored, e);
}

const struct port_ops port_socket = {
    .name = "socket",
    .prefix = PREFIX,
    .struct_bytes = sizeof(struct socket_port),
    .check = socket_check,
    .open = socket_open,
    .read = socket_read,
    .write = socket_write,
    .drain = socket_drain,
    .discard = socket_discard,
    .close = socket_close,
};
