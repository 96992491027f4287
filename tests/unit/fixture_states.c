/* Boards in a state of their own: secured, with a flash that has to be found or woken, larger than
 * addresses reach, or with a stub of the old generation. */
#include "tests/unit/fixture_help.h"

#include <openssl/evp.h>
#include <zlib.h>

static struct chip_sim_config config_of(const char *chip)
{
    struct chip_sim_config config = chip_sim_default_config();
    config.chip = chip;
    config.latency_us = 0;
    return config;
}

static struct host *connected(struct chip_sim_config config)
{
    struct host *h = host_with(config);
    host_connect(h);
    return h;
}

static void write_reg(struct host *h, uint32_t addr, uint32_t value)
{
    assert_int_equal(host_words(h, 0x09, WORDS(addr, value, 0xffffffff, 0), 4).data[0], 0);
}

static uint32_t read_reg(struct host *h, uint32_t addr)
{
    return host_words(h, 0x0a, WORDS(addr), 1).value;
}

/* A command of the flash itself, without data; or RDID, for what comes back. */
static uint32_t flash_command(struct host *h, uint32_t spi, uint8_t command, unsigned bits)
{
    if (bits)
        write_reg(h, spi + 0x28, bits - 1);
    write_reg(h, spi + 0x18, 1u << 31 | (bits ? 1u << 28 : 0));
    write_reg(h, spi + 0x20, 7u << 28 | command);
    write_reg(h, spi + 0x58, 0);
    write_reg(h, spi, 1u << 18);
    return read_reg(h, spi + 0x58) & 0xffffff;
}

static uint8_t attach(struct host *h, uint32_t word)
{
    return host_words(h, 0x0d, WORDS(word, 0), 2).data[0];
}

static uint8_t set_size(struct host *h, uint32_t bytes)
{
    return host_words(h, 0x0b, WORDS(0, bytes, 0x10000, 0x1000, 0x100, 0xffff), 6).data[0];
}

/* ---- Secured ---- */

static const char *const later_chips[] = {
    "esp32s2", "esp32s3", "esp32c2",  "esp32c3", "esp32c5",  "esp32c6",  "esp32c61",
    "esp32h2", "esp32h4", "esp32h21", "esp32p4", "esp32s31", "esp32e22",
};

#define EACH_LATER(chip)                                                                           \
    for (size_t i_ = 0; i_ < sizeof later_chips / sizeof later_chips[0]; i_++)                     \
        for (const char *chip = later_chips[i_]; chip; chip = NULL)

static void sdm_leaves_a_few_commands(void **state)
{
    (void)state;
    static const uint8_t gone[] = { 0x05, 0x06, 0x07, 0x09, 0x0a, 0x0e, 0x10, 0x11, 0x12, 0x13 };
    uint8_t bytes[0x400];
    fill_pattern(bytes, sizeof bytes, 9);
    EACH_LATER(chip)
    {
        struct chip_sim_config config = config_of(chip);
        config.secure_download = true;
        struct host *h = connected(config);
        struct reply r = host_command(h, 0x14, NULL, 0);
        assert_int_equal(sim_get32(r.data), 4);
        for (size_t i = 0; i < sizeof gone; i++)
            assert_status(host_words(h, gone[i], WORDS(0, 0, 0, 0), 4), 0x14, 1, 5);
        assert_int_equal(attach(h, 0), 0);
        assert_int_equal(set_size(h, 4 << 20), 0);
        assert_status(host_words(h, 0x02, WORDS(0x400, 1, 0x400, 0x4000, 0), 5), 2, 0, 0);
        assert_status(host_block(h, 0x03, 0, bytes, 0x400), 3, 0, 0);
        assert_flash(h, 0x4000, bytes, sizeof bytes);
        host_free(h);
    }
}

