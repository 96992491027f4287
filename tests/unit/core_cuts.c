/* Where a compressed stream is cut: every byte once, and so that a stub is not left idle. What a
 * block fills of the stub's window is found by inflating it here. */
#include "core/images/cuts.h"
#include "tests/lib/test.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BLOCK  0x4000u
#define SECTOR 0x1000u
#define SHORT  4147u /* 45 ms at 921600 baud */
#define KB(n)  ((n) << 10)

struct stream {
    uint8_t *bytes;
    size_t n;
    uint32_t flash_bytes;
};

/* Of each sixteen bytes so many are noise: about that part of them is left when compressed. */
static struct stream stream_of(uint32_t flash_bytes, uint32_t noise_of_16)
{
    struct stream s = { .flash_bytes = flash_bytes };
    uint8_t *plain = malloc(flash_bytes);
    uint32_t random = 5;
    uLongf n = compressBound(flash_bytes);
    s.bytes = malloc(n);
    assert_true(plain && s.bytes);
    for (uint32_t i = 0; i < flash_bytes; i++)
        plain[i] = (uint8_t)(i % 16 < noise_of_16 ? next_random(&random) : i >> 12);
    assert_int_equal(compress2(s.bytes, &n, plain, flash_bytes, 9), Z_OK);
    s.n = n;
    free(plain);
    return s;
}

/* What so much of the stream inflates to, in windows. */
static size_t windows_in(const struct stream *s, size_t n)
{
    static uint8_t sink[KB(2048)];
    if (n == 0)
        return 0;
    z_stream z = { .next_in = s->bytes, .avail_in = (uInt)n };
    assert_int_equal(inflateInit(&z), Z_OK);
    z.next_out = sink;
    z.avail_out = sizeof sink;
    int state = inflate(&z, Z_SYNC_FLUSH);
    assert_true(state == Z_OK || state == Z_STREAM_END);
    size_t windows = z.total_out / CUTS_WINDOW_BYTES + (state == Z_STREAM_END);
    inflateEnd(&z);
    return windows;
}

static struct cuts cut_for(const struct stream *s, uint32_t addr, uint32_t baud)
{
    struct cuts c = { 0 };
    const struct cuts_aim aim = { addr, s->flash_bytes, BLOCK, baud };
    assert_true(cuts_for_stub(&c, s->bytes, s->n, &aim));
    return c;
}

static struct cuts cut(const struct stream *s, uint32_t addr)
{
    return cut_for(s, addr, 921600);
}

static size_t begin_of(const struct cuts *c, size_t i)
{
    return i ? c->end[i - 1] : 0;
}

static size_t bytes_of(const struct cuts *c, size_t i)
{
    return c->end[i] - begin_of(c, i);
}

static size_t filled_by(const struct stream *s, const struct cuts *c, size_t i)
{
    return windows_in(s, c->end[i]) - windows_in(s, begin_of(c, i));
}

static void check_cover(const struct cuts *c, size_t n, size_t longest)
{
    assert_true(c->count > 0);
    for (size_t i = 0; i < c->count; i++)
        assert_in_range(bytes_of(c, i), 1, longest);
    assert_int_equal(c->end[c->count - 1], n);
}

static void even_cuts_cover_the_stream(void **state)
{
    static const size_t lengths[] = { 1, 2047, 2048, 2049, 20480, 20481 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        struct cuts c = { 0 };
        assert_true(cuts_even(&c, lengths[i], 2048));
        check_cover(&c, lengths[i], 2048);
        assert_int_equal(c.count, (lengths[i] + 2047) / 2048);
        cuts_free(&c);
    }
}

static void cuts_cover_any_stream(void **state)
{
    static const uint32_t sizes[] = {
        1, 100, SECTOR, KB(32), KB(32) + 1, KB(64), KB(200), KB(1024)
    };
    static const uint32_t addrs[] = { 0, 0x1000, 0x8000, 0x9000, 0x10000, 0x1f000 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        for (uint32_t noise = 0; noise <= 16; noise += 4) {
            struct stream s = stream_of(sizes[i], noise);
            for (size_t k = 0; k < COUNT_OF(addrs); k++) {
                struct cuts c = cut(&s, addrs[k]);
                check_cover(&c, s.n, BLOCK);
                cuts_free(&c);
            }
            free(s.bytes);
        }
    }
}

/* While there is something to erase, a block that fills no window is not followed by another one,
 * and the one that does follow is no longer than it takes for the next to fill one, too. */
