/* The virtual board around its loaders: lines, wire, flash registers, faults, and exact time. */
#include "tests/unit/fixture_help.h"

/* ---- Lines ---- */

static void board_samples_the_strap_when_en_rises(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_classic_reset(h, 50 * MS);
    assert_string_equal(host_state(h).mode, "rom");
    host_lines(h, true, true); /* both: idle, as after opening a port */
    host_wait(h, 100 * MS);
    assert_string_equal(host_state(h).mode, "rom");
    host_lines(h, false, false);
    host_hard_reset(h);
    host_wait(h, 50 * MS);
    assert_true(host_heard(h, "SPI_FAST_FLASH_BOOT"));
    host_lines(h, false, true);
    host_wait(h, 10 * MS);
    assert_string_equal(host_state(h).mode, "reset");
    host_free(h);
}

static void board_with_big_capacitor_needs_the_long_delay(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_fault(h, "slow-en");
    host_classic_reset(h, 50 * MS);
    host_wait(h, 500 * MS);
    assert_string_not_equal(host_state(h).mode, "rom");
    host_classic_reset(h, 550 * MS);
    assert_string_equal(host_state(h).mode, "rom");
    host_free(h);
}

/* As long as EN rises, it does not matter which line comes first, nor that they come 51 ms apart.
 */
static void board_is_entered_one_line_at_a_time(void **state)
{
    (void)state;
    for (int en_ms = 2; en_ms <= 120; en_ms += 58) {
        struct chip_sim_config config = chip_sim_default_config();
        config.en_rise_us = (uint32_t)en_ms * 1000;
        config.strap_us = 25000;
        struct host *h = host_with(config);
        const bool step[][2] = { { false, false }, { false, true }, { true, true },
                                 { true, false },  { true, false }, { false, false } };
        for (size_t i = 0; i < sizeof step / sizeof step[0]; i++) {
            host_lines(h, step[i][0], step[i][1]);
            host_wait(h, 51 * MS);
        }
        host_wait(h, 100 * MS);
        assert_int_equal(strcmp(host_state(h).mode, "rom") == 0, en_ms > 50);
        host_free(h);
    }
}

/* Who lets go of the strap after 50 ms is saved by what the strap's own capacitor holds. */
static void board_holds_its_strap_for_a_while(void **state)
{
    (void)state;
    for (uint32_t strap_ms = 0; strap_ms <= 25; strap_ms += 25) {
        struct chip_sim_config config = chip_sim_default_config();
        config.en_rise_us = 60000;
        config.strap_us = strap_ms * 1000;
        struct host *h = host_with(config);
        host_classic_reset(h, 50 * MS);
        host_wait(h, 100 * MS);
        assert_int_equal(strcmp(host_state(h).mode, "rom") == 0, strap_ms > 10);
        host_free(h);
    }
}

static void board_without_lines_ignores_them(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_fault(h, "no-reset");
    host_wait(h, 100 * MS);
    uint64_t resets = host_state(h).resets;
    host_classic_reset(h, 50 * MS);
    assert_int_equal(host_state(h).resets, resets);
    chip_sim_press_reset(h->sim, true, h->now_us); /* the buttons work */
    host_wait(h, 50 * MS);
    assert_string_equal(host_state(h).mode, "rom");
    host_free(h);
}

/* ---- Wire ---- */

static void wire_takes_ten_bit_times_per_byte(void **state)
{
    (void)state;
    static const uint32_t baud[] = { 115200, 921600, 2000000 };
    for (size_t i = 0; i < 3; i++) {
        struct host *h = host_new("esp32");
        chip_sim_host_baud(h->sim, baud[i], 0);
        host_connect(h);
        uint64_t from_us = h->now_us;
        host_words(h, 0x0a, WORDS(0x3ff00000), 1); /* 14 bytes out, 14 bytes back */
        uint64_t want_us = 28 * 10000000ULL / baud[i];
        assert_in_range(h->now_us - from_us, want_us, want_us + 3);
        host_free(h);
    }
}

