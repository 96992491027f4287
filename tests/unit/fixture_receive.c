/*
 * What the virtual stub hears. The numbers are those of the shipped C3 stub (1.2.2), whose machine
 * code was run with all alignments: how many bytes must lie between two frames, how long a pause
 * must be, what may be under way, and what brings a swapped phase back.
 */
#include "tests/unit/fixture_help.h"

#include <zlib.h>

enum { ALIGNMENTS = 80, NO_FILLER = 0 }; /* more than two batches */

static struct host *host_at(const char *chip, const char *stub, uint32_t baud, uint16_t cpu_mhz)
{
    struct chip_sim_config config = chip_sim_default_config();
    config.chip = chip;
    config.latency_us = 0;
    config.cpu_mhz = cpu_mhz;
    struct host *h = host_with(config);
    host_connect(h);
    host_start_stub(h, stub);
    if (baud == 115200)
        return h;
    assert_status(host_words(h, 0x0f, WORDS(baud, 115200), 2), 0x0f, 0, 0);
    host_wait(h, 50 * MS);
    chip_sim_host_baud(h->sim, baud, h->now_us);
    return h;
}

static struct host *c3_at(uint32_t baud, uint16_t cpu_mhz)
{
    return host_at("esp32c3", "esp32c3.json", baud, cpu_mhz);
}

static void filler(struct host *h, size_t n)
{
    uint8_t bytes[1024];
    assert_true(n <= sizeof bytes);
    memset(bytes, 0xff, n);
    if (n > 0)
        host_raw(h, bytes, n);
}

static void ask_register(struct host *h)
{
    host_send(h, 0x0a, WORDS(0x60000000), 4, 0);
}

static void ask_md5(struct host *h, uint32_t bytes)
{
    host_send(h, 0x13, WORDS(0, bytes, 0, 0), 16, 0);
}

static size_t answers(struct host *h, uint64_t within_us)
{
    size_t n = 0;
    host_wait(h, within_us);
    while (host_take_frame(h, (uint8_t[32]){ 0 }, 32) > 0)
        n++;
    return n;
}

/* Two frames with n bytes between them, for each place in a batch that the first may end at. How
 * often the second was answered. */
static unsigned second_frame_answered(uint32_t baud, uint16_t cpu_mhz, size_t n)
{
    unsigned good = 0;
    struct host *h = c3_at(baud, cpu_mhz);
    for (size_t in_front = 0; in_front < ALIGNMENTS; in_front++) {
        filler(h, in_front);
        ask_register(h);
        filler(h, n);
        ask_register(h);
        size_t found = answers(h, 30 * MS);
        good += found == 2;
        if (found == 2)
            continue;
        host_free(h);
        h = c3_at(baud, cpu_mhz);
    }
    host_free(h);
    return good;
}

static void filler_needed_is_that_of_the_real_stub(void **state)
{
    (void)state;
    static const struct {
        uint32_t baud;
        uint16_t mhz, filler;
    } row[] = {
        { 115200, 20, 31 },  { 115200, 160, 31 }, { 460800, 20, 34 },  { 460800, 40, 32 },
        { 460800, 80, 31 },  { 921600, 20, 38 },  { 921600, 40, 34 },  { 921600, 80, 32 },
        { 921600, 160, 31 }, { 1500000, 20, 43 }, { 1500000, 40, 37 }, { 1500000, 80, 34 },
        { 2000000, 20, 47 }, { 2000000, 40, 39 }, { 2000000, 80, 35 }, { 2000000, 160, 33 },
    };
    SKIP_WITHOUT_STUBS();
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        assert_int_equal(second_frame_answered(row[i].baud, row[i].mhz, row[i].filler), ALIGNMENTS);
        assert_true(second_frame_answered(row[i].baud, row[i].mhz, row[i].filler - 1u) <
                    ALIGNMENTS);
        assert_int_equal(second_frame_answered(row[i].baud, row[i].mhz, 64), ALIGNMENTS);
    }
    /* Without any, the second is heard only where the first is the last thing that a call takes. */
    assert_true(second_frame_answered(115200, 40, NO_FILLER) <= 4);
    assert_true(second_frame_answered(2000000, 40, NO_FILLER) <= 4);
}

