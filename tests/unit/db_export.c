/* Exports and histories, read back by programs that are not ours where there are such. */
#include "db/export/export.h"
#include "db/read/history.h"
#include "db/write/lease.h"
#include "db/write/lot.h"
#include "tests/unit/db_help.h"

#include <sys/wait.h>

struct text {
    char *bytes;
    size_t used, cap;
};

static bool collect(void *ctx, const char *bytes, size_t n)
{
    struct text *t = ctx;
    if (t->used + n + 1 > t->cap) {
        t->cap = 2 * (t->used + n + 1);
        t->bytes = realloc(t->bytes, t->cap);
        assert_non_null(t->bytes);
    }
    memcpy(t->bytes + t->used, bytes, n);
    t->used += n;
    t->bytes[t->used] = '\0';
    return true;
}

static bool count_only(void *ctx, const char *bytes, size_t n)
{
    (void)bytes;
    *(size_t *)ctx += n;
    return true;
}

static bool refuse(void *ctx, const char *bytes, size_t n)
{
    (void)bytes;
    (void)n;
    return --*(int *)ctx > 0;
}

static struct db *reader_of(struct bench *b)
{
    struct db *reader = db_open_reader(b->path, 1000, &b->e);
    if (reader == NULL)
        fail_msg("%s", b->e.what);
    return reader;
}

/* The caller frees. */
static char *export_as(struct bench *b, enum db_format format, const struct db_filter *filter,
                       int64_t *runs)
{
    struct text t = { 0 };
    const struct db_sink sink = { .ctx = &t, .emit = collect };
    struct db *reader = reader_of(b);
    check_ok(b, db_export(reader, format, filter, &sink, runs, &b->e));
    db_close(reader);
    return t.bytes;
}

