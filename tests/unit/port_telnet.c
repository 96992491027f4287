/* The telnet decoder: the stream cut anywhere, hostile input, and negotiation that must end. */
#include "core/ports/telnet.h"
#include "tests/unit/port_help.h"

/* ---- What came out, as one text ---- */

struct transcript {
    char text[4096];
    size_t used;
};

static void note(struct transcript *tr, const char *fmt, unsigned a, unsigned b)
{
    int n = snprintf(tr->text + tr->used, sizeof tr->text - tr->used, fmt, a, b);
    assert_true(n > 0 && (size_t)n < sizeof tr->text - tr->used);
    tr->used += (size_t)n;
}

static void note_event(struct transcript *tr, const struct telnet *t, const struct telnet_event *ev)
{
    if (ev->kind == TELNET_VERB)
        note(tr, "[%u %u]", ev->verb, ev->option);
    if (ev->kind != TELNET_SUB)
        return;
    note(tr, "[sub %u:%u:", ev->option, (unsigned)t->sub_bytes);
    for (size_t i = 0; i < t->sub_bytes; i++)
        note(tr, "%02x%.0u", t->sub[i], 0);
    note(tr, "]%.0u%.0u", 0, 0);
}

/* Decodes a piece in place, as the transport does. */
static void decode(struct telnet *t, const uint8_t *in, size_t n, struct transcript *tr)
{
    uint8_t buf[512];
    assert_true(n <= sizeof buf);
    memcpy(buf, in, n);
    for (size_t at = 0; at < n;) {
        struct telnet_event ev;
        size_t out_bytes;
        size_t took = telnet_decode(t, buf + at, n - at, buf, &out_bytes, &ev);
        assert_true(took > 0 && took <= n - at && out_bytes <= took);
        for (size_t i = 0; i < out_bytes; i++)
            note(tr, "%02x%.0u", buf[i], 0);
        note_event(tr, t, &ev);
        at += took;
    }
}

/* ---- Decoding ---- */

static const uint8_t sample[] = {
    'a',  0xFF, 0xFF, 'b',  0xFF, 253,  44,   0xFF, 251,
    0,    'c', /* data, a doubled IAC, two verbs */
    0xFF, 250,  44,   101,  0,    1,    0xFF, 0xFF, 0,
    0xFF, 240,                                           /* a rate with an FF in it */
    0xFF, 241,  'd',  0xFF, 240,  0xFF, 0xFF,            /* NOP, a stray SE */
    0xFF, 250,  44,   107,  'x',  0xFF, 254,  1,    'e', /* one whose end was lost */
    0xFF, 250,  0xFF, 0xFF, 0xFF, 0xFF, 240,  'f'        /* option 255, one FF */
};
static const char sample_text[] = "61ff62[253 44][251 0]63[sub 44:5:650001ff00]64ff[254 1]65[sub "
                                  "255:1:ff]66";

static void telnet_decodes_data_verbs_and_subs(void **state)
{
    struct telnet t;
    struct transcript tr = { .used = 0 };
    (void)state;
    telnet_init(&t);
    decode(&t, sample, sizeof sample, &tr);
    assert_string_equal(tr.text, sample_text);
}

static void telnet_gives_the_same_however_it_is_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i <= sizeof sample; i++) {
        for (size_t k = i; k <= sizeof sample; k++) {
            struct telnet t;
            struct transcript tr = { .used = 0 };
            telnet_init(&t);
            decode(&t, sample, i, &tr);
            decode(&t, sample + i, k - i, &tr);
            decode(&t, sample + k, sizeof sample - k, &tr);
            assert_string_equal(tr.text, sample_text);
        }
    }
}

static void telnet_cuts_a_long_sub(void **state)
{
    static const uint8_t start[] = { 0xFF, 250, 44 };
    static const uint8_t end[] = { 0xFF, 240, 'z' };
    uint8_t body[300];
    struct telnet t;
    struct transcript tr = { .used = 0 };
    (void)state;
    memset(body, 'x', sizeof body);
    telnet_init(&t);
    decode(&t, start, sizeof start, &tr);
    for (int i = 0; i < 50; i++)
        decode(&t, body, sizeof body, &tr);
    assert_int_equal(tr.used, 0);
    decode(&t, end, sizeof end, &tr);
    assert_text_has(tr.text, "[sub 44:64:7878");
    assert_string_equal(tr.text + tr.used - 3, "]7a");
}

static void telnet_survives_noise(void **state)
{
    (void)state;
    srandom(1);
    for (int round = 0; round < 2000; round++) {
        static const uint8_t spice[] = { 0xFF, 0xFF, 250, 240, 44, 251, 253, 'x' };
        uint8_t noise[400];
        struct telnet t;
        struct transcript whole = { .used = 0 };
        struct transcript bytes = { .used = 0 };
        for (size_t i = 0; i < sizeof noise; i++)
            noise[i] = random() % 3 ? spice[random() % 8] : (uint8_t)random();
        telnet_init(&t);
        decode(&t, noise, sizeof noise, &whole);
        telnet_init(&t);
        for (size_t i = 0; i < sizeof noise; i++)
            decode(&t, noise + i, 1, &bytes);
        assert_string_equal(whole.text, bytes.text);
    }
}

/* ---- Escaping ---- */

