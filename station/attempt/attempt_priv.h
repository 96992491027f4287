/* Inside station/attempt*.c only: the steps of an attempt, in the order in which they are taken. */
#ifndef STATION_ATTEMPT_PRIV_H
#define STATION_ATTEMPT_PRIV_H

#include "core/flash/size_proof.h"
#include "core/loader/console.h"
#include "station/attempt/attempt.h"

/* Everything a step needs. Steps set board state and phase in the result as they go. */
struct attempt {
    const struct attempt_setup *setup;
    struct attempt_result *result;
    struct loader loader;
    uint64_t bytes_total;
    uint64_t bytes_before; /* of the regions already done */
    uint64_t phase_us[PHASE_COUNT];
    uint64_t entered_us;
    uint64_t write_tx_bytes; /* sent by the port when writing began, and then by the writing */
    uint64_t compare_us;     /* of the phase write: asking for MD5 before anything is sent */
    struct size_proof size;
    uint64_t size_us;           /* that took, of no phase */
    bool knows_size;            /* the present loader was told how large the flash is */
    bool fuses_judged;          /* they were read, and a->misfit or a->burns says what they are */
    bool ciphertext;            /* the flash is to hold the images encrypted */
    struct crypt_work *crypt;   /* under way; NULL: none is */
    struct console_words words; /* of its security, as it starts */
    unsigned burns;             /* of fuses that the recipe wishes and the board lacks */
    struct err misfit; /* of its fuses; ERR_NONE: they go with the recipe, or it wishes none */
};

/* ---- attempt.c ---- */

uint64_t attempt_now_us(const struct attempt *a);

/* What has passed since counts for the phase that it was spent in. */
void attempt_close_phase(struct attempt *a);

/* The phase ends, and this one begins. */
void attempt_enter(struct attempt *a, enum phase phase);

const struct recipe *attempt_recipe(const struct attempt *a);

/* Whether it writes: other kinds only look, or prove. */
bool attempt_flashes(const struct attempt *a);

/* As the board says, else as the recipe does. 0: nobody knows. */
uint32_t attempt_flash_bytes(const struct attempt *a);

/* The stub of the vendor's for this board; NULL: there is none. */
const struct stub *attempt_vendor_stub(const struct attempt *a);

bool attempt_start_stub(struct attempt *a, const struct stub *stub, struct err *e);

/* Tells the watcher whose board it is, as far as that is known; false when it does not want it. */
bool attempt_announce(struct attempt *a, bool ok, struct err *e);

bool step_sync(struct attempt *a, struct err *e);
bool step_identify(struct attempt *a, struct err *e);
bool step_early_baud(struct attempt *a, struct err *e);
bool step_flash(struct attempt *a, struct err *e);
bool step_gate(struct attempt *a, struct err *e);
bool step_stub(struct attempt *a, struct err *e);
bool step_baud(struct attempt *a, struct err *e);

/* ---- attempt_fuses.c ---- */

/* Where the recipe wishes fuses: reads those of the board, and judges them into a->misfit and
 * a->burns. False: they cannot be read. */
bool attempt_look_at_fuses(struct attempt *a, struct err *e);

/* Judges them once more, with what the board's unit has for them. */
bool attempt_judge_unit(struct attempt *a, struct err *e);

/* Reads all of them. What fuses_read fails with. */
bool attempt_read_fuses(struct attempt *a, const struct fuse_set *set, struct fuse_words *words,
                        struct err *e);

/* Whether the board may be started: one whose fuses are still to be burnt holds images that may
 * burn them by themselves. */
bool attempt_may_start(const struct attempt *a);

/* The burns that belong in front of the boot, or, once that was seen, all: ERR_NOT_BURNT where
 * there are any and none may be made. */
bool step_fuses(struct attempt *a, struct err *e);

/* ---- attempt_burn.c ---- */

/* Burns and proves step by step. ERR_IDENTIFY, ERR_NOT_BURNT (nothing was), ERR_PART_BURNT,
 * ERR_BURNT_WRONG, ERR_BURN_UNKNOWN, or what the record says. */
bool attempt_burn(struct attempt *a, struct err *e);

/* ---- attempt_closed.c ---- */

/* What is listened for as a board starts whose fuses are being burnt. */
void attempt_expect_words(struct attempt *a);

/* What the board said as it started with its security on goes into the record; ERR_BOOT where
 * something of it is missing that is demanded. */
bool step_started(struct attempt *a, struct err *e);

/* Where a fuse has closed the loader: that it is closed. */
bool step_closed(struct attempt *a, struct err *e);

/* ---- attempt_crypt.c ---- */

/* Where the flash is to hold ciphertext, a thread begins to make it of the variant in a->result. */
bool attempt_begin_ciphertext(struct attempt *a, struct err *e);

/* ...and is waited for: the variant is the ciphertext from now on. */
bool step_ciphertext(struct attempt *a, struct err *e);

/* Lets go of one that is under way. */
void attempt_drop_ciphertext(struct attempt *a);

/* ---- attempt_write.c ---- */

bool step_size(struct attempt *a, struct err *e);
bool step_erase(struct attempt *a, struct err *e);
bool step_write(struct attempt *a, struct err *e);
bool step_verify(struct attempt *a, struct err *e);

/* Where our own stub has written and proved: once more by another loader, if that is wanted. */
bool step_prove_twice(struct attempt *a, struct err *e);

/* ---- attempt_leave.c ---- */

/* Whether anything of ours resets the board. */
bool attempt_can_reset(const struct attempt *a);

/* The reset that ends it, as the recipe wants it. */
bool attempt_leave(struct attempt *a, struct err *e);

bool step_leave(struct attempt *a, struct err *e);
bool step_boot(struct attempt *a, struct err *e);

#endif
