/* What a report reads: last words of boards, corrections, periods, the signed end, one state. */
#include "tests/unit/db_help.h"

#include "db/read/report_read.h"
#include "db/read/stats.h"
#include "db/write/lot.h"

#define MAC_A "24:0a:c4:00:00:01"
#define MAC_B "24:0a:c4:00:00:02"

/* A callback's rows as one text. */
struct notes {
    char text[2048];
};

static void note(struct notes *n, const char *word)
{
    const size_t used = strlen(n->text);
    snprintf(n->text + used, sizeof n->text - used, "%s;", word);
}

static bool note_board(void *ctx, const struct db_report_board *board)
{
    char word[256];
    snprintf(word, sizeof word, "%s %s%s runs %d attempts %d slot %d",
             board->mac == NULL ? "?" : board->mac, board->verdict,
             board->taken_back ? " taken back" : "", (int)board->runs, (int)board->attempts,
             board->slot);
    note(ctx, word);
    return true;
}

static bool note_change(void *ctx, const struct db_report_change *change)
{
    char word[256];
    snprintf(word, sizeof word, "%s %s to %s by %s: %s", change->mac, change->own_verdict,
             change->verdict == NULL ? "note" : change->verdict, change->operator_name,
             change->reason);
    note(ctx, word);
    return true;
}

static bool note_period(void *ctx, const struct db_report_period *period)
{
    char word[64];
    snprintf(word, sizeof word, "%s %d+%d", period->utc, (int)period->passed, (int)period->others);
    note(ctx, word);
    return true;
}

static bool refuse_board(void *ctx, const struct db_report_board *board)
{
    (void)ctx;
    (void)board;
    return false;
}

typedef bool reading(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                     struct err *e);

static void assert_notes(struct bench *b, reading *read, int64_t lot_id, const char *expected)
{
    struct notes notes = { "" };
    const struct db_report_sink sink = { .ctx = &notes,
                                         .board = note_board,
                                         .change = note_change };
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader != NULL && read(reader, lot_id, &sink, &b->e));
    assert_string_equal(notes.text, expected);
    db_close(reader);
}

static int64_t put_lot(struct bench *b)
{
    const int64_t id = db_lot_put(b->db, "L", T0_MS, &b->e);
    check_ok(b, id > 0);
    return id;
}

static void fail_run(struct bench *b, const char *mac, int64_t lot_id, const char *code)
{
    const int64_t run_id = start_run_at(b, b->db, lot_id, 4, T0_MS);
    const struct db_run_end end = { .verdict = DB_FAIL,
                                    .code = code,
                                    .sentence = "It failed.",
                                    .board_state = "unknown",
                                    .ended_utc_ms = T0_MS + 7200000,
                                    .duration_ms = 1000 };
    if (mac != NULL)
        see(b, run_id, mac);
    check_ok(b, db_run_close(b->db, run_id, &end, &b->e));
}

static void each_board_has_its_last_word(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = put_lot(b);
    fail_run(b, MAC_B, lot, "boot");
    whole_run(b, MAC_A, lot, 2, T0_MS, DB_PASS);
    whole_run(b, MAC_B, lot, 3, T0_MS, DB_PASS);
    fail_run(b, MAC_A, lot, "duplicate"); /* refused: its PASS stays its last word */
    fail_run(b, NULL, lot, "no-sync");
    whole_run(b, MAC_A, 0, 9, T0_MS, DB_STOPPED);                       /* in no lot */
    see(b, start_run_at(b, b->db, lot, 5, T0_MS), "24:0a:c4:00:00:03"); /* open */
    golden_run(b, MAC_B, 3, T0_MS, DB_FAIL); /* in no lot, so in no report */
    assert_notes(b, db_report_boards, lot,
                 MAC_B " PASS runs 2 attempts 1 slot 3;" MAC_A " PASS runs 2 attempts 1 slot 2;");
    assert_notes(b, db_report_nameless, lot, "? FAIL runs 1 attempts 0 slot 4;");
}

static void a_pass_that_was_taken_back_is_none(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = put_lot(b);
    struct db_correction k = { .run_id = whole_run(b, MAC_A, lot, 2, T0_MS, DB_PASS),
                               .to = DB_CORRECT_FAIL,
                               .operator_name = "Eve",
                               .reason = "cracked",
                               .host = "office",
                               .utc_ms = T0_MS };
    check_ok(b, db_correct(b->db, &k, &b->e));
    assert_notes(b, db_report_boards, lot, MAC_A " FAIL taken back runs 1 attempts 1 slot 2;");
    assert_notes(b, db_report_changes, lot, MAC_A " PASS to FAIL by Eve: cracked;");
    k.to = DB_CORRECT_PASS;
    k.utc_ms++;
    check_ok(b, db_correct(b->db, &k, &b->e));
    assert_notes(b, db_report_boards, lot, MAC_A " PASS runs 1 attempts 1 slot 2;");
}

