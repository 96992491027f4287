/* What of a plan is burnt already, whether the rest can be, and in which steps. */
#include "core/fuses/fuse_plan_priv.h"

#include <stdlib.h>
#include <string.h>

/* ---- What must not be there ---- */

static bool is_on(const struct planner *p, const char *name)
{
    return planner_value(p, name) != 0;
}

static bool judge_features(struct planner *p)
{
    const struct fuse_wish *w = p->wish;
    if (w->boot == FUSE_BOOT_NONE &&
        (is_on(p, "SECURE_BOOT_EN") || is_on(p, "ABS_DONE_0") || is_on(p, "ABS_DONE_1")))
        return plan_refuse(p, "Secure boot is on, and the recipe does not wish it");
    if (w->boot == FUSE_BOOT_V1 ? is_on(p, "ABS_DONE_1")
                                : w->boot == FUSE_BOOT_V2 && is_on(p, "ABS_DONE_0"))
        return plan_refuse(p, "The other scheme of secure boot is on");
    if (w->crypt == FUSE_CRYPT_NONE &&
        (is_on(p, "FLASH_CRYPT_CNT") || is_on(p, "SPI_BOOT_CRYPT_CNT")))
        return plan_refuse(p, "Flash encryption was switched on once, and the recipe does not wish "
                              "it");
    if (w->crypt != FUSE_CRYPT_NONE && is_on(p, "FORCE_USE_KEY_MANAGER_KEY"))
        return plan_refuse(p, "The flash's key comes from the key manager, not from fuses");
    return true;
}

static bool judge_slots(struct planner *p)
{
    for (size_t i = 0; i < p->wish->key_count; i++) {
        const struct fuse_wish_key *key = &p->wish->keys[i];
        char name[] = "SECURE_BOOT_KEY_REVOKE0";
        name[sizeof name - 2] = (char)('0' + key->slot);
        if (key->use == FUSE_KEY_DIGEST && !p->wish->revoked[key->slot] && is_on(p, name))
            return plan_refuse(p, "Slot %u is revoked: no image of its key starts any more",
                               key->slot);
    }
    return true;
}

/* ---- Item by item ---- */

static bool is_lock(const struct fuse_item *item)
{
    return strcmp(item->field->name, "WR_DIS") == 0 || strcmp(item->field->name, "RD_DIS") == 0;
}

static bool is_count(const struct fuse_item *item)
{
    return strstr(item->field->name, "_CRYPT_CNT") != NULL;
}

static bool is_key(const struct fuse_item *item)
{
    return item->field->bits > 48;
}

static bool is_blank(const struct planner *p, const struct fuse_field *field)
{
    uint8_t bytes[FUSE_BYTES_MAX];
    const size_t n = fuse_bytes(p->words, field, bytes);
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != 0)
            return false;
    }
    return true;
}

/* Only what is missing is burnt. */
static void drop_burnt(const struct planner *p, struct fuse_item *item)
{
    for (size_t i = 0; i < FUSE_WORDS_MAX; i++)
        item->burn.word[i] &= ~p->words->word[item->burn.block][i];
}

static bool judge_number(struct planner *p, struct fuse_item *item)
{
    const uint32_t has = fuse_value(p->words, item->field), value = item->value;
    const char *name = item->field->name;
    item->done = (has & value) == value;
    drop_burnt(p, item);
    /* A count of 3, say, was on once and is off; or the power went while we burnt all of them. */
    if (is_count(item) && has != 0 && has != value && !(has == 1 && value > 1) &&
        !p->wish->begun_here)
        return plan_refuse(p, "%s is 0x%X, and the recipe wants 0x%X", name, has, value);
    if (!is_lock(item) && (has & ~value) != 0)
        return plan_refuse(p, "%s is 0x%X, and the recipe wants 0x%X: bits are never taken back",
                           name, has, value);
    if (!item->done && fuse_is_locked(p->set, p->words, item->field))
        return plan_refuse(p, "%s is to be 0x%X, and is locked at 0x%X", name, value, has);
    return true;
}

/* One block of its own, or the ESP32's, whose bits count for themselves. */
static bool judge_mac(struct planner *p, struct fuse_item *item)
{
    const struct fuse_field *field = item->field;
    const uint32_t *has = p->words->word[item->burn.block];
    bool differs = false;
    for (size_t i = 0; i < FUSE_WORDS_MAX; i++)
        differs |= (has[i] & item->burn.word[i]) != item->burn.word[i];
    item->done = !is_blank(p, field);
    if (item->done && !item->made && differs)
        return plan_refuse(p, "The board has another MAC of its own already");
    for (size_t i = 0; i < FUSE_WORDS_MAX; i++) {
        if (!item->done && item->burn.kind == FUSE_BURN_KEY && has[i] != 0)
            return plan_refuse(p, "The block of the MAC is used up by user data");
    }
    if (!item->done && fuse_is_locked(p->set, p->words, field))
        return plan_refuse(p, "The block of the MAC is locked");
    return true;
}

