/* Telnet, as RFC 2217 uses it: any split gives the same data and events, and answers end. */
#include "tests/fuzz/lib/fuzz.h"

#include "core/ports/telnet.h"

#include <stdlib.h>
#include <string.h>

/* What came out of a stream. */
struct heard {
    uint8_t *data, *events;
    size_t data_bytes, event_bytes, cap;
    size_t answers;
};

static void note_event(struct heard *h, struct telnet *t, const struct telnet_event *ev)
{
    uint8_t reply[3];
    if (ev->kind == TELNET_NOTHING)
        return;
    must(h->event_bytes + 4 + TELNET_SUB_BYTES <= h->cap, "there are no more events than bytes");
    h->events[h->event_bytes++] = (uint8_t)ev->kind;
    h->events[h->event_bytes++] = ev->kind == TELNET_VERB ? ev->verb : 0;
    h->events[h->event_bytes++] = ev->option;
    if (ev->kind == TELNET_SUB) {
        must(t->sub_bytes <= TELNET_SUB_BYTES, "a subnegotiation fits its buffer");
        memcpy(h->events + h->event_bytes, t->sub, t->sub_bytes);
        h->event_bytes += t->sub_bytes;
    } else if (telnet_answer(t, ev, reply)) {
        h->answers++;
        must(reply[0] == TELNET_IAC && reply[2] == ev->option, "an answer is about what was asked");
    }
}

static void hear(struct heard *h, struct telnet *t, const uint8_t *bytes, size_t n)
{
    for (size_t at = 0; at < n;) {
        struct telnet_event ev;
        size_t got;
        size_t took = telnet_decode(t, bytes + at, n - at, h->data + h->data_bytes, &got, &ev);
        must(took > 0 && took <= n - at && got <= took, "each call goes on, within the input");
        at += took;
        h->data_bytes += got;
        note_event(h, t, &ev);
    }
}

static struct heard hear_in_two(const uint8_t *bytes, size_t n, size_t cut)
{
    struct telnet t;
    struct heard h = { .cap = (n + 1) * (4 + TELNET_SUB_BYTES) };
    h.data = must_alloc(n);
    h.events = must_alloc(h.cap);
    telnet_init(&t);
    hear(&h, &t, bytes, cut);
    hear(&h, &t, bytes + cut, n - cut);
    must(h.answers <= 2 * 2 * 256, "each option gets at most one yes and one no a side");
    return h;
}

/* Escaped bytes are plain data again on the other side. */
static void there_and_back(const uint8_t *bytes, size_t n, size_t cap)
{
    uint8_t *wire = must_alloc(cap);
    struct telnet t;
    telnet_init(&t);
    for (size_t at = 0; at < n;) {
        struct telnet_event ev;
        size_t wire_bytes, got;
        size_t took = telnet_escape(bytes + at, n - at, wire, cap, &wire_bytes);
        must(took > 0 && wire_bytes <= cap, "two bytes of room are enough to go on");
        size_t taken = telnet_decode(&t, wire, wire_bytes, wire, &got, &ev);
        must(taken == wire_bytes && ev.kind == TELNET_NOTHING, "escaped bytes are no commands");
        must(got == took && memcmp(wire, bytes + at, got) == 0, "escaped bytes come back");
        at += took;
    }
    free(wire);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0)
        return 0;
    struct heard whole = hear_in_two(bytes, n, n), parts = hear_in_two(bytes, n, bytes[0] % n);
    must(whole.data_bytes == parts.data_bytes && whole.event_bytes == parts.event_bytes &&
             memcmp(whole.data, parts.data, whole.data_bytes) == 0 &&
             memcmp(whole.events, parts.events, whole.event_bytes) == 0,
         "any split gives the same data and the same events");
    free(whole.data);
    free(whole.events);
    free(parts.data);
    free(parts.events);
    there_and_back(bytes, n, 2 + bytes[0] % 16);
    return 0;
}
