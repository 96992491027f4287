/* Statistics: what counts and what does not, exact percentiles, and the way SQLite takes to them.
 * tests/integration/stats.sh compares large records with SQL of its own. */
#include "db/read/stats.h"

#include "db/read/stats_priv.h"
#include "tests/unit/db_help.h"

enum { ROWS_MAX = 40 };

/* The rows of one answer, with copies of what ends with the call. */
struct answer {
    size_t count;
    struct db_stats_row rows[ROWS_MAX];
    char names[ROWS_MAX][40];
    char codes[ROWS_MAX][160]; /* "boot 2, write 1" */
    char rates[ROWS_MAX][160]; /* "921600>460800 x 2" */
};

static bool keep(void *ctx, const struct db_stats_row *row)
{
    struct answer *a = ctx;
    assert_true(a->count < ROWS_MAX);
    const size_t at = a->count++;
    size_t n = 0;
    a->rows[at] = *row;
    snprintf(a->names[at], sizeof a->names[at], "%s", row->name != NULL ? row->name : "(none)");
    for (size_t i = 0; i < row->code_count; i++)
        n += (size_t)snprintf(a->codes[at] + n, sizeof a->codes[at] - n, "%s%s %d",
                              i == 0 ? "" : ", ", row->codes[i].code, (int)row->codes[i].runs);
    n = 0;
    for (size_t i = 0; i < row->rate_count; i++)
        n += (size_t)snprintf(a->rates[at] + n, sizeof a->rates[at] - n, "%s%d>%d x %d",
                              i == 0 ? "" : ", ", (int)row->rates[i].baud_asked,
                              (int)row->rates[i].baud, (int)row->rates[i].attempts);
    return true;
}

static bool refuse(void *ctx, const struct db_stats_row *row)
{
    (void)ctx;
    (void)row;
    return false;
}

static struct db *reader_of(struct bench *b)
{
    struct db *reader = db_open_reader(b->path, 1000, &b->e);
    if (reader == NULL)
        fail_msg("%s", b->e.what);
    return reader;
}

static struct answer ask_stats(struct bench *b, enum db_stats_by by, const struct db_filter *filter)
{
    static struct answer a;
    memset(&a, 0, sizeof a);
    const struct db_stats_sink sink = { &a, keep };
    struct db *reader = reader_of(b);
    check_ok(b, db_stats(reader, by, filter, &sink, &b->e));
    db_close(reader);
    assert_true(a.count >= 1);
    assert_true(a.rows[0].total);
    return a;
}

/* ---- Rows ---- */

/* One attempt, and how its run ends. Zero is plain: slot 1, no lot, at the rate that was asked. */
struct one {
    const char *mac; /* NULL: never identified */
    const char *verdict, *code;
    int64_t lot, ms, bytes, baud;
    const char *why;
    int slot, number, day;
};

static void close_as(struct bench *b, int64_t run_id, const struct one *one)
{
    const struct db_run_end end = { .verdict = one->verdict[0] == 'P'   ? DB_PASS
                                               : one->verdict[0] == 'F' ? DB_FAIL
                                                                        : DB_STOPPED,
                                    .code = one->code,
                                    .board_state = "untouched",
                                    .ended_utc_ms = T0_MS + 11000,
                                    .duration_ms = one->ms };
    check_ok(b, db_run_close(b->db, run_id, &end, &b->e));
}

static int64_t add(struct bench *b, const struct one *one)
{
    const int64_t run_id = start_run_at(b, b->db, one->lot, one->slot == 0 ? 1 : one->slot,
                                        T0_MS + one->day * INT64_C(86400000));
    const struct db_attempt attempt = { .number = one->number == 0 ? 1 : one->number,
                                        .started_utc_ms = T0_MS,
                                        .duration_ms = one->ms,
                                        .baud = one->baud == 0 ? 921600 : one->baud,
                                        .baud_asked = 921600,
                                        .baud_why = one->why == NULL ? "recipe" : one->why,
                                        .phase = "boot",
                                        .code = one->code,
                                        .board_state = "untouched",
                                        .bytes_written = one->bytes };
    if (one->mac != NULL)
        see(b, run_id, one->mac);
    check_ok(b, db_attempt_add(b->db, run_id, &attempt, &b->e));
    if (one->verdict != NULL)
        close_as(b, run_id, one);
    return run_id;
}

