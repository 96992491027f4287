/* Between run.c (a board's attempts and verdict) and run_unit.c (what it has of its own). */
#ifndef STATION_RUN_STATE_PRIV_H
#define STATION_RUN_STATE_PRIV_H

#include "station/line/remedy.h"
#include "station/line/slot_priv.h"

/* One board's run, over all its attempts. */
struct run {
    struct slot *slot;
    int64_t id; /* in the record */
    uint64_t started_us;
    int64_t started_utc_ms;
    unsigned attempt;
    struct err record_err; /* the record failed: no PASS can be given any more */
    struct remedy remedy;  /* how the next attempt goes */
    size_t first_baud_index, first_reset_index;
    const struct reset_sequence *reset;
    struct reset_sequence custom_reset, custom_after;
    struct record_claim claim;   /* what the fleet's server says of it */
    struct chip_mac mac;         /* of the board it began with; count 0: none was identified yet */
    bool passed_before;          /* here, under this order: that verdict stands, */
    struct db_passed_run before; /* ...of this run; 0: it was not recorded */
    enum board_state state;      /* how the attempts so far left it */
    char *label;                 /* that it gets if it passes; NULL: none */
    struct db_unit unit;         /* what the board has of its own */
    bool has_unit;
    struct unit_given given; /* for this board; what comes once it is taken is for the next one */
    bool took_given;
    struct plan_variant *variant;      /* with the unit's images; NULL: none was made yet */
    const struct plan_variant *shared; /* that it was made with */
    struct job_unit_lacks lacks;       /* `verify`: images that could not be made, each with why */
    bool compared[UNIT_IMAGES_MAX];    /* of those: with what the board itself told */
    bool undecided;                    /* `verify`: not all could be compared */
    struct board_own *own;             /* where the recipe wishes fuses; else NULL */
    bool holds_stack;                  /* part of the thread's stack is locked for it */
    unsigned burn_rows;                /* so many are in the record */
    struct remedy_byte keys_at; /* where the unit's keys are not on the board, as `verify` found */
};

/* ---- run.c ---- */

struct record_run run_row(const struct run *run);

/* ---- run_unit.c; of the slot's thread ---- */

/* Enters the board in the record, with its unit where it `fits`, which may wait until a value is
 * scanned. False: *e. */
bool run_enter_board(struct run *run, const struct board *board, bool fits, struct loader *l,
                     struct err *e);

/* What `verify` could not compare: it ends neither well nor badly. False: *e says what. */
bool run_is_compared(const struct run *run, struct err *e);

/* Of attempt_watch, `ctx` being the run: the regions with the unit's images behind those that all
 * boards get, and whether a region that differs is right all the same. */
const struct plan_variant *run_variant(void *ctx, const struct plan_variant *shared, struct err *e);
bool run_judge_region(void *ctx, size_t region, bool equal, struct loader *l, struct err *e);

/* ---- run_burn.c; of the slot's thread ---- */

/* What the run keeps for burning. ERR_STATION. */
bool run_prepare_burning(struct run *run, struct err *e);

void run_forget_burning(struct run *run);

/* The product's MAC, once the board has its unit. False: the value is none. */
bool run_take_values(struct run *run, struct err *e);

/* What the next attempt is to do. */
enum attempt_kind run_attempt_kind(const struct run *run);

/* After an attempt. */
void run_judge_burning(struct run *run, const struct attempt_result *result);

/* Of attempt_watch. */
bool run_burnt(void *ctx, const struct attempt_burn *burn, struct err *e);
bool run_knows_key(void *ctx, const struct chip_mac *mac, const struct fuse_burn *burn,
                   enum key_known *known, struct err *e);

/* Of the run's last failure: what is burnt, whether the board is usable and how to go on. */
void run_explain_burns(const struct run *run, struct err *e);

/* Whether it has burnt the last fuse of all, behind which there is no loader to talk to. */
bool run_has_closed(const struct run *run);

/* Of a board that an earlier run has burnt wrong: that it is lost. */
void run_explain_wrong(const struct run *run, const struct chip_mac *mac, struct err *e);

#endif
