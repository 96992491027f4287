/* Which runs, for exports and statistics. */
#ifndef DB_FILTER_H
#define DB_FILTER_H

/* All members zero or NULL: every run. Several together: runs that meet all of them. */
struct db_filter {
    const char *lot, *mac;
    /* After corrections: PASS, FAIL, STOPPED, INTERRUPTED, or OPEN for runs without one. */
    const char *verdict;
    /* When the run started, UTC: 2026, 2026-03, 2026-03-04, 2026-03-04T05:06, ..:07, ..:07.089,
     * each with or without Z. `since` takes from the first moment so named, `until` through the
     * last. */
    const char *since, *until;
    const char *recipe; /* its name, or the SHA-256 of its text or of its plan */
    const char *chip;   /* the recipe's or the board's, in any case: esp32c3 */
    int slot;
};

#endif
