/* Every virtual chip against the published facts about the real one: who it says it is, where its
 * registers are, how it is flashed, what it starts. The facts stand here once more, on purpose. */
#include "core/facts/chip.h"
#include "tests/unit/fixture_help.h"

#include <openssl/evp.h>
#include <zlib.h>

/* Some bits of a register, worth `factor` each. */
struct part {
    uint32_t addr;
    uint8_t bit, bits, factor;
};

struct facts {
    const char *name, *stub; /* stub NULL: none exists */
    uint32_t id, magic;      /* magic 0: not looked at */
    uint8_t info_bytes;      /* payload of GET_SECURITY_INFO */
    uint32_t mac, spi, boot; /* first MAC word, flash controller, place of the boot loader */
    bool eui;
    int revision; /* asked for, to be read back through these: */
    struct part major[2], minor[2], package;
    uint32_t unique; /* of the 128-bit id; 0: none */
};

static const struct facts all[] = {
    { "esp32s2",
      "esp32s2.json",
      2,
      0x000007c6,
      12,
      0x3f41a044,
      0x3f402000,
      0x1000,
      false,
      109,
      { { 0x3f41a050, 18, 2, 1 } },
      { { 0x3f41a054, 4, 3, 1 }, { 0x3f41a050, 20, 1, 8 } },
      { 0x3f41a054, 0, 4, 1 },
      0x3f41a05c },
    { "esp32s3",
      "esp32s3.json",
      9,
      0,
      20,
      0x60007044,
      0x60002000,
      0,
      false,
      211,
      { { 0x60007058, 24, 2, 1 } },
      { { 0x60007050, 18, 3, 1 }, { 0x60007058, 23, 1, 8 } },
      { 0x60007050, 21, 3, 1 },
      0x6000705c },
    { "esp32c2",
      "esp32c2.json",
      12,
      0,
      20,
      0x60008840,
      0x60002000,
      0,
      false,
      203,
      { { 0x60008844, 20, 2, 1 } },
      { { 0x60008844, 16, 4, 1 } },
      { 0x60008844, 22, 3, 1 },
      0 },
    { "esp32c3",
      "esp32c3.json",
      5,
      0,
      20,
      0x60008844,
      0x60002000,
      0,
      false,
      109,
      { { 0x60008858, 24, 2, 1 } },
      { { 0x60008850, 18, 3, 1 }, { 0x60008858, 23, 1, 8 } },
      { 0x60008850, 21, 3, 1 },
      0x6000885c },
    { "esp32c5",
      "esp32c5.json",
      23,
      0,
      20,
      0x600b4844,
      0x60003000,
      0x2000,
      true,
      203,
      { { 0x600b484c, 4, 2, 1 } },
      { { 0x600b484c, 0, 4, 1 } },
      { 0x600b484c, 26, 3, 1 },
      0x600b485c },
    { "esp32c6",
      "esp32c6.json",
      13,
      0x2ce0806f,
      20,
      0x600b0844,
      0x60003000,
      0,
      true,
      213,
      { { 0x600b0850, 22, 2, 1 } },
      { { 0x600b0850, 18, 4, 1 } },
      { 0x600b0850, 24, 3, 1 },
      0x600b085c },
    { "esp32c61",
      "esp32c61.json",
      20,
      0,
      20,
      0x600b4844,
      0x60003000,
      0,
      false,
      104,
      { { 0x600b484c, 4, 2, 1 } },
      { { 0x600b484c, 0, 4, 1 } },
      { 0x600b484c, 26, 3, 1 },
      0x600b485c },
    { "esp32h2",
      "esp32h2.json",
      16,
      0,
      20,
      0x600b0844,
      0x60003000,
      0,
      true,
      106,
      { { 0x600b0850, 21, 2, 1 } },
      { { 0x600b0850, 18, 3, 1 } },
      { 0x600b0854, 0, 3, 1 },
      0x600b085c },
    { "esp32h4",
      "esp32h4.json",
      28,
      0,
      20,
      0x600b1844,
      0x60099000,
      0x2000,
      true,
      102,
      { { 0x600b1850, 22, 2, 1 } },
      { { 0x600b1850, 18, 4, 1 } },
      { 0x600b1854, 12, 3, 1 },
      0x600b185c },
    { "esp32h21",
      NULL,
      25,
      0,
      20,
      0x600b4044,
      0x60003000,
      0,
      true,
      201,
      { { 0x600b4058, 8, 2, 1 } },
      { { 0x600b4058, 4, 4, 1 } },
      { 0x600b4058, 11, 3, 1 },
      0x600b405c },
    { "esp32p4",
      "esp32p4-rev1.json",
      18,
      0,
      20,
      0x5012d044,
      0x5008d000,
      0x2000,
      false,
      103,
      { { 0x5012d04c, 4, 2, 1 }, { 0x5012d04c, 23, 1, 4 } },
      { { 0x5012d04c, 0, 4, 1 } },
      { 0x5012d04c, 20, 3, 1 },
      0x5012d05c },
    { "esp32p4",
      "esp32p4.json",
      18,
      0,
      20,
      0x5012d044,
      0x5008d000,
      0x2000,
      false,
      503,
      { { 0x5012d04c, 4, 2, 1 }, { 0x5012d04c, 23, 1, 4 } },
      { { 0x5012d04c, 0, 4, 1 } },
      { 0x5012d04c, 20, 3, 1 },
      0x5012d05c },
    { "esp32s31",
      "esp32s31.json",
      32,
      0,
      20,
      0x20715050,
      0x20501000,
      0x2000,
      false,
      102,
      { { 0x2071505c, 22, 2, 1 } },
      { { 0x2071505c, 18, 4, 1 } },
      { 0x20715060, 6, 2, 1 },
      0x20715068 },
    { "esp32e22",
      NULL,
      31,
      0,
      20,
      0xc4008044,
      0xc3003000,
      0,
      false,
      0,
      { { 0 } },
      { { 0 } },
      { 0 },
      0 },
};

