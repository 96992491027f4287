/*
 * Registers, many at a time: what travels together, when it must not, how much waits in the chip's
 * FIFO, and what is done with answers that do not agree.
 */
#include "core/loader/regs.h"
#include "tests/lib/script_loader.h"
#include "tests/lib/test.h"

#include <stdio.h>

#define WRITES_MAX 128
#define FIFO_BYTES 128u /* of every UART */
#define READ_FRAME 14u  /* bytes of a READ_REG without escapes */
#define REG(i)     (0x3FF00000u + 4 * (uint32_t)(i))
#define VALUE(i)   (0x1000u + (uint32_t)(i))

struct bench {
    struct fake_clock clock;
    struct script_port script;
    struct loader loader;
};

/* How much was written at a time: the script alone does not tell. */
static struct {
    bool (*write)(struct port *p, const void *buf, size_t n, struct deadline d, struct err *e);
    size_t bytes[WRITES_MAX];
    size_t count;
} written;

static bool counting_write(struct port *p, const void *buf, size_t n, struct deadline d,
                           struct err *e)
{
    assert_true(written.count < WRITES_MAX);
    written.bytes[written.count++] = n;
    return written.write(p, buf, n, d, e);
}

static void bench_begin(struct bench *b)
{
    static struct port_ops ops;
    fake_clock_init(&b->clock);
    script_port_init(&b->script, &b->clock);
    loader_init(&b->loader, &b->script.port);
    ops = *b->script.port.ops;
    written.write = ops.write;
    written.count = 0;
    ops.write = counting_write;
    b->script.port.ops = &ops;
}

static void bench_end(struct bench *b)
{
    if (!script_played(&b->script))
        fail_msg("%s", b->script.trouble);
    script_port_done(&b->script);
}

static void ask_for(struct bench *b, uint32_t addr)
{
    uint8_t word[4];
    for (int i = 0; i < 4; i++)
        word[i] = (uint8_t)(addr >> 8 * i);
    script_request(&b->script, CMD_READ_REG, word, sizeof word);
}

static void answer(struct bench *b, uint32_t value)
{
    script_reply(&b->script, 500, CMD_READ_REG, value, "\0\0\0\0", 4);
}

static void expect_script(struct bench *b, const struct reg_script *s)
{
    uint8_t words[16 * REGS_WRITES_MAX];
    for (size_t i = 0; i < s->count; i++) {
        const uint32_t row[] = { s->rows[i].addr, s->rows[i].value, s->rows[i].mask,
                                 s->rows[i].delay_us };
        for (size_t k = 0; k < 16; k++)
            words[16 * i + k] = (uint8_t)(row[k / 4] >> 8 * (k % 4));
    }
    script_request(&b->script, CMD_WRITE_REG, words, 16 * s->count);
}

static void answer_script(struct bench *b)
{
    script_reply(&b->script, 500, CMD_WRITE_REG, 0, "\0\0\0\0", 4);
}

/* An ask for `count` registers behind `script`, with room for what they hold. */
struct question {
    struct reg_script script;
    uint32_t addrs[9], values[9];
    struct reg_ask ask;
};

static struct reg_ask *question(struct question *q, uint32_t first, size_t count)
{
    *q = (struct question){ .script = { .count = 0 } };
    for (size_t i = 0; i < COUNT_OF(q->addrs); i++)
        q->addrs[i] = REG(first + i);
    q->ask = (struct reg_ask){ &q->script, q->addrs, q->values, count };
    return &q->ask;
}

static void assert_values(const struct question *q, uint32_t first)
{
    for (size_t i = 0; i < q->ask.count; i++)
        assert_int_equal(q->values[i], VALUE(first + i));
}

/* All requests before the first answer: who waits for one gets none. */
static void expect_together(struct bench *b, const struct question *q, size_t count, uint32_t first)
{
    uint32_t n = first;
    for (size_t k = 0; k < count; k++) {
        if (q[k].script.count > 0)
            expect_script(b, &q[k].script);
        for (size_t i = 0; i < q[k].ask.count; i++)
            ask_for(b, q[k].addrs[i]);
    }
    for (size_t k = 0; k < count; k++) {
        if (q[k].script.count > 0)
            answer_script(b);
        for (size_t i = 0; i < q[k].ask.count; i++)
            answer(b, VALUE(n++));
    }
}

