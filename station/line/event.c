#include "station/line/event.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct node {
    struct event event;
    uint64_t number;
    struct node *before, *next;
    struct node *next_progress; /* of the nodes of progress, in the same order */
};

struct event_reader {
    struct event_feed *feed;
    struct event_reader *next;
    struct node *at; /* what it takes next; NULL: it has all */
    size_t weighty_max, weighty;
    bool marked; /* it missed something, or has just begun */
    uint64_t missed, missed_weighty;
    int fd;
};

struct event_feed {
    pthread_mutex_t lock; /* guards all below, and the readers but their fd */
    struct node *first, *last;
    struct node *first_progress, *last_progress;
    size_t progress;
    uint64_t number;
    struct event_reader *readers;
};

const char *verdict_word(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_PASS:
        return "PASS";
    case VERDICT_FAIL:
        return "FAIL";
    case VERDICT_STOPPED:
        return "STOPPED";
    case VERDICT_NONE:
        break;
    }
    return "";
}

static bool is_progress(const struct event *event)
{
    return event->kind == EVENT_RUN || event->kind == EVENT_BOARD || event->kind == EVENT_PHASE ||
           event->kind == EVENT_CHANGED;
}

/* ---- The nodes: all under the lock ---- */

static void append_locked(struct event_feed *f, struct node *node)
{
    node->number = f->number++;
    node->before = f->last;
    *(f->last ? &f->last->next : &f->first) = node;
    f->last = node;
    if (!is_progress(&node->event))
        return;
    *(f->last_progress ? &f->last_progress->next_progress : &f->first_progress) = node;
    f->last_progress = node;
    f->progress++;
}

/* Of the nodes of progress it is the first one, whichever it is of all: others go from the front
 * alone. No reader stands at it any more. */
static void remove_locked(struct event_feed *f, struct node *node)
{
    *(node->before ? &node->before->next : &f->first) = node->next;
    *(node->next ? &node->next->before : &f->last) = node->before;
    if (node == f->first_progress) {
        f->first_progress = node->next_progress;
        if (!f->first_progress)
            f->last_progress = NULL;
        f->progress--;
    }
    free(node);
}

/* ---- The readers: all under the lock ---- */

static bool has_nothing(const struct event_reader *r)
{
    return !r->at && !r->marked;
}

static void wake_locked(struct event_reader *r, bool had_nothing)
{
    if (had_nothing && !has_nothing(r))
        eventfd_write(r->fd, 1);
}

static bool needs(const struct event_reader *r, const struct node *node)
{
    return r->at && r->at->number <= node->number;
}

static bool is_needed(const struct event_feed *f, const struct node *node)
{
    for (const struct event_reader *r = f->readers; r; r = r->next) {
        if (needs(r, node))
            return true;
    }
    return false;
}

/* What all have taken goes. */
static void trim_locked(struct event_feed *f)
{
    while (f->first && !is_needed(f, f->first))
        remove_locked(f, f->first);
}

static void miss_locked(struct event_reader *r, bool weighty)
{
    r->marked = true;
    r->missed++;
    r->missed_weighty += weighty;
}

/* Progress that somebody has not seen in time is not worth its room: the views tell the latest. */
static void drop_oldest_progress_locked(struct event_feed *f)
{
    struct node *node = f->first_progress;
    for (struct event_reader *r = f->readers; r; r = r->next) {
        if (!needs(r, node))
            continue;
        if (r->at == node)
            r->at = node->next;
        miss_locked(r, false);
    }
    remove_locked(f, node);
}

static void leave_behind_locked(struct event_reader *r)
{
    for (; r->at; r->at = r->at->next)
        miss_locked(r, !is_progress(&r->at->event));
    r->weighty = 0;
}

static void offer_locked(struct event_reader *r, struct node *node)
{
    bool had_nothing = has_nothing(r), weighty = !is_progress(&node->event);
    if (!r->at)
        r->at = node;
    r->weighty += weighty;
    if (r->weighty_max > 0 && r->weighty > r->weighty_max)
        leave_behind_locked(r);
    wake_locked(r, had_nothing);
}

/* For want of memory. */
static void lose_locked(struct event_feed *f, const struct event *event)
{
    for (struct event_reader *r = f->readers; r; r = r->next) {
        bool had_nothing = has_nothing(r);
        miss_locked(r, !is_progress(event));
        wake_locked(r, had_nothing);
    }
}

/* ---- Putting ---- */

struct event_feed *event_feed_new(struct err *e)
{
    struct event_feed *f = calloc(1, sizeof *f);
    if (!f) {
        err_set(e, ERR_STATION, "Out of memory for the events");
        return NULL;
    }
    pthread_mutex_init(&f->lock, NULL);
    return f;
}

void event_feed_free(struct event_feed *f)
{
    if (!f)
        return;
    trim_locked(f);
    pthread_mutex_destroy(&f->lock);
    free(f);
}

void event_put(struct event_feed *f, const struct event *event)
{
    struct node *node = malloc(sizeof *node);
    if (node)
        *node = (struct node){ .event = *event };
    pthread_mutex_lock(&f->lock);
    if (node) {
        append_locked(f, node);
        for (struct event_reader *r = f->readers; r; r = r->next)
            offer_locked(r, node);
        if (f->progress > EVENT_PROGRESS_MAX)
            drop_oldest_progress_locked(f);
        trim_locked(f);
    } else {
        lose_locked(f, event);
    }
    pthread_mutex_unlock(&f->lock);
}

/* ---- Taking ---- */

struct event_reader *event_reader_new(struct event_feed *f, size_t weighty_max, struct err *e)
{
    struct event_reader *r = calloc(1, sizeof *r);
    int fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!r || fd < 0) {
        err_set_sys(e, ERR_STATION, errno, "The events cannot be listened to");
        if (fd >= 0)
            close(fd);
        free(r);
        return NULL;
    }
    *r = (struct event_reader){ .feed = f, .fd = fd, .weighty_max = weighty_max, .marked = true };
    pthread_mutex_lock(&f->lock);
    r->next = f->readers;
    f->readers = r;
    pthread_mutex_unlock(&f->lock);
    return r;
}

void event_reader_free(struct event_reader *r)
{
    if (!r)
        return;
    struct event_feed *f = r->feed;
    pthread_mutex_lock(&f->lock);
    struct event_reader **at = &f->readers;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    trim_locked(f);
    pthread_mutex_unlock(&f->lock);
    close(r->fd);
    free(r);
}

static void take_mark_locked(struct event_reader *r, struct event *event)
{
    *event = (struct event){ .kind = EVENT_SNAPSHOT,
                             .missed = r->missed,
                             .missed_weighty = r->missed_weighty };
    r->marked = false;
    r->missed = r->missed_weighty = 0;
}

static void take_next_locked(struct event_reader *r, struct event *event)
{
    *event = r->at->event;
    r->weighty -= !is_progress(event);
    r->at = r->at->next;
    trim_locked(r->feed);
}

bool event_take(struct event_reader *r, struct event *event)
{
    eventfd_t seen;
    pthread_mutex_lock(&r->feed->lock);
    bool any = !has_nothing(r);
    if (r->marked)
        take_mark_locked(r, event);
    else if (r->at)
        take_next_locked(r, event);
    if (any && has_nothing(r))
        eventfd_read(r->fd, &seen);
    pthread_mutex_unlock(&r->feed->lock);
    return any;
}

int event_fd(const struct event_reader *r)
{
    return r->fd;
}