static void security_is_told_in_flags_and_efuses(void **state)
{
    (void)state;
    /* secure boot, crypt count: word and bits */
    static const struct {
        const char *chip;
        uint32_t boot_addr, boot_bit, count_addr, count_bit, count_mask;
    } row[] = {
        { "esp32s2", 0x3f41a038, 20, 0x3f41a034, 18, 7 },
        { "esp32s3", 0x60007038, 20, 0x60007034, 18, 7 },
        { "esp32c3", 0x60008838, 20, 0x60008834, 18, 7 },
        { "esp32c6", 0x600b0838, 20, 0x600b0834, 18, 7 },
        { "esp32h2", 0x600b0838, 20, 0x600b0834, 18, 7 },
        { "esp32h21", 0x600b4038, 20, 0x600b4034, 18, 7 },
        { "esp32p4", 0x5012d038, 20, 0x5012d034, 18, 7 },
        { "esp32c5", 0x600b4838, 25, 0x600b4834, 16, 7 },
        { "esp32c61", 0x600b4834, 26, 0x600b4830, 23, 7 },
        { "esp32h4", 0x600b1838, 5, 0x600b1830, 23, 7 },
        { "esp32s31", 0x2071503c, 2, 0x20715034, 21, 7 },
        { "esp32c2", 0x60008830, 21, 0x60008830, 7, 7 },
        { "esp32", 0x3ff5a018, 5, 0x3ff5a000, 20, 0x7f },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        for (int on = 0; on < 2; on++) {
            struct chip_sim_config config = config_of(row[i].chip);
            config.secure_boot = config.flash_encryption = on;
            struct host *h = connected(config);
            uint32_t count = read_reg(h, row[i].count_addr) >> row[i].count_bit & row[i].count_mask;
            assert_int_equal(__builtin_popcount(count) % 2, on);
            assert_int_equal(read_reg(h, row[i].boot_addr) >> row[i].boot_bit & 1, on);
            if (strcmp(row[i].chip, "esp32") != 0) {
                struct reply r = host_command(h, 0x14, NULL, 0);
                assert_int_equal(sim_get32(r.data), on);
                assert_int_equal(__builtin_popcount(r.data[4]) % 2, on);
            }
            host_free(h);
        }
    }
}

static void load_stub(struct host *h, const char *file, struct sim_stub_file *f)
{
    assert_true(sim_stub_file_load(f, file));
    host_load_ram(h, f->text_start, f->text, f->text_bytes);
    host_load_ram(h, f->data_start, f->data, f->data_bytes);
}

static bool says_hello(struct host *h)
{
    uint8_t hello[16];
    return host_get_frame(h, hello, sizeof hello, 1000 * MS) == 4 && memcmp(hello, "OHAI", 4) == 0;
}

static void secure_boot_blocks_the_stub_of_s3_and_c3(void **state)
{
    (void)state;
    struct sim_stub_file f = { 0 };
    SKIP_WITHOUT_STUBS();
    struct chip_sim_config config = config_of("esp32c3");
    config.secure_boot = true;
    struct host *h = connected(config);
    load_stub(h, "esp32c3.json", &f);
    assert_int_equal(host_words(h, 0x06, WORDS(0, f.entry), 2).data[0], 1);
    assert_false(says_hello(h));
    sim_stub_file_done(&f);
    host_free(h);

    config.chip = "esp32s3";
    h = connected(config);
    load_stub(h, "esp32s3.json", &f);
    assert_int_equal(host_words(h, 0x06, WORDS(0, f.entry), 2).data[0], 1);
    assert_false(says_hello(h));
    /* The way round: a pointer that READ_FLASH_SLOW calls. */
    assert_status(host_words(h, 0x06, WORDS(1, 0), 2), 6, 0, 0);
    uint32_t old = read_reg(h, 0x3fcef688);
    assert_int_not_equal(old, 0);
    write_reg(h, 0x3fcef688, f.entry);
    host_send(h, 0x0e, (uint8_t[8]){ 0 }, 8, 0);
    assert_true(says_hello(h));
    write_reg(h, 0x3fcef688, old);
    assert_string_equal(host_state(h).mode, "stub");
    sim_stub_file_done(&f);
    host_free(h);
}

/* An image with checksum and digest, and behind its sector, if asked for, a signature block. */
static size_t make_image(uint8_t *out, uint8_t chip_id, bool with_signature)
{
    uint8_t sum = 0xef;
    memset(out, 0xff, 0x2000);
    memset(out, 0, 112);
    memcpy(out, "\xe9\x01\x02\x20", 4);
    out[12] = chip_id;
    out[23] = 1;
    sim_put32(out + 28, 64);
    fill_pattern(out + 32, 64, 3);
    for (size_t i = 32; i < 96; i++)
        sum ^= out[i];
    out[111] = sum;
    assert_true(EVP_Digest(out, 112, out + 112, NULL, EVP_sha256(), NULL));
    if (!with_signature)
        return 144;
    memcpy(out + 0x1000, "\xe7\x02\x00\x00", 4);
    assert_true(EVP_Digest(out, 0x1000, out + 0x1004, NULL, EVP_sha256(), NULL));
    return 0x2000;
}

