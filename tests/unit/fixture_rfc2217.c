/* The server's side of RFC 2217: every split of a stream means the same, nonsense means nothing. */
#include "tests/fixture/rfc2217.h"
#include "tests/unit/fixture_help.h"

struct session {
    struct host *h;
    struct byteq out;
    struct rfc2217 r;
};

static struct session *session_new(void)
{
    struct session *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->h = host_new("esp32");
    s->out.limit = 65536;
    rfc2217_init(&s->r, &s->out, 115200);
    byteq_clear(&s->out);
    return s;
}

static void session_free(struct session *s)
{
    host_free(s->h);
    byteq_done(&s->out);
    free(s);
}

static void give(struct session *s, const uint8_t *bytes, size_t n)
{
    rfc2217_receive(&s->r, s->h->sim, bytes, n, s->h->now_us);
}

static void assert_out(const struct session *s, const uint8_t *want, size_t n)
{
    assert_int_equal(s->out.len, n);
    assert_memory_equal(byteq_head(&s->out), want, n);
}

static void rfc2217_sets_the_rate_and_answers(void **state)
{
    (void)state;
    static const uint8_t ask[] = { 255, 250, 44, 1, 0, 14, 16, 0, 255, 240 }; /* 921600 */
    static const uint8_t want[] = { 255, 250, 44, 101, 0, 14, 16, 0, 255, 240 };
    static const uint8_t query[] = { 255, 250, 44, 1, 0, 0, 0, 0, 255, 240 };
    struct session *s = session_new();
    give(s, ask, sizeof ask);
    assert_out(s, want, sizeof want);
    assert_int_equal(host_state(s->h).host_baud, 921600);
    byteq_clear(&s->out);
    give(s, query, sizeof query);
    assert_out(s, want, sizeof want);
    session_free(s);
}

static void rfc2217_moves_the_lines(void **state)
{
    (void)state;
    static const uint8_t dtr_on[] = { 255, 250, 44, 5, 8, 255, 240 };
    static const uint8_t rts_on[] = { 255, 250, 44, 5, 11, 255, 240 };
    static const uint8_t dtr_off[] = { 255, 250, 44, 5, 9, 255, 240 };
    static const uint8_t ask_rts[] = { 255, 250, 44, 5, 10, 255, 240 };
    static const uint8_t want[] = { 255, 250, 44, 105, 11, 255, 240 };
    struct session *s = session_new();
    give(s, dtr_on, sizeof dtr_on);
    assert_true(host_state(s->h).dtr);
    give(s, rts_on, sizeof rts_on);
    assert_true(host_state(s->h).rts);
    give(s, dtr_off, sizeof dtr_off);
    assert_false(host_state(s->h).dtr);
    assert_string_equal(host_state(s->h).mode, "reset"); /* (0,1) */
    byteq_clear(&s->out);
    give(s, ask_rts, sizeof ask_rts);
    assert_out(s, want, sizeof want);
    session_free(s);
}

static void rfc2217_doubles_iac_both_ways(void **state)
{
    (void)state;
    static const uint8_t in[] = { 1, 255, 255, 2 }, board[] = { 9, 255, 255, 7, 255 };
    static const uint8_t want[] = { 9, 255, 255, 255, 255, 7, 255, 255 };
    struct session *s = session_new();
    give(s, in, sizeof in);
    assert_int_equal(host_state(s->h).wire_in_bytes, 3);
    rfc2217_send(&s->r, board, sizeof board);
    assert_out(s, want, sizeof want);
    session_free(s);
}

