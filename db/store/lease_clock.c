#include "db/store/lease_clock.h"

#include "db/store/query.h"

#include <stdio.h>
#include <time.h>

bool db_lease_now(struct db_lease_clock *now, struct err *e)
{
    struct db_station here;
    struct timespec boot, wall;
    if (!db_station_here(&here, e))
        return false;
    if (here.boot_id[0] == '\0' || clock_gettime(CLOCK_BOOTTIME, &boot) != 0 ||
        clock_gettime(CLOCK_REALTIME, &wall) != 0)
        return err_set(e, ERR_STATION, "The kernel does not tell when it was started");
    *now = (struct db_lease_clock){
        .boot_ms = (int64_t)boot.tv_sec * 1000 + boot.tv_nsec / 1000000,
        .utc_ms = (int64_t)wall.tv_sec * 1000 + wall.tv_nsec / 1000000,
    };
    snprintf(now->boot_id, sizeof now->boot_id, "%s", here.boot_id);
    return true;
}

void query_lease_clock(struct query *q, const struct db_lease_clock *now)
{
    query_text(q, now->boot_id);
    query_int(q, now->boot_ms);
    query_utc(q, now->utc_ms);
}
