/*
 * The vendor's own stubs on the virtual boards (--stub real): that they start, answer and write on
 * eleven chips, and lose what they are known to lose. The figures were measured on the same files
 * in two other machines, a prototype of the interpreter and unicorn 2.0.1.
 */
#include "tests/unit/fixture_help.h"

#include <openssl/evp.h>
#include <zlib.h>

static const struct real_chip {
    const char *chip, *file;
    int revision;
} chips[] = {
    { "esp32c3", "esp32c3.json", -1 },   { "esp32c2", "esp32c2.json", -1 },
    { "esp32c5", "esp32c5.json", -1 },   { "esp32c6", "esp32c6.json", -1 },
    { "esp32c61", "esp32c61.json", -1 }, { "esp32h2", "esp32h2.json", -1 },
    { "esp32p4", "esp32p4.json", 300 },  { "esp32p4", "esp32p4-rev1.json", 103 },
    { "esp32", "esp32.json", -1 },       { "esp32s2", "esp32s2.json", -1 },
    { "esp32s3", "esp32s3.json", -1 },   { "esp8266", "esp8266.json", -1 },
};

enum { CHIPS = sizeof chips / sizeof chips[0] };

static struct chip_sim_config real_config(const struct real_chip *chip)
{
    struct chip_sim_config config = chip_sim_default_config();
    config.chip = chip->chip;
    config.revision = chip->revision;
    config.latency_us = 0;
    config.stub_real = true;
    return config;
}

static struct host *host_real(const struct chip_sim_config *config, const char *file)
{
    struct host *h = host_with(*config);
    host_connect(h);
    host_start_stub(h, file);
    return h;
}

/* ---- What every one of them does ---- */

static void sync_and_read(struct host *h)
{
    uint8_t data[36] = { 0x07, 0x07, 0x12, 0x20 };
    memset(data + 4, 0x55, 32);
    host_send(h, 0x08, data, sizeof data, 0);
    for (int i = 0; i < 8; i++)
        assert_status(host_get(h, 100 * MS), 0x08, 0, 0);
    uint32_t magic = sim_chip_find(host_state(h).chip)->magic;
    struct reply r = host_words(h, 0x0a, WORDS(0x40001000), 1);
    assert_status(r, 0x0a, 0, 0);
    assert_int_equal(r.value, magic);
}

static void go_to(struct host *h, uint32_t baud)
{
    assert_status(host_words(h, 0x0f, WORDS(baud, 115200), 2), 0x0f, 0, 0);
    host_wait(h, 20 * MS);
    chip_sim_host_baud(h->sim, baud, h->now_us);
    host_wait(h, 1 * MS);
}

static void ask_md5(struct host *h, uint32_t addr, uint32_t n, const uint8_t *bytes)
{
    uint8_t digest[16];
    struct reply r = host_words(h, 0x13, WORDS(addr, n, 0, 0), 4);
    assert_true(r.found && r.op == 0x13 && r.bytes == 18);
    assert_int_equal(r.data[16], 0);
    assert_true(EVP_Digest(bytes, n, digest, NULL, EVP_md5(), NULL));
    assert_memory_equal(r.data, digest, 16);
}

/* Writes deflated, block by block, each answer awaited. */
static void write_deflated(struct host *h, uint32_t addr, const uint8_t *bytes, uint32_t n)
{
    uLongf packed_bytes = compressBound(n);
    uint8_t *packed = malloc(packed_bytes);
    assert_non_null(packed);
    assert_int_equal(compress2(packed, &packed_bytes, bytes, n, 6), Z_OK);
    uint32_t blocks = (uint32_t)(packed_bytes + 0x3fff) / 0x4000;
    assert_status(host_words(h, 0x10, WORDS(n, blocks, 0x4000, addr), 4), 0x10, 0, 0);
    for (uint32_t i = 0; i < blocks; i++) {
        size_t at = i * 0x4000u, k = packed_bytes - at < 0x4000 ? packed_bytes - at : 0x4000;
        assert_status(host_block(h, 0x11, i, packed + at, k), 0x11, 0, 0);
    }
    free(packed);
}

