#include "station/screen/floor_screen.h"

#include "core/base/clock.h"
#include "station/service/service.h"

#include <errno.h>
#include <stdio.h>

#define DRAW_MS 100
/* Boards in work get so long; a port that is dead gives up within it. */
#define STOP_MS 300000
#define SIGN_US 1000000

struct attendance {
    const struct floor_screen *screen;
    struct floor_show *show;
    struct event_reader *reader;
    struct stop_source *stop;
    bool asked; /* to stop */
    uint64_t next_sign_us;
};

/* Whoever ends a service asks once, and a closed terminal cannot be asked again: what is in work is
 * worth its minute. */
static void obey(struct attendance *a)
{
    floor_stop(a->show->floor, a->asked);
    if (!a->asked && !a->screen->draws)
        fprintf(stderr, "\nNo new board starts; those in work are finished. Press Ctrl-C again to "
                        "stop them.\n");
    if (!a->asked)
        service_stopping(STOP_MS);
    a->asked = true;
}

/* The sign of life is this thread's, which passes on what people and the system want; and asking
 * for the sums proves that the floor answers. */
static void show_life(struct attendance *a)
{
    struct floor_summary sum;
    const uint64_t now_us = clock_system.now_us(&clock_system);
    if (now_us < a->next_sign_us)
        return;
    a->next_sign_us = now_us + SIGN_US;
    floor_sum(a->show->floor, &sum);
    service_status("%u in work, %llu passed, %llu failed%s%s", sum.working,
                   (unsigned long long)sum.passed, (unsigned long long)sum.failed,
                   sum.lot[0] ? ", lot " : "", sum.lot);
    service_alive();
}

/* The shorter of two waits, as poll() has it: below 0 is for ever. */
static int shorter_ms(int a_ms, int b_ms)
{
    return a_ms < 0 ? b_ms : b_ms < 0 || a_ms < b_ms ? a_ms : b_ms;
}

static void show_events(struct attendance *a)
{
    struct event event;
    while (event_take(a->reader, &event))
        a->screen->event(a->show, &event);
}

static bool is_over(const struct attendance *a)
{
    return a->asked && floor_is_done(a->show->floor);
}

void attend_floor(const struct floor_screen *screen, struct floor_show *show,
                  struct event_reader *reader, struct stop_source *stop)
{
    struct attendance a = { screen, show, reader, stop, false, 0 };
    struct pollfd fds[STOP_FDS + 2] = { [STOP_FDS] = { event_fd(reader), POLLIN, 0 } };
    const unsigned alive_ms = service_alive_every_ms();
    const int wait_ms = shorter_ms(screen->draws ? DRAW_MS : -1, alive_ms ? (int)alive_ms : -1);
    service_ready();
    while (!is_over(&a)) {
        show_life(&a);
        stop_source_wait(stop, fds);
        /* Before the stop, slots that come and go would wake it for nothing. */
        fds[STOP_FDS + 1] = (struct pollfd){ a.asked ? floor_done_fd(show->floor) : -1, POLLIN, 0 };
        if (poll(fds, STOP_FDS + 2, wait_ms) < 0 && errno != EINTR)
            break;
        while (stop_source_take(stop, fds) != STOP_NONE)
            obey(&a);
        show_events(&a);
        if (screen->draw)
            screen->draw(show);
    }
    show_events(&a);
}
