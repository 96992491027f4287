#include "station/line/unit_notice.h"

#include "db/units/decide.h"

#include <stdio.h>

#define GONE_SHOWN 3

struct notice {
    void (*tell)(void *ctx, const char *sentence);
    void *ctx;
    size_t gone;
};

/* Boards that have one of those rows keep it, and what the record does not know of it is lost.
 * Nothing of it goes to another board. */
static void tell_gone(void *ctx, const char *pool, const char *label, const char *mac,
                      const char *taken_utc)
{
    struct notice *n = ctx;
    char sentence[240];
    if (++n->gone > GONE_SHOWN)
        return;
    snprintf(sentence, sizeof sentence,
             "%.100s of pool '%s', which the board %s has since %s, was changed or is gone", label,
             pool, mac, taken_utc);
    n->tell(n->ctx, sentence);
}

static bool tell_older(struct notice *n, struct record *record, struct err *e)
{
    struct err failure = { 0 };
    if (db_unit_judge(record_db(record), &failure))
        return true;
    if (failure.code == ERR_UNIT)
        n->tell(n->ctx, failure.what);
    else
        *e = failure;
    return failure.code == ERR_UNIT;
}

bool unit_notice(struct record *record, struct job *job,
                 void (*tell)(void *ctx, const char *sentence), void *ctx, struct err *e)
{
    struct notice n = { tell, ctx, 0 };
    char sentence[80];
    if (!record || !job_unit(job)->unit->asked)
        return true;
    if (!tell_older(&n, record, e) || !record_check_pools(record, job, tell_gone, &n, e))
        return false;
    if (n.gone > GONE_SHOWN) {
        snprintf(sentence, sizeof sentence, "... and so are %zu more", n.gone - GONE_SHOWN);
        tell(ctx, sentence);
    }
    return true;
}
