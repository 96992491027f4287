/* The chip table, walked row by row, and the hooks of each chip against known register values. */
#include "core/facts/chip.h"
#include "core/loader/loader.h"
#include "core/loader/stub.h"
#include "tests/lib/script_loader.h"
#include "tests/lib/test.h"

#include <stdlib.h>

/* ---- The table ---- */

static void must(bool holds, const struct chip *c, const char *what)
{
    if (!holds)
        fail_msg("core/chips/%s.c: %s", c->id_name, what);
}

static bool is_plain_name(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789")] == '\0';
}

static void chip_rows_are_complete(void **state)
{
    (void)state;
    assert_true(chip_count() >= 2);
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *c = chip_at(i);
        const size_t hint = c->hint_no_sync ? strlen(c->hint_no_sync) : 0;
        const bool short_header = (c->flags & CHIP_SHORT_HEADER) != 0;
        must(strncmp(c->name, "ESP", 3) == 0, c, "name");
        must(is_plain_name(c->id_name), c, "id_name has small letters and digits only");
        must(c->status_bytes == 2 || c->status_bytes == 4, c, "status_bytes is 2 or 4");
        must(c->boot_addr % 4096 == 0, c, "boot_addr is where a sector begins");
        must(c->boot_log_baud >= 9600, c, "boot_log_baud is missing");
        must(c->stub_max_flash_bytes >= 4u << 20, c, "stub_max_flash_bytes is missing");
        must(c->sizes != NULL && c->freqs != NULL, c, "sizes or freqs is missing");
        must(c->read_mac != NULL, c, "read_mac is missing");
        must(c->read_revision != NULL, c, "read_revision is missing");
        must(c->read_package != NULL, c, "read_package is missing");
        must(c->read_security != NULL, c, "read_security is missing");
        must(c->read_spi_pins != NULL, c, "read_spi_pins is missing");
        must(c->rom_baud != NULL, c, "rom_baud is missing");
        must(c->rom && !c->rom->is_stub, c, "rom, the kind of its own loader, is missing");
        must(hint > 20 && hint < sizeof((struct err *)0)->hint, c, "hint_no_sync");
        must(c->magic != 0 || (c->flags & CHIP_HAS_SECURITY_INFO), c, "nothing detects it");
        must((c->image_id == CHIP_NO_IMAGE_ID) == short_header, c, "image_id is missing");
    }
}

static void kinds_of_loaders_are_complete(void **state)
{
    static const struct loader_kind *const kinds[] = { &loader_rom, &loader_rom_s2,
                                                       &loader_rom_esp8266, &loader_stub,
                                                       &loader_stub_legacy };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        const struct loader_kind *k = kinds[i];
        assert_non_null(k->word);
        assert_non_null(k->dialect);
        assert_true(k->attach && k->baud_request && k->begin_bytes);
        assert_true(k->erase && k->erase_all && k->read && k->end_read);
        assert_in_range(k->begin_words, 4, 5);
        assert_in_range(k->attach_words, 1, 2);
        assert_in_range(k->in_flight, 1, FLIGHT_MAX);
        assert_true(k->read_chunk_bytes > 0 && k->baud_settle_ms > 0);
        assert_int_equal(k->answers_early, k->late_failure != 0);
        assert_int_equal(k->answers_early, k->erase_ahead_bytes > 0);
        if (k->is_stub) /* what a job may count on, without asking which stub it is */
            assert_true(k->has_md5 && k->changes_baud && k->erases_exactly && k->has_set_params);
    }
}

static void chip_registers_are_set(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip_spi *s = &chip_at(i)->spi;
        assert_true(s->base_addr != 0 && s->base_addr % 4 == 0);
        const uint16_t offsets[] = { s->usr, s->usr1, s->usr2, s->w0 };
        for (size_t a = 0; a < COUNT_OF(offsets); a++) {
            assert_true(offsets[a] > 4 && offsets[a] % 4 == 0); /* CMD is at 0, ADDR at 4 */
            for (size_t b = 0; b < a; b++)
                assert_int_not_equal(offsets[a], offsets[b]);
        }
        assert_int_equal(s->mosi_dlen == 0, s->miso_dlen == 0);
    }
}

