#include "core/ports/port_stream.h"

#include <unistd.h>

/* A far end that never stops sending cannot hold the caller: so many reads and no more. */
#define DISCARD_READS_MAX 256

struct port_stream *port_stream_init(struct port *p, port_put_fn *put,
                                     bool (*hint_gone)(const struct port *p, struct err *e))
{
    struct port_stream *s = (struct port_stream *)p;
    s->fd = s->lock_fd = -1;
    s->put = put;
    s->hint_gone = hint_gone;
    p->caps = 0;
    return s;
}

static bool told_gone(const struct port_stream *s, struct err *e)
{
    return s->hint_gone && s->hint_gone(&s->port, e);
}

size_t port_stream_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    const struct port_stream *s = (const struct port_stream *)p;
    size_t n = port_fd_read(p, s->fd, buf, cap, d, e);
    if (n == 0)
        told_gone(s, e);
    return n;
}

bool port_stream_write(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e)
{
    const struct port_stream *s = (const struct port_stream *)p;
    return port_fd_write(p, s->fd, s->put, buf, n, d, e) == n || told_gone(s, e);
}

bool port_stream_drain(struct port *p, struct deadline d, struct err *e)
{
    const struct port_stream *s = (const struct port_stream *)p;
    return port_fd_drain(p, s->fd, d, e) || told_gone(s, e);
}

/* Only what has arrived here can be dropped; what is under way cannot be told from new bytes. The
 * end of the connection is left for the next read to report. */
bool port_stream_discard(struct port *p, struct err *e)
{
    const struct port_stream *s = (const struct port_stream *)p;
    char scratch[4096];
    (void)e;
    for (int i = 0; i < DISCARD_READS_MAX; i++) {
        if (read(s->fd, scratch, sizeof scratch) <= 0)
            break;
    }
    return true;
}

static void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

void port_stream_close(struct port *p)
{
    struct port_stream *s = (struct port_stream *)p;
    close_fd(&s->fd);
    close_fd(&s->lock_fd);
}
