/*
 * What a run keeps of its board for burning, over all its attempts: keys that were made for it, how
 * far it has come, and what fuses and plan look like while they hold keys.
 *
 * It lies in locked memory (station/base/locked.h) and is wiped with the run. Of the slot's thread.
 */
#ifndef STATION_BOARD_OWN_H
#define STATION_BOARD_OWN_H

#include "core/fuses/fuse_plan.h"
#include "core/images/plan.h"

struct board_own {
    /* Keys of the wish, in its order, that are each board's own: made once, when it is their turn,
     * or told by its unit. */
    struct {
        uint8_t count; /* 0: not made */
        uint8_t use;   /* enum fuse_key_use */
        uint8_t bytes[FUSE_KEY_BYTES_MAX];
    } keys[FUSE_WISH_KEYS_MAX];
    bool has_mac; /* of the product's own, from the unit */
    uint8_t mac[6];

    bool begun;            /* keys that cannot be read any more are those: somebody knows it */
    bool presumed;         /* ...or may be: what the unit has for them is not known yet */
    bool told;             /* a controller was told to burn */
    bool proved;           /* the flash holds what it should, by an attempt of this run */
    bool booted;           /* and the board has started so, with its security on */
    unsigned burns;        /* made by this run, and right */
    unsigned wanted;       /* that the plan took when the run first saw the board */
    enum fuse_stage stage; /* of the last one of them */
    bool other_key;        /* the record knows a hidden key, and it is not the recipe's */
    const char *closed;    /* the fuse that closed the loader, which has to be proved; NULL: none */
    bool unsaid;           /* it starts, and something is missing that it should say */
    const char *closed_unheard; /* the same, but what became of its burn nobody could say */

    struct plan_variant *ciphertext; /* owned; NULL: none was made */
    const struct plan_variant *ciphertext_of;

    /* Room to work in. */
    struct fuse_words seen; /* as the attempt saw them first */
    struct fuse_words now;
    struct fuse_plan plan;  /* for those */
    struct fuse_plan check; /* ...and for what came of it */
    struct fuse_burn burns_all[FUSE_ITEMS_MAX];
};

/* NULL: ERR_STATION. */
struct board_own *board_own_new(struct err *e);
void board_own_free(struct board_own *own); /* wipes; NULL is fine */

#endif
