/* Inside core/fuses/fuse_plan*.c only: a plan while it is made. */
#ifndef CORE_FUSE_PLAN_PRIV_H
#define CORE_FUSE_PLAN_PRIV_H

#include "core/fuses/fuse_plan.h"

enum { FUSE_KEY_BLOCKS = 6 };

struct planner {
    const struct fuse_set *set;
    const struct fuse_rules *rules;
    const char *chip;
    uint32_t revision;
    const struct fuse_words *words;
    const struct fuse_wish *wish;
    struct fuse_plan *plan;
    struct err *e;
    bool is_esp32, has_purposes; /* neither: ESP32-C2 */
    bool taken[FUSE_KEY_BLOCKS]; /* key blocks that the wish speaks of */
    bool hidden;                 /* a key of the wish cannot be read any more */
    bool cut_off;                /* a part of one is burnt */
};

/* ---- fuse_plan.c ---- */

const struct fuse_field *planner_field(const struct planner *p, const char *name);
uint32_t planner_value(const struct planner *p, const char *name); /* 0: the chip has none */

/* A fuse of at most 32 bits gets that value, or more bits where `more_is_right`. False with
 * ERR_USAGE: the chip has none of that name, or it is too small. */
bool plan_number(struct planner *p, enum fuse_stage stage, const char *name, uint32_t value,
                 const char *why);

/* Bits of WR_DIS and RD_DIS. */
bool plan_bit(struct planner *p, enum fuse_stage stage, const char *name, int bit, const char *why);

/* A whole field of more than 32 bits. `kind` as its burn's. NULL: no room. */
struct fuse_item *plan_bytes(struct planner *p, enum fuse_stage stage,
                             const struct fuse_field *field, const uint8_t *bytes, size_t n,
                             enum fuse_burn_kind kind, const char *why);

bool plan_refuse(struct planner *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool plan_cannot(struct planner *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* ---- fuse_plan_keys.c ---- */

/* All keys and digests, with purposes and locks; what the board has that nobody wished. */
bool plan_keys(struct planner *p);

/* ---- fuse_plan_judge.c ---- */

/* What of the items is burnt already, and whether the rest can be; numbers the steps. */
bool plan_judge(struct planner *p);

#endif