static void read_back(struct host *h, uint32_t addr, uint32_t n, const uint8_t *bytes)
{
    uint8_t frame[4200], digest[16], wanted[16], got[4];
    assert_status(host_words(h, 0xd2, WORDS(addr, n, 0x1000, 1), 4), 0xd2, 0, 0);
    for (uint32_t at = 0; at < n;) {
        size_t k = host_get_frame(h, frame, sizeof frame, 1000 * MS);
        assert_true(k > 0 && k <= n - at);
        assert_memory_equal(frame, bytes + at, k);
        at += (uint32_t)k;
        sim_put32(got, at);
        host_frame(h, got, sizeof got);
    }
    assert_int_equal(host_get_frame(h, digest, sizeof digest, 1000 * MS), 16);
    assert_true(EVP_Digest(bytes, n, wanted, NULL, EVP_md5(), NULL));
    assert_memory_equal(digest, wanted, 16);
}

static void all_chips_greet(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    for (size_t i = 0; i < CHIPS; i++) {
        struct chip_sim_config config = real_config(&chips[i]);
        struct host *h = host_real(&config, chips[i].file);
        assert_string_equal(host_state(h).mode, "stub");
        assert_int_equal(host_state(h).chip_baud / 1000, 115);
        host_free(h);
    }
}

static void all_chips_work(void **state)
{
    (void)state;
    enum { BYTES = 70000, AT = 0x10000 };
    SKIP_WITHOUT_STUBS();
    uint8_t *bytes = malloc(BYTES), blank[0x2000];
    assert_non_null(bytes);
    memset(blank, 0xff, sizeof blank);
    fill_pattern(bytes, BYTES, 7);
    for (size_t i = 0; i < CHIPS; i++) {
        struct chip_sim_config config = real_config(&chips[i]);
        config.fill = SIM_FILL_DIRTY;
        struct host *h = host_real(&config, chips[i].file);
        sync_and_read(h);
        go_to(h, 921600);
        write_deflated(h, AT, bytes, BYTES);
        ask_md5(h, AT, BYTES, bytes);
        assert_flash(h, AT, bytes, BYTES);
        assert_status(host_words(h, 0x12, WORDS(1), 1), 0x12, 0, 0);
        assert_status(host_words(h, 0xd1, WORDS(AT, 0x2000), 2), 0xd1, 0, 0);
        host_wait(h, 1000 * MS);
        assert_flash(h, AT, blank, sizeof blank);
        assert_flash(h, AT + 0x2000, bytes + 0x2000, BYTES - 0x2000);
        read_back(h, AT + 0x2000, 36868, bytes + 0x2000);
        host_free(h);
    }
    free(bytes);
}

/* ---- Two frames at once ---- */

static struct host *c3_at(uint32_t baud, uint16_t cpu_mhz, enum sim_fill fill)
{
    struct chip_sim_config config = real_config(&chips[0]);
    config.cpu_mhz = cpu_mhz;
    config.fill = fill;
    struct host *h = host_real(&config, chips[0].file);
    if (baud != 115200)
        go_to(h, baud);
    return h;
}

static void send_block(struct host *h, uint8_t op, uint32_t sequence, const uint8_t *bytes,
                       size_t n)
{
    uint8_t *data = calloc(1, 16 + n);
    assert_non_null(data);
    sim_put32(data, (uint32_t)n);
    sim_put32(data + 4, sequence);
    memcpy(data + 16, bytes, n);
    host_send(h, op, data, 16 + n, sim_checksum(bytes, n));
    free(data);
}

static void filler(struct host *h, size_t n)
{
    uint8_t bytes[256];
    assert_true(n <= sizeof bytes);
    memset(bytes, 0x55, n);
    if (n > 0)
        host_raw(h, bytes, n);
}

static size_t answers(struct host *h, uint64_t within_us)
{
    size_t n = 0;
    host_wait(h, within_us);
    while (host_take_frame(h, (uint8_t[64]){ 0 }, 64) > 0)
        n++;
    return n;
}

static void ask_register(struct host *h)
{
    host_send(h, 0x0a, WORDS(0x60000000), 4, 0);
}

/* Of 33 places in a batch where the first frame may end: how often the second is answered. */
static unsigned second_is_answered(uint32_t baud, uint16_t cpu_mhz, size_t n)
{
    unsigned good = 0;
    struct host *h = c3_at(baud, cpu_mhz, SIM_FILL_BLANK);
    for (size_t in_front = 0; in_front <= 32; in_front++) {
        filler(h, in_front);
        ask_register(h);
        filler(h, n);
        ask_register(h);
        bool both = answers(h, 20 * MS) == 2;
        good += both;
        if (both)
            continue;
        host_free(h);
        h = c3_at(baud, cpu_mhz, SIM_FILL_BLANK);
    }
    host_free(h);
    return good;
}

