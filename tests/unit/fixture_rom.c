/* The virtual ROM loaders, against what was seen on the real ones. */
#include "tests/unit/fixture_help.h"

#include <openssl/evp.h>
#include <zlib.h>

static void rom_answers_sync_eight_times(void **state)
{
    (void)state;
    static const uint8_t answer[] = { 0xc0, 0x01, 0x08, 0x04, 0x00, 0x07, 0x07,
                                      0x12, 0x20, 0,    0,    0,    0,    0xc0 };
    struct host *h = host_new("esp32");
    host_classic_reset(h, 50 * MS);
    assert_true(host_heard(h, "boot:0x3 (DOWNLOAD_BOOT"));
    assert_true(host_heard(h, "waiting for download"));
    host_forget(h);
    size_t from = h->heard_bytes;
    host_send_sync(h);
    host_wait(h, 100 * MS);
    assert_int_equal(h->heard_bytes - from, 8 * sizeof answer);
    for (size_t i = 0; i < 8; i++)
        assert_memory_equal(h->heard + from + i * sizeof answer, answer, sizeof answer);
    host_free(h);
}

static void rom_esp8266_has_two_status_bytes(void **state)
{
    (void)state;
    static const uint8_t answer[] = { 0xc0, 0x01, 0x08, 0x02, 0x00, 0x07,
                                      0x07, 0x12, 0x20, 0,    0,    0xc0 };
    struct host *h = host_new("esp8266");
    host_classic_reset(h, 50 * MS);
    host_forget(h);
    size_t from = h->heard_bytes;
    host_send_sync(h);
    host_wait(h, 100 * MS);
    assert_memory_equal(h->heard + from, answer, sizeof answer);
    host_free(h);
}

static void rom_reads_magic(void **state)
{
    (void)state;
    static const uint8_t raw[] = { 0xc0, 0x01, 0x0a, 0x04, 0x00, 0x83, 0x1d,
                                   0xf0, 0x00, 0,    0,    0,    0,    0xc0 };
    struct host *h = host_new("esp32");
    host_connect(h);
    size_t from = h->taken;
    struct reply r = host_words(h, 0x0a, WORDS(0x40001000), 1);
    assert_int_equal(r.value, 0x00f01d83);
    assert_memory_equal(h->heard + from, raw, sizeof raw);
    host_free(h);
}

static void rom_takes_the_rate_of_the_host(void **state)
{
    (void)state;
    static const uint32_t baud[] = { 9600, 74880, 230400, 921600, 2000000 };
    for (size_t i = 0; i < sizeof baud / sizeof baud[0]; i++) {
        struct host *h = host_new("esp8266");
        chip_sim_host_baud(h->sim, baud[i], 0);
        host_connect(h);
        assert_int_equal(host_state(h).chip_baud, baud[i]);
        struct reply r = host_words(h, 0x0a, WORDS(0x60000014), 1);
        double crystal = (double)baud[i] * (r.value & 0xfffff) / 1e6 / 2;
        assert_true(crystal > 24 && crystal < 28);
        host_free(h);
    }
}

static void rom_answers_syncs_sent_during_boot_in_a_burst(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_lines(h, false, true);
    host_wait(h, 100 * MS);
    host_lines(h, true, false);
    host_wait(h, 2 * MS); /* still booting */
    host_send_sync(h);
    host_send_sync(h);
    host_wait(h, 100 * MS);
    assert_int_equal(host_state(h).syncs, 2);
    host_free(h);
}

static void rom_answers_unknown_commands_with_the_one_before(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_connect(h);
    /* After SYNC the refusal comes as often as SYNC's answer. */
    host_send(h, 0x14, NULL, 0, 0);
    for (int i = 0; i < 8; i++)
        assert_status(host_get(h, 100 * MS), 0x08, 1, 5);
    assert_false(host_get(h, 100 * MS).found);
    host_words(h, 0x0a, WORDS(0x40001000), 1);
    assert_status(host_command(h, 0xd0, NULL, 0), 0x0a, 1, 5);
    host_free(h);
}