static void chip_names_and_numbers_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *a = chip_at(i);
        assert_ptr_equal(chip_by_name(a->name), a);
        assert_ptr_equal(chip_by_name(a->id_name), a);
        if (a->magic)
            assert_ptr_equal(chip_by_magic(a->magic), a);
        if (a->image_id != CHIP_NO_IMAGE_ID)
            assert_ptr_equal(chip_by_image_id(a->image_id), a);
        for (size_t k = 0; k < i; k++) {
            const struct chip *b = chip_at(k);
            assert_string_not_equal(a->name, b->name);
            assert_string_not_equal(a->id_name, b->id_name);
            assert_true(a->magic == 0 || a->magic != b->magic);
            assert_true(a->image_id == CHIP_NO_IMAGE_ID || a->image_id != b->image_id);
        }
    }
}

static void chip_look_ups_do_not_guess(void **state)
{
    (void)state;
    assert_ptr_equal(chip_by_name("Esp-32"), chip_by_name("ESP32"));
    assert_null(chip_by_name(""));
    assert_null(chip_by_name("esp"));
    assert_null(chip_by_name("esp32 "));
    assert_null(chip_by_name("esp3"));
    assert_null(chip_by_magic(0));
    assert_null(chip_by_magic(0xFFFFFFFF));
    assert_null(chip_by_image_id(CHIP_NO_IMAGE_ID));
    assert_null(chip_by_image_id(4)); /* a retired beta */
}

/* Rows end with a zero row; words and codes are unique, and fit the header's nibbles. */
static void check_codes(const struct chip_code *rows, bool sizes)
{
    size_t n = 0;
    while (rows[n].word) {
        assert_true(n < 16);
        assert_true(rows[n].code <= 0xF);
        assert_int_equal(rows[n].flash_bytes != 0, sizes);
        assert_ptr_equal(chip_code_by_word(rows, rows[n].word), &rows[n]);
        if (sizes)
            assert_ptr_equal(chip_code_by_flash_bytes(rows, rows[n].flash_bytes), &rows[n]);
        for (size_t k = 0; k < n && sizes; k++) /* the ESP32-C6 has one code for 80 and 40 MHz */
            assert_int_not_equal(rows[n].code, rows[k].code);
        n++;
    }
    assert_true(n >= 3);
    assert_null(chip_code_by_word(rows, "9MB"));
    assert_null(chip_code_by_word(rows, ""));
    assert_null(chip_code_by_flash_bytes(rows, 3u << 20));
}

static void chip_codes_are_tables_with_an_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        check_codes(chip_at(i)->sizes, true);
        check_codes(chip_at(i)->freqs, false);
    }
    check_codes(chip_modes, false);
}

/* The header's encodings, from the data sheets' tables. */
static void assert_size_code(const char *chip, const char *word, uint8_t code, uint32_t bytes)
{
    const struct chip_code *row = chip_code_by_word(chip_by_name(chip)->sizes, word);
    assert_non_null(row);
    assert_int_equal(row->code, code);
    assert_int_equal(row->flash_bytes, bytes);
}

static void chip_header_codes_are_the_published_ones(void **state)
{
    static const char *const esp32[] = {
        "1MB", "2MB", "4MB", "8MB", "16MB", "32MB", "64MB", "128MB"
    };
    (void)state;
    assert_size_code("esp8266", "512KB", 0, 512u << 10);
    assert_size_code("esp8266", "256KB", 1, 256u << 10);
    assert_size_code("esp8266", "1MB", 2, 1u << 20);
    assert_size_code("esp8266", "2MB", 3, 2u << 20);
    assert_size_code("esp8266", "4MB", 4, 4u << 20);
    assert_size_code("esp8266", "8MB", 8, 8u << 20);
    assert_size_code("esp8266", "16MB", 9, 16u << 20);
    for (uint8_t i = 0; i < COUNT_OF(esp32); i++)
        assert_size_code("esp32", esp32[i], i, 1u << (20 + i));
    assert_int_equal(chip_code_by_word(chip_modes, "qio")->code, 0);
    assert_int_equal(chip_code_by_word(chip_modes, "QOUT")->code, 1);
    assert_int_equal(chip_code_by_word(chip_modes, "dio")->code, 2);
    assert_int_equal(chip_code_by_word(chip_modes, "dout")->code, 3);
    assert_int_equal(chip_code_by_word(chip_freqs_80m, "80m")->code, 0xF);
    assert_int_equal(chip_code_by_word(chip_freqs_80m, "40m")->code, 0);
    assert_int_equal(chip_code_by_word(chip_freqs_80m, "26m")->code, 1);
    assert_int_equal(chip_code_by_word(chip_freqs_80m, "20m")->code, 2);
}

