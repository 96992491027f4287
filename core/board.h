/* What sits in a slot: how to reach it, who it is, and whether a plan may be written to it. */
#ifndef CORE_BOARD_H
#define CORE_BOARD_H

#include "core/loader.h"
#include "core/plan.h"
#include "core/reset.h"
#include "core/spiflash.h"

/* How far a board has come: each failure says it. */
enum board_state {
    BOARD_UNTOUCHED,    /* not one byte of its flash was changed */
    BOARD_HALF_WRITTEN, /* erased or written in part */
    BOARD_WRITTEN,      /* all bytes sent and acknowledged, not proved */
    BOARD_VERIFIED,     /* proved by MD5 */
    BOARD_RUNNING,      /* and the application said so */
};

/* "untouched", "half-written", ...: in records and on screens. */
const char *board_state_word(enum board_state state);

struct board {
    const struct chip *chip;
    uint32_t revision; /* major*100 + minor */
    struct chip_mac mac;
    struct chip_security security;
    struct spiflash flash;
};

#define BOARD_MAC_TEXT_BYTES (3 * CHIP_MAC_BYTES)

/* "24:0a:c4:00:00:01"; a plain function of its arguments. */
void board_mac_text(const struct chip_mac *mac, char text[static BOARD_MAC_TEXT_BYTES]);

/* Resets the chip into its loader with `sequence` (NULL: only listens) and syncs. `expected` is the
 * recipe's chip (NULL: any): its advice and its boot log rate serve when nothing answers.
 * ERR_NO_SYNC or ERR_WRONG_BOOT_MODE, saying what was heard; or what the port says. */
bool board_connect(struct loader *l, const struct reset_sequence *sequence,
                   const struct chip *expected, struct err *e);

/* Finds the chip and reads MAC, revision and security; attaches the flash and reads its id. Sets
 * l->chip. ERR_IDENTIFY, ERR_WRONG_CHIP (no chip we know), ERR_NO_FLASH. */
bool board_identify(struct loader *l, struct board *b, struct err *e);

/* Judges before the first erase whether the plan may be written: chip, revision, security, flash
 * size. Pure. */
bool board_gate(const struct board *b, const struct plan *p, struct err *e);

/* After a failure for want of an answer: if the board has reset itself meanwhile, *e gets that as
 * its cause, with what the boot log says. Listens for about a second; other failures stay as they
 * are. */
void board_explain_loss(struct loader *l, struct err *e);

/* Leaves the loader: reset by RTS where there is a line (`reset`), else by the loader's own command
 * where it has one. ERR_FINISH when the board may still be in its loader. */
bool board_leave(struct loader *l, bool reset, struct err *e);

#endif
