/*
 * The flash, step by step: no step waits for an erase or a program, so that receiving, unpacking
 * and digests go on meanwhile.
 *
 * A region is programmed out of the ring as far as it stands there. Erased is by the largest unit
 * that lies in it, just before the first byte of that unit, or ahead where there is nothing to
 * program; a unit that is blank is left as it is, and pages of FF are passed over.
 *
 * Plain struct.
 */
#ifndef STUB_FLASH_PEN_H
#define STUB_FLASH_PEN_H

#include "stub/hal.h"

#define PEN_SECTOR_BYTES 4096u
#define PEN_BLOCK_BYTES  65536u
#define PEN_CHUNK_BYTES  64u         /* of one exchange */
#define PEN_REACH_BYTES  (16u << 20) /* of three bytes of address */

struct flash_pen {
    uint32_t flash_bytes;   /* as the station has said; 0: not yet */
    const uint32_t *ring;   /* what comes, in a ring of ring_bytes */
    uint32_t ring_bytes;    /* a power of two */
    uint32_t addr, bytes;   /* the region; bytes 0: none */
    uint32_t ready, done;   /* of its bytes: in the ring so far, and dealt with */
    uint32_t erased_end;    /* address up to which it is erased */
    uint32_t unit, unit_at; /* bytes of the unit that is looked at, 0: none; how far */
    bool busy;              /* the flash works */
    uint32_t words[PEN_CHUNK_BYTES / 4];
};

/* Whether so many bytes there are in the flash. */
bool pen_reaches(const struct flash_pen *p, uint32_t addr, uint32_t bytes);

/* A region at the start of a sector begins, with nothing in the ring. */
void pen_open(struct flash_pen *p, uint32_t addr, uint32_t bytes);

/* No more of it will come. */
void pen_close(struct flash_pen *p);

/* Whether the flash works no longer; asks it. */
bool pen_is_free(struct flash_pen *p);

/* Does what is next, if the flash is free. */
void pen_step(struct flash_pen *p);

/* Begins to erase the sector or block at addr, of a flash that is free. */
void pen_erase(struct flash_pen *p, uint32_t addr, uint32_t unit);

/* The largest unit that begins at addr and ends at `end` at the latest. */
uint32_t pen_unit(uint32_t addr, uint32_t end);

/* At most PEN_CHUNK_BYTES of a flash that is free; what is behind n in the last word is nothing.
 * The other one comes back at once, and hal_end gives what was read. */
void pen_read(uint32_t addr, uint32_t n, uint32_t *words);
void pen_read_begin(uint32_t addr, uint32_t n);

#endif
