/* A question to the person at the terminal whose answer nobody may read over a shoulder. */
#ifndef STATION_ASK_H
#define STATION_ASK_H

#include "core/base/err.h"

#include <stddef.h>

enum { ASK_CAP = 128, ASK_WAIT_MS = 120000 };

/* Asks on standard error and reads an answer without echo; where standard input is no terminal,
 * takes its next line and asks nothing. ERR_USAGE: no answer within two minutes, the end of the
 * input, Ctrl-C, or an answer that is too long. The caller wipes `answer`. */
bool ask_secret(const char *question, char answer[static ASK_CAP], struct err *e);

/* Whether there is somebody to ask again. */
bool ask_is_terminal(void);

#endif
