/* The interpreter of Xtensa code under the real stubs: each instruction, windows, loops, time. */
#include "tests/fixture/cpu/xtensa.h"
#include "tests/fixture/sim_bytes.h"
#include "tests/unit/cpu_program.h"
#include "tests/unit/xtensa_vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* after those above, which it needs */
#include <cmocka.h>

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MEM = 0x4000, CODE = 0x1000, STACK = 0x3000, WORK = 0x2000, BACK = 0xfff0, STEP = 1000 };
enum { BRANCH_BYTES = 16, CALL8 = 2, BEFORE = 0x55, ALIAS = 0x20000 };

struct machine {
    struct xtensa core;
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
    xtensa_reset(&m->core, CODE);
    m->core.a[0] = BACK;
    m->core.a[1] = STACK;
    memcpy(m->mem + CODE, code, n);
    return m;
}

static enum cpu_stop run_for(struct machine *m, uint64_t instructions)
{
    m->core.cpu.until_ps = m->core.cpu.time_ps + instructions * STEP;
    return xtensa_run(&m->core);
}

static struct machine *machine_for(const struct xtensa_vector *v)
{
    struct machine *m = machine_with(v->code, sizeof v->code);
    m->core.a[10] = BEFORE;
    m->core.a[11] = v->a;
    m->core.a[12] = v->b;
    return m;
}

/* ---- Instructions ---- */

static void every_instruction_calculates(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof xtensa_vectors / sizeof xtensa_vectors[0]; i++) {
        const struct xtensa_vector *v = &xtensa_vectors[i];
        struct machine *m = machine_for(v);
        if (run_for(m, v->steps) != CPU_TIME)
            fail_msg("%s stops", v->text);
        if (m->core.a[10] != v->want)
            fail_msg("%s of %x, %x is %x, not %x", v->text, v->a, v->b, m->core.a[10], v->want);
        assert_int_equal(m->core.cpu.pc, CODE + v->bytes);
        free(m);
    }
}

static void every_branch_goes_where_it_should(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof xtensa_branches / sizeof xtensa_branches[0]; i++) {
        const struct xtensa_vector *v = &xtensa_branches[i];
        struct machine *m = machine_for(v);
        assert_int_equal(run_for(m, 1), CPU_TIME);
        if (m->core.cpu.pc != CODE + (v->want ? (uint32_t)BRANCH_BYTES : v->bytes))
            fail_msg("%s of %x, %x goes to %x", v->text, v->a, v->b, m->core.cpu.pc);
        free(m);
    }
}

static void program_gives_what_it_gives_natively(void **state)
{
    (void)state;
    uint8_t work[256];
    for (uint32_t seed = 1; seed < 50; seed++) {
        struct machine *m = machine_with(xtensa_code, sizeof xtensa_code);
        memset(work, 0x5a, sizeof work);
        memset(m->mem + WORK, 0x5a, sizeof work);
        m->core.cpu.pc = XTENSA_PROGRAM;
        m->core.a[2] = WORK;
        m->core.a[3] = seed * 2654435761u;
        m->core.a[4] = 500;
        assert_int_equal(run_for(m, 1000000), CPU_OUTSIDE);
        assert_int_equal(m->core.cpu.pc, BACK);
        assert_int_equal(m->core.a[2], cpu_program(work, seed * 2654435761u, 500));
        assert_memory_equal(m->mem + WORK, work, sizeof work);
        free(m);
    }
}

/* By the manual's rules, each from one place to the other. */
static void literals_and_calls_find_their_places(void **state)
{
    (void)state;
    static const uint8_t code[] = {
        0x78, 0x56, 0x34, 0x12, /* 1000 the literal */
        0x21, 0xff, 0xff,       /* 1004 l32r a2, 1000 */
        0x85, 0x00, 0x00,       /* 1007 call0 1010 */
        0x00, 0x00, 0x00,       /* 100a */
        0x00, 0x00, 0x00,       /* 100d */
        0xc0, 0x02, 0x00,       /* 1010 callx0 a2 */
    };
    struct machine *m = machine_with(code, sizeof code);
    m->core.cpu.pc = CODE + 4;
    run_for(m, 1);
    assert_int_equal(m->core.a[2], 0x12345678);
    run_for(m, 1);
    assert_int_equal(m->core.cpu.pc, CODE + 16);
    assert_int_equal(m->core.a[0], CODE + 10);
    assert_int_equal(run_for(m, 2), CPU_OUTSIDE);
    assert_int_equal(m->core.cpu.pc, 0x12345678);
    assert_int_equal(m->core.a[0], CODE + 19);
    free(m);
}

