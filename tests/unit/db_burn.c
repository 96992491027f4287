/* Burns of fuses in the record: bound at once, never changed, told by history and exports, and no
 * place for a key. */
#include "tests/unit/db_audit_help.h"

#include "db/export/export.h"
#include "db/read/history.h"
#include "db/write/burn_rows.h"

#define SALT "00112233445566778899aabbccddeeff"

static struct db_burn open_burn(int64_t run_id, int number)
{
    return (struct db_burn){ .run_id = run_id,
                             .attempt = 1,
                             .number = number,
                             .stage = "close",
                             .fuses = "DIS_PAD_JTAG=0x1",
                             .words = "00000000 00080000",
                             .outcome = "burnt",
                             .proof = "00000000 00080000",
                             .person = "Ann",
                             .made_utc_ms = T0_MS };
}

static struct db_burn secret_burn(int64_t run_id, int number)
{
    return (struct db_burn){ .run_id = run_id,
                             .attempt = 1,
                             .number = number,
                             .stage = "keys",
                             .block = 9,
                             .fuses = "BLOCK_KEY5=secret",
                             .key_salt = SALT,
                             .key_hmac = SHA_A,
                             .outcome = "burnt",
                             .made_utc_ms = T0_MS };
}

static int64_t run_with_burns(struct bench *b)
{
    bench_open(b);
    const int64_t run_id = start_run(b);
    see(b, run_id, "240ac4000001");
    const struct db_burn secret = secret_burn(run_id, 1), open = open_burn(run_id, 2);
    check_ok(b, db_burn_add(b->db, &secret, &b->e));
    check_ok(b, db_burn_add(b->db, &open, &b->e));
    return run_id;
}

/* Before its run is closed, as it may never be. */
static void db_binds_a_burn_at_once(void **state)
{
    struct bench *b = *state;
    const int64_t run_id = run_with_burns(b);
    assert_answer(b,
                  "SELECT group_concat(kind || row, ' ') FROM (SELECT * FROM link WHERE kind = "
                  "'burn' ORDER BY id)",
                  "burn1 burn2");
    assert_clean(b);
    check_ok(b, try_close(b, run_id, DB_FAIL));
    assert_clean(b);
    tamper(b, "UPDATE burn SET outcome = 'burnt by nobody' WHERE id = 2");
    const struct first first = audit_with(b, NULL, NULL);
    assert_found(&first, DB_CHANGED, "burn 2 was changed");
}

static void db_takes_a_burn_in_an_open_run_on_a_board_alone(void **state)
{
    struct bench *b = *state;
    const int64_t run_id = run_with_burns(b);
    const struct db_burn twice = open_burn(run_id, 2);
    assert_false(db_burn_add(b->db, &twice, &b->e));
    check_ok(b, try_close(b, run_id, DB_FAIL));
    const struct db_burn late = open_burn(run_id, 3);
    assert_false(db_burn_add(b->db, &late, &b->e));
    const int64_t nobody = start_run(b);
    const struct db_burn boardless = open_burn(nobody, 1);
    assert_false(db_burn_add(b->db, &boardless, &b->e));
    assert_answer(b, "SELECT count(*) FROM burn", "2");
}

/* A mistake of the program must not bring a key into the record. */
static void db_refuses_the_words_of_a_secret(void **state)
{
    struct bench *b = *state;
    const int64_t run_id = run_with_burns(b);
    struct db_burn row = secret_burn(run_id, 3);
    row.words = "03020100 07060504";
    assert_false(db_burn_add(b->db, &row, &b->e));
    row = secret_burn(run_id, 3);
    row.proof = "03020100 07060504";
    assert_false(db_burn_add(b->db, &row, &b->e));
    assert_answer(b, "SELECT count(*) FROM burn", "2");
}

static bool keep_mark(void *ctx, int block, const char *salt, const char *hmac)
{
    char *text = ctx;
    snprintf(text, 128, "%d %s %.4s", block, salt, hmac);
    return false;
}

static void db_knows_the_marks_of_a_boards_keys(void **state)
{
    struct bench *b = *state;
    char text[128] = "";
    run_with_burns(b);
    check_ok(b, db_burn_marks(b->db, "24:0A:C4:00:00:01", keep_mark, text, &b->e));
    assert_string_equal(text, "9 " SALT " aaaa");
    text[0] = '\0';
    check_ok(b, db_burn_marks(b->db, "24:0a:c4:00:00:02", keep_mark, text, &b->e));
    assert_string_equal(text, "");
}

static bool pass_board(void *ctx, const struct db_board_row *board)
{
    (void)ctx;
    (void)board;
    return true;
}

static bool pass_run(void *ctx, const struct db_run_row *run)
{
    (void)ctx;
    (void)run;
    return true;
}

static bool tell_burn(void *ctx, const struct db_burn_row *row)
{
    char *text = ctx;
    const size_t used = strlen(text);
    snprintf(text + used, 512 - used, "%d %s %s %s %s %s\n", row->number, row->stage, row->fuses,
             row->outcome, row->words ? row->words : "-", row->person ? row->person : "-");
    return true;
}

static void db_tells_the_burns_of_a_board(void **state)
{
    struct bench *b = *state;
    char text[512] = "";
    const struct db_history_sink sink = {
        .ctx = text, .board = pass_board, .run = pass_run, .burn = tell_burn
    };
    run_with_burns(b);
    struct db *reader = db_open_reader(b->path, DB_BUSY_MS, &b->e);
    assert_non_null(reader);
    check_ok(b, db_history(reader, "240ac4000001", &sink, &b->e));
    db_close(reader);
    assert_string_equal(text, "1 keys BLOCK_KEY5=secret burnt - -\n"
                              "2 close DIS_PAD_JTAG=0x1 burnt 00000000 00080000 Ann\n");
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(db_binds_a_burn_at_once),
        ON_BENCH(db_takes_a_burn_in_an_open_run_on_a_board_alone),
        ON_BENCH(db_refuses_the_words_of_a_secret),
        ON_BENCH(db_knows_the_marks_of_a_boards_keys),
        ON_BENCH(db_tells_the_burns_of_a_board),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
