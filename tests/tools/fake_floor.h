/*
 * A floor without boards, for tests of screens: it has the functions of station/floor/floor.h, and
 * shows what it is told to. Linked in front of the station's own. Any thread.
 */
#ifndef TESTS_TOOLS_FAKE_FLOOR_H
#define TESTS_TOOLS_FAKE_FLOOR_H

#include "station/floor/floor.h"

struct fake_floor_setup {
    unsigned tiles, columns;
    const char *db_path; /* NULL: nothing is recorded */
};

/* NULL: no memory. Every tile is empty. */
struct floor *fake_floor_new(const struct fake_floor_setup *setup);
void fake_floor_free(struct floor *f);

/* All tiles at once: "empty", "all" (each state beside the other), "pass", "fail" (with texts as
 * long as they can be), "working", "batch" (all work, then pass, but for the sixth). False: there
 * is no such scene. */
bool fake_floor_scene(struct floor *f, const char *name);

/* One tile between working and PASS, with the time of day in its serial, in milliseconds. */
void fake_floor_flip(struct floor *f, unsigned i);

/* Goes on by so much time: progress, and the end of a batch. */
void fake_floor_step(struct floor *f, unsigned ms);

/* What the summary says. */
void fake_floor_lot(struct floor *f, const char *lot, uint64_t passed, uint64_t quantity);

/* The acts so far, and the last of them as a line: "retry 3 Eve engineer - seal broken". */
unsigned fake_floor_acts(struct floor *f, char *line, size_t cap);

/* Each act takes so long from now on. */
void fake_floor_slow(struct floor *f, unsigned ms);

#endif
