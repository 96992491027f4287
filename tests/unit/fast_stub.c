/* The fast stub on this machine: what it makes of frames in any order, twice, damaged or not at
 * all. */
#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/frames/packet.h"
#include "core/images/squeeze.h"
#include "tests/lib/fast_host.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <zlib.h>

#define ADDR  0x10000u
#define BYTES (100u << 10)
#define TAG   0xBEEFu

struct answer {
    uint8_t command, status;
    uint32_t value, words[8];
    size_t bytes;
    uint8_t frame[2048];
};

static bool next_answer(const struct fast_host *h, size_t *at, struct answer *a)
{
    struct reply r;
    size_t n = fast_host_answer(h, at, a->frame, sizeof a->frame);
    if (n == 0 || !packet_parse(a->frame, n, &r))
        return n > 0 && next_answer(h, at, a); /* the greeting */
    a->command = r.command;
    a->value = r.value;
    a->bytes = r.data_bytes - FAST_STATUS_BYTES;
    a->status = r.data[a->bytes];
    for (size_t i = 0; i < 8 && 4 * i + 4 <= a->bytes; i++)
        a->words[i] = load_u32(r.data + 4 * i);
    return true;
}

/* The last of that command; fails if there is none. */
static struct answer last_answer(const struct fast_host *h, uint8_t command)
{
    struct answer a = { 0 }, found = { 0 };
    size_t at = 0;
    while (next_answer(h, &at, &a)) {
        if (a.command == command)
            found = a;
    }
    assert_int_equal(found.command, command);
    return found;
}

static void say_words(struct fast_host *h, uint8_t command, const uint32_t *words, size_t n)
{
    uint8_t data[64];
    for (size_t i = 0; i < n; i++)
        store_u32(data + 4 * i, words[i]);
    fast_host_say(h, command, data, 4 * n);
}

/* A region, packed and in blocks. */
struct region {
    uint8_t *bytes, *stream;
    size_t stream_bytes;
    uint32_t blocks, coding;
};

static void count_blocks(struct region *r)
{
    r->blocks = (uint32_t)((r->stream_bytes + FAST_BLOCK_BYTES - 1) / FAST_BLOCK_BYTES);
}

static struct region region_new(uint32_t seed)
{
    struct region r = { .bytes = malloc(BYTES), .stream = malloc(2 * BYTES) };
    uLongf n = 2 * BYTES;
    assert_true(r.bytes && r.stream);
    for (uint32_t i = 0; i < BYTES; i++)
        r.bytes[i] = (uint8_t)(i % 8 < 3 ? next_random(&seed) : i >> 8);
    assert_int_equal(compress2(r.stream, &n, r.bytes, BYTES, 9), Z_OK);
    r.stream_bytes = n;
    r.coding = FAST_CODING_ZLIB;
    count_blocks(&r);
    return r;
}

/* By LZMA; its end is what it began with, farther back than the ring is long. */
static struct region region_squeezed(uint32_t seed)
{
    const size_t again = 20000;
    struct region r = region_new(seed);
    assert_true(BYTES - again > FAST_HOST_RING);
    memcpy(r.bytes + BYTES - again, r.bytes, again);
    assert_true(squeeze(r.bytes, BYTES, 1u << 20, r.stream, 2 * BYTES, &r.stream_bytes));
    r.coding = FAST_CODING_LZMA;
    count_blocks(&r);
    return r;
}

static void region_done(struct region *r)
{
    free(r->bytes);
    free(r->stream);
}

static void say_begin(struct fast_host *h, const struct region *r, uint32_t generation,
                      uint32_t addr)
{
    const uint32_t words[FAST_BEGIN_WORDS] = { generation, TAG, addr, BYTES, r->coding, r->blocks };
    say_words(h, FAST_BEGIN, words, FAST_BEGIN_WORDS);
}

static void say_block(struct fast_host *h, const struct region *r, uint32_t i, uint32_t tag)
{
    uint8_t data[FAST_ID_BYTES + FAST_BLOCK_BYTES];
    size_t at = i * FAST_BLOCK_BYTES;
    size_t n = r->stream_bytes - at < FAST_BLOCK_BYTES ? r->stream_bytes - at : FAST_BLOCK_BYTES;
    store_u32(data, tag << 16 | i);
    memcpy(data + FAST_ID_BYTES, r->stream + at, n);
    fast_host_say(h, FAST_BLOCK, data, FAST_ID_BYTES + n);
}