/* None is published for these two. */
static bool has_no_stub(const char *chip)
{
    return strcmp(chip, "esp32h21") == 0 || strcmp(chip, "esp32e22") == 0;
}

/* The RAM of the chips: 2Fxxxxxx on ESP32-S31, 4FFxxxxx on ESP32-P4, else around 40000000. */
static bool is_ram(uint32_t addr)
{
    return addr >> 24 == 0x2F || addr >> 20 == 0x4FF || (addr >= 0x3FC00000 && addr < 0x41000000);
}

static void check_stub_memory(const struct stub *s)
{
    assert_non_null(s);
    assert_true(is_ram(s->text.addr) && is_ram(s->data.addr));
    assert_true(s->text.size_bytes < 64u << 10 && s->data.size_bytes < 64u << 10);
}

/* A stub of the chip's name is there where stubs are built in, and lies in RAM, not in flash. */
static void chip_stubs_fit_their_memory(void **state)
{
    struct err e = { 0 };
    (void)state;
    struct stub_set *set = stub_set_new(NULL, &e);
    assert_ok(set != NULL, &e);
    if (stub_set_count(set) == 0) {
        print_message("no stubs are built in: nothing to check\n");
        stub_set_free(set);
        return;
    }
    for (size_t i = 0; i < chip_count(); i++) {
        const struct stub *s = stub_set_find(set, chip_at(i)->id_name);
        if (!s != has_no_stub(chip_at(i)->id_name))
            fail_msg("%s has %s stub, and by has_no_stub of tests/unit/core_chips.c it has %s",
                     chip_at(i)->id_name, s ? "a" : "no", s ? "none" : "one");
        if (s)
            check_stub_memory(s);
    }
    check_stub_memory(stub_set_find(set, "esp32p4-rev1"));
    assert_null(stub_set_find(set, "esp32h99"));
    stub_set_free(set);
}

/* ---- Hooks ---- */

struct hooks {
    struct fake_clock clock;
    struct script_port script;
    struct loader loader;
};

static void hooks_begin(struct hooks *h, const char *chip)
{
    fake_clock_init(&h->clock);
    script_port_init(&h->script, &h->clock);
    loader_init(&h->loader, &h->script.port);
    loader_set_chip(&h->loader, chip_by_name(chip));
}

static void hooks_end(struct hooks *h)
{
    if (!script_played(&h->script))
        fail_msg("%s", h->script.trouble);
    script_port_done(&h->script);
}

static void assert_mac(const struct chip_mac *mac, const char *expected)
{
    uint8_t bytes[6];
    assert_int_equal(mac->count, 6);
    for (size_t i = 0; i < 6; i++)
        bytes[i] = (uint8_t)strtoul(expected + 3 * i, NULL, 16);
    assert_memory_equal(mac->bytes, bytes, 6);
}

static bool esp8266_mac(uint32_t m0, uint32_t m1, uint32_t m3, struct chip_mac *mac, struct err *e)
{
    struct hooks h;
    hooks_begin(&h, "esp8266");
    script_register(&h.script, 0x3FF00050, m0);
    script_register(&h.script, 0x3FF00054, m1);
    script_register(&h.script, 0x3FF0005C, m3);
    bool ok = h.loader.chip->read_mac(&h.loader, mac, e);
    hooks_end(&h);
    return ok;
}

