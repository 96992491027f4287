/* The groups of a statistic: found by key while rows come, put in order and added up at the end. */
#include "db/read/stats_priv.h"

#include <stdlib.h>
#include <string.h>

enum { LIST_FIRST_CAP = 16 };

/* ---- Found by key ---- */

struct group_key group_key_of_text(const char *text)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325); /* FNV-1a */
    for (const char *p = text; *p != '\0'; p++)
        hash = (hash ^ (unsigned char)*p) * UINT64_C(0x100000001B3);
    return (struct group_key){ .number = (int64_t)hash, .text = text };
}

static bool same_key(const struct group_key *a, const struct group_key *b)
{
    if (a->is_null || b->is_null)
        return a->is_null && b->is_null;
    if (a->number != b->number || (!a->text) != (!b->text))
        return false;
    return !a->text || strcmp(a->text, b->text) == 0;
}

/* The place in the table where a key is, or belongs. */
static size_t *place_of(const struct groups *g, const struct group_key *key)
{
    const uint64_t hash = ((uint64_t)key->number + key->is_null) * UINT64_C(0x9E3779B97F4A7C15);
    size_t i = (size_t)(hash >> 32) & (g->table_cap - 1);
    while (g->table[i] != 0 && !same_key(&g->list[g->table[i] - 1]->key, key))
        i = (i + 1) & (g->table_cap - 1);
    return &g->table[i];
}

static bool grow(struct groups *g)
{
    const size_t cap = g->cap == 0 ? LIST_FIRST_CAP : 2 * g->cap;
    struct group **list = realloc(g->list, cap * sizeof *list);
    if (!list)
        return false;
    g->list = list;
    size_t *table = calloc(2 * cap, sizeof *table);
    if (!table)
        return false;
    free(g->table);
    g->cap = cap;
    g->table = table;
    g->table_cap = 2 * cap;
    for (size_t i = 0; i < g->count; i++)
        *place_of(g, &g->list[i]->key) = i + 1;
    return true;
}

static struct group *group_new(const struct group_key *key)
{
    struct group *group = calloc(1, sizeof *group);
    char *text = key->text ? strdup(key->text) : NULL;
    if (!group || (!text && key->text)) {
        free(group);
        free(text);
        return NULL;
    }
    group->key = *key;
    group->key.text = text;
    return group;
}

struct group *groups_take(struct groups *g, const struct group_key *key)
{
    if (g->count == g->cap && !grow(g))
        return NULL;
    size_t *place = place_of(g, key);
    if (*place != 0)
        return g->list[*place - 1];
    struct group *group = group_new(key);
    if (!group)
        return NULL;
    group->place = g->count;
    g->list[g->count] = group;
    *place = ++g->count;
    return group;
}

/* ---- What a group owns ---- */

bool group_set_name(struct group *group, const char *name)
{
    group->name = name ? strdup(name) : NULL;
    return group->name || !name;
}

/* Room for one more behind `count`, in a list that doubles whenever a power of two is full. */
static void *with_room(void *list, size_t count, size_t bytes_each)
{
    if ((count & (count - 1)) != 0)
        return list;
    return realloc(list, (count == 0 ? 1 : 2 * count) * bytes_each);
}

bool group_add_rate(struct group *group, const struct db_stats_rate *rate)
{
    for (size_t i = 0; i < group->row.rate_count; i++) {
        struct db_stats_rate *known = &group->rates[i];
        if (known->baud_asked == rate->baud_asked && known->baud == rate->baud) {
            known->attempts += rate->attempts;
            return true;
        }
    }
    struct db_stats_rate *rates =
        with_room(group->rates, group->row.rate_count, sizeof *group->rates);
    if (!rates)
        return false;
    group->rates = rates;
    rates[group->row.rate_count++] = *rate;
    return true;
}

void group_free(struct group *group)
{
    free(group->codes);
    free(group->rates);
    free(group->name);
    free((char *)group->key.text);
    tally_free(&group->ms);
    tally_free(&group->bytes_per_s);
    tally_free(&group->code_places);
    *group = (struct group){ 0 };
}

void groups_free(struct groups *g)
{
    for (size_t i = 0; i < g->count; i++) {
        group_free(g->list[i]);
        free(g->list[i]);
    }
    free(g->list);
    free(g->table);
    *g = (struct groups){ 0 };
}

/* ---- Added up ---- */

static void add_counts(struct db_stats_row *into, const struct db_stats_row *from)
{
    into->passed += from->passed;
    into->failed += from->failed;
    into->stopped += from->stopped;
    into->interrupted += from->interrupted;
    into->open += from->open;
    into->refused += from->refused;
    into->unidentified += from->unidentified;
    into->boards += from->boards;
    into->first_pass += from->first_pass;
    into->final_pass += from->final_pass;
    into->retried += from->retried;
    into->slower_runs += from->slower_runs;
}

