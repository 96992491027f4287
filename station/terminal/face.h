/* What a tile says: a sign, a word, and facts in the order in which they matter. Pure. */
#ifndef STATION_FACE_H
#define STATION_FACE_H

#include "station/floor/tile.h"
#include "station/words/words.h"

#define FACE_FACTS_MAX 8
#define FACE_BYTES     96

struct face {
    const char *sign; /* of one column */
    const char *word;
    char facts[FACE_FACTS_MAX][FACE_BYTES]; /* with the word, as a rule the first of them */
    size_t count;
    size_t cause; /* which of them says why, for who reads the language; FACE_FACTS_MAX: none */
    const char *brief, *code; /* ...and what stands for it where it has no room; "": nothing */
};

/* `signs`: the terminal has more than ASCII. */
void face_make(struct face *face, const struct tile *tile, enum language language, bool signs);

/* The cause of a code in the language; "": it has none. */
const char *face_cause(enum err_code code, enum language language);

/* What can be done with the board in the slot, as in "sxar"; keys of terminal_keys.c. */
const char *face_keys(const struct tile *tile);

#endif
