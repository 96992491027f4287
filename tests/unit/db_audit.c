/* The chain: what is bound, and that the audit names the first row that somebody has touched. */
#include "tests/unit/db_audit_help.h"

#include "db/write/burn_rows.h"
#include "db/write/lease.h"

/* ---- Helpers ---- */

/* Two stations, two lots, runs of every kind, one of them open. */
static void make_record(struct bench *b)
{
    bench_open(b);
    const int64_t lot = db_lot_put(b->db, "A", T0_MS, &b->e);
    whole_run(b, "240ac4000001", lot, 1, T0_MS, DB_PASS);         /* run 1 */
    whole_run(b, "240ac4000002", lot, 2, T0_MS, DB_FAIL);         /* run 2 */
    whole_run(b, "240ac4000003", 0, 3, T0_MS - 3600000, DB_PASS); /* run 3: the clock went back */
    whole_run(b, "240ac4000002", lot, 2, T0_MS + 1000, DB_PASS);  /* run 4 */
    check_ok(b, db_station_end(b->db, T0_MS + 60000, &b->e));
    db_close(b->db);
    bench_open(b);
    const int64_t open_run = start_run(b); /* run 5 */
    see(b, open_run, "240ac4000005");
    check_ok(b, try_attempt(b, open_run, 1));
    whole_run(b, "240ac4000006", db_lot_put(b->db, "B", T0_MS, &b->e), 1, T0_MS, DB_STOPPED);
}

static void assert_tamper(struct bench *b, const char *text, enum db_finding_kind kind,
                          const char *words)
{
    make_record(b);
    assert_clean(b);
    tamper(b, text);
    const struct first first = audit_with(b, NULL, NULL);
    assert_found(&first, kind, words);
}

/* ---- What the chain is ---- */

static void db_links_every_row_once(void **state)
{
    struct bench *b = *state;
    make_record(b);
    assert_clean(b);
    assert_answer(b, "SELECT group_concat(kind || row, ' ') FROM (SELECT * FROM link ORDER BY id)",
                  "station1 lot1 recipe1 board1 run1 board2 run2 board3 run3 run4 station-end1"
                  " station2 board4 lot2 board5 run6");
    check_ok(b, try_close(b, 5, DB_FAIL));
    assert_clean(b);
    assert_answer(b, "SELECT kind || row FROM link ORDER BY id DESC LIMIT 1", "run5");
}

/* The forms as docs/audit.md tells them, written here by hand. */
static void db_hashes_the_form_that_is_documented(void **state)
{
    struct bench *b = *state;
    char hex[DB_SHA256_CAP], expected[DB_SHA256_CAP];
    static const char form[] = "lot 1 'A''s' '2026-03-04T05:06:07.089Z' NULL NULL 0 NULL\n";
    b->db = open_or_fail(b);
    check_ok(b, db_lot_put(b->db, "A's", T0_MS, &b->e) == 1);
    struct db_sha256 sha = db_sha256_new();
    db_sha256_add(&sha, form, strlen(form));
    check_ok(b, db_sha256_hex(&sha, expected, &b->e));
    ask(b, "SELECT form_sha256 FROM link", hex, sizeof hex);
    assert_string_equal(hex, expected);
    db_sha256_again(&sha);
    db_sha256_add_text(&sha, "0000000000000000000000000000000000000000000000000000000000000000\n");
    db_sha256_add_text(&sha, "lot 1 ");
    db_sha256_add_text(&sha, hex);
    db_sha256_add_text(&sha, "\n");
    check_ok(b, db_sha256_hex(&sha, expected, &b->e));
    db_sha256_free(&sha);
    assert_answer(b, "SELECT sha256 FROM link", expected);
}

/* ---- One change at a time ---- */

