/* SLIP: the same input in other pieces gives the same events; what was encoded comes back. */
#include "tests/fuzz/lib/fuzz.h"

#include "core/frames/slip.h"

#include <stdlib.h>
#include <string.h>

#define FRAME_BYTES 64

/* All events, with the frames, one behind the other. */
struct log {
    uint8_t *bytes;
    size_t cap, have;
};

static void log_event(struct log *l, enum slip_event event, const struct slip_decoder *s)
{
    size_t n = event == SLIP_FRAME ? s->have : 0;
    if (event == SLIP_NOTHING)
        return;
    must(n <= FRAME_BYTES, "a frame fits its buffer");
    must(l->have + n + 2 <= l->cap, "there are no more events than bytes");
    l->bytes[l->have++] = (uint8_t)event;
    l->bytes[l->have++] = (uint8_t)n;
    memcpy(l->bytes + l->have, s->buf, n);
    l->have += n;
}

static void decode(struct slip_decoder *s, const uint8_t *bytes, size_t n, struct log *l)
{
    for (size_t at = 0; at < n;) {
        enum slip_event event;
        size_t took = slip_decode(s, bytes + at, n - at, &event);
        must(took <= n - at, "no more is taken than there is");
        must(took > 0 || event != SLIP_NOTHING, "each call goes on");
        at += took;
        log_event(l, event, s);
    }
}

static struct log decode_in_two(const uint8_t *bytes, size_t n, size_t cut)
{
    uint8_t *frame = must_alloc(FRAME_BYTES);
    struct log l = { must_alloc(3 * n + 2), 3 * n + 2, 0 };
    struct slip_decoder s;
    slip_decoder_init(&s, frame, FRAME_BYTES);
    decode(&s, bytes, cut, &l);
    decode(&s, bytes + cut, n - cut, &l);
    free(frame);
    return l;
}

static void there_and_back(const uint8_t *bytes, size_t n)
{
    uint8_t *wire = must_alloc(SLIP_ENCODED_MAX(n)), *frame = must_alloc(n);
    struct slip_encoder encoder;
    struct slip_decoder decoder;
    enum slip_event event = SLIP_NOTHING;
    size_t at = 0;
    slip_begin(&encoder, wire, SLIP_ENCODED_MAX(n));
    slip_put(&encoder, bytes, n / 2);
    slip_put(&encoder, bytes + n / 2, n - n / 2);
    size_t wire_bytes = slip_end(&encoder);
    must(wire_bytes >= n + 2 && wire_bytes <= SLIP_ENCODED_MAX(n), "a frame has its length");
    slip_decoder_init(&decoder, frame, n);
    while (at < wire_bytes && event == SLIP_NOTHING)
        at += slip_decode(&decoder, wire + at, wire_bytes - at, &event);
    if (n > 0)
        must(event == SLIP_FRAME && decoder.have == n && memcmp(frame, bytes, n) == 0,
             "what was encoded comes back");
    free(wire);
    free(frame);
}

static void into_too_little(const uint8_t *bytes, size_t n, size_t cap)
{
    uint8_t *wire = must_alloc(cap);
    struct slip_encoder s;
    slip_begin(&s, wire, cap);
    slip_put(&s, bytes, n);
    must(slip_end(&s) <= cap, "a frame stays within its buffer");
    free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0)
        return 0;
    size_t cut = bytes[0] % n;
    struct log whole = decode_in_two(bytes, n, n), parts = decode_in_two(bytes, n, cut);
    must(whole.have == parts.have && memcmp(whole.bytes, parts.bytes, whole.have) == 0,
         "the same input in other pieces gives the same events");
    free(whole.bytes);
    free(parts.bytes);
    there_and_back(bytes, n);
    into_too_little(bytes, n, cut);
    return 0;
}
