/*
 * What asks a command from outside to stop: signals, and a terminal that goes away.
 *
 * Signals come through a descriptor, as events among others: no handler runs anywhere. A terminal
 * that goes away tells the programs in its foreground by SIGHUP and nobody else; those in its
 * background see their output hung up. With SIGHUP ignored, as nohup does it, neither stops.
 */
#ifndef STATION_STOP_SOURCE_H
#define STATION_STOP_SOURCE_H

#include "core/base/err.h"

#include <poll.h>

enum stop_wish {
    STOP_NONE,
    STOP_ASKED, /* Ctrl-C: a person who waits, and may ask again */
    STOP_NOW,   /* SIGTERM, SIGHUP, SIGQUIT, no terminal any more */
};

#define STOP_FDS 2

struct stop_source {
    int signal_fd;   /* -1: not open */
    int terminal_fd; /* -1: standard output is none, or it may go */
};

#define STOP_SOURCE_CLOSED                                                                         \
    {                                                                                              \
        .signal_fd = -1, .terminal_fd = -1                                                         \
    }

/* Blocks the signals for the calling thread, and so for those that it starts later. ERR_STATION. */
bool stop_source_open(struct stop_source *s, struct err *e);
void stop_source_close(struct stop_source *s);

/* Fills in the STOP_FDS first descriptors to wait for. */
void stop_source_wait(const struct stop_source *s, struct pollfd *fds);

/* The next wish after the wait; STOP_NONE: no more. A terminal goes once. */
enum stop_wish stop_source_take(struct stop_source *s, const struct pollfd *fds);

#endif