#define EACH(f) for (const struct facts *f = all; f < all + sizeof all / sizeof all[0]; f++)

static struct host *host_of(const struct facts *f)
{
    struct chip_sim_config config = chip_sim_default_config();
    config.chip = f->name;
    config.latency_us = 0;
    config.revision = f->revision;
    config.package = f->package.bits ? 3 : 0;
    memcpy(config.mac, "\x60\x55\xf9\x01\x02\x03", 6);
    return host_with(config);
}

static uint32_t read_reg(struct host *h, uint32_t addr)
{
    struct reply r = host_words(h, 0x0a, WORDS(addr), 1);
    assert_status(r, 0x0a, 0, r.data[1]);
    return r.value;
}

static uint32_t read_part(struct host *h, const struct part *p)
{
    if (p->bits == 0)
        return 0;
    return (read_reg(h, p->addr) >> p->bit & ((1u << p->bits) - 1)) * p->factor;
}

static void chips_are_all_here(void **state)
{
    (void)state;
    for (size_t i = 2; chip_sim_chip_name(i); i++) { /* 0 and 1 have tests of their own */
        bool found = false;
        EACH(f)
        found |= strcmp(f->name, chip_sim_chip_name(i)) == 0;
        if (!found)
            fail_msg("%s has no row in `all` of tests/unit/fixture_chips.c", chip_sim_chip_name(i));
    }
    for (size_t i = 0; i < chip_count(); i++) {
        bool found = false;
        for (size_t k = 0; chip_sim_chip_name(k); k++)
            found |= strcmp(chip_at(i)->id_name, chip_sim_chip_name(k)) == 0;
        if (!found)
            fail_msg("%s has no row in tests/fixture/sim_chips.c", chip_at(i)->id_name);
    }
}

