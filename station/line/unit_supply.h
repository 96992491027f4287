/*
 * What a board's unit is to have, for the record: the recipe's values with their sources, the facts
 * of this board, and what was given for it.
 */
#ifndef STATION_UNIT_SUPPLY_H
#define STATION_UNIT_SUPPLY_H

#include "core/board/board.h"
#include "db/units/take.h"
#include "station/attempt/job.h"

/* Values that an operator or a scanner gave for the next board in a slot. Owns its texts. */
struct unit_given {
    struct unit_given_value {
        char *name, *text;
    } values[UNIT_VALUES_MAX];
    size_t count;
};

/* Keeps a copy; a second one of a name replaces the first. ERR_STATION: no memory, or more than
 * UNIT_VALUES_MAX. */
bool unit_given_put(struct unit_given *g, const char *name, const char *text, struct err *e);
void unit_given_clear(struct unit_given *g);

/* `to` becomes a copy; unit_given_clear is due for it in any case. ERR_STATION. */
bool unit_given_copy(struct unit_given *to, const struct unit_given *from, struct err *e);

/* Puts a new text for each value that the station makes itself. ERR_STATION. */
bool unit_given_random(struct unit_given *g, const struct unit *u, struct err *e);

/* Takes out the values of `used` that are there with the same text. */
void unit_given_remove(struct unit_given *g, const struct unit_given *used);

/* Whether the recipe takes this value from a scan, and it is one; the text is brought to its one
 * spelling. ERR_USAGE, ERR_UNIT. */
bool unit_given_judge(const struct recipe *recipe, const char *name, char *text, struct err *e);

/* The first of the recipe's values from a scan, from value `first` on, that was not given yet and
 * takes this code. NULL: ERR_UNIT, which says what is wanted, and never the code: it may be another
 * value's secret; ERR_USAGE: none is wanted. */
const struct unit_value *unit_given_choose(const struct unit_given *g, const struct recipe *recipe,
                                           size_t first, const char *code, struct err *e);

/* What a value has to look like: "text as [A-Z]{2}[0-9]{4}". */
#define UNIT_FORM_CAP 120
void unit_form_text(const struct unit_value *v, char text[static UNIT_FORM_CAP]);

/* Lives as long as the call that it is made for, and what it is made of. */
struct unit_supply {
    struct db_unit_supply db;
    struct db_unit_want wants[UNIT_VALUES_MAX];
    char facts[UNIT_VALUES_MAX][32];
    char counters[UNIT_VALUES_MAX][UNIT_COUNTER_CAP];
    char sources[UNIT_VALUES_MAX][UNIT_COUNTER_CAP + 16];
    const struct recipe *recipe;
    struct job_unit *unit;
    int64_t utc_ms;
};

/* ERR_UNIT: the board has no such address. */
bool unit_supply_make(struct unit_supply *s, struct job *job, const struct board *board,
                      const struct unit_given *given, int64_t utc_ms, struct err *e);

/* What images are made of: a unit as the record gives it, which is lent. */
struct unit_instance unit_instance_of(const struct job_unit *u, const struct db_unit *unit);

#endif
