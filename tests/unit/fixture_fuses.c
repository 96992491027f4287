/*
 * The virtual controllers of eFuses, asked as any program may ask them: bits are burnt once and
 * stay, protection is kept, codings are judged; and what the ROM makes of the fuses.
 *
 * Registers and values are written down here once more, from espefuse 5.3.1 (esp32c3, esp32) and
 * its traces in tests/data/fuses; ciphertexts are espsecure's.
 */
#include "tests/unit/fixture_help.h"

#define C3        0x60008800u
#define C3_CONF   (C3 + 0x1cc)
#define C3_CMD    (C3 + 0x1d4)
#define C3_BLK0   (C3 + 0x2c)
#define C3_KEY(n) (C3 + 0x9c + 0x20 * (n))
#define E32       0x3ff5a000u

static uint32_t peek(struct host *h, uint32_t addr)
{
    struct reply r = host_words(h, 0x0a, WORDS(addr), 1);
    assert_status(r, 0x0a, 0, 0);
    return r.value;
}

static void poke(struct host *h, uint32_t addr, uint32_t value)
{
    assert_status(host_words(h, 0x09, WORDS(addr, value, UINT32_MAX, 0), 4), 0x09, 0, 0);
}

static struct host *c3(void)
{
    struct host *h = host_new("esp32c3");
    host_connect(h);
    return h;
}

static void time_c3(struct host *h)
{
    poke(h, C3 + 0x1e8, 0x1fe28);
    poke(h, C3 + 0x1f0, 0x300000);
    poke(h, C3 + 0x1f4, 0x190);
}

static void refresh_c3(struct host *h)
{
    poke(h, C3_CONF, 0x5aa5);
    poke(h, C3_CMD, 1);
    host_wait(h, 5 * MS);
}

static void start_burn_c3(struct host *h, unsigned block, const uint32_t *words, size_t count)
{
    for (uint32_t i = 0; i < 11; i++)
        poke(h, C3 + 4 * i, i < count ? words[i] : 0);
    poke(h, C3_CONF, 0x5a5a);
    poke(h, C3_CMD, 2 | block << 2);
}

static void burn_c3(struct host *h, unsigned block, const uint32_t *words, size_t count)
{
    time_c3(h);
    start_burn_c3(h, block, words, count);
    host_wait(h, 10 * MS);
    refresh_c3(h);
}

/* The bytes 1f, 1e, .. 00, and the check that the C3's mask ROM computes. */
static const uint32_t key[11] = { 0x1c1d1e1f, 0x18191a1b, 0x14151617, 0x10111213,
                                  0x0c0d0e0f, 0x08090a0b, 0x04050607, 0x00010203,
                                  0xae7c7c06, 0x79d61c6d, 0xf2e11075 };

static uint32_t burnt(const struct host *h, unsigned block, unsigned word)
{
    uint32_t value = 0;
    assert_true(chip_sim_fuse_word(h->sim, block, word, &value));
    return value;
}

/* ---- Bits ---- */

static void a_bit_is_burnt_once_and_for_ever(void **state)
{
    struct host *h = c3();
    (void)state;
    burn_c3(h, 0, WORDS(0, 0, 1u << 18), 3);
    assert_int_equal(peek(h, C3_BLK0 + 8), 1u << 18);
    burn_c3(h, 0, WORDS(0, 0, 1u << 19), 3); /* the other one is not taken back */
    assert_int_equal(peek(h, C3_BLK0 + 8), 3u << 18);
    poke(h, C3_BLK0 + 8, 0); /* for reading only */
    assert_int_equal(peek(h, C3_BLK0 + 8), 3u << 18);
    host_connect(h);
    assert_int_equal(peek(h, C3_BLK0 + 8), 3u << 18);
    assert_int_equal(peek(h, C3_BLK0 + 0x14), 0);
    host_free(h);
}

static void nothing_is_burnt_without_its_opcode(void **state)
{
    struct host *h = c3();
    (void)state;
    time_c3(h);
    poke(h, C3 + 8, 1u << 18);
    poke(h, C3_CONF, 0x5aa5);
    poke(h, C3_CMD, 2);
    host_wait(h, 10 * MS);
    refresh_c3(h);
    assert_int_equal(peek(h, C3_BLK0 + 8), 0);
    assert_int_equal(chip_sim_fuse_burns(h->sim), 0);
    host_free(h);
}

