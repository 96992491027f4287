/*
 * Writing one region of a plan and proving it. The loader must be identified, its flash attached.
 *
 * Blocks are acknowledged by a ROM when they are in the flash, by a stub when they are in its
 * buffer: there a write error shows with the next command, so the last block is followed by one
 * that does nothing else. The end commands of the loaders are never used: some answer with failure
 * after success, some leave the loader.
 */
#ifndef CORE_FLASH_H
#define CORE_FLASH_H

#include "core/images/plan.h"
#include "core/loader/loader.h"

/* Told now and then how far it is; called on the caller's thread, must be quick. */
struct flash_progress {
    void (*tell)(void *ctx, uint32_t flash_bytes_done);
    void *ctx;
};

/* Tells the loader how large the flash is; 0: unknown, taken as 4 MB. ERR_WRITE on failure. */
bool flash_set_size(struct loader *l, uint32_t flash_bytes, struct err *e);

/* What it is told then. */
uint32_t flash_told_bytes(uint32_t flash_bytes);

/* The next change of rate is proved by that; see loader_first_set_params. */
void flash_foresee_size(struct loader *l, uint32_t flash_bytes);

/* Erases all of it. ERR_ERASE. */
bool flash_erase_all(struct loader *l, uint32_t flash_bytes, struct err *e);

/* Erases and writes, in one stream, or where that is quicker (forecast_pieces_pay) piece by piece.
 * A stub may still be writing the last block when it returns, and answers the next command once
 * that is done. ERR_WRITE, ERR_ERASE (refused before the first block), or what
 * the port says.
 */
bool flash_write(struct loader *l, const struct plan_region *r,
                 const struct flash_progress *progress, struct err *e);

/* The same for those pieces of the region for which `changed` is set; NULL: all. */
bool flash_write_pieces(struct loader *l, const struct plan_region *r, const bool *changed,
                        const struct flash_progress *progress, struct err *e);

/* Waits until all that was written is in the flash; needed where no flash_md5 follows. ERR_WRITE.
 */
bool flash_settle(struct loader *l, struct err *e);

/* Asks the chip for the MD5 of the region. ERR_VERIFY when it does not say; ERR_WRITE when the stub
 * reports a late write error. A ROM without MD5 cannot be asked. */
bool flash_md5(struct loader *l, const struct plan_region *r,
               uint8_t found[static DIGEST_MD5_BYTES], struct err *e);

/* The same in two steps, where loader_may_follow allows the second question. After an answer that
 * is missing none of the others can be trusted. */
bool flash_md5_ask(struct loader *l, const struct plan_region *r, struct err *e);
bool flash_md5_answer(struct loader *l, const struct plan_region *r,
                      uint8_t found[static DIGEST_MD5_BYTES], struct err *e);

/* Whether `bytes` of the region, from its byte `at` on, are in the flash: by MD5, like the whole.
 */
bool flash_part_is_right(struct loader *l, const struct plan_region *r, uint32_t at, uint32_t bytes,
                         bool *right, struct err *e);

/* The first byte of the flash that is not what it should be; not `known`: nobody knows which. */
struct flash_difference {
    bool known;
    uint32_t addr;
};

/* Judges what flash_md5 found. No answer carries a check of its own, so where it differs the chip
 * is asked once more, and a third time where those two differ; *found is what it says then.
 * ERR_VERIFY when none is right: where two agree it is the flash, and "all FF" and the first
 * differing byte are told apart; where all differ it is the wire, and err.wire is ERR_FRAME. */
bool flash_judge(struct loader *l, const struct plan_region *r,
                 uint8_t found[static DIGEST_MD5_BYTES], struct flash_difference *differs,
                 struct err *e);

#endif
