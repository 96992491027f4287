/* What `espstation line` starts beside its screen: one row each, in watchers.c. */
#ifndef STATION_WATCHERS_H
#define STATION_WATCHERS_H

#include "station/floor/floor_open.h"

#define WATCHERS_MAX 16

/* NULL behind the last. They are started in this order, and ended the other way round. */
extern const struct watcher *const watchers[WATCHERS_MAX + 1];

#endif
