/* Tiles, the station's summary and causes as members of a JSON object: one list for all who tell
 * others of the line, over whatever wire. Pure. */
#ifndef STATION_TILE_JSON_H
#define STATION_TILE_JSON_H

#include "core/base/json_write.h"
#include "station/floor/floor.h"

/* What becomes of a text that there is not. */
enum json_gaps {
    GAPS_NULL,     /* null: pages have each member, always */
    GAPS_LEFT_OUT, /* no member: short lines */
};

/* "no-adapter", "empty", ...: the keys of station/words, too. */
const char *tile_state_word(enum tile_state state);

/* The members of a tile into an open object, but for those in which its readers differ: phase and
 * how much is written. */
void tile_json_put(struct json_object *o, const struct tile *tile, enum json_gaps gaps);

/* Likewise of a summary, but for when the order began. */
void tile_json_sum(struct json_object *o, const struct floor_summary *sum, enum json_gaps gaps);

/* Members code, sentence and hint. */
void tile_json_cause(struct json_object *o, const struct err *e, enum json_gaps gaps);

#endif
