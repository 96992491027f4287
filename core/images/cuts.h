/*
 * Where a compressed stream is cut into blocks, so that the wire and the flash wait for each other
 * as little as possible.
 *
 * What a stub inflates goes into a window of 32 KiB, and from there into the flash when the window
 * is full. It has two buffers: while it works on one block the next one arrives, and the one after
 * that may only be sent when it takes the next one up. While there is something to erase, a window
 * takes it 260 ms (150 to erase 64 KiB, 110 to program 32), a block that fills none takes it
 * nothing: then the buffer is free at once, and the stub idle for as long as the next block is on
 * the wire. So behind such a block comes one that is as short as may be; but where the wire is the
 * slower one anyway, blocks are as long as they can be, for each waits for an answer.
 *
 * A stub starts one step of erasing with each block it takes up: sectors that are erased one by
 * one want short blocks at first, each as long on the wire as a sector is erased. Below 460800
 * baud the answers would cost more than that.
 *
 * Found on a model of the stub, and proved on the virtual board: against even blocks of 16 KiB it
 * saves 5 % at 921600 baud on a prompt link and 6 % on one that answers after 16 ms, 1 % at 460800,
 * and costs less than 1 % at any other rate.
 */
#ifndef CORE_CUTS_H
#define CORE_CUTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CUTS_WINDOW_BYTES (32u << 10)

struct cuts {
    size_t *end; /* where block i ends in the stream */
    size_t count;
};

/* Even blocks. False: out of memory. The caller owns the cuts (cuts_free). */
bool cuts_even(struct cuts *c, size_t stream_bytes, uint32_t block_bytes);

/* What the stream is for. */
struct cuts_aim {
    uint32_t addr, flash_bytes; /* where it goes, and what it inflates to */
    uint32_t block_bytes;       /* no block is longer */
    uint32_t baud;              /* 0: not known, taken as 921600 */
};

/* Blocks of a zlib stream. False: out of memory, or no such stream. The caller owns the cuts
 * (cuts_free). */
bool cuts_for_stub(struct cuts *c, const uint8_t *stream, size_t stream_bytes,
                   const struct cuts_aim *aim);

void cuts_free(struct cuts *c);

/* In how many steps a stub erases so many bytes at `addr`: by blocks of 64 KiB where they fit, else
 * by sectors. `*first_sectors`: how many single sectors come first. */
uint32_t cuts_erase_steps(uint32_t addr, uint32_t flash_bytes, uint32_t *first_sectors);

#endif
