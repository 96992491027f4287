/* A statement of the record with its values. */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include "db/store/handle.h"

/* A statement with its values, bound in the order of its question marks. The first error sticks. */
struct query {
    struct db *db;
    sqlite3_stmt *statement;
    int bound;
    int rc;
};

struct query query_start_locked(struct db *db, enum statement which);
struct query query_form_locked(struct db *db, enum link_kind kind);
void query_text(struct query *q, const char *text); /* NULL: null */
void query_bytes(struct query *q, const char *text, size_t bytes);
void query_int(struct query *q, int64_t number);
void query_int_or_null(struct query *q, int64_t number, int64_t least); /* below least: null */
void query_utc(struct query *q, int64_t utc_ms); /* out of range: null, which the column refuses */

/* Runs to the end; no rows wanted. */
bool query_run(struct query *q, struct err *e);

/* One row: > 0 and columns may be read, 0 there is none (any more), < 0 failed. Call query_end
 * after the last use of its columns. */
int query_row(struct query *q, struct err *e);
void query_end(struct query *q);

/* Likewise of any statement of the record's. */
int query_step(struct db *db, sqlite3_stmt *statement, struct err *e);

/* Adds a row and gives its id; 0 on failure. */
int64_t query_insert(struct query *q, struct err *e);

/* The only number of the only row; 0 if there is no row. False on failure. */
bool query_number(struct query *q, int64_t *number, struct err *e);

#endif