static void wire_garbles_when_rates_differ(void **state)
{
    (void)state;
    static const struct {
        double factor;
        bool understood;
    } row[] = { { 1.02, true }, { 0.975, true }, { 1.08, false },
                { 0.9, false }, { 2, false },    { 0.125, false } };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct host *h = host_new("esp32");
        host_connect(h);
        chip_sim_host_baud(h->sim, (uint32_t)(115200 * row[i].factor), h->now_us);
        host_send(h, 0x0a, WORDS(0x40001000), 4, 0);
        struct reply r = host_get(h, 200 * MS);
        assert_int_equal(r.found && r.value == 0x00f01d83, row[i].understood);
        host_free(h);
    }
}

static void wire_shows_the_esp8266_log_at_its_own_rate_only(void **state)
{
    (void)state;
    struct host *h = host_new("esp8266");
    host_hard_reset(h);
    host_wait(h, 100 * MS);
    assert_true(h->heard_bytes > 20);
    assert_false(host_heard(h, "ets Jan"));
    chip_sim_host_baud(h->sim, 74880, h->now_us);
    host_hard_reset(h);
    host_wait(h, 100 * MS);
    assert_true(host_heard(h, "ets Jan  8 2013,rst cause:2, boot mode:(3,6)"));
    host_free(h);
}

static void wire_latency_holds_bytes_back(void **state)
{
    (void)state;
    struct chip_sim_config config = chip_sim_default_config();
    config.latency_us = 16000;
    struct host *h = host_with(config);
    host_connect(h);
    uint64_t from_us = h->now_us;
    host_words(h, 0x0a, WORDS(0x3ff00000), 1);
    uint64_t wire_us = 15 * 10000000ULL / 115200; /* until the first byte is back */
    assert_in_range(h->now_us - from_us, wire_us + 16000, wire_us + 16003);
    host_free(h);
}

static void wire_speed_scales_the_board_but_not_the_adapter(void **state)
{
    (void)state;
    struct chip_sim_config config = chip_sim_default_config();
    config.speed = 10;
    config.latency_us = 1000;
    struct host *h = host_with(config);
    host_connect(h);
    host_words(h, 0x0d, WORDS(0, 0), 2);
    uint64_t from_us = h->now_us;
    host_words(h, 0x02, WORDS(0x100000, 0x400, 0x400, 0), 4); /* 16 blocks: 2.4 s */
    assert_in_range(h->now_us - from_us, 240 * MS, 243 * MS);
    host_free(h);
}

/* The same session, looked at in steps of another size each time, gives the same bytes. */
enum { LOOKS = 201 };

/* Also how much had been heard at each look every 10 ms, in by_then[]. */
static uint64_t run_session(uint64_t step_seed, uint8_t *heard, size_t by_then[LOOKS])
{
    struct chip_sim_config config = chip_sim_default_config();
    char why[100];
    uint64_t now_us = 0, random = step_seed;
    uint8_t frame[46] = { 0xc0, 0, 0x08, 36, 0, 0, 0, 0, 0, 0x07, 0x07, 0x12, 0x20 };
    size_t n = 0, look = 0;
    config.fill = SIM_FILL_DIRTY;
    config.latency_us = 3000; /* ends within a burst of answers */
    struct chip_sim *sim = chip_sim_new(&config, 0, why, sizeof why);
    assert_non_null(sim);
    memset(frame + 13, 0x55, 32);
    frame[45] = 0xc0;
    assert_true(chip_sim_add_fault(sim, "flip=0.01", 0, why, sizeof why));
    assert_true(chip_sim_add_fault(sim, "log-noise", 0, why, sizeof why));
    for (uint64_t at_us = 0; at_us <= 2000000;) {
        uint64_t next_us = at_us + 10000;
        if (at_us == 200000)
            chip_sim_lines(sim, false, true, at_us);
        if (at_us == 300000)
            chip_sim_lines(sim, true, false, at_us);
        if (at_us >= 400000 && at_us % 50000 == 0)
            chip_sim_host_bytes(sim, frame, sizeof frame, at_us);
        if (at_us == 1000000)
            chip_sim_host_baud(sim, 121000, at_us); /* 5 % off: garbage, the same garbage */
        for (now_us = at_us; now_us < next_us;) {
            n += chip_sim_read(sim, heard + n, 65536 - n, now_us);
            now_us += step_seed ? 1 + sim_random(&random) % 5000 : 10000;
        }
        at_us = next_us;
        n += chip_sim_read(sim, heard + n, 65536 - n, at_us);
        by_then[look++] = n;
    }
    struct chip_sim_state state;
    chip_sim_get_state(sim, &state);
    chip_sim_free(sim);
    return state.frames * 1000 + state.syncs;
}