/* Of places, ended: its end is bound, too; and of rows, which are bound with it. */
static void add_lease(struct bench *b)
{
    int64_t back;
    struct db_lease_clock now;
    check_ok(b, db_lease_now(&now, &b->e));
    const struct db_lease_places lease = { .number = 4711,
                                           .lot = "A",
                                           .places = 3,
                                           .asked = &now,
                                           .seconds = 3600,
                                           .operator_name = "Eve" };
    check_ok(b, db_lease_add_places(b->db, &lease, &b->e));
    check_ok(b, db_lease_return(b->db, "A", NULL, 0, &back, &b->e));
    char rows[1][DB_UNIT_HEX_CAP];
    snprintf(rows[0], sizeof rows[0], "%064d", 7);
    const struct db_lease_rows of_pool = {
        .number = 4712, .pool = "keys", .sha256 = rows, .count = 1, .asked = &now, .seconds = 3600
    };
    check_ok(b, db_lease_add_rows(b->db, &of_pool, &b->e));
}

static void add_burn(struct bench *b, int64_t run_id)
{
    const struct db_burn row = { .run_id = run_id,
                                 .attempt = 1,
                                 .number = 1,
                                 .stage = "enable",
                                 .fuses = "SECURE_BOOT_EN=0x1",
                                 .words = "00000000 00100000",
                                 .outcome = "burnt",
                                 .proof = "00000001 00100000",
                                 .person = "Ann",
                                 .made_utc_ms = T0_MS };
    check_ok(b, db_burn_add(b->db, &row, &b->e));
}

/* Every column of every table, in the first row that is bound: a column that nobody has added to
 * the forms is found here. */
static void db_audit_notices_a_change_in_any_column(void **state)
{
    struct bench *b = *state;
    static const char *const tables[] = {
        "station", "recipe", "image", "lot",  "board", "run",
        "attempt", "digest", "burn",  "link", "lease", "lease_row"
    };
    char original[128], command[640];
    make_record(b);
    add_lease(b);
    add_burn(b, 5);
    db_close(b->db);
    b->db = NULL;
    snprintf(original, sizeof original, "%s/original.db", b->folder);
    snprintf(command, sizeof command, "sqlite3 %s 'PRAGMA wal_checkpoint(TRUNCATE)' && cp %s %s",
             b->path, b->path, original);
    assert_int_equal(system(command), 0);
    int columns = 0;
    for (size_t t = 0; t < sizeof tables / sizeof tables[0]; t++) {
        for (int column = 0;; column++) {
            char question[160], name[64], change[640];
            snprintf(question, sizeof question,
                     "SELECT name FROM pragma_table_info('%s') WHERE cid = %d", tables[t], column);
            ask(b, question, name, sizeof name);
            if (strcmp(name, "NULL") == 0)
                break;
            const bool digest = strcmp(tables[t], "digest") == 0;
            snprintf(change, sizeof change,
                     "PRAGMA writable_schema = 1;"
                     "UPDATE %s SET \"%s\" = CASE WHEN \"%s\" IS NULL THEN '7' WHEN typeof(\"%s\")"
                     " = 'integer' THEN \"%s\" + 90 ELSE \"%s\" || 'x' END WHERE %s",
                     tables[t], name, name, name, name, name,
                     digest ? "attempt = 1 AND image = 1" : "id = 1");
            tamper(b, change);
            const struct first first = audit_with(b, NULL, NULL);
            if (first.count == 0)
                fail_msg("%s.%s was changed and nothing was found", tables[t], name);
            columns++;
            snprintf(command, sizeof command, "cp %s %s && rm -f %s-wal %s-shm", original, b->path,
                     b->path, b->path);
            assert_int_equal(system(command), 0);
        }
    }
    assert_clean(b);
    assert_true(columns > 100);
}

static void db_audit_names_a_changed_run(void **state)
{
    assert_tamper(*state, "UPDATE run SET verdict = 'PASS' WHERE id = 2", DB_CHANGED,
                  "run 2 (24:0a:c4:00:00:02, lot A, slot 2, PASS, 2026-03-04T05:06:07.089Z) was "
                  "changed");
}

