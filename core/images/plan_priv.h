/* Between the files of the plan: plan.c (regions, variants), plan_check.c, plan_frames.c. */
#ifndef CORE_PLAN_PRIV_H
#define CORE_PLAN_PRIV_H

#include "core/images/plan.h"

/* What the header of a boot image says about the flash; 0: nothing this chip has a code for. */
uint32_t plan_header_flash_bytes(const struct chip *chip, const struct image *image);

/* Whether it is the chip's boot image, with a header that tells the flash's mode and size. */
bool plan_is_patchable(const struct image *image, uint32_t offset_addr, const struct chip *chip);

/* Encodes for a loader that takes FLASH_DATA in blocks of this size. False: out of memory. */
bool plan_encode_raw(struct plan_frames *f, uint32_t block_bytes, const uint8_t *bytes, size_t n);

/* Encodes a region for the stub: compressed where that is shorter, else raw; `small` adds the
 * frames with small blocks. False: out of memory. */
bool plan_encode_for_stub(struct plan_region *r, bool small);

void plan_frames_free(struct plan_frames *f);

#endif
