/* The queue of labels: one for each PASS, never two unasked, and none that gets lost without a row
 * that says so. */
#include "tests/unit/db_audit_help.h"

#include "db/write/label_rows.h"
#include "db/write/lot.h"

#define PRINTER "tcp://10.0.0.9:9100"

/* A run that passes, or fails, with a label for its PASS. */
static int64_t labelled_run(struct bench *b, const char *mac, enum db_verdict verdict)
{
    const int64_t run = start_run(b);
    see(b, run, mac);
    check_ok(b, try_attempt(b, run, 1));
    const struct db_run_end end = { .verdict = verdict,
                                    .code = verdict == DB_PASS ? "ok" : "no-sync",
                                    .board_state = "running",
                                    .ended_utc_ms = T0_MS + 11000,
                                    .duration_ms = 11000,
                                    .label_printer = PRINTER,
                                    .label_zpl = "^XA^FD'one'^FS^XZ\n" };
    check_ok(b, db_run_close(b->db, run, &end, &b->e));
    return run;
}

static struct db_label_claim begin_next(struct bench *b)
{
    struct db_label_claim claim;
    check_ok(b, db_label_begin(b->db, PRINTER, T0_MS, &claim, &b->e));
    return claim;
}

static int64_t open_count(struct bench *b)
{
    int64_t count;
    check_ok(b, db_label_open(b->db, PRINTER, &count, &b->e));
    return count;
}

static void db_label_comes_with_a_pass_alone(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    labelled_run(b, "240ac4000001", DB_PASS);
    labelled_run(b, "240ac4000002", DB_FAIL);
    assert_answer(b, "SELECT group_concat(run || '/' || number) FROM label", "1/1");
    assert_answer(b, "SELECT operator IS NULL AND reason IS NULL AND outcome IS NULL FROM label",
                  "1");
    assert_int_equal(open_count(b), 1);
    assert_clean(b);
}

/* The one is not there without the other: a label that cannot be taken keeps the run open. */
static void db_label_and_pass_are_one(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t run = start_run(b);
    see(b, run, "240ac4000001");
    const struct db_run_end end = { .verdict = DB_PASS,
                                    .code = "ok",
                                    .board_state = "running",
                                    .ended_utc_ms = T0_MS,
                                    .label_printer = "",
                                    .label_zpl = "x" };
    assert_false(db_run_close(b->db, run, &end, &b->e));
    assert_answer(b, "SELECT verdict IS NULL FROM run", "1");
    assert_answer(b, "SELECT count(*) FROM label", "0");
}

static void db_label_is_begun_once_and_ends_once(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    labelled_run(b, "240ac4000001", DB_PASS);
    labelled_run(b, "240ac4000002", DB_PASS);
    struct db_label_claim one = begin_next(b), two = begin_next(b), none = begin_next(b);
    assert_int_equal(one.run_id, 1);
    assert_string_equal(one.zpl, "^XA^FD'one'^FS^XZ\n");
    assert_int_equal(two.run_id, 2);
    assert_int_equal(none.id, 0);
    check_ok(b, db_label_put_back(b->db, one.id, &b->e));
    struct db_label_claim again = begin_next(b);
    assert_int_equal(again.id, one.id);
    check_ok(b, db_label_end(b->db, one.id, DB_LABEL_PRINTED, NULL, T0_MS, &b->e));
    assert_false(db_label_end(b->db, one.id, DB_LABEL_PRINTED, NULL, T0_MS, &b->e));
    assert_false(db_label_put_back(b->db, one.id, &b->e) && open_count(b) != 1);
    assert_answer(b, "SELECT outcome FROM label WHERE id = 1", "printed");
    assert_clean(b);
    free(one.zpl);
    free(two.zpl);
    free(again.zpl);
}

static void db_label_of_another_printer_is_left_alone(void **state)
{
    struct bench *b = *state;
    struct db_label_claim claim;
    bench_open(b);
    labelled_run(b, "240ac4000001", DB_PASS);
    check_ok(b, db_label_begin(b->db, "cups://other", T0_MS, &claim, &b->e));
    assert_int_equal(claim.id, 0);
}

/* A station is killed between the first byte and the end: nobody knows, and nobody prints again. */
static void db_label_of_a_dead_station_is_unsure(void **state)
{
    struct bench *b = *state;
    int unsure;
    bench_open(b);
    labelled_run(b, "240ac4000001", DB_PASS);
    labelled_run(b, "240ac4000002", DB_PASS);
    struct db_label_claim claim = begin_next(b);
    check_ok(b, db_label_give_up_dead(b->db, T0_MS, &unsure, &b->e));
    assert_int_equal(unsure, 0); /* its station lives */
    db_close(b->db);
    bench_open(b);
    check_ok(b, db_label_give_up_dead(b->db, T0_MS, &unsure, &b->e));
    assert_int_equal(unsure, 1);
    assert_answer(b, "SELECT group_concat(ifnull(outcome, 'waits')) FROM label", "unsure,waits");
    struct db_label_claim next = begin_next(b);
    assert_int_equal(next.run_id, 2);
    free(claim.zpl);
    free(next.zpl);
}

