/*
 * Boards of every chip as far as registers tell: who they are, in every security state; their
 * watchdogs; which way they leave the loader over which port.
 */
#include "core/board/board.h"
#include "core/loader/efuse.h"
#include "core/loader/usb.h"
#include "tests/unit/chips_help.h"

#define MAGIC_ADDR 0x40001000u

static bool identify(struct reg_port *r, struct board *b, struct err *e)
{
    return board_identify(&r->loader, b, e);
}

/* A blank chip with a MAC, as it stands in its loader. */
static void make_board(struct reg_port *r, const struct chip *c)
{
    reg_port_init(r, c->id_name);
    reg_set(r, MAGIC_ADDR, c->magic ? c->magic : 0x1234);
    reg_port_info(r, 0, 0, c->image_id);
    if (c->magic)
        r->info_bytes = 12;
    reg_set(r, c->efuse->block_addr[c->efuse->mac_block], 0x01020304);
    reg_set(r, c->efuse->block_addr[c->efuse->mac_block] + 4, 0xFFFE240A);
    loader_set_chip(&r->loader, NULL);
}

static bool is_later_chip(const struct chip *c)
{
    return c->efuse != NULL;
}

static void every_chip_is_detected(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        struct reg_port r;
        struct board b;
        struct err e = { 0 };
        if (!is_later_chip(chip_at(i)))
            continue;
        make_board(&r, chip_at(i));
        assert_ok(identify(&r, &b, &e), &e);
        assert_ptr_equal(b.chip, chip_at(i));
        assert_int_equal(b.mac.count, chip_at(i)->efuse->eui64 ? 8 : 6);
        assert_int_equal(b.flash.id, 0x1640EF);
        assert_int_equal(r.attaches, 1);
        assert_false(r.loader.secured || b.security.secure_boot || b.security.secure_download);
    }
}

static void every_chip_is_detected_in_secure_download_mode(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        struct reg_port r;
        struct board b;
        struct err e = { 0 };
        if (!is_later_chip(chip_at(i)))
            continue;
        make_board(&r, chip_at(i));
        store_u32(r.info, 1u << 2 | 1u << 0);
        r.info[4] = 7;
        r.no_registers = true;
        assert_ok(identify(&r, &b, &e), &e);
        assert_ptr_equal(b.chip, chip_at(i));
        assert_true(r.loader.secured);
        assert_true(b.security.secure_download && b.security.secure_boot);
        assert_true(b.security.flash_encryption);
        assert_int_equal(b.mac.count, 0);
        assert_int_equal(b.revision, BOARD_REVISION_UNKNOWN);
        assert_int_equal(b.flash.id, 0);
        assert_int_equal(r.pins_seen, 0);
        assert_int_equal(r.attaches, 1);
        assert_int_equal(r.write_count, 0);
        assert_null(board_stub_name(&b));
    }
}

/* One garbled answer must not make a board one that tells nothing of itself. */
static void a_chip_that_refuses_a_read_is_not_secured_by_that_alone(void **state)
{
    struct reg_port r;
    struct board b;
    struct err e = { 0 };
    (void)state;
    make_board(&r, chip_by_name("esp32c3"));
    r.no_registers = true;
    assert_code(identify(&r, &b, &e), &e, ERR_IDENTIFY);
    assert_false(r.loader.secured);
    assert_int_equal(b.mac.count, 0);
}

static void unknown_ids_are_refused(void **state)
{
    static const uint32_t ids[] = { 0, 2, 4, 6, 7, 10, 14, 17, 99, 0xFFFF, 0x10005 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct reg_port r;
        struct board b;
        struct err e = { 0 };
        const struct chip *known = chip_by_image_id((uint16_t)ids[i]);
        if (known && known->magic == 0 && known->image_id == ids[i])
            fail_msg("%s has id %u: take that out of `ids` of tests/unit/chips_board.c",
                     known->name, ids[i]);
        make_board(&r, chip_by_name("esp32c3"));
        reg_port_info(&r, 0, 0, ids[i]);
        assert_code(identify(&r, &b, &e), &e, ERR_WRONG_CHIP);
        assert_null(b.chip);
    }
}

