#include "station/scan/scan_route.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SLOT_WORD "slot:"

void scan_route_init(struct scan_route *r, const struct station *station,
                     const struct station_scanner *config)
{
    *r = (struct scan_route){ .station = station, .config = config };
}

/* The number of the slot of this name, in any case of letters as scanners change it; 0: none. */
static int slot_named(const struct station *station, const char *name)
{
    for (size_t i = 0; i < station->slot_count; i++) {
        if (strcasecmp(station->slots[i].name, name) == 0)
            return (int)i + 1;
    }
    return 0;
}

static bool is_bounce(struct scan_route *r, const char *code, uint64_t now_ms)
{
    const bool same =
        r->last[0] && now_ms - r->last_ms < SCAN_BOUNCE_MS && strcmp(r->last, code) == 0;
    snprintf(r->last, sizeof r->last, "%s", code);
    r->last_ms = now_ms;
    return same;
}

/* Once one slot is named nothing is held for another one. */
static enum scan_said deliver_to(struct scan_route *r, int to, const char *code,
                                 scan_deliver *deliver, void *ctx, int *slot, struct err *e)
{
    *slot = to;
    const bool ok = deliver(ctx, to, code, e);
    r->slot = 0;
    r->held[0] = '\0';
    if (!ok)
        err_wrap(e, "Scanner %s", r->config->name);
    return ok ? SCAN_TAKEN : SCAN_REFUSED;
}

static enum scan_said take_slot(struct scan_route *r, const char *name, uint64_t now_ms,
                                scan_deliver *deliver, void *ctx, int *slot, struct err *e)
{
    char code[SCAN_CODE_BYTES];
    const int number = slot_named(r->station, name);
    if (number == 0) {
        err_set(e, ERR_USAGE, "Scanner %s: this station has no slot '%.40s'", r->config->name,
                name);
        err_hint(e, "To see its slots: espstation slots show");
        return SCAN_REFUSED;
    }
    if (r->held[0] && now_ms <= r->held_until_ms) {
        snprintf(code, sizeof code, "%s", r->held);
        return deliver_to(r, number, code, deliver, ctx, slot, e);
    }
    *slot = r->slot = number;
    r->slot_until_ms = now_ms + SCAN_PAIR_MS;
    return SCAN_SLOT;
}

/* Nobody has said which slot. What does not find its place is kept for a slot's code that may
 * follow, and only as long as a hand takes: never for the next board. */
static enum scan_said take_for_any(struct scan_route *r, const char *code, uint64_t now_ms,
                                   scan_deliver *deliver, void *ctx, int *slot, struct err *e)
{
    const enum scan_said said = deliver_to(r, 0, code, deliver, ctx, slot, e);
    if (said == SCAN_REFUSED) {
        snprintf(r->held, sizeof r->held, "%s", code);
        r->held_until_ms = now_ms + SCAN_PAIR_MS;
    }
    return said;
}

enum scan_said scan_route_take(struct scan_route *r, const char *code, uint64_t now_ms,
                               scan_deliver *deliver, void *ctx, int *slot, struct err *e)
{
    *slot = 0;
    if (is_bounce(r, code, now_ms))
        return SCAN_BOUNCED;
    if (strncasecmp(code, SLOT_WORD, strlen(SLOT_WORD)) == 0)
        return take_slot(r, code + strlen(SLOT_WORD), now_ms, deliver, ctx, slot, e);
    if (r->slot && now_ms <= r->slot_until_ms)
        return deliver_to(r, r->slot, code, deliver, ctx, slot, e);
    if (r->config->slot)
        return deliver_to(r, slot_named(r->station, r->config->slot), code, deliver, ctx, slot, e);
    return take_for_any(r, code, now_ms, deliver, ctx, slot, e);
}
