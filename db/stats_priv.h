/* What the parts of the statistics share. Inside db/ only. */
#ifndef DB_STATS_PRIV_H
#define DB_STATS_PRIV_H

#include "db/stats.h"

/* ---- tally.c: how often each value came -------------------------------------------------------*/

struct tally_entry {
    int64_t value, times; /* times 0: free */
};

/* All zero is empty. */
struct tally {
    struct tally_entry *entries;
    size_t cap, used;
};

/* False: no memory left. */
bool tally_add(struct tally *tally, int64_t value, int64_t times);
bool tally_merge(struct tally *into, const struct tally *from);

/* Sorts in place: after that the tally may only be asked again or freed. */
void tally_spread(struct tally *tally, struct db_spread *spread);
void tally_free(struct tally *tally);

/* ---- stats_groups.c: the groups, found by their key -------------------------------------------*/

/* What a group is known by while rows are read: a number, or a text with its hash as number. */
struct group_key {
    bool is_null;
    int64_t number;
    const char *text; /* NULL: the number says it all */
};

struct group {
    struct group_key key; /* its text is the group's own */
    struct db_stats_row row;
    struct tally ms, bytes_per_s;
    char *name;
    struct db_stats_code *codes; /* the texts are the group's own */
    struct db_stats_rate *rates;
};

/* All zero is empty. Groups stay where they are. */
struct groups {
    struct group **list;
    size_t count, cap;
    size_t *table; /* places in the list, + 1; 0: free */
    size_t table_cap;
};

struct group_key group_key_of_text(const char *text);

/* Finds the group, or adds it. NULL: no memory left. */
struct group *groups_take(struct groups *groups, const struct group_key *key);
void groups_free(struct groups *groups);

/* Names a group; false: no memory left. */
bool group_set_name(struct group *group, const char *name);

/* False: no memory left. The same code or rates may be added again: groups_finish adds them up. */
bool group_add_code(struct group *group, const char *code, int64_t runs);
bool group_add_rate(struct group *group, const struct db_stats_rate *rate);

/* Puts them in order, makes one of those with the same name if `by_name`, adds them up into *total,
 * and fills in their rows. False: no memory left. */
bool groups_finish(struct groups *groups, bool by_name, struct group *total);
void group_free(struct group *group); /* what it owns */

#endif