/* ---- Windows ---- */

/* fib(n), twice calling itself: its sum is wrong as soon as a window is. */
static const uint8_t fib[] = {
    0x36, 0x41, 0x00, /*  0 entry a1, 32 */
    0xa6, 0x22, 0x0e, /*  3 blti a2, 2, 21 */
    0x0b, 0xa2,       /*  6 addi.n a10, a2, -1 */
    0x65, 0xff, 0xff, /*  8 call8 0 */
    0x3d, 0x0a,       /* 11 mov.n a3, a10 */
    0xa2, 0xc2, 0xfe, /* 13 addi a10, a2, -2 */
    0xe5, 0xfe, 0xff, /* 16 call8 0 */
    0xaa, 0x23,       /* 19 add.n a2, a3, a10 */
    0x1d, 0xf0,       /* 21 retw.n */
};

static struct machine *fib_of(uint32_t n)
{
    struct machine *m = machine_with(fib, sizeof fib);
    m->core.special[XTENSA_CALLINC] = CALL8;
    m->core.a[8] = (uint32_t)CALL8 << XTENSA_RETURN_BITS | BACK;
    m->core.a[10] = n;
    for (unsigned i = 2; i < 8; i++)
        m->core.a[i] = 1000 + i;
    return m;
}

static void windows_turn_and_turn_back(void **state)
{
    (void)state;
    struct machine *m = fib_of(18);
    const uint32_t *at = m->core.a;
    assert_int_equal(run_for(m, 1000000), CPU_OUTSIDE);
    assert_int_equal(m->core.cpu.pc, BACK);
    assert_ptr_equal(m->core.a, at);
    assert_int_equal(m->core.a[10], 2584);
    assert_int_equal(m->core.a[1], STACK);
    for (unsigned i = 2; i < 8; i++)
        assert_int_equal(m->core.a[i], 1000 + i);
    free(m);
}

/* l8ui and l32i of a2 from where a3 points. */
static void code_is_read_by_words(void **state)
{
    static const uint8_t byte[] = { 0x22, 0x03, 0x00 }, word[] = { 0x22, 0x23, 0x00 };
    static const struct {
        const uint8_t *code;
        uint32_t addr;
        enum cpu_stop why;
    } loads[] = {
        { byte, 0x101, CPU_TIME },        { word, 0x104, CPU_TIME },
        { word, 0x102, CPU_ILLEGAL },     { word, ALIAS + 8, CPU_TIME },
        { byte, ALIAS + 8, CPU_ILLEGAL },
    };
    (void)state;
    for (size_t i = 0; i < sizeof loads / sizeof loads[0]; i++) {
        struct machine *m = machine_with(loads[i].code, sizeof byte);
        m->core.cpu.window[1] = (struct cpu_window){ ALIAS, MEM, m->mem, true };
        m->core.a[3] = loads[i].addr;
        assert_int_equal(run_for(m, 1), loads[i].why);
        free(m);
    }
}

static void stack_is_taken_by_the_called(void **state)
{
    (void)state;
    struct machine *m = fib_of(18);
    run_for(m, 1);
    assert_int_equal(m->core.a[1], STACK - 32);
    assert_int_equal(m->core.a[2], 18);
    free(m);
}

static void too_many_windows_stop(void **state)
{
    (void)state;
    static const uint8_t back[] = { 0x1d, 0xf0 }; /* retw.n */
    struct machine *m = fib_of(100000);
    assert_int_equal(run_for(m, 1000000), CPU_ILLEGAL);
    assert_int_equal(m->core.cpu.pc, CODE);
    assert_string_equal(m->core.cpu.fault, "too many calls in each other");
    free(m);
    m = machine_with(back, sizeof back);
    m->core.a[0] = (uint32_t)CALL8 << XTENSA_RETURN_BITS | BACK;
    assert_int_equal(run_for(m, 1), CPU_ILLEGAL);
    assert_int_equal(m->core.cpu.pc, CODE);
    free(m);
}

