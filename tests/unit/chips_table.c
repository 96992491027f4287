/*
 * Every chip's row against the published facts, which are stated here once more and on their own:
 * where the fuses lie, what the header's codes are, which watchdog may be used. Then the hooks,
 * against fuses burnt by this table.
 */
#include "core/loader/efuse.h"
#include "tests/unit/chips_help.h"

#include <stdio.h>
#include <stdlib.h>

/* A field as the manuals give it: block, word, highest and lowest bit. */
struct f {
    int block, word, high, low;
};
#define NONE                                                                                       \
    {                                                                                              \
        -1, 0, 0, 0                                                                                \
    }

struct fact {
    const char *name;
    uint16_t id;
    uint32_t magic, boot, spi;
    uint32_t blocks[3];
    int mac_block;
    bool eui64;
    struct f major, major_high, minor, minor_high, package;
    struct f secure_boot, secure_download, manual_off, crypt, key_manager;
    const char *freqs; /* "80=F 40=0 ..." */
    unsigned crystal;  /* MHz; 0: to be estimated */
    uint32_t clkdiv;
    uint32_t wdt[3]; /* CONFIG0, CONFIG1, WPROTECT */
    bool wdt_resets;
    uint32_t super[2]; /* SWD_CONF, SWD_WPROTECT */
    uint32_t super_key;
    unsigned super_bit;
    uint32_t straps[2]; /* strap register, option register */
    bool otg, four_bytes;
};

#define FREQS_80  "80m=F 40m=0 26m=1 20m=2"
#define FREQS_48  "48m=F 24m=0 16m=1 12m=2 64m=F 32m=0"
#define FREQS_C2  "60m=F 30m=0 20m=1 15m=2"
#define FREQS_C6  "80m=0 40m=0 20m=2"
#define FREQS_NEW "80m=F 40m=0 20m=2"

