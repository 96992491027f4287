/* The virtual stub: buffers, late errors, exact lengths, erasing ahead, framing by turns. */
#include "tests/unit/fixture_help.h"

#include <openssl/evp.h>
#include <zlib.h>

static void stub_starts_on_both_chips(void **state)
{
    (void)state;
    static const char *const chip[] = { "esp32", "esp8266" };
    static const char *const file[] = { "esp32.json", "esp8266.json" };
    SKIP_WITHOUT_STUBS();
    for (size_t i = 0; i < 2; i++) {
        struct host *h = host_new(chip[i]);
        host_connect(h);
        host_start_stub(h, file[i]);
        host_send_sync(h);
        for (int k = 0; k < 8; k++) {
            struct reply r = host_get(h, 100 * MS);
            assert_status(r, 0x08, 0, 0);
            assert_int_equal(r.bytes, 2);
            assert_int_equal(r.value, 0);
        }
        assert_false(host_get(h, 100 * MS).found);
        host_free(h);
    }
}

static void stub_with_one_bit_wrong_does_not_start(void **state)
{
    (void)state;
    struct sim_stub_file f = { 0 };
    uint8_t hello[8];
    SKIP_WITHOUT_STUBS();
    assert_true(sim_stub_file_load(&f, "esp32.json"));
    struct host *h = host_new("esp32");
    host_connect(h);
    f.text[100] ^= 4;
    host_load_ram(h, f.text_start, f.text, f.text_bytes);
    host_load_ram(h, f.data_start, f.data, f.data_bytes);
    host_words(h, 0x06, WORDS(0, f.entry), 2);
    assert_int_equal(host_get_frame(h, hello, sizeof hello, 3000 * MS), 0);
    assert_string_equal(host_state(h).mode, "ram");
    sim_stub_file_done(&f);
    host_free(h);
}

static void stub_wants_exact_lengths(void **state)
{
    (void)state;
    /* command, length, refusal */
    static const uint8_t row[][3] = {
        { 0x08, 35, 0xc0 }, { 0x0a, 8, 0xc0 },  { 0x0d, 8, 0xc0 },  { 0x0b, 20, 0xc0 },
        { 0x0f, 4, 0xc0 },  { 0x05, 12, 0xc0 }, { 0x06, 4, 0xc0 },  { 0x02, 12, 0xc0 },
        { 0x02, 18, 0xc0 }, { 0x04, 0, 0xc0 },  { 0x13, 8, 0xc0 },  { 0xd2, 12, 0xc0 },
        { 0xd1, 4, 0xc0 },  { 0x14, 4, 0xc0 },  { 0x09, 0, 0xc8 },  { 0x09, 20, 0xc8 },
        { 0x03, 12, 0xc8 }, { 0x11, 12, 0xc0 }, { 0x07, 12, 0xc8 }, { 0x14, 0, 0xff },
        { 0x0e, 8, 0xc3 },  { 0xd4, 16, 0xc3 }, { 0x19, 4, 0xc3 },  { 0xd5, 0, 0xff },
    };
    uint8_t zero[64] = { 0 };
    SKIP_WITHOUT_STUBS();
    struct host *h = host_with_stub();
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
        assert_status(host_command(h, row[i][0], zero, row[i][1]), row[i][0], row[i][2], 0);
    assert_status(host_command(h, 0x0d, zero, 4), 0x0d, 0, 0);
    assert_status(host_words(h, 0xd1, WORDS(0x800, 0x1000), 2), 0xd1, 0xc0, 0);
    host_free(h);
}

static void stub_checks_length_field_and_direction(void **state)
{
    (void)state;
    uint8_t frame[12] = { 0, 0x0a, 5, 0 };
    SKIP_WITHOUT_STUBS();
    struct host *h = host_with_stub();
    host_frame(h, frame, sizeof frame);
    assert_status(host_get(h, 100 * MS), 0x0a, 0xc0, 0);
    frame[0] = 1;
    frame[2] = 4;
    host_frame(h, frame, sizeof frame);
    assert_status(host_get(h, 100 * MS), 0x0a, 0xc3, 0);
    host_free(h);
}