/* ---- Loops ---- */

static void loops_go_round_as_often_as_they_should(void **state)
{
    (void)state;
    static const struct {
        uint8_t kind; /* 8 loop, 9 loopnez, 10 loopgtz */
        uint32_t n, rounds;
    } row[] = { { 8, 1, 1 },  { 8, 5, 5 },  { 9, 5, 5 },          { 9, 0, 0 },
                { 10, 7, 7 }, { 10, 0, 0 }, { 10, 0xfffffffd, 0 } };
    for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
        uint8_t code[] = { 0x76, (uint8_t)(row[i].kind << 4 | 2),
                           0x01,         /* loop a2, 5 */
                           0x1b, 0xaa,   /* addi.n a10, a10, 1 */
                           0x0d, 0xf0 }; /* 5: ret.n */
        struct machine *m = machine_with(code, sizeof code);
        m->core.a[2] = row[i].n;
        assert_int_equal(run_for(m, 100), CPU_OUTSIDE);
        assert_int_equal(m->core.a[10], row[i].rounds);
        assert_int_equal(m->core.cpu.instructions, row[i].rounds + 2);
        free(m);
    }
}

/* A jump to the end of a loop leaves it. */
static void jump_to_the_end_leaves_a_loop(void **state)
{
    (void)state;
    static const uint8_t code[] = { 0x76, 0x82, 0x04, /* 0 loop a2, 8 */
                                    0x1b, 0xaa,       /* 3 addi.n a10, a10, 1 */
                                    0xc6, 0xff, 0xff, /* 5 j 8 - by -1 from 9 */
                                    0x0d, 0xf0 };     /* 8 ret.n */
    struct machine *m = machine_with(code, sizeof code);
    m->core.a[2] = 5;
    assert_int_equal(run_for(m, 100), CPU_OUTSIDE);
    assert_int_equal(m->core.a[10], 1);
    free(m);
}

/* ---- What stops it ---- */

static void what_is_no_instruction_stops(void **state)
{
    (void)state;
    static const uint32_t words[] = {
        0x000000, /* ill */
        0xf06d,   /* ill.n */
        0xf02d,   /* break.n */
        0x004000, /* break */
        0x005000, /* syscall */
        0x007000, /* waiti: nobody would wake it */
        0x003000, /* rfe */
        0x03eaa0, /* rsr of the cycle counter */
        0x0a0000, /* a float */
        0x000004, /* mac16 */
        0x062000, /* a custom one */
        0x00400e, /* 16-bit format that nobody has */
    };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        uint8_t word[4];
        sim_put32(word, words[i]);
        struct machine *m = machine_with(word, sizeof word);
        if (run_for(m, 1) != CPU_ILLEGAL)
            fail_msg("%06x is carried out", words[i]);
        assert_int_equal(m->core.cpu.pc, CODE);
        assert_int_equal(m->core.cpu.time_ps, 0);
        free(m);
    }
}

static void division_by_0_stops(void **state)
{
    (void)state;
    static const uint8_t code[] = { 0xc0, 0xab, 0xc2 }; /* quou a10, a11, a12 */
    struct machine *m = machine_with(code, sizeof code);
    assert_int_equal(run_for(m, 2), CPU_ILLEGAL);
    assert_string_equal(m->core.cpu.fault, "a division by 0");
    assert_int_equal(m->core.cpu.pc, CODE);
    free(m);
}

static void memory_ends_where_it_ends(void **state)
{
    (void)state;
    static const uint8_t load[] = { 0xa8, 0x0b }; /* l32i.n a10, a11, 0 */
    struct machine *m = machine_with(load, sizeof load);
    m->device = 0x1234;
    m->core.a[11] = MEM;
    run_for(m, 1);
    assert_int_equal(m->core.a[10], 0x1234);
    assert_int_equal(m->accesses, 1);
    m->core.cpu.pc = MEM - 2; /* two bytes of three */
    m->mem[MEM - 2] = 0x02;
    assert_int_equal(run_for(m, 1), CPU_OUTSIDE);
    free(m);
}

