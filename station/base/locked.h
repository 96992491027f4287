/* Memory for keys: never swapped, in no core dump, not handed to a child, wiped when it is freed.
 */
#ifndef STATION_LOCKED_H
#define STATION_LOCKED_H

#include "core/base/err.h"

#include <stddef.h>

/* Zeros. NULL: ERR_STATION, with what to do where too little may be locked. From the first one on
 * the process leaves no core dump. Any thread. */
void *locked_new(size_t bytes, struct err *e);
void locked_free(void *memory, size_t bytes); /* NULL is fine */

#endif
