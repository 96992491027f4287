#include "station/commands/watchers.h"

#include "station/label/label_watch.h"
#include "station/web/web.h"

const struct watcher *const watchers[WATCHERS_MAX + 1] = { &label_watch, &web_watcher, NULL };
