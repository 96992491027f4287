/* The parts of the fast stub that compute, beside other people's code for the same. */
#include "core/base/digest.h"
#include "core/images/squeeze.h"
#include "stub/crc.h"
#include "stub/sum.h"
#include "stub/unpack.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <zlib.h>

static void crc_is_that_of_zlib(void **state)
{
    uint32_t rows[CRC_ROWS], random = 5;
    uint8_t bytes[300];
    (void)state;
    crc_fill(rows);
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)next_random(&random);
    for (size_t n = 0; n <= sizeof bytes; n++)
        assert_int_equal(~crc_on(rows, CRC_START, bytes, n), crc32(0, bytes, (uInt)n));
}

static void sum_is_md5_at_every_length(void **state)
{
    uint8_t bytes[400], want[DIGEST_MD5_BYTES], got[SUM_BYTES];
    uint32_t random = 9, words[16];
    (void)state;
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)next_random(&random);
    for (size_t n = 0; n <= sizeof bytes; n++) {
        struct sum s;
        size_t at = 0;
        sum_begin(&s);
        for (; n - at >= SUM_BLOCK_BYTES; at += SUM_BLOCK_BYTES) {
            memcpy(words, bytes + at, sizeof words);
            sum_block(&s, words);
        }
        memset(words, 0xA5, sizeof words); /* what is behind the rest must not matter */
        memcpy(words, bytes + at, n - at);
        sum_end(&s, words, (uint32_t)(n - at), got);
        assert_true(digest_md5(bytes, n, want));
        assert_memory_equal(got, want, sizeof want);
    }
}

/* ---- Streams ---- */

#define MOST       (300u << 10)
#define RING_BYTES UNPACK_RING_LEAST

/* Gives a stream in pieces, and takes what comes out as the flash would: late. */
struct bench {
    const uint8_t *in;
    size_t in_bytes, in_at, piece;
    uint8_t ring[RING_BYTES + 64]; /* some bytes that must stay */
    uint8_t *out;
    uint32_t taken, most, lag;
    unsigned pauses, far;
    bool lzma;
};

static bool more(void *ctx, const uint8_t **in, const uint8_t **in_end)
{
    struct bench *b = ctx;
    size_t n = b->in_bytes - b->in_at < b->piece ? b->in_bytes - b->in_at : b->piece;
    *in = b->in + b->in_at;
    *in_end = *in + n;
    b->in_at += n;
    return n > 0;
}

static void take(struct bench *b, uint32_t at, uint32_t lag)
{
    for (; b->taken + lag < at && b->taken < b->most; b->taken++)
        b->out[b->taken] = b->ring[b->taken % RING_BYTES];
}

static bool room(void *ctx, uint32_t at, uint32_t *stop)
{
    struct bench *b = ctx;
    if (at > b->most)
        return false;
    take(b, at, b->lag);
    uint32_t left = RING_BYTES - (at - b->taken);
    if (left == 0)
        return false;
    *stop = at + (left < UNPACK_STRIDE ? left : UNPACK_STRIDE);
    return true;
}

static void pause_now(void *ctx)
{
    ((struct bench *)ctx)->pauses++;
}

/* What is asked for has been taken, for it is no longer in the ring. */
static bool far(void *ctx, uint32_t at, uint8_t *byte)
{
    struct bench *b = ctx;
    assert_true(at < b->taken);
    *byte = b->out[at];
    b->far++;
    return true;
}

/* How many bytes came out; UINT32_MAX: it is no stream. */
static uint32_t run(struct bench *b, const uint8_t *in, size_t n, size_t piece, uint32_t lag)
{
    static struct unpack z;
    memset(b->ring, 0x5A, sizeof b->ring);
    b->in = in;
    b->in_bytes = n;
    b->in_at = b->taken = 0;
    b->piece = piece;
    b->lag = lag;
    z = (struct unpack){ .ring = b->ring,
                         .ring_bytes = RING_BYTES,
                         .ctx = b,
                         .more = more,
                         .room = room,
                         .pause = pause_now,
                         .far = far };
    bool ok = b->lzma ? unpack_lzma(&z, b->most) : unpack(&z);
    for (size_t i = RING_BYTES; i < sizeof b->ring; i++)
        assert_int_equal(b->ring[i], 0x5A);
    take(b, z.at, 0);
    return ok ? z.at : UINT32_MAX;
}

