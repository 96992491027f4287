/* Events of a station that runs all day, out to an MQTT broker and to a server over HTTP. */
#ifndef STATION_OUTLET_WATCH_H
#define STATION_OUTLET_WATCH_H

#include "station/floor/floor_open.h"

/* Whether the files with secrets and certificates that the station file names can be used, as a
 * line would ask at its start. ERR_USAGE. */
bool outlet_judge(const struct station *station, struct err *e);

extern const struct watcher mqtt_watch, webhook_watch;

#endif
