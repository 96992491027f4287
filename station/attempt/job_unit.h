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

/* The regions of a board: those of all boards, and its own. The caller frees it. */
struct plan_variant *job_unit_variant(const struct job_unit *u, const struct plan *plan,
                                      const struct plan_variant *shared,
                                      const struct unit_instance *instance, struct err *e);

/* A unit that could be: for `check`, and to see that its images fit. `texts` get its values, which
 * the caller frees. False: out of memory. */
bool job_unit_example(const struct job_unit *u, int64_t utc_ms, char *texts[static UNIT_VALUES_MAX],
                      size_t rows[static UNIT_POOLS_MAX]);

#endif
