/* Events of a station that runs all day, out to an MQTT broker and to a server over HTTP. */
#ifndef STATION_OUTLET_WATCH_H
#define STATION_OUTLET_WATCH_H

#include "station/floor/floor_open.h"

extern const struct watcher mqtt_watch, webhook_watch;

#endif