/* clang-format off */
static const struct fact facts[] = {
    { "esp32s2", 2, 0x7C6, 0x1000, 0x3F402000, { 0x3F41A02C, 0x3F41A044, 0x3F41A05C }, 1, false,
      { 1, 3, 19, 18 }, NONE, { 1, 4, 6, 4 }, { 1, 3, 20, 20 }, { 1, 4, 3, 0 }, { 0, 3, 20, 20 },
      { 0, 4, 5, 5 }, { 0, 1, 19, 19 }, { 0, 2, 20, 18 }, NONE, FREQS_80, 40, 0,
      { 0x3F408094, 0x3F408098, 0x3F4080AC }, true, { 0, 0 }, 0, 0, { 0x3F404038, 0x3F408128 },
      true, false },
    { "esp32s3", 9, 0, 0, 0x60002000, { 0x6000702C, 0x60007044, 0x6000705C }, 1, false,
      { 1, 5, 25, 24 }, NONE, { 1, 3, 20, 18 }, { 1, 5, 23, 23 }, { 1, 3, 23, 21 },
      { 0, 3, 20, 20 }, { 0, 4, 5, 5 }, { 0, 1, 20, 20 }, { 0, 2, 20, 18 }, NONE, FREQS_80, 40, 0,
      { 0x60008098, 0x6000809C, 0x600080B0 }, true, { 0x600080B4, 0x600080B8 }, 0x8F1D312A, 31,
      { 0x60004038, 0x6000812C }, true, true },
    { "esp32c2", 12, 0, 0, 0x60002000, { 0x6000882C, 0x60008834, 0x60008840 }, 2, false,
      { 2, 1, 21, 20 }, NONE, { 2, 1, 19, 16 }, NONE, { 2, 1, 24, 22 }, { 0, 1, 21, 21 },
      { 0, 1, 16, 16 }, { 0, 1, 6, 6 }, { 0, 1, 9, 7 }, NONE, FREQS_C2, 0, 0x60000014,
      { 0x60008084, 0x60008088, 0x6000809C }, true, { 0, 0 }, 0, 0, { 0, 0 }, false, false },
    { "esp32c3", 5, 0, 0, 0x60002000, { 0x6000882C, 0x60008844, 0x6000885C }, 1, false,
      { 1, 5, 25, 24 }, NONE, { 1, 3, 20, 18 }, { 1, 5, 23, 23 }, { 1, 3, 23, 21 },
      { 0, 3, 20, 20 }, { 0, 4, 5, 5 }, { 0, 1, 20, 20 }, { 0, 2, 20, 18 }, NONE, FREQS_80, 40, 0,
      { 0x60008090, 0x60008094, 0x600080A8 }, true, { 0x600080AC, 0x600080B0 }, 0x8F1D312A, 31,
      { 0, 0 }, false, false },
    { "esp32c5", 23, 0, 0x2000, 0x60003000, { 0x600B482C, 0x600B4844, 0x600B485C }, 1, true,
      { 1, 2, 5, 4 }, NONE, { 1, 2, 3, 0 }, NONE, { 1, 2, 28, 26 }, { 0, 3, 25, 25 },
      { 0, 4, 5, 5 }, { 0, 1, 20, 20 }, { 0, 2, 18, 16 }, { 0, 2, 11, 11 }, FREQS_NEW, 0,
      0x60000014, { 0x600B1C00, 0x600B1C04, 0x600B1C18 }, true, { 0x600B1C1C, 0x600B1C20 },
      0x50D83AA1, 18, { 0, 0 }, false, true },
    { "esp32c6", 13, 0, 0, 0x60003000, { 0x600B082C, 0x600B0844, 0x600B085C }, 1, true,
      { 1, 3, 23, 22 }, NONE, { 1, 3, 21, 18 }, NONE, { 1, 3, 26, 24 }, { 0, 3, 20, 20 },
      { 0, 4, 5, 5 }, { 0, 1, 20, 20 }, { 0, 2, 20, 18 }, NONE, FREQS_C6, 40, 0,
      { 0x600B1C00, 0x600B1C04, 0x600B1C18 }, false, { 0x600B1C1C, 0x600B1C20 }, 0x50D83AA1, 18,
      { 0, 0 }, false, false },
    { "esp32c61", 20, 0, 0, 0x60003000, { 0x600B482C, 0x600B4844, 0x600B485C }, 1, false,
      { 1, 2, 5, 4 }, NONE, { 1, 2, 3, 0 }, NONE, { 1, 2, 28, 26 }, { 0, 2, 26, 26 },
      { 0, 3, 4, 4 }, { 0, 1, 14, 14 }, { 0, 1, 25, 23 }, NONE, FREQS_NEW, 40, 0,
      { 0x600B1C00, 0x600B1C04, 0x600B1C18 }, true, { 0x600B1C1C, 0x600B1C20 }, 0x50D83AA1, 18,
      { 0, 0 }, false, true },
    { "esp32h2", 16, 0, 0, 0x60003000, { 0x600B082C, 0x600B0844, 0x600B085C }, 1, true,
      { 1, 3, 22, 21 }, NONE, { 1, 3, 20, 18 }, NONE, { 1, 4, 2, 0 }, { 0, 3, 20, 20 },
      { 0, 4, 5, 5 }, { 0, 1, 20, 20 }, { 0, 2, 20, 18 }, NONE, FREQS_48, 32, 0,
      { 0x600B1C00, 0x600B1C04, 0x600B1C1C }, false, { 0x600B1C20, 0x600B1C24 }, 0x50D83AA1, 18,
      { 0, 0 }, false, false },
    { "esp32h21", 25, 0, 0, 0x60003000, { 0x600B402C, 0x600B4044, 0x600B405C }, 1, true,
      { 1, 5, 9, 8 }, NONE, { 1, 5, 7, 4 }, NONE, { 1, 5, 13, 11 }, { 0, 3, 20, 20 },
      { 0, 4, 5, 5 }, { 0, 1, 20, 20 }, { 0, 2, 20, 18 }, NONE, FREQS_48, 32, 0,
      { 0x600B1C00, 0x600B1C04, 0x600B1C1C }, false, { 0x600B1C20, 0x600B1C24 }, 0x50D83AA1, 18,
      { 0, 0 }, false, false },
    { "esp32h4", 28, 0, 0x2000, 0x60099000, { 0x600B182C, 0x600B1844, 0x600B185C }, 1, true,
      { 1, 3, 23, 22 }, NONE, { 1, 3, 21, 18 }, NONE, { 1, 4, 14, 12 }, { 0, 3, 5, 5 },
      { 0, 4, 3, 3 }, { 0, 1, 14, 14 }, { 0, 1, 25, 23 }, { 0, 3, 20, 20 }, FREQS_48, 32, 0,
      { 0x60090048, 0x6009004C, 0x60090064 }, false, { 0x600B5420, 0x600B5424 }, 0x50D83AA1, 18,
      { 0, 0 }, false, false },
    { "esp32p4", 18, 0, 0x2000, 0x5008D000, { 0x5012D02C, 0x5012D044, 0x5012D05C }, 1, false,
      { 1, 2, 5, 4 }, { 1, 2, 23, 23 }, { 1, 2, 3, 0 }, NONE, { 1, 2, 22, 20 }, { 0, 3, 20, 20 },
      { 0, 4, 5, 5 }, { 0, 1, 20, 20 }, { 0, 2, 20, 18 }, { 0, 2, 10, 10 }, FREQS_80, 40, 0,
      { 0x50116000, 0x50116004, 0x50116018 }, true, { 0x5011601C, 0x50116020 }, 0x50D83AA1, 18,
      { 0, 0 }, true, true },
    { "esp32s31", 32, 0, 0x2000, 0x20501000, { 0x2071502C, 0x20715050, 0x20715068 }, 1, false,
      { 1, 3, 23, 22 }, NONE, { 1, 3, 21, 18 }, NONE, { 1, 4, 7, 6 }, { 0, 4, 2, 2 },
      { 0, 4, 21, 21 }, { 0, 1, 20, 20 }, { 0, 2, 23, 21 }, { 0, 2, 13, 13 }, FREQS_NEW, 40, 0,
      { 0x20801000, 0x20801004, 0x20801018 }, true, { 0x2080101C, 0x20801020 }, 0x50D83AA1, 18,
      { 0, 0 }, true, true },
    { "esp32e22", 31, 0, 0, 0xC3003000, { 0xC400802C, 0xC4008044, 0xC400805C }, 1, false, NONE,
      NONE, NONE, NONE, NONE, { 0, 3, 20, 20 }, { 0, 4, 4, 4 }, NONE, NONE, NONE, FREQS_80, 0,
      0xC3102014, { 0, 0, 0 }, false, { 0, 0 }, 0, 0, { 0, 0 }, true, false },
};
/* clang-format on */

