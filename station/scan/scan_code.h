/*
 * From what a scanner sends to the codes it has read. Pure: bytes and times in, codes out.
 */
#ifndef STATION_SCAN_CODE_H
#define STATION_SCAN_CODE_H

#include "core/base/err.h"
#include "recipes/station/station_file.h"

#include <stddef.h>

#define SCAN_CODE_BYTES                                                                            \
    1025 /* a code and its NUL; the longest codes of the field have a few hundred */
#define SCAN_SILENCE_MS 50u   /* what ends a code that nothing else ends */
#define SCAN_STUCK_MS   2000u /* after so long without its end a code was cut off */

struct scan_code {
    const struct station_scanner *config; /* lent */
    char text[SCAN_CODE_BYTES];
    size_t bytes;
    bool too_long, damaged;
    uint64_t last_ms; /* when the last byte came */
};

/* Takes a code that is whole: a NUL-terminated text with nothing of its frame, without control
 * characters but GS (1D); or, with `why`, says why what was read is none. */
typedef void scan_code_taker(void *ctx, const char *code, const struct err *why);

void scan_code_init(struct scan_code *c, const struct station_scanner *config);

/* `now_ms` counts from anywhere, and never goes back. */
void scan_code_feed(struct scan_code *c, const char *bytes, size_t n, uint64_t now_ms,
                    scan_code_taker *take, void *ctx);

/* Time has gone by: ends what silence ends. Gives in how many ms to be called again; 0: not needed
 * before the next byte. */
uint32_t scan_code_tick(struct scan_code *c, uint64_t now_ms, scan_code_taker *take, void *ctx);

/* Something of the code was lost on the way: it is refused once its end has come. */
void scan_code_spoil(struct scan_code *c);

#endif
