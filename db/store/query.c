/* A statement with its values. */
#include "db/store/query.h"

#include "db/store/fail.h"
#include "db/store/forms.h"
#include "db/store/handle.h"

struct query query_start_locked(struct db *db, enum statement which)
{
    return (struct query){ .db = db, .statement = db->statements[which], .rc = SQLITE_OK };
}

struct query query_form_locked(struct db *db, enum link_kind kind)
{
    return (struct query){ .db = db, .statement = db->forms[kind], .rc = SQLITE_OK };
}

static void keep_first(struct query *q, int rc)
{
    if (q->rc == SQLITE_OK)
        q->rc = rc;
}

void query_text(struct query *q, const char *text)
{
    keep_first(q, sqlite3_bind_text(q->statement, ++q->bound, text, -1, SQLITE_STATIC));
}

void query_bytes(struct query *q, const char *text, size_t bytes)
{
    keep_first(
        q, sqlite3_bind_text64(q->statement, ++q->bound, text, bytes, SQLITE_STATIC, SQLITE_UTF8));
}

void query_int(struct query *q, int64_t number)
{
    keep_first(q, sqlite3_bind_int64(q->statement, ++q->bound, number));
}

void query_int_or_null(struct query *q, int64_t number, int64_t least)
{
    if (number >= least)
        query_int(q, number);
    else
        keep_first(q, sqlite3_bind_null(q->statement, ++q->bound));
}

void query_utc(struct query *q, int64_t utc_ms)
{
    char text[DB_UTC_CAP];
    const bool known = db_utc_text(utc_ms, text);
    keep_first(
        q, sqlite3_bind_text(q->statement, ++q->bound, known ? text : NULL, -1, SQLITE_TRANSIENT));
}

void query_end(struct query *q)
{
    sqlite3_reset(q->statement);
    sqlite3_clear_bindings(q->statement);
}

int query_step(struct db *db, sqlite3_stmt *statement, struct err *e)
{
    const int rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        return 1;
    if (rc == SQLITE_DONE)
        return 0;
    db_fail(db, e);
    return -1;
}

int query_row(struct query *q, struct err *e)
{
    if (q->rc == SQLITE_OK || q->rc == SQLITE_ROW)
        q->rc = sqlite3_step(q->statement);
    if (q->rc == SQLITE_ROW)
        return 1;
    if (q->rc == SQLITE_DONE)
        return 0;
    db_fail(q->db, e);
    return -1;
}

bool query_run(struct query *q, struct err *e)
{
    const bool ok = query_row(q, e) >= 0;
    query_end(q);
    return ok;
}

int64_t query_insert(struct query *q, struct err *e)
{
    return query_run(q, e) ? sqlite3_last_insert_rowid(q->db->sql) : 0;
}

bool query_number(struct query *q, int64_t *number, struct err *e)
{
    const int rows = query_row(q, e);
    *number = rows > 0 ? sqlite3_column_int64(q->statement, 0) : 0;
    query_end(q);
    return rows >= 0;
}
