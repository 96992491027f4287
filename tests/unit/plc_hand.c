/* The handshake of one slot with a PLC: every phase, and what must start nothing. */
#include "station/plc/plc_hand.h"

#include "station/plc/plc_cause.h"
#include "station/plc/plc_map.h"
#include "tests/lib/test.h"

#include <stdio.h>
#include <stdlib.h>

static struct event event_of(enum event_kind kind, int64_t run_id, enum verdict verdict,
                             enum err_code code)
{
    struct event event = { .kind = kind,
                           .slot = 1,
                           .run_id = run_id,
                           .verdict = verdict,
                           .seconds = 12.34,
                           .mac = "24:0a:c4:00:00:01" };
    if (code != ERR_NONE)
        err_set(&event.err, code, "x");
    return event;
}

static void run(struct plc_hand *h, int64_t run_id)
{
    const struct event event = event_of(EVENT_RUN, run_id, VERDICT_NONE, ERR_NONE);
    plc_hand_event(h, &event);
}

static void verdict(struct plc_hand *h, int64_t run_id, enum verdict verdict, enum err_code code)
{
    const struct event event = event_of(EVENT_VERDICT, run_id, verdict, code);
    plc_hand_event(h, &event);
}

/* Ready, and the station takes starts. */
static struct plc_hand ready(void)
{
    struct plc_hand h = { .phase = PLC_IDLE };
    assert_int_equal(plc_hand_command(&h, 0, 0, true), PLC_NOTHING);
    assert_int_equal(plc_hand_status(&h, true), PLC_READY);
    return h;
}

static struct plc_hand running(int64_t run_id)
{
    struct plc_hand h = ready();
    assert_int_equal(plc_hand_command(&h, PLC_START, 7, true), PLC_BEGIN);
    plc_hand_begun(&h, ERR_NONE, run_id - 1, 0);
    assert_int_equal(plc_hand_status(&h, true), PLC_BUSY);
    run(&h, run_id);
    return h;
}

static void a_cycle_goes_through_its_four_phases(void **state)
{
    (void)state;
    struct plc_hand h = running(5);
    assert_int_equal(plc_hand_status(&h, true), PLC_BUSY);
    verdict(&h, 5, VERDICT_PASS, ERR_NONE);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_PASS);
    assert_int_equal(h.cycle, 7);
    assert_int_equal(h.tenths, 123);
    assert_int_equal(h.run_id, 5);
    assert_string_equal(h.mac, "24:0a:c4:00:00:01");
    assert_int_equal(plc_hand_command(&h, PLC_START | PLC_ACK, 7, true), PLC_SEEN);
    assert_int_equal(plc_hand_status(&h, true), 0);
    assert_int_equal(plc_hand_command(&h, PLC_ACK, 7, true), PLC_NOTHING);
    assert_int_equal(plc_hand_status(&h, true), 0);
    assert_int_equal(plc_hand_command(&h, 0, 7, true), PLC_NOTHING);
    assert_int_equal(plc_hand_status(&h, true), PLC_READY);
    assert_int_equal(plc_hand_status(&h, false), 0);
    assert_int_equal(plc_hand_command(&h, PLC_START, 8, true), PLC_BEGIN);
}

static void a_failure_has_its_cause(void **state)
{
    (void)state;
    struct plc_hand h = running(5);
    verdict(&h, 5, VERDICT_FAIL, ERR_NO_SYNC);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_FAIL);
    assert_int_equal(h.cause, 10);
}

/* What says nothing of the board is an error, and no FAIL. */
static void what_is_no_verdict_of_the_board_is_an_error(void **state)
{
    (void)state;
    static const struct {
        enum verdict verdict;
        enum err_code code;
    } ends[] = { { VERDICT_STOPPED, ERR_STOPPED },
                 { VERDICT_FAIL, ERR_DATABASE },
                 { VERDICT_FAIL, ERR_STATION },
                 { VERDICT_NONE, ERR_NONE } };
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        struct plc_hand h = running(5);
        verdict(&h, 5, ends[i].verdict, ends[i].code);
        assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_ERROR);
    }
}

static void start_that_was_high_from_the_beginning_starts_nothing(void **state)
{
    (void)state;
    struct plc_hand h = { .phase = PLC_IDLE };
    for (int i = 0; i < 3; i++)
        assert_int_equal(plc_hand_command(&h, PLC_START, 1, true), PLC_NOTHING);
    assert_int_equal(plc_hand_status(&h, true), 0);
    assert_int_equal(plc_hand_command(&h, 0, 1, true), PLC_NOTHING);
    assert_int_equal(plc_hand_command(&h, PLC_START, 1, true), PLC_BEGIN);
}