static void a_block_that_fills_nothing_has_a_short_one_behind_it(void **state)
{
    struct stream s = stream_of(KB(1024), 10);
    struct cuts c = cut(&s, 0x10000);
    size_t empty = 0;
    (void)state;
    for (size_t i = 0; i + 2 < c.count && windows_in(&s, c.end[i]) + 2 < 16; i++) {
        if (filled_by(&s, &c, i) > 0)
            continue;
        empty++;
        assert_int_equal(bytes_of(&c, i), BLOCK);
        assert_int_equal(filled_by(&s, &c, i + 1), 1);
        assert_true(bytes_of(&c, i + 1) < BLOCK);
        assert_true(filled_by(&s, &c, i + 2) >= 1);
    }
    assert_true(empty > 3);
    cuts_free(&c);
    free(s.bytes);
}

/* Then the wire is the slower one, and every block costs it a round trip. */
static void blocks_are_full_when_all_is_erased(void **state)
{
    struct stream s = stream_of(KB(1024), 10);
    struct cuts c = cut(&s, 0x10000);
    size_t full = 0;
    (void)state;
    for (size_t i = 0; i + 1 < c.count; i++) {
        if (windows_in(&s, begin_of(&c, i)) < 17)
            continue;
        full++;
        assert_int_equal(bytes_of(&c, i), BLOCK);
    }
    assert_true(full > 10);
    cuts_free(&c);
    free(s.bytes);
}

/* A boot loader at 0x1000: seven sectors, each erased when a block is taken up. */
static void single_sectors_get_short_blocks(void **state)
{
    struct stream s = stream_of(KB(26), 10);
    struct cuts c = cut(&s, 0x1000);
    (void)state;
    assert_true(c.count > 3);
    for (size_t i = 0; i + 1 < c.count; i++)
        assert_int_equal(bytes_of(&c, i), SHORT);
    assert_in_range(bytes_of(&c, c.count - 1), SHORT, 2 * SHORT - 1);
    cuts_free(&c);
    free(s.bytes);
}

/* As long on the wire as a sector is erased; at a low rate an answer costs more than that. */
static void short_blocks_are_as_long_as_the_rate_wants(void **state)
{
    static const struct {
        uint32_t baud;
        size_t bytes;
    } cases[] = { { 0, SHORT },      { 115200, SHORT }, { 230400, SHORT }, { 460800, 2073 },
                  { 1500000, 6750 }, { 2000000, 9000 }, { 8000000, BLOCK } };
    struct stream s = stream_of(KB(56), 10);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct cuts c = cut_for(&s, 0x1000, cases[i].baud);
        check_cover(&c, s.n, BLOCK);
        assert_int_equal(bytes_of(&c, 0), cases[i].bytes);
        cuts_free(&c);
    }
    free(s.bytes);
}

/* Where the wire is slower than the flash, every block but the last is full: each waits for an
 * answer. */
static void a_slow_wire_gets_full_blocks(void **state)
{
    static const uint32_t bauds[] = { 9600, 115200, 460800 };
    struct stream s = stream_of(KB(1024), 10);
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bauds); i++) {
        struct cuts c = cut_for(&s, 0x10000, bauds[i]);
        assert_int_equal(c.count, (s.n + BLOCK - 1) / BLOCK);
        cuts_free(&c);
    }
    free(s.bytes);
}

static void erasing_goes_by_blocks_where_they_fit(void **state)
{
    static const struct {
        uint32_t addr, bytes, steps, first_sectors;
    } cases[] = {
        { 0, 1, 1, 1 },
        { 0x8000, 0xC00, 1, 1 },
        { 0x1000, KB(26), 7, 7 },
        { 0x10000, KB(1024), 16, 0 },
        { 0x10000, KB(1024) + 1, 17, 0 },
        { 0x9000, KB(64), 16, 16 },
        { 0x9000, KB(128), 7 + 1 + 9, 7 },
        { 0x9800, KB(4), 2, 2 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        uint32_t first_sectors;
        assert_int_equal(cuts_erase_steps(cases[i].addr, cases[i].bytes, &first_sectors),
                         cases[i].steps);
        assert_int_equal(first_sectors, cases[i].first_sectors);
    }
}

static void what_is_no_stream_is_not_cut(void **state)
{
    uint8_t bytes[100];
    struct cuts c = { 0 };
    (void)state;
    const struct cuts_aim aim = { 0, KB(64), BLOCK, 0 };
    memset(bytes, 0x55, sizeof bytes);
    assert_false(cuts_for_stub(&c, bytes, sizeof bytes, &aim));
    cuts_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_cuts_cover_the_stream),
        cmocka_unit_test(cuts_cover_any_stream),
        cmocka_unit_test(a_block_that_fills_nothing_has_a_short_one_behind_it),
        cmocka_unit_test(blocks_are_full_when_all_is_erased),
        cmocka_unit_test(single_sectors_get_short_blocks),
        cmocka_unit_test(short_blocks_are_as_long_as_the_rate_wants),
        cmocka_unit_test(a_slow_wire_gets_full_blocks),
        cmocka_unit_test(erasing_goes_by_blocks_where_they_fit),
        cmocka_unit_test(what_is_no_stream_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
