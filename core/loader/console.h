/* The console after a reset: does the application say what the recipe wants to hear? */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/loader/loader.h"

struct console_check {
    const char *expect; /* NULL: silence is fine, as long as nothing bad is said */
    const char *const *reject;
    size_t reject_count;
    uint32_t within_ms;
    uint32_t baud;
};

/* Listens from the reset on. True when `expect` was heard before any rejected text (or, without
 * `expect`, when the time passed without one). ERR_BOOT otherwise, with the cause where a log names
 * one: a chip whose ROM prints at another rate is reset once more for that, if `may_reset`.
 * ERR_FINISH when the board is back in its loader. `text` gets what was heard, in every case. */
bool console_check(struct loader *l, const struct console_check *check, bool may_reset, char *text,
                   size_t cap, struct err *e);

#endif