static void every_chip_is_stated_here(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        const char *name = chip_at(i)->id_name;
        bool stated = strcmp(name, "esp8266") == 0 || strcmp(name, "esp32") == 0; /* core_chips.c */
        for (size_t k = 0; k < COUNT_OF(facts); k++)
            stated = stated || strcmp(facts[k].name, name) == 0;
        if (!stated)
            fail_msg("%s has no row in `facts` of tests/unit/chips_table.c", name);
    }
    for (size_t k = 0; k < COUNT_OF(facts); k++) {
        if (!chip_by_name(facts[k].name))
            fail_msg("%s has no row in core/facts/chip_list.h", facts[k].name);
    }
}

/* Numbers alone help nobody who has just added a chip. */
static void same(const struct fact *f, const char *what, uint32_t is, uint32_t wanted)
{
    if (is != wanted)
        fail_msg("%s: %s is 0x%x in core/chips/%s.c and 0x%x in the facts", f->name, what, is,
                 f->name, wanted);
}
#define SAME(is, wanted) same(f, #is, (uint32_t)(is), (uint32_t)(wanted))

static void check_freqs(const char *name, const struct chip_code *rows, const char *wanted)
{
    char text[64] = "";
    for (; rows->word; rows++) {
        size_t used = strlen(text);
        snprintf(text + used, sizeof text - used, "%s%s=%X", used ? " " : "", rows->word,
                 rows->code);
    }
    if (strcmp(text, wanted) != 0)
        fail_msg("%s: flash frequencies are '%s', and '%s' in the facts", name, text, wanted);
}

static void rows_hold_the_published_numbers(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const struct fact *f = &facts[i];
        const struct chip *c = chip_by_name(f->name);
        SAME(c->image_id, f->id);
        SAME(c->magic, f->magic);
        SAME(c->boot_addr, f->boot);
        SAME(c->status_bytes, 4);
        SAME(c->spi.base_addr, f->spi);
        SAME(c->spi.usr, 0x18);
        SAME(c->spi.usr1, 0x1C);
        SAME(c->spi.usr2, 0x20);
        SAME(c->spi.mosi_dlen, 0x24);
        SAME(c->spi.miso_dlen, 0x28);
        SAME(c->spi.w0, 0x58);
        assert_false(c->spi.addr_left_justified);
        assert_true(c->flags & CHIP_HAS_SECURITY_INFO);
        assert_ptr_equal(c->rom, &loader_rom_s2);
        SAME((c->flags & CHIP_USB_OTG) != 0, f->otg);
        SAME(c->stub_max_flash_bytes, f->four_bytes ? 128u << 20 : 16u << 20);
        check_freqs(f->name, c->freqs, f->freqs);
    }
}

