/* Many slots, one handle. Meant to be run under ThreadSanitizer as well. */
#include "db/export/export.h"
#include "tests/unit/db_help.h"

#include <pthread.h>
#include <sched.h>

enum { SLOTS = 16, RUNS_EACH = 12 };

struct slot {
    struct db *db;
    int number;
    int64_t recipe_id, lot_id;
    int passed;
    int64_t waited_ms;
    struct err e;
};

static bool one_run(struct slot *s, int i)
{
    char mac[32];
    struct db_seen seen;
    const int64_t now_ms = T0_MS + i * 1000;
    snprintf(mac, sizeof mac, "24:0a:c4:00:%02x:%02x", s->number, i);
    const struct db_run_begin begin = { .recipe_id = s->recipe_id,
                                        .lot_id = s->lot_id,
                                        .slot = s->number,
                                        .port = "/dev/ttyUSB0",
                                        .started_utc_ms = now_ms };
    const struct db_board board = { .mac = mac, .chip = "ESP32", .seen_utc_ms = now_ms };
    const struct db_digest digest = { 0, MD5_A, MD5_A, MD5_A, SHA_A, 0 };
    const struct db_attempt attempt = { .number = 1,
                                        .started_utc_ms = now_ms,
                                        .phase = "leave",
                                        .code = "ok",
                                        .board_state = "running",
                                        .digests = &digest,
                                        .digest_count = 1 };
    const struct db_run_end end = {
        .verdict = DB_PASS, .code = "ok", .board_state = "running", .ended_utc_ms = now_ms + 5
    };
    const int64_t run_id = db_run_start(s->db, &begin, &s->e);
    return run_id > 0 && db_board_seen(s->db, run_id, &board, &seen, &s->e) && seen.first_time &&
           !seen.passed.ever && db_attempt_add(s->db, run_id, &attempt, &s->e) &&
           db_run_close(s->db, run_id, &end, &s->e) &&
           db_passed(s->db, mac, s->lot_id, &seen.passed, &s->e) && seen.passed.run_id == run_id;
}

static void *work(void *ctx)
{
    struct slot *s = ctx;
    for (int i = 0; i < RUNS_EACH && one_run(s, i); i++)
        s->passed++;
    return NULL;
}

static bool drop(void *ctx, const char *bytes, size_t n)
{
    (void)ctx;
    (void)bytes;
    (void)n;
    return true;
}

struct reading {
    struct db *reader;
    int64_t runs;
    bool ok;
    struct err e;
};

/* Exports again and again until it has seen every run; each time at least as many as before. */
static void *read_all(void *ctx)
{
    struct reading *r = ctx;
    const struct db_sink sink = { .ctx = NULL, .emit = drop };
    const int64_t give_up_ms = db_now_ms() + 120000;
    r->ok = true;
    while (r->ok && r->runs < (int64_t)SLOTS * RUNS_EACH && db_now_ms() < give_up_ms) {
        int64_t runs = 0;
        const struct db_filter passed = { .verdict = "PASS" };
        r->ok = db_export(r->reader, DB_JSON, &passed, &sink, &runs, &r->e) && runs >= r->runs;
        r->runs = runs;
    }
    return NULL;
}

static void db_takes_runs_of_many_slots_at_once(void **state)
{
    struct bench *b = *state;
    static struct slot slots[SLOTS];
    pthread_t threads[SLOTS], reading_thread;
    bench_open(b);
    b->db->busy_ms = 60000;
    struct reading reading = { .reader = db_open_reader(b->path, 1000, &b->e) };
    assert_non_null(reading.reader);
    const int64_t recipe_id = put_recipe(b, b->db);
    const int64_t lot_id = db_lot_put(b->db, "A", T0_MS, &b->e);
    for (int i = 0; i < SLOTS; i++) {
        slots[i] =
            (struct slot){ .db = b->db, .number = i + 1, .recipe_id = recipe_id, .lot_id = lot_id };
        assert_int_equal(pthread_create(&threads[i], NULL, work, &slots[i]), 0);
    }
    assert_int_equal(pthread_create(&reading_thread, NULL, read_all, &reading), 0);
    for (int i = 0; i < SLOTS; i++) {
        pthread_join(threads[i], NULL);
        if (slots[i].passed != RUNS_EACH)
            fail_msg("slot %d: %d runs, %s", i + 1, slots[i].passed, slots[i].e.what);
    }
    pthread_join(reading_thread, NULL);
    if (!reading.ok)
        fail_msg("reader: %s", reading.e.what);
    assert_int_equal(reading.runs, SLOTS * RUNS_EACH);
    db_close(reading.reader);
    char expected[32];
    snprintf(expected, sizeof expected, "%d", 3 * SLOTS * RUNS_EACH);
    assert_answer(b,
                  "SELECT (SELECT count(*) FROM run WHERE verdict = 'PASS')"
                  " + (SELECT count(DISTINCT board) FROM run) + (SELECT count(*) FROM digest)",
                  expected);
    assert_answer(b, "PRAGMA integrity_check", "ok");
}

/* ---- One commit for all who wait ---- */

static int count_commit(void *ctx)
{
    ++*(int *)ctx;
    return 0;
}

/* Turns the commit into a rollback. */
static int refuse_commit(void *ctx)
{
    (void)ctx;
    return 1;
}

static int64_t begin_run(struct slot *s)
{
    const struct db_run_begin begin = { .recipe_id = s->recipe_id,
                                        .slot = s->number,
                                        .port = "/dev/ttyUSB0",
                                        .started_utc_ms = T0_MS };
    return db_run_start(s->db, &begin, &s->e);
}

