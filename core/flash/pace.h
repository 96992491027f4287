/*
 * When the next block may go out although the last one is not acknowledged yet.
 *
 * A stub receives into one buffer while it works on the other, and listens again as soon as it
 * takes a block up; that is also when it acknowledges. On a link that answers late, the wire is
 * idle for as long as the acknowledgement travels. If the stub is known to be done with the block
 * before, it takes the next one up at once, and the one after that may follow unasked. If it is not
 * done, what comes is lost: so this is only for a stub that has kept up with the wire for several
 * blocks in a row, and never for a block that is more work than those were. What is lost all the
 * same shows as a missing acknowledgement, and in the MD5.
 *
 * Plain struct, no I/O. `now_us` is the port's clock.
 */
#ifndef CORE_PACE_H
#define CORE_PACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How long after the end of a block the next one begins unasked at the least: far more than a stub
 * needs to take a block up, and than two writes of the host differ in how soon they reach the wire.
 */
#define PACE_GUARD_US 2000u

struct pace {
    struct {
        uint64_t end_us;     /* when it will have left the wire */
        uint64_t pause_us;   /* of the wire in front of it */
        uint32_t work_bytes; /* of flash: what the stub had to do meanwhile */
    } sent[2];               /* not acknowledged yet, the older first */
    unsigned sent_count;
    uint64_t wire_end_us;  /* when the wire will be free */
    size_t wire_bytes;     /* of the last block */
    uint64_t wire_us;      /* how long it is under way */
    unsigned prompt;       /* blocks in a row that were taken up at once */
    uint32_t proven_bytes; /* the most work that was done by then... */
    uint64_t gap_us;       /* ...and how long the pause in front of a block must be then */
};

/* A block of `wire_bytes` goes out at `baud`, while the stub has `work_bytes` of flash to write. At
 * most two may be under way. */
void pace_sent(struct pace *p, uint64_t now_us, size_t wire_bytes, uint32_t baud,
               uint32_t work_bytes);

/* The older block's acknowledgement is here; `latency_us` is what the link needs for the shortest
 * answer. */
void pace_acknowledged(struct pace *p, uint64_t now_us, uint64_t latency_us);

/* Whether acknowledgements come so late that there is something to win; where they do not, one that
 * is missing means that the stub is at work. */
bool pace_is_late_link(uint64_t latency_us);

/* Whether the stub can be trusted to take the block that was just sent up as soon as it ends. */
bool pace_keeps_up(const struct pace *p);

/* When the next block may begin, then. */
uint64_t pace_next_us(const struct pace *p);

#endif
