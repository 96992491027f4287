/* What a virtual board starts, and what it says when it does not. */
#include "tests/unit/fixture_help.h"

#include <openssl/evp.h>
#include <zlib.h>

enum { FLASH = 4 << 20 };

/* ---- Images made here ---- */

struct blob {
    uint8_t bytes[0x20000];
    size_t n;
};

static void put(struct blob *b, const void *bytes, size_t n)
{
    assert_true(b->n + n <= sizeof b->bytes);
    memcpy(b->bytes + b->n, bytes, n);
    b->n += n;
}

static void put_word(struct blob *b, uint32_t v)
{
    uint8_t word[4];
    sim_put32(word, v);
    put(b, word, 4);
}

static void put_segment(struct blob *b, uint32_t addr, size_t n, uint64_t seed)
{
    uint8_t data[0x4000];
    assert_true(n <= sizeof data);
    fill_pattern(data, n, seed);
    put_word(b, addr);
    put_word(b, (uint32_t)n);
    put(b, data, n);
}

/* Checksum row, counted from the beginning of the blob, over data[] of its segments. */
static void put_checksum(struct blob *b, size_t from, size_t header, uint8_t segments)
{
    uint8_t sum = 0xef, zero[16] = { 0 };
    size_t at = from + header;
    for (uint8_t i = 0; i < segments; i++) {
        uint32_t n = sim_get32(b->bytes + at + 4);
        for (uint32_t k = 0; k < n; k++)
            sum ^= b->bytes[at + 8 + k];
        at += 8 + n;
    }
    put(b, zero, 15 - b->n % 16);
    put(b, &sum, 1);
}

static void seal(struct blob *b)
{
    uint8_t digest[32];
    EVP_Digest(b->bytes, b->n, digest, NULL, EVP_sha256(), NULL);
    put(b, digest, sizeof digest);
}

/* An ESP32 image: dio, 40 MHz, the given size code, SHA-256 appended. */
static void make_esp32(struct blob *b, uint8_t mode, uint8_t size_freq, const char *project,
                       uint64_t seed)
{
    uint8_t header[24] = { 0xe9, 2, mode, size_freq, 0x34, 0x03, 0x08, 0x40, 0xee };
    header[23] = 1;
    b->n = 0;
    put(b, header, sizeof header);
    put_segment(b, 0x3f400020, 0x1000, seed);
    put_segment(b, 0x40080000, 0x800, seed + 1);
    if (project) {
        uint8_t *d = b->bytes + 32;
        memset(d, 0, 256);
        sim_put32(d, 0xabcd5432);
        memcpy(d + 16, "2.3.0", 6);
        memcpy(d + 48, project, strlen(project));
    }
    put_checksum(b, 0, 24, 2);
    seal(b);
}

static void put_row(struct blob *b, uint8_t type, uint8_t subtype, uint32_t at, uint32_t n,
                    const char *name)
{
    uint8_t row[32] = { 0xaa, 0x50, type, subtype };
    sim_put32(row + 4, at);
    sim_put32(row + 8, n);
    memcpy(row + 12, name, strlen(name));
    put(b, row, sizeof row);
}

static void end_table(struct blob *b)
{
    uint8_t row[32] = { 0xeb, 0xeb };
    memset(row + 2, 0xff, 14);
    EVP_Digest(b->bytes, b->n, row + 16, NULL, EVP_md5(), NULL);
    put(b, row, sizeof row);
    while (b->n < 0xc00)
        put_word(b, 0xffffffff);
}

static void make_table(struct blob *b, bool with_ota)
{
    b->n = 0;
    put_row(b, 1, 2, 0x9000, 0x4000, "nvs");
    if (with_ota)
        put_row(b, 1, 0, 0xd000, 0x2000, "otadata");
    put_row(b, 0, 0, 0x10000, 0x100000, "factory");
    if (with_ota) {
        put_row(b, 0, 0x10, 0x110000, 0x100000, "ota_0");
        put_row(b, 0, 0x11, 0x210000, 0x100000, "ota_1");
    }
    end_table(b);
}

static struct host *host_of(const char *chip, enum sim_wiring wiring)
{
    struct chip_sim_config config = chip_sim_default_config();
    config.chip = chip;
    config.wiring = wiring;
    config.flash_bytes = FLASH;
    return host_with(config);
}

static void load(struct host *h, uint32_t at, const struct blob *b)
{
    assert_true(chip_sim_flash_load(h->sim, at, b->bytes, b->n));
}

/* An ESP32 with boot loader, table and application. */
static struct host *whole_esp32(bool with_ota)
{
    static struct blob b;
    struct host *h = host_of("esp32", SIM_WIRING_DIO);
    make_esp32(&b, 2, 0x20, NULL, 1);
    load(h, 0x1000, &b);
    make_table(&b, with_ota);
    load(h, 0x8000, &b);
    make_esp32(&b, 2, 0x20, "thermostat", 2);
    load(h, 0x10000, &b);
    return h;
}

