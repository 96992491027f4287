#include "station/scan/scan_watch.h"

#include "core/base/plain.h"
#include "station/scan/scan_desk.h"

#include <stdio.h>
#include <stdlib.h>

struct scan_watching {
    struct floor *floor;
    struct scan_desk *desk;
};

static bool deliver(void *ctx, int slot, const char *code, struct err *e)
{
    const struct scan_watching *const w = ctx;
    const struct act act = {
        .kind = ACT_CODE, .slot = slot, .actor = { .role = ROLE_OPERATOR }, .text = code
    };
    return floor_act(w->floor, &act, e);
}

/* A code that fits nothing gets a sentence, with a bell for who looks at the board. */
static void tell(void *ctx, const struct station_scanner *scanner, enum scan_said said, int slot,
                 const char *code, const struct err *why)
{
    const struct scan_watching *const w = ctx;
    (void)scanner; /* each sentence begins with it */
    (void)code;    /* it may be a secret */
    if (said != SCAN_REFUSED)
        return;
    if (slot > 0)
        floor_note(w->floor, slot, 0, why->what);
    fprintf(stderr, "\aespstation: %s%s\n", why->what, err_stop(why->what));
    if (why->hint[0])
        fprintf(stderr, "  %s\n", why->hint);
}

static bool start(struct floor *f, const struct station *station, void **state, struct err *e)
{
    *state = NULL;
    if (station->scanner_count == 0)
        return true;
    struct scan_watching *const w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_STATION, "Out of memory for scanners");
    w->floor = f;
    const struct scan_desk_setup setup = {
        .station = station, .clock = &clock_system, .deliver = deliver, .tell = tell, .ctx = w
    };
    w->desk = scan_desk_new(&setup, e);
    if (!w->desk) {
        free(w);
        return false;
    }
    *state = w;
    return true;
}

static void end(void *state)
{
    struct scan_watching *const w = state;
    scan_desk_free(w->desk);
    free(w);
}

const struct watcher scan_watch = { "Scanners", start, end };