static bool boots(struct host *h, bool signed_loader, bool signed_app)
{
    uint8_t image[0x2000], table[64];
    size_t n = make_image(image, 13, signed_loader);
    chip_sim_flash_fill(h->sim, SIM_FILL_BLANK);
    assert_true(chip_sim_flash_load(h->sim, 0, image, n));
    n = make_image(image, 13, signed_app);
    assert_true(chip_sim_flash_load(h->sim, 0x10000, image, n));
    memset(table, 0xff, sizeof table);
    memset(table, 0, 32);
    memcpy(table, "\xaa\x50\x00\x00", 4);
    sim_put32(table + 4, 0x10000);
    sim_put32(table + 8, 0x100000);
    assert_true(chip_sim_flash_load(h->sim, 0x8000, table, sizeof table));
    host_forget(h);
    host_hard_reset(h);
    host_wait(h, 900 * MS);
    return host_state(h).running;
}

static void secured_boards_start_only_what_is_meant_for_them(void **state)
{
    (void)state;
    struct chip_sim_config config = config_of("esp32c6");
    config.secure_boot = true;
    struct host *h = host_with(config);
    assert_false(boots(h, false, false));
    assert_true(host_heard(h, "secure boot verification failed"));
    assert_false(boots(h, true, false));
    assert_true(boots(h, true, true));
    host_free(h);
    config.secure_boot = false;
    h = host_with(config);
    assert_true(boots(h, false, false));
    host_free(h);
    config.flash_encryption = true;
    h = host_with(config);
    assert_false(boots(h, false, false)); /* plain images come out of decryption as noise */
    assert_true(host_heard(h, "invalid header: 0x"));
    host_free(h);
}

/* Of the ESP32-C6, past the controller. */
static void burn(struct host *h, unsigned block, unsigned word, uint32_t bits)
{
    h->sim->fuses.burnt[block][word] |= bits;
    sim_fuse_show(h->sim);
}

static void digests_in_fuses_say_whose_images_start(void **state)
{
    uint8_t key[776], digest[32];
    struct host *h = host_with(config_of("esp32c6"));
    (void)state;
    memset(key, 0xff, sizeof key); /* what make_image has there */
    assert_true(EVP_Digest(key, sizeof key, digest, NULL, EVP_sha256(), NULL));
    burn(h, 0, 3, 1u << 20); /* SECURE_BOOT_EN, and no digest yet */
    assert_false(boots(h, true, true));
    burn(h, 0, 3, 10); /* KEY2 is SECURE_BOOT_DIGEST1 */
    for (unsigned i = 0; i < 8; i++)
        burn(h, 6, i, sim_get32(digest + 4 * i));
    assert_true(boots(h, true, true));
    assert_true(host_heard(h, "secure boot verification succeeded"));
    assert_true(host_heard(h, "secure boot v2 is already enabled"));
    assert_false(boots(h, true, false));
    burn(h, 0, 2, 1u << 22); /* revoked */
    assert_false(boots(h, true, true));
    host_free(h);
}

/* In units of 128 bytes that are turned round, as espsecure does. */
static void encrypt(struct host *h, const uint8_t key[32], uint32_t addr, uint32_t n)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    for (uint32_t at = addr; at < addr + n; at += 128) {
        uint8_t bytes[128], turned[128], tweak[16] = { 0 };
        int len;
        assert_true(chip_sim_flash_read(h->sim, at, bytes, sizeof bytes));
        for (size_t i = 0; i < 128; i++)
            turned[i] = bytes[127 - i];
        sim_put32(tweak, at);
        assert_true(EVP_EncryptInit_ex(ctx, EVP_aes_128_xts(), NULL, key, tweak));
        assert_true(EVP_EncryptUpdate(ctx, bytes, &len, turned, sizeof turned));
        for (size_t i = 0; i < 128; i++)
            turned[i] = bytes[127 - i];
        assert_true(chip_sim_flash_load(h->sim, at, turned, sizeof turned));
    }
    EVP_CIPHER_CTX_free(ctx);
}

static bool boots_encrypted(struct host *h, const uint8_t key[32])
{
    boots(h, false, false);
    encrypt(h, key, 0, 0x1000);
    encrypt(h, key, 0x8000, 0x1000);
    encrypt(h, key, 0x10000, 0x1000);
    host_forget(h);
    host_hard_reset(h);
    host_wait(h, 900 * MS);
    return host_state(h).running;
}

