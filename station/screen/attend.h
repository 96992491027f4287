/*
 * The main thread of a command with a session: shows on a screen what comes, and passes on what
 * asks from outside to stop, until no slot works any more.
 */
#ifndef STATION_ATTEND_H
#define STATION_ATTEND_H

#include "station/base/stop_source.h"
#include "station/screen/screen.h"

/* A descriptor that says something to the command while boards are flashed; `take` is called
 * when it is readable, and gives false when it has come to its end. */
struct attend_input {
    int fd; /* below 0: none */
    bool (*take)(void *ctx);
    void *ctx;
};

/* `reader` watches the session since before its first slot, and misses nothing but progress:
 * each verdict is counted in show->headcount. `stop` is open since before that, too. A first
 * Ctrl-C lets the boards in work finish; a second one, and whatever else ends programs, stops
 * them. `input` NULL: there is none. */
void attend_until_done(const struct screen *screen, const struct show *show,
                       struct event_reader *reader, struct stop_source *stop,
                       const struct attend_input *input);

#endif
