#include "station/line/order.h"

#include "station/line/order_label.h"
#include "station/line/record.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct order {
    atomic_uint holders;
    struct job *job;
    char *lot, *operator_name, *rework_reason; /* NULL: none */
    const struct station_printer *printer;
    struct order_rows rows;
};

static bool copy(char **to, const char *text, struct err *e)
{
    *to = text ? strdup(text) : NULL;
    return !text || *to || err_set(e, ERR_STATION, "Out of memory for an order");
}

struct order *order_new(const struct order_setup *setup, struct record *record, struct err *e)
{
    struct order *o = calloc(1, sizeof *o);
    if (!o) {
        err_set(e, ERR_STATION, "Out of memory for an order");
        return NULL;
    }
    atomic_init(&o->holders, 1);
    o->job = job_hold(setup->job);
    o->printer = job_label(setup->job) ? setup->printer : NULL;
    if (copy(&o->lot, setup->lot, e) && copy(&o->operator_name, setup->operator_name, e) &&
        copy(&o->rework_reason, setup->rework_reason, e) && order_label_fits(o, e) &&
        record_enter_order(record, setup, &o->rows, e))
        return o;
    order_release(o);
    return NULL;
}

struct order *order_hold(struct order *o)
{
    atomic_fetch_add(&o->holders, 1);
    return o;
}

void order_release(struct order *o)
{
    if (!o || atomic_fetch_sub(&o->holders, 1) > 1)
        return;
    job_free(o->job);
    free(o->lot);
    free(o->operator_name);
    free(o->rework_reason);
    free(o);
}

struct job *order_job(const struct order *o)
{
    return o->job;
}

const struct recipe *order_recipe(const struct order *o)
{
    return job_recipe(o->job);
}

const char *order_lot(const struct order *o)
{
    return o->lot;
}

const char *order_operator(const struct order *o)
{
    return o->operator_name;
}

const char *order_rework_reason(const struct order *o)
{
    return o->rework_reason;
}

const struct station_printer *order_printer(const struct order *o)
{
    return o->printer;
}

const struct order_rows *order_rows(const struct order *o)
{
    return &o->rows;
}