static void expect_one_by_one(struct bench *b, const struct question *q, uint32_t first)
{
    if (q->script.count > 0) {
        expect_script(b, &q->script);
        answer_script(b);
    }
    for (size_t i = 0; i < q->ask.count; i++) {
        ask_for(b, q->addrs[i]);
        answer(b, VALUE(first + i));
    }
}

/* ---- Scripts ---- */

static void a_script_and_its_reads_travel_together(void **state)
{
    struct bench b;
    struct question q;
    struct err e = { 0 };
    (void)state;
    bench_begin(&b);
    question(&q, 0, 8);
    regs_put(&q.script, REG(40), 0xC0DBC0DB);
    regs_put_pause(&q.script, REG(41), 500);
    regs_put(&q.script, REG(42), 7);
    expect_together(&b, &q, 1, 0);
    assert_ok(regs_run(&b.loader, &q.ask, 1, &e), &e);
    assert_values(&q, 0);
    assert_int_equal(written.count, 1);
    assert_int_equal(b.loader.link.round_trips, 1);
    bench_end(&b);
}

static void two_asks_travel_together(void **state)
{
    struct bench b;
    struct question q[2];
    struct err e = { 0 };
    (void)state;
    bench_begin(&b);
    question(&q[0], 0, 3);
    question(&q[1], 3, 2);
    regs_put(&q[0].script, REG(40), 1);
    regs_put(&q[1].script, REG(40), 2);
    expect_together(&b, q, 2, 0);
    const struct reg_ask asks[] = { q[0].ask, q[1].ask };
    assert_ok(regs_run(&b.loader, asks, 2, &e), &e);
    assert_values(&q[0], 0);
    assert_values(&q[1], 3);
    assert_int_equal(b.loader.link.round_trips, 1);
    bench_end(&b);
}

/* A pause writes nothing: what the register holds stays. */
static void a_pause_changes_no_bit(void **state)
{
    struct reg_script s = { .count = 0 };
    (void)state;
    regs_put_pause(&s, REG(1), 250);
    regs_put(&s, REG(2), 3);
    assert_int_equal(s.rows[0].mask, 0);
    assert_int_equal(s.rows[0].delay_us, 250);
    assert_int_equal(s.rows[1].mask, UINT32_MAX);
    assert_int_equal(s.rows[1].delay_us, 0);
}

static void an_empty_script_is_not_sent(void **state)
{
    (void)state;
    for (int careful = 0; careful < 2; careful++) {
        struct bench b;
        struct question q;
        struct err e = { 0 };
        bench_begin(&b);
        b.loader.careful = careful;
        question(&q, 0, 1);
        expect_one_by_one(&b, &q, 0);
        assert_ok(regs_run(&b.loader, &q.ask, 1, &e), &e);
        assert_values(&q, 0);
        bench_end(&b);
    }
}

static void too_much_for_one_exchange_is_refused_unsent(void **state)
{
    struct bench b;
    struct question q;
    struct err e = { 0 };
    (void)state;
    bench_begin(&b);
    question(&q, 0, 9); /* reads */
    assert_code(regs_run(&b.loader, &q.ask, 1, &e), &e, ERR_STATION);
    question(&q, 0, 1);
    const struct reg_ask three[] = { q.ask, q.ask, q.ask };
    assert_code(regs_run(&b.loader, three, 3, &e), &e, ERR_STATION);
    for (uint32_t i = 0; i < REGS_WRITES_MAX + 1; i++)
        regs_put(&q.script, REG(i), i);
    assert_code(regs_run(&b.loader, &q.ask, 1, &e), &e, ERR_STATION);
    for (uint32_t i = 0; i < 1000; i++) /* and nothing is written behind its end */
        regs_put(&q.script, REG(i), i);
    assert_code(regs_run(&b.loader, &q.ask, 1, &e), &e, ERR_STATION);
    assert_int_equal(written.count, 0);
    bench_end(&b);
}

/* Escapes make frames longer: what would not fit the FIFO is not sent. */
static void reads_that_do_not_fit_the_fifo_are_refused_unsent(void **state)
{
    struct bench b;
    struct question q;
    struct err e = { 0 };
    (void)state;
    bench_begin(&b);
    question(&q, 0, 8);
    for (size_t i = 0; i < 8; i++)
        q.addrs[i] = 0xC0C0DBC0;
    assert_code(regs_run(&b.loader, &q.ask, 1, &e), &e, ERR_STATION);
    assert_int_equal(written.count, 0);
    bench_end(&b);
}

