#include "station/line/unit_supply.h"

#include "core/base/digest.h"
#include "core/base/nearest.h"
#include "core/board/board_macs.h"
#include "station/line/burnt_values.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

_Static_assert(UNIT_VALUES_MAX <= DB_UNIT_VALUES_MAX, "the record has room for all values");
_Static_assert(UNIT_POOLS_MAX <= DB_UNIT_POOLS_MAX, "and for all pools");
_Static_assert(PATTERN_TEXT_CAP <= DB_UNIT_TEXT_CAP, "and for what a pattern makes");
_Static_assert(POOL_LABEL_CAP <= DB_UNIT_LABEL_CAP, "and for what a row is called");
_Static_assert(POOL_NO_ROW == DB_NO_ROW, "no row is the same for both");

/* ---- What was given ---- */

static void wipe_text(char *text)
{
    unit_wipe(text, text ? strlen(text) : 0);
}

bool unit_given_put(struct unit_given *g, const char *name, const char *text, struct err *e)
{
    struct unit_given_value *v = NULL;
    char *copy = strdup(text);
    for (size_t i = 0; i < g->count; i++) {
        if (strcmp(g->values[i].name, name) == 0)
            v = &g->values[i];
    }
    if (!v && g->count < UNIT_VALUES_MAX && copy) {
        v = &g->values[g->count];
        v->name = strdup(name);
        g->count += v->name != NULL;
    }
    if (!copy || !v || !v->name) {
        wipe_text(copy);
        return err_set(e, ERR_STATION, "No room for the value '%.32s'", name);
    }
    wipe_text(v->text);
    v->text = copy;
    return true;
}

void unit_given_clear(struct unit_given *g)
{
    for (size_t i = 0; i < g->count; i++) {
        free(g->values[i].name);
        wipe_text(g->values[i].text);
    }
    *g = (struct unit_given){ .count = 0 };
}

bool unit_given_copy(struct unit_given *to, const struct unit_given *from, struct err *e)
{
    bool ok = true;
    *to = (struct unit_given){ .count = 0 };
    for (size_t i = 0; ok && i < from->count; i++)
        ok = unit_given_put(to, from->values[i].name, from->values[i].text, e);
    return ok;
}

static bool fill_random(uint8_t *bytes, size_t n)
{
    ssize_t got;
    for (size_t at = 0; at < n; at += (size_t)got) {
        got = getrandom(bytes + at, n - at, 0);
        if (got < 0 && errno == EINTR)
            got = 0;
        if (got < 0)
            return false;
    }
    return true;
}

/* Straight from the kernel, into a text of hex. */
static bool put_random(struct unit_given *g, const struct unit_value *v, struct err *e)
{
    const size_t n = (size_t)v->min;
    uint8_t *bytes = malloc(n);
    char *text = malloc(2 * n + 1);
    bool ok = bytes && text;
    if (!ok)
        err_set(e, ERR_STATION, "Out of memory for a value");
    else if (!fill_random(bytes, n))
        ok = err_set(e, ERR_STATION, "The kernel gives no random bytes");
    if (ok)
        digest_hex(bytes, n, text);
    ok = ok && unit_given_put(g, v->name, text, e);
    unit_wipe(bytes, bytes ? n : 0);
    unit_wipe(text, text ? 2 * n + 1 : 0);
    return ok;
}

bool unit_given_random(struct unit_given *g, const struct unit *u, struct err *e)
{
    for (size_t i = 0; i < u->value_count; i++) {
        if (u->values[i].from == UNIT_FROM_RANDOM && !put_random(g, &u->values[i], e))
            return false;
    }
    return true;
}

static bool has_same(const struct unit_given *g, const struct unit_given_value *v)
{
    for (size_t i = 0; i < g->count; i++) {
        if (strcmp(g->values[i].name, v->name) == 0)
            return strcmp(g->values[i].text, v->text) == 0;
    }
    return false;
}