static void esp8266_mac_comes_from_each_prefix(void **state)
{
    struct chip_mac mac;
    struct err e = { 0 };
    (void)state;
    assert_ok(esp8266_mac(0x56FFFFFF, 0xFF001234, 0, &mac, &e), &e);
    assert_mac(&mac, "18:fe:34:12:34:56");
    assert_ok(esp8266_mac(0x56FFFFFF, 0xFF011234, 0, &mac, &e), &e);
    assert_mac(&mac, "ac:d0:74:12:34:56");
    assert_ok(esp8266_mac(0x56FFFFFF, 0xFF071234, 0xFFA0B1C2, &mac, &e), &e);
    assert_mac(&mac, "a0:b1:c2:12:34:56");
    assert_code(esp8266_mac(0, 0x00020000, 0, &mac, &e), &e, ERR_BAD_MAC);
    assert_has(e.what, "prefix 2");
    assert_code(esp8266_mac(0, 0x00FF0000, 0, &mac, &e), &e, ERR_BAD_MAC);
    assert_code(esp8266_mac(0, 0xFF070000, 0xFF01B1C2, &mac, &e), &e, ERR_BAD_MAC);
    assert_has(e.what, "multicast");
    assert_code(esp8266_mac(0x00FFFFFF, 0xFF000000, 0, &mac, &e), &e, ERR_BAD_MAC);
    assert_has(e.what, "blank");
    assert_code(esp8266_mac(0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, &mac, &e), &e, ERR_BAD_MAC);
}

static bool esp32_mac(uint32_t w1, uint32_t w2, struct chip_mac *mac, struct err *e)
{
    struct hooks h;
    hooks_begin(&h, "esp32");
    script_register(&h.script, 0x3FF5A004, w1);
    script_register(&h.script, 0x3FF5A008, w2);
    bool ok = h.loader.chip->read_mac(&h.loader, mac, e);
    hooks_end(&h);
    return ok;
}

static void esp32_mac_is_checked_by_its_crc(void **state)
{
    struct chip_mac mac;
    struct err e = { 0 };
    (void)state;
    assert_ok(esp32_mac(0x92157216, 0xFF754863, &mac, &e), &e);
    assert_mac(&mac, "48:63:92:15:72:16");
    assert_code(esp32_mac(0x92157217, 0xFF754863, &mac, &e), &e, ERR_BAD_MAC);
    assert_has(e.what, "48:63:92:15:72:17, fails its own check");
    assert_has(e.what, "the eFuses say 75");
    assert_has(e.hint, "applications of ESP-IDF stop");
    /* Blank fuses meet their check: the CRC of zeros is zero. */
    assert_code(esp32_mac(0, 0, &mac, &e), &e, ERR_BAD_MAC);
    assert_has(e.what, "hold no MAC: all its bytes are 00");
    assert_code(esp32_mac(0xFFFFFFFF, 0xFFFFFFFF, &mac, &e), &e, ERR_BAD_MAC);
    assert_has(e.what, "hold no MAC: all its bytes are FF");
    assert_code(esp32_mac(0x92157216, 0xFF754963, &mac, &e), &e, ERR_BAD_MAC);
    assert_has(e.what, "begins with 49: that is a multicast address");
    for (unsigned bit = 0; bit < 32; bit++)
        assert_false(esp32_mac(0x92157216 ^ 1u << bit, 0xFF754863, &mac, &e));
    for (unsigned bit = 0; bit < 24; bit++)
        assert_false(esp32_mac(0x92157216, 0xFF754863 ^ 1u << bit, &mac, &e));
}

static uint32_t esp32_revision(uint32_t w3, uint32_t w5, uint32_t date)
{
    struct hooks h;
    struct err e = { 0 };
    uint32_t revision = 9999;
    hooks_begin(&h, "esp32");
    script_register(&h.script, 0x3FF5A00C, w3);
    script_register(&h.script, 0x3FF5A014, w5);
    script_register(&h.script, 0x3FF6607C, date);
    assert_ok(h.loader.chip->read_revision(&h.loader, &revision, &e), &e);
    hooks_end(&h);
    return revision;
}

