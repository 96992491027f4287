/* Corrections: what was recorded stays; what a person knows better is a row of its own. */
#include "db/write/lot.h"

#include "db/store/chain.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/query.h"
#include "db/store/turn.h"
#include "db/write/lot_priv.h"
#include "db/write/run_priv.h"
#include "db/write/station_priv.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct corrected {
    char verdict[16], effective[16]; /* empty: open */
    struct open_run run;
    struct station_row station;
};

static const char *const words[] = {
    [DB_CORRECT_NOTE] = NULL,
    [DB_CORRECT_FAIL] = "FAIL",
    [DB_CORRECT_PASS] = "PASS",
    [DB_CORRECT_INTERRUPTED] = "INTERRUPTED",
};

static bool find_run_locked(struct db *db, int64_t run_id, struct corrected *c, struct err *e)
{
    struct query q = query_start_locked(db, STMT_CORRECT_STATE);
    query_int(&q, run_id);
    const int rows = query_row(&q, e);
    if (rows > 0) {
        const unsigned char *verdict = sqlite3_column_text(q.statement, 0);
        const unsigned char *effective = sqlite3_column_text(q.statement, 1);
        snprintf(c->verdict, sizeof c->verdict, "%s", !verdict ? "" : (const char *)verdict);
        snprintf(c->effective, sizeof c->effective, "%s",
                 !effective ? "" : (const char *)effective);
        c->run.lot_id = sqlite3_column_int64(q.statement, 2);
        c->run.board_id = sqlite3_column_int64(q.statement, 3);
        station_of_row(q.statement, 4, &c->station);
    }
    query_end(&q);
    if (rows != 0)
        return rows > 0;
    err_set(e, ERR_USAGE, "The record has no run %" PRId64, run_id);
    return err_hint(e, "To find the run of a board: espstation history MAC");
}

static bool refuse(struct err *e, int64_t run_id, const char *what)
{
    err_set(e, ERR_USAGE, "Run %" PRId64 " %s", run_id, what);
    return err_hint(e, "To see the run: espstation history MAC");
}

/* An open run can be ended only in place of a station that cannot do it any more. */
static bool interrupt_locked(struct db *db, const struct db_correction *k,
                             const struct corrected *c, struct err *e)
{
    struct db_station here;
    char sentence[480];
    if (c->verdict[0] != '\0')
        return refuse(e, k->run_id, "is closed already; only an open run can be interrupted");
    if (!db_station_here(&here, e))
        return false;
    if (station_life(db, &c->station, &here) == STATION_LIVES) {
        err_set(e, ERR_USAGE,
                "The station of run %" PRId64 " is alive: process %" PRId64 " on %.60s", k->run_id,
                c->station.who.pid, c->station.who.host);
        return err_hint(e, "Stop that station first: it will close its runs itself.");
    }
    snprintf(sentence, sizeof sentence, "Marked by %.100s: %.300s", k->operator_name, k->reason);
    return interrupt_run_locked(db, k->run_id, sentence, e);
}

/* The place that the board gave back must be free still, or the board's own by another run. */
static bool take_place_locked(struct db *db, const struct db_correction *k,
                              const struct corrected *c, struct err *e)
{
    int64_t has_place = 0;
    struct err refusal = { 0 };
    struct query q = query_start_locked(db, STMT_LOT_HAS_BOARD);
    query_int(&q, c->run.lot_id);
    query_int(&q, c->run.board_id);
    if (!query_number(&q, &has_place, e))
        return false;
    if (!has_place && !lot_has_room_locked(db, &c->run, &refusal, e))
        return false;
    if (refusal.code == ERR_NONE)
        return true;
    *e = refusal;
    err_hint(e,
             "Its place went to another board. To keep what is known as a note: espstation "
             "correct %" PRId64 " --operator NAME --reason WHY",
             k->run_id);
    return err_wrap(e, "Run %" PRId64 " cannot pass again", k->run_id);
}

static bool judge_locked(struct db *db, const struct db_correction *k, const struct corrected *c,
                         struct err *e)
{
    if (k->to == DB_CORRECT_INTERRUPTED)
        return interrupt_locked(db, k, c, e);
    if (c->verdict[0] == '\0')
        return refuse(e, k->run_id, "is still open: it cannot be corrected before its verdict");
    if (k->to == DB_CORRECT_NOTE)
        return true;
    if (strcmp(c->verdict, "PASS") != 0)
        return refuse(e, k->run_id, "never was a PASS; flash the board again instead");
    if (strcmp(c->effective, words[k->to]) == 0)
        return refuse(e, k->run_id, "has this verdict already");
    return k->to == DB_CORRECT_PASS ? take_place_locked(db, k, c, e) : true;
}

static bool correct_locked(struct db *db, const struct db_correction *k, struct err *e)
{
    struct corrected c = { .verdict = "" };
    if (!find_run_locked(db, k->run_id, &c, e) || !judge_locked(db, k, &c, e))
        return false;
    struct query q = query_start_locked(db, STMT_CORRECTION_ADD);
    query_int(&q, k->run_id);
    query_text(&q, words[k->to]);
    query_text(&q, k->operator_name);
    query_text(&q, k->reason);
    query_text(&q, k->host);
    query_utc(&q, k->utc_ms);
    const int64_t id = query_insert(&q, e);
    return id > 0 && chain_link_locked(db, LINK_CORRECTION, id, e) &&
           (!k->act || act_add_locked(db, k->act, e));
}

bool db_correct(struct db *db, const struct db_correction *correction, struct err *e)
{
    const struct db_correction *const k = correction;
    if (!k->operator_name || k->operator_name[0] == '\0' || !k->reason || k->reason[0] == '\0') {
        err_set(e, ERR_USAGE, "A correction needs the name of a person and a reason");
        return err_hint(e, "Give --operator NAME and --reason WHY.");
    }
    return db_begin(db, e) && db_finish(db, correct_locked(db, k, e), e);
}
