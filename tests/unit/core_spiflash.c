/* The flash chip: its size by id, and the register dance that runs one of its commands. */
#include "core/loader/spiflash.h"
#include "tests/lib/script_loader.h"
#include "tests/lib/test.h"

#define KB(n) ((uint32_t)(n) << 10)
#define MB(n) ((uint32_t)(n) << 20)

static uint32_t id_of(uint8_t vendor, uint8_t type, uint8_t capacity)
{
    return vendor | (uint32_t)type << 8 | (uint32_t)capacity << 16;
}

/* The whole table of capacity bytes; all others are unknown. */
static uint32_t size_of_capacity(unsigned capacity)
{
    static const struct {
        uint8_t capacity;
        uint32_t bytes;
    } rows[] = {
        { 0x12, KB(256) }, { 0x13, KB(512) }, { 0x14, MB(1) },   { 0x15, MB(2) },
        { 0x16, MB(4) },   { 0x17, MB(8) },   { 0x18, MB(16) },  { 0x19, MB(32) },
        { 0x1A, MB(64) },  { 0x20, MB(64) },  { 0x1B, MB(128) }, { 0x21, MB(128) },
        { 0x1C, MB(256) }, { 0x22, MB(256) }, { 0x32, KB(256) }, { 0x33, KB(512) },
        { 0x34, MB(1) },   { 0x35, MB(2) },   { 0x36, MB(4) },   { 0x37, MB(8) },
        { 0x38, MB(16) },  { 0x39, MB(32) },  { 0x3A, MB(64) },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].capacity == capacity)
            return rows[i].bytes;
    }
    return 0;
}

static void spiflash_size_follows_the_capacity_byte(void **state)
{
    static const uint8_t vendors[] = { 0xEF, 0xC8, 0x20, 0x68, 0x00, 0xFF, 0x1E };
    (void)state;
    for (unsigned capacity = 0; capacity < 256; capacity++) {
        for (size_t i = 0; i < COUNT_OF(vendors); i++)
            assert_int_equal(spiflash_size_bytes(id_of(vendors[i], 0x40, (uint8_t)capacity)),
                             size_of_capacity(capacity));
    }
}

static void spiflash_size_of_adesto_is_in_the_type_byte(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 256; type++) {
        unsigned density = type & 0x1F;
        uint32_t expected = density >= 4 && density <= 9 ? KB(512) << (density - 4) : 0;
        assert_int_equal(spiflash_size_bytes(id_of(0x1F, (uint8_t)type, 0x16)), expected);
        assert_int_equal(spiflash_size_bytes(id_of(0x1F, (uint8_t)type, 0x01)), expected);
    }
    assert_int_equal(spiflash_size_bytes(0x01841F), KB(512)); /* as users met it */
}

static void spiflash_vendors_have_names(void **state)
{
    (void)state;
    assert_string_equal(spiflash_vendor(0x1640EF), "Winbond");
    assert_string_equal(spiflash_vendor(0x1640C8), "GigaDevice");
    assert_null(spiflash_vendor(0x164000));
}

/* ---- The controller ---- */

struct bench {
    struct fake_clock clock;
    struct script_port script;
    struct loader loader;
};

static void bench_begin(struct bench *b, const char *chip)
{
    fake_clock_init(&b->clock);
    script_port_init(&b->script, &b->clock);
    loader_init(&b->loader, &b->script.port);
    loader_set_chip(&b->loader, chip_by_name(chip));
}

static void bench_end(struct bench *b)
{
    if (!script_played(&b->script))
        fail_msg("%s", b->script.trouble);
    script_port_done(&b->script);
}

#define USR_SAVED  0x80000042u
#define USR2_SAVED 0x70000003u
#define ALL        UINT32_MAX
#define CMD_ONLY   (1u << 31)
#define CMD_MISO   (1u << 31 | 1u << 28)
#define START      (1u << 18)

/* What the two commands of the reset are made of: ESP8266 sets its lengths as well. */
#define RESET_ROWS_ESP32   8
#define RESET_ROWS_ESP8266 10

static void expect_patience(struct script_port *s, const struct script_row *rows, size_t count,
                            uint32_t w0)
{
    script_register_writes(s, rows, count);
    script_register(s, 0x3FF42000, 0);
    script_register(s, 0x3FF42080, 0x55555555);
    script_register(s, 0x3FF42000, 0);
    script_register(s, 0x3FF42080, w0);
}

/* Reset enable, reset and RDID in one go, and what was in the registers put back; then the answer.
 * The pauses are writes that change nothing. RDID once more gives `again`. */
