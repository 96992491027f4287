/* The plan of fuses for people and for programs; no secret is in either. */
#ifndef STATION_FUSE_PLAN_PRINT_H
#define STATION_FUSE_PLAN_PRINT_H

#include "core/fuses/fuse_plan.h"
#include "station/base/json.h"

#include <stdio.h>

/* As a table, each line with a line end. */
void fuse_plan_print(FILE *out, const struct fuse_plan *plan);

/* The keys `board`, `steps`, `after_boot`, `hidden_key` and `fuses` into an open object. */
void fuse_plan_json(struct json_object *o, const struct fuse_plan *plan);

#endif
