/* The thread of a slot. */
#include "station/line/slot_priv.h"

#include "core/images/forecast.h"

#define RATE_RUNS     20 /* so many of the port's latest runs tell which rate to begin with, */
#define RATE_ATTEMPTS 64 /* ...and so many attempts in them */
#define DEFLATED(n)   ((n) / 100 * 65)

static void skip(struct slot *s)
{
    pthread_mutex_lock(&s->lock);
    if (s->view.state == SLOT_WAITING)
        s->view.state = SLOT_SKIPPED;
    pthread_mutex_unlock(&s->lock);
}

/* What the record knows of the rates on this port. Without a record, or where it does not answer,
 * the recipe's rate is as good as any. */
static void recall_rates(struct slot *s)
{
    struct db_rate seen[RATE_ATTEMPTS];
    struct err ignored = { 0 };
    size_t count = 0;
    uint64_t bytes = job_bytes(order_job(s->order));
    double least_s = (double)forecast_flash_us(0, (uint32_t)bytes) / 1e6;
    rates_init(&s->rates, &slot_recipe(s)->port, DEFLATED(bytes), least_s);
    if (!record_rates(s->gang->record, s->port_text, RATE_RUNS, seen, RATE_ATTEMPTS, &count,
                      &ignored))
        return;
    while (count-- > 0) /* the oldest comes last */
        rates_recall(&s->rates, (uint32_t)seen[count].baud, seen[count].failed);
}

void slot_take_order(struct slot *s)
{
    struct order *now = gang_order(s->gang), *before = s->order;
    s->order = now;
    if (!before || order_job(before) != order_job(now))
        recall_rates(s);
    order_release(before);
}

void slot_main(struct slot *s)
{
    if (slot_is_stopping(s)) {
        skip(s);
        return;
    }
    do {
        slot_take_order(s);
        run_board(s);
    } while (s->gang->loop && await_next_board(s));
    slot_close_port(s);
}
