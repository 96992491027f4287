/*
 * socket://host:port: plain bytes over TCP, as a serial server in raw mode or an emulator offers.
 * No rate and no lines: the board must be brought into its loader by hand.
 */
#include "core/ports/port_net.h"
#include "core/ports/port_stream.h"

#define PREFIX "socket://"

static bool socket_check(const char *where, struct err *e)
{
    struct port_net_where ignored;
    return port_net_parse(where, PREFIX, NULL, &ignored, e);
}

static bool socket_open(struct port *p, struct deadline d, struct err *e)
{
    struct port_stream *s = port_stream_init(p, port_net_put, port_net_hint_gone);
    s->lock_fd = port_net_lock(p, e);
    if (s->lock_fd >= 0)
        s->fd = port_net_connect(p, d, e);
    if (s->fd < 0)
        port_stream_close(p);
    return s->fd >= 0;
}

const struct port_ops port_socket = {
    .name = "socket",
    .prefix = PREFIX,
    .form = "socket://host:port",
    .remote = true,
    .struct_bytes = sizeof(struct port_stream),
    .check = socket_check,
    .open = socket_open,
    .read = port_stream_read,
    .write = port_stream_write,
    .drain = port_stream_drain,
    .discard = port_stream_discard,
    .close = port_stream_close,
};