static void expect_rdid_esp32(struct script_port *s, uint32_t busy_reads, uint32_t w0,
                              uint32_t again)
{
    static const struct script_row rows[] = {
        { 0x3FF4201C, CMD_ONLY, ALL, 0 },   { 0x3FF42024, 7u << 28 | 0x66, ALL, 0 },
        { 0x3FF42000, START, ALL, 0 },      { 0x3FF4201C, 0, 0, 50 },
        { 0x3FF4201C, CMD_ONLY, ALL, 0 },   { 0x3FF42024, 7u << 28 | 0x99, ALL, 0 },
        { 0x3FF42000, START, ALL, 0 },      { 0x3FF4201C, 0, 0, 200 },
        { 0x3FF4202C, 23, ALL, 0 }, /* bits in, less one */
        { 0x3FF4201C, CMD_MISO, ALL, 0 },   { 0x3FF42024, 7u << 28 | 0x9F, ALL, 0 },
        { 0x3FF42080, 0, ALL, 0 },          { 0x3FF42000, START, ALL, 0 },
        { 0x3FF4201C, 0, 0, 50 },           { 0x3FF4201C, USR_SAVED, ALL, 0 },
        { 0x3FF42024, USR2_SAVED, ALL, 0 },
    };
    const struct script_row *rdid = rows + RESET_ROWS_ESP32;
    const size_t rdid_count = COUNT_OF(rows) - RESET_ROWS_ESP32;
    script_register(s, 0x3FF4201C, USR_SAVED);
    script_register(s, 0x3FF42024, USR2_SAVED);
    script_register_writes(s, rows, COUNT_OF(rows));
    script_register(s, 0x3FF42000, busy_reads > 0 ? START : 0);
    script_register(s, 0x3FF42080, busy_reads > 0 ? 0x55555555 : w0);
    script_register_writes(s, rdid, rdid_count);
    script_register(s, 0x3FF42000, 0);
    script_register(s, 0x3FF42080, again);
    if (busy_reads == 0)
        return;
    /* A controller that was busy is waited for, and all of it comes again. */
    for (uint32_t i = 1; i < busy_reads; i++)
        script_register(s, 0x3FF42000, START);
    if (busy_reads > 10)
        return;
    script_register(s, 0x3FF42000, 0);
    expect_patience(s, rows, COUNT_OF(rows), w0);
    script_register(s, 0x3FF42000, 0);
    expect_patience(s, rdid, rdid_count, again);
}

static void spiflash_identify_runs_rdid_on_esp32(void **state)
{
    struct bench b;
    struct spiflash flash = { 0 };
    struct err e = { 0 };
    (void)state;
    for (uint32_t busy_reads = 0; busy_reads < 4; busy_reads++) {
        bench_begin(&b, "esp32");
        /* The byte behind the id is no part of it. */
        expect_rdid_esp32(&b.script, busy_reads, 0xAA1640EF, 0xBB1640EF);
        assert_ok(spiflash_identify(&b.loader, &flash, &e), &e);
        assert_int_equal(flash.id, 0x1640EF);
        assert_int_equal(flash.size_bytes, MB(4));
        bench_end(&b);
    }
}

/* The answer has no check of its own, and the size goes into the header. */
static void spiflash_identify_believes_no_id_that_changes(void **state)
{
    struct bench b;
    struct spiflash flash = { 0 };
    struct err e = { 0 };
    (void)state;
    bench_begin(&b, "esp32");
    expect_rdid_esp32(&b.script, 0, 0x1640EF, 0x1440EF);
    assert_code(spiflash_identify(&b.loader, &flash, &e), &e, ERR_FRAME);
    assert_int_equal(flash.id, 0);
    bench_end(&b);
}

