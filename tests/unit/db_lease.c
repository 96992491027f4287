/*
 * Leases in the record: each place and number is used once, by what the rows say, whatever is
 * killed; places lapse here before they do at the server, by a clock that nobody can set.
 */
#include "tests/unit/db_audit_help.h"

#include "db/units/decide.h"
#include "db/write/lot.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define HOUR 3600

static const struct db_fleet_say away = { .answer = DB_FLEET_AWAY };

/* ---- Helpers ---- */

static int64_t open_fleet_lot(struct bench *b, int64_t quantity)
{
    const struct db_lot_open lot = {
        .name = "L", .quantity = quantity, .operator_name = "Eve", .utc_ms = T0_MS, .fleet = true
    };
    const int64_t id = db_lot_open(b->db, &lot, &b->e);
    check_ok(b, id > 0);
    return id;
}

static struct db_lease_clock now_of(struct bench *b)
{
    struct db_lease_clock now;
    check_ok(b, db_lease_now(&now, &b->e));
    return now;
}

static void lend_at(struct bench *b, int64_t number, int64_t places, int64_t seconds,
                    const struct db_lease_clock *asked)
{
    const struct db_lease_places lease = {
        .number = number, .lot = "L", .places = places, .asked = asked, .seconds = seconds
    };
    check_ok(b, db_lease_add_places(b->db, &lease, &b->e));
}

static void lend(struct bench *b, int64_t number, int64_t places)
{
    const struct db_lease_clock now = now_of(b);
    lend_at(b, number, places, HOUR, &now);
}

static bool admit(struct bench *b, int64_t run_id, const char *mac, const struct db_fleet_say *say)
{
    struct db_seen seen;
    const struct db_admission rule = { .duplicates = DB_ONCE_IN_LOT, .fleet = say };
    const struct db_board board = { .mac = mac, .chip = "ESP32", .seen_utc_ms = T0_MS };
    return db_board_admit(b->db, run_id, &board, &rule, &seen, NULL, &b->e);
}

static int64_t start(struct bench *b, int64_t lot, const char *mac, const struct db_fleet_say *say)
{
    const int64_t run_id = start_run_at(b, b->db, lot, 1, T0_MS);
    check_ok(b, admit(b, run_id, mac, say));
    return run_id;
}

static void pass(struct bench *b, int64_t lot, const char *mac)
{
    check_ok(b, try_close(b, start(b, lot, mac, &away), DB_PASS));
}

static void refused(struct bench *b, int64_t lot, const char *mac, const struct db_fleet_say *say,
                    enum err_code code, const char *words)
{
    const int64_t run_id = start_run_at(b, b->db, lot, 1, T0_MS);
    assert_false(admit(b, run_id, mac, say));
    assert_int_equal(b->e.code, code);
    if (!strstr(b->e.what, words))
        fail_msg("'%s' is not in: %s", words, b->e.what);
    b->e = (struct err){ 0 };
    check_ok(b, try_close(b, run_id, DB_FAIL));
}

/* ---- Places ---- */

static void lease_gives_as_many_places_as_it_has(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_fleet_lot(b, 100);
    refused(b, lot, "240ac4000001", &away, ERR_LEASE, "no lease of places is left here");
    lend(b, 4711, 2);
    pass(b, lot, "240ac4000001");
    const int64_t open_run = start(b, lot, "240ac4000002", &away);
    refused(b, lot, "240ac4000003", &away, ERR_LEASE, "left here");
    check_ok(b, try_close(b, open_run, DB_FAIL)); /* its place is free again */
    pass(b, lot, "240ac4000003");
    refused(b, lot, "240ac4000004", &away, ERR_LEASE, "left here");
    assert_answer(b, "SELECT count(*) || ' ' || count(lease) FROM run WHERE verdict = 'PASS'",
                  "2 2");
    assert_clean(b);
}

