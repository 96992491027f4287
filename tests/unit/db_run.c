/* The life of runs in the record, the guards of its rows, and what killed stations leave. */
#include "tests/unit/db_help.h"

#include <signal.h>
#include <sys/wait.h>

/* ---- Recipe and lot ---- */

static void db_keeps_a_recipe_once(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t id = put_recipe(b, b->db);
    assert_int_equal(put_recipe(b, b->db), id);
    assert_answer(b, "SELECT count(*) FROM recipe", "1");
    assert_answer(b, "SELECT count(*) FROM image", "2");
    /* the SHA-256 of "abc", from FIPS 180-2 */
    assert_answer(b, "SELECT sha256 FROM recipe",
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    /* printf '%s\n' TEXT_SHA '0 4096 20000 aa.. aa.. boot.bin' '1 65536 900000 ..' | sha256sum */
    assert_answer(b, "SELECT plan_sha256 FROM recipe",
                  "b21eeef755c0371516ec1e1ca1d931b420d12d9f259da639067f612c99fa34bf");
    assert_answer(b,
                  "SELECT group_concat(number || file || offset, ' ')"
                  " FROM (SELECT * FROM image ORDER BY number)",
                  "0boot.bin4096 1app.bin65536");
}

static void db_tells_a_new_build_in_the_same_recipe_apart(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t first = put_recipe(b, b->db);
    const struct db_image rebuilt[] = {
        { "boot.bin", 0x1000, 20000, SHA_A, MD5_A, NULL, NULL, NULL },
        { "app.bin", 0x10000, 900000, SHA_A, MD5_B, NULL, NULL, NULL },
    };
    const struct db_recipe recipe = { "thermostat", "2.3.0", "esp32", "abc", 3, rebuilt, 2 };
    const int64_t second = db_recipe_put(b->db, &recipe, T0_MS, &b->e);
    check_ok(b, second > 0);
    assert_int_not_equal(second, first);
    assert_answer(b, "SELECT count(DISTINCT sha256) || count(DISTINCT plan_sha256) FROM recipe",
                  "12");
}

static void db_refuses_a_recipe_as_a_whole(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const struct db_image images[] = {
        { "boot.bin", 0x1000, 20000, SHA_A, MD5_A, NULL, NULL, NULL },
        { "app.bin", 0x10000, 900000, "not a digest", MD5_B, NULL, NULL, NULL },
    };
    const struct db_recipe recipe = { "thermostat", NULL, "esp32", "abc", 3, images, 2 };
    assert_int_equal(db_recipe_put(b->db, &recipe, T0_MS, &b->e), 0);
    assert_says(b, ERR_STATION, "Recording recipe thermostat: The record refused a row");
    assert_answer(b, "SELECT count(*) FROM recipe", "0");
    put_recipe(b, b->db);
}

static void db_keeps_a_recipe_byte_by_byte(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const struct db_recipe recipe = { "r", NULL, "esp32", "a\0b\r\n", 5, NULL, 0 };
    check_ok(b, db_recipe_put(b->db, &recipe, T0_MS, &b->e) > 0);
    assert_answer(b, "SELECT hex(text) FROM recipe", "6100620D0A");
}

static void db_keeps_a_lot_once(void **state)
{
    struct bench *b = *state;
    char long_name[DB_LOT_CAP + 1];
    bench_open(b);
    const int64_t id = db_lot_put(b->db, "A-17", T0_MS, &b->e);
    check_ok(b, id > 0);
    assert_int_equal(db_lot_put(b->db, "A-17", T0_MS + 5, &b->e), id);
    assert_int_not_equal(db_lot_put(b->db, "A-18", T0_MS, &b->e), id);
    memset(long_name, 'x', sizeof long_name);
    long_name[DB_LOT_CAP] = '\0';
    assert_int_equal(db_lot_put(b->db, long_name, T0_MS, &b->e), 0);
    assert_says(b, ERR_USAGE, "1 to 100 bytes, this one has 101");
    assert_int_equal(db_lot_put(b->db, "", T0_MS, &b->e), 0);
    assert_says(b, ERR_USAGE, "this one has 0");
    long_name[DB_LOT_CAP - 1] = '\0';
    check_ok(b, db_lot_put(b->db, long_name, T0_MS, &b->e) > 0);
}

/* ---- A run ---- */

static void db_commits_an_open_run_before_the_board_is_touched(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    start_run(b);
    assert_answer(b,
                  "SELECT slot || port || operator || started_utc || (verdict IS NULL)"
                  " || (board IS NULL) || (lot IS NULL) || (ended_utc IS NULL) FROM run",
                  "1/dev/ttyUSB0Ada2026-03-04T05:06:07.089Z1111");
}

static void db_needs_a_station_before_a_run(void **state)
{
    struct bench *b = *state;
    b->db = open_or_fail(b);
    const struct db_run_begin run = { .recipe_id = put_recipe(b, b->db), .slot = 1, .port = "p" };
    assert_int_equal(db_run_start(b->db, &run, &b->e), 0);
    assert_says(b, ERR_STATION, "a run starts before its station did");
    assert_false(db_station_end(b->db, T0_MS, &b->e));
    assert_says(b, ERR_STATION, "has not started");
}

static void db_records_a_whole_run(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t run_id = whole_run(b, "240AC4000001", 0, 3, T0_MS, DB_PASS);
    check_ok(b, run_id == 1);
    assert_answer(b,
                  "SELECT verdict || code || board_state || ended_utc || duration_ms || seen_chip"
                  " || seen_revision || seen_flash_id || seen_flash_bytes FROM run",
                  "PASSokrunning2026-03-04T05:06:18.089Z11000ESP32-D0WD-V33011458208"
                  "4194304");
    assert_answer(b, "SELECT mac || chip || revision || first_seen_utc FROM board",
                  "24:0a:c4:00:00:01ESP32-D0WD-V33012026-03-04T05:06:07.089Z");
    assert_answer(b,
                  "SELECT number || started_utc || duration_ms || baud || reset || loader || phase"
                  " || code || board_state || bytes_written || wire_bytes FROM attempt",
                  "12026-03-04T05:06:08.089Z9500921600classicstubleaveokrunning920000512345");
    assert_answer(b,
                  "SELECT baud_asked || baud_why || write_mode || round_trips || reset_ms || "
                  "sync_ms"
                  " || identify_ms || stub_ms || baud_ms || erase_ms || wire_ms || stall_ms"
                  " || md5_ms || leave_ms || (boot_ms IS NULL) || floor_ms FROM attempt",
                  "921600recipechanged3211011021031041051061071081091101112");
    assert_answer(b, "SELECT group_concat(skipped_bytes) FROM digest", "0,4096");
    assert_answer(b,
                  "SELECT group_concat(file || ifnull(read_md5, '-') || substr(written_sha256, 1, "
                  "2),"
                  " ' ') FROM digest JOIN image ON image.id = digest.image",
                  "boot.bin" MD5_A "aa app.bin-bb");
    assert_answer(b, "PRAGMA integrity_check", "ok");
    assert_answer(b, "PRAGMA foreign_key_check", "NULL");
}

static void db_closes_a_run_only_once(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t run_id = whole_run(b, "240AC4000001", 0, 3, T0_MS, DB_FAIL);
    assert_false(try_close(b, run_id, DB_PASS));
    assert_says(b, ERR_STATION, "Recording the end of run 1: Run 1 is closed already, as FAIL");
    assert_false(try_attempt(b, run_id, 2));
    assert_says(b, ERR_STATION, "closed already");
    struct db_seen seen;
    const struct db_board board = { .mac = "240ac4000001", .chip = "x" };
    assert_false(db_board_seen(b->db, run_id, &board, &seen, &b->e));
    assert_says(b, ERR_STATION, "closed already");
    assert_false(try_close(b, 99, DB_FAIL));
    assert_says(b, ERR_STATION, "The record has no run 99");
    assert_answer(b, "SELECT verdict FROM run", "FAIL");
}

static void db_gives_no_pass_without_a_board(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t run_id = start_run(b);
    assert_false(try_close(b, run_id, DB_PASS));
    assert_says(b, ERR_STATION, "PASS needs a board");
    check_ok(b, try_close(b, run_id, DB_STOPPED));
    assert_answer(b, "SELECT verdict FROM run", "STOPPED");
}

static void db_refuses_an_attempt_as_a_whole(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t run_id = start_run(b);
    const struct db_digest digests[] = {
        { 0, MD5_A, MD5_A, MD5_A, SHA_A, 0 },
        { 7, MD5_B, NULL, NULL, NULL, 0 }, /* the recipe has no image 7 */
    };
    struct db_attempt attempt = { .number = 1,
                                  .started_utc_ms = T0_MS,
                                  .phase = "write",
                                  .code = "write",
                                  .board_state = "half-written",
                                  .digests = digests,
                                  .digest_count = 2 };
    assert_false(db_attempt_add(b->db, run_id, &attempt, &b->e));
    assert_says(b, ERR_STATION, "Recording attempt 1 of run 1: Image 7: The record refused");
    assert_answer(b, "SELECT (SELECT count(*) FROM attempt) + (SELECT count(*) FROM digest)", "0");
    attempt.digest_count = 1;
    check_ok(b, db_attempt_add(b->db, run_id, &attempt, &b->e));
    assert_false(db_attempt_add(b->db, run_id, &attempt, &b->e));
    assert_says(b, ERR_STATION, "never replaced");
    attempt.number = 2;
    attempt.loader = "magic";
    assert_false(db_attempt_add(b->db, run_id, &attempt, &b->e));
    attempt.loader = NULL;
    attempt.started_utc_ms = -1;
    assert_false(db_attempt_add(b->db, run_id, &attempt, &b->e));
    assert_says(b, ERR_STATION, "started_utc");
}

static void db_refuses_rows_that_make_no_sense(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t recipe_id = put_recipe(b, b->db);
    const struct db_run_begin bad[] = {
        { .recipe_id = 99, .slot = 1, .port = "p", .started_utc_ms = T0_MS },
        { .recipe_id = recipe_id, .lot_id = 99, .slot = 1, .port = "p", .started_utc_ms = T0_MS },
        { .recipe_id = recipe_id, .slot = 0, .port = "p", .started_utc_ms = T0_MS },
        { .recipe_id = recipe_id, .slot = 1, .port = NULL, .started_utc_ms = T0_MS },
        { .recipe_id = recipe_id, .slot = 1, .port = "p", .started_utc_ms = -5 },
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(db_run_start(b->db, &bad[i], &b->e), 0);
        assert_says(b, ERR_STATION,
                    bad[i].lot_id != 0 ? "The record has no lot 99" : "The record refused a row");
    }
    assert_answer(b, "SELECT count(*) FROM run", "0");
}

/* ---- The board ---- */

static void db_tells_whether_a_board_passed_before(void **state)
{
    struct bench *b = *state;
    const char *mac = "24:0a:c4:00:00:01";
    bench_open(b);
    const int64_t lot_a = db_lot_put(b->db, "A", T0_MS, &b->e);
    const int64_t lot_b = db_lot_put(b->db, "B", T0_MS, &b->e);

    int64_t run_id = start_run_at(b, b->db, lot_a, 1, T0_MS);
    struct db_seen seen = see(b, run_id, mac);
    assert_true(seen.first_time && !seen.changed && !seen.passed.ever && !seen.passed.in_lot);
    assert_int_equal(seen.passed.run_id, 0);
    seen = see(b, run_id, mac); /* the next attempt of the same run */
    assert_true(!seen.first_time && !seen.changed && !seen.passed.ever);
    check_ok(b, try_close(b, run_id, DB_FAIL));

    run_id = start_run_at(b, b->db, lot_a, 1, T0_MS);
    seen = see(b, run_id, mac);
    assert_true(!seen.first_time && !seen.passed.ever); /* a FAIL is no PASS */
    check_ok(b, try_close(b, run_id, DB_PASS));
    const int64_t passed_run = run_id;

    run_id = start_run_at(b, b->db, lot_b, 1, T0_MS);
    seen = see(b, run_id, mac);
    assert_true(seen.passed.ever && !seen.passed.in_lot);
    assert_int_equal(seen.passed.run_id, passed_run);
    assert_string_equal(seen.passed.lot, "A");
    assert_string_equal(seen.passed.ended_utc, "2026-03-04T05:06:18.089Z");
    check_ok(b, try_close(b, run_id, DB_PASS));

    run_id = start_run_at(b, b->db, lot_a, 1, T0_MS);
    seen = see(b, run_id, mac);
    assert_true(seen.passed.ever && seen.passed.in_lot);
    assert_int_equal(seen.passed.run_id, passed_run); /* the one in this lot, not the latest */
    check_ok(b, try_close(b, run_id, DB_STOPPED));

    run_id = start_run_at(b, b->db, 0, 1, T0_MS);
    seen = see(b, run_id, mac);
    assert_true(seen.passed.ever && !seen.passed.in_lot);
    assert_string_equal(seen.passed.lot, "B");

    struct db_passed passed;
    check_ok(b, db_passed(b->db, "240AC4000001", lot_a, &passed, &b->e));
    assert_true(passed.ever && passed.in_lot);
    check_ok(b, db_passed(b->db, mac, 0, &passed, &b->e));
    assert_true(passed.ever && !passed.in_lot);
    check_ok(b, db_passed(b->db, "24:0a:c4:00:00:02", lot_a, &passed, &b->e));
    assert_true(!passed.ever && !passed.in_lot && passed.run_id == 0);
    assert_false(db_passed(b->db, "nonsense", lot_a, &passed, &b->e));
    assert_says(b, ERR_USAGE, "is not a MAC");
}

/* What a tile and docs/line.md say of it: a lot counts for itself, and so does none. */
static void a_pass_in_a_lot_is_none_without_a_lot(void **state)
{
    struct bench *b = *state;
    const char *mac = "24:0a:c4:00:00:01";
    bench_open(b);
    const int64_t lot = db_lot_put(b->db, "A", T0_MS, &b->e);
    whole_run(b, mac, lot, 1, T0_MS, DB_PASS);
    struct db_passed_where where = { .mac = mac, .lot_id = lot };
    struct db_passed_run passed;
    where.recipe_id = put_recipe(b, b->db);
    check_ok(b, db_passed_here(b->db, &where, &passed, &b->e));
    assert_int_equal(passed.run_id, 1);
    where.lot_id = 0;
    check_ok(b, db_passed_here(b->db, &where, &passed, &b->e));
    assert_int_equal(passed.run_id, 0);
    whole_run(b, mac, 0, 1, T0_MS, DB_PASS);
    check_ok(b, db_passed_here(b->db, &where, &passed, &b->e));
    assert_int_equal(passed.run_id, 2);
}

static void db_keeps_what_each_run_saw_of_a_board(void **state)
{
    struct bench *b = *state;
    struct db_seen seen;
    bench_open(b);
    whole_run(b, "60:55:f9:ff:fe:f7:2c:a2", 0, 1, T0_MS, DB_PASS);
    const struct db_board repaired = { .mac = "6055F9FFFEF72CA2",
                                       .chip = "ESP32-D0WD-V3",
                                       .revision = -1,
                                       .flash_id = -1,
                                       .flash_bytes = 0,
                                       .seen_utc_ms = T0_MS + 5 };
    const int64_t run_id = start_run(b);
    check_ok(b, db_board_seen(b->db, run_id, &repaired, &seen, &b->e));
    assert_true(seen.changed && !seen.first_time);
    assert_answer(b, "SELECT count(*) || mac || flash_bytes FROM board",
                  "160:55:f9:ff:fe:f7:2c:a24194304");
    assert_answer(b,
                  "SELECT (seen_revision IS NULL) + (seen_flash_id IS NULL)"
                  " + (seen_flash_bytes IS NULL) FROM run WHERE id = 2",
                  "3");
}

static void db_notices_a_board_that_was_swapped_during_its_run(void **state)
{
    struct bench *b = *state;
    struct db_seen seen;
    bench_open(b);
    const int64_t run_id = start_run(b);
    see(b, run_id, "24:0a:c4:00:00:01");
    const struct db_board other = { .mac = "24:0a:c4:00:00:02", .chip = "ESP32" };
    assert_false(db_board_seen(b->db, run_id, &other, &seen, &b->e));
    assert_says(b, ERR_IDENTIFY, "began with 24:0a:c4:00:00:01, now 24:0a:c4:00:00:02");
    assert_answer(b, "SELECT count(*) FROM board", "1");
}

/* ---- Guards ---- */

static void db_file_refuses_changes_of_other_programs(void **state)
{
    static const char *const attacks[] = {
        "DELETE FROM run WHERE id = 1",
        "DELETE FROM attempt",
        "DELETE FROM digest",
        "DELETE FROM board",
        "DELETE FROM recipe",
        "DELETE FROM image",
        "DELETE FROM lot",
        "DELETE FROM station",
        "DELETE FROM run WHERE verdict IS NULL",
        "UPDATE run SET verdict = 'PASS' WHERE id = 1",
        "UPDATE run SET sentence = 'fine' WHERE id = 1",
        "UPDATE run SET verdict = NULL WHERE id = 1",
        "UPDATE run SET rowid = 77 WHERE id = 1",
        "UPDATE run SET started_utc = '2020-01-01T00:00:00.000Z' WHERE id = 2",
        "UPDATE run SET slot = 9 WHERE id = 2",
        "UPDATE run SET operator = NULL WHERE id = 2",
        "UPDATE run SET id = 77 WHERE id = 2",
        "UPDATE run SET rowid = 77 WHERE id = 2",
        "UPDATE run SET board = NULL WHERE id = 2",
        "UPDATE run SET verdict = 'FINE', code = 'ok', board_state = 'x' WHERE id = 2",
        "UPDATE run SET verdict = 'FAIL', code = 'no-sync', board_state = 'x' WHERE id = 2",
        "UPDATE run SET verdict = 'PASS', code = 'ok', board_state = 'x', duration_ms = 1,"
        " ended_utc = '2026-03-04T05:06:07.089Z' WHERE id = 3",
        "UPDATE OR REPLACE run SET id = 1 WHERE id = 2",
        "UPDATE attempt SET bytes_written = 0",
        "UPDATE digest SET read_md5 = expected_md5",
        "UPDATE board SET mac = '24:0a:c4:00:00:99'",
        "UPDATE recipe SET text = ''",
        "UPDATE image SET sha256 = md5 || md5",
        "UPDATE lot SET name = 'other'",
        "UPDATE station SET host = 'elsewhere'",
        "UPDATE station SET rowid = 5",
        "UPDATE station SET ended_utc = 'soon'",
        "INSERT INTO run (station, recipe, slot, port, started_utc, verdict, code, board_state,"
        " ended_utc, duration_ms, board) SELECT station, recipe, slot, port, started_utc, verdict,"
        " code, board_state, ended_utc, duration_ms, board FROM run WHERE id = 1",
        "INSERT OR REPLACE INTO run (id, station, recipe, slot, port, started_utc)"
        " SELECT 1, station, recipe, slot, port, started_utc FROM run WHERE id = 1",
        "REPLACE INTO board SELECT 9, mac, 'ESP8266', 0, 0, 0, first_seen_utc FROM board",
        "REPLACE INTO lot (id, name, added_utc) SELECT id, 'other', added_utc FROM lot",
        "REPLACE INTO attempt SELECT * FROM attempt",
        "REPLACE INTO digest SELECT * FROM digest",
        "REPLACE INTO recipe SELECT * FROM recipe",
        "REPLACE INTO image SELECT * FROM image",
        "REPLACE INTO station SELECT * FROM station",
        "INSERT INTO attempt (run, number, started_utc, duration_ms, phase, code, board_state,"
        " bytes_written, wire_bytes) SELECT 1, 2, started_utc, 1, 'x', 'x', 'x', 0, 0"
        " FROM attempt WHERE id = 1",
        "INSERT INTO attempt (run, number, started_utc, duration_ms, phase, code, board_state,"
        " bytes_written, wire_bytes) SELECT 999, 2, started_utc, 1, 'x', 'x', 'x', 0, 0"
        " FROM attempt WHERE id = 1",
        "INSERT INTO digest (attempt, image, expected_md5) SELECT 1, 2, expected_md5 FROM digest",
        "INSERT INTO image SELECT NULL, recipe, 9, file, 0, 1, sha256, md5, NULL, NULL, NULL FROM "
        "image",
        "INSERT INTO board SELECT NULL, '24:0A:C4:00:00:01', chip, 1, 1, 1, first_seen_utc"
        " FROM board",
        "INSERT INTO lot (name, added_utc) VALUES ('next', 'tomorrow')",
        "INSERT INTO lot (name, added_utc) VALUES ('', '2026-03-04T05:06:07.089Z')",
        "INSERT INTO run (station, recipe, slot, port, started_utc) VALUES (1, 1, 'two', 'p',"
        " '2026-03-04T05:06:07.089Z')",
    };
    struct bench *b = *state;
    sqlite3 *other = NULL;
    bench_open(b);
    const int64_t lot = db_lot_put(b->db, "A", T0_MS, &b->e);
    whole_run(b, "240ac4000001", lot, 1, T0_MS, DB_FAIL);
    const int64_t open_run = start_run(b);
    see(b, open_run, "240ac4000001");
    check_ok(b, try_attempt(b, open_run, 1));
    start_run(b);
    assert_int_equal(sqlite3_open(b->path, &other), SQLITE_OK);
    for (size_t i = 0; i < sizeof attacks / sizeof attacks[0]; i++) {
        const int rc = sqlite3_exec(other, attacks[i], NULL, NULL, NULL);
        if (rc != SQLITE_CONSTRAINT)
            fail_msg("%s: %s", attacks[i], sqlite3_errmsg(other));
    }
    sqlite3_close(other);
    assert_answer(b,
                  "SELECT group_concat(ifnull(verdict, '-')) FROM (SELECT verdict FROM run ORDER "
                  "BY id)",
                  "FAIL,-,-");
    check_ok(b, try_close(b, open_run, DB_PASS));
    check_ok(b, db_station_end(b->db, T0_MS, &b->e));
    assert_false(db_station_end(b->db, T0_MS, &b->e));
    assert_says(b, ERR_STATION, "a station may only end, and only once");
}

/* ---- Dead stations ---- */

static int start_station(struct bench *b, struct db *db, const struct db_station *who)
{
    int marked = -1;
    check_ok(b, db_station_start(db, who, "0.1.0", T0_MS + 60000, &marked, &b->e));
    return marked;
}

static void db_marks_the_runs_of_a_dead_station(void **state)
{
    struct bench *b = *state;
    struct db_station here;
    check_ok(b, db_station_here(&here, &b->e));
    struct db_station before = here;
    before.start_ticks = here.start_ticks + 1; /* our pid, but of another process */

    b->db = open_or_fail(b);
    assert_int_equal(start_station(b, b->db, &before), 0);
    const int64_t untouched = start_run(b);
    const int64_t identified = start_run(b);
    see(b, identified, "240ac4000001");
    check_ok(b, try_attempt(b, identified, 1));
    whole_run(b, "240ac4000002", 0, 1, T0_MS, DB_PASS);
    db_close(b->db); /* without closing its runs */

    b->db = open_or_fail(b);
    assert_int_equal(start_station(b, b->db, &here), 2);
    char expected[512];
    snprintf(expected, sizeof expected,
             "Station process %" PRId64 " on %s was killed or lost its power before this run was "
             "closed; noticed 2026-03-04T05:07:07.089Z",
             here.pid, here.host);
    assert_answer(b, "SELECT sentence FROM run WHERE id = 1", expected);
    assert_answer(b,
                  "SELECT verdict || code || board_state || (ended_utc IS NULL)"
                  " || (duration_ms IS NULL) || hint FROM run WHERE id = 2",
                  "INTERRUPTEDstationunknown11What the board holds is unknown: run it again.");
    assert_answer(b, "SELECT group_concat(verdict) FROM (SELECT verdict FROM run ORDER BY id)",
                  "INTERRUPTED,INTERRUPTED,PASS");
    assert_answer(b, "SELECT ended_utc FROM station WHERE id = 1", "NULL");
    assert_false(try_close(b, untouched, DB_FAIL));
    assert_says(b, ERR_STATION, "closed already, as INTERRUPTED");
    assert_int_equal(start_station(b, b->db, &here), 0);
}

/* Only the lock tells, and the boot: whatever name and number a station has, or seems to have. */
static void db_tells_living_stations_from_dead_ones(void **state)
{
    struct bench *b = *state;
    struct db_station here;
    check_ok(b, db_station_here(&here, &b->e));
    struct db_station renamed = here; /* in a container, or its host has another name now */
    snprintf(renamed.host, sizeof renamed.host, "another-line");
    renamed.pid = 1 << 30; /* above the kernel's highest pid */
    struct db_station rebooted = here;
    snprintf(rebooted.boot_id, sizeof rebooted.boot_id, "an-earlier-boot");
    struct db_station both = renamed;
    snprintf(both.boot_id, sizeof both.boot_id, "an-earlier-boot");
    struct db_station old_kernel = here;
    old_kernel.boot_id[0] = '\0';
    old_kernel.start_ticks = 0;
    const struct db_station *const cases[] = { &here, &renamed, &rebooted, &both, &old_kernel };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(b->path, sizeof b->path, "%s/%zu.db", b->folder, i);
        struct db *db = open_or_fail(b), *next = open_or_fail(b);
        start_station(b, db, cases[i]);
        start_run_at(b, db, 0, 1, T0_MS);
        assert_int_equal(start_station(b, next, &here), 0); /* it lives */
        db_close(db);
        assert_int_equal(start_station(b, next, &here), 1);
        assert_answer(b, "SELECT verdict FROM run", "INTERRUPTED");
        db_close(next);
    }
}