static void say_md5(struct fast_host *h, uint32_t addr, uint32_t bytes)
{
    const uint32_t words[4] = { addr, bytes };
    say_words(h, CMD_SPI_FLASH_MD5, words, 4);
}

static void assert_written(const struct fast_host *h, const struct region *r, uint32_t addr)
{
    uint8_t want[DIGEST_MD5_BYTES];
    struct answer a = last_answer(h, CMD_SPI_FLASH_MD5);
    assert_memory_equal(h->flash + addr, r->bytes, BYTES);
    assert_true(digest_md5(r->bytes, BYTES, want));
    assert_int_equal(a.status, 0);
    assert_int_equal(a.bytes, sizeof want);
    assert_memory_equal(a.frame + PACKET_HEADER_BYTES, want, sizeof want);
}

static void a_region_is_written_and_proved(void **state)
{
    struct fast_host *h = fast_host_new(0x00, false);
    struct region r = region_new(5);
    (void)state;
    say_begin(h, &r, 1, ADDR);
    for (uint32_t i = 0; i < r.blocks; i++)
        say_block(h, &r, i, TAG);
    say_md5(h, ADDR, BYTES);
    fast_host_run(h);
    assert_written(h, &r, ADDR);
    assert_int_equal(h->lowest, ADDR);
    assert_int_equal(h->highest, ADDR + BYTES);
    assert_int_equal(h->erases, 1 + 9); /* 64 KiB, then sectors */
    region_done(&r);
    free(h);
}

/* A flash at work is waited for, and what it holds is what the ring held. */
static void what_is_no_longer_in_the_ring_is_read_back(void **state)
{
    struct fast_host *h = fast_host_new(0x00, false);
    struct region r = region_squeezed(5);
    (void)state;
    say_begin(h, &r, 1, ADDR);
    for (uint32_t i = 0; i < r.blocks; i++)
        say_block(h, &r, i, TAG);
    say_md5(h, ADDR, BYTES);
    fast_host_run(h);
    assert_written(h, &r, ADDR);
    assert_true(h->fast.line_end > 0);
    region_done(&r);
    free(h);
}

/* Within the window any order will do, and whatever is said twice, of another region, or damaged is
 * as if it had not been said. */
static void order_doubles_and_noise_change_nothing(void **state)
{
    struct fast_host *h = fast_host_new(0x00, false);
    struct region r = region_new(6);
    uint32_t random = 17;
    (void)state;
    say_block(h, &r, 0, TAG); /* before it was begun */
    say_begin(h, &r, 1, ADDR);
    say_begin(h, &r, 1, ADDR);
    for (uint32_t first = 0; first < r.blocks; first += 4) {
        for (uint32_t n = 4; n-- > 0;) {
            if (first + n >= r.blocks)
                continue;
            say_block(h, &r, first + n, TAG ^ 1);
            size_t before = h->in_bytes;
            say_block(h, &r, first + n, TAG);
            h->in[before + 1 + next_random(&random) % 2000] ^= 0x10;
            fast_host_say_raw(h, (const uint8_t *)"\xC0\xC0\xDB\xC0noise\xC0", 10);
            say_block(h, &r, first + n, TAG);
            say_block(h, &r, first + n, TAG);
        }
        say_block(h, &r, first / 2, TAG);
    }
    say_md5(h, ADDR, BYTES);
    fast_host_run(h);
    assert_written(h, &r, ADDR);
    region_done(&r);
    free(h);
}

static void what_is_missing_is_said(void **state)
{
    struct fast_host *h = fast_host_new(0x00, false);
    struct region r = region_new(7);
    const uint32_t mark = 4711;
    (void)state;
    say_begin(h, &r, 9, ADDR);
    say_block(h, &r, 0, TAG);
    say_block(h, &r, 2, TAG);
    say_block(h, &r, 5, TAG);
    say_words(h, FAST_STATE, &mark, 1);
    fast_host_run(h);
    struct answer a = last_answer(h, FAST_STATE);
    assert_int_equal(a.status, 0);
    assert_int_equal(a.words[FAST_STATE_GENERATION], 9);
    assert_int_equal(a.words[FAST_STATE_NEXT], 1);
    assert_int_equal(a.words[FAST_STATE_HAVE], 1 << 1 | 1 << 4);
    assert_int_equal(a.words[FAST_STATE_MARK], mark);
    /* block 0 may be at work, and has left its place then or not */
    assert_true(a.words[FAST_STATE_LIMIT] == FAST_HOST_WINDOW ||
                a.words[FAST_STATE_LIMIT] == FAST_HOST_WINDOW + 1);
    region_done(&r);
    free(h);
}

