/* What keys do: to the sight, or to the station. Pure but for what the source does. */
#ifndef STATION_TERMINAL_KEYS_H
#define STATION_TERMINAL_KEYS_H

#include "station/terminal/draw.h"

#define KEYS_CODE_BYTES 256

struct keys {
    char typed[KEYS_CODE_BYTES]; /* may be a scanner's code, or one key */
    size_t count;
    uint64_t typed_us; /* the last of it */
    bool left;         /* by q */
};

/* A key as ncurses names it (is_code: KEY_F(2)...), else a character, at a time of some clock. */
void keys_take(struct keys *keys, unsigned key, bool is_code, uint64_t now_us,
               const struct scene *scene, const struct scene_source *source, struct sight *sight);

/* Does what a single key asks for, once it is certain that no scanner goes on. Call it often. */
void keys_settle(struct keys *keys, uint64_t now_us, const struct scene *scene,
                 const struct scene_source *source, struct sight *sight);

#endif
