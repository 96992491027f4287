/* Asking whether a flash is as large as it says: both places at once where a stub keeps up with
 * that, and nothing is believed when one of two answers is missing. False sizes are told apart by
 * whole boards, in tests/integration/gate.sh. */
#include "core/flash/size_proof.h"
#include "tests/unit/region_bench.h"

#define ADDR       0x100000u /* the flash has to be larger than every flash is */
#define BYTES      (40u << 10)
#define LATENCY_US 16000u
#define OP_MD5     0x13

struct outcome {
    uint64_t us;
    uint32_t questions;
    struct size_proof proof;
};

static struct region_bench *bench(bool real)
{
    struct region_bench *b = region_bench_of("esp32", real, ADDR, BYTES, 3, LATENCY_US, 921600);
    chip_sim_flash_fill(b->sim.sim, SIM_FILL_DIRTY);
    return b;
}

static void ask(struct region_bench *b, struct outcome *o)
{
    struct err e = { 0 };
    uint32_t before = region_state(b).ops[OP_MD5];
    uint64_t start_us = b->clock.us;
    size_proof_begin(&o->proof, b->plan, b->variant, b->board.flash.size_bytes);
    assert_true(o->proof.open);
    assert_ok(size_proof_ask(&o->proof, &b->loader, true, &e), &e);
    o->us = b->clock.us - start_us;
    o->questions = region_state(b).ops[OP_MD5] - before;
}

/* Two answers, for which the adapter makes one wait. */
static void both_places_are_asked_for_at_once(void **state)
{
    (void)state;
    for (int real = 0; real < 2; real++) {
        struct region_bench *b = bench(real);
        struct outcome o;
        ask(b, &o);
        assert_false(o.proof.open); /* noise differs from noise */
        assert_int_equal(o.questions, 2);
        assert_true(o.us < 2 * LATENCY_US);
        assert_false(b->loader.careful);
        assert_int_equal(region_state(b).overruns, 0);
        region_bench_free(b);
    }
}

static void careful_asks_one_after_the_other(void **state)
{
    struct region_bench *b = bench(false);
    struct outcome o;
    (void)state;
    b->loader.careful = true;
    ask(b, &o);
    assert_false(o.proof.open);
    assert_int_equal(o.questions, 2);
    assert_true(o.us > 2 * LATENCY_US);
    region_bench_free(b);
}

/* The answer that came may be that to either question. */
static void a_missing_answer_lets_both_be_asked_again(void **state)
{
    static const char *const faults[] = { "lose,at=size,times=1", "lose,at=size,times=2",
                                          "lose,at=size,dir=in,times=1" };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(faults); i++) {
        struct region_bench *b = bench(false);
        struct outcome o;
        char why[200] = "";
        assert_true(chip_sim_add_fault(b->sim.sim, faults[i], b->clock.us, why, sizeof why));
        ask(b, &o);
        assert_false(o.proof.open);
        assert_true(o.questions >= 3);
        assert_true(b->loader.careful);
        region_bench_free(b);
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
        cmocka_unit_test(both_places_are_asked_for_at_once),
        cmocka_unit_test(careful_asks_one_after_the_other),
        cmocka_unit_test(a_missing_answer_lets_both_be_asked_again),
    };
    if (have_stub())
        return cmocka_run_group_tests(tests, NULL, NULL);
    print_message("no stub is built in: skipped\n");
    return 0;
}
