#include "station/cli/actions.h"

#include "core/base/nearest.h"
#include "station/cli/habits.h"

#include <stdio.h>
#include <string.h>

struct table {
    const char *command;
    const char *rows;
    size_t count, row_bytes;
};

static const struct action_word *row(const struct table *t, size_t i)
{
    return (const void *)(t->rows + i * t->row_bytes);
}

/* "open, show or list" */
static void list_words(const struct table *t, char *to, size_t cap)
{
    size_t used = 0;
    to[0] = '\0';
    for (size_t i = 0; i < t->count && used < cap; i++) {
        const char *const between = i == 0 ? "" : i + 1 < t->count ? ", " : " or ";
        used += (size_t)snprintf(to + used, cap - used, "%s%s", between, row(t, i)->word);
    }
}

static void refuse(const struct table *t, const char *given, struct err *e)
{
    char words[120];
    struct nearest near;
    const char *const habit = given ? habit_of_action(t->command, given) : NULL;
    list_words(t, words, sizeof words);
    nearest_init(&near, given ? given : "");
    for (size_t i = 0; i < t->count; i++)
        nearest_offer(&near, row(t, i)->word, row(t, i)->word);
    err_set(e, ERR_USAGE, "'%s' takes %s%s%s%s", t->command, words,
            near.best ? "; did you mean '" : "", near.best ? near.best : "", near.best ? "'?" : "");
    if (habit)
        err_hint(e, "%s", habit);
    else
        err_hint(e, "See: espstation %s --help", t->command);
}

static bool fits(const struct table *t, const struct action_word *a, const char *const *args,
                 size_t count, struct err *e)
{
    const size_t behind = count - 1;
    if (behind > a->takes)
        err_set(e, ERR_USAGE, "'%s %s': one argument too many: '%.80s'", t->command, a->word,
                args[1 + a->takes]);
    else if (a->needs && behind < a->takes)
        err_set(e, ERR_USAGE, "'%s %s': %s is missing", t->command, a->word, a->needs);
    else
        return true;
    return err_hint(e, "See: espstation %s %s --help", t->command, a->word);
}

const void *actions_find(const char *command, const void *rows, size_t row_count, size_t row_bytes,
                         const char *const *args, size_t count, struct err *e)
{
    const struct table t = { command, rows, row_count, row_bytes };
    for (size_t i = 0; count > 0 && i < row_count; i++) {
        if (strcmp(row(&t, i)->word, args[0]) == 0)
            return fits(&t, row(&t, i), args, count, e) ? row(&t, i) : NULL;
    }
    refuse(&t, count > 0 ? args[0] : NULL, e);
    return NULL;
}
