/* Events: many writers, readers each at its own pace, what they miss and how they are told. */
#include "station/line/event.h"
#include "tests/lib/test.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>

enum { PATIENCE_MS = 10000 };

static struct event_feed *new_feed(void)
{
    struct err e = { 0 };
    struct event_feed *f = event_feed_new(&e);
    assert_non_null(f);
    return f;
}

/* One that has taken the mark it begins with. */
static struct event_reader *new_reader(struct event_feed *f, size_t weighty_max)
{
    struct err e = { 0 };
    struct event got;
    struct event_reader *r = event_reader_new(f, weighty_max, &e);
    assert_non_null(r);
    assert_true(event_take(r, &got));
    assert_int_equal(got.kind, EVENT_SNAPSHOT);
    assert_int_equal(got.missed, 0);
    return r;
}

static bool is_readable(const struct event_reader *r)
{
    struct pollfd p = { .fd = event_fd(r), .events = POLLIN };
    return poll(&p, 1, 0) == 1;
}

static void put_numbered(struct event_feed *f, enum event_kind kind, int slot, unsigned number)
{
    const struct event event = { .kind = kind, .slot = slot, .attempt = number };
    event_put(f, &event);
}

static void assert_next(struct event_reader *r, enum event_kind kind, unsigned number)
{
    struct event got;
    assert_true(event_take(r, &got));
    assert_int_equal(got.kind, kind);
    assert_int_equal(got.attempt, number);
}

static void assert_mark(struct event_reader *r, uint64_t missed, uint64_t missed_weighty)
{
    struct event got;
    assert_true(event_take(r, &got));
    assert_int_equal(got.kind, EVENT_SNAPSHOT);
    assert_int_equal(got.missed, missed);
    assert_int_equal(got.missed_weighty, missed_weighty);
}

static void assert_no_more(struct event_reader *r)
{
    struct event got;
    assert_false(is_readable(r));
    assert_false(event_take(r, &got));
}

static void a_reader_gets_all_in_order_and_is_woken(void **state)
{
    (void)state;
    struct event_feed *f = new_feed();
    struct event_reader *r = new_reader(f, 0);
    assert_no_more(r);
    for (unsigned i = 0; i < 100; i++)
        put_numbered(f, i % 2 ? EVENT_PHASE : EVENT_NOTE, 1, i);
    for (unsigned i = 0; i < 100; i++) {
        assert_true(is_readable(r));
        assert_next(r, i % 2 ? EVENT_PHASE : EVENT_NOTE, i);
    }
    assert_no_more(r);
    event_reader_free(r);
    event_feed_free(f);
}

static void a_reader_begins_with_a_mark_and_what_comes_then(void **state)
{
    (void)state;
    struct err e = { 0 };
    struct event_feed *f = new_feed();
    put_numbered(f, EVENT_VERDICT, 1, 1); /* for nobody */
    struct event_reader *r = event_reader_new(f, 0, &e);
    assert_non_null(r);
    put_numbered(f, EVENT_VERDICT, 1, 2);
    assert_true(is_readable(r));
    assert_mark(r, 0, 0);
    assert_next(r, EVENT_VERDICT, 2);
    assert_no_more(r);
    event_reader_free(r);
    event_feed_free(f);
}

static void each_reader_has_its_own_pace(void **state)
{
    (void)state;
    struct event_feed *f = new_feed();
    struct event_reader *quick = new_reader(f, 0), *slow = new_reader(f, 0);
    for (unsigned i = 0; i < 10; i++) {
        put_numbered(f, EVENT_PHASE, 1, i);
        assert_next(quick, EVENT_PHASE, i);
        assert_no_more(quick);
    }
    for (unsigned i = 0; i < 10; i++)
        assert_next(slow, EVENT_PHASE, i);
    assert_no_more(slow);
    event_reader_free(quick);
    put_numbered(f, EVENT_PHASE, 1, 10); /* who has gone is not waited for */
    assert_next(slow, EVENT_PHASE, 10);
    event_reader_free(slow);
    event_feed_free(f);
}

static void a_slow_reader_misses_old_progress_alone_and_is_told(void **state)
{
    (void)state;
    struct event_feed *f = new_feed();
    struct event_reader *slow = new_reader(f, 0), *quick = new_reader(f, 0);
    struct event got;
    put_numbered(f, EVENT_NOTE, 1, 7);
    for (unsigned i = 0; i < EVENT_PROGRESS_MAX + 50; i++) {
        put_numbered(f, EVENT_PHASE, 1, i);
        if (i % 100 == 0)
            put_numbered(f, EVENT_VERDICT, 1, i);
        while (event_take(quick, &got))
            assert_int_not_equal(got.kind, EVENT_SNAPSHOT);
    }
    assert_mark(slow, 50, 0);
    assert_next(slow, EVENT_NOTE, 7);
    assert_next(slow, EVENT_VERDICT, 0);
    for (unsigned i = 50; i < EVENT_PROGRESS_MAX + 50; i++) {
        assert_next(slow, EVENT_PHASE, i);
        if (i % 100 == 0)
            assert_next(slow, EVENT_VERDICT, i);
    }
    assert_no_more(slow);
    put_numbered(f, EVENT_RUN, 1, 1); /* and goes on as if nothing had been */
    assert_next(slow, EVENT_RUN, 1);
    event_reader_free(slow);
    event_reader_free(quick);
    event_feed_free(f);
}

