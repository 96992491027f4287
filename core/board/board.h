/* What sits in a slot: how to reach it, who it is, and whether a plan may be written to it. */
#ifndef CORE_BOARD_H
#define CORE_BOARD_H

#include "core/images/plan.h"
#include "core/loader/loader.h"
#include "core/loader/reset.h"
#include "core/loader/spiflash.h"

/* How far a board has come: each failure says it. */
enum board_state {
    BOARD_UNTOUCHED,    /* not one byte of its flash was changed */
    BOARD_UNKNOWN,      /* nothing was asked for that changes it, but who knows what was heard */
    BOARD_HALF_WRITTEN, /* erased or written in part */
    BOARD_WRITTEN,      /* all bytes sent and acknowledged, not proved */
    BOARD_VERIFIED,     /* proved by MD5 */
    BOARD_RUNNING,      /* and the application said so */
};

/* "untouched", "half-written", ...: in records and on screens. */
const char *board_state_word(enum board_state state);

/* The same behind "The board is". */
const char *board_state_text(enum board_state state);

#define BOARD_REVISION_UNKNOWN UINT32_MAX

#define BOARD_KEYS_MAX         3
#define BOARD_KEY_DIGEST_BYTES 32

/* The public keys that secure boot trusts, as the fuses hold their digests: of all 32 bytes, or of
 * the first 16 (ESP32-C2). */
struct board_keys {
    size_t count; /* 0: secure boot is off, or its keys are not known */
    size_t digest_bytes;
    uint8_t digest[BOARD_KEYS_MAX][BOARD_KEY_DIGEST_BYTES];
};

/* In Secure Download Mode no register can be read: only `chip` and `security` are known then. */
struct board {
    const struct chip *chip;
    uint32_t revision; /* major*100 + minor, or BOARD_REVISION_UNKNOWN */
    uint32_t package;
    uint32_t crystal_mhz; /* 0: unknown */
    struct chip_mac mac;  /* `count` 0: unknown */
    struct chip_security security;
    struct board_keys keys;
    struct spiflash flash;
    uint32_t spare_spi_pins; /* where the flash was found instead of at its own pins; 0: there */
};

#define BOARD_MAC_TEXT_BYTES (3 * CHIP_MAC_BYTES)

/* "24:0a:c4:00:00:01"; a plain function of its arguments. */
void board_mac_text(const struct chip_mac *mac, char text[static BOARD_MAC_TEXT_BYTES]);

/* Resets the chip into its loader with `sequence` (NULL: only listens) and syncs; in as much time
 * with fewer words where l->sparing and not a byte comes, as in a slot that is empty. `expected` is
 * the recipe's chip (NULL: any): its advice and its boot log rate serve when nothing answers.
 * ERR_NO_SYNC or ERR_WRONG_BOOT_MODE, saying what was heard; or what the port says. */
bool board_connect(struct loader *l, const struct reset_sequence *sequence,
                   const struct chip *expected, struct err *e);

/* Finds the chip and reads what it tells about itself. Must come before any change of rate. Sets
 * l->chip and what else the loader must know of the board. ERR_IDENTIFY, ERR_WRONG_CHIP (no chip we
 * know, or one that contradicts itself), ERR_BAD_MAC. */
bool board_identify_chip(struct loader *l, struct board *b, struct err *e);

/* The next change of rate, if it comes before board_identify_flash, is proved by attaching the
 * flash, where that needs nothing else first. */
void board_foresee_attach(struct loader *l);

/* Then attaches the flash and reads its id, at any rate. ERR_IDENTIFY, ERR_NO_FLASH. */
bool board_identify_flash(struct loader *l, struct board *b, struct err *e);

/* Both. */
bool board_identify(struct loader *l, struct board *b, struct err *e);

/* The stub that this very board can run, by the name of its file; NULL: none, the ROM must do.
 * Pure.
 */
const char *board_stub_name(const struct board *b);

/* To be called once a stub has started: gives it the pins, if they are not the chip's own. */
bool board_attach_stub(struct loader *l, const struct board *b, struct err *e);

/* Whether the rate of this link cannot be changed: no rate at all (the chip's own USB device, a
 * plain socket), a ROM without the command, or one that cannot tell its crystal. */
bool board_has_fixed_baud(const struct loader *l);

#define BOARD_BAUD_WHY_BYTES 128

/* The rate to write at where `asked` is wanted: that, or the highest that a loader of this kind is
 * known to bear on the chip, and then `why` says so in a sentence without its full stop; else it is
 * empty. Pure. */
uint32_t board_bears_baud(const struct chip *c, const struct loader_kind *kind, uint32_t asked,
                          char *why, size_t cap);

/* Changes the rate of loader and port, with the request corrected as the chip needs. Nothing to do
 * where it is that already, or fixed. ERR_BAUD. */
bool board_change_baud(struct loader *l, uint32_t baud, struct err *e);

/* Judges before the first erase whether the plan may be written: chip, revision, security, flash
 * size. Pure. */
bool board_gate(const struct board *b, const struct plan *p, struct err *e);

/* After a failure for want of an answer: if the board has reset itself meanwhile, *e gets that as
 * its cause, with what the boot log says, and the result is true. Listens for about a second; other
 * failures stay as they are. */
bool board_explain_loss(struct loader *l, struct err *e);

/* Leaves the loader: reset by RTS where there is a line (`reset`) and by what else the chip needs,
 * else by the loader's own command where it has one. On a port that is the chip's own USB device,
 * the port may be gone afterwards: open it anew. ERR_FINISH when the board may still be in its
 * loader. */
bool board_leave(struct loader *l, bool reset, struct err *e);

/* Leaves it by a sequence of the recipe's instead; `sequence` needs a port with lines. */
bool board_leave_by(struct loader *l, const struct reset_sequence *sequence, struct err *e);

/* Lets the chip's watchdog restart it, with its straps read anew. ERR_FINISH where it cannot. */
bool board_leave_by_watchdog(struct loader *l, struct err *e);

#endif
