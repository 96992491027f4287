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
#define OPTION_STATION_NAME(to)                                                                    \
    {                                                                                              \
        "--station-name", "NAME", "with --fleet: this station alone", NULL, (to), NULL             \
    }

/* What a command that reads may be asked of the fleet. */
struct fleet_choice {
    bool fleet; /* --fleet */
    const char *server, *station_name, *station_path;
};

#define OPTIONS_FLEET(c) OPTIONS_FLEET_WHOLE(c), OPTION_STATION_NAME(&(c)->station_name)
/* For what has no use for one station alone. */
#define OPTIONS_FLEET_WHOLE(c)                                                                     \
    { "--fleet", NULL, "over all stations, from the fleet's server", &(c)->fleet, NULL, NULL },    \
        OPTION_SERVER(&(c)->server), OPTION_STATION(&(c)->station_path)

/* Connects to a server whose tables are this program's. ERR_USAGE also for choices that need
 * --fleet, without it; true then, and r->fleet NULL, if none was made. */
bool fleet_choice_open(const struct fleet_choice *c, struct fleet_reach *r, struct err *e);

/* Connects to `server` (NULL: that of the station file, `station_given` being what stands behind
 * --station). Ctrl-C gives up. ERR_USAGE: nobody says where it is, or a password stands there. */
bool fleet_reach_open(struct fleet_reach *r, const char *station_given, const char *server,
                      struct err *e);

/* Also of one that was not opened, or not whole. */
void fleet_reach_close(struct fleet_reach *r);

#endif
