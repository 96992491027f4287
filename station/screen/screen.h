/*
 * What people and programs see of a run. Three screens: a live one for terminals, one line per
 * event for pipes, JSON lines for programs. All run on the main thread; none knows how to flash.
 */
#ifndef STATION_SCREEN_H
#define STATION_SCREEN_H

#include "station/line/headcount.h"
#include "station/line/session.h"

/* Where a slot stands in the fixture, from 0. */
struct show_place {
    unsigned row, column;
};

/* What there is to be shown. */
struct show {
    struct session *session;
    struct headcount *headcount;
    const char *db_path;      /* NULL: nothing is recorded */
    bool timing;              /* the summary shows where the time went */
    const char *const *names; /* of the slots by number, counted from 0; NULL: numbers are all */
    size_t name_count;
    const struct show_place *places; /* likewise, as many as names; NULL: there is no grid */
};

#define SHOW_LABEL_BYTES 17

/* The slot's name; NULL: it has none. */
const char *show_slot_name(const struct show *show, int number);

/* What a slot is called: its name, or else its number. */
const char *show_label(const struct show *show, int number, char label[SHOW_LABEL_BYTES]);

struct screen {
    const char *name;
    bool draws; /* wants draw() ten times a second */
    void (*start)(const struct show *show);
    /* It is counted. Events of boards come here, EVENT_RUN to EVENT_NOTE, and EVENT_ORDER. */
    void (*event)(const struct show *show, const struct event *event);
    void (*draw)(const struct show *show);
    void (*finish)(const struct show *show); /* all slots are done */
};

extern const struct screen screen_live, screen_lines, screen_json;

/* The summary behind both text screens. `colour`: with terminal colours. */
void screen_summary(const struct show *show, bool colour);

/* Whether standard output wants colour: a terminal, and NO_COLOR is not set. */
bool screen_has_colour(void);

/* How wide the terminal is that standard output is; 0: it is none. */
size_t screen_columns(void);

#endif
