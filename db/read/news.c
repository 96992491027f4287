#include "db/read/news.h"

#include "db/store/chain.h"
#include "db/store/fail.h"
#include "db/store/handle.h"
#include "db/store/phrases.h"
#include "db/store/turn.h"

#include <stdio.h>
#include <string.h>

/* Laid out by hand: the formatter would tear the statements apart. */
/* clang-format off */

/* What of each kind of link is told: columns are members, and what is NULL is left out. */
static const struct tale {
    const char *kind, *event, *sql;
} tales[] = {
    { "run", "verdict",
      "SELECT r.ended_utc AS at, r.id AS run, r.verdict, r.code, r.sentence, r.board_state, r.slot,"
      " r.port, b.mac, (SELECT u.serial FROM unit AS u WHERE " UNIT_OF_RUN("u")
      " AND u.serial IS NOT NULL ORDER BY u.id DESC LIMIT 1) AS serial, r.seen_chip AS chip,"
      " l.name AS lot, c.name AS recipe, c.version AS recipe_version, r.operator, r.started_utc,"
      " r.duration_ms, (SELECT count(*) FROM attempt AS a WHERE a.run = r.id) AS attempts,"
      " r.rework_of, r.golden FROM run AS r JOIN recipe AS c ON c.id = r.recipe"
      " LEFT JOIN lot AS l ON l.id = r.lot LEFT JOIN board AS b ON b.id = r.board"
      " WHERE r.id = ?1" },
    { "board", "board",
      "SELECT first_seen_utc AS at, mac, chip, revision, flash_bytes FROM board WHERE id = ?1" },
    { "lot", "lot",
      "SELECT l.added_utc AS at, 'opened' AS state, l.name AS lot, l.quantity, c.name AS recipe,"
      " l.opened_by AS operator FROM lot AS l LEFT JOIN recipe AS c ON c.id = l.recipe"
      " WHERE l.id = ?1" },
    { "checkpoint", "lot",
      "SELECT p.closed_utc AS at, 'closed' AS state, l.name AS lot, p.closed_by AS operator"
      " FROM checkpoint AS p JOIN lot AS l ON l.id = p.lot WHERE p.id = ?1" },
    { "correction", "correction",
      "SELECT k.made_utc AS at, k.run, k.verdict, k.operator, k.reason, b.mac FROM correction AS k"
      " JOIN run AS r ON r.id = k.run LEFT JOIN board AS b ON b.id = r.board WHERE k.id = ?1" },
    { "station", "station",
      "SELECT started_utc AS at, 'begun' AS state, host, tool_version FROM station WHERE id = ?1" },
    { "station-end", "station",
      "SELECT ended_utc AS at, 'ended' AS state, host, tool_version FROM station WHERE id = ?1" },
};
/* clang-format on */

static const struct tale *tale_of(const char *kind)
{
    for (size_t i = 0; i < sizeof tales / sizeof tales[0]; i++) {
        if (strcmp(tales[i].kind, kind) == 0)
            return &tales[i];
    }
    return NULL;
}

/* ---- Places ---- */

bool db_news_end(struct db *reader, struct db_news_mark *end, struct err *e)
{
    struct chain_end last = { .link = 0 };
    if (!db_begin_read(reader, e) || !db_finish(reader, chain_end_locked(reader, &last, e), e))
        return false;
    end->link = last.link;
    snprintf(end->sha256, sizeof end->sha256, "%s", last.sha256);
    return true;
}

static bool start_locked(struct db *db, struct db_news_mark *start, struct err *e)
{
    static const char sql[] =
        "SELECT id, sha256 FROM link WHERE id = (SELECT id FROM link WHERE kind = 'station'"
        " ORDER BY row DESC LIMIT 1) - 1";
    sqlite3_stmt *s = NULL;
    *start = (struct db_news_mark){ .link = 0 };
    memset(start->sha256, '0', sizeof start->sha256 - 1);
    if (sqlite3_prepare_v2(db->sql, sql, -1, &s, NULL) != SQLITE_OK)
        return db_fail(db, e);
    const int rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        start->link = sqlite3_column_int64(s, 0);
        snprintf(start->sha256, sizeof start->sha256, "%s",
                 (const char *)sqlite3_column_text(s, 1));
    }
    const bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE || db_fail(db, e);
    sqlite3_finalize(s);
    return ok;
}

bool db_news_start(struct db *reader, struct db_news_mark *start, struct err *e)
{
    return db_begin_read(reader, e) && db_finish(reader, start_locked(reader, start, e), e);
}

