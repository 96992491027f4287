/*
 * A record that was made by an earlier version is brought up, written on and stays whole: the links
 * of its old rows still fit, and what somebody changes in the old or the new part is named.
 *
 * tests/data/record has one record of each version that was released, as that version left it.
 */
#include "tests/unit/db_audit_help.h"

#include "db/write/lot.h"

static const char *const released[] = { "v1", "v2", "v3", "v4", "v5" };

#define EACH_RELEASED(name)                                                                        \
    for (const char *const *name = released;                                                       \
         name < released + sizeof released / sizeof released[0]; name++)

static void read_text(const char *path, char *text, size_t cap)
{
    FILE *f = fopen(path, "re");
    assert_non_null(f);
    const size_t n = fread(text, 1, cap - 1, f);
    assert_true(n > 0 && n < cap - 1);
    text[n] = '\0';
    fclose(f);
}

static void load(struct bench *b, const char *version)
{
    static char sql[65536];
    char path[128];
    sqlite3 *file = NULL;
    if (b->db)
        db_close(b->db);
    b->db = NULL;
    snprintf(path, sizeof path, "rm -f %s*", b->path);
    assert_int_equal(system(path), 0);
    snprintf(path, sizeof path, "tests/data/record/%s.sql", version);
    read_text(path, sql, sizeof sql);
    assert_int_equal(sqlite3_open(b->path, &file), SQLITE_OK);
    run_sql(file, sql);
    sqlite3_close(file);
}

/* What a day at the line adds: runs, a lot, a correction, the end of the station. */
static void write_on(struct bench *b)
{
    struct db_correction correction = { .run_id = 0,
                                        .to = DB_CORRECT_FAIL,
                                        .operator_name = "Ann",
                                        .reason = "cracked",
                                        .host = "line1",
                                        .utc_ms = T0_MS };
    bench_open(b);
    const int64_t lot = db_lot_put(b->db, "2027-01", T0_MS, &b->e);
    check_ok(b, lot > 0);
    correction.run_id = whole_run(b, "240ac4000009", lot, 1, T0_MS, DB_PASS);
    whole_run(b, "240ac400000a", lot, 2, T0_MS, DB_FAIL);
    check_ok(b, db_correct(b->db, &correction, &b->e));
    check_ok(b, db_station_end(b->db, T0_MS + 60000, &b->e));
    db_close(b->db);
    b->db = NULL;
}

/* The latest station has a lock, so its row has what no version before 3 knows. */
static void bring_up(struct bench *b, const char *version)
{
    load(b, version);
    write_on(b);
    if (strcmp(version, "v3") < 0)
        assert_answer(b, "SELECT count(*) > 0 FROM station WHERE presence IS NULL", "1");
    assert_answer(b, "SELECT presence IS NOT NULL FROM station ORDER BY id DESC LIMIT 1", "1");
}

static void db_record_of_every_version_grows_and_stays_whole(void **state)
{
    struct bench *b = *state;
    char version[16];
    snprintf(version, sizeof version, "%d", DB_SCHEMA_VERSION);
    EACH_RELEASED(name)
    {
        bring_up(b, *name);
        assert_answer(b, "PRAGMA user_version", version);
        assert_clean(b);
        write_on(b);
        assert_clean(b);
        assert_answer(b, "PRAGMA foreign_key_check", "NULL");
        assert_answer(b, "PRAGMA integrity_check", "ok");
    }
}

/* What the lot's signature says of the old rows holds in the record that has grown. */
static void db_old_checkpoint_still_fits(void **state)
{
    struct bench *b = *state;
    char checkpoint[2048];
    for (int version = 2; version <= 5; version++) {
        char path[64], name[8];
        snprintf(path, sizeof path, "tests/data/record/v%d.checkpoint", version);
        snprintf(name, sizeof name, "v%d", version);
        read_text(path, checkpoint, sizeof checkpoint);
        bring_up(b, name);
        const struct first first = audit_with(b, checkpoint, NULL);
        if (first.count != 0)
            fail_msg("%s: %s", db_finding_word(first.kind), first.sentence);
    }
}

/* Links are not made anew when a record is brought up: they are those that the old version made. */
static void db_old_links_are_not_touched(void **state)
{
    struct bench *b = *state;
    char before[4096], after[4096];
    static const char question[] = "SELECT group_concat(sha256) FROM (SELECT sha256 FROM link"
                                   " WHERE id <= 18 ORDER BY id)";
    load(b, "v2");
    ask(b, question, before, sizeof before);
    write_on(b);
    ask(b, question, after, sizeof after);
    assert_int_equal(strlen(before), 18 * 65 - 1);
    assert_string_equal(before, after);
}

static void assert_named(struct bench *b, const char *version, const char *change,
                         const char *words)
{
    bring_up(b, version);
    tamper(b, change);
    const struct first first = audit_with(b, NULL, NULL);
    assert_found(&first, DB_CHANGED, words);
}

