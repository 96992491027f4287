/* The ports that were asked for, judged together before any is opened. */
#ifndef STATION_PORTS_H
#define STATION_PORTS_H

#include "core/ports/port_find.h"

/* Whether each can be a port, none is named twice (be it by another name), and this user may have
 * so many open: 1 to SLOTS_MAX. ERR_USAGE, ERR_STATION. */
bool ports_check(const char *const *ports, size_t count, struct err *e);

/* The same of one more beside those, but for how many files may be open. */
bool ports_check_more(const char *const *ports, size_t count, const char *more, struct err *e);

/* Takes every USB serial port, up to `cap`, unless some were named; then the same check. *found is
 * lent by those it took: it is kept as long as they are used, and freed with port_list_free. */
bool ports_choose(const char **ports, size_t *count, size_t cap, struct port_list **found,
                  struct err *e);

#endif
