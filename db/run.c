/* The life of a run: started, its board seen, its attempts, closed. */
#include "db/db_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- Start ------------------------------------------------------------------------------------*/

static int64_t add_run_locked(struct db *db, const struct db_run_begin *run, struct err *e)
{
    struct query q = query_start_locked(db, STMT_RUN_ADD);
    query_int(&q, db->station_id);
    query_int_or_null(&q, run->lot_id, 1);
    query_int(&q, run->recipe_id);
    query_int(&q, run->slot);
    query_text(&q, run->port);
    query_text(&q, run->operator_name);
    query_utc(&q, run->started_utc_ms);
    return query_insert(&q, e);
}

int64_t db_run_start(struct db *db, const struct db_run_begin *run, struct err *e)
{
    int64_t id = 0;
    if (db->station_id == 0) {
        err_set(e, ERR_STATION, "%s: a run starts before its station did", db->shown);
        return 0;
    }
    if (db_begin(db, e)) {
        id = add_run_locked(db, run, e);
        if (db_finish(db, id > 0, e))
            return id;
    }
    err_wrap(e, "Recording the start of a run in slot %d", run->slot);
    return 0;
}

/* ---- The open run -----------------------------------------------------------------------------*/

struct open_run {
    int64_t lot_id, board_id; /* 0: none */
    char mac[DB_MAC_CAP];
};

/* Fails with a sentence of its own if the run is not there or not open; the triggers would refuse
 * the change as well, but cannot name the run. */
static bool find_open_run_locked(struct db *db, int64_t run_id, struct open_run *run, struct err *e)
{
    bool ok = false;
    struct query q = query_start_locked(db, STMT_RUN_STATE);
    query_int(&q, run_id);
    const int rows = query_row(&q, e);
    if (rows == 0) {
        err_set(e, ERR_STATION, "The record has no run %" PRId64, run_id);
    } else if (rows > 0 && sqlite3_column_type(q.statement, 0) != SQLITE_NULL) {
        err_set(e, ERR_STATION, "Run %" PRId64 " is closed already, as %s", run_id,
                (const char *)sqlite3_column_text(q.statement, 0));
    } else if (rows > 0) {
        const unsigned char *mac = sqlite3_column_text(q.statement, 3);
        run->lot_id = sqlite3_column_int64(q.statement, 1);
        run->board_id = sqlite3_column_int64(q.statement, 2);
        snprintf(run->mac, sizeof run->mac, "%s", mac == NULL ? "" : (const char *)mac);
        ok = true;
    }
    query_end(&q);
    return ok;
}

/* ---- The board --------------------------------------------------------------------------------*/

static bool find_board_locked(struct db *db, const char *mac, int64_t *board_id, struct err *e)
{
    struct query q = query_start_locked(db, STMT_BOARD_FIND);
    query_text(&q, mac);
    return query_number(&q, board_id, e);
}

static void bind_seen(struct query *q, const struct db_board *board)
{
    query_text(q, board->chip);
    query_int_or_null(q, board->revision, 0);
    query_int_or_null(q, board->flash_id, 0);
    query_int_or_null(q, board->flash_bytes, 1);
}

static int64_t add_board_locked(struct db *db, const char *mac, const struct db_board *board,
                                struct err *e)
{
    struct query q = query_start_locked(db, STMT_BOARD_ADD);
    query_text(&q, mac);
    bind_seen(&q, board);
    query_utc(&q, board->seen_utc_ms);
    const int64_t id = query_insert(&q, e);
    return id > 0 && chain_link_locked(db, LINK_BOARD, id, e) ? id : 0;
}

static bool compare_board_locked(struct db *db, int64_t board_id, const struct db_board *board,
                                 bool *changed, struct err *e)
{
    int64_t same = 0;
    struct query q = query_start_locked(db, STMT_BOARD_SAME);
    bind_seen(&q, board);
    query_int(&q, board_id);
    if (!query_number(&q, &same, e))
        return false;
    *changed = same == 0;
    return true;
}

static bool bind_board_locked(struct db *db, int64_t run_id, int64_t board_id,
                              const struct db_board *board, struct err *e)
{
    struct query q = query_start_locked(db, STMT_RUN_BIND_BOARD);
    query_int(&q, board_id);
    bind_seen(&q, board);
    query_int(&q, run_id);
    return query_run(&q, e);
}

