#include "station/fleet/fleet_watch.h"

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

static bool start(struct floor *f, const struct station *station, void **state, struct err *e)
{
    *state = NULL;
    if (!fleet_is_wanted(station, floor_db_path(f)))
        return true;
    const struct fleet_sender_setup setup = { .server = station->fleet_server,
                                              .station = station->name,
                                              .db_path = floor_db_path(f),
                                              .clock = &clock_system,
                                              .tell = tell,
                                              .ctx = f };
    *state = fleet_sender_new(&setup, e);
    return *state != NULL;
}

static void end(void *state)
{
    fleet_finish(state);
}

const struct watcher fleet_watch = { "Fleet", start, end };

void fleet_finish(struct fleet_sender *s)
{
    struct err why = { 0 };
    int64_t left = 0;
    if (!s)
        return;
    const bool done = fleet_sender_await(s, FINISH_MS, &left, &why);
    fleet_sender_free(s);
    if (done)
        return;
    fprintf(stderr, "espstation: the fleet's server has not got all yet");
    if (left > 0)
        fprintf(stderr, ": %" PRId64 " links of the record wait", left);
    fprintf(stderr, ". %s\n", why.code != ERR_NONE ? why.what : "It takes its time");
    const bool adds = why.hint[0] && !strstr(why.hint, "Nothing is lost");
    fprintf(stderr, "  %s%sNothing is lost; to send it: espstation fleet send\n",
            adds ? why.hint : "", adds ? " " : "");
}