static void rom_wants_exact_lengths(void **state)
{
    (void)state;
    uint8_t zero[64] = { 0 };
    struct host *h = host_new("esp32");
    host_connect(h);
    assert_status(host_command(h, 0x0d, zero, 4), 0x0d, 1, 5); /* the stub's length */
    assert_status(host_command(h, 0x0d, zero, 8), 0x0d, 0, 0);
    assert_status(host_command(h, 0x02, zero, 20), 0x02, 1, 5); /* ESP32: no fifth word */
    assert_status(host_command(h, 0x02, zero, 16), 0x02, 0, 0);
    assert_status(host_command(h, 0x0a, zero, 3), 0x0a, 1, 5);
    assert_status(host_command(h, 0x09, zero, 15), 0x09, 1, 5);
    host_free(h);
}

static struct host *attached(const char *chip)
{
    struct host *h = host_new(chip);
    host_connect(h);
    if (strcmp(chip, "esp32") == 0) {
        assert_status(host_words(h, 0x0d, WORDS(0, 0), 2), 0x0d, 0, 0);
        assert_status(host_words(h, 0x0b, WORDS(0, 4 << 20, 0x10000, 0x1000, 0x100, 0xffff), 6),
                      0x0b, 0, 0);
    }
    return h;
}

static void rom_needs_attach_before_the_flash(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_connect(h);
    assert_status(host_words(h, 0x02, WORDS(0x1000, 4, 0x400, 0), 4), 0x02, 1, 6);
    host_words(h, 0x0d, WORDS(0, 0), 2);
    assert_status(host_words(h, 0x02, WORDS(0x1000, 4, 0x400, 0), 4), 0x02, 0, 0);
    host_free(h);
}

static void rom_assumes_two_megabytes(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_connect(h);
    host_words(h, 0x0d, WORDS(0, 0), 2);
    assert_status(host_words(h, 0x02, WORDS(0x1000, 4, 0x400, 0x200000), 4), 0x02, 1, 6);
    host_words(h, 0x0b, WORDS(0, 4 << 20, 0x10000, 0x1000, 0x100, 0xffff), 6);
    assert_status(host_words(h, 0x02, WORDS(0x1000, 4, 0x400, 0x200000), 4), 0x02, 0, 0);
    host_free(h);
}

static void write_plain(struct host *h, uint32_t addr, const uint8_t *bytes, uint32_t n,
                        uint32_t block)
{
    uint32_t blocks = (n + block - 1) / block;
    assert_status(host_words(h, 0x02, WORDS(n, blocks, block, addr), 4), 0x02, 0, 0);
    for (uint32_t i = 0; i < blocks; i++)
        assert_status(host_block(h, 0x03, i, bytes + i * block, block), 0x03, 0, 0);
}

static void rom_writes_what_it_is_given(void **state)
{
    (void)state;
    static const char *const chip[] = { "esp32", "esp8266" };
    uint8_t bytes[0x2000];
    fill_pattern(bytes, sizeof bytes, 5);
    for (size_t i = 0; i < 2; i++) {
        struct host *h = attached(chip[i]);
        chip_sim_flash_fill(h->sim, SIM_FILL_DIRTY);
        write_plain(h, 0x10000, bytes, sizeof bytes, 0x400);
        assert_flash(h, 0x10000, bytes, sizeof bytes);
        host_free(h);
    }
}

static void rom_writes_big_blocks_wrong_and_says_nothing(void **state)
{
    (void)state;
    uint8_t bytes[0x4000], have[0x4000];
    fill_pattern(bytes, sizeof bytes, 6);
    struct host *h = attached("esp32");
    write_plain(h, 0, bytes, sizeof bytes, 0x1000);
    assert_flash(h, 0, bytes, sizeof bytes);
    write_plain(h, 0, bytes, sizeof bytes, 0x4000);
    assert_true(chip_sim_flash_read(h->sim, 0, have, sizeof have));
    assert_memory_not_equal(have, bytes, sizeof bytes);
    host_free(h);
}

static void rom_erases_before_it_answers_begin(void **state)
{
    (void)state;
    struct host *h = attached("esp32");
    uint64_t from_us = h->now_us;
    host_words(h, 0x02, WORDS(0x20000, 0x80, 0x400, 0x10000), 4);
    assert_in_range(h->now_us - from_us, 300 * MS, 310 * MS); /* two blocks of 64 KiB */
    from_us = h->now_us;
    host_words(h, 0x02, WORDS(0x3000, 12, 0x400, 0x1000), 4);
    assert_in_range(h->now_us - from_us, 135 * MS, 145 * MS); /* three sectors */
    assert_int_equal(host_state(h).erased_sectors, 32 + 3);
    host_free(h);
}

