/*
 * Reading the flash of a virtual board through ROM and stub: what is read is what is there, damage
 * on the wire is repaired or told, and no content can be mistaken for something else.
 */
#include "core/flash/readflash.h"
#include "core/board/board.h"
#include "core/flash/erase.h"
#include "core/flash/flash.h"
#include "core/loader/stub.h"
#include "tests/lib/sim_port.h"
#include "tests/lib/test.h"

#include <stdlib.h>

#define FLASH_BYTES (1u << 20)

struct bench {
    struct fake_clock clock;
    struct sim_port sim;
    struct loader loader;
    struct board board;
    struct stub_set *stubs;
    uint8_t flash[FLASH_BYTES]; /* what was put there */
    uint8_t read[FLASH_BYTES];
    size_t have;
    size_t stop_after; /* the sink fails then; 0: never */
};

static bool take(void *ctx, const uint8_t *bytes, size_t n, struct err *e)
{
    struct bench *b = ctx;
    if (b->stop_after > 0 && b->have >= b->stop_after)
        return err_set(e, ERR_STATION, "the disk is full");
    assert_true(b->have + n <= sizeof b->read);
    memcpy(b->read + b->have, bytes, n);
    b->have += n;
    return true;
}

static bool read_all(struct bench *b, uint32_t addr, uint32_t n, struct err *e)
{
    const struct readflash_sink sink = { take, b };
    *e = (struct err){ 0 };
    b->have = 0;
    return readflash(&b->loader, addr, n, &sink, e);
}

static void connect(struct bench *b, bool stub)
{
    struct reset_sequence custom;
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    struct err e = { 0 };
    assert_true(reset_choices(&b->sim.port, NULL, "auto", &custom, list) > 0);
    loader_init(&b->loader, &b->sim.port);
    assert_ok(port_set_baud(&b->sim.port, 115200, &e), &e);
    assert_ok(board_connect(&b->loader, list[0], NULL, &e), &e);
    assert_ok(board_identify(&b->loader, &b->board, &e), &e);
    if (stub)
        assert_ok(stub_start(&b->loader, stub_set_find(b->stubs, b->board.chip->id_name), &e), &e);
    assert_ok(flash_set_size(&b->loader, b->board.flash.size_bytes, &e), &e);
}

/* Noise, with the boot log of a ROM in the middle of it, and bytes that SLIP must escape. */
static void fill_flash(struct bench *b)
{
    static const char log[] = "ets Jul 29 2019 12:21:46\r\n\r\nrst:0x1 (POWERON_RESET),boot:0x13 "
                              "(SPI_FAST_FLASH_BOOT)\r\n";
    uint32_t random = 11;
    for (size_t i = 0; i < sizeof b->flash; i++)
        b->flash[i] = (uint8_t)next_random(&random);
    memset(b->flash + 0x3000, 0xC0, 0x1000);
    memset(b->flash + 0x4000, 0xDB, 0x1000);
    for (size_t at = 0x800; at < 0x9000; at += 0x777)
        memcpy(b->flash + at, log, sizeof log - 1);
    assert_true(chip_sim_flash_load(b->sim.sim, 0, b->flash, sizeof b->flash));
}

static struct bench *bench_new(const char *chip, bool stub)
{
    struct bench *b = calloc(1, sizeof *b);
    struct chip_sim_config config = chip_sim_default_config();
    struct err e = { 0 };
    char why[200];
    assert_non_null(b);
    config.chip = chip;
    config.flash_bytes = FLASH_BYTES;
    fake_clock_init(&b->clock);
    assert_true(sim_port_init(&b->sim, &config, &b->clock, why, sizeof why));
    fill_flash(b);
    b->stubs = stub_set_new(NULL, &e);
    assert_ok(b->stubs != NULL, &e);
    connect(b, stub);
    return b;
}

static void bench_free(struct bench *b)
{
    stub_set_free(b->stubs);
    sim_port_done(&b->sim);
    free(b);
}

static void assert_read(struct bench *b, uint32_t addr, uint32_t n)
{
    struct err e;
    assert_ok(read_all(b, addr, n, &e), &e);
    assert_int_equal(b->have, n);
    assert_memory_equal(b->read, b->flash + addr, n);
}

static void readflash_through_the_stub_gives_what_is_there(void **state)
{
    static const char *const chips[] = { "esp32", "esp8266" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chips); i++) {
        struct bench *b = bench_new(chips[i], true);
        struct err e = { 0 };
        assert_ok(loader_change_baud(&b->loader, 921600, 921600, &e), &e);
        assert_read(b, 0, FLASH_BYTES);
        assert_read(b, 0x12345, 1);
        assert_read(b, 0xFFF, 0x1002);
        assert_read(b, FLASH_BYTES - 3, 3);
        assert_read(b, 0, 0);
        assert_ok(loader_settle(&b->loader, 3000, &e), &e); /* and the loader is at rest */
        bench_free(b);
    }
}

