#include "station/screen/attend.h"

#include <errno.h>
#include <stdio.h>

#define DRAW_MS 100

struct attendance {
    const struct screen *screen;
    const struct show *show;
    struct event_reader *reader;
    struct stop_source *stop;
    bool asked; /* to stop, by Ctrl-C */
    const struct attend_input *input;
};

static void obey(struct attendance *a, enum stop_wish wish)
{
    if (wish == STOP_NOW || a->asked) {
        session_stop(a->show->session, true);
        return;
    }
    a->asked = true;
    session_stop(a->show->session, false);
    if (!a->screen->draws)
        fprintf(stderr, "\nNo new board starts; those in work are finished. Press Ctrl-C again to "
                        "stop them.\n");
}

/* A mark tells of missed progress alone here, which the screens may miss. */
static bool is_shown(const struct event *event)
{
    return (event->kind >= EVENT_RUN && event->kind <= EVENT_NOTE) || event->kind == EVENT_ORDER;
}

static void show_events(const struct attendance *a)
{
    struct event event;
    while (event_take(a->reader, &event)) {
        headcount_take(a->show->headcount, &event);
        if (a->screen->event && is_shown(&event))
            a->screen->event(a->show, &event);
    }
}

static void wait_and_show(struct attendance *a, struct pollfd *fds)
{
    enum stop_wish wish;
    while (!session_is_done(a->show->session)) {
        stop_source_wait(a->stop, fds);
        fds[STOP_FDS + 2].revents = 0; /* a signal ends poll() without setting it */
        if (poll(fds, STOP_FDS + 3, a->screen->draws ? DRAW_MS : -1) < 0 && errno != EINTR)
            break;
        while ((wish = stop_source_take(a->stop, fds)) != STOP_NONE)
            obey(a, wish);
        if (fds[STOP_FDS + 2].revents && !a->input->take(a->input->ctx))
            fds[STOP_FDS + 2].fd = -1;
        show_events(a);
        if (a->screen->draw)
            a->screen->draw(a->show);
    }
}

void attend_until_done(const struct screen *screen, const struct show *show,
                       struct event_reader *reader, struct stop_source *stop,
                       const struct attend_input *input)
{
    struct attendance a = { screen, show, reader, stop, false, input };
    struct pollfd fds[STOP_FDS + 3] = { [STOP_FDS] = { event_fd(reader), POLLIN, 0 },
                                        [STOP_FDS + 1] = { session_done_fd(show->session), POLLIN,
                                                           0 },
                                        [STOP_FDS + 2] = { input ? input->fd : -1, POLLIN, 0 } };
    if (screen->start)
        screen->start(show);
    wait_and_show(&a, fds);
    show_events(&a);
    screen->finish(show);
}
