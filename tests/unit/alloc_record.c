/*
 * No memory, at any place of the record's way: the call fails and says so, nothing is lost (run it
 * under the sanitizers), no verdict is in the file that was not confirmed, and the same handle
 * works again once there is memory.
 */
#include "tests/unit/alloc_help.h"

#include "db/export/export.h"
#include "db/proof/audit.h"
#include "db/read/history.h"
#include "tests/unit/db_help.h"

/* Each test has a folder in memory: thousands of commits would take minutes on a disk. */
struct ground {
    char folder[64], path[96];
    struct db *db;
    int64_t run_id;
    struct db_station here;
};

static int ground_up(void **state)
{
    struct ground *g = calloc(1, sizeof *g);
    bool in_memory = access("/dev/shm", W_OK) == 0;
    if (!g)
        return -1;
    snprintf(g->folder, sizeof g->folder, "%s/alloc-XXXXXX", in_memory ? "/dev/shm" : "/tmp");
    if (!mkdtemp(g->folder))
        return -1;
    snprintf(g->path, sizeof g->path, "%s/station.db", g->folder);
    g->here = station_of("line-1", 4711, 1);
    *state = g;
    return 0;
}

static void remove_record(const struct ground *g)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-journal", "-stations" };
    char name[120];
    for (size_t i = 0; i < COUNT_OF(ends); i++) {
        snprintf(name, sizeof name, "%s%s", g->path, ends[i]);
        unlink(name);
    }
}

static int ground_down(void **state)
{
    struct ground *g = *state;
    db_close(g->db);
    remove_record(g);
    int rc = rmdir(g->folder);
    free(g);
    return rc;
}

/* ---- Asking the file, past our own code ---- */

