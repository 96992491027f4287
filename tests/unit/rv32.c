/* The interpreter of RISC-V code under the real stubs: each instruction, time, waiting loops. */
#include "tests/fixture/cpu/rv32.h"
#include "tests/fixture/sim_bytes.h"
#include "tests/unit/cpu_program.h"
#include "tests/unit/rv32_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those above, which it needs */
#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MEM = 0x4000, CODE = 0x1000, STACK = 0x3000, WORK = 0x2000, BACK = 0xfff0, STEP = 1000 };

struct machine {
    struct rv32 core;
    uint8_t mem[MEM];
    uint32_t device, accesses; /* one register, at any address that is no memory */
};

static uint32_t device_read(void *owner, uint32_t addr, unsigned n)
{
    struct machine *m = owner;
    (void)addr;
    (void)n;
    m->accesses++;
    return m->device;
}

static void device_write(void *owner, uint32_t addr, uint32_t value, unsigned n)
{
    struct machine *m = owner;
    (void)addr;
    (void)n;
    m->accesses++;
    m->device = value;
    m->core.cpu.until_ps = 0;
}

static struct machine *machine_with(const void *code, size_t n)
{
    struct machine *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->core.cpu.window[0] = (struct cpu_window){ 0, MEM, m->mem, false };
    m->core.cpu.read = device_read;
    m->core.cpu.write = device_write;
    m->core.cpu.owner = m;
    m->core.cpu.step_ps = STEP;
    rv32_reset(&m->core, CODE);
    m->core.x[1] = BACK;
    m->core.x[2] = STACK;
    memcpy(m->mem + CODE, code, n);
    return m;
}

static enum cpu_stop run_for(struct machine *m, uint64_t instructions)
{
    m->core.cpu.until_ps = m->core.cpu.time_ps + instructions * STEP;
    return rv32_run(&m->core);
}

/* ---- Instructions ---- */

static void every_instruction_calculates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rv32_vectors / sizeof rv32_vectors[0]; i++) {
        const struct rv32_vector *v = &rv32_vectors[i];
        uint8_t word[4];
        sim_put32(word, v->word);
        struct machine *m = machine_with(word, sizeof word);
        m->core.x[10] = m->core.x[11] = v->a;
        m->core.x[12] = v->b;
        assert_int_equal(run_for(m, 1), CPU_TIME);
        if (m->core.x[10] != v->want)
            fail_msg("%s of %x, %x is %x, not %x", v->text, v->a, v->b, m->core.x[10], v->want);
        assert_int_equal(m->core.cpu.pc, CODE + ((v->word & 3) == 3 ? 4 : 2));
        free(m);
    }
}

static void jumps_go_where_they_should(void **state)
{
    (void)state;
    struct machine *m = machine_with(rv32_jumps, sizeof rv32_jumps);
    m->core.x[11] = 1000;
    m->core.x[12] = 234;
    assert_int_equal(run_for(m, 1000), CPU_OUTSIDE);
    assert_int_equal(m->core.cpu.pc, BACK);
    assert_int_equal(m->core.x[10], 2468);
    assert_int_equal(m->core.x[2], STACK);
    free(m);
}

static void program_gives_what_it_gives_natively(void **state)
{
    (void)state;
    uint8_t work[256];
    for (uint32_t seed = 1; seed < 200; seed++) {
        struct machine *m = machine_with(rv32_code, sizeof rv32_code);
        memset(work, 0x5a, sizeof work);
        memset(m->mem + WORK, 0x5a, sizeof work);
        m->core.x[10] = WORK;
        m->core.x[11] = seed * 2654435761u;
        m->core.x[12] = 500;
        assert_int_equal(run_for(m, 1000000), CPU_OUTSIDE);
        assert_int_equal(m->core.x[10], cpu_program(work, seed * 2654435761u, 500));
        assert_memory_equal(m->mem + WORK, work, sizeof work);
        free(m);
    }
}

