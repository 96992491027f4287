/* Boards reached through the chip's own USB: what the lines mean there, watchdogs nobody feeds, and
 * ways out of the loader. */
#include "tests/unit/fixture_help.h"

static struct host *host_on(const char *chip, enum sim_usb usb)
{
    struct chip_sim_config config = chip_sim_default_config();
    config.chip = chip;
    config.usb = usb;
    config.latency_us = 0;
    struct host *h = host_with(config);
    host_wait(h, 100 * MS);
    return h;
}

/* R0 D0 W D1 R0 W R1 D0 R1 W D0 R0, through both asserted. */
static void jtag_reset(struct host *h)
{
    host_lines(h, false, false);
    host_wait(h, 100 * MS);
    host_lines(h, true, false);
    host_wait(h, 100 * MS);
    host_lines(h, true, true);
    host_lines(h, false, true);
    host_wait(h, 100 * MS);
    host_lines(h, false, false);
}

static bool answers_sync(struct host *h)
{
    host_forget(h);
    host_send_sync(h);
    bool found = host_get(h, 100 * MS).found;
    host_wait(h, 50 * MS);
    host_forget(h);
    return found;
}

static bool in_loader(struct host *h)
{
    return strcmp(host_state(h).mode, "rom") == 0;
}

static void write_reg(struct host *h, uint32_t addr, uint32_t value)
{
    assert_status(host_words(h, 0x09, WORDS(addr, value, 0xffffffff, 0), 4), 0x09, 0, 0);
}

static uint32_t read_reg(struct host *h, uint32_t addr)
{
    return host_words(h, 0x0a, WORDS(addr), 1).value;
}

static bool usb_left(struct host *h, uint64_t *back_us)
{
    return chip_sim_take_usb_gone(h->sim, back_us);
}

/* ---- USB-Serial/JTAG ---- */

static const char *const jtag_chips[] = {
    "esp32s3", "esp32c3", "esp32c5",  "esp32c6", "esp32c61",
    "esp32h2", "esp32h4", "esp32h21", "esp32p4", "esp32s31",
};

static void jtag_enters_through_both_lines(void **state)
{
    (void)state;
    uint64_t back_us;
    for (size_t i = 0; i < sizeof jtag_chips / sizeof jtag_chips[0]; i++) {
        struct host *h = host_on(jtag_chips[i], SIM_USB_JTAG);
        assert_false(in_loader(h));
        jtag_reset(h);
        assert_true(answers_sync(h));
        assert_true(host_heard(h, "rst:0x15 (USB_UART_CHIP_RESET)"));
        assert_false(usb_left(h, &back_us)); /* a reset of the core leaves the device alone */
        host_hard_reset(h);
        host_wait(h, 100 * MS);
        assert_false(in_loader(h));
        host_free(h);
    }
}

static void jtag_is_not_entered_the_classic_way(void **state)
{
    (void)state;
    struct host *h = host_on("esp32c3", SIM_USB_JTAG);
    host_classic_reset(h, 50 * MS);
    assert_false(answers_sync(h));
    /* Nor when the change goes over none asserted. */
    host_lines(h, true, false);
    host_wait(h, 100 * MS);
    host_lines(h, false, false);
    host_lines(h, false, true);
    host_wait(h, 100 * MS);
    host_lines(h, false, false);
    assert_false(answers_sync(h));
    host_free(h);
}

static void jtag_reset_does_not_look_at_the_straps(void **state)
{
    (void)state;
    uint64_t back_us = 0;
    struct host *h = host_on("esp32c3", SIM_USB_JTAG);
    chip_sim_press_reset(h->sim, true, h->now_us);
    assert_true(usb_left(h, &back_us));
    assert_in_range(back_us, 100 * MS, 1000 * MS);
    host_wait(h, 100 * MS);
    assert_true(answers_sync(h));
    host_hard_reset(h);
    host_wait(h, 100 * MS);
    assert_true(answers_sync(h)); /* entered by the button: RTS stays in the loader */
    chip_sim_press_reset(h->sim, false, h->now_us);
    host_wait(h, 100 * MS);
    assert_false(in_loader(h));
    host_free(h);
}

static void jtag_has_no_rate(void **state)
{
    (void)state;
    struct host *h = host_on("esp32c6", SIM_USB_JTAG);
    chip_sim_host_baud(h->sim, 9600, h->now_us);
    jtag_reset(h);
    assert_true(answers_sync(h));
    assert_status(host_words(h, 0x0f, WORDS(921600, 0), 2), 0x0f, 0, 0);
    assert_true(answers_sync(h));
    host_free(h);
}

/* ---- Watchdogs ---- */

