/*
 * Writing only what differs, against the virtual board: what is equal is not touched, what differs
 * is found with few questions, and whatever is decided the flash is right in the end.
 */
#include "core/flash/differ.h"
#include "tests/unit/region_bench.h"

#define ADDR    0x100000u
#define BYTES   (1u << 20)
#define PIECE   PLAN_PIECE_BYTES
#define CMD_MD5 0x13
#define BAUD    921600u

struct outcome {
    struct differ_result result;
    uint32_t questions, pieces; /* `pieces` were found to differ */
    uint64_t programmed_bytes;
    bool changed[PLAN_PIECES_MAX];
};

static struct region_bench *bench_at(uint32_t addr, uint32_t bytes)
{
    return region_bench_new(addr, bytes, 3, 1000, BAUD);
}

/* The flash holds the region already, but for what a test changes then. */
static void load(struct region_bench *b)
{
    assert_true(chip_sim_flash_load(b->sim.sim, b->r->addr, b->r->bytes, b->r->size_bytes));
}

static void change(struct region_bench *b, uint32_t at)
{
    uint8_t byte = b->r->bytes[at] ^ 1;
    assert_true(chip_sim_flash_load(b->sim.sim, b->r->addr + at, &byte, 1));
}

static void write_changed(struct region_bench *b, struct outcome *o)
{
    const struct flash_progress progress = { region_tell, b };
    const struct chip_sim_state before = region_state(b);
    struct err e = { 0 };
    memset(o, 0, sizeof *o);
    memset(o->changed, 0xFF, sizeof o->changed);
    assert_ok(differ_find(&b->loader, b->r, o->changed, &o->result, &e), &e);
    const struct chip_sim_state found = region_state(b);
    assert_int_equal(found.programmed_bytes, before.programmed_bytes);
    assert_int_equal(found.erased_sectors, before.erased_sectors);
    o->questions = found.ops[CMD_MD5] - before.ops[CMD_MD5];
    for (uint32_t i = 0; i < b->r->piece_count; i++)
        o->pieces += o->changed[i];
    if (o->result.skipped_bytes == b->r->size_bytes)
        return;
    b->told_bytes = 0;
    assert_ok(differ_write(&b->loader, b->r, o->changed, &o->result, &progress, &e), &e);
    assert_int_equal(b->told_bytes, b->r->size_bytes);
    assert_region_is_there(b);
    o->programmed_bytes = region_state(b).programmed_bytes - before.programmed_bytes;
}

static void what_is_there_is_not_written(void **state)
{
    struct region_bench *b = bench_at(ADDR, BYTES);
    struct outcome o;
    (void)state;
    load(b);
    write_changed(b, &o);
    assert_int_equal(o.questions, 1);
    assert_int_equal(o.pieces, 0);
    assert_int_equal(o.result.skipped_bytes, BYTES);
    assert_memory_equal(o.result.found, b->r->md5, sizeof o.result.found);
    region_bench_free(b);
}

/* Wherever the one byte is, also at both ends: one piece is written. */
static void one_changed_byte_writes_one_piece(void **state)
{
    static const uint32_t at[] = { 0,         PIECE - 1,     PIECE,     BYTES / 2 - 1,
                                   BYTES / 2, BYTES - PIECE, BYTES - 1, 5 * PIECE + 4711 };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(at); i++) {
        struct region_bench *b = bench_at(ADDR, BYTES);
        struct outcome o;
        load(b);
        change(b, at[i]);
        write_changed(b, &o);
        assert_int_equal(o.pieces, 1);
        assert_true(o.changed[at[i] / PIECE]);
        assert_int_equal(o.result.skipped_bytes, BYTES - PIECE);
        assert_true(o.programmed_bytes <= PIECE);
        assert_true(o.questions <= 1 + 2 * 4); /* sixteen pieces are halved four times */
        region_bench_free(b);
    }
}

/* As after each build: a digest at the end, a time at the start. */
static void both_ends_changed_write_two_pieces(void **state)
{
    struct region_bench *b = bench_at(ADDR, BYTES);
    struct outcome o;
    (void)state;
    load(b);
    change(b, 32);
    change(b, BYTES - 32);
    write_changed(b, &o);
    assert_int_equal(o.pieces, 2);
    assert_int_equal(o.result.skipped_bytes, BYTES - 2 * PIECE);
    assert_true(o.programmed_bytes <= 2 * PIECE);
    region_bench_free(b);
}

/* Who finds everything changed has lost the time of the questions: they are few. */
static void everything_changed_is_written_as_a_whole(void **state)
{
    struct region_bench *b = bench_at(ADDR, BYTES);
    struct outcome o;
    (void)state;
    write_changed(b, &o); /* onto blank flash */
    assert_int_equal(o.pieces, b->r->piece_count);
    assert_int_equal(o.result.skipped_bytes, 0);
    assert_true(o.questions <= 5);
    const struct chip_sim_state s = region_state(b);
    assert_int_equal(s.ops[0x02] + s.ops[0x10], 1); /* one stream */
    region_bench_free(b);
}

