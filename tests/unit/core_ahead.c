/*
 * Blocks that go out while the acknowledgement of the one before is on its way, against the virtual
 * board: it has two buffers, as the stub has, and counts what comes while both are in use.
 */
#include "tests/unit/region_bench.h"

#define ADDR     0x100000u
#define BYTES    (512u << 10)
#define LATE_US  16000u /* an adapter as it comes */
#define QUICK_US 1000u

struct written {
    unsigned blocks, blocks_ahead;
    uint64_t us, overruns;
};

struct way {
    uint32_t latency_us, baud; /* baud 0: by the ROM */
    bool noise;                /* does not deflate */
    bool may;
    enum sim_fill fill;
};

static struct written write_region(const struct way *w)
{
    struct region_bench *b = region_bench_new(ADDR, BYTES, w->noise, w->latency_us, w->baud);
    const struct flash_progress progress = { region_tell, b };
    uint8_t found[DIGEST_MD5_BYTES];
    struct err e = { 0 };
    b->loader.may_run_ahead = w->may;
    chip_sim_flash_fill(b->sim.sim, w->fill);
    uint64_t start_us = b->clock.us;
    assert_ok(flash_write(&b->loader, b->r, &progress, &e), &e);
    struct written result = { .blocks = w->baud ? b->r->stub.count : b->r->rom.count,
                              .blocks_ahead = b->loader.blocks_ahead,
                              .us = b->clock.us - start_us };
    assert_int_equal(b->told_bytes, b->r->size_bytes);
    assert_ok(flash_md5(&b->loader, b->r, found, &e), &e);
    assert_memory_equal(found, b->r->md5, sizeof found);
    assert_region_is_there(b);
    result.overruns = region_state(b).overruns;
    region_bench_free(b);
    return result;
}

/* Sixteen milliseconds for each block are saved, but for the first ones, which prove the stub. */
static void blocks_run_ahead_on_a_late_link(void **state)
{
    struct way w = { LATE_US, 460800, true, false, SIM_FILL_DIRTY };
    (void)state;
    const struct written waited = write_region(&w);
    w.may = true;
    const struct written ahead = write_region(&w);
    assert_int_equal(waited.blocks_ahead, 0);
    assert_true(ahead.blocks_ahead > ahead.blocks / 2);
    assert_true(ahead.blocks_ahead < ahead.blocks - 2);
    assert_int_equal(ahead.overruns, 0);
    assert_true(ahead.us + ahead.blocks_ahead * LATE_US / 2 < waited.us);
}

/* There the acknowledgement is back before another block could go. */
static void nothing_runs_ahead_on_a_quick_link(void **state)
{
    const struct way w = { QUICK_US, 921600, true, true, SIM_FILL_DIRTY };
    (void)state;
    assert_int_equal(write_region(&w).blocks_ahead, 0);
}

/* What a block inflates to, or what has to be erased for it, takes the flash longer than the wire:
 * what came unasked would be lost. The second block finds a buffer free all the same. */
static void nothing_runs_ahead_of_a_stub_that_does_not_keep_up(void **state)
{
    static const struct way ways[] = { { LATE_US, 3000000, false, true, SIM_FILL_BLANK },
                                       { LATE_US, 3000000, false, true, SIM_FILL_DIRTY },
                                       { LATE_US, 921600, true, true, SIM_FILL_DIRTY } };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        const struct written result = write_region(&ways[i]);
        assert_int_equal(result.blocks_ahead, 1);
        assert_int_equal(result.overruns, 0);
    }
}

static void a_rom_is_never_run_ahead_of(void **state)
{
    const struct way w = { LATE_US, 0, true, true, SIM_FILL_BLANK };
    (void)state;
    assert_int_equal(write_region(&w).blocks_ahead, 0);
}

/* Rates at which the stub keeps up with some blocks and not with others: none is lost. */
static void no_block_is_lost_at_any_rate(void **state)
{
    static const uint32_t rates[] = { 115200, 460800, 921600, 1500000, 2000000, 3000000, 4000000 };
    static const uint32_t latencies_us[] = { 4000, LATE_US, 50000 };
    unsigned ahead = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rates); i++) {
        for (size_t k = 0; k < 4 * COUNT_OF(latencies_us); k++) {
            const struct way w = { latencies_us[k / 4], rates[i], k % 2, true,
                                   k / 2 % 2 ? SIM_FILL_DIRTY : SIM_FILL_BLANK };
            const struct written result = write_region(&w);
            assert_int_equal(result.overruns, 0);
            ahead += result.blocks_ahead;
        }
    }
    assert_true(ahead > 0);
}

static bool have_stub(void)
{
    struct err e = { 0 };
    struct stub_set *stubs = stub_set_new(NULL, &e);
    bool have = stubs && stub_set_find(stubs, "esp32");
    stub_set_free(stubs);
    return have;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_run_ahead_on_a_late_link),
        cmocka_unit_test(nothing_runs_ahead_on_a_quick_link),
        cmocka_unit_test(nothing_runs_ahead_of_a_stub_that_does_not_keep_up),
        cmocka_unit_test(a_rom_is_never_run_ahead_of),
        cmocka_unit_test(no_block_is_lost_at_any_rate),
    };
    if (have_stub())
        return cmocka_run_group_tests(tests, NULL, NULL);
    print_message("no stub is built in: skipped\n");
    return 0;
}