static void board_does_not_depend_on_who_looks_when(void **state)
{
    (void)state;
    uint8_t *first = malloc(65536), *again = malloc(65536);
    size_t first_then[LOOKS] = { 0 }, again_then[LOOKS] = { 0 };
    assert_true(first && again);
    uint64_t counts = run_session(0, first, first_then);
    assert_true(first_then[LOOKS - 1] > 1000);
    assert_true(counts > 5000);
    for (uint64_t seed = 1; seed < 8; seed++) {
        assert_int_equal(run_session(seed, again, again_then), counts);
        assert_memory_equal(again_then, first_then, sizeof first_then);
        assert_memory_equal(again, first, first_then[LOOKS - 1]);
    }
    free(first);
    free(again);
}

/* ---- Flash ---- */

static void flash_programming_only_clears_bits(void **state)
{
    (void)state;
    static const uint8_t first[4] = { 0xf0, 0xff, 0x55, 0x00 }, second[4] = { 0x3c, 1, 0xaa, 0xff };
    static const uint8_t both[4] = { 0x30, 1, 0x00, 0x00 };
    struct sim_faults none = { .count = 0 };
    struct sim_nor nor = { .faults = &none };
    uint8_t have[4];
    assert_true(sim_nor_init(&nor, 1 << 20, 0, 1));
    sim_nor_program(&nor, 0xffe, first, 4);
    sim_nor_program(&nor, 0xffe, second, 4);
    sim_nor_read(&nor, 0xffe, have, 4);
    assert_memory_equal(have, both, 4);
    sim_nor_program(&nor, (1 << 20) - 2, first, 4); /* wraps */
    sim_nor_read(&nor, 0, have, 2);
    assert_memory_equal(have, first + 2, 2);
    assert_false(sim_nor_is_blank(&nor, 0));
    sim_nor_erase(&nor, 0x123, 1); /* the whole sector */
    assert_true(sim_nor_is_blank(&nor, 0));
    sim_nor_fill(&nor, SIM_FILL_DIRTY);
    assert_false(sim_nor_is_blank(&nor, 0x5000));
    sim_nor_done(&nor);
}

/* A part with 256 KB that says 1 MB: four addresses for each place, for all that is done to it. */
static void flash_that_has_less_than_it_says_rolls_over(void **state)
{
    (void)state;
    static const uint8_t word[4] = { 1, 2, 3, 4 };
    struct sim_faults none = { .count = 0 };
    struct sim_nor nor = { .faults = &none };
    uint8_t have[4], one[16], two[16];
    assert_true(sim_nor_init(&nor, 1 << 20, 256 << 10, 1));
    assert_int_equal(nor.bytes, 1 << 20);
    sim_nor_program(&nor, 0x91000, word, 4);
    for (uint32_t addr = 0x11000; addr < 1 << 20; addr += 256 << 10) {
        sim_nor_read(&nor, addr, have, 4);
        assert_memory_equal(have, word, 4);
        assert_true(sim_nor_md5(&nor, addr, 4096, one) && sim_nor_md5(&nor, 0x11000, 4096, two));
        assert_memory_equal(one, two, sizeof one);
    }
    sim_nor_erase(&nor, 0xD1000, 4096);
    assert_true(sim_nor_is_blank(&nor, 0x91000));
    sim_nor_done(&nor);
}