/* The magic of an ESP32-S2, which has a short answer to GET_SECURITY_INFO: a chip that has none, or
 * a long one with an id in it, is another, whichever that is. */
static void a_chip_that_contradicts_itself_is_refused(void **state)
{
    struct reg_port r;
    struct board b;
    struct err e = { 0 };
    (void)state;
    make_board(&r, chip_by_name("esp32c3"));
    reg_set(&r, MAGIC_ADDR, chip_by_name("esp32s2")->magic);
    assert_code(identify(&r, &b, &e), &e, ERR_WRONG_CHIP);
    assert_has(e.what, "the magic of ESP32-S2 and id 5, which is ESP32-C3's");
    assert_null(b.chip);
    assert_null(r.loader.chip);
    reg_port_init(&r, "esp32");
    reg_set(&r, MAGIC_ADDR, chip_by_name("esp32s2")->magic);
    assert_code(identify(&r, &b, &e), &e, ERR_WRONG_CHIP);
    assert_has(e.what, "has the magic of ESP32-S2, whose loader knows GET_SECURITY_INFO");
}

/* What the answer says and what the fuses say: either is enough. */
static void security_is_the_stricter_of_two(void **state)
{
    struct reg_port r;
    struct board b;
    struct err e = { 0 };
    (void)state;
    make_board(&r, chip_by_name("esp32c3"));
    reg_port_info(&r, 1, 0, 5);
    assert_ok(identify(&r, &b, &e), &e);
    assert_true(b.security.secure_boot && !b.security.flash_encryption);
    make_board(&r, chip_by_name("esp32c3"));
    reg_field(&r, 0x6000882C + 12, 20, 1, 1);
    reg_field(&r, 0x6000882C + 8, 18, 3, 1);
    assert_ok(identify(&r, &b, &e), &e);
    assert_true(b.security.secure_boot && b.security.flash_encryption);
    make_board(&r, chip_by_name("esp32c3"));
    reg_port_info(&r, 0, 3, 5);
    assert_ok(identify(&r, &b, &e), &e);
    assert_false(b.security.flash_encryption); /* switched on and off again */
}

static void the_pico_d4_is_found_at_its_other_pins(void **state)
{
    const uint32_t spare = chip_by_name("esp32")->spare_spi_pins;
    struct reg_port r;
    struct board b;
    struct err e = { 0 };
    (void)state;
    reg_port_init(&r, "esp32");
    reg_set(&r, MAGIC_ADDR, 0x00F01D83);
    reg_set(&r, 0x3FF5A004, 0x92157216);
    reg_set(&r, 0x3FF5A008, 0xFF754863);
    r.pins_good = spare;
    assert_ok(identify(&r, &b, &e), &e);
    assert_int_equal(b.spare_spi_pins, spare);
    assert_int_equal(b.flash.id, 0x1640EF);
    loader_set_kind(&r.loader, &loader_stub); /* the stub does not know of them by itself */
    r.attaches = 0;
    assert_ok(board_attach_stub(&r.loader, &b, &e), &e);
    assert_int_equal(r.attaches, 1);
    assert_int_equal(r.pins_seen, spare);
    r.pins_good = 1; /* at neither */
    loader_set_rom(&r.loader);
    assert_code(identify(&r, &b, &e), &e, ERR_NO_FLASH);
}

static void stubs_are_chosen_by_board(void **state)
{
    static const struct {
        const char *chip;
        uint32_t revision;
        bool secure_boot;
        const char *stub;
    } cases[] = {
        { "esp32", 0, true, "esp32" },
        { "esp32s3", 1, true, "esp32s3" },
        { "esp32c3", 4, false, "esp32c3" },
        { "esp32c3", 4, true, NULL },
        { "esp32c2", 0, false, NULL },
        { "esp32c2", 99, false, NULL },
        { "esp32c2", 100, false, "esp32c2" },
        { "esp32p4", 0, false, "esp32p4-rev1" },
        { "esp32p4", 103, false, "esp32p4-rev1" },
        { "esp32p4", 299, false, "esp32p4-rev1" },
        { "esp32p4", 300, false, "esp32p4" },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const struct board b = { .chip = chip_by_name(cases[i].chip),
                                 .revision = cases[i].revision,
                                 .security = { .secure_boot = cases[i].secure_boot } };
        const char *name = board_stub_name(&b);
        assert_int_equal(name == NULL, cases[i].stub == NULL);
        if (name)
            assert_string_equal(name, cases[i].stub);
    }
}

