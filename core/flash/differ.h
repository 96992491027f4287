/*
 * Writing only what differs: the chip tells the MD5 of what its flash holds, ten times as fast as
 * it could be written. A region that is equal as a whole is not touched. Of another its halves are
 * asked for, and theirs, down to pieces of 64 KiB, as long as that pays: whoever asks and finds
 * everything changed has lost the time of the questions.
 *
 * Nothing is believed that was not proved: what is left alone had the right MD5 a moment ago, and
 * the MD5 of the whole region is asked for again by whoever wants a proof of the result.
 */
#ifndef CORE_DIFFER_H
#define CORE_DIFFER_H

#include "core/flash/flash.h"

struct differ_result {
    uint32_t skipped_bytes;          /* proved equal and not sent; r->size_bytes: all of it */
    uint8_t found[DIGEST_MD5_BYTES]; /* of the whole region, before anything was written */
};

/* Finds out which pieces of the region differ, into `changed` (one for each piece, room for
 * PLAN_PIECES_MAX). Writes nothing. What flash_md5 fails with. */
bool differ_find(struct loader *l, const struct plan_region *r, bool *changed,
                 struct differ_result *result, struct err *e);

/* Writes the pieces found, or the whole region where that is quicker and nothing is lost by it.
 * What flash_write fails with. */
bool differ_write(struct loader *l, const struct plan_region *r, const bool *changed,
                  struct differ_result *result, const struct flash_progress *progress,
                  struct err *e);

#endif
