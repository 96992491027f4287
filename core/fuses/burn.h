/*
 * Burning fuses, one block at a time: what may be burnt, how, and what is known afterwards.
 *
 * A burnt fuse stays burnt. So everything that can be judged without touching a chip is judged
 * first (fuse_burn_check, pure), the chip's fuses are read again right before, what was put into
 * the controller is read back before it is told to burn, and afterwards fuses and error words are
 * read until they agree. Nothing is ever burnt a second time by itself.
 *
 * How is the chip's own (struct fuse_burner of its table). Where a fact about a chip is missing
 * nothing is burnt, and the sentence says what is missing.
 *
 * Sources: espefuse 5.3.1 (fields.py, base_fields.py, mem_definition.py and the registers of each
 * chip), ESP-IDF (components/efuse, components/hal).
 */
#ifndef CORE_BURN_H
#define CORE_BURN_H

#include "core/fuses/fuse_set.h"

enum fuse_burn_kind {
    FUSE_BURN_BITS, /* of block 0, each for itself; and of the ESP32's uncoded block 3 */
    /* A whole block at once, coded as that chip codes it: once and never again, but for what is
     * missing of a block without a coding (ESP32). */
    FUSE_BURN_KEY,
};

/* What is to be burnt into one block, as it is to be read: without check bytes. Words behind
 * `count` are zero. With the ESP32's 3/4 coding a block has six words. It may hold a key: who makes
 * one wipes it (OPENSSL_cleanse). */
struct fuse_burn {
    uint8_t block;
    enum fuse_burn_kind kind;
    uint8_t count;
    uint32_t word[FUSE_WORDS_MAX];
};

/* Whether it may be burnt into a chip of these fuses: what it says is known, the block can take it,
 * nothing of it is write-protected, nothing burnt would have to be blank, a key block is blank,
 * readable and of no purpose yet, and what protects or closes stands alone: bits of WR_DIS and
 * RD_DIS go with no other fuse; each of ENABLE_SECURITY_DOWNLOAD, DIS_DOWNLOAD_MODE and
 * UART_DOWNLOAD_DIS with none at all. A digest, a blank block and one with coding errors is not
 * read-protected. What is burnt already, and the same, may be asked for again: *missing (may be
 * NULL) is false then, and there is nothing to do. ERR_SECURED, ERR_USAGE. Pure. */
bool fuse_burn_check(const struct fuse_set *set, uint32_t revision, const struct fuse_words *words,
                     const struct fuse_burn *burn, bool *missing, struct err *e);

/* The same for burns in this order, each on what the ones before it leave. *at (may be NULL): the
 * one that is refused. */
bool fuse_burns_check(const struct fuse_set *set, uint32_t revision, const struct fuse_words *words,
                      const struct fuse_burn *burns, size_t count, size_t *at, struct err *e);

/* What the fuses read as behind it: hidden blocks as zeros. Pure. */
void fuse_burn_apply(const struct fuse_set *set, struct fuse_words *words,
                     const struct fuse_burn *burn);

/* Whether the chip can be burnt at all with that crystal (MHz; 0: unknown). ERR_USAGE with the
 * sentence what is missing. Pure. */
bool fuse_burner_check(const struct fuse_set *set, uint32_t crystal_mhz, struct err *e);

/* What is known of the board. */
enum fuse_outcome {
    FUSE_NOT_BURNT, /* nothing was: the board is as before */
    FUSE_BURNT,     /* all of it, read back, without coding errors; or it was so before */
    /* It was burnt and closes the loader, which answers no more, as it should: that a bit stands
     * there is proved by a reset and what the ROM says then. */
    FUSE_CLOSED,
    /* A part of it, without errors and with nothing else: what is missing may be burnt by a burn of
     * its own. */
    FUSE_PART,
    FUSE_WRONG,   /* something else than asked for is burnt, or with coding errors: for ever */
    FUSE_UNKNOWN, /* the controller was told to burn, and could not be asked what it did */
};

/* "not burnt", "burnt", "burnt; the loader is closed", "burnt in part", "burnt wrong",
 * "unknown". */
const char *fuse_outcome_words(enum fuse_outcome outcome);

/* Burns it through the ROM or the stub of l, and proves it. `words`: the board's fuses as the
 * caller knows them, with which the chip's are compared first: another board, or one that somebody
 * else has burnt meanwhile, is refused. Afterwards those blocks that were read are as read; it
 * forgets l's notes of registers (regs_forget). Returns FUSE_BURNT and FUSE_CLOSED without touching
 * *e, all else with it. */
enum fuse_outcome fuse_burn(struct loader *l, const struct fuse_set *set, uint32_t revision,
                            uint32_t crystal_mhz, const struct fuse_burn *burn,
                            struct fuse_words *words, struct err *e);

/* ---- How a chip codes ---- */

enum { FUSE_RS_DATA_BYTES = 32, FUSE_RS_CHECK_WORDS = 3 };

/* Reed-Solomon check of a block from the ESP32-S2 on: three words, as the controller takes them. */
void fuse_rs_check(const uint32_t data[static 8], uint32_t check[static FUSE_RS_CHECK_WORDS]);

/* The ESP32's 3/4 coding: six words become eight. */
void fuse_code_34(const uint32_t data[static 6], uint32_t coded[static 8]);

#endif