static void rows_hold_the_watchdogs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const struct fact *f = &facts[i];
        const struct chip *c = chip_by_name(f->name);
        const struct chip_watchdog *w = &c->watchdog;
        SAME(w->config0_addr, f->wdt[0]);
        SAME(w->config1_addr, f->wdt[1]);
        SAME(w->protect_addr, f->wdt[2]);
        SAME(w->resets, f->wdt_resets);
        SAME(w->super_config_addr, f->super[0]);
        SAME(w->super_protect_addr, f->super[1]);
        SAME(w->super_key, f->super_key);
        SAME(w->super_feed_bit, f->super_bit);
        SAME(c->strap_addr, f->straps[0]);
        SAME(c->forced_download_addr, f->straps[1]);
        SAME(c->crystal.fixed_mhz, f->crystal);
        SAME(c->crystal.divider_addr, f->clkdiv);
    }
}

static void single_chips_have_their_marks(void **state)
{
    static const struct {
        const char *chip;
        unsigned flag;
    } marks[] = {
        { "esp32c3", CHIP_OLD_REVISION_IS_MINOR },  { "esp32c3", CHIP_SECURE_BOOT_NO_STUB },
        { "esp32s3", CHIP_FORCED_DOWNLOAD_STAYS },  { "esp32c5", CHIP_JTAG_SLOW_RESET },
        { "esp32c2", CHIP_SECURED_NO_BAUD },        { "esp32c5", CHIP_SECURED_NO_BAUD },
        { "esp32p4", CHIP_OTG_LEAVES_BY_WATCHDOG }, { "esp32s31", CHIP_OTG_LEAVES_BY_WATCHDOG },
    };
    static const char *const jtag[] = { "esp32s3", "esp32c3",  "esp32c5", "esp32c6", "esp32c61",
                                        "esp32h2", "esp32h21", "esp32h4", "esp32p4", "esp32s31" };
    const unsigned all = CHIP_USB_JTAG | CHIP_OLD_REVISION_IS_MINOR | CHIP_SECURE_BOOT_NO_STUB |
                         CHIP_FORCED_DOWNLOAD_STAYS | CHIP_JTAG_SLOW_RESET | CHIP_SECURED_NO_BAUD |
                         CHIP_OTG_LEAVES_BY_WATCHDOG;
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        unsigned wanted = 0;
        for (size_t k = 0; k < COUNT_OF(marks); k++)
            wanted |= strcmp(marks[k].chip, chip_at(i)->id_name) == 0 ? marks[k].flag : 0;
        for (size_t k = 0; k < COUNT_OF(jtag); k++)
            wanted |= strcmp(jtag[k], chip_at(i)->id_name) == 0 ? CHIP_USB_JTAG : 0;
        if ((chip_at(i)->flags & all) != wanted)
            fail_msg("%s has flags 0x%x, and by `marks` and `jtag` of tests/unit/chips_table.c "
                     "0x%x",
                     chip_at(i)->id_name, chip_at(i)->flags & all, wanted);
    }
    assert_int_equal(chip_by_name("esp32s3")->start_pointer_addr, 0x3FCEF688);
    assert_int_equal(chip_by_name("esp32c2")->stub_min_revision, 100);
    assert_null(chip_by_name("esp32c2")->stub_below);
    assert_int_equal(chip_by_name("esp32p4")->stub_min_revision, 300);
    assert_string_equal(chip_by_name("esp32p4")->stub_below, "esp32p4-rev1");
    assert_int_equal(chip_by_name("esp32")->spare_spi_pins,
                     11u << 24 | 16u << 18 | 8u << 12 | 17u << 6 | 6u);
}

/* ---- Fuses ---- */

/* Burns a value into a field; nothing where the chip has none. */
static void burn(struct reg_port *r, const struct fact *f, struct f field, uint32_t value)
{
    if (field.block < 0)
        return;
    reg_field(r, f->blocks[field.block] + 4 * (uint32_t)field.word, (unsigned)field.low,
              (unsigned)(field.high - field.low + 1), value);
}

