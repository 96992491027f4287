/*
 * The whole of a transport whose board sits behind one descriptor and has neither rate nor lines: a
 * driver says how the descriptor is opened, and puts PORT_STREAM in its row. port_socket.c is all
 * that such a driver needs.
 */
#ifndef CORE_PORT_STREAM_H
#define CORE_PORT_STREAM_H

#include "core/ports/port_fd.h"

/* The way to the far end: what differs from driver to driver. */
struct port_stream_way {
    /* Optional. Takes the far end for this process alone: a descriptor that is held as long as the
     * port is; -1: *e says why not. */
    int (*lock)(const struct port *p, struct err *e);
    /* Opens p->where, non-blocking; -1: *e says why not. */
    int (*open)(const struct port *p, struct deadline d, struct err *e);
    port_put_fn *put; /* how bytes leave through it */
    /* Optional. What to say instead of "unplugged" when the far end has gone; returns false. */
    bool (*hint_gone)(const struct port *p, struct err *e);
};

#define PORT_STREAM(the_way)                                                                       \
    .stream = (the_way), .struct_bytes = sizeof(struct port_stream), .open = port_stream_open,     \
    .read = port_stream_read, .write = port_stream_write, .drain = port_stream_drain,              \
    .discard = port_stream_discard, .close = port_stream_close

struct port_stream {
    struct port port;
    int fd, lock_fd; /* -1: none */
};

/* As in struct port_ops. */
bool port_stream_open(struct port *p, struct deadline d, struct err *e);
size_t port_stream_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e);
bool port_stream_write(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e);
bool port_stream_drain(struct port *p, struct deadline d, struct err *e);
bool port_stream_discard(struct port *p, struct err *e);
void port_stream_close(struct port *p);

#endif