void unit_given_remove(struct unit_given *g, const struct unit_given *used)
{
    size_t kept = 0;
    for (size_t i = 0; i < g->count; i++) {
        const struct unit_given_value v = g->values[i];
        if (has_same(used, &v)) {
            free(v.name);
            wipe_text(v.text);
        } else {
            g->values[kept++] = v;
        }
    }
    for (size_t i = kept; i < g->count; i++)
        g->values[i] = (struct unit_given_value){ NULL, NULL };
    g->count = kept;
}

static const char *find_given(const struct unit_given *g, const char *name)
{
    for (size_t i = 0; g && i < g->count; i++) {
        if (strcmp(g->values[i].name, name) == 0)
            return g->values[i].text;
    }
    return NULL;
}

bool unit_given_judge(const struct recipe *recipe, const char *name, char *text, struct err *e)
{
    const struct unit *u = &recipe->unit;
    const size_t i = unit_value_find(u, name, strlen(name));
    struct nearest near;
    nearest_init(&near, name);
    for (size_t k = 0; k < u->value_count; k++) {
        if (u->values[k].from == UNIT_FROM_SCAN)
            nearest_offer(&near, u->values[k].name, u->values[k].name);
    }
    if (i != UNIT_NO_VALUE && u->values[i].from == UNIT_FROM_SCAN) {
        if (!unit_value_accepts(&u->values[i], text, e))
            return false;
        unit_value_canon(&u->values[i], text);
        return true;
    }
    /* One that is near no name may be half a secret. */
    if (near.best)
        err_set(e, ERR_USAGE, "The recipe takes no value '%.40s' from a scan; did you mean '%s'?",
                name, near.best);
    else
        err_set(e, ERR_USAGE, "The recipe takes no value of this name from a scan");
    return err_hint(e, "A value that is given has from: scan in the recipe's unit.values.");
}

void unit_form_text(const struct unit_value *v, char text[static UNIT_FORM_CAP])
{
    static const char *const words[] = { [UNIT_TEXT] = "characters",
                                         [UNIT_NUMBER] = "as a number",
                                         [UNIT_HEX] = "bytes in hexadecimal" };
    if (v->pattern_text)
        snprintf(text, UNIT_FORM_CAP, "text as %.100s", v->pattern_text);
    else
        snprintf(text, UNIT_FORM_CAP, "%" PRId64 " to %" PRId64 " %s", v->min, v->max,
                 words[v->type]);
}

const struct unit_value *unit_given_choose(const struct unit_given *g, const struct recipe *recipe,
                                           size_t first, const char *code, struct err *e)
{
    const struct unit *u = &recipe->unit;
    const struct unit_value *wanted = NULL;
    char form[UNIT_FORM_CAP];
    for (size_t i = first; i < u->value_count; i++) {
        const struct unit_value *v = &u->values[i];
        struct err ignored = { 0 };
        if (v->from != UNIT_FROM_SCAN || find_given(g, v->name))
            continue;
        if (unit_value_accepts(v, code, &ignored))
            return v;
        wanted = wanted ? wanted : v;
    }
    if (!wanted) {
        err_set(e, ERR_USAGE, "All values of this board were given already");
        return NULL;
    }
    unit_form_text(wanted, form);
    err_set(e, ERR_UNIT, "The code does not fit '%.40s', which is %s", wanted->name, form);
    err_hint(e, "Scan the code of '%.40s'.", wanted->name);
    return NULL;
}

/* ---- Facts of a board ---- */

static void write_mac(const uint8_t mac[static 6], enum unit_form form, char text[static 32])
{
    const bool upper = form == UNIT_UPPER || form == UNIT_UPPER_PLAIN;
    const bool plain = form == UNIT_LOWER_PLAIN || form == UNIT_UPPER_PLAIN;
    size_t n = 0;
    for (size_t i = 0; i < 6; i++)
        n += (size_t)snprintf(text + n, 32 - n, upper ? "%s%02X" : "%s%02x", i && !plain ? ":" : "",
                              mac[i]);
}

