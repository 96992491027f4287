/*
 * When a block may run ahead of the acknowledgement of the one before: only behind a stub that has
 * kept up with the wire, with no more work than it has proved, and no more than one block.
 */
#include "core/flash/pace.h"
#include "tests/lib/test.h"

#define BAUD        1000000u /* a byte takes 10 us */
#define WIRE_BYTES  10000u
#define WIRE_US     100000u
#define WORK_BYTES  16384u
#define LATENCY_US  16000u
#define AT_ONCE_US  1000u
#define TOO_LATE_US 3000u

struct talk {
    struct pace pace;
    uint64_t us;
};

/* One block, and its acknowledgement `beyond_us` after the least that the link needs for one. */
static void one_block(struct talk *t, size_t wire_bytes, uint32_t work_bytes, uint64_t beyond_us)
{
    pace_sent(&t->pace, t->us, wire_bytes, BAUD, work_bytes);
    t->us = t->pace.wire_end_us + LATENCY_US + beyond_us;
    pace_acknowledged(&t->pace, t->us, LATENCY_US);
}

static void prompt_blocks(struct talk *t, int count)
{
    for (int i = 0; i < count; i++)
        one_block(t, WIRE_BYTES, WORK_BYTES, AT_ONCE_US);
}

static bool next_keeps_up(struct talk *t, size_t wire_bytes, uint32_t work_bytes)
{
    pace_sent(&t->pace, t->us, wire_bytes, BAUD, work_bytes);
    return pace_keeps_up(&t->pace);
}

static void trust_takes_several_prompt_blocks(void **state)
{
    (void)state;
    for (int proved = 0; proved < 6; proved++) {
        struct talk t = { .us = 1000 };
        prompt_blocks(&t, proved);
        assert_int_equal(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES), proved >= 3);
    }
}

static void nothing_is_trusted_while_nothing_is_under_way(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    assert_false(pace_keeps_up(&t.pace));
    prompt_blocks(&t, 5);
    assert_false(pace_keeps_up(&t.pace));
    pace_acknowledged(&t.pace, t.us, LATENCY_US); /* one too many changes nothing */
    assert_true(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES));
}

/* One buffer is worked on while the other is filled: a third block has nowhere to go. */
static void no_more_than_one_block_runs_ahead(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 4);
    assert_true(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES));
    assert_false(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES));
    t.us = t.pace.sent[0].end_us + LATENCY_US;
    pace_acknowledged(&t.pace, t.us, LATENCY_US);
    assert_true(pace_keeps_up(&t.pace));
}

static void one_late_answer_ends_the_trust(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 5);
    one_block(&t, WIRE_BYTES, WORK_BYTES, TOO_LATE_US);
    assert_false(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES));
    t.us = t.pace.wire_end_us + LATENCY_US;
    pace_acknowledged(&t.pace, t.us, LATENCY_US);
    prompt_blocks(&t, 2);
    assert_true(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES)); /* earned anew */
}

/* What a late answer has shown is that so much work is too much, whoever did it before. */
static void a_late_answer_takes_the_proof_of_all_work(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 5);
    one_block(&t, WIRE_BYTES, WORK_BYTES, TOO_LATE_US);
    for (int i = 0; i < 4; i++)
        one_block(&t, WIRE_BYTES, WORK_BYTES / 2, AT_ONCE_US);
    assert_false(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES));
}

static void more_work_than_was_proved_is_waited_for(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 4);
    assert_false(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES + 1));
}

static void less_work_is_trusted(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 4);
    assert_true(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES / 4));
}

/* It leaves the stub less time than those before; a few bytes do not matter. */
static void a_shorter_block_has_to_prove_itself(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 4);
    assert_true(next_keeps_up(&t, WIRE_BYTES - WIRE_BYTES / 32, WORK_BYTES));

    t = (struct talk){ .us = 1000 };
    prompt_blocks(&t, 4);
    assert_false(next_keeps_up(&t, WIRE_BYTES / 2, WORK_BYTES));
}

static void a_longer_block_has_not(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 4);
    assert_true(next_keeps_up(&t, 2 * WIRE_BYTES, WORK_BYTES));
}

/* Each block begins when the wire is free, however early it was handed over. */
static void the_wire_carries_one_block_after_the_other(void **state)
{
    struct pace p = { .sent_count = 0 };
    (void)state;
    pace_sent(&p, 1000, WIRE_BYTES, BAUD, 0);
    assert_int_equal(p.wire_end_us, 1000 + WIRE_US);
    pace_sent(&p, 2000, WIRE_BYTES, BAUD, WORK_BYTES);
    assert_int_equal(p.wire_end_us, 1000 + 2 * WIRE_US);
    pace_acknowledged(&p, 1000 + WIRE_US, LATENCY_US);
    pace_acknowledged(&p, 1000 + 2 * WIRE_US, LATENCY_US);
    assert_int_equal(p.sent_count, 0);
    pace_sent(&p, 900000, WIRE_BYTES, BAUD, 0); /* the wire was idle meanwhile */
    assert_int_equal(p.wire_end_us, 900000 + WIRE_US);
}

