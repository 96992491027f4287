/*
 * Erasing a part of the flash, or proving it blank, for tools that write nothing afterwards. The
 * loader must be identified, its flash attached and its size set. One thread at a time.
 */
#ifndef CORE_ERASE_H
#define CORE_ERASE_H

#include "core/loader/loader.h"

#define ERASE_SECTOR_BYTES 4096u

/* Told how many bytes are done; called on the caller's thread. NULL: nobody asks. */
struct erase_progress {
    void (*tell)(void *ctx, uint32_t bytes_done);
    void *ctx;
};

/* Erases exactly `size_bytes` from `addr` on, both multiples of a sector. ERR_USAGE when they are
 * not; ERR_ERASE; ERR_STUB on the ESP8266's ROM, which erases more than it is asked to. */
bool erase_region(struct loader *l, uint32_t addr, uint32_t size_bytes,
                  const struct erase_progress *progress, struct err *e);

/* Asks the chip for MD5s, and compares them with those of blank flash. ERR_ERASE when something is
 * left, which is what a write-protected flash does: it takes the command and keeps its bytes. */
bool erase_prove(struct loader *l, uint32_t addr, uint32_t size_bytes, struct err *e);

#endif
