/* Forecasts: bytes on the wire, sectors and blocks to erase, pages to program, MD5. */
#include "core/images/forecast.h"
#include "tests/lib/test.h"

#define SECTOR (4u << 10)
#define BLOCK  (64u << 10)
#define PAGE   256u

/* What the parts take alone, from regions that have nothing else. */
static uint64_t page_us(void)
{
    return forecast_flash_us(0, 2 * PAGE) - forecast_flash_us(0, PAGE);
}

static uint64_t sector_us(void)
{
    return forecast_flash_us(0, PAGE) - page_us();
}

static uint64_t block_us(void)
{
    return forecast_flash_us(0, BLOCK) - BLOCK / PAGE * page_us();
}

static uint64_t erase_us(uint32_t addr, uint32_t bytes)
{
    return forecast_flash_us(addr, bytes) - (bytes + PAGE - 1) / PAGE * page_us();
}

static void wire_takes_ten_bits_for_a_byte(void **state)
{
    (void)state;
    assert_int_equal(forecast_wire_us(11520, 115200), 1000000);
    assert_int_equal(forecast_wire_us(0, 115200), 0);
    assert_int_equal(forecast_wire_us(92160, 921600), 1000000);
    assert_int_equal(forecast_wire_us(10u << 20, 1000000), 10 * (10u << 20));
    assert_int_equal(forecast_wire_us(1000, 0), 0); /* a port that has no rate */
    assert_int_equal(forecast_wire_us(UINT32_MAX, 9600), UINT64_C(42949672950000000) / 9600);
}

/* A whole block goes in one step, which takes less than its sixteen sectors. */
static void whole_blocks_are_erased_as_blocks(void **state)
{
    (void)state;
    assert_true(block_us() < 16 * sector_us());
    assert_int_equal(erase_us(0, BLOCK), block_us());
    assert_int_equal(erase_us(3 * BLOCK, 5 * BLOCK), 5 * block_us());
    assert_int_equal(erase_us(BLOCK, BLOCK - PAGE), block_us()); /* its last sector counts whole */
}

static void what_is_no_block_is_erased_by_sectors(void **state)
{
    (void)state;
    assert_int_equal(erase_us(0, PAGE), sector_us());
    assert_int_equal(erase_us(0x8000, 3 * SECTOR), 3 * sector_us());
    assert_int_equal(erase_us(0, BLOCK - SECTOR), 15 * sector_us());
    /* Sixteen sectors over a boundary are no block. */
    assert_int_equal(erase_us(BLOCK - SECTOR, BLOCK), 16 * sector_us());
}

static void ends_beside_blocks_are_erased_by_sectors(void **state)
{
    (void)state;
    assert_int_equal(erase_us(BLOCK - SECTOR, BLOCK + SECTOR), sector_us() + block_us());
    assert_int_equal(erase_us(BLOCK, BLOCK + 2 * SECTOR), block_us() + 2 * sector_us());
    assert_int_equal(erase_us(BLOCK - 2 * SECTOR, 2 * BLOCK + 3 * SECTOR),
                     3 * sector_us() + 2 * block_us());
}

/* One byte over a sector's end costs that sector. */
static void a_start_within_a_sector_counts_that_sector(void **state)
{
    (void)state;
    assert_int_equal(erase_us(0x8100, SECTOR), 2 * sector_us());
    assert_int_equal(erase_us(0x8000, SECTOR + 4), 2 * sector_us());
}

static void pages_count_when_they_are_begun(void **state)
{
    (void)state;
    assert_int_equal(forecast_flash_us(0, 1), forecast_flash_us(0, PAGE));
    assert_int_equal(forecast_flash_us(0, PAGE + 1), forecast_flash_us(0, 2 * PAGE));
    assert_int_equal(forecast_flash_us(0x1000, 0), 0);
}

static void the_largest_flash_does_not_overflow(void **state)
{
    const uint32_t bytes = 128u << 20;
    (void)state;
    assert_int_equal(forecast_flash_us(0, bytes),
                     bytes / BLOCK * block_us() + bytes / PAGE * page_us());
    assert_int_equal(erase_us(UINT32_MAX - BLOCK + 1, BLOCK - SECTOR), 15 * sector_us());
    assert_true(forecast_md5_us(bytes) > 100 * forecast_md5_us(1u << 20));
}

/* Ten times as fast as it could be written: what `write: changed` lives on. */
static void md5_is_far_quicker_than_writing(void **state)
{
    (void)state;
    assert_int_equal(forecast_md5_us(0), 0);
    assert_true(5 * forecast_md5_us(1u << 20) < forecast_flash_us(0, 1u << 20));
}

/* Wire and flash work at the same time: the slower one is what counts. */
static void a_write_takes_what_the_slower_part_takes(void **state)
{
    const struct plan_region r = { .addr = 0x10000, .size_bytes = BLOCK };
    size_t at[] = { 0, 20000, 40000 };
    const struct plan_frames f = { .count = 2, .at = at };
    (void)state;
    uint64_t flash_us = forecast_flash_us(r.addr, r.size_bytes);
    uint64_t wire_bytes = plan_frames_wire_bytes(&f);
    assert_true(forecast_wire_us(wire_bytes, 115200) > flash_us);
    assert_int_equal(forecast_write_us(&r, &f, 115200), forecast_wire_us(wire_bytes, 115200));
    assert_true(forecast_wire_us(wire_bytes, 2000000) < flash_us);
    assert_int_equal(forecast_write_us(&r, &f, 2000000), flash_us);
    assert_int_equal(forecast_write_us(&r, &f, 0), flash_us);
}

/* Where the wire is quicker than programming, and there are two pieces at least; at a rate that is
 * not known, never. */
static void pieces_pay_on_a_quick_wire(void **state)
{
    const struct plan_region two = { .addr = 0x1F000, .size_bytes = BLOCK };
    const struct plan_region one = { .addr = 0x20000, .size_bytes = BLOCK };
    size_t at[] = { 0, 20000, 40000 };
    const struct plan_frames f = { .count = 2, .at = at };
    (void)state;
    uint64_t program_us = forecast_program_us(BLOCK);
    assert_int_equal(program_us, BLOCK / PAGE * page_us());
    uint32_t quick = (uint32_t)(40000 * UINT64_C(10000000) / program_us) + 1;
    assert_true(forecast_pieces_pay(&two, &f, quick));
    assert_true(forecast_pieces_pay(&two, &f, UINT32_MAX));
    assert_false(forecast_pieces_pay(&two, &f, quick - quick / 100));
    assert_false(forecast_pieces_pay(&two, &f, 115200));
    assert_false(forecast_pieces_pay(&one, &f, UINT32_MAX));
    assert_false(forecast_pieces_pay(&two, &f, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wire_takes_ten_bits_for_a_byte),
        cmocka_unit_test(whole_blocks_are_erased_as_blocks),
        cmocka_unit_test(what_is_no_block_is_erased_by_sectors),
        cmocka_unit_test(ends_beside_blocks_are_erased_by_sectors),
        cmocka_unit_test(a_start_within_a_sector_counts_that_sector),
        cmocka_unit_test(pages_count_when_they_are_begun),
        cmocka_unit_test(the_largest_flash_does_not_overflow),
        cmocka_unit_test(md5_is_far_quicker_than_writing),
        cmocka_unit_test(a_write_takes_what_the_slower_part_takes),
        cmocka_unit_test(pieces_pay_on_a_quick_wire),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