static void fill_passed(sqlite3_stmt *s, struct db_passed *passed)
{
    const unsigned char *lot = sqlite3_column_text(s, 2);
    passed->ever = true;
    passed->in_lot = sqlite3_column_int(s, 3) != 0;
    passed->run_id = sqlite3_column_int64(s, 0);
    snprintf(passed->ended_utc, sizeof passed->ended_utc, "%s",
             (const char *)sqlite3_column_text(s, 1));
    snprintf(passed->lot, sizeof passed->lot, "%s", lot == NULL ? "" : (const char *)lot);
}

static bool find_passed_locked(struct db *db, int64_t board_id, int64_t lot_id,
                               struct db_passed *passed, struct err *e)
{
    struct query q = query_start_locked(db, STMT_PASSED);
    query_int(&q, board_id);
    query_int_or_null(&q, lot_id, 1);
    const int rows = query_row(&q, e);
    if (rows > 0)
        fill_passed(q.statement, passed);
    query_end(&q);
    return rows >= 0;
}

static bool swapped(const struct open_run *run, const char *mac, struct err *e)
{
    err_set(e, ERR_IDENTIFY,
            "The board was swapped during its run: it began with %s, now %s is there", run->mac,
            mac);
    return err_hint(e, "Leave the board in its slot until its verdict shows; then run both again.");
}

static bool see_board_locked(struct db *db, int64_t run_id, const char *mac,
                             const struct db_board *board, struct db_seen *seen, struct err *e)
{
    struct open_run run;
    int64_t board_id = 0;
    if (!find_open_run_locked(db, run_id, &run, e) || !find_board_locked(db, mac, &board_id, e))
        return false;
    if (run.board_id != 0 && run.board_id != board_id)
        return swapped(&run, mac, e);
    seen->first_time = board_id == 0;
    if (board_id == 0)
        board_id = add_board_locked(db, mac, board, e);
    return board_id != 0 && compare_board_locked(db, board_id, board, &seen->changed, e) &&
           bind_board_locked(db, run_id, board_id, board, e) &&
           find_passed_locked(db, board_id, run.lot_id, &seen->passed, e);
}

bool db_board_seen(struct db *db, int64_t run_id, const struct db_board *board,
                   struct db_seen *seen, struct err *e)
{
    char mac[DB_MAC_CAP];
    struct db_seen found = { 0 };
    if (!db_mac_normalise(board->mac, mac, e))
        return false;
    if (!db_begin(db, e) || !db_finish(db, see_board_locked(db, run_id, mac, board, &found, e), e))
        return err_wrap(e, "Recording board %s of run %" PRId64, mac, run_id);
    *seen = found;
    return true;
}

bool db_passed(struct db *db, const char *mac, int64_t lot_id, struct db_passed *passed,
               struct err *e)
{
    char form[DB_MAC_CAP];
    struct db_passed found = { 0 };
    int64_t board_id = 0;
    if (!db_mac_normalise(mac, form, e) || !db_enter(db, e))
        return false;
    const bool ok = find_board_locked(db, form, &board_id, e) &&
                    (board_id == 0 || find_passed_locked(db, board_id, lot_id, &found, e));
    db_leave(db);
    if (ok)
        *passed = found;
    return ok;
}

/* ---- An attempt -------------------------------------------------------------------------------*/

static void bind_timing(struct query *q, const struct db_timing *t)
{
    const int64_t values[] = { t->reset_ms, t->sync_ms,  t->identify_ms, t->stub_ms,
                               t->baud_ms,  t->erase_ms, t->wire_ms,     t->stall_ms,
                               t->md5_ms,   t->leave_ms, t->boot_ms,     t->floor_ms };
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        query_int_or_null(q, values[i], 0);
}

static int64_t add_attempt_locked(struct db *db, int64_t run_id, const struct db_attempt *attempt,
                                  struct err *e)
{
    struct query q = query_start_locked(db, STMT_ATTEMPT_ADD);
    query_int(&q, run_id);
    query_int(&q, attempt->number);
    query_utc(&q, attempt->started_utc_ms);
    query_int(&q, attempt->duration_ms);
    query_int_or_null(&q, attempt->baud, 1);
    query_text(&q, attempt->reset);
    query_text(&q, attempt->loader);
    query_text(&q, attempt->phase);
    query_text(&q, attempt->code);
    query_text(&q, attempt->sentence);
    query_text(&q, attempt->hint);
    query_text(&q, attempt->board_state);
    query_int(&q, attempt->bytes_written);
    query_int(&q, attempt->wire_bytes);
    query_int_or_null(&q, attempt->baud_asked, 1);
    query_text(&q, attempt->baud_why);
    query_text(&q, attempt->write_mode);
    query_int_or_null(&q, attempt->round_trips, 0);
    bind_timing(&q, &attempt->timing);
    return query_insert(&q, e);
}