/* The file of locks was taken away: whether the station lives is known as soon as nobody else has
 * the record open, and no sooner. */
static void db_without_locks_a_station_is_dead_when_nobody_has_the_record(void **state)
{
    struct bench *b = *state;
    struct db_station here, unseen;
    check_ok(b, db_station_here(&here, &b->e));
    unseen = here;
    unseen.pid = 1 << 30;
    struct db *db = open_or_fail(b);
    start_station(b, db, &unseen);
    start_run_at(b, db, 0, 1, T0_MS);
    forget_locks(b);
    b->db = open_or_fail(b);
    assert_int_equal(start_station(b, b->db, &here), 0);
    db_close(db);
    db_close(b->db);
    b->db = open_or_fail(b);
    struct db *looking = db_open_reader(b->path, 300, &b->e);
    check_ok(b, looking != NULL);
    assert_int_equal(start_station(b, b->db, &here), 0);
    db_close(looking);
    assert_int_equal(start_station(b, b->db, &here), 1);
    assert_answer(b, "PRAGMA journal_mode", "wal");
}

/* A copy has no file of locks, or one with another word, and says nothing wrong of a station that
 * lives beside the original. */
static void db_copy_of_the_record_has_locks_of_its_own(void **state)
{
    struct bench *b = *state;
    struct db_station here, unseen;
    char command[320];
    check_ok(b, db_station_here(&here, &b->e));
    unseen = here;
    unseen.pid = 1 << 30;
    b->db = open_or_fail(b);
    start_station(b, b->db, &unseen);
    start_run(b);
    snprintf(command, sizeof command, "sqlite3 %s '.backup %s/copy.db'", b->path, b->folder);
    assert_int_equal(system(command), 0);
    struct db *original = b->db;
    snprintf(b->path, sizeof b->path, "%s/copy.db", b->folder);
    b->db = open_or_fail(b);
    assert_int_equal(start_station(b, b->db, &here), 1); /* nobody will close it in the copy */
    snprintf(b->path, sizeof b->path, "%s/station.db", b->folder);
    check_ok(b, db_station_end(original, T0_MS, &b->e));
    assert_answer(b, "SELECT verdict FROM run", "NULL");
    db_close(original);
}