/* PLCs write their outputs in each cycle, and again after a reply was lost. */
static void start_that_was_never_written_is_0(void **state)
{
    (void)state;
    struct plc_hand h = { .phase = PLC_IDLE };
    assert_int_equal(plc_hand_status(&h, true), 0);
    plc_hand_settled(&h);
    assert_int_equal(plc_hand_status(&h, true), PLC_READY);
    assert_int_equal(plc_hand_command(&h, PLC_START, 7, true), PLC_BEGIN);
    h = (struct plc_hand){ .phase = PLC_IDLE };
    plc_hand_command(&h, PLC_START, 7, true); /* one that came up with it */
    plc_hand_settled(&h);
    assert_int_equal(plc_hand_status(&h, true), 0);
    assert_int_equal(plc_hand_command(&h, PLC_START, 7, true), PLC_NOTHING);
}

static void start_that_stays_starts_once(void **state)
{
    (void)state;
    struct plc_hand h = running(5);
    assert_int_equal(plc_hand_command(&h, PLC_START, 7, true), PLC_NOTHING);
    verdict(&h, 5, VERDICT_PASS, ERR_NONE);
    assert_int_equal(plc_hand_command(&h, PLC_START, 8, true), PLC_NOTHING);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_PASS); /* until ACK */
    assert_int_equal(h.cycle, 7);
    assert_int_equal(plc_hand_command(&h, PLC_START | PLC_ACK, 8, true), PLC_SEEN);
    assert_int_equal(plc_hand_command(&h, PLC_START, 8, true), PLC_NOTHING);
    assert_int_equal(plc_hand_command(&h, PLC_START, 8, true), PLC_NOTHING);
    assert_int_equal(plc_hand_status(&h, true), 0);
}

/* Up and down while a run goes on is no start that waits. */
static void start_while_busy_is_not_kept(void **state)
{
    (void)state;
    struct plc_hand h = running(5);
    plc_hand_command(&h, 0, 7, true);
    assert_int_equal(plc_hand_command(&h, PLC_START, 8, true), PLC_NOTHING);
    verdict(&h, 5, VERDICT_PASS, ERR_NONE);
    assert_int_equal(h.cycle, 7);
    plc_hand_command(&h, PLC_START | PLC_ACK, 8, true);
    assert_int_equal(plc_hand_command(&h, PLC_START, 8, true), PLC_NOTHING);
}

static void start_that_cannot_be_taken_is_spent(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    assert_int_equal(plc_hand_command(&h, PLC_START, 1, false), PLC_NOTHING);
    assert_int_equal(plc_hand_command(&h, PLC_START, 1, true), PLC_NOTHING);
    plc_hand_command(&h, 0, 1, true);
    assert_int_equal(plc_hand_command(&h, PLC_START, 1, true), PLC_BEGIN);
}

static void start_with_ack_or_abort_is_none(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    assert_int_equal(plc_hand_command(&h, PLC_START | PLC_ACK, 1, true), PLC_NOTHING);
    h = ready();
    assert_int_equal(plc_hand_command(&h, PLC_START | PLC_ABORT, 1, true), PLC_NOTHING);
}

static void a_heartbeat_that_stood_still_needs_a_new_edge(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    plc_hand_disarm(&h);
    assert_int_equal(plc_hand_status(&h, true), 0);
    assert_int_equal(plc_hand_command(&h, PLC_START, 1, true), PLC_NOTHING);
    plc_hand_command(&h, 0, 1, true);
    assert_int_equal(plc_hand_status(&h, true), PLC_READY);
    assert_int_equal(plc_hand_command(&h, PLC_START, 1, true), PLC_BEGIN);
}

static void a_run_ends_normally_without_the_heartbeat(void **state)
{
    (void)state;
    struct plc_hand h = running(5);
    plc_hand_disarm(&h);
    verdict(&h, 5, VERDICT_PASS, ERR_NONE);
    assert_int_equal(plc_hand_status(&h, false), PLC_DONE | PLC_PASS);
}

static void a_refused_start_is_an_error_until_ack(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    assert_int_equal(plc_hand_command(&h, PLC_START, 3, true), PLC_BEGIN);
    plc_hand_begun(&h, ERR_USAGE, 0, 0);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_ERROR);
    assert_int_equal(h.cause, 41);
    assert_int_equal(h.cycle, 3);
    verdict(&h, 9, VERDICT_PASS, ERR_NONE); /* somebody else's */
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_ERROR);
}

