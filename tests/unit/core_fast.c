/* A region through the fast stub, whose machine code an interpreter runs: how near it comes to
 * wire and flash, that its UART never overflows, and what a wire that loses and turns bits does. */
#include "core/images/forecast.h"
#include "stub/fast_wire.h"
#include "tests/unit/region_bench.h"

#define ADDR     0x10000u
#define BYTES    (128u << 10)
#define DENSE    5 /* of eight: about as an application compresses */
#define PER_CENT 100u

/* One of each kind of UART, flash controller and core; the others differ from these in addresses,
 * and write one region. */
static const char *const chips[] = { "esp32c3", "esp32", "esp32c6", "esp8266" };
static const char *const others[] = { "esp32s2",  "esp32s3", "esp32c2", "esp32c5",
                                      "esp32c61", "esp32h2", "esp32p4" };

static struct region_bench *bench_at(const char *chip, uint32_t latency_us, uint32_t baud,
                                     uint16_t cpu_mhz)
{
    struct region_bench *b =
        region_bench_with(chip, REGION_FAST, ADDR, BYTES, DENSE, latency_us, baud, cpu_mhz);
    chip_sim_flash_fill(b->sim.sim, SIM_FILL_DIRTY);
    return b;
}

static struct region_bench *bench(const char *chip, uint32_t latency_us, uint32_t baud)
{
    return bench_at(chip, latency_us, baud, 0);
}

static void write_and_prove(struct region_bench *b)
{
    const struct flash_progress progress = { region_tell, b };
    uint8_t found[DIGEST_MD5_BYTES];
    struct err e = { 0 };
    assert_ok(flash_write(&b->loader, b->r, &progress, &e), &e);
    assert_ok(flash_md5(&b->loader, b->r, found, &e), &e);
    assert_memory_equal(found, b->r->md5, sizeof found);
    assert_int_equal(b->told_bytes, BYTES);
    assert_region_is_there(b);
}

/* In thousandths of the slower of both, the proof included: what is beyond is the tail of the last
 * block at low rates, and reading it back where the flash is the slower one. */
static void a_write_comes_near_wire_and_flash(void **state)
{
    static const struct {
        uint32_t baud, latency_us;
        unsigned percent;
    } paces[] = {
        { 460800, 1000, 103 },
        { 921600, 1000, 104 },
        { 921600, 16000, 110 },
        { 2000000, 1000, 135 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paces) * COUNT_OF(chips); i++) {
        const char *chip = chips[i % COUNT_OF(chips)];
        const uint32_t baud = paces[i / COUNT_OF(chips)].baud;
        struct region_bench *b = bench(chip, paces[i / COUNT_OF(chips)].latency_us, baud);
        uint64_t floor_us = forecast_write_us(b->r, &b->r->frames[FRAMES_FAST], baud);
        uint64_t start_us = b->clock.us;
        write_and_prove(b);
        uint64_t us = b->clock.us - start_us;
        if (us * PER_CENT > floor_us * paces[i / COUNT_OF(chips)].percent)
            fail_msg("%s, %u baud, %u us: %.1f %% of the floor", chip, baud,
                     paces[i / COUNT_OF(chips)].latency_us,
                     (double)us * PER_CENT / (double)floor_us);
        assert_int_equal(region_state(b).overruns, 0);
        region_bench_free(b);
    }
}

static void every_chip_that_has_one_is_written(void **state)
{
    size_t count = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        struct region_bench *b = bench(others[i], 1000, 921600);
        write_and_prove(b);
        assert_int_equal(region_state(b).fifo_lost, 0);
        assert_int_equal(region_state(b).chip_baud / 10000, 92);
        region_bench_free(b);
    }
    for (size_t i = 0; i < chip_count(); i++)
        count += chip_at(i)->fast_tried != 0;
    assert_int_equal(count, COUNT_OF(chips) + COUNT_OF(others));
}

/* It asks its UART often enough at every clock that the core may have. */
static void no_byte_is_lost_in_the_uart(void **state)
{
    static const struct {
        uint16_t mhz;
        uint32_t baud;
    } pairs[] = { { 20, 921600 }, { 40, 2000000 }, { 80, 2000000 }, { 160, 2000000 } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(pairs) * COUNT_OF(chips); i++) {
        const char *chip = chips[i % COUNT_OF(chips)];
        const uint32_t baud = pairs[i / COUNT_OF(chips)].baud;
        struct region_bench *b = bench_at(chip, 1000, baud, pairs[i / COUNT_OF(chips)].mhz);
        write_and_prove(b);
        assert_int_equal(region_state(b).fifo_lost, 0);
        region_bench_free(b);
    }
}

