/*
 * What is to be known of units before boards get them: a record that is older than what was given
 * out, and rows of pools that boards have and which are not in their files any more.
 */
#ifndef STATION_UNIT_NOTICE_H
#define STATION_UNIT_NOTICE_H

#include "station/line/record.h"

/* Calls `tell` with a sentence, without full stop, for each; at most five. Nothing is told where
 * the recipe has no unit or `record` is NULL. ERR_DATABASE, ERR_STATION. */
bool unit_notice(struct record *record, struct job *job,
                 void (*tell)(void *ctx, const char *sentence), void *ctx, struct err *e);

#endif
