#include "station/line/gang.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

bool gang_init(struct gang *g, struct err *e)
{
    g->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (g->stop_fd < 0)
        return err_set_sys(e, ERR_STATION, errno, "The slots cannot be set up");
    atomic_init(&g->stopping, false);
    g->mac_count = 0;
    pthread_mutex_init(&g->lock, NULL);
    return true;
}

void gang_done(struct gang *g)
{
    close(g->stop_fd);
    pthread_mutex_destroy(&g->lock);
}

void gang_stop_soft(struct gang *g)
{
    atomic_store(&g->stopping, true);
}

void gang_stop_hard(struct gang *g)
{
    gang_stop_soft(g);
    eventfd_write(g->stop_fd, 1);
}

static bool same_mac(const struct chip_mac *a, const struct chip_mac *b)
{
    return a->count == b->count && memcmp(a->bytes, b->bytes, a->count) == 0;
}

static void release_locked(struct gang *g, int slot)
{
    for (size_t i = 0; i < g->mac_count; i++) {
        if (g->macs[i].slot == slot)
            g->macs[i] = g->macs[--g->mac_count];
    }
}

bool gang_claim_mac(struct gang *g, int slot, const struct chip_mac *mac, int *other)
{
    bool free_to_take = true;
    pthread_mutex_lock(&g->lock);
    for (size_t i = 0; i < g->mac_count && free_to_take; i++) {
        if (g->macs[i].slot != slot && same_mac(&g->macs[i].mac, mac)) {
            *other = g->macs[i].slot;
            free_to_take = false;
        }
    }
    if (free_to_take) {
        release_locked(g, slot);
        g->macs[g->mac_count].mac = *mac;
        g->macs[g->mac_count++].slot = slot;
    }
    pthread_mutex_unlock(&g->lock);
    return free_to_take;
}

void gang_release_mac(struct gang *g, int slot)
{
    pthread_mutex_lock(&g->lock);
    release_locked(g, slot);
    pthread_mutex_unlock(&g->lock);
}
