/* The console after a reset: does the application say what the recipe wants to hear? */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/loader.h"

struct console_check {
    const char *expect; /* NULL: silence is fine, as long as nothing bad is said */
    const char *const *reject;
    size_t reject_count;
    uint32_t within_ms;
    uint32_t baud;
};

/* Sets the rate at which the chip speaks first; call before the reset, so that no word is lost. */
bool console_tune(struct loader *l, struct err *e);

/* Listens from the reset on. True when `expect` was heard before any rejected text (or, without
 * `expect`, when the time passed without one). ERR_BOOT otherwise, with the cause where the log
 * names one; ERR_FINISH when the board is back in its loader. `text` gets what was heard, as text,
 * in every case. Leaves the port at the console's rate. */
bool console_check(struct loader *l, const struct console_check *check, char *text, size_t cap,
                   struct err *e);

#endif