static bool add_group(struct group *into, const struct group *from)
{
    add_counts(&into->row, &from->row);
    for (size_t i = 0; i < from->row.rate_count; i++) {
        if (!group_add_rate(into, &from->rates[i]))
            return false;
    }
    return tally_merge(&into->ms, &from->ms) &&
           tally_merge(&into->bytes_per_s, &from->bytes_per_s) &&
           tally_merge(&into->code_places, &from->code_places);
}

static int codes_by_runs(const void *a, const void *b)
{
    const struct db_stats_code *x = a, *y = b;
    return x->runs != y->runs ? (x->runs < y->runs) - (x->runs > y->runs)
                              : strcmp(x->code, y->code);
}

static bool finish_codes(struct group *group, const struct groups *codes)
{
    struct tally *places = &group->code_places;
    if (places->used == 0)
        return true;
    group->codes = calloc(places->used, sizeof *group->codes);
    if (!group->codes)
        return false;
    tally_sort(places);
    for (size_t i = 0; i < places->used; i++)
        group->codes[i] = (struct db_stats_code){ codes->list[places->entries[i].value]->key.text,
                                                  places->entries[i].times };
    group->row.code_count = places->used;
    qsort(group->codes, places->used, sizeof *group->codes, codes_by_runs);
    return true;
}

static int highest_rate_first(const void *a, const void *b)
{
    const struct db_stats_rate *x = a, *y = b;
    if (x->baud_asked != y->baud_asked)
        return (x->baud_asked < y->baud_asked) - (x->baud_asked > y->baud_asked);
    return (x->baud < y->baud) - (x->baud > y->baud);
}

static void finish_rates(struct group *group)
{
    size_t kept = 0;
    if (group->row.rate_count == 0)
        return;
    qsort(group->rates, group->row.rate_count, sizeof *group->rates, highest_rate_first);
    for (size_t i = 1; i < group->row.rate_count; i++) {
        if (highest_rate_first(&group->rates[kept], &group->rates[i]) == 0)
            group->rates[kept].attempts += group->rates[i].attempts;
        else
            group->rates[++kept] = group->rates[i];
    }
    group->row.rate_count = kept + 1;
}

static bool finish_row(struct group *group, const struct groups *codes)
{
    if (!finish_codes(group, codes))
        return false;
    finish_rates(group);
    tally_spread(&group->ms, &group->row.ms);
    tally_spread(&group->bytes_per_s, &group->row.bytes_per_s);
    group->row.name = group->name;
    group->row.codes = group->codes;
    group->row.rates = group->rates;
    return true;
}

/* ---- In order ---- */

static int nameless_last(const struct group *x, const struct group *y)
{
    return (!x->name) - (!y->name);
}

static int groups_by_number(const void *a, const void *b)
{
    const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;
    if (!x->name || !y->name)
        return nameless_last(x, y);
    return (x->key.number > y->key.number) - (x->key.number < y->key.number);
}

static int groups_by_name(const void *a, const void *b)
{
    const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;
    if (!x->name || !y->name)
        return nameless_last(x, y);
    return strcmp(x->name, y->name);
}

/* Groups are in order of their names. */
static bool join_same_names(struct groups *g)
{
    size_t kept = 0;
    bool ok = true;
    for (size_t i = 1; i < g->count; i++) {
        if (groups_by_name(&g->list[kept], &g->list[i]) != 0) {
            g->list[++kept] = g->list[i];
            continue;
        }
        ok = ok && add_group(g->list[kept], g->list[i]);
        group_free(g->list[i]);
        free(g->list[i]);
    }
    if (g->count > 0)
        g->count = kept + 1;
    return ok;
}

/* Puts them in order, makes one of those with the same name if `by_name`, adds them up into *total,
 * and fills in their rows. False: no memory left. */
static bool finish(struct groups *g, bool by_name, const struct groups *codes, struct group *total)
{
    if (g->count > 0)
        qsort(g->list, g->count, sizeof(struct group *),
              by_name ? groups_by_name : groups_by_number);
    if (by_name && !join_same_names(g))
        return false;
    for (size_t i = 0; i < g->count; i++) {
        if (!add_group(total, g->list[i]) || !finish_row(g->list[i], codes))
            return false;
    }
    total->row.total = true;
    return finish_row(total, codes);
}

bool stats_no_memory(struct err *e)
{
    return err_set(e, ERR_STATION, "No memory left for the statistics");
}

static bool send_row(const struct db_stats_sink *sink, const struct group *group, struct err *e)
{
    return sink->row(sink->ctx, &group->row)
               ? true
               : err_set(e, ERR_STATION, "The reader of the statistics gave up");
}

bool groups_send(struct groups *g, enum db_stats_by by, const struct groups *codes,
                 struct group *total, const struct db_stats_sink *sink, struct err *e)
{
    if (!finish(g, by != DB_BY_LOT && by != DB_BY_SLOT, codes, total))
        return stats_no_memory(e);
    bool ok = send_row(sink, total, e);
    for (size_t i = 0; ok && by != DB_BY_NOTHING && i < g->count; i++)
        ok = send_row(sink, g->list[i], e);
    return ok;
}
