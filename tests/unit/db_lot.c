/* Lots: opened, limited to the board, bound to a recipe, closed with a signature; corrections. */
#include "tests/unit/db_help.h"

#include "db/write/lot.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/wait.h>

/* ---- Helpers ---- */

static int64_t open_lot(struct bench *b, const char *name, int64_t quantity)
{
    const struct db_lot_open lot = {
        .name = name, .quantity = quantity, .operator_name = "Eve", .utc_ms = T0_MS
    };
    const int64_t id = db_lot_open(b->db, &lot, &b->e);
    check_ok(b, id > 0);
    return id;
}

/* As a run that was told to open the lot. */
static int64_t enter(struct bench *b, const char *name, int64_t recipe_id, bool rework,
                     bool *is_new)
{
    const struct db_lot_enter lot = {
        .name = name, .recipe_id = recipe_id, .rework = rework, .may_open = true, .utc_ms = T0_MS
    };
    return db_lot_enter(b->db, &lot, is_new, &b->e);
}

static bool admit(struct bench *b, struct db *db, int64_t run_id, const char *mac,
                  enum db_duplicates duplicates, const char *rework)
{
    struct db_seen seen;
    const struct db_admission rule = { .duplicates = duplicates, .rework_reason = rework };
    const struct db_board board = { .mac = mac, .chip = "ESP32", .seen_utc_ms = T0_MS };
    return db_board_admit(db, run_id, &board, &rule, &seen, NULL, &b->e);
}

static int64_t start_in(struct bench *b, int64_t lot_id, const char *mac)
{
    const int64_t run_id = start_run_at(b, b->db, lot_id, 1, T0_MS);
    check_ok(b, admit(b, b->db, run_id, mac, DB_ONCE_IN_LOT, NULL));
    return run_id;
}

static int64_t pass_in(struct bench *b, int64_t lot_id, const char *mac)
{
    const int64_t run_id = start_in(b, lot_id, mac);
    check_ok(b, try_close(b, run_id, DB_PASS));
    return run_id;
}

/* Starts a run that the gate refuses, and closes it as the station does. */
static void refused_in(struct bench *b, int64_t lot_id, const char *mac, enum err_code code,
                       const char *words)
{
    const int64_t run_id = start_run_at(b, b->db, lot_id, 1, T0_MS);
    assert_false(admit(b, b->db, run_id, mac, DB_ONCE_IN_LOT, NULL));
    assert_says(b, code, words);
    check_ok(b, try_close(b, run_id, DB_FAIL));
}

static void assert_clean(struct bench *b)
{
    struct db_audit audit;
    const struct db_audit_setup setup = { 0 };
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader != NULL && db_audit(reader, &setup, &audit, &b->e));
    db_close(reader);
    assert_int_equal(audit.findings, 0);
}

static bool correct(struct bench *b, int64_t run_id, enum db_correct_to to)
{
    const struct db_correction k = { .run_id = run_id,
                                     .to = to,
                                     .operator_name = "Ann",
                                     .reason = "found cracked",
                                     .host = "desk",
                                     .utc_ms = T0_MS };
    return db_correct(b->db, &k, &b->e);
}

static struct key *bench_key(struct bench *b)
{
    char path[128];
    snprintf(path, sizeof path, "%s/key.pem", b->folder);
    struct key *key = key_open(path, &b->e);
    check_ok(b, key != NULL);
    return key;
}

static bool close_lot(struct bench *b, const char *name, char text[static DB_CHECKPOINT_CAP])
{
    struct key *key = bench_key(b);
    const struct db_lot_close lot = {
        .name = name, .operator_name = "Eve", .host = "line1", .key = key, .utc_ms = T0_MS
    };
    const bool ok = db_lot_close(b->db, &lot, text, &b->e);
    key_free(key);
    return ok;
}

/* ---- Opening ---- */

