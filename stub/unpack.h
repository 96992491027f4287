/*
 * A zlib stream (RFC 1950 and 1951), or one of LZMA, into a ring which is its window as well: what
 * the flash has not taken yet stands in it, and further back what matches refer to. Those of LZMA
 * may refer to what is older, and in the flash by now.
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

#define UNPACK_RING_LEAST 32768u /* the window of zlib */
#define UNPACK_STRIDE     64u
#define UNPACK_FAST_BITS  9u

/* Codes up to UNPACK_FAST_BITS long by a table, longer ones bit by bit. */
struct unpack_codes {
    uint16_t fast[1u << UNPACK_FAST_BITS]; /* length << 12 | symbol; 0: longer, or none */
    uint16_t count[16];                    /* codes of each length */
    uint16_t symbol[288];                  /* by length, then by code */
};

#define UNPACK_STATES 12u /* of LZMA: what the last symbols were */
#define UNPACK_PLACES 4u  /* which of four bytes a symbol begins at */

/* Probabilities that a bit is 0, of 2048: a tree of bits has one for each way through it. */
struct unpack_lengths {
    uint16_t choice[2], low[UNPACK_PLACES][8], middle[UNPACK_PLACES][8], high[256];
};

struct unpack_lzma {
    uint32_t range, code, state, rep[4]; /* rep: the last distances, less one */
    union {
        struct {
            uint16_t is_match[UNPACK_STATES][UNPACK_PLACES], is_long[UNPACK_STATES][UNPACK_PLACES];
            uint16_t is_rep[UNPACK_STATES], is_other_rep[UNPACK_STATES], is_rep1[UNPACK_STATES],
                is_rep3[UNPACK_STATES];
            uint16_t slot[4][64], special[128], align[16], literal[0x300];
            struct unpack_lengths lengths, rep_lengths;
        };
        uint16_t all[2 * UNPACK_STATES * UNPACK_PLACES + 4 * UNPACK_STATES + 4 * 64 + 128 + 16 +
                     0x300 + 2 * sizeof(struct unpack_lengths) / 2];
    };
};

struct unpack {
    uint8_t *ring;
    uint32_t ring_bytes; /* a power of two, UNPACK_RING_LEAST or more */
    uint32_t at;         /* bytes that came out */
    uint32_t stop;       /* up to which there is room, and time */
    uint32_t bits, bit_count;
    const uint8_t *in, *in_end;
    void *ctx;
    /* More input: at least one byte between *in and *in_end. False: there is none, give up. */
    bool (*more)(void *ctx, const uint8_t **in, const uint8_t **in_end);
    /* `at` bytes are out. Gives up to where more may go, which is behind `at`. False: give up. */
    bool (*room)(void *ctx, uint32_t at, uint32_t *stop);
    /* A few thousand steps were done without either. */
    void (*pause)(void *ctx);
    /* Byte `at` of what came out, which is no longer in the ring. False: give up. Of LZMA alone. */
    bool (*far)(void *ctx, uint32_t at, uint8_t *byte);
    bool dry; /* there was no more input */
    union {
        struct {
            uint8_t lengths[320];
            struct unpack_codes literals, distances;
        };
        struct unpack_lzma lzma;
    };
};

/* Ring, hooks and ctx are set. False: a hook gave up, or the stream is damaged; z->at says how many
 * bytes came out. The check at its end is not read: who sent it proves the flash. */
bool unpack(struct unpack *z);

/* The same for LZMA with lc = lp = 0, pb = 2 (unlzma.c), up to n bytes; it has no check. */
bool unpack_lzma(struct unpack *z, uint32_t n);

/* The same for bytes that are themselves; n of them. */
bool unpack_raw(struct unpack *z, uint32_t n);

/* ---- For unpack.c and unlzma.c ---- */

void unpack_begin(struct unpack *z);
bool unpack_make_room(struct unpack *z);

/* What stands so far back in the ring; the distance is possible. */
bool unpack_copy(struct unpack *z, uint32_t length, uint32_t distance);

#endif
