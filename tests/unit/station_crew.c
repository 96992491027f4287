/* Threads side by side: their descriptor, their names, and that they take no signals. */
#include "station/line/crew.h"
#include "tests/lib/test.h"

#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PATIENCE_MS = 10000 }; /* only a broken crew waits so long */

/* Works until its descriptor is readable. */
struct worker {
    struct crew_thread thread;
    int go_fd;
    char name[CREW_NAME_CAP];
    bool takes_signals;
};

static void work(void *ctx)
{
    struct worker *w = ctx;
    struct pollfd go = { w->go_fd, POLLIN, 0 };
    sigset_t blocked;
    pthread_getname_np(pthread_self(), w->name, sizeof w->name);
    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    w->takes_signals = !sigismember(&blocked, SIGINT) || !sigismember(&blocked, SIGTERM);
    poll(&go, 1, PATIENCE_MS);
    pthread_getname_np(pthread_self(), w->name, sizeof w->name);
}

static bool is_readable(int fd, int wait_ms)
{
    struct pollfd p = { fd, POLLIN, 0 };
    return poll(&p, 1, wait_ms) == 1;
}

static void start(struct crew *c, struct worker *w, const char *name)
{
    struct err e = { 0 };
    *w = (struct worker){ .go_fd = eventfd(0, EFD_CLOEXEC) };
    assert_ok(crew_start(c, &w->thread, name, work, w, &e), &e);
}

static void finish(struct worker *w)
{
    eventfd_write(w->go_fd, 1);
    crew_join(&w->thread);
    close(w->go_fd);
}

static void it_is_done_while_nobody_works(void **state)
{
    struct crew c;
    struct worker a, b;
    struct err e = { 0 };
    (void)state;
    assert_ok(crew_open(&c, 0, &e), &e);
    assert_true(crew_is_done(&c) && is_readable(crew_done_fd(&c), 0));
    for (int i = 0; i < 2; i++) { /* also anew, after all had ended */
        start(&c, &a, "a");
        start(&c, &b, "b");
        assert_false(crew_is_done(&c) || is_readable(crew_done_fd(&c), 0));
        finish(&a);
        assert_false(crew_is_done(&c) || is_readable(crew_done_fd(&c), 0));
        finish(&b);
        assert_true(crew_is_done(&c) && is_readable(crew_done_fd(&c), 0));
    }
    crew_close(&c);
}

static void the_descriptor_wakes_who_waits(void **state)
{
    struct crew c;
    struct worker a;
    struct err e = { 0 };
    (void)state;
    assert_ok(crew_open(&c, 256 << 10, &e), &e);
    start(&c, &a, "a");
    eventfd_write(a.go_fd, 1);
    assert_true(is_readable(crew_done_fd(&c), PATIENCE_MS));
    assert_true(crew_is_done(&c));
    finish(&a);
    crew_close(&c);
}

static void threads_have_names_and_take_no_signals(void **state)
{
    struct crew c;
    struct worker a;
    struct err e = { 0 };
    (void)state;
    assert_ok(crew_open(&c, 0, &e), &e);
    start(&c, &a, "Slot 12 of a long line");
    finish(&a);
    assert_string_equal(a.name, "Slot 12 of a lo");
    assert_false(a.takes_signals);
    crew_close(&c);
}

static void what_was_not_opened_or_started_may_be_closed_and_joined(void **state)
{
    struct crew c = { 0 };
    struct crew_thread t = { 0 };
    (void)state;
    crew_join(&t);
    crew_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_done_while_nobody_works),
        cmocka_unit_test(the_descriptor_wakes_who_waits),
        cmocka_unit_test(threads_have_names_and_take_no_signals),
        cmocka_unit_test(what_was_not_opened_or_started_may_be_closed_and_joined),
    };
    return cmocka_run_group_tests_name("station_crew", tests, NULL, NULL);
}