/* Nobody flashes into a lot that is not there because a name was mistyped. */
static void db_enters_no_lot_that_is_not_there(void **state)
{
    struct bench *b = *state;
    struct db_lot_enter lot = { .name = "2026-1l", .utc_ms = T0_MS };
    bench_open(b);
    lot.recipe_id = put_recipe(b, b->db);
    assert_int_equal(db_lot_enter(b->db, &lot, NULL, &b->e), 0);
    assert_says(b, ERR_USAGE, "There is no lot '2026-1l'");
    assert_null(strstr(b->e.what, "did you mean"));
    assert_non_null(strstr(b->e.hint, "espstation lot open '2026-1l'"));
    assert_non_null(strstr(b->e.hint, "--new-lot"));
    open_lot(b, "2026-11", 0);
    open_lot(b, "2025-12", 0);
    assert_int_equal(db_lot_enter(b->db, &lot, NULL, &b->e), 0);
    assert_says(b, ERR_USAGE, "There is no lot '2026-1l'; did you mean '2026-11'?");
    assert_answer(b, "SELECT count(*) FROM lot", "2");
    lot.name = "2026-11";
    check_ok(b, db_lot_enter(b->db, &lot, NULL, &b->e) > 0);
    assert_clean(b);
}

static void db_opens_a_lot_once(void **state)
{
    struct bench *b = *state;
    const struct db_lot_open again = { .name = "A", .utc_ms = T0_MS };
    const struct db_lot_open steering = { .name = "A\nlink: 1", .utc_ms = T0_MS };
    bench_open(b);
    const int64_t id = open_lot(b, "A", 3);
    assert_int_equal(db_lot_open(b->db, &again, &b->e), 0);
    assert_says(b, ERR_USAGE, "There is a lot A already");
    assert_int_equal(db_lot_open(b->db, &steering, &b->e), 0);
    assert_says(b, ERR_USAGE, "has a control character in it, byte 2");
    assert_int_equal(enter(b, " A", id, false, NULL), 0);
    assert_says(b, ERR_USAGE, "' A', has a blank at its beginning");
    assert_int_equal(db_lot_put(b->db, "A ", T0_MS, &b->e), 0);
    assert_says(b, ERR_USAGE, "'A ', has a blank at its end");
    assert_int_equal(enter(b, "A", put_recipe(b, b->db), false, NULL), id);
    bool is_new = false;
    const int64_t other = enter(b, "B", put_recipe(b, b->db), false, &is_new);
    check_ok(b, other > id);
    assert_true(is_new);
    assert_int_equal(enter(b, "B", put_recipe(b, b->db), false, &is_new), other);
    assert_false(is_new);
    assert_answer(b, "SELECT quantity || opened_by || one_recipe FROM lot WHERE name = 'A'",
                  "3Eve1");
    assert_answer(b, "SELECT (quantity IS NULL) || one_recipe FROM lot WHERE name = 'B'", "10");
    assert_clean(b);
}

static int64_t other_recipe(struct bench *b)
{
    const struct db_recipe recipe = { "gateway", "1.0", "esp32", "xyz", 3, NULL, 0 };
    const int64_t id = db_recipe_put(b->db, &recipe, T0_MS, &b->e);
    check_ok(b, id > 0);
    return id;
}

static void db_lot_is_flashed_with_one_recipe(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t first = put_recipe(b, b->db), second = other_recipe(b);
    const struct db_lot_open bound = { .name = "A", .recipe_id = second, .utc_ms = T0_MS };
    check_ok(b, db_lot_open(b->db, &bound, &b->e) > 0);
    assert_int_equal(enter(b, "A", first, false, NULL), 0);
    assert_says(b, ERR_RECIPE, "Lot A is flashed with gateway 1.0; this is another recipe");
    check_ok(b, enter(b, "A", second, false, NULL) > 0);

    /* without a recipe given, the first run decides */
    const int64_t lot = open_lot(b, "B", 0);
    check_ok(b, enter(b, "B", second, false, NULL) > 0);
    pass_in(b, lot, "240ac4000001");
    assert_int_equal(enter(b, "B", second, false, NULL), 0);
    assert_says(b, ERR_RECIPE, "Lot B is flashed with thermostat 2.3.0");
    const struct db_run_begin run = {
        .recipe_id = second, .lot_id = lot, .slot = 1, .port = "p", .started_utc_ms = T0_MS
    };
    assert_int_equal(db_run_start(b->db, &run, &b->e), 0);
    assert_says(b, ERR_RECIPE, "Lot B is flashed with thermostat 2.3.0");

    /* a lot that a run has opened takes any */
    check_ok(b, enter(b, "C", first, false, NULL) > 0);
    check_ok(b, enter(b, "C", second, false, NULL) > 0);
}