static void x0_stays_0(void **state)
{
    (void)state;
    static const uint8_t code[] = { 0x13, 0x00, 0x70, 0x00,   /* addi x0, x0, 7 */
                                    0x33, 0x05, 0x00, 0x00 }; /* add a0, x0, x0 */
    struct machine *m = machine_with(code, sizeof code);
    m->core.x[10] = 1;
    run_for(m, 2);
    assert_int_equal(m->core.x[10], 0);
    assert_int_equal(m->core.x[0], 0);
    free(m);
}

static void what_is_no_instruction_stops(void **state)
{
    (void)state;
    static const uint32_t words[] = {
        0x00000000, /* all zeros */
        0xffffffff, /* all ones */
        0x00000073, /* ecall */
        0x30200073, /* mret */
        0x30529073, /* csrw mtvec, t0 */
        0x0000202f, /* an atomic */
        0x00007053, /* a float */
        0x00009002, /* c.ebreak */
        0x0000200b, /* custom */
        0x40001033, /* funct7 that no shift has */
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        uint8_t word[4];
        sim_put32(word, words[i]);
        struct machine *m = machine_with(word, sizeof word);
        assert_int_equal(run_for(m, 1), CPU_ILLEGAL);
        assert_int_equal(m->core.cpu.pc, CODE);
        assert_int_equal(m->core.cpu.time_ps, 0);
        free(m);
    }
}

static void memory_ends_where_it_ends(void **state)
{
    (void)state;
    static const uint8_t load[] = { 0x03, 0xa5, 0x05, 0x00 }; /* lw a0, 0(a1) */
    struct machine *m = machine_with(load, sizeof load);
    m->device = 0x1234;
    m->core.x[11] = MEM - 3; /* three bytes are memory, the fourth is not */
    run_for(m, 1);
    assert_int_equal(m->core.x[10], 0x1234);
    assert_int_equal(m->accesses, 1);
    m->core.cpu.pc = MEM - 2; /* the first half of a long one */
    m->mem[MEM - 2] = 0x03;
    assert_int_equal(run_for(m, 1), CPU_OUTSIDE);
    m->core.cpu.pc = CODE + 1;
    assert_int_equal(run_for(m, 1), CPU_OUTSIDE);
    free(m);
}

/* The second pass must not run what was decoded at the first. */
static void code_that_changes_is_seen(void **state)
{
    (void)state;
    static const uint8_t code[] = {
        0x05, 0x45,             /* c.li a0, 1 */
        0x23, 0x90, 0xc5, 0x00, /* sh a2, 0(a1) */
        0xf5, 0xbf,             /* c.j -4: to the store */
    };
    struct machine *m = machine_with(code, sizeof code);
    m->core.x[11] = CODE;
    m->core.x[12] = 0x4509; /* c.li a0, 2 */
    run_for(m, 3);
    m->core.cpu.pc = CODE;
    run_for(m, 1);
    assert_int_equal(m->core.x[10], 2);
    free(m);
}

/* ---- Waiting loops ---- */

/* Waits for a byte at WORK to be other than 0, by way of a function that keeps registers on the
 * stack, as a main loop does. a0 counts nothing. */
static const uint8_t waiting[] = {
    0x05, 0x20, /* 1000 loop: c.jal poll (+32) */
    0x7d, 0xdd, /* 1002 c.beqz a0, loop (-2) */
    0x01, 0xa0, /* 1004 c.j . */
};

static struct machine *waiting_machine(void)
{
    static const uint8_t poll[] = {
        0x41, 0x11,             /* c.addi sp, -16 */
        0x06, 0xc6,             /* c.swsp ra, 12(sp) */
        0x03, 0xc5, 0x05, 0x00, /* lbu a0, 0(a1) */
        0xb2, 0x40,             /* c.lwsp ra, 12(sp) */
        0x41, 0x01,             /* c.addi sp, 16 */
        0x82, 0x80,             /* ret */
    };
    struct machine *m = machine_with(waiting, sizeof waiting);
    memcpy(m->mem + CODE + 32, poll, sizeof poll);
    m->core.x[11] = WORK;
    return m;
}

