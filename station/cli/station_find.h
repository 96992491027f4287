/* The station file of a command: which one it is, and what is wrong with it. */
#ifndef STATION_STATION_FIND_H
#define STATION_STATION_FIND_H

#include "core/base/err.h"
#include "recipes/station/station_file.h"

#include <stdbool.h>
#include <stddef.h>

/* Where the station file is: `given` (behind --station; NULL: not given), or the first there is of
 * those that `espstation station --help` names. "" if there is none. ERR_USAGE: a path too long. */
bool station_find(const char *given, char *path, size_t cap, struct err *e);

/* Loads that one and prints its mistakes on standard error. True with *out NULL: there is none.
 * The caller frees with station_free. */
bool station_find_load(const char *given, struct station **out, struct err *e);

#endif
