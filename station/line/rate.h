/*
 * Which rate a slot begins the next board with: the one that promises the shortest time, from how
 * the rates went on its port lately. A rate that fails now and then may still be the quickest; one
 * that fails often costs more than it saves. What was seen fades, so that a rate given up is tried
 * again after a while: cables get changed.
 *
 * Plain struct, no I/O. Never goes beyond the recipe's list.
 */
#ifndef STATION_RATE_H
#define STATION_RATE_H

#include "recipes/recipe.h"

#include <stdbool.h>

#define RATES_MAX (1 + RECIPE_FALLBACKS_MAX)

struct rates {
    size_t count;
    struct {
        uint32_t baud;
        double seconds;         /* a board at this rate */
        double tries, failures; /* faded */
    } rows[RATES_MAX];          /* the recipe's rate, then its fallbacks */
};

/* The recipe's rates, with what a board of `wire_bytes` takes at each, and nothing seen yet.
 * `least_seconds`: what no rate can shorten. */
void rates_init(struct rates *r, const struct recipe_port *port, uint64_t wire_bytes,
                double least_seconds);

/* One more attempt, at row `index`. */
void rates_note(struct rates *r, size_t index, bool failed);

/* The same for an attempt of some time ago; a rate that the recipe does not have is left out. */
void rates_recall(struct rates *r, uint32_t baud, bool failed);

/* The row to begin with. */
size_t rates_choose(const struct rates *r);

#endif