/* With and without leaving rounds out: at the same instruction at the same time. */
static void rounds_left_out_change_nothing(void **state)
{
    (void)state;
    struct machine *fast = waiting_machine(), *slow = waiting_machine();
    for (uint64_t until = 12345; until < 40000000; until = until * 3 / 2) {
        slow->core.cpu.watch.rest = UINT_MAX;
        fast->core.cpu.until_ps = slow->core.cpu.until_ps = until;
        rv32_run(&fast->core);
        rv32_run(&slow->core);
        assert_int_equal(fast->core.cpu.pc, slow->core.cpu.pc);
        assert_int_equal(fast->core.cpu.time_ps, slow->core.cpu.time_ps);
        assert_memory_equal(fast->core.x, slow->core.x, sizeof fast->core.x);
    }
    assert_true(fast->core.cpu.idle);
    assert_true(fast->core.cpu.instructions < slow->core.cpu.instructions / 10);
    fast->mem[WORK] = 1;
    cpu_disturb(&fast->core.cpu);
    run_for(fast, 20);
    assert_int_equal(fast->core.cpu.pc, CODE + 4);
    free(fast);
    free(slow);
}

/* Neither a loop that counts nor one that looks at a register of a device waits. */
static void loops_that_do_something_are_run(void **state)
{
    (void)state;
    static const uint8_t counts[] = { 0x05, 0x05, 0xfd, 0xbf }; /* c.addi a0, 1; c.j -2 */
    static const uint8_t looks[] = { 0x88, 0x41, 0xfd, 0xbf };  /* c.lw a0, 0(a1); c.j -2 */
    /* c.sw a0, 0(a1); c.addi a0, 1; c.andi a0, 1; c.j -6: the store changes, and is not put back at
     * the first look */
    static const uint8_t stores[] = { 0x88, 0xc1, 0x05, 0x05, 0x05, 0x89, 0xed, 0xbf };
    struct machine *m = machine_with(counts, sizeof counts);
    run_for(m, 100000);
    assert_int_equal(m->core.x[10], 50000);
    free(m);
    m = machine_with(looks, sizeof looks);
    m->core.x[11] = 0x60000000;
    run_for(m, 100000);
    assert_int_equal(m->accesses, 50000);
    free(m);
    m = machine_with(stores, sizeof stores);
    m->core.x[11] = WORK;
    m->core.x[10] = 0;
    run_for(m, 100001);
    assert_int_equal(m->core.cpu.time_ps, 100001ull * STEP);
    assert_int_equal(sim_get32(m->mem + WORK), (100000 / 4) % 2);
    free(m);
}

static void time_stops_where_it_should(void **state)
{
    (void)state;
    static const uint8_t code[] = { 0x05, 0x05, 0x05, 0x05, 0x23, 0xa0, 0xa5, 0x00, 0x05, 0x05 };
    struct machine *m = machine_with(code, sizeof code);
    m->core.cpu.until_ps = 1; /* an instruction begun is carried out */
    assert_int_equal(rv32_run(&m->core), CPU_TIME);
    assert_int_equal(m->core.x[10], 1);
    assert_int_equal(m->core.cpu.time_ps, STEP);
    m->core.x[11] = 0x60000000;
    assert_int_equal(run_for(m, 100), CPU_TIME); /* the owner wants to look at what was written */
    assert_int_equal(m->device, 2);
    assert_int_equal(m->core.cpu.pc, CODE + 8);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_calculates),
        cmocka_unit_test(jumps_go_where_they_should),
        cmocka_unit_test(program_gives_what_it_gives_natively),
        cmocka_unit_test(x0_stays_0),
        cmocka_unit_test(what_is_no_instruction_stops),
        cmocka_unit_test(memory_ends_where_it_ends),
        cmocka_unit_test(code_that_changes_is_seen),
        cmocka_unit_test(rounds_left_out_change_nothing),
        cmocka_unit_test(loops_that_do_something_are_run),
        cmocka_unit_test(time_stops_where_it_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