static void db_label_again_needs_a_person_and_is_counted(void **state)
{
    struct bench *b = *state;
    int number = 0;
    struct db_label_again again = { .run_id = 1, .printer = PRINTER, .utc_ms = T0_MS };
    bench_open(b);
    labelled_run(b, "240ac4000001", DB_PASS);
    labelled_run(b, "240ac4000002", DB_FAIL);
    assert_int_equal(db_label_again(b->db, &again, &number, &b->e), 0);
    assert_says(b, ERR_USAGE, "needs the name of a person and a reason");
    again.operator_name = "Ann";
    again.reason = "torn";
    check_ok(b, db_label_again(b->db, &again, &number, &b->e) > 0);
    assert_int_equal(number, 2);
    check_ok(b, db_label_again(b->db, &again, &number, &b->e) > 0);
    assert_int_equal(number, 3);
    assert_answer(b, "SELECT count(DISTINCT zpl) FROM label", "1");
    assert_answer(b, "SELECT operator || ' ' || reason FROM label WHERE number = 3", "Ann torn");
    again.run_id = 2;
    assert_int_equal(db_label_again(b->db, &again, &number, &b->e), 0);
    assert_says(b, ERR_USAGE, "Run 2 has not passed");
    again.run_id = 9;
    assert_int_equal(db_label_again(b->db, &again, &number, &b->e), 0);
    assert_says(b, ERR_USAGE, "no run 9");
    assert_clean(b);
}

/* A board whose PASS was taken back gets no label any more. */
static void db_label_again_not_for_a_pass_taken_back(void **state)
{
    struct bench *b = *state;
    int number;
    const struct db_label_again again = {
        .run_id = 1, .printer = PRINTER, .operator_name = "Ann", .reason = "torn", .utc_ms = T0_MS
    };
    const struct db_correction back = { .run_id = 1,
                                        .to = DB_CORRECT_FAIL,
                                        .operator_name = "Ann",
                                        .reason = "cracked",
                                        .host = "line1",
                                        .utc_ms = T0_MS };
    bench_open(b);
    labelled_run(b, "240ac4000001", DB_PASS);
    check_ok(b, db_correct(b->db, &back, &b->e));
    assert_int_equal(db_label_again(b->db, &again, &number, &b->e), 0);
    assert_says(b, ERR_USAGE, "its PASS was taken back");
}

static void db_label_is_dropped_by_a_person(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    labelled_run(b, "240ac4000001", DB_PASS);
    assert_false(db_label_drop(b->db, 1, "Ann", "", T0_MS, &b->e));
    check_ok(b, db_label_drop(b->db, 1, "Ann", "no printer here", T0_MS, &b->e));
    assert_answer(b, "SELECT outcome || ': ' || sentence FROM label",
                  "dropped: Dropped by Ann: no printer here");
    assert_false(db_label_drop(b->db, 1, "Ann", "again", T0_MS, &b->e));
    assert_says(b, ERR_USAGE, "does not wait");
    assert_int_equal(open_count(b), 0);
}

/* ---- What the file itself refuses, and what an audit finds ---- */

static void assert_refused(struct bench *b, const char *sql, const char *words)
{
    sqlite3 *other = NULL;
    char *said = NULL;
    assert_int_equal(sqlite3_open(b->path, &other), SQLITE_OK);
    if (sqlite3_exec(other, sql, NULL, NULL, &said) == SQLITE_OK)
        fail_msg("not refused: %s", sql);
    if (!strstr(said, words))
        fail_msg("%s: %s", sql, said);
    sqlite3_free(said);
    sqlite3_close(other);
}

static void db_label_rows_are_guarded(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    labelled_run(b, "240ac4000001", DB_PASS);
    labelled_run(b, "240ac4000002", DB_FAIL);
    assert_refused(b, "DELETE FROM label", "never deleted");
    assert_refused(b, "UPDATE label SET zpl = 'x'", "may only go on");
    assert_refused(b,
                   "INSERT OR REPLACE INTO label SELECT id, run, number, printer, zpl, 'Ann', 'x', "
                   "ordered_utc,"
                   " begun_utc, begun_by, ended_utc, outcome, sentence FROM label",
                   "never replaced");
#define NEW_LABEL(run, number, who)                                                                \
    "INSERT INTO label (run, number, printer, zpl, operator, reason, ordered_utc) VALUES (" run    \
    ", " number ", 'p', 'z', " who ", " who ", '2026-03-04T05:06:07.089Z')"
    assert_refused(b, NEW_LABEL("2", "1", "'Ann'"), "belongs to a run that has passed");
    assert_refused(b, NEW_LABEL("1", "2", "NULL"), "needs a name and a reason");
    check_ok(b, db_label_drop(b->db, 1, "Ann", "no", T0_MS, &b->e));
    assert_refused(b, "UPDATE label SET outcome = NULL, ended_utc = NULL", "end once");
}