static void a_key_in_fuses_reads_what_it_has_encrypted(void **state)
{
    uint8_t key[32], other[32];
    struct host *h = host_with(config_of("esp32c6"));
    (void)state;
    fill_pattern(key, sizeof key, 5);
    fill_pattern(other, sizeof other, 6);
    for (unsigned i = 0; i < 32; i++) /* the other way round, as espefuse burns it */
        burn(h, 4, i / 4, (uint32_t)key[31 - i] << i % 4 * 8);
    burn(h, 0, 2, 4u << 24);             /* KEY_PURPOSE_0 */
    burn(h, 0, 1, 1);                    /* hidden from us, and not from the chip */
    assert_true(boots(h, false, false)); /* it is not on yet */
    burn(h, 0, 2, 1u << 18);
    assert_false(boots(h, false, false));
    assert_false(boots_encrypted(h, other));
    assert_true(boots_encrypted(h, key));
    assert_true(host_heard(h, "flash encryption is enabled (1 plaintext flashes left)"));
    burn(h, 0, 2, 1u << 19); /* an even number of bits: off again */
    assert_true(boots(h, false, false));
    burn(h, 0, 2, 1u << 20);
    assert_true(boots_encrypted(h, key));
    assert_true(host_heard(h, "(0 plaintext flashes left)"));
    host_free(h);
}

/* What it is sent goes into the flash as the chip reads it, until a fuse forbids it. */
static void the_loader_encrypts_what_it_is_asked_to(void **state)
{
    uint8_t plain[0x400], key[32], raw[0x400];
    struct host *h = host_with(config_of("esp32c6"));
    (void)state;
    fill_pattern(key, sizeof key, 5);
    fill_pattern(plain, sizeof plain, 7);
    host_connect(h);
    attach(h, 0);
    assert_int_not_equal(host_words(h, 0x02, WORDS(0x400, 1, 0x400, 0x10000, 1), 5).data[0], 0);
    for (unsigned i = 0; i < 32; i++)
        burn(h, 4, i / 4, (uint32_t)key[31 - i] << i % 4 * 8);
    burn(h, 0, 2, 4u << 24);
    assert_status(host_words(h, 0x02, WORDS(0x400, 1, 0x400, 0x10000, 1), 5), 2, 0, 0);
    assert_status(host_block(h, 0x03, 0, plain, sizeof plain), 3, 0, 0);
    assert_true(chip_sim_flash_read(h->sim, 0x10000, raw, sizeof raw));
    assert_memory_not_equal(raw, plain, sizeof plain);
    assert_true(chip_sim_flash_load(h->sim, 0x20000, plain, sizeof plain));
    assert_true(sim_fuse_decrypt_flash(h->sim));
    assert_flash(h, 0x10000, plain, sizeof plain);
    sim_fuse_encrypted_again(h->sim);
    burn(h, 0, 1, 1u << 20); /* DIS_DOWNLOAD_MANUAL_ENCRYPT */
    assert_int_not_equal(host_words(h, 0x02, WORDS(0x400, 1, 0x400, 0x10000, 1), 5).data[0], 0);
    host_free(h);
}

/* ---- The flash ---- */

static void power_on_flash(struct host *h)
{
    write_reg(h, 0x5011010c, 1);
    host_wait(h, 10 * MS);
    write_reg(h, 0x501151bc, read_reg(h, 0x501151bc) | 1u << 27);
    write_reg(h, 0x501151b8, read_reg(h, 0x501151b8) | 1u << 7);
    write_reg(h, 0x501153fc, read_reg(h, 0x501153fc) | 3);
    write_reg(h, 0x501151bc, read_reg(h, 0x501151bc) & ~(1u << 27));
    write_reg(h, 0x501151b8, read_reg(h, 0x501151b8) & ~(0xffu << 23));
    write_reg(h, 0x501151b8, read_reg(h, 0x501151b8) | 0x80);
    write_reg(h, 0x501151b8, read_reg(h, 0x501151b8) & ~(1u << 7));
    host_wait(h, 2 * MS);
}

static void p4_flash_needs_power_in_two_revisions(void **state)
{
    (void)state;
    static const int revision[] = { 103, 300, 301, 302, 303 };
    for (size_t i = 0; i < sizeof revision / sizeof revision[0]; i++) {
        struct chip_sim_config config = config_of("esp32p4");
        bool off = revision[i] == 301 || revision[i] == 302;
        config.revision = revision[i];
        struct host *h = connected(config);
        attach(h, 0);
        assert_int_equal(flash_command(h, 0x5008d000, 0x9f, 24), off ? 0xffffff : 0x1640ef);
        struct reply r = host_words(h, 0x02, WORDS(0x1000, 4, 0x400, 0, 0), 5);
        assert_int_equal(r.data[0], off);
        if (off) {
            power_on_flash(h);
            assert_int_equal(flash_command(h, 0x5008d000, 0x9f, 24), 0x1640ef);
        }
        host_free(h);
    }
}

