/*
 * Values of a unit that fuses are to hold: a MAC of the product's own, and keys. Judged before the
 * record ties them to a board, for what is given out is never taken back by itself. Any thread.
 */
#ifndef STATION_BURNT_VALUES_H
#define STATION_BURNT_VALUES_H

#include "recipes/recipe.h"

/* The six bytes of the MAC in the value `name`, in any usual spelling. ERR_UNIT: none, or none
 * of a board: zeros, or an address of a group (first byte odd: IEEE 802, I/G bit). */
bool burnt_mac_read(const char *name, const char *text, uint8_t mac[static 6], struct err *e);

/* Whether all of them that are there can be burnt; `texts` by the recipe's values, NULL: not known
 * yet. ERR_UNIT. */
bool burnt_values_judge(const struct recipe *r, const char *const *texts, struct err *e);

#endif