static uint32_t get_reg(struct host *h, uint32_t addr)
{
    struct reply r = host_words(h, 0x0a, WORDS(addr), 1);
    assert_int_equal(r.data[0], 0);
    return r.value;
}

static void set_reg(struct host *h, uint32_t addr, uint32_t value)
{
    struct reply r = host_words(h, 0x09, WORDS(addr, value, 0xffffffff, 0), 4);
    assert_int_equal(r.data[0], 0);
}

/* One command with the flash through the controller, by the steps of the documents. */
static uint32_t spi(struct host *h, bool esp8266, uint8_t command, uint32_t out, unsigned out_bits,
                    unsigned in_bits, uint32_t addr, unsigned addr_bits, unsigned dummy_bits)
{
    uint32_t base = esp8266 ? 0x60000200 : 0x3ff42000, w0 = base + (esp8266 ? 0x40 : 0x80);
    uint32_t usr1 = (addr_bits ? (addr_bits - 1) << 26 : 0) | (dummy_bits ? dummy_bits - 1 : 0);
    if (esp8266)
        usr1 |= (in_bits ? (in_bits - 1) << 8 : 0) | (out_bits ? (out_bits - 1) << 17 : 0);
    if (!esp8266 && out_bits)
        set_reg(h, base + 0x28, out_bits - 1);
    if (!esp8266 && in_bits)
        set_reg(h, base + 0x2c, in_bits - 1);
    set_reg(h, base + 0x20, usr1);
    set_reg(h, base + 0x1c,
            1u << 31 | (addr_bits ? 1u << 30 : 0) | (dummy_bits ? 1u << 29 : 0) |
                (in_bits ? 1u << 28 : 0) | (out_bits ? 1u << 27 : 0));
    set_reg(h, base + 0x24, 7u << 28 | command);
    if (addr_bits)
        set_reg(h, base + 4, addr << (32 - addr_bits));
    set_reg(h, w0, out);
    set_reg(h, base, 1 << 18);
    assert_int_equal(get_reg(h, base) & 1 << 18, 0);
    uint32_t value = get_reg(h, w0);
    return in_bits && in_bits < 32 ? value & ((1u << in_bits) - 1) : value;
}

static void flash_answers_through_the_controller(void **state)
{
    (void)state;
    for (int esp8266 = 0; esp8266 < 2; esp8266++) {
        struct host *h = host_new(esp8266 ? "esp8266" : "esp32");
        host_connect(h);
        assert_int_equal(spi(h, esp8266, 0x9f, 0, 0, 24, 0, 0, 0), 0xffffff); /* not attached */
        if (esp8266)
            host_words(h, 0x02, WORDS(0, 0, 0x400, 0), 4);
        else
            host_words(h, 0x0d, WORDS(0, 0), 2);
        assert_int_equal(spi(h, esp8266, 0x9f, 0, 0, 24, 0, 0, 0), 0x1640ef);
        assert_int_equal(spi(h, esp8266, 0x5a, 0, 0, 32, 0, 24, 8), 0x50444653);
        chip_sim_flash_load(h->sim, 0x12345, "abcd", 4);
        assert_int_equal(spi(h, esp8266, 0x03, 0, 0, 32, 0x12345, 24, 0), 0x64636261);
        spi(h, esp8266, 0x66, 0, 0, 0, 0, 0, 0);
        spi(h, esp8266, 0x99, 0, 0, 0, 0, 0, 0);
        spi(h, esp8266, 0x01, 0x1c, 8, 0, 0, 0, 0); /* no write enable: nothing */
        assert_int_equal(spi(h, esp8266, 0x05, 0, 0, 8, 0, 0, 0), 0);
        spi(h, esp8266, 0x06, 0, 0, 0, 0, 0, 0);
        spi(h, esp8266, 0x01, 0x1c, 8, 0, 0, 0, 0);
        assert_int_equal(spi(h, esp8266, 0x05, 0, 0, 8, 0, 0, 0), 0x1c);
        host_free(h);
    }
}

