/* Fuses that a recipe wishes: judged before anything is written, and burnt when all is proved. */
#include "station/attempt/attempt_priv.h"

#include "core/loader/regs.h"

#include <stdlib.h>
#include <string.h>

static const struct job_security *security_of(const struct attempt *a)
{
    return job_security(a->setup->job);
}

static bool burns(const struct attempt *a)
{
    return a->setup->burns && a->setup->kind != ATTEMPT_VERIFY;
}

/* Frames with them do not stay in memory: there may be a key that is not hidden yet. */
bool attempt_read_fuses(struct attempt *a, const struct fuse_set *set, struct fuse_words *words,
                        struct err *e)
{
    const bool ok = fuses_read(&a->loader, set, words, e);
    regs_forget(&a->loader);
    link_wipe(&a->loader.link);
    return ok;
}

/* ---- Keys that cannot be read any more ---- */

static bool is_hidden_key(const struct board_own *own, const struct fuse_item *item)
{
    return item->secret && item->done && fuse_is_hidden(own->check.set, &own->seen, item->field);
}

/* All of them, by the marks that were recorded as they were burnt. */
static bool ask_for_keys(struct attempt *a, bool *known, struct err *e)
{
    struct board_own *own = a->setup->own;
    const struct attempt_watch *w = a->setup->watch;
    *known = w->knows != NULL;
    for (size_t i = 0; *known && i < own->check.count; i++) {
        const struct fuse_item *item = &own->check.items[i];
        enum key_known key = KEY_IS_UNKNOWN;
        if (!is_hidden_key(own, item))
            continue;
        if (!w->knows(w->ctx, &a->result->board.mac, &item->burn, &key, e))
            return false;
        *known = key == KEY_IS_THIS;
        own->other_key |= key == KEY_IS_ANOTHER;
    }
    return true;
}

/* A board that lost its power between two burns: the plan would fit if its hidden keys were the
 * recipe's, and the record says whether they are. */
static bool is_begun_here(struct attempt *a, bool *begun, struct err *e)
{
    struct board_own *own = a->setup->own;
    struct err misfit = { 0 };
    *begun = own->other_key = false;
    own->begun = true;
    const bool fits = job_security_judge(security_of(a), &a->result->board, &own->seen, own,
                                         &own->check, &misfit);
    own->begun = false;
    own->presumed = fits && job_security_awaits(security_of(a), own);
    *begun = own->presumed;
    bool ok = !fits || own->presumed || ask_for_keys(a, begun, e);
    fuse_plan_wipe(&own->check);
    own->begun = ok && *begun;
    return ok;
}

/* ---- Judging ---- */

static bool try_plan(struct attempt *a)
{
    struct board_own *own = a->setup->own;
    memset(&a->misfit, 0, sizeof a->misfit);
    return job_security_judge(security_of(a), &a->result->board, &own->seen, own, &own->plan,
                              &a->misfit);
}

/* Nobody could write this board's flash, or compare it. */
static void refuse_unknown_key(struct attempt *a)
{
    struct flash_crypt_key key;
    const bool has = job_security_flash_key(security_of(a), a->setup->own, &key);
    memset(&key, 0, sizeof key);
    if (has || a->misfit.code != ERR_NONE || !a->ciphertext)
        return;
    err_set(&a->misfit, ERR_SECURED,
            "The board's flash is encrypted with a key of its own, which nobody has any more");
    err_hint(&a->misfit, "What its fuses are is right; what its flash holds cannot be compared or "
                         "written. Set the board aside.");
}

/* Written with another key, a strange board would never start again. Who only compares proves by
 * that that it is the same. */
static void refuse_unproved_key(struct attempt *a)
{
    if (!a->ciphertext || a->misfit.code != ERR_NONE || !attempt_flashes(a) ||
        !a->setup->own->plan.hidden_unproved)
        return;
    if (a->setup->own->other_key) {
        err_set(&a->misfit, ERR_SECURED,
                "The board's flash is encrypted with another key than the recipe's, as the record "
                "knows");
        err_hint(&a->misfit, "Use the recipe and the key file that it was burnt with: espstation "
                             "history MAC. Else set the board aside.");
        return;
    }
    err_set(
        &a->misfit, ERR_SECURED,
        "The board's flash is encrypted, and no record here knows whether with the recipe's key");
    err_hint(&a->misfit, "Whether it holds these images: espstation verify RECIPE. Else set the "
                         "board aside.");
}

static bool make_keys(struct attempt *a, struct err *e)
{
    struct board_own *own = a->setup->own;
    if (!burns(a) || a->misfit.code != ERR_NONE || own->plan.board != FUSE_BOARD_BLANK)
        return true;
    return job_security_make_keys(security_of(a), &a->result->board, &own->seen, own, e);
}

