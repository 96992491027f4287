#include "station/commands/watchers.h"

#include "station/peer/peer.h"

const struct watcher *const watchers[WATCHERS_MAX + 1] = { &peer_watcher, NULL };