/* One value out of JSON, by SQLite's reader. */
static void assert_json(const char *json, const char *sql, const char *expected)
{
    sqlite3 *mem = NULL;
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_open(":memory:", &mem), SQLITE_OK);
    if (sqlite3_prepare_v2(mem, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(mem));
    sqlite3_bind_text(s, 1, json, -1, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    const unsigned char *got = sqlite3_column_text(s, 0);
    assert_string_equal(got == NULL ? "NULL" : (const char *)got, expected);
    sqlite3_finalize(s);
    sqlite3_close(mem);
}

/* A run whose texts try to break out of every form. */
#define NASTY_END " \xC3\xA9 \xF0\x9F\x94\xA5 bad: "
#define REPLACED  "\xEF\xBF\xBD"
static const char nasty[] = "say \"hi\", then\r\n\ttab \\ \x01\x1F" NASTY_END "\xC3( "
                            "\xED\xA0\x80 \xFF end";
#define NASTY_CLEANED(control)                                                                     \
    "say \"hi\", then\r\n\ttab \\ " control NASTY_END REPLACED "( " REPLACED REPLACED REPLACED     \
    " " REPLACED " end"
static const char in_json[] = NASTY_CLEANED("\x01\x1F");
static const char in_csv_and_xml[] = NASTY_CLEANED("\xE2\x90\x81\xE2\x90\x9F");

static void add_nasty_run(struct bench *b)
{
    const int64_t run_id = start_run(b);
    see(b, run_id, "24:0a:c4:00:00:01");
    check_ok(b, try_attempt(b, run_id, 1));
    check_ok(b, try_attempt(b, run_id, 2));
    const struct db_run_end end = { .verdict = DB_FAIL,
                                    .code = "boot",
                                    .sentence = nasty,
                                    .hint = "",
                                    .board_state = "verified",
                                    .app_text = NULL,
                                    .ended_utc_ms = T0_MS + 11000,
                                    .duration_ms = 11000 };
    check_ok(b, db_run_close(b->db, run_id, &end, &b->e));
}

/* ---- Form ---- */

static void db_exports_json_that_others_can_read(void **state)
{
    struct bench *b = *state;
    int64_t runs = 0;
    bench_open(b);
    add_nasty_run(b);
    start_run(b);
    char *json = export_as(b, DB_JSON, NULL, &runs);
    assert_int_equal(runs, 2);
    assert_json(json, "SELECT json_valid(?)", "1");
    assert_json(json, "SELECT json_array_length(?)", "2");
    assert_json(json, "SELECT json_extract(?, '$[0].sentence')", in_json);
    assert_json(json, "SELECT json_extract(?, '$[0].hint')", "");
    assert_json(json, "SELECT json_type(?, '$[0].app_text')", "null");
    assert_json(json, "SELECT json_type(?, '$[0].duration_ms')", "integer");
    assert_json(json, "SELECT json_extract(?, '$[0].mac')", "24:0a:c4:00:00:01");
    assert_json(json, "SELECT json_extract(?, '$[0].attempt_count')", "2");
    assert_json(json, "SELECT json_array_length(?, '$[0].attempts')", "2");
    assert_json(json, "SELECT json_extract(?, '$[0].attempts[1].number')", "2");
    assert_json(json, "SELECT json_extract(?, '$[0].attempts[1].baud')", "921600");
    assert_json(json, "SELECT json_array_length(?, '$[0].attempts[1].digests')", "2");
    assert_json(json, "SELECT json_extract(?, '$[0].attempts[1].digests[1].file')", "app.bin");
    assert_json(json, "SELECT json_extract(?, '$[0].attempts[1].digests[1].offset')", "65536");
    assert_json(json, "SELECT json_type(?, '$[0].attempts[1].digests[1].read_md5')", "null");
    assert_json(json, "SELECT json_extract(?, '$[0].attempts[0].digests[0].written_sha256')",
                SHA_A);
    assert_json(json, "SELECT json_type(?, '$[1].verdict')", "null");
    assert_json(json, "SELECT json_array_length(?, '$[1].attempts')", "0");
    free(json);
}

/* What is counted elsewhere as a product is none; who can leave it out himself is told. */
static void db_marks_runs_on_golden_boards_or_leaves_them_out(void **state)
{
    static const enum db_format counted[] = { DB_JUNIT, DB_WSJF, DB_OPENHTF };
    struct bench *b = *state;
    int64_t runs = 0;
    bench_open(b);
    whole_run(b, "24:0a:c4:00:00:01", 0, 1, T0_MS, DB_PASS);
    golden_run(b, "24:0a:c4:00:00:09", 1, T0_MS + 1000, DB_FAIL);
    char *json = export_as(b, DB_JSON, NULL, &runs);
    assert_int_equal(runs, 2);
    assert_json(json, "SELECT json_type(?, '$[0].golden')", "null");
    assert_json(json, "SELECT json_extract(?, '$[1].golden')", "1");
    free(json);
    char *csv = export_as(b, DB_CSV, NULL, &runs);
    assert_int_equal(runs, 2);
    assert_non_null(strstr(csv, ",1,,,0,\r\n"));
    free(csv);
    for (size_t i = 0; i < sizeof counted / sizeof counted[0]; i++) {
        char *text = export_as(b, counted[i], NULL, &runs);
        assert_int_equal(runs, 1);
        assert_null(strstr(text, "24:0a:c4:00:00:09"));
        free(text);
    }
    char *xml = export_as(b, DB_JUNIT, &(struct db_filter){ .slot = 1 }, NULL);
    assert_non_null(strstr(xml, "tests=\"1\" failures=\"0\""));
    free(xml);
}

/* The other station's runs are in no export of this record: the words are all there is. */
static void db_exports_in_all_forms_where_a_board_had_passed(void **state)
{
    struct bench *b = *state;
    struct db_seen seen;
    const struct db_fleet_say says = { .answer = DB_FLEET_ANSWERED, .elsewhere = "line 1, run 5" };
    const struct db_admission rule = { .duplicates = DB_ONCE_EVER,
                                       .rework_reason = "new firmware",
                                       .fleet = &says };
    const struct db_board board = { .mac = "24:0a:c4:00:00:01",
                                    .chip = "ESP32",
                                    .seen_utc_ms = T0_MS };
    bench_open(b);
    const int64_t run_id = start_run(b);
    check_ok(b, db_board_admit(b->db, run_id, &board, &rule, &seen, NULL, &b->e));
    check_ok(b, try_close(b, run_id, DB_PASS));
    for (size_t f = 0; db_format_info(f); f++) {
        char *text = export_as(b, (enum db_format)f, NULL, NULL);
        assert_non_null(strstr(text, "rework_elsewhere"));
        assert_non_null(strstr(text, "line 1, run 5"));
        assert_non_null(strstr(text, "new firmware"));
        free(text);
    }
}

/* Programs of other people rely on this line. New columns go to its end. */
static void db_keeps_the_columns_of_the_csv(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    char *csv = export_as(b, DB_CSV, NULL, NULL);
    assert_string_equal(csv, "run,started_utc,ended_utc,duration_ms,verdict,code,sentence,hint,"
                             "board_state,slot,port,operator,lot,mac,chip,revision,flash_id,"
                             "flash_bytes,recipe,recipe_version,recipe_chip,recipe_sha256,"
                             "plan_sha256,host,tool_version,attempt_count,app_text,rework_of,"
                             "rework_reason,correction_count,corrected_verdict,"
                             "correction_operator,correction_reason,correction_utc,last_loader,"
                             "last_baud,last_baud_asked,last_baud_why,last_write_mode,"
                             "last_bytes_written,last_wire_bytes,last_skipped_bytes,"
                             "last_round_trips,last_reset_ms,last_sync_ms,last_identify_ms,"
                             "last_stub_ms,last_baud_ms,last_erase_ms,last_wire_ms,last_stall_ms,"
                             "last_md5_ms,last_leave_ms,last_boot_ms,last_floor_ms,"
                             "recorded_verdict,last_size_ms,serial,unit,golden,"
                             "serial_released_utc,burns,last_burn_ms,rework_elsewhere\r\n");
    free(csv);
    char *json = export_as(b, DB_JSON, NULL, NULL);
    assert_string_equal(json, "[\n]\n");
    free(json);
}

static void db_quotes_csv_as_the_rfc_says(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    add_nasty_run(b);
    char *csv = export_as(b, DB_CSV, NULL, NULL);
    const char *row = strstr(csv, "\r\n") + 2;
    static const char start[] = "1,2026-03-04T05:06:07.089Z,2026-03-04T05:06:18.089Z,11000,FAIL,"
                                "boot,"
                                "\"say \"\"hi\"\", then\r\n\ttab \\ \xE2\x90\x81\xE2\x90\x9F ";
    assert_int_equal(strncmp(row, start, strlen(start)), 0);
    assert_non_null(strstr(row, " end\",\"\",verified,1,/dev/ttyUSB0,Ada,,24:0a:c4:00:00:01,"));
    assert_non_null(strstr(row, ",0.1.0,2,,,,0,,,,,stub,921600,"));
    assert_string_equal(csv + strlen(csv) - 2, "\r\n");
    free(csv);
}

static void db_exports_csv_that_others_can_read(void **state)
{
    struct bench *b = *state;
    char command[512], read_back[256];
    struct text t = { 0 };
    const struct db_sink sink = { .ctx = &t, .emit = collect };
    if (system("command -v sqlite3 >/dev/null 2>&1") != 0) {
        print_message("the sqlite3 shell is not here, so nobody else reads the CSV\n");
        skip();
    }
    bench_open(b);
    add_nasty_run(b);
    start_run(b);
    struct db *reader = reader_of(b);
    check_ok(b, db_export(reader, DB_CSV, NULL, &sink, NULL, &b->e));
    db_close(reader);
    snprintf(command, sizeof command,
             "cat >%s/x.csv && sqlite3 %s/y.db '.import --csv %s/x.csv t' 'SELECT count(*),"
             " hex(max(sentence)), group_concat(run), max(plan_sha256) <> \"\" FROM t' >%s/out",
             b->folder, b->folder, b->folder, b->folder);
    FILE *pipe_in = popen(command, "we");
    assert_non_null(pipe_in);
    assert_int_equal(fwrite(t.bytes, 1, t.used, pipe_in), t.used);
    assert_int_equal(pclose(pipe_in), 0);
    free(t.bytes);

    char expected[256];
    size_t used = (size_t)snprintf(expected, sizeof expected, "2|");
    for (const char *p = in_csv_and_xml; *p != '\0'; p++)
        used +=
            (size_t)snprintf(expected + used, sizeof expected - used, "%02X", (unsigned char)*p);
    snprintf(expected + used, sizeof expected - used, "|1,2|1\n");
    snprintf(command, sizeof command, "%s/out", b->folder);
    FILE *out = fopen(command, "re");
    assert_non_null(out);
    assert_non_null(fgets(read_back, sizeof read_back, out));
    fclose(out);
    assert_string_equal(read_back, expected);
}

/* ---- Filters ---- */

static void fill_for_filters(struct bench *b)
{
    bench_open(b);
    const int64_t lot_a = db_lot_put(b->db, "A", T0_MS, &b->e);
    const int64_t lot_b = db_lot_put(b->db, "B", T0_MS, &b->e);
    const int64_t day_ms = 86400000;
    whole_run(b, "240ac4000001", lot_a, 1, T0_MS, DB_PASS);              /* 1: 4 March */
    whole_run(b, "240ac4000002", lot_a, 2, T0_MS + day_ms, DB_FAIL);     /* 2: 5 March */
    whole_run(b, "240ac4000002", lot_a, 2, T0_MS + day_ms, DB_PASS);     /* 3: same moment */
    whole_run(b, "240ac4000003", lot_b, 3, T0_MS + 2 * day_ms, DB_PASS); /* 4: 6 March */
    whole_run(b, "240ac4000001", 0, 1, T0_MS - day_ms, DB_STOPPED);      /* 5: the clock was back */
    start_run_at(b, b->db, lot_b, 4, T0_MS + 3 * day_ms);                /* 6: 7 March */
}

struct filter_case {
    struct db_filter filter;
    const char *ids;
};

static const struct filter_case filter_cases[] = {
    { { 0 }, "5,1,2,3,4,6" },
    { { .lot = "A" }, "1,2,3" },
    { { .lot = "C" }, "NULL" },
    { { .mac = "24-0A-C4-00-00-01" }, "5,1" },
    { { .mac = "24:0a:c4:00:00:09" }, "NULL" },
    { { .verdict = "PASS" }, "1,3,4" },
    { { .verdict = "FAIL" }, "2" },
    { { .verdict = "STOPPED" }, "5" },
    { { .verdict = "INTERRUPTED" }, "NULL" },
    { { .verdict = "OPEN" }, "6" },
    { { .since = "2026-03-05" }, "2,3,4,6" },
    { { .until = "2026-03-05" }, "5,1,2,3" },
    { { .since = "2026-03-05", .until = "2026-03-05" }, "2,3" },
    { { .since = "2026-03-05T05:06:07.089Z", .until = "2026-03-05T05:06:07.089Z" }, "2,3" },
    { { .since = "2026-03-05T05:06:07.090Z" }, "4,6" },
    { { .until = "2026-02" }, "NULL" },
    { { .recipe = "thermostat" }, "5,1,2,3,4,6" },
    { { .recipe = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
      "5,1,2,3,4,6" },
    { { .recipe = "other" }, "NULL" },
    { { .slot = 2 }, "2,3" },
    { { .slot = 4 }, "6" },
    { { .chip = "ESP32" }, "5,1,2,3,4,6" },       /* the recipe's, in any case */
    { { .chip = "esp32-d0wd-v3" }, "5,1,2,3,4" }, /* as the board said; 6 was not identified */
    { { .chip = "esp32c3" }, "NULL" },
    { { .chip = "esp32", .slot = 2 }, "2,3" },
    { { .lot = "A", .verdict = "PASS" }, "1,3" },
    { { .lot = "A",
        .mac = "240ac4000002",
        .verdict = "PASS",
        .since = "2026",
        .until = "2026",
        .recipe = "thermostat",
        .slot = 2 },
      "3" },
    { { .lot = "' OR 1=1 --" }, "NULL" },
};

static void db_filters_runs(void **state)
{
    struct bench *b = *state;
    fill_for_filters(b);
    for (size_t i = 0; i < sizeof filter_cases / sizeof filter_cases[0]; i++) {
        char *json = export_as(b, DB_JSON, &filter_cases[i].filter, NULL);
        assert_json(json, "SELECT json_valid(?)", "1");
        assert_json(json,
                    "SELECT group_concat(json_extract(value, '$.run')) FROM"
                    " (SELECT value FROM json_each(?) ORDER BY key)",
                    filter_cases[i].ids);
        free(json);
    }
}

static void db_refuses_filters_that_make_no_sense(void **state)
{
    static const struct {
        struct db_filter filter;
        const char *words;
    } bad[] = {
        { { .mac = "24:0a" }, "is not a MAC" },
        { { .verdict = "pass" }, "'pass' is not a verdict" },
        { { .since = "last week" }, "'last week' is not a date" },
        { { .until = "2026-02-30" }, "'2026-02-30' is not a date" },
    };
    struct bench *b = *state;
    size_t bytes = 0;
    const struct db_sink sink = { .ctx = &bytes, .emit = count_only };
    bench_open(b);
    struct db *reader = reader_of(b);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(db_export(reader, DB_CSV, &bad[i].filter, &sink, NULL, &b->e));
        assert_says(b, ERR_USAGE, bad[i].words);
    }
    assert_int_equal(bytes, 0);
    db_close(reader);
}

/* ---- Size ---- */

struct plan_check {
    sqlite3 *sql;
    int statements;
};

/* Called for each statement that starts: asks SQLite how it would run it. */
static int check_plan(unsigned event, void *ctx, void *statement, void *text)
{
    struct plan_check *check = ctx;
    char *expanded = sqlite3_expanded_sql(statement);
    sqlite3_stmt *s = NULL;
    (void)event;
    (void)text;
    if (strstr(expanded, "FROM run AS r JOIN") != NULL) {
        char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", expanded);
        assert_int_equal(sqlite3_prepare_v2(check->sql, explain, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW) {
            const char *step = (const char *)sqlite3_column_text(s, 3);
            if (strstr(step, "TEMP B-TREE") != NULL)
                fail_msg("%s sorts: %s", expanded, step);
        }
        sqlite3_finalize(s);
        sqlite3_free(explain);
        check->statements++;
    }
    sqlite3_free(expanded);
    return 0;
}

/* Rows come out of an index in their order: nothing is collected to be sorted. A recipe's name may
 * stand for several recipes, whose runs have to be merged: that one may choose. */
static void db_reads_every_filter_in_order_from_an_index(void **state)
{
    struct bench *b = *state;
    size_t bytes = 0;
    struct plan_check check = { 0 };
    const struct db_sink sink = { .ctx = &bytes, .emit = count_only };
    fill_for_filters(b);
    struct db *reader = reader_of(b);
    assert_int_equal(sqlite3_open(b->path, &check.sql), SQLITE_OK);
    sqlite3_trace_v2(reader->sql, SQLITE_TRACE_STMT, check_plan, &check);
    for (size_t i = 0; i < sizeof filter_cases / sizeof filter_cases[0]; i++) {
        const struct db_filter *f = &filter_cases[i].filter;
        if (f->recipe == NULL)
            check_ok(b, db_export(reader, DB_JSON, f, &sink, NULL, &b->e));
    }
    assert_in_range(check.statements, 15, 100);
    sqlite3_close(check.sql);
    db_close(reader);
}

static void add_many_runs(const struct bench *b, int count)
{
    char sql[2048];
    snprintf(sql, sizeof sql,
             "BEGIN;"
             "CREATE TEMP TABLE top AS SELECT ifnull(max(id), 0) AS id FROM run;"
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)"
             " INSERT INTO run (station, recipe, slot, port, started_utc)"
             " SELECT 1, 1, 1 + i %% 16, '/dev/ttyUSB0', '2026-03-04T05:06:07.089Z' FROM n;"
             "INSERT INTO attempt (run, number, started_utc, duration_ms, phase, code, sentence,"
             " board_state, bytes_written, wire_bytes) SELECT run.id, 1, started_utc, 9000, "
             "'write',"
             " 'write', hex(zeroblob(300)), 'half-written', 1000, 2000 FROM run, top"
             " WHERE run.id > top.id;"
             "UPDATE run SET verdict = 'FAIL', code = 'write', sentence = hex(zeroblob(300)),"
             " board_state = 'half-written', ended_utc = started_utc, duration_ms = 1"
             " WHERE verdict IS NULL; DROP TABLE top; COMMIT",
             count);
    if (sqlite3_exec(b->db->sql, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(b->db->sql));
}

/* What SQLite holds at most during an export, in bytes; its page cache is bounded by itself. */
static int64_t export_memory(struct bench *b, enum db_format format, int64_t expected_runs)
{
    size_t bytes = 0;
    int64_t runs = 0;
    const struct db_sink sink = { .ctx = &bytes, .emit = count_only };
    struct db *reader = reader_of(b);
    sqlite3_memory_highwater(1);
    const int64_t before = sqlite3_memory_used();
    check_ok(b, db_export(reader, format, NULL, &sink, &runs, &b->e));
    const int64_t most = sqlite3_memory_highwater(0) - before;
    db_close(reader);
    assert_int_equal(runs, expected_runs);
    assert_true(bytes > (size_t)runs * 600);
    return most;
}

static void db_exports_many_runs_in_the_same_memory(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    put_recipe(b, b->db);
    add_many_runs(b, 4000);
    const int64_t some = export_memory(b, DB_JSON, 4000);
    add_many_runs(b, 20000);
    const int64_t many = export_memory(b, DB_JSON, 24000);
    const int64_t many_csv = export_memory(b, DB_CSV, 24000);
    print_message("memory for 4000 runs: %" PRId64 " KiB, for 24000: %" PRId64 " and %" PRId64 "\n",
                  some / 1024, many / 1024, many_csv / 1024);
    assert_true(many < some + 262144);
    assert_true(many_csv < some + 262144);
}

static void db_stops_an_export_that_nobody_takes(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    put_recipe(b, b->db);
    add_many_runs(b, 1000);
    struct db *reader = reader_of(b);
    for (int taken = 1; taken <= 3; taken++) {
        int left = taken;
        const struct db_sink sink = { .ctx = &left, .emit = refuse };
        assert_false(db_export(reader, DB_JSON, NULL, &sink, NULL, &b->e));
        assert_says(b, ERR_STATION, "The export could not be written on, after ");
        assert_int_equal(left, 0); /* not asked again after it had refused */
    }
    size_t bytes = 0;
    const struct db_sink sink = { .ctx = &bytes, .emit = count_only };
    check_ok(b, db_export(reader, DB_JSON, NULL, &sink, NULL, &b->e));
    db_close(reader);
}

/* ---- One state of the record ---- */

struct during {
    struct bench *b;
    int64_t open_run;
    bool done;
};

static bool write_meanwhile(void *ctx, const char *bytes, size_t n)
{
    struct during *d = ctx;
    (void)bytes;
    (void)n;
    if (!d->done) {
        d->done = true;
        whole_run(d->b, "240ac4000009", 0, 1, T0_MS + 900, DB_PASS);
        check_ok(d->b, try_close(d->b, d->open_run, DB_STOPPED));
    }
    return true;
}

static void db_exports_one_state_while_a_station_writes(void **state)
{
    struct bench *b = *state;
    int64_t runs = 0;
    bench_open(b);
    put_recipe(b, b->db);
    add_many_runs(b, 1000);
    struct during d = { .b = b, .open_run = start_run_at(b, b->db, 0, 1, T0_MS + 500) };
    const struct db_sink sink = { .ctx = &d, .emit = write_meanwhile };
    struct db *reader = reader_of(b);
    check_ok(b, db_export(reader, DB_JSON, NULL, &sink, &runs, &b->e));
    assert_true(d.done);
    assert_int_equal(runs, 1001);
    check_ok(b, db_export(reader, DB_JSON, NULL, &sink, &runs, &b->e));
    assert_int_equal(runs, 1002);
    db_close(reader);
}

/* ---- History ---- */

static bool tell_board(void *ctx, const struct db_board_row *r)
{
    char line[256];
    snprintf(line, sizeof line, "board %s %s %d %" PRIx64 " %" PRId64 " %s\n", r->mac, r->chip,
             r->revision, (uint64_t)r->flash_id, r->flash_bytes, r->first_seen_utc);
    return collect(ctx, line, strlen(line));
}

static bool tell_run(void *ctx, const struct db_run_row *r)
{
    char line[512];
    snprintf(line, sizeof line, "run %" PRId64 " %s %s %" PRId64 " %s %s %d %s %s %s %s %s %d\n",
             r->run_id, r->started_utc, r->ended_utc == NULL ? "-" : r->ended_utc, r->duration_ms,
             r->verdict == NULL ? "-" : r->verdict, r->sentence == NULL ? "-" : r->sentence,
             r->slot, r->port, r->operator_name, r->lot == NULL ? "-" : r->lot, r->recipe,
             r->recipe_version, r->attempt_count);
    return collect(ctx, line, strlen(line));
}

static bool tell_attempt(void *ctx, const struct db_attempt_row *r)
{
    char line[256];
    snprintf(line, sizeof line, "attempt %d %s %s %" PRId64 " %s %s %s %" PRId64 " %" PRId64 "\n",
             r->number, r->phase, r->code, r->baud, r->reset, r->loader, r->board_state,
             r->bytes_written, r->wire_bytes);
    return collect(ctx, line, strlen(line));
}

static bool tell_digest(void *ctx, const struct db_digest_row *d)
{
    char line[256];
    snprintf(line, sizeof line, "%s %" PRIx64 " %" PRId64 " %.4s %.4s %.4s %.4s %" PRId64 "\n",
             d->file, (uint64_t)d->offset, d->size_bytes, d->expected_md5,
             d->read_md5 ? d->read_md5 : "-", d->written_md5, d->written_sha256, d->skipped_bytes);
    return collect(ctx, line, strlen(line));
}

static bool give_up(void *ctx, const struct db_run_row *r)
{
    (void)ctx;
    (void)r;
    return false;
}

static void db_tells_the_life_of_a_board(void **state)
{
    struct bench *b = *state;
    struct text t = { 0 };
    struct db_history_sink sink = { .ctx = &t,
                                    .board = tell_board,
                                    .run = tell_run,
                                    .attempt = tell_attempt,
                                    .digest = tell_digest };
    fill_for_filters(b);
    see(b, 6, "240ac4000001");
    struct db *reader = reader_of(b);
    check_ok(b, db_history(reader, "24-0A-C4-00-00-01", &sink, &b->e));
    /* Run 5 came after run 1, though the clock had been set back meanwhile. */
    const char *attempt = "attempt 1 leave ok 921600 classic stub running 920000 512345\n"
                          "boot.bin 1000 20000 aaaa aaaa aaaa aaaa 0\n"
                          "app.bin 10000 900000 bbbb - bbbb bbbb 4096\n";
    char expected[1280];
    snprintf(expected, sizeof expected,
             "board 24:0a:c4:00:00:01 ESP32-D0WD-V3 301 164020 4194304 2026-03-04T05:06:07.089Z\n"
             "run 1 2026-03-04T05:06:07.089Z 2026-03-04T05:06:18.089Z 11000 PASS -"
             " 1 /dev/ttyUSB0 Ada A thermostat 2.3.0 1\n%s"
             "run 5 2026-03-03T05:06:07.089Z 2026-03-04T05:06:18.089Z 11000 STOPPED Nothing "
             "answered"
             " 1 /dev/ttyUSB0 Ada - thermostat 2.3.0 1\n%s"
             "run 6 2026-03-07T05:06:07.089Z - -1 - - 4 /dev/ttyUSB0 Ada B thermostat 2.3.0 0\n",
             attempt, attempt);
    assert_string_equal(t.bytes, expected);

    t.used = 0;
    check_ok(b, db_history(reader, "24:0a:c4:00:00:77", &sink, &b->e));
    assert_int_equal(t.used, 0);
    assert_false(db_history(reader, "24:0a:c4", &sink, &b->e));
    assert_says(b, ERR_USAGE, "is not a MAC");
    sink.attempt = NULL;
    check_ok(b, db_history(reader, "240ac4000001", &sink, &b->e));
    assert_null(strstr(t.bytes, "attempt"));
    sink.run = give_up;
    assert_false(db_history(reader, "240ac4000001", &sink, &b->e));
    assert_says(b, ERR_STATION, "gave up");
    assert_false(db_history(b->db, "240ac4000001", &sink, &b->e));
    assert_says(b, ERR_STATION, "read it on a handle of its own");
    free(t.bytes);
    db_close(reader);
}

/* ---- Two forms of one MAC ---- */

#define BASE  "60:55:f9:f6:fa:3c"
#define EUI   "60:55:f9:ff:fe:f6:fa:3c"
#define OTHER "60:55:f9:00:01:f6:fa:3c" /* another board, if there is one that says so */

static bool tell_mac(void *ctx, const struct db_board_row *r)
{
    return collect(ctx, r->mac, strlen(r->mac)) && collect(ctx, "\n", 1);
}

static bool pass_over(void *ctx, const struct db_run_row *r)
{
    (void)ctx;
    return r->run_id > 0;
}

static void assert_history(struct bench *b, const char *asked, const char *found)
{
    struct text t = { 0 };
    const struct db_history_sink sink = { .ctx = &t, .board = tell_mac, .run = pass_over };
    struct db *reader = reader_of(b);
    collect(&t, "", 0);
    check_ok(b, db_history(reader, asked, &sink, &b->e));
    assert_string_equal(t.bytes, found);
    db_close(reader);
    free(t.bytes);
}

static void db_finds_a_board_by_both_forms_of_its_mac(void **state)
{
    static const char *const seen[][2] = { { EUI, BASE }, { BASE, EUI } };
    for (size_t i = 0; i < 2; i++) {
        struct bench *b = *state;
        struct db_passed passed;
        int64_t runs = 0;
        char found[32];
        snprintf(b->path, sizeof b->path, "%s/%zu.db", b->folder, i);
        bench_open(b);
        const int64_t lot = db_lot_put(b->db, "A", T0_MS, &b->e);
        whole_run(b, "240ac4000001", lot, 1, T0_MS, DB_PASS);
        whole_run(b, seen[i][0], lot, 1, T0_MS, DB_PASS);
        snprintf(found, sizeof found, "%s\n", seen[i][0]);
        assert_history(b, seen[i][0], found);
        assert_history(b, seen[i][1], found);
        assert_history(b, "60:55:f9:f6:fa:3d", "");
        free(export_as(b, DB_CSV, &(struct db_filter){ .mac = seen[i][1] }, &runs));
        assert_int_equal(runs, 1);
        check_ok(b, db_passed(b->db, seen[i][1], lot, &passed, &b->e));
        assert_true(passed.in_lot);
        const int64_t again = start_run_at(b, b->db, lot, 2, T0_MS);
        const struct db_seen what = see(b, again, seen[i][1]);
        assert_false(what.first_time);
        assert_int_equal(what.passed.run_id, 2);
        assert_answer(b, "SELECT count(*) FROM board", "2");
        db_close(b->db);
        b->db = NULL;
    }
}

static void db_keeps_two_eui_64_apart(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    whole_run(b, EUI, 0, 1, T0_MS, DB_PASS);
    whole_run(b, OTHER, 0, 1, T0_MS, DB_PASS);
    assert_answer(b, "SELECT count(*) FROM board", "2");
    assert_history(b, EUI, EUI "\n");
    assert_history(b, OTHER, OTHER "\n");
    assert_history(b, BASE, EUI "\n"); /* the first of them */
}

/* ---- A record in which nothing has happened ---- */

static void db_exports_nothing_of_an_empty_record(void **state)
{
    static const struct db_filter filters[] = {
        { .slot = 0 },         { .lot = "A" },        { .mac = BASE },     { .verdict = "FAIL" },
        { .verdict = "OPEN" }, { .verdict = "PASS" }, { .since = "2026" }, { .until = "2026" },
        { .recipe = "x" },     { .chip = "esp32" },   { .slot = 3 },       { .lot = "none" },
    };
    struct bench *b = *state;
    bench_open(b);
    check_ok(b, db_lot_put(b->db, "A", T0_MS, &b->e) > 0);
    for (size_t format = 0; db_format_info(format); format++) {
        for (size_t i = 0; i < sizeof filters / sizeof filters[0]; i++) {
            int64_t runs = -1;
            free(export_as(b, (enum db_format)format, &filters[i], &runs));
            assert_int_equal(runs, 0);
        }
    }
}

int main(void)
{
#define ON_BENCH(test) cmocka_unit_test_setup_teardown(test, bench_up, bench_down)
    const struct CMUnitTest tests[] = {
        ON_BENCH(db_marks_runs_on_golden_boards_or_leaves_them_out),
        ON_BENCH(db_exports_json_that_others_can_read),
        ON_BENCH(db_exports_in_all_forms_where_a_board_had_passed),
        ON_BENCH(db_keeps_the_columns_of_the_csv),
        ON_BENCH(db_quotes_csv_as_the_rfc_says),
        ON_BENCH(db_exports_csv_that_others_can_read),
        ON_BENCH(db_filters_runs),
        ON_BENCH(db_refuses_filters_that_make_no_sense),
        ON_BENCH(db_reads_every_filter_in_order_from_an_index),
        ON_BENCH(db_exports_many_runs_in_the_same_memory),
        ON_BENCH(db_stops_an_export_that_nobody_takes),
        ON_BENCH(db_exports_one_state_while_a_station_writes),
        ON_BENCH(db_tells_the_life_of_a_board),
        ON_BENCH(db_finds_a_board_by_both_forms_of_its_mac),
        ON_BENCH(db_keeps_two_eui_64_apart),
        ON_BENCH(db_exports_nothing_of_an_empty_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