/* ---- Places ---- */

static void db_lot_is_full_to_the_board(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_lot(b, "A", 2);
    pass_in(b, lot, "240ac4000001");
    const int64_t held = start_in(b, lot, "240ac4000002");
    refused_in(b, lot, "240ac4000003", ERR_QUOTA,
               "Lot A has no place left: 1 of 2 boards have passed, 1 more are being flashed");
    check_ok(b, enter(b, "A", put_recipe(b, b->db), false, NULL) > 0);
    check_ok(b, try_close(b, held, DB_FAIL)); /* gives its place back */
    pass_in(b, lot, "240ac4000003");
    refused_in(b, lot, "240ac4000002", ERR_QUOTA, "Lot A is full: 2 of 2 boards have passed");
    assert_int_equal(enter(b, "A", put_recipe(b, b->db), false, NULL), 0);
    assert_says(b, ERR_QUOTA, "Lot A is full");
    check_ok(b, enter(b, "A", put_recipe(b, b->db), true, NULL) > 0);
    assert_answer(b, "SELECT group_concat(holds_place, '') FROM (SELECT * FROM run ORDER BY id)",
                  "11010");
    assert_clean(b);
}

static void db_run_keeps_its_place_over_its_attempts(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_lot(b, "A", 1);
    const int64_t run_id = start_in(b, lot, "240ac4000001");
    check_ok(b, admit(b, b->db, run_id, "240ac4000001", DB_ONCE_IN_LOT, NULL));
    check_ok(b, try_close(b, run_id, DB_PASS));
}

static void db_nothing_passes_in_a_limited_lot_without_a_place(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_lot(b, "A", 1);
    const int64_t run_id = start_run_at(b, b->db, lot, 1, T0_MS);
    see(b, run_id, "240ac4000001"); /* past the gate */
    assert_false(try_close(b, run_id, DB_PASS));
    assert_says(b, ERR_STATION, "PASS needs a place in lot A");
    check_ok(b, try_close(b, run_id, DB_FAIL));
}

static void db_board_that_passed_keeps_its_place_in_rework(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_lot(b, "A", 1);
    const int64_t first = pass_in(b, lot, "240ac4000001");
    const int64_t again = start_run_at(b, b->db, lot, 1, T0_MS);
    check_ok(b, admit(b, b->db, again, "240ac4000001", DB_ONCE_IN_LOT, "new label"));
    check_ok(b, try_close(b, again, DB_PASS));
    char expected[64];
    snprintf(expected, sizeof expected, "%" PRId64 "new label", first);
    assert_answer(b, "SELECT rework_of || rework_reason FROM run WHERE id = 2", expected);
    refused_in(b, lot, "240ac4000002", ERR_QUOTA, "Lot A is full: 1 of 1");
    assert_clean(b);
}

enum { STATIONS = 3, SLOTS_EACH = 4, PLACES = 20 };

struct line {
    struct bench *b;
    struct db *db;
    int64_t lot_id, recipe_id;
    int number;
    int passed, refused;
    struct err e;
};

/* Boards until the lot is full; every third fails first. */
static void *flash_until_full(void *ctx)
{
    struct line *line = ctx;
    char mac[32];
    for (int i = 0; i < 200 && line->refused < 3; i++) {
        struct db_seen seen;
        const struct db_run_begin begin = { .recipe_id = line->recipe_id,
                                            .lot_id = line->lot_id,
                                            .slot = line->number,
                                            .port = "p",
                                            .started_utc_ms = T0_MS };
        const struct db_admission rule = { .duplicates = DB_ONCE_IN_LOT };
        snprintf(mac, sizeof mac, "240ac4%04x%02x", line->number, i);
        const struct db_board board = { .mac = mac, .chip = "ESP32", .seen_utc_ms = T0_MS };
        const int64_t run_id = db_run_start(line->db, &begin, &line->e);
        if (run_id == 0)
            return NULL;
        const bool in = db_board_admit(line->db, run_id, &board, &rule, &seen, NULL, &line->e);
        if (!in && line->e.code != ERR_QUOTA)
            return NULL;
        const bool pass = in && i % 3 != 0;
        const struct db_run_end end = { .verdict = pass ? DB_PASS : DB_FAIL,
                                        .code = pass ? "ok" : "write",
                                        .board_state = "running",
                                        .ended_utc_ms = T0_MS };
        if (!db_run_close(line->db, run_id, &end, &line->e))
            return NULL;
        line->passed += pass;
        line->refused += !in;
    }
    line->e.code = ERR_NONE;
    return NULL;
}

