/*
 * What is to be done with the boards that come, and for whom: recipe (as a job), lot, operator.
 *
 * Immutable, and counted by who holds it: a session's order is exchanged between two boards while
 * runs that began under the one before go on with that. Any number of threads may use one; each
 * holds it as long as it does so.
 */
#ifndef STATION_ORDER_H
#define STATION_ORDER_H

#include "station/attempt/job.h"

struct order;
struct order_rows;
struct record;
struct station_printer;

struct order_setup {
    struct job *job;           /* held by the order from now on */
    const char *lot;           /* NULL: none */
    const char *operator_name; /* NULL: not known */
    const char *rework_reason; /* of flashing boards again that have passed; NULL: they are not */
    /* Where the recipe's label goes; lent as long as the order lives. NULL: nowhere. */
    const struct station_printer *printer;
    const char *burner; /* who allows that fuses are burnt; NULL: nobody does, and none is */
    bool new_lot;       /* a lot of this name is opened if there is none */
    bool full_waits;    /* a lot that is full is taken too: boards wait for another order */
};

/* Enters recipe and lot in the record (NULL: nothing is recorded) and copies the texts. The caller
 * holds it, and releases it. NULL: what db_lot_enter refuses, ERR_DATABASE, ERR_STATION; with a
 * burner ERR_RECIPE where nothing may be burnt; with a
 * printer ERR_RECIPE for a label that is drawn for another one, that asks for what there is not, or
 * that would not fit with the longest values. */
struct order *order_new(const struct order_setup *setup, struct record *record, struct err *e);

struct order *order_hold(struct order *o); /* gives it back */
void order_release(struct order *o);       /* the last one frees it; NULL is fine */

/* All lent as long as the order is held. */
struct job *order_job(const struct order *o);
const struct recipe *order_recipe(const struct order *o);
const char *order_lot(const struct order *o);           /* NULL: none */
const char *order_operator(const struct order *o);      /* NULL: not known */
const char *order_rework_reason(const struct order *o); /* NULL: none */
const char *order_burner(const struct order *o);        /* NULL: no fuse is burnt */

/* What it is called on screens: copies, cut to fit, with "" for what there is none of. They outlive
 * it: what is shown of a board stays right when the order is exchanged. */
#define ORDER_NAME_BYTES 68 /* the 64 characters of a recipe's name, if they are ASCII */
struct order_name {
    char recipe[ORDER_NAME_BYTES], version[ORDER_NAME_BYTES];
    char lot[ORDER_NAME_BYTES], operator_name[ORDER_NAME_BYTES];
};
const struct order_name *order_name(const struct order *o); /* lent likewise */

/* "sensor 1.4.0, lot 7, Ana": what there is of it. Gives the text. */
#define ORDER_NAME_TEXT_BYTES (4 * ORDER_NAME_BYTES + 16)
const char *order_name_text(const struct order_name *name, char text[static ORDER_NAME_TEXT_BYTES]);
/* NULL: its boards get no label, as it has no printer or its recipe no label. */
const struct station_printer *order_printer(const struct order *o);

/* Its rows in the record. */
struct order_rows {
    int64_t recipe_id, lot_id; /* 0: none */
    bool has_opened_lot; /* there was none of that name: it is new, without recipe and quantity */
};
const struct order_rows *order_rows(const struct order *o);

#endif
