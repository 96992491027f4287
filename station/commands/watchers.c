#include "station/commands/watchers.h"

#include "station/web/web.h"

const struct watcher *const watchers[WATCHERS_MAX + 1] = {
    &web_watcher,
    NULL,
};