static void db_audit_names_a_run_whose_attempt_was_deleted(void **state)
{
    assert_tamper(*state, "DELETE FROM digest WHERE attempt = 3; DELETE FROM attempt WHERE id = 3",
                  DB_CHANGED, "run 3 (");
}

static void db_audit_finds_bytes_hidden_behind_a_nul(void **state)
{
    assert_tamper(*state,
                  "UPDATE run SET sentence = sentence || char(0) || 'and more' WHERE id = 2",
                  DB_CHANGED, "run 2 (");
}

static void db_audit_names_a_deleted_run(void **state)
{
    assert_tamper(*state,
                  "DELETE FROM digest WHERE attempt = 2; DELETE FROM attempt WHERE run = 2;"
                  "DELETE FROM run WHERE id = 2",
                  DB_DELETED, "run 2 was deleted");
}

static void db_audit_names_a_run_that_was_opened_again(void **state)
{
    assert_tamper(*state, "UPDATE run SET verdict = NULL WHERE id = 2", DB_DELETED,
                  "run 2 (24:0a:c4:00:00:02, lot A, slot 2, open, 2026-03-04T05:06:07.089Z) was "
                  "deleted, or its end was taken away");
}

static void db_audit_names_a_deleted_link(void **state)
{
    assert_tamper(*state,
                  "DELETE FROM digest WHERE attempt = 2; DELETE FROM attempt WHERE run = 2;"
                  "DELETE FROM run WHERE id = 2; DELETE FROM link WHERE kind = 'run' AND row = 2",
                  DB_DELETED, "1 of the links 7 to 7 were deleted");
}

static void db_audit_notices_a_deletion_that_was_closed_up(void **state)
{
    assert_tamper(*state,
                  "DELETE FROM digest WHERE attempt = 2; DELETE FROM attempt WHERE run = 2;"
                  "DELETE FROM run WHERE id = 2; DELETE FROM link WHERE id = 7;"
                  "UPDATE link SET id = id - 1 WHERE id > 7",
                  DB_DELETED,
                  "What was recorded just before board 3 (24:0a:c4:00:00:03) was deleted");
}

static void db_audit_names_an_open_run_that_was_deleted(void **state)
{
    assert_tamper(*state,
                  "DELETE FROM digest WHERE attempt = 5; DELETE FROM attempt WHERE run = 5;"
                  "DELETE FROM run WHERE id = 5",
                  DB_DELETED, "run 5 was deleted before it had a link");
}

#define COPY_OF_RUN_1                                                                              \
    "INSERT INTO run (id, station, recipe, slot, port, started_utc, board, ended_utc, "            \
    "duration_ms,"                                                                                 \
    " verdict, code, board_state) SELECT 7, station, recipe, slot, port, started_utc, board,"      \
    " ended_utc, duration_ms, verdict, code, board_state FROM run WHERE id = 1;"

static void db_audit_names_a_run_without_a_link(void **state)
{
    assert_tamper(*state, COPY_OF_RUN_1, DB_INSERTED,
                  "run 7 (24:0a:c4:00:00:01, slot 1, PASS, 2026-03-04T05:06:07.089Z) has no link");
}

/* With a link that fits the one before, made by the station's own code, and the rest moved on. */
static void db_audit_names_a_run_that_was_slipped_in(void **state)
{
    struct bench *b = *state;
    char form[DB_SHA256_CAP], hex[DB_SHA256_CAP], before[DB_SHA256_CAP], sql[512];
    make_record(b);
    tamper(b, COPY_OF_RUN_1);
    struct db_sha256 sha = db_sha256_new();
    assert_int_equal(chain_form_locked(b->db, &sha, LINK_RUN, 7, form, &b->e), 1);
    ask(b, "SELECT sha256 FROM link WHERE id = 7", before, sizeof before);
    check_ok(b, chain_hash(&sha, before, "run", 7, form, hex, &b->e));
    db_sha256_free(&sha);
    snprintf(sql, sizeof sql,
             "UPDATE link SET id = -id - 1 WHERE id > 7; UPDATE link SET id = -id WHERE id < 0;"
             "INSERT INTO link VALUES (8, 'run', 7, '%s', '%s')",
             form, hex);
    tamper(b, sql);
    const struct first first = audit_with(b, NULL, NULL);
    assert_found(&first, DB_INSERTED, "run 7 (");
    assert_int_equal(first.link, 8);
}