static void db_lot_is_full_to_the_board_with_many_slots_and_stations(void **state)
{
    struct bench *b = *state;
    struct db *stations[STATIONS];
    struct line lines[STATIONS * SLOTS_EACH];
    pthread_t threads[STATIONS * SLOTS_EACH];
    struct db_station here;
    int passed = 0;
    bench_open(b);
    const int64_t lot = open_lot(b, "A", PLACES), recipe = put_recipe(b, b->db);
    check_ok(b, db_station_here(&here, &b->e));
    for (int i = 0; i < STATIONS; i++) {
        stations[i] = db_open(b->path, 60000, &b->e);
        check_ok(b, stations[i] != NULL);
        check_ok(b, db_station_start(stations[i], &here, "0.1.0", T0_MS, NULL, &b->e));
    }
    for (int i = 0; i < STATIONS * SLOTS_EACH; i++) {
        lines[i] = (struct line){ .b = b,
                                  .db = stations[i % STATIONS],
                                  .lot_id = lot,
                                  .recipe_id = recipe,
                                  .number = i + 1 };
        assert_int_equal(pthread_create(&threads[i], NULL, flash_until_full, &lines[i]), 0);
    }
    for (int i = 0; i < STATIONS * SLOTS_EACH; i++) {
        pthread_join(threads[i], NULL);
        if (lines[i].e.code != ERR_NONE)
            fail_msg("slot %d: %s", i + 1, lines[i].e.what);
        passed += lines[i].passed;
    }
    for (int i = 0; i < STATIONS; i++)
        db_close(stations[i]);
    assert_int_equal(passed, PLACES);
    assert_answer(b, "SELECT count(*) FROM run WHERE verdict = 'PASS'", "20");
    assert_clean(b);
}

static void db_interrupted_run_gives_its_place_back(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_lot(b, "A", 1);
    const int64_t left = start_in(b, lot, "240ac4000001");
    db_close(b->db);
    forget_locks(b);
    struct db *looking = db_open_reader(b->path, 300, &b->e);
    check_ok(b, looking != NULL);
    hide_station(b, 1);
    bench_open(b); /* it cannot know whether that station lives */
    refused_in(b, lot, "240ac4000002", ERR_QUOTA, "1 more are being flashed");
    check_ok(b, correct(b, left, DB_CORRECT_INTERRUPTED));
    assert_answer(b, "SELECT verdict || sentence FROM run WHERE id = 1",
                  "INTERRUPTEDMarked by Ann: found cracked");
    pass_in(b, lot, "240ac4000002");
    db_close(looking);
}

/* ---- Duplicates ---- */

static void db_refuses_a_board_that_passed_as_the_rule_says(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot_a = open_lot(b, "A", 0), lot_b = open_lot(b, "B", 0);
    pass_in(b, lot_a, "240ac4000001");
    refused_in(b, lot_a, "240ac4000001", ERR_DUPLICATE,
               "24:0a:c4:00:00:01 has passed in this lot already: run 1");
    int64_t run_id = start_run_at(b, b->db, lot_b, 1, T0_MS);
    assert_false(admit(b, b->db, run_id, "240ac4000001", DB_ONCE_EVER, NULL));
    assert_says(b, ERR_DUPLICATE, "has passed before: run 1, 2026-03-04T05:06:18.089Z, lot A");
    check_ok(b, try_close(b, run_id, DB_FAIL));
    run_id = start_run_at(b, b->db, lot_b, 1, T0_MS);
    check_ok(b, admit(b, b->db, run_id, "240ac4000001", DB_ONCE_IN_LOT, NULL));
    check_ok(b, try_close(b, run_id, DB_PASS));
    run_id = start_run_at(b, b->db, lot_b, 1, T0_MS);
    check_ok(b, admit(b, b->db, run_id, "240ac4000001", DB_DUPLICATES_ALLOWED, NULL));
    check_ok(b, try_close(b, run_id, DB_PASS));
    assert_answer(b, "SELECT count(*) FROM run WHERE rework_of IS NOT NULL", "0");
    assert_clean(b);
}