static void what_is_burnt_shows_after_a_read(void **state)
{
    struct host *h = c3();
    (void)state;
    time_c3(h);
    start_burn_c3(h, 0, WORDS(0, 0, 1u << 18), 3);
    host_wait(h, 10 * MS);
    assert_int_equal(peek(h, C3_BLK0 + 8), 0);
    refresh_c3(h);
    assert_int_equal(peek(h, C3_BLK0 + 8), 1u << 18);
    host_free(h);
}

/* A burn takes its time, and the first look after a READ may be wrong. */
static void the_controller_is_busy_for_a_while(void **state)
{
    struct host *h = c3();
    (void)state;
    time_c3(h);
    host_fault(h, "fuse-slow=100");
    start_burn_c3(h, 0, WORDS(0, 0, 1u << 18), 3);
    assert_int_equal(peek(h, C3_CMD), 2);
    host_wait(h, 100 * MS);
    assert_int_equal(peek(h, C3_CMD), 0);
    host_free(h);
}

/* ---- Protection ---- */

static void wr_dis_keeps_its_group(void **state)
{
    struct host *h = c3();
    (void)state;
    burn_c3(h, 0, WORDS(1u << 4 | 1u << 23), 1); /* SPI_BOOT_CRYPT_CNT, KEY0 */
    burn_c3(h, 0, WORDS(0, 0, 1u << 18 | 1u << 21), 3);
    assert_int_equal(peek(h, C3_BLK0 + 8), 1u << 21); /* REVOKE0 is of another group */
    burn_c3(h, 4, key, 11);
    assert_int_equal(burnt(h, 4, 0), 0);
    burn_c3(h, 5, key, 11);
    assert_int_equal(burnt(h, 5, 0), key[0]);
    host_free(h);
}

static void a_hidden_block_reads_as_zeros_and_is_there(void **state)
{
    struct host *h = c3();
    (void)state;
    burn_c3(h, 4, key, 11);
    assert_int_equal(peek(h, C3_KEY(0)), key[0]);
    burn_c3(h, 0, WORDS(0, 1), 2);
    assert_int_equal(peek(h, C3_KEY(0)), 0);
    assert_int_equal(burnt(h, 4, 0), key[0]);
    host_free(h);
}

static void the_esp32_burns_all_it_was_given(void **state)
{
    struct host *h = host_new("esp32");
    (void)state;
    host_connect(h);
    poke(h, E32 + 0xf8, 0xffa0);
    poke(h, E32 + 0x118, 0x50);
    poke(h, E32 + 0x98, 0x11223344); /* block 1 */
    poke(h, E32 + 0x34, 1u << 6);    /* block 0: JTAG_DISABLE */
    poke(h, E32 + 0xfc, 0x5a5a);
    poke(h, E32 + 0x104, 2);
    host_wait(h, 10 * MS);
    poke(h, E32 + 0xfc, 0x5aa5);
    poke(h, E32 + 0x104, 1);
    host_wait(h, 10 * MS);
    assert_int_equal(peek(h, E32 + 0x38), 0x11223344);
    assert_int_equal(peek(h, E32 + 0x18), 1u << 6);
    assert_int_equal(peek(h, E32 + 0x11c), 0);
    host_free(h);
}

/* ---- Coding ---- */

static void a_wrong_check_is_told_one_nibble_late(void **state)
{
    struct host *h = c3();
    uint32_t bad[11];
    (void)state;
    burn_c3(h, 4, key, 11);
    assert_int_equal(peek(h, C3 + 0x1c0), 0);
    memcpy(bad, key, sizeof bad);
    bad[8] ^= 1;
    burn_c3(h, 5, bad, 11);
    assert_int_equal(peek(h, C3 + 0x1c0) >> 16 & 7, 7);   /* the count of block 5 */
    assert_int_equal(peek(h, C3 + 0x1c0) >> 20 & 0xf, 8); /* its failure, with block 6's */
    host_free(h);
}

/* Written twice, data and check are both mixed. */
static void a_block_written_twice_is_broken(void **state)
{
    struct host *h = c3();
    static const uint32_t other[11] = { 0x03020100, 0x07060504, 0x0b0a0908, 0x0f0e0d0c,
                                        0x13121110, 0x17161514, 0x1b1a1918, 0x1f1e1d1c,
                                        0x0d474ca0, 0x03b2fc3f, 0x13f4e9da };
    (void)state;
    burn_c3(h, 4, other, 11);
    assert_int_equal(peek(h, C3 + 0x1c0), 0);
    burn_c3(h, 4, key, 11);
    assert_int_not_equal(peek(h, C3 + 0x1c0), 0);
    host_free(h);
}

