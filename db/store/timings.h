/* Where the time of an attempt went, as the record has it: made from timing_list.h. */
#ifndef DB_TIMINGS_H
#define DB_TIMINGS_H

#include <stdint.h>

/* In milliseconds; below 0: unknown. */
struct db_timing {
#define TIMING(version, name, sentence) int64_t name##_ms;
#include "db/store/timing_list.h"
};

/* Their order, which is that of the list. */
enum timing {
#define TIMING(version, name, sentence) TIMING_##name,
#include "db/store/timing_list.h"
    TIMING_COUNT
};

/* Those of version 2 come first, those of version 3 behind them: their places in the canonical form
 * and in the CSV are fixed. */
enum {
    TIMING_FIXED_COUNT = 0
#define TIMING(version, name, sentence) +((version) == 2)
#include "db/store/timing_list.h"
    ,
    TIMING_LATER_COUNT = 0
#define TIMING(version, name, sentence) +((version) == 3)
#include "db/store/timing_list.h"
};

struct timing_info {
    int version;
    const char *column; /* "reset_ms" */
};

extern const struct timing_info timing_infos[TIMING_COUNT];

#endif
