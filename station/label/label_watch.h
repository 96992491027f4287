/* Labels of a station that runs all day. */
#ifndef STATION_LABEL_WATCH_H
#define STATION_LABEL_WATCH_H

#include "station/floor/floor_open.h"

extern const struct watcher label_watch;

#endif
