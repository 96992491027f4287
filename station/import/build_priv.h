/*
 * A build that leaves its images without one list of where they go, and what bears witness of it:
 * idedata.json, flasher_args.json, sdkconfig, the partition table, and what would start first.
 * Where two of them disagree the build is refused.
 */
#ifndef STATION_BUILD_PRIV_H
#define STATION_BUILD_PRIV_H

#include "station/import/import.h"

/* What witnesses say about one place. */
struct said {
    bool there;
    uint32_t addr;
    char by[64]; /* the first of them */
};

/* One application with what it needs to start. Names are seen from the folder. */
struct build {
    const char *folder;
    const char *app, *boot, *table; /* names of files */
    bool usual_table;               /* its boot loaders look at 0x8000 and nowhere else */
    struct said table_at, app_at;
    struct import_image others[RECIPE_IMAGES_MAX]; /* that a list names besides */
    size_t other_count;
    bool listed; /* there is such a list: it names all that is written */
};

/* Adds what a witness says. ERR_IMAGE where another one has said otherwise; `what` is the thing in
 * the sentence, "the partition table". */
bool said_add(struct said *said, uint32_t addr, const char *by, const char *what, struct err *e);

/* What flasher_args.json and the sdkconfig of a project say, as far as they are there. */
bool witness_flasher_args(struct build *b, struct err *e);
bool witness_sdkconfig(struct build *b, const char *path, struct err *e);

/* Puts all images of the build in their places. */
bool build_add(struct import *im, struct build *b, struct err *e);
void build_done(struct build *b);

#endif
