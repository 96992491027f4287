/* The life of a run: started, its board seen, its attempts, closed. */
#include "db/store/chain.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/query.h"
#include "db/store/turn.h"
#include "db/units/mark.h"
#include "db/write/label_rows_priv.h"
#include "db/write/lease_priv.h"
#include "db/write/lot_priv.h"
#include "db/write/run_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- Start ---- */

static int64_t add_run_locked(struct db *db, const struct db_run_begin *run, struct err *e)
{
    if (run->lot_id != 0 && !lot_takes_locked(db, run->lot_id, run->recipe_id, e))
        return 0;
    struct query q = query_start_locked(db, STMT_RUN_ADD);
    query_int(&q, db->station_id);
    query_int_or_null(&q, run->lot_id, 1);
    query_int(&q, run->recipe_id);
    query_int(&q, run->slot);
    query_text(&q, run->port);
    query_text(&q, run->operator_name);
    query_utc(&q, run->started_utc_ms);
    query_int_or_null(&q, run->golden, 1);
    return query_insert(&q, e);
}

/* In one transaction with the row: between a look and a claim another station could be quicker. */
static bool take_place_locked(struct db *db, int64_t id, const struct db_run_begin *run,
                              struct err *refusal, struct err *e)
{
    static const struct db_fleet_say silent = { .answer = DB_FLEET_SILENT };
    const struct open_run open = { .lot_id = run->lot_id };
    const struct db_fleet_say *const say = run->fleet ? run->fleet : &silent;
    return lease_note_claim_locked(db, id, say, e) &&
           (!run->with_place || lot_give_place_locked(db, id, &open, false, say, refusal, e));
}

int64_t db_run_start(struct db *db, const struct db_run_begin *run, struct err *e)
{
    struct err refusal = { 0 };
    if (db->station_id == 0) {
        err_set(e, ERR_STATION, "%s: a run starts before its station did", db->shown);
        return 0;
    }
    if (db_begin(db, e)) {
        const int64_t id = add_run_locked(db, run, e);
        const bool ok = id > 0 && take_place_locked(db, id, run, &refusal, e);
        if (ok && refusal.code != ERR_NONE)
            *e = refusal; /* and the row goes */
        if (db_finish(db, ok && refusal.code == ERR_NONE, e))
            return !run->fleet || lease_mark(db, run->fleet, e) ? id : 0;
        if (refusal.code != ERR_NONE)
            return 0;
    }
    err_wrap(e, "Recording the start of a run in slot %d", run->slot);
    return 0;
}

/* ---- The open run ---- */

/* The triggers would refuse a change of a closed run as well, but cannot name the run. */
bool find_open_run_locked(struct db *db, int64_t run_id, struct open_run *run, struct err *e)
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
        run->holds_place = sqlite3_column_int(q.statement, 4) != 0;
        run->claim = sqlite3_column_int64(q.statement, 5);
        snprintf(run->mac, sizeof run->mac, "%s", !mac ? "" : (const char *)mac);
        ok = true;
    }
    query_end(&q);
    return ok;
}

/* ---- An attempt ---- */

static void bind_timing(struct query *q, const struct db_timing *t)
{
#define TIMING(version, name, sentence) query_int_or_null(q, t->name##_ms, 0);
#include "db/store/timing_list.h"
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
    query_text(&q, attempt->fast);
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

static bool add_unit_digest_locked(struct db *db, int64_t attempt_id,
                                   const struct db_unit_digest *row, struct err *e)
{
    const struct db_digest *const digest = &row->digest;
    struct query q = query_start_locked(db, STMT_UNIT_DIGEST_ADD);
    query_int(&q, attempt_id);
    query_int(&q, digest->image);
    query_text(&q, row->place);
    query_int(&q, row->offset);
    query_int(&q, row->size_bytes);
    query_text(&q, digest->expected_md5);
    query_text(&q, digest->read_md5);
    query_text(&q, digest->written_md5);
    query_text(&q, digest->written_sha256);
    query_int(&q, digest->skipped_bytes);
    return query_run(&q, e) ? true : err_wrap(e, "Unit image %d", digest->image);
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
    for (size_t i = 0; ok && i < attempt->unit_digest_count; i++)
        ok = add_unit_digest_locked(db, id, &attempt->unit_digests[i], e);
    return ok;
}

bool db_attempt_add(struct db *db, int64_t run_id, const struct db_attempt *attempt, struct err *e)
{
    if (!db_begin(db, e) ||
        !db_finish(db, add_attempt_and_digests_locked(db, run_id, attempt, e), e))
        return err_wrap(e, "Recording attempt %d of run %" PRId64, attempt->number, run_id);
    return true;
}

/* ---- What a port has taught ---- */

static struct db_rate rate_row(sqlite3_stmt *s)
{
    return (struct db_rate){ .baud = sqlite3_column_int64(s, 0),
                             .failed = sqlite3_column_int(s, 1) != 0 };
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

bool db_fast_proved(struct db *db, int64_t recipe_id, int64_t most, int64_t *count, struct err *e)
{
    if (!db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_FAST_PROVED);
    query_int(&q, recipe_id);
    query_int(&q, most);
    int rows = query_row(&q, e);
    if (rows > 0)
        *count = sqlite3_column_int64(q.statement, 0);
    query_end(&q);
    db_leave(db);
    return rows > 0 || err_wrap(e, "Counting the boards that were proved twice");
}

/* ---- Close ---- */

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
    if (!word)
        return err_set(e, ERR_STATION, "%d is not a verdict", (int)end->verdict);
    if (end->verdict == DB_PASS && run.board_id == 0)
        return err_set(e, ERR_STATION, "PASS needs a board, and none was identified");
    if (end->verdict == DB_PASS && !run.holds_place && !lot_has_no_limit_locked(db, run.lot_id, e))
        return false;
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
    if (!query_run(&q, e) || !chain_link_locked(db, LINK_RUN, run_id, e))
        return false;
    return end->verdict != DB_PASS || !end->label_zpl || label_of_pass_locked(db, run_id, end, e);
}

bool db_run_close(struct db *db, int64_t run_id, const struct db_run_end *end, struct err *e)
{
    if (!db_begin(db, e) || !db_finish(db, close_run_locked(db, run_id, end, e), e))
        return err_wrap(e, "Recording the end of run %" PRId64, run_id);
    return true;
}