/* Its table was made anew for one more kind. */
static void db_leases_of_version_5_stay_as_they_were(void **state)
{
    struct bench *b = *state;
    load(b, "v5");
    write_on(b);
    assert_answer(b,
                  "SELECT group_concat(kind || number || ' ' || ifnull(why, 'open'), ', ')"
                  " FROM (SELECT * FROM lease ORDER BY id)",
                  "places4711 given-up, numbers4712 given-up, places4713 open");
    assert_answer(b, "SELECT count(*) FROM run WHERE lease = 1", "2");
    assert_named(b, "v5", "UPDATE lease SET places = 9 WHERE id = 1", "lease 1 ");
    assert_named(b, "v5", "UPDATE attempt SET fast = NULL WHERE fast IS NOT NULL", "run 6 (");
    assert_named(b, "v5", "UPDATE burn SET outcome = 'closed' WHERE id = 1", "burn 1 ");
}

static void assert_version(const struct bench *b, const char *name)
{
    assert_answer(b, "PRAGMA user_version", name + 1);
}

/* An archive is audited as it lies there: it stays of its version, and nothing is put beside it. */
static void db_archive_of_an_older_version_is_read_as_it_is(void **state)
{
    struct bench *b = *state;
    char checkpoint[2048], path[64];
    EACH_RELEASED(name)
    {
        if (strcmp(*name, "v1") == 0)
            continue; /* it has no chain */
        load(b, *name);
        snprintf(path, sizeof path, "tests/data/record/%s.checkpoint", *name);
        read_text(path, checkpoint, sizeof checkpoint);
        const struct first first = audit_with(b, checkpoint, NULL);
        if (first.count != 0)
            fail_msg("%s: %s", *name, first.sentence);
        assert_version(b, *name);
        tamper(b, "UPDATE attempt SET baud = 115200 WHERE run = 2");
        const struct first changed = audit_with(b, NULL, NULL);
        assert_found(&changed, DB_CHANGED, "run 2 (");
        assert_version(b, *name);
        snprintf(path, sizeof path, "%.50s.%s-backup", b->path, *name);
        assert_int_equal(access(path, F_OK), -1);
    }
}

static void db_tamper_of_the_old_part_is_named(void **state)
{
    EACH_RELEASED(name)
    {
        assert_named(*state, *name, "UPDATE run SET operator = 'Eva' WHERE id = 1", "run 1 (");
        assert_named(*state, *name, "UPDATE attempt SET baud = 115200 WHERE run = 2", "run 2 (");
        assert_named(*state, *name, "UPDATE station SET host = 'x' WHERE id = 2", "station 2 (");
    }
}

static void db_tamper_of_the_new_part_is_named(void **state)
{
    EACH_RELEASED(name)
    {
        assert_named(*state, *name,
                     "UPDATE run SET duration_ms = 1 WHERE id = (SELECT max(id) FROM run)",
                     " was changed after it was recorded");
        assert_named(*state, *name,
                     "UPDATE station SET presence = replace(presence, substr(presence, 1, 1), 'x')"
                     " WHERE presence IS NOT NULL",
                     "station ");
    }
}

/* The new columns of old rows, and the other way round. */
static void db_new_column_of_an_old_row_is_guarded(void **state)
{
    EACH_RELEASED(name)
    {
        assert_named(*state, *name,
                     "UPDATE station SET presence = '00000000000000000000000000000000'"
                     " WHERE id = 1",
                     "station 1 (");
        assert_named(*state, *name, "UPDATE station SET presence = NULL WHERE presence IS NOT NULL",
                     "station ");
    }
}

/* The rule on which all of this stands, for whoever adds the next column. */
static void db_columns_after_version_2_may_be_null_and_have_no_default(void **state)
{
    struct bench *b = *state;
    sqlite3 *old = NULL;
    sqlite3_stmt *s = NULL;
    char table[64], answer[256];
    bench_open(b);
    assert_int_equal(sqlite3_open(":memory:", &old), SQLITE_OK);
    for (int v = 0; v < 2; v++)
        assert_int_equal(schema_run_step(old, &schema_steps[v]), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(old,
                                        "SELECT m.name, '''' || group_concat(c.name, ''',''')"
                                        " || '''' FROM sqlite_master AS m,"
                                        " pragma_table_info(m.name) AS c WHERE m.type = 'table'"
                                        " GROUP BY m.name",
                                        -1, &s, NULL),
                     SQLITE_OK);
    while (sqlite3_step(s) == SQLITE_ROW) {
        char *sql = sqlite3_mprintf("SELECT group_concat(name) FROM pragma_table_info(%Q) WHERE"
                                    " name NOT IN (%s) AND (\"notnull\" OR dflt_value IS NOT NULL)",
                                    sqlite3_column_text(s, 0), sqlite3_column_text(s, 1));
        assert_non_null(sql);
        ask(b, sql, answer, sizeof answer);
        sqlite3_free(sql);
        snprintf(table, sizeof table, "%s", (const char *)sqlite3_column_text(s, 0));
        if (strcmp(answer, "NULL") != 0)
            fail_msg("%s.%s: give it no default and let it be NULL, or all linked rows that are"
                     " older count as changed (db/store/forms.c)",
                     table, answer);
    }
    sqlite3_finalize(s);
    sqlite3_close(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(db_record_of_every_version_grows_and_stays_whole, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_old_checkpoint_still_fits, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_old_links_are_not_touched, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_leases_of_version_5_stay_as_they_were, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_archive_of_an_older_version_is_read_as_it_is, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_tamper_of_the_old_part_is_named, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_tamper_of_the_new_part_is_named, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_new_column_of_an_old_row_is_guarded, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_columns_after_version_2_may_be_null_and_have_no_default,
                                        bench_up, bench_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