/* A block behind the window finds no room, and is not taken: nothing is written over. */
static void the_window_is_kept(void **state)
{
    struct fast_host *h = fast_host_new(0x00, false);
    struct region r = region_new(8);
    (void)state;
    assert_true(r.blocks > FAST_HOST_WINDOW + 2);
    say_begin(h, &r, 1, ADDR);
    for (uint32_t i = r.blocks; i-- > 1;)
        say_block(h, &r, i, TAG);
    say_words(h, FAST_STATE, NULL, 0);
    fast_host_run(h);
    struct answer a = last_answer(h, FAST_STATE);
    assert_int_equal(a.words[FAST_STATE_NEXT], 0);
    assert_int_equal(a.words[FAST_STATE_LIMIT], FAST_HOST_WINDOW);
    assert_int_equal(a.words[FAST_STATE_HAVE], (1u << FAST_HOST_WINDOW) - 2);
    assert_int_equal(h->programs, 0);
    region_done(&r);
    free(h);
}

static void a_region_can_be_begun_again(void **state)
{
    struct fast_host *h = fast_host_new(0x00, false);
    struct region r = region_new(9);
    (void)state;
    say_begin(h, &r, 1, ADDR);
    for (uint32_t i = 0; i < r.blocks / 2; i++)
        say_block(h, &r, i, TAG);
    say_begin(h, &r, 2, ADDR);    /* not answered: the first ends */
    for (int i = 0; i < 200; i++) /* while it does */
        fast_host_say_raw(h, (const uint8_t *)"\xC0 some noise ", 13);
    say_begin(h, &r, 2, ADDR);
    for (uint32_t i = 0; i < r.blocks; i++)
        say_block(h, &r, i, TAG);
    say_md5(h, ADDR, BYTES);
    fast_host_run(h);
    assert_written(h, &r, ADDR);
    assert_int_equal(last_answer(h, FAST_BEGIN).words[FAST_STATE_GENERATION], 2);
    region_done(&r);
    free(h);
}

static void regions_follow_each_other(void **state)
{
    struct fast_host *h = fast_host_new(0x00, false);
    struct region r[3] = { region_new(1), region_new(2), region_new(3) };
    static const uint32_t addr[3] = { 0x80000, 0x21000, 0x50000 };
    (void)state;
    for (uint32_t n = 0; n < 3; n++) {
        say_begin(h, &r[n], n + 1, addr[n]);
        for (uint32_t i = 0; i < r[n].blocks; i++)
            say_block(h, &r[n], i, TAG);
    }
    say_md5(h, addr[2], BYTES);
    fast_host_run(h);
    for (uint32_t n = 0; n < 3; n++)
        assert_memory_equal(h->flash + addr[n], r[n].bytes, BYTES);
    assert_written(h, &r[2], addr[2]);
    for (uint32_t n = 0; n < 3; n++)
        region_done(&r[n]);
    free(h);
}

/* Of a blank flash nothing is erased, and FF is not programmed. */
static void what_is_blank_stays(void **state)
{
    struct fast_host *h = fast_host_new(0xFF, false);
    struct region r = region_new(4);
    uLongf n = 2 * BYTES;
    (void)state;
    memset(r.bytes, 0xFF, BYTES);
    memset(r.bytes + 5000, 0x11, 64);
    compress2(r.stream, &n, r.bytes, BYTES, 9);
    r.stream_bytes = n;
    r.blocks = 1;
    say_begin(h, &r, 1, ADDR);
    say_block(h, &r, 0, TAG);
    say_md5(h, ADDR, BYTES);
    fast_host_run(h);
    assert_written(h, &r, ADDR);
    assert_int_equal(h->erases, 0);
    assert_int_equal(h->programs, 2);
    region_done(&r);
    free(h);
}

static void a_bad_stream_is_said_for_good(void **state)
{
    struct fast_host *h = fast_host_new(0x00, false);
    struct region r = region_new(10);
    const uint32_t addr = 0;
    (void)state;
    r.stream[r.stream_bytes / 2] ^= 1;
    say_begin(h, &r, 1, ADDR);
    for (uint32_t i = 0; i < r.blocks; i++)
        say_block(h, &r, i, TAG);
    say_words(h, CMD_READ_REG, &addr, 1);
    fast_host_run(h);
    struct answer a = last_answer(h, CMD_READ_REG);
    /* or one bit of many was in a literal, and the digest is the proof */
    assert_true(a.status == FAST_BAD_STREAM || memcmp(h->flash + ADDR, r.bytes, BYTES) != 0);
    assert_true(h->lowest >= ADDR && h->highest <= ADDR + BYTES);
    region_done(&r);
    free(h);
}