static void burn_all(struct reg_port *r, const struct fact *f, struct f field)
{
    burn(r, f, field, UINT32_MAX);
}

static unsigned bits_of(struct f field)
{
    return field.block < 0 ? 0 : (unsigned)(field.high - field.low + 1);
}

static uint32_t revision_of(const struct fact *f, uint32_t major, uint32_t minor, bool noise)
{
    struct reg_port r;
    struct err e = { 0 };
    uint32_t revision = 9999;
    reg_port_init(&r, f->name);
    for (unsigned word = 0; noise && word < 8; word++) {
        for (unsigned b = 0; b < 3; b++)
            reg_set(&r, f->blocks[b] + 4 * word, UINT32_MAX);
    }
    burn(&r, f, f->major, major);
    burn(&r, f, f->major_high, major >> bits_of(f->major));
    burn(&r, f, f->minor, minor);
    burn(&r, f, f->minor_high, minor >> bits_of(f->minor));
    assert_ok(r.loader.chip->read_revision(&r.loader, &revision, &e), &e);
    return revision;
}

static void revisions_come_from_their_bits_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const struct fact *f = &facts[i];
        if (f->major.block < 0) {
            assert_int_equal(revision_of(f, 1, 2, true), 0);
            continue;
        }
        uint32_t majors = 1u << (bits_of(f->major) + bits_of(f->major_high));
        uint32_t minors = 1u << (bits_of(f->minor) + bits_of(f->minor_high));
        for (uint32_t major = 0; major < majors; major++) {
            for (uint32_t minor = 0; minor < minors; minor++) {
                assert_int_equal(revision_of(f, major, minor, false), major * 100 + minor);
                assert_int_equal(revision_of(f, major, minor, true), major * 100 + minor);
            }
        }
    }
}

/* The first ESP32-S3 have numbers that read as v0.0, v0.8 ... of a later mask; blocks tell. */
static void the_first_esp32s3_is_version_0_0(void **state)
{
    struct reg_port r;
    struct err e = { 0 };
    uint32_t revision;
    (void)state;
    reg_port_init(&r, "esp32s3");
    reg_field(&r, 0x60007044 + 20, 24, 2, 1); /* major 1 */
    reg_field(&r, 0x60007044 + 20, 23, 1, 1); /* minor 8 */
    reg_field(&r, 0x6000705C + 16, 0, 2, 1);  /* block 2: version 1 */
    reg_field(&r, 0x60007044 + 12, 24, 3, 1); /* block 1: version 1 */
    assert_ok(r.loader.chip->read_revision(&r.loader, &revision, &e), &e);
    assert_int_equal(revision, 0);
    reg_field(&r, 0x60007044 + 12, 24, 3, 2);
    assert_ok(r.loader.chip->read_revision(&r.loader, &revision, &e), &e);
    assert_int_equal(revision, 108);
}

static void packages_come_from_their_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const struct fact *f = &facts[i];
        for (uint32_t number = 0; number < 1u << bits_of(f->package); number++) {
            struct reg_port r;
            struct err e = { 0 };
            uint32_t package = 99;
            reg_port_init(&r, f->name);
            burn(&r, f, f->package, number);
            assert_ok(r.loader.chip->read_package(&r.loader, &package, &e), &e);
            assert_int_equal(package, number);
        }
    }
    assert_string_equal(chip_package_name(chip_by_name("esp32c3"), 1), "ESP8685, QFN28");
    assert_null(chip_package_name(chip_by_name("esp32c3"), 7));
    assert_null(chip_package_name(chip_by_name("esp32h2"), 0));
}

static void assert_mac(const struct reg_port *r, const char *wanted)
{
    struct chip_mac mac;
    struct err e = { 0 };
    char text[3 * CHIP_MAC_BYTES] = "";
    struct reg_port copy = *r;
    slip_decoder_init(&copy.slip, copy.frame, sizeof copy.frame);
    loader_init(&copy.loader, &copy.port);
    copy.loader.chip = r->loader.chip;
    copy.port.clock = &copy.clock.clock;
    assert_ok(copy.loader.chip->read_mac(&copy.loader, &mac, &e), &e);
    for (size_t i = 0; i < mac.count; i++)
        snprintf(text + 3 * i, sizeof text - 3 * i, "%02x%s", mac.bytes[i],
                 i + 1 < mac.count ? ":" : "");
    assert_string_equal(text, wanted);
}