static struct host *begun(uint32_t bytes, uint32_t addr)
{
    struct host *h = host_with_stub();
    uint32_t blocks = (bytes + 0x3fff) / 0x4000;
    assert_status(host_words(h, 0x02, WORDS(bytes, blocks, 0x4000, addr), 4), 0x02, 0, 0);
    return h;
}

static void stub_writes_unaligned_and_trims_the_padding(void **state)
{
    (void)state;
    uint8_t block[0x4000], behind[0x100];
    SKIP_WITHOUT_STUBS();
    fill_pattern(block, sizeof block, 1);
    memset(behind, 0xff, sizeof behind);
    struct host *h = begun(0x2104, 0x10010);
    assert_status(host_block(h, 0x03, 0, block, sizeof block), 0x03, 0, 0);
    assert_status(host_words(h, 0x04, WORDS(1), 1), 0x04, 0, 0);
    assert_flash(h, 0x10010, block, 0x2104);
    assert_flash(h, 0x10010 + 0x2104, behind, sizeof behind);
    host_free(h);
}

static void stub_refuses_a_wrong_checksum_and_takes_the_block_again(void **state)
{
    (void)state;
    uint8_t block[0x4000], data[16 + 0x4000] = { 0, 0x40 };
    SKIP_WITHOUT_STUBS();
    fill_pattern(block, sizeof block, 2);
    struct host *h = begun(sizeof block, 0);
    memcpy(data + 16, block, sizeof block);
    host_send(h, 0x03, data, sizeof data, 0);
    assert_status(host_get(h, 5000 * MS), 0x03, 0xc1, 0);
    assert_status(host_block(h, 0x03, 0, block, sizeof block), 0x03, 0, 0);
    assert_status(host_words(h, 0x04, WORDS(1), 1), 0x04, 0, 0);
    assert_flash(h, 0, block, sizeof block);
    host_free(h);
}

static void stub_end_tells_what_is_missing(void **state)
{
    (void)state;
    uint8_t block[0x4000] = { 0 };
    SKIP_WITHOUT_STUBS();
    struct host *h = host_with_stub();
    assert_status(host_words(h, 0x04, WORDS(1), 1), 0x04, 0xc6, 0);
    assert_status(host_block(h, 0x03, 0, block, sizeof block), 0x03, 0xc6, 0);
    host_words(h, 0x02, WORDS(0x8000, 2, 0x4000, 0), 4);
    host_block(h, 0x03, 0, block, sizeof block);
    assert_status(host_words(h, 0x04, WORDS(1), 1), 0x04, 0xc0, 0);
    host_block(h, 0x03, 1, block, sizeof block);
    assert_status(host_words(h, 0x04, WORDS(0), 1), 0x04, 0, 0);
    host_wait(h, 100 * MS);
    assert_string_equal(host_state(h).mode, "stub"); /* the reboot flag does nothing */
    host_free(h);
}

/* Other tools end what they have begun plainly by the END of a compressed write. */
static void stub_does_not_ask_which_end_it_is(void **state)
{
    (void)state;
    uint8_t bytes[0x1000], packed[0x2000];
    uLongf n = sizeof packed;
    SKIP_WITHOUT_STUBS();
    fill_pattern(bytes, sizeof bytes, 21);
    assert_int_equal(compress2(packed, &n, bytes, sizeof bytes, 9), Z_OK);
    struct host *h = host_with_stub();
    assert_status(host_words(h, 0x02, WORDS(0, 0, 0x4000, 0), 4), 0x02, 0, 0);
    assert_status(host_words(h, 0x12, WORDS(1), 1), 0x12, 0, 0);
    host_words(h, 0x02, WORDS(sizeof bytes, 1, 0x8000, 0x3000), 4);
    assert_status(host_block(h, 0x11, 0, packed, n), 0x11, 0, 0);
    assert_status(host_words(h, 0x04, WORDS(1), 1), 0x04, 0, 0);
    assert_flash(h, 0x3000, bytes, sizeof bytes);
    host_free(h);
}

