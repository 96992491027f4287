#include "station/pool.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Deep enough for a block's frame, an error text and a transaction of the database. */
#define STACK_BYTES ((size_t)256 << 10)

static void raise_fd(int fd)
{
    const uint64_t one = 1;
    if (write(fd, &one, sizeof one) < 0)
        return; /* the counter is full, so it is readable already */
}

static void *thread_main(void *arg)
{
    struct slot *s = arg;
    struct pool *p = s->pool;
    slot_main(s);
    if (atomic_fetch_sub(&p->running, 1) == 1)
        raise_fd(p->done_fd);
    return NULL;
}

static bool start_thread(struct slot *s, struct err *e)
{
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    int rc = pthread_create(&s->thread, &attr, thread_main, s);
    pthread_attr_destroy(&attr);
    if (rc != 0)
        return err_set_sys(e, ERR_STATION, rc, "Slot %d: its thread cannot be started", s->number);
    s->started = true;
    return true;
}

static bool check_ports(const struct pool_setup *setup, struct err *e)
{
    if (setup->port_count == 0) {
        err_set(e, ERR_USAGE, "No port is given, and none was found");
        return err_hint(e, "Plug the fixture in, or name ports: --port /dev/ttyUSB0 --port ...");
    }
    if (setup->port_count > POOL_SLOTS_MAX)
        return err_set(e, ERR_USAGE, "%zu ports are given; a station drives at most %d",
                       setup->port_count, POOL_SLOTS_MAX);
    for (size_t i = 0; i < setup->port_count; i++) {
        if (!port_ops_for(setup->ports[i], e))
            return false;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(setup->ports[i], setup->ports[k]) == 0)
                return err_set(e, ERR_USAGE, "The port '%s' is given twice", setup->ports[i]);
        }
    }
    return true;
}

static bool start_all(struct pool *p, struct err *e)
{
    atomic_store(&p->running, (int)p->slot_count);
    for (size_t i = 0; i < p->slot_count; i++) {
        if (start_thread(&p->slots[i], e))
            continue;
        atomic_fetch_sub(&p->running, (int)(p->slot_count - i));
        return false;
    }
    return true;
}

struct pool *pool_new(const struct pool_setup *setup, struct err *e)
{
    if (!check_ports(setup, e))
        return NULL;
    struct pool *p = calloc(1, sizeof *p);
    struct slot *slots = calloc(setup->port_count, sizeof *slots);
    int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!p || !slots || stop_fd < 0 || done_fd < 0) {
        err_set_sys(e, ERR_STATION, errno, "The slots cannot be set up");
        goto fail;
    }
    p->setup = *setup;
    p->slots = slots;
    p->slot_count = setup->port_count;
    p->stop_fd = stop_fd;
    p->done_fd = done_fd;
    pthread_mutex_init(&p->lock, NULL);
    for (size_t i = 0; i < p->slot_count; i++)
        slot_init(&slots[i], (int)i + 1, setup->ports[i], p);
    if (start_all(p, e))
        return p;
    pool_stop_hard(p);
    pool_free(p);
    return NULL;
fail:
    if (stop_fd >= 0)
        close(stop_fd);
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
    close(p->stop_fd);
    close(p->done_fd);
    pthread_mutex_destroy(&p->lock);
    free(p->slots);
    free(p);
}

void pool_stop_soft(struct pool *p)
{
    atomic_store(&p->stopping, true);
}

void pool_stop_hard(struct pool *p)
{
    pool_stop_soft(p);
    raise_fd(p->stop_fd);
}

bool pool_done(const struct pool *p)
{
    return atomic_load(&p->running) == 0;
}

static bool same_mac(const struct chip_mac *a, const struct chip_mac *b)
{
    return a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0;
}

static void release_locked(struct pool *p, int slot)
{
    for (size_t i = 0; i < p->mac_count; i++) {
        if (p->macs[i].slot == slot)
            p->macs[i] = p->macs[--p->mac_count];
    }
}

bool pool_claim_mac(struct pool *p, int slot, const struct chip_mac *mac, int *other)
{
    bool free_to_take = true;
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->mac_count && free_to_take; i++) {
        if (p->macs[i].slot != slot && same_mac(&p->macs[i].mac, mac)) {
            *other = p->macs[i].slot;
            free_to_take = false;
        }
    }
    if (free_to_take) {
        release_locked(p, slot);
        p->macs[p->mac_count].mac = *mac;
        p->macs[p->mac_count++].slot = slot;
    }
    pthread_mutex_unlock(&p->lock);
    return free_to_take;
}

void pool_release_mac(struct pool *p, int slot)
{
    pthread_mutex_lock(&p->lock);
    release_locked(p, slot);
    pthread_mutex_unlock(&p->lock);
}