/* The same with silence, in tenths of a byte. */
static unsigned second_frame_answered_after(uint32_t baud, uint16_t cpu_mhz, uint64_t pause_us)
{
    unsigned good = 0;
    struct host *h = c3_at(baud, cpu_mhz);
    for (size_t in_front = 0; in_front < ALIGNMENTS; in_front++) {
        filler(h, in_front);
        ask_register(h);
        host_wait(h, (14 + in_front) * 10000000 / baud + 1 + pause_us);
        ask_register(h);
        size_t found = answers(h, 30 * MS);
        good += found == 2;
        if (found == 2)
            continue;
        host_free(h);
        h = c3_at(baud, cpu_mhz);
    }
    host_free(h);
    return good;
}

static void silence_saves_the_second_frame_too(void **state)
{
    (void)state;
    static const uint32_t baud[] = { 115200, 460800, 921600, 2000000 };
    SKIP_WITHOUT_STUBS();
    for (size_t i = 0; i < sizeof baud / sizeof baud[0]; i++) {
        uint64_t byte_us = 10000000 / baud[i];
        assert_int_equal(second_frame_answered_after(baud[i], 20, 2 * byte_us + 80), ALIGNMENTS);
        assert_int_equal(second_frame_answered_after(baud[i], 40, byte_us + 41), ALIGNMENTS);
        assert_int_equal(second_frame_answered_after(baud[i], 160, byte_us + 10), ALIGNMENTS);
        assert_true(second_frame_answered_after(baud[i], 40, byte_us / 2) < ALIGNMENTS);
    }
}

/* The ESP32's UART counts its RX timeout in bytes: it looks ten times as long. */
static void esp32_wants_a_longer_silence(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    for (unsigned bytes = 6; bytes <= 14; bytes += 8) {
        struct host *h = host_at("esp32", "esp32.json", 921600, 0);
        ask_register(h);
        host_wait(h, (14 + bytes) * 10000000 / 921600);
        ask_register(h);
        assert_int_equal(answers(h, 30 * MS), bytes > 10 ? 2 : 1);
        host_free(h);
    }
}

/* A second frame that lies in one batch as a whole is forgotten as a whole. */
static void short_lost_frame_wants_a_plain_retry(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    struct host *h = c3_at(921600, 40);
    ask_register(h);
    ask_register(h);
    assert_int_equal(answers(h, 100 * MS), 1);
    assert_int_equal(host_state(h).lost_frames, 1);
    ask_register(h);
    assert_int_equal(answers(h, 100 * MS), 1);
    host_free(h);

    h = c3_at(921600, 40); /* one C0 spoils what was good */
    ask_register(h);
    ask_register(h);
    assert_int_equal(answers(h, 100 * MS), 1);
    host_raw(h, "\xc0", 1);
    host_wait(h, MS);
    ask_register(h);
    assert_int_equal(answers(h, 100 * MS), 0);
    host_free(h);
}

/* Of a longer one the closing C0 finds a new buffer, and opens a false frame. */
static void long_lost_frame_swaps_the_phase(void **state)
{
    (void)state;
    uint8_t data[500] = { 0 };
    SKIP_WITHOUT_STUBS();
    for (size_t n = 40; n <= sizeof data; n += 460) {
        struct host *h = c3_at(921600, 40);
        ask_register(h);
        host_send(h, 0x09, data, n, 0);
        assert_int_equal(answers(h, 100 * MS), 1);
        assert_int_equal(host_state(h).lost_frames, 1);
        for (int i = 0; i < 3; i++) {
            ask_register(h);
            assert_int_equal(answers(h, 100 * MS), 0);
        }
        host_raw(h, "\xc0", 1);
        host_wait(h, MS);
        ask_register(h);
        assert_int_equal(answers(h, 100 * MS), 1);
        host_free(h);
    }
}

/* In a swapped phase what lies between two frames is taken for one, and refused. */
static void filler_in_a_swapped_phase_is_refused(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    struct host *h = c3_at(921600, 40);
    host_raw(h, "\xc0", 1);
    ask_register(h);
    filler(h, 64);
    ask_register(h);
    assert_status(host_get(h, 100 * MS), 0xff, 0xc3, 0);
    assert_false(host_get(h, 100 * MS).found);
    host_free(h);
}

static void three_questions_at_once_are_one_too_many(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    for (int n = 2; n <= 3; n++) {
        struct host *h = c3_at(921600, 40);
        for (int i = 0; i < n; i++) {
            ask_md5(h, 0x10000);
            filler(h, 64);
        }
        assert_int_equal(answers(h, 2000 * MS), 2);
        assert_int_equal(host_state(h).lost_frames, n - 2);
        host_free(h);
    }
}

