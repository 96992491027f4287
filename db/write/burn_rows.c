#include "db/write/burn_rows.h"

#include "db/store/chain.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/query.h"
#include "db/store/turn.h"

static bool add_locked(struct db *db, const struct db_burn *b, struct err *e)
{
    struct query q = query_start_locked(db, STMT_BURN_ADD);
    query_int(&q, b->run_id);
    query_int(&q, b->attempt);
    query_int(&q, b->number);
    query_text(&q, b->stage);
    query_int(&q, b->block);
    query_text(&q, b->fuses);
    query_text(&q, b->words);
    query_text(&q, b->key_salt);
    query_text(&q, b->key_hmac);
    query_text(&q, b->outcome);
    query_text(&q, b->proof);
    query_text(&q, b->sentence);
    query_text(&q, b->person);
    query_utc(&q, b->made_utc_ms);
    const int64_t id = query_insert(&q, e);
    return id > 0 && chain_link_locked(db, LINK_BURN, id, e);
}

bool db_burn_add(struct db *db, const struct db_burn *burn, struct err *e)
{
    return db_begin(db, e) && db_finish(db, add_locked(db, burn, e), e);
}

/* ---- Reading ---- */

static bool send_marks_locked(struct db *db, const char *mac,
                              bool (*mark)(void *ctx, int block, const char *salt,
                                           const char *hmac),
                              void *ctx, struct err *e)
{
    int rows = 0;
    bool more = true;
    struct query q = query_start_locked(db, STMT_BURN_MARKS);
    query_text(&q, mac);
    while (more && (rows = query_row(&q, e)) > 0)
        more = mark(ctx, sqlite3_column_int(q.statement, 2),
                    (const char *)sqlite3_column_text(q.statement, 0),
                    (const char *)sqlite3_column_text(q.statement, 1));
    query_end(&q);
    return rows >= 0;
}

bool db_burn_marks(struct db *db, const char *mac,
                   bool (*mark)(void *ctx, int block, const char *salt, const char *hmac),
                   void *ctx, struct err *e)
{
    char form[DB_MAC_CAP];
    if (!db_mac_normalise(mac, form, e) || !db_enter(db, e))
        return false;
    const bool ok = send_marks_locked(db, form, mark, ctx, e);
    db_leave(db);
    return ok;
}

static bool find_wrong_locked(struct db *db, const char *mac, int64_t *run_id, struct err *e)
{
    struct query q = query_start_locked(db, STMT_BURN_WRONG);
    query_text(&q, mac);
    const int rows = query_row(&q, e);
    if (rows > 0)
        *run_id = sqlite3_column_int64(q.statement, 0);
    query_end(&q);
    return rows >= 0;
}

bool db_burn_wrong(struct db *db, const char *mac, int64_t *run_id, struct err *e)
{
    char form[DB_MAC_CAP];
    *run_id = 0;
    if (!db_mac_normalise(mac, form, e) || !db_enter(db, e))
        return false;
    const bool ok = find_wrong_locked(db, form, run_id, e);
    db_leave(db);
    return ok;
}
