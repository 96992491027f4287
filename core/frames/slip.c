#include "core/frames/slip.h"

enum { END = SLIP_DELIMITER, ESC = 0xDB, ESC_END = 0xDC, ESC_ESC = 0xDD };

static void put_raw(struct slip_encoder *s, uint8_t byte)
{
    if (s->have < s->cap)
        s->buf[s->have++] = byte;
    else
        s->overflow = true;
}

void slip_begin(struct slip_encoder *s, uint8_t *buf, size_t cap)
{
    *s = (struct slip_encoder){ .buf = buf, .cap = cap };
    put_raw(s, END);
}

void slip_put(struct slip_encoder *s, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n && !s->overflow; i++) {
        if (p[i] != END && p[i] != ESC) {
            put_raw(s, p[i]);
            continue;
        }
        put_raw(s, ESC);
        put_raw(s, p[i] == END ? ESC_END : ESC_ESC);
    }
}

size_t slip_end(struct slip_encoder *s)
{
    put_raw(s, END);
    return s->overflow ? 0 : s->have;
}

void slip_decoder_init(struct slip_decoder *s, uint8_t *buf, size_t cap)
{
    *s = (struct slip_decoder){ .buf = buf, .cap = cap };
}

void slip_decoder_reset(struct slip_decoder *s)
{
    slip_decoder_init(s, s->buf, s->cap);
}

static void take_byte(struct slip_decoder *s, uint8_t byte)
{
    if (s->escaped) {
        s->escaped = false;
        if (byte != ESC_END && byte != ESC_ESC) {
            s->fault = s->fault ? s->fault : SLIP_BAD_ESCAPE;
            return;
        }
        byte = byte == ESC_END ? END : ESC;
    } else if (byte == ESC) {
        s->escaped = true;
        return;
    }
    if (s->have < s->cap)
        s->buf[s->have++] = byte;
    else
        s->fault = SLIP_TOO_LONG;
}

/* What the bytes since the last C0 are, now that the next C0 has come. */
static enum slip_event close_frame(struct slip_decoder *s)
{
    enum slip_event event = SLIP_FRAME;
    if (s->fault)
        event = s->fault;
    else if (s->escaped)
        event = SLIP_BAD_ESCAPE;
    else if (s->have == 0)
        event = SLIP_NOTHING; /* a doubled C0 */
    s->done = true;
    return event;
}

size_t slip_decode(struct slip_decoder *s, const uint8_t *in, size_t n, enum slip_event *event)
{
    if (s->done)
        slip_decoder_reset(s);
    for (size_t i = 0; i < n; i++) {
        if (in[i] != END) {
            take_byte(s, in[i]);
            continue;
        }
        *event = close_frame(s);
        if (*event != SLIP_NOTHING)
            return i + 1;
        slip_decoder_reset(s);
    }
    *event = SLIP_NOTHING;
    return n;
}
