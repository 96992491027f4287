/* The label of an order: judged when it is made, filled for each of its boards. */
#ifndef STATION_ORDER_LABEL_H
#define STATION_ORDER_LABEL_H

#include "core/facts/chip.h"
#include "station/line/order.h"

/* Whether its label fits with the longest values that its boards can bring, and is drawn for its
 * printer; an order without printer has none. ERR_RECIPE. */
bool order_label_fits(const struct order *o, struct err *e);

struct order_label_for {
    const struct chip_mac *mac; /* count 0: the board would not say */
    int64_t run_id;
    int slot;
    int64_t started_utc_ms;
    char *const *unit_texts; /* of the recipe's unit values, in their order; NULL: not known */
};

/* The label of a board as ZPL, which the caller frees. Of an order with a printer. NULL:
 * ERR_RECIPE, ERR_STATION. */
char *order_label_make(const struct order *o, const struct order_label_for *board, struct err *e);

#endif