static void flash_esp8266_has_a_short_cut_to_the_id(void **state)
{
    (void)state;
    struct host *h = host_new("esp8266");
    host_connect(h);
    host_words(h, 0x02, WORDS(0, 0, 0x400, 0), 4);
    set_reg(h, 0x60000240, 0);
    set_reg(h, 0x60000200, 0x10000000);
    assert_int_equal(get_reg(h, 0x60000240) & 0xffffff, 0x1640ef);
    host_free(h);
}

static void board_has_its_mac_in_the_efuses(void **state)
{
    (void)state;
    struct chip_sim_config config = chip_sim_default_config();
    const uint8_t mac[6] = { 0x48, 0x63, 0x92, 0x15, 0x72, 0x16 }; /* a checked pair: CRC 75 */
    memcpy(config.mac, mac, 6);
    struct host *h = host_with(config);
    host_connect(h);
    assert_int_equal(get_reg(h, 0x3ff5a004), 0x92157216);
    assert_int_equal(get_reg(h, 0x3ff5a008), 0x00754863);
    host_free(h);
    config.chip = "esp8266";
    h = host_with(config);
    host_connect(h);
    assert_int_equal(get_reg(h, 0x3ff00050) >> 24, 0x16);
    assert_int_equal(get_reg(h, 0x3ff00054) & 0xffff, 0x1572);
    assert_int_equal(get_reg(h, 0x3ff0005c), 0x486392);
    set_reg(h, 0x3ff0005c, 1); /* eFuses do not change */
    assert_int_equal(get_reg(h, 0x3ff0005c), 0x486392);
    host_free(h);
}

/* ---- Faults ---- */

static void fault_specs_are_judged(void **state)
{
    (void)state;
    static const char *const good[] = { "deaf=3",
                                        "log-noise",
                                        "drop=0.1,dir=in",
                                        "hang=1000",
                                        "hang,at=verify",
                                        "pull=5,back-ms=20",
                                        "slow-en=20",
                                        "stuck-bit=0x12345",
                                        "rdid=c84016,times=2",
                                        "half-open",
                                        "lose,dir=in,at=middle",
                                        "lengths=-3,at=verify",
                                        "swap=9",
                                        "brownout,at=boot",
                                        "late=20,at=stub" };
    static const char *const bad[] = { "",
                                       "deaf",
                                       "deaf=x",
                                       "drop=2",
                                       "nothing=1",
                                       "hang,at=x",
                                       "finish-0106=1",
                                       "deaf=1,dir=in",
                                       "rdid=12",
                                       "deaf=-1",
                                       "flip=0.1,times=0",
                                       "hang",
                                       "hang=1,at=baud",
                                       "hang,at=leave",
                                       "deaf=1,at=baud",
                                       "late=1,at=boot",
                                       "brownout,at=open",
                                       "pull=1,at=nowhere",
                                       "late=1,dir=in",
                                       "restless" };
    struct sim_fault f;
    char why[200];
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(sim_fault_parse(good[i], &f, why, sizeof why));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        why[0] = '\0';
        assert_false(sim_fault_parse(bad[i], &f, why, sizeof why));
        assert_true(strlen(why) > 10);
    }
    for (size_t i = 0; i < SIM_FAULT_KINDS; i++) {
        assert_int_equal(sim_fault_rows[i].kind, i);
        assert_true(strlen(sim_fault_rows[i].what) > 10);
    }
}

static void fault_deaf_counts_after_each_reset(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_fault(h, "deaf=2,times=2");
    for (int round = 0; round < 2; round++) {
        host_classic_reset(h, 50 * MS);
        host_forget(h);
        for (int i = 0; i < 2; i++) {
            host_send_sync(h);
            assert_false(host_get(h, 100 * MS).found);
        }
        host_send_sync(h);
        assert_true(host_get(h, 100 * MS).found);
    }
    host_connect(h); /* the third time it hears at once */
    assert_int_equal(host_state(h).faults, 2);
    host_free(h);
}