/* Ten questions, so many of them under way. */
static size_t rolling(size_t window)
{
    struct host *h = c3_at(921600, 40);
    uint8_t frame[64];
    size_t sent = 0, got = 0;
    for (; sent < window; sent++) {
        ask_md5(h, 0x8000);
        filler(h, 64);
    }
    while (host_get_frame(h, frame, sizeof frame, 1000 * MS) > 0) {
        got++;
        if (sent++ >= 10)
            continue;
        ask_md5(h, 0x8000);
        filler(h, 64);
    }
    host_free(h);
    return got;
}

static void two_questions_under_way_are_always_answered(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    assert_int_equal(rolling(1), 10);
    assert_int_equal(rolling(2), 10);
    assert_int_equal(rolling(3), 9);
}

enum { BLOCK = 0x4000 };

static void send_block(struct host *h, uint32_t sequence, const uint8_t *bytes, size_t n)
{
    uint8_t *data = calloc(1, 16 + n);
    assert_non_null(data);
    sim_put32(data, (uint32_t)n);
    sim_put32(data + 4, sequence);
    memcpy(data + 16, bytes, n);
    host_send(h, 0x11, data, 16 + n, sim_checksum(bytes, n));
    free(data);
}

static void begin(struct host *h, uint32_t bytes, uint32_t packed)
{
    uint32_t blocks = (packed + BLOCK - 1) / BLOCK;
    host_send(h, 0x10, WORDS(bytes, blocks, BLOCK, 0), 16, 0);
}

static void first_block_may_follow_begin_behind_filler(void **state)
{
    (void)state;
    uint8_t bytes[0x3000], packed[0x4000];
    uLongf n = sizeof packed;
    SKIP_WITHOUT_STUBS();
    fill_pattern(bytes, sizeof bytes, 5);
    assert_int_equal(compress2(packed, &n, bytes, sizeof bytes, 9), Z_OK);
    for (int dirty = 0; dirty < 2; dirty++) {
        for (size_t between = 0; between <= 64; between += 64) {
            struct host *h = c3_at(921600, 20);
            chip_sim_flash_fill(h->sim, dirty ? SIM_FILL_DIRTY : SIM_FILL_BLANK);
            begin(h, sizeof bytes, (uint32_t)n);
            filler(h, between);
            send_block(h, 0, packed, n);
            assert_int_equal(answers(h, 1000 * MS), between ? 2 : 1);
            assert_int_equal(host_state(h).lost_frames, between ? 0 : 1);
            if (between)
                assert_flash(h, 0, bytes, sizeof bytes);
            host_free(h);
        }
    }
}

/* MD5 with a BEGIN behind it is taken, a block behind those is not. */
static void block_behind_two_commands_is_lost(void **state)
{
    (void)state;
    uint8_t block[64] = { 0 };
    SKIP_WITHOUT_STUBS();
    struct host *h = c3_at(921600, 40);
    ask_md5(h, 0x40000);
    filler(h, 64);
    begin(h, 0x1000, sizeof block);
    filler(h, 64);
    send_block(h, 0, block, sizeof block);
    assert_int_equal(answers(h, 2000 * MS), 2);
    assert_int_equal(host_state(h).lost_frames, 1);
    host_free(h);
}

/* Whatever lies between: while a block is inflated and written, one frame finds a buffer. */
static void frame_behind_a_block_that_is_written_is_lost(void **state)
{
    (void)state;
    static const size_t between[] = { 64, 256, 1024 };
    static uint8_t bytes[0x40000], packed[0x4000];
    uLongf n = sizeof packed;
    SKIP_WITHOUT_STUBS();
    assert_int_equal(compress2(packed, &n, bytes, sizeof bytes, 9), Z_OK);
    for (size_t i = 0; i < sizeof between / sizeof between[0]; i++) {
        struct host *h = c3_at(921600, 40);
        chip_sim_flash_fill(h->sim, SIM_FILL_DIRTY);
        begin(h, sizeof bytes, (uint32_t)n);
        assert_int_equal(answers(h, 100 * MS), 1);
        send_block(h, 0, packed, n / 2);
        assert_int_equal(answers(h, 100 * MS), 1);
        send_block(h, 1, packed + n / 2, n - n / 2); /* the normal use of the second buffer */
        filler(h, between[i]);
        ask_md5(h, sizeof bytes);
        assert_int_equal(answers(h, 5000 * MS), 1);
        assert_int_equal(host_state(h).lost_frames, 1);
        host_free(h);
    }
}

