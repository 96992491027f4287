/* What a name of a serial port tells before anything is opened. */
#ifndef CORE_PORT_NAME_H
#define CORE_PORT_NAME_H

#include "core/base/err.h"

#include <sys/stat.h>

/* What it is instead of a serial port, as in "a folder"; NULL: it may be one. Opens nothing,
 * because opening alone can do harm (a tape rewinds, a watchdog starts to count). */
const char *port_name_kind(const struct stat *st);

/* Whether a port can have this path: it is there and may be one, or it is a name that adapters get
 * when they are plugged in. A pattern is none, and a name that nothing ever gets is a slip of the
 * pen. ERR_USAGE, with what to type instead. */
bool port_name_check(const char *path, struct err *e);

#endif