static void xmc_flash_wakes_by_its_sequence(void **state)
{
    (void)state;
    const uint32_t spi = 0x60002000;
    struct host *h = connected(config_of("esp32c3"));
    host_fault(h, "xmc");
    attach(h, 0);
    assert_int_equal(flash_command(h, spi, 0x9f, 24), 0xffffff);
    write_reg(h, spi + 0x1c, 23u << 26 | 7);
    write_reg(h, spi + 0x28, 7);
    write_reg(h, spi + 0x18, 1u << 31 | 1u << 30 | 1u << 29 | 1u << 28);
    write_reg(h, spi + 0x20, 7u << 28 | 0x5a);
    write_reg(h, spi + 4, 0x10);
    write_reg(h, spi, 1u << 18);
    assert_int_equal(read_reg(h, spi + 0x58) & 0xff, 0x20);
    static const uint8_t words[] = { 0xb9, 0x79, 0xff };
    for (size_t i = 0; i < 2; i++)
        flash_command(h, spi, words[i], 0);
    flash_command(h, spi, 0xab, 0); /* one word is missing */
    assert_int_equal(flash_command(h, spi, 0x9f, 24), 0xffffff);
    uint8_t word[16] = { 0 };
    assert_status(host_words(h, 0x02, WORDS(16, 1, 16, 0, 0), 5), 2, 0, 0);
    assert_status(host_block(h, 0x03, 0, word, sizeof word), 3, 0, 0);
    memset(word, 0xff, sizeof word);
    assert_flash(h, 0, word, sizeof word); /* nothing was written */
    for (size_t i = 0; i < 3; i++)
        flash_command(h, spi, words[i], 0);
    host_wait(h, 2 * MS);
    flash_command(h, spi, 0xab, 0);
    assert_int_equal(flash_command(h, spi, 0x9f, 24), 0x164020);
    host_connect(h); /* a reset of the chip is none of the flash */
    attach(h, 0);
    assert_int_equal(flash_command(h, spi, 0x9f, 24), 0x164020);
    chip_sim_power(h->sim, false, h->now_us);
    chip_sim_power(h->sim, true, h->now_us);
    host_connect(h);
    attach(h, 0);
    assert_int_equal(flash_command(h, spi, 0x9f, 24), 0xffffff);
    host_free(h);
}

static uint32_t esp32_flash_id(struct host *h)
{
    write_reg(h, 0x3ff42000 + 0x2c, 23);
    write_reg(h, 0x3ff42000 + 0x1c, 1u << 31 | 1u << 28);
    write_reg(h, 0x3ff42000 + 0x24, 7u << 28 | 0x9f);
    write_reg(h, 0x3ff42000, 1u << 18);
    return read_reg(h, 0x3ff42000 + 0x80) & 0xffffff;
}

static void pico_d4_has_its_flash_at_other_pins(void **state)
{
    (void)state;
    struct chip_sim_config config = config_of("esp32");
    config.pico_d4 = true;
    struct host *h = connected(config);
    uint32_t w3 = read_reg(h, 0x3ff5a00c), w5 = read_reg(h, 0x3ff5a014);
    uint32_t word = (w3 >> 4 & 31) << 24 | (w5 >> 15 & 31) << 18 | (w5 >> 10 & 31) << 12 |
                    (w5 >> 5 & 31) << 6 | (w5 & 31);
    assert_int_equal(word, 11 << 24 | 16 << 18 | 8 << 12 | 17 << 6 | 6);
    attach(h, 0);
    assert_int_equal(esp32_flash_id(h), 0xffffff);
    assert_status(host_words(h, 0x02, WORDS(0x1000, 4, 0x400, 0), 4), 2, 1, 6);
    attach(h, word);
    assert_int_equal(esp32_flash_id(h), 0x1640ef);
    if (have_stubs()) { /* which finds it by itself */
        host_connect(h);
        host_start_stub(h, "esp32.json");
        assert_int_equal(esp32_flash_id(h), 0x1640ef);
    }
    host_free(h);
    h = connected(config_of("esp32"));
    attach(h, word);
    assert_int_equal(esp32_flash_id(h), 0xffffff);
    attach(h, 1); /* HSPI */
    assert_int_equal(esp32_flash_id(h), 0xffffff);
    attach(h, 9 << 24 | 11 << 18 | 8 << 12 | 7 << 6 | 6);
    assert_int_equal(esp32_flash_id(h), 0x1640ef);
    host_free(h);
}