static void a_burn_without_timing_is_weak(void **state)
{
    struct host *h = c3();
    (void)state;
    start_burn_c3(h, 0, WORDS(0, 0, 1u << 18), 3);
    host_wait(h, 10 * MS);
    refresh_c3(h);
    assert_int_equal(peek(h, C3_BLK0 + 8), 1u << 18);
    assert_int_equal(peek(h, C3 + 0x180), 1u << 18); /* a copy of that bit is wrong */
    host_free(h);
}

static void a_reset_cuts_a_burn_short(void **state)
{
    struct host *h = c3();
    (void)state;
    time_c3(h);
    host_fault(h, "fuse-slow=1000");
    start_burn_c3(h, 4, key, 11);
    host_connect(h);
    assert_int_not_equal(burnt(h, 4, 0), 0);
    assert_int_not_equal(burnt(h, 4, 0), key[0]);
    assert_int_not_equal(peek(h, C3 + 0x1c0), 0);
    host_free(h);
}

/* ---- What the ROM makes of them ---- */

static void secure_download_knows_no_registers(void **state)
{
    struct host *h = c3();
    (void)state;
    time_c3(h);
    start_burn_c3(h, 0, WORDS(0, 0, 0, 0, 1u << 5), 5);
    host_wait(h, 10 * MS);
    poke(h, C3_CONF, 0x5aa5); /* what is burnt is not known before the READ */
    host_words(h, 0x09, WORDS(C3_CMD, 1, UINT32_MAX, 0), 4);
    host_wait(h, 5 * MS);
    host_words(h, 0x0a, WORDS(C3_CMD), 1);
    assert_int_not_equal(host_words(h, 0x0a, WORDS(C3_BLK0), 1).data[0], 0);
    host_connect(h);
    struct reply r = host_command(h, 0x14, NULL, 0);
    assert_status(r, 0x14, 4, 0); /* its flags */
    host_free(h);
}

static void a_closed_loader_says_so_and_hears_nothing(void **state)
{
    static const char *const chips[] = { "esp32c3", "esp32" };
    static const char *const words[] = { "Download boot modes disabled",
                                         "Download mode is disabled" };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct host *h = host_new(chips[i]);
        h->sim->fuses.burnt[0][i == 0 ? 4 : 0] |= i == 0 ? 1 : 1u << 27;
        host_classic_reset(h, 50 * MS);
        assert_true(host_heard(h, words[i]));
        host_forget(h);
        host_send_sync(h);
        assert_false(host_get(h, 100 * MS).found);
        host_free(h);
    }
}

/* UART_PRINT_CONTROL: what would be said is not, whether it starts or stays in its loader. */
static void a_fuse_silences_the_rom(void **state)
{
    struct host *h = host_new("esp32c3");
    (void)state;
    h->sim->fuses.burnt[0][4] |= 3u << 6;
    host_classic_reset(h, 50 * MS);
    host_send_sync(h);
    assert_true(host_get(h, 100 * MS).found);
    assert_false(host_heard(h, "waiting for download"));
    h->sim->fuses.burnt[0][4] |= 1; /* and no loader */
    host_classic_reset(h, 50 * MS);
    assert_false(host_heard(h, "disabled"));
    host_free(h);
}

struct cipher {
    const char *chip;
    uint32_t addr;
    unsigned config; /* of the ESP32 */
    unsigned key_bytes;
    uint8_t first[16], last[16]; /* of 26 blocks "espstation 000..", by espsecure */
};

