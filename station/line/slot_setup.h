/* What a slot is set up with: a plain value. */
#ifndef STATION_SLOT_SETUP_H
#define STATION_SLOT_SETUP_H

#include "recipes/station/slot_rules.h"

#include <stdbool.h>

struct slot_memory; /* see slot.h */

struct slot_setup {
    int number;       /* counts from 1 */
    const char *port; /* copied */
    struct slot_rules rules;
    bool appeared; /* its adapter was plugged in just now */
    bool resumes;  /* whoever had this number before has left his verdict: see session_place_slot */
    const struct slot_memory *memory; /* of the one before; NULL: none. Copied; session.c sets it */
};

#endif