static void write_at(struct host *h, uint32_t addr, const uint8_t *bytes, uint32_t n)
{
    struct reply r = host_words(h, 0x02, WORDS(n, 1, n, addr, 0), 5);
    assert_int_equal(r.data[0], 0);
    r = host_block(h, 0x03, 0, bytes, n);
    assert_int_equal(r.data[0], 0);
    host_wait(h, 1000 * MS);
}

/* Three bytes of address do not reach behind 16 MB: the ROM starts again at 0, and so do some
 * stubs. */
static void flash_behind_16_mb_wants_the_right_stub(void **state)
{
    (void)state;
    static const struct {
        const char *chip, *stub; /* NULL: through the ROM */
        bool reaches;
    } row[] = {
        { "esp32s3", NULL, false },
        { "esp32s3", "esp32s3.json", true },
        { "esp32p4", "esp32p4-rev1.json", true },
        { "esp32c5", "esp32c5.json", true },
        { "esp32c61", "esp32c61.json", true },
        { "esp32s31", "esp32s31.json", true },
        { "esp32c3", "esp32c3.json", false },
        { "esp32s2", "esp32s2.json", false },
    };
    const uint32_t addr = 0x1234000;
    uint8_t bytes[0x400];
    SKIP_WITHOUT_STUBS();
    fill_pattern(bytes, sizeof bytes, 4);
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct chip_sim_config config = config_of(row[i].chip);
        config.flash_bytes = 32 << 20;
        struct host *h = connected(config);
        if (row[i].stub)
            host_start_stub(h, row[i].stub);
        else
            attach(h, 0);
        set_size(h, 32 << 20);
        write_at(h, addr, bytes, sizeof bytes);
        assert_flash(h, row[i].reaches ? addr : addr - (16 << 20), bytes, sizeof bytes);
        assert_int_equal(flash_command(h, 0x60002000, 0x9f, 24) == 0x1940ef,
                         strcmp(row[i].chip, "esp32s3") == 0 ||
                             strcmp(row[i].chip, "esp32c3") == 0);
        host_free(h);
    }
}

/* ---- The old stub ---- */

/* Some code that is no stub this fixture knows. */
static struct host *with_v1(const char *chip, uint32_t addr)
{
    uint8_t code[0x400];
    struct chip_sim_config config = config_of(chip);
    config.stub_v1 = true;
    struct host *h = connected(config);
    fill_pattern(code, sizeof code, 77);
    host_load_ram(h, addr, code, sizeof code);
    assert_status(host_words(h, 0x06, WORDS(0, addr + 0x20), 2), 6, 0, 0);
    assert_true(says_hello(h));
    return h;
}

static void v1_takes_any_code_but_only_when_asked(void **state)
{
    (void)state;
    uint8_t code[0x400];
    fill_pattern(code, sizeof code, 77);
    struct host *h = connected(config_of("esp32c3"));
    host_load_ram(h, 0x40380000, code, sizeof code);
    host_words(h, 0x06, WORDS(0, 0x40380020), 2);
    assert_false(says_hello(h));
    host_free(h);
    struct chip_sim_config config = config_of("esp32c3");
    config.stub_v1 = true;
    h = connected(config);
    host_load_ram(h, 0x40380000, code, sizeof code);
    host_words(h, 0x06, WORDS(0, 0x40390000), 2); /* an entry where nothing was loaded */
    assert_false(says_hello(h));
    host_free(h);
}