static void chips_say_who_they_are(void **state)
{
    (void)state;
    EACH(f)
    {
        struct host *h = host_of(f);
        host_connect(h);
        struct reply r = host_command(h, 0x14, NULL, 0);
        assert_true(r.found && r.op == 0x14);
        assert_int_equal(r.bytes, f->info_bytes + 4);
        assert_int_equal(sim_get32(r.data), 0);
        assert_int_equal(r.data[f->info_bytes], 0);
        if (f->info_bytes == 20)
            assert_int_equal(sim_get32(r.data + 12), f->id);
        if (f->magic)
            assert_int_equal(read_reg(h, 0x40001000), f->magic);
        host_free(h);
    }
}

static void chips_have_mac_and_revision_in_their_efuses(void **state)
{
    (void)state;
    EACH(f)
    {
        struct host *h = host_of(f);
        host_connect(h);
        assert_int_equal(read_reg(h, f->mac), 0xf9010203);
        uint32_t high = read_reg(h, f->mac + 4);
        assert_int_equal(high & 0xffff, 0x6055);
        if (f->eui)
            assert_int_equal(high >> 16, 0xfffe);
        uint32_t major = read_part(h, &f->major[0]) + read_part(h, &f->major[1]);
        uint32_t minor = read_part(h, &f->minor[0]) + read_part(h, &f->minor[1]);
        assert_int_equal(major * 100 + minor, f->revision);
        assert_int_equal(read_part(h, &f->package), f->package.bits ? 3 : 0);
        if (f->unique) {
            assert_int_not_equal(read_reg(h, f->unique), 0);
            assert_int_not_equal(read_reg(h, f->unique + 12), 0);
        }
        host_free(h);
    }
}

static void write_reg(struct host *h, uint32_t addr, uint32_t value)
{
    assert_status(host_words(h, 0x09, WORDS(addr, value, 0xffffffff, 0), 4), 0x09, 0, 0);
}

/* RDID the long way: command 9F, 24 bits back. */
static uint32_t read_flash_id(struct host *h, uint32_t spi)
{
    write_reg(h, spi + 0x28, 23);
    write_reg(h, spi + 0x18, 1u << 31 | 1u << 28);
    write_reg(h, spi + 0x20, 7u << 28 | 0x9f);
    write_reg(h, spi + 0x58, 0);
    write_reg(h, spi, 1u << 18);
    assert_int_equal(read_reg(h, spi) & 1u << 18, 0);
    return read_reg(h, spi + 0x58) & 0xffffff;
}

static void attach(struct host *h)
{
    assert_int_equal(host_words(h, 0x0d, WORDS(0, 0), 2).data[0], 0);
    assert_int_equal(
        host_words(h, 0x0b, WORDS(0, 4 << 20, 0x10000, 0x1000, 0x100, 0xffff), 6).data[0], 0);
}

static void chips_read_the_flash_id(void **state)
{
    (void)state;
    EACH(f)
    {
        struct host *h = host_of(f);
        host_connect(h);
        assert_int_equal(read_flash_id(h, f->spi), 0xffffff); /* not attached */
        attach(h);
        assert_int_equal(read_flash_id(h, f->spi), 0x1640ef);
        host_free(h);
    }
}

static void md5_of(const uint8_t *bytes, size_t n, uint8_t digest[16])
{
    assert_true(EVP_Digest(bytes, n, digest, NULL, EVP_md5(), NULL));
}

static void hex_of(const uint8_t digest[16], uint8_t hex[32])
{
    for (size_t i = 0; i < 16; i++) {
        hex[2 * i] = (uint8_t) "0123456789abcdef"[digest[i] >> 4];
        hex[2 * i + 1] = (uint8_t) "0123456789abcdef"[digest[i] & 15];
    }
}

