/* What an event of a board says, as a sentence for people. */
#ifndef STATION_EVENT_TEXT_H
#define STATION_EVENT_TEXT_H

#include "station/line/event.h"

#include <stdio.h>

/* Prints it without a line end. `label`: what the slot is called. EVENT_RUN to EVENT_NOTE. */
void event_print(FILE *out, const struct event *event, const char *label);

/* What a board is, behind "The board is": "verified", ...; one that is burnt wrong is lost,
 * whatever its flash holds. */
const char *event_board_text(enum err_code code, enum board_state state);

#endif