static void lease_is_not_used_where_the_server_gives_a_place(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_fleet_lot(b, 100);
    lend(b, 4711, 1);
    const struct db_fleet_say says = { .answer = DB_FLEET_ANSWERED,
                                       .claim = 99,
                                       .has_place = true };
    check_ok(b, try_close(b, start(b, lot, "240ac4000001", &says), DB_PASS));
    assert_answer(b, "SELECT claim || ' ' || ifnull(lease, 'none') FROM run", "99 none");
    const struct db_fleet_say full = { .answer = DB_FLEET_ANSWERED,
                                       .claim = 100,
                                       .no_place = "Lot L is full" };
    check_ok(b, try_close(b, start(b, lot, "240ac4000002", &full), DB_PASS));
    assert_answer(b, "SELECT claim || ' ' || lease FROM run WHERE id = 2", "100 1");
    refused(b, lot, "240ac4000003", &full, ERR_QUOTA, "Lot L is full");
    assert_clean(b);
}

/* What the server knows a run by stays, also where it does not answer the second time. */
static void lease_keeps_what_the_server_knows_the_run_by(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_fleet_lot(b, 100);
    const struct db_fleet_say says = { .answer = DB_FLEET_ANSWERED,
                                       .claim = 99,
                                       .has_place = true };
    const struct db_run_begin begin = { .recipe_id = put_recipe(b, b->db),
                                        .lot_id = lot,
                                        .slot = 1,
                                        .port = "p",
                                        .started_utc_ms = T0_MS,
                                        .with_place = true,
                                        .fleet = &says };
    const int64_t run_id = db_run_start(b->db, &begin, &b->e);
    check_ok(b, run_id > 0);
    check_ok(b, admit(b, run_id, "240ac4000001", &away));
    assert_answer(b, "SELECT claim || ' ' || holds_place FROM run", "99 1");
}

static void lease_without_a_place_leaves_no_run(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const struct db_run_begin begin = { .recipe_id = put_recipe(b, b->db),
                                        .lot_id = open_fleet_lot(b, 5),
                                        .slot = 1,
                                        .port = "p",
                                        .started_utc_ms = T0_MS,
                                        .with_place = true,
                                        .fleet = &away };
    assert_int_equal(db_run_start(b->db, &begin, &b->e), 0);
    assert_int_equal(b->e.code, ERR_LEASE);
    assert_answer(b, "SELECT count(*) FROM run", "0");
    lend(b, 4711, 1);
    check_ok(b, db_run_start(b->db, &begin, &b->e) > 0);
    assert_answer(b, "SELECT lease FROM run", "1");
}

static void lease_gets_the_place_of_a_pass_that_is_taken_back(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_fleet_lot(b, 100);
    lend(b, 4711, 1);
    pass(b, lot, "240ac4000001");
    struct db_correction k = { .run_id = 1,
                               .to = DB_CORRECT_FAIL,
                               .operator_name = "Ann",
                               .reason = "cracked",
                               .host = "h",
                               .utc_ms = T0_MS };
    check_ok(b, db_correct(b->db, &k, &b->e));
    k.to = DB_CORRECT_PASS;
    assert_false(db_correct(b->db, &k, &b->e));
    assert_int_equal(b->e.code, ERR_QUOTA);
    b->e = (struct err){ 0 };
    pass(b, lot, "240ac4000002");
    refused(b, lot, "240ac4000003", &away, ERR_LEASE, "left here");
}

/* ---- Time ---- */

/* By how much: two parts in a hundred of what the server gave, counted from before it was asked. */
static void lease_lapses_here_first(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    open_fleet_lot(b, 100);
    const struct db_lease_clock now = now_of(b);
    lend_at(b, 4711, 1, 100, &now);
    char answer[32], expected[32];
    ask(b, "SELECT until_boot_ms FROM lease", answer, sizeof answer);
    snprintf(expected, sizeof expected, "%lld", (long long)now.boot_ms + 98000);
    assert_string_equal(answer, expected);
}

static void lease_lapses_by_whichever_clock_says_so_first(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_fleet_lot(b, 100);
    const struct db_lease_clock now = now_of(b);
    struct db_lease_clock asked = now;
    asked.boot_ms -= 2 * HOUR * 1000LL; /* the wall clock was set back since */
    lend_at(b, 1, 1, HOUR, &asked);
    asked = now;
    asked.utc_ms -= 2 * HOUR * 1000LL; /* the machine was frozen, and its own clock with it */
    lend_at(b, 2, 1, HOUR, &asked);
    asked = now;
    asked.utc_ms += 100 * HOUR * 1000LL; /* set back, but in time: the other clock is what counts */
    lend_at(b, 3, 1, HOUR, &asked);
    pass(b, lot, "240ac4000001");
    assert_answer(b, "SELECT number FROM run JOIN lease ON lease.id = run.lease", "3");
    refused(b, lot, "240ac4000002", &away, ERR_LEASE, "left here");
}

