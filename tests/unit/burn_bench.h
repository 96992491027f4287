/* A virtual board in its loader, whose fuses are burnt; and what was written into its registers. */
#ifndef TESTS_UNIT_BURN_BENCH_H
#define TESTS_UNIT_BURN_BENCH_H

#include "core/base/bytes.h"
#include "core/board/board.h"
#include "core/fuses/burn.h"
#include "core/loader/regs.h"
#include "core/loader/reset.h"
#include "core/loader/stub.h"
#include "tests/lib/sim_port.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

#define BENCH_WRITES_MAX 4096

struct bench_write {
    uint32_t addr, value, mask;
};

struct bench {
    struct sim_port sim;
    struct fake_clock clock;
    struct loader loader;
    struct board board;
    const struct fuse_set *set;
    struct fuse_words words; /* as read last */
    struct stub_set *stubs;
    struct err e;
    struct port_ops ops;
    struct slip_decoder slip;
    uint8_t frame[8192];
    struct bench_write write[BENCH_WRITES_MAX];
    size_t writes;
};

/* There is one at a time: a port's table of functions has no room for it. */
static struct {
    struct bench *bench;
    const struct port_ops *ops;
} recorder;

static inline void record_frame(struct bench *b, const uint8_t *frame, size_t n)
{
    for (size_t i = 8; frame[1] == CMD_WRITE_REG && i + 16 <= n; i += 16) {
        assert_true(b->writes < BENCH_WRITES_MAX);
        b->write[b->writes++] = (struct bench_write){ load_u32(frame + i), load_u32(frame + i + 4),
                                                      load_u32(frame + i + 8) };
    }
}

static inline bool recorded_write(struct port *p, const void *buf, size_t n, struct deadline d,
                                  struct err *e)
{
    struct bench *b = recorder.bench;
    const uint8_t *in = buf;
    for (size_t left = n; left > 0;) {
        enum slip_event event;
        size_t used = slip_decode(&b->slip, in, left, &event);
        in += used;
        left -= used;
        if (event == SLIP_FRAME)
            record_frame(b, b->slip.buf, b->slip.have);
    }
    return recorder.ops->write(p, buf, n, d, e);
}

static inline void bench_record(struct bench *b)
{
    recorder.bench = b;
    recorder.ops = b->sim.port.ops;
    b->ops = *recorder.ops;
    b->ops.write = recorded_write;
    b->sim.port.ops = &b->ops;
    slip_decoder_init(&b->slip, b->frame, sizeof b->frame);
}

static inline void bench_read(struct bench *b)
{
    regs_forget(&b->loader);
    b->e = (struct err){ 0 };
    assert_ok(fuses_read(&b->loader, b->set, &b->words, &b->e), &b->e);
}

/* Resets it into its ROM, and reads what it is. */
static inline void bench_connect(struct bench *b)
{
    struct reset_sequence custom;
    const struct reset_sequence *list[RESET_CHOICES_MAX];
    assert_true(reset_choices(&b->sim.port, NULL, "auto", &custom, list) > 0);
    loader_init(&b->loader, &b->sim.port);
    b->e = (struct err){ 0 };
    assert_ok(port_set_baud(&b->sim.port, 115200, &b->e), &b->e);
    assert_ok(board_connect(&b->loader, list[0], NULL, &b->e), &b->e);
    assert_ok(board_identify(&b->loader, &b->board, &b->e), &b->e);
    b->set = chip_fuses(b->board.chip, b->board.revision);
    assert_non_null(b->set);
}

static inline struct bench *bench_with(const struct chip_sim_config *config)
{
    struct bench *b = calloc(1, sizeof *b);
    char why[200];
    assert_non_null(b);
    fake_clock_init(&b->clock);
    if (!sim_port_init(&b->sim, config, &b->clock, why, sizeof why))
        fail_msg("%s: %s", config->chip, why);
    bench_record(b);
    bench_connect(b);
    bench_read(b);
    return b;
}

static inline struct bench *bench_new(const char *chip, int revision, uint8_t crystal_mhz)
{
    struct chip_sim_config config = chip_sim_default_config();
    config.chip = chip;
    config.revision = revision;
    config.crystal_mhz = crystal_mhz;
    return bench_with(&config);
}

static inline void bench_free(struct bench *b)
{
    stub_set_free(b->stubs);
    sim_port_done(&b->sim);
    free(b);
}

static inline void bench_stub(struct bench *b)
{
    b->stubs = stub_set_new(NULL, &b->e);
    assert_ok(b->stubs != NULL, &b->e);
    assert_ok(stub_start(&b->loader, stub_set_find(b->stubs, board_stub_name(&b->board)), &b->e),
              &b->e);
}

static inline void bench_fault(struct bench *b, const char *spec)
{
    char why[200] = "";
    if (!chip_sim_add_fault(b->sim.sim, spec, b->clock.us, why, sizeof why))
        fail_msg("%s: %s", spec, why);
}

static inline enum fuse_outcome bench_burn(struct bench *b, const struct fuse_burn *burn)
{
    b->e = (struct err){ 0 };
    return fuse_burn(&b->loader, b->set, b->board.revision, b->board.crystal_mhz, burn, &b->words,
                     &b->e);
}

static inline void assert_outcome_at(const struct bench *b, enum fuse_outcome got,
                                     enum fuse_outcome wanted, const char *file, int line)
{
    if (got != wanted) {
        print_error("%s: expected \"%s\", got \"%s\": %s\n", b->board.chip->name,
                    fuse_outcome_words(wanted), fuse_outcome_words(got), b->e.what);
        _fail(file, line);
    }
}
#define assert_outcome(b, got, wanted) assert_outcome_at((b), (got), (wanted), __FILE__, __LINE__)

/* What it is to be, by name; the value's lowest bits. */
static inline void burn_name(const struct bench *b, struct fuse_burn *burn, const char *name,
                             uint32_t value)
{
    const struct fuse_field *f = fuse_by_name(b->set, b->board.revision, name);
    if (!f)
        fail_msg("the %s has no fuse %s", b->board.chip->name, name);
    burn->block = f->block;
    burn->kind = FUSE_BURN_BITS;
    burn->count = b->set->blocks[f->block].words;
    for (unsigned i = 0; i < f->bits && i < 32; i++)
        burn->word[f->word + (f->bit + i) / 32] |= (value >> i & 1) << (f->bit + i) % 32;
}

static inline struct fuse_burn burn_of(const struct bench *b, const char *name, uint32_t value)
{
    struct fuse_burn burn = { .count = 0 };
    burn_name(b, &burn, name, value);
    return burn;
}

/* A key of bytes first, first + 1, ... */
static inline struct fuse_burn burn_key(unsigned block, uint8_t count, uint8_t first)
{
    struct fuse_burn burn = { .block = (uint8_t)block, .kind = FUSE_BURN_KEY, .count = count };
    for (unsigned i = 0; i < 4u * count; i++)
        burn.word[i / 4] |= (uint32_t)(uint8_t)(first + i) << i % 4 * 8;
    return burn;
}

/* What is burnt there, hidden or not. */
static inline uint32_t bench_fuse(const struct bench *b, unsigned block, unsigned word)
{
    uint32_t value = 0;
    assert_true(chip_sim_fuse_word(b->sim.sim, block, word, &value));
    return value;
}

#endif
