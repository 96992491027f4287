/* Inside db/ only. Functions named _locked need the caller to have the handle's turn (db_enter). */
#ifndef DB_DB_PRIV_H
#define DB_DB_PRIV_H

#include "db/db.h"
#include "db/statements.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#if SQLITE_VERSION_NUMBER < 3037000
#error "SQLite 3.37 or newer is needed: the tables are STRICT"
#endif

enum { DB_SHOWN_CAP = 112 };

struct db {
    sqlite3 *sql;
    sqlite3_stmt *statements[STMT_COUNT];
    /* The turn is a flag under a mutex rather than a mutex held for long, because waiting for it
     * has a deadline on the monotonic clock. */
    pthread_mutex_t mutex;
    pthread_cond_t left;
    bool taken;
    int busy_ms;
    int64_t deadline_ms; /* of the call whose turn it is, on db_now_ms() */
    bool reader;
    bool frozen; /* opened without locks: the file is compared with `as_opened` afterwards */
    struct stat as_opened;
    int64_t station_id; /* 0 before db_station_start */
    char *path;
    char shown[DB_SHOWN_CAP]; /* the path for sentences; a long one loses its front */
};

/* ---- wait.c -----------------------------------------------------------------------------------*/

/* Milliseconds of the monotonic clock. */
int64_t db_now_ms(void);

/* SQLite's busy handler, `ctx` is the handle: waits in small steps until the deadline of the call,
 * then gives 0. */
int db_wait_busy(void *ctx, int tries);

/* ---- db.c -------------------------------------------------------------------------------------*/

/* Waits for the turn, at most busy_ms, and sets the deadline of the call. */
bool db_enter(struct db *db, struct err *e);
void db_leave(struct db *db);

/* db_enter and the start of a write transaction. */
bool db_begin(struct db *db, struct err *e);

/* The same for reading: what is read until db_finish is one state of the record. */
bool db_begin_read(struct db *db, struct err *e);

/* Commits if `ok`, else undoes everything, and leaves. True: committed. */
bool db_finish(struct db *db, bool ok, struct err *e);

/* ---- connect.c --------------------------------------------------------------------------------*/

/* Judges the file and connects db->sql; on failure nothing was written. */
bool db_connect(struct db *db, struct err *e);

/* For a frozen reader: whether the file is still the one that was opened. */
bool db_still_the_same(const struct db *db, struct err *e);

/* ---- fail.c -----------------------------------------------------------------------------------*/

/* What SQLite reported last on db->sql as a sentence with a hint. Returns false. */
bool db_fail(const struct db *db, struct err *e);

bool db_fail_read_only(const struct db *db, struct err *e);

/* Who holds a lock on `path` or its index, as "process 4711 (sqlite3)", or "another program". */
void db_lock_holder(const char *path, char *text, size_t cap);

/* ---- tables.c and schema.c
 * ---------------------------------------------------------------------*/

enum {
    DB_APPLICATION_ID = 0x45535053, /* "ESPS" */
    DB_SCHEMA_VERSION = 2,
};

/* The statements that lead from one version to the next. */
struct schema_step {
    const char *const *sql;
    size_t count;
};

/* schema_steps[n] leads from version n to n + 1. */
extern const struct schema_step schema_steps[DB_SCHEMA_VERSION];

/* What a file says it is. */
struct schema_identity {
    int64_t application_id, version;
    bool empty; /* it holds no table */
};

/* SQLite result code. */
int schema_identity(sqlite3 *sql, struct schema_identity *found);

/* Refuses files of other programs and of newer versions. */
bool schema_judge(const struct db *db, const struct schema_identity *found, struct err *e);

/* Refuses what a reader, who may not change the file, cannot use: empty files and older versions.
 * Only for a file opened with its log: the first page alone may not know of a step just taken. */
bool schema_judge_for_reader(const struct db *db, const struct schema_identity *found,
                             struct err *e);

/* Brings the file to version `count` by the steps it lacks, in one transaction. */
bool schema_apply(struct db *db, const struct schema_step *steps, size_t count, struct err *e);

/* As schema_apply, with the steps of this program. */
bool schema_bring_up(struct db *db, struct err *e);

/* ---- statements.c -----------------------------------------------------------------------------*/

bool statements_prepare(struct db *db, struct err *e);
void statements_finalize(struct db *db);

/* A statement with its values, bound in the order of its question marks. The first error sticks. */
struct query {
    struct db *db;
    sqlite3_stmt *statement;
    int bound;
    int rc;
};

struct query query_start_locked(struct db *db, enum statement which);
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

/* Adds a row and gives its id; 0 on failure. */
int64_t query_insert(struct query *q, struct err *e);

/* The only number of the only row; 0 if there is no row. False on failure. */
bool query_number(struct query *q, int64_t *number, struct err *e);

/* ---- mac_utc.c --------------------------------------------------------------------------------*/

/* The moments a piece of a date names: the first, and the first after the last. */
bool db_utc_span(const char *text, int64_t *first_ms, int64_t *after_ms, struct err *e);

/* ---- station.c --------------------------------------------------------------------------------*/

/* Whether the process is alive, as db_station_start says. `here` is the calling process's view. */
bool db_station_alive(const struct db_station *station, const struct db_station *here);

#endif
