/* What the tests of db/ share: a folder of their own, a record in it, rows, and questions in SQL.
 */
#ifndef TESTS_UNIT_DB_HELP_H
#define TESTS_UNIT_DB_HELP_H

#include "db/store/chain.h"
#include "db/store/connect.h"
#include "db/store/copy.h"
#include "db/store/fail.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/mac_utc.h"
#include "db/store/query.h"
#include "db/store/schema.h"
#include "db/store/sha256.h"
#include "db/store/statements.h"
#include "db/store/turn.h"
#include "db/store/uri.h"
#include "db/store/wait.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
/* cmocka needs those above */
#include <cmocka.h>

#define SHA_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define SHA_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define MD5_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define MD5_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

enum { T0 = 1772600767 }; /* 2026-03-04T05:06:07Z */
#define T0_MS ((int64_t)T0 * 1000 + 89)

struct bench {
    char folder[64];
    char path[96];
    struct err e;
    struct db *db;
};

static inline int bench_up(void **state)
{
    struct bench *b = calloc(1, sizeof *b);
    if (b == NULL)
        return -1;
    snprintf(b->folder, sizeof b->folder, "/tmp/espstation-db-XXXXXX");
    if (mkdtemp(b->folder) == NULL || chmod(b->folder, 0755) != 0)
        return -1;
    snprintf(b->path, sizeof b->path, "%s/station.db", b->folder);
    *state = b;
    return 0;
}

static inline int bench_down(void **state)
{
    struct bench *b = *state;
    char command[192];
    db_close(b->db);
    snprintf(command, sizeof command, "chmod -R u+rwx %s && rm -rf %s", b->folder, b->folder);
    const int rc = system(command);
    free(b);
    return rc;
}

