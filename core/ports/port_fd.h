/*
 * What all transports share: waiting for a descriptor, and moving bytes through it.
 *
 * Low level: knows ports, not what is behind them. The descriptor is non-blocking and the caller's.
 * Each wait also watches the port's stop_fd.
 */
#ifndef CORE_PORT_FD_H
#define CORE_PORT_FD_H

#include "core/ports/port.h"

#include <sys/types.h>

/* write(2), or something that acts like it. */
typedef ssize_t port_put_fn(int fd, const void *buf, size_t n);

/* Waits until one of `events` (POLLIN, POLLOUT) is true of fd, or it failed (POLLHUP, POLLERR): the
 * next read or write then tells why. Gives what is true; 0 only with *e set: ERR_TIMEOUT,
 * ERR_STOPPED. What is true already is given even when the deadline is over. */
short port_fd_wait(const struct port *p, int fd, short events, struct deadline d, struct err *e);

/* One read of at most cap bytes, as struct port_ops.read: 0 only with *e set. */
size_t port_fd_read(const struct port *p, int fd, void *buf, size_t cap, struct deadline d,
                    struct err *e);

/* Hands n bytes to `put`. Gives how many it took; fewer than n only with *e set. */
size_t port_fd_write(const struct port *p, int fd, port_put_fn *put, const void *buf, size_t n,
                     struct deadline d, struct err *e);

/* Waits until the kernel's queue of unsent bytes is empty. */
bool port_fd_drain(const struct port *p, int fd, struct deadline d, struct err *e);

/* Sets ERR_PORT_GONE; `sys` is errno, or 0 for end of file. Returns false. */
bool port_fd_gone(const struct port *p, int sys, struct err *e);

/* Whether the port's rate may stand for the one asked for: a UART at 8N1 bears about 3 %. Otherwise
 * ERR_BAUD, naming both. */
bool port_baud_near(const struct port *p, uint32_t wanted_baud, uint32_t got_baud, struct err *e);

#endif
