#include "station/fleet/fleet_watch.h"

#include "station/fleet/fleet_gate.h"
#include "station/fleet/fleet_sender.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINISH_MS 15000u

bool fleet_is_wanted(const struct station *station, const char *db_path)
{
    return station && station->fleet_server && station->record_path && db_path &&
           strcmp(station->record_path, db_path) == 0;
}

static void tell(void *ctx, const char *sentence)
{
    floor_note(ctx, 0, 0, sentence);
}

struct fleet_gate *fleet_gate_open(const struct station *station, const char *db_path,
                                   struct record *record,
                                   void (*say)(void *ctx, const char *sentence), void *ctx,
                                   struct err *e)
{
    const struct fleet_gate_setup setup = { .server = station->fleet_server,
                                            .station = station->name,
                                            .db_path = db_path,
                                            .record = record,
                                            .numbers = station->fleet_numbers,
                                            .clock = &clock_system,
                                            .tell = say,
                                            .ctx = ctx };
    return fleet_gate_new(&setup, e);
}

/* Both threads of a line. */
struct watch {
    struct fleet_sender *sender;
    struct fleet_gate *gate;
};

static void end(void *state)
{
    struct watch *const w = state;
    fleet_gate_free(w->gate);
    fleet_finish(w->sender);
    free(w);
}

static bool begin(struct watch *w, struct floor *f, const struct station *station, struct err *e)
{
    const struct fleet_sender_setup setup = { .server = station->fleet_server,
                                              .station = station->name,
                                              .db_path = floor_db_path(f),
                                              .clock = &clock_system,
                                              .tell = tell,
                                              .ctx = f };
    w->sender = fleet_sender_new(&setup, e);
    w->gate =
        w->sender ? fleet_gate_open(station, floor_db_path(f), floor_record(f), tell, f, e) : NULL;
    return w->gate != NULL;
}

static bool start(struct floor *f, const struct station *station, void **state, struct err *e)
{
    *state = NULL;
    if (!fleet_is_wanted(station, floor_db_path(f)))
        return true;
    struct watch *const w = calloc(1, sizeof *w);
    if (!w)
        return err_set(e, ERR_STATION, "Out of memory for the fleet");
    if (begin(w, f, station, e)) {
        *state = w;
        return true;
    }
    fleet_sender_free(w->sender);
    free(w);
    return false;
}

const struct watcher fleet_watch = { "Fleet", start, end };

static void tell_twice(struct fleet_sender *s)
{
    char first[320];
    const int64_t twice = fleet_sender_twice(s, first, sizeof first);
    if (twice > 0)
        fprintf(stderr, "espstation: %s%s\n", first,
                twice > 1 ? "; there are more, see espstation.duplicates on the server" : "");
}

void fleet_finish(struct fleet_sender *s)
{
    struct err why = { 0 };
    int64_t left = 0;
    if (!s)
        return;
    const bool done = fleet_sender_await(s, FINISH_MS, &left, &why);
    tell_twice(s);
    fleet_sender_free(s);
    if (done)
        return;
    fprintf(stderr, "espstation: the fleet's server has not got all yet");
    if (left > 0)
        fprintf(stderr, ": %" PRId64 " links of the record wait", left);
    fprintf(stderr, ". %s\n  ", why.code != ERR_NONE ? why.what : "It takes its time");
    if (why.hint[0] && !strstr(why.hint, "Nothing is lost"))
        fprintf(stderr, "%s%s ", why.hint, err_stop(why.hint));
    fprintf(stderr, "Nothing is lost; to send it: espstation fleet send\n");
}