static void lease_of_an_earlier_start_of_the_computer_is_void(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_fleet_lot(b, 100);
    struct db_lease_clock asked = now_of(b);
    int64_t ended;
    snprintf(asked.boot_id, sizeof asked.boot_id, "%s", "before");
    lend_at(b, 1, 3, HOUR, &asked);
    refused(b, lot, "240ac4000001", &away, ERR_LEASE, "left here");
    check_ok(b, db_lease_tidy(b->db, &ended, &b->e));
    assert_int_equal(ended, 1);
    assert_answer(b, "SELECT used || ' ' || why FROM lease", "0 lapsed");
    assert_clean(b);
}

/* ---- Ends ---- */

static void lease_ends_once_and_gives_nothing_after_that(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_fleet_lot(b, 100);
    int64_t places;
    lend(b, 4711, 3);
    pass(b, lot, "240ac4000001");
    const int64_t open_run = start(b, lot, "240ac4000002", &away);
    assert_false(db_lease_return(b->db, NULL, NULL, 4711, &places, &b->e));
    assert_int_equal(b->e.code, ERR_USAGE); /* a board is on one of its places */
    b->e = (struct err){ 0 };
    assert_answer(b, "SELECT count(*) FROM lease WHERE ended_utc IS NULL", "1");
    check_ok(b, try_close(b, open_run, DB_FAIL));
    check_ok(b, db_lease_return(b->db, NULL, NULL, 4711, &places, &b->e));
    assert_int_equal(places, 2);
    refused(b, lot, "240ac4000003", &away, ERR_LEASE, "left here");
    assert_false(db_lease_return(b->db, "L", NULL, 0, &places, &b->e));
    b->e = (struct err){ 0 };
    assert_answer(b, "SELECT used || ' ' || why FROM lease", "1 returned");
    assert_clean(b);
}

static void assert_sql_refused(struct bench *b, const char *text, const char *words)
{
    sqlite3 *sql = NULL;
    assert_int_equal(sqlite3_open(b->path, &sql), SQLITE_OK);
    if (sqlite3_exec(sql, text, NULL, NULL, NULL) == SQLITE_OK)
        fail_msg("was taken: %s", text);
    if (!strstr(sqlite3_errmsg(sql), words))
        fail_msg("'%s' is not in: %s", words, sqlite3_errmsg(sql));
    sqlite3_close(sql);
}

static void lease_is_guarded_by_the_file(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_fleet_lot(b, 100);
    int64_t places;
    lend(b, 4711, 3);
    const int64_t run_id = start(b, lot, "240ac4000001", &away);
    (void)run_id;
    assert_sql_refused(b, "UPDATE lease SET places = 9", "may only end");
    assert_sql_refused(b, "DELETE FROM lease", "never deleted");
    assert_sql_refused(b, "UPDATE run SET lease = NULL", "an open lease of its lot");
    check_ok(b, try_close(b, run_id, DB_PASS));
    check_ok(b, db_lease_return(b->db, "L", NULL, 0, &places, &b->e));
    start_run_at(b, b->db, lot, 1, T0_MS);
    assert_sql_refused(b, "UPDATE run SET lease = 1 WHERE id = 2", "an open lease of its lot");
    assert_sql_refused(b, "UPDATE lease SET ended_utc = NULL, used = NULL, why = NULL",
                       "may only end");
}

