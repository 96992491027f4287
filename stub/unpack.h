/*
 * A zlib stream (RFC 1950 and 1951) into a ring of 32 KiB, which is its window as well: what the
 * flash has not taken yet stands in it, and further back what matches refer to.
 *
 * Straight code that waits inside two hooks, for input and for room; the stub goes on receiving
 * there. Hooks are called at least once in each UNPACK_STRIDE bytes that come out. No stream,
 * however damaged, makes it read or write outside of its ring.
 */
#ifndef STUB_UNPACK_H
#define STUB_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UNPACK_RING_BYTES 32768u
#define UNPACK_STRIDE     64u
#define UNPACK_FAST_BITS  9u

/* Codes up to UNPACK_FAST_BITS long by a table, longer ones bit by bit. */
struct unpack_codes {
    uint16_t fast[1u << UNPACK_FAST_BITS]; /* length << 12 | symbol; 0: longer, or none */
    uint16_t count[16];                    /* codes of each length */
    uint16_t symbol[288];                  /* by length, then by code */
};

struct unpack {
    uint8_t *ring; /* UNPACK_RING_BYTES */
    uint32_t at;   /* bytes that came out */
    uint32_t stop; /* up to which there is room, and time */
    uint32_t bits, bit_count;
    const uint8_t *in, *in_end;
    void *ctx;
    /* More input: at least one byte between *in and *in_end. False: there is none, give up. */
    bool (*more)(void *ctx, const uint8_t **in, const uint8_t **in_end);
    /* `at` bytes are out. Gives up to where more may go, which is behind `at`. False: give up. */
    bool (*room)(void *ctx, uint32_t at, uint32_t *stop);
    /* A few thousand steps were done without either. */
    void (*pause)(void *ctx);
    uint8_t lengths[320];
    struct unpack_codes literals, distances;
};

/* Ring, hooks and ctx are set. False: a hook gave up, or the stream is damaged; z->at says how many
 * bytes came out. The check at its end is not read: who sent it proves the flash. */
bool unpack(struct unpack *z);

/* The same for bytes that are themselves; n of them. */
bool unpack_raw(struct unpack *z, uint32_t n);

#endif