static void rfc2217_every_split_means_the_same(void **state)
{
    (void)state;
    static const uint8_t stream[] = { 7,   255, 251, 44, 255, 253, 0,   1,   255, 255, 2,
                                      255, 250, 44,  1,  0,   3,   255, 255, 0,   255, 240,
                                      255, 250, 44,  5,  8,   255, 240, 255, 253, 99,  8 };
    struct session *whole = session_new();
    give(whole, stream, sizeof stream);
    assert_int_equal(host_state(whole->h).host_baud, 0x03ff00);
    for (size_t cut = 1; cut < sizeof stream; cut++) {
        struct session *s = session_new();
        give(s, stream, cut);
        give(s, stream + cut, sizeof stream - cut);
        assert_out(s, byteq_head(&whole->out), whole->out.len);
        assert_int_equal(host_state(s->h).wire_in_bytes, host_state(whole->h).wire_in_bytes);
        assert_true(host_state(s->h).dtr);
        session_free(s);
    }
    session_free(whole);
}

static void rfc2217_does_not_argue(void **state)
{
    (void)state;
    /* What this side offered is confirmed: no word back. What it does not know: once no. */
    static const uint8_t agree[] = { 255, 253, 44, 255, 251, 44, 255, 253, 0, 255, 251, 0 };
    static const uint8_t other[] = { 255, 253, 24, 255, 251, 31 };
    static const uint8_t refused[] = { 255, 252, 24, 255, 254, 31 };
    struct session *s = session_new();
    give(s, agree, sizeof agree);
    assert_int_equal(s->out.len, 0);
    give(s, other, sizeof other);
    assert_out(s, refused, sizeof refused);
    session_free(s);
}

static void rfc2217_answers_settings_purge_and_signature(void **state)
{
    (void)state;
    static const uint8_t size[] = { 255, 250, 44, 2, 0, 255, 240 };
    static const uint8_t want[] = { 255, 250, 44, 102, 8, 255, 240 };
    static const uint8_t purge[] = { 255, 250, 44, 12, 3, 255, 240 };
    static const uint8_t purged[] = { 255, 250, 44, 112, 3, 255, 240 };
    static const uint8_t sign[] = { 255, 250, 44, 0, 255, 240 };
    struct session *s = session_new();
    give(s, size, sizeof size);
    assert_out(s, want, sizeof want);
    byteq_clear(&s->out);
    give(s, (const uint8_t *)"abc", 3);
    give(s, purge, sizeof purge);
    assert_out(s, purged, sizeof purged);
    assert_int_equal(chip_sim_host_space(s->h->sim), 65536);
    byteq_clear(&s->out);
    give(s, sign, sizeof sign);
    assert_true(memmem(byteq_head(&s->out), s->out.len, "espfixture", 10) != NULL);
    session_free(s);
}

static void rfc2217_survives_nonsense(void **state)
{
    (void)state;
    uint64_t random = 77;
    struct session *s = session_new();
    for (int i = 0; i < 20000; i++) {
        uint8_t bytes[16];
        size_t n = sim_random(&random) % sizeof bytes;
        for (size_t k = 0; k < n; k++) {
            uint64_t r = sim_random(&random);
            bytes[k] = r & 1 ? 255 : r & 2 ? (uint8_t)(240 + (r >> 8) % 16) : (uint8_t)(r >> 8);
        }
        give(s, bytes, n);
        s->h->now_us += 1000;
        byteq_clear(&s->out);
    }
    static const uint8_t end[] = { 255, 240, 255, 240 };
    static const uint8_t ask[] = { 255, 250, 44, 2, 0, 255, 240 };
    give(s, end, sizeof end);
    byteq_clear(&s->out);
    give(s, ask, sizeof ask);
    assert_true(s->out.len > 0);
    session_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc2217_sets_the_rate_and_answers),
        cmocka_unit_test(rfc2217_moves_the_lines),
        cmocka_unit_test(rfc2217_doubles_iac_both_ways),
        cmocka_unit_test(rfc2217_every_split_means_the_same),
        cmocka_unit_test(rfc2217_does_not_argue),
        cmocka_unit_test(rfc2217_answers_settings_purge_and_signature),
        cmocka_unit_test(rfc2217_survives_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
