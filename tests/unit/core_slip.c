/*
 * SLIP: the same bytes give the same events however they are cut, and what is damaged costs no more
 * than the frame it belongs to.
 */
#include "core/frames/slip.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#define CAP       24
#define TRACE_MAX 4096

/* Events as text, frames with their bytes. */
struct trace {
    char text[TRACE_MAX];
    size_t used;
};

static void note(struct trace *t, const char *fmt, unsigned number)
{
    int n = snprintf(t->text + t->used, sizeof t->text - t->used, fmt, number);
    assert_true(n > 0 && t->used + (size_t)n < sizeof t->text);
    t->used += (size_t)n;
}

static void note_event(struct trace *t, const struct slip_decoder *s, enum slip_event event)
{
    switch (event) {
    case SLIP_NOTHING:
        return;
    case SLIP_FRAME:
        note(t, "[%u", (unsigned)s->have);
        for (size_t i = 0; i < s->have; i++)
            note(t, " %02x", s->buf[i]);
        note(t, "]", 0);
        return;
    case SLIP_TOO_LONG:
        note(t, "{long}", 0);
        return;
    case SLIP_BAD_ESCAPE:
        note(t, "{escape}", 0);
        return;
    }
}

/* The decoder may not look past what it is given: each piece is a copy of its own size. */
static void feed(struct slip_decoder *s, struct trace *t, const uint8_t *in, size_t n)
{
    uint8_t *piece = malloc(n ? n : 1);
    assert_non_null(piece);
    if (n > 0)
        memcpy(piece, in, n);
    for (size_t at = 0; at < n;) {
        enum slip_event event;
        size_t took = slip_decode(s, piece + at, n - at, &event);
        assert_true(took > 0 && took <= n - at);
        assert_true(event != SLIP_NOTHING || took == n - at);
        note_event(t, s, event);
        at += took;
    }
    free(piece);
}

/* `in` with a cut behind `first` bytes and another behind `second`. */
static void decode_cut(const uint8_t *in, size_t n, size_t first, size_t second, struct trace *t)
{
    uint8_t buf[CAP];
    struct slip_decoder s;
    slip_decoder_init(&s, buf, sizeof buf);
    t->used = 0;
    t->text[0] = '\0';
    feed(&s, t, in, first);
    feed(&s, t, in + first, second - first);
    feed(&s, t, in + second, n - second);
}

static void assert_every_cut(const uint8_t *in, size_t n, const char *expected)
{
    struct trace *t = malloc(sizeof *t);
    assert_non_null(t);
    for (size_t first = 0; first <= n; first++) {
        for (size_t second = first; second <= n; second++) {
            decode_cut(in, n, first, second, t);
            if (expected)
                assert_string_equal(t->text, expected);
        }
    }
    free(t);
}

#define BYTES(...)    (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ })
#define TEXT(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static void slip_finds_frames_at_every_cut(void **state)
{
    (void)state;
    assert_every_cut(BYTES(0xC0, 1, 2, 3, 0xC0), "[3 01 02 03]");
    assert_every_cut(BYTES(0xC0, 1, 0xC0, 0xC0, 2, 0xC0), "[1 01][1 02]");
    assert_every_cut(BYTES(0xC0, 0xDB, 0xDC, 0xDB, 0xDD, 0xC0), "[2 c0 db]");
    assert_every_cut(BYTES(0xC0, 0xDC, 0xDD, 0xC0), "[2 dc dd]");
    assert_every_cut(BYTES(0xC0, 0xDB, 0xDC, 0xDC, 0xDB, 0xDD, 0xDD, 0xC0), "[4 c0 dc db dd]");
}

static void slip_ignores_doubled_delimiters(void **state)
{
    (void)state;
    assert_every_cut(BYTES(0xC0, 0xC0, 0xC0, 1, 2, 0xC0, 0xC0, 0xC0), "[2 01 02]");
    assert_every_cut(BYTES(0xC0, 0xC0, 0xC0, 0xC0), "");
}

/* The frame that lost its C0 runs into the next one or is dropped with it; the one after is whole.
 */
static void slip_recovers_from_a_lost_delimiter(void **state)
{
    (void)state;
    assert_every_cut(BYTES(0xC0, 1, 2, 0xC0, 3, 4, 0xC0, 0xC0, 5, 0xC0),
                     "[2 01 02][2 03 04][1 05]");
    assert_every_cut(BYTES(0xC0, 1, 0xC0, 2, 0xC0, 3, 0xC0), "[1 01][1 02][1 03]");
    assert_every_cut(BYTES(1, 2, 0xC0, 0xC0, 3, 0xC0), "[2 01 02][1 03]");
}

static void slip_gives_text_between_frames_as_a_frame(void **state)
{
    (void)state;
    assert_every_cut(TEXT("boot\xC0\x01\xC0"), "[4 62 6f 6f 74][1 01]");
}

static void slip_drops_only_the_frame_with_a_bad_escape(void **state)
{
    (void)state;
    assert_every_cut(BYTES(0xC0, 1, 0xDB, 0x00, 2, 0xC0, 0xC0, 3, 0xC0), "{escape}[1 03]");
    assert_every_cut(BYTES(0xC0, 1, 0xDB, 0xDB, 0xDC, 0xC0, 4, 0xC0), "{escape}[1 04]");
    assert_every_cut(BYTES(0xC0, 1, 0xDB, 0xC0, 0xC0, 5, 0xC0), "{escape}[1 05]");
    assert_every_cut(BYTES(0xDB, 0xC0, 6, 0xC0), "{escape}[1 06]");
}