static int64_t count_of(const struct ground *g, const char *sql)
{
    sqlite3 *other = NULL;
    sqlite3_stmt *s = NULL;
    int64_t n = -1;
    assert_int_equal(sqlite3_open(g->path, &other), SQLITE_OK);
    if (sqlite3_prepare_v2(other, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(other);
    return n;
}

static void no_finding(void *ctx, const struct db_finding *finding)
{
    (void)ctx;
    fail_msg("%s: %s", db_finding_word(finding->kind), finding->sentence);
}

static void assert_audited(const struct ground *g)
{
    const struct db_audit_setup setup = { .finding = no_finding };
    struct db_audit audit;
    struct err e = { 0 };
    struct db *reader = db_open_reader(g->path, 0, &e);
    assert_ok(reader != NULL, &e);
    assert_ok(db_audit(reader, &setup, &audit, &e), &e);
    db_close(reader);
}

/* ---- Opening ---- */

static void before_open(void *ctx)
{
    remove_record(ctx);
}

static bool call_open(void *ctx, struct err *e)
{
    struct ground *g = ctx;
    g->db = db_open(g->path, 0, e);
    return g->db && db_station_start(g->db, &g->here, "0.1.0", T0_MS, NULL, e);
}

static void after_open(void *ctx, bool ok)
{
    struct ground *g = ctx;
    (void)ok;
    db_close(g->db);
    g->db = NULL;
    if (access(g->path, F_OK) == 0)
        assert_true(count_of(g, "SELECT count(*) FROM sqlite_schema") >= 0);
}

static void open_without_memory(void **state)
{
    const struct alloc_case c = { before_open, call_open, after_open, *state, true };
    alloc_try_all(&c);
}

/* ---- A run ---- */

static const struct db_image images[] = {
    { .file = "boot.bin", .offset = 0x1000, .size_bytes = 20000, .sha256 = SHA_A, .md5 = MD5_A },
    { .file = "app.bin",
      .offset = 0x10000,
      .size_bytes = 900000,
      .sha256 = SHA_B,
      .md5 = MD5_B,
      .app_project = "demo",
      .app_version = "1.0.0",
      .app_elf_sha256 = SHA_A },
};
static const struct db_recipe recipe = { .name = "thermostat",
                                         .version = "2.3.0",
                                         .chip = "esp32",
                                         .text = "abc",
                                         .text_bytes = 3,
                                         .images = images,
                                         .image_count = 2 };

static void before_run(void *ctx)
{
    struct ground *g = ctx;
    struct err e = { 0 };
    remove_record(g);
    assert_ok(call_open(g, &e), &e);
}

static bool add_attempt(struct ground *g, struct err *e)
{
    static const struct db_digest digests[] = {
        { .image = 0, .expected_md5 = MD5_A, .read_md5 = MD5_A, .written_md5 = MD5_A },
        { .image = 1, .expected_md5 = MD5_B },
    };
    const struct db_attempt attempt = { .number = 1,
                                        .started_utc_ms = T0_MS,
                                        .duration_ms = 9500,
                                        .baud = 921600,
                                        .phase = "leave",
                                        .code = "ok",
                                        .board_state = "verified",
                                        .digests = digests,
                                        .digest_count = 2 };
    return db_attempt_add(g->db, g->run_id, &attempt, e);
}

static bool close_run(struct ground *g, struct err *e)
{
    static char said[6000]; /* longer than a page: to read it takes memory */
    memset(said, 'x', sizeof said - 1);
    const struct db_run_end end = { .verdict = DB_PASS,
                                    .code = "ok",
                                    .board_state = "verified",
                                    .app_text = said,
                                    .ended_utc_ms = T0_MS + 1000,
                                    .duration_ms = 1000 };
    return db_run_close(g->db, g->run_id, &end, e);
}

/* The whole way of a board that passes. */
static bool call_run(void *ctx, struct err *e)
{
    struct ground *g = ctx;
    const struct db_board board = { .mac = "24:0a:c4:00:00:01",
                                    .chip = "ESP32",
                                    .revision = 301,
                                    .flash_id = 0x164020,
                                    .flash_bytes = 4194304,
                                    .seen_utc_ms = T0_MS };
    struct db_seen seen;
    int64_t recipe_id = db_recipe_put(g->db, &recipe, T0_MS, e);
    int64_t lot_id = recipe_id ? db_lot_put(g->db, "lot 7", T0_MS, e) : 0;
    const struct db_run_begin begin = { .recipe_id = recipe_id,
                                        .lot_id = lot_id,
                                        .slot = 1,
                                        .port = "/dev/ttyUSB0",
                                        .operator_name = "Ada",
                                        .started_utc_ms = T0_MS };
    g->run_id = lot_id ? db_run_start(g->db, &begin, e) : 0;
    return g->run_id && db_board_seen(g->db, g->run_id, &board, &seen, e) && add_attempt(g, e) &&
           close_run(g, e) && db_station_end(g->db, T0_MS + 2000, e);
}

/* What was confirmed is there, what was not is not; and the handle has not suffered. */
static void after_run(void *ctx, bool ok)
{
    struct ground *g = ctx;
    int64_t passed = count_of(g, "SELECT count(*) FROM run WHERE verdict = 'PASS'");
    int64_t attempts = count_of(g, "SELECT count(*) FROM attempt");
    int64_t digests = count_of(g, "SELECT count(*) FROM digest");
    assert_true(passed == 0 || passed == 1);
    assert_true(!ok || passed == 1);
    assert_int_equal(digests, 2 * attempts);
    if (!ok) {
        struct err again = { 0 };
        assert_ok(call_run(g, &again), &again);
        assert_int_equal(count_of(g, "SELECT count(*) FROM run WHERE verdict = 'PASS'"),
                         passed + 1);
    }
    assert_audited(g);
    db_close(g->db);
    g->db = NULL;
}

static void run_without_memory(void **state)
{
    const struct alloc_case c = { before_run, call_run, after_run, *state, true };
    alloc_try_all(&c);
}

/* ---- Reading ---- */

struct text {
    char bytes[20000];
    size_t n;
};

struct reading {
    struct ground *g;
    int form; /* below 0: the history, an audit */
    struct db *reader;
    struct text text, whole;
};

static bool keep(void *ctx, const char *bytes, size_t n)
{
    struct text *t = ctx;
    assert_true(n <= sizeof t->bytes - t->n);
    memcpy(t->bytes + t->n, bytes, n);
    t->n += n;
    return true;
}

static void keep_word(struct text *t, const char *word)
{
    keep(t, word ? word : "-", word ? strlen(word) : 1);
}

static bool keep_board(void *ctx, const struct db_board_row *b)
{
    keep_word(ctx, b->mac);
    keep_word(ctx, b->chip);
    keep_word(ctx, b->first_seen_utc);
    return true;
}

static bool keep_run(void *ctx, const struct db_run_row *r)
{
    const char *const words[] = { r->started_utc, r->ended_utc, r->verdict,       r->code,
                                  r->sentence,    r->hint,      r->board_state,   r->app_text,
                                  r->port,        r->lot,       r->operator_name, r->host,
                                  r->recipe };
    for (size_t i = 0; i < COUNT_OF(words); i++)
        keep_word(ctx, words[i]);
    return true;
}

static bool keep_attempt(void *ctx, const struct db_attempt_row *a)
{
    keep_word(ctx, a->phase);
    keep_word(ctx, a->code);
    keep_word(ctx, a->board_state);
    return true;
}

static void keep_finding(void *ctx, const struct db_finding *finding)
{
    struct reading *r = ctx;
    keep_word(&r->text, finding->sentence);
}

enum { THE_HISTORY = -1, AN_AUDIT = -2 };

static bool read_record(struct reading *r, struct err *e)
{
    const struct db_history_sink history = {
        .ctx = &r->text, .board = keep_board, .run = keep_run, .attempt = keep_attempt
    };
    const struct db_sink sink = { .ctx = &r->text, .emit = keep };
    const struct db_audit_setup setup = { .ctx = r, .finding = keep_finding };
    struct db_audit audit = { 0 };
    r->text.n = 0;
    if (r->form == THE_HISTORY)
        return db_history(r->reader, "24:0a:c4:00:00:01", &history, e);
    if (r->form >= 0)
        return db_export(r->reader, (enum db_format)r->form, NULL, &sink, NULL, e);
    bool ok = db_audit(r->reader, &setup, &audit, e);
    keep_word(&r->text, audit.end_sha256);
    return ok;
}

static bool call_open_reader(void *ctx, struct err *e)
{
    struct reading *r = ctx;
    r->reader = db_open_reader(r->g->path, 0, e);
    return r->reader != NULL;
}

static void after_open_reader(void *ctx, bool ok)
{
    struct reading *r = ctx;
    assert_true(ok == (r->reader != NULL));
    db_close(r->reader);
    r->reader = NULL;
}

static void before_read(void *ctx)
{
    struct err e = { 0 };
    assert_ok(call_open_reader(ctx, &e), &e);
}

static bool call_read(void *ctx, struct err *e)
{
    return read_record(ctx, e);
}

/* All of it or a failure: a text that memory ran out for must not just be missing. */
static void after_read(void *ctx, bool ok)
{
    struct reading *r = ctx;
    if (ok) {
        assert_int_equal(r->text.n, r->whole.n);
        assert_memory_equal(r->text.bytes, r->whole.bytes, r->whole.n);
    }
    db_close(r->reader);
    r->reader = NULL;
}

static void try_reading(struct ground *g, int form)
{
    static struct reading r;
    struct err e = { 0 };
    memset(&r, 0, sizeof r);
    r.g = g;
    r.form = form;
    before_read(&r);
    assert_ok(call_read(&r, &e), &e);
    r.whole = r.text;
    db_close(r.reader);
    print_message("# form %d\n", form);
    const struct alloc_case c = { before_read, call_read, after_read, &r, true };
    alloc_try_all(&c);
}

static void make_record(struct ground *g)
{
    struct err e = { 0 };
    before_run(g);
    assert_ok(call_run(g, &e), &e);
    db_close(g->db);
    g->db = NULL;
}

static void reader_opens_without_memory(void **state)
{
    struct reading r = { .g = *state };
    const struct alloc_case c = { NULL, call_open_reader, after_open_reader, &r, true };
    make_record(*state);
    alloc_try_all(&c);
}

static void history_without_memory(void **state)
{
    make_record(*state);
    try_reading(*state, THE_HISTORY);
}

static void audit_without_memory(void **state)
{
    make_record(*state);
    try_reading(*state, AN_AUDIT);
}

static void export_without_memory(void **state)
{
    make_record(*state);
    for (int form = 0; db_format_info((size_t)form) != NULL; form++)
        try_reading(*state, form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(open_without_memory, ground_up, ground_down),
        cmocka_unit_test_setup_teardown(run_without_memory, ground_up, ground_down),
        cmocka_unit_test_setup_teardown(reader_opens_without_memory, ground_up, ground_down),
        cmocka_unit_test_setup_teardown(history_without_memory, ground_up, ground_down),
        cmocka_unit_test_setup_teardown(audit_without_memory, ground_up, ground_down),
        cmocka_unit_test_setup_teardown(export_without_memory, ground_up, ground_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