static bool write_fact(const struct unit_value *v, const struct board *b, char text[static 32],
                       struct err *e)
{
    static const enum mac_use uses[] = { [UNIT_MAC] = MAC_BASE,
                                         [UNIT_MAC_AP] = MAC_AP,
                                         [UNIT_MAC_BT] = MAC_BT,
                                         [UNIT_MAC_ETHERNET] = MAC_ETHERNET };
    uint8_t mac[6];
    if (v->fact == UNIT_CHIP)
        return snprintf(text, 32, "%s", b->chip->id_name) > 0;
    if (v->fact == UNIT_FLASH_ID)
        return snprintf(text, 32, "%06" PRIx32, b->flash.id) > 0;
    if (!board_mac_of(b->chip, &b->mac, uses[v->fact], mac))
        return err_set(e, ERR_UNIT, "The value '%s' is an address that %s has not", v->name,
                       b->chip->name);
    write_mac(mac, v->form, text);
    return true;
}

/* ---- What the record asks ---- */

static const struct unit_value *value_of(const struct unit_supply *s, size_t want)
{
    return &s->unit->unit->values[want];
}

static bool number(void *ctx, size_t want, int64_t n, char text[static DB_UNIT_TEXT_CAP],
                   struct err *e)
{
    const struct unit_supply *s = ctx;
    const struct unit_value *v = value_of(s, want);
    if (!pattern_make(&v->pattern, (uint64_t)n, s->utc_ms, text, PATTERN_TEXT_CAP))
        return err_set(e, ERR_UNIT, "Number %" PRId64 " does not fit into the pattern of '%s'", n,
                       v->name);
    if (!unit_value_accepts(v, text, e))
        return false;
    unit_value_canon(v, text);
    return true;
}

static size_t bound(void *ctx, size_t pool, const char *mac)
{
    return pool_of_mac(((struct unit_supply *)ctx)->unit->pools[pool], mac);
}

static size_t find(void *ctx, size_t pool, const char *sha256)
{
    return pool_find(((struct unit_supply *)ctx)->unit->pools[pool], sha256);
}

static size_t free_row(void *ctx, size_t pool, size_t row)
{
    const struct pool *p = ((struct unit_supply *)ctx)->unit->pools[pool];
    while (row < pool_count(p) && pool_is_bound(p, row))
        row++;
    return row < pool_count(p) ? row : POOL_NO_ROW;
}

static size_t begin(void *ctx, size_t pool)
{
    return atomic_load(&((struct unit_supply *)ctx)->unit->cursors[pool]);
}

static void passed(void *ctx, size_t pool, size_t row)
{
    atomic_store(&((struct unit_supply *)ctx)->unit->cursors[pool], row);
}

static void describe(void *ctx, size_t pool, size_t row, char sha256[static DB_UNIT_HEX_CAP],
                     char label[static DB_UNIT_LABEL_CAP])
{
    const struct pool *p = ((struct unit_supply *)ctx)->unit->pools[pool];
    pool_sha256(p, row, sha256);
    pool_label(p, row, label);
}

static char *field(void *ctx, size_t want, size_t row)
{
    const struct unit_supply *s = ctx;
    const struct unit_value *v = value_of(s, want);
    return pool_value(s->unit->pools[v->pool_index], row, v);
}

struct unit_instance unit_instance_of(const struct job_unit *u, const struct db_unit *unit)
{
    struct unit_instance in = { .unit = u->unit, .material = &u->material, .pools = u->pools };
    for (size_t i = 0; i < UNIT_VALUES_MAX; i++)
        in.texts.texts[i] = unit->texts[i];
    for (size_t i = 0; i < UNIT_POOLS_MAX; i++) {
        in.rows[i] = unit->rows[i];
        in.gone[i] = unit->labels[i][0] != '\0' ? unit->labels[i] : NULL;
    }
    return in;
}

static bool judge(void *ctx, const struct db_unit *unit, struct err *e)
{
    const struct unit_supply *s = ctx;
    const struct unit_instance in = unit_instance_of(s->unit, unit);
    return burnt_values_judge(s->recipe, in.texts.texts, e) && job_unit_try(s->unit, &in, e);
}

