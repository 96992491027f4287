/*
 * Looks at the floor for all pages together: at once when an event comes, and otherwise some times
 * a second. Between two looks there is a pause, so that a burst of events is one change for those
 * who read.
 */
#include "station/web/web_priv.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define PAUSE_MS           40  /* between two looks */
#define LOOK_MS            50  /* when somebody looks, and... */
#define IDLE_MS            250 /* ...when nobody does */
#define PROGRESS_MS        200
#define PROGRESS_MANY_MS   500
#define MANY_TILES         64
#define EVENTS_WAITING_MAX 4096

/* The copies of 256 tiles would be much for a stack, and are not needed at once. */
static void look(struct web *w, bool progress)
{
    const size_t count = floor_tile_count(w->floor);
    struct floor_summary sum;
    struct tile tile;
    floor_sum(w->floor, &sum);
    pthread_mutex_lock(&w->lock);
    web_scene_count(w->scene, count);
    web_scene_summary(w->scene, &sum);
    pthread_mutex_unlock(&w->lock);
    for (size_t i = 0; i < count && floor_look(w->floor, i, &tile); i++) {
        pthread_mutex_lock(&w->lock);
        web_scene_tile(w->scene, i, &tile, progress);
        pthread_mutex_unlock(&w->lock);
    }
}

/* Those who read hear of what is new, and once a second that the station lives. */
static void tell(struct web *w, uint64_t now_us)
{
    pthread_mutex_lock(&w->lock);
    const uint64_t version = web_scene_version(w->scene);
    const bool beat = now_us - w->beat_us >= WEB_BEAT_MS * 1000;
    if (beat)
        w->beat_us = now_us;
    if (beat || version != w->told)
        web_streams_wake_locked(w);
    w->told = version;
    pthread_mutex_unlock(&w->lock);
}

static bool is_for_log(const struct event *event)
{
    return event->kind == EVENT_RETRY || event->kind == EVENT_VERDICT ||
           event->kind == EVENT_NOTE || event->kind == EVENT_ADDED ||
           event->kind == EVENT_REMOVED || event->kind == EVENT_ORDER ||
           (event->kind == EVENT_SNAPSHOT && event->missed_weighty > 0);
}

static void take_events(struct web *w)
{
    struct event event;
    while (event_take(w->reader, &event)) {
        if (!is_for_log(&event))
            continue;
        pthread_mutex_lock(&w->lock);
        web_scene_event(w->scene, &event);
        pthread_mutex_unlock(&w->lock);
    }
}

static int wait_ms(struct web *w)
{
    pthread_mutex_lock(&w->lock);
    const bool looked_at = w->stream_count > 0;
    pthread_mutex_unlock(&w->lock);
    return looked_at ? LOOK_MS : IDLE_MS;
}

/* False: it is to end. */
static bool wait_for_more(struct web *w)
{
    struct pollfd fds[2] = { { .fd = w->stop_fd, .events = POLLIN },
                             { .fd = event_fd(w->reader), .events = POLLIN } };
    poll(fds, 1, PAUSE_MS);
    if (fds[0].revents)
        return false;
    const int left_ms = wait_ms(w) - PAUSE_MS;
    poll(fds, 2, left_ms > 0 ? left_ms : 0);
    return !fds[0].revents;
}

static void *watch(void *ctx)
{
    struct web *w = ctx;
    uint64_t progress_us = 0;
    do {
        const uint64_t now_us = web_now_us();
        const uint64_t every_ms =
            floor_tile_count(w->floor) > MANY_TILES ? PROGRESS_MANY_MS : PROGRESS_MS;
        const bool progress = now_us - progress_us >= every_ms * 1000;
        if (progress)
            progress_us = now_us;
        take_events(w);
        look(w, progress);
        tell(w, now_us);
    } while (wait_for_more(w));
    return NULL;
}

bool web_watch_start(struct web *w, struct err *e)
{
    w->reader = floor_watch(w->floor, EVENTS_WAITING_MAX, e);
    if (!w->reader)
        return false;
    w->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->stop_fd < 0)
        return err_set_sys(e, ERR_STATION, errno, "There is no descriptor for the page's watcher");
    take_events(w);
    look(w, true);
    const int status = pthread_create(&w->watcher, NULL, watch, w);
    w->watches = status == 0;
    return w->watches ||
           err_set_sys(e, ERR_STATION, status, "There is no thread for the page's watcher");
}

void web_watch_stop(struct web *w)
{
    if (w->watches) {
        eventfd_write(w->stop_fd, 1);
        pthread_join(w->watcher, NULL);
    }
    w->watches = false;
    if (w->stop_fd >= 0)
        close(w->stop_fd);
    w->stop_fd = -1;
    event_reader_free(w->reader);
    w->reader = NULL;
}
