#include "station/people/role.h"

static const char *const words[ROLE_COUNT] = {
    [ROLE_NOBODY] = "nobody",
    [ROLE_OPERATOR] = "operator",
    [ROLE_ENGINEER] = "engineer",
    [ROLE_AUDITOR] = "auditor",
};

const char *role_word(enum role role)
{
    return words[(unsigned)role < ROLE_COUNT ? role : ROLE_NOBODY];
}

static bool refuse(const struct actor *actor, const char *who_may, const char *what, struct err *e)
{
    if (actor->role == ROLE_NOBODY)
        err_set(e, ERR_USAGE, "Only an %s may %s, and nobody has logged in", who_may, what);
    else
        err_set(e, ERR_USAGE, "Only an %s may %s; %s is an %s", who_may, what, actor->name,
                role_word(actor->role));
    return err_hint(e, "Ask one to log in with badge or PIN.");
}

bool actor_is_engineer(const struct actor *actor, const char *what, struct err *e)
{
    return actor->role == ROLE_ENGINEER || refuse(actor, "engineer", what, e);
}

bool actor_is_at_work(const struct actor *actor, const char *what, struct err *e)
{
    return actor->role == ROLE_ENGINEER || actor->role == ROLE_OPERATOR ||
           refuse(actor, "operator or engineer", what, e);
}