static void add_all(struct bench *b, const struct one *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add(b, &list[i]);
}

#define MAC(digit) "24:0a:c4:00:00:0" digit
#define COUNT(a)   (sizeof(a) / sizeof(a)[0])

static int64_t lot_of(struct bench *b, const char *name)
{
    const int64_t id = db_lot_put(b->db, name, T0_MS, &b->e);
    check_ok(b, id > 0);
    return id;
}

/* ---- What counts ---- */

static void db_stats_counts_a_board_once_in_a_lot(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const int64_t lot = lot_of(b, "A"), other = lot_of(b, "B");
    const struct one list[] = {
        { MAC("1"), "FAIL", "boot", .lot = lot }, /* good in the end */
        { MAC("1"), "PASS", "ok", .lot = lot },
        { MAC("2"), "PASS", "ok", .lot = lot },        /* good at once */
        { MAC("2"), "FAIL", "duplicate", .lot = lot }, /* ... and says nothing new */
        { MAC("2"), "FAIL", "quota", .lot = lot },
        { MAC("3"), "STOPPED", "stopped", .lot = lot }, /* good at once: the stop judged nothing */
        { MAC("3"), "PASS", "ok", .lot = lot },
        { MAC("4"), "PASS", "ok", .lot = lot }, /* left unfinished */
        { MAC("4"), "STOPPED", "stopped", .lot = lot },
        { MAC("5"), "STOPPED", "stopped", .lot = lot }, /* never judged */
        { MAC("6"), "FAIL", "verify", .lot = lot },     /* never good */
        { NULL, "FAIL", "no-sync", .lot = lot },        /* nobody knows who that was */
        { MAC("1"), "PASS", "ok", .lot = other },       /* another lot, another count */
        { MAC("1"), "FAIL", "boot", .lot = 0 },         /* and so is no lot */
        { MAC("7"), NULL, "ok", .lot = 0 },             /* open */
    };
    add_all(b, list, COUNT(list));
    const struct answer all = ask_stats(b, DB_BY_LOT, NULL);
    assert_int_equal(all.count, 4);
    assert_string_equal(all.names[1], "A");
    assert_string_equal(all.names[2], "B");
    assert_null(all.rows[3].name);
    const struct db_stats_row *row = &all.rows[1];
    assert_int_equal(row->passed, 4);
    assert_int_equal(row->failed, 5);
    assert_int_equal(row->stopped, 3);
    assert_int_equal(row->open, 0);
    assert_int_equal(row->refused, 2);
    assert_int_equal(row->unidentified, 1);
    assert_int_equal(row->boards, 5);
    assert_int_equal(row->first_pass, 3);
    assert_int_equal(row->final_pass, 3);
    assert_string_equal(all.codes[1], "boot 1, duplicate 1, no-sync 1, quota 1, verify 1");
    assert_int_equal(all.rows[2].boards, 1);
    assert_int_equal(all.rows[3].boards, 1);
    assert_int_equal(all.rows[3].open, 1);
    assert_int_equal(all.rows[0].boards, 7);
    assert_int_equal(all.rows[0].first_pass, 4);
    assert_string_equal(all.codes[0], "boot 2, duplicate 1, no-sync 1, quota 1, verify 1");
    assert_true(db_run_yield(row) > 0.571 && db_run_yield(row) < 0.572); /* 4 of 7 */
}