/* Whoever goes on with an older record does not know what went from its leases. */
static void lease_is_given_up_with_an_older_record(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_fleet_lot(b, 100);
    char backup[160], command[640];
    int64_t ended;
    lend(b, 4711, 3);
    pass(b, lot, "240ac4000001");
    db_close(b->db);
    snprintf(backup, sizeof backup, "%s/backup.db", b->folder);
    snprintf(command, sizeof command, "sqlite3 %s 'PRAGMA wal_checkpoint(TRUNCATE)' && cp %s %s",
             b->path, b->path, backup);
    assert_int_equal(system(command), 0);
    bench_open(b);
    pass(b, lot, "240ac4000002");
    pass(b, lot, "240ac4000003");
    db_close(b->db);
    snprintf(command, sizeof command, "cp %s %s && rm -f %s-wal %s-shm", backup, b->path, b->path,
             b->path);
    assert_int_equal(system(command), 0);
    bench_open(b);
    refused(b, lot, "240ac4000004", &away, ERR_UNIT, "older than what was given out");
    const struct db_unit_decision d = {
        .operator_name = "Ann", .reason = "disk", .host = "h", .utc_ms = T0_MS
    };
    check_ok(b, db_unit_accept(b->db, &d, &b->e));
    check_ok(b, db_lease_give_up(b->db, &ended, &b->e));
    assert_int_equal(ended, 1);
    refused(b, lot, "240ac4000004", &away, ERR_LEASE, "left here");
}

/* ---- Killed ---- */

/* A child lets boards in and passes them until it is killed: what it used is what rows say. */
static void lease_survives_a_kill_at_any_moment(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_fleet_lot(b, 1000);
    lend(b, 4711, 400);
    for (int round = 0; round < 8; round++) {
        db_close(b->db);
        int ready[2];
        assert_int_equal(pipe(ready), 0);
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            char mac[24];
            bench_open(b);
            for (int i = 0;; i++) {
                snprintf(mac, sizeof mac, "240ac4%02x%04x", round, i);
                const int64_t run_id = start_run_at(b, b->db, lot, 1, T0_MS);
                if (!admit(b, run_id, mac, &away) || !try_close(b, run_id, DB_PASS))
                    _exit(1);
                if (i == round && write(ready[1], "x", 1) != 1)
                    _exit(1);
            }
        }
        char byte;
        close(ready[1]);
        assert_int_equal(read(ready[0], &byte, 1), 1);
        close(ready[0]);
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        bench_open(b); /* marks its open run */
        assert_answer(b,
                      "SELECT count(*) FROM run WHERE (holds_place = 1) <> (lease IS NOT NULL)"
                      " OR (verdict = 'PASS' AND lease IS NULL)",
                      "0");
        assert_clean(b);
    }
    int64_t places;
    char answer[32], expected[32];
    check_ok(b, db_lease_return(b->db, "L", NULL, 0, &places, &b->e));
    ask(b, "SELECT count(DISTINCT board) FROM run WHERE verdict = 'PASS'", answer, sizeof answer);
    snprintf(expected, sizeof expected, "%lld", 400 - (long long)places);
    assert_string_equal(answer, expected);
}

/* ---- Numbers ---- */

static bool number_text(void *ctx, size_t want, int64_t n, char text[static DB_UNIT_TEXT_CAP],
                        struct err *e)
{
    (void)ctx;
    (void)want;
    (void)e;
    snprintf(text, DB_UNIT_TEXT_CAP, "SN-%05lld", (long long)n);
    return true;
}

static const struct db_unit_want serial_want = { .name = "serial",
                                                 .source = "counter sn",
                                                 .from = DB_UNIT_COUNTER,
                                                 .unique = true,
                                                 .serial = true,
                                                 .counter = "sn",
                                                 .start = 10,
                                                 .end = 99999,
                                                 .step = 10,
                                                 .fleet = true };

static void lend_numbers(struct bench *b, int64_t number, int64_t first, int64_t last)
{
    const struct db_lease_numbers lease = {
        .number = number, .counter = "sn", .first = first, .last = last, .step = 10, .utc_ms = T0_MS
    };
    check_ok(b, db_lease_add_numbers(b->db, &lease, &b->e));
}

/* The serial that the board gets; "" where no number is left. */
static void take_serial(struct bench *b, const char *mac, char serial[static 32])
{
    struct db_seen seen;
    struct db_unit unit;
    const struct db_unit_supply supply = { .wants = &serial_want,
                                           .want_count = 1,
                                           .number = number_text };
    const struct db_admission rule = { .duplicates = DB_ONCE_IN_LOT, .supply = &supply };
    const struct db_board board = { .mac = mac, .chip = "ESP32", .seen_utc_ms = T0_MS };
    const int64_t run_id = start_run_at(b, b->db, 0, 1, T0_MS);
    const bool ok = db_board_admit(b->db, run_id, &board, &rule, &seen, &unit, &b->e);
    snprintf(serial, 32, "%s", ok ? unit.texts[0] : "");
    if (!ok) {
        assert_int_equal(b->e.code, ERR_LEASE);
        assert_int_equal(unit.unlent, 0);
        b->e = (struct err){ 0 };
    }
    db_unit_done(&unit);
    check_ok(b, try_close(b, run_id, DB_PASS));
}