static void chips_are_flashed_by_their_rom(void **state)
{
    (void)state;
    uint8_t bytes[0x800], digest[16], hex[32];
    fill_pattern(bytes, sizeof bytes, 5);
    md5_of(bytes, sizeof bytes, digest);
    hex_of(digest, hex);
    EACH(f)
    {
        struct host *h = host_of(f);
        host_connect(h);
        attach(h);
        /* Four words are not enough for these ROMs. */
        assert_status(host_words(h, 0x02, WORDS(0x800, 2, 0x400, 0x3000), 4), 0x02, 1, 5);
        assert_status(host_words(h, 0x02, WORDS(0x800, 2, 0x400, 0x3000, 0), 5), 0x02, 0, 0);
        assert_status(host_block(h, 0x03, 0, bytes, 0x400), 0x03, 0, 0);
        assert_status(host_block(h, 0x03, 1, bytes + 0x400, 0x400), 0x03, 0, 0);
        struct reply r = host_words(h, 0x13, WORDS(0x3000, 0x800, 0, 0), 4);
        assert_int_equal(r.bytes, 36);
        assert_memory_equal(r.data, hex, 32);
        /* The next answer's reserved bytes are still of that digest. */
        r = host_words(h, 0x0a, WORDS(0x40001000), 1);
        assert_int_equal(r.bytes, 4);
        assert_memory_equal(r.data + 2, hex + 2, 2);
        r = host_words(h, 0x0e, WORDS(0x3010, 0x20), 2);
        assert_int_equal(r.bytes, 68);
        assert_memory_equal(r.data, bytes + 0x10, 0x20);
        assert_flash(h, 0x3000, bytes, sizeof bytes);
        host_free(h);
    }
}

static void chips_inflate_in_their_rom(void **state)
{
    (void)state;
    uint8_t bytes[0x1000], packed[0x1200];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * i >> 7);
    EACH(f)
    {
        uLongf n = sizeof packed;
        assert_int_equal(compress2(packed, &n, bytes, sizeof bytes, 9), Z_OK);
        uint32_t blocks = (uint32_t)((n + 0x3ff) / 0x400);
        struct host *h = host_of(f);
        host_connect(h);
        attach(h);
        assert_status(host_words(h, 0x10, WORDS(0x1000, blocks, 0x400, 0x8000, 0), 5), 0x10, 0, 0);
        for (uint32_t i = 0; i < blocks; i++) {
            size_t k = n - i * 0x400 < 0x400 ? n - i * 0x400 : 0x400;
            assert_status(host_block(h, 0x11, i, packed + i * 0x400, k), 0x11, 0, 0);
        }
        assert_flash(h, 0x8000, bytes, sizeof bytes);
        host_free(h);
    }
}

static void chips_start_their_stub(void **state)
{
    (void)state;
    uint8_t bytes[0x1800], digest[16];
    SKIP_WITHOUT_STUBS();
    fill_pattern(bytes, sizeof bytes, 6);
    md5_of(bytes, sizeof bytes, digest);
    EACH(f)
    {
        if (!f->stub)
            continue;
        struct host *h = host_of(f);
        host_connect(h);
        host_start_stub(h, f->stub);
        struct reply r = host_command(h, 0x14, NULL, 0);
        assert_int_equal(r.bytes, f->info_bytes + 2);
        assert_int_equal(read_flash_id(h, f->spi), 0x1640ef);
        assert_status(host_words(h, 0x02, WORDS(sizeof bytes, 1, 0x4000, 0x10004, 0), 5), 2, 0, 0);
        assert_status(host_block(h, 0x03, 0, bytes, sizeof bytes), 0x03, 0, 0);
        r = host_words(h, 0x13, WORDS(0x10004, sizeof bytes, 0, 0), 4);
        assert_int_equal(r.bytes, 18);
        assert_memory_equal(r.data, digest, 16);
        host_free(h);
    }
}

/* Pins that the flash is not at lose it, but where it has pins of its own. */
static void chips_lose_the_flash_by_other_pins(void **state)
{
    (void)state;
    EACH(f)
    {
        if (strcmp(f->name, "esp32p4") != 0 && strcmp(f->name, "esp32c3") != 0)
            continue;
        struct host *h = host_of(f);
        host_connect(h);
        attach(h);
        host_words(h, 0x0d, WORDS(0x12345, 0), 2);
        assert_int_equal(read_flash_id(h, f->spi) == 0x1640ef, strcmp(f->name, "esp32p4") == 0);
        host_free(h);
    }
}

