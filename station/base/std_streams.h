/* Standard input, output and error: that they are there, and that what was printed has arrived. */
#ifndef STATION_STD_STREAMS_H
#define STATION_STD_STREAMS_H

#include "core/base/err.h"

/* Opens those of descriptors 0 to 2 on /dev/null that are closed. Comes before anything else is
 * opened: the next descriptor would take a free number, and what is printed would go into it. */
void std_streams_open(void);

/* Whether all that was printed has gone out; also once a reader has gone, be it a pipe's or a
 * terminal's, who had what it wanted. ERR_STATION otherwise. Comes last. */
bool std_streams_done(struct err *e);

/* Whether standard output is a pipe or a socket without a reader, or a hung-up terminal. */
bool std_streams_reader_is_gone(void);

#endif
