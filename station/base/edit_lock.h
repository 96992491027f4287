/*
 * One who changes a file at a time, where changing is to read it and to write it anew (outfile.h):
 * a lock on its folder, for the file itself is another one after each change.
 */
#ifndef STATION_EDIT_LOCK_H
#define STATION_EDIT_LOCK_H

#include "core/base/clock.h"
#include "core/base/err.h"

/* Waits five seconds at most. Gives a descriptor, with whose closing the lock ends; below 0:
 * ERR_USAGE (there is no such folder), ERR_STATION. `what` names the file: "people file". */
int edit_lock(const char *path, const char *what, const struct clock *clock, struct err *e);

#endif
