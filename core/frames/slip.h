/*
 * SLIP framing. Pure: bytes in, frames out, and back. Low level: must not call upward.
 *
 * A frame stands between two C0. The decoder takes every C0 as a possible end and a possible start,
 * so a lost or doubled C0 costs at most the frame it belonged to; what is not a frame (boot log,
 * noise) comes out as a frame too, and the caller tells it by its first byte.
 */
#ifndef CORE_SLIP_H
#define CORE_SLIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SLIP_DELIMITER 0xC0u

/* Bytes that n bytes can grow to, with both delimiters. */
#define SLIP_ENCODED_MAX(n) (2 * (size_t)(n) + 2)

/* Builds one frame in a buffer of the caller's, in as many parts as it likes. */
struct slip_encoder {
    uint8_t *buf;
    size_t cap;
    size_t have;
    bool overflow; /* set, and nothing more written, once the buffer is too small */
};

void slip_begin(struct slip_encoder *s, uint8_t *buf, size_t cap);
void slip_put(struct slip_encoder *s, const void *bytes, size_t n);

/* Closes the frame; its length, 0 if it did not fit. */
size_t slip_end(struct slip_encoder *s);

enum slip_event {
    SLIP_NOTHING,   /* all input consumed, no frame complete */
    SLIP_FRAME,     /* `have` bytes of `buf` are one frame, until the next call */
    SLIP_TOO_LONG,  /* a frame longer than the buffer was dropped */
    SLIP_BAD_ESCAPE /* a frame with DB before another byte than DC or DD was dropped */
};

/* Plain value over a buffer of the caller's; nothing to free. */
struct slip_decoder {
    uint8_t *buf;
    size_t cap;
    size_t have;
    bool escaped;
    bool done; /* the frame in buf was handed out */
    enum slip_event fault;
};

void slip_decoder_init(struct slip_decoder *s, uint8_t *buf, size_t cap);

/* Forgets a half-received frame. */
void slip_decoder_reset(struct slip_decoder *s);

/* Takes input up to the end of at most one frame and tells what came. Returns the bytes consumed:
 * call again with the rest. The same input in other pieces gives the same events. */
size_t slip_decode(struct slip_decoder *s, const uint8_t *in, size_t n, enum slip_event *event);

#endif