static void *start_one(void *ctx)
{
    struct slot *s = ctx;
    s->passed = begin_run(s) > 0;
    return NULL;
}

static unsigned waiting(struct db *db)
{
    pthread_mutex_lock(&db->mutex);
    unsigned n = db->waiting;
    pthread_mutex_unlock(&db->mutex);
    return n;
}

/* They have come while the turn was another's: then the disk is waited for once. One of them names
 * a recipe that is none, which is its own affair. */
static void db_commits_once_for_all_who_wait(void **state)
{
    enum { BAD = 5 };
    struct bench *b = *state;
    static struct slot slots[SLOTS];
    pthread_t threads[SLOTS];
    int commits = 0;
    bench_open(b);
    b->db->busy_ms = 60000;
    const int64_t recipe_id = put_recipe(b, b->db);
    check_ok(b, db_enter(b->db, &b->e));
    sqlite3_commit_hook(b->db->sql, count_commit, &commits);
    for (int i = 0; i < SLOTS; i++) {
        slots[i] = (struct slot){ .db = b->db,
                                  .number = i + 1,
                                  .recipe_id = i == BAD ? recipe_id + 1 : recipe_id };
        assert_int_equal(pthread_create(&threads[i], NULL, start_one, &slots[i]), 0);
    }
    while (waiting(b->db) < SLOTS)
        sched_yield();
    db_leave(b->db);
    for (int i = 0; i < SLOTS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(slots[i].passed, i != BAD);
    }
    assert_int_equal(commits, 1);
    assert_answer(b, "SELECT count(*) || ' ' || count(DISTINCT slot) FROM run", "15 15");
}

/* A transaction that is lost takes the parts of all with it, and all are told. */
static void db_tells_all_when_the_commit_fails(void **state)
{
    struct bench *b = *state;
    static struct slot slots[SLOTS];
    pthread_t threads[SLOTS];
    bench_open(b);
    b->db->busy_ms = 60000;
    const int64_t recipe_id = put_recipe(b, b->db);
    check_ok(b, db_enter(b->db, &b->e));
    sqlite3_commit_hook(b->db->sql, refuse_commit, NULL);
    for (int i = 0; i < SLOTS; i++) {
        slots[i] = (struct slot){ .db = b->db, .number = i + 1, .recipe_id = recipe_id };
        assert_int_equal(pthread_create(&threads[i], NULL, start_one, &slots[i]), 0);
    }
    while (waiting(b->db) < SLOTS)
        sched_yield();
    db_leave(b->db);
    for (int i = 0; i < SLOTS; i++) {
        pthread_join(threads[i], NULL);
        assert_false(slots[i].passed);
        assert_int_not_equal(slots[i].e.code, ERR_NONE);
    }
    sqlite3_commit_hook(b->db->sql, NULL, NULL);
    assert_answer(b, "SELECT count(*) FROM run", "0");
    assert_true(begin_run(&slots[0]) > 0);
}

/* ---- Bounded waiting ---- */

static void *try_one(void *ctx)
{
    struct slot *s = ctx;
    const int64_t before_ms = db_now_ms();
    s->passed = one_run(s, 0);
    s->waited_ms = db_now_ms() - before_ms;
    return NULL;
}

/* The waits of the slots do not add up: the time for the mutex counts. */
static void db_fails_all_slots_in_time_when_the_file_is_locked(void **state)
{
    struct bench *b = *state;
    static struct slot slots[SLOTS];
    pthread_t threads[SLOTS];
    sqlite3 *other = NULL;
    bench_open(b);
    const int64_t recipe_id = put_recipe(b, b->db);
    assert_int_equal(sqlite3_open(b->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    for (int i = 0; i < SLOTS; i++) {
        slots[i] = (struct slot){ .db = b->db, .number = i + 1, .recipe_id = recipe_id };
        assert_int_equal(pthread_create(&threads[i], NULL, try_one, &slots[i]), 0);
    }
    for (int i = 0; i < SLOTS; i++) {
        pthread_join(threads[i], NULL);
        assert_false(slots[i].passed);
        assert_int_equal(slots[i].e.code, ERR_DATABASE);
        assert_true(strstr(slots[i].e.what, "is locked by this program itself; waited 300 ms") ||
                    strstr(slots[i].e.what, "is still busy with another slot; waited 300 ms"));
        /* 16 waits of 300 ms one after the other would be 4800 */
        assert_in_range(slots[i].waited_ms, 290, 3000);
    }
    sqlite3_close(other);
    assert_answer(b, "SELECT count(*) FROM run", "0");
    slots[0].passed = 0;
    try_one(&slots[0]);
    assert_true(slots[0].passed);
}

static void db_does_not_wait_for_another_slot_for_ever(void **state)
{
    struct bench *b = *state;
    pthread_t thread;
    bench_open(b);
    struct slot slot = { .db = b->db, .number = 1, .recipe_id = put_recipe(b, b->db) };
    check_ok(b, db_enter(b->db, &b->e)); /* as a slot whose disk does not answer */
    assert_int_equal(pthread_create(&thread, NULL, try_one, &slot), 0);
    pthread_join(thread, NULL);
    db_leave(b->db);
    assert_false(slot.passed);
    assert_int_equal(slot.e.code, ERR_DATABASE);
    assert_non_null(strstr(slot.e.what, "is still busy with another slot; waited 300 ms"));
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(db_takes_runs_of_many_slots_at_once),
        ON_BENCH(db_commits_once_for_all_who_wait),
        ON_BENCH(db_tells_all_when_the_commit_fails),
        ON_BENCH(db_fails_all_slots_in_time_when_the_file_is_locked),
        ON_BENCH(db_does_not_wait_for_another_slot_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
