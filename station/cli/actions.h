/* The words that stand behind a command's name, as `open` in `espstation lot open`. */
#ifndef STATION_ACTIONS_H
#define STATION_ACTIONS_H

#include "core/base/err.h"

#include <stddef.h>

/* What a row of a command's table of actions begins with. */
struct action_word {
    const char *word;
    size_t takes;      /* so many arguments behind it, at the most */
    const char *needs; /* as many, and what is said where one is missing: "a file"; NULL: none */
};

/* The row for the first of `count` arguments. NULL: ERR_USAGE, with the words there are and the one
 * that was meant, or with what is missing. `command` is what stands in front: "lot". */
const void *actions_find(const char *command, const void *rows, size_t row_count, size_t row_bytes,
                         const char *const *args, size_t count, struct err *e);

#define ACTION_OF(command, rows, args, count, e)                                                   \
    actions_find(command, rows, sizeof(rows) / sizeof(rows)[0], sizeof(rows)[0], args, count, e)

#endif