static void rom_refused_block_counts_and_leaves_a_hole(void **state)
{
    (void)state;
    uint8_t bytes[0xc00], data[16 + 0x400] = { 0, 4 };
    fill_pattern(bytes, sizeof bytes, 7);
    struct host *h = attached("esp32");
    assert_status(host_block(h, 0x03, 0, bytes, 0x400), 0x03, 1, 5); /* no BEGIN yet */
    host_words(h, 0x02, WORDS(0xc00, 3, 0x400, 0), 4);
    assert_status(host_block(h, 0x03, 1, bytes, 0x400), 0x03, 1, 5); /* out of sequence */
    host_send(h, 0x03, data, sizeof data, 0x12);                     /* wrong checksum */
    assert_status(host_get(h, 1000 * MS), 0x03, 1, 7);
    assert_status(host_block(h, 0x03, 0, bytes, 0x400), 0x03, 1, 5); /* not again */
    assert_status(host_block(h, 0x03, 1, bytes + 0x400, 0x400), 0x03, 0, 0);
    assert_flash(h, 0x400, bytes + 0x400, 0x400);
    uint8_t hole[0x400];
    memset(hole, 0xff, sizeof hole);
    assert_flash(h, 0, hole, sizeof hole);
    host_free(h);
}

static void rom_inflates_and_tells_a_broken_stream(void **state)
{
    (void)state;
    uint8_t bytes[0x3000], packed[0x4000];
    uLongf packed_bytes = sizeof packed;
    fill_pattern(bytes, sizeof bytes / 2, 8);
    memset(bytes + sizeof bytes / 2, 0x5a, sizeof bytes / 2);
    assert_int_equal(compress2(packed, &packed_bytes, bytes, sizeof bytes, 9), Z_OK);
    uint32_t blocks = (uint32_t)(packed_bytes + 0x3ff) / 0x400;
    struct host *h = attached("esp32");
    host_words(h, 0x10, WORDS(sizeof bytes, blocks, 0x400, 0x8000), 4);
    for (uint32_t i = 0; i < blocks; i++) {
        size_t left = packed_bytes - i * 0x400u;
        assert_status(host_block(h, 0x11, i, packed + i * 0x400u, left < 0x400 ? left : 0x400),
                      0x11, 0, 0);
    }
    assert_flash(h, 0x8000, bytes, sizeof bytes);
    assert_status(host_words(h, 0x12, WORDS(1), 1), 0x12, 0, 0);
    assert_string_equal(host_state(h).mode, "rom"); /* DEFL_END(1) stays */
    host_words(h, 0x10, WORDS(sizeof bytes, blocks, 0x400, 0x8000), 4);
    packed[20] ^= 0xff;
    memset(packed + 30, 0, 100);
    struct reply r = { 0 };
    for (uint32_t i = 0; i < blocks; i++) {
        r = host_block(h, 0x11, i, packed + i * 0x400u, 0x400);
        if (r.data[0])
            break;
    }
    assert_status(r, 0x11, 1, 0x0c);
    host_free(h);
}

static void rom_md5_is_text_and_stays_in_the_reserved_bytes(void **state)
{
    (void)state;
    uint8_t bytes[0x1000], digest[16];
    char text[33];
    fill_pattern(bytes, sizeof bytes, 9);
    struct host *h = attached("esp32");
    chip_sim_flash_load(h->sim, 0x3000, bytes, sizeof bytes);
    struct reply r = host_words(h, 0x13, WORDS(0x3000, sizeof bytes, 0, 0), 4);
    EVP_Digest(bytes, sizeof bytes, digest, NULL, EVP_md5(), NULL);
    for (size_t i = 0; i < 16; i++)
        snprintf(text + 2 * i, 3, "%02x", digest[i]);
    assert_int_equal(r.bytes, 36);
    assert_memory_equal(r.data, text, 32);
    assert_int_equal(r.data[32], 0);
    r = host_words(h, 0x0a, WORDS(0x40001000), 1);
    assert_status(r, 0x0a, 0, 0);
    assert_memory_equal(r.data + 2, text + 2, 2); /* stale */
    r = host_words(h, 0x02, WORDS(0, 0, 0x400, 0), 4);
    assert_int_equal(r.value, 0x00f01d83); /* stale too */
    host_free(h);
}

