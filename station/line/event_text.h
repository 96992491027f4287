/* What an event of a board says, as a sentence for people. */
#ifndef STATION_EVENT_TEXT_H
#define STATION_EVENT_TEXT_H

#include "station/line/event.h"

#include <stdio.h>

/* Prints it without a line end. `label`: what the slot is called. EVENT_RUN to EVENT_NOTE. */
void event_print(FILE *out, const struct event *event, const char *label);

#endif