struct dogs {
    const char *chip;
    uint32_t config0, config1, protect, swd_config, swd_protect, swd_key;
    uint8_t feed_bit;
    bool usb_comes_back;
};

static const struct dogs dogs[] = {
    { "esp32s3", 0x60008098, 0x6000809c, 0x600080b0, 0x600080b4, 0x600080b8, 0x8f1d312a, 31, true },
    { "esp32c3", 0x60008090, 0x60008094, 0x600080a8, 0x600080ac, 0x600080b0, 0x8f1d312a, 31, true },
    { "esp32c5", 0x600b1c00, 0x600b1c04, 0x600b1c18, 0x600b1c1c, 0x600b1c20, 0x50d83aa1, 18, true },
    { "esp32c6", 0x600b1c00, 0x600b1c04, 0x600b1c18, 0x600b1c1c, 0x600b1c20, 0x50d83aa1, 18,
      false },
    { "esp32c61", 0x600b1c00, 0x600b1c04, 0x600b1c18, 0x600b1c1c, 0x600b1c20, 0x50d83aa1, 18,
      true },
    { "esp32h2", 0x600b1c00, 0x600b1c04, 0x600b1c1c, 0x600b1c20, 0x600b1c24, 0x50d83aa1, 18,
      false },
    { "esp32h21", 0x600b1c00, 0x600b1c04, 0x600b1c1c, 0x600b1c20, 0x600b1c24, 0x50d83aa1, 18,
      false },
    { "esp32h4", 0x60090048, 0x6009004c, 0x60090064, 0x600b5420, 0x600b5424, 0x50d83aa1, 18,
      false },
    { "esp32p4", 0x50116000, 0x50116004, 0x50116018, 0x5011601c, 0x50116020, 0x50d83aa1, 18, true },
    { "esp32s31", 0x20801000, 0x20801004, 0x20801018, 0x2080101c, 0x20801020, 0x50d83aa1, 18,
      true },
};

#define EACH_DOG(d) for (const struct dogs *d = dogs; d < dogs + sizeof dogs / sizeof dogs[0]; d++)

static void stop_rtc_dog(struct host *h, const struct dogs *d)
{
    write_reg(h, d->protect, 0x50d83aa1);
    write_reg(h, d->config0, 0);
    write_reg(h, d->protect, 0);
}

static void feed_super_dog(struct host *h, const struct dogs *d)
{
    write_reg(h, d->swd_protect, d->swd_key);
    write_reg(h, d->swd_config, read_reg(h, d->swd_config) | 1u << d->feed_bit);
    write_reg(h, d->swd_protect, 0);
}

static struct host *jtag_loader(const char *chip)
{
    struct host *h = host_on(chip, SIM_USB_JTAG);
    jtag_reset(h);
    assert_true(answers_sync(h));
    return h;
}

static void dogs_bite_unless_both_are_quiet(void **state)
{
    (void)state;
    EACH_DOG(d)
    {
        for (unsigned quiet = 0; quiet < 4; quiet++) {
            struct host *h = jtag_loader(d->chip);
            if (quiet & 1)
                stop_rtc_dog(h, d);
            if (quiet & 2)
                feed_super_dog(h, d);
            host_wait(h, 10000 * MS);
            assert_int_equal(in_loader(h), quiet == 3);
            host_free(h);
        }
    }
}

static void dogs_want_their_keys(void **state)
{
    (void)state;
    EACH_DOG(d)
    {
        struct host *h = jtag_loader(d->chip);
        uint32_t before = read_reg(h, d->config0);
        write_reg(h, d->config0, 0);
        assert_int_equal(read_reg(h, d->config0), before);
        write_reg(h, d->swd_config, 1u << d->feed_bit);
        assert_int_equal(read_reg(h, d->swd_config), 0);
        host_wait(h, 10000 * MS);
        assert_false(in_loader(h));
        host_free(h);
    }
}

static void dogs_sleep_behind_an_adapter(void **state)
{
    (void)state;
    struct host *h = host_new("esp32c3");
    host_connect(h);
    host_wait(h, 20000 * MS);
    assert_true(answers_sync(h));
    host_free(h);
}

static void set_off_dog(struct host *h, uint32_t config0, uint32_t config1, uint32_t protect)
{
    write_reg(h, protect, 0x50d83aa1);
    write_reg(h, config1, 2000);
    write_reg(h, config0, 1u << 31 | 5u << 28 | 1u << 8 | 2);
    host_words(h, 0x09, WORDS(protect, 0, 0xffffffff, 0), 4);
    host_wait(h, 500 * MS);
}

