#include "station/commands/watchers.h"

#include "station/fleet/fleet_watch.h"
#include "station/label/label_watch.h"
#include "station/outlet/outlet_watch.h"
#include "station/peer/peer.h"
#include "station/plc/plc.h"
#include "station/scan/scan_watch.h"
#include "station/web/web.h"

/* clang-format off */
const struct watcher *const watchers[WATCHERS_MAX + 1] = {
    &fleet_watch,
    &label_watch,
    &mqtt_watch,
    &peer_watcher,
    &plc_watcher,
    &scan_watch,
    &web_watcher,
    &webhook_watch,
    NULL,
};
/* clang-format on */
