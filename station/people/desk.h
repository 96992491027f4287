/*
 * A place from which people act, one at a time: a terminal, a program at the line's socket. Where
 * there is a people file, who acts has logged in there; else a name is taken as it is typed.
 * One thread at a time.
 */
#ifndef STATION_DESK_H
#define STATION_DESK_H

#include "station/people/people.h"

struct desk {
    struct people *people; /* lent; NULL: there is no people file */
    struct actor actor;    /* who has logged in; name "": nobody */
};

/* By name and PIN, or by a badge alone with name "". With secret NULL the person goes. ERR_USAGE,
 * ERR_STATION: as people_log_in; nobody is there then. Takes a tenth of a second. */
bool desk_log_in(struct desk *desk, const char *name, const char *secret, struct err *e);

/* Who acts now: the person there, if still in the people file; without one `typed` (NULL: ""), as
 * an engineer. `free_to_all`: also nobody may, as to stop boards. ERR_USAGE: nobody is logged in.
 */
bool desk_actor(struct desk *desk, const char *typed, bool free_to_all, struct actor *actor,
                struct err *e);

#endif