/* The boards of all groups add up: a board that came back elsewhere is not counted twice. */
static void db_stats_gives_a_board_to_the_group_of_its_first_run(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const struct one list[] = {
        { MAC("1"), "STOPPED", "stopped", .slot = 3, .day = 0 },
        { MAC("1"), "FAIL", "boot", .slot = 1, .day = 1 },
        { MAC("1"), "PASS", "ok", .slot = 2, .day = 2 },
    };
    add_all(b, list, COUNT(list));
    const struct answer slots = ask_stats(b, DB_BY_SLOT, NULL);
    assert_int_equal(slots.count, 4);
    assert_string_equal(slots.names[1], "1");
    assert_int_equal(slots.rows[1].boards, 1);
    assert_int_equal(slots.rows[1].first_pass, 0);
    assert_int_equal(slots.rows[1].final_pass, 1);
    assert_int_equal(slots.rows[2].boards + slots.rows[3].boards, 0);
    assert_int_equal(slots.rows[2].passed, 1);
    const struct answer days = ask_stats(b, DB_BY_DAY, NULL);
    assert_string_equal(days.names[1], "2026-03-04");
    assert_string_equal(days.names[3], "2026-03-06");
    assert_int_equal(days.rows[2].boards, 1);
    assert_int_equal(days.rows[0].boards, 1);
}

static void db_stats_of_an_empty_record_are_zero(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    for (int by = DB_BY_NOTHING; by <= DB_BY_CHIP; by++) {
        const struct answer a = ask_stats(b, (enum db_stats_by)by, NULL);
        assert_int_equal(a.count, 1);
        assert_int_equal(a.rows[0].ms.count + a.rows[0].boards + a.rows[0].passed, 0);
        assert_true(db_first_pass_yield(&a.rows[0]) < 0 && db_run_yield(&a.rows[0]) < 0);
    }
}

static void db_stats_takes_times_and_speeds_of_passes_alone(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const struct one list[] = {
        { MAC("1"), "PASS", "ok", .ms = 4000, .bytes = 400000 },
        { MAC("2"), "PASS", "ok", .ms = 9000, .bytes = 0, .number = 2 }, /* nothing to write */
        { MAC("3"), "FAIL", "verify", .ms = 90000, .bytes = 900000 },
        { MAC("4"), "PASS", "ok", .ms = 5000, .bytes = 400001 },
    };
    add_all(b, list, COUNT(list));
    const struct answer a = ask_stats(b, DB_BY_NOTHING, NULL);
    assert_int_equal(a.rows[0].ms.count, 3);
    assert_int_equal(a.rows[0].ms.min, 4000);
    assert_int_equal(a.rows[0].ms.p50, 5000);
    assert_int_equal(a.rows[0].ms.p90, 9000);
    assert_int_equal(a.rows[0].bytes_per_s.count, 2);
    assert_int_equal(a.rows[0].bytes_per_s.min, 80000);
    assert_int_equal(a.rows[0].bytes_per_s.max, 100000);
    assert_int_equal(a.rows[0].retried, 1);
}

/* Neither their verdicts nor their times and rates; and a slot that had no other has no row. */
static void db_stats_counts_golden_boards_nowhere(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    whole_run(b, MAC("1"), 0, 1, T0_MS, DB_PASS);
    const struct answer before = ask_stats(b, DB_BY_SLOT, NULL);
    golden_run(b, MAC("9"), 1, T0_MS + 1000, DB_PASS);
    golden_run(b, MAC("9"), 2, T0_MS + 2000, DB_FAIL);
    const struct db_filter slot = { .slot = 1 };
    const struct db_filter *filters[] = { NULL, &slot };
    for (size_t i = 0; i < COUNT(filters); i++) {
        const struct answer after = ask_stats(b, DB_BY_SLOT, filters[i]);
        assert_int_equal(after.count, before.count);
        assert_int_equal(after.rows[0].boards, 1);
        assert_int_equal(after.rows[0].failed, 0);
        assert_int_equal(after.rows[0].retried, 0);
        assert_int_equal(after.rows[0].slower_runs, 0);
        assert_int_equal(after.rows[0].bytes_per_s.count, 1);
        assert_string_equal(after.rates[0], "");
    }
    const struct answer bare = ask_stats(b, DB_BY_NOTHING, NULL);
    assert_int_equal(bare.rows[0].retried + bare.rows[0].slower_runs, 0);
    assert_int_equal(bare.rows[0].bytes_per_s.count, 1);
}