static void db_refuses_a_board_that_is_open_at_another_station(void **state)
{
    struct bench *b = *state;
    const struct db_station far = station_of("line9", 4711, 99);
    bench_open(b);
    struct db *here = b->db;
    struct db *there = open_or_fail(b);
    check_ok(b, db_station_start(there, &far, "0.1.0", T0_MS, NULL, &b->e));
    b->db = there;
    const int64_t open_run = start_in(b, 0, "240ac4000001");
    b->db = here;
    refused_in(b, 0, "240ac4000001", ERR_DUPLICATE,
               "24:0a:c4:00:00:01 is being flashed already: run 1, slot 1 on line9");
    b->db = there;
    check_ok(b, try_close(b, open_run, DB_FAIL));
    b->db = here;
    pass_in(b, 0, "240ac4000001");
    db_close(there);
}

/* ---- Corrections ---- */

static void db_takes_a_pass_back_by_a_new_row(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = open_lot(b, "A", 1);
    const int64_t run_id = pass_in(b, lot, "240ac4000001");
    check_ok(b, correct(b, run_id, DB_CORRECT_NOTE));
    assert_false(correct(b, run_id, DB_CORRECT_PASS));
    assert_says(b, ERR_USAGE, "Run 1 has this verdict already");
    check_ok(b, correct(b, run_id, DB_CORRECT_FAIL));
    assert_answer(b, "SELECT verdict FROM run WHERE id = 1", "PASS");
    assert_answer(b, "SELECT verdict || ' ' || own_verdict FROM runs WHERE run = 1", "FAIL PASS");
    pass_in(b, lot, "240ac4000002"); /* on the place that came free */
    assert_false(correct(b, run_id, DB_CORRECT_PASS));
    assert_says(b, ERR_QUOTA, "Run 1 cannot pass again: Lot A is full");
    assert_null(strstr(b->e.hint, "--lot")); /* it has no such option */
    assert_clean(b);
}

/* The board never left its place, so undoing the mistake needs none; nor does a closed lot mind. */
static void db_undoes_a_correction_of_a_board_that_has_its_place(void **state)
{
    struct bench *b = *state;
    char text[DB_CHECKPOINT_CAP];
    bench_open(b);
    const int64_t lot = open_lot(b, "A", 1);
    const int64_t first = pass_in(b, lot, "240ac4000001");
    const int64_t again = start_run_at(b, b->db, lot, 1, T0_MS);
    check_ok(b, admit(b, b->db, again, "240ac4000001", DB_ONCE_IN_LOT, "new label"));
    check_ok(b, correct(b, first, DB_CORRECT_FAIL)); /* while the other run holds the place */
    check_ok(b, correct(b, first, DB_CORRECT_PASS));
    check_ok(b, try_close(b, again, DB_PASS));
    check_ok(b, correct(b, first, DB_CORRECT_FAIL));
    check_ok(b, correct(b, first, DB_CORRECT_PASS));
    check_ok(b, close_lot(b, "A", text));
    check_ok(b, correct(b, first, DB_CORRECT_FAIL));
    check_ok(b, correct(b, first, DB_CORRECT_PASS));
    assert_answer(b, "SELECT group_concat(verdict, ' ') FROM runs", "PASS PASS");
    assert_clean(b);
}

static void db_never_makes_a_pass_of_a_run_that_was_none(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t failed = whole_run(b, "240ac4000001", 0, 1, T0_MS, DB_FAIL);
    assert_false(correct(b, failed, DB_CORRECT_PASS));
    assert_says(b, ERR_USAGE, "Run 1 never was a PASS");
    assert_false(correct(b, failed, DB_CORRECT_INTERRUPTED));
    assert_says(b, ERR_USAGE, "Run 1 is closed already");
    const int64_t open_run = start_run(b);
    assert_false(correct(b, open_run, DB_CORRECT_FAIL));
    assert_says(b, ERR_USAGE, "Run 2 is still open");
    assert_false(correct(b, open_run, DB_CORRECT_INTERRUPTED));
    assert_says(b, ERR_USAGE, "The station of run 2 is alive");
    assert_false(correct(b, 99, DB_CORRECT_NOTE));
    assert_says(b, ERR_USAGE, "The record has no run 99");
    const struct db_correction nobody = { .run_id = failed, .operator_name = "", .reason = "x" };
    assert_false(db_correct(b->db, &nobody, &b->e));
    assert_says(b, ERR_USAGE, "needs the name of a person and a reason");
    assert_answer(b, "SELECT count(*) FROM correction", "0");
}