/* The second pass must not run what was decoded at the first. */
static void code_that_changes_is_seen(void **state)
{
    (void)state;
    static const uint8_t code[] = {
        0x0c, 0x1a,       /* 0 movi.n a10, 1 */
        0xc2, 0x5b, 0x00, /* 2 s16i a12, a11, 0 */
        0x06, 0xfe, 0xff, /* 5 j 1: never come to */
    };
    struct machine *m = machine_with(code, sizeof code);
    m->core.a[11] = CODE;
    m->core.a[12] = 0x2a0c; /* movi.n a10, 2 */
    run_for(m, 2);
    assert_int_equal(m->core.a[10], 1);
    m->core.cpu.pc = CODE;
    run_for(m, 1);
    assert_int_equal(m->core.a[10], 2);
    free(m);
}

/* ---- Waiting loops ---- */

/* Waits for a byte at WORK to be other than 0, by way of a function in a window of its own. */
static struct machine *waiting_machine(void)
{
    static const uint8_t code[] = {
        0xa5, 0x01, 0x00, /*  0 call8 28 */
        0x16, 0x9a, 0xff, /*  3 beqz a10, 0 */
        0x06, 0xff, 0xff, /*  6 j 6 */
    };
    static const uint8_t poll[] = {
        0x36, 0x41, 0x00, /* 28 entry a1, 32 */
        0x99, 0x11,       /* 31 s32i.n a9, a1, 4 */
        0x22, 0x03, 0x00, /* 33 l8ui a2, a3, 0 */
        0x1d, 0xf0,       /* 36 retw.n */
    };
    struct machine *m = machine_with(code, sizeof code);
    memcpy(m->mem + CODE + 28, poll, sizeof poll);
    m->core.a[11] = WORK;
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
        assert_int_equal(xtensa_run(&fast->core), CPU_TIME);
        assert_int_equal(xtensa_run(&slow->core), CPU_TIME);
        assert_int_equal(fast->core.cpu.pc, slow->core.cpu.pc);
        assert_int_equal(fast->core.cpu.time_ps, slow->core.cpu.time_ps);
        assert_memory_equal(fast->core.file, slow->core.file, sizeof fast->core.file);
    }
    assert_true(fast->core.cpu.idle);
    assert_true(fast->core.cpu.instructions < slow->core.cpu.instructions / 10);
    fast->mem[WORK] = 1;
    cpu_disturb(&fast->core.cpu);
    run_for(fast, 20);
    assert_int_equal(fast->core.cpu.pc, CODE + 6);
    free(fast);
    free(slow);
}

/* Neither a loop that counts nor one that looks at a register of a device waits. */
static void loops_that_do_something_are_run(void **state)
{
    (void)state;
    static const uint8_t counts[] = { 0x1b, 0xaa, 0x86, 0xfe, 0xff }; /* addi.n a10, a10, 1; j 0 */
    static const uint8_t looks[] = { 0xa8, 0x0b, 0x86, 0xfe, 0xff };  /* l32i.n a10, a11, 0; j 0 */
    struct machine *m = machine_with(counts, sizeof counts);
    run_for(m, 100000);
    assert_int_equal(m->core.a[10], 50000);
    free(m);
    m = machine_with(looks, sizeof looks);
    m->core.a[11] = 0x60000000;
    run_for(m, 100000);
    assert_int_equal(m->accesses, 50000);
    free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_instruction_calculates),
        cmocka_unit_test(every_branch_goes_where_it_should),
        cmocka_unit_test(program_gives_what_it_gives_natively),
        cmocka_unit_test(literals_and_calls_find_their_places),
        cmocka_unit_test(windows_turn_and_turn_back),
        cmocka_unit_test(code_is_read_by_words),
        cmocka_unit_test(stack_is_taken_by_the_called),
        cmocka_unit_test(too_many_windows_stop),
        cmocka_unit_test(loops_go_round_as_often_as_they_should),
        cmocka_unit_test(jump_to_the_end_leaves_a_loop),
        cmocka_unit_test(what_is_no_instruction_stops),
        cmocka_unit_test(division_by_0_stops),
        cmocka_unit_test(memory_ends_where_it_ends),
        cmocka_unit_test(code_that_changes_is_seen),
        cmocka_unit_test(rounds_left_out_change_nothing),
        cmocka_unit_test(loops_that_do_something_are_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