static void begin_write(struct host *h)
{
    host_words(h, 0x0d, WORDS(0, 0), 2);
    assert_status(host_words(h, 0x02, WORDS(0x2000, 8, 0x400, 0x10000), 4), 0x02, 0, 0);
}

static void fault_hang_lasts_until_the_reset(void **state)
{
    (void)state;
    uint8_t block[0x400] = { 0 };
    struct host *h = host_new("esp32");
    host_fault(h, "hang=2048,times=1");
    host_connect(h);
    begin_write(h);
    assert_true(host_block(h, 0x03, 0, block, sizeof block).found);
    host_send(h, 0x03, block, 16, 0); /* too short: refused, and no image data in it */
    assert_true(host_get(h, 1000 * MS).found);
    uint8_t data[16 + 0x400] = { 0, 4, 0, 0, 1 };
    host_send(h, 0x03, data, sizeof data, 0xef);
    assert_false(host_get(h, 5000 * MS).found);
    host_send_sync(h);
    assert_false(host_get(h, 1000 * MS).found);
    host_connect(h);
    host_free(h);
}

static void fault_brownout_resets_in_mid_write(void **state)
{
    (void)state;
    uint8_t data[16 + 0x400] = { 0, 4 };
    struct host *h = host_new("esp32");
    host_fault(h, "brownout=1000,times=2");
    for (uint64_t round = 1; round <= 2; round++) { /* after each reset anew */
        host_connect(h);
        begin_write(h);
        host_send(h, 0x03, data, sizeof data, 0xef);
        host_wait(h, 200 * MS);
        assert_int_equal(host_state(h).faults, round);
        assert_string_not_equal(host_state(h).mode, "rom");
    }
    assert_true(host_heard(h, "Brownout detector was triggered"));
    assert_true(host_heard(h, "RTCWDT_BROWN_OUT_RESET"));
    host_connect(h);
    begin_write(h);
    host_send(h, 0x03, data, sizeof data, 0xef);
    assert_status(host_get(h, 1000 * MS), 0x03, 0, 0);
    host_free(h);
}

static void fault_pull_takes_the_power_and_asks_for_the_cable(void **state)
{
    (void)state;
    uint8_t data[16 + 0x400] = { 0, 4 };
    uint64_t back_us = 0;
    struct host *h = host_new("esp32");
    host_fault(h, "pull=1000,back-ms=250,times=1");
    host_connect(h);
    begin_write(h);
    assert_false(chip_sim_take_pull(h->sim, &back_us));
    host_send(h, 0x03, data, sizeof data, 0xef);
    host_wait(h, 200 * MS);
    assert_true(chip_sim_take_pull(h->sim, &back_us));
    assert_int_equal(back_us, 250000);
    assert_false(chip_sim_take_pull(h->sim, &back_us));
    assert_string_equal(host_state(h).mode, "off");
    chip_sim_power(h->sim, true, h->now_us);
    host_connect(h);
    host_free(h);
}

static void fault_stuck_bit_and_write_protect_show_in_the_flash(void **state)
{
    (void)state;
    uint8_t block[0x400] = { 0 }, have[0x400];
    struct host *h = host_new("esp32");
    host_fault(h, "stuck-bit=0x10010,times=1");
    host_connect(h);
    for (int round = 0; round < 2; round++) {
        begin_write(h);
        host_block(h, 0x03, 0, block, sizeof block);
        chip_sim_flash_read(h->sim, 0x10000, have, sizeof have);
        assert_int_equal(have[0x10], round == 0 ? 1 : 0);
        have[0x10] = 0;
        assert_memory_equal(have, block, sizeof block);
    }
    host_fault(h, "write-protect=soft");
    begin_write(h);
    assert_flash(h, 0x10000, block, sizeof block); /* not even erased */
    spi(h, false, 0x06, 0, 0, 0, 0, 0, 0);
    spi(h, false, 0x01, 0, 8, 0, 0, 0, 0);
    begin_write(h);
    memset(block, 0xff, sizeof block);
    assert_flash(h, 0x10000, block, sizeof block);
    host_free(h);
}