/* ---- Closing ---- */

static void db_closes_a_lot_for_good(void **state)
{
    struct bench *b = *state;
    char text[DB_CHECKPOINT_CAP];
    bench_open(b);
    const int64_t lot = open_lot(b, "A", 0);
    const int64_t run_id = start_in(b, lot, "240ac4000001");
    assert_false(close_lot(b, "A", text));
    assert_says(b, ERR_USAGE, "Lot A has 1 open run, the first is run 1");
    check_ok(b, try_close(b, run_id, DB_PASS));
    check_ok(b, close_lot(b, "A", text));
    assert_non_null(strstr(text, "\nlot: A\n"));
    assert_non_null(strstr(text, "\nruns: 1\npassed: 1\n"));
    assert_false(close_lot(b, "A", text));
    assert_says(b, ERR_USAGE, "Lot A was closed already");
    assert_false(close_lot(b, "none", text));
    assert_says(b, ERR_USAGE, "The record has no lot none");
    assert_int_equal(enter(b, "A", put_recipe(b, b->db), false, NULL), 0);
    assert_says(b, ERR_USAGE, "Lot A was closed at 2026-03-04T05:06:07.089Z and takes no more");
    const struct db_run_begin run = { .recipe_id = put_recipe(b, b->db),
                                      .lot_id = lot,
                                      .slot = 1,
                                      .port = "p",
                                      .started_utc_ms = T0_MS };
    assert_int_equal(db_run_start(b->db, &run, &b->e), 0);
    assert_says(b, ERR_USAGE, "Lot A was closed at");
    check_ok(b, correct(b, run_id, DB_CORRECT_FAIL)); /* a new row, behind the checkpoint */
    assert_clean(b);
}

/* ---- The key ---- */

static void key_is_made_once_and_for_its_owner(void **state)
{
    struct bench *b = *state;
    char path[128], public_path[140], signature[KEY_SIGNATURE_CAP];
    struct stat st;
    snprintf(path, sizeof path, "%s/key.pem", b->folder);
    snprintf(public_path, sizeof public_path, "%s.pub", path);
    struct key *key = bench_key(b), *again = bench_key(b);
    assert_string_equal(key_public(key), key_public(again));
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(stat(public_path, &st), 0);
    check_ok(b, key_sign(key, "words", signature, &b->e));
    assert_true(key_verifies(key_public(again), "words", 5, signature));
    assert_false(key_verifies(key_public(again), "wordz", 5, signature));
    assert_false(key_verifies("nonsense", "words", 5, signature));
    signature[3] = signature[3] == 'A' ? 'B' : 'A';
    assert_false(key_verifies(key_public(again), "words", 5, signature));
    assert_false(key_verifies(key_public(again), "words", 5, "short"));
    key_free(key);
    key_free(again);
    assert_int_equal(chmod(path, 0640), 0);
    assert_null(key_open(path, &b->e));
    assert_says(b, ERR_STATION, "Others may read the signing key");
    FILE *f = fopen(path, "we");
    fputs("no key\n", f);
    fclose(f);
    assert_int_equal(chmod(path, 0600), 0);
    assert_null(key_open(path, &b->e));
    assert_says(b, ERR_STATION, "is no Ed25519 key");
}

static void key_is_the_same_for_all_who_make_it_at_once(void **state)
{
    struct bench *b = *state;
    enum { MAKERS = 6 };
    int ends[2];
    char publics[MAKERS][KEY_PUBLIC_CAP];
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < MAKERS; i++) {
        const pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            struct key *key = bench_key(b);
            const ssize_t n = write(ends[1], key_public(key), KEY_PUBLIC_CAP);
            _exit(n == KEY_PUBLIC_CAP ? 0 : 1);
        }
    }
    for (int i = 0; i < MAKERS; i++) {
        int status;
        assert_true(wait(&status) > 0 && status == 0);
        assert_int_equal(read(ends[0], publics[i], KEY_PUBLIC_CAP), KEY_PUBLIC_CAP);
        assert_string_equal(publics[i], publics[0]);
    }
    close(ends[0]);
    close(ends[1]);
}

