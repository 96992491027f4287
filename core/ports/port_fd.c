#include "core/ports/port_fd.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define FAILED_EVENTS (POLLHUP | POLLERR | POLLNVAL)

/* A tty has no event for "all sent"; one look per millisecond costs nothing and ends soon enough.
 */
#define DRAIN_STEP_US 1000

static bool timed_out(const struct port *p, short events, struct err *e)
{
    if (events & POLLIN)
        return err_set(e, ERR_TIMEOUT, "%s: no data came in time", p->where);
    return err_set(e, ERR_TIMEOUT, "%s: the data could not be sent in time", p->where);
}

short port_fd_wait(const struct port *p, int fd, short events, struct deadline d, struct err *e)
{
    for (;;) {
        struct pollfd fds[2] = { { .fd = fd, .events = events },
                                 { .fd = p->stop_fd, .events = POLLIN } };
        int left_ms = deadline_left_ms(p->clock, d);
        int ready = poll(fds, 2, left_ms);
        if (ready > 0 && fds[1].revents) {
            err_set(e, ERR_STOPPED, "%s: stopped on request", p->where);
            return 0;
        }
        if (ready > 0)
            return fds[0].revents;
        if (ready < 0 && errno != EINTR && errno != EAGAIN) {
            err_set_sys(e, ERR_STATION, errno, "%s: waiting failed", p->where);
            return 0;
        }
        if (left_ms == 0 || (ready == 0 && deadline_over(p->clock, d))) {
            timed_out(p, events, e);
            return 0;
        }
    }
}

/* After a call that found nothing to do although poll said otherwise: whether to wait again. */
static bool wait_again(const struct port *p, short events, short got, struct deadline d,
                       struct err *e)
{
    if (errno != EAGAIN && errno != EINTR)
        return port_fd_gone(p, errno, e);
    if (got & FAILED_EVENTS)
        return port_fd_gone(p, 0, e);
    return !deadline_over(p->clock, d) || timed_out(p, events, e);
}

size_t port_fd_read(const struct port *p, int fd, void *buf, size_t cap, struct deadline d,
                    struct err *e)
{
    for (;;) {
        short got = port_fd_wait(p, fd, POLLIN, d, e);
        if (!got)
            return 0;
        ssize_t n = read(fd, buf, cap);
        if (n > 0)
            return (size_t)n;
        if (n == 0) {
            port_fd_gone(p, 0, e);
            return 0;
        }
        if (!wait_again(p, POLLIN, got, d, e))
            return 0;
    }
}

size_t port_fd_write(const struct port *p, int fd, port_put_fn *put, const void *buf, size_t n,
                     struct deadline d, struct err *e)
{
    const uint8_t *bytes = buf;
    size_t done = 0;
    short got = 0; /* the first try goes without a poll: there is nearly always room */
    while (done < n) {
        ssize_t took = put(fd, bytes + done, n - done);
        if (took > 0) {
            done += (size_t)took;
            continue;
        }
        if (took == 0)
            errno = EIO; /* no driver does this; taken for "try again" it would spin */
        if (!wait_again(p, POLLOUT, got, d, e))
            return done;
        got = port_fd_wait(p, fd, POLLOUT, d, e);
        if (!got)
            return done;
    }
    return done;
}

bool port_fd_drain(const struct port *p, int fd, struct deadline d, struct err *e)
{
    for (;;) {
        int unsent_bytes = 0;
        if (ioctl(fd, TIOCOUTQ, &unsent_bytes) < 0)
            return port_fd_gone(p, errno, e);
        if (unsent_bytes <= 0)
            return true;
        if (deadline_over(p->clock, d))
            return err_set(e, ERR_TIMEOUT, "%s: %d bytes are still unsent", p->where, unsent_bytes);
        if (!p->clock->sleep_until(p->clock, p->clock->now_us(p->clock) + DRAIN_STEP_US,
                                   p->stop_fd))
            return err_set(e, ERR_STOPPED, "%s: stopped on request", p->where);
    }
}

bool port_fd_gone(const struct port *p, int sys, struct err *e)
{
    if (sys == 0)
        return err_set(e, ERR_PORT_GONE, "%s is gone: it was unplugged or closed", p->where);
    return err_set_sys(e, ERR_PORT_GONE, sys, "%s is gone", p->where);
}

bool port_baud_near(const struct port *p, uint32_t wanted_baud, uint32_t got_baud, struct err *e)
{
    uint64_t off = wanted_baud > got_baud ? wanted_baud - got_baud : got_baud - wanted_baud;
    if (off * 100 <= (uint64_t)wanted_baud * 3)
        return true;
    return err_set(e, ERR_BAUD, "%s: wanted %u baud, got %u", p->where, wanted_baud, got_baud);
}
