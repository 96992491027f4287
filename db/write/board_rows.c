/* The board of a run: seen, known from before, and let in or refused. */
#include "db/write/lot.h"

#include "db/store/chain.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/query.h"
#include "db/store/turn.h"
#include "db/units/take_priv.h"
#include "db/write/lease_priv.h"
#include "db/write/lot_priv.h"
#include "db/write/run_priv.h"
#include "db/write/station_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- The board ---- */

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
    snprintf(passed->lot, sizeof passed->lot, "%s", !lot ? "" : (const char *)lot);
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

/* Leaves the run with its board in *run. */
static bool see_board_locked(struct db *db, int64_t run_id, const char *mac,
                             const struct db_board *board, struct open_run *run,
                             struct db_seen *seen, struct err *e)
{
    int64_t board_id = 0;
    if (!find_open_run_locked(db, run_id, run, e) || !find_board_locked(db, mac, &board_id, e))
        return false;
    if (run->board_id != 0 && run->board_id != board_id)
        return swapped(run, mac, e);
    seen->first_time = board_id == 0;
    if (board_id == 0)
        board_id = add_board_locked(db, mac, board, e);
    run->board_id = board_id;
    return board_id != 0 && compare_board_locked(db, board_id, board, &seen->changed, e) &&
           bind_board_locked(db, run_id, board_id, board, e) &&
           find_passed_locked(db, board_id, run->lot_id, &seen->passed, e);
}

