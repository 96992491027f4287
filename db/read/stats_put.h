/* A group of runs as members of a JSON object: the same words wherever programs are told of it. */
#ifndef DB_STATS_PUT_H
#define DB_STATS_PUT_H

#include "core/base/json_write.h"
#include "db/read/stats.h"

/* What the runs came to, and the yields of it; docs/stats.md tells what each number counts. */
void stats_put_counts(struct json_object *o, const struct db_stats_row *row);

/* An array "codes": how many runs failed for which reason, the most frequent first. */
void stats_put_codes(struct json_object *o, const struct db_stats_row *row);

#endif