static void generation_1_loses_the_first_of_two_short_frames(void **state)
{
    (void)state;
    struct chip_sim_config config = chip_sim_default_config();
    struct sim_stub_file f = { 0 };
    uint8_t hello[8], block[0x400] = { 0 };
    SKIP_WITHOUT_STUBS();
    config.stub_v1 = true;
    config.latency_us = 0;
    assert_true(sim_stub_file_load(&f, "esp32.json"));
    f.text[100] ^= 4; /* no stub that the board knows */
    struct host *h = host_with(config);
    host_connect(h);
    host_load_ram(h, f.text_start, f.text, f.text_bytes);
    host_load_ram(h, f.data_start, f.data, f.data_bytes);
    host_words(h, 0x06, WORDS(0, f.entry), 2);
    assert_int_equal(host_get_frame(h, hello, sizeof hello, 3000 * MS), 4);
    host_send(h, 0x0a, WORDS(0x40001000), 4, 0);
    host_send(h, 0x0a, WORDS(0x3ff5a000), 4, 0);
    struct reply r = host_get(h, 100 * MS);
    assert_true(r.found);
    assert_int_not_equal(r.value, 0x00f01d83); /* the second one's */
    assert_false(host_get(h, 100 * MS).found);
    assert_int_equal(host_state(h).lost_frames, 1);
    /* It changes buffers by itself: what is longer than a batch may follow at once. */
    host_send(h, 0x02, WORDS(sizeof block, 1, BLOCK, 0), 16, 0);
    assert_status(host_block(h, 0x03, 0, block, sizeof block), 0x02, 0, 0);
    assert_status(host_get(h, 1000 * MS), 0x03, 0, 0);
    assert_int_equal(host_state(h).lost_frames, 1);
    sim_stub_file_done(&f);
    host_free(h);
}

static void over_usb_the_main_loop_wants_silence(void **state)
{
    (void)state;
    struct chip_sim_config config = chip_sim_default_config();
    SKIP_WITHOUT_STUBS();
    config.chip = "esp32c3";
    config.usb = SIM_USB_JTAG;
    config.latency_us = 0;
    struct host *h = host_with(config);
    host_wait(h, 200 * MS);
    host_lines(h, true, false); /* the lines as its hardware wants them */
    host_wait(h, 100 * MS);
    host_lines(h, true, true);
    host_lines(h, false, true);
    host_wait(h, 100 * MS);
    host_lines(h, false, false);
    host_wait(h, 100 * MS);
    host_forget(h);
    host_send_sync(h);
    for (int i = 0; i < 8; i++)
        assert_true(host_get(h, 100 * MS).found);
    host_start_stub(h, "esp32c3.json");
    ask_register(h);
    filler(h, 64);
    ask_register(h);
    assert_int_equal(answers(h, 100 * MS), 1);
    ask_register(h);
    assert_int_equal(answers(h, 100 * MS), 1);
    host_free(h);
}

/* ---- The rate at the start ---- */

static const struct {
    const char *chip, *stub;
    uint32_t rate_word; /* where its ROM remembers the rate; 0: the stub keeps what it finds */
} starts[] = {
    { "esp32", "esp32.json", 0x3ffe019c },
    { "esp32s2", "esp32s2.json", 0x3ffffcfc },
    { "esp32p4", "esp32p4-rev1.json", 0x4ff3feb0 },
    { "esp32s3", "esp32s3.json", 0 },
    { "esp32c2", "esp32c2.json", 0 },
    { "esp32c3", "esp32c3.json", 0 },
    { "esp32c5", "esp32c5.json", 0 },
    { "esp32c6", "esp32c6.json", 0 },
    { "esp32c61", "esp32c61.json", 0 },
    { "esp32h2", "esp32h2.json", 0 },
};

static void load_stub(struct host *h, const char *name)
{
    struct sim_stub_file f = { 0 };
    assert_true(sim_stub_file_load(&f, name));
    host_load_ram(h, f.text_start, f.text, f.text_bytes);
    host_load_ram(h, f.data_start, f.data, f.data_bytes);
    host_words(h, 0x06, WORDS(0, f.entry), 2);
    sim_stub_file_done(&f);
}

/* A C5 with a crystal of 40 MHz takes it for one of 48. */
static void raise_rate(struct host *h)
{
    bool scaled = strcmp(host_state(h).chip, "esp32c5") == 0;
    assert_status(host_words(h, 0x0f, WORDS(scaled ? 552960 : 460800, 0), 2), 0x0f, 0, 0);
    host_wait(h, 50 * MS);
    chip_sim_host_baud(h->sim, 460800, h->now_us);
    host_forget(h);
}