static void db_stats_tells_the_slots_that_went_slower(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    const struct one list[] = {
        { MAC("1"), "PASS", "ok", .slot = 1 },
        { MAC("2"), "PASS", "ok", .slot = 2, .baud = 460800, .why = "learned" },
        { MAC("3"), "FAIL", "write", .slot = 2, .baud = 460800, .why = "stepped-down" },
        { MAC("4"), "FAIL", "write", .slot = 2, .baud = 115200, .why = "stepped-down" },
        { MAC("5"), "PASS", "ok", .slot = 2, .baud = 1500000 }, /* faster is no complaint */
        { MAC("6"), "FAIL", "baud", .slot = 3, .baud = -1, .why = "stepped-down" },
    };
    add_all(b, list, COUNT(list));
    const struct answer a = ask_stats(b, DB_BY_SLOT, NULL);
    assert_int_equal(a.rows[0].slower_runs, 4);
    assert_int_equal(a.rows[1].slower_runs, 0);
    assert_string_equal(a.rates[1], "");
    assert_int_equal(a.rows[2].slower_runs, 3);
    assert_string_equal(a.rates[2], "921600>460800 x 2, 921600>115200 x 1");
    assert_int_equal(a.rows[3].slower_runs, 1);
    assert_string_equal(a.rates[3], "921600>0 x 1");
}

