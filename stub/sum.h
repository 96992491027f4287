/* MD5 (RFC 1321), over whole blocks as they come out of the flash. Pure. */
#ifndef STUB_SUM_H
#define STUB_SUM_H

#include <stddef.h>
#include <stdint.h>

#define SUM_BYTES       16u
#define SUM_BLOCK_BYTES 64u

struct sum {
    uint32_t state[4];
    uint32_t bytes; /* so far, in whole blocks */
};

void sum_begin(struct sum *s);

/* Words in memory order, the lowest byte first: as a little-endian core reads them. */
void sum_block(struct sum *s, const uint32_t words[16]);

/* The rest, less than a block, and the end. `words` is written over. */
void sum_end(struct sum *s, uint32_t words[16], uint32_t rest_bytes, uint8_t digest[SUM_BYTES]);

#endif
