#include "station/line/gang.h"

#include <string.h>

void gang_init(struct gang *g)
{
    g->order = NULL;
    g->mac_count = 0;
    g->pass_count = 0;
    pthread_mutex_init(&g->lock, NULL);
}

void gang_done(struct gang *g)
{
    order_release(g->order);
    pthread_mutex_destroy(&g->lock);
}

/* ---- The order ---- */

void gang_set_order(struct gang *g, struct order *order)
{
    struct order *before;
    order_hold(order);
    pthread_mutex_lock(&g->lock);
    before = g->order;
    g->order = order;
    pthread_mutex_unlock(&g->lock);
    order_release(before); /* which may take a while: it frees a job */
}

struct order *gang_order(struct gang *g)
{
    pthread_mutex_lock(&g->lock);
    struct order *order = g->order ? order_hold(g->order) : NULL;
    pthread_mutex_unlock(&g->lock);
    return order;
}

/* ---- Which board sits where ---- */

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

bool gang_is_golden(const struct gang *g, const struct chip_mac *mac)
{
    char text[BOARD_MAC_TEXT_BYTES];
    board_mac_text(mac, text);
    for (size_t i = 0; mac->count > 0 && i < g->golden_count; i++) {
        if (strcmp(g->golden[i], text) == 0)
            return true;
    }
    return false;
}

/* ---- Who has passed ---- */

void gang_note_pass(struct gang *g, int slot, const struct order *order, const struct chip_mac *mac,
                    int64_t run_id)
{
    const struct order_rows *rows = order_rows(order);
    pthread_mutex_lock(&g->lock);
    g->passes[g->pass_count++ % GANG_PASSES_MAX] = (struct gang_pass){ .mac = *mac,
                                                                       .slot = slot,
                                                                       .recipe_id = rows->recipe_id,
                                                                       .lot_id = rows->lot_id,
                                                                       .run_id = run_id };
    pthread_mutex_unlock(&g->lock);
}

bool gang_has_passed(struct gang *g, int slot, const struct order *order,
                     const struct chip_mac *mac, struct db_passed_run *passed)
{
    bool found = false;
    const struct order_rows *rows = order_rows(order);
    pthread_mutex_lock(&g->lock);
    const size_t n = g->pass_count < GANG_PASSES_MAX ? g->pass_count : GANG_PASSES_MAX;
    for (size_t i = 0; i < n && !found; i++) {
        const struct gang_pass *p = &g->passes[i];
        found = (slot == 0 || p->slot == slot) && same_mac(&p->mac, mac) &&
                p->recipe_id == rows->recipe_id && p->lot_id == rows->lot_id;
        if (found)
            *passed = (struct db_passed_run){ p->run_id, p->slot };
    }
    pthread_mutex_unlock(&g->lock);
    return found;
}