/* The smallest number that never failed in the prototype; here it may be two more or less, since a
 * call of the interrupt costs a little more or less. */
static void filler_that_is_needed(void **state)
{
    (void)state;
    enum { APART = 2 };
    static const struct {
        uint32_t baud;
        uint16_t mhz, filler;
    } row[] = {
        { 115200, 20, 31 },  { 115200, 160, 31 },  { 460800, 20, 34 },  { 460800, 160, 31 },
        { 921600, 20, 38 },  { 921600, 40, 34 },   { 921600, 160, 31 }, { 1500000, 20, 43 },
        { 2000000, 40, 39 }, { 2000000, 160, 33 },
    };
    SKIP_WITHOUT_STUBS();
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint32_t baud = row[i].baud;
        uint16_t mhz = row[i].mhz;
        assert_true(second_is_answered(baud, mhz, 0) <= 2);
        assert_true(second_is_answered(baud, mhz, row[i].filler - APART - 1u) < 33);
        assert_int_equal(second_is_answered(baud, mhz, row[i].filler + APART), 33);
        assert_int_equal(second_is_answered(baud, mhz, 64), 33);
    }
}

/* A first block behind its BEGIN, by places in a batch and by what the flash holds. */
static void first_block_behind_its_begin(void **state)
{
    (void)state;
    static const size_t fillers[] = { 0, 32, 64 };
    unsigned kept[3] = { 0 };
    SKIP_WITHOUT_STUBS();
    uint8_t bytes[3000], packed[3100];
    uLongf packed_bytes = sizeof packed;
    fill_pattern(bytes, sizeof bytes, 5);
    assert_int_equal(compress2(packed, &packed_bytes, bytes, sizeof bytes, 6), Z_OK);
    for (size_t i = 0; i < 3 * 33; i++) {
        enum sim_fill fill = i & 1 ? SIM_FILL_DIRTY : SIM_FILL_BLANK;
        struct host *h = c3_at(921600, 40, fill);
        filler(h, i % 33);
        host_send(h, 0x10, WORDS(sizeof bytes, 1, 0x4000, 0x1000), 16, 0);
        filler(h, fillers[i / 33]);
        send_block(h, 0x11, 0, packed, packed_bytes);
        assert_status(host_get(h, 1000 * MS), 0x10, 0, 0);
        if (host_get(h, 1000 * MS).found) {
            kept[i / 33]++;
            ask_md5(h, 0x1000, sizeof bytes, bytes);
            assert_flash(h, 0x1000, bytes, sizeof bytes);
        }
        host_free(h);
    }
    /* Without any it is kept where BEGIN is the last that a batch takes; 32 are too few at times.
     */
    assert_true(kept[0] <= 2);
    assert_true(kept[1] < 33);
    assert_int_equal(kept[2], 33);
}

/* While a block is inflated and written one frame is kept for later; those behind it are lost,
 * whatever lies between, and nothing says so. */
static void nothing_saves_a_third_frame(void **state)
{
    (void)state;
    enum { BYTES = 0x40000 };
    SKIP_WITHOUT_STUBS();
    uint8_t *bytes = calloc(1, BYTES), packed[4096];
    uLongf packed_bytes = sizeof packed;
    assert_non_null(bytes);
    assert_int_equal(compress2(packed, &packed_bytes, bytes, BYTES, 9), Z_OK);
    struct host *h = c3_at(921600, 40, SIM_FILL_DIRTY);
    assert_status(host_words(h, 0x10, WORDS(BYTES, 1, 0x4000, 0), 4), 0x10, 0, 0);
    assert_status(host_block(h, 0x11, 0, packed, packed_bytes), 0x11, 0, 0);
    ask_register(h); /* it works on the block */
    filler(h, 256);
    ask_register(h);
    filler(h, 256);
    ask_register(h);
    assert_int_equal(answers(h, 10000 * MS), 1);
    free(bytes);
    host_free(h);
}

/* A lost frame can leave the phase swapped: every retry is lost, until one lone C0. */
static void lone_c0_brings_the_phase_back(void **state)
{
    (void)state;
    SKIP_WITHOUT_STUBS();
    struct host *h = c3_at(921600, 40, SIM_FILL_BLANK);
    uint8_t bytes[100] = { 1 };
    host_send(h, 0x0a, WORDS(0x60000000), 4, 0);
    host_send(h, 0x11, bytes, sizeof bytes, 0); /* long enough to end behind the next buffer */
    assert_int_equal(answers(h, 50 * MS), 1);
    for (int i = 0; i < 3; i++) {
        ask_register(h);
        assert_int_equal(answers(h, 50 * MS), 0);
    }
    host_raw(h, "\xc0", 1);
    host_wait(h, 1 * MS);
    ask_register(h);
    assert_true(answers(h, 50 * MS) >= 1);
    host_free(h);
}