/* More than was announced: up to the end of the sector it is written, and END complains. Past that
 * the stub waits for a sector that it has not been told to erase. */
static void stub_stops_at_a_stream_longer_than_announced(void **state)
{
    (void)state;
    uint8_t bytes[0x1800], packed[0x2000];
    SKIP_WITHOUT_STUBS();
    fill_pattern(bytes, sizeof bytes, 22);
    for (uLong k = 0x1000; k <= sizeof bytes; k += 0x800) {
        uLongf n = sizeof packed;
        assert_int_equal(compress2(packed, &n, bytes, k, 9), Z_OK);
        struct host *h = host_with_stub();
        host_words(h, 0x10, WORDS(0xf00, 1, 0x4000, 0x3000), 4);
        assert_status(host_block(h, 0x11, 0, packed, n), 0x11, 0, 0);
        host_send(h, 0x12, WORDS(1), 4, 0);
        if (k == 0x1000)
            assert_status(host_get(h, 1000 * MS), 0x12, 0xc0, 0);
        else
            assert_false(host_get(h, 1000 * MS).found);
        host_free(h);
    }
}

static void stub_acknowledges_before_it_writes(void **state)
{
    (void)state;
    uint8_t block[0x4000];
    SKIP_WITHOUT_STUBS();
    fill_pattern(block, sizeof block, 3);
    struct host *h = begun(0x8000, 0);
    host_words(h, 0x0f, WORDS(2000000, 115200), 2);
    host_wait(h, 15 * MS);
    chip_sim_host_baud(h->sim, 2000000, h->now_us);
    uint64_t from_us = h->now_us;
    host_block(h, 0x03, 0, block, sizeof block);
    uint64_t first_us = h->now_us - from_us;
    assert_in_range(first_us, 81 * MS, 84 * MS); /* the wire alone */
    from_us = h->now_us;
    host_words(h, 0x0a, WORDS(0x40001000), 1); /* waits for the write: 64 pages */
    assert_in_range(h->now_us - from_us, 54 * MS, 57 * MS);
    host_free(h);
}

static void stub_erases_only_what_is_dirty(void **state)
{
    (void)state;
    uint8_t block[0x4000] = { 0 }, one = 0;
    SKIP_WITHOUT_STUBS();
    struct host *h = begun(sizeof block, 0x10000);
    host_block(h, 0x03, 0, block, sizeof block);
    host_words(h, 0x04, WORDS(1), 1);
    assert_int_equal(host_state(h).erased_sectors, 0); /* all blank */
    host_free(h);

    h = host_with_stub();
    chip_sim_flash_load(h->sim, 0x11000, &one, 1);
    host_words(h, 0x02, WORDS(sizeof block, 1, 0x4000, 0x10000), 4);
    host_block(h, 0x03, 0, block, sizeof block); /* one blank sector passed, then all others */
    assert_int_equal(host_state(h).erased_sectors, 3);
    host_free(h);
}

static void stub_erases_by_blocks_and_not_while_it_waits(void **state)
{
    (void)state;
    uint8_t block[0x4000] = { 0 };
    SKIP_WITHOUT_STUBS();
    struct host *h = host_with_stub();
    chip_sim_flash_fill(h->sim, SIM_FILL_DIRTY);
    uint64_t from_us = h->now_us;
    host_words(h, 0x02, WORDS(0x21000, 9, 0x4000, 0xf000), 4);
    assert_true(h->now_us - from_us < 5 * MS); /* answers at once */
    host_wait(h, 1000 * MS);
    assert_int_equal(host_state(h).erased_sectors, 1);
    host_block(h, 0x03, 0, block, sizeof block);
    from_us = h->now_us;
    assert_int_equal(host_state(h).erased_sectors, 17); /* a sector, then a whole block */
    host_words(h, 0x0a, WORDS(0x40001000), 1);          /* a block, 64 pages */
    assert_in_range(h->now_us - from_us, 205 * MS, 209 * MS);
    host_block(h, 0x03, 1, block, sizeof block);
    host_wait(h, 1000 * MS);
    assert_int_equal(host_state(h).erased_sectors, 17);
    host_free(h);
}