static void chips_do_not_start_a_stub_of_other_silicon(void **state)
{
    (void)state;
    static const struct {
        const char *chip, *file;
        int revision;
    } row[] = {
        { "esp32p4", "esp32p4.json", 215 },
        { "esp32p4", "esp32p4-rev1.json", 300 },
        { "esp32c2", "esp32c2.json", 0 },
        { "esp32c6", "esp32c61.json", 1 },
    };
    uint8_t hello[8];
    SKIP_WITHOUT_STUBS();
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct sim_stub_file s = { 0 };
        struct chip_sim_config config = chip_sim_default_config();
        config.chip = row[i].chip;
        config.revision = row[i].revision;
        struct host *h = host_with(config);
        host_connect(h);
        assert_true(sim_stub_file_load(&s, row[i].file));
        host_load_ram(h, s.text_start, s.text, s.text_bytes);
        host_load_ram(h, s.data_start, s.data, s.data_bytes);
        host_words(h, 0x06, WORDS(0, s.entry), 2);
        assert_int_equal(host_get_frame(h, hello, sizeof hello, 3000 * MS), 0);
        sim_stub_file_done(&s);
        host_free(h);
    }
}

/* ---- Boot ---- */

/* One segment of 64 bytes; checksum; SHA-256. Gives its length. */
static size_t make_image(uint8_t out[256], uint32_t chip_id)
{
    uint8_t sum = 0xef;
    memset(out, 0, 256);
    memcpy(out, "\xe9\x01\x02\x20", 4);
    sim_put16(out + 12, chip_id);
    sim_put16(out + 17, 0xffff);
    out[23] = 1;
    sim_put32(out + 28, 64);
    fill_pattern(out + 32, 64, chip_id + 1);
    for (size_t i = 32; i < 96; i++)
        sum ^= out[i];
    out[111] = sum;
    assert_true(EVP_Digest(out, 112, out + 112, NULL, EVP_sha256(), NULL));
    return 144;
}

static void load_firmware(struct host *h, const struct facts *f, uint32_t loader_id,
                          uint32_t app_id)
{
    uint8_t image[256], table[64];
    size_t n = make_image(image, loader_id);
    assert_true(chip_sim_flash_load(h->sim, f->boot, image, n));
    n = make_image(image, app_id);
    assert_true(chip_sim_flash_load(h->sim, 0x10000, image, n));
    memset(table, 0xff, sizeof table);
    memset(table, 0, 32);
    memcpy(table, "\xaa\x50\x00\x00", 4);
    sim_put32(table + 4, 0x10000);
    sim_put32(table + 8, 0x100000);
    memcpy(table + 12, "factory", 7);
    assert_true(chip_sim_flash_load(h->sim, 0x8000, table, sizeof table));
}

static void chips_boot_their_own_images(void **state)
{
    (void)state;
    EACH(f)
    {
        struct host *h = host_of(f);
        load_firmware(h, f, f->id, f->id);
        host_hard_reset(h);
        host_wait(h, 3000 * MS);
        if (!host_state(h).running)
            fail_msg("%s does not run: %s", f->name, host_state(h).log_tail);
        assert_int_equal(host_state(h).app_addr, 0x10000);
        assert_true(host_heard(h, "application at 0x10000 is running"));
        host_free(h);
    }
}

static void chips_do_not_boot_images_of_others(void **state)
{
    (void)state;
    EACH(f)
    {
        struct host *h = host_of(f);
        load_firmware(h, f, f->id, f->id + 1);
        host_hard_reset(h);
        host_wait(h, 900 * MS);
        assert_false(host_state(h).running);
        assert_true(host_heard(h, "mismatch chip ID"));
        load_firmware(h, f, f->id + 1, f->id);
        host_hard_reset(h);
        host_wait(h, 3000 * MS);
        assert_false(host_state(h).running);
        host_free(h);
    }
}