static void the_longest_script_fits(void **state)
{
    struct bench b;
    struct question q[2];
    struct err e = { 0 };
    (void)state;
    bench_begin(&b);
    for (int k = 0; k < 2; k++) {
        question(&q[k], 0, 7);
        for (uint32_t i = 0; i < REGS_WRITES_MAX; i++)
            regs_put(&q[k].script, 0xC0DBC0DB, 0xDBDBC0C0);
    }
    expect_together(&b, q, 2, 0);
    const struct reg_ask asks[] = { q[0].ask, q[1].ask };
    assert_ok(regs_run(&b.loader, asks, 2, &e), &e);
    assert_int_equal(b.loader.link.round_trips, 1);
    bench_end(&b);
}

/* ---- One by one ---- */

enum why_not { BY_CARE, BY_STUB, BY_FIFO };

/* What arrives while the ROM pauses waits in a FIFO of 128 bytes: at a high rate, too much. */
static void one_by_one_where_it_must_be(void **state)
{
    (void)state;
    for (enum why_not why = BY_CARE; why <= BY_FIFO; why++) {
        struct bench b;
        struct question q;
        struct err e = { 0 };
        bench_begin(&b);
        b.loader.careful = why == BY_CARE;
        loader_set_kind(&b.loader, why == BY_STUB ? &loader_stub : &loader_rom);
        question(&q, 0, 4);
        regs_put(&q.script, REG(40), 1);
        regs_put_pause(&q.script, REG(41), 2000);
        b.script.port.baud = why == BY_FIFO ? 2000000 : 115200;
        expect_one_by_one(&b, &q, 0);
        assert_ok(regs_run(&b.loader, &q.ask, 1, &e), &e);
        assert_values(&q, 0);
        assert_int_equal(written.count, 5);
        assert_int_equal(b.loader.link.round_trips, 5);
        bench_end(&b);
    }
}

/* The pauses of a script add up, and what comes meanwhile may fill half of the FIFO. */
static void the_fifo_decides_by_rate_and_pauses(void **state)
{
    static const struct {
        uint32_t baud, pause_us;
        size_t pauses;
        bool together;
    } rows[] = {
        { 115200, 2000, 1, true },  { 115200, 2000, 2, true },        { 115200, 2000, 3, false },
        { 921600, 500, 1, true },   { 921600, 1000, 1, false },       { 460800, 1000, 1, true },
        { 460800, 1500, 1, false }, { 115200, UINT32_MAX, 2, false }, { 921600, 0, 32, true },
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct bench b;
        struct question q;
        struct err e = { 0 };
        bench_begin(&b);
        b.script.port.baud = rows[i].baud;
        question(&q, 0, 2);
        for (size_t k = 0; k < rows[i].pauses; k++)
            regs_put_pause(&q.script, REG(40), rows[i].pause_us);
        uint64_t waiting =
            (uint64_t)rows[i].pause_us * rows[i].pauses * rows[i].baud / 10 / 1000000;
        assert_int_equal(rows[i].together, waiting <= FIFO_BYTES / 2);
        expect_one_by_one(&b, &q, 0); /* which may be overtaken */
        assert_ok(regs_run(&b.loader, &q.ask, 1, &e), &e);
        assert_int_equal(written.count, rows[i].together ? 1 : 3);
        bench_end(&b);
    }
}

/* One of two that must not is reason enough for both. */
static void one_long_pause_holds_both_asks_back(void **state)
{
    struct bench b;
    struct question q[2];
    struct err e = { 0 };
    (void)state;
    bench_begin(&b);
    question(&q[0], 0, 1);
    question(&q[1], 1, 1);
    regs_put(&q[0].script, REG(40), 1);
    regs_put_pause(&q[1].script, REG(40), 50000);
    expect_one_by_one(&b, &q[0], 0);
    expect_one_by_one(&b, &q[1], 1);
    const struct reg_ask asks[] = { q[0].ask, q[1].ask };
    assert_ok(regs_run(&b.loader, asks, 2, &e), &e);
    assert_int_equal(b.loader.link.round_trips, 4);
    bench_end(&b);
}

static void a_refusal_is_told(void **state)
{
    (void)state;
    for (int careful = 0; careful < 2; careful++) {
        struct bench b;
        struct question q;
        struct err e = { 0 };
        bench_begin(&b);
        b.loader.careful = careful;
        question(&q, 0, 0);
        regs_put(&q.script, REG(40), 1);
        expect_script(&b, &q.script);
        script_reply(&b.script, 500, CMD_WRITE_REG, 0, "\1\6\0\0", 4);
        assert_code(regs_run(&b.loader, &q.ask, 1, &e), &e, ERR_REFUSED);
        assert_has(e.what, "WRITE_REG");
        bench_end(&b);
    }
}

