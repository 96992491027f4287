#include "db/write/act.h"

#include "db/store/chain.h"
#include "db/store/connect.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/query.h"
#include "db/store/turn.h"

/* ---- Writing ---- */

bool act_add_locked(struct db *db, const struct db_act *act, struct err *e)
{
    if (!act->person || act->person[0] == '\0') {
        err_set(e, ERR_USAGE, "This is somebody's decision, and nobody has said who it is");
        return err_hint(e, "Give --operator NAME.");
    }
    struct query q = query_start_locked(db, STMT_ACT_ADD);
    query_text(&q, act->word);
    query_text(&q, act->person);
    query_text(&q, act->role);
    query_int(&q, act->proved);
    query_int_or_null(&q, db->station_id, 1);
    query_int_or_null(&q, act->slot, 1);
    query_int_or_null(&q, act->run_id, 1);
    query_int_or_null(&q, act->lot_id, 1);
    query_text(&q, act->text);
    query_text(&q, act->reason);
    query_text(&q, act->host);
    query_utc(&q, act->utc_ms);
    const int64_t id = query_insert(&q, e);
    return id > 0 && chain_link_locked(db, LINK_ACT, id, e);
}

bool db_act_add(struct db *db, const struct db_act *act, struct err *e)
{
    return db_begin(db, e) && db_finish(db, act_add_locked(db, act, e), e);
}

/* ---- Reading ---- */

static const char *text_at(sqlite3_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s, column);
}

static struct db_act_row act_row(sqlite3_stmt *s)
{
    return (struct db_act_row){
        .word = text_at(s, 0),
        .person = text_at(s, 1),
        .role = text_at(s, 2),
        .proved = sqlite3_column_int(s, 3) != 0,
        .slot = sqlite3_column_int(s, 4),
        .run_id = sqlite3_column_int64(s, 5),
        .lot = text_at(s, 6),
        .text = text_at(s, 7),
        .reason = text_at(s, 8),
        .host = text_at(s, 9),
        .made_utc = text_at(s, 10),
    };
}

static bool send_acts_locked(struct db *db, const char *lot, const struct db_act_sink *sink,
                             struct err *e)
{
    int rows = 0;
    bool ok = true;
    struct query q = query_start_locked(db, STMT_ACTS);
    query_text(&q, lot);
    while (ok && (rows = query_row(&q, e)) > 0) {
        const struct db_act_row row = act_row(q.statement);
        ok = sink->act(sink->ctx, &row);
    }
    query_end(&q);
    return ok ? rows == 0 : err_set(e, ERR_STATION, "The reader of the acts gave up");
}

bool db_acts(struct db *reader, const char *lot, const struct db_act_sink *sink, struct err *e)
{
    return db_begin_read(reader, e) &&
           db_finish(reader, send_acts_locked(reader, lot, sink, e), e) &&
           db_still_the_same(reader, e);
}

bool db_act_slots(struct db *db, const char *host, const char *station,
                  const struct db_act_sink *sink, struct err *e)
{
    int rows = 0;
    bool ok = true;
    if (!db_enter(db, e))
        return false;
    struct query q = query_start_locked(db, STMT_ACT_SLOTS);
    query_text(&q, host);
    query_text(&q, station);
    while (ok && (rows = query_row(&q, e)) > 0) {
        const struct db_act_row row = act_row(q.statement);
        ok = sink->act(sink->ctx, &row);
    }
    query_end(&q);
    db_leave(db);
    return ok ? rows == 0 : err_set(e, ERR_STATION, "The reader of the acts gave up");
}
