/*
 * Statistics of the record: yields, causes of failure, times and speeds. docs/stats.md defines
 * every number in words, tests/integration/stats.sh in SQL.
 *
 * All numbers are worked out from the rows when they are asked for. There is no summary beside them
 * that could differ, be forgotten by another program, or need an audit of its own: four indexes
 * hold what is read, and a million runs take less than a second. Percentiles are exact. Memory
 * grows with the number of groups and of different values, not with the number of runs.
 */
#ifndef DB_STATS_H
#define DB_STATS_H

#include "db/export/filter.h"
#include "db/store/db.h"

/* What a group is. A board belongs to the group of its first judged run, so that the boards of all
 * groups add up; all else belongs to the group of its run. */
enum db_stats_by {
    DB_BY_NOTHING,
    DB_BY_LOT,
    DB_BY_SLOT,
    DB_BY_RECIPE,  /* name and version; rebuilt images under the same version are one group */
    DB_BY_DAY,     /* UTC, of the start */
    DB_BY_CHIP,    /* as the chip said of itself */
    DB_BY_STATION, /* over a fleet alone (db/fleet/fleet.h) */
};

/* Of values in ascending order. The percentile p is the smallest value that at least p % of all
 * values do not exceed. All zero if there is no value. */
struct db_spread {
    int64_t count, min, p50, p90, p99, max;
};

struct db_stats_code {
    const char *code;
    int64_t runs;
};

/* Attempts that ran below the recipe's rate. Rates of 0 are unknown. */
struct db_stats_rate {
    int64_t baud_asked, baud, attempts;
};

struct db_stats_row {
    bool total;       /* of all groups together */
    const char *name; /* the group; NULL: the total, no lot, a chip that said nothing */
    /* Runs. Those that are over: passed + failed + stopped + interrupted. */
    int64_t passed, failed, stopped, interrupted, open;
    int64_t refused;      /* of the failed: at the gate, as duplicate or because the lot was full */
    int64_t unidentified; /* of the failed: their board never said its MAC, so it is not counted */
    /* Boards: a board counts once in each lot, and once for its runs without lot. Judged is a run
     * that passed or failed and was not refused. */
    int64_t boards;               /* with at least one judged run */
    int64_t first_pass;           /* of these, the first judged run passed */
    int64_t final_pass;           /* of these, the last run passed, refused runs aside */
    int64_t retried;              /* runs that passed in their second attempt or later */
    struct db_spread ms;          /* of runs that passed, from start to verdict */
    struct db_spread bytes_per_s; /* of attempts that passed and wrote: image bytes by whole time */
    const struct db_stats_code *codes; /* of the failed, the most frequent first */
    size_t code_count;
    const struct db_stats_rate *rates; /* the highest first */
    size_t rate_count;
    int64_t slower_runs; /* runs with such attempts */
};

/* Takes a row, which lives until the call returns; false ends the reading. It may use the
 * handle. */
struct db_stats_sink {
    void *ctx;
    bool (*row)(void *ctx, const struct db_stats_row *row);
};

/* Gives the total, then each group: lots in the order they were made, slots by number, days by
 * date, others by name; the group without a name last. `filter` NULL: every run. Of a filter, lot,
 * slot, recipe, since and until are known, each by an index; the others are refused with ERR_USAGE
 * (a yield of the runs that passed would be no yield). What a filter leaves out counts for nothing,
 * a board's earlier runs neither. */
bool db_stats(struct db *reader, enum db_stats_by by, const struct db_filter *filter,
              const struct db_stats_sink *sink, struct err *e);

/* The shares, from 0 to 1; below 0: there is nothing to take a share of. */
double db_first_pass_yield(const struct db_stats_row *row);
double db_final_yield(const struct db_stats_row *row);
double db_run_yield(const struct db_stats_row *row); /* passed of all judged runs */

#endif