/* ---- Registers that stay as they are ---- */

static void note_many(struct bench *b, size_t count)
{
    regs_note(&b->loader);
    for (size_t i = 0; i < count; i++) {
        struct err e = { 0 };
        uint32_t value = 1;
        assert_ok(regs_read_fixed(&b->loader, REG(i), &value, &e), &e);
        assert_int_equal(value, 0);
    }
    assert_int_equal(written.count, 0);
}

/* `count` registers are asked twice, at most eight at a time. */
static void expect_stream(struct bench *b, size_t count)
{
    size_t asked = 0;
    for (size_t answered = 0; answered < 2 * count; answered++) {
        for (; asked < 2 * count && asked < answered + 8; asked++)
            ask_for(b, REG(asked % count));
        answer(b, VALUE(answered % count));
    }
}

static void assert_known(struct bench *b, size_t count)
{
    size_t before = written.count;
    for (size_t i = 0; i < count; i++) {
        struct err e = { 0 };
        uint32_t value = 0;
        assert_ok(regs_read_fixed(&b->loader, REG(i), &value, &e), &e);
        assert_int_equal(value, VALUE(i));
    }
    assert_int_equal(written.count, before);
}

static void noted_registers_come_as_one_stream(void **state)
{
    (void)state;
    for (size_t count = 1; count <= LOADER_FIXED_MAX; count++) {
        struct bench b;
        struct err e = { 0 };
        size_t under_way = 0;
        bench_begin(&b);
        note_many(&b, count);
        expect_stream(&b, count);
        assert_ok(regs_fetch(&b.loader, &e), &e);
        assert_int_equal(b.loader.link.round_trips, 1);
        for (size_t i = 0; i < written.count; i++) { /* each later write follows an answer */
            under_way = i == 0 ? written.bytes[0] : READ_FRAME;
            assert_true(written.bytes[i] == under_way && under_way <= FIFO_BYTES);
        }
        assert_known(&b, count);
        bench_end(&b);
    }
}

/* A stub has one buffer to receive into; a careful loader asks one question at a time. */
static void noted_registers_are_read_one_by_one_where_they_must_be(void **state)
{
    (void)state;
    for (enum why_not why = BY_CARE; why <= BY_STUB; why++) {
        struct bench b;
        struct err e = { 0 };
        bench_begin(&b);
        b.loader.careful = why == BY_CARE;
        loader_set_kind(&b.loader, why == BY_STUB ? &loader_stub : &loader_rom);
        note_many(&b, 5);
        for (size_t i = 0; i < 10; i++)
            script_register(&b.script, REG(i % 5), VALUE(i % 5));
        assert_ok(regs_fetch(&b.loader, &e), &e);
        assert_int_equal(b.loader.link.round_trips, 10);
        assert_known(&b, 5);
        bench_end(&b);
    }
}

/* What goes into the record must be true: an answer has no check of its own. */
static void two_readings_that_differ_are_refused(void **state)
{
    (void)state;
    for (size_t wrong = 0; wrong < 6; wrong++) {
        struct bench b;
        struct err e = { 0 };
        uint32_t value;
        char name[16];
        bench_begin(&b);
        note_many(&b, 3);
        for (size_t i = 0; i < 6; i++)
            ask_for(&b, REG(i % 3));
        for (size_t i = 0; i < 6; i++)
            answer(&b, i == wrong ? 0xBAD : VALUE(i % 3));
        assert_code(regs_fetch(&b.loader, &e), &e, ERR_FRAME);
        snprintf(name, sizeof name, "%08x", REG(wrong % 3));
        assert_has(e.what, name);
        script_register(&b.script, REG(wrong % 3), VALUE(9)); /* not known: asked again */
        assert_ok(regs_read_fixed(&b.loader, REG(wrong % 3), &value, &e), &e);
        assert_int_equal(value, VALUE(9));
        bench_end(&b);
    }
}

static void a_lost_answer_ends_the_stream(void **state)
{
    struct bench b;
    struct err e = { 0 };
    (void)state;
    bench_begin(&b);
    note_many(&b, 2);
    for (size_t i = 0; i < 4; i++)
        ask_for(&b, REG(i % 2));
    for (size_t i = 0; i < 3; i++)
        answer(&b, VALUE(i % 2));
    assert_code(regs_fetch(&b.loader, &e), &e, ERR_TIMEOUT);
    assert_false(b.loader.noting);
    bench_end(&b);
}