static void a_reader_that_takes_part_of_it_misses_the_rest_that_is_old(void **state)
{
    (void)state;
    struct event_feed *f = new_feed();
    struct event_reader *r = new_reader(f, 0);
    for (unsigned i = 0; i < 200; i++)
        put_numbered(f, EVENT_PHASE, 1, i);
    for (unsigned i = 0; i < 100; i++)
        assert_next(r, EVENT_PHASE, i);
    for (unsigned i = 200; i < EVENT_PROGRESS_MAX + 120; i++)
        put_numbered(f, EVENT_PHASE, 1, i);
    assert_mark(r, 20, 0);
    assert_next(r, EVENT_PHASE, 120);
    event_reader_free(r);
    event_feed_free(f); /* with events that nobody has taken */
}

static void who_stops_to_read_costs_no_more_than_was_agreed(void **state)
{
    (void)state;
    struct event_feed *f = new_feed();
    struct event_reader *dead = new_reader(f, 100), *alive = new_reader(f, 0);
    for (unsigned i = 0; i < 100; i++)
        put_numbered(f, EVENT_VERDICT, 1, i);
    put_numbered(f, EVENT_PHASE, 1, 0);
    put_numbered(f, EVENT_VERDICT, 1, 100);
    put_numbered(f, EVENT_VERDICT, 1, 101);
    assert_mark(dead, 102, 101);
    assert_next(dead, EVENT_VERDICT, 101);
    assert_no_more(dead);
    assert_next(alive, EVENT_VERDICT, 0);
    for (unsigned i = 0; i < 300; i++) { /* while it reads, nothing is lost to it */
        put_numbered(f, EVENT_VERDICT, 1, i);
        assert_next(dead, EVENT_VERDICT, i);
    }
    assert_no_more(dead);
    event_reader_free(dead);
    event_reader_free(alive);
    event_feed_free(f);
}

static void an_event_owns_its_texts(void **state)
{
    (void)state;
    struct event_feed *f = new_feed();
    struct event_reader *r = new_reader(f, 0);
    struct event event = { .kind = EVENT_NOTE, .port = "/dev/ttyUSB0" }, got;
    event_put(f, &event);
    memset(event.port, 'x', sizeof event.port);
    assert_true(event_take(r, &got));
    assert_string_equal(got.port, "/dev/ttyUSB0");
    event_reader_free(r);
    event_feed_free(f);
}

/* ---- Many threads ---- */

enum { WRITERS = 8, EACH = 500, READERS = 3 };

struct writer {
    struct event_feed *f;
    int slot;
};

static void *write_events(void *arg)
{
    const struct writer *w = arg;
    for (unsigned i = 0; i < EACH; i++)
        put_numbered(w->f, EVENT_VERDICT, w->slot, i);
    return NULL;
}

struct listener {
    struct event_reader *r;
    unsigned next[WRITERS], taken, wrong;
};

static void *read_events(void *arg)
{
    struct listener *l = arg;
    struct event got;
    while (l->taken < WRITERS * EACH) {
        struct pollfd p = { .fd = event_fd(l->r), .events = POLLIN };
        if (poll(&p, 1, PATIENCE_MS) != 1)
            break;
        while (event_take(l->r, &got)) {
            l->wrong += got.kind != EVENT_VERDICT || got.attempt != l->next[got.slot]++;
            l->taken++;
        }
    }
    return NULL;
}

static void none_of_many_writers_is_lost_to_any_reader(void **state)
{
    (void)state;
    pthread_t writing[WRITERS], reading[READERS];
    struct writer writers[WRITERS];
    struct listener listeners[READERS] = { 0 };
    struct event_feed *f = new_feed();
    for (int i = 0; i < READERS; i++) {
        listeners[i].r = new_reader(f, 0);
        assert_int_equal(pthread_create(&reading[i], NULL, read_events, &listeners[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){ f, i };
        assert_int_equal(pthread_create(&writing[i], NULL, write_events, &writers[i]), 0);
    }
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writing[i], NULL);
    for (int i = 0; i < READERS; i++) {
        pthread_join(reading[i], NULL);
        assert_int_equal(listeners[i].taken, WRITERS * EACH);
        assert_int_equal(listeners[i].wrong, 0);
        event_reader_free(listeners[i].r);
    }
    event_feed_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_gets_all_in_order_and_is_woken),
        cmocka_unit_test(a_reader_begins_with_a_mark_and_what_comes_then),
        cmocka_unit_test(each_reader_has_its_own_pace),
        cmocka_unit_test(a_slow_reader_misses_old_progress_alone_and_is_told),
        cmocka_unit_test(a_reader_that_takes_part_of_it_misses_the_rest_that_is_old),
        cmocka_unit_test(who_stops_to_read_costs_no_more_than_was_agreed),
        cmocka_unit_test(an_event_owns_its_texts),
        cmocka_unit_test(none_of_many_writers_is_lost_to_any_reader),
    };
    return cmocka_run_group_tests_name("station_event", tests, NULL, NULL);
}
