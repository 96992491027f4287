/* Time as the waits of db/ see it. Below db.c and connect.c, which both wait. */
#include "db/store/wait.h"

#include "db/store/handle.h"

#include <time.h>

int64_t db_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int db_wait_busy(void *ctx, int tries)
{
    const struct db *db = ctx;
    const int64_t left_ms = db->deadline_ms - db_now_ms();
    if (left_ms <= 0)
        return 0;
    const int64_t step_ms = tries < 10 ? 1 + tries : 20;
    sqlite3_sleep((int)(step_ms < left_ms ? step_ms : left_ms));
    return 1;
}
