/*
 * Sending a region to the fast stub: blocks within its window, again what was lost and nothing
 * else. docs/fast-stub.md tells what goes back and forth.
 */
#ifndef CORE_FAST_WRITE_H
#define CORE_FAST_WRITE_H

#include "core/flash/flash.h"

/* Comes back when all blocks have come to the stub, which then still writes; what becomes of that
 * the next question tells. ERR_REFUSED, ERR_TIMEOUT, ERR_STATION, or what the port says. */
bool fast_write(struct loader *l, const struct plan_region *r,
                const struct flash_progress *progress, struct err *e);

#endif
