/* Inside db/ only. Functions named _locked need the caller to have the handle's turn (db_enter). */
#ifndef DB_DB_PRIV_H
#define DB_DB_PRIV_H

#include "db/store/db.h"
#include "db/store/statements.h"

#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>

#if SQLITE_VERSION_NUMBER < 3037000
#error "SQLite 3.37 or newer is needed: the tables are STRICT"
#endif

enum {
    DB_SHOWN_CAP = 112,
    DB_SHA256_BYTES = 32,
    DB_SHA256_CAP = 2 * DB_SHA256_BYTES + 1, /* as hex */
};

/* What the chain binds; the words of the record are in chain.c. */
enum link_kind {
    LINK_STATION,
    LINK_RECIPE,
    LINK_LOT,
    LINK_BOARD,
    LINK_RUN,
    LINK_STATION_END,
    LINK_CORRECTION,
    LINK_CHECKPOINT,
    LINK_KIND_COUNT
};

struct db {
    sqlite3 *sql;
    sqlite3_stmt *statements[STMT_COUNT];
    sqlite3_stmt *forms[LINK_KIND_COUNT];
    /* The turn is a flag under a mutex rather than a mutex held for long, because waiting for it
     * has a deadline on the monotonic clock. */
    pthread_mutex_t mutex;
    pthread_cond_t left;
    bool taken;
    unsigned waiting;         /* for the turn */
    struct group *group;      /* of the write transaction that is open; NULL: none is */
    pthread_cond_t committed; /* or failed to be */
    int busy_ms;
    int64_t deadline_ms; /* of the call whose turn it is, on db_now_ms() */
    bool reader;
    bool held;   /* a reader between db_hold and db_release: in one transaction all the time */
    bool frozen; /* opened without locks: the file is compared with `as_opened` afterwards */
    struct stat as_opened;
    int64_t station_id; /* 0 before db_station_start */
    int presence_fd;    /* holds the lock of this station (presence.h); -1: none */
    char *path;
    char shown[DB_SHOWN_CAP]; /* the path for sentences; a long one loses its front */
};

/* ---- wait.c -----------------------------------------------------------------------------------*/

/* Milliseconds of the monotonic clock. */
int64_t db_now_ms(void);

/* SQLite's busy handler, `ctx` is the handle: waits in small steps until the deadline of the call,
 * then gives 0. */
int db_wait_busy(void *ctx, int tries);

/* ---- turn.c -----------------------------------------------------------------------------------*/

/* Waits for the turn, at most busy_ms, and sets the deadline of the call. */
bool db_enter(struct db *db, struct err *e);
void db_leave(struct db *db);

/* db_enter and the start of the caller's part of a write transaction. */
bool db_begin(struct db *db, struct err *e);

/* The same for reading: what is read until db_finish is one state of the record. */
bool db_begin_read(struct db *db, struct err *e);

/* Keeps the caller's part if `ok`, else undoes it, and leaves. True: committed, with the parts of
 * all who came meanwhile. */
bool db_finish(struct db *db, bool ok, struct err *e);

/* ---- uri.c -----------------------------------------------------------------------------------*/

/* A record in a path longer than this is refused. */
enum { DB_PATH_CAP = 4096, DB_URI_CAP = 3 * DB_PATH_CAP + 64 };

/* What SQLite is to open for the file `path`, with parameters as "mode=ro". */
void db_uri(const char *path, const char *parameters, char uri[static DB_URI_CAP]);

/* ---- connect.c --------------------------------------------------------------------------------*/

/* Judges the file and connects db->sql; on failure nothing was written. */
bool db_connect(struct db *db, struct err *e);

/* Whether no other connection of any process has the record open now: *alone. A writer between
 * transactions. It needs the file for itself for a moment, and asks without waiting. */
bool db_is_alone(struct db *db, bool *alone, struct err *e);

/* For a frozen reader: whether the file is still the one that was opened. */
bool db_still_the_same(const struct db *db, struct err *e);

/* ---- fail.c -----------------------------------------------------------------------------------*/

/* What SQLite reported last on db->sql as a sentence with a hint. Returns false. */
bool db_fail(const struct db *db, struct err *e);

bool db_fail_read_only(const struct db *db, struct err *e);

/* The disk itself takes no writes any more. */
bool db_fail_frozen_disk(const struct db *db, struct err *e);

/* The handle's turn did not come in time. */
bool db_fail_turn(const struct db *db, struct err *e);

/* Who holds a lock on `path` or its index, as "process 4711 (sqlite3)", or "another program". True
 * if somebody else was found. */
bool db_lock_holder(const char *path, char *text, size_t cap);

/* ---- tables.c and schema.c
 * ---------------------------------------------------------------------*/

enum {
    DB_APPLICATION_ID = 0x45535053, /* "ESPS" */
    DB_SCHEMA_VERSION = 3,
};

