#include "station/line/pool.h"

#include "station/line/ports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Deep enough for a block's frame, an error text and a transaction of the database. */
#define STACK_BYTES ((size_t)256 << 10)

/* What a thread is told; freed by it. */
struct start {
    struct pool *pool;
    struct slot *slot;
};

static void *thread_main(void *arg)
{
    struct start start = *(struct start *)arg;
    free(arg);
    slot_main(start.slot);
    if (atomic_fetch_sub(&start.pool->running, 1) == 1)
        eventfd_write(start.pool->done_fd, 1);
    return NULL;
}

static bool start_thread(struct pool *p, struct slot *s, struct err *e)
{
    pthread_attr_t attr;
    struct start *start = malloc(sizeof *start);
    if (!start)
        return err_set(e, ERR_STATION, "Out of memory for slot %d", s->number);
    *start = (struct start){ p, s };
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int rc = pthread_create(&s->thread, &attr, thread_main, start);
    pthread_attr_destroy(&attr);
    if (rc != 0) {
        free(start);
        return err_set_sys(e, ERR_STATION, rc, "Slot %d: its thread cannot be started", s->number);
    }
    s->started = true;
    return true;
}

static bool start_all(struct pool *p, struct err *e)
{
    atomic_store(&p->running, (int)p->slot_count);
    for (size_t i = 0; i < p->slot_count; i++) {
        if (start_thread(p, &p->slots[i], e))
            continue;
        atomic_fetch_sub(&p->running, (int)(p->slot_count - i));
        return false;
    }
    return true;
}

struct pool *pool_new(struct gang *gang, const char *const *ports, size_t port_count, struct err *e)
{
    if (!ports_check(ports, port_count, e))
        return NULL;
    struct pool *p = calloc(1, sizeof *p);
    struct slot *slots = calloc(port_count, sizeof *slots);
    int done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!p || !slots || done_fd < 0) {
        err_set_sys(e, ERR_STATION, errno, "The slots cannot be set up");
        goto fail;
    }
    p->gang = gang;
    p->slots = slots;
    p->slot_count = port_count;
    p->done_fd = done_fd;
    for (size_t i = 0; i < port_count; i++)
        slot_init(&slots[i], gang->numbers ? gang->numbers[i] : (int)i + 1, ports[i], gang);
    if (start_all(p, e))
        return p;
    gang_stop_hard(gang);
    pool_free(p);
    return NULL;
fail:
    if (done_fd >= 0)
        close(done_fd);
    free(slots);
    free(p);
    return NULL;
}

void pool_free(struct pool *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->slot_count; i++) {
        if (p->slots[i].started)
            pthread_join(p->slots[i].thread, NULL);
        slot_done(&p->slots[i]);
    }
    close(p->done_fd);
    free(p->slots);
    free(p);
}

bool pool_done(const struct pool *p)
{
    return atomic_load(&p->running) == 0;
}
