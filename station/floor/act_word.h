/* Acts by their words, for programs: pages and the socket speak the same. */
#ifndef STATION_ACT_WORD_H
#define STATION_ACT_WORD_H

#include "station/floor/floor.h"

/* "start", "acknowledge". */
const char *act_word(enum act_kind kind);

/* ERR_USAGE: there is no such act, or `word` is NULL. */
bool act_by_word(const char *word, enum act_kind *kind, struct err *e);

#endif
