/* The handle: open and close. */
#include "db/store/db.h"

#include "db/store/connect.h"
#include "db/store/handle.h"
#include "db/store/presence.h"
#include "db/store/statements.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Open and close ---- */

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
    if (ok && pthread_cond_init(&db->committed, NULL) != 0) {
        pthread_cond_destroy(&db->left);
        ok = false;
    }
    if (ok && pthread_mutex_init(&db->mutex, NULL) != 0) {
        pthread_cond_destroy(&db->committed);
        pthread_cond_destroy(&db->left);
        ok = false;
    }
    return ok;
}

enum opening { OPEN_OR_MAKE, OPEN_EXISTING, OPEN_READER };

static struct db *db_new(const char *path, int busy_ms, enum opening how, struct err *e)
{
    struct db *db = calloc(1, sizeof *db);
    char *copy = strdup(path);
    if (!db || !copy || !init_waiting(db)) {
        free(db);
        free(copy);
        err_set(e, ERR_STATION, "No memory left to open the record");
        return NULL;
    }
    db->path = copy;
    db->reader = how == OPEN_READER;
    db->existing = how != OPEN_OR_MAKE;
    db->presence_fd = -1;
    db->busy_ms = busy_ms < 0 ? DB_BUSY_MS : busy_ms;
    show_path(path, db->shown);
    return db;
}

static struct db *open_as(const char *path, int busy_ms, enum opening how, struct err *e)
{
    struct db *db = db_new(path, busy_ms, how, e);
    if (!db)
        return NULL;
    if (db_connect(db, e) && statements_prepare(db, e))
        return db;
    db_close(db);
    return NULL;
}

struct db *db_open(const char *path, int busy_ms, struct err *e)
{
    return open_as(path, busy_ms, OPEN_OR_MAKE, e);
}

struct db *db_open_existing(const char *path, int busy_ms, struct err *e)
{
    return open_as(path, busy_ms, OPEN_EXISTING, e);
}

struct db *db_open_reader(const char *path, int busy_ms, struct err *e)
{
    return open_as(path, busy_ms, OPEN_READER, e);
}

void db_close(struct db *db)
{
    if (!db)
        return;
    statements_finalize(db);
    sqlite3_close(db->sql);
    presence_end(db);
    pthread_cond_destroy(&db->committed);
    pthread_cond_destroy(&db->left);
    pthread_mutex_destroy(&db->mutex);
    free(db->path);
    free(db);
}
