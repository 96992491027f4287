/*
 * The whole of a transport whose board sits behind one descriptor and has neither rate nor lines: a
 * driver opens the descriptor, and names these in its row. port_socket.c is all that such a driver
 * needs.
 */
#ifndef CORE_PORT_STREAM_H
#define CORE_PORT_STREAM_H

#include "core/ports/port_fd.h"

struct port_stream {
    struct port port;
    int fd;           /* non-blocking; -1: closed */
    int lock_fd;      /* held as long as the port is; -1: none */
    port_put_fn *put; /* how bytes leave through fd */
    /* What to say instead of "unplugged" when the far end has gone; returns false. NULL: nothing
     * else. */
    bool (*hint_gone)(const struct port *p, struct err *e);
};

/* Makes it a closed one: what `open` does first. */
struct port_stream *port_stream_init(struct port *p, port_put_fn *put,
                                     bool (*hint_gone)(const struct port *p, struct err *e));

/* As in struct port_ops. */
size_t port_stream_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e);
bool port_stream_write(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e);
bool port_stream_drain(struct port *p, struct deadline d, struct err *e);
bool port_stream_discard(struct port *p, struct err *e);
void port_stream_close(struct port *p);

#endif