/* A part of XMC that stays asleep after the sequence is no flash; one of a kind that nobody knows
 * yet is one. */
static void a_woken_flash_is_looked_at_again(void **state)
{
    static const struct {
        uint32_t id;
        enum err_code code;
    } cases[] = { { 0x1640EF, ERR_NONE },
                  { 0xFFFFFF, ERR_NO_FLASH },
                  { 0x164000, ERR_NO_FLASH },
                  { 0x164220, ERR_NONE } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reg_port r;
        struct board b;
        struct err e = { 0 };
        make_board(&r, chip_by_name("esp32c3"));
        r.flash_id = cases[i].id;
        r.parameters = 0x20; /* its vendor */
        assert_int_equal(identify(&r, &b, &e), cases[i].code == ERR_NONE);
        assert_int_equal(e.code, cases[i].code);
    }
}

/* A part that lets its flash be powered in a way this station does not know says so. */
static void newer_silicon_without_flash_is_named(void **state)
{
    static const struct {
        uint32_t revision;
        bool named;
    } cases[] = { { 300, false }, { 302, false }, { 303, true } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reg_port r;
        struct board b;
        struct err e = { 0 };
        make_board(&r, chip_by_name("esp32p4"));
        reg_field(&r, 0x5012D044 + 8, 4, 2, cases[i].revision / 100);
        reg_field(&r, 0x5012D044 + 8, 0, 4, cases[i].revision % 100);
        r.flash_id = 0xFFFFFF;
        assert_code(identify(&r, &b, &e), &e, ERR_NO_FLASH);
        assert_int_equal(strstr(e.hint, "newer than this station") != NULL, cases[i].named);
    }
}

/* ---- Ports ---- */

static void plug(struct reg_port *r, uint16_t vid, uint16_t pid)
{
    r->port.usb.vid = vid;
    r->port.usb.pid = pid;
    const struct chip *chip = r->loader.chip;
    loader_init(&r->loader, &r->port);
    loader_set_chip(&r->loader, chip);
}

static void ports_are_known_by_their_usb_ids(void **state)
{
    static const struct {
        uint16_t vid, pid;
        enum usb_kind kind;
    } cases[] = {
        { 0, 0, USB_BRIDGE },
        { 0x10C4, 0xEA60, USB_BRIDGE },
        { 0x10C4, 0xEA64, USB_HOLDS_LINES },
        { 0x303A, 0x1001, USB_JTAG },
        { 0x303A, 0x0002, USB_OTG },
        { 0x303A, 0x0009, USB_OTG },
        { 0x303A, 0x0012, USB_OTG },
        { 0x303A, 0x0020, USB_OTG },
        { 0x303A, 0x001F, USB_OTG },
        { 0x303A, 0x0005, USB_BRIDGE },
        { 0x303A, 0x4001, USB_BRIDGE },
        { 0x1234, 0x1001, USB_BRIDGE },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reg_port r;
        reg_port_init(&r, "esp32s3");
        plug(&r, cases[i].vid, cases[i].pid);
        assert_int_equal(usb_kind_of(&r.port), cases[i].kind);
        bool otg = cases[i].kind == USB_OTG;
        assert_int_equal(usb_is_native(&r.port), otg || cases[i].kind == USB_JTAG);
        assert_int_equal(r.loader.small_blocks, otg);
        assert_int_equal(r.loader.mem_block_bytes, otg ? 0x800 : 0x1800);
    }
}