static void chips_show_their_straps_in_the_log(void **state)
{
    (void)state;
    EACH(f)
    {
        bool second_is_low = strcmp(f->name, "esp32s2") == 0 || strcmp(f->name, "esp32s3") == 0;
        struct host *h = host_of(f);
        if (strcmp(f->name, "esp32c2") == 0)
            chip_sim_host_baud(h->sim, 74880, h->now_us); /* 115200 x 26 / 40 */
        host_hard_reset(h);
        host_wait(h, 900 * MS);
        assert_true(host_heard(h, second_is_low ? "boot:0x8 (SPI_FAST_FLASH_BOOT)"
                                                : "boot:0xc (SPI_FAST_FLASH_BOOT)"));
        assert_true(host_heard(h, "invalid header: 0xffffffff"));
        host_classic_reset(h, 50 * MS);
        assert_true(host_heard(h, second_is_low ? "boot:0x0 (DOWNLOAD(" : "boot:0x4 (DOWNLOAD("));
        assert_true(host_heard(h, "waiting for download"));
        host_free(h);
    }
}

/* ---- Crystals ---- */

static struct host *with_crystal(const char *chip, uint8_t mhz)
{
    struct chip_sim_config config = chip_sim_default_config();
    config.chip = chip;
    config.crystal_mhz = mhz;
    struct host *h = host_with(config);
    host_connect(h);
    return h;
}

static uint32_t rate_after_asking(struct host *h, uint32_t asked)
{
    assert_status(host_words(h, 0x0f, WORDS(asked, 0), 2), 0x0f, 0, 0);
    host_wait(h, 20 * MS);
    return host_state(h).chip_baud;
}

static void crystals_of_the_c2_and_c5_scale_the_rate(void **state)
{
    (void)state;
    static const struct {
        const char *chip;
        uint8_t mhz, believed;
    } row[] = {
        { "esp32c2", 26, 40 },
        { "esp32c2", 40, 40 },
        { "esp32c5", 48, 40 },
        { "esp32c5", 40, 48 },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct host *h = with_crystal(row[i].chip, row[i].mhz);
        double mhz = 115200.0 * (read_reg(h, 0x60000014) & 0xfffff) / 1e6;
        assert_true(mhz > row[i].mhz - 1 && mhz < row[i].mhz + 1);
        if (strcmp(row[i].chip, "esp32c5") == 0)
            assert_int_equal(read_reg(h, 0x60096110) >> 24 & 0x7f, row[i].believed);
        uint32_t scaled = 460800u * row[i].believed / row[i].mhz;
        assert_in_range(rate_after_asking(h, scaled), 460000, 461600);
        host_free(h);
        h = with_crystal(row[i].chip, row[i].mhz);
        uint32_t got = rate_after_asking(h, 460800);
        assert_int_equal(got == 460800, row[i].mhz == row[i].believed);
        host_free(h);
    }
}

static void crystals_of_old_chips_can_be_read(void **state)
{
    (void)state;
    static const uint8_t mhz[] = { 26, 40 };
    for (size_t i = 0; i < 2; i++) {
        struct host *h = with_crystal("esp8266", mhz[i]);
        double seen = 115200.0 * (read_reg(h, 0x60000014) & 0xfffff) / 1e6 / 2;
        assert_true(seen > mhz[i] - 1 && seen < mhz[i] + 1);
        host_free(h);
        h = with_crystal("esp32", mhz[i]);
        seen = 115200.0 * (read_reg(h, 0x3ff40014) & 0xfffff) / 1e6;
        assert_true(seen > mhz[i] - 1 && seen < mhz[i] + 1);
        /* What the measured clock makes of it, as a host computes it. */
        uint32_t calibrated = read_reg(h, 0x3ff5f06c) >> 7 & 0x1ffffff;
        double ref = calibrated * 15625.0 * (read_reg(h, 0x3ff5a010) & 0xff) / 40 / 1e6;
        assert_true((ref > 33) == (mhz[i] == 40));
        uint32_t scaled = (uint32_t)(460800 * ref / mhz[i]);
        assert_in_range(rate_after_asking(h, scaled), 455000, 466000);
        host_free(h);
    }
}