static void rom_change_of_rate_is_followed_by_two_c0(void **state)
{
    (void)state;
    struct host *h = attached("esp32");
    size_t from = h->taken;
    assert_status(host_words(h, 0x0f, WORDS(921600, 0), 2), 0x0f, 0, 0);
    host_wait(h, 50 * MS);
    assert_int_equal(h->heard_bytes - from, 14 + 2);
    assert_int_equal(h->heard[h->heard_bytes - 1], 0xc0);
    assert_int_equal(h->heard[h->heard_bytes - 2], 0xc0);
    chip_sim_host_baud(h->sim, 921600, h->now_us);
    host_forget(h);
    assert_int_equal(host_words(h, 0x0a, WORDS(0x40001000), 1).value, 0x00f01d83);
    host_free(h);
}

static void rom_clock_drift_is_cured_by_scaling(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    host_fault(h, "clock-drift=6");
    host_connect(h);
    uint32_t cal = host_words(h, 0x0a, WORDS(0x3ff5f06c), 1).value >> 7;
    uint32_t ck8m = host_words(h, 0x0a, WORDS(0x3ff5a010), 1).value & 0xff;
    double seen = cal * 15625.0 * ck8m / 40;
    assert_true(seen > 41.5e6 && seen < 43.5e6);
    host_words(h, 0x0f, WORDS((uint32_t)(460800 * seen / 40e6), 0), 2);
    host_wait(h, 10 * MS);
    chip_sim_host_baud(h->sim, 460800, h->now_us);
    host_forget(h);
    assert_int_equal(host_words(h, 0x0a, WORDS(0x40001000), 1).value, 0x00f01d83);
    host_connect(h);
    host_free(h);

    h = host_new("esp32"); /* the same, unscaled: nothing is understood */
    host_fault(h, "clock-drift=6");
    host_connect(h);
    host_words(h, 0x0f, WORDS(460800, 0), 2);
    host_wait(h, 10 * MS);
    chip_sim_host_baud(h->sim, 460800, h->now_us);
    host_forget(h);
    host_send(h, 0x0a, WORDS(0x40001000), 4, 0);
    assert_false(host_get(h, 200 * MS).found);
    host_free(h);
}

static void rom_esp32_leaves_at_flash_end(void **state)
{
    (void)state;
    struct host *h = attached("esp32");
    assert_status(host_words(h, 0x04, WORDS(1), 1), 0x04, 0, 0);
    host_wait(h, 100 * MS);
    assert_true(host_heard(h, "flash read err, 1000"));
    host_send_sync(h);
    assert_false(host_get(h, 500 * MS).found);
    host_free(h);

    h = attached("esp32");
    size_t from = h->taken;
    assert_status(host_words(h, 0x04, WORDS(0), 1), 0x04, 0, 0);
    host_wait(h, 100 * MS);
    assert_int_equal(h->heard[from + 14], 0xc0);
    assert_int_equal(h->heard[from + 15], 0xc0);
    assert_true(host_heard(h, "SW_RESET"));
    host_free(h);
}

static void rom_esp8266_refuses_flash_end_unless_begun_empty(void **state)
{
    (void)state;
    uint8_t bytes[0x400] = { 1 };
    struct host *h = attached("esp8266");
    write_plain(h, 0, bytes, sizeof bytes, 0x400);
    assert_status(host_words(h, 0x04, WORDS(1), 1), 0x04, 1, 6);
    assert_string_equal(host_state(h).mode, "rom");
    assert_status(host_words(h, 0x02, WORDS(0, 0, 0x400, 0), 4), 0x02, 0, 0);
    assert_status(host_words(h, 0x04, WORDS(1), 1), 0x04, 0, 0);
    host_wait(h, 50 * MS);
    assert_string_not_equal(host_state(h).mode, "rom");
    host_free(h);
}

static void rom_esp8266_erases_too_much(void **state)
{
    (void)state;
    /* sectors asked for, first sector, sectors erased */
    static const uint32_t row[][3] = { { 4, 0, 8 },  { 16, 0, 32 }, { 17, 0, 33 },
                                       { 2, 15, 3 }, { 1, 15, 2 },  { 40, 8, 48 } };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct host *h = attached("esp8266");
        host_words(h, 0x02, WORDS(row[i][0] * 0x1000, 1, 0x400, row[i][1] * 0x1000), 4);
        assert_int_equal(host_state(h).erased_sectors, row[i][2]);
        host_free(h);
    }
}