/* Each piece is a stream of its own: for most of a region one stream is quicker. */
static void a_region_mostly_changed_is_written_as_a_whole(void **state)
{
    (void)state;
    for (uint32_t equal = 1; equal <= 2; equal++) {
        struct region_bench *b = bench_at(ADDR, 4 * PIECE);
        struct outcome o;
        load(b);
        for (uint32_t i = equal; i < 4; i++)
            change(b, i * PIECE);
        write_changed(b, &o);
        assert_int_equal(o.pieces, 4 - equal);
        assert_int_equal(o.result.skipped_bytes, equal == 1 ? 0 : 2 * PIECE);
        const struct chip_sim_state s = region_state(b);
        assert_int_equal(s.ops[0x02] + s.ops[0x10], equal == 1 ? 1 : 2);
        region_bench_free(b);
    }
}

/* Whatever is changed: it is marked, and after writing the flash is right. */
static void no_change_is_overlooked(void **state)
{
    uint32_t random = 4242;
    (void)state;
    for (int round = 0; round < 16; round++) {
        struct region_bench *b = bench_at(ADDR, 8 * PIECE);
        struct outcome o;
        bool touched[8] = { false };
        load(b);
        for (uint32_t n = next_random(&random) % 6 + 1; n > 0; n--) {
            uint32_t at = next_random(&random) % b->r->size_bytes;
            if (!touched[at / PIECE])
                change(b, at);
            touched[at / PIECE] = true;
        }
        write_changed(b, &o);
        for (size_t i = 0; i < COUNT_OF(touched); i++)
            assert_true(o.changed[i] || !touched[i]);
        region_bench_free(b);
    }
}

/* Pieces end at multiples of 64 KiB of the flash, wherever the region begins and ends. */
static void odd_starts_and_ends_are_found(void **state)
{
    static const struct {
        uint32_t addr, bytes;
    } rows[] = {
        { 0x9000, 0x6000 },                    /* inside one piece */
        { 0xF000, 0x2000 },                    /* two sectors, two pieces */
        { 0x8000, 5 * PIECE },                 /* six pieces, both ends part of one */
        { 0x1F000, 3 * PIECE + 100 },          /* a short end */
        { 0x10000, 3 * PIECE + 4 },            /* an end of one word */
        { (4u << 20) - 5 * PIECE, 5 * PIECE }, /* the last of the flash */
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const uint32_t at[] = { 0, rows[i].bytes / 2, rows[i].bytes - 1 };
        for (size_t k = 0; k < COUNT_OF(at); k++) {
            struct region_bench *b = bench_at(rows[i].addr, rows[i].bytes);
            struct outcome o;
            load(b);
            change(b, at[k]);
            write_changed(b, &o);
            assert_int_equal(o.pieces, 1);
            uint32_t piece = (rows[i].addr + at[k]) / PIECE - rows[i].addr / PIECE;
            assert_true(o.changed[piece]);
            region_bench_free(b);
        }
    }
}

/* The sectors beside a piece belong to somebody else. */
static void neighbours_are_left_alone(void **state)
{
    struct region_bench *b = bench_at(0x18000, 4 * PIECE);
    uint8_t mark[256], found[256];
    struct outcome o;
    (void)state;
    memset(mark, 0xA5, sizeof mark);
    load(b);
    change(b, 0);
    change(b, b->r->size_bytes - 1);
    const uint32_t before = 0x18000 - sizeof mark, behind = 0x18000 + 4 * PIECE;
    assert_true(chip_sim_flash_load(b->sim.sim, before, mark, sizeof mark));
    assert_true(chip_sim_flash_load(b->sim.sim, behind, mark, sizeof mark));
    write_changed(b, &o);
    assert_true(chip_sim_flash_read(b->sim.sim, before, found, sizeof found));
    assert_memory_equal(found, mark, sizeof mark);
    assert_true(chip_sim_flash_read(b->sim.sim, behind, found, sizeof found));
    assert_memory_equal(found, mark, sizeof mark);
    region_bench_free(b);
}

/* Without a stub: the ROM's MD5 tells the same. */
static void the_rom_can_be_asked_as_well(void **state)
{
    struct region_bench *b = region_bench_new(ADDR, 4 * PIECE, 3, 1000, 0);
    struct outcome o;
    (void)state;
    load(b);
    change(b, 3 * PIECE);
    write_changed(b, &o);
    assert_int_equal(o.pieces, 1);
    assert_int_equal(o.result.skipped_bytes, 3 * PIECE);
    region_bench_free(b);
}

/* An answer that does not come decides nothing. */
static void a_board_that_falls_silent_is_told(void **state)
{
    struct region_bench *b = bench_at(ADDR, 4 * PIECE);
    bool changed[PLAN_PIECES_MAX];
    struct differ_result result;
    struct err e = { 0 };
    char why[200] = "";
    (void)state;
    load(b);
    assert_true(chip_sim_add_fault(b->sim.sim, "hang,at=verify", b->clock.us, why, sizeof why));
    assert_code(differ_find(&b->loader, b->r, changed, &result, &e), &e, ERR_VERIFY);
    assert_int_equal(region_state(b).programmed_bytes, 0);
    region_bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_not_written),
        cmocka_unit_test(one_changed_byte_writes_one_piece),
        cmocka_unit_test(both_ends_changed_write_two_pieces),
        cmocka_unit_test(everything_changed_is_written_as_a_whole),
        cmocka_unit_test(a_region_mostly_changed_is_written_as_a_whole),
        cmocka_unit_test(no_change_is_overlooked),
        cmocka_unit_test(odd_starts_and_ends_are_found),
        cmocka_unit_test(neighbours_are_left_alone),
        cmocka_unit_test(the_rom_can_be_asked_as_well),
        cmocka_unit_test(a_board_that_falls_silent_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