/* ---- A supply ---- */

static bool make_want(struct unit_supply *s, size_t i, const char *recipe,
                      const struct board *board, const struct unit_given *given, struct err *e)
{
    const struct unit_value *v = value_of(s, i);
    struct db_unit_want *w = &s->wants[i];
    *w = (struct db_unit_want){ .name = v->name,
                                .source = s->sources[i],
                                .secret = v->secret == UNIT_TRUE,
                                .unique = v->unique,
                                .serial = i == s->unit->unit->serial_index };
    switch (v->from) {
    case UNIT_FROM_COUNTER:
        unit_counter_name(v, recipe, s->utc_ms, s->counters[i]);
        snprintf(s->sources[i], sizeof s->sources[i], "counter %s", s->counters[i]);
        w->from = DB_UNIT_COUNTER;
        w->counter = s->counters[i];
        w->start = (int64_t)v->start;
        w->end = (int64_t)v->end;
        w->step = (int64_t)v->step;
        w->fleet = v->fleet == UNIT_TRUE;
        return true;
    case UNIT_FROM_POOL:
        snprintf(s->sources[i], sizeof s->sources[i], "pool %s",
                 s->unit->unit->pools[v->pool_index].name);
        w->from = DB_UNIT_POOL;
        w->pool = v->pool_index;
        return true;
    case UNIT_FROM_SCAN:
        snprintf(s->sources[i], sizeof s->sources[i], "scan");
        w->from = DB_UNIT_SCAN;
        w->text = find_given(given, v->name);
        return !w->text || unit_value_accepts(v, w->text, e);
    case UNIT_FROM_BOARD:
        snprintf(s->sources[i], sizeof s->sources[i], "board");
        w->from = DB_UNIT_KNOWN;
        w->text = s->facts[i];
        if (!write_fact(v, board, s->facts[i], e) || !unit_value_accepts(v, w->text, e))
            return false;
        unit_value_canon(v, s->facts[i]);
        return true;
    case UNIT_FROM_RANDOM:
        snprintf(s->sources[i], sizeof s->sources[i], "random");
        w->from = DB_UNIT_KNOWN;
        w->text = find_given(given, v->name);
        return true;
    case UNIT_FROM_RECIPE:
    case UNIT_FROM_COUNT:
        break;
    }
    snprintf(s->sources[i], sizeof s->sources[i], "recipe");
    w->from = DB_UNIT_KNOWN;
    w->text = v->constant;
    return true;
}

bool unit_supply_make(struct unit_supply *s, struct job *job, const struct board *board,
                      const struct unit_given *given, int64_t utc_ms, struct err *e)
{
    const struct recipe *r = job_recipe(job);
    s->recipe = r;
    s->unit = job_unit(job);
    s->utc_ms = utc_ms;
    s->db = (struct db_unit_supply){ .ctx = s,
                                     .wants = s->wants,
                                     .want_count = r->unit.value_count,
                                     .pool_count = r->unit.pool_count,
                                     .number = number,
                                     .bound = bound,
                                     .find = find,
                                     .free_row = free_row,
                                     .begin = begin,
                                     .passed = passed,
                                     .describe = describe,
                                     .field = field,
                                     .judge = judge };
    for (size_t i = 0; i < r->unit.pool_count; i++) {
        s->db.pools[i] = r->unit.pools[i].name;
        s->db.is_fleets[i] = r->unit.pools[i].fleet == UNIT_TRUE;
    }
    for (size_t i = 0; i < r->unit.image_count; i++) {
        if (r->unit.images[i].pool)
            s->db.is_image[r->unit.images[i].pool_index] = true;
        if (r->unit.images[i].key_pool)
            s->db.is_image[r->unit.images[i].key_pool_index] = true;
    }
    for (size_t i = 0; i < r->unit.value_count; i++) {
        if (!make_want(s, i, r->name, board, given, e))
            return false;
    }
    return true;
}
