/* What the system lets this process have, asked before the first board instead of in its middle. */
#ifndef STATION_LIMITS_H
#define STATION_LIMITS_H

#include "core/base/err.h"

#include <stddef.h>

#define SLOTS_MAX 256 /* so many work at once */

/* How many files may be open while so many slots work: a serial port takes two for good and one
 * while it is opened or its holder looked for; the record, the screen and the queues the rest. */
size_t limits_files_for(size_t slots);

/* Sees to it that so many slots can have their files, and `more` beside them: raises the soft limit
 * to the hard one where it is too low. ERR_STATION, with the command that helps, where that is not
 * enough. */
bool limits_allow_files(size_t slots, size_t more, struct err *e);

/* Lets all threads allocate from two heaps. With one for each, as malloc would have it, what one
 * thread has freed is of no use to the others, and a station that stays grows by megabytes a day.
 * Before the first thread. */
void limits_share_heaps(void);

#endif