static void runs_are_counted_in_their_periods(void **state)
{
    struct bench *b = *state;
    struct notes notes = { "" };
    struct db_report_summary summary;
    const struct db_report_sink sink = { .ctx = &notes, .period = note_period };
    bench_open(b);
    const int64_t lot = put_lot(b);
    whole_run(b, MAC_A, lot, 2, T0_MS, DB_PASS);
    fail_run(b, MAC_B, lot, "boot"); /* two hours later */
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, db_report_periods(reader, lot, 13, &sink, &b->e));
    check_ok(b, db_report_periods(reader, lot, 10, &sink, &b->e));
    assert_string_equal(notes.text, "2026-03-04T05 1+0;2026-03-04T07 0+1;2026-03-04 1+1;");
    check_ok(b, db_report_summary(reader, lot, &summary, &b->e));
    assert_int_equal(summary.hours, 2);
    assert_int_equal(summary.busiest_passed, 1);
    assert_string_equal(summary.busiest_utc, "2026-03-04T05");
    assert_string_equal(summary.recipe, "thermostat");
    assert_int_equal(summary.recipes, 1);
    db_close(reader);
}

static void a_checkpoint_is_held_against_its_signature_and_the_record(void **state)
{
    struct bench *b = *state;
    char file[DB_CHECKPOINT_CAP], path[160];
    struct db_report_checkpoint checkpoint;
    bench_open(b);
    const int64_t lot = put_lot(b);
    whole_run(b, MAC_A, lot, 2, T0_MS, DB_PASS);
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, db_report_checkpoint(reader, lot, &checkpoint, &b->e));
    assert_string_equal(checkpoint.text, "");
    snprintf(path, sizeof path, "%s/key.pem", b->folder);
    struct key *key = key_open(path, &b->e);
    check_ok(b, key != NULL);
    const struct db_lot_close end = { .name = "L", .host = "h", .key = key, .utc_ms = T0_MS };
    check_ok(b, db_lot_close(b->db, &end, file, &b->e));
    check_ok(b, db_report_checkpoint(reader, lot, &checkpoint, &b->e));
    assert_string_equal(checkpoint.text, file);
    assert_string_equal(checkpoint.public_key, key_public(key));
    assert_true(checkpoint.signature_fits && checkpoint.record_fits);
    key_free(key);
    db_close(reader);
}

static void a_reader_that_gives_up_ends_the_reading(void **state)
{
    struct bench *b = *state;
    const struct db_report_sink sink = { .board = refuse_board };
    bench_open(b);
    const int64_t lot = put_lot(b);
    whole_run(b, MAC_A, lot, 2, T0_MS, DB_PASS);
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    assert_false(db_report_boards(reader, lot, &sink, &b->e));
    assert_int_equal(b->e.code, ERR_STATION);
    db_close(reader);
}

/* ---- One state ---- */

static bool keep_passed(void *ctx, const struct db_stats_row *row)
{
    *(int64_t *)ctx = row->passed;
    return true;
}

static int64_t count_passed(struct bench *b, struct db *reader)
{
    int64_t passed = -1;
    const struct db_stats_sink sink = { &passed, keep_passed };
    check_ok(b, db_stats(reader, DB_BY_NOTHING, NULL, &sink, &b->e));
    return passed;
}

static void a_held_reader_sees_one_state(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    whole_run(b, MAC_A, 0, 1, T0_MS, DB_PASS);
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, db_hold(reader, &b->e));
    assert_int_equal(count_passed(b, reader), 1);
    whole_run(b, MAC_B, 0, 1, T0_MS, DB_PASS); /* a station writes on */
    assert_int_equal(count_passed(b, reader), 1);
    check_ok(b, db_release(reader, &b->e));
    assert_int_equal(count_passed(b, reader), 2);
    check_ok(b, db_hold(reader, &b->e));
    assert_int_equal(count_passed(b, reader), 2);
    check_ok(b, db_release(reader, &b->e));
    db_close(reader);
    assert_false(db_hold(b->db, &b->e)); /* not a reader */
}

#define test(f) cmocka_unit_test_setup_teardown(f, bench_up, bench_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        test(each_board_has_its_last_word),
        test(a_pass_that_was_taken_back_is_none),
        test(runs_are_counted_in_their_periods),
        test(a_checkpoint_is_held_against_its_signature_and_the_record),
        test(a_reader_that_gives_up_ends_the_reading),
        test(a_held_reader_sees_one_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
