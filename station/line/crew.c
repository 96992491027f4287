#include "station/line/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool crew_open(struct crew *c, size_t stack_bytes, struct err *e)
{
    *c = (struct crew){ .stack_bytes = stack_bytes };
    c->done_fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    if (c->done_fd < 0)
        return err_set_sys(e, ERR_STATION, errno, "The threads cannot be set up");
    pthread_mutex_init(&c->lock, NULL);
    c->is_open = true;
    return true;
}

void crew_close(struct crew *c)
{
    if (!c->is_open)
        return;
    close(c->done_fd);
    pthread_mutex_destroy(&c->lock);
    c->is_open = false;
}

/* The descriptor changes with the count under one lock, or a start and an end could cross. */
static void enter(struct crew *c)
{
    eventfd_t done;
    pthread_mutex_lock(&c->lock);
    if (c->working++ == 0)
        eventfd_read(c->done_fd, &done);
    pthread_mutex_unlock(&c->lock);
}

static void leave(struct crew *c)
{
    pthread_mutex_lock(&c->lock);
    if (--c->working == 0)
        eventfd_write(c->done_fd, 1);
    pthread_mutex_unlock(&c->lock);
}

static void *thread_main(void *arg)
{
    struct crew_thread *t = arg;
    t->work(t->ctx);
    leave(t->crew);
    return NULL;
}

static int create(struct crew_thread *t, size_t stack_bytes)
{
    pthread_attr_t attr;
    sigset_t all, before;
    sigfillset(&all);
    pthread_attr_init(&attr);
    if (stack_bytes > 0)
        pthread_attr_setstacksize(&attr, stack_bytes);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&t->thread, &attr, thread_main, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return rc;
}

bool crew_start(struct crew *c, struct crew_thread *t, const char *name, void (*work)(void *ctx),
                void *ctx, struct err *e)
{
    char shown[CREW_NAME_CAP];
    *t = (struct crew_thread){ .crew = c, .work = work, .ctx = ctx };
    enter(c);
    int rc = create(t, c->stack_bytes);
    if (rc != 0) {
        leave(c);
        return err_set_sys(e, ERR_STATION, rc, "%s: its thread cannot be started", name);
    }
    t->started = true;
    snprintf(shown, sizeof shown, "%s", name);
    pthread_setname_np(t->thread, shown); /* helps people; without it all works as well */
    return true;
}

void crew_join(struct crew_thread *t)
{
    if (t->started)
        pthread_join(t->thread, NULL);
    t->started = false;
}

bool crew_is_done(struct crew *c)
{
    pthread_mutex_lock(&c->lock);
    bool done = c->working == 0;
    pthread_mutex_unlock(&c->lock);
    return done;
}

int crew_done_fd(const struct crew *c)
{
    return c->done_fd;
}