static void db_marks_runs_that_a_station_left_open_when_it_ended(void **state)
{
    struct bench *b = *state;
    struct db_station here;
    bench_open(b);
    start_run(b);
    check_ok(b, db_station_end(b->db, T0_MS + 1, &b->e));
    check_ok(b, db_station_here(&here, &b->e));
    assert_int_equal(start_station(b, b->db, &here), 1);
    assert_answer(b, "SELECT instr(sentence, ' ended before this run was closed') > 0 FROM run",
                  "1");
}

/* A station that is killed with a run open, seen as a zombie and after. */
static void db_notices_a_killed_station_process(void **state)
{
    struct bench *b = *state;
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct db_station me;
        struct db *db = db_open(b->path, 5000, &b->e);
        const struct db_recipe recipe = { "r", NULL, "esp32", "abc", 3, NULL, 0 };
        struct db_run_begin run = { .slot = 1, .port = "p", .started_utc_ms = T0_MS };
        if (db == NULL || !db_station_here(&me, &b->e) ||
            !db_station_start(db, &me, "0.1.0", T0_MS, NULL, &b->e))
            _exit(1);
        run.recipe_id = db_recipe_put(db, &recipe, T0_MS, &b->e);
        if (db_run_start(db, &run, &b->e) == 0 || write(ready[1], "r", 1) != 1)
            _exit(2);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);

    struct db_station here;
    check_ok(b, db_station_here(&here, &b->e));
    b->db = open_or_fail(b);
    assert_int_equal(start_station(b, b->db, &here), 0); /* it lives */
    siginfo_t info;
    kill(child, SIGKILL);
    assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | WNOWAIT), 0);
    assert_int_equal(start_station(b, b->db, &here), 1); /* a zombie does not */
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_answer(b, "SELECT verdict FROM run", "INTERRUPTED");
}