static void lease_of_numbers_is_used_in_order_and_once(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    char serial[32];
    int64_t left, ended;
    take_serial(b, "240ac4000001", serial);
    assert_string_equal(serial, "");
    lend_numbers(b, 1, 110, 120);
    lend_numbers(b, 2, 30, 30);
    check_ok(b, db_lease_numbers_left(b->db, "sn", 10, 99999, &left, &b->e));
    assert_int_equal(left, 3);
    take_serial(b, "240ac4000001", serial);
    assert_string_equal(serial, "SN-00110");
    take_serial(b, "240ac4000001", serial); /* its own again */
    assert_string_equal(serial, "SN-00110");
    take_serial(b, "240ac4000002", serial);
    assert_string_equal(serial, "SN-00120");
    check_ok(b, db_lease_tidy(b->db, &ended, &b->e));
    assert_int_equal(ended, 1);
    take_serial(b, "240ac4000003", serial);
    assert_string_equal(serial, "SN-00030");
    take_serial(b, "240ac4000004", serial);
    assert_string_equal(serial, "");
    assert_answer(b, "SELECT count(*) FROM unit", "3");
    assert_clean(b);
}

/* A recipe whose counter begins higher now has no use for what was lent below. */
static void lease_of_numbers_keeps_to_the_limits_of_the_recipe(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    int64_t left;
    lend_numbers(b, 1, 10, 50);
    check_ok(b, db_lease_numbers_left(b->db, "sn", 1000, 99999, &left, &b->e));
    assert_int_equal(left, 0);
    check_ok(b, db_lease_numbers_left(b->db, "other", 10, 99999, &left, &b->e));
    assert_int_equal(left, 0);
}

/* ---- Rows ---- */

enum { POOL_ROWS = 5 };

/* Row i holds "key-i", and its digest is made of that. */
static void row_digest(size_t row, char hex[static DB_UNIT_HEX_CAP])
{
    snprintf(hex, DB_UNIT_HEX_CAP, "%064zx", row + 0xabc);
}

static size_t no_bound_row(void *ctx, size_t pool, const char *mac)
{
    (void)ctx, (void)pool, (void)mac;
    return DB_NO_ROW;
}

/* Row 3 was taken out of the file since it was lent. */
static size_t find_row(void *ctx, size_t pool, const char *sha256)
{
    (void)ctx, (void)pool;
    for (size_t i = 0; i < POOL_ROWS; i++) {
        char hex[DB_UNIT_HEX_CAP];
        row_digest(i, hex);
        if (i != 3 && strcmp(hex, sha256) == 0)
            return i;
    }
    return DB_NO_ROW;
}

static size_t free_row(void *ctx, size_t pool, size_t row)
{
    (void)ctx, (void)pool;
    return row < POOL_ROWS ? row : DB_NO_ROW;
}

static void describe_row(void *ctx, size_t pool, size_t row, char sha256[static DB_UNIT_HEX_CAP],
                         char label[static DB_UNIT_LABEL_CAP])
{
    (void)ctx, (void)pool;
    row_digest(row, sha256);
    snprintf(label, DB_UNIT_LABEL_CAP, "row %zu", row);
}

static char *row_field(void *ctx, size_t want, size_t row)
{
    char *text = NULL;
    (void)ctx, (void)want;
    return asprintf(&text, "key-%zu", row) > 0 ? text : NULL;
}

static const struct db_unit_want key_want = {
    .name = "key", .source = "pool keys", .from = DB_UNIT_POOL, .unique = true, .serial = true
};

static void lend_rows(struct bench *b, int64_t number, size_t first, size_t count, int64_t seconds)
{
    char rows[POOL_ROWS][DB_UNIT_HEX_CAP];
    const struct db_lease_clock now = now_of(b);
    for (size_t i = 0; i < count; i++)
        row_digest(first + i, rows[i]);
    const struct db_lease_rows lease = { .number = number,
                                         .pool = "keys",
                                         .sha256 = rows,
                                         .count = count,
                                         .asked = &now,
                                         .seconds = seconds };
    check_ok(b, db_lease_add_rows(b->db, &lease, &b->e));
}

