/* The fleet's sender beside a station that runs all day, and beside a run. */
#ifndef STATION_FLEET_WATCH_H
#define STATION_FLEET_WATCH_H

#include "station/floor/floor_open.h"

struct fleet_sender;
struct fleet_gate;

extern const struct watcher fleet_watch;

/* Whether this station file (NULL: none) has a server, and `db_path` is the record it names: no
 * other goes to the server under its name. */
bool fleet_is_wanted(const struct station *station, const char *db_path);

/* Opens the gate of a session's record to the server of this station file, which is wanted. The
 * sentences of gate and sender go to `tell`. */
struct fleet_gate *fleet_gate_open(const struct station *station, const char *db_path,
                                   struct record *record,
                                   void (*tell)(void *ctx, const char *sentence), void *ctx,
                                   struct err *e);

/* Gives the last rows a few seconds, says on standard error what waits, and ends the sender. NULL
 * is fine. */
void fleet_finish(struct fleet_sender *s);

#endif