static void rate_of_the_rom_is_forgotten_where_the_clock_is_raised(void **state)
{
    (void)state;
    uint8_t hello[16];
    SKIP_WITHOUT_STUBS();
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct chip_sim_config config = chip_sim_default_config();
        config.chip = starts[i].chip;
        config.crystal_mhz = strcmp(starts[i].chip, "esp32h2") == 0 ? 32 : 40; /* no odd rates */
        struct host *h = host_with(config);
        bool forgets = starts[i].rate_word != 0;
        host_connect(h);
        raise_rate(h);
        load_stub(h, starts[i].stub);
        host_wait(h, 100 * MS);
        assert_string_equal(host_state(h).mode, "stub");
        assert_in_range(host_state(h).chip_baud, forgets ? 115200 : 450000,
                        forgets ? 115200 : 470000);
        size_t n = host_take_frame(h, hello, sizeof hello);
        assert_true(forgets ? n != 4 || memcmp(hello, "OHAI", 4) != 0 : n == 4);
        host_free(h);
    }
}

static void rate_word_decides_what_the_stub_sets(void **state)
{
    (void)state;
    uint8_t hello[16];
    SKIP_WITHOUT_STUBS();
    for (size_t i = 0; starts[i].rate_word; i++) {
        struct host *h = host_new(starts[i].chip);
        host_connect(h);
        raise_rate(h);
        assert_int_equal(host_words(h, 0x0a, WORDS(starts[i].rate_word), 1).value, 115200);
        assert_status(host_words(h, 0x09, WORDS(starts[i].rate_word, 460800, 0xffffffff, 0), 4),
                      0x09, 0, 0);
        load_stub(h, starts[i].stub);
        assert_int_equal(host_get_frame(h, hello, sizeof hello, 100 * MS), 4);
        assert_memory_equal(hello, "OHAI", 4);
        host_free(h);
    }
}

static void stub_takes_its_time_to_change_the_rate(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    struct host *h = c3_at(115200, 40);
    assert_status(host_words(h, 0x0f, WORDS(460800, 115200), 2), 0x0f, 0, 0);
    host_wait(h, 3 * MS);
    assert_int_equal(host_state(h).chip_baud, 115200);
    host_wait(h, 2 * MS);
    assert_int_equal(host_state(h).chip_baud, 460800);
    chip_sim_host_baud(h->sim, 460800, h->now_us);
    ask_register(h); /* waits until the main loop is back */
    host_wait(h, 4 * MS);
    assert_false(host_get(h, 0).found);
    assert_true(host_get(h, 2 * MS).found);
    host_free(h);
}

static void esp8266_stub_takes_the_rate_for_115200(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    /* Its divider has no fraction: 52 MHz by 112, then by 56. */
    struct host *h = host_at("esp8266", "esp8266.json", 460800, 0);
    assert_int_equal(host_state(h).chip_baud, 464285);
    assert_status(host_words(h, 0x0f, WORDS(230400, 460800), 2), 0x0f, 0, 0);
    host_wait(h, 50 * MS);
    assert_int_equal(host_state(h).chip_baud, 928571); /* 230400 was asked for */
    host_free(h);
}

/* ---- Faults ---- */

static size_t answers_to_two(struct host *h, uint64_t pause_us)
{
    ask_register(h);
    host_wait(h, pause_us);
    ask_register(h);
    return answers(h, 200 * MS);
}

/* What the host leaves between two frames never comes to the wire. */
static void glue_takes_the_hosts_pauses_away(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    struct host *h = c3_at(921600, 40);
    assert_int_equal(answers_to_two(h, 5 * MS), 2);
    host_fault(h, "glue=16");
    assert_int_equal(answers_to_two(h, 5 * MS), 1);
    assert_int_equal(answers_to_two(h, 20 * MS), 2);
    host_free(h);
}

static void gap_stretches_what_is_sent(void **state)
{
    (void)state;
    uint8_t block[0x400] = { 0 };
    SKIP_WITHOUT_STUBS();
    struct host *h = c3_at(921600, 40);
    uint64_t from_us = h->now_us;
    host_send(h, 0x09, block, sizeof block, 0);
    assert_true(host_get(h, 1000 * MS).found);
    uint64_t without_us = h->now_us - from_us;
    host_fault(h, "gap=1000");
    from_us = h->now_us;
    host_send(h, 0x09, block, sizeof block, 0);
    assert_true(host_get(h, 1000 * MS).found);
    assert_in_range(h->now_us - from_us - without_us, 15 * MS, 17 * MS);
    host_free(h);
}