static void macs_are_six_bytes_or_eight(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const struct fact *f = &facts[i];
        struct reg_port r;
        struct chip_mac mac;
        struct err e = { 0 };
        reg_port_init(&r, f->name);
        assert_code(r.loader.chip->read_mac(&r.loader, &mac, &e), &e, ERR_BAD_MAC);
        reg_set(&r, f->blocks[f->mac_block], 0xDDCCBBAA);
        reg_set(&r, f->blocks[f->mac_block] + 4, 0xFFFEFE60);
        assert_mac(&r, f->eui64 ? "fe:60:dd:ff:fe:cc:bb:aa" : "fe:60:dd:cc:bb:aa");
        static const uint32_t none[][2] = { { 0, 0 },
                                            { UINT32_MAX, UINT32_MAX },
                                            { UINT32_MAX, 0x0000FFFF },
                                            { 0xDDCCBBAA, 0xFFFE0160 } };
        for (size_t k = 0; k < COUNT_OF(none); k++) {
            struct reg_port bad;
            reg_port_init(&bad, f->name);
            reg_set(&bad, f->blocks[f->mac_block], none[k][0]);
            reg_set(&bad, f->blocks[f->mac_block] + 4, none[k][1]);
            assert_code(bad.loader.chip->read_mac(&bad.loader, &mac, &e), &e, ERR_BAD_MAC);
        }
        reg_set(&r, f->blocks[f->mac_block] + 4, 0x0000FE60); /* the middle was never burnt */
        assert_mac(&r, "fe:60:dd:cc:bb:aa");
    }
}

static struct chip_security security_of(const struct fact *f, struct f burnt, uint32_t value)
{
    struct reg_port r;
    struct err e = { 0 };
    struct chip_security s;
    memset(&s, 0xFF, sizeof s);
    reg_port_init(&r, f->name);
    burn(&r, f, burnt, value);
    assert_ok(r.loader.chip->read_security(&r.loader, &s, &e), &e);
    return s;
}

static bool none(const struct chip_security *s)
{
    return !s->secure_boot && !s->flash_encryption && !s->secure_download && !s->secure_boot_v1 &&
           !s->manual_encrypt_off && !s->key_manager;
}

static void security_comes_from_its_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const struct fact *f = &facts[i];
        const struct f no = NONE;
        struct chip_security s = security_of(f, no, 0);
        assert_true(none(&s));
        assert_true(security_of(f, f->secure_boot, 1).secure_boot);
        assert_true(security_of(f, f->secure_download, 1).secure_download);
        assert_int_equal(security_of(f, f->manual_off, 1).manual_encrypt_off,
                         f->manual_off.block >= 0);
        assert_int_equal(security_of(f, f->key_manager, 1).key_manager, f->key_manager.block >= 0);
        static const bool odd[] = { false, true, true, false, true, false, false, true };
        for (uint32_t count = 0; count < 8 && f->crypt.block >= 0; count++)
            assert_int_equal(security_of(f, f->crypt, count).flash_encryption, odd[count]);
    }
}

/* Everything burnt but the fields themselves: no bit beside them counts. */
static void security_ignores_other_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const struct fact *f = &facts[i];
        struct reg_port r;
        struct err e = { 0 };
        struct chip_security s;
        reg_port_init(&r, f->name);
        for (uint32_t word = 0; word < 8; word++)
            reg_set(&r, f->blocks[0] + 4 * word, UINT32_MAX);
        burn(&r, f, f->secure_boot, 0);
        burn(&r, f, f->secure_download, 0);
        burn(&r, f, f->manual_off, 0);
        burn(&r, f, f->crypt, 0);
        burn(&r, f, f->key_manager, 0);
        assert_ok(r.loader.chip->read_security(&r.loader, &s, &e), &e);
        assert_true(none(&s));
        burn_all(&r, f, f->secure_boot);
        assert_ok(r.loader.chip->read_security(&r.loader, &s, &e), &e);
        assert_true(s.secure_boot);
    }
}

