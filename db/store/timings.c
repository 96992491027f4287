/* The table of the times of an attempt. */
#include "db/store/timings.h"

const struct timing_info timing_infos[TIMING_COUNT] = {
#define TIMING(version, name, sentence) [TIMING_##name] = { version, #name "_ms" },
#include "db/store/timing_list.h"
};

/* A line in the middle would move what is fixed. */
#define TIMING(version, name, sentence)                                                            \
    _Static_assert(((version) == 2) == ((int)TIMING_##name < (int)TIMING_FIXED_COUNT),             \
                   #name ": new times come at the end of the list");                               \
    _Static_assert(((version) <= 3) ==                                                             \
                       ((int)TIMING_##name < TIMING_FIXED_COUNT + TIMING_LATER_COUNT),             \
                   #name ": new times come at the end of the list");
#include "db/store/timing_list.h"
