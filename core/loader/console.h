/* The console after a reset: does the application say what the recipe wants to hear? */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "core/loader/loader.h"

enum { CONSOLE_WORDS_MAX = 8 };

/* What else may be said, in whatever order: a long log leaves no more than its end. */
struct console_words {
    const char *text[CONSOLE_WORDS_MAX];
    size_t count;
    uint32_t awaited; /* bit i: text[i] is waited for, behind `expect` as well */
    uint32_t said;    /* bit i: text[i] was */
};

struct console_check {
    const char *expect; /* NULL: silence is fine, as long as nothing bad is said */
    const char *const *reject;
    size_t reject_count;
    uint32_t within_ms;
    uint32_t baud;
    struct console_words *words; /* NULL: none */
};

/* Listens from the reset on. True when `expect` was heard before any rejected text (or, without
 * `expect`, when the time passed without one). ERR_BOOT otherwise, with the cause where a log names
 * one: a chip whose ROM prints at another rate is reset once more for that, if `may_reset`.
 * ERR_FINISH when the board is back in its loader. `text` gets the end of what was heard, in every
 * case, and `words` which of them were said (marks of before stay): that one is missing which was
 * awaited is no failure here. */
bool console_check(struct loader *l, const struct console_check *check, bool may_reset, char *text,
                   size_t cap, struct err *e);

#endif
