/* Memory for keys: never swapped, in no core dump, not handed to a child, wiped when it is freed.
 */
#ifndef STATION_LOCKED_H
#define STATION_LOCKED_H

#include "core/base/err.h"

#include <stddef.h>

/* Zeros. NULL: ERR_STATION, with what to do where too little may be locked. From the first one on
 * the process leaves no core dump, and no other one reads its memory. Any thread. */
void *locked_new(size_t bytes, struct err *e);
void locked_free(void *memory, size_t bytes); /* NULL is fine */

/* Keeps what the calling thread puts on its stack from here on, some 64 KB, out of the swap space
 * as well; and, called from the same frame, lets it go again, wiped. ERR_STATION. */
bool locked_stack_begin(struct err *e);
void locked_stack_end(void);

#endif
