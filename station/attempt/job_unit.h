/*
 * What a job knows of units: the pools, opened and judged; the files that all units share; and
 * where the images of a unit go.
 *
 * Made with the job, read-only afterwards but for the cursors, which are atomic. Any thread.
 */
#ifndef STATION_JOB_UNIT_H
#define STATION_JOB_UNIT_H

#include "core/images/plan.h"
#include "recipes/recipe.h"
#include "recipes/units/unit_bytes.h"

#include <stdatomic.h>

struct job_place {
    char label[32]; /* of the partition, or the address */
    uint32_t addr, size_bytes;
    bool read_only; /* the partition is: NVS needs no free page there */
};

struct job_unit {
    const struct unit *unit;
    struct unit_material material;
    struct pool *pools[UNIT_POOLS_MAX];
    atomic_size_t cursors[UNIT_POOLS_MAX]; /* where to look for the next free row */
    struct job_place places[UNIT_IMAGES_MAX];
};

/* Opens it all, and makes the plan ask for a flash that has the places. NULL: mistakes in *report,
 * or ERR_STATION. A recipe without `unit` gives one without images. */
struct job_unit *job_unit_new(const struct recipe *recipe, struct plan *plan,
                              struct doc_report *report, struct err *e);
void job_unit_free(struct job_unit *u); /* NULL is fine */

/* Whether all its images can be made: files that are gone, values that do not fit. ERR_UNIT,
 * ERR_STATION. */
bool job_unit_try(const struct job_unit *u, const struct unit_instance *instance, struct err *e);

/* Images that cannot be made any more, each with the reason; empty: it can. */
struct job_unit_lacks {
    char why[UNIT_IMAGES_MAX][UNIT_WHY_CAP];
};

/* The regions of a board: those of all boards, and its own. `lacks`, where nothing is written: what
 * cannot be made is named there, and its region holds what no board has. NULL: that is ERR_UNIT.
 * The caller frees it. */
struct plan_variant *job_unit_variant(const struct job_unit *u, const struct plan *plan,
                                      const struct plan_variant *shared,
                                      const struct unit_instance *instance,
                                      struct job_unit_lacks *lacks, struct err *e);

/* A unit that could be: for `check`, and to see that its images fit. `texts` get its values, which
 * the caller frees. False: out of memory. */
bool job_unit_example(const struct job_unit *u, int64_t utc_ms, char *texts[static UNIT_VALUES_MAX],
                      size_t rows[static UNIT_POOLS_MAX]);

#endif