/* ---- What a port has taught ---- */

/* A run of attempts "RATE CODE,RATE CODE...". */
static void run_at(struct bench *b, const char *port, const char *attempts)
{
    const struct db_run_begin run = {
        .recipe_id = put_recipe(b, b->db), .slot = 1, .port = port, .started_utc_ms = T0_MS
    };
    const int64_t run_id = db_run_start(b->db, &run, &b->e);
    check_ok(b, run_id > 0);
    char text[100];
    char *rest = text;
    snprintf(text, sizeof text, "%s", attempts);
    for (int number = 1; rest; number++) {
        char *code = strchr(rest, ' ') + 1, *rate = rest;
        rest = strchr(code, ',');
        if (rest)
            *rest++ = '\0';
        const struct db_attempt attempt = { .number = number,
                                            .started_utc_ms = T0_MS,
                                            .baud = strtol(rate, NULL, 10),
                                            .phase = "write",
                                            .code = code,
                                            .board_state = "half-written" };
        check_ok(b, db_attempt_add(b->db, run_id, &attempt, &b->e));
    }
    check_ok(b, try_close(b, run_id, DB_FAIL));
}

/* The latest attempts on port p1 of so many runs, as "RATE" or "-RATE" where it failed. */
static const char *rates_of(struct bench *b, const char *port, int runs, size_t cap)
{
    static char text[200];
    struct db_rate rates[8];
    size_t count = 99, used = 0;
    assert_true(cap <= sizeof rates / sizeof rates[0]);
    check_ok(b, db_rates(b->db, port, runs, rates, cap, &count, &b->e));
    text[0] = '\0';
    for (size_t i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%d", i ? " " : "",
                                 rates[i].failed ? "-" : "", (int)rates[i].baud);
    return text;
}