static void fault_on_the_wire_hits_about_as_often_as_asked(void **state)
{
    (void)state;
    static const char *const spec[] = { "drop=0.05,dir=out", "extra=0.05,dir=out",
                                        "flip=0.05,dir=out" };
    for (size_t i = 0; i < 3; i++) {
        struct host *h = host_new("esp32");
        host_connect(h);
        host_fault(h, spec[i]);
        for (int k = 0; k < 500; k++) {
            host_send(h, 0x0a, WORDS(0x3ff00000), 4, 0);
            host_wait(h, 5 * MS);
        }
        uint64_t hits = host_state(h).faults;
        assert_in_range(hits, 250, 450); /* of 7000 bytes */
        host_free(h);
    }
}

static void fault_finish_and_phases(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_connect(h);
    host_fault(h, "finish-0106,times=1");
    begin_write(h);
    assert_status(host_words(h, 0x12, WORDS(1), 1), 0x12, 1, 6);
    assert_status(host_words(h, 0x12, WORDS(1), 1), 0x12, 0, 0);
    host_fault(h, "hang,at=verify");
    host_send(h, 0x13, WORDS(0, 16, 0, 0), 16, 0);
    assert_false(host_get(h, 5000 * MS).found);
    host_free(h);
}

/* The command before the place and the one behind it are answered as ever. */
static void fault_strikes_at_its_place(void **state)
{
    (void)state;
    uint8_t block[0x400] = { 0 };
    struct host *h = host_new("esp32");
    host_connect(h);
    begin_write(h); /* eight blocks */
    host_fault(h, "refuse=0x09,at=first,times=1");
    host_fault(h, "refuse,at=middle,times=1");
    host_fault(h, "refuse=0x0a,at=last,times=1");
    for (uint32_t i = 0; i < 8; i++) {
        uint8_t code = i == 0 ? 9 : i == 4 ? 6 : i == 7 ? 10 : 0;
        assert_status(host_block(h, 0x03, i, block, sizeof block), 0x03, code != 0, code);
        if (code) /* the block was not taken: the next number is still this one */
            assert_status(host_block(h, 0x03, i, block, sizeof block), 0x03, 0, 0);
    }
    assert_int_equal(host_state(h).faults, 3);
    host_free(h);
}

static void fault_harms_an_answer(void **state)
{
    (void)state;
    const uint32_t words[] = { 0x40001000 };
    struct host *h = host_new("esp32");
    host_connect(h);
    host_fault(h, "lose,at=identify,times=1");
    host_words(h, 0x0a, words, 1);
    host_fault(h, "late=50,at=identify,times=1");
    host_send(h, 0x0a, (const uint8_t *)words, 4, 0);
    assert_false(host_get(h, 49 * MS).found);
    assert_int_equal(host_get(h, 5 * MS).value, 0x00f01d83);
    host_fault(h, "cut=3,at=identify,times=1");
    assert_int_equal(host_words(h, 0x0a, words, 1).bytes, 1);
    host_fault(h, "garble,at=identify,times=1");
    host_send(h, 0x0a, (const uint8_t *)words, 4, 0);
    host_forget(h);
    host_wait(h, 20 * MS);
    static const uint8_t right[] = { 0xc0, 1, 0x0a, 4, 0, 0x83, 0x1d, 0xf0, 0, 0, 0, 0, 0, 0xc0 };
    unsigned wrong_bits = 0;
    assert_int_equal(h->heard_bytes - h->taken, sizeof right);
    for (size_t i = 0; i < sizeof right; i++)
        wrong_bits += (unsigned)__builtin_popcount(right[i] ^ h->heard[h->taken + i]);
    assert_int_equal(wrong_bits, 1);
    assert_int_equal(host_state(h).faults, 4);
    host_free(h);
}

