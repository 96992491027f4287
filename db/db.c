/* The handle: open and close, whose turn it is, and what a transaction is. */
#include "db/db.h"

#include "db/db_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- Open and close ---------------------------------------------------------------------------*/

/* The end of a path tells more than its front. Never starts inside a UTF-8 character. */
static void show_path(const char *path, char shown[static DB_SHOWN_CAP])
{
    const size_t n = strlen(path);
    if (n < DB_SHOWN_CAP) {
        memcpy(shown, path, n + 1);
        return;
    }
    const char *tail = path + n - (DB_SHOWN_CAP - 4);
    while (((unsigned char)*tail & 0xC0) == 0x80)
        tail++;
    snprintf(shown, DB_SHOWN_CAP, "...%s", tail);
}

static bool init_waiting(struct db *db)
{
    pthread_condattr_t attr;
    if (pthread_condattr_init(&attr) != 0)
        return false;
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    bool ok = pthread_cond_init(&db->left, &attr) == 0;
    pthread_condattr_destroy(&attr);
    if (ok && pthread_mutex_init(&db->mutex, NULL) != 0) {
        pthread_cond_destroy(&db->left);
        ok = false;
    }
    return ok;
}

static struct db *db_new(const char *path, int busy_ms, bool reader, struct err *e)
{
    struct db *db = calloc(1, sizeof *db);
    char *copy = strdup(path);
    if (db == NULL || copy == NULL || !init_waiting(db)) {
        free(db);
        free(copy);
        err_set(e, ERR_STATION, "No memory left to open the record");
        return NULL;
    }
    db->path = copy;
    db->reader = reader;
    db->busy_ms = busy_ms < 0 ? DB_BUSY_MS : busy_ms;
    show_path(path, db->shown);
    return db;
}

static struct db *open_as(const char *path, int busy_ms, bool reader, struct err *e)
{
    struct db *db = db_new(path, busy_ms, reader, e);
    if (db == NULL)
        return NULL;
    if (db_connect(db, e) && statements_prepare(db, e))
        return db;
    db_close(db);
    return NULL;
}

struct db *db_open(const char *path, int busy_ms, struct err *e)
{
    return open_as(path, busy_ms, false, e);
}

struct db *db_open_reader(const char *path, int busy_ms, struct err *e)
{
    return open_as(path, busy_ms, true, e);
}

void db_close(struct db *db)
{
    if (db == NULL)
        return;
    statements_finalize(db);
    sqlite3_close(db->sql);
    pthread_cond_destroy(&db->left);
    pthread_mutex_destroy(&db->mutex);
    free(db->path);
    free(db);
}

/* ---- One at a time ----------------------------------------------------------------------------*/

bool db_enter(struct db *db, struct err *e)
{
    const int64_t deadline_ms = db_now_ms() + db->busy_ms;
    const struct timespec until = { .tv_sec = (time_t)(deadline_ms / 1000),
                                    .tv_nsec = (long)(deadline_ms % 1000) * 1000000 };
    int rc = 0;
    pthread_mutex_lock(&db->mutex);
    while (db->taken && rc == 0)
        rc = pthread_cond_timedwait(&db->left, &db->mutex, &until);
    const bool mine = !db->taken;
    if (mine) {
        db->taken = true;
        db->deadline_ms = deadline_ms;
    }
    pthread_mutex_unlock(&db->mutex);
    return mine || db_fail_turn(db, e);
}

void db_leave(struct db *db)
{
    pthread_mutex_lock(&db->mutex);
    db->taken = false;
    pthread_cond_signal(&db->left);
    pthread_mutex_unlock(&db->mutex);
}

/* ---- Transactions -----------------------------------------------------------------------------*/

static bool run_locked(struct db *db, enum statement which, struct err *e)
{
    struct query q = query_start_locked(db, which);
    return query_run(&q, e);
}

bool db_begin(struct db *db, struct err *e)
{
    if (db->reader)
        return err_set(e, ERR_STATION, "%s is open for reading only", db->shown);
    if (!db_enter(db, e))
        return false;
    if (run_locked(db, STMT_BEGIN_WRITE, e))
        return true;
    db_leave(db);
    return false;
}

bool db_begin_read(struct db *db, struct err *e)
{
    if (!db->reader)
        return err_set(e, ERR_STATION, "%s is open for the station: read it on a handle of its own",
                       db->shown);
    if (!db_enter(db, e))
        return false;
    if (db->held || run_locked(db, STMT_BEGIN_READ, e))
        return true;
    db_leave(db);
    return false;
}

/* SQLite undoes some failures by itself (a full disk); then there is nothing left to undo here. */
bool db_finish(struct db *db, bool ok, struct err *e)
{
    if (db->held) {
        db_leave(db);
        return ok;
    }
    ok = ok && run_locked(db, STMT_COMMIT, e);
    if (!ok && sqlite3_get_autocommit(db->sql) == 0) {
        struct err ignored;
        run_locked(db, STMT_ROLLBACK, &ignored);
    }
    db_leave(db);
    return ok;
}

bool db_hold(struct db *reader, struct err *e)
{
    if (!db_begin_read(reader, e))
        return false;
    reader->held = true;
    db_leave(reader);
    return true;
}

bool db_release(struct db *reader, struct err *e)
{
    if (!db_enter(reader, e))
        return false;
    reader->held = false;
    return db_finish(reader, true, e);
}
