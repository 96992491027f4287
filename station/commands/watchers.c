#include "station/commands/watchers.h"

#include "station/label/label_watch.h"
#include "station/peer/peer.h"

/* clang-format off: one a line */
const struct watcher *const watchers[WATCHERS_MAX + 1] = { &label_watch, &peer_watcher, NULL };
/* clang-format on */