static void fault_restless_starts_again_and_again(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_fault(h, "restless=100");
    host_connect(h);
    uint64_t resets = host_state(h).resets;
    host_wait(h, 550 * MS);
    assert_in_range(host_state(h).resets - resets, 5, 6);
    host_free(h);
}

/* Each line alone does what the transistors make of it. */
static void fault_one_line_is_not_wired(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    uint64_t resets = host_state(h).resets;
    host_fault(h, "no-rts");
    host_wait(h, 100 * MS);
    resets = host_state(h).resets;
    host_classic_reset(h, 50 * MS);
    assert_int_equal(host_state(h).resets, resets);
    host_free(h);
    h = host_new("esp32");
    host_fault(h, "no-dtr");
    host_wait(h, 100 * MS);
    resets = host_state(h).resets;
    host_classic_reset(h, 50 * MS);
    assert_int_equal(host_state(h).resets, resets + 1);
    assert_string_not_equal(host_state(h).mode, "rom");
    host_free(h);
}

static void fault_at_the_boot_strikes_what_was_written(void **state)
{
    (void)state;
    uint8_t data[16 + 0x400] = { 0, 4 };
    struct host *h = host_new("esp32");
    host_fault(h, "hang,at=boot");
    host_connect(h); /* it has started from the flash before, and that does not count */
    assert_int_equal(host_state(h).faults, 0);
    begin_write(h);
    host_send(h, 0x03, data, sizeof data, 0xef);
    assert_status(host_get(h, 1000 * MS), 0x03, 0, 0);
    chip_sim_lines(h->sim, false, true, h->now_us);
    host_wait(h, 10 * MS);
    chip_sim_lines(h->sim, false, false, h->now_us);
    host_forget(h);
    host_wait(h, 500 * MS);
    assert_string_equal(host_state(h).mode, "crashed");
    assert_int_equal(h->heard_bytes, h->taken);
    host_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(board_samples_the_strap_when_en_rises),
        cmocka_unit_test(board_with_big_capacitor_needs_the_long_delay),
        cmocka_unit_test(board_is_entered_one_line_at_a_time),
        cmocka_unit_test(board_holds_its_strap_for_a_while),
        cmocka_unit_test(board_without_lines_ignores_them),
        cmocka_unit_test(wire_takes_ten_bit_times_per_byte),
        cmocka_unit_test(wire_garbles_when_rates_differ),
        cmocka_unit_test(wire_shows_the_esp8266_log_at_its_own_rate_only),
        cmocka_unit_test(wire_latency_holds_bytes_back),
        cmocka_unit_test(wire_speed_scales_the_board_but_not_the_adapter),
        cmocka_unit_test(board_does_not_depend_on_who_looks_when),
        cmocka_unit_test(flash_programming_only_clears_bits),
        cmocka_unit_test(flash_that_has_less_than_it_says_rolls_over),
        cmocka_unit_test(flash_answers_through_the_controller),
        cmocka_unit_test(flash_esp8266_has_a_short_cut_to_the_id),
        cmocka_unit_test(board_has_its_mac_in_the_efuses),
        cmocka_unit_test(fault_specs_are_judged),
        cmocka_unit_test(fault_deaf_counts_after_each_reset),
        cmocka_unit_test(fault_hang_lasts_until_the_reset),
        cmocka_unit_test(fault_brownout_resets_in_mid_write),
        cmocka_unit_test(fault_pull_takes_the_power_and_asks_for_the_cable),
        cmocka_unit_test(fault_stuck_bit_and_write_protect_show_in_the_flash),
        cmocka_unit_test(fault_on_the_wire_hits_about_as_often_as_asked),
        cmocka_unit_test(fault_finish_and_phases),
        cmocka_unit_test(fault_strikes_at_its_place),
        cmocka_unit_test(fault_harms_an_answer),
        cmocka_unit_test(fault_restless_starts_again_and_again),
        cmocka_unit_test(fault_one_line_is_not_wired),
        cmocka_unit_test(fault_at_the_boot_strikes_what_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
