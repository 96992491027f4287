/*
 * LZMA for the fast stub, by liblzma: the same raw form that stub/unlzma.c takes apart. Pure.
 */
#ifndef CORE_SQUEEZE_H
#define CORE_SQUEEZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room in which n bytes go for certain; what does not get shorter may need more than n. */
size_t squeeze_bound(size_t n);

/* n bytes into a stream of *packed_bytes, with matches that reach back so far at most (a power of
 * two). Some 11 times `reach_bytes` of memory, and half a second for 1 MiB. False: it does not fit
 * into `cap`, or out of memory. */
bool squeeze(const uint8_t *bytes, size_t n, uint32_t reach_bytes, uint8_t *packed, size_t cap,
             size_t *packed_bytes);

/* How many bytes come out of each part of a stream, which ends at end[i]: so many parts. False: it
 * is no stream, or out of memory. */
bool squeeze_measure(const uint8_t *packed, const size_t *end, size_t parts, uint32_t reach_bytes,
                     uint32_t *out_bytes);

#endif