static void v1_answers_in_its_own_way(void **state)
{
    (void)state;
    struct host *h = with_v1("esp32c3", 0x40380000);
    assert_status(host_command(h, 0x0e, (uint8_t[8]){ 0 }, 8), 0x0e, 0xff, 0); /* unknown */
    assert_status(host_words(h, 0xd1, WORDS(0x1001, 0x1000), 2), 0xd1, 0x01, 0);
    assert_status(host_words(h, 0x13, WORDS(0x10000000, 0x1000, 0, 0), 4), 0x13, 0x01, 0);
    assert_status(host_words(h, 0x04, WORDS(1), 1), 4, 0xc6, 0); /* END without BEGIN */
    assert_status(host_words(h, 0x02, WORDS(0x800, 2, 0x400, 0, 0), 5), 2, 0, 0);
    assert_status(host_words(h, 0x04, WORDS(1), 1), 4, 0xc8, 0); /* bytes are missing */
    /* Lengths count, but those of END. */
    assert_status(host_command(h, 0x0a, (uint8_t[8]){ 0x00, 0x10, 0x00, 0x40 }, 8), 0x0a, 0xc0, 0);
    assert_status(host_words(h, 0x13, WORDS(0, 0x1000, 0), 3), 0x13, 0x01, 0);
    assert_status(host_words(h, 0x04, WORDS(1, 0), 2), 4, 0xc8, 0);
    /* Its security answer counts two bytes too few. */
    host_send(h, 0x14, NULL, 0, 0);
    uint8_t frame[64];
    size_t n = host_get_frame(h, frame, sizeof frame, 100 * MS);
    assert_int_equal(n, 8 + 22);
    assert_int_equal(sim_get16(frame + 2), 20);
    assert_int_equal(sim_get32(frame + 8 + 12), 5);
    host_free(h);
}

static void v1_keeps_a_late_error_until_the_next_begin(void **state)
{
    (void)state;
    static const uint8_t broken[64] = { 0x78, 0x9c, 0xff, 0xff, 0xff };
    struct host *h = with_v1("esp32c3", 0x40380000);
    assert_status(host_words(h, 0x10, WORDS(0x1000, 3, 0x40, 0, 0), 5), 0x10, 0, 0);
    assert_status(host_block(h, 0x11, 0, broken, sizeof broken), 0x11, 0, 0); /* taken */
    assert_status(host_words(h, 0x0a, WORDS(0x40001000), 1), 0x0a, 0, 0);     /* not told here */
    assert_status(host_block(h, 0x11, 1, broken, sizeof broken), 0x11, 0xc7, 0);
    assert_status(host_block(h, 0x11, 2, broken, sizeof broken), 0x11, 0xc7, 0);
    assert_status(host_words(h, 0x12, WORDS(1), 1), 0x12, 0xc8,
                  0); /* what is missing comes first */
    assert_status(host_words(h, 0x02, WORDS(0x10, 1, 0x10, 0, 0), 5), 2, 0, 0);
    assert_status(host_block(h, 0x03, 0, broken, 16), 3, 0, 0);
    assert_status(host_words(h, 0x04, WORDS(1), 1), 4, 0, 0);
    assert_string_equal(host_state(h).mode, "stub");
    assert_status(host_words(h, 0x02, WORDS(0, 0, 0x10, 0, 0), 5), 2, 0, 0);
    assert_status(host_words(h, 0x04, WORDS(0), 1), 4, 0, 0); /* this flag reboots */
    host_wait(h, 100 * MS);
    assert_string_equal(host_state(h).mode, "rom");
    host_free(h);
}

/* Files of other versions are known by the room that they leave in front of their data. */
static void other_stubs_run_as_their_generation(void **state)
{
    (void)state;
    static const struct {
        uint32_t bss_bytes, text_bytes;
        int generation; /* 0: it is nothing but an application */
    } row[] = {
        { 0x12bb4, 0x1000, 1 }, { 0x12ba8, 0x1000, 1 }, { 0x12d64, 0x1000, 2 },
        { 0x12f0c, 0x1000, 2 }, { 0x0c020, 0x1000, 0 }, { 0x14000, 0x1000, 0 },
    };
    uint8_t code[0x1000];
    struct sim_stub_file f = { 0 };
    SKIP_WITHOUT_STUBS();
    fill_pattern(code, sizeof code, 79);
    assert_true(sim_stub_file_load(&f, "esp32c3.json"));
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct host *h = connected(config_of("esp32c3"));
        host_load_ram(h, f.text_start, code, row[i].text_bytes);
        host_load_ram(h, f.bss_start + row[i].bss_bytes, code, 64);
        host_words(h, 0x06, WORDS(0, f.text_start + 0x20), 2);
        assert_int_equal(says_hello(h), row[i].generation != 0);
        if (row[i].generation)
            assert_status(host_command(h, 0x19, NULL, 0), 0x19,
                          row[i].generation == 1 ? 0xff : 0xc3, 0);
        host_free(h);
    }
    sim_stub_file_done(&f);
}