static void esp8266_with_40_mhz_logs_at_115200(void **state)
{
    (void)state;
    struct chip_sim_config config = chip_sim_default_config();
    config.chip = "esp8266";
    config.crystal_mhz = 40;
    struct host *h = host_with(config);
    host_classic_reset(h, 50 * MS);
    assert_true(host_heard(h, "boot mode:(1,"));
    host_free(h);
}

static void esp32_codes_its_revision_in_three_bits(void **state)
{
    (void)state;
    static const struct {
        int revision;
        unsigned bits;
    } row[] = { { 0, 0 }, { 101, 1 }, { 203, 3 }, { 300, 7 } };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct chip_sim_config config = chip_sim_default_config();
        config.revision = row[i].revision;
        config.package = 5;
        struct host *h = host_with(config);
        host_connect(h);
        uint32_t w3 = read_reg(h, 0x3ff5a00c), w5 = read_reg(h, 0x3ff5a014);
        uint32_t bits = (w3 >> 15 & 1) | (w5 >> 20 & 1) << 1 | read_reg(h, 0x3ff6607c) >> 31 << 2;
        assert_int_equal(bits, row[i].bits);
        assert_int_equal(w5 >> 24 & 3, row[i].revision % 100);
        assert_int_equal((w3 >> 9 & 7) + 8 * (w3 >> 2 & 1), 5);
        host_free(h);
    }
}

static void chips_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *chip;
        int revision;
        uint8_t crystal;
        enum sim_usb usb;
        bool sdm, pico;
    } row[] = {
        { "esp32", 400, 0, SIM_USB_NONE, false, false },
        { "esp32c6", 1600, 0, SIM_USB_NONE, false, false },
        { "esp32e22", 1, 0, SIM_USB_NONE, false, false },
        { "esp32h2", -1, 40, SIM_USB_NONE, false, false },
        { "esp32c3", -1, 26, SIM_USB_NONE, false, false },
        { "esp32", -1, 0, SIM_USB_JTAG, false, false },
        { "esp32s2", -1, 0, SIM_USB_JTAG, false, false },
        { "esp32c3", -1, 0, SIM_USB_OTG, false, false },
        { "esp32", -1, 0, SIM_USB_NONE, true, false },
        { "esp32s2", -1, 0, SIM_USB_NONE, false, true },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        char why[200] = "";
        struct chip_sim_config config = chip_sim_default_config();
        config.chip = row[i].chip;
        config.revision = row[i].revision;
        config.crystal_mhz = row[i].crystal;
        config.usb = row[i].usb;
        config.secure_download = row[i].sdm;
        config.pico_d4 = row[i].pico;
        assert_null(chip_sim_new(&config, 0, why, sizeof why));
        assert_true(why[0] != '\0');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chips_are_all_here),
        cmocka_unit_test(chips_say_who_they_are),
        cmocka_unit_test(chips_have_mac_and_revision_in_their_efuses),
        cmocka_unit_test(chips_read_the_flash_id),
        cmocka_unit_test(chips_are_flashed_by_their_rom),
        cmocka_unit_test(chips_inflate_in_their_rom),
        cmocka_unit_test(chips_start_their_stub),
        cmocka_unit_test(chips_lose_the_flash_by_other_pins),
        cmocka_unit_test(chips_do_not_start_a_stub_of_other_silicon),
        cmocka_unit_test(chips_boot_their_own_images),
        cmocka_unit_test(chips_do_not_boot_images_of_others),
        cmocka_unit_test(chips_show_their_straps_in_the_log),
        cmocka_unit_test(crystals_of_the_c2_and_c5_scale_the_rate),
        cmocka_unit_test(crystals_of_old_chips_can_be_read),
        cmocka_unit_test(esp8266_with_40_mhz_logs_at_115200),
        cmocka_unit_test(esp32_codes_its_revision_in_three_bits),
        cmocka_unit_test(chips_that_cannot_be_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
