#include "station/commands/watchers.h"

#include "station/plc/plc.h"

const struct watcher *const watchers[WATCHERS_MAX + 1] = { &plc_watcher, NULL };