/* ---- Blocks ---- */

static void block_of_ratio_1000(void **state)
{
    (void)state;
    enum { BYTES = 0x200000 };
    SKIP_WITHOUT_STUBS();
    uint8_t *bytes = calloc(1, BYTES);
    assert_non_null(bytes);
    struct host *h = c3_at(921600, 40, SIM_FILL_DIRTY);
    write_deflated(h, 0x100000, bytes, BYTES);
    ask_md5(h, 0x100000, BYTES, bytes);
    assert_flash(h, 0x100000, bytes, BYTES);
    free(bytes);
    host_free(h);
}

/* The line stops inside a frame, for less and for much more than the UART's timeout. */
static void stop_inside_a_frame_does_nothing(void **state)
{
    (void)state;
    static const uint8_t front[] = { 0xc0, 0x00, 0x0a, 0x04, 0x00, 0x00 };
    static const uint8_t rest[] = { 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x40, 0xc0 };
    SKIP_WITHOUT_STUBS();
    for (uint64_t us = 1; us < 1000000; us = us * 3 + 1) {
        struct host *h = c3_at(921600, 40, SIM_FILL_BLANK);
        host_raw(h, front, sizeof front);
        host_wait(h, us);
        host_raw(h, rest, sizeof rest);
        struct reply r = host_get(h, 100 * MS);
        assert_status(r, 0x0a, 0, 0);
        assert_int_equal(r.value, 0x1b31506f);
        host_free(h);
    }
}

/* ---- What runs is what was uploaded ---- */

static void run_code(struct host *h, const uint8_t *code, size_t n, uint32_t entry)
{
    host_load_ram(h, 0x40380000, code, n);
    host_words(h, 0x06, WORDS(0, entry), 2);
    host_wait(h, 100 * MS);
}

static void what_was_uploaded_runs(void **state)
{
    (void)state;
    /* li a0, 'k'; lui t0, 40000; jalr 68(t0); j . : uart_tx_one_char */
    static const uint8_t says_k[] = { 0x13, 0x05, 0xb0, 0x06, 0xb7, 0x02, 0x00, 0x40,
                                      0xe7, 0x80, 0x82, 0x06, 0x01, 0xa0, 0x01, 0x00 };
    static const uint8_t calls_wrong[] = { 0xb7, 0x02, 0x00, 0x40, 0xe7, 0x80, 0x42, 0x7f };
    struct chip_sim_config config = real_config(&chips[0]);
    struct host *h = host_with(config);
    host_connect(h);
    host_forget(h);
    run_code(h, says_k, sizeof says_k, 0x40380000);
    assert_string_equal(host_state(h).mode, "stub");
    assert_int_equal(h->heard[h->heard_bytes - 1], 'k');
    host_connect(h); /* and a reset ends it */
    run_code(h, calls_wrong, sizeof calls_wrong, 0x40380000);
    assert_string_equal(host_state(h).mode, "crashed");
    assert_non_null(strstr(host_state(h).log_tail, "real stub: nothing that is known at 400007f4, "
                                                   "ra 40380008"));
    host_connect(h);
    run_code(h, calls_wrong, sizeof calls_wrong, 0x20000000);
    assert_string_equal(host_state(h).mode, "crashed");
    host_free(h);
}

static void upload_that_is_not_right_fails(void **state)
{
    (void)state;
    struct sim_stub_file f = { 0 };
    uint8_t hello[16];
    SKIP_WITHOUT_STUBS();
    struct chip_sim_config config = real_config(&chips[0]);
    struct host *h = host_with(config);
    host_connect(h);
    assert_true(sim_stub_file_load(&f, "esp32c3.json"));
    memset(f.text + (f.entry - f.text_start), 0, 2); /* its first instruction */
    host_load_ram(h, f.text_start, f.text, f.text_bytes);
    host_load_ram(h, f.data_start, f.data, f.data_bytes);
    host_words(h, 0x06, WORDS(0, f.entry), 2);
    assert_int_equal(host_get_frame(h, hello, sizeof hello, 3000 * MS), 0);
    assert_string_equal(host_state(h).mode, "crashed");
    assert_non_null(strstr(host_state(h).log_tail, "real stub: no instruction at 40380e9a"));
    sim_stub_file_done(&f);
    host_free(h);
}

