/* The statements of one step: for a record, for a pattern in memory, and for the tool that makes
 * schema_made at build time. */
#include "db/store/schema.h"
#include "db/store/timings.h"

#include <stdio.h>

static int add_timings(sqlite3 *sql, int version)
{
    char text[96];
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < TIMING_COUNT; i++) {
        if (timing_infos[i].version != version)
            continue;
        snprintf(text, sizeof text, "ALTER TABLE attempt ADD COLUMN %s INTEGER",
                 timing_infos[i].column);
        rc = sqlite3_exec(sql, text, NULL, NULL, NULL);
    }
    return rc;
}

int schema_run_step(sqlite3 *sql, const struct schema_step *step)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < step->count; i++)
        rc = sqlite3_exec(sql, step->sql[i], NULL, NULL, NULL);
    return rc == SQLITE_OK && step->timings != 0 ? add_timings(sql, step->timings) : rc;
}