/* Where no USB ids tell what hangs at the port, the ROM does. */
static void blocks_are_small_where_the_rom_speaks_usb(void **state)
{
    static const struct {
        const char *chip;
        uint32_t console_addr, console;
        uint16_t vid;
        bool small_ram, small_flash;
    } cases[] = {
        { "esp32s2", 0x3FFFFD14, 2, 0, true, true },
        { "esp32s2", 0x3FFFFD14, 0, 0, true, false },
        { "esp32s2", 0x3FFFFD14, 2, 0x10C4, false, false }, /* an adapter: it is none of the chip */
        { "esp32s3", 0x3FCEF14C, 3, 0, true, true },
        { "esp32s3", 0x3FCEF14C, 0xAABBCC03, 0, true, true },
        { "esp32s3", 0x3FCEF14C, 4, 0, true, false },
        { "esp32p4", 0x4FF3FEC8, 5, 0, true, true }, /* revision 0.0 */
        { "esp32p4", 0x4FFBFEC8, 5, 0, true, false },
        { "esp32s31", 0, 0, 0, true, false }, /* not known */
        { "esp32e22", 0x3111B700, 3, 0, true, true },
        { "esp32c3", 0, 0, 0, false, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reg_port r;
        struct board b;
        struct err e = { 0 };
        make_board(&r, chip_by_name(cases[i].chip));
        reg_set(&r, cases[i].console_addr, cases[i].console);
        r.port.usb.vid = cases[i].vid;
        assert_ok(identify(&r, &b, &e), &e);
        assert_int_equal(r.loader.mem_block_bytes, cases[i].small_ram ? 0x800 : 0x1800);
        assert_int_equal(r.loader.small_blocks, cases[i].small_flash);
    }
}

static void assert_writes(const struct reg_port *r, const struct reg_word *wanted, size_t n)
{
    assert_int_equal(r->write_count, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(r->writes[i].addr, wanted[i].addr);
        assert_int_equal(r->writes[i].value, wanted[i].value);
    }
}

static void watchdogs_are_stopped_where_they_may_run(void **state)
{
    const struct reg_word wanted[] = {
        { 0x600080A8, 0x50D83AA1 }, { 0x60008090, 0 },          { 0x600080A8, 0 },
        { 0x600080B0, 0x8F1D312A }, { 0x600080AC, 0x80000123 }, { 0x600080B0, 0 },
    };
    struct reg_port r;
    struct board b;
    struct err e = { 0 };
    (void)state;
    make_board(&r, chip_by_name("esp32c3"));
    reg_set(&r, 0x600080AC, 0x123); /* what else is in that register stays */
    plug(&r, 0x303A, 0x1001);
    assert_ok(identify(&r, &b, &e), &e);
    assert_writes(&r, wanted, COUNT_OF(wanted));
    make_board(&r, chip_by_name("esp32c3"));
    reg_set(&r, 0x600080AC, 0x123);
    struct port_ops remote = *r.port.ops;
    remote.remote = true; /* where nobody knows what hangs behind the server */
    r.port.ops = &remote;
    assert_ok(identify(&r, &b, &e), &e);
    assert_writes(&r, wanted, COUNT_OF(wanted));
    make_board(&r, chip_by_name("esp32c3"));
    assert_ok(identify(&r, &b, &e), &e);
    assert_int_equal(r.write_count, 0);
    make_board(&r, chip_by_name("esp32c3"));
    plug(&r, 0x303A, 0x1001);
    loader_set_kind(&r.loader, &loader_stub); /* it has done so itself */
    assert_ok(identify(&r, &b, &e), &e);
    assert_int_equal(r.write_count, 0);
    make_board(&r, chip_by_name("esp32c2")); /* has no such USB, nor registers that are known */
    plug(&r, 0x303A, 0x1001);
    assert_ok(identify(&r, &b, &e), &e);
    assert_int_equal(r.write_count, 0);
}

/* Every chip with the unit that a reset does not stop its watchdogs through. */
static void watchdogs_of_every_usb_unit_are_known(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        const struct chip *c = chip_at(i);
        bool known = c->watchdog.config0_addr != 0 && c->watchdog.super_config_addr != 0;
        if ((c->flags & CHIP_USB_JTAG) && !known)
            fail_msg("%s has a USB Serial/JTAG unit, but its row lacks watchdogs", c->id_name);
    }
}