/* Of two under way the older is answered first, and judged by its own time. */
static void answers_belong_to_the_older_block(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 4);
    pace_sent(&t.pace, t.us, WIRE_BYTES, BAUD, WORK_BYTES);
    uint64_t first_end_us = t.pace.wire_end_us;
    pace_sent(&t.pace, t.us, WIRE_BYTES, BAUD, WORK_BYTES);
    pace_acknowledged(&t.pace, first_end_us + LATENCY_US + TOO_LATE_US, LATENCY_US);
    assert_int_equal(t.pace.prompt, 0);
    assert_int_equal(t.pace.sent_count, 1);
    pace_acknowledged(&t.pace, t.pace.wire_end_us + LATENCY_US, LATENCY_US);
    assert_int_equal(t.pace.prompt, 1);
    assert_int_equal(t.pace.proven_bytes, WORK_BYTES);
}

static uint64_t gap_us(const struct pace *p)
{
    return pace_next_us(p) - p->wire_end_us;
}

/* A stub that waits for the link has more time than it will have: each block may come half as late
 * as one that was proved, down to what the host itself needs. */
static void the_pause_gets_shorter_step_by_step(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 4);
    uint64_t before_us = LATENCY_US + AT_ONCE_US;
    for (int i = 0; i < 8; i++) {
        assert_true(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES));
        assert_true(gap_us(&t.pace) >= before_us / 2 && gap_us(&t.pace) >= PACE_GUARD_US);
        assert_true(gap_us(&t.pace) <= before_us / 2 + PACE_GUARD_US);
        before_us = gap_us(&t.pace);
        uint64_t next_us = pace_next_us(&t.pace);
        pace_sent(&t.pace, next_us, WIRE_BYTES, BAUD, WORK_BYTES);
        while (t.pace.sent_count > 0) {
            t.us = t.pace.sent[0].end_us + LATENCY_US;
            pace_acknowledged(&t.pace, t.us, LATENCY_US);
        }
        t.us = t.pace.wire_end_us + before_us;
    }
    assert_true(before_us < PACE_GUARD_US + 500);
}

/* Only an answer to a block that came so soon proves that it may: not one to a block before. */
static void a_pause_is_proved_by_blocks_that_had_it(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 6);
    assert_true(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES));
    assert_true(gap_us(&t.pace) >= (LATENCY_US + AT_ONCE_US) / 2);
}

/* More work was waited for in full: nothing is known of how it fits a shorter pause. */
static void more_work_makes_the_pause_longer_again(void **state)
{
    struct talk t = { .us = 1000 };
    (void)state;
    prompt_blocks(&t, 4);
    assert_true(next_keeps_up(&t, WIRE_BYTES, WORK_BYTES));
    pace_sent(&t.pace, pace_next_us(&t.pace), WIRE_BYTES, BAUD, WORK_BYTES);
    while (t.pace.sent_count > 0)
        pace_acknowledged(&t.pace, t.pace.sent[0].end_us, LATENCY_US);
    t.us = t.pace.wire_end_us + LATENCY_US;
    uint64_t short_us = gap_us(&t.pace);
    one_block(&t, WIRE_BYTES, 2 * WORK_BYTES, AT_ONCE_US);
    assert_true(gap_us(&t.pace) > short_us);
    one_block(&t, WIRE_BYTES, WORK_BYTES, AT_ONCE_US); /* and less proves nothing of it */
    assert_true(gap_us(&t.pace) > short_us);
}

static void a_port_without_a_rate_takes_no_time(void **state)
{
    struct pace p = { .sent_count = 0 };
    (void)state;
    pace_sent(&p, 5000, WIRE_BYTES, 0, 0);
    assert_int_equal(p.wire_end_us, 5000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trust_takes_several_prompt_blocks),
        cmocka_unit_test(nothing_is_trusted_while_nothing_is_under_way),
        cmocka_unit_test(no_more_than_one_block_runs_ahead),
        cmocka_unit_test(one_late_answer_ends_the_trust),
        cmocka_unit_test(a_late_answer_takes_the_proof_of_all_work),
        cmocka_unit_test(more_work_than_was_proved_is_waited_for),
        cmocka_unit_test(less_work_is_trusted),
        cmocka_unit_test(a_shorter_block_has_to_prove_itself),
        cmocka_unit_test(a_longer_block_has_not),
        cmocka_unit_test(the_wire_carries_one_block_after_the_other),
        cmocka_unit_test(answers_belong_to_the_older_block),
        cmocka_unit_test(the_pause_gets_shorter_step_by_step),
        cmocka_unit_test(a_pause_is_proved_by_blocks_that_had_it),
        cmocka_unit_test(more_work_makes_the_pause_longer_again),
        cmocka_unit_test(a_port_without_a_rate_takes_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