static void db_label_changes_are_found(void **state)
{
    struct bench *b = *state;
    static const char *const changes[] = {
        "UPDATE label SET zpl = 'x'",
        "UPDATE label SET printer = 'x'",
        "UPDATE label SET run = 2",
        "UPDATE label SET number = 7",
        "UPDATE label SET operator = 'Bob'",
        "UPDATE label SET reason = 'x'",
        "UPDATE label SET ordered_utc = '2027-03-04T05:06:07.089Z'",
        "UPDATE label SET begun_utc = '2027-03-04T05:06:07.089Z'",
        "UPDATE label SET begun_by = 9",
        "UPDATE label SET ended_utc = '2027-03-04T05:06:07.089Z'",
        "UPDATE label SET outcome = 'sent'",
        "UPDATE label SET sentence = 'x'",
        "DELETE FROM label",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        char command[128];
        snprintf(command, sizeof command, "rm -f %s*", b->path);
        assert_int_equal(system(command), 0);
        bench_open(b);
        labelled_run(b, "240ac4000001", DB_PASS);
        struct db_label_claim claim = begin_next(b);
        check_ok(b, db_label_end(b->db, claim.id, DB_LABEL_PRINTED, "well", T0_MS, &b->e));
        free(claim.zpl);
        assert_clean(b);
        tamper(b, changes[i]);
        const struct first first = audit_with(b, NULL, NULL);
        if (first.count == 0)
            fail_msg("nothing was found: %s", changes[i]);
        assert_non_null(strstr(first.sentence, "label"));
        db_close(b->db);
        b->db = NULL;
    }
}

/* ---- Looking ---- */

struct seen_labels {
    int count;
    char text[400];
};

static bool keep_label(void *ctx, const struct db_label_row *row)
{
    struct seen_labels *seen = ctx;
    const size_t used = strlen(seen->text);
    snprintf(seen->text + used, sizeof seen->text - used, "%lld/%d %s %s;", (long long)row->run_id,
             row->number, row->mac, row->outcome ? row->outcome : "waits");
    seen->count++;
    return true;
}

static void assert_listed(struct bench *b, int64_t run, bool all, const char *expected)
{
    struct seen_labels seen = { .count = 0 };
    const struct db_label_sink sink = { &seen, keep_label };
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader != NULL);
    check_ok(b, db_labels(reader, run, all, &sink, &b->e));
    db_close(reader);
    assert_string_equal(seen.text, expected);
}

static void db_label_queue_is_listed(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    for (int i = 1; i <= 3; i++) {
        char mac[16];
        snprintf(mac, sizeof mac, "240ac400000%d", i);
        labelled_run(b, mac, DB_PASS);
    }
    for (int i = 0; i < 2; i++) {
        struct db_label_claim claim = begin_next(b);
        check_ok(b, db_label_end(b->db, claim.id, i ? DB_LABEL_UNSURE : DB_LABEL_PRINTED, NULL,
                                 T0_MS, &b->e));
        free(claim.zpl);
    }
    assert_listed(b, 0, false, "2/1 24:0a:c4:00:00:02 unsure;3/1 24:0a:c4:00:00:03 waits;");
    assert_listed(b, 0, true,
                  "1/1 24:0a:c4:00:00:01 printed;2/1 24:0a:c4:00:00:02 unsure;"
                  "3/1 24:0a:c4:00:00:03 waits;");
    assert_listed(b, 1, true, "1/1 24:0a:c4:00:00:01 printed;");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        TEST(db_label_comes_with_a_pass_alone),
        TEST(db_label_and_pass_are_one),
        TEST(db_label_is_begun_once_and_ends_once),
        TEST(db_label_of_another_printer_is_left_alone),
        TEST(db_label_of_a_dead_station_is_unsure),
        TEST(db_label_again_needs_a_person_and_is_counted),
        TEST(db_label_again_not_for_a_pass_taken_back),
        TEST(db_label_is_dropped_by_a_person),
        TEST(db_label_rows_are_guarded),
        TEST(db_label_changes_are_found),
        TEST(db_label_queue_is_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