static void esp32_revision_comes_from_three_bits(void **state)
{
    const uint32_t b0 = 1u << 15, b1 = 1u << 20, b2 = 1u << 31;
    (void)state;
    assert_int_equal(esp32_revision(0, 0, 0), 0);
    assert_int_equal(esp32_revision(b0, 0, 0), 100);
    assert_int_equal(esp32_revision(b0, b1, 0), 200);
    assert_int_equal(esp32_revision(b0, b1, b2), 300);
    assert_int_equal(esp32_revision(b0, b1 | 1u << 24, b2), 301);
    assert_int_equal(esp32_revision(b0, b1 | 3u << 24, b2), 303);
    assert_int_equal(esp32_revision(0, b1, 0), 0); /* burnt out of order: counts as 0 */
    assert_int_equal(esp32_revision(0, 0, b2), 0);
    assert_int_equal(esp32_revision(b0, 0, b2), 0);
    assert_int_equal(esp32_revision(~b0, ~(b1 | 3u << 24), ~b2), 0); /* other bits do not count */
}

static struct chip_security esp32_security(uint32_t w0, uint32_t w6)
{
    struct hooks h;
    struct err e = { 0 };
    struct chip_security security;
    hooks_begin(&h, "esp32");
    script_register(&h.script, 0x3FF5A000, w0);
    script_register(&h.script, 0x3FF5A018, w6);
    assert_ok(h.loader.chip->read_security(&h.loader, &security, &e), &e);
    hooks_end(&h);
    return security;
}

static void esp32_security_counts_the_crypt_bits(void **state)
{
    (void)state;
    for (uint32_t count = 0; count < 128; count++) {
        struct chip_security s = esp32_security(count << 20 | 0xF80FFFFF, 0);
        bool odd = false;
        for (uint32_t bits = count; bits; bits >>= 1)
            odd ^= bits & 1;
        assert_int_equal(s.flash_encryption, odd);
        assert_false(s.secure_boot);
        assert_false(s.secure_download);
    }
    assert_true(esp32_security(0, 1u << 4).secure_boot);
    assert_true(esp32_security(0, 1u << 5).secure_boot);
    assert_false(esp32_security(0, ~(3u << 4)).secure_boot);
}

static uint32_t esp32_pins(uint32_t w3, uint32_t w5)
{
    struct hooks h;
    struct err e = { 0 };
    uint32_t pins = 99;
    hooks_begin(&h, "esp32");
    script_register(&h.script, 0x3FF5A00C, w3);
    script_register(&h.script, 0x3FF5A014, w5);
    assert_ok(h.loader.chip->read_spi_pins(&h.loader, &pins, &e), &e);
    hooks_end(&h);
    return pins;
}

#define PADS(clk, q, d, cs) ((clk) | (q) << 5 | (d) << 10 | (cs) << 15)
#define ATTACH(clk, q, d, cs, hd)                                                                  \
    ((uint32_t)(hd) << 24 | (uint32_t)(cs) << 18 | (d) << 12 | (q) << 6 | (clk))

static void esp32_spi_pins_come_from_the_fuses(void **state)
{
    (void)state;
    assert_int_equal(esp32_pins(0, 0), 0);
    assert_int_equal(esp32_pins(0xFFFFFE0F, 0xFFF00000), 0); /* other bits are not pads */
    assert_int_equal(esp32_pins(0x1F << 4, PADS(31, 31, 31, 31)), 0);
    /* ESP32-PICO-D4 */
    assert_int_equal(esp32_pins(11 << 4, PADS(6, 17, 8, 16)), ATTACH(6, 17, 8, 16, 11));
    /* 30 and 31 stand for GPIO 32 and 33 */
    assert_int_equal(esp32_pins(30 << 4, PADS(6, 17, 8, 31)), ATTACH(6, 17, 8, 33, 32));
    /* two functions on one pad: nonsense, the default is safer */
    assert_int_equal(esp32_pins(11 << 4, PADS(6, 6, 8, 16)), 0);
    assert_int_equal(esp32_pins(11 << 4, PADS(6, 17, 8, 8)), 0);
    assert_int_equal(esp32_pins(16 << 4, PADS(6, 17, 8, 16)), 0);
    assert_int_equal(esp32_pins(0, PADS(6, 0, 8, 16)), 0);
}

static uint32_t esp32_rom_baud(uint32_t baud, uint32_t cal, uint32_t factor)
{
    struct hooks h;
    struct err e = { 0 };
    uint32_t request = 0;
    hooks_begin(&h, "esp32");
    script_register(&h.script, 0x3FF5F06C, cal << 7);
    script_register(&h.script, 0x3FF5A010, factor);
    assert_ok(h.loader.chip->rom_baud(&h.loader, baud, &request, &e), &e);
    hooks_end(&h);
    return request;
}

