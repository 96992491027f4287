/*
 * A session at work, against virtual boards: slots that come and go, one that is stopped alone or
 * with all others, an order exchanged between two boards, readers at their own pace.
 */
#include "station/line/session.h"
#include "tests/fixture/rack.h"
#include "tests/lib/test.h"

#include <poll.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    BOARDS = 4,
    PATIENCE_MS = 120000, /* only a broken session waits so long, also under a sanitizer */
    IMAGE_BYTES = 64 << 10,
    SEEN_MAX = 1000,
};

/* ---- The boards, on a thread of their own ---- */

struct bench {
    struct options options;
    struct rack rack;
    pthread_t thread;
    struct watch kick;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t done;
    void (*deed)(struct bench *b, const char *what); /* NULL: it is done */
    const char *what;
    bool end;
    /* The test's own. */
    char folder[64], db[96];
    struct job *first, *second;
    struct session *session;
    struct event_reader *reader;
};

/* What the rack is to do is done between two of its turns. */
static bool obey(struct bench *b)
{
    pthread_mutex_lock(&b->lock);
    if (b->deed)
        b->deed(b, b->what);
    b->deed = NULL;
    bool end = b->end;
    pthread_cond_broadcast(&b->done);
    pthread_mutex_unlock(&b->lock);
    return end;
}

static void take_event(struct bench *b, const struct epoll_event *event)
{
    struct watch *watch = event->data.ptr;
    eventfd_t ignored;
    if (watch == &b->kick)
        eventfd_read(b->kick.fd, &ignored);
    else
        rack_event(&b->rack, watch, event->events);
}

static void *turn_rack(void *bench)
{
    struct bench *b = bench;
    struct epoll_event events[16];
    while (!obey(b)) {
        uint64_t due_us = rack_run_due(&b->rack), now_us = rack_now_us();
        int wait_ms = due_us == CHIP_SIM_NEVER ? -1
                      : due_us <= now_us       ? 0
                                               : (int)((due_us - now_us) / 1000) + 1;
        int n = epoll_wait(b->rack.epoll_fd, events, 16, wait_ms);
        for (int i = 0; i < n; i++)
            take_event(b, &events[i]);
    }
    return NULL;
}

static void rack_do(struct bench *b, void (*deed)(struct bench *, const char *), const char *what)
{
    pthread_mutex_lock(&b->lock);
    b->deed = deed;
    b->what = what;
    eventfd_write(b->kick.fd, 1);
    while (b->deed)
        pthread_cond_wait(&b->done, &b->lock);
    pthread_mutex_unlock(&b->lock);
}

/* Another board into the first slot. */
static void put_board(struct bench *b, const char *fault)
{
    char why[200] = "", text[64];
    snprintf(text, sizeof text, "%s", fault);
    if (!slot_new_board(&b->rack, &b->rack.slot[0], (char *[]){ text, NULL }, why, sizeof why))
        fprintf(stderr, "%s\n", why);
}

/* ---- Recipes ---- */

static struct job *make_job(struct bench *b, const char *name, uint32_t seed, unsigned baud)
{
    static const char form[] = "recipe: %s\nchip: esp32\nport: { baud: %u, fallback: [] }\nretry: "
                               "{ pause_ms: 10 }\nimages:\n  - { file: %s.bin, offset: 0x10000, "
                               "as: data }\n";
    static struct doc_report report;
    char path[160];
    struct err e = { 0 };
    snprintf(path, sizeof path, "%s/%s.bin", b->folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < IMAGE_BYTES; i++)
        fputc((int)(next_random(&seed) >> 24), f);
    assert_int_equal(fclose(f), 0);
    snprintf(path, sizeof path, "%s/%s.yaml", b->folder, name);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, form, name, baud, name);
    assert_int_equal(fclose(f), 0);
    doc_report_init(&report);
    struct job *job = job_new(path, NULL, &report, &e);
    if (!job)
        fail_msg("%s; %s", e.what, report.mistakes[0].sentence);
    return job;
}

/* ---- A bench for each test ---- */