/* ---- Checkpoints ---- */

struct heard {
    int count;
    enum db_finding_kind kind;
    char sentence[512];
};

static void hear(void *ctx, const struct db_finding *finding)
{
    struct heard *heard = ctx;
    if (heard->count++ == 0) {
        heard->kind = finding->kind;
        snprintf(heard->sentence, sizeof heard->sentence, "%s", finding->sentence);
    }
}

static void assert_heard(struct bench *b, const char *checkpoint, const char *key,
                         enum db_finding_kind kind, const char *words)
{
    struct heard heard = { 0 };
    struct db_audit audit;
    const struct db_audit_setup setup = {
        .checkpoint = checkpoint, .public_key = key, .ctx = &heard, .finding = hear
    };
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader != NULL && db_audit(reader, &setup, &audit, &b->e));
    db_close(reader);
    if (words == NULL) {
        if (heard.count != 0)
            fail_msg("found %s: %s", db_finding_word(heard.kind), heard.sentence);
        return;
    }
    if (heard.count == 0 || heard.kind != kind || strstr(heard.sentence, words) == NULL)
        fail_msg("expected '%s', found '%s'", words, heard.sentence);
}

static void run_sql(const struct bench *b, const char *text)
{
    sqlite3 *sql = NULL;
    assert_int_equal(sqlite3_open(b->path, &sql), SQLITE_OK);
    if (sqlite3_exec(sql, text, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(sql));
    sqlite3_close(sql);
}

#define OFF "DROP TRIGGER run_kept; DROP TRIGGER link_kept; DROP TRIGGER board_kept;"
#define ON                                                                                         \
    "CREATE TRIGGER run_kept BEFORE DELETE ON run BEGIN SELECT RAISE(ABORT, 'rows of run are "     \
    "never"                                                                                        \
    " deleted'); END; CREATE TRIGGER link_kept BEFORE DELETE ON link BEGIN SELECT RAISE(ABORT,"    \
    " 'rows of link are never deleted'); END; CREATE TRIGGER board_kept BEFORE DELETE ON board"    \
    " BEGIN SELECT RAISE(ABORT, 'rows of board are never deleted'); END"

static void db_checkpoint_kept_elsewhere_finds_a_truncated_tail(void **state)
{
    struct bench *b = *state;
    char text[DB_CHECKPOINT_CAP], forged[DB_CHECKPOINT_CAP];
    bench_open(b);
    const int64_t lot = open_lot(b, "A", 0);
    pass_in(b, lot, "240ac4000001");
    pass_in(b, lot, "240ac4000002");
    struct db_audit audit;
    const struct db_audit_setup setup = { 0 };
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader != NULL && db_audit(reader, &setup, &audit, &b->e));
    db_close(reader);
    struct key *key = bench_key(b);
    check_ok(b, db_checkpoint_text(&audit, key, "Eve", "line1", T0_MS, text, &b->e));
    assert_heard(b, text, key_public(key), 0, NULL);

    snprintf(forged, sizeof forged, "%s", text);
    memcpy(strstr(forged, "link: "), "link: 1", 7);
    assert_heard(b, forged, NULL, DB_FORGED, "The checkpoint given was changed: its signature");
    const struct db_audit_setup no_checkpoint = { .checkpoint = "link: 5\n" };
    reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader != NULL);
    assert_false(db_audit(reader, &no_checkpoint, &audit, &b->e));
    assert_says(b, ERR_USAGE, "The file given is no checkpoint");
    db_close(reader);
    char other_path[128];
    snprintf(other_path, sizeof other_path, "%s/other.pem", b->folder);
    struct key *other = key_open(other_path, &b->e);
    check_ok(b, other != NULL);
    assert_heard(b, text, key_public(other), DB_FORGED, "is signed by another key");

    /* the last run goes without a trace: the record by itself is whole */
    run_sql(b, OFF "DELETE FROM link WHERE id > 5; DELETE FROM run WHERE id = 2; DELETE FROM board"
                   " WHERE id = 2;" ON);
    assert_clean(b);
    assert_heard(b, text, NULL, DB_TRUNCATED, "has seen 7 links; the record ends with link 5");
    pass_in(b, lot, "240ac4000007"); /* as many links as before */
    assert_clean(b);
    assert_heard(b, text, NULL, DB_CHANGED, "has seen another link 7");
    key_free(other);
    key_free(key);
}

