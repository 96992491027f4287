/* The values of units on labels: how long each can be, before there is one. */
#ifndef STATION_LABEL_UNITS_H
#define STATION_LABEL_UNITS_H

#include "recipes/label/label_board.h"
#include "recipes/recipe.h"

#define LABEL_UNIT_CAP 128

/* The texts behind what is added to a room. */
struct label_units {
    char texts[UNIT_VALUES_MAX][LABEL_UNIT_CAP];
};

/* Adds the longest text of each value of a unit that the label asks for; `longest` lives as long as
 * the room. ERR_RECIPE: nothing says how long a value can be. */
bool label_units_longest(const struct recipe *r, const struct label_template *t,
                         struct label_units *longest, struct label_room *room, struct err *e);

#endif
