/*
 * The fast stub on this machine: its own code over a UART and a flash of the tests. One at a time,
 * for its hal_ functions know no other; one thread.
 */
#ifndef TESTS_LIB_FAST_HOST_H
#define TESTS_LIB_FAST_HOST_H

#include "stub/fast.h"

#define FAST_HOST_FLASH  (1u << 20)
#define FAST_HOST_WINDOW 16u
#define FAST_HOST_RING   UNPACK_RING_LEAST
#define FAST_HOST_IN     (1u << 20)
#define FAST_HOST_OUT    (1u << 20)

struct fast_host {
    struct fast fast;
    union fast_slot slots[FAST_HOST_WINDOW + 1];
    uint32_t ring[FAST_HOST_RING / 4];
    uint8_t flash[FAST_HOST_FLASH];
    uint8_t in[FAST_HOST_IN], out[FAST_HOST_OUT];
    size_t in_at, in_bytes, out_bytes;
    unsigned busy;  /* so often it still says that the flash works */
    unsigned quiet; /* receptions of nothing, in a row */
    uint32_t baud;  /* as last set; 0: never */
    unsigned programs, erases;
    uint32_t lowest, highest; /* addresses that were changed: the first, and behind the last */
};

/* Greeted, with a flash full of `fill`, and told how large that is unless `untold`. Free with free.
 */
struct fast_host *fast_host_new(uint8_t fill, bool untold);

/* Frames to it, whole or as they are: queued only. */
void fast_host_say(struct fast_host *h, uint8_t command, const void *data, size_t n);
void fast_host_say_raw(struct fast_host *h, const uint8_t *bytes, size_t n);

/* Lets it run until it waits for bytes and has nothing to do; whatever it was in the middle of ends
 * there, so only once. */
void fast_host_run(struct fast_host *h);

/* The next answer in what it has sent: its frame without CRC, into `frame` of `cap`. 0: none more,
 * or one that is none. *at goes on from 0. */
size_t fast_host_answer(const struct fast_host *h, size_t *at, uint8_t *frame, size_t cap);

#endif
