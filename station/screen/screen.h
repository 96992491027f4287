/*
 * What people and programs see of a run. Three screens: a live one for terminals, one line per
 * event for pipes, JSON lines for programs. All run on the main thread; none knows how to flash.
 */
#ifndef STATION_SCREEN_H
#define STATION_SCREEN_H

#include "station/line/pool.h"

struct screen {
    const char *name;
    bool draws; /* wants draw() ten times a second */
    void (*start)(struct pool *pool);
    void (*event)(struct pool *pool, const struct event *event);
    void (*draw)(struct pool *pool);
    /* All slots are done. `db_path` NULL: nothing was recorded. */
    void (*finish)(struct pool *pool, const char *db_path);
};

extern const struct screen screen_live, screen_lines, screen_json;

/* The summary behind both text screens. `colour`: with terminal colours. */
void screen_summary(struct pool *pool, const char *db_path, bool colour);

/* Whether standard output wants colour: a terminal, and NO_COLOR is not set. */
bool screen_has_colour(void);

#endif