static const struct cipher ciphers[] = {
    { "esp32",
      0x1000,
      15,
      32,
      { 0x3c, 0x68, 0x1a, 0x98, 0x19, 0x68, 0x40, 0x4f, 0xb8, 0x28, 0xab, 0xa7, 0x63, 0xdb, 0xfa,
        0x0c },
      { 0x34, 0x1e, 0x6e, 0x73, 0xcf, 0xcd, 0x91, 0x93, 0x96, 0xe4, 0x3d, 0x3b, 0xc6, 0x6c, 0xe9,
        0x06 } },
    { "esp32",
      0x12350,
      15,
      32,
      { 0x1c, 0xed, 0x9b, 0x80, 0xf0, 0xa5, 0xec, 0x17, 0x70, 0x97, 0xd1, 0x6c, 0x0d, 0x2e, 0xb7,
        0x81 },
      { 0x53, 0xa8, 0xc3, 0x65, 0x6b, 0xd5, 0xea, 0x88, 0x45, 0xa9, 0x3d, 0xbf, 0xa1, 0x04, 0x37,
        0xb2 } },
    { "esp32",
      0x1000,
      3,
      32,
      { 0x6a, 0xe7, 0xed, 0x32, 0xf0, 0xda, 0xc9, 0x0f, 0xef, 0xa9, 0xe9, 0x4d, 0xa4, 0xc1, 0x11,
        0x03 },
      { 0x53, 0x43, 0x46, 0x46, 0x8a, 0xa6, 0xe6, 0x25, 0x32, 0xa9, 0x35, 0x2a, 0xe1, 0xb4, 0xf6,
        0xbb } },
    { "esp32",
      0x1000,
      15,
      24,
      { 0x3f, 0x1b, 0xc3, 0xbf, 0x42, 0x14, 0x96, 0x63, 0xaf, 0x08, 0x20, 0x71, 0x2b, 0x1f, 0xcb,
        0x63 },
      { 0x97, 0x0e, 0x32, 0x31, 0x66, 0xeb, 0x5d, 0x64, 0x98, 0x85, 0xe7, 0xd4, 0xa0, 0x99, 0x8c,
        0xc9 } },
    { "esp32",
      0x12350,
      15,
      24,
      { 0x13, 0x2d, 0x94, 0x8a, 0x55, 0x52, 0x71, 0x2d, 0x7b, 0x71, 0x3e, 0xc4, 0xbe, 0x9b, 0xfe,
        0x07 },
      { 0xba, 0x5e, 0xe6, 0xef, 0x05, 0x90, 0xc1, 0x06, 0x0b, 0xc9, 0xc7, 0x49, 0xea, 0xbd, 0x6b,
        0xa0 } },
    { "esp32c2",
      0x1000,
      0,
      16,
      { 0xae, 0x5c, 0x16, 0xcd, 0x44, 0xc3, 0x08, 0xfc, 0x97, 0xa4, 0x21, 0xa1, 0x43, 0x58, 0x34,
        0xa0 },
      { 0x3f, 0xe1, 0x8a, 0x29, 0xb0, 0x4b, 0x64, 0x47, 0x2a, 0x73, 0x21, 0x47, 0xcf, 0x5c, 0x42,
        0xf2 } },
    { "esp32c2",
      0x12340,
      0,
      16,
      { 0x8e, 0x9c, 0x16, 0x5f, 0x29, 0xc7, 0xb9, 0xec, 0x28, 0x28, 0xdc, 0x52, 0x86, 0x07, 0xc8,
        0x92 },
      { 0xd8, 0x3b, 0x17, 0x2b, 0xb0, 0x2e, 0x15, 0x97, 0x30, 0xbe, 0x89, 0x9d, 0x5b, 0x4a, 0x07,
        0x2f } },
    { "esp32s3",
      0x1000,
      0,
      32,
      { 0x2f, 0x2e, 0x24, 0x79, 0xbb, 0xbe, 0x7a, 0xc1, 0x91, 0x32, 0x04, 0xe4, 0xd2, 0x5a, 0xb1,
        0x4f },
      { 0xc2, 0xb6, 0x39, 0xa8, 0x9c, 0x25, 0xe1, 0x13, 0x6c, 0x2e, 0xf3, 0xf0, 0x41, 0xab, 0xac,
        0x5f } },
    { "esp32s3",
      0x12340,
      0,
      32,
      { 0x73, 0x40, 0xfe, 0x46, 0xf1, 0x17, 0x57, 0x8b, 0xa1, 0xa3, 0x5e, 0x8f, 0x58, 0x87, 0x63,
        0x5a },
      { 0x42, 0xb1, 0xf9, 0xeb, 0xbb, 0xf0, 0xc8, 0xfc, 0x48, 0x1a, 0xda, 0x87, 0x50, 0xf2, 0x3a,
        0x8b } },
    { "esp32s3",
      0x1000,
      0,
      64,
      { 0x57, 0xc6, 0xe3, 0xa3, 0x46, 0xe1, 0x7e, 0x75, 0xd0, 0x7f, 0x62, 0xde, 0x98, 0xa8, 0x7d,
        0xb0 },
      { 0xfa, 0x43, 0x07, 0xcd, 0x74, 0x88, 0xe4, 0x76, 0x64, 0x66, 0xaf, 0x14, 0x4b, 0xa6, 0x40,
        0x78 } },
    { "esp32s3",
      0x12340,
      0,
      64,
      { 0x16, 0xc4, 0x62, 0xe4, 0x43, 0x87, 0x34, 0x66, 0xa4, 0x7b, 0xad, 0x9c, 0x58, 0xbf, 0x36,
        0x6f },
      { 0xd2, 0x43, 0xb8, 0x4b, 0xa3, 0x73, 0x12, 0x76, 0x6b, 0xc6, 0x3b, 0x7c, 0x18, 0x0e, 0xef,
        0x1a } },
};