/* ---- Time ---- */

/* The same session in steps of other lengths: the same bytes. */
static size_t session_in_steps(uint64_t step_us, uint8_t *heard, size_t cap)
{
    uint8_t bytes[2000], packed[2100];
    uLongf packed_bytes = sizeof packed;
    struct host *h = c3_at(921600, 40, SIM_FILL_DIRTY);
    fill_pattern(bytes, sizeof bytes, 9);
    assert_int_equal(compress2(packed, &packed_bytes, bytes, sizeof bytes, 6), Z_OK);
    h->now_us = (h->now_us + 99999) / 100000 * 100000; /* from the same moment on */
    chip_sim_advance(h->sim, h->now_us);
    host_forget(h);
    size_t from = h->heard_bytes;
    for (uint64_t at = 0; at < 600000; at += step_us) {
        if (at % 120000 == 0) {
            host_send(h, 0x10, WORDS(sizeof bytes, 1, 0x4000, 0x1000), 16, 0);
            filler(h, 33);
            send_block(h, 0x11, 0, packed, packed_bytes);
        }
        h->now_us += step_us;
        host_listen(h);
    }
    size_t n = h->heard_bytes - from;
    assert_true(n <= cap);
    memcpy(heard, h->heard + from, n);
    host_free(h);
    return n;
}

static void steps_of_time_change_nothing(void **state)
{
    (void)state;
    uint8_t first[1000], other[1000];
    SKIP_WITHOUT_STUBS();
    size_t n = session_in_steps(120000, first, sizeof first);
    assert_true(n > 60);
    for (uint64_t step_us = 3; step_us < 120000; step_us *= 20) {
        assert_int_equal(session_in_steps(step_us, other, sizeof other), n);
        assert_memory_equal(first, other, n);
    }
}

/* ---- Crystals ---- */

static void other_crystals_give_right_rates(void **state)
{
    (void)state;
    static const struct {
        size_t chip;
        uint8_t mhz;
    } row[] = { { 1, 26 }, { 1, 40 }, { 2, 40 }, { 2, 48 } };
    SKIP_WITHOUT_STUBS();
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct chip_sim_config config = real_config(&chips[row[i].chip]);
        config.crystal_mhz = row[i].mhz;
        struct host *h = host_real(&config, chips[row[i].chip].file);
        go_to(h, 460800);
        assert_in_range(host_state(h).chip_baud, 456000, 465000);
        assert_status(host_words(h, 0x0a, WORDS(0x60000000), 1), 0x0a, 0, 0);
        host_free(h);
    }
}

/* ---- Faults ---- */

static void faults_strike_a_real_stub(void **state)
{
    (void)state;
    static const struct {
        const char *spec;
        const char *mode; /* afterwards */
        bool answered;
    } row[] = {
        { "hang,at=verify", "crashed", false }, { "brownout,at=verify", "application", false },
        { "pull,at=verify", "off", false },     { "lose,at=verify,dir=out", "stub", false },
        { "late=300,at=verify", "stub", true }, { "garble,at=verify,dir=out", "stub", false },
        { "log-noise=0", "stub", true },        { "half-open,at=verify", "stub", false },
    };
    SKIP_WITHOUT_STUBS();
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct host *h = c3_at(921600, 40, SIM_FILL_BLANK);
        host_fault(h, row[i].spec);
        ask_register(h);
        assert_status(host_get(h, 100 * MS), 0x0a, 0, 0);
        uint64_t asked_us = h->now_us;
        uint8_t frame[64];
        host_send(h, 0x13, WORDS(0, 8192, 0, 0), 16, 0);
        size_t n = host_get_frame(h, frame, sizeof frame, 1000 * MS);
        bool right = n == 26 && frame[0] == 1 && frame[1] == 0x13 && sim_get16(frame + 2) == 18;
        if (strncmp(row[i].spec, "garble", 6) == 0)
            assert_true(n > 0);
        else
            assert_int_equal(right, row[i].answered);
        if (strncmp(row[i].spec, "late", 4) == 0)
            assert_true(h->now_us >= asked_us + 300 * MS);
        if (strcmp(row[i].mode, "application") != 0)
            assert_string_equal(host_state(h).mode, row[i].mode);
        else
            assert_string_not_equal(host_state(h).mode, "stub");
        host_free(h);
    }
}

