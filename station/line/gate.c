#include "station/line/gate.h"

#include "core/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Whom ---- */

void gate_init(struct gate *g)
{
    *g = (struct gate){ .to = NULL };
    pthread_mutex_init(&g->lock, NULL);
    pthread_cond_init(&g->idle, NULL);
}

void gate_done(struct gate *g)
{
    pthread_cond_destroy(&g->idle);
    pthread_mutex_destroy(&g->lock);
}

/* Each call has a deadline of its own, so this wait ends. */
void gate_set(struct gate *g, const struct record_gate *to)
{
    pthread_mutex_lock(&g->lock);
    g->to = to;
    while (!to && g->users > 0)
        pthread_cond_wait(&g->idle, &g->lock);
    pthread_mutex_unlock(&g->lock);
}

/* NULL: nobody; else `leave` is due. */
static const struct record_gate *enter(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    const struct record_gate *const to = g->to;
    g->users += to != NULL;
    pthread_mutex_unlock(&g->lock);
    return to;
}

static void leave(struct gate *g)
{
    pthread_mutex_lock(&g->lock);
    if (--g->users == 0)
        pthread_cond_broadcast(&g->idle);
    pthread_mutex_unlock(&g->lock);
}

static bool is_there(struct gate *g)
{
    const bool there = enter(g) != NULL;
    if (there)
        leave(g);
    return there;
}

/* ---- What of ---- */

/* Of a run that the server has a say in. */
struct matter {
    char lot[DB_LOT_CAP];
    int64_t quantity;
    bool of_fleet; /* the lot is the fleet's */
    bool ever;     /* its boards pass once, wherever; others give a reason */
};

static bool lets_none_in(const struct gate_run *r, struct err *e)
{
    if (order_recipe(r->order)->without_server != RECIPE_WITHOUT_SERVER_WAIT)
        return false;
    err_set(e, ERR_LEASE,
            "The fleet's server cannot be asked whether the board has passed elsewhere, and the "
            "recipe waits for it");
    return true;
}

/* Who is let in for a reason is asked for a place alone. */
static bool is_rework(const struct gate_run *r)
{
    return r->run->rework_reason != NULL || order_rework_reason(r->order) != NULL;
}

static unsigned rule_of(const struct gate_run *r)
{
    const enum recipe_duplicates rule = order_recipe(r->order)->duplicates;
    if (is_rework(r) || rule == RECIPE_DUPLICATES_ALLOW)
        return DB_FLEET_ALLOWED;
    return rule == RECIPE_DUPLICATES_EVER ? DB_FLEET_ONCE_EVER : DB_FLEET_ONCE_IN_LOT;
}

static bool is_once_ever(const struct gate_run *r)
{
    return order_recipe(r->order)->duplicates == RECIPE_DUPLICATES_EVER;
}

static const char *rule_word(const struct gate_run *r)
{
    if (order_recipe(r->order)->duplicates == RECIPE_DUPLICATES_ALLOW)
        return "allow";
    if (is_rework(r))
        return is_once_ever(r) ? "rework-ever" : "rework-lot";
    return is_once_ever(r) ? "ever" : "lot";
}

static bool find_matter(const struct gate_run *r, struct matter *m, struct err *e)
{
    const int64_t lot_id = order_rows(r->order)->lot_id;
    *m = (struct matter){ .ever = is_once_ever(r) };
    return lot_id == 0 || db_lot_is_fleets(r->db, lot_id, m->lot, &m->quantity, &m->of_fleet, e);
}

/* ---- Asking ---- */

static void tell_say(const struct gate_run *r, bool away, struct db_fleet_say *say)
{
    struct record_claim *const c = r->claim;
    *say = (struct db_fleet_say){ .answer = away ? DB_FLEET_AWAY : DB_FLEET_ANSWERED,
                                  .claim = c->id,
                                  .has_place = c->has_place,
                                  .unasked = rule_of(r),
                                  .no_place = !away && c->no_place[0] ? c->no_place : NULL,
                                  .elsewhere = c->elsewhere[0] ? c->elsewhere : NULL };
}

/* What the answer leaves for the next question. One that did not come: the server may have it all
 * the same. */
