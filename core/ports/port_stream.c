#include "core/ports/port_stream.h"

#include <unistd.h>

/* A far end that never stops sending cannot hold the caller: so many reads and no more. */
#define DISCARD_READS_MAX 256

bool port_stream_open(struct port *p, struct deadline d, struct err *e)
{
    struct port_stream *s = (struct port_stream *)p;
    const struct port_stream_way *way = p->ops->stream;
    s->fd = s->lock_fd = -1;
    p->caps = 0;
    if (way->lock)
        s->lock_fd = way->lock(p, e);
    if (!way->lock || s->lock_fd >= 0)
        s->fd = way->open(p, d, e);
    if (s->fd < 0)
        port_stream_close(p);
    return s->fd >= 0;
}

static bool told_gone(const struct port *p, struct err *e)
{
    const struct port_stream_way *way = p->ops->stream;
    return way->hint_gone && way->hint_gone(p, e);
}

size_t port_stream_read(struct port *p, void *buf, size_t cap, struct deadline d, struct err *e)
{
    const struct port_stream *s = (const struct port_stream *)p;
    size_t n = port_fd_read(p, s->fd, buf, cap, d, e);
    if (n == 0)
        told_gone(p, e);
    return n;
}

bool port_stream_write(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e)
{
    const struct port_stream *s = (const struct port_stream *)p;
    return port_fd_write(p, s->fd, p->ops->stream->put, buf, n, d, e) == n || told_gone(p, e);
}

bool port_stream_drain(struct port *p, struct deadline d, struct err *e)
{
    const struct port_stream *s = (const struct port_stream *)p;
    return port_fd_drain(p, s->fd, d, e) || told_gone(p, e);
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