/* The button's strap is looked at again, and the device goes from the bus; some never come back. */
static void dogs_lead_out_of_a_loader_entered_by_button(void **state)
{
    (void)state;
    EACH_DOG(d)
    {
        uint64_t back_us = 0;
        struct host *h = host_on(d->chip, SIM_USB_JTAG);
        chip_sim_press_reset(h->sim, true, h->now_us);
        host_wait(h, 100 * MS);
        assert_true(usb_left(h, &back_us));
        assert_true(answers_sync(h));
        set_off_dog(h, d->config0, d->config1, d->protect);
        assert_false(in_loader(h));
        assert_true(usb_left(h, &back_us));
        assert_int_equal(back_us != CHIP_SIM_NEVER, d->usb_comes_back);
        host_free(h);
    }
}

/* ---- The CDC device of the ROM ---- */

struct otg {
    const char *chip;
    uint32_t config0, config1, protect;
    uint32_t strap, force; /* 0: not known */
};

static const struct otg otgs[] = {
    { "esp32s2", 0x3f408094, 0x3f408098, 0x3f4080ac, 0x3f404038, 0x3f408128 },
    { "esp32s3", 0x60008098, 0x6000809c, 0x600080b0, 0x60004038, 0x6000812c },
    { "esp32p4", 0x50116000, 0x50116004, 0x50116018, 0x500e0038, 0x50110008 },
    { "esp32s31", 0x20801000, 0x20801004, 0x20801018, 0, 0 },
};

#define EACH_OTG(o) for (const struct otg *o = otgs; o < otgs + sizeof otgs / sizeof otgs[0]; o++)

static void otg_is_left_by_the_watchdog(void **state)
{
    (void)state;
    EACH_OTG(o)
    {
        uint64_t back_us;
        struct host *h = host_on(o->chip, SIM_USB_OTG);
        assert_true(answers_sync(h)); /* it came with BOOT held */
        if (o->strap)
            assert_int_equal(read_reg(h, o->strap) & 8, 0);
        host_hard_reset(h);
        host_wait(h, 100 * MS);
        assert_true(usb_left(h, &back_us));
        assert_true(answers_sync(h)); /* the strap of before is still believed */
        set_off_dog(h, o->config0, o->config1, o->protect);
        assert_false(in_loader(h));
        assert_true(usb_left(h, &back_us));
        assert_int_not_equal(back_us, CHIP_SIM_NEVER);
        host_free(h);
    }
}

static void run_something(struct host *h)
{
    chip_sim_press_reset(h->sim, false, h->now_us);
    sim_set_mode(h->sim, SIM_APPLICATION); /* whatever it is: its console hears the lines */
    sim_boot_stop(h->sim);
}

/* Entered by the lines, out of an application: a bit says so, and the strap does not. */
static void otg_keeps_who_asked_for_the_loader(void **state)
{
    (void)state;
    static const struct {
        const char *chip;
        uint32_t strap, force;
        bool rts_leaves;
    } row[] = {
        { "esp32s2", 0x3f404038, 0x3f408128, true },
        { "esp32s3", 0x60004038, 0x6000812c, false },
    };
    for (size_t i = 0; i < 2; i++) {
        struct host *h = host_on(row[i].chip, SIM_USB_OTG);
        run_something(h);
        host_classic_reset(h, 50 * MS);
        host_wait(h, 100 * MS);
        assert_true(answers_sync(h));
        assert_int_equal(read_reg(h, row[i].strap) & 8, 8);
        assert_int_equal(read_reg(h, row[i].force) & 1, 1);
        host_hard_reset(h);
        host_wait(h, 100 * MS);
        assert_int_equal(in_loader(h), !row[i].rts_leaves);
        if (!row[i].rts_leaves) {
            assert_true(answers_sync(h));
            write_reg(h, row[i].force, 0);
            host_hard_reset(h);
            host_wait(h, 100 * MS);
            assert_false(in_loader(h));
        }
        host_free(h);
    }
}

static void otg_forgets_by_the_watchdog_who_asked(void **state)
{
    (void)state;
    struct host *h = host_on("esp32s3", SIM_USB_OTG);
    run_something(h);
    host_classic_reset(h, 50 * MS);
    host_wait(h, 100 * MS);
    assert_true(answers_sync(h));
    set_off_dog(h, 0x60008098, 0x6000809c, 0x600080b0);
    assert_false(in_loader(h));
    sim_set_mode(h->sim, SIM_APPLICATION);
    sim_boot_stop(h->sim);
    host_hard_reset(h); /* nothing of before is left that would lead into the loader */
    host_wait(h, 100 * MS);
    assert_false(in_loader(h));
    host_free(h);
}

