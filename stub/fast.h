/*
 * The fast stub itself: takes blocks in any order and gives them on in theirs, answers the
 * station's questions, and keeps the flash at work. docs/fast-stub.md says how.
 *
 * One loop and what is called from it, no interrupts: whatever waits, waits in fast_go_on, which
 * receives, sends, and takes the flash a step further.
 *
 * A plain struct of some 10 KB without ring and blocks; all of it belongs to one chip.
 */
#ifndef STUB_FAST_H
#define STUB_FAST_H

#include "stub/flash_pen.h"
#include "stub/sum.h"
#include "stub/unpack.h"
#include "stub/wire.h"

#define FAST_REGIONS       4u  /* begun and not yet written, at most; a power of two */
#define FAST_DIGESTS       16u /* that are remembered; a power of two */
#define FAST_COMMAND_BYTES 80u
#define FAST_LINE_BYTES    16u /* of flash, read back at once; a power of two */

struct fast_region {
    uint32_t words[FAST_BEGIN_WORDS];
    uint32_t base; /* its block 0 */
};

/* Of a region, as the flash holds it; goes on behind the pen. */
struct fast_digest {
    uint32_t addr, bytes;
    uint32_t at, limit; /* bytes that are in it; that are in the flash */
    bool ended;
    struct sum sum;
    uint8_t md5[SUM_BYTES];
};

/* Room for one block, with its header; the bytes begin on a word. */
union fast_slot {
    uint32_t words[(WIRE_FRAME_BYTES + 3) / 4];
    uint8_t bytes[WIRE_FRAME_BYTES];
};

/* What is small and used often comes first: cores reach it with shorter instructions. */
struct fast {
    uint32_t window; /* slots, a power of two */
    /* Blocks are numbered through all regions here: the window is [taken, taken + window). */
    uint32_t taken;
    uint32_t begun, written; /* regions ever; region n is at n % FAST_REGIONS */
    uint32_t base, next;     /* of the region that was begun last: its block 0; and all in front of
                              * this one have come */
    uint32_t generation;     /* of that */
    uint32_t mark, done_bytes;
    /* What the station was told last. */
    uint32_t news, said_limit, said_dropped;
    bool say, said_gap;
    bool abandon;    /* the region is to be begun again, which ends what is under way */
    uint8_t failure; /* for good: the station begins with a reset */
    /* A question that waits for its turn. */
    bool answering, drop_answer; /* it is being answered; the station has given it up */
    uint32_t command_bytes;      /* 0: none */
    uint8_t command[FAST_COMMAND_BYTES];
    uint32_t digests_begun, digests_ended;
    uint32_t words[PEN_CHUNK_BYTES / 4];
    uint32_t line_at, line_end; /* of the region: what `line` holds of it */
    uint32_t line[FAST_LINE_BYTES / 4];
    struct flash_pen pen;
    struct fast_region region[FAST_REGIONS];
    uint16_t slot_bytes[FAST_WINDOW_MAX]; /* 0: empty */
    uint8_t *slot[FAST_WINDOW_MAX];
    struct fast_digest digest[FAST_DIGESTS];
    struct wire wire;
    struct unpack unpack;
};

/* `slots` are window + 1 ones; the ring is as struct unpack wants it; f is all zero. */
void fast_begin(struct fast *f, union fast_slot *slots, uint32_t window, uint32_t *ring,
                uint32_t ring_bytes);

void fast_greet(struct fast *f);

/* One step of all that goes on. */
void fast_go_on(struct fast *f);

/* One turn of the main loop: writes a region, answers a question, or goes on. */
void fast_turn(struct fast *f);

/* Digests of what is written over are none. */
void fast_forget_digests(struct fast *f, uint32_t addr, uint32_t bytes);

/* ---- fast_answer.c ---- */

/* Answers the question that waits. */
void fast_answer(struct fast *f);

/* Begins an answer with so many bytes of payload, and ends one. */
void fast_open_answer(struct fast *f, uint8_t command, uint32_t value, uint32_t payload_bytes);
void fast_close_answer(struct fast *f, uint8_t status);

/* Begins to read one chunk more, of a flash that is free; false: there is none, or none yet. Then
 * it comes into f->words, and then into the digest, while the flash may be at other work. */
bool fast_digest_begin(const struct fast_digest *d);
void fast_digest_end(struct fast *f, const struct fast_digest *d);
void fast_digest_take(struct fast *f, struct fast_digest *d);

#endif