static void a_run_that_does_not_begin_is_an_error(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    plc_hand_command(&h, PLC_START, 3, true);
    plc_hand_begun(&h, ERR_NONE, 0, 1000);
    plc_hand_tick(&h, 1000 + PLC_BEGIN_MS * 1000ull - 1);
    assert_int_equal(plc_hand_status(&h, true), PLC_BUSY);
    plc_hand_tick(&h, 1000 + PLC_BEGIN_MS * 1000ull);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_ERROR);
    assert_int_equal(h.cause, PLC_CAUSE_NO_RUN);
    run(&h, 6); /* too late */
    verdict(&h, 6, VERDICT_PASS, ERR_NONE);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_ERROR);
}

static void a_run_that_waits_for_a_place_is_no_error(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    plc_hand_command(&h, PLC_START, 3, true);
    plc_hand_begun(&h, ERR_NONE, 0, 1000);
    plc_hand_waits(&h, 5000000);
    plc_hand_tick(&h, 1000 + PLC_BEGIN_MS * 1000ull);
    assert_int_equal(plc_hand_status(&h, true), PLC_BUSY);
    plc_hand_tick(&h, 5000000 + PLC_BEGIN_MS * 1000ull);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_ERROR);
}

/* Whoever counts boards must not count one twice. */
static void a_board_that_has_passed_before_is_an_error(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    plc_hand_passed_before(&h, 4, "24:0a:c4:00:00:01"); /* nobody asked */
    assert_int_equal(plc_hand_status(&h, true), PLC_READY);
    plc_hand_command(&h, PLC_START, 3, true);
    plc_hand_begun(&h, ERR_NONE, 4, 0);
    plc_hand_passed_before(&h, 4, "24:0a:c4:00:00:01");
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_ERROR);
    assert_int_equal(h.cause, 20);
    assert_int_equal(h.run_id, 4);
    assert_int_equal(h.cycle, 3);
}

/* The events of the run before may come behind the start. */
static void the_verdict_of_the_board_before_is_never_taken(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    plc_hand_command(&h, PLC_START, 3, true);
    plc_hand_begun(&h, ERR_NONE, 4, 0);
    run(&h, 4);
    verdict(&h, 4, VERDICT_PASS, ERR_NONE);
    assert_int_equal(plc_hand_status(&h, true), PLC_BUSY);
    run(&h, 5);
    verdict(&h, 4, VERDICT_PASS, ERR_NONE);
    verdict(&h, 3, VERDICT_PASS, ERR_NONE);
    assert_int_equal(plc_hand_status(&h, true), PLC_BUSY);
    verdict(&h, 5, VERDICT_FAIL, ERR_VERIFY);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_FAIL);
}

/* EVENT_RUN is progress, and may be lost; the verdict never is. */
static void a_verdict_without_its_beginning_counts(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    plc_hand_command(&h, PLC_START, 3, true);
    plc_hand_begun(&h, ERR_NONE, 4, 0);
    verdict(&h, 5, VERDICT_PASS, ERR_NONE);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_PASS);
}

static void abort_is_an_edge_and_stops_a_run(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    assert_int_equal(plc_hand_command(&h, PLC_ABORT, 0, true), PLC_NOTHING);
    h = running(5);
    assert_int_equal(plc_hand_command(&h, PLC_START | PLC_ABORT, 7, true), PLC_STOP);
    assert_int_equal(plc_hand_command(&h, PLC_START | PLC_ABORT, 7, true), PLC_NOTHING);
    verdict(&h, 5, VERDICT_STOPPED, ERR_STOPPED);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_ERROR);
    assert_int_equal(h.cause, 40);
}

/* A slot that begins by itself, or by a person's hand, shows as well; its cycle is 0. */
static void runs_of_others_show_with_cycle_0(void **state)
{
    (void)state;
    struct plc_hand h = ready();
    h.cycle = 9;
    run(&h, 5);
    assert_int_equal(plc_hand_status(&h, true), PLC_BUSY);
    assert_int_equal(plc_hand_command(&h, PLC_START, 10, true), PLC_NOTHING);
    verdict(&h, 5, VERDICT_PASS, ERR_NONE);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_PASS);
    assert_int_equal(h.cycle, 0);
    run(&h, 6); /* nobody needs to acknowledge what nobody ordered */
    assert_int_equal(plc_hand_status(&h, true), PLC_BUSY);
}

static void a_result_of_the_plc_stays_whatever_others_do(void **state)
{
    (void)state;
    struct plc_hand h = running(5);
    verdict(&h, 5, VERDICT_FAIL, ERR_WRITE);
    run(&h, 6);
    verdict(&h, 6, VERDICT_PASS, ERR_NONE);
    assert_int_equal(plc_hand_status(&h, true), PLC_DONE | PLC_FAIL);
    assert_int_equal(h.cycle, 7);
}

