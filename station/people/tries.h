/* How many wrong PINs and badges there were, and who has to wait. A plain value; times are a
 * clock's microseconds. */
#ifndef STATION_TRIES_H
#define STATION_TRIES_H

#include "station/people/people.h"

enum { TRIES_NAMES = 64 }; /* more than can be tried wrongly within the pause */

struct tries {
    struct tries_of {
        char name[ACTOR_NAME_BYTES];
        unsigned wrong; /* in a row */
        uint64_t at_us; /* the last of them */
    } of[TRIES_NAMES];
    uint64_t all_us[PEOPLE_TRIES_ALL]; /* of the last ones, over all names; 0: none */
    size_t next;                       /* of those: the oldest */
};

/* Milliseconds that this name ("" for badges) has to wait before it may try again; 0: none. */
uint64_t tries_wait_ms(const struct tries *t, const char *name, uint64_t now_us);

void tries_note(struct tries *t, const char *name, bool right, uint64_t now_us);

#endif
