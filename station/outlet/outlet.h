/*
 * What both ways out to the factory share: a thread of its own beside the floor, which no slot
 * waits for, and what it says when something is wrong.
 */
#ifndef STATION_OUTLET_H
#define STATION_OUTLET_H

#include "recipes/station/station_file.h"
#include "station/floor/floor_open.h"
#include "station/line/crew.h"
#include "station/outlet/outlet_queue.h"

#define OUTLET_SAID_BYTES 320

struct outlet {
    struct floor *floor;           /* NULL: nobody to tell */
    const struct station *station; /* lent */
    const char *name;              /* "MQTT", "webhook": for people */
    const char *suffix;            /* of the file beside the record */
    const struct clock *clock;
    int stop_fd; /* readable: end */
    struct crew crew;
    struct crew_thread thread;
    /* Of the thread alone: */
    struct outlet_queue *queue;
    int again_ms;                 /* until the next try */
    char said[OUTLET_SAID_BYTES]; /* last; "": all is well */
};

/* Begins work(ctx) on its thread. `o` has its first five members. */
bool outlet_begin(struct outlet *o, void (*work)(void *ctx), void *ctx, struct err *e);

/* Tells the thread to end, and waits for it. Also of one that did not begin. */
void outlet_end(struct outlet *o);

/* ---- On its thread ---- */

bool outlet_is_stopped(const struct outlet *o);

/* For so long, or until it is to end. */
void outlet_rest(const struct outlet *o, int ms);

/* The queue, opened when it can be. */
bool outlet_open_queue(struct outlet *o, struct err *e);

/* Says what keeps events here, once for each reason; code ERR_NONE: that they go again. */
void outlet_say(struct outlet *o, const struct err *e);

/* How long to wait after so many failures in a row: longer each time, up to a minute. */
int outlet_backoff(struct outlet *o);
void outlet_went_well(struct outlet *o);

/* ---- Secrets ---- */

#define OUTLET_SECRET_CAP 512

/* The one line of a file that nobody but its owner may read. ERR_USAGE. */
bool outlet_read_secret(const char *path, char *secret, size_t cap, struct err *e);

#endif