static void stub_erases_ahead_before_it_inflates(void **state)
{
    (void)state;
    static const uint8_t head[] = { 0x78, 0xda }; /* the stream begins, nothing comes out yet */
    SKIP_WITHOUT_STUBS();
    struct host *h = host_with_stub();
    chip_sim_flash_fill(h->sim, SIM_FILL_DIRTY);
    host_words(h, 0x10, WORDS(0x30000, 12, 0x4000, 0x10000), 4);
    assert_int_equal(host_state(h).erased_sectors, 16);
    host_block(h, 0x11, 0, head, 1); /* the flash is still busy */
    assert_int_equal(host_state(h).erased_sectors, 16);
    host_wait(h, 200 * MS);
    host_block(h, 0x11, 1, head + 1, 1);
    assert_int_equal(host_state(h).erased_sectors, 32);
    host_free(h);
}

static void stub_writes_by_windows_of_32_kib(void **state)
{
    (void)state;
    enum { BYTES = 0xa000 };
    static uint8_t bytes[BYTES], packed[2 * BYTES];
    uLongf n = sizeof packed;
    SKIP_WITHOUT_STUBS();
    fill_pattern(bytes, BYTES, 13);
    assert_int_equal(compress2(packed, &n, bytes, BYTES, 0), Z_OK); /* stored as it is */
    assert_in_range(n, BYTES, BYTES + 64);
    struct host *h = host_with_stub();
    host_words(h, 0x10, WORDS(BYTES, 3, 0x4000, 0x20000), 4);
    host_block(h, 0x11, 0, packed, 0x4000);
    host_block(h, 0x11, 1, packed + 0x4000, 0x4000);
    assert_int_equal(host_state(h).programmed_bytes, 0);
    host_block(h, 0x11, 2, packed + 0x8000, n - 0x8000 - 1);
    assert_int_equal(host_state(h).programmed_bytes, 0x8000);
    host_block(h, 0x11, 3, packed + n - 1, 1);
    assert_int_equal(host_state(h).programmed_bytes, BYTES);
    assert_flash(h, 0x20000, bytes, BYTES);
    host_free(h);
}

/* Two blocks at a rate at which the flash is slower, and a pause of the host between them. */
static void stub_time_of_writing_is_accounted_for(void **state)
{
    (void)state;
    uint8_t block[0x4000] = { 0 };
    SKIP_WITHOUT_STUBS();
    struct host *h = host_with_stub();
    chip_sim_flash_fill(h->sim, SIM_FILL_DIRTY);
    host_words(h, 0x0f, WORDS(8000000, 115200), 2);
    host_wait(h, 15 * MS);
    chip_sim_host_baud(h->sim, 8000000, h->now_us);
    host_words(h, 0x02, WORDS(3 * 0x4000, 3, 0x4000, 0x10000), 4);
    uint64_t idle_us = host_state(h).wire_idle_us;
    host_wait(h, 30 * MS);
    host_block(h, 0x03, 0, block, sizeof block); /* 20 ms on the wire; one sector is ready */
    host_block(h, 0x03, 1, block, sizeof block); /* waits for three sectors of 45 ms and 64 pages */
    host_block(h, 0x03, 2, block, sizeof block); /* for four, and pages */
    struct chip_sim_state s = host_state(h);
    assert_int_equal(s.ops[0x03], 3);
    assert_in_range(s.stub_stall_us, (190 - 21 + 235 - 21) * MS, (190 - 20 + 235 - 20) * MS);
    assert_in_range(s.wire_idle_us - idle_us - s.stub_stall_us, 30 * MS, 31 * MS);
    assert_true(s.write_tail_us < 50); /* what its interrupt takes, and no more */
    host_words(h, 0x13, WORDS(0x10000, 0x1e848, 0, 0), 4);
    s = host_state(h);
    assert_in_range(s.write_tail_us, 230 * MS, 236 * MS);
    assert_in_range(s.flash_busy_us, 12 * 45 * MS + 165 * MS, 12 * 45 * MS + 166 * MS);
    assert_int_equal(s.md5_us, 0x1e848 * 2 / 3);
    host_free(h);
}