static void correct(struct bench *b, int64_t run_id, const char *verdict)
{
    char *sql = sqlite3_mprintf("INSERT INTO correction (run, verdict, operator, reason, host,"
                                " made_utc) VALUES (%lld, %Q, 'Eve', 'cracked', 'line-1',"
                                " '2026-03-05T00:00:00.000Z')",
                                (long long)run_id, verdict);
    if (sqlite3_exec(b->db->sql, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(b->db->sql));
    sqlite3_free(sql);
}

static void db_stats_counts_a_pass_that_was_taken_back_as_failed(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    add(b, &(struct one){ MAC("1"), "PASS", "ok", .ms = 4000 });
    const int64_t run_id = add(b, &(struct one){ MAC("2"), "PASS", "ok", .ms = 9000 });
    correct(b, run_id, NULL);
    assert_int_equal(ask_stats(b, DB_BY_NOTHING, NULL).rows[0].passed, 2);
    correct(b, run_id, "FAIL");
    correct(b, run_id, NULL);
    const struct answer a = ask_stats(b, DB_BY_NOTHING, NULL);
    assert_int_equal(a.rows[0].passed, 1);
    assert_int_equal(a.rows[0].final_pass, 1);
    assert_int_equal(a.rows[0].boards, 2);
    assert_int_equal(a.rows[0].ms.max, 4000);
    assert_string_equal(a.codes[0], "corrected 1");
    correct(b, run_id, "PASS");
    assert_int_equal(ask_stats(b, DB_BY_NOTHING, NULL).rows[0].passed, 2);
}

/* A rebuilt image makes another recipe row; people see one recipe. */
static void db_stats_joins_recipes_of_one_name_and_version(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    add(b, &(struct one){ MAC("1"), "PASS", "ok", .ms = 1000 });
    add(b, &(struct one){ MAC("2"), "FAIL", "boot", .lot = 0 });
    const struct db_image image = { "app.bin", 0x10000, 1, SHA_A, MD5_A, NULL, NULL, NULL };
    const struct db_recipe rebuilt = { "thermostat", "2.3.0", "esp32", "abc", 3, &image, 1 };
    const int64_t recipe_id = db_recipe_put(b->db, &rebuilt, T0_MS, &b->e);
    const struct db_run_begin begin = {
        .recipe_id = recipe_id, .slot = 1, .port = "/dev/ttyUSB0", .started_utc_ms = T0_MS
    };
    const int64_t run_id = db_run_start(b->db, &begin, &b->e);
    see(b, run_id, MAC("3"));
    close_as(b, run_id, &(struct one){ MAC("3"), "FAIL", "boot", .lot = 0 });
    assert_answer(b, "SELECT count(*) FROM recipe", "2");
    const struct answer a = ask_stats(b, DB_BY_RECIPE, NULL);
    assert_int_equal(a.count, 2);
    assert_string_equal(a.names[1], "thermostat 2.3.0");
    assert_int_equal(a.rows[1].boards, 3);
    assert_string_equal(a.codes[1], "boot 2");
    assert_int_equal(a.rows[1].ms.p50, 1000);
}

/* ---- Percentiles ---- */

static int by_value(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* By the definition: the smallest value that at least p % of all do not exceed. */
static int64_t slow_percentile(const int64_t *sorted, int count, int percent)
{
    for (int i = 0; i < count; i++) {
        if ((i + 1) * 100 >= count * percent)
            return sorted[i];
    }
    return -1;
}

static void tally_gives_exact_percentiles(void **state)
{
    (void)state;
    static int64_t values[700];
    uint32_t random = 7;
    for (int count = 1; count <= 700; count += count < 130 ? 1 : 57) {
        struct tally halves[2] = { { 0 }, { 0 } };
        struct db_spread s;
        for (int i = 0; i < count; i++) {
            random = random * 1664525u + 1013904223u;
            values[i] = (int64_t)(random >> 8) % (count < 300 ? 40 : 100000) - 10;
            assert_true(tally_add(&halves[i % 2], values[i], 1));
        }
        assert_true(tally_merge(&halves[0], &halves[1]));
        tally_spread(&halves[0], &s);
        qsort(values, (size_t)count, sizeof values[0], by_value);
        assert_int_equal(s.count, count);
        assert_int_equal(s.min, values[0]);
        assert_int_equal(s.p50, slow_percentile(values, count, 50));
        assert_int_equal(s.p90, slow_percentile(values, count, 90));
        assert_int_equal(s.p99, slow_percentile(values, count, 99));
        assert_int_equal(s.max, values[count - 1]);
        tally_free(&halves[0]);
        tally_free(&halves[1]);
    }
}

/* Whatever lies where in it, it is then as if what was taken had never been put in. */
static void tally_forgets_what_is_taken_out(void **state)
{
    struct tally t = { 0 };
    struct db_spread s;
    (void)state;
    for (int64_t i = 0; i < 1000; i++)
        assert_true(tally_add(&t, i * 3, 1 + i % 2));
    for (int64_t i = 0; i < 1000; i++) {
        tally_take(&t, i * 3 + 1); /* was never there */
        if (i % 10 != 0)
            tally_take(&t, i * 3);
    }
    for (int64_t i = 0; i < 1000; i++)
        assert_int_equal(tally_has(&t, i * 3), i % 10 == 0 || i % 2 == 1);
    assert_int_equal(t.used, 100 + 500);
    tally_spread(&t, &s);
    assert_int_equal(s.count, 100 + 500);
    assert_int_equal(s.min, 0);
    assert_int_equal(s.max, 999 * 3);
    tally_free(&t);
}

/* ---- The way to the rows ---- */

struct plan {
    sqlite3 *sql;
    char steps[4096]; /* of all statements, a line each */
    size_t used;
};

/* Called for each statement that starts: asks SQLite how it runs it. */
static int note_plan(unsigned event, void *ctx, void *statement, void *text)
{
    struct plan *plan = ctx;
    char *expanded = sqlite3_expanded_sql(statement);
    char *explain = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", expanded);
    sqlite3_stmt *s = NULL;
    (void)event;
    (void)text;
    if (strstr(expanded, "INDEXED BY") != NULL) {
        assert_int_equal(sqlite3_prepare_v2(plan->sql, explain, -1, &s, NULL), SQLITE_OK);
        while (sqlite3_step(s) == SQLITE_ROW)
            plan->used +=
                (size_t)snprintf(plan->steps + plan->used, sizeof plan->steps - plan->used, "%s\n",
                                 (const char *)sqlite3_column_text(s, 3));
        assert_true(plan->used < sizeof plan->steps);
        sqlite3_finalize(s);
    }
    sqlite3_free(explain);
    sqlite3_free(expanded);
    return 0;
}

static struct plan plan_of(struct bench *b, enum db_stats_by by, const struct db_filter *filter)
{
    struct plan plan = { 0 };
    struct answer a = { 0 };
    const struct db_stats_sink sink = { &a, keep };
    struct db *reader = reader_of(b);
    assert_int_equal(sqlite3_open(b->path, &plan.sql), SQLITE_OK);
    sqlite3_trace_v2(reader->sql, SQLITE_TRACE_STMT, note_plan, &plan);
    check_ok(b, db_stats(reader, by, filter, &sink, &b->e));
    db_close(reader);
    sqlite3_close(plan.sql);
    assert_true(plan.used > 0);
    return plan;
}

/* Every line of `plan` that holds `word` must hold `needed` as well. */
static void assert_lines(const struct plan *plan, const char *word, const char *needed)
{
    char copy[sizeof plan->steps];
    char *rest = copy, *line;
    memcpy(copy, plan->steps, sizeof copy);
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (strstr(line, word) != NULL && strstr(line, needed) == NULL)
            fail_msg("'%s' without '%s' in\n%s", line, needed, plan->steps);
    }
}

static void fill(struct bench *b)
{
    const int64_t lot = lot_of(b, "A"), big = lot_of(b, "B");
    for (int i = 0; i < 30; i++) {
        char mac[DB_MAC_CAP];
        snprintf(mac, sizeof mac, "24:0a:c4:00:01:%02x", i);
        add(b, &(struct one){ mac, "PASS", "ok", i < 3 ? lot : big, 1000, 1000, .slot = 1 + i / 3,
                              .day = i / 3 });
    }
}

static void db_stats_reads_all_from_covering_indexes(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    fill(b);
    for (int by = DB_BY_NOTHING; by <= DB_BY_CHIP; by++) {
        const struct plan plan = plan_of(b, (enum db_stats_by)by, NULL);
        assert_lines(&plan, "SCAN", "USING COVERING INDEX");
        assert_null(strstr(plan.steps, "TEMP B-TREE FOR ORDER BY"));
        /* Looked up are the few runs that are open, and with groups the run of each attempt. */
        assert_lines(&plan, "SEARCH r USING INDEX", "run_verdict (verdict=?)");
        if (by == DB_BY_NOTHING)
            assert_null(strstr(plan.steps, "PRIMARY KEY"));
    }
}

static void db_stats_reads_what_a_filter_lets_through_from_its_index(void **state)
{
    static const struct {
        struct db_filter filter;
        const char *index;
    } cases[] = {
        { { .lot = "A" }, "run_lot (lot=?)" },
        { { .slot = 2 }, "run_slot (slot=?)" },
        { { .slot = 2, .since = "2026-03-05" }, "run_slot (slot=? AND started_utc>?)" },
        { { .lot = "B", .until = "2026-03-05" }, "run_lot (lot=? AND started_utc<?)" },
        { { .since = "2026-03-12" }, "run_started (started_utc>?)" },
        { { .since = "2026-03-05", .until = "2026-03-06" },
          "run_started (started_utc>? AND started_utc<?)" },
        { { .recipe = "no-such-recipe" }, "run_recipe (recipe=?" },
    };
    struct bench *b = *state;
    bench_open(b);
    fill(b);
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct plan plan = plan_of(b, DB_BY_SLOT, &cases[i].filter);
        assert_null(strstr(plan.steps, "SCAN r "));
        assert_null(strstr(plan.steps, "SCAN a "));
        if (strstr(plan.steps, cases[i].index) == NULL)
            fail_msg("no %s in\n%s", cases[i].index, plan.steps);
    }
    const struct plan plan = plan_of(b, DB_BY_SLOT, &(struct db_filter){ .since = "2026" });
    assert_lines(&plan, "SCAN r ", "COVERING INDEX"); /* lets all through: no shortcut */
    assert_lines(&plan, "SCAN a ", "COVERING INDEX");
    assert_non_null(strstr(plan.steps, "SCAN r USING COVERING INDEX run_stats"));
}

