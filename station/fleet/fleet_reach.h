/* The fleet's server, for a command. */
#ifndef STATION_FLEET_REACH_H
#define STATION_FLEET_REACH_H

#include "db/fleet/fleet.h"
#include "recipes/station/station_file.h"
#include "station/base/stop_source.h"

/* All that lives while a command talks to it. Of FLEET_REACH_NONE, then opened. */
struct fleet_reach {
    struct station *station; /* NULL: there is no station file */
    struct stop_source stop;
    struct fleet *fleet;
};

#define FLEET_REACH_NONE                                                                           \
    {                                                                                              \
        .stop = STOP_SOURCE_CLOSED                                                                 \
    }

#define OPTION_SERVER(to)                                                                          \
    {                                                                                              \
        "--server", "TEXT",                                                                        \
            "the fleet's server, in libpq's words; default: that of the station file", NULL, (to), \
            NULL                                                                                   \
    }

/* Connects to `server` (NULL: that of the station file, `station_given` being what stands behind
 * --station). Ctrl-C gives up. ERR_USAGE: nobody says where it is, or a password stands there. */
bool fleet_reach_open(struct fleet_reach *r, const char *station_given, const char *server,
                      struct err *e);

/* Also of one that was not opened, or not whole. */
void fleet_reach_close(struct fleet_reach *r);

#endif
