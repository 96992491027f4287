#include "station/line/event.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct node {
    struct event event;
    struct node *next;
};

struct event_queue {
    pthread_mutex_t lock; /* guards all below but fd */
    struct node *first, *last;
    size_t count;
    uint64_t dropped;
    int fd;
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

struct event_queue *event_queue_new(struct err *e)
{
    struct event_queue *q = calloc(1, sizeof *q);
    int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!q || fd < 0) {
        err_set_sys(e, ERR_STATION, errno, "The event queue cannot be made");
        if (fd >= 0)
            close(fd);
        free(q);
        return NULL;
    }
    q->fd = fd;
    pthread_mutex_init(&q->lock, NULL);
    return q;
}

void event_queue_free(struct event_queue *q)
{
    if (!q)
        return;
    while (q->first) {
        struct node *next = q->first->next;
        free(q->first);
        q->first = next;
    }
    close(q->fd);
    pthread_mutex_destroy(&q->lock);
    free(q);
}

void event_put(struct event_queue *q, const struct event *event)
{
    struct node *node = malloc(sizeof *node);
    pthread_mutex_lock(&q->lock);
    bool keep = node && (q->count < EVENT_QUEUE_MAX || event->kind == EVENT_VERDICT);
    if (keep) {
        *node = (struct node){ *event, NULL };
        *(q->last ? &q->last->next : &q->first) = node;
        q->last = node;
        q->count++;
    } else {
        q->dropped++;
    }
    pthread_mutex_unlock(&q->lock);
    if (keep)
        eventfd_write(q->fd, 1);
    else
        free(node);
}

bool event_take(struct event_queue *q, struct event *event)
{
    eventfd_t seen;
    pthread_mutex_lock(&q->lock);
    struct node *node = q->first;
    if (node) {
        q->first = node->next;
        if (!q->first)
            q->last = NULL;
        q->count--;
    } else {
        eventfd_read(q->fd, &seen); /* nothing waits any more; fails where nothing did before */
    }
    pthread_mutex_unlock(&q->lock);
    if (!node)
        return false;
    *event = node->event;
    free(node);
    return true;
}

int event_fd(const struct event_queue *q)
{
    return q->fd;
}

uint64_t event_dropped(struct event_queue *q)
{
    pthread_mutex_lock(&q->lock);
    uint64_t n = q->dropped;
    pthread_mutex_unlock(&q->lock);
    return n;
}