/* The key that the board gets; "" where no row is left: gives the newest lease that was seen. */
static int64_t take_key(struct bench *b, const char *mac, char key[static 32])
{
    struct db_seen seen;
    struct db_unit unit;
    const struct db_unit_supply supply = { .wants = &key_want,
                                           .want_count = 1,
                                           .pools = { "keys" },
                                           .is_fleets = { true },
                                           .pool_count = 1,
                                           .bound = no_bound_row,
                                           .find = find_row,
                                           .free_row = free_row,
                                           .describe = describe_row,
                                           .field = row_field };
    const struct db_admission rule = { .duplicates = DB_DUPLICATES_ALLOWED, .supply = &supply };
    const struct db_board board = { .mac = mac, .chip = "ESP32", .seen_utc_ms = T0_MS };
    const int64_t run_id = start_run_at(b, b->db, 0, 1, T0_MS);
    const bool ok = db_board_admit(b->db, run_id, &board, &rule, &seen, &unit, &b->e);
    snprintf(key, 32, "%s", ok ? unit.texts[0] : "");
    if (!ok) {
        assert_int_equal(b->e.code, ERR_LEASE);
        assert_int_equal(unit.unlent_pool, 0);
        b->e = (struct err){ 0 };
    }
    const int64_t lease = unit.unlent_lease;
    db_unit_done(&unit);
    check_ok(b, try_close(b, run_id, DB_PASS));
    return lease;
}

static void expect_key(struct bench *b, const char *mac, const char *expected)
{
    char key[32];
    take_key(b, mac, key);
    assert_string_equal(key, expected);
}

static void lease_of_rows_is_used_in_order_and_once(void **state)
{
    struct bench *b = *state;
    int64_t left, ended;
    bench_open(b);
    expect_key(b, "240ac4000001", "");
    lend_rows(b, 1, 2, 3, HOUR); /* 2, 3 which is gone, 4 */
    check_ok(b, db_lease_rows_left(b->db, "keys", &left, &b->e));
    assert_int_equal(left, 3);
    expect_key(b, "240ac4000001", "key-2");
    expect_key(b, "240ac4000001", "key-2"); /* its own again */
    expect_key(b, "240ac4000002", "key-4");
    expect_key(b, "240ac4000003", "");
    lend_rows(b, 2, 0, 1, HOUR);
    expect_key(b, "240ac4000003", "key-0");
    check_ok(b, db_lease_tidy(b->db, &ended, &b->e));
    assert_int_equal(ended, 1); /* the second is used up */
    check_ok(b, db_lease_return(b->db, NULL, "keys", 0, &left, &b->e));
    assert_int_equal(left, 1);
    assert_answer(b, "SELECT group_concat(why || ' ' || used, ', ') FROM lease",
                  "returned 2, used-up 1");
    assert_clean(b);
}

/* So a slot that found none knows whether rows were lent after it looked, whatever is left of the
 * older ones that it cannot use. */
static void lease_of_rows_that_came_after_a_look_is_newer(void **state)
{
    struct bench *b = *state;
    char key[32];
    int64_t newest, left;
    bench_open(b);
    assert_int_equal(take_key(b, "240ac4000001", key), 0);
    lend_rows(b, 1, 3, 1, HOUR); /* of a row that is gone */
    check_ok(b, db_lease_newest_rows(b->db, "keys", &newest, &b->e));
    assert_true(newest > 0);
    assert_int_equal(take_key(b, "240ac4000001", key), newest);
    const int64_t seen = newest;
    check_ok(b, db_lease_newest_rows(b->db, "other", &newest, &b->e));
    assert_int_equal(newest, 0);
    lend_rows(b, 2, 0, 1, HOUR);
    check_ok(b, db_lease_newest_rows(b->db, "keys", &newest, &b->e));
    assert_true(newest > seen);
    expect_key(b, "240ac4000001", "key-0");
    check_ok(b, db_lease_return(b->db, NULL, "keys", 0, &left, &b->e));
    check_ok(b, db_lease_newest_rows(b->db, "keys", &newest, &b->e));
    assert_int_equal(newest, 0); /* what has ended lends nothing */
    assert_clean(b);
}

