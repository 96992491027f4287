/*
 * The plan of fuses: from a wish and from what a board's fuses really are, the burns that are
 * missing, in the one order in which a board stays usable for as long as it can; or a refusal,
 * before anything is burnt. Pure.
 *
 * What is burnt already and agrees is taken as done, so a board that has all of it gets an empty
 * plan. What is burnt and does not agree, what is locked, and what the wish does not speak of,
 * refuses the board: it is another one's.
 *
 * Sources of the order: ESP-IDF (docs/en/security, bootloader_support), espefuse 5.3.1.
 */
#ifndef CORE_FUSE_PLAN_H
#define CORE_FUSE_PLAN_H

#include "core/fuses/burn.h"
#include "core/fuses/fuse_rules.h"

enum { FUSE_ITEMS_MAX = 96 };

/* In this order, each proved before the next begins. */
enum fuse_stage {
    FUSE_STAGE_KEYS,     /* secret keys, while they can be read and proved */
    FUSE_STAGE_PURPOSES, /* what they are for */
    FUSE_STAGE_HIDE,     /* and only then they are hidden and locked */
    FUSE_STAGE_DIGESTS,  /* of public keys, which stay readable */
    FUSE_STAGE_SLOTS,    /* which of secure boot's they are */
    FUSE_STAGE_SEAL,     /* and locked */
    FUSE_STAGE_REVOKE,
    FUSE_STAGE_IDENTITY, /* MAC, versions */
    FUSE_STAGE_CLOSE,    /* JTAG, views of the flash and the like */
    FUSE_STAGE_ENABLE,   /* secure boot and flash encryption, together */
    /* The board has started by now as it should. */
    FUSE_STAGE_AFTER_BOOT,
    FUSE_STAGE_LOCK,
    FUSE_STAGE_LOADER, /* what ends the conversation, alone */
};

/* "keys", "purposes", ...: for people and JSON. */
const char *fuse_stage_word(enum fuse_stage stage);

/* One fuse, with what it gets. */
struct fuse_item {
    enum fuse_stage stage;
    const struct fuse_field *field;
    struct fuse_burn burn; /* what of it is missing; a key among it: fuse_plan_wipe */
    uint32_t value;        /* that it is to have; 0 where it is more than 32 bits */
    bool secret, made;     /* its bits are nobody's to see; each board's own, and not made yet */
    bool done;             /* burnt already, as it should be */
    unsigned step;         /* counts from 1; 0: done */
    const char *why;       /* half a sentence */
};

enum fuse_board {
    FUSE_BOARD_BLANK, /* nothing of it is burnt */
    FUSE_BOARD_BEGUN, /* a part, in this order */
    FUSE_BOARD_DONE,  /* all of it */
};

struct fuse_plan {
    const struct fuse_set *set;
    uint32_t revision;
    enum fuse_board board;
    struct fuse_item items[FUSE_ITEMS_MAX];
    size_t count;
    unsigned steps;       /* burns; 0: nothing is to be burnt */
    unsigned after_boot;  /* the first step behind the boot; steps + 1: none is */
    bool hidden_unproved; /* a key is there that cannot be read: nobody knows whether it is this one
                           */
};

/* Revision as a board tells it; FUSE_NEWEST: no board is there, the newest one counts. The wish's
 * names must outlive the plan. ERR_USAGE: the chip cannot have what is wished; ERR_SECURED: this
 * board cannot. */
#define FUSE_NEWEST UINT32_MAX
bool fuse_plan_make(const struct fuse_set *set, const char *chip, uint32_t revision,
                    const struct fuse_words *words, const struct fuse_wish *wish,
                    struct fuse_plan *plan, struct err *e);

/* The burn of step 1 to plan->steps. The caller wipes it. */
void fuse_plan_step(const struct fuse_plan *plan, unsigned step, struct fuse_burn *burn);

/* What cannot be done any more behind an item, as half a sentence: "" where that is nothing. */
#define FUSE_LOSS_CAP 320
void fuse_item_loss(const struct fuse_plan *plan, const struct fuse_item *item,
                    char text[static FUSE_LOSS_CAP]);

void fuse_plan_wipe(struct fuse_plan *plan);

#endif