static void telnet_escape_round_trip_in_any_room(void **state)
{
    uint8_t in[200];
    (void)state;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = i % 3 ? 0xFF : (uint8_t)i;
    for (size_t cap = 2; cap <= 2 * sizeof in; cap++) {
        struct telnet t;
        uint8_t back[sizeof in];
        size_t back_bytes = 0;
        telnet_init(&t);
        for (size_t at = 0; at < sizeof in;) {
            uint8_t out[2 * sizeof in];
            size_t out_bytes;
            size_t took = telnet_escape(in + at, sizeof in - at, out, cap, &out_bytes);
            assert_true(took > 0 && out_bytes <= cap);
            struct telnet_event ev;
            size_t got;
            assert_int_equal(telnet_decode(&t, out, out_bytes, back + back_bytes, &got, &ev),
                             out_bytes);
            assert_int_equal(t.state, TELNET_DATA); /* no pair was parted */
            assert_int_equal(got, took);
            back_bytes += got;
            at += took;
        }
        assert_int_equal(back_bytes, sizeof in);
        assert_memory_equal(back, in, sizeof in);
    }
}

/* ---- Negotiation ---- */

static bool answers(struct telnet *t, uint8_t verb, uint8_t option, uint8_t reply[3])
{
    const struct telnet_event ev = { TELNET_VERB, verb, option };
    return telnet_answer(t, &ev, reply);
}

static void telnet_accepts_what_it_knows_once(void **state)
{
    struct telnet t;
    uint8_t reply[3];
    (void)state;
    telnet_init(&t);
    assert_true(answers(&t, TELNET_DO, TELNET_BINARY, reply));
    assert_memory_equal(reply, "\xFF\xFB\x00", 3); /* WILL */
    assert_true(telnet_is_on(&t, TELNET_US, TELNET_BINARY));
    assert_false(telnet_is_on(&t, TELNET_PEER, TELNET_BINARY));
    assert_false(answers(&t, TELNET_DO, TELNET_BINARY, reply));
    assert_true(answers(&t, TELNET_WILL, TELNET_COM_PORT, reply));
    assert_memory_equal(reply, "\xFF\xFD\x2C", 3); /* DO */
}

static void telnet_takes_the_answer_to_its_offer_silently(void **state)
{
    struct telnet t;
    uint8_t reply[3];
    (void)state;
    telnet_init(&t);
    telnet_offer(&t, TELNET_US, TELNET_COM_PORT, reply);
    assert_memory_equal(reply, "\xFF\xFB\x2C", 3);
    assert_false(telnet_is_on(&t, TELNET_US, TELNET_COM_PORT));
    assert_false(answers(&t, TELNET_DO, TELNET_COM_PORT, reply));
    assert_true(telnet_is_on(&t, TELNET_US, TELNET_COM_PORT));
}

static void telnet_notes_a_refusal_and_keeps_it(void **state)
{
    struct telnet t;
    uint8_t reply[3];
    (void)state;
    telnet_init(&t);
    telnet_offer(&t, TELNET_US, TELNET_COM_PORT, reply);
    assert_false(answers(&t, TELNET_DONT, TELNET_COM_PORT, reply));
    assert_true(telnet_is_refused(&t, TELNET_US, TELNET_COM_PORT));
    assert_false(answers(&t, TELNET_DO, TELNET_COM_PORT, reply));
    assert_false(telnet_is_on(&t, TELNET_US, TELNET_COM_PORT));
}

static void telnet_refuses_the_unknown_once(void **state)
{
    struct telnet t;
    uint8_t reply[3];
    (void)state;
    telnet_init(&t);
    assert_true(answers(&t, TELNET_DO, 31, reply));
    assert_memory_equal(reply, "\xFF\xFC\x1F", 3); /* WONT */
    assert_false(answers(&t, TELNET_DO, 31, reply));
    assert_true(answers(&t, TELNET_WILL, 1, reply));
    assert_memory_equal(reply, "\xFF\xFE\x01", 3); /* DONT */
    assert_false(answers(&t, TELNET_WILL, 1, reply));
}

static void telnet_says_little_to_a_flood(void **state)
{
    struct telnet t;
    uint8_t reply[3];
    unsigned replies = 0;
    (void)state;
    telnet_init(&t);
    for (int round = 0; round < 5; round++) {
        for (unsigned option = 0; option < 256; option++) {
            for (unsigned verb = TELNET_WILL; verb <= TELNET_DONT; verb++)
                replies += answers(&t, (uint8_t)verb, (uint8_t)option, reply);
        }
    }
    assert_in_range(replies, 1, 2 * 2 * 256);
}

/* Two of us, each taking the other's replies as requests. */
static void telnet_two_ends_come_to_rest(void **state)
{
    (void)state;
    for (unsigned option = 0; option < 256; option++) {
        for (unsigned verb = TELNET_WILL; verb <= TELNET_DONT; verb++) {
            struct telnet end[2];
            uint8_t say[3] = { TELNET_IAC, (uint8_t)verb, (uint8_t)option };
            int turns = 0;
            telnet_init(&end[0]);
            telnet_init(&end[1]);
            while (answers(&end[turns % 2], say[1], say[2], say))
                assert_true(++turns < 10);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(telnet_decodes_data_verbs_and_subs),
        cmocka_unit_test(telnet_gives_the_same_however_it_is_cut),
        cmocka_unit_test(telnet_cuts_a_long_sub),
        cmocka_unit_test(telnet_survives_noise),
        cmocka_unit_test(telnet_escape_round_trip_in_any_room),
        cmocka_unit_test(telnet_accepts_what_it_knows_once),
        cmocka_unit_test(telnet_takes_the_answer_to_its_offer_silently),
        cmocka_unit_test(telnet_notes_a_refusal_and_keeps_it),
        cmocka_unit_test(telnet_refuses_the_unknown_once),
        cmocka_unit_test(telnet_says_little_to_a_flood),
        cmocka_unit_test(telnet_two_ends_come_to_rest),
    };
    return cmocka_run_group_tests_name("port_telnet", tests, NULL, NULL);
}