static bool starts(struct host *h)
{
    host_hard_reset(h);
    host_wait(h, 900 * MS);
    return host_state(h).running;
}

static void poke(struct host *h, uint32_t at, uint8_t change)
{
    uint8_t byte;
    chip_sim_flash_read(h->sim, at, &byte, 1);
    byte ^= change;
    chip_sim_flash_load(h->sim, at, &byte, 1);
}

/* ---- ESP32 ---- */

static void boot_esp32_runs_a_whole_flash(void **state)
{
    (void)state;
    struct host *h = whole_esp32(false);
    assert_true(starts(h));
    assert_true(host_heard(h, "boot: Loaded app from partition at offset 0x10000"));
    assert_true(host_heard(h, "Project name:     thermostat"));
    assert_true(host_heard(h, "App version:      2.3.0"));
    assert_true(host_heard(h, "espfixture: application at 0x10000 is running"));
    assert_int_equal(host_state(h).app_addr, 0x10000);
    assert_true(strstr(host_state(h).log_tail, "is running") != NULL);
    host_free(h);
}

static void boot_esp32_blank_repeats_invalid_header(void **state)
{
    (void)state;
    struct host *h = host_new("esp32");
    assert_false(starts(h));
    assert_true(host_heard(h, "invalid header: 0xffffffff"));
    uint64_t resets = host_state(h).resets;
    host_wait(h, 5000 * MS);
    assert_true(host_state(h).resets >= resets + 3); /* the watchdog, again and again */
    assert_true(host_heard(h, "RTCWDT_RTC_RESET"));
    host_free(h);
}

static void boot_esp32_says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        uint32_t at;
        uint8_t change;
        const char *says;
    } row[] = {
        { 0x1000, 1, "invalid header: 0x" },
        { 0x1100, 1, "csum err" },
        { 0x8004, 1, "Incorrect MD5 checksum" },
        { 0x8020, 4, "invalid magic number" },
        { 0x10000, 1, "image at 0x10000 has invalid magic byte" },
        { 0x10800, 1, "Checksum failed" },
        { 0x1000c, 5, "mismatch chip ID, expected 0, found 5" },
        { 0x10003, 0x10, "Image hash failed" },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        struct host *h = whole_esp32(false);
        poke(h, row[i].at, row[i].change);
        assert_false(starts(h));
        if (!host_heard(h, row[i].says))
            fail_msg("%s is not in: %.*s", row[i].says, (int)h->heard_bytes, (char *)h->heard);
        assert_false(host_heard(h, "is running"));
        poke(h, row[i].at, row[i].change); /* mended, it starts */
        assert_true(starts(h));
        host_free(h);
    }
}

static void boot_esp32_needs_a_mode_the_wiring_can_do(void **state)
{
    (void)state;
    static const bool starts_with[3][4] = {
        [SIM_WIRING_DIO] = { false, false, true, true },
        [SIM_WIRING_QIO] = { true, true, true, true },
        [SIM_WIRING_DOUT] = { false, false, false, true },
    };
    static struct blob b;
    for (int wiring = 0; wiring < 3; wiring++) {
        for (uint8_t mode = 0; mode < 4; mode++) {
            struct host *h = host_of("esp32", (enum sim_wiring)wiring);
            make_esp32(&b, mode, 0x20, NULL, 1);
            load(h, 0x1000, &b);
            make_table(&b, false);
            load(h, 0x8000, &b);
            make_esp32(&b, 2, 0x20, NULL, 2);
            load(h, 0x10000, &b);
            assert_int_equal(starts(h), starts_with[wiring][mode]);
            assert_int_equal(host_heard(h, "flash read err, 1000"), !starts_with[wiring][mode]);
            host_free(h);
        }
    }
}

static void boot_esp32_refuses_a_header_larger_than_the_flash(void **state)
{
    (void)state;
    static struct blob b;
    struct host *h = whole_esp32(false);
    make_esp32(&b, 2, 0x30, NULL, 1); /* 8 MB */
    load(h, 0x1000, &b);
    assert_false(starts(h));
    assert_true(host_heard(h, "Detected size(4096k) smaller than the size in the binary image"));
    make_esp32(&b, 2, 0x00, NULL, 1); /* 1 MB: the application's partition does not fit */
    load(h, 0x1000, &b);
    assert_false(starts(h));
    assert_true(host_heard(h, "exceeds flash chip size 0x100000"));
    host_free(h);
}

static void boot_esp32_follows_otadata(void **state)
{
    (void)state;
    static struct blob b;
    uint8_t entry[32] = { 2 }; /* sequence 2: the second slot */
    struct host *h = whole_esp32(true);
    assert_true(starts(h));
    assert_true(host_heard(h, "Defaulting to factory image"));
    sim_put32(entry + 28, (uint32_t)crc32(0xffffffff, entry, 4));
    chip_sim_flash_load(h->sim, 0xd000, entry, sizeof entry);
    assert_false(starts(h)); /* nothing there */
    make_esp32(&b, 2, 0x20, "second", 3);
    load(h, 0x210000, &b);
    assert_true(starts(h));
    assert_int_equal(host_state(h).app_addr, 0x210000);
    poke(h, 0xd01c, 1); /* a wrong CRC counts as empty */
    assert_true(starts(h));
    assert_int_equal(host_state(h).app_addr, 0x10000);
    host_free(h);
}

