/* How often each value came: exact percentiles in memory that grows with the different values. */
#include "db/read/stats_priv.h"

#include <stdlib.h>

enum { TALLY_FIRST_CAP = 64 };

static size_t home_of(size_t cap, int64_t value)
{
    return (size_t)(((uint64_t)value * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & (cap - 1);
}

/* The place of a value, or the free one where it belongs. `cap` is a power of two, never full. */
static struct tally_entry *place_of(struct tally_entry *entries, size_t cap, int64_t value)
{
    size_t i = home_of(cap, value);
    while (entries[i].times != 0 && entries[i].value != value)
        i = (i + 1) & (cap - 1);
    return &entries[i];
}

static bool grow(struct tally *t)
{
    const size_t cap = t->cap == 0 ? TALLY_FIRST_CAP : 2 * t->cap;
    struct tally_entry *entries = calloc(cap, sizeof *entries);
    if (!entries)
        return false;
    for (size_t i = 0; i < t->cap; i++) {
        if (t->entries[i].times != 0)
            *place_of(entries, cap, t->entries[i].value) = t->entries[i];
    }
    free(t->entries);
    t->entries = entries;
    t->cap = cap;
    return true;
}

bool tally_add(struct tally *t, int64_t value, int64_t times)
{
    if (times <= 0)
        return true;
    if (2 * (t->used + 1) > t->cap && !grow(t))
        return false;
    struct tally_entry *entry = place_of(t->entries, t->cap, value);
    t->used += entry->times == 0;
    entry->value = value;
    entry->times += times;
    return true;
}

bool tally_merge(struct tally *into, const struct tally *from)
{
    for (size_t i = 0; i < from->cap; i++) {
        if (!tally_add(into, from->entries[i].value, from->entries[i].times))
            return false;
    }
    return true;
}

bool tally_has(const struct tally *t, int64_t value)
{
    return t->used > 0 && place_of(t->entries, t->cap, value)->times != 0;
}

/* Whether what lies at `at`, and belongs at `home` or behind, may not lie at `free` in front. */
static bool must_stay(size_t free, size_t home, size_t at)
{
    return free <= at ? free < home && home <= at : free < home || home <= at;
}

/* Closes up behind an entry that is gone: others are found by walking over it. */
static void close_up(struct tally *t, size_t free)
{
    for (size_t at = (free + 1) & (t->cap - 1); t->entries[at].times != 0;
         at = (at + 1) & (t->cap - 1)) {
        if (must_stay(free, home_of(t->cap, t->entries[at].value), at))
            continue;
        t->entries[free] = t->entries[at];
        free = at;
    }
    t->entries[free].times = 0;
    t->used--;
}

void tally_take(struct tally *t, int64_t value)
{
    if (!tally_has(t, value))
        return;
    struct tally_entry *const entry = place_of(t->entries, t->cap, value);
    if (--entry->times == 0)
        close_up(t, (size_t)(entry - t->entries));
}

static int by_value(const void *a, const void *b)
{
    const struct tally_entry *x = a, *y = b;
    return (x->value > y->value) - (x->value < y->value);
}

void tally_sort(struct tally *t)
{
    size_t used = 0;
    if (t->used == 0)
        return;
    for (size_t i = 0; i < t->cap; i++) {
        if (t->entries[i].times != 0)
            t->entries[used++] = t->entries[i];
    }
    for (size_t i = used; i < t->cap; i++)
        t->entries[i].times = 0;
    qsort(t->entries, used, sizeof *t->entries, by_value);
}

/* The value of rank ceil(count * percent / 100), counted from 1. */
static int64_t percentile(const struct tally *t, int64_t count, int percent)
{
    int64_t left = count / 100 * percent + (count % 100 * percent + 99) / 100;
    size_t i = 0;
    while (left > t->entries[i].times)
        left -= t->entries[i++].times;
    return t->entries[i].value;
}

void tally_spread(struct tally *t, struct db_spread *spread)
{
    *spread = (struct db_spread){ 0 };
    if (t->used == 0)
        return;
    tally_sort(t);
    for (size_t i = 0; i < t->used; i++)
        spread->count += t->entries[i].times;
    spread->min = t->entries[0].value;
    spread->p50 = percentile(t, spread->count, 50);
    spread->p90 = percentile(t, spread->count, 90);
    spread->p99 = percentile(t, spread->count, 99);
    spread->max = t->entries[t->used - 1].value;
}

void tally_free(struct tally *t)
{
    free(t->entries);
    *t = (struct tally){ 0 };
}