/* f = cal x 15625 x factor / 40; with a factor of 64 the 40 MHz crystal measures 1600 exactly. */
static void esp32_rom_baud_corrects_the_drift(void **state)
{
    (void)state;
    assert_int_equal(esp32_rom_baud(921600, 1600, 64), 921600);
    assert_int_equal(esp32_rom_baud(921600, 1616, 64), 930816);         /* 1 % fast */
    assert_int_equal(esp32_rom_baud(460800, 1568, 64), 451584);         /* 2 % slow */
    assert_int_equal(esp32_rom_baud(921600, 1040, 64), 921600);         /* a crystal of 26 MHz */
    assert_int_equal(esp32_rom_baud(921600, 1600, 0xFFFFFF40), 921600); /* one byte of it */
}

static void esp32_rom_baud_ignores_an_absurd_measure(void **state)
{
    (void)state;
    assert_int_equal(esp32_rom_baud(921600, 0, 64), 921600);
    assert_int_equal(esp32_rom_baud(921600, 1600, 0), 921600);
    assert_int_equal(esp32_rom_baud(921600, 0x1FFFFFF, 255), 921600);
    assert_int_equal(esp32_rom_baud(921600, 1, 1), 921600);
    assert_int_equal(esp32_rom_baud(4000000, 0x1FFFFFF, 255), 4000000);
}

static void esp8266_has_no_revision_fuses_and_pins(void **state)
{
    struct hooks h;
    struct err e = { 0 };
    uint32_t revision = 7, pins = 7, request = 0;
    struct chip_security security = { .secure_boot = true,
                                      .flash_encryption = true,
                                      .secure_download = true };
    (void)state;
    hooks_begin(&h, "esp8266");
    const struct chip *c = h.loader.chip;
    assert_ok(c->read_revision(&h.loader, &revision, &e), &e);
    assert_ok(c->read_spi_pins(&h.loader, &pins, &e), &e);
    assert_ok(c->read_security(&h.loader, &security, &e), &e);
    assert_ok(c->rom_baud(&h.loader, 74880, &request, &e), &e);
    assert_int_equal(revision, 0);
    assert_int_equal(pins, 0);
    assert_int_equal(request, 74880);
    assert_false(security.secure_boot || security.flash_encryption || security.secure_download);
    hooks_end(&h);
}

/* Every hook hands a dead port's failure up. */
static void chip_hooks_report_a_port_that_is_gone(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        struct hooks h;
        struct err e = { 0 };
        struct chip_mac mac;
        hooks_begin(&h, chip_at(i)->id_name);
        script_gone(&h.script, 0);
        assert_code(h.loader.chip->read_mac(&h.loader, &mac, &e), &e, ERR_PORT_GONE);
        script_port_done(&h.script);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chip_rows_are_complete),
        cmocka_unit_test(kinds_of_loaders_are_complete),
        cmocka_unit_test(chip_registers_are_set),
        cmocka_unit_test(chip_names_and_numbers_are_unique),
        cmocka_unit_test(chip_look_ups_do_not_guess),
        cmocka_unit_test(chip_codes_are_tables_with_an_end),
        cmocka_unit_test(chip_header_codes_are_the_published_ones),
        cmocka_unit_test(chip_stubs_fit_their_memory),
        cmocka_unit_test(esp8266_mac_comes_from_each_prefix),
        cmocka_unit_test(esp32_mac_is_checked_by_its_crc),
        cmocka_unit_test(esp32_revision_comes_from_three_bits),
        cmocka_unit_test(esp32_security_counts_the_crypt_bits),
        cmocka_unit_test(esp32_spi_pins_come_from_the_fuses),
        cmocka_unit_test(esp32_rom_baud_corrects_the_drift),
        cmocka_unit_test(esp32_rom_baud_ignores_an_absurd_measure),
        cmocka_unit_test(esp8266_has_no_revision_fuses_and_pins),
        cmocka_unit_test(chip_hooks_report_a_port_that_is_gone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
