/* The ports that were asked for, judged together before any is opened. */
#ifndef STATION_PORTS_H
#define STATION_PORTS_H

#include "core/base/err.h"

#include <stddef.h>

/* Whether each is the text of a port, none is named twice (be it by another name), and this user
 * may have so many open. `count` is at most `most`. ERR_USAGE, ERR_STATION. */
bool ports_check(const char *const *ports, size_t count, size_t most, struct err *e);

#endif