static void spi_pads_are_packed_on_three_chips(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const struct fact *f = &facts[i];
        bool packed = strcmp(f->name, "esp32s2") == 0 || strcmp(f->name, "esp32s3") == 0 ||
                      strcmp(f->name, "esp32c3") == 0;
        struct reg_port r;
        struct err e = { 0 };
        uint32_t pins = 1;
        reg_port_init(&r, f->name);
        assert_ok(r.loader.chip->read_spi_pins(&r.loader, &pins, &e), &e);
        assert_int_equal(pins, 0);
        reg_set(&r, f->blocks[1] + 4, 0x1234FFFF);
        reg_set(&r, f->blocks[1] + 8, 0xFFFF2ABC);
        assert_ok(r.loader.chip->read_spi_pins(&r.loader, &pins, &e), &e);
        assert_int_equal(pins, packed ? 0x2ABC1234 : 0);
        reg_set(&r, f->blocks[1] + 4, UINT32_MAX);
        reg_set(&r, f->blocks[1] + 8, UINT32_MAX);
        assert_ok(r.loader.chip->read_spi_pins(&r.loader, &pins, &e), &e);
        assert_int_equal(pins, 0);
    }
}

/* ---- Crystals and rates ---- */

static uint32_t crystal(const char *chip, uint32_t clkdiv_addr, uint32_t divider)
{
    struct reg_port r;
    struct err e = { 0 };
    uint32_t mhz = 99;
    reg_port_init(&r, chip);
    reg_set(&r, clkdiv_addr, divider);
    assert_ok(regs_crystal_mhz(&r.loader, &mhz, &e), &e);
    return mhz;
}

static void crystals_are_fixed_or_estimated(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        const struct fact *f = &facts[i];
        if (f->crystal) {
            assert_int_equal(crystal(f->name, 0x60000014, 0), f->crystal);
            continue;
        }
        assert_int_equal(crystal(f->name, f->clkdiv, 225), 26);            /* 26e6 / 115200 */
        assert_int_equal(crystal(f->name, f->clkdiv, 347), 40);            /* 40e6 */
        assert_int_equal(crystal(f->name, f->clkdiv, 416), 48);            /* 48e6 */
        assert_int_equal(crystal(f->name, f->clkdiv, 0x700000 | 347), 40); /* the fraction */
        assert_int_equal(crystal(f->name, f->clkdiv, 0), 0);
    }
    assert_int_equal(crystal("esp32", 0x3FF40014, 347), 40);
    assert_int_equal(crystal("esp8266", 0x60000014, 451), 26); /* its UART runs at twice that */
    assert_int_equal(crystal("esp8266", 0x60000014, 694), 40);
}

static uint32_t request(const char *chip, uint32_t divider, uint32_t believed_mhz)
{
    struct reg_port r;
    struct err e = { 0 };
    uint32_t baud = 0;
    reg_port_init(&r, chip);
    reg_set(&r, 0x60000014, divider);
    reg_set(&r, 0x60096110, believed_mhz << 24 | 0x80FFFFFF);
    assert_ok(r.loader.chip->rom_baud(&r.loader, 921600, &baud, &e), &e);
    return baud;
}

static void rates_are_scaled_where_the_rom_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(request("esp32c2", 347, 40), 921600);
    assert_int_equal(request("esp32c2", 225, 40), 921600 * 40 / 26);
    assert_int_equal(request("esp32c5", 416, 48), 921600);
    assert_int_equal(request("esp32c5", 416, 40), 921600 / 48 * 40);
    assert_int_equal(request("esp32c5", 347, 48), 921600 / 40 * 48);
    assert_int_equal(request("esp32c5", 347, 40), 921600);
    for (size_t i = 0; i < COUNT_OF(facts); i++) {
        if (strcmp(facts[i].name, "esp32c2") != 0 && strcmp(facts[i].name, "esp32c5") != 0)
            assert_int_equal(request(facts[i].name, 225, 40), 921600);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_is_stated_here),
        cmocka_unit_test(rows_hold_the_published_numbers),
        cmocka_unit_test(rows_hold_the_watchdogs),
        cmocka_unit_test(single_chips_have_their_marks),
        cmocka_unit_test(revisions_come_from_their_bits_alone),
        cmocka_unit_test(the_first_esp32s3_is_version_0_0),
        cmocka_unit_test(packages_come_from_their_bits),
        cmocka_unit_test(macs_are_six_bytes_or_eight),
        cmocka_unit_test(security_comes_from_its_bits),
        cmocka_unit_test(security_ignores_other_bits),
        cmocka_unit_test(spi_pads_are_packed_on_three_chips),
        cmocka_unit_test(crystals_are_fixed_or_estimated),
        cmocka_unit_test(rates_are_scaled_where_the_rom_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