/* Both ways must give the same: few of thirty runs, and most of them. */
static void db_stats_filters_alike_on_both_ways(void **state)
{
    struct bench *b = *state;
    bench_open(b);
    fill(b);
    const struct answer few = ask_stats(b, DB_BY_LOT, &(struct db_filter){ .until = "2026-03-05" });
    assert_int_equal(few.count, 3);
    assert_int_equal(few.rows[0].boards, 6);
    assert_int_equal(few.rows[1].boards, 3);
    assert_int_equal(few.rows[2].bytes_per_s.count, 3);
    const struct answer most =
        ask_stats(b, DB_BY_NOTHING, &(struct db_filter){ .since = "2026-03-06", .lot = "B" });
    assert_int_equal(most.rows[0].boards, 24);
    assert_int_equal(most.rows[0].ms.count, 24);
    assert_int_equal(most.rows[0].bytes_per_s.count, 24);
    const struct answer none = ask_stats(b, DB_BY_LOT, &(struct db_filter){ .lot = "C" });
    assert_int_equal(none.count, 1);
    assert_int_equal(none.rows[0].boards, 0);
}

/* ---- Refusals ---- */

static void db_stats_refuses_filters_that_make_no_yield(void **state)
{
    static const struct db_filter bad[] = { { .verdict = "PASS" },
                                            { .mac = MAC("1") },
                                            { .chip = "esp32" } };
    struct bench *b = *state;
    struct answer a = { 0 };
    const struct db_stats_sink sink = { &a, keep };
    bench_open(b);
    struct db *reader = reader_of(b);
    for (size_t i = 0; i < COUNT(bad); i++) {
        assert_false(db_stats(reader, DB_BY_LOT, &bad[i], &sink, &b->e));
        assert_says(b, ERR_USAGE, "by verdict, MAC or chip");
    }
    assert_false(db_stats(reader, DB_BY_LOT, &(struct db_filter){ .since = "x" }, &sink, &b->e));
    assert_says(b, ERR_USAGE, "'x' is not a date");
    assert_int_equal(a.count, 0);
    db_close(reader);
}