static bool has_locked(struct db *db, const struct db_news_mark *mark, bool *has, struct err *e)
{
    sqlite3_stmt *s = NULL;
    *has = mark->link == 0;
    if (*has)
        return true;
    if (sqlite3_prepare_v2(db->sql, "SELECT 1 FROM link WHERE id = ?1 AND sha256 = ?2", -1, &s,
                           NULL) != SQLITE_OK)
        return db_fail(db, e);
    sqlite3_bind_int64(s, 1, mark->link);
    sqlite3_bind_text(s, 2, mark->sha256, -1, SQLITE_STATIC);
    const int rc = sqlite3_step(s);
    *has = rc == SQLITE_ROW;
    const bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE || db_fail(db, e);
    sqlite3_finalize(s);
    return ok;
}

bool db_news_has(struct db *reader, const struct db_news_mark *mark, bool *has, struct err *e)
{
    return db_begin_read(reader, e) && db_finish(reader, has_locked(reader, mark, has, e), e);
}

/* ---- Events ---- */

void db_news_put(const struct db_news *news, struct json_object *o)
{
    sqlite3_stmt *const s = news->row;
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        const char *const name = sqlite3_column_name(s, i);
        switch (sqlite3_column_type(s, i)) {
        case SQLITE_NULL:
            break;
        case SQLITE_INTEGER:
            json_integer(o, name, sqlite3_column_int64(s, i));
            break;
        default:
            json_text(o, name, (const char *)sqlite3_column_text(s, i));
        }
    }
}

static int slot_of(sqlite3_stmt *s)
{
    for (int i = 0; i < sqlite3_column_count(s); i++) {
        if (strcmp(sqlite3_column_name(s, i), "slot") == 0)
            return sqlite3_column_int(s, i);
    }
    return 0;
}

/* All that lives while events are read. */
struct telling {
    struct db *db;
    struct db_news_mark *mark;
    bool (*take)(void *ctx, const struct db_news *news);
    void *ctx;
};

static bool tell_row_locked(struct telling *t, const struct tale *tale, int64_t row, struct err *e)
{
    sqlite3_stmt *s = NULL;
    if (sqlite3_prepare_v2(t->db->sql, tale->sql, -1, &s, NULL) != SQLITE_OK)
        return db_fail(t->db, e);
    sqlite3_bind_int64(s, 1, row);
    const int rc = sqlite3_step(s);
    bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE || db_fail(t->db, e);
    if (rc == SQLITE_ROW) {
        const struct db_news news = { *t->mark, tale->event, slot_of(s), s };
        ok = t->take(t->ctx, &news) || err_set(e, ERR_STATION, "The reader of events gave up");
    }
    sqlite3_finalize(s);
    return ok;
}

/* The mark stays in front of an event that was not taken. */
static bool tell_link_locked(struct telling *t, sqlite3_stmt *s, struct err *e)
{
    const struct db_news_mark before = *t->mark;
    const char *const kind = (const char *)sqlite3_column_text(s, 1);
    const struct tale *const tale = kind ? tale_of(kind) : NULL;
    t->mark->link = sqlite3_column_int64(s, 0);
    snprintf(t->mark->sha256, sizeof t->mark->sha256, "%s",
             (const char *)sqlite3_column_text(s, 3));
    if (!tale || tell_row_locked(t, tale, sqlite3_column_int64(s, 2), e))
        return true;
    *t->mark = before;
    return false;
}

static bool tell_locked(struct telling *t, int most, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int rc = SQLITE_DONE;
    if (sqlite3_prepare_v2(t->db->sql,
                           "SELECT id, kind, row, sha256 FROM link WHERE id > ?1 ORDER BY id"
                           " LIMIT ?2",
                           -1, &s, NULL) != SQLITE_OK)
        return db_fail(t->db, e);
    sqlite3_bind_int64(s, 1, t->mark->link);
    sqlite3_bind_int(s, 2, most);
    bool ok = true;
    while (ok && (rc = sqlite3_step(s)) == SQLITE_ROW)
        ok = tell_link_locked(t, s, e);
    if (ok && rc != SQLITE_DONE)
        ok = db_fail(t->db, e);
    sqlite3_finalize(s);
    return ok;
}

bool db_news(struct db *reader, struct db_news_mark *mark, int most,
             bool (*take)(void *ctx, const struct db_news *news), void *ctx, struct err *e)
{
    struct telling t = { reader, mark, take, ctx };
    return db_begin_read(reader, e) && db_finish(reader, tell_locked(&t, most, e), e);
}