static bool judge_items(struct planner *p)
{
    for (size_t i = 0; i < p->plan->count; i++) {
        struct fuse_item *item = &p->plan->items[i];
        if (is_key(item))
            continue; /* fuse_plan_keys.c has judged it */
        if (!(item->field->bits > 32 ? judge_mac : judge_number)(p, item))
            return false;
    }
    return true;
}

/* ---- Half a board ---- */

/* Nothing is switched on before all in front of it is there; else somebody else did it. */
static bool judge_order(struct planner *p)
{
    const struct fuse_item *on = NULL, *missing = NULL;
    for (size_t i = 0; i < p->plan->count; i++) {
        const struct fuse_item *item = &p->plan->items[i];
        if (item->stage == FUSE_STAGE_ENABLE && fuse_value(p->words, item->field) != 0)
            on = item;
        if (item->stage < FUSE_STAGE_ENABLE && !item->done && !missing)
            missing = item;
    }
    return !on || !missing ||
           plan_refuse(p,
                       "%s is burnt and %s is not: another order than this station's, so "
                       "this board was begun elsewhere",
                       on->field->name, missing->field->name);
}

/* Chips come with some of it from the factory. */
static bool is_ours(const struct fuse_item *item)
{
    return strcmp(item->field->name, "CONSOLE_DEBUG_DISABLE") != 0;
}

static bool judge_progress(struct planner *p)
{
    size_t done = 0, missing = 0;
    for (size_t i = 0; i < p->plan->count; i++) {
        done += p->plan->items[i].done && is_ours(&p->plan->items[i]);
        missing += !p->plan->items[i].done;
    }
    p->plan->board = missing == 0               ? FUSE_BOARD_DONE
                     : done == 0 && !p->cut_off ? FUSE_BOARD_BLANK
                                                : FUSE_BOARD_BEGUN;
    p->plan->hidden_unproved = p->hidden && !p->wish->begun_here;
    if (!p->plan->hidden_unproved || missing == 0)
        return true;
    return plan_refuse(p,
                       "The board has a key that cannot be read, and %zu fuse%s missing: "
                       "nothing proves that it is this recipe's",
                       missing, missing == 1 ? " is" : "s are");
}

/* ---- Steps ---- */

static int compare(const void *left, const void *right)
{
    const struct fuse_item *a = left, *b = right;
    if (a->stage != b->stage)
        return a->stage < b->stage ? -1 : 1;
    if (a->burn.block != b->burn.block) /* the highest first, block 0 last */
        return a->burn.block > b->burn.block ? -1 : 1;
    const int by_name = strcmp(a->field->name, b->field->name);
    return by_name ? by_name : a->value < b->value ? -1 : a->value > b->value;
}

static bool starts_step(const struct fuse_item *before, const struct fuse_item *item)
{
    return !before || before->stage != item->stage || before->burn.block != item->burn.block;
}

static void number_steps(struct fuse_plan *plan)
{
    const struct fuse_item *before = NULL;
    plan->after_boot = 0;
    for (size_t i = 0; i < plan->count; i++) {
        struct fuse_item *item = &plan->items[i];
        if (item->done)
            continue;
        if (starts_step(before, item))
            plan->steps++;
        item->step = plan->steps;
        if (item->stage >= FUSE_STAGE_AFTER_BOOT && plan->after_boot == 0)
            plan->after_boot = item->step;
        before = item;
    }
    if (plan->after_boot == 0)
        plan->after_boot = plan->steps + 1;
}

/* Whether a lock that comes earlier would keep this one from being burnt. */
static bool judge_locks(struct planner *p)
{
    const struct fuse_plan *plan = p->plan;
    for (size_t i = 0; i < plan->count; i++) {
        const struct fuse_item *item = &plan->items[i];
        for (size_t k = 0; !item->done && item->field->lock_bit != FUSE_NO_BIT && k < i; k++) {
            const struct fuse_item *lock = &plan->items[k];
            if (strcmp(lock->field->name, "WR_DIS") == 0 && lock->stage < item->stage &&
                lock->value >> item->field->lock_bit & 1)
                return plan_cannot(p, "Bit %d of WR_DIS would lock %s, which is burnt behind it",
                                   item->field->lock_bit, item->field->name);
        }
    }
    return true;
}

bool plan_judge(struct planner *p)
{
    if (!judge_features(p) || !judge_slots(p) || !judge_items(p) || !judge_order(p) ||
        !judge_progress(p))
        return false;
    qsort(p->plan->items, p->plan->count, sizeof p->plan->items[0], compare);
    number_steps(p->plan);
    return judge_locks(p);
}
