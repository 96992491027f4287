#include "station/slots/learn.h"

#include <stdio.h>
#include <string.h>

void learn_init(struct learn *l, const struct station *station, const char *const *names,
                size_t count, bool by_speech)
{
    memset(l, 0, sizeof *l);
    l->station = station;
    l->names = names;
    l->count = count < STATION_SLOTS_MAX ? count : STATION_SLOTS_MAX;
    l->by_speech = by_speech;
}

const char *learn_asks(const struct learn *l)
{
    return l->next < l->count ? l->names[l->next] : NULL;
}

void learn_skip(struct learn *l)
{
    if (l->next < l->count)
        l->next++;
}

static const struct learn_known *find_before(const struct learn *l, const char *socket)
{
    for (size_t i = 0; i < l->before_count; i++) {
        if (strcmp(l->before[i].socket, socket) == 0)
            return &l->before[i];
    }
    return NULL;
}

static bool is_new(const struct learn *l, const struct learn_sight *sight)
{
    const struct learn_known *before = find_before(l, sight->socket);
    if (!l->by_speech)
        return !before || before->device_number != sight->device_number;
    return sight->starts || (sight->speaks && before && !before->spoke);
}

static void remember(struct learn *l, const struct learn_sight *sights, size_t count)
{
    struct learn_known now[LEARN_SOCKETS_MAX] = { { .spoke = false } };
    const size_t n = count < LEARN_SOCKETS_MAX ? count : LEARN_SOCKETS_MAX;
    for (size_t i = 0; i < n; i++) {
        const struct learn_known *before = find_before(l, sights[i].socket);
        snprintf(now[i].socket, sizeof now[i].socket, "%s", sights[i].socket);
        now[i].device_number = sights[i].device_number;
        now[i].spoke = sights[i].speaks || (before && before->spoke);
    }
    memcpy(l->before, now, n * sizeof now[0]);
    l->before_count = n;
    l->pending_count = 0;
}

/* The other slot that has this socket: of those learned now, or of the file. A slot of the file
 * that is learned anew has given its socket up. */
static const char *owner_of(const struct learn *l, const char *socket)
{
    for (size_t i = 0; i < l->next; i++) {
        if (strcmp(l->taken[i], socket) == 0)
            return l->names[i];
    }
    for (size_t i = 0; l->station && i < l->station->slot_count; i++) {
        const struct station_slot *slot = &l->station->slots[i];
        bool asked = false;
        for (size_t k = 0; k < l->count; k++)
            asked =
                asked || (strcmp(l->names[k], slot->name) == 0 && (k == l->next || l->taken[k][0]));
        if (!asked && slot->usb && strcmp(slot->usb, socket) == 0)
            return slot->name;
    }
    return NULL;
}

static struct learn_event decide(struct learn *l)
{
    struct learn_event event = { .socket = l->pending, .count = l->pending_count };
    const char *owner = l->pending_count == 1 ? owner_of(l, l->pending) : NULL;
    event.step = l->pending_count > 1 ? LEARN_SEVERAL : owner ? LEARN_OTHER : LEARN_TOOK;
    event.name = owner ? owner : l->names[l->next];
    if (event.step == LEARN_TOOK)
        snprintf(l->taken[l->next++], USB_SOCKET_BYTES, "%s", l->pending);
    return event;
}

struct learn_event learn_look(struct learn *l, const struct learn_sight *sights, size_t count)
{
    const struct learn_event nothing = { .step = LEARN_WAIT };
    size_t fresh = 0;
    const char *first = NULL;
    for (size_t i = 0; i < count; i++) {
        if (!l->looked || !is_new(l, &sights[i]))
            continue;
        first = first ? first : sights[i].socket;
        fresh++;
    }
    l->looked = true;
    if (fresh == 0 || l->next >= l->count) {
        remember(l, sights, count);
        return nothing;
    }
    /* The ports of one adapter do not come in one moment: what came is looked at twice. */
    const bool settled =
        l->by_speech || (fresh == l->pending_count && strcmp(first, l->pending) == 0);
    snprintf(l->pending, sizeof l->pending, "%s", first);
    l->pending_count = fresh;
    if (!settled)
        return nothing;
    const struct learn_event event = decide(l);
    remember(l, sights, count);
    return event;
}