static void stub_late_error_takes_the_place_of_the_next_answer(void **state)
{
    (void)state;
    uint8_t broken[64];
    SKIP_WITHOUT_STUBS();
    memset(broken, 0xaa, sizeof broken);
    struct host *h = host_with_stub();
    assert_status(host_words(h, 0x10, WORDS(0x1000, 1, 0x4000, 0x3000), 4), 0x10, 0, 0);
    assert_status(host_block(h, 0x11, 0, broken, sizeof broken), 0x11, 0, 0); /* taken */
    struct reply r = host_words(h, 0x0a, WORDS(0x40001000), 1);
    assert_status(r, 0x0a, 0xc7, 0);
    assert_int_equal(r.value, 0); /* not carried out */
    assert_int_equal(host_words(h, 0x0a, WORDS(0x40001000), 1).value, 0x00f01d83);

    host_words(h, 0x10, WORDS(0x1000, 1, 0x4000, 0x3000), 4);
    host_block(h, 0x11, 0, broken, sizeof broken);
    host_send_sync(h); /* SYNC shows it once instead of eight times */
    assert_status(host_get(h, 100 * MS), 0x08, 0xc7, 0);
    assert_false(host_get(h, 100 * MS).found);
    host_free(h);
}

static void stub_takes_c0_by_turns(void **state)
{
    (void)state;
    static const uint8_t c0 = 0xc0;
    SKIP_WITHOUT_STUBS();
    struct host *h = host_with_stub();
    host_raw(h, &c0, 1); /* now what was a frame is a gap */
    for (int i = 0; i < 3; i++) {
        host_send(h, 0x0a, WORDS(0x40001000), 4, 0);
        assert_false(host_get(h, 100 * MS).found);
    }
    host_raw(h, &c0, 1);
    assert_int_equal(host_words(h, 0x0a, WORDS(0x40001000), 1).value, 0x00f01d83);
    host_free(h);
}

static void stub_drops_bad_escapes_and_long_frames(void **state)
{
    (void)state;
    static const uint8_t bad[] = { 0xc0, 0, 0x0a, 4, 0, 0, 0, 0, 0, 0xdb, 0x11, 1, 2, 3, 0xc0 };
    uint8_t *large = calloc(1, 0x5000);
    SKIP_WITHOUT_STUBS();
    assert_non_null(large);
    struct host *h = host_with_stub();
    host_raw(h, bad, sizeof bad);
    assert_false(host_get(h, 100 * MS).found);
    assert_true(host_words(h, 0x0a, WORDS(0), 1).found); /* the mistake and its end in one batch */
    host_send(h, 0x03, large, 0x5000, 0);
    assert_false(host_get(h, 3000 * MS).found);
    /* It had a new buffer when the end of the long one came, and took that for a beginning. */
    host_send(h, 0x0a, WORDS(0), 4, 0);
    assert_false(host_get(h, 100 * MS).found);
    host_raw(h, "\xc0", 1);
    assert_true(host_words(h, 0x0a, WORDS(0), 1).found);
    free(large);
    host_free(h);
}