static void judge_burner(struct attempt *a)
{
    const struct board *b = &a->result->board;
    struct err e = { 0 };
    if (!burns(a) || a->misfit.code != ERR_NONE || a->burns == 0 ||
        fuse_burner_check(chip_fuses(b->chip, b->revision), b->crystal_mhz, &e))
        return;
    a->misfit = e;
    a->misfit.code = ERR_SECURED;
}

/* A board into which this run has burnt something, and that does not fit any more: that burn went
 * wrong, whatever else there is to say. */
static void blame_burn(struct attempt *a)
{
    if (a->misfit.code == ERR_NONE || !a->setup->own->told)
        return;
    a->misfit.code = ERR_BURNT_WRONG;
    err_wrap(&a->misfit, "A burn of this run went wrong");
    err_hint(&a->misfit, "%s", err_row(ERR_BURNT_WRONG)->hint);
}

static bool judge(struct attempt *a, struct err *e)
{
    struct board_own *own = a->setup->own;
    if (!job_security_find_keys(security_of(a), &a->result->board, own, e))
        return false;
    bool fits = try_plan(a), begun = false;
    if (!own->begun && (fits ? own->plan.hidden_unproved : a->misfit.code == ERR_SECURED)) {
        if (!is_begun_here(a, &begun, e))
            return false;
        fits = begun ? try_plan(a) : fits;
    }
    a->burns = fits ? own->plan.steps : 0;
    a->ciphertext = fits && job_security_encrypts(security_of(a)) &&
                    (burns(a) || own->plan.board != FUSE_BOARD_BLANK);
    if (own->wanted == 0)
        own->wanted = a->burns;
    if (!make_keys(a, e))
        return false;
    refuse_unknown_key(a);
    refuse_unproved_key(a);
    judge_burner(a);
    blame_burn(a);
    fuse_plan_wipe(&own->plan);
    a->fuses_judged = true;
    return true;
}

bool attempt_look_at_fuses(struct attempt *a, struct err *e)
{
    const struct board *b = &a->result->board;
    a->fuses_judged = false;
    if (!job_security_asked(security_of(a)) || b->chip != attempt_recipe(a)->chip)
        return true;
    if (a->loader.secured) {
        a->fuses_judged = true;
        err_set(&a->misfit, ERR_SECURED,
                "The chip is in Secure Download Mode, where no fuse can be read: whether they are "
                "the recipe's cannot be told");
        err_hint(&a->misfit,
                 "It may be finished, by this very recipe: espstation history MAC, from "
                 "its label. Else set it aside.");
        return true;
    }
    const struct fuse_set *set = chip_fuses(b->chip, b->revision);
    if (!set)
        return err_set(e, ERR_USAGE, "The fuses of the %s have no names here", b->chip->name);
    return attempt_read_fuses(a, set, &a->setup->own->seen, e) ? judge(a, e)
                                                               : err_as_phase(e, ERR_IDENTIFY);
}

/* Until the board has its unit, what that holds for its fuses is taken to fit. */
bool attempt_judge_unit(struct attempt *a, struct err *e)
{
    struct board_own *own = a->setup->own;
    if (!a->fuses_judged || a->loader.secured || !job_security_uses_unit(security_of(a)))
        return true;
    const char *missing = job_security_awaits(security_of(a), own);
    if (missing && a->misfit.code == ERR_NONE)
        err_set(&a->misfit, ERR_UNIT,
                "Nobody knows the board's value '%.32s': whether its fuses hold it cannot be told",
                missing);
    if (missing)
        return true;
    if (own->presumed)
        own->begun = own->presumed = false;
    return judge(a, e);
}

/* Of another chip than the recipe's, too: nothing was written to it. What was burnt up to where the
 * board has to start is told by the attempt's own steps. */
bool attempt_may_start(const struct attempt *a)
{
    const struct board *b = &a->result->board;
    return !job_security_asked(security_of(a)) || (a->fuses_judged && a->burns == 0) ||
           (b->chip && b->chip != attempt_recipe(a)->chip);
}

bool step_fuses(struct attempt *a, struct err *e)
{
    if (a->burns == 0)
        return true;
    if (burns(a))
        return attempt_burn(a, e);
    err_set(e, ERR_NOT_BURNT,
            "No fuse was burnt: the recipe's section 'security' takes %u burn%s on this board, and "
            "nobody has allowed any",
            a->burns, a->burns == 1 ? "" : "s");
    return err_hint(e, "What is missing: espstation fuses plan RECIPE --port PORT; to burn it: run "
                       "--burn. The board is in its loader and was not started: images built for "
                       "security may burn fuses by themselves.");
}
