/* What slots share: the queue of events, the table of MACs, the two steps of stopping. */
#include "station/line/gang.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- The queue ---- */

static struct event_queue *new_queue(void)
{
    struct err e = { 0 };
    struct event_queue *q = event_queue_new(&e);
    assert_non_null(q);
    return q;
}

static bool is_readable(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLIN };
    return poll(&p, 1, 0) == 1;
}

static void put_numbered(struct event_queue *q, enum event_kind kind, int slot, unsigned number)
{
    const struct event event = { .kind = kind, .slot = slot, .attempt = number };
    event_put(q, &event);
}

static void event_keeps_order_and_wakes_the_reader(void **state)
{
    (void)state;
    struct event_queue *q = new_queue();
    struct event got;
    assert_false(event_take(q, &got));
    assert_false(is_readable(event_fd(q)));
    for (unsigned i = 0; i < 100; i++)
        put_numbered(q, EVENT_PHASE, 1, i);
    assert_true(is_readable(event_fd(q)));
    for (unsigned i = 0; i < 100; i++) {
        assert_true(event_take(q, &got));
        assert_int_equal(got.attempt, i);
    }
    assert_false(event_take(q, &got));
    assert_false(is_readable(event_fd(q)));
    event_queue_free(q);
}

static void event_drops_phases_but_no_verdict_when_the_screen_is_slow(void **state)
{
    (void)state;
    struct event_queue *q = new_queue();
    struct event got;
    unsigned verdicts = 0;
    for (unsigned i = 0; i < EVENT_QUEUE_MAX + 50; i++)
        put_numbered(q, EVENT_PHASE, 1, i);
    for (unsigned i = 0; i < 300; i++)
        put_numbered(q, EVENT_VERDICT, 1, i);
    assert_int_equal(event_dropped(q), 50);
    while (event_take(q, &got))
        verdicts += got.kind == EVENT_VERDICT;
    assert_int_equal(verdicts, 300);
    event_queue_free(q);
}

#define WRITERS 8
#define EACH    500

struct writer {
    struct event_queue *q;
    int slot;
};

static void *write_events(void *arg)
{
    const struct writer *w = arg;
    for (unsigned i = 0; i < EACH; i++)
        put_numbered(w->q, EVENT_VERDICT, w->slot, i);
    return NULL;
}

static void event_loses_none_of_many_writers_and_keeps_each_ones_order(void **state)
{
    (void)state;
    pthread_t threads[WRITERS];
    struct writer writers[WRITERS];
    unsigned next[WRITERS] = { 0 }, taken = 0;
    struct event_queue *q = new_queue();
    struct event got;
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ q, i };
        assert_int_equal(pthread_create(&threads[i], NULL, write_events, &writers[i]), 0);
    }
    while (taken < WRITERS * EACH) {
        struct pollfd p = { .fd = event_fd(q), .events = POLLIN };
        assert_int_equal(poll(&p, 1, 10000), 1);
        while (event_take(q, &got)) {
            assert_int_equal(got.attempt, next[got.slot]++);
            taken++;
        }
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(threads[i], NULL);
    event_queue_free(q);
}

/* ---- MACs ---- */

static struct chip_mac mac_of(uint8_t last)
{
    return (struct chip_mac){ { 0x24, 0x0a, 0xc4, 0, 0, last }, 6 };
}

static void gang_refuses_one_mac_in_two_slots(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct gang g = { 0 };
    const struct chip_mac a = mac_of(1), b = mac_of(2);
    int other = 0;
    assert_true(gang_init(&g, &e));
    assert_true(gang_claim_mac(&g, 1, &a, &other));
    assert_false(gang_claim_mac(&g, 2, &a, &other));
    assert_int_equal(other, 1);
    assert_true(gang_claim_mac(&g, 1, &a, &other)); /* the next attempt on the same board */
    assert_true(gang_claim_mac(&g, 2, &b, &other));
    assert_true(gang_claim_mac(&g, 1, &b, &other) == false && other == 2);
    gang_release_mac(&g, 2);
    assert_true(gang_claim_mac(&g, 1, &b, &other)); /* and gives the first one free */
    assert_true(gang_claim_mac(&g, 2, &a, &other));
    gang_done(&g);
}

static void gang_tells_an_eui64_from_the_mac_it_begins_with(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct gang g = { 0 };
    struct chip_mac longer = mac_of(1);
    const struct chip_mac shorter = mac_of(1);
    int other;
    longer.count = 8;
    assert_true(gang_init(&g, &e));
    assert_true(gang_claim_mac(&g, 1, &shorter, &other));
    assert_true(gang_claim_mac(&g, 2, &longer, &other));
    gang_done(&g);
}

/* ---- Stopping ---- */

static void gang_stops_in_two_steps(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct gang g = { 0 };
    assert_true(gang_init(&g, &e));
    gang_stop_soft(&g);
    assert_true(atomic_load(&g.stopping));
    assert_false(is_readable(g.stop_fd));
    gang_stop_hard(&g);
    assert_true(is_readable(g.stop_fd));
    assert_true(is_readable(g.stop_fd)); /* for every slot, not for the first one that looks */
    gang_done(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_keeps_order_and_wakes_the_reader),
        cmocka_unit_test(event_drops_phases_but_no_verdict_when_the_screen_is_slow),
        cmocka_unit_test(event_loses_none_of_many_writers_and_keeps_each_ones_order),
        cmocka_unit_test(gang_refuses_one_mac_in_two_slots),
        cmocka_unit_test(gang_tells_an_eui64_from_the_mac_it_begins_with),
        cmocka_unit_test(gang_stops_in_two_steps),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
