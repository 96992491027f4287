#include "station/line/label_units.h"

#include <stdio.h>
#include <string.h>

#define A_DAY_MS ((int64_t)1798416000000) /* 2026-12-28: week 53 */

static bool fill_with(char c, int64_t n, char text[static LABEL_UNIT_CAP])
{
    if (n >= LABEL_UNIT_CAP)
        return false;
    memset(text, c, (size_t)n);
    text[n] = '\0';
    return true;
}

static bool longest_counter(const struct unit_value *v, char text[static LABEL_UNIT_CAP])
{
    const uint64_t most = pattern_largest(&v->pattern);
    const uint64_t end = v->end > 0 && v->end < most ? v->end : most;
    return pattern_make(&v->pattern, end, A_DAY_MS, text, LABEL_UNIT_CAP);
}

/* False: nothing says how long it can be. */
static bool longest_text(const struct unit_value *v, char text[static LABEL_UNIT_CAP])
{
    if (v->constant)
        return (size_t)snprintf(text, LABEL_UNIT_CAP, "%s", v->constant) < LABEL_UNIT_CAP;
    if (v->from == UNIT_FROM_BOARD)
        return fill_with('D', 23, text); /* the longest MAC */
    if (v->from == UNIT_FROM_COUNTER && v->pattern.count > 0)
        return longest_counter(v, text);
    if (v->type == UNIT_NUMBER)
        return fill_with('0', 20, text);
    return fill_with(v->chars == UNIT_CHARS_DIGITS ? '0'
                     : v->type == UNIT_HEX         ? 'D'
                                                   : 'W',
                     v->type == UNIT_HEX ? 2 * v->max : v->max, text);
}

bool label_units_longest(const struct recipe *r, const struct label_template *t,
                         struct label_units *longest, struct label_room *room, struct err *e)
{
    const struct unit *u = &r->unit;
    for (size_t i = 0; i < u->value_count; i++) {
        const struct unit_value *v = &u->values[i];
        if (!label_template_asks(t, v->name))
            continue;
        if (v->secret == UNIT_TRUE)
            return err_set(e, ERR_RECIPE,
                           "The label shows {%s}, which is secret: what is printed stands in the "
                           "record",
                           v->name);
        if (!longest_text(v, longest->texts[i])) {
            err_set(e, ERR_RECIPE, "The label shows {%s}, and nothing says how long it can be",
                    v->name);
            return err_hint(e, "Write max, at most 127, into that value of unit in the recipe.");
        }
        label_room_add(room, v->name, longest->texts[i]);
    }
    return true;
}
