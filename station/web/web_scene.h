/*
 * What pages see: each tile, the station and the latest events as JSON, with the version at which
 * each changed last. Not locked: one thread at a time, its owner sees to that.
 */
#ifndef STATION_WEB_SCENE_H
#define STATION_WEB_SCENE_H

#include "station/web/web_json.h"

#define WEB_TILES_MAX 256
#define WEB_LOG_MAX   1000 /* events; the record has all */

struct web_scene;

/* NULL: no memory. */
struct web_scene *web_scene_new(void);
void web_scene_free(struct web_scene *s); /* NULL is fine */

/* Takes over what a tile or the station shows now. `progress`: also when only that has changed. */
void web_scene_tile(struct web_scene *s, size_t i, const struct tile *tile, bool progress);
void web_scene_count(struct web_scene *s, size_t tiles);
void web_scene_summary(struct web_scene *s, const struct floor_summary *sum);
void web_scene_event(struct web_scene *s, const struct event *event);

/* Counts up with each change; 0: nothing was taken over yet. */
uint64_t web_scene_version(const struct web_scene *s);

/* Appends, as members of an open object, all that is newer than version `seen`: "count", "tiles",
 * "progress", "summary", "log". With `seen` 0 that is all there is. */
void web_scene_since(const struct web_scene *s, uint64_t seen, struct web_text *to);

/* Appends all tiles, the summary, or the events as one JSON value. */
void web_scene_put_tiles(const struct web_scene *s, struct web_text *to);
void web_scene_put_summary(const struct web_scene *s, struct web_text *to);
void web_scene_put_log(const struct web_scene *s, struct web_text *to);

#endif
