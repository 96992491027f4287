/* What the parts of the statistics share, also those over a fleet. Inside db/ only. */
#ifndef DB_STATS_PRIV_H
#define DB_STATS_PRIV_H

#include "db/read/stats.h"

/* ---- tally.c: how often each value came ---- */

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
bool tally_has(const struct tally *tally, int64_t value); /* not after it was sorted */

/* Takes one value out again, if it is there; not after it was sorted. */
void tally_take(struct tally *tally, int64_t value);

/* Both sort in place: after that the tally may only be asked again or freed. */
void tally_sort(struct tally *tally); /* entries 0 to used - 1 then are those in use */
void tally_spread(struct tally *tally, struct db_spread *spread);
void tally_free(struct tally *tally);

/* ---- stats_groups.c: the groups, found by their key ---- */

/* What a group is known by while rows are read: a number, or a text with its hash as number. */
struct group_key {
    bool is_null;
    int64_t number;
    const char *text; /* NULL: the number says it all */
};

struct group {
    struct group_key key; /* its text is the group's own */
    size_t place;         /* in the list */
    struct db_stats_row row;
    struct tally ms, bytes_per_s;
    struct tally code_places; /* of the failures' codes among `codes` of groups_send */
    char *name;
    struct db_stats_code *codes;
    struct db_stats_rate *rates;
};

/* All zero is empty. Groups stay where they are. Also keeps words, each once: the codes. */
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

/* False: no memory left. The same rates may be added again: groups_send adds them up. */
bool group_add_rate(struct group *group, const struct db_stats_rate *rate);

/* Adds them up into *total, fills in their rows, and hands these to the sink as db_stats promises.
 * Lots and slots are in the order of their keys' numbers, others by their name, those with the same
 * name as one. `codes` are the words that code_places speaks of. ERR_STATION: no memory left, or
 * the sink gave up. */
bool groups_send(struct groups *groups, enum db_stats_by by, const struct groups *codes,
                 struct group *total, const struct db_stats_sink *sink, struct err *e);
void group_free(struct group *group); /* what it owns */

/* ---- stats_unit.c ---- */

/* The runs of one board in one lot, while they come one after the other. */
struct unit {
    int64_t board, lot; /* board 0: none */
    struct group *group;
    bool judged, first_passed, last_passed;
};

/* The next of its runs, the first first; another board or lot ends the one before. */
void unit_add(struct unit *unit, struct group *group, int64_t board, int64_t lot, bool passed,
              bool judged);
/* Counts it in the group of its first judged run. */
void unit_end(struct unit *unit);

bool stats_no_memory(struct err *e); /* ERR_STATION; false */

/* Whether statistics can be asked for these runs: ERR_USAGE. */
bool stats_filter_is_fit(const struct db_filter *filter, struct err *e);

#endif