/* As espefuse burns the file 00, 01, 02, ... */
static void burn_key(struct chip_sim *sim, const struct cipher *c)
{
    uint32_t(*blocks)[SIM_FUSE_WORDS] = sim->fuses.burnt;
    bool is_esp32 = strcmp(c->chip, "esp32") == 0, is_c2 = strcmp(c->chip, "esp32c2") == 0;
    static const uint32_t coded[8] = { 0x14151617, 0x36011213, 0x0E0F1011, 0x37010C0D,
                                       0x08090A0B, 0x2C010607, 0x02030405, 0x13010001 };
    for (unsigned i = 0; i < c->key_bytes; i++) {
        unsigned half = i / 32, n = c->key_bytes < 32 ? c->key_bytes : 32;
        unsigned block = is_esp32 ? 1 : is_c2 ? 3 : 4 + half;
        unsigned to = n - 1 - i % 32;
        blocks[block][to / 4] |= (uint32_t)i << to % 4 * 8;
    }
    if (is_esp32 && c->key_bytes == 24) {
        memcpy(blocks[1], coded, sizeof coded);
        blocks[0][6] |= 1;
    }
    blocks[0][5] |= is_esp32 ? c->config << 28 : 0;
    if (!is_esp32 && !is_c2) /* KEY_PURPOSE_0 and 1, of the ESP32-S3 */
        blocks[0][2] |= c->key_bytes == 64 ? 2u << 24 | 3u << 28 : 4u << 24;
    sim_fuse_show(sim);
}

static void the_flash_is_read_as_espsecure_encrypts_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ciphers / sizeof ciphers[0]; i++) {
        const struct cipher *c = &ciphers[i];
        struct host *h = host_new(c->chip);
        char first[17], last[17];
        host_connect(h);
        burn_key(h->sim, c);
        assert_true(chip_sim_flash_load(h->sim, c->addr, c->first, 16));
        assert_true(chip_sim_flash_load(h->sim, c->addr + 25 * 16, c->last, 16));
        assert_true(sim_fuse_decrypt_flash(h->sim));
        assert_true(chip_sim_flash_read(h->sim, c->addr, first, 16));
        assert_true(chip_sim_flash_read(h->sim, c->addr + 25 * 16, last, 16));
        sim_fuse_encrypted_again(h->sim);
        first[16] = last[16] = '\0';
        assert_string_equal(first, "espstation 000..");
        assert_string_equal(last, "espstation 025..");
        assert_flash(h, c->addr, c->first, 16);
        host_free(h);
    }
}

static void every_chip_with_fuses_has_a_controller(void **state)
{
    (void)state;
    for (size_t i = 0; chip_sim_chip_name(i); i++) {
        const char *chip = chip_sim_chip_name(i);
        const struct sim_fuse_facts *f = sim_fuse_facts(chip, 300);
        if (!f && strcmp(chip, "esp8266") != 0)
            fail_msg("%s has no row in `all` of tests/fixture/chips/fuse_facts.c", chip);
        assert_false(f && strcmp(chip, "esp8266") == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bit_is_burnt_once_and_for_ever),
        cmocka_unit_test(nothing_is_burnt_without_its_opcode),
        cmocka_unit_test(what_is_burnt_shows_after_a_read),
        cmocka_unit_test(the_controller_is_busy_for_a_while),
        cmocka_unit_test(wr_dis_keeps_its_group),
        cmocka_unit_test(a_hidden_block_reads_as_zeros_and_is_there),
        cmocka_unit_test(the_esp32_burns_all_it_was_given),
        cmocka_unit_test(a_wrong_check_is_told_one_nibble_late),
        cmocka_unit_test(a_block_written_twice_is_broken),
        cmocka_unit_test(a_burn_without_timing_is_weak),
        cmocka_unit_test(a_reset_cuts_a_burn_short),
        cmocka_unit_test(secure_download_knows_no_registers),
        cmocka_unit_test(a_closed_loader_says_so_and_hears_nothing),
        cmocka_unit_test(a_fuse_silences_the_rom),
        cmocka_unit_test(the_flash_is_read_as_espsecure_encrypts_it),
        cmocka_unit_test(every_chip_with_fuses_has_a_controller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
