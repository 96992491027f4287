/*
 * A damaged record: every command that reads it, and a station that starts on it, ends with an
 * answer or an error.
 *
 * The first two bytes say: whether the rest is a file, a log beside a good file, or changes to a
 * good one, as rows of offset, count and bytes; whether a station starts on it, too; and which
 * command reads it.
 */
#include "tests/fuzz/lib/fuzz.h"

#include "db/export/export.h"
#include "db/proof/audit.h"
#include "db/read/history.h"
#include "station/cli/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SHA    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MD5    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define MAC    "24:0a:c4:00:00:01"
#define UTC_MS INT64_C(1772600767089)

static uint8_t *good;
static size_t good_bytes;

/* What an export is. */
struct text {
    char *bytes;
    size_t n, cap;
};
static struct text good_export;
static struct db_audit good_audit;

/* ---- A good record ---- */

static int64_t put_recipe(struct db *db, struct err *e)
{
    static const struct db_image images[] = {
        { .file = "boot.bin", .offset = 0x1000, .size_bytes = 20000, .sha256 = SHA, .md5 = MD5 },
        { .file = "app.bin",
          .offset = 0x10000,
          .size_bytes = 900000,
          .sha256 = SHA,
          .md5 = MD5,
          .app_project = "demo",
          .app_version = "1.0.0",
          .app_elf_sha256 = SHA },
    };
    const struct db_recipe recipe = { .name = "thermostat",
                                      .chip = "esp32",
                                      .text = "abc",
                                      .text_bytes = 3,
                                      .images = images,
                                      .image_count = 2 };
    return db_recipe_put(db, &recipe, UTC_MS, e);
}

static bool put_attempt(struct db *db, int64_t run_id, struct err *e)
{
    static const struct db_digest digests[] = {
        { .image = 0,
          .expected_md5 = MD5,
          .read_md5 = MD5,
          .written_md5 = MD5,
          .written_sha256 = SHA },
        { .image = 1, .expected_md5 = MD5 },
    };
    const struct db_attempt attempt = { .number = 1,
                                        .started_utc_ms = UTC_MS,
                                        .duration_ms = 9500,
                                        .baud = 921600,
                                        .reset = "classic",
                                        .loader = "stub",
                                        .phase = "leave",
                                        .code = "ok",
                                        .board_state = "running",
                                        .digests = digests,
                                        .digest_count = 2 };
    return db_attempt_add(db, run_id, &attempt, e);
}

static bool put_run(struct db *db, int64_t lot_id, int slot, enum db_verdict verdict, struct err *e)
{
    const struct db_run_begin begin = { .recipe_id = put_recipe(db, e),
                                        .lot_id = lot_id,
                                        .slot = slot,
                                        .port = "/dev/ttyUSB0",
                                        .operator_name = "Ada",
                                        .started_utc_ms = UTC_MS };
    const struct db_board board = { .mac = MAC,
                                    .chip = "ESP32",
                                    .revision = 301,
                                    .flash_id = 0x164020,
                                    .flash_bytes = 4194304,
                                    .seen_utc_ms = UTC_MS };
    const struct db_run_end end = { .verdict = verdict,
                                    .code = verdict == DB_PASS ? "ok" : "no-sync",
                                    .sentence = verdict == DB_PASS ? NULL : "Nothing answered",
                                    .board_state = "running",
                                    .app_text = "hello \xFF",
                                    .ended_utc_ms = UTC_MS + 1000,
                                    .duration_ms = 1000 };
    struct db_seen seen;
    int64_t run_id = db_run_start(db, &begin, e);
    return run_id > 0 && db_board_seen(db, run_id, &board, &seen, e) &&
           put_attempt(db, run_id, e) && db_run_close(db, run_id, &end, e);
}

static struct db_station station(void)
{
    struct db_station s = { .host = "line-1", .boot_id = "boot-1", .pid = 4711, .start_ticks = 1 };
    return s;
}

static void keep_good(void)
{
    struct stat st;
    FILE *f = fopen("good.db", "rb");
    must(f && fstat(fileno(f), &st) == 0, "the record of this test can be read");
    good_bytes = (size_t)st.st_size;
    good = must_alloc(good_bytes);
    must(fread(good, 1, good_bytes, f) == good_bytes, "the record of this test can be read");
    fclose(f);
}

static bool keep_text(void *ctx, const char *bytes, size_t n)
{
    struct text *t = ctx;
    if (t->n + n > t->cap) {
        t->cap = 2 * (t->n + n);
        t->bytes = realloc(t->bytes, t->cap);
        must(t->bytes != NULL, "there is memory");
    }
    memcpy(t->bytes + t->n, bytes, n);
    t->n += n;
    return true;
}

static bool export_all(struct db *reader, struct text *t, struct err *e)
{
    const struct db_sink sink = { .ctx = t, .emit = keep_text };
    return db_export(reader, DB_JSON, NULL, &sink, NULL, e);
}

static void note_finding(void *ctx, const struct db_finding *finding)
{
    (void)ctx;
    must(finding->sentence[0] && db_finding_word(finding->kind)[0], "a finding is told");
}

static bool audit(struct db *reader, struct db_audit *a, struct err *e)
{
    const struct db_audit_setup setup = { .finding = note_finding };
    return db_audit(reader, &setup, a, e);
}

static void keep_good_facts(void)
{
    struct err e = { 0 };
    struct db *reader = db_open_reader("good.db", 0, &e);
    bool ok = reader && audit(reader, &good_audit, &e) && export_all(reader, &good_export, &e);
    if (!ok)
        fprintf(stderr, "%s\n", e.what);
    must(ok && good_audit.findings == 0, "the record of this test is a good one");
    db_close(reader);
}