static void keep_answer(const struct record_gate *to, const struct record_question *q,
                        const struct record_answer *a, bool ok, struct record_claim *c)
{
    if ((!ok || a->away) && q->id == 0 && a->id != 0) {
        to->drop(to->ctx, a->id);
        return;
    }
    if (!ok || a->away)
        return;
    c->id = a->id;
    c->asked = q->mac[0] != '\0';
    c->has_place = a->has_place && q->lot;
    snprintf(c->no_place, sizeof c->no_place, "%s", a->no_place);
    snprintf(c->elsewhere, sizeof c->elsewhere, "%s", a->elsewhere);
    snprintf(c->serial, sizeof c->serial, "%s", q->serial);
}

static bool ask(struct gate *g, const struct gate_run *r, const struct matter *m, const char *mac,
                const char *serial, bool *away, struct err *e)
{
    const struct record_question q = { .id = r->claim->id,
                                       .mac = mac,
                                       .rule = rule_word(r),
                                       .lot = m->of_fleet ? m->lot : NULL,
                                       .quantity = m->quantity,
                                       .serial = serial,
                                       .wants_place = m->of_fleet && !r->claim->has_place };
    struct record_answer a = { .away = true };
    const struct record_gate *const to = enter(g);
    const bool ok = !to || to->ask(to->ctx, &q, &a, e);
    if (to) {
        keep_answer(to, &q, &a, ok, r->claim);
        leave(g);
    }
    *away = a.away;
    return ok && !(a.away && rule_of(r) != DB_FLEET_ALLOWED && lets_none_in(r, e));
}

/* A lot of the fleet always; what may be flashed once, whatever the lot, where there is a server.
 */
static bool concerns(struct gate *g, const struct matter *m)
{
    return m->of_fleet || (m->ever && is_there(g));
}

bool gate_ask_place(struct gate *g, const struct gate_run *run, struct db_fleet_say *say,
                    struct err *e)
{
    struct matter m;
    bool away;
    *say = (struct db_fleet_say){ .answer = DB_FLEET_SILENT };
    if (!run->run->with_place || run->run->golden)
        return true;
    if (!find_matter(run, &m, e))
        return false;
    if (!concerns(g, &m) || is_rework(run))
        return true;
    if (!ask(g, run, &m, "", "", &away, e))
        return false;
    tell_say(run, away, say);
    return true;
}

/* A serial that the board brings along: of the scanner. */
static const char *serial_of(const struct db_unit_supply *supply)
{
    for (size_t i = 0; supply && i < supply->want_count; i++) {
        const struct db_unit_want *const w = &supply->wants[i];
        if (w->serial && w->text && !w->secret)
            return w->text;
    }
    return "";
}

bool gate_ask_board(struct gate *g, const struct gate_run *run, const char *mac,
                    const struct db_unit_supply *supply, struct db_fleet_say *say, struct err *e)
{
    struct matter m;
    bool away;
    const char *const serial = serial_of(supply);
    *say = (struct db_fleet_say){ .answer = DB_FLEET_SILENT };
    if (run->run->golden)
        return true;
    if (!find_matter(run, &m, e))
        return false;
    if (!concerns(g, &m) && (serial[0] == '\0' || !is_there(g)))
        return true;
    if (run->claim->asked && strcmp(run->claim->serial, serial) == 0) {
        tell_say(run, false, say);
        return true;
    }
    if (!ask(g, run, &m, mac, serial, &away, e))
        return false;
    tell_say(run, away, say);
    return true;
}

void gate_drop(struct gate *g, struct record_claim *claim)
{
    const struct record_gate *const to = claim->id ? enter(g) : NULL;
    if (!to)
        return;
    to->drop(to->ctx, claim->id);
    leave(g);
    *claim = (struct record_claim){ 0 };
}

/* ---- Numbers ---- */

bool gate_numbers(struct gate *g, const struct db_unit_want *want, struct err *e)
{
    const struct record_gate *const to = enter(g);
    if (!to)
        return false;
    const bool ok = to->numbers(to->ctx, want, e);
    leave(g);
    return ok;
}

static void numbers_used(struct gate *g, const struct db_unit_supply *supply)
{
    for (size_t i = 0; i < supply->want_count; i++) {
        const struct db_unit_want *const want = &supply->wants[i];
        const struct record_gate *const to = want->fleet ? enter(g) : NULL;
        if (!to)
            continue;
        to->used(to->ctx, want);
        leave(g);
    }
}

/* ---- Rows of pools ---- */

#define LOOK_MS 2000u /* for free rows, through all of a file */

typedef char digests[RECORD_ROWS_MOST][DB_UNIT_HEX_CAP];