static void v1_erases_what_is_blank_already(void **state)
{
    (void)state;
    static const uint8_t bytes[0x400] = { 1 };
    struct host *h = with_v1("esp32c3", 0x40380000);
    write_at(h, 0x10000, bytes, sizeof bytes);
    assert_int_equal(host_state(h).erased_sectors, 1);
    host_free(h);
    if (!have_stubs())
        return;
    h = connected(config_of("esp32c3"));
    host_start_stub(h, "esp32c3.json");
    write_at(h, 0x10000, bytes, sizeof bytes);
    assert_int_equal(host_state(h).erased_sectors, 0);
    host_free(h);
}

static void v1_trusts_the_old_rate(void **state)
{
    (void)state;
    struct host *h = with_v1("esp32c3", 0x40380000);
    assert_status(host_words(h, 0x0f, WORDS(460800, 115200), 2), 0x0f, 0, 0);
    host_wait(h, 20 * MS);
    assert_int_equal(host_state(h).chip_baud, 460800);
    chip_sim_host_baud(h->sim, 460800, h->now_us);
    assert_status(host_words(h, 0x0f, WORDS(921600, 230400), 2), 0x0f, 0, 0);
    host_wait(h, 20 * MS);
    assert_int_equal(host_state(h).chip_baud, 4 * 460800);
    host_free(h);
}

/* Of 52 MHz: 451 for 115200 baud; a whole divider of 25.97 is 25, that of 112.7 is 112. */
static void v1_cuts_off_what_the_esp8266_cannot_divide(void **state)
{
    (void)state;
    static const uint32_t rows[][2] = { { 2000000, 2080000 }, { 460800, 464285 } };
    for (size_t i = 0; i < 2; i++) {
        struct host *h = with_v1("esp8266", 0x40100000);
        host_words(h, 0x0f, WORDS(rows[i][0], 115200), 2);
        host_wait(h, 15 * MS);
        assert_int_equal(host_state(h).chip_baud, rows[i][1]);
        host_free(h);
    }
}

static void v1_says_nothing_to_long_packets_and_to_run_user_code(void **state)
{
    (void)state;
    struct host *h = with_v1("esp8266", 0x40100000);
    host_send(h, 0xd2, (const uint8_t[16]){ 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 0x10, 0, 0, 64 }, 16, 0);
    assert_false(host_get(h, 1000 * MS).found);
    assert_string_equal(host_state(h).mode, "stub");
    host_send(h, 0xd3, NULL, 0, 0);
    assert_false(host_get(h, 100 * MS).found);
    assert_string_not_equal(host_state(h).mode, "stub"); /* into what is in the flash */
    assert_string_not_equal(host_state(h).mode, "rom");
    host_free(h);
}

static void v1_carries_out_again_what_an_empty_frame_finds(void **state)
{
    (void)state;
    struct host *h = with_v1("esp32c3", 0x40380000);
    host_words(h, 0x0a, WORDS(0x40001000), 1);
    uint64_t frames = host_state(h).frames;
    host_raw(h, "\xc0\xc0", 2);
    host_wait(h, 100 * MS);
    assert_int_equal(host_state(h).frames, frames + 1);
    host_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sdm_leaves_a_few_commands),
        cmocka_unit_test(security_is_told_in_flags_and_efuses),
        cmocka_unit_test(secure_boot_blocks_the_stub_of_s3_and_c3),
        cmocka_unit_test(secured_boards_start_only_what_is_meant_for_them),
        cmocka_unit_test(digests_in_fuses_say_whose_images_start),
        cmocka_unit_test(a_key_in_fuses_reads_what_it_has_encrypted),
        cmocka_unit_test(the_loader_encrypts_what_it_is_asked_to),
        cmocka_unit_test(p4_flash_needs_power_in_two_revisions),
        cmocka_unit_test(xmc_flash_wakes_by_its_sequence),
        cmocka_unit_test(pico_d4_has_its_flash_at_other_pins),
        cmocka_unit_test(flash_behind_16_mb_wants_the_right_stub),
        cmocka_unit_test(v1_takes_any_code_but_only_when_asked),
        cmocka_unit_test(v1_answers_in_its_own_way),
        cmocka_unit_test(v1_keeps_a_late_error_until_the_next_begin),
        cmocka_unit_test(v1_erases_what_is_blank_already),
        cmocka_unit_test(other_stubs_run_as_their_generation),
        cmocka_unit_test(v1_trusts_the_old_rate),
        cmocka_unit_test(v1_cuts_off_what_the_esp8266_cannot_divide),
        cmocka_unit_test(v1_says_nothing_to_long_packets_and_to_run_user_code),
        cmocka_unit_test(v1_carries_out_again_what_an_empty_frame_finds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