/* ---- ESP8266 ---- */

static void make_esp8266(struct blob *b, uint8_t mode, uint8_t size_freq, size_t code)
{
    uint8_t header[8] = { 0xe9, 2, mode, size_freq, 0, 0, 0x10, 0x40 };
    size_t from = b->n;
    put(b, header, sizeof header);
    put_segment(b, 0x40100000, code, 4);
    put_segment(b, 0x3ffe8000, 0x40, 5);
    put_checksum(b, from, 8, 2);
}

/* A merged image with a length at 8ffc and an MD5 behind. */
static void make_merged(struct blob *b)
{
    uint8_t digest[16];
    b->n = 0;
    make_esp8266(b, 2, 0x40, 0x2000);
    while (b->n < 0x8ffc)
        put_word(b, 0xffffffff);
    put_word(b, 0xa000);
    put_segment(b, 1, 0xff8, 6);
    EVP_Digest(b->bytes + 4, b->n - 4, digest, NULL, EVP_md5(), NULL);
    put(b, digest, sizeof digest);
}

static struct host *esp8266(void)
{
    struct host *h = host_of("esp8266", SIM_WIRING_DIO);
    return h;
}

static void boot_esp8266_runs_merged_images(void **state)
{
    (void)state;
    static struct blob b;
    struct host *h = esp8266();
    make_merged(&b);
    load(h, 0, &b);
    assert_true(starts(h));
    assert_true(host_heard(h, "espfixture: application at 0x0 is running")); /* at 115200 */
    poke(h, 0x9800, 1);
    assert_false(starts(h)); /* the mapped part is damaged */
    poke(h, 0x9800, 1);
    poke(h, 2, 2); /* qio on a board without the wires */
    assert_false(starts(h));
    poke(h, 2, 2);
    poke(h, 3, 0xc0); /* 8 MB on 4 MB */
    assert_false(starts(h));
    poke(h, 3, 0xc0 ^ 0x70); /* 2 MB: the rest is not used */
    assert_true(starts(h));
    host_free(h);
}

static void boot_esp8266_logs_at_its_own_rate(void **state)
{
    (void)state;
    static struct blob b;
    struct host *h = esp8266();
    chip_sim_host_baud(h->sim, 74880, h->now_us);
    assert_false(starts(h));
    assert_true(host_heard(h, "flash read err, 0"));
    b.n = 0;
    make_esp8266(&b, 2, 0x40, 0x1800);
    load(h, 0, &b);
    assert_true(starts(h));
    assert_true(host_heard(h, "load 0x40100000, len 6144"));
    poke(h, 0x100, 1);
    assert_false(starts(h));
    assert_true(host_heard(h, "csum err"));
    host_free(h);
}

/* EA header, mapped segment, an image of its own, CRC. */
static void make_user1(struct blob *b)
{
    uint8_t header[8] = { 0xea, 4, 2, 0x40, 0, 0, 0x10, 0x40 };
    b->n = 0;
    put(b, header, sizeof header);
    put_segment(b, 0, 0x2000, 7);
    make_esp8266(b, 2, 0x40, 0x800);
    uint32_t crc = (uint32_t)crc32(0, b->bytes, (uInt)b->n);
    put_word(b, crc & 0x80000000 ? ~crc : crc + 1);
}

static void boot_esp8266_runs_user1_behind_a_boot_loader(void **state)
{
    (void)state;
    static struct blob b;
    struct host *h = esp8266();
    b.n = 0;
    make_esp8266(&b, 2, 0x40, 0x800);
    memcpy(b.bytes + 16, "2nd boot version", 16);
    b.n = 8 + 8 + 0x800 + 8 + 0x40;
    put_checksum(&b, 0, 8, 2);
    load(h, 0, &b);
    assert_false(starts(h)); /* a boot loader alone runs nothing */
    make_user1(&b);
    load(h, 0x1000, &b);
    assert_true(starts(h));
    assert_int_equal(host_state(h).app_addr, 0x1000);
    poke(h, 0x1100, 1); /* the mapped segment is under the CRC */
    assert_false(starts(h));
    host_free(h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(boot_esp32_runs_a_whole_flash),
        cmocka_unit_test(boot_esp32_blank_repeats_invalid_header),
        cmocka_unit_test(boot_esp32_says_what_is_wrong),
        cmocka_unit_test(boot_esp32_needs_a_mode_the_wiring_can_do),
        cmocka_unit_test(boot_esp32_refuses_a_header_larger_than_the_flash),
        cmocka_unit_test(boot_esp32_follows_otadata),
        cmocka_unit_test(boot_esp8266_runs_merged_images),
        cmocka_unit_test(boot_esp8266_logs_at_its_own_rate),
        cmocka_unit_test(boot_esp8266_runs_user1_behind_a_boot_loader),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
