#include "station/screen/floor_screen.h"

#include <errno.h>
#include <stdio.h>

#define DRAW_MS 100

struct attendance {
    const struct floor_screen *screen;
    struct floor_show *show;
    struct event_reader *reader;
    struct stop_source *stop;
    bool asked; /* to stop */
};

/* Whoever ends a service asks once, and a closed terminal cannot be asked again: what is in work is
 * worth its minute. */
static void obey(struct attendance *a)
{
    floor_stop(a->show->floor, a->asked);
    if (!a->asked && !a->screen->draws)
        fprintf(stderr, "\nNo new board starts; those in work are finished. Press Ctrl-C again to "
                        "stop them.\n");
    a->asked = true;
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
    struct attendance a = { screen, show, reader, stop, false };
    struct pollfd fds[STOP_FDS + 2] = { [STOP_FDS] = { event_fd(reader), POLLIN, 0 } };
    while (!is_over(&a)) {
        stop_source_wait(stop, fds);
        /* Before the stop, slots that come and go would wake it for nothing. */
        fds[STOP_FDS + 1] = (struct pollfd){ a.asked ? floor_done_fd(show->floor) : -1, POLLIN, 0 };
        if (poll(fds, STOP_FDS + 2, screen->draws ? DRAW_MS : -1) < 0 && errno != EINTR)
            break;
        while (stop_source_take(stop, fds) != STOP_NONE)
            obey(&a);
        show_events(&a);
        if (screen->draw)
            screen->draw(show);
    }
    show_events(&a);
}
