/* How near a write comes to what wire and flash take alone: blocks and pieces are cut so that a
 * stub waits for neither. On the model of the stub and on the vendor's own code, onto a flash that
 * has to be erased, and nothing may be lost for it. */
#include "core/images/forecast.h"
#include "tests/unit/region_bench.h"

#define ADDR     0x10000u
#define BYTES    (512u << 10)
#define DENSE    4 /* of eight: about as an application compresses */
#define OP_BEGIN 0x10
#define PER_CENT 100u

struct pace {
    uint32_t baud, latency_us;
    unsigned percent; /* of what wire and flash take, at most */
    uint32_t begins;
};

/* From the first byte until all is in the flash. */
static uint64_t write_us(struct region_bench *b)
{
    const struct flash_progress progress = { region_tell, b };
    struct err e = { 0 };
    uint64_t start_us = b->clock.us;
    assert_ok(flash_write(&b->loader, b->r, &progress, &e) && flash_settle(&b->loader, &e), &e);
    return b->clock.us - start_us;
}

static void check(const struct pace *p, bool real)
{
    struct region_bench *b =
        region_bench_of("esp32", real, ADDR, BYTES, DENSE, p->latency_us, p->baud);
    chip_sim_flash_fill(b->sim.sim, SIM_FILL_DIRTY);
    uint64_t floor_us = forecast_write_us(b->r, &b->r->frames[FRAMES_STUB], p->baud);
    uint32_t before = region_state(b).ops[OP_BEGIN];
    uint64_t us = write_us(b);
    if (us * PER_CENT > floor_us * p->percent)
        fail_msg("%u baud, %u us: %.1f %% of the floor, %s", p->baud, p->latency_us,
                 (double)us * PER_CENT / (double)floor_us, real ? "real stub" : "model");
    assert_int_equal(region_state(b).ops[OP_BEGIN] - before, p->begins);
    assert_int_equal(region_state(b).overruns, 0);
    assert_int_equal(region_state(b).refused, 0);
    assert_int_equal(b->told_bytes, BYTES);
    assert_region_is_there(b);
    region_bench_free(b);
}

static void a_write_comes_near_the_floor(void **state)
{
    static const struct pace paces[] = {
        { 460800, 1000, 103, 1 },  { 460800, 16000, 107, 1 }, { 921600, 1000, 114, 1 },
        { 921600, 16000, 119, 1 }, { 2000000, 1000, 103, 8 }, { 2000000, 16000, 103, 8 },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(paces); i++) {
        check(&paces[i], false);
        check(&paces[i], true);
    }
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
        cmocka_unit_test(a_write_comes_near_the_floor),
    };
    if (have_stub())
        return cmocka_run_group_tests(tests, NULL, NULL);
    print_message("no stub is built in: skipped\n");
    return 0;
}