static void db_audit_names_a_run_that_was_slipped_in_with_any_hash(void **state)
{
    assert_tamper(*state,
                  COPY_OF_RUN_1 "UPDATE link SET id = -id - 1 WHERE id > 7; UPDATE link SET id = "
                                "-id WHERE id < 0;"
                                "INSERT INTO link VALUES (8, 'run', 7, '" SHA_A "', '" SHA_B "')",
                  DB_CHANGED, "run 7 (");
}

static void db_audit_names_what_was_moved(void **state)
{
    assert_tamper(*state,
                  "UPDATE link SET id = -5 WHERE id = 5; UPDATE link SET id = 5 WHERE id = 7;"
                  "UPDATE link SET id = 7 WHERE id = -5",
                  DB_REORDERED, "run 2 (24:0a:c4:00:00:02, lot A, slot 2, FAIL");
}

static void db_audit_names_a_link_whose_hash_was_changed(void **state)
{
    assert_tamper(*state, "UPDATE link SET sha256 = '" SHA_A "' WHERE id = 7", DB_CHANGED,
                  "Link 7, of run 2 (");
}

static void db_audit_notices_that_only_links_were_cut_off(void **state)
{
    assert_tamper(*state, "DELETE FROM link WHERE id > 9", DB_INSERTED, "station 2 (");
}

static void db_audit_names_a_guard_that_is_gone(void **state)
{
    struct bench *b = *state;
    sqlite3 *sql = NULL;
    make_record(b);
    assert_int_equal(sqlite3_open(b->path, &sql), SQLITE_OK);
    run_sql(sql, "DROP TRIGGER run_kept");
    const struct first gone = audit_with(b, NULL, NULL);
    assert_found(&gone, DB_UNGUARDED, "The trigger run_kept was dropped");
    run_sql(sql, "CREATE TRIGGER run_kept BEFORE DELETE ON run BEGIN SELECT 1; END");
    const struct first other = audit_with(b, NULL, NULL);
    assert_found(&other, DB_UNGUARDED, "The trigger run_kept is not as the station made it");
    run_sql(sql, "DROP TRIGGER run_kept; CREATE TRIGGER run_kept BEFORE DELETE ON run BEGIN SELECT"
                 " RAISE(ABORT, 'rows of run are never deleted'); END");
    assert_clean(b);
    run_sql(sql, "CREATE TRIGGER mine AFTER INSERT ON attempt BEGIN SELECT 1; END");
    const struct first added = audit_with(b, NULL, NULL);
    assert_found(&added, DB_UNGUARDED, "The trigger mine was added");
    run_sql(sql, "DROP TRIGGER mine; CREATE VIEW mine AS SELECT 1; CREATE INDEX my ON run(port)");
    assert_clean(b); /* views and indexes of one's own do no harm */
    sqlite3_close(sql);
}

/* ---- Chains of several writers ---- */

static void db_links_what_the_next_start_marks(void **state)
{
    struct bench *b = *state;
    int marked = 0;
    const struct db_station dead = station_of("elsewhere", 4711, 99);
    b->db = open_or_fail(b);
    check_ok(b, db_station_start(b->db, &dead, "0.1.0", T0_MS, NULL, &b->e));
    start_run(b);
    start_run(b);
    check_ok(b, db_station_end(b->db, T0_MS, &b->e));
    db_close(b->db);
    b->db = open_or_fail(b);
    struct db_station here;
    check_ok(b, db_station_here(&here, &b->e));
    check_ok(b, db_station_start(b->db, &here, "0.1.0", T0_MS, &marked, &b->e));
    assert_int_equal(marked, 2);
    assert_answer(b, "SELECT group_concat(kind || row, ' ') FROM (SELECT * FROM link ORDER BY id)",
                  "station1 recipe1 station-end1 run1 run2 station2");
    assert_clean(b);
}

