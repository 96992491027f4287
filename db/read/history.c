/* The life of one board, row by row. */
#include "db/read/history.h"

#include "db/store/column.h"
#include "db/store/connect.h"
#include "db/store/handle.h"
#include "db/store/query.h"
#include "db/store/turn.h"

static bool taken(bool by_callback, struct err *e)
{
    return by_callback ? true : err_set(e, ERR_STATION, "The reader of the history gave up");
}

/* ---- Rows to structs, in the order of the columns in statements.c ---- */

static struct db_board_row board_row(sqlite3_stmt *s)
{
    return (struct db_board_row){
        .mac = column_text(s, 0),
        .chip = column_text(s, 1),
        .first_seen_utc = column_text(s, 2),
        .revision = (int)column_number_or(s, 3, -1),
        .flash_id = column_number_or(s, 4, -1),
        .flash_bytes = column_number_or(s, 5, 0),
    };
}

static struct db_run_row run_row(sqlite3_stmt *s)
{
    return (struct db_run_row){
        .run_id = sqlite3_column_int64(s, 0),
        .started_utc = column_text(s, 1),
        .ended_utc = column_text(s, 2),
        .duration_ms = column_number_or(s, 3, -1),
        .verdict = column_text(s, 4),
        .code = column_text(s, 5),
        .sentence = column_text(s, 6),
        .hint = column_text(s, 7),
        .board_state = column_text(s, 8),
        .app_text = column_text(s, 9),
        .slot = sqlite3_column_int(s, 10),
        .port = column_text(s, 11),
        .operator_name = column_text(s, 12),
        .lot = column_text(s, 13),
        .host = column_text(s, 14),
        .tool_version = column_text(s, 15),
        .recipe = column_text(s, 16),
        .recipe_version = column_text(s, 17),
        .recipe_sha256 = column_text(s, 18),
        .attempt_count = sqlite3_column_int(s, 19),
        .rework_of = sqlite3_column_int64(s, 20),
        .rework_reason = column_text(s, 21),
        .rework_elsewhere = column_text(s, 22),
    };
}

static struct db_timing timing_row(sqlite3_stmt *s, int first)
{
    return (struct db_timing){
#define TIMING(version, name, sentence) .name##_ms = column_number_or(s, first + TIMING_##name, -1),
#include "db/store/timing_list.h"
    };
}

static struct db_attempt_row attempt_row(sqlite3_stmt *s)
{
    return (struct db_attempt_row){
        .number = sqlite3_column_int(s, 1),
        .started_utc = column_text(s, 2),
        .duration_ms = sqlite3_column_int64(s, 3),
        .baud = column_number_or(s, 4, 0),
        .bytes_written = sqlite3_column_int64(s, 5),
        .wire_bytes = sqlite3_column_int64(s, 6),
        .reset = column_text(s, 7),
        .loader = column_text(s, 8),
        .phase = column_text(s, 9),
        .code = column_text(s, 10),
        .sentence = column_text(s, 11),
        .hint = column_text(s, 12),
        .board_state = column_text(s, 13),
        .baud_asked = column_number_or(s, 14, 0),
        .baud_why = column_text(s, 15),
        .write_mode = column_text(s, 16),
        .round_trips = column_number_or(s, 17, -1),
        .timing = timing_row(s, 18),
    };
}

static struct db_digest_row digest_row(sqlite3_stmt *s)
{
    return (struct db_digest_row){
        .file = column_text(s, 0),
        .offset = sqlite3_column_int64(s, 1),
        .size_bytes = sqlite3_column_int64(s, 2),
        .skipped_bytes = sqlite3_column_int64(s, 3),
        .expected_md5 = column_text(s, 4),
        .read_md5 = column_text(s, 5),
        .written_md5 = column_text(s, 6),
        .written_sha256 = column_text(s, 7),
    };
}

static struct db_burn_row burn_row(sqlite3_stmt *s)
{
    return (struct db_burn_row){
        .number = sqlite3_column_int(s, 0),
        .attempt = sqlite3_column_int(s, 1),
        .stage = column_text(s, 2),
        .block = sqlite3_column_int(s, 3),
        .fuses = column_text(s, 4),
        .outcome = column_text(s, 5),
        .words = column_text(s, 6),
        .proof = column_text(s, 7),
        .sentence = column_text(s, 8),
        .person = column_text(s, 9),
        .made_utc = column_text(s, 10),
    };
}

/* ---- Reading ---- */

