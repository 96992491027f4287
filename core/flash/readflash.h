/*
 * Reading what the flash holds. The loader must be identified, its flash attached and its size set.
 *
 * A stub sends packets of 4 KiB, one after each acknowledgement, and an MD5 over all of them at the
 * end; a ROM gives 64 bytes for each request. Either way the flash is read in chunks, each is
 * proved by an MD5 of the chip's before anybody sees it, and a chunk that got damaged on the wire
 * is read again. One thread at a time.
 */
#ifndef CORE_READFLASH_H
#define CORE_READFLASH_H

#include "core/loader/loader.h"

/* Takes the pieces in order, without gaps. False ends the reading, with *e set. */
struct readflash_sink {
    bool (*take)(void *ctx, const uint8_t *bytes, size_t n, struct err *e);
    void *ctx;
};

/* Reads `size_bytes` from `addr` on. ERR_VERIFY when the chip refuses, or when a chunk did not come
 * whole in three tries; ERR_STUB for the ROM of the ESP8266, which cannot be read; ERR_SECURED in
 * Secure Download Mode; what the port or the sink says, as it is. After a failure the loader may be
 * in mid-stream: reset the board. */
bool readflash(struct loader *l, uint32_t addr, uint32_t size_bytes,
               const struct readflash_sink *sink, struct err *e);

#endif
