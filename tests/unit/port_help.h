/* What the tests of the transports share. */
#ifndef TESTS_UNIT_PORT_HELP_H
#define TESTS_UNIT_PORT_HELP_H

#include "core/ports/port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* after those above, which it needs */
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Long enough for a busy machine: only a broken program waits this long. */
#define PATIENCE_MS 10000
/* For waits that are expected to run out. */
#define SHORT_MS 60

static inline struct deadline in_ms(uint32_t ms)
{
    return deadline_in_ms(&clock_system, ms);
}

static inline uint64_t now_ms(void)
{
    return clock_system.now_us(&clock_system) / 1000;
}

static inline struct port *port_at(const char *where, uint32_t baud, int stop_fd)
{
    struct err e = { .code = ERR_NONE };
    struct port *p = port_new(where, baud, &clock_system, stop_fd, in_ms(PATIENCE_MS), &e);
    if (!p)
        fail_msg("%s: %s", err_word(e.code), e.what);
    return p;
}

/* Reads exactly n bytes. */
static inline void read_all(struct port *p, void *buf, size_t n)
{
    struct err e = { .code = ERR_NONE };
    for (size_t at = 0; at < n;) {
        size_t got = port_read(p, (uint8_t *)buf + at, n - at, in_ms(PATIENCE_MS), &e);
        if (got == 0)
            fail_msg("%s: %s", err_word(e.code), e.what);
        at += got;
    }
}

static inline void assert_text_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' is not in: %s", part, text);
}

/* A descriptor that is readable: a stop that was asked for. The caller closes it. */
static inline int stop_asked(void)
{
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[1]);
    return ends[0];
}

#endif