static void db_lots_checkpoint_is_held_against_the_record(void **state)
{
    struct bench *b = *state;
    char text[DB_CHECKPOINT_CAP];
    bench_open(b);
    const int64_t lot = open_lot(b, "A", 0);
    pass_in(b, lot, "240ac4000001");
    check_ok(b, close_lot(b, "A", text));
    assert_heard(b, text, NULL, 0, NULL);
    run_sql(b, "DROP TRIGGER checkpoint_final; UPDATE checkpoint SET text = replace(text, 'passed: "
               "1', 'passed: 9');"
               "CREATE TRIGGER checkpoint_final BEFORE UPDATE ON checkpoint BEGIN SELECT"
               " RAISE(ABORT, 'rows of checkpoint are never changed'); END");
    assert_heard(b, NULL, NULL, DB_CHANGED, "checkpoint 1");
}

/* ---- Copies ---- */

static void db_backs_up_what_is_committed(void **state)
{
    struct bench *b = *state;
    char copy[128];
    struct db_audit audit;
    bench_open(b);
    pass_in(b, 0, "240ac4000001");
    const int64_t open_run = start_in(b, 0, "240ac4000002");
    snprintf(copy, sizeof copy, "%s/copy.db", b->folder);
    struct db *reader = db_open_reader(b->path, 300, &b->e);
    check_ok(b, reader != NULL && db_backup(reader, copy, &audit, &b->e));
    assert_int_equal(audit.findings, 0);
    assert_int_equal(audit.runs, 1);
    assert_int_equal(audit.open_runs, 1);
    check_ok(b, try_close(b, open_run, DB_PASS)); /* the station goes on */
    assert_false(db_backup(reader, copy, &audit, &b->e));
    assert_says(b, ERR_DATABASE, "copy.db is there already and is never overwritten");
    snprintf(copy, sizeof copy, "%s/none/copy.db", b->folder);
    assert_false(db_backup(reader, copy, &audit, &b->e));
    assert_says(b, ERR_DATABASE, "Cannot make the copy");
    db_close(reader);
    snprintf(b->path, sizeof b->path, "%s/copy.db", b->folder);
    assert_answer(b,
                  "SELECT group_concat(ifnull(verdict, '-')) FROM (SELECT * FROM run ORDER BY id)",
                  "PASS,-");
    assert_answer(b, "PRAGMA integrity_check", "ok");
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(db_enters_no_lot_that_is_not_there),
        ON_BENCH(db_opens_a_lot_once),
        ON_BENCH(db_lot_is_flashed_with_one_recipe),
        ON_BENCH(db_lot_is_full_to_the_board),
        ON_BENCH(db_run_keeps_its_place_over_its_attempts),
        ON_BENCH(db_nothing_passes_in_a_limited_lot_without_a_place),
        ON_BENCH(db_board_that_passed_keeps_its_place_in_rework),
        ON_BENCH(db_lot_is_full_to_the_board_with_many_slots_and_stations),
        ON_BENCH(db_interrupted_run_gives_its_place_back),
        ON_BENCH(db_refuses_a_board_that_passed_as_the_rule_says),
        ON_BENCH(db_refuses_a_board_that_is_open_at_another_station),
        ON_BENCH(db_takes_a_pass_back_by_a_new_row),
        ON_BENCH(db_undoes_a_correction_of_a_board_that_has_its_place),
        ON_BENCH(db_never_makes_a_pass_of_a_run_that_was_none),
        ON_BENCH(db_closes_a_lot_for_good),
        ON_BENCH(key_is_made_once_and_for_its_owner),
        ON_BENCH(key_is_the_same_for_all_who_make_it_at_once),
        ON_BENCH(db_checkpoint_kept_elsewhere_finds_a_truncated_tail),
        ON_BENCH(db_lots_checkpoint_is_held_against_the_record),
        ON_BENCH(db_backs_up_what_is_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