static void rom_esp8266_lacks_later_commands(void **state)
{
    (void)state;
    static const uint8_t op[] = { 0x0d, 0x0f, 0x10, 0x13, 0x14 };
    struct host *h = attached("esp8266");
    host_words(h, 0x0a, WORDS(0x40001000), 1);
    for (size_t i = 0; i < sizeof op; i++)
        assert_status(host_command(h, op[i], NULL, 0), 0x0a, 1, 5);
    assert_status(host_words(h, 0x0b, WORDS(0, 4 << 20, 0x10000, 0x1000, 0x100, 0xffff), 6), 0x0b,
                  0, 0);
    host_free(h);
}

static void rom_runs_only_what_it_knows(void **state)
{
    (void)state;
    uint8_t code[64] = { 1, 2, 3 };
    struct host *h = host_new("esp32");
    host_connect(h);
    assert_status(host_words(h, 0x05, WORDS(64, 1, 0x1800, 0x10000000), 4), 0x05, 1, 0x0f);
    host_load_ram(h, 0x40080000, code, sizeof code);
    assert_status(host_words(h, 0x06, WORDS(0, 0x40080000), 2), 0x06, 0, 0);
    host_wait(h, 50 * MS);
    assert_string_equal(host_state(h).mode, "ram");
    host_free(h);
}

static void rom_reads_flash_slowly(void **state)
{
    (void)state;
    uint8_t bytes[64];
    fill_pattern(bytes, sizeof bytes, 10);
    struct host *h = attached("esp32");
    chip_sim_flash_load(h->sim, 0x5000, bytes, sizeof bytes);
    struct reply r = host_words(h, 0x0e, WORDS(0x5000, 64), 2);
    assert_int_equal(r.bytes, 68);
    assert_memory_equal(r.data, bytes, 64);
    assert_int_equal(r.data[64], 0);
    host_free(h);
}

static void rom_survives_nonsense(void **state)
{
    (void)state;
    uint64_t random = 42;
    for (int round = 0; round < 20; round++) {
        struct host *h = host_new(round % 2 ? "esp32" : "esp8266");
        host_connect(h);
        for (int i = 0; i < 200; i++) {
            uint8_t frame[80];
            size_t n = sim_random(&random) % sizeof frame;
            fill_pattern(frame, n, sim_random(&random));
            if (n > 4 && i % 2) {
                frame[0] = 0;
                frame[1] %= 0x20;
                sim_put16(frame + 2, (uint32_t)(n > 8 ? n - 8 : 0));
            }
            host_frame(h, frame, n);
            host_wait(h, 20 * MS);
        }
        host_connect(h); /* a reset brings it back */
        host_free(h);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rom_answers_sync_eight_times),
        cmocka_unit_test(rom_esp8266_has_two_status_bytes),
        cmocka_unit_test(rom_reads_magic),
        cmocka_unit_test(rom_takes_the_rate_of_the_host),
        cmocka_unit_test(rom_answers_syncs_sent_during_boot_in_a_burst),
        cmocka_unit_test(rom_answers_unknown_commands_with_the_one_before),
        cmocka_unit_test(rom_wants_exact_lengths),
        cmocka_unit_test(rom_needs_attach_before_the_flash),
        cmocka_unit_test(rom_assumes_two_megabytes),
        cmocka_unit_test(rom_writes_what_it_is_given),
        cmocka_unit_test(rom_writes_big_blocks_wrong_and_says_nothing),
        cmocka_unit_test(rom_erases_before_it_answers_begin),
        cmocka_unit_test(rom_refused_block_counts_and_leaves_a_hole),
        cmocka_unit_test(rom_inflates_and_tells_a_broken_stream),
        cmocka_unit_test(rom_md5_is_text_and_stays_in_the_reserved_bytes),
        cmocka_unit_test(rom_change_of_rate_is_followed_by_two_c0),
        cmocka_unit_test(rom_clock_drift_is_cured_by_scaling),
        cmocka_unit_test(rom_esp32_leaves_at_flash_end),
        cmocka_unit_test(rom_esp8266_refuses_flash_end_unless_begun_empty),
        cmocka_unit_test(rom_esp8266_erases_too_much),
        cmocka_unit_test(rom_esp8266_lacks_later_commands),
        cmocka_unit_test(rom_runs_only_what_it_knows),
        cmocka_unit_test(rom_reads_flash_slowly),
        cmocka_unit_test(rom_survives_nonsense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
