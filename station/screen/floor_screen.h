/*
 * What people and programs see of a station that runs all day, on the terminal or pipe that it was
 * started from. All run on the main thread; none knows how to flash.
 */
#ifndef STATION_FLOOR_SCREEN_H
#define STATION_FLOOR_SCREEN_H

#include "station/base/stop_source.h"
#include "station/floor/floor_open.h"

/* What there is to be shown. */
struct floor_show {
    struct floor *floor;
    const char *db_path;   /* NULL: nothing is recorded */
    struct people *people; /* NULL: nobody has to log in */
    void *own;             /* the screen's, from its start to its finish */
};

struct floor_screen {
    const char *name;
    bool draws; /* wants draw() ten times a second */
    bool (*start)(struct floor_show *show, struct err *e);
    /* Every event, also those of no board; EVENT_SNAPSHOT: look at all tiles. */
    void (*event)(struct floor_show *show, const struct event *event);
    void (*draw)(struct floor_show *show);   /* NULL: nothing to draw */
    void (*finish)(struct floor_show *show); /* also after a start that failed */
};

extern const struct floor_screen floor_screen_lines, floor_screen_terminal, floor_screen_journal,
    floor_screen_json;

/* What came of all boards, as the last lines of a day. */
void floor_print_sum(const struct floor_show *show);

/* Shows until a person or the system has asked to stop and no slot works any more. The first time
 * boards in work are finished, the second time they are stopped. `reader` and `stop` are open since
 * before floor_begin. Tells the service manager that the station is ready, and lives. */
void attend_floor(const struct floor_screen *screen, struct floor_show *show,
                  struct event_reader *reader, struct stop_source *stop);

#endif
