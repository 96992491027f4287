/*
 * Whether a flash is as large as it says. One that is not takes addresses behind its end for others
 * in front: what is written there lands on other data, reads back as it should, and is gone from
 * where it was (esp-web-tools issue 254). One that answers nothing behind its end is no matter of
 * this: images there fail their MD5.
 *
 * One sector of what is to be written stands for all. Half of the claimed size away there must be
 * something else; where there is, the highest address line is real and nothing more is asked. Where
 * both hold the same, blank or not, the question stays open until the sector has changed, by being
 * written or, where that would not show, by being erased: then it must not have changed there, too.
 * The loader must be identified, its flash attached and its size set. One thread at a time.
 */
#ifndef CORE_SIZE_PROOF_H
#define CORE_SIZE_PROOF_H

#include "core/images/plan.h"
#include "core/loader/loader.h"

#define SIZE_PROOF_BYTES      4096u        /* of flash that are compared */
#define SIZE_PROOF_SAFE_BYTES (512u << 10) /* no flash that boards have is smaller */

struct size_proof {
    bool open;            /* not known yet */
    bool changed;         /* the sector was erased for it */
    uint32_t claim_bytes; /* what is to be proved; 0: nothing */
    size_t image;         /* whose sector it is, as plan_region counts */
    uint32_t addr, mirror_addr, size_bytes;
    uint8_t wanted[DIGEST_MD5_BYTES]; /* of the sector once it is written */
    uint8_t before[DIGEST_MD5_BYTES]; /* of its mirror before that */
};

/* Begins: finds the sector, without asking the board. Nothing is open where the plan ends, and lets
 * its firmware believe to end, within what every flash has; or where no sector of the plan could
 * show it. `flash_bytes`: as the flash says, 0: it does not. */
void size_proof_begin(struct size_proof *p, const struct plan *plan, const struct plan_variant *v,
                      uint32_t flash_bytes);

/* Compares, before anything was changed. A loader that cannot be asked leaves it open, for
 * size_proof_end. `erase`: what else could not show, may be erased, for it will be written.
 * ERR_FLASH_SIZE_FALSE, ERR_IDENTIFY, ERR_ERASE. */
bool size_proof_ask(struct size_proof *p, struct loader *l, bool erase, struct err *e);

/* The whole flash was erased since. */
bool size_proof_erased(struct size_proof *p, struct err *e);

/* Compares again, after image number `image` was written and all of it settled. Likewise. */
bool size_proof_written(struct size_proof *p, struct loader *l, size_t image, struct err *e);

/* Compares at the end, when the plan is proved to be in the flash: what is still open then is true
 * or false. Likewise. */
bool size_proof_end(struct size_proof *p, struct loader *l, struct err *e);

/* After the flash turned out to hold something else than the plan: whether it is for this. True,
 * with *e set to ERR_FLASH_SIZE_FALSE: it is. */
bool size_proof_explains(const struct plan *plan, const struct plan_variant *v,
                         uint32_t flash_bytes, struct loader *l, struct err *e);

/* For who has no plan: whether the `size_bytes` from `addr` on are, as far as can be seen, no other
 * place in the flash than they seem. Changes nothing; a blank flash shows nothing, and has nothing
 * to lose. `flash_bytes`: as above. ERR_FLASH_SIZE_FALSE where they, the boot loader and the
 * partition table hold the same half of the claimed size away; ERR_IDENTIFY. */
bool size_proof_range(struct loader *l, uint32_t flash_bytes, uint32_t addr, uint32_t size_bytes,
                      struct err *e);

#endif