static void db_tells_how_each_rate_went_on_a_port(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    run_at(b, "p1", "1500000 ok"); /* too old, below */
    run_at(b, "p1", "921600 write,460800 ok");
    run_at(b, "p2", "921600 ok");
    run_at(b, "p1", "921600 verify,460800 baud,115200 ok");
    run_at(b, "p1", "0 no-sync,460800 stub,460800 ok");
    assert_string_equal(rates_of(b, "p1", 3, 8), "460800 115200 -460800 -921600 460800 -921600");
    assert_string_equal(rates_of(b, "p1", 3, 2), "460800 115200");
    assert_string_equal(rates_of(b, "none", 3, 8), "");
    assert_answer(
        b, "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name = 'run_port'", "1");
}

/* Where the next attempt kept the rate something else was to blame. */
static void db_does_not_hold_a_write_against_a_rate_that_was_kept(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    run_at(b, "p1", "921600 write,921600 write,460800 ok");
    run_at(b, "p1", "921600 verify,921600 ok");
    run_at(b, "p1", "921600 verify,460800 ok");
    run_at(b, "p1", "921600 verify,921600 bad-flash"); /* which says nothing of any rate */
    run_at(b, "p1", "921600 write");
    assert_string_equal(rates_of(b, "p1", 9, 8), "-921600 460800 -921600 921600 460800 -921600");
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(db_keeps_a_recipe_once),
        ON_BENCH(db_tells_a_new_build_in_the_same_recipe_apart),
        ON_BENCH(db_refuses_a_recipe_as_a_whole),
        ON_BENCH(db_keeps_a_recipe_byte_by_byte),
        ON_BENCH(db_keeps_a_lot_once),
        ON_BENCH(db_commits_an_open_run_before_the_board_is_touched),
        ON_BENCH(db_needs_a_station_before_a_run),
        ON_BENCH(db_records_a_whole_run),
        ON_BENCH(db_closes_a_run_only_once),
        ON_BENCH(db_gives_no_pass_without_a_board),
        ON_BENCH(db_refuses_an_attempt_as_a_whole),
        ON_BENCH(db_refuses_rows_that_make_no_sense),
        ON_BENCH(db_tells_whether_a_board_passed_before),
        ON_BENCH(a_pass_in_a_lot_is_none_without_a_lot),
        ON_BENCH(db_keeps_what_each_run_saw_of_a_board),
        ON_BENCH(db_notices_a_board_that_was_swapped_during_its_run),
        ON_BENCH(db_file_refuses_changes_of_other_programs),
        ON_BENCH(db_marks_the_runs_of_a_dead_station),
        ON_BENCH(db_tells_living_stations_from_dead_ones),
        ON_BENCH(db_without_locks_a_station_is_dead_when_nobody_has_the_record),
        ON_BENCH(db_copy_of_the_record_has_locks_of_its_own),
        ON_BENCH(db_marks_runs_that_a_station_left_open_when_it_ended),
        ON_BENCH(db_notices_a_killed_station_process),
        ON_BENCH(db_tells_how_each_rate_went_on_a_port),
        ON_BENCH(db_does_not_hold_a_write_against_a_rate_that_was_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