static void batches_decide_how_much_must_lie_between(void **state)
{
    (void)state;
    struct chip_sim_config config = chip_sim_default_config();
    SKIP_WITHOUT_STUBS();
    config.chip = "esp32c3";
    config.latency_us = 0;
    for (uint16_t batch = 8; batch <= 120; batch += 112) {
        config.fifo_batch = batch;
        struct host *h = host_with(config);
        host_connect(h);
        host_start_stub(h, "esp32c3.json");
        ask_register(h);
        filler(h, 16);
        ask_register(h);
        assert_int_equal(answers(h, 100 * MS), batch == 8 ? 2 : 1);
        host_free(h);
    }
}

static void any_stub_can_forget_the_rate(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    struct host *h = host_new("esp32c3");
    host_fault(h, "forget-rate");
    host_connect(h);
    raise_rate(h);
    load_stub(h, "esp32c3.json");
    host_wait(h, 100 * MS);
    assert_int_equal(host_state(h).chip_baud, 115200);
    host_free(h);
}

static void rom_can_be_asked_too_quickly(void **state)
{
    (void)state;
    for (int hasty = 0; hasty < 2; hasty++) {
        struct host *h = host_new("esp32c3");
        host_connect(h);
        if (hasty)
            host_fault(h, "rom-pace=100000");
        for (int i = 0; i < 3; i++)
            ask_register(h);
        assert_int_equal(answers(h, 100 * MS), hasty ? 2 : 3); /* the second fell into an answer */
        for (int i = 0; i < 3; i++)
            assert_true(host_words(h, 0x0a, WORDS(0x60000000), 1).found);
        host_free(h);
    }
}

/* The first of these is the size of the blocks for the flash, the last that of those for RAM. */
static void long_frame_overruns_the_roms_ring(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        bool quick, passes;
    } blocks[] = { { 0x400 - 32, true, true }, { 0x1800, false, true }, { 0x1800, true, false } };
    uint8_t bytes[0x1800] = { 0 };
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        struct host *h = host_new("esp32c3");
        host_connect(h);
        host_fault(h, blocks[i].quick ? "rom-pace=100000" : "rom-pace=200000");
        uint32_t n = (uint32_t)blocks[i].bytes;
        assert_status(host_words(h, 0x05, WORDS(n, 1, 0x1800, 0x3fc80000), 4), 0x05, 0, 0);
        struct reply r = host_block(h, 0x07, 0, bytes, n);
        assert_true(r.found);
        assert_int_equal(r.data[0] == 0, blocks[i].passes);
        host_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filler_needed_is_that_of_the_real_stub),
        cmocka_unit_test(silence_saves_the_second_frame_too),
        cmocka_unit_test(esp32_wants_a_longer_silence),
        cmocka_unit_test(short_lost_frame_wants_a_plain_retry),
        cmocka_unit_test(long_lost_frame_swaps_the_phase),
        cmocka_unit_test(filler_in_a_swapped_phase_is_refused),
        cmocka_unit_test(three_questions_at_once_are_one_too_many),
        cmocka_unit_test(two_questions_under_way_are_always_answered),
        cmocka_unit_test(first_block_may_follow_begin_behind_filler),
        cmocka_unit_test(block_behind_two_commands_is_lost),
        cmocka_unit_test(frame_behind_a_block_that_is_written_is_lost),
        cmocka_unit_test(generation_1_loses_the_first_of_two_short_frames),
        cmocka_unit_test(over_usb_the_main_loop_wants_silence),
        cmocka_unit_test(rate_of_the_rom_is_forgotten_where_the_clock_is_raised),
        cmocka_unit_test(rate_word_decides_what_the_stub_sets),
        cmocka_unit_test(stub_takes_its_time_to_change_the_rate),
        cmocka_unit_test(esp8266_stub_takes_the_rate_for_115200),
        cmocka_unit_test(glue_takes_the_hosts_pauses_away),
        cmocka_unit_test(gap_stretches_what_is_sent),
        cmocka_unit_test(batches_decide_how_much_must_lie_between),
        cmocka_unit_test(any_stub_can_forget_the_rate),
        cmocka_unit_test(rom_can_be_asked_too_quickly),
        cmocka_unit_test(long_frame_overruns_the_roms_ring),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
