/* Times in the pieces that people type; db.h has the rest. */
#ifndef DB_MAC_UTC_H
#define DB_MAC_UTC_H

#include "db/store/db.h"

/* The moments a piece of a date names: the first, and the first after the last. */
bool db_utc_span(const char *text, int64_t *first_ms, int64_t *after_ms, struct err *e);

#endif