static bool add_digest_locked(struct db *db, int64_t attempt_id, const struct db_digest *digest,
                              struct err *e)
{
    struct query q = query_start_locked(db, STMT_DIGEST_ADD);
    query_int(&q, attempt_id);
    query_int(&q, digest->image);
    query_text(&q, digest->expected_md5);
    query_text(&q, digest->read_md5);
    query_text(&q, digest->written_md5);
    query_text(&q, digest->written_sha256);
    query_int(&q, digest->skipped_bytes);
    return query_run(&q, e) ? true : err_wrap(e, "Image %d", digest->image);
}

static bool add_attempt_and_digests_locked(struct db *db, int64_t run_id,
                                           const struct db_attempt *attempt, struct err *e)
{
    struct open_run run;
    if (!find_open_run_locked(db, run_id, &run, e))
        return false;
    const int64_t id = add_attempt_locked(db, run_id, attempt, e);
    bool ok = id > 0;
    for (size_t i = 0; ok && i < attempt->digest_count; i++)
        ok = add_digest_locked(db, id, &attempt->digests[i], e);
    return ok;
}

bool db_attempt_add(struct db *db, int64_t run_id, const struct db_attempt *attempt, struct err *e)
{
    if (!db_begin(db, e) ||
        !db_finish(db, add_attempt_and_digests_locked(db, run_id, attempt, e), e))
        return err_wrap(e, "Recording attempt %d of run %" PRId64, attempt->number, run_id);
    return true;
}

/* ---- What a port has taught -------------------------------------------------------------------*/

static struct db_rate rate_row(sqlite3_stmt *s)
{
    return (struct db_rate){
        .baud = sqlite3_column_int64(s, 0),
        .attempts = sqlite3_column_int(s, 1),
        .passes = sqlite3_column_int(s, 2),
        .write_failures = sqlite3_column_int(s, 3),
        .verify_failures = sqlite3_column_int(s, 4),
        .baud_failures = sqlite3_column_int(s, 5),
        .stub_failures = sqlite3_column_int(s, 6),
    };
}

bool db_rates(struct db *db, const char *port, int runs, struct db_rate *rates, size_t cap,
              size_t *count, struct err *e)
{
    int rows = 0;
    size_t n = 0;
    if (!db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_RATES);
    query_text(&q, port);
    query_int(&q, runs);
    query_int(&q, (int64_t)cap);
    while (n < cap && (rows = query_row(&q, e)) > 0)
        rates[n++] = rate_row(q.statement);
    query_end(&q);
    db_leave(db);
    if (rows < 0)
        return err_wrap(e, "Looking up the rates of %.100s", port);
    *count = n;
    return true;
}

/* ---- Close ------------------------------------------------------------------------------------*/

static const char *verdict_word(enum db_verdict verdict)
{
    switch (verdict) {
    case DB_PASS:
        return "PASS";
    case DB_FAIL:
        return "FAIL";
    case DB_STOPPED:
        return "STOPPED";
    }
    return NULL;
}

static bool close_run_locked(struct db *db, int64_t run_id, const struct db_run_end *end,
                             struct err *e)
{
    struct open_run run;
    if (!find_open_run_locked(db, run_id, &run, e))
        return false;
    const char *word = verdict_word(end->verdict);
    if (word == NULL)
        return err_set(e, ERR_STATION, "%d is not a verdict", (int)end->verdict);
    if (end->verdict == DB_PASS && run.board_id == 0)
        return err_set(e, ERR_STATION, "PASS needs a board, and none was identified");
    struct query q = query_start_locked(db, STMT_RUN_CLOSE);
    query_text(&q, word);
    query_text(&q, end->code);
    query_text(&q, end->sentence);
    query_text(&q, end->hint);
    query_text(&q, end->board_state);
    query_text(&q, end->app_text);
    query_utc(&q, end->ended_utc_ms);
    query_int(&q, end->duration_ms);
    query_int(&q, run_id);
    return query_run(&q, e) && chain_link_locked(db, LINK_RUN, run_id, e);
}

bool db_run_close(struct db *db, int64_t run_id, const struct db_run_end *end, struct err *e)
{
    if (!db_begin(db, e) || !db_finish(db, close_run_locked(db, run_id, end, e), e))
        return err_wrap(e, "Recording the end of run %" PRId64, run_id);
    return true;
}