static struct bench *bench_new(const char *fault)
{
    char why[200] = "";
    char *argv[] = { "espfixture", "--boards", "4", "--speed", "20" };
    struct bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    snprintf(b->folder, sizeof b->folder, "/tmp/station-session-XXXXXX");
    assert_non_null(mkdtemp(b->folder));
    snprintf(b->db, sizeof b->db, "%s/record.db", b->folder);
    assert_true(options_parse(&b->options, 5, argv, why, sizeof why));
    if (fault)
        b->options.fault[b->options.fault_count++] = fault;
    if (!rack_init(&b->rack, &b->options, why, sizeof why))
        fail_msg("%s", why);
    b->kick = (struct watch){ .kind = WATCH_TIMER, .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
    assert_true(watch_add(b->rack.epoll_fd, &b->kick, EPOLLIN));
    pthread_mutex_init(&b->lock, NULL);
    pthread_cond_init(&b->done, NULL);
    assert_int_equal(pthread_create(&b->thread, NULL, turn_rack, b), 0);
    b->first = make_job(b, "first", 1, 921600);
    return b;
}

static void end_rack(struct bench *b)
{
    pthread_mutex_lock(&b->lock);
    b->end = true;
    pthread_mutex_unlock(&b->lock);
    eventfd_write(b->kick.fd, 1);
    pthread_join(b->thread, NULL);
    watch_close(&b->kick);
    rack_done(&b->rack);
    pthread_mutex_destroy(&b->lock);
    pthread_cond_destroy(&b->done);
}

static void bench_free(struct bench *b)
{
    static const char *const files[] = { "first.bin",   "first.yaml", "second.bin",
                                         "second.yaml", "record.db",  "record.db-stations" };
    char path[160];
    event_reader_free(b->reader);
    session_free(b->session);
    job_free(b->first);
    job_free(b->second);
    end_rack(b);
    for (size_t i = 0; i < COUNT_OF(files); i++) {
        snprintf(path, sizeof path, "%s/%s", b->folder, files[i]);
        unlink(path);
    }
    assert_int_equal(rmdir(b->folder), 0); /* the record has left nothing open beside it */
    free(b);
}

static void set_order(struct bench *b, struct job *job, const char *lot, const char *operator_name)
{
    struct err e = { 0 };
    const struct order_setup setup = {
        .job = job, .lot = lot, .operator_name = operator_name, .new_lot = true
    };
    struct order *order = order_new(&setup, session_record(b->session), &e);
    assert_ok(order != NULL, &e);
    session_set_order(b->session, order);
    order_release(order);
}

static void open_session(struct bench *b, const struct session_setup *setup)
{
    int interrupted = -1;
    struct err e = { 0 };
    b->session = session_new(setup, &interrupted, &e);
    assert_ok(b->session != NULL, &e);
    assert_int_equal(interrupted, 0);
    b->reader = session_watch(b->session, 0, &e);
    assert_ok(b->reader != NULL, &e);
}

/* Nothing is recorded, and there is one order. */
static void open_plain(struct bench *b, bool loop)
{
    open_session(b, &(struct session_setup){ .clock = &clock_system, .loop = loop });
    set_order(b, b->first, NULL, NULL);
}

static void add(struct bench *b, int number)
{
    struct err e = { 0 };
    assert_ok(session_add_slot(b->session, number, b->rack.slot[number - 1].url, &e), &e);
}

static void drop(struct bench *b, int number, bool hard)
{
    struct err e = { 0 };
    assert_ok(session_remove_slot(b->session, number, hard, &e), &e);
}

static bool take(struct event_reader *r, struct event *event)
{
    struct pollfd p = { event_fd(r), POLLIN, 0 };
    return poll(&p, 1, PATIENCE_MS) == 1 && event_take(r, event);
}

/* Passes over what else comes. */
static struct event await(struct bench *b, enum event_kind kind, int slot)
{
    struct event event;
    do {
        if (!take(b->reader, &event))
            fail_msg("event %d of slot %d did not come", kind, slot);
    } while (event.kind != kind || event.slot != slot);
    return event;
}

static void await_phase(struct bench *b, int slot, enum phase phase)
{
    while (await(b, EVENT_PHASE, slot).phase != phase)
        ;
}

static bool find(struct bench *b, int number, struct slot_view *v)
{
    for (size_t i = 0; session_look(b->session, i, v); i++) {
        if (v->number == number)
            return true;
    }
    return false;
}

/* ---- Slots come and go ---- */

static void slots_come_and_go_while_others_work(void **state)
{
    struct bench *b = bench_new(NULL);
    struct slot_view v;
    struct err e = { 0 };
    (void)state;
    open_plain(b, false);
    assert_true(session_is_done(b->session));
    add(b, 3);
    assert_string_equal(await(b, EVENT_ADDED, 3).port, b->rack.slot[2].url);
    await_phase(b, 3, PHASE_SYNC);
    add(b, 1);
    assert_int_equal(session_slot_count(b->session), 2);
    assert_true(session_look(b->session, 0, &v) && v.number == 1); /* by number */
    assert_string_equal(v.port, b->rack.slot[0].url);
    assert_code(session_add_slot(b->session, 1, b->rack.slot[1].url, &e), &e, ERR_USAGE);
    assert_has(e.what, "Slot 1 is there already");
    assert_code(session_add_slot(b->session, 2, b->rack.slot[0].url, &e), &e, ERR_USAGE);
    assert_has(e.what, "given twice");
    assert_code(session_add_slot(b->session, 2, "nonsense", &e), &e, ERR_USAGE);
    assert_code(session_remove_slot(b->session, 2, false, &e), &e, ERR_USAGE);
    e = (struct err){ 0 };
    assert_int_equal(await(b, EVENT_VERDICT, 1).verdict, VERDICT_PASS);
    for (int again = 0; again < 2; again++) {
        drop(b, 1, false);
        await(b, EVENT_REMOVED, 1);
        assert_false(find(b, 1, &v));
        add(b, 1);
        assert_int_equal(await(b, EVENT_VERDICT, 1).verdict, VERDICT_PASS);
    }
    assert_true(find(b, 1, &v) && v.runs == 1 && v.passes == 1);
    drop(b, 1, false);
    await(b, EVENT_REMOVED, 1); /* and its board is free for another slot */
    assert_ok(session_add_slot(b->session, 7, b->rack.slot[0].url, &e), &e);
    assert_int_equal(await(b, EVENT_VERDICT, 7).verdict, VERDICT_PASS);
    bench_free(b);
}

static void a_removed_slot_finishes_its_board(void **state)
{
    struct bench *b = bench_new(NULL);
    struct slot_view v;
    (void)state;
    open_plain(b, true);
    add(b, 1);
    await_phase(b, 1, PHASE_WRITE);
    drop(b, 1, false);
    assert_int_equal(await(b, EVENT_VERDICT, 1).verdict, VERDICT_PASS);
    await(b, EVENT_REMOVED, 1);
    assert_false(find(b, 1, &v));
    bench_free(b);
}

static void a_slot_that_leaves_can_be_stopped_hard(void **state)
{
    struct bench *b = bench_new("1:hang,at=middle,times=99"); /* it does not end by itself */
    struct slot_view v;
    struct err e = { 0 };
    (void)state;
    open_plain(b, true);
    add(b, 2);
    await_phase(b, 2, PHASE_WRITE);
    drop(b, 2, false);
    assert_true(find(b, 2, &v) && v.leaving && v.state == SLOT_RUNNING);
    assert_code(session_add_slot(b->session, 2, b->rack.slot[1].url, &e), &e, ERR_USAGE);
    assert_has(e.what, "still finishes");
    assert_code(session_add_slot(b->session, 3, b->rack.slot[1].url, &e), &e, ERR_USAGE);
    drop(b, 2, true);
    assert_int_equal(await(b, EVENT_VERDICT, 2).verdict, VERDICT_STOPPED);
    await(b, EVENT_REMOVED, 2);
    assert_false(find(b, 2, &v));
    bench_free(b);
}

/* ---- Stopping ---- */

static void one_slot_is_stopped_and_its_neighbour_passes(void **state)
{
    struct bench *b = bench_new("1:hang,at=middle,times=99");
    struct slot_view v;
    struct err e = { 0 };
    (void)state;
    open_plain(b, false);
    add(b, 1);
    add(b, 2);
    await_phase(b, 2, PHASE_WRITE);
    assert_ok(session_stop_slot(b->session, 2, true, &e), &e);
    assert_int_equal(await(b, EVENT_VERDICT, 2).verdict, VERDICT_STOPPED);
    assert_false(session_is_stopping(b->session));
    struct pollfd done = { session_done_fd(b->session), POLLIN, 0 };
    assert_int_equal(poll(&done, 1, PATIENCE_MS), 1);
    assert_true(session_is_done(b->session));
    assert_true(find(b, 1, &v) && v.verdict == VERDICT_PASS);
    assert_true(find(b, 2, &v) && v.verdict == VERDICT_STOPPED && v.runs == 1 && v.passes == 0);
    bench_free(b);
}

static void a_soft_stop_lets_boards_finish_and_no_other_begin(void **state)
{
    struct bench *b = bench_new(NULL);
    struct slot_view v;
    struct err e = { 0 };
    (void)state;
    open_plain(b, true);
    add(b, 1);
    add(b, 2);
    await_phase(b, 1, PHASE_WRITE);
    session_stop(b->session, false);
    assert_true(session_is_stopping(b->session));
    assert_code(session_add_slot(b->session, 3, b->rack.slot[2].url, &e), &e, ERR_STOPPED);
    struct pollfd done = { session_done_fd(b->session), POLLIN, 0 };
    assert_int_equal(poll(&done, 1, PATIENCE_MS), 1);
    assert_true(find(b, 1, &v) && v.verdict == VERDICT_PASS && v.runs == 1);
    assert_true(find(b, 2, &v) && (v.verdict == VERDICT_PASS || v.state == SLOT_SKIPPED));
    bench_free(b);
}

static void a_hard_stop_ends_all_with_one_descriptor_where_none_stops_alone(void **state)
{
    struct bench *b = bench_new("hang,at=middle,times=99");
    struct slot_view v;
    struct err e = { 0 };
    (void)state;
    open_session(b, &(struct session_setup){ .clock = &clock_system, .together = true });
    set_order(b, b->first, NULL, NULL);
    for (int i = 1; i <= BOARDS; i++)
        add(b, i);
    await_phase(b, BOARDS, PHASE_WRITE);
    assert_code(session_stop_slot(b->session, 1, true, &e), &e, ERR_USAGE);
    assert_code(session_remove_slot(b->session, 1, true, &e), &e, ERR_USAGE);
    assert_true(find(b, 1, &v) && !v.leaving);
    session_stop(b->session, true);
    struct pollfd done = { session_done_fd(b->session), POLLIN, 0 };
    assert_int_equal(poll(&done, 1, PATIENCE_MS), 1);
    for (size_t i = 0; i < BOARDS; i++)
        assert_true(session_look(b->session, i, &v) && v.verdict == VERDICT_STOPPED);
    bench_free(b);
}

static void a_session_that_ends_stops_what_works(void **state)
{
    struct bench *b = bench_new("hang,at=middle,times=99");
    (void)state;
    open_plain(b, true);
    add(b, 1);
    add(b, 2);
    await_phase(b, 2, PHASE_WRITE);
    drop(b, 2, false); /* one that is on its way out */
    bench_free(b);
}

/* ---- The order ---- */

static void a_slot_needs_an_order(void **state)
{
    struct bench *b = bench_new(NULL);
    struct err e = { 0 };
    (void)state;
    open_session(b, &(struct session_setup){ .clock = &clock_system });
    assert_null(session_order(b->session));
    assert_code(session_add_slot(b->session, 1, b->rack.slot[0].url, &e), &e, ERR_USAGE);
    assert_int_equal(session_slot_count(b->session), 0);
    bench_free(b);
}

/* One text for each run, as the record has it: with the rate, and so many images proved to be what
 * the run's recipe says. */
static void recorded(const struct bench *b, char *text, size_t cap)
{
    static const char query[] =
        "SELECT group_concat(line, '; ') FROM (SELECT printf('%s %s %s %s %d %d', r.verdict, "
        "c.name, l.name, r.operator, (SELECT max(baud) FROM attempt WHERE run = r.id),"
        " (SELECT count(*) FROM attempt a JOIN digest d ON d.attempt = a.id JOIN image i"
        "  ON i.recipe = r.recipe AND i.md5 = d.read_md5 WHERE a.run = r.id)) AS line"
        " FROM run r JOIN recipe c ON c.id = r.recipe JOIN lot l ON l.id = r.lot ORDER BY r.id)";
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_open(b->db, &db), SQLITE_OK);
    if (sqlite3_prepare_v2(db, query, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db));
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    snprintf(text, cap, "%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    sqlite3_close(db);
}

static void an_order_is_exchanged_between_two_boards(void **state)
{
    struct bench *b = bench_new(NULL);
    char text[400], name[ORDER_NAME_TEXT_BYTES];
    struct slot_view v;
    struct event event;
    (void)state;
    b->second = make_job(b, "second", 2, 460800);
    open_session(b,
                 &(struct session_setup){ .db_path = b->db, .clock = &clock_system, .loop = true });
    set_order(b, b->first, "lot-1", "ann");
    add(b, 1);
    await_phase(b, 1, PHASE_SYNC);
    job_free(b->first); /* the run alone keeps it, once the order is another */
    b->first = NULL;
    set_order(b, b->second, "lot-2", "bob");
    struct order *now = session_order(b->session);
    assert_string_equal(order_lot(now), "lot-2");
    assert_string_equal(order_recipe(now)->name, "second");
    order_release(now);
    event = await(b, EVENT_ORDER, 0);
    assert_string_equal(order_name_text(&event.order, name), "second, lot lot-2, bob");
    assert_true(find(b, 1, &v)); /* what is shown of a board is its own order's */
    assert_string_equal(order_name_text(&v.order, name), "first, lot lot-1, ann");
    event = await(b, EVENT_VERDICT, 1);
    assert_int_equal(event.verdict, VERDICT_PASS);
    assert_string_equal(order_name_text(&event.order, name), "first, lot lot-1, ann");
    rack_do(b, put_board, "mac=24:0a:c4:00:01:01");
    event = await(b, EVENT_VERDICT, 1);
    assert_int_equal(event.verdict, VERDICT_PASS);
    assert_string_equal(order_name_text(&event.order, name), "second, lot lot-2, bob");
    recorded(b, text, sizeof text);
    assert_string_equal(text, "PASS first lot-1 ann 921600 1; PASS second lot-2 bob 460800 1");
    bench_free(b);
}

static void an_order_is_called_by_what_there_is_of_it(void **state)
{
    char text[ORDER_NAME_TEXT_BYTES];
    struct order_name name = { .recipe = "sensor", .version = "1.4.0" };
    (void)state;
    assert_string_equal(order_name_text(&name, text), "sensor 1.4.0");
    snprintf(name.operator_name, sizeof name.operator_name, "ann");
    assert_string_equal(order_name_text(&name, text), "sensor 1.4.0, ann");
    memset(name.recipe, 'r', sizeof name.recipe - 1);
    memset(name.version, 'v', sizeof name.version - 1);
    memset(name.lot, 'l', sizeof name.lot - 1);
    memset(name.operator_name, 'o', sizeof name.operator_name - 1);
    assert_int_equal(strlen(order_name_text(&name, text)),
                     4 * (ORDER_NAME_BYTES - 1) + strlen(" , lot , "));
}

static void an_order_that_the_record_refuses_changes_nothing(void **state)
{
    struct bench *b = bench_new(NULL);
    struct err e = { 0 };
    (void)state;
    b->second = make_job(b, "second", 2, 460800);
    open_session(b, &(struct session_setup){ .db_path = b->db, .clock = &clock_system });
    set_order(b, b->first, "lot-1", NULL);
    const struct order_setup other = { .job = b->second, .lot = "" };
    assert_code(order_new(&other, session_record(b->session), &e) != NULL, &e, ERR_USAGE);
    struct order *now = session_order(b->session);
    assert_ptr_equal(order_job(now), b->first);
    order_release(now);
    bench_free(b);
}

/* ---- Readers ---- */

struct seen {
    struct event_reader *r;
    struct event events[SEEN_MAX];
    size_t count, verdicts;
};

static void note(struct seen *s, const struct event *event)
{
    if (s->count < SEEN_MAX)
        s->events[s->count++] = *event;
    s->verdicts += event->kind == EVENT_VERDICT;
}

static void *read_quickly(void *seen)
{
    struct seen *s = seen;
    struct event event;
    while (s->verdicts < BOARDS && take(s->r, &event))
        note(s, &event);
    return NULL;
}

static void read_rest(struct seen *s)
{
    struct event event;
    while (event_take(s->r, &event))
        note(s, &event);
}

static struct seen *seen_new(struct bench *b, size_t weighty_max)
{
    struct err e = { 0 };
    struct seen *s = calloc(1, sizeof *s);
    assert_non_null(s);
    s->r = session_watch(b->session, weighty_max, &e);
    assert_ok(s->r != NULL, &e);
    return s;
}

static void seen_free(struct seen *s)
{
    event_reader_free(s->r);
    free(s);
}

static void assert_equal_events(const struct seen *a, size_t from_a, const struct seen *b,
                                size_t from_b)
{
    assert_int_equal(a->count - from_a, b->count - from_b);
    for (size_t i = 0; i < a->count - from_a; i++)
        assert_memory_equal(&a->events[from_a + i], &b->events[from_b + i], sizeof a->events[0]);
}

static void each_reader_watches_at_its_own_pace(void **state)
{
    struct bench *b = bench_new(NULL);
    struct event event;
    struct slot_view v;
    pthread_t thread;
    (void)state;
    open_plain(b, false);
    struct seen *quick = seen_new(b, 0), *slow = seen_new(b, 0), *dead = seen_new(b, 2);
    assert_true(take(dead->r, &event) && event.kind == EVENT_SNAPSHOT); /* it has begun */
    assert_int_equal(pthread_create(&thread, NULL, read_quickly, quick), 0);
    for (int i = 1; i <= BOARDS; i++)
        add(b, i);
    for (int i = 1; i <= BOARDS; i++) { /* one event a board, while there are fifteen */
        await(b, EVENT_PHASE, i);
        assert_true(take(slow->r, &event));
        note(slow, &event);
    }
    pthread_join(thread, NULL);
    read_rest(slow);
    assert_int_equal(quick->verdicts, BOARDS);
    assert_equal_events(quick, 0, slow, 0); /* all, in the same order */

    read_rest(dead);
    assert_int_equal(dead->events[0].kind, EVENT_SNAPSHOT);
    assert_true(dead->events[0].missed_weighty > 2);
    assert_int_equal(dead->events[0].missed + dead->count - 1, quick->count - 1);
    assert_equal_events(dead, 1, quick, quick->count - (dead->count - 1));
    for (size_t i = 0; i < BOARDS; i++) /* and what it missed, the views tell */
        assert_true(session_look(b->session, i, &v) && v.verdict == VERDICT_PASS && v.mac[0]);
    seen_free(quick);
    seen_free(slow);
    seen_free(dead);
    bench_free(b);
}

static void a_reader_that_comes_late_looks_first(void **state)
{
    struct bench *b = bench_new("hang,at=middle,times=99");
    struct slot_view v;
    struct err e = { 0 };
    struct event event;
    (void)state;
    open_plain(b, false);
    add(b, 1);
    await_phase(b, 1, PHASE_WRITE);
    struct event_reader *late = session_watch(b->session, 0, &e);
    assert_ok(late != NULL, &e);
    assert_true(take(late, &event));
    assert_int_equal(event.kind, EVENT_SNAPSHOT);
    assert_true(session_look(b->session, 0, &v));
    assert_int_equal(v.state, SLOT_RUNNING);
    assert_true(v.mac[0] != '\0');
    session_stop(b->session, true);
    do {
        assert_true(take(late, &event));
        assert_int_not_equal(event.kind, EVENT_ADDED); /* that was before it came */
    } while (event.kind != EVENT_VERDICT);
    event_reader_free(late);
    bench_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slots_come_and_go_while_others_work),
        cmocka_unit_test(a_removed_slot_finishes_its_board),
        cmocka_unit_test(a_slot_that_leaves_can_be_stopped_hard),
        cmocka_unit_test(one_slot_is_stopped_and_its_neighbour_passes),
        cmocka_unit_test(a_soft_stop_lets_boards_finish_and_no_other_begin),
        cmocka_unit_test(a_hard_stop_ends_all_with_one_descriptor_where_none_stops_alone),
        cmocka_unit_test(a_session_that_ends_stops_what_works),
        cmocka_unit_test(a_slot_needs_an_order),
        cmocka_unit_test(an_order_is_exchanged_between_two_boards),
        cmocka_unit_test(an_order_is_called_by_what_there_is_of_it),
        cmocka_unit_test(an_order_that_the_record_refuses_changes_nothing),
        cmocka_unit_test(each_reader_watches_at_its_own_pace),
        cmocka_unit_test(a_reader_that_comes_late_looks_first),
    };
    return cmocka_run_group_tests_name("station_session", tests, NULL, NULL);
}
