/* Who acts, and what that person may: a plain value. */
#ifndef STATION_ROLE_H
#define STATION_ROLE_H

#include "core/base/err.h"

#include <stdbool.h>

enum role { ROLE_NOBODY, ROLE_OPERATOR, ROLE_ENGINEER, ROLE_AUDITOR, ROLE_COUNT };

#define ACTOR_NAME_BYTES 65

/* A station without a people file takes a name as it is typed, as an engineer's. */
struct actor {
    char name[ACTOR_NAME_BYTES]; /* "": nobody has said */
    enum role role;
    bool proved; /* by PIN or badge; false: the name is as somebody typed it */
};

/* "nobody", "operator", "engineer", "auditor". */
const char *role_word(enum role role);

/* Whether this is an engineer; else ERR_USAGE: "Only an engineer may close a lot; Ann is an
 * operator". `what` goes behind "may", as in "close a lot". */
bool actor_is_engineer(const struct actor *actor, const char *what, struct err *e);

/* Whether this is somebody who works at the line, an operator or an engineer; else as above. */
bool actor_is_at_work(const struct actor *actor, const char *what, struct err *e);

#endif