static void set_up(void)
{
    struct err e = { 0 };
    const struct db_station here = station();
    if (good)
        return;
    enter_folder();
    struct db *db = db_open("good.db", 0, &e);
    bool ok = db && db_station_start(db, &here, "0.1.0", UTC_MS, NULL, &e);
    int64_t lot_id = ok ? db_lot_put(db, "lot 7", UTC_MS, &e) : 0;
    ok = lot_id > 0 && put_run(db, lot_id, 1, DB_FAIL, &e) && put_run(db, lot_id, 1, DB_PASS, &e) &&
         put_run(db, 0, 2, DB_STOPPED, &e);
    if (!ok)
        fprintf(stderr, "%s\n", e.what);
    must(ok, "the record of this test can be made");
    db_close(db);
    keep_good();
    keep_good_facts();
}

/* ---- Damage ---- */

static void change(struct input *in, uint8_t *bytes)
{
    while (in->left > 0) {
        size_t at = input_u32(in) % good_bytes, n;
        const uint8_t *from = input_bytes(in, input_byte(in), &n);
        memcpy(bytes + at, from, n < good_bytes - at ? n : good_bytes - at);
    }
}

static void put_damaged(struct input *in, uint8_t how)
{
    uint8_t *copy = must_alloc(good_bytes);
    memcpy(copy, good, good_bytes);
    if (how > 1)
        change(in, copy);
    if (how == 0)
        put_file("station.db", in->at, in->left);
    else
        put_file("station.db", copy, good_bytes);
    if (how == 1)
        put_file("station.db-wal", in->at, in->left);
    free(copy);
}

static void clean_up(void)
{
    unlink("station.db");
    unlink("station.db-wal");
    unlink("station.db-shm");
    unlink("station.db-journal");
}

/* ---- Reading and writing it ---- */

/* What commands print is of no interest here. */
static int hide_output(int *null_fd)
{
    fflush(stdout);
    int saved = dup(STDOUT_FILENO);
    *null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
    must(saved >= 0 && *null_fd >= 0 && dup2(*null_fd, STDOUT_FILENO) >= 0, "output can be hidden");
    return saved;
}

static void show_output(int saved, int null_fd)
{
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(null_fd);
}

static void run(const struct cmd *cmd, const char *const words[7])
{
    char *argv[8] = { NULL };
    int count = 0;
    for (; count < 7 && words[count]; count++)
        argv[count] = (char *)(uintptr_t)words[count];
    enum exit_status status = cmd->run(count, argv);
    must(status == EXIT_PASSED || status == EXIT_STATION,
         "a record is read, or the station says why");
}

static const char *format_of(size_t number)
{
    size_t count = 0;
    while (db_format_info(count) != NULL)
        count++;
    return db_format_info(number % count)->name;
}

/* One of the commands that read, by the input: each opens the record anew, which takes longest. */
static void read_it(uint8_t how)
{
    static const char *const history[7] = { "history", MAC, "--db", "station.db" };
    static const char *const stats[7] = { "stats", "--db=station.db", "--by=lot" };
    static const char *const stats_json[7] = { "stats", "--db=station.db", "--json",
                                               "--since=2020" };
    const char *const all[7] = { "export", "--db=station.db", "--format", format_of(how / 8) };
    const char *const some[7] = { "export",           "--db=station.db", "--format",
                                  format_of(how / 8), "--lot=lot 7",     "--verdict=pass",
                                  "--since=2020" };
    int null_fd;
    int saved = hide_output(&null_fd);
    switch (how % 8) {
    case 0:
        run(&cmd_stats, stats);
        break;
    case 1:
        run(&cmd_stats, stats_json);
        break;
    case 2:
        run(&cmd_export, some);
        break;
    case 3:
    case 4:
        run(&cmd_history, history);
        break;
    default:
        run(&cmd_export, all);
    }
    show_output(saved, null_fd);
}

/* Who trusts an audit takes what the record says for what was written. */
static void audit_it(void)
{
    struct err e = { 0 };
    struct db_audit found = { 0 };
    struct text text = { 0 };
    struct db *reader = db_open_reader("station.db", 0, &e);
    bool ok = reader && audit(reader, &found, &e);
    must_tell(ok, &e);
    bool same = ok && found.findings == 0 && strcmp(found.end_sha256, good_audit.end_sha256) == 0;
    if (same && export_all(reader, &text, &e))
        must(text.n == good_export.n && memcmp(text.bytes, good_export.bytes, text.n) == 0,
             "what an audit has passed is what was written");
    free(text.bytes);
    db_close(reader);
}

/* A station that starts: whatever fails is the record's fault, and said. */
static void write_it(void)
{
    struct err e = { 0 };
    struct db_passed passed;
    struct db_station here = station();
    int interrupted = 0;
    here.boot_id[0] = 'n';
    struct db *db = db_open("station.db", 0, &e);
    bool ok = db && db_station_start(db, &here, "0.1.0", UTC_MS, &interrupted, &e) &&
              db_passed(db, MAC, 1, &passed, &e) && put_run(db, 0, 1, DB_PASS, &e) &&
              db_station_end(db, UTC_MS, &e);
    must_tell(ok, &e);
    must(ok || e.code == ERR_DATABASE || e.code == ERR_STATION, "a damaged record is told as such");
    db_close(db);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct input in = { bytes, n };
    set_up();
    uint8_t damage = input_byte(&in), use = input_byte(&in);
    put_damaged(&in, damage & 3);
    if (use & 128)
        audit_it();
    else
        read_it(use);
    if (damage & 4)
        write_it();
    clean_up();
    return 0;
}
