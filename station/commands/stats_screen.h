/* Statistics as text for a person and as JSON lines for programs; docs/stats.md tells the numbers.
 */
#ifndef STATION_STATS_SCREEN_H
#define STATION_STATS_SCREEN_H

#include "db/fleet/fleet.h"

#include <stdio.h>

/* What the screens know beside the rows. All zero but for the first two, before the first row. */
struct stats_screen {
    enum db_stats_by by;
    const char *by_word; /* "slot"; "total" without groups */
    FILE *notes;         /* kept for the end */
    bool any_group;
    double worst_share; /* of the runs of one slot, those below the recipe's rate */
    char worst[32];
};

/* Rows, as db_stats gives them; the context is a struct stats_screen. False once standard output
 * takes no more. */
bool stats_text_row(void *screen, const struct db_stats_row *row);
bool stats_json_row(void *screen, const struct db_stats_row *row);

/* Whose runs: a record's, or those of a fleet. */
struct stats_source {
    struct db *db;
    struct fleet *fleet;      /* NULL: the record's */
    const char *station_name; /* of the fleet; NULL: all */
};

/* The whole table, or all lines, on standard output. */
void stats_print(const struct stats_source *source, enum db_stats_by by,
                 const struct db_filter *filter, bool json, struct err *e);

#endif