static void readflash_through_the_rom_gives_what_is_there(void **state)
{
    struct bench *b = bench_new("esp32", false);
    (void)state;
    assert_read(b, 0x2FF0, 0x2021);
    assert_read(b, 0x10000, 33000); /* more than a chunk */
    assert_read(b, 7, 1);
    bench_free(b);
}

static void readflash_asks_no_rom_that_cannot(void **state)
{
    struct bench *b = bench_new("esp8266", false);
    struct err e;
    (void)state;
    assert_code(read_all(b, 0, 4096, &e), &e, ERR_STUB);
    assert_has(e.what, "ESP8266");
    bench_free(b);
}

static void add_fault(struct bench *b, const char *fault)
{
    char why[200];
    assert_true(chip_sim_add_fault(b->sim.sim, fault, b->clock.us, why, sizeof why));
}

static void readflash_repairs_what_a_bad_wire_does(void **state)
{
    static const char *const faults[] = {
        "flip=0.0001,dir=out,times=2",  "flip=0.00003,dir=out,times=2",
        "flip=0.00007,dir=out,times=1", "drop=0.0001,dir=out,times=2",
        "extra=0.0001,dir=out,times=2", "drop=0.01,dir=in,times=2"
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct bench *b = bench_new("esp32", true);
        add_fault(b, faults[i]);
        assert_read(b, 0, 0x20000);
        chip_sim_clear_faults(b->sim.sim);
        assert_read(b, 0x20000, 0x1000);
        bench_free(b);
    }
}

static void readflash_gives_up_on_a_hopeless_wire(void **state)
{
    struct bench *b = bench_new("esp32", true);
    struct err e;
    (void)state;
    add_fault(b, "flip=0.01,dir=out");
    assert_code(read_all(b, 0x1000, 0x20000, &e), &e, ERR_VERIFY);
    assert_has(e.what, "Reading the flash at 0x1000");
    assert_has(e.hint, "--baud");
    assert_int_equal(b->have, 0); /* nothing unproved was handed on */
    bench_free(b);
}

static void readflash_ends_when_the_sink_cannot_take_more(void **state)
{
    struct bench *b = bench_new("esp32", true);
    struct err e;
    (void)state;
    b->stop_after = 1;
    assert_code(read_all(b, 0, FLASH_BYTES, &e), &e, ERR_STATION);
    assert_has(e.what, "disk is full");
    b->stop_after = 0;
    assert_read(b, 0, 0x1000);
    bench_free(b);
}

static void readflash_says_when_the_flash_ends_before(void **state)
{
    struct bench *b = bench_new("esp32", true);
    struct err e;
    (void)state;
    assert_false(read_all(b, FLASH_BYTES - 0x1000, 0x2000, &e));
    assert_int_equal(e.code, ERR_VERIFY);
    bench_free(b);
}

/* ---- Erase ---- */

static void assert_erased(struct bench *b, uint32_t from, uint32_t n)
{
    uint8_t *now = malloc(FLASH_BYTES);
    assert_non_null(now);
    assert_true(chip_sim_flash_read(b->sim.sim, 0, now, FLASH_BYTES));
    memset(b->flash + from, 0xFF, n);
    assert_memory_equal(now, b->flash, FLASH_BYTES);
    free(now);
}

static void erase_region_takes_exactly_its_sectors(void **state)
{
    (void)state;
    for (int stub = 0; stub <= 1; stub++) {
        struct bench *b = bench_new("esp32", stub);
        struct err e = { 0 };
        assert_ok(erase_region(&b->loader, 0xF000, 0x12000, NULL, &e), &e);
        assert_ok(erase_prove(&b->loader, 0xF000, 0x12000, &e), &e);
        assert_erased(b, 0xF000, 0x12000);
        assert_code(erase_prove(&b->loader, 0xE000, 0x2000, &e), &e, ERR_ERASE);
        assert_has(e.what, "0xe000");
        e = (struct err){ 0 };
        assert_code(erase_region(&b->loader, 0x800, 0x1000, NULL, &e), &e, ERR_USAGE);
        assert_erased(b, 0xF000, 0x12000);
        bench_free(b);
    }
}

static void erase_region_asks_no_rom_that_takes_more(void **state)
{
    struct bench *b = bench_new("esp8266", false);
    struct err e = { 0 };
    (void)state;
    assert_code(erase_region(&b->loader, 0, 0x1000, NULL, &e), &e, ERR_STUB);
    assert_erased(b, 0, 0);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readflash_through_the_stub_gives_what_is_there),
        cmocka_unit_test(readflash_through_the_rom_gives_what_is_there),
        cmocka_unit_test(readflash_asks_no_rom_that_cannot),
        cmocka_unit_test(readflash_repairs_what_a_bad_wire_does),
        cmocka_unit_test(readflash_gives_up_on_a_hopeless_wire),
        cmocka_unit_test(readflash_ends_when_the_sink_cannot_take_more),
        cmocka_unit_test(readflash_says_when_the_flash_ends_before),
        cmocka_unit_test(erase_region_takes_exactly_its_sectors),
        cmocka_unit_test(erase_region_asks_no_rom_that_takes_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
