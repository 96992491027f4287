#include "station/scan/scan_desk.h"

#include "station/line/crew.h"
#include "station/scan/scan_source.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define STACK_BYTES ((size_t)256 << 10)
#define LOOK_MS     2000u /* how often a scanner that is not there is looked for */

/* A scanner with what is known of it. */
struct gun {
    struct scan_desk *desk;
    struct scan_source source;
    struct scan_route route;
    char said[sizeof((struct err *)NULL)->what]; /* of its absence, so that it is said once */
    uint64_t look_at_ms;
};

struct scan_desk {
    struct scan_desk_setup setup;
    struct gun *guns;
    size_t gun_count;
    int stop_fd;
    struct crew crew;
    struct crew_thread thread;
};

static uint64_t now_ms(const struct scan_desk *d)
{
    return d->setup.clock->now_us(d->setup.clock) / 1000;
}

/* ---- One scanner ---- */

static void tell(struct gun *g, enum scan_said said, int slot, const char *code,
                 const struct err *why)
{
    g->desk->setup.tell(g->desk->setup.ctx, g->source.config, said, slot, code, why);
}

static void take_code(void *ctx, const char *code, const struct err *why)
{
    struct gun *const g = ctx;
    struct err e = { 0 };
    int slot = 0;
    if (why) {
        tell(g, SCAN_REFUSED, 0, code, why);
        return;
    }
    const enum scan_said said = scan_route_take(
        &g->route, code, now_ms(g->desk), g->desk->setup.deliver, g->desk->setup.ctx, &slot, &e);
    tell(g, said, slot, code, said == SCAN_REFUSED ? &e : NULL);
}

/* Each reason once. */
static void tell_absence(struct gun *g, const struct err *e)
{
    if (strcmp(g->said, e->what) == 0)
        return;
    memcpy(g->said, e->what, sizeof g->said);
    tell(g, SCAN_REFUSED, 0, "", e);
}

static void look_for(struct gun *g)
{
    struct err e = { 0 };
    const uint64_t now = now_ms(g->desk);
    if (g->source.fd >= 0 || g->source.ended || now < g->look_at_ms)
        return;
    g->look_at_ms = now + LOOK_MS;
    if (scan_source_open(&g->source, &e))
        g->said[0] = '\0';
    else
        tell_absence(g, &e);
}

static void read_gun(struct gun *g)
{
    struct err e = { 0 };
    if (!scan_source_read(&g->source, now_ms(g->desk), take_code, g, &e) && !g->source.ended)
        tell_absence(g, &e);
}

/* ---- The thread ---- */

/* How long to wait: until silence ends a code, or an absent scanner is looked for. */
static int wait_ms(struct scan_desk *d)
{
    uint32_t least = UINT32_MAX;
    for (size_t i = 0; i < d->gun_count; i++) {
        struct gun *const g = &d->guns[i];
        const uint32_t code = scan_code_tick(&g->source.code, now_ms(d), take_code, g);
        const uint32_t look = g->source.fd < 0 && !g->source.ended ? LOOK_MS : 0;
        least = code > 0 && code < least ? code : least;
        least = look > 0 && look < least ? look : least;
    }
    return least == UINT32_MAX ? -1 : (int)least;
}

static bool is_over(const struct scan_desk *d)
{
    for (size_t i = 0; i < d->gun_count; i++) {
        if (!d->guns[i].source.ended)
            return false;
    }
    return true;
}

static void work(void *ctx)
{
    struct scan_desk *const d = ctx;
    struct pollfd fds[STATION_SCANNERS_MAX + 1];
    while (!is_over(d)) {
        for (size_t i = 0; i < d->gun_count; i++)
            look_for(&d->guns[i]);
        fds[0] = (struct pollfd){ d->stop_fd, POLLIN, 0 };
        for (size_t i = 0; i < d->gun_count; i++)
            fds[i + 1] = (struct pollfd){ d->guns[i].source.fd, POLLIN, 0 };
        if (poll(fds, d->gun_count + 1, wait_ms(d)) < 0 && errno != EINTR)
            return;
        if (fds[0].revents)
            return;
        for (size_t i = 0; i < d->gun_count; i++) {
            if (fds[i + 1].fd >= 0 && fds[i + 1].revents)
                read_gun(&d->guns[i]);
        }
    }
}

/* ---- Its life ---- */

static bool open_all(struct scan_desk *d, struct err *e)
{
    const struct station *const station = d->setup.station;
    d->guns = calloc(station->scanner_count + 1, sizeof *d->guns);
    d->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!d->guns || d->stop_fd < 0)
        return err_set_sys(e, ERR_STATION, errno, "The scanners cannot be set up");
    for (; d->gun_count < station->scanner_count; d->gun_count++) {
        struct gun *const g = &d->guns[d->gun_count];
        g->desk = d;
        scan_source_init(&g->source, &station->scanners[d->gun_count]);
        scan_route_init(&g->route, station, &station->scanners[d->gun_count]);
    }
    return crew_open(&d->crew, STACK_BYTES, e) &&
           crew_start(&d->crew, &d->thread, "Scanners", work, d, e);
}

struct scan_desk *scan_desk_new(const struct scan_desk_setup *setup, struct err *e)
{
    struct scan_desk *const d = calloc(1, sizeof *d);
    if (!d) {
        err_set(e, ERR_STATION, "Out of memory for the scanners");
        return NULL;
    }
    d->setup = *setup;
    d->stop_fd = -1;
    if (open_all(d, e))
        return d;
    scan_desk_free(d);
    return NULL;
}

void scan_desk_free(struct scan_desk *d)
{
    if (!d)
        return;
    if (d->stop_fd >= 0)
        eventfd_write(d->stop_fd, 1);
    crew_join(&d->thread);
    crew_close(&d->crew);
    for (size_t i = 0; i < d->gun_count; i++)
        scan_source_close(&d->guns[i].source);
    if (d->stop_fd >= 0)
        close(d->stop_fd);
    free(d->guns);
    free(d);
}

int scan_desk_done_fd(const struct scan_desk *d)
{
    return crew_done_fd(&d->crew);
}
