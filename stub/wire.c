#include "stub/wire.h"

#define END     0xC0u
#define ESC     0xDBu
#define ESC_END 0xDCu
#define ESC_ESC 0xDDu

uint32_t load_word(const uint8_t *at)
{
    return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

void wire_begin(struct wire *w, uint8_t *frame)
{
    crc_fill(w->rows);
    w->frame = frame;
    w->dropped = 0;
    w->head = w->tail = 0;
    wire_forget(w);
}

void wire_forget(struct wire *w)
{
    w->tail = w->head;
    w->have = w->summed = 0;
    w->escaped = false;
    w->spoilt = true;
}

void wire_poll(struct wire *w)
{
    for (;;) {
        uint32_t at = w->head % WIRE_RING_BYTES;
        uint32_t room = WIRE_RING_BYTES - (w->head - w->tail);
        if (room > WIRE_RING_BYTES - at)
            room = WIRE_RING_BYTES - at;
        size_t n = hal_receive(w->ring + at, room);
        w->head += (uint32_t)n;
        if (n < room || room == 0)
            return;
    }
}

/* ---- In ---- */

#define CRC_AT 4u /* in a frame; it is over all but itself */

/* Adds what has come since to the sum: piece by piece, for the UART does not wait. */
static void sum_up(struct wire *w)
{
    if (w->summed == 0 && w->have >= FAST_HEADER_BYTES) {
        w->sum = crc_on(w->rows, CRC_START, w->frame, CRC_AT);
        w->summed = FAST_HEADER_BYTES;
    }
    if (w->summed > 0)
        w->sum = crc_on(w->rows, w->sum, w->frame + w->summed, w->have - w->summed);
    w->summed = w->summed > 0 ? w->have : 0;
}

/* Whether header, length and CRC fit what came. */
static bool is_sound(struct wire *w)
{
    const uint8_t *frame = w->frame;
    if (w->have < FAST_HEADER_BYTES || frame[0] != 0 ||
        (frame[2] | (uint32_t)frame[3] << 8) != w->have - FAST_HEADER_BYTES)
        return false;
    sum_up(w);
    return ~w->sum == load_word(frame + CRC_AT);
}

/* A C0 ends what was before; between two frames there is nothing, or noise. */
static bool end_frame(struct wire *w, uint32_t *bytes)
{
    uint32_t n = w->have;
    bool sound = !w->spoilt && !w->escaped && n > 0 && is_sound(w);
    w->dropped += !sound && (n > 0 || w->escaped);
    w->have = w->summed = 0;
    w->escaped = w->spoilt = false;
    *bytes = n;
    return sound;
}

static void take(struct wire *w, uint8_t byte)
{
    if (w->spoilt)
        return;
    if (w->escaped) {
        w->escaped = false;
        w->spoilt = byte != ESC_END && byte != ESC_ESC;
        byte = byte == ESC_END ? END : ESC;
    } else if (byte == ESC) {
        w->escaped = true;
        return;
    }
    w->spoilt = w->spoilt || w->have == WIRE_FRAME_BYTES;
    if (!w->spoilt)
        w->frame[w->have++] = byte;
}

/* Most bytes are themselves: those go in one loop. */
static const uint8_t *take_plain(struct wire *w, const uint8_t *from, const uint8_t *end)
{
    uint8_t *to = w->frame + w->have, *last = w->frame + WIRE_FRAME_BYTES;
    while (from < end && to < last && *from != END && *from != ESC)
        *to++ = *from++;
    w->have = (uint32_t)(to - w->frame);
    return from;
}

bool wire_next(struct wire *w, uint32_t most, uint32_t *bytes)
{
    uint32_t waiting = w->head - w->tail, at = w->tail % WIRE_RING_BYTES;
    if (waiting > most)
        waiting = most;
    if (waiting > WIRE_RING_BYTES - at)
        waiting = WIRE_RING_BYTES - at;
    const uint8_t *from = w->ring + at, *begin = from, *end = from + waiting;
    bool whole = false;
    while (from < end && !whole) {
        if (!w->escaped && !w->spoilt)
            from = take_plain(w, from, end);
        if (from == end)
            break;
        if (*from == END)
            whole = end_frame(w, bytes);
        else
            take(w, *from);
        from++;
    }
    w->tail += (uint32_t)(from - begin);
    if (!whole)
        sum_up(w);
    return whole;
}

/* ---- Out ---- */

static void send_byte(struct wire *w, uint8_t byte)
{
    while (!hal_may_send())
        wire_poll(w);
    hal_send(byte);
}

static void send_escaped(struct wire *w, uint8_t byte)
{
    if (byte != END && byte != ESC) {
        send_byte(w, byte);
        return;
    }
    send_byte(w, ESC);
    send_byte(w, byte == END ? ESC_END : ESC_ESC);
}

void wire_open(struct wire *w)
{
    w->crc = CRC_START;
    send_byte(w, END);
}

void wire_put(struct wire *w, const void *bytes, size_t n)
{
    const uint8_t *from = bytes;
    w->crc = crc_on(w->rows, w->crc, from, n);
    for (size_t i = 0; i < n; i++)
        send_escaped(w, from[i]);
    wire_poll(w);
}

void wire_put_word(struct wire *w, uint32_t word)
{
    const uint8_t bytes[4] = { (uint8_t)word, (uint8_t)(word >> 8), (uint8_t)(word >> 16),
                               (uint8_t)(word >> 24) };
    wire_put(w, bytes, sizeof bytes);
}

void wire_close(struct wire *w)
{
    wire_put_word(w, ~w->crc);
    send_byte(w, END);
}

void wire_drain(struct wire *w)
{
    while (!hal_all_sent())
        wire_poll(w);
}