static void every_code_has_a_number_of_its_own(void **state)
{
    (void)state;
    for (int a = 0; a < ERR_CODE_COUNT; a++) {
        assert_int_not_equal(plc_cause((enum err_code)a), PLC_CAUSE_OTHER);
        for (int b = 0; b < a; b++)
            assert_int_not_equal(plc_cause((enum err_code)a), plc_cause((enum err_code)b));
    }
}

/* The page has the number of each code. */
static void the_page_has_every_cause(void **state)
{
    (void)state;
    static char page[65536];
    FILE *const f = fopen("docs/plc.md", "re");
    assert_non_null(f);
    page[fread(page, 1, sizeof page - 1, f)] = '\0';
    fclose(f);
    for (int code = 1; code < ERR_CODE_COUNT; code++) {
        char row[64];
        snprintf(row, sizeof row, "%u `%s`", plc_cause((enum err_code)code),
                 err_word((enum err_code)code));
        assert_has(page, row);
    }
}

/* Whatever a PLC writes and whatever happens: at most one of PASS, FAIL and ERROR, none without
 * DONE, no start but from READY. */
static void noise_never_breaks_the_rules(void **state)
{
    (void)state;
    uint32_t random = 4711;
    struct plc_hand h = { .phase = PLC_IDLE };
    int64_t id = 0;
    for (int i = 0; i < 200000; i++) {
        const bool was_ready = plc_hand_status(&h, true) == PLC_READY;
        const uint32_t what = next_random(&random) % 8;
        if (what < 4) {
            const enum plc_order order =
                plc_hand_command(&h, (uint16_t)(next_random(&random) % 8), (uint16_t)i, true);
            assert_true(order != PLC_BEGIN || was_ready);
            if (order == PLC_BEGIN)
                plc_hand_begun(&h, next_random(&random) % 5 ? ERR_NONE : ERR_USAGE, id, 0);
        } else if (what == 4) {
            run(&h, ++id);
        } else if (what == 5) {
            verdict(&h, id, (enum verdict)(1 + next_random(&random) % 3), ERR_NONE);
        } else if (what == 6) {
            plc_hand_tick(&h, next_random(&random));
        } else if (next_random(&random) % 50 == 0) {
            plc_hand_disarm(&h);
        }
        const unsigned s = plc_hand_status(&h, true);
        const unsigned results = s & (PLC_PASS | PLC_FAIL | PLC_ERROR);
        assert_true((results & (results - 1)) == 0);
        assert_true((results != 0) == ((s & PLC_DONE) != 0));
        assert_true(((s & PLC_READY) != 0) + ((s & PLC_BUSY) != 0) + ((s & PLC_DONE) != 0) <= 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cycle_goes_through_its_four_phases),
        cmocka_unit_test(a_failure_has_its_cause),
        cmocka_unit_test(what_is_no_verdict_of_the_board_is_an_error),
        cmocka_unit_test(start_that_was_high_from_the_beginning_starts_nothing),
        cmocka_unit_test(start_that_was_never_written_is_0),
        cmocka_unit_test(start_that_stays_starts_once),
        cmocka_unit_test(start_while_busy_is_not_kept),
        cmocka_unit_test(start_that_cannot_be_taken_is_spent),
        cmocka_unit_test(start_with_ack_or_abort_is_none),
        cmocka_unit_test(a_heartbeat_that_stood_still_needs_a_new_edge),
        cmocka_unit_test(a_run_ends_normally_without_the_heartbeat),
        cmocka_unit_test(a_refused_start_is_an_error_until_ack),
        cmocka_unit_test(a_run_that_does_not_begin_is_an_error),
        cmocka_unit_test(a_run_that_waits_for_a_place_is_no_error),
        cmocka_unit_test(a_board_that_has_passed_before_is_an_error),
        cmocka_unit_test(the_verdict_of_the_board_before_is_never_taken),
        cmocka_unit_test(a_verdict_without_its_beginning_counts),
        cmocka_unit_test(abort_is_an_edge_and_stops_a_run),
        cmocka_unit_test(runs_of_others_show_with_cycle_0),
        cmocka_unit_test(a_result_of_the_plc_stays_whatever_others_do),
        cmocka_unit_test(every_code_has_a_number_of_its_own),
        cmocka_unit_test(the_page_has_every_cause),
        cmocka_unit_test(noise_never_breaks_the_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
