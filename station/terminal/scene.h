/*
 * What a terminal shows, and where that comes from: the floor of this process, a session, or a
 * station that runs elsewhere.
 */
#ifndef STATION_SCENE_H
#define STATION_SCENE_H

#include "station/floor/floor.h"

struct scene {
    struct floor_summary sum;
    bool asks_people;              /* who acts has to log in */
    char person[ACTOR_NAME_BYTES]; /* who has, here; "": nobody */
    struct tile *tiles;            /* by number */
    size_t count, cap;
    bool stale;        /* nobody has told for a while: it may look otherwise by now */
    bool gone;         /* stale: there is no station any more; else it is there and says nothing */
    unsigned silent_s; /* stale: so long */
    bool unheard;      /* nobody has told anything yet */
};

/* Makes room for so many tiles; those that are there stay. False: no memory. */
bool scene_reserve(struct scene *scene, size_t count);
void scene_done(struct scene *scene);

struct scene_source {
    void *ctx;
    /* Looks anew, without waiting for anything. */
    void (*look)(void *ctx, struct scene *scene);
    /* Likewise without waiting for a board. Who acts the source knows. NULL: there is nothing to
     * act on. */
    bool (*act)(void *ctx, const struct act *act, struct err *e);
    /* See desk_log_in. NULL: nobody has to. */
    bool (*log_in)(void *ctx, const char *name, const char *secret, struct err *e);
};

#endif
