/*
 * Frames in and out: bytes of the UART, SLIP, CRC-32.
 *
 * Bytes go from the UART into a ring whenever wire_poll is called, which every loop of the stub
 * does often enough; wire_next makes frames of them where there is time. A frame is never taken
 * that is damaged, cut or too long; the next C0 begins anew.
 *
 * Plain struct; whoever has it gives it its memory.
 */
#ifndef STUB_WIRE_H
#define STUB_WIRE_H

#include "stub/crc.h"
#include "stub/fast_wire.h"
#include "stub/hal.h"

#define WIRE_RING_BYTES  4096u /* a power of two; 20 ms at 2000000 baud */
#define WIRE_FRAME_BYTES (FAST_HEADER_BYTES + FAST_ID_BYTES + FAST_BLOCK_BYTES)

struct wire {
    uint32_t head, tail;   /* bytes ever put in, and taken out */
    uint8_t *frame;        /* WIRE_FRAME_BYTES, aligned to words */
    uint32_t have, summed; /* bytes of it; and those that are in `sum` */
    uint32_t sum;
    bool escaped, spoilt; /* spoilt: up to the next C0 */
    uint32_t dropped;     /* frames that were none */
    uint32_t crc;         /* of the frame that is sent */
    uint32_t rows[CRC_ROWS];
    uint8_t ring[WIRE_RING_BYTES];
};

/* `frame` has WIRE_FRAME_BYTES. */
void wire_begin(struct wire *w, uint8_t *frame);

void wire_poll(struct wire *w);

/* A whole frame is in w->frame, of *bytes bytes; it stays until the next call, which may get
 * another w->frame. False: none yet, or `most` bytes of the ring were looked at. */
bool wire_next(struct wire *w, uint32_t most, uint32_t *bytes);

/* Drops what has come. */
void wire_forget(struct wire *w);

/* A frame out: bytes go as the UART takes them, and what comes meanwhile is received. */
void wire_open(struct wire *w);
void wire_put(struct wire *w, const void *bytes, size_t n);
void wire_put_word(struct wire *w, uint32_t word);
void wire_close(struct wire *w); /* its CRC in front of the end */

/* Waits until the last bit has left. */
void wire_drain(struct wire *w);

uint32_t load_word(const uint8_t *at);

#endif
