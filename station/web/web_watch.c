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

#define PAUSE_MS           40   /* between two looks */
#define LOOK_MS            50   /* when somebody looks, and... */
#define IDLE_MS            1000 /* ...when nobody does */
#define PROGRESS_MS        200
#define PROGRESS_MANY_MS   500
#define MANY_TILES         64
#define EVENTS_WAITING_MAX 4096

/* Of which slots something has come since the last look. */
struct news {
    bool slots[WEB_TILES_MAX + 1]; /* by number; 0: of the whole */
    bool any;
};

static void look_at(struct web *w, size_t i, bool progress)
{
    struct tile tile;
    if (!floor_look(w->floor, i, &tile))
        return;
    pthread_mutex_lock(&w->lock);
    web_scene_tile(w->scene, i, &tile, progress);
    pthread_mutex_unlock(&w->lock);
}

static void look_at_sum(struct web *w)
{
    struct floor_summary sum;
    floor_sum(w->floor, &sum);
    pthread_mutex_lock(&w->lock);
    web_scene_count(w->scene, floor_tile_count(w->floor));
    web_scene_summary(w->scene, &sum);
    pthread_mutex_unlock(&w->lock);
}

/* Now and then at all, for progress and for what comes without an event; else at those of which
 * there are news. A slot's number is its place, from 1. */
static void look(struct web *w, const struct news *news, bool all)
{
    const size_t count = floor_tile_count(w->floor);
    if (all || news->any)
        look_at_sum(w);
    for (size_t i = 0; i < count && i < WEB_TILES_MAX; i++) {
        if (all || news->slots[0] || news->slots[i + 1])
            look_at(w, i, all);
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
           event->kind == EVENT_NOTE || event->kind == EVENT_ORDER ||
           (event->kind == EVENT_SNAPSHOT && event->missed_weighty > 0);
}

static void take_events(struct web *w, struct news *news)
{
    struct event event;
    while (event_take(w->reader, &event)) {
        const bool known = event.slot > 0 && event.slot <= WEB_TILES_MAX;
        news->any = news->slots[known ? event.slot : 0] = true;
        if (!is_for_log(&event))
            continue;
        pthread_mutex_lock(&w->lock);
        web_scene_event(w->scene, &event);
        pthread_mutex_unlock(&w->lock);
    }
}

/* How long until all tiles are due: less often where there are many, or nobody looks. */
static int every_ms(struct web *w)
{
    pthread_mutex_lock(&w->lock);
    const bool looked_at = w->stream_count > 0;
    pthread_mutex_unlock(&w->lock);
    if (!looked_at)
        return IDLE_MS;
    return floor_tile_count(w->floor) > MANY_TILES ? PROGRESS_MANY_MS : PROGRESS_MS;
}

/* False: it is to end. */
static bool wait_for_more(struct web *w, int left_ms)
{
    struct pollfd fds[2] = { { .fd = w->stop_fd, .events = POLLIN },
                             { .fd = event_fd(w->reader), .events = POLLIN } };
    poll(fds, 1, PAUSE_MS);
    if (fds[0].revents)
        return false;
    poll(fds, 2, left_ms > 0 ? left_ms : 0);
    return !fds[0].revents;
}

static void *watch(void *ctx)
{
    struct web *w = ctx;
    uint64_t all_us = 0;
    int left_ms;
    do {
        const uint64_t now_us = web_now_us(), span_us = (uint64_t)every_ms(w) * 1000;
        const bool all = now_us - all_us >= span_us;
        struct news news = { 0 };
        all_us = all ? now_us : all_us;
        take_events(w, &news);
        look(w, &news, all);
        tell(w, now_us);
        left_ms = (int)((all_us + span_us - now_us) / 1000) - PAUSE_MS;
    } while (wait_for_more(w, left_ms));
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
    look(w, &(struct news){ 0 }, true);
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
