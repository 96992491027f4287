/*
 * Whose turn it is, and what a transaction is.
 *
 * One call at a time works on the connection. A call that writes does so between a savepoint and
 * its release; the transaction around it is shared by all calls that came while it was open, and is
 * committed by the one behind which nobody waits any more. So a hundred boards that end at the same
 * moment wait for the disk once, and not for each other's. Each call still returns only when what
 * it wrote is on the disk; one that fails undoes its own part alone.
 */
#include "db/store/turn.h"

#include "db/store/fail.h"
#include "db/store/handle.h"
#include "db/store/query.h"
#include "db/store/wait.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

/* Even where calls never cease to come, nobody waits for more of them than this. */
#define GROUP_MAX 64u

/* The calls that wait for one commit. */
struct group {
    unsigned members; /* that wait; the last of them frees it */
    bool done, ok;
    struct err e; /* unless ok */
};

static bool run_locked(struct db *db, enum statement which, struct err *e)
{
    struct query q = query_start_locked(db, which);
    return query_run(&q, e);
}

static bool in_transaction(const struct db *db)
{
    return sqlite3_get_autocommit(db->sql) == 0;
}

/* SQLite undoes some failures by itself (a full disk); then there is nothing left to undo here. */
static void roll_back(struct db *db)
{
    struct err ignored;
    if (in_transaction(db))
        run_locked(db, STMT_ROLLBACK, &ignored);
}

/* ---- The shared transaction ---- */

/* Tells all who wait. The mutex is held; the group is nobody's to join any more. */
static void end_group(struct db *db, bool ok, const struct err *e)
{
    struct group *g = db->group;
    db->group = NULL;
    if (g->members == 0) {
        free(g);
        return;
    }
    g->done = true;
    g->ok = ok;
    if (!ok)
        g->e = *e;
    pthread_cond_broadcast(&db->committed);
}

/* Where nobody waits for the turn, who leaves commits for all. The mutex is held, and given up for
 * as long as the disk takes. */
static void commit_group(struct db *db)
{
    struct err failure = { 0 };
    if (!db->group || (db->waiting > 0 && db->group->members < GROUP_MAX))
        return;
    pthread_mutex_unlock(&db->mutex);
    bool ok = run_locked(db, STMT_COMMIT, &failure);
    if (!ok)
        roll_back(db);
    pthread_mutex_lock(&db->mutex);
    end_group(db, ok, &failure);
}

/* The mutex is held. */
static bool await_commit(struct db *db, struct group *g, struct err *e)
{
    while (!g->done)
        pthread_cond_wait(&db->committed, &db->mutex);
    bool ok = g->ok;
    if (!ok)
        *e = g->e;
    if (--g->members == 0)
        free(g);
    return ok;
}

/* ---- The turn ---- */

bool db_enter(struct db *db, struct err *e)
{
    const int64_t deadline_ms = db_now_ms() + db->busy_ms;
    const struct timespec until = { .tv_sec = (time_t)(deadline_ms / 1000),
                                    .tv_nsec = (long)(deadline_ms % 1000) * 1000000 };
    int rc = 0;
    pthread_mutex_lock(&db->mutex);
    db->waiting++;
    while (db->taken && rc == 0)
        rc = pthread_cond_timedwait(&db->left, &db->mutex, &until);
    db->waiting--;
    const bool mine = !db->taken;
    if (mine) {
        db->taken = true;
        db->deadline_ms = deadline_ms;
    }
    pthread_mutex_unlock(&db->mutex);
    return mine || db_fail_turn(db, e);
}

/* The mutex is held. */
static void pass_on(struct db *db)
{
    commit_group(db);
    db->taken = false;
    pthread_cond_signal(&db->left);
}

void db_leave(struct db *db)
{
    pthread_mutex_lock(&db->mutex);
    pass_on(db);
    pthread_mutex_unlock(&db->mutex);
}

/* ---- Transactions ---- */

static bool open_group(struct db *db, struct err *e)
{
    if (db->group)
        return true;
    struct group *g = calloc(1, sizeof *g);
    if (!g)
        return err_set(e, ERR_STATION, "No memory left for a transaction");
    if (!run_locked(db, STMT_BEGIN_WRITE, e)) {
        free(g);
        return false;
    }
    db->group = g;
    return true;
}

bool db_begin(struct db *db, struct err *e)
{
    if (db->reader)
        return err_set(e, ERR_STATION, "%s is open for reading only", db->shown);
    if (!db_enter(db, e))
        return false;
    if (open_group(db, e) && run_locked(db, STMT_SAVEPOINT, e))
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

/* Ends the caller's part: keeps it in the transaction, or takes it out. */
static bool end_part(struct db *db, bool ok, struct err *e)
{
    struct err ignored;
    ok = ok && run_locked(db, STMT_RELEASE, e);
    if (!ok && in_transaction(db) && run_locked(db, STMT_UNDO, &ignored))
        run_locked(db, STMT_RELEASE, &ignored);
    return ok;
}

static bool finish_write(struct db *db, bool ok, struct err *e)
{
    struct group *g = db->group;
    ok = end_part(db, ok, e);
    bool lost = !in_transaction(db); /* with all that the others had put into it */
    pthread_mutex_lock(&db->mutex);
    if (lost)
        end_group(db, false, e);
    g = lost ? NULL : g;
    if (g && ok)
        g->members++;
    pass_on(db);
    if (g && ok)
        ok = await_commit(db, g, e);
    pthread_mutex_unlock(&db->mutex);
    return ok && !lost;
}

static bool finish_read(struct db *db, bool ok, struct err *e)
{
    if (db->held) {
        db_leave(db);
        return ok;
    }
    ok = ok && run_locked(db, STMT_COMMIT, e);
    if (!ok)
        roll_back(db);
    db_leave(db);
    return ok;
}

bool db_finish(struct db *db, bool ok, struct err *e)
{
    return db->reader ? finish_read(db, ok, e) : finish_write(db, ok, e);
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