static size_t pack(uint8_t *to, size_t cap, const uint8_t *from, size_t n, int level, int strategy)
{
    z_stream z = { .next_in = (z_const Bytef *)(uintptr_t)from, .avail_in = (uInt)n };
    assert_int_equal(deflateInit2(&z, level, Z_DEFLATED, 15, 9, strategy), Z_OK);
    z.next_out = to;
    z.avail_out = (uInt)cap;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

/* Of each eight bytes so many are noise. */
static void fill(uint8_t *bytes, size_t n, unsigned noise, uint32_t seed)
{
    for (size_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(i % 8 < noise ? next_random(&seed) : i >> 9);
}

static void streams_of_all_kinds_come_out_as_they_went_in(void **state)
{
    static const size_t sizes[] = { 1, 63, 64, 65, 4096, 32768, 32769, 100000, MOST };
    static const int strategies[] = { Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE };
    static const size_t pieces[] = { 1, 7, 2048 };
    struct bench *b = calloc(1, sizeof *b);
    uint8_t *bytes = malloc(MOST), *packed = malloc(2 * MOST);
    (void)state;
    assert_true(b && bytes && packed);
    b->out = malloc(MOST);
    for (unsigned i = 0; i < COUNT_OF(sizes) * COUNT_OF(strategies) * 9; i++) {
        size_t n = sizes[i % COUNT_OF(sizes)];
        fill(bytes, n, i % 9, 40 + i);
        b->most = (uint32_t)n;
        size_t got = pack(packed, 2 * MOST, bytes, n, (int)(i / 4 % 10), strategies[i % 4]);
        assert_int_equal(run(b, packed, got, pieces[i % 3], i % 2 ? 0 : 32000), n);
        assert_memory_equal(b->out, bytes, n);
    }
    assert_true(b->pauses > 0);
    free(b->out);
    free(b);
    free(bytes);
    free(packed);
}

/* Parts of it come again: near, and so far back that they are in no ring. */
static void fill_again(uint8_t *bytes, size_t n, uint32_t seed)
{
    for (size_t i = 40000; i + 200 < n; i += 100 + next_random(&seed) % 900)
        memcpy(bytes + i, bytes + next_random(&seed) % (i - 200), 20 + next_random(&seed) % 150);
}

static void so_do_those_of_lzma(void **state)
{
    static const size_t sizes[] = { 4, 63, 64, 4096, 32768, 32772, 100000, MOST };
    static const uint32_t reaches[] = { 4096, 32768, 65536, 1u << 20 };
    static const size_t pieces[] = { 1, 7, 2048 };
    struct bench *b = calloc(1, sizeof *b);
    uint8_t *bytes = malloc(MOST), *packed = malloc(squeeze_bound(MOST));
    (void)state;
    assert_true(b && bytes && packed);
    b->out = malloc(MOST);
    b->lzma = true;
    for (unsigned i = 0; i < COUNT_OF(sizes) * COUNT_OF(reaches) * 3; i++) {
        size_t n = sizes[i % COUNT_OF(sizes)], got;
        fill(bytes, n, i % 9, 40 + i);
        fill_again(bytes, n, i);
        b->most = (uint32_t)n;
        assert_true(squeeze(bytes, n, reaches[i / 3 % COUNT_OF(reaches)], packed,
                            squeeze_bound(MOST), &got));
        assert_int_equal(run(b, packed, got, pieces[i % 3], i % 2 ? 0 : RING_BYTES - 64), n);
        assert_memory_equal(b->out, bytes, n);
    }
    assert_true(b->pauses > 0 && b->far > 1000);
    free(b->out);
    free(b);
    free(bytes);
    free(packed);
}

/* A stream with one bit turned, or that ends too soon, comes to an end, and nothing is written
 * beside the ring (which sanitizers look at, too). */
static void damaged_streams_end(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    uint8_t *bytes = malloc(20000), *packed = malloc(40000);
    uint32_t random = 3;
    unsigned refused = 0;
    (void)state;
    assert_true(b && bytes && packed);
    b->out = malloc(20000);
    b->most = 20000;
    for (unsigned i = 0; i < 3000; i++) {
        fill(bytes, 20000, i % 5, 7);
        size_t n = pack(packed, 40000, bytes, 20000, 9, i % 2 ? Z_FIXED : Z_DEFAULT_STRATEGY);
        uint32_t where = next_random(&random) % (uint32_t)(i % 3 ? n : 80);
        packed[where] ^= (uint8_t)(1u << i % 8);
        if (i % 4 == 0)
            n = where + 1;
        refused += run(b, packed, n, 100, 0) != 20000 || memcmp(b->out, bytes, 20000) != 0;
    }
    assert_true(refused > 2500); /* some bits hit what the stream does not need, as its check */
    free(b->out);
    free(b);
    free(bytes);
    free(packed);
}

static void so_do_damaged_ones_of_lzma(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    uint8_t *bytes = malloc(MOST), *packed = malloc(squeeze_bound(MOST));
    uint32_t random = 3;
    unsigned refused = 0, wrong = 0;
    (void)state;
    assert_true(b && bytes && packed);
    b->out = malloc(MOST);
    b->lzma = true;
    for (unsigned i = 0; i < 400; i++) {
        size_t n, size = i % 8 ? 20000 : MOST;
        b->most = (uint32_t)size;
        fill(bytes, size, i % 5, 7);
        fill_again(bytes, size, i);
        assert_true(squeeze(bytes, size, 1u << 20, packed, squeeze_bound(MOST), &n));
        uint32_t where = next_random(&random) % (uint32_t)(i % 3 ? n - 12 : 80);
        packed[where] ^= (uint8_t)(1u << i % 8);
        if (i % 4 == 0)
            n = where + 1;
        if (run(b, packed, n, 100, 0) != size)
            refused++;
        else
            wrong += memcmp(b->out, bytes, size) != 0; /* the digest tells */
    }
    assert_true(refused > 200);
    assert_int_equal(refused + wrong, 400);
    free(b->out);
    free(b);
    free(bytes);
    free(packed);
}

static void what_no_encoder_makes_is_refused(void **state)
{
    static const uint8_t kinds[][12] = {
        { 0x78, 0x9C, 0x07 },                         /* a block of the fourth kind */
        { 0x78, 0x9D, 0x03, 0x00 },                   /* a header that is no multiple of 31 */
        { 0x88, 0x1C, 0x03, 0x00 },                   /* a window of 64 KiB */
        { 0x78, 0xBB, 0x03, 0x00 },                   /* a dictionary that nobody has */
        { 0x78, 0x9C, 0x01, 0x04, 0x00, 0xFA, 0xFF }, /* a stored block whose lengths differ */
        { 0x78, 0x9C, 0x63, 0x00, 0x42, 0x00 },       /* a match in front of the first byte */
    };
    struct bench *b = calloc(1, sizeof *b);
    (void)state;
    assert_non_null(b);
    b->out = malloc(4096);
    b->most = 4096;
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        assert_int_equal(run(b, kinds[i], sizeof kinds[i], 12, 0), UINT32_MAX);
    free(b->out);
    free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(crc_is_that_of_zlib),
        cmocka_unit_test(sum_is_md5_at_every_length),
        cmocka_unit_test(streams_of_all_kinds_come_out_as_they_went_in),
        cmocka_unit_test(so_do_those_of_lzma),
        cmocka_unit_test(damaged_streams_end),
        cmocka_unit_test(so_do_damaged_ones_of_lzma),
        cmocka_unit_test(what_no_encoder_makes_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