#define check_ok(b, call)                                                                          \
    do {                                                                                           \
        if (!(call))                                                                               \
            fail_msg("%s: %s (%s)", #call, (b)->e.what, (b)->e.hint);                              \
    } while (0)

static inline void assert_says(const struct bench *b, enum err_code code, const char *words)
{
    if (b->e.code != code || strstr(b->e.what, words) == NULL)
        fail_msg("expected %s with '%s', got %s: %s", err_word(code), words, err_word(b->e.code),
                 b->e.what);
    assert_true(b->e.hint[0] != '\0');
}

static inline struct db *open_or_fail(struct bench *b)
{
    struct db *db = db_open(b->path, 300, &b->e);
    if (db == NULL)
        fail_msg("%s", b->e.what);
    return db;
}

static inline struct db_station station_of(const char *host, int64_t pid, int64_t ticks)
{
    struct db_station s = { .boot_id = "boot-1", .pid = pid, .start_ticks = ticks };
    snprintf(s.host, sizeof s.host, "%s", host);
    return s;
}

/* A record with a station that is this process. */
static inline void bench_open(struct bench *b)
{
    struct db_station here;
    b->db = open_or_fail(b);
    check_ok(b, db_station_here(&here, &b->e));
    check_ok(b, db_station_start(b->db, &here, "0.1.0", T0_MS, NULL, &b->e));
}

/* Takes the file of locks away that lies beside the record. */
static inline void forget_locks(const struct bench *b)
{
    char name[128];
    snprintf(name, sizeof name, "%s-stations", b->path);
    assert_int_equal(unlink(name), 0);
}

/* Its process is none that this one could see. Past the guards, and unknown to the chain. */
static inline void hide_station(const struct bench *b, int id)
{
    char text[512];
    sqlite3 *sql = NULL;
    assert_int_equal(sqlite3_open(b->path, &sql), SQLITE_OK);
    snprintf(text, sizeof text,
             "DROP TRIGGER station_only_ends; UPDATE station SET start_ticks = 1 WHERE id = %d",
             id);
    assert_int_equal(sqlite3_exec(sql, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(sql);
}

static inline int64_t put_recipe(struct bench *b, struct db *db)
{
    static const struct db_image images[] = {
        { "boot.bin", 0x1000, 20000, SHA_A, MD5_A, NULL, NULL, NULL },
        { "app.bin", 0x10000, 900000, SHA_B, MD5_B, "demo", "1.0.0", SHA_A },
    };
    const struct db_recipe recipe = { .name = "thermostat",
                                      .version = "2.3.0",
                                      .chip = "esp32",
                                      .text = "abc",
                                      .text_bytes = 3,
                                      .images = images,
                                      .image_count = 2 };
    const int64_t id = db_recipe_put(db, &recipe, T0_MS, &b->e);
    check_ok(b, id > 0);
    return id;
}

static inline int64_t start_run_at(struct bench *b, struct db *db, int64_t lot_id, int slot,
                                   int64_t utc_ms)
{
    const struct db_run_begin run = { .recipe_id = put_recipe(b, db),
                                      .lot_id = lot_id,
                                      .slot = slot,
                                      .port = "/dev/ttyUSB0",
                                      .operator_name = "Ada",
                                      .started_utc_ms = utc_ms };
    const int64_t id = db_run_start(db, &run, &b->e);
    check_ok(b, id > 0);
    return id;
}

static inline int64_t start_run(struct bench *b)
{
    return start_run_at(b, b->db, 0, 1, T0_MS);
}

static inline struct db_seen see(struct bench *b, int64_t run_id, const char *mac)
{
    struct db_seen seen;
    const struct db_board board = { .mac = mac,
                                    .chip = "ESP32-D0WD-V3",
                                    .revision = 301,
                                    .flash_id = 0x164020,
                                    .flash_bytes = 4194304,
                                    .seen_utc_ms = T0_MS };
    memset(&seen, 0xA5, sizeof seen);
    check_ok(b, db_board_seen(b->db, run_id, &board, &seen, &b->e));
    return seen;
}

static inline bool try_attempt(struct bench *b, int64_t run_id, int number)
{
    static const struct db_digest digests[] = {
        { 0, MD5_A, MD5_A, MD5_A, SHA_A, 0 },
        { 1, MD5_B, NULL, MD5_B, SHA_B, 4096 },
    };
    const struct db_attempt attempt = { .number = number,
                                        .started_utc_ms = T0_MS + 1000,
                                        .duration_ms = 9500,
                                        .baud = 921600,
                                        .reset = "classic",
                                        .loader = "stub",
                                        .phase = "leave",
                                        .code = "ok",
                                        .board_state = "running",
                                        .bytes_written = 920000,
                                        .wire_bytes = 512345,
                                        .baud_asked = 921600,
                                        .baud_why = "recipe",
                                        .write_mode = "changed",
                                        .round_trips = 321,
                                        .timing = { .reset_ms = 101,
                                                    .sync_ms = 102,
                                                    .identify_ms = 103,
                                                    .stub_ms = 104,
                                                    .baud_ms = 105,
                                                    .erase_ms = 106,
                                                    .wire_ms = 107,
                                                    .stall_ms = 108,
                                                    .md5_ms = 109,
                                                    .leave_ms = 110,
                                                    .boot_ms = -1,
                                                    .floor_ms = 112 },
                                        .digests = digests,
                                        .digest_count = 2 };
    return db_attempt_add(b->db, run_id, &attempt, &b->e);
}

static inline bool try_close(struct bench *b, int64_t run_id, enum db_verdict verdict)
{
    const struct db_run_end end = { .verdict = verdict,
                                    .code = verdict == DB_PASS ? "ok" : "no-sync",
                                    .sentence = verdict == DB_PASS ? NULL : "Nothing answered",
                                    .board_state = verdict == DB_PASS ? "running" : "untouched",
                                    .ended_utc_ms = T0_MS + 11000,
                                    .duration_ms = 11000 };
    return db_run_close(b->db, run_id, &end, &b->e);
}

/* A whole run of a golden board; of one attempt, at half the rate. */
static inline int64_t golden_run(struct bench *b, const char *mac, int slot, int64_t utc_ms,
                                 enum db_verdict verdict)
{
    const struct db_run_begin run = { .recipe_id = put_recipe(b, b->db),
                                      .slot = slot,
                                      .port = "/dev/ttyUSB0",
                                      .golden = true,
                                      .started_utc_ms = utc_ms };
    const struct db_attempt attempt = { .number = 2,
                                        .started_utc_ms = utc_ms,
                                        .duration_ms = 1000,
                                        .bytes_written = 1000,
                                        .baud = 460800,
                                        .baud_asked = 921600,
                                        .baud_why = "stepped-down",
                                        .reset = "classic",
                                        .phase = "leave",
                                        .code = "ok",
                                        .board_state = "running",
                                        .timing = { .boot_ms = -1 } };
    const int64_t run_id = db_run_start(b->db, &run, &b->e);
    check_ok(b, run_id > 0);
    see(b, run_id, mac);
    check_ok(b, db_attempt_add(b->db, run_id, &attempt, &b->e));
    check_ok(b, try_close(b, run_id, verdict));
    return run_id;
}

/* A whole run of this board. */
static inline int64_t whole_run(struct bench *b, const char *mac, int64_t lot_id, int slot,
                                int64_t utc_ms, enum db_verdict verdict)
{
    const int64_t run_id = start_run_at(b, b->db, lot_id, slot, utc_ms);
    see(b, run_id, mac);
    check_ok(b, try_attempt(b, run_id, 1));
    check_ok(b, try_close(b, run_id, verdict));
    return run_id;
}

/* The first value of a question, as text; "NULL" for null. Given through a connection of its own,
 * with SQLite's defaults, as any other program would. */
static inline void ask(const struct bench *b, const char *sql, char *answer, size_t cap)
{
    sqlite3 *other = NULL;
    sqlite3_stmt *s = NULL;
    assert_int_equal(sqlite3_open(b->path, &other), SQLITE_OK);
    if (sqlite3_prepare_v2(other, sql, -1, &s, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(other));
    const bool row = sqlite3_step(s) == SQLITE_ROW;
    const unsigned char *text = row ? sqlite3_column_text(s, 0) : NULL;
    snprintf(answer, cap, "%s", text == NULL ? "NULL" : (const char *)text);
    sqlite3_finalize(s);
    sqlite3_close(other);
}

static inline void assert_answer(const struct bench *b, const char *sql, const char *expected)
{
    char answer[1024];
    ask(b, sql, answer, sizeof answer);
    assert_string_equal(answer, expected);
}

#endif
