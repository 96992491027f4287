/* Where the time of attempts went: one table of the parts, for screens, programs and the record. */
#ifndef STATION_TIMING_H
#define STATION_TIMING_H

#include "station/attempt/attempt.h"
#include "station/base/json.h"

/* The head of a table, and a line of it. */
void timing_print_head(void);
void timing_print(const char *slot, const struct attempt_timing *timing);

/* A member "timing" with all parts in seconds. */
void timing_json(struct json_object *o, const struct attempt_timing *timing);

/* All parts together: from the first reset to the end of the boot check. */
uint64_t timing_total_us(const struct attempt_timing *timing);

#endif