static void db_stations_share_one_chain(void **state)
{
    struct bench *b = *state;
    struct db_station second = station_of("line2", 1, 1);
    bench_open(b);
    struct db *first = b->db, *other = open_or_fail(b);
    check_ok(b, db_station_start(other, &second, "0.1.0", T0_MS, NULL, &b->e));
    char mac[32];
    for (int i = 0; i < 6; i++) {
        b->db = i % 2 ? other : first;
        snprintf(mac, sizeof mac, "240ac40000%02x", i);
        whole_run(b, mac, 0, 1, T0_MS, DB_PASS);
    }
    b->db = first;
    db_close(other);
    assert_answer(b, "SELECT count(*) || ' ' || max(id) FROM link", "15 15");
    assert_clean(b);
}

static void db_audit_streams(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    put_recipe(b, b->db);
    /* many runs at once, and their links as a record without a chain gets them */
    run_sql(b->db->sql, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                        "20000)"
                        " INSERT INTO run (station, recipe, slot, port, started_utc)"
                        " SELECT 1, 1, 1, 'p', '2026-03-04T05:06:07.089Z' FROM n;"
                        " UPDATE run SET verdict = 'FAIL', code = 'no-sync', board_state = "
                        "'untouched',"
                        " ended_utc = started_utc, duration_ms = 1");
    struct chain_end end;
    check_ok(b, db_begin(b->db, &b->e));
    bool ok = true;
    for (int i = 1; ok && i <= 20000; i++)
        ok = chain_link_locked(b->db, LINK_RUN, i, &b->e);
    check_ok(b, chain_end_locked(b->db, &end, &b->e));
    check_ok(b, db_finish(b->db, ok, &b->e));
    assert_int_equal(end.link, 20002);
    sqlite3_memory_highwater(1);
    const int64_t before = sqlite3_memory_used();
    assert_clean(b);
    /* two caches of pages, and the tables as they should be; the runs' forms would be 6 MB more */
    assert_true(sqlite3_memory_highwater(0) - before < 17 << 18);
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(db_links_every_row_once),
        ON_BENCH(db_hashes_the_form_that_is_documented),
        ON_BENCH(db_audit_notices_a_change_in_any_column),
        ON_BENCH(db_audit_names_a_changed_run),
        ON_BENCH(db_audit_names_a_run_whose_attempt_was_deleted),
        ON_BENCH(db_audit_finds_bytes_hidden_behind_a_nul),
        ON_BENCH(db_audit_names_a_deleted_run),
        ON_BENCH(db_audit_names_a_run_that_was_opened_again),
        ON_BENCH(db_audit_names_a_deleted_link),
        ON_BENCH(db_audit_notices_a_deletion_that_was_closed_up),
        ON_BENCH(db_audit_names_an_open_run_that_was_deleted),
        ON_BENCH(db_audit_names_a_run_without_a_link),
        ON_BENCH(db_audit_names_a_run_that_was_slipped_in),
        ON_BENCH(db_audit_names_a_run_that_was_slipped_in_with_any_hash),
        ON_BENCH(db_audit_names_what_was_moved),
        ON_BENCH(db_audit_names_a_link_whose_hash_was_changed),
        ON_BENCH(db_audit_notices_that_only_links_were_cut_off),
        ON_BENCH(db_audit_names_a_guard_that_is_gone),
        ON_BENCH(db_links_what_the_next_start_marks),
        ON_BENCH(db_stations_share_one_chain),
        ON_BENCH(db_audit_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