/* The statements that lead from one version to the next. */
struct schema_step {
    const char *const *sql;
    size_t count;
    int timings; /* adds the times of timing_list.h that came with this version; 0: none */
    /* What is done when the last step is; NULL: nothing. Statements know the last version only. */
    bool (*at_last)(struct db *db, struct err *e);
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

/* The statements of one step alone. SQLite result code. */
int schema_run_step(sqlite3 *sql, const struct schema_step *step);

/* ---- copy.c ----------------------------------------------------------------------------------*/

/* Copies the record behind `from` to `path`, with the rights of the file `original`. `check`, if
 * there is one, judges the finished copy before it gets its name. e->sys is EEXIST if that is
 * taken.
 */
bool copy_to(sqlite3 *from, const char *original, const char *path,
             bool (*check)(const char *part, void *ctx, struct err *e), void *ctx, struct err *e);

/* Copies the record, as it was committed last, to a file beside it with this suffix. */
bool copy_beside(const struct db *db, const char *suffix, struct err *e);

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

/* Adds a row and gives its id; 0 on failure. */
int64_t query_insert(struct query *q, struct err *e);

/* The only number of the only row; 0 if there is no row. False on failure. */
bool query_number(struct query *q, int64_t *number, struct err *e);

/* ---- sha256.c ---------------------------------------------------------------------------------*/

/* The first failure sticks; db_sha256_hex tells of it. */
struct db_sha256 {
    struct evp_md_ctx_st *ctx;
    bool ok;
};

struct db_sha256 db_sha256_new(void);
void db_sha256_again(struct db_sha256 *s); /* begins anew */
void db_sha256_add(struct db_sha256 *s, const void *bytes, size_t n);
void db_sha256_add_text(struct db_sha256 *s, const char *text);
bool db_sha256_hex(struct db_sha256 *s, char hex[static DB_SHA256_CAP], struct err *e);
void db_sha256_free(struct db_sha256 *s);

/* ---- forms.c ----------------------------------------------------------------------------------*/

enum { FORM_SQL_CAP = 8192 };

/* The query for a row's canonical form: one column, one row, its id is the one parameter. */
void form_sql(enum link_kind kind, char sql[static FORM_SQL_CAP]);

/* The same for all complete rows of a kind, as columns kind, row, form. */
void form_all_sql(enum link_kind kind, char sql[static FORM_SQL_CAP]);

/* ---- chain.c ----------------------------------------------------------------------------------*/

const char *chain_kind_word(enum link_kind kind);
bool chain_kind_of(const char *word, enum link_kind *kind);

/* "SELECT id FROM ...": the rows of this kind that must have a link. */
const char *chain_kind_rows(enum link_kind kind);

/* The last link: its number and hash, 0 and 64 zeros before the first. */
struct chain_end {
    int64_t link;
    char sha256[DB_SHA256_CAP];
};

bool chain_end_locked(struct db *db, struct chain_end *end, struct err *e);

/* Binds a complete row to the chain. Belongs into the transaction that completes it. */
bool chain_link_locked(struct db *db, enum link_kind kind, int64_t row, struct err *e);

/* The digest of a row's canonical form: > 0, 0 there is no such row, < 0 failed. */
int chain_form_locked(struct db *db, struct db_sha256 *sha, enum link_kind kind, int64_t row,
                      char hex[static DB_SHA256_CAP], struct err *e);

/* The hash of a link. `hex` may be `previous`. */
bool chain_hash(struct db_sha256 *sha, const char *previous, const char *kind, int64_t row,
                const char *form_sha256, char hex[static DB_SHA256_CAP], struct err *e);

/* Links everything that is complete in a record without a chain. Prepares and finalizes the
 * handle's statements. */
bool chain_begin_locked(struct db *db, struct err *e);

/* ---- run.c ------------------------------------------------------------------------------------*/

struct open_run {
    int64_t lot_id, board_id; /* 0: none */
    bool holds_place;
    char mac[DB_MAC_CAP];
};

/* Fails with a sentence of its own if the run is not there or not open. */
bool find_open_run_locked(struct db *db, int64_t run_id, struct open_run *run, struct err *e);

/* ---- lot.c ------------------------------------------------------------------------------------*/

/* Whether the lot is open, and for this recipe. */
bool lot_takes_locked(struct db *db, int64_t lot_id, int64_t recipe_id, struct err *e);

/* Whether a run may pass in it without a place. `lot_id` 0: no lot. */
bool lot_has_no_limit_locked(struct db *db, int64_t lot_id, struct err *e);

/* Gives the run a place in its lot, if that has a limit; a board that has passed in it has one. No
 * place left: *refusal is set. False: the record failed. */
bool lot_give_place_locked(struct db *db, int64_t run_id, const struct open_run *run,
                           bool has_passed, struct err *refusal, struct err *e);

/* Whether one more board may pass in the lot of the run; else *refusal is set. */
bool lot_has_room_locked(struct db *db, const struct open_run *run, struct err *refusal,
                         struct err *e);

/* ---- mac_utc.c --------------------------------------------------------------------------------*/

/* The moments a piece of a date names: the first, and the first after the last. */
bool db_utc_span(const char *text, int64_t *first_ms, int64_t *after_ms, struct err *e);

/* ---- station.c --------------------------------------------------------------------------------*/

/* A station as its row tells it. */
struct station_row {
    int64_t id;
    bool ended;
    struct db_station who;
    char presence[40]; /* the word of presence.h; empty: it held no lock */
};

/* Takes one from a row, from this column on: id, ended, host, boot_id, pid, start_ticks, presence.
 */
void station_of_row(sqlite3_stmt *s, int first, struct station_row *station);

enum station_life { STATION_DEAD, STATION_LIVES, STATION_UNKNOWN };

/* As db_station_start says. `here` is the calling process's view. */
enum station_life station_life(const struct db *db, const struct station_row *station,
                               const struct db_station *here);

/* Closes an open run that nobody will close any more. */
bool interrupt_run_locked(struct db *db, int64_t run_id, const char *sentence, struct err *e);

#endif
