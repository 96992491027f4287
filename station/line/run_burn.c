/* Burning, over the attempts of a run: what it keeps, what the record gets, and what a failure
 * means for the board. */
#include "station/base/locked.h"
#include "station/line/burnt_values.h"
#include "station/line/run_state_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct job_security *security_of(const struct run *run)
{
    return job_security(order_job(run->slot->order));
}

bool run_prepare_burning(struct run *run, struct err *e)
{
    if (!job_security_asked(security_of(run)))
        return true;
    run->own = board_own_new(e);
    run->holds_stack = run->own && locked_stack_begin(e);
    return run->holds_stack;
}

void run_forget_burning(struct run *run)
{
    board_own_free(run->own);
    run->own = NULL;
    if (run->holds_stack)
        locked_stack_end();
}

/* NULL: the unit has none, or nobody knows it. */
static char *unit_text(const struct run *run, const char *name)
{
    const struct unit *u = &slot_recipe(run->slot)->unit;
    const size_t i = name ? unit_value_find(u, name, strlen(name)) : UNIT_NO_VALUE;
    return run->has_unit && i != UNIT_NO_VALUE ? run->unit.texts[i] : NULL;
}

static bool take_mac(struct run *run, struct err *e)
{
    const char *name = job_security_mac(security_of(run)), *text = unit_text(run, name);
    run->own->has_mac = text && burnt_mac_read(name, text, run->own->mac, e);
    return !text || run->own->has_mac;
}

/* Whether an image may have the unit's values in it. */
static bool feeds_images(const struct unit *u)
{
    for (size_t i = 0; i < u->image_count; i++) {
        if (!u->images[i].pool)
            return true;
    }
    return false;
}

/* Its text, which lies where all values do, is not needed any more. */
static bool take_keys(struct run *run, struct err *e)
{
    for (size_t i = 0; i < FUSE_WISH_KEYS_MAX; i++) {
        const char *name = job_security_key_value(security_of(run), i);
        char *text = unit_text(run, name);
        if (text && !job_security_take_key(security_of(run), i, text, run->own))
            return err_set(e, ERR_UNIT, "The unit's value '%.32s' is no key of 32 bytes", name);
        if (text && !feeds_images(&slot_recipe(run->slot)->unit))
            explicit_bzero(text, strlen(text));
    }
    return true;
}

bool run_take_values(struct run *run, struct err *e)
{
    return !run->own || (take_mac(run, e) && take_keys(run, e));
}

/* Once the flash is proved, only fuses are left; should it differ later it is written again. */
enum attempt_kind run_attempt_kind(const struct run *run)
{
    const struct board_own *own = run->own;
    const enum attempt_kind kind = run->slot->gang->kind;
    return kind == ATTEMPT_FLASH && own && own->proved && (own->told || own->booted) ? ATTEMPT_BURN
                                                                                     : kind;
}

void run_judge_burning(struct run *run, const struct attempt_result *result)
{
    if (run->own && !result->ok && result->err.code == ERR_VERIFY)
        run->own->proved = false;
}

bool run_burnt(void *ctx, const struct attempt_burn *burn, struct err *e)
{
    struct run *run = ctx;
    const struct slot *s = run->slot;
    return record_burn(s->gang->record, s->order, run->id, run->attempt, ++run->burn_rows, burn, e);
}

bool run_knows_key(void *ctx, const struct chip_mac *mac, const struct fuse_burn *burn,
                   enum key_known *known, struct err *e)
{
    const struct run *run = ctx;
    return record_knows_key(run->slot->gang->record, mac, burn, known, e);
}

/* ---- What a failure means ---- */

static bool tells_of_burns(enum err_code code)
{
    return code == ERR_PART_BURNT || code == ERR_BURN_UNKNOWN || code == ERR_BURNT_WRONG ||
           code == ERR_BOOT || code == ERR_DATABASE;
}

bool run_has_closed(const struct run *run)
{
    return run->own && run->own->burns > 0 && run->own->stage == FUSE_STAGE_LOADER;
}

static const char *way_on(const struct run *run, enum err_code code)
{
    const struct board_own *own = run->own;
    if (run_has_closed(run))
        return "Its fuses are all burnt and its loader is closed: it cannot be run again. See "
               "whether it starts as it should, and let an engineer decide.";
    if (job_security_makes_keys(security_of(run)) && !job_security_keeps_keys(security_of(run)))
        return "Set the board aside: its own keys were known to this run alone.";
    if (code == ERR_BOOT && own->unsaid)
        return "Its fuses are right as far as they are burnt, and it runs. Is a log switched off? "
               "Have the recipe ask for what such a board says (boot_says, rom_says), and run it "
               "again.";
    if (code == ERR_BOOT)
        return "Its fuses are right as far as they are burnt. While its loader is open: run it "
               "again with this recipe; should it still not start, it is lost.";
    if (code == ERR_DATABASE && own->burns > 0)
        return "Mend the record first, then run the board again with this recipe.";
    return err_row(ERR_PART_BURNT)->hint;
}

/* Whatever there is to say of its fuses: they are what an earlier run has made of them. */
void run_explain_wrong(const struct run *run, const struct chip_mac *mac, struct err *e)
{
    int64_t id = 0;
    struct err ignored = { 0 };
    if (!run->own || run->own->told || e->code != ERR_SECURED ||
        !record_burnt_wrong(run->slot->gang->record, mac, &id, &ignored) || id == 0)
        return;
    err_wrap(e, "Run %" PRId64 " of this record has burnt the board wrong: it is lost", id);
    err_hint(e, "%s", err_row(ERR_BURNT_WRONG)->hint);
}

/* The last burn got no answer, and whoever is there now has a closed loader. */
static bool explain_unheard(const struct board_own *own, struct err *e)
{
    if (!own->closed_unheard || e->code != ERR_SECURED)
        return false;
    err_wrap(e, "%u of %u burns are made, and of the last one, %s, nobody heard what came of it",
             own->burns, own->wanted, own->closed_unheard);
    e->code = ERR_BURN_UNKNOWN;
    err_hint(e,
             "If this is the board that was there, by its label, all its fuses are burnt, and it "
             "cannot be run again. See whether it starts, and let an engineer decide.");
    return true;
}

void run_explain_burns(const struct run *run, struct err *e)
{
    const struct board_own *own = run->own;
    if (own && explain_unheard(own, e))
        return;
    if (!own || (own->burns == 0 && !own->told) || e->code == ERR_NONE ||
        e->code == ERR_BURNT_WRONG ||
        (own->burns == 0 && e->code != ERR_BURN_UNKNOWN && e->code != ERR_PART_BURNT))
        return;
    if (!tells_of_burns(e->code) && !run_has_closed(run)) {
        e->wire = e->code;
        e->code = ERR_PART_BURNT;
    }
    if (own->burns > 0)
        err_wrap(e, "%u of %u burns are made, up to '%s'", own->burns, own->wanted,
                 fuse_stage_word(own->stage));
    if (e->code != ERR_BURN_UNKNOWN)
        err_hint(e, "%s", way_on(run, e->code));
}