static void places_that_are_none_are_refused(void **state)
{
    static const uint32_t places[][3] = { { 0x10001, BYTES, 0 },      { 0x10000, 0, 0 },
                                          { 0xFF000, 0x2000, 0 },     { 0xFFFFF000, 0x2000, 0 },
                                          { 0x10000, 0xFFFFFFFC, 0 }, { 0x10000, 4096, 7 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct fast_host *h = fast_host_new(0x00, false);
        const uint32_t words[FAST_BEGIN_WORDS] = { 1, TAG, places[i][0], places[i][1], places[i][2],
                                                   1 };
        say_words(h, FAST_BEGIN, words, FAST_BEGIN_WORDS);
        fast_host_run(h);
        assert_int_equal(last_answer(h, FAST_BEGIN).status, FAST_BAD_PLACE);
        assert_int_equal(h->erases + h->programs, 0);
        free(h);
    }
}

static void nothing_is_written_before_the_size_is_told(void **state)
{
    struct fast_host *h = fast_host_new(0x00, true);
    struct region r = region_new(11);
    (void)state;
    say_begin(h, &r, 1, ADDR);
    fast_host_run(h);
    assert_int_equal(last_answer(h, FAST_BEGIN).status, FAST_BAD_PLACE);
    region_done(&r);
    free(h);
}

static void questions_are_answered(void **state)
{
    struct fast_host *h = fast_host_new(0x5A, true);
    const uint32_t params[6] = { 0, FAST_HOST_FLASH, 0x10000, 0x1000, 0x100, 0xFFFF };
    const uint32_t reg = 0x60001000, part[2] = { 0x3000, 0x2000 }, rates[2] = { 921600, 115200 };
    const uint32_t some[2] = { 0x2FFC, 100 }, other[2] = { 0x3001, 0x1000 };
    (void)state;
    fast_host_say(h, 0x08, "x", 1);
    say_words(h, CMD_SPI_SET_PARAMS, params, 6);
    say_words(h, CMD_READ_REG, &reg, 1);
    fast_host_run(h);
    assert_int_equal(last_answer(h, 0x08).value, FAST_WORD);
    assert_int_equal(last_answer(h, CMD_SPI_SET_PARAMS).status, 0);
    say_words(h, CMD_READ_REG, &reg, 1);
    fast_host_run(h);
    assert_int_equal(last_answer(h, CMD_READ_REG).value, ~reg);
    say_words(h, CMD_ERASE_REGION, part, 2);
    fast_host_run(h);
    assert_int_equal(h->lowest, 0x3000);
    assert_int_equal(h->highest, 0x5000);
    say_words(h, FAST_READ, some, 2);
    fast_host_run(h);
    struct answer a = last_answer(h, FAST_READ);
    assert_int_equal(a.bytes, 100);
    assert_int_equal(a.frame[8 + 3], 0x5A);
    assert_int_equal(a.frame[8 + 4], 0xFF);
    say_words(h, CMD_ERASE_REGION, other, 2);
    fast_host_run(h);
    assert_int_equal(last_answer(h, CMD_ERASE_REGION).status, FAST_BAD_PLACE);
    say_words(h, 0x77, NULL, 0);
    fast_host_run(h);
    assert_int_equal(last_answer(h, 0x77).status, FAST_UNKNOWN);
    say_words(h, CMD_READ_REG, rates, 2);
    fast_host_run(h);
    assert_int_equal(last_answer(h, CMD_READ_REG).status, FAST_BAD_LENGTH);
    say_words(h, CMD_CHANGE_BAUDRATE, rates, 2);
    fast_host_run(h);
    assert_int_equal(h->baud, 921600);
    free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_region_is_written_and_proved),
        cmocka_unit_test(what_is_no_longer_in_the_ring_is_read_back),
        cmocka_unit_test(order_doubles_and_noise_change_nothing),
        cmocka_unit_test(what_is_missing_is_said),
        cmocka_unit_test(the_window_is_kept),
        cmocka_unit_test(a_region_can_be_begun_again),
        cmocka_unit_test(regions_follow_each_other),
        cmocka_unit_test(what_is_blank_stays),
        cmocka_unit_test(a_bad_stream_is_said_for_good),
        cmocka_unit_test(places_that_are_none_are_refused),
        cmocka_unit_test(nothing_is_written_before_the_size_is_told),
        cmocka_unit_test(questions_are_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