/* Better packed where there is time for it, and what comes out is the same. */
static void lzma_is_used_where_the_chip_has_time(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chips); i++) {
        const uint32_t most = chip_by_name(chips[i])->lzma_baud;
        if (most == 0)
            continue; /* it has none */
        struct region_bench *quick = bench(chips[i], 1000, 2000000),
                            *b = bench(chips[i], 1000, most);
        const struct plan_frames *zlib = &quick->r->frames[FRAMES_FAST];
        const struct plan_frames *lzma = &b->r->frames[FRAMES_FAST];
        assert_int_equal(zlib->coding, FAST_CODING_ZLIB);
        assert_int_equal(lzma->coding, FAST_CODING_LZMA);
        assert_true(plan_frames_wire_bytes(lzma) < plan_frames_wire_bytes(zlib));
        write_and_prove(b);
        region_bench_free(quick);
        region_bench_free(b);
    }
}

static void fault(struct region_bench *b, const char *text)
{
    char why[200] = "";
    if (!chip_sim_add_fault(b->sim.sim, text, b->clock.us, why, sizeof why))
        fail_msg("%s", why);
}

static void a_wire_that_turns_and_loses_bytes_costs_what_it_harms(void **state)
{
    static const char *const faults[] = { "drop=0.0001", "flip=0.0001", "drop=0.001",
                                          "flip=0.001" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults) * COUNT_OF(chips); i++) {
        struct region_bench *b = bench(chips[i % COUNT_OF(chips)], 1000, 921600);
        const struct flash_progress progress = { region_tell, b };
        struct err e = { 0 };
        fault(b, faults[i / COUNT_OF(chips)]);
        uint64_t before = b->sim.port.tx_bytes;
        assert_ok(flash_write(&b->loader, b->r, &progress, &e), &e);
        uint64_t sent = b->sim.port.tx_bytes - before;
        /* one block in so many bytes that are harmed, and as many again for what was asked */
        assert_true(sent < plan_frames_wire_bytes(&b->r->frames[FRAMES_FAST]) * 12);
        chip_sim_clear_faults(b->sim.sim);
        assert_region_is_there(b);
        region_bench_free(b);
    }
}

static void a_stub_that_falls_silent_is_noticed(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chips); i++) {
        struct region_bench *b = bench(chips[i], 1000, 921600);
        const struct flash_progress progress = { region_tell, b };
        struct err e = { 0 };
        fault(b, "hang,at=middle");
        uint64_t start_us = b->clock.us;
        assert_code(flash_write(&b->loader, b->r, &progress, &e), &e, ERR_WRITE);
        assert_has(e.what, "no word of the fast stub");
        assert_true(b->clock.us - start_us < 8000000);
        region_bench_free(b);
    }
}

static void a_bit_that_cannot_be_programmed_shows(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(chips); i++) {
        struct region_bench *b = bench(chips[i], 1000, 921600);
        const struct flash_progress progress = { region_tell, b };
        struct flash_difference differs;
        uint8_t found[DIGEST_MD5_BYTES];
        struct err e = { 0 };
        fault(b, "stuck-bit=0x20123");
        assert_ok(flash_write(&b->loader, b->r, &progress, &e), &e);
        assert_ok(flash_md5(&b->loader, b->r, found, &e), &e);
        if (memcmp(found, b->r->md5, sizeof found) != 0) {
            assert_code(flash_judge(&b->loader, b->r, found, &differs, &e), &e, ERR_VERIFY);
            assert_true(differs.known);
            assert_int_equal(differs.addr, 0x20123);
        }
        region_bench_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_write_comes_near_wire_and_flash),
        cmocka_unit_test(every_chip_that_has_one_is_written),
        cmocka_unit_test(no_byte_is_lost_in_the_uart),
        cmocka_unit_test(lzma_is_used_where_the_chip_has_time),
        cmocka_unit_test(a_wire_that_turns_and_loses_bytes_costs_what_it_harms),
        cmocka_unit_test(a_stub_that_falls_silent_is_noticed),
        cmocka_unit_test(a_bit_that_cannot_be_programmed_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