static void stub_inflates_one_stream_in_blocks(void **state)
{
    (void)state;
    enum { BYTES = 0x9000 };
    uint8_t *bytes = malloc(BYTES), *packed = malloc(2 * BYTES), digest[16];
    uLongf packed_bytes = 2 * BYTES;
    SKIP_WITHOUT_STUBS();
    assert_true(bytes && packed);
    fill_pattern(bytes, BYTES, 11);
    memset(bytes, 0x33, BYTES / 3);
    assert_int_equal(compress2(packed, &packed_bytes, bytes, BYTES, 9), Z_OK);
    struct host *h = host_with_stub();
    chip_sim_flash_fill(h->sim, SIM_FILL_DIRTY);
    uint32_t blocks = (uint32_t)(packed_bytes + 0x3fff) / 0x4000;
    assert_status(host_words(h, 0x10, WORDS(BYTES, blocks, 0x4000, 0x20000), 4), 0x10, 0, 0);
    for (uint32_t i = 0; i < blocks; i++) {
        size_t left = packed_bytes - i * 0x4000u;
        assert_status(host_block(h, 0x11, i, packed + i * 0x4000u, left < 0x4000 ? left : 0x4000),
                      0x11, 0, 0);
    }
    assert_status(host_words(h, 0x12, WORDS(1), 1), 0x12, 0, 0);
    struct reply r = host_words(h, 0x13, WORDS(0x20000, BYTES, 0, 0), 4);
    EVP_Digest(bytes, BYTES, digest, NULL, EVP_md5(), NULL);
    assert_int_equal(r.bytes, 18);
    assert_memory_equal(r.data, digest, 16);
    assert_flash(h, 0x20000, bytes, BYTES);
    free(bytes);
    free(packed);
    host_free(h);
}

static void stub_streams_flash_with_acknowledgements(void **state)
{
    (void)state;
    uint8_t bytes[0x2800], packet[0x1000], ack[4], digest[16], end[16];
    SKIP_WITHOUT_STUBS();
    fill_pattern(bytes, sizeof bytes, 12);
    struct host *h = host_with_stub();
    chip_sim_flash_load(h->sim, 0x4000, bytes, sizeof bytes);
    assert_status(host_words(h, 0xd2, WORDS(0x4000, sizeof bytes, 0x1000, 64), 4), 0xd2, 0, 0);
    for (uint32_t got = 0; got < sizeof bytes;) {
        size_t n = host_get_frame(h, packet, sizeof packet, 1000 * MS);
        assert_int_equal(n, sizeof bytes - got < 0x1000 ? sizeof bytes - got : 0x1000);
        assert_memory_equal(packet, bytes + got, n);
        assert_int_equal(host_get_frame(h, packet, sizeof packet, 100 * MS), 0); /* one in flight */
        got += (uint32_t)n;
        sim_put32(ack, got);
        host_frame(h, ack, sizeof ack);
    }
    assert_int_equal(host_get_frame(h, end, sizeof end, 1000 * MS), 16);
    EVP_Digest(bytes, sizeof bytes, digest, NULL, EVP_md5(), NULL);
    assert_memory_equal(end, digest, 16);
    assert_true(host_words(h, 0x0a, WORDS(0), 1).found);

    /* An acknowledgement of another length ends the stream. */
    host_words(h, 0xd2, WORDS(0x4000, sizeof bytes, 0x1000, 64), 4);
    assert_int_equal(host_get_frame(h, packet, sizeof packet, 1000 * MS), 0x1000);
    host_frame(h, ack, 3);
    assert_int_equal(host_get_frame(h, end, sizeof end, 1000 * MS), 16);
    EVP_Digest(bytes, 0x1000, digest, NULL, EVP_md5(), NULL);
    assert_memory_equal(end, digest, 16);

    /* A packet longer than it can hold is told in the answer after the next. */
    assert_status(host_words(h, 0xd2, WORDS(0, 0x4000, 0x2000, 64), 4), 0xd2, 0, 0);
    assert_status(host_words(h, 0x0a, WORDS(0), 1), 0x0a, 0xc0, 0);
    host_free(h);
}