static void nothing_noted_asks_nothing(void **state)
{
    struct bench b;
    struct err e = { 0 };
    (void)state;
    bench_begin(&b);
    regs_note(&b.loader);
    assert_ok(regs_fetch(&b.loader, &e), &e);
    assert_int_equal(written.count, 0);
    bench_end(&b);
}

static void a_register_is_noted_once(void **state)
{
    struct bench b;
    struct err e = { 0 };
    (void)state;
    bench_begin(&b);
    note_many(&b, 3);
    note_many(&b, 3);
    expect_stream(&b, 3);
    assert_ok(regs_fetch(&b.loader, &e), &e);
    assert_known(&b, 3);
    bench_end(&b);
}

/* Without notes the first reading is kept; a reset chip is asked anew. */
static void a_fixed_register_is_asked_once_until_forgotten(void **state)
{
    struct bench b;
    struct err e = { 0 };
    uint32_t value = 0;
    (void)state;
    bench_begin(&b);
    script_register(&b.script, REG(0), VALUE(0));
    for (int i = 0; i < 3; i++) {
        assert_ok(regs_read_fixed(&b.loader, REG(0), &value, &e), &e);
        assert_int_equal(value, VALUE(0));
    }
    assert_int_equal(written.count, 1);
    regs_forget(&b.loader);
    script_register(&b.script, REG(0), VALUE(5));
    assert_ok(regs_read_fixed(&b.loader, REG(0), &value, &e), &e);
    assert_int_equal(value, VALUE(5));
    bench_end(&b);
}

static void forgetting_ends_the_noting(void **state)
{
    struct bench b;
    struct err e = { 0 };
    uint32_t value = 0;
    (void)state;
    bench_begin(&b);
    note_many(&b, 3);
    regs_forget(&b.loader);
    script_register(&b.script, REG(0), VALUE(0));
    assert_ok(regs_read_fixed(&b.loader, REG(0), &value, &e), &e);
    assert_int_equal(value, VALUE(0));
    bench_end(&b);
}

/* One too many is no mistake: it is asked for each time. */
static void what_finds_no_room_is_asked_each_time(void **state)
{
    struct bench b;
    struct err e = { 0 };
    uint32_t value = 0;
    (void)state;
    bench_begin(&b);
    note_many(&b, LOADER_FIXED_MAX + 1);
    expect_stream(&b, LOADER_FIXED_MAX);
    assert_ok(regs_fetch(&b.loader, &e), &e);
    assert_known(&b, LOADER_FIXED_MAX);
    for (uint32_t i = 0; i < 2; i++) {
        script_register(&b.script, REG(LOADER_FIXED_MAX), VALUE(70 + i));
        assert_ok(regs_read_fixed(&b.loader, REG(LOADER_FIXED_MAX), &value, &e), &e);
        assert_int_equal(value, VALUE(70 + i));
    }
    bench_end(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_script_and_its_reads_travel_together),
        cmocka_unit_test(two_asks_travel_together),
        cmocka_unit_test(a_pause_changes_no_bit),
        cmocka_unit_test(an_empty_script_is_not_sent),
        cmocka_unit_test(too_much_for_one_exchange_is_refused_unsent),
        cmocka_unit_test(reads_that_do_not_fit_the_fifo_are_refused_unsent),
        cmocka_unit_test(the_longest_script_fits),
        cmocka_unit_test(one_by_one_where_it_must_be),
        cmocka_unit_test(the_fifo_decides_by_rate_and_pauses),
        cmocka_unit_test(one_long_pause_holds_both_asks_back),
        cmocka_unit_test(a_refusal_is_told),
        cmocka_unit_test(noted_registers_come_as_one_stream),
        cmocka_unit_test(noted_registers_are_read_one_by_one_where_they_must_be),
        cmocka_unit_test(two_readings_that_differ_are_refused),
        cmocka_unit_test(a_lost_answer_ends_the_stream),
        cmocka_unit_test(nothing_noted_asks_nothing),
        cmocka_unit_test(a_register_is_noted_once),
        cmocka_unit_test(a_fixed_register_is_asked_once_until_forgotten),
        cmocka_unit_test(forgetting_ends_the_noting),
        cmocka_unit_test(what_finds_no_room_is_asked_each_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