static void p4_flash_is_powered_by_revision(void **state)
{
    static const struct {
        uint32_t revision;
        bool rom_does_it;
        uint32_t regulator;
        size_t writes;
    } cases[] = { { 300, false, 0, 0 }, { 301, false, 0, 8 }, { 302, false, 0, 8 },
                  { 302, true, 3, 1 },  { 302, true, 1, 0 },  { 303, false, 0, 0 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reg_port r;
        struct err e = { 0 };
        reg_port_init(&r, "esp32p4");
        reg_field(&r, 0x5012D034, 16, 1, cases[i].rom_does_it);
        reg_set(&r, 0x501153FC, cases[i].regulator);
        assert_ok(r.loader.chip->power_flash(&r.loader, cases[i].revision, &e), &e);
        assert_int_equal(r.write_count, cases[i].writes);
        if (cases[i].writes == 1)
            assert_int_equal(*reg_find(&r, 0x501153FC), 0);
        if (cases[i].writes == 8)
            assert_int_equal(*reg_find(&r, 0x501153FC) & 3, 3);
    }
}

/* ---- Leaving ---- */

static void assert_watchdog_fired(const struct reg_port *r, const struct chip *c, size_t before)
{
    assert_int_equal(r->write_count, before + 4);
    const struct reg_word *w = r->writes + before;
    assert_int_equal(w[0].addr, c->watchdog.protect_addr);
    assert_int_equal(w[0].value, 0x50D83AA1);
    assert_int_equal(w[1].addr, c->watchdog.config1_addr);
    assert_int_equal(w[1].value, 2000);
    assert_int_equal(w[2].addr, c->watchdog.config0_addr);
    assert_int_equal(w[2].value, 0xD0000102);
    assert_int_equal(w[3].addr, c->watchdog.protect_addr);
    assert_int_equal(w[3].value, 0);
    assert_int_equal(r->steps, 0);
}

static void otg_boards_leave_as_their_straps_demand(void **state)
{
    static const struct {
        const char *chip;
        uint16_t pid;
        uint32_t strap_addr, strap, forced_addr, forced;
        bool watchdog;
    } cases[] = {
        { "esp32s2", 2, 0x3F404038, 0, 0x3F408128, 0, true },
        { "esp32s2", 2, 0x3F404038, 8, 0x3F408128, 0, false },
        { "esp32s2", 2, 0x3F404038, 0, 0x3F408128, 1, false },
        { "esp32s3", 9, 0x60004038, 0, 0x6000812C, 0, true },
        { "esp32s3", 9, 0x60004038, 0, 0x6000812C, 1, true }, /* cleared before */
        { "esp32s3", 9, 0x60004038, 8, 0x6000812C, 1, false },
        { "esp32p4", 0x12, 0, 0, 0, 0, true },
        { "esp32s31", 0x20, 0, 0, 0, 0, true },
        { "esp32e22", 0x1F, 0, 0, 0, 0, false },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct reg_port r;
        struct err e = { 0 };
        reg_port_init(&r, cases[i].chip);
        plug(&r, 0x303A, cases[i].pid);
        reg_set(&r, cases[i].strap_addr, cases[i].strap);
        reg_set(&r, cases[i].forced_addr, cases[i].forced | 0x30);
        size_t cleared = strcmp(cases[i].chip, "esp32s3") == 0;
        uint64_t start_us = r.clock.us;
        assert_ok(board_leave(&r.loader, true, &e), &e);
        if (cleared) {
            assert_int_equal(r.writes[0].addr, 0x6000812C);
            assert_int_equal(r.writes[0].value, 0x30);
        }
        if (cases[i].watchdog) {
            assert_watchdog_fired(&r, r.loader.chip, cleared);
            continue;
        }
        assert_int_equal(r.write_count, cleared);
        assert_true(r.steps > 0);
        assert_int_equal(r.last_on, 0);
        assert_true(r.clock.us - start_us >= 400000); /* time for the device to come back */
    }
}

static void secured_boards_leave_by_rts(void **state)
{
    struct reg_port r;
    struct err e = { 0 };
    (void)state;
    reg_port_init(&r, "esp32p4");
    plug(&r, 0x303A, 0x12);
    r.loader.secured = true;
    assert_ok(board_leave(&r.loader, true, &e), &e);
    assert_int_equal(r.write_count, 0);
    assert_true(r.steps > 0);
    assert_code(board_leave_by_watchdog(&r.loader, &e), &e, ERR_FINISH);
}

static void jtag_boards_leave_by_rts(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        struct reg_port r;
        struct err e = { 0 };
        const struct chip *c = chip_at(i);
        if (!(c->flags & CHIP_USB_JTAG))
            continue;
        reg_port_init(&r, c->id_name);
        plug(&r, 0x303A, 0x1001);
        uint64_t start_us = r.clock.us;
        assert_ok(board_leave(&r.loader, true, &e), &e);
        assert_true(r.steps > 0);
        assert_int_equal(r.clock.us - start_us >= 400000, strcmp(c->id_name, "esp32c5") == 0);
    }
}