static void stub_erases_chip_and_regions(void **state)
{
    (void)state;
    uint8_t blank[0x1000], have[0x1000];
    SKIP_WITHOUT_STUBS();
    memset(blank, 0xff, sizeof blank);
    struct host *h = host_with_stub();
    chip_sim_flash_fill(h->sim, SIM_FILL_DIRTY);
    assert_status(host_words(h, 0xd1, WORDS(0x7000, 0x1000), 2), 0xd1, 0, 0);
    assert_flash(h, 0x7000, blank, sizeof blank);
    chip_sim_flash_read(h->sim, 0x8000, have, sizeof have);
    assert_memory_not_equal(have, blank, sizeof blank);
    uint64_t from_us = h->now_us;
    assert_status(host_command(h, 0xd0, NULL, 0), 0xd0, 0, 0);
    assert_in_range(h->now_us - from_us, 9600 * MS, 9610 * MS); /* 64 blocks */
    assert_flash(h, 0x3ff000, blank, sizeof blank);
    host_free(h);
}

static void stub_loaded_over_itself_is_gone(void **state)
{
    (void)state;
    struct sim_stub_file f = { 0 };
    uint8_t code[64] = { 0 };
    SKIP_WITHOUT_STUBS();
    assert_true(sim_stub_file_load(&f, "esp32.json"));
    struct host *h = host_with_stub();
    host_words(h, 0x05, WORDS(sizeof code, 1, 0x1800, f.text_start + 0x100), 4);
    assert_false(host_block(h, 0x07, 0, code, sizeof code).found);
    assert_string_equal(host_state(h).mode, "crashed");
    sim_stub_file_done(&f);
    host_free(h);
}

static void stub_survives_nonsense(void **state)
{
    (void)state;
    uint64_t random = 43;
    SKIP_WITHOUT_STUBS();
    for (int round = 0; round < 10; round++) {
        struct host *h = host_with_stub();
        for (int i = 0; i < 300; i++) {
            uint8_t frame[80];
            size_t n = sim_random(&random) % sizeof frame;
            fill_pattern(frame, n, sim_random(&random));
            if (n > 9 && i % 3) {
                frame[0] = 0;
                sim_put16(frame + 2, (uint32_t)(n - 8));
                if (i % 2)
                    frame[1] = (uint8_t)(0xd0 + frame[1] % 16);
            }
            host_frame(h, frame, n);
            host_wait(h, 30 * MS);
        }
        host_connect(h);
        host_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stub_starts_on_both_chips),
        cmocka_unit_test(stub_with_one_bit_wrong_does_not_start),
        cmocka_unit_test(stub_wants_exact_lengths),
        cmocka_unit_test(stub_checks_length_field_and_direction),
        cmocka_unit_test(stub_writes_unaligned_and_trims_the_padding),
        cmocka_unit_test(stub_refuses_a_wrong_checksum_and_takes_the_block_again),
        cmocka_unit_test(stub_end_tells_what_is_missing),
        cmocka_unit_test(stub_does_not_ask_which_end_it_is),
        cmocka_unit_test(stub_stops_at_a_stream_longer_than_announced),
        cmocka_unit_test(stub_acknowledges_before_it_writes),
        cmocka_unit_test(stub_erases_only_what_is_dirty),
        cmocka_unit_test(stub_erases_by_blocks_and_not_while_it_waits),
        cmocka_unit_test(stub_erases_ahead_before_it_inflates),
        cmocka_unit_test(stub_writes_by_windows_of_32_kib),
        cmocka_unit_test(stub_time_of_writing_is_accounted_for),
        cmocka_unit_test(stub_late_error_takes_the_place_of_the_next_answer),
        cmocka_unit_test(stub_takes_c0_by_turns),
        cmocka_unit_test(stub_drops_bad_escapes_and_long_frames),
        cmocka_unit_test(stub_inflates_one_stream_in_blocks),
        cmocka_unit_test(stub_streams_flash_with_acknowledgements),
        cmocka_unit_test(stub_erases_chip_and_regions),
        cmocka_unit_test(stub_loaded_over_itself_is_gone),
        cmocka_unit_test(stub_survives_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
