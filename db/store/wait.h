/* Time as the waits of db/ see it. */
#ifndef DB_WAIT_H
#define DB_WAIT_H

#include <stdint.h>

/* Milliseconds of the monotonic clock. */
int64_t db_now_ms(void);

/* SQLite's busy handler, `ctx` is the handle: waits in small steps until the deadline of the call,
 * then gives 0. */
int db_wait_busy(void *ctx, int tries);

#endif
