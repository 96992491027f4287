#include "station/commands/watchers.h"

const struct watcher *const watchers[WATCHERS_MAX + 1] = { NULL };
