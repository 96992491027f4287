#include "station/line/order.h"

#include "core/base/plain.h"
#include "station/line/order_label.h"
#include "station/line/record.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct order {
    atomic_uint holders;
    struct job *job;
    char *lot, *operator_name, *rework_reason, *burner; /* NULL: none */
    struct order_name name;
    const struct station_printer *printer;
    struct order_rows rows;
};

static bool copy(char **to, const char *text, struct err *e)
{
    *to = text ? strdup(text) : NULL;
    return !text || *to || err_set(e, ERR_STATION, "Out of memory for an order");
}

static void cut(char to[static ORDER_NAME_BYTES], const char *text)
{
    size_t n = text ? strlen(text) : 0;
    if (n >= ORDER_NAME_BYTES)
        n = plain_cut(text, ORDER_NAME_BYTES - 1);
    memcpy(to, text ? text : "", n);
    to[n] = '\0';
}

static void name_it(struct order *o)
{
    cut(o->name.recipe, order_recipe(o)->name);
    cut(o->name.version, order_recipe(o)->version);
    cut(o->name.lot, o->lot);
    cut(o->name.operator_name, o->operator_name);
}

const char *order_name_text(const struct order_name *n, char text[static ORDER_NAME_TEXT_BYTES])
{
    snprintf(text, ORDER_NAME_TEXT_BYTES, "%s%s%s%s%s%s%s", n->recipe, n->version[0] ? " " : "",
             n->version, n->lot[0] ? ", lot " : "", n->lot, n->operator_name[0] ? ", " : "",
             n->operator_name);
    return text;
}

/* Without anything to burn nobody has to allow it. */
static bool may_burn(struct order *o, const char *burner, struct err *e)
{
    const struct job_security *s = job_security(o->job);
    if (!burner || !job_security_asked(s))
        return true;
    return job_security_may_burn(s, e) && copy(&o->burner, burner, e);
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
        copy(&o->rework_reason, setup->rework_reason, e) && may_burn(o, setup->burner, e) &&
        order_label_fits(o, e) && record_enter_order(record, setup, &o->rows, e)) {
        name_it(o);
        return o;
    }
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
    free(o->burner);
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

const struct order_name *order_name(const struct order *o)
{
    return &o->name;
}

const char *order_rework_reason(const struct order *o)
{
    return o->rework_reason;
}

const char *order_burner(const struct order *o)
{
    return o->burner;
}

const struct station_printer *order_printer(const struct order *o)
{
    return o->printer;
}

const struct order_rows *order_rows(const struct order *o)
{
    return &o->rows;
}