static void slip_rejects_oversize_frame(void **state)
{
    uint8_t in[CAP + 8];
    (void)state;
    memset(in, 0x11, sizeof in);
    in[0] = 0xC0;
    in[CAP + 2] = 0xC0; /* one byte too many */
    in[CAP + 3] = 0xC0;
    in[CAP + 4] = 0x22;
    in[CAP + 5] = 0xC0;
    assert_every_cut(in, CAP + 6, "{long}[1 22]");
    in[CAP + 1] = 0xC0; /* exactly full */
    in[CAP + 2] = 0xC0;
    char expected[TRACE_MAX] = "[24";
    for (int i = 0; i < CAP; i++)
        strncat(expected, " 11", sizeof expected - strlen(expected) - 1);
    strncat(expected, "][1 22]", sizeof expected - strlen(expected) - 1);
    assert_every_cut(in, CAP + 6, expected);
}

/* An escaped byte that no longer fits is as oversize as any other. */
static void slip_rejects_oversize_by_an_escape(void **state)
{
    uint8_t in[CAP + 8];
    (void)state;
    memset(in, 0x11, sizeof in);
    in[0] = 0xC0;
    in[CAP + 1] = 0xDB;
    in[CAP + 2] = 0xDD;
    in[CAP + 3] = 0xC0;
    assert_every_cut(in, CAP + 4, "{long}");
}

static void slip_reset_forgets_the_begun_frame(void **state)
{
    uint8_t buf[CAP];
    struct slip_decoder s;
    struct trace t = { .used = 0 };
    (void)state;
    slip_decoder_init(&s, buf, sizeof buf);
    feed(&s, &t, BYTES(0xC0, 1, 2, 0xDB));
    slip_decoder_reset(&s);
    feed(&s, &t, BYTES(3, 0xC0));
    assert_string_equal(t.text, "[1 03]");
}

/* Any noise: the trace of every pair of cuts equals that of one piece. */
static void slip_gives_the_same_events_for_noise(void **state)
{
    static const uint8_t words[] = { 0xC0, 0xC0, 0xDB, 0xDC, 0xDD, 0x00, 0x01, 0x42 };
    struct trace *whole = malloc(sizeof *whole);
    uint32_t seed = 20240401;
    (void)state;
    assert_non_null(whole);
    for (int round = 0; round < 60; round++) {
        uint8_t in[64];
        for (size_t i = 0; i < sizeof in; i++)
            in[i] = words[next_random(&seed) % sizeof words];
        decode_cut(in, sizeof in, 0, 0, whole);
        assert_every_cut(in, sizeof in, whole->text);
    }
    free(whole);
}

static void round_trip(const uint8_t *bytes, size_t n)
{
    uint8_t wire[SLIP_ENCODED_MAX(8)], back[8];
    struct slip_encoder out;
    struct slip_decoder in;
    enum slip_event event;
    slip_begin(&out, wire, sizeof wire);
    slip_put(&out, bytes, n);
    size_t len = slip_end(&out);
    assert_true(len >= n + 2 && len <= SLIP_ENCODED_MAX(n));
    assert_int_equal(wire[0], 0xC0);
    assert_int_equal(wire[len - 1], 0xC0);
    assert_null(memchr(wire + 1, 0xC0, len - 2));
    slip_decoder_init(&in, back, sizeof back);
    assert_int_equal(slip_decode(&in, wire, len, &event), len);
    assert_int_equal(event, SLIP_FRAME);
    assert_int_equal(in.have, n);
    assert_memory_equal(back, bytes, n);
}

static void slip_round_trips_all_byte_pairs(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 0x10000; pair++)
        round_trip((const uint8_t[]){ (uint8_t)(pair >> 8), (uint8_t)pair }, 2);
}

static void slip_encoder_writes_nothing_past_its_buffer(void **state)
{
    const uint8_t bytes[] = { 1, 0xC0, 0xDB, 2 };
    const size_t needs = 8;
    (void)state;
    for (size_t cap = 0; cap <= needs + 1; cap++) {
        uint8_t *wire = malloc(cap + 1);
        struct slip_encoder s;
        assert_non_null(wire);
        wire[cap] = 0x5A;
        slip_begin(&s, wire, cap);
        slip_put(&s, bytes, 2);
        slip_put(&s, bytes + 2, 2);
        assert_int_equal(slip_end(&s), cap < needs ? 0 : needs);
        assert_int_equal(s.overflow, cap < needs);
        assert_int_equal(wire[cap], 0x5A);
        free(wire);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slip_finds_frames_at_every_cut),
        cmocka_unit_test(slip_ignores_doubled_delimiters),
        cmocka_unit_test(slip_recovers_from_a_lost_delimiter),
        cmocka_unit_test(slip_gives_text_between_frames_as_a_frame),
        cmocka_unit_test(slip_drops_only_the_frame_with_a_bad_escape),
        cmocka_unit_test(slip_rejects_oversize_frame),
        cmocka_unit_test(slip_rejects_oversize_by_an_escape),
        cmocka_unit_test(slip_reset_forgets_the_begun_frame),
        cmocka_unit_test(slip_gives_the_same_events_for_noise),
        cmocka_unit_test(slip_round_trips_all_byte_pairs),
        cmocka_unit_test(slip_encoder_writes_nothing_past_its_buffer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
