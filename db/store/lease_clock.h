/* The clocks that leases go by (db/write/lease.h). */
#ifndef DB_LEASE_CLOCK_H
#define DB_LEASE_CLOCK_H

#include "db/store/db.h"

#include <stdbool.h>
#include <stdint.h>

struct query;

struct db_lease_clock {
    char boot_id[DB_BOOT_ID_CAP];
    int64_t boot_ms, utc_ms;
};

/* ERR_STATION where the kernel does not tell when it was started. */
bool db_lease_now(struct db_lease_clock *now, struct err *e);

/* As values of a statement: the start of the computer, the time since, and the wall clock's. */
void query_lease_clock(struct query *q, const struct db_lease_clock *now);

#endif
