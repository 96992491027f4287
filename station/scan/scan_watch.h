/* The scanners of a station that runs all day: what they read goes to the floor as ACT_CODE. */
#ifndef STATION_SCAN_WATCH_H
#define STATION_SCAN_WATCH_H

#include "station/floor/floor_open.h"

extern const struct watcher scan_watch;

#endif