/* A row that a board gave up is the lease's again, while that lasts. */
static void lease_of_rows_has_a_released_row_again(void **state)
{
    struct bench *b = *state;
    int64_t left;
    bench_open(b);
    lend_rows(b, 1, 0, 2, HOUR);
    expect_key(b, "240ac4000001", "key-0");
    const struct db_unit_decision decision = {
        .operator_name = "Eve", .reason = "scrap", .host = "h", .utc_ms = T0_MS
    };
    check_ok(b, db_unit_release(b->db, "key-0", &decision, &b->e));
    check_ok(b, db_lease_rows_left(b->db, "keys", &left, &b->e));
    assert_int_equal(left, 2);
    expect_key(b, "240ac4000002", "key-0");
    check_ok(b, db_lease_return(b->db, NULL, "keys", 0, &left, &b->e));
    expect_key(b, "240ac4000003", "");
    assert_clean(b);
}

static void lease_of_rows_lapses(void **state)
{
    struct bench *b = *state;
    int64_t ended;
    bench_open(b);
    const struct db_lease_clock now = now_of(b);
    lend_rows(b, 1, 0, 2, HOUR);
    struct db_lease_clock past = now;
    past.boot_ms -= HOUR * 1000;
    char rows[1][DB_UNIT_HEX_CAP];
    row_digest(4, rows[0]);
    const struct db_lease_rows over = {
        .number = 2, .pool = "keys", .sha256 = rows, .count = 1, .asked = &past, .seconds = HOUR
    };
    check_ok(b, db_lease_return(b->db, NULL, NULL, 1, &ended, &b->e));
    check_ok(b, db_lease_add_rows(b->db, &over, &b->e));
    expect_key(b, "240ac4000001", "");
    check_ok(b, db_lease_tidy(b->db, &ended, &b->e));
    assert_int_equal(ended, 1);
    assert_answer(b, "SELECT why FROM lease WHERE number = 2", "lapsed");
    assert_clean(b);
}

/* ---- What was asked for in vain ---- */

static void lease_knows_what_a_dead_process_never_had(void **state)
{
    struct bench *b = *state;
    bool orphan;
    bench_open(b); /* process 1 */
    const int64_t lot = open_fleet_lot(b, 100);
    const struct db_fleet_say says = { .answer = DB_FLEET_ANSWERED,
                                       .claim = 99,
                                       .has_place = true };
    start(b, lot, "240ac4000001", &says);
    check_ok(b, db_lease_is_orphan(b->db, 77, 1, &orphan, &b->e));
    assert_false(orphan); /* its own: it may come still */
    check_ok(b, db_station_end(b->db, T0_MS, &b->e));
    db_close(b->db);
    bench_open(b);
    check_ok(b, db_lease_is_orphan(b->db, 77, 1, &orphan, &b->e));
    assert_true(orphan);
    check_ok(b, db_lease_is_orphan(b->db, 99, 1, &orphan, &b->e));
    assert_false(orphan); /* a run has it */
    lend(b, 4711, 1);
    check_ok(b, db_lease_is_orphan(b->db, 4711, 0, &orphan, &b->e));
    assert_false(orphan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lease_gives_as_many_places_as_it_has, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(lease_is_not_used_where_the_server_gives_a_place, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_keeps_what_the_server_knows_the_run_by, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_without_a_place_leaves_no_run, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(lease_gets_the_place_of_a_pass_that_is_taken_back, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_lapses_here_first, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(lease_lapses_by_whichever_clock_says_so_first, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_of_an_earlier_start_of_the_computer_is_void, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_ends_once_and_gives_nothing_after_that, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_is_guarded_by_the_file, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(lease_is_given_up_with_an_older_record, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_survives_a_kill_at_any_moment, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(lease_of_numbers_is_used_in_order_and_once, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_of_numbers_keeps_to_the_limits_of_the_recipe,
                                        bench_up, bench_down),
        cmocka_unit_test_setup_teardown(lease_of_rows_is_used_in_order_and_once, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_of_rows_that_came_after_a_look_is_newer, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_of_rows_has_a_released_row_again, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(lease_of_rows_lapses, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(lease_knows_what_a_dead_process_never_had, bench_up,
                                        bench_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