static bool send_board_locked(struct db *db, int64_t board_id, const struct db_history_sink *sink,
                              struct err *e)
{
    struct query q = query_start_locked(db, STMT_HISTORY_BOARD);
    query_int(&q, board_id);
    const int rows = query_row(&q, e);
    bool ok = rows > 0;
    if (ok) {
        const struct db_board_row row = board_row(q.statement);
        ok = taken(sink->board(sink->ctx, &row), e);
    }
    query_end(&q);
    return ok;
}

static bool send_digests_locked(struct db *db, int64_t attempt_id,
                                const struct db_history_sink *sink, struct err *e)
{
    bool ok = true;
    int rows = 0;
    struct query q = query_start_locked(db, STMT_HISTORY_DIGESTS);
    query_int(&q, attempt_id);
    while (ok && (rows = query_row(&q, e)) > 0) {
        const struct db_digest_row row = digest_row(q.statement);
        ok = taken(sink->digest(sink->ctx, &row), e);
    }
    query_end(&q);
    return ok && rows == 0;
}

static bool send_attempts_locked(struct db *db, int64_t run_id, const struct db_history_sink *sink,
                                 struct err *e)
{
    bool ok = true;
    int rows = 0;
    struct query q = query_start_locked(db, STMT_HISTORY_ATTEMPTS);
    query_int(&q, run_id);
    while (ok && (rows = query_row(&q, e)) > 0) {
        const struct db_attempt_row row = attempt_row(q.statement);
        ok = taken(sink->attempt(sink->ctx, &row), e);
        if (ok && sink->digest)
            ok = send_digests_locked(db, sqlite3_column_int64(q.statement, 0), sink, e);
    }
    query_end(&q);
    return ok && rows == 0;
}

static bool send_corrections_locked(struct db *db, int64_t run_id,
                                    const struct db_history_sink *sink, struct err *e)
{
    bool ok = true;
    int rows = 0;
    struct query q = query_start_locked(db, STMT_HISTORY_CORRECTIONS);
    query_int(&q, run_id);
    while (ok && (rows = query_row(&q, e)) > 0) {
        const struct db_correction_row row = { .made_utc = column_text(q.statement, 0),
                                               .operator_name = column_text(q.statement, 1),
                                               .reason = column_text(q.statement, 2),
                                               .host = column_text(q.statement, 3),
                                               .verdict = column_text(q.statement, 4) };
        ok = taken(sink->correction(sink->ctx, &row), e);
    }
    query_end(&q);
    return ok && rows == 0;
}

static bool send_burns_locked(struct db *db, int64_t run_id, const struct db_history_sink *sink,
                              struct err *e)
{
    bool ok = true;
    int rows = 0;
    struct query q = query_start_locked(db, STMT_HISTORY_BURNS);
    query_int(&q, run_id);
    while (ok && (rows = query_row(&q, e)) > 0) {
        const struct db_burn_row row = burn_row(q.statement);
        ok = taken(sink->burn(sink->ctx, &row), e);
    }
    query_end(&q);
    return ok && rows == 0;
}

static bool send_runs_locked(struct db *db, int64_t board_id, const struct db_history_sink *sink,
                             struct err *e)
{
    bool ok = true;
    int rows = 0;
    struct query q = query_start_locked(db, STMT_HISTORY_RUNS);
    query_int(&q, board_id);
    while (ok && (rows = query_row(&q, e)) > 0) {
        const struct db_run_row row = run_row(q.statement);
        ok = taken(sink->run(sink->ctx, &row), e);
        if (ok && sink->attempt)
            ok = send_attempts_locked(db, row.run_id, sink, e);
        if (ok && sink->burn)
            ok = send_burns_locked(db, row.run_id, sink, e);
        if (ok && sink->correction)
            ok = send_corrections_locked(db, row.run_id, sink, e);
    }
    query_end(&q);
    return ok && rows == 0;
}

static bool send_history_locked(struct db *db, const char *mac, const struct db_history_sink *sink,
                                struct err *e)
{
    int64_t board_id = 0;
    struct query q = query_start_locked(db, STMT_BOARD_FIND);
    query_text(&q, mac);
    if (!query_number(&q, &board_id, e))
        return false;
    if (board_id == 0)
        return true;
    return send_board_locked(db, board_id, sink, e) && send_runs_locked(db, board_id, sink, e);
}

bool db_history(struct db *reader, const char *mac, const struct db_history_sink *sink,
                struct err *e)
{
    char form[DB_MAC_CAP];
    if (!db_mac_normalise(mac, form, e))
        return false;
    return db_begin_read(reader, e) &&
           db_finish(reader, send_history_locked(reader, form, sink, e), e) &&
           db_still_the_same(reader, e);
}