/* A lot that was opened, before its first run. */
static void db_stats_of_any_filter_on_an_empty_record_are_zero(void **state)
{
    static const struct db_filter filters[] = {
        { .lot = "A" },
        { .lot = "none" },
        { .slot = 1 },
        { .recipe = "x" },
        { .since = "2026" },
        { .until = "2026" },
        { .lot = "A", .slot = 1, .since = "2026" },
    };
    struct bench *b = *state;
    bench_open(b);
    check_ok(b, db_lot_put(b->db, "A", T0_MS, &b->e) > 0);
    for (size_t i = 0; i < COUNT(filters); i++) {
        for (int by = DB_BY_NOTHING; by <= DB_BY_CHIP; by++) {
            const struct answer a = ask_stats(b, (enum db_stats_by)by, &filters[i]);
            assert_int_equal(a.count, 1);
            assert_int_equal(a.rows[0].passed + a.rows[0].failed + a.rows[0].boards, 0);
        }
    }
}

static void db_stats_ends_when_its_reader_gives_up(void **state)
{
    struct bench *b = *state;
    const struct db_stats_sink sink = { NULL, refuse };
    bench_open(b);
    struct db *reader = reader_of(b);
    assert_false(db_stats(reader, DB_BY_LOT, NULL, &sink, &b->e));
    assert_says(b, ERR_STATION, "gave up");
    db_close(reader);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tally_gives_exact_percentiles),
        cmocka_unit_test(tally_forgets_what_is_taken_out),
        cmocka_unit_test_setup_teardown(db_stats_counts_a_board_once_in_a_lot, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_stats_gives_a_board_to_the_group_of_its_first_run,
                                        bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_stats_of_an_empty_record_are_zero, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_stats_takes_times_and_speeds_of_passes_alone, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_stats_counts_golden_boards_nowhere, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_stats_tells_the_slots_that_went_slower, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_stats_counts_a_pass_that_was_taken_back_as_failed,
                                        bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_stats_joins_recipes_of_one_name_and_version, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_stats_reads_all_from_covering_indexes, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_stats_reads_what_a_filter_lets_through_from_its_index,
                                        bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_stats_filters_alike_on_both_ways, bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_stats_refuses_filters_that_make_no_yield, bench_up,
                                        bench_down),
        cmocka_unit_test_setup_teardown(db_stats_of_any_filter_on_an_empty_record_are_zero,
                                        bench_up, bench_down),
        cmocka_unit_test_setup_teardown(db_stats_ends_when_its_reader_gives_up, bench_up,
                                        bench_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