static void spiflash_identify_runs_rdid_on_esp8266(void **state)
{
    static const struct script_row rows[] = {
        { 0x60000220, 0, ALL, 0 },
        { 0x6000021C, CMD_ONLY, ALL, 0 },
        { 0x60000224, 7u << 28 | 0x66, ALL, 0 },
        { 0x60000200, START, ALL, 0 },
        { 0x6000021C, 0, 0, 50 },
        { 0x60000220, 0, ALL, 0 },
        { 0x6000021C, CMD_ONLY, ALL, 0 },
        { 0x60000224, 7u << 28 | 0x99, ALL, 0 },
        { 0x60000200, START, ALL, 0 },
        { 0x6000021C, 0, 0, 200 },
        { 0x60000220, 23u << 8, ALL, 0 }, /* the lengths share USR1 */
        { 0x6000021C, CMD_MISO, ALL, 0 },
        { 0x60000224, 7u << 28 | 0x9F, ALL, 0 },
        { 0x60000240, 0, ALL, 0 },
        { 0x60000200, START, ALL, 0 },
        { 0x6000021C, 0, 0, 50 },
        { 0x6000021C, USR_SAVED, ALL, 0 },
        { 0x60000224, USR2_SAVED, ALL, 0 },
    };
    struct bench b;
    struct spiflash flash = { 0 };
    struct err e = { 0 };
    (void)state;
    bench_begin(&b, "esp8266");
    struct script_port *s = &b.script;
    script_register(s, 0x6000021C, USR_SAVED);
    script_register(s, 0x60000224, USR2_SAVED);
    script_register_writes(s, rows, COUNT_OF(rows));
    script_register(s, 0x60000200, 0);
    script_register(s, 0x60000240, 0x1540C8);
    script_register_writes(s, rows + RESET_ROWS_ESP8266, COUNT_OF(rows) - RESET_ROWS_ESP8266);
    script_register(s, 0x60000200, 0);
    script_register(s, 0x60000240, 0x1540C8);
    assert_ok(spiflash_identify(&b.loader, &flash, &e), &e);
    assert_int_equal(flash.id, 0x1540C8);
    assert_int_equal(flash.size_bytes, MB(2));
    bench_end(&b);
}

static void spiflash_identify_tells_a_missing_flash(void **state)
{
    static const uint32_t ids[] = { 0, 0xFFFFFF, 0xFFFF3F, 0xFF000000, 0x01FFFFFF };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        struct bench b;
        struct spiflash flash = { 0 };
        struct err e = { 0 };
        bench_begin(&b, "esp32");
        expect_rdid_esp32(&b.script, 0, ids[i], ids[i]);
        assert_code(spiflash_identify(&b.loader, &flash, &e), &e, ERR_NO_FLASH);
        bench_end(&b);
    }
}

static void spiflash_command_gives_up_on_a_busy_controller(void **state)
{
    struct bench b;
    struct spiflash flash = { 0 };
    struct err e = { 0 };
    (void)state;
    bench_begin(&b, "esp32");
    expect_rdid_esp32(&b.script, 11, 0, 0);
    assert_code(spiflash_identify(&b.loader, &flash, &e), &e, ERR_NO_FLASH);
    assert_has(e.what, "does not finish");
    bench_end(&b);
}

static void spiflash_command_sends_and_receives_whole_words(void **state)
{
    static const struct script_row rows[] = {
        { 0x3FF42028, 15, ALL, 0 },
        { 0x3FF4202C, 31, ALL, 0 },
        { 0x3FF4201C, 1u << 31 | 1u << 28 | 1u << 27, ALL, 0 },
        { 0x3FF42024, 7u << 28 | 0x01, ALL, 0 },
        { 0x3FF42080, 0x1234, ALL, 0 },
        { 0x3FF42000, START, ALL, 0 },
        { 0x3FF4201C, 0, 0, 50 },
        { 0x3FF4201C, USR_SAVED, ALL, 0 },
        { 0x3FF42024, USR2_SAVED, ALL, 0 },
    };
    struct bench b;
    struct err e = { 0 };
    uint32_t in = 0;
    (void)state;
    bench_begin(&b, "esp32");
    struct script_port *s = &b.script;
    script_register(s, 0x3FF4201C, USR_SAVED);
    script_register(s, 0x3FF42024, USR2_SAVED);
    script_register_writes(s, rows, COUNT_OF(rows));
    script_register(s, 0x3FF42000, 0);
    script_register(s, 0x3FF42080, 0xCAFEF00D);
    assert_ok(spiflash_command(&b.loader, 0x01, 0x1234, 16, 32, &in, &e), &e);
    assert_int_equal(in, 0xCAFEF00D);
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spiflash_size_follows_the_capacity_byte),
        cmocka_unit_test(spiflash_size_of_adesto_is_in_the_type_byte),
        cmocka_unit_test(spiflash_vendors_have_names),
        cmocka_unit_test(spiflash_identify_runs_rdid_on_esp32),
        cmocka_unit_test(spiflash_identify_believes_no_id_that_changes),
        cmocka_unit_test(spiflash_identify_runs_rdid_on_esp8266),
        cmocka_unit_test(spiflash_identify_tells_a_missing_flash),
        cmocka_unit_test(spiflash_command_gives_up_on_a_busy_controller),
        cmocka_unit_test(spiflash_command_sends_and_receives_whole_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