bool db_board_seen(struct db *db, int64_t run_id, const struct db_board *board,
                   struct db_seen *seen, struct err *e)
{
    char mac[DB_MAC_CAP];
    struct db_seen found = { 0 };
    struct open_run run;
    if (!db_mac_normalise(board->mac, mac, e))
        return false;
    if (!db_begin(db, e) ||
        !db_finish(db, see_board_locked(db, run_id, mac, board, &run, &found, e), e))
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

bool db_passed_here(struct db *db, const struct db_passed_where *where,
                    struct db_passed_run *passed, struct err *e)
{
    char form[DB_MAC_CAP];
    if (!db_mac_normalise(where->mac, form, e) || !db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_PASSED_HERE);
    query_text(&q, form);
    query_int_or_null(&q, where->lot_id, 1);
    query_int(&q, where->recipe_id);
    query_int(&q, where->slot);
    const int rows = query_row(&q, e);
    *passed = (struct db_passed_run){ 0 };
    if (rows > 0)
        *passed = (struct db_passed_run){ sqlite3_column_int64(q.statement, 0),
                                          sqlite3_column_int(q.statement, 1) };
    query_end(&q);
    db_leave(db);
    return rows >= 0;
}

/* ---- The gate ---- */

/* Another run on the same board that is open, of another station that may be alive. */
static bool is_open_elsewhere_locked(struct db *db, int64_t run_id, const struct open_run *run,
                                     bool *elsewhere, struct err *refusal, struct err *e)
{
    int rows = 0;
    struct db_station here;
    struct station_row other;
    struct query q = query_start_locked(db, STMT_BOARD_OPEN_RUNS);
    query_int(&q, run->board_id);
    query_int(&q, run_id);
    query_int(&q, db->station_id); /* which knows itself what sits in its slots */
    while (!*elsewhere && (rows = query_row(&q, e)) > 0) {
        station_of_row(q.statement, 2, &other);
        if (!db_station_here(&here, e)) {
            rows = -1;
            break;
        }
        if (station_life(db, &other, &here) == STATION_DEAD)
            continue; /* the next start marks it */
        const int64_t id = sqlite3_column_int64(q.statement, 0);
        *elsewhere = true;
        err_set(refusal, ERR_DUPLICATE,
                "The board %s is being flashed already: run %" PRId64 ", slot %d on %.60s",
                run->mac, id, sqlite3_column_int(q.statement, 1), other.who.host);
        err_hint(refusal,
                 "Two boards may share a MAC. If that station is gone for good: espstation correct "
                 "%" PRId64 " --verdict interrupted --operator NAME --reason WHY",
                 id);
    }
    query_end(&q);
    return *elsewhere || rows == 0;
}

static bool mark_rework_locked(struct db *db, int64_t run_id, int64_t earlier_id,
                               const char *reason, struct err *e)
{
    struct query q = query_start_locked(db, STMT_RUN_REWORK);
    query_int(&q, earlier_id);
    query_text(&q, reason);
    query_int(&q, run_id);
    return query_run(&q, e);
}

/* The board has passed at another station, whose runs this record does not know. */
static bool mark_rework_elsewhere_locked(struct db *db, int64_t run_id, const char *where,
                                         const char *reason, struct err *e)
{
    struct query q = query_start_locked(db, STMT_RUN_REWORK_ELSEWHERE);
    query_text(&q, where);
    query_text(&q, reason);
    query_int(&q, run_id);
    return query_run(&q, e);
}

static void refuse_passed(const struct open_run *run, const struct db_passed *passed,
                          struct err *refusal)
{
    if (passed->in_lot)
        err_set(refusal, ERR_DUPLICATE,
                "The board %s has passed in this lot already: run %" PRId64 ", %s", run->mac,
                passed->run_id, passed->ended_utc);
    else
        err_set(refusal, ERR_DUPLICATE,
                "The board %s has passed before: run %" PRId64 ", %s, %s%.60s", run->mac,
                passed->run_id, passed->ended_utc, passed->lot[0] ? "lot " : "no lot", passed->lot);
    err_hint(refusal, "If it is to be flashed again, give --rework --operator NAME --reason WHY.");
}

static const struct db_fleet_say *say_of(const struct db_admission *rule)
{
    static const struct db_fleet_say silent = { .answer = DB_FLEET_SILENT };
    return rule->fleet ? rule->fleet : &silent;
}

static bool judge_board_locked(struct db *db, int64_t run_id, const struct open_run *run,
                               const struct db_admission *rule, const struct db_seen *seen,
                               struct err *refusal, struct err *e)
{
    bool elsewhere = false;
    const bool twice = rule->duplicates == DB_ONCE_EVER ? seen->passed.ever : seen->passed.in_lot;
    if (rule->duplicates != DB_DUPLICATES_ALLOWED) {
        if (!is_open_elsewhere_locked(db, run_id, run, &elsewhere, refusal, e))
            return false;
        if (elsewhere)
            return true;
        if (twice && !rule->rework_reason) {
            refuse_passed(run, &seen->passed, refusal);
            return true;
        }
        if (twice && !mark_rework_locked(db, run_id, seen->passed.run_id, rule->rework_reason, e))
            return false;
        if (say_of(rule)->elsewhere && rule->rework_reason &&
            !mark_rework_elsewhere_locked(db, run_id, say_of(rule)->elsewhere, rule->rework_reason,
                                          e))
            return false;
    }
    return lot_give_place_locked(db, run_id, run, seen->passed.in_lot, say_of(rule), refusal, e);
}

static bool admit_locked(struct db *db, int64_t run_id, struct open_run *run,
                         const struct db_board *board, const struct db_admission *rule,
                         const struct db_seen *seen, struct db_unit *unit, struct err *refusal,
                         struct err *e)
{
    if (!lease_note_claim_locked(db, run_id, say_of(rule), e) ||
        !judge_board_locked(db, run_id, run, rule, seen, refusal, e))
        return false;
    if (refusal->code != ERR_NONE || !rule->supply)
        return true;
    return unit_take_locked(db, run_id, run->board_id, run->mac, board->seen_utc_ms, rule->supply,
                            unit, refusal, e);
}

bool db_board_admit(struct db *db, int64_t run_id, const struct db_board *board,
                    const struct db_admission *rule, struct db_seen *seen, struct db_unit *unit,
                    struct err *e)
{
    char mac[DB_MAC_CAP];
    struct db_seen found = { 0 };
    struct open_run run;
    struct err refusal = { 0 };
    if (unit)
        *unit =
            (struct db_unit){ .missing = DB_NO_ROW, .unlent = DB_NO_ROW, .unlent_pool = DB_NO_ROW };
    if (!db_mac_normalise(board->mac, mac, e))
        return false;
    bool ok = db_begin(db, e);
    if (ok) {
        ok = see_board_locked(db, run_id, mac, board, &run, &found, e);
        snprintf(run.mac, sizeof run.mac, "%s", mac);
        ok = ok && admit_locked(db, run_id, &run, board, rule, &found, unit, &refusal, e);
        ok = db_finish(db, ok, e);
    }
    if (!ok)
        return err_wrap(e, "Recording board %s of run %" PRId64, mac, run_id);
    *seen = found;
    if (refusal.code == ERR_NONE)
        return lease_mark(db, say_of(rule), e);
    *e = refusal;
    return false;
}
