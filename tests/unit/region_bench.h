/* A virtual ESP32 in this process, its stub running, and a plan of one region of data, cut into
 * pieces: for tests of how a region gets into the flash. */
#ifndef TESTS_UNIT_REGION_BENCH_H
#define TESTS_UNIT_REGION_BENCH_H

#include "core/board/board.h"
#include "core/flash/flash.h"
#include "core/loader/stub.h"
#include "tests/lib/sim_port.h"
#include "tests/lib/test.h"

#include <stdlib.h>

struct region_bench {
    const char *chip;
    struct fake_clock clock;
    struct sim_port sim;
    struct loader loader;
    struct board board;
    struct plan *plan;
    struct plan_variant *variant;
    struct stub_set *stubs;
    const struct plan_region *r;
    uint32_t told_bytes;
};

/* Which stub runs, and how: the fixture's model of the vendor's, or the code of one. */
enum region_stub { REGION_MODEL, REGION_VENDOR, REGION_FAST };

/* Of each eight bytes so many are noise: that part of them is left when compressed. */
static inline struct plan *region_plan(const char *chip, uint32_t addr, uint32_t n,
                                       unsigned noise_of_8, uint32_t baud, bool fast)
{
    const struct plan_settings settings = { .chip = chip_by_name(chip),
                                            .size = PLAN_SIZE_DETECT,
                                            .pieces = true,
                                            .fast = fast,
                                            .lzma = baud <= chip_by_name(chip)->lzma_baud,
                                            .baud = baud };
    uint8_t *bytes = malloc(n);
    uint32_t random = 77;
    struct err e = { 0 };
    assert_non_null(bytes);
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = (uint8_t)(i % 8 < noise_of_8 ? next_random(&random) : i >> 10);
    const struct plan_source source = { "data", bytes, n, addr, false };
    struct plan *p = plan_new(&settings, &source, 1, &e);
    assert_ok(p != NULL && plan_encode(p, &e), &e);
    free(bytes);
    return p;
}

static inline bool region_has_stub(const struct region_bench *b)
{
    return stub_set_find(b->stubs, b->chip) != NULL;
}

/* Identified at 115200 baud; with `baud` 0 by its ROM, else by its stub at that rate, where one is
 * built in. */
static inline struct region_bench *region_bench_with(const char *chip, enum region_stub stub,
                                                     uint32_t addr, uint32_t n, unsigned noise_of_8,
                                                     uint32_t latency_us, uint32_t baud,
                                                     uint16_t cpu_mhz)
{
    struct region_bench *b = calloc(1, sizeof *b);
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    struct reset_sequence custom;
    struct chip_sim_config c = chip_sim_default_config();
    struct err e = { 0 };
    char why[200] = "";
    assert_non_null(b);
    b->chip = c.chip = chip;
    c.stub_real = stub != REGION_MODEL;
    c.cpu_mhz = cpu_mhz; /* 0: as it is */
    c.speed = 1;
    c.seed = 11;
    c.latency_us = latency_us;
    fake_clock_init(&b->clock);
    if (!sim_port_init(&b->sim, &c, &b->clock, why, sizeof why))
        fail_msg("%s", why);
    loader_init(&b->loader, &b->sim.port);
    b->plan = region_plan(chip, addr, n, noise_of_8, baud, stub == REGION_FAST);
    b->stubs = stub == REGION_FAST ? stub_set_fast(&e) : stub_set_new(NULL, &e);
    assert_ok(b->stubs != NULL, &e);
    assert_true(reset_choices(&b->sim.port, NULL, "auto", &custom, list) > 0);
    assert_ok(board_connect(&b->loader, list[0], chip_by_name(chip), &e), &e);
    assert_ok(board_identify(&b->loader, &b->board, &e), &e);
    if (baud && region_has_stub(b)) {
        assert_ok(stub_start(&b->loader, stub_set_find(b->stubs, board_stub_name(&b->board)), &e),
                  &e);
        assert_ok(loader_change_baud(&b->loader, baud, baud, &e), &e);
    }
    b->variant = plan_variant_new(b->plan, b->board.flash.size_bytes, &e);
    assert_ok(b->variant != NULL, &e);
    assert_ok(flash_set_size(&b->loader, b->board.flash.size_bytes, &e), &e);
    b->r = plan_region(b->variant, 0);
    return b;
}

static inline struct region_bench *region_bench_of(const char *chip, bool real_stub, uint32_t addr,
                                                   uint32_t n, unsigned noise_of_8,
                                                   uint32_t latency_us, uint32_t baud)
{
    return region_bench_with(chip, real_stub ? REGION_VENDOR : REGION_MODEL, addr, n, noise_of_8,
                             latency_us, baud, 0);
}

static inline struct region_bench *region_bench_new(uint32_t addr, uint32_t n, unsigned noise_of_8,
                                                    uint32_t latency_us, uint32_t baud)
{
    return region_bench_of("esp32", false, addr, n, noise_of_8, latency_us, baud);
}

static inline void region_bench_free(struct region_bench *b)
{
    plan_variant_free(b->variant);
    plan_free(b->plan);
    stub_set_free(b->stubs);
    sim_port_done(&b->sim);
    free(b);
}

static inline struct chip_sim_state region_state(struct region_bench *b)
{
    struct chip_sim_state s;
    chip_sim_advance(b->sim.sim, b->clock.us);
    chip_sim_get_state(b->sim.sim, &s);
    return s;
}

static inline void region_tell(void *ctx, uint32_t flash_bytes_done)
{
    struct region_bench *b = ctx;
    assert_true(flash_bytes_done >= b->told_bytes && flash_bytes_done <= b->r->size_bytes);
    b->told_bytes = flash_bytes_done;
}

/* What is in the flash, looked at past the protocol, once all is written. */
static inline void assert_region_is_there(struct region_bench *b)
{
    uint8_t *found = malloc(b->r->size_bytes);
    struct err e = { 0 };
    assert_non_null(found);
    assert_ok(flash_settle(&b->loader, &e), &e);
    assert_true(chip_sim_flash_read(b->sim.sim, b->r->addr, found, b->r->size_bytes));
    assert_memory_equal(found, b->r->bytes, b->r->size_bytes);
    free(found);
}

#endif