/* The free rows at `row` or behind; *row is where the next ones begin, DB_NO_ROW at the end. */
static size_t gather(const struct db_unit_supply *s, size_t pool, size_t *row, digests to)
{
    char label[DB_UNIT_LABEL_CAP];
    size_t count = 0;
    *row = s->free_row(s->ctx, pool, *row);
    while (*row != DB_NO_ROW && count < RECORD_ROWS_MOST) {
        s->describe(s->ctx, pool, *row, to[count++], label);
        *row = s->free_row(s->ctx, pool, *row + 1);
    }
    return count;
}

static bool ask_rows(struct gate *g, const struct record_rows *rows, bool *all_taken, struct err *e)
{
    const struct record_gate *const to = enter(g);
    *all_taken = false;
    if (!to)
        return false;
    const bool ok = to->rows(to->ctx, rows, all_taken, e);
    leave(g);
    return ok;
}

static bool refuse_empty(const char *pool, struct err *e)
{
    err_set(e, ERR_UNIT, "The pool '%s' has nothing left, over all stations", pool);
    return err_hint(e, "Add rows to its file. If other stations have some ahead: espstation fleet "
                       "lease list");
}

/* From where some were free last to the end of the file, then all of it once. */
static bool look_for_rows(struct gate *g, const struct db_unit_supply *s,
                          const struct db_unit *unit, const struct clock *clock, digests of,
                          struct err *e)
{
    const size_t pool = unit->unlent_pool;
    const struct deadline end = deadline_in_ms(clock, LOOK_MS);
    size_t row = s->begin(s->ctx, pool);
    bool anew = row == 0 || row == DB_NO_ROW;
    row = anew ? 0 : row;
    do {
        bool all_taken = true;
        s->passed(s->ctx, pool, row);
        const struct record_rows rows = { s->pools[pool], of, gather(s, pool, &row, of),
                                          unit->unlent_lease };
        if (rows.count > 0 && ask_rows(g, &rows, &all_taken, e))
            return true;
        if (!all_taken)
            return false;
        if (row == DB_NO_ROW && anew)
            return refuse_empty(s->pools[pool], e);
        if (row == DB_NO_ROW) {
            anew = true;
            row = 0;
        }
    } while (!deadline_over(clock, end));
    return false;
}

bool gate_rows(struct gate *g, const struct db_unit_supply *supply, const struct db_unit *unit,
               const struct clock *clock, struct err *e)
{
    digests *const of = malloc(sizeof *of);
    const bool ok = of ? look_for_rows(g, supply, unit, clock, *of, e)
                       : err_set(e, ERR_STATION, "Out of memory for rows of a pool");
    free(of);
    return ok;
}

bool gate_each_rows(const struct db_unit_supply *supply, size_t pool,
                    bool (*each)(void *ctx, const struct record_rows *rows, struct err *e),
                    void *ctx, struct err *e)
{
    digests *const of = malloc(sizeof *of);
    bool goes_on = of || err_set(e, ERR_STATION, "Out of memory for rows of a pool");
    struct err failure = { 0 };
    for (size_t row = 0; goes_on && row != DB_NO_ROW;) {
        const size_t count = gather(supply, pool, &row, *of);
        const struct record_rows rows = { supply->pools[pool], *of, count, 0 };
        goes_on = count > 0 && each(ctx, &rows, &failure);
    }
    free(of);
    if (failure.code != ERR_NONE)
        *e = failure;
    return of && failure.code == ERR_NONE;
}

/* Those behind the one that was taken: there some were free just now. */
static void rows_used(struct gate *g, const struct db_unit_supply *s, size_t pool, size_t row,
                      digests of)
{
    const struct record_rows rows = { s->pools[pool], of, gather(s, pool, &row, of), 0 };
    const struct record_gate *const to = rows.count > 0 ? enter(g) : NULL;
    if (!to)
        return;
    to->rows_used(to->ctx, &rows);
    leave(g);
}

void gate_used(struct gate *g, const struct db_unit_supply *supply, const struct db_unit *unit)
{
    if (!supply || !is_there(g))
        return;
    numbers_used(g, supply);
    for (size_t i = 0; unit->is_new && i < supply->pool_count; i++) {
        digests *const of =
            supply->is_fleets[i] && unit->rows[i] != DB_NO_ROW ? malloc(sizeof *of) : NULL;
        if (of)
            rows_used(g, supply, i, unit->rows[i], *of);
        free(of);
    }
}
