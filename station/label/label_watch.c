#include "station/label/label_watch.h"

#include "db/write/act.h"
#include "station/label/label_desk.h"
#include "station/label/label_finish.h"
#include "station/line/record.h"

#include <stdlib.h>

#define EVENTS_MAX 64

struct label_watching {
    struct floor *floor;
    const struct station_printer *printer;
    struct label_desk *desk;
};

static void tell(void *ctx, int slot, int64_t run_id, const char *sentence)
{
    floor_note(((struct label_watching *)ctx)->floor, slot, run_id, sentence);
}

static bool waits(void *ctx, int64_t run_id, struct err *why)
{
    return label_desk_waits(((struct label_watching *)ctx)->desk, run_id, why);
}

static bool print_again(void *ctx, const struct order *order, const struct db_act *act,
                        struct err *e)
{
    struct label_watching *const w = ctx;
    if (act->run_id == 0)
        return err_set(e, ERR_USAGE, "Slot %d shows no board that has passed", act->slot);
    if (!record_label_again(floor_record(w->floor), order, act, w->printer->to, e))
        return false;
    label_desk_wake(w->desk);
    return true;
}

static bool open_desk(struct label_watching *w, struct err *e)
{
    const struct label_desk_setup setup = { .db = record_db(floor_record(w->floor)),
                                            .printer = w->printer,
                                            .clock = &clock_system,
                                            .reader = floor_watch(w->floor, EVENTS_MAX, e),
                                            .tell = tell,
                                            .ctx = w };
    w->desk = setup.reader ? label_desk_new(&setup, e) : NULL;
    return w->desk != NULL;
}

static bool start(struct floor *f, const struct station *station, void **state, struct err *e)
{
    *state = NULL;
    if (!station->printer.to || !floor_record(f))
        return true;
    struct label_watching *const w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_STATION, "Out of memory for labels");
    *w = (struct label_watching){ .floor = f, .printer = &station->printer };
    if (!open_desk(w, e)) {
        free(w);
        return false;
    }
    label_tell_unsure(label_desk_unsure(w->desk), floor_db_path(f));
    floor_set_printer(f, print_again, w);
    floor_set_label_waits(f, waits, w);
    *state = w;
    return true;
}

static void end(void *state)
{
    struct label_watching *const w = state;
    floor_set_printer(w->floor, NULL, NULL);
    floor_set_label_waits(w->floor, NULL, NULL);
    label_desk_await(w->desk, 2000, -1);
    label_desk_free(w->desk);
    free(w);
}

const struct watcher label_watch = { "Labels", start, end };