static void otg_loses_what_is_behind_800_bytes(void **state)
{
    (void)state;
    static const uint8_t zero[0x1800] = { 0 };
    struct host *h = host_on("esp32s2", SIM_USB_OTG);
    assert_true(answers_sync(h));
    assert_status(host_words(h, 0x05, WORDS(0x1000, 1, 0x1000, 0x40028000), 4), 5, 0, 0);
    assert_status(host_block(h, 0x07, 0, zero, 0x804), 7, 1, 7);
    assert_status(host_words(h, 0x05, WORDS(0x1000, 1, 0x800, 0x40028000), 4), 5, 0, 0);
    assert_status(host_block(h, 0x07, 0, zero, 0x800), 7, 0, 0);
    if (have_stubs()) {
        struct sim_stub_file f = { 0 };
        assert_true(sim_stub_file_load(&f, "esp32s2.json"));
        for (uint32_t part = 0; part < 2; part++) {
            const uint8_t *bytes = part ? f.data : f.text;
            uint32_t n = (uint32_t)(part ? f.data_bytes : f.text_bytes);
            uint32_t addr = part ? f.data_start : f.text_start;
            host_words(h, 0x05, WORDS(n, (n + 0x7ff) / 0x800, 0x800, addr), 4);
            for (uint32_t at = 0; at < n; at += 0x800)
                host_block(h, 0x07, at / 0x800, bytes + at, n - at < 0x800 ? n - at : 0x800);
        }
        host_words(h, 0x06, WORDS(0, f.entry), 2);
        host_wait(h, 100 * MS);
        host_forget(h);
        sim_stub_file_done(&f);
        assert_status(host_words(h, 0x02, WORDS(0x1000, 1, 0x1000, 0, 0), 5), 2, 0, 0);
        assert_status(host_block(h, 0x03, 0, zero, 0x1000), 3, 0xc1, 0);
        assert_status(host_block(h, 0x03, 0, zero, 0x800), 3, 0, 0);
    }
    host_free(h);
}

static void usb_tells_its_console_variable(void **state)
{
    (void)state;
    static const struct {
        const char *chip;
        int revision;
        uint32_t addr;
        uint8_t otg, jtag; /* 0: has none */
    } row[] = {
        { "esp32s2", 0, 0x3ffffd14, 2, 0 },        { "esp32s3", 2, 0x3fcef14c, 3, 4 },
        { "esp32c3", 4, 0x3fcdf07c, 0, 3 },        { "esp32c3", 101, 0x3fcdf078, 0, 3 },
        { "esp32c5", 100, 0x4085f514, 0, 3 },      { "esp32c6", 1, 0x4087f580, 0, 3 },
        { "esp32c61", 2, 0x4084f5ec, 0, 3 },       { "esp32c61", 100, 0x4084f5e4, 0, 4 },
        { "esp32h2", 100, 0x4084fefc, 0, 3 },      { "esp32p4", 103, 0x4ff3feb0 + 24, 5, 6 },
        { "esp32p4", 300, 0x4ffbfeb0 + 24, 5, 6 }, { "esp32e22", 0, 0x3111b700, 3, 0 },
    };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        for (enum sim_usb usb = SIM_USB_NONE; usb <= SIM_USB_OTG; usb++) {
            uint8_t want = usb == SIM_USB_OTG ? row[i].otg : usb == SIM_USB_JTAG ? row[i].jtag : 0;
            if (usb != SIM_USB_NONE && want == 0)
                continue;
            struct chip_sim_config config = chip_sim_default_config();
            config.chip = row[i].chip;
            config.revision = row[i].revision;
            config.usb = usb;
            struct host *h = host_with(config);
            host_wait(h, 50 * MS);
            if (usb == SIM_USB_JTAG)
                jtag_reset(h);
            else
                host_classic_reset(h, 50 * MS);
            assert_true(answers_sync(h));
            assert_int_equal(read_reg(h, row[i].addr & ~3u) >> 8 * (row[i].addr & 3) & 0xff, want);
            host_free(h);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jtag_enters_through_both_lines),
        cmocka_unit_test(jtag_is_not_entered_the_classic_way),
        cmocka_unit_test(jtag_reset_does_not_look_at_the_straps),
        cmocka_unit_test(jtag_has_no_rate),
        cmocka_unit_test(dogs_bite_unless_both_are_quiet),
        cmocka_unit_test(dogs_want_their_keys),
        cmocka_unit_test(dogs_sleep_behind_an_adapter),
        cmocka_unit_test(dogs_lead_out_of_a_loader_entered_by_button),
        cmocka_unit_test(otg_is_left_by_the_watchdog),
        cmocka_unit_test(otg_keeps_who_asked_for_the_loader),
        cmocka_unit_test(otg_forgets_by_the_watchdog_who_asked),
        cmocka_unit_test(otg_loses_what_is_behind_800_bytes),
        cmocka_unit_test(usb_tells_its_console_variable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
