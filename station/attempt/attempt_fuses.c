/* Fuses that a recipe wishes: judged before anything is written. Nothing burns them yet. */
#include "station/attempt/attempt_priv.h"

#include <stdlib.h>
#include <string.h>

static const struct job_security *security_of(const struct attempt *a)
{
    return job_security(a->setup->job);
}

static bool judge(struct attempt *a, struct fuse_plan *plan, struct err *e)
{
    struct fuse_words words;
    const struct board *b = &a->result->board;
    const struct fuse_set *set = chip_fuses(b->chip, b->revision);
    if (!set)
        return err_set(e, ERR_USAGE, "The fuses of the %s have no names here", b->chip->name);
    if (!fuses_read(&a->loader, set, &words, e))
        return err_as_phase(e, ERR_IDENTIFY);
    memset(&a->misfit, 0, sizeof a->misfit);
    a->burns = 0;
    if (job_security_judge(security_of(a), b, &words, plan, &a->misfit))
        a->burns = plan->steps;
    fuse_plan_wipe(plan);
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
        return true;
    }
    struct fuse_plan *plan = malloc(sizeof *plan);
    const bool ok = plan ? judge(a, plan, e) : err_set(e, ERR_STATION, "Out of memory for fuses");
    free(plan);
    return ok;
}

/* Of another chip than the recipe's, too: nothing was written to it. */
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
    err_set(e, ERR_NOT_BURNT,
            "No fuse was burnt: the recipe's section 'security' takes %u burn%s on this board, and "
            "this version of espstation makes none",
            a->burns, a->burns == 1 ? "" : "s");
    return err_hint(e, "What is missing: espstation fuses plan RECIPE --port PORT. The board is in "
                       "its loader and was not started: images built for security may burn fuses "
                       "by themselves.");
}
