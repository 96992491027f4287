#include "station/people/desk.h"

#include <stdio.h>

bool desk_log_in(struct desk *desk, const char *name, const char *secret, struct err *e)
{
    struct actor actor = { .role = ROLE_NOBODY };
    bool ok = true;
    if (secret && !desk->people)
        ok = err_set(e, ERR_USAGE, "This station has no people file, so nobody has to log in");
    else if (secret)
        ok = name[0] ? people_log_in(desk->people, name, secret, &actor, e)
                     : people_log_in_badge(desk->people, secret, &actor, e);
    desk->actor = ok ? actor : (struct actor){ .role = ROLE_NOBODY };
    return ok;
}

/* Whoever was taken out of the people file meanwhile is gone, and a role is what it is now. */
static bool is_there(struct desk *desk)
{
    struct actor now = { .role = ROLE_NOBODY };
    if (!desk->actor.name[0] || !people_find(desk->people, desk->actor.name, &now)) {
        desk->actor = (struct actor){ .role = ROLE_NOBODY };
        return false;
    }
    desk->actor.role = now.role;
    return true;
}

bool desk_actor(struct desk *desk, const char *typed, bool free_to_all, struct actor *actor,
                struct err *e)
{
    *actor = (struct actor){ .role = ROLE_NOBODY };
    if (!desk->people) {
        actor->role = ROLE_ENGINEER;
        snprintf(actor->name, sizeof actor->name, "%s", typed ? typed : "");
        return true;
    }
    if (is_there(desk)) {
        *actor = desk->actor;
        return true;
    }
    if (free_to_all)
        return true;
    err_set(e, ERR_USAGE, "Nobody is logged in");
    return err_hint(e, "Log in; in a terminal: press o.");
}