static void watchdogs_reset_where_the_port_survives_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < chip_count(); i++) {
        struct reg_port r;
        struct err e = { 0 };
        reg_port_init(&r, chip_at(i)->id_name);
        bool ok = board_leave_by_watchdog(&r.loader, &e);
        assert_int_equal(ok, chip_at(i)->watchdog.resets);
        if (ok)
            assert_watchdog_fired(&r, r.loader.chip, 0);
        else
            assert_code(ok, &e, ERR_FINISH);
    }
}

/* The adapter's RTS follows its flow control as soon as DTR is released. */
static void flow_control_adapters_keep_dtr(void **state)
{
    static const char *const names[] = { "auto", "classic", "tight" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct reg_port r;
        struct err e = { 0 };
        struct reset_sequence custom;
        const struct reset_sequence *list[RESET_CHOICES_MAX];
        reg_port_init(&r, "esp32");
        plug(&r, 0x10C4, 0xEA64);
        size_t n = reset_choices(&r.port, NULL, names[i], &custom, list);
        assert_true(n > 0);
        for (size_t k = 0; k < n; k++) {
            assert_ok(reset_run(&r.port, list[k], &e), &e);
            assert_int_equal(r.last_on, PORT_DTR);
        }
        assert_ok(board_leave(&r.loader, true, &e), &e);
        assert_int_equal(r.last_on, PORT_DTR);
        plug(&r, 0x10C4, 0xEA60);
        assert_ok(reset_run(&r.port, list[0], &e), &e);
        assert_int_equal(r.last_on, 0);
        assert_ok(board_leave(&r.loader, true, &e), &e);
        assert_int_equal(r.last_on, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_chip_is_detected),
        cmocka_unit_test(every_chip_is_detected_in_secure_download_mode),
        cmocka_unit_test(a_chip_that_refuses_a_read_is_not_secured_by_that_alone),
        cmocka_unit_test(unknown_ids_are_refused),
        cmocka_unit_test(a_chip_that_contradicts_itself_is_refused),
        cmocka_unit_test(security_is_the_stricter_of_two),
        cmocka_unit_test(the_pico_d4_is_found_at_its_other_pins),
        cmocka_unit_test(stubs_are_chosen_by_board),
        cmocka_unit_test(ports_are_known_by_their_usb_ids),
        cmocka_unit_test(a_woken_flash_is_looked_at_again),
        cmocka_unit_test(newer_silicon_without_flash_is_named),
        cmocka_unit_test(blocks_are_small_where_the_rom_speaks_usb),
        cmocka_unit_test(watchdogs_are_stopped_where_they_may_run),
        cmocka_unit_test(watchdogs_of_every_usb_unit_are_known),
        cmocka_unit_test(p4_flash_is_powered_by_revision),
        cmocka_unit_test(otg_boards_leave_as_their_straps_demand),
        cmocka_unit_test(secured_boards_leave_by_rts),
        cmocka_unit_test(jtag_boards_leave_by_rts),
        cmocka_unit_test(watchdogs_reset_where_the_port_survives_it),
        cmocka_unit_test(flow_control_adapters_keep_dtr),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