/* Power lost while a block is being written: pages stand in front of the place, none behind. */
static void power_lost_leaves_pages(void **state)
{
    (void)state;
    enum { BYTES = 0x4000 };
    SKIP_WITHOUT_STUBS();
    uint8_t *bytes = malloc(BYTES), *have = malloc(BYTES);
    assert_true(bytes && have);
    fill_pattern(bytes, BYTES, 11);
    struct host *h = c3_at(921600, 40, SIM_FILL_BLANK);
    assert_status(host_words(h, 0x02, WORDS(BYTES, 1, 0x4000, 0), 4), 0x02, 0, 0);
    assert_status(host_block(h, 0x03, 0, bytes, BYTES), 0x03, 0, 0);
    host_wait(h, 30 * MS);
    chip_sim_power(h->sim, false, h->now_us);
    assert_true(chip_sim_flash_read(h->sim, 0, have, BYTES));
    size_t n = 0;
    while (n < BYTES && have[n] == bytes[n])
        n++;
    n = n / 256 * 256;
    assert_true(n > 0 && n < BYTES);
    for (size_t i = n + 256; i < BYTES; i++)
        assert_int_equal(have[i], 0xff);
    free(bytes);
    free(have);
    host_free(h);
}

static void flash_that_takes_nothing_shows(void **state)
{
    (void)state;
    uint8_t bytes[4096] = { 0 };
    SKIP_WITHOUT_STUBS();
    static const char *const spec[] = { "write-protect", "stuck-bit=0x10" };
    for (size_t i = 0; i < 2; i++) {
        struct host *h = c3_at(921600, 40, SIM_FILL_BLANK);
        host_fault(h, spec[i]);
        assert_status(host_words(h, 0x02, WORDS(sizeof bytes, 1, 0x4000, 0), 4), 0x02, 0, 0);
        assert_status(host_block(h, 0x03, 0, bytes, sizeof bytes), 0x03, 0, 0);
        struct reply r = host_words(h, 0x13, WORDS(0, sizeof bytes, 0, 0), 4);
        uint8_t digest[16];
        EVP_Digest(bytes, sizeof bytes, digest, NULL, EVP_md5(), NULL);
        assert_true(r.found && memcmp(digest, r.data, 16) != 0);
        host_free(h);
    }
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    char why[200] = "";
    struct chip_sim_config config = chip_sim_default_config();
    config.stub_real = true;
    config.chip = "esp32h4";
    assert_null(chip_sim_new(&config, 0, why, sizeof why));
    assert_non_null(strstr(why, "the stub of the esp32h4 cannot be run for real"));
    config.chip = "esp32c3";
    config.usb = SIM_USB_JTAG;
    assert_null(chip_sim_new(&config, 0, why, sizeof why));
    assert_non_null(strstr(why, "no USB"));
    config.usb = SIM_USB_NONE;
    config.fifo_batch = 16;
    assert_null(chip_sim_new(&config, 0, why, sizeof why));
    config.fifo_batch = 0;
    config.cpu_mhz = 10;
    assert_null(chip_sim_new(&config, 0, why, sizeof why));
    config.cpu_mhz = 20;
    struct host *h = host_with(config);
    static const char *const spec[] = { "refuse",      "lengths=1",   "cut=1",
                                        "finish-0106", "lose,dir=in", "garble,dir=in" };
    for (size_t i = 0; i < sizeof spec / sizeof spec[0]; i++) {
        assert_false(chip_sim_add_fault(h->sim, spec[i], 0, why, sizeof why));
        assert_non_null(strstr(why, "use --stub model"));
    }
    host_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_chips_greet),
        cmocka_unit_test(all_chips_work),
        cmocka_unit_test(filler_that_is_needed),
        cmocka_unit_test(first_block_behind_its_begin),
        cmocka_unit_test(nothing_saves_a_third_frame),
        cmocka_unit_test(lone_c0_brings_the_phase_back),
        cmocka_unit_test(block_of_ratio_1000),
        cmocka_unit_test(stop_inside_a_frame_does_nothing),
        cmocka_unit_test(what_was_uploaded_runs),
        cmocka_unit_test(upload_that_is_not_right_fails),
        cmocka_unit_test(steps_of_time_change_nothing),
        cmocka_unit_test(other_crystals_give_right_rates),
        cmocka_unit_test(faults_strike_a_real_stub),
        cmocka_unit_test(power_lost_leaves_pages),
        cmocka_unit_test(flash_that_takes_nothing_shows),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
