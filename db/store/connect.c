/*
 * From a path to a connection: judges the file first, so that a file which is not a record is
 * refused before SQLite makes anything in it or beside it.
 */
#include "db/store/connect.h"

#include "db/store/fail.h"
#include "db/store/handle.h"
#include "db/store/older.h"
#include "db/store/query.h"
#include "db/store/schema.h"
#include "db/store/uri.h"
#include "db/store/wait.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Names ---- */

static void folder_of(const char *path, char folder[static DB_PATH_CAP])
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        snprintf(folder, DB_PATH_CAP, ".");
    else
        snprintf(folder, DB_PATH_CAP, "%.*s", slash == path ? 1 : (int)(slash - path), path);
}

/* The size of the file with this ending beside the record; -1: there is none. */
static int64_t size_beside(const char *path, const char *suffix)
{
    char name[DB_PATH_CAP + 8];
    struct stat st;
    snprintf(name, sizeof name, "%s%s", path, suffix);
    return stat(name, &st) == 0 ? (int64_t)st.st_size : -1;
}

/* With the rights the process has now, which access() would not ask for. */
static bool may(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0;
}

/* ---- Judging the file ---- */

static bool judge_missing(const struct db *db, struct err *e)
{
    char folder[DB_PATH_CAP];
    struct stat st;
    if (db->existing) {
        err_set(e, ERR_DATABASE, "There is no record %s", db->shown);
        return err_hint(e, "Check the name of the file; a station makes its record when it runs.");
    }
    folder_of(db->path, folder);
    if (stat(folder, &st) == 0 && S_ISDIR(st.st_mode))
        return true;
    err_set(e, ERR_DATABASE, "The folder for %s does not exist", db->shown);
    return err_hint(e, "Make the folder first (mkdir -p), or give another file with --db.");
}

static bool judge_kind(const struct db *db, const struct stat *st, struct err *e)
{
    if (S_ISREG(st->st_mode))
        return true;
    err_set(e, ERR_DATABASE, "%s is %s, not a file", db->shown,
            S_ISDIR(st->st_mode) ? "a folder" : "a device or a pipe");
    return err_hint(e, "Give a file with --db, for example station.db in that folder.");
}

static bool denied(const struct db *db, const char *what, struct err *e)
{
    if (errno == EROFS)
        return db_fail_frozen_disk(db, e);
    err_set_sys(e, ERR_DATABASE, errno, "%s%s", what, db->shown);
    return err_hint(e, "Give yourself the right (see: ls -l), or give another file with --db.");
}

/* SQLite keeps FILE-wal and FILE-shm beside the file, so a writer needs the folder too. */
static bool judge_rights(const struct db *db, bool exists, struct err *e)
{
    char folder[DB_PATH_CAP];
    folder_of(db->path, folder);
    if (exists && !may(db->path, R_OK))
        return denied(db, "You may not read ", e);
    if (db->reader)
        return true;
    if (exists && !may(db->path, W_OK))
        return denied(db, "You may not write ", e);
    if (!may(folder, W_OK | X_OK))
        return denied(db, "You may not make files in the folder of ", e);
    return true;
}

static bool open_uri(struct db *db, const char *parameters, int flags, struct err *e)
{
    char uri[DB_URI_CAP];
    db_uri(db->path, parameters, uri);
    int rc = sqlite3_open_v2(uri, &db->sql, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
    if (!db->sql)
        return err_set(e, ERR_STATION, "No memory left for the record %s", db->shown);
    sqlite3_extended_result_codes(db->sql, 1);
    return rc == SQLITE_OK ? true : db_fail(db, e);
}

static bool run(struct db *db, const char *sql, struct err *e)
{
    return sqlite3_exec(db->sql, sql, NULL, NULL, NULL) == SQLITE_OK ? true : db_fail(db, e);
}

static void disconnect(struct db *db)
{
    sqlite3_close(db->sql);
    db->sql = NULL;
}

/* Reads the first page alone: "immutable" makes SQLite take no lock and look at no file beside. It
 * is asked through SQLite rather than with read(), because closing a descriptor of our own would
 * drop the locks of other connections of this process. Another station may be writing these pages
 * just now; what then looks damaged is left to the connection that waits for locks. */
static bool judge_inside(struct db *db, const struct stat *st, struct err *e)
{
    struct schema_identity found = { 0 };
    bool ok = open_uri(db, "mode=ro&immutable=1", SQLITE_OPEN_READONLY, e);
    if (ok) {
        const int rc = schema_identity(db->sql, &found);
        /* Even without a table: its tables may be in its log. */
        if (st->st_size > 0)
            found.empty = false;
        if (rc == SQLITE_OK)
            ok = schema_judge(db, &found, e);
        else if ((rc & 0xff) != SQLITE_CORRUPT)
            ok = db_fail(db, e);
    }
    disconnect(db);
    return ok;
}

static bool judge(struct db *db, struct stat *st, struct err *e)
{
    if (stat(db->path, st) != 0) {
        if (errno != ENOENT)
            return denied(db, "Cannot look at ", e);
        return judge_missing(db, e) && judge_rights(db, false, e);
    }
    if (!judge_kind(db, st, e) || !judge_rights(db, true, e))
        return false;
    return judge_inside(db, st, e);
}

/* ---- Connecting ---- */

static bool settle(struct db *db, struct err *e)
{
    /* Also refuses a file whose own schema would run functions of its maker's choice. */
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_busy_handler(db->sql, db_wait_busy, db);
    db->deadline_ms = db_now_ms() + db->busy_ms;
    if (db->reader)
        return run(db, "PRAGMA query_only = ON", e);
    /* What savepoints keep aside stays in memory: SQLite would make and remove a file on the disk
     * in each transaction that has changed more than 64 KiB, as one that takes a unit has. */
    return run(db, "PRAGMA recursive_triggers = ON", e) &&
           run(db, "PRAGMA synchronous = FULL", e) && run(db, "PRAGMA temp_store = MEMORY", e);
}

/* Asks for a journal and gives the one that is there then. */
static int ask_journal(sqlite3 *sql, const char *pragma, char mode[static 16])
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(sql, pragma, -1, &s, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW)
            snprintf(mode, 16, "%s", (const char *)sqlite3_column_text(s, 0));
    }
    sqlite3_finalize(s);
    return rc;
}

#define ASK_WAL "PRAGMA journal_mode = WAL"

/* After the tables: this way the first page names its owner from its first moment. SQLite does not
 * call the busy handler for a change of journal, so the waiting is here. */
static bool switch_to_wal(struct db *db, struct err *e)
{
    char mode[16] = "";
    int rc = ask_journal(db->sql, ASK_WAL, mode);
    for (int tries = 0; (rc & 0xff) == SQLITE_BUSY && db_wait_busy(db, tries) != 0; tries++)
        rc = ask_journal(db->sql, ASK_WAL, mode);
    if (rc != SQLITE_ROW)
        return db_fail(db, e);
    if (strcmp(mode, "wal") == 0)
        return true;
    err_set(e, ERR_DATABASE, "%s lies on a disk that cannot keep a write-ahead log", db->shown);
    return err_hint(e, "Put the record on a local disk; network folders cannot do this.");
}

/* The log can be given up only by a connection that has the file for itself. It is taken up again
 * at once; after a power cut in between, the next writer does that. */
bool db_is_alone(struct db *db, bool *alone, struct err *e)
{
    char mode[16] = "";
    const int rc = ask_journal(db->sql, "PRAGMA journal_mode = DELETE", mode);
    *alone = rc == SQLITE_ROW && strcmp(mode, "delete") == 0;
    db->deadline_ms = db_now_ms() + db->busy_ms;
    return !*alone || switch_to_wal(db, e);
}

static bool connect_writer(struct db *db, struct err *e)
{
    const int make = db->existing ? 0 : SQLITE_OPEN_CREATE;
    if (!open_uri(db, make ? "mode=rwc" : "mode=rw", SQLITE_OPEN_READWRITE | make, e))
        return false;
    if (sqlite3_db_readonly(db->sql, "main") == 1)
        return db_fail_read_only(db, e);
    /* A step may make a table anew that others refer to, so these are minded only after it. */
    return settle(db, e) && schema_bring_up(db, e) && run(db, "PRAGMA foreign_keys = ON", e) &&
           switch_to_wal(db, e);
}

/* A reader may use the ordinary way if the index of the log is there, or if it may make one that
 * the station can use later: one made by somebody with fewer rights would lock the station out. */
static bool reads_with_locks(const struct db *db)
{
    char folder[DB_PATH_CAP];
    folder_of(db->path, folder);
    if (size_beside(db->path, "-shm") >= 0)
        return true;
    return may(db->path, W_OK) && may(folder, W_OK | X_OK);
}

static bool come_to_version(struct db *db, struct err *e)
{
    struct schema_identity found = { 0 };
    if (schema_identity(db->sql, &found) != SQLITE_OK)
        return db_fail(db, e);
    if (!schema_judge(db, &found, e) || !schema_judge_for_reader(db, &found, e))
        return false;
    return found.version == DB_SCHEMA_VERSION ||
           (older_read_aside(db, e) && run(db, "PRAGMA query_only = ON", e));
}

/* No log and no way to make one: nobody has the file open for writing now, and it is read as it
 * lies there. Whether that stayed so is asked at the end (db_still_the_same). */
static bool connect_frozen(struct db *db, const struct stat *st, struct err *e)
{
    if (size_beside(db->path, "-wal") > 0) {
        err_set(e, ERR_DATABASE, "%s has rows waiting in its -wal file, which needs write rights",
                db->shown);
        return err_hint(e, "Copy the file and its -wal to a folder of your own and read it there.");
    }
    db->frozen = true;
    db->as_opened = *st;
    return open_uri(db, "mode=ro&immutable=1", SQLITE_OPEN_READONLY, e) && settle(db, e) &&
           come_to_version(db, e);
}

static bool connect_reader(struct db *db, const struct stat *st, struct err *e)
{
    if (!reads_with_locks(db))
        return connect_frozen(db, st, e);
    const bool write = may(db->path, W_OK);
    /* A handle that could write cleans the log up behind itself; query_only keeps it from more. */
    return open_uri(db, write ? "mode=rw" : "mode=ro",
                    write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY, e) &&
           settle(db, e) && come_to_version(db, e);
}

bool db_connect(struct db *db, struct err *e)
{
    struct stat st = { 0 };
    if (db->path[0] == '\0' || strlen(db->path) >= DB_PATH_CAP) {
        err_set(e, ERR_USAGE, "The name of the record is %s",
                db->path[0] == '\0' ? "empty" : "too long");
        return err_hint(e, "Give a file with --db, for example station.db.");
    }
    if (!judge(db, &st, e))
        return false;
    return db->reader ? connect_reader(db, &st, e) : connect_writer(db, e);
}

bool db_still_the_same(const struct db *db, struct err *e)
{
    struct stat st;
    const struct stat *was = &db->as_opened;
    if (!db->frozen)
        return true;
    if (stat(db->path, &st) == 0 && st.st_ino == was->st_ino && st.st_size == was->st_size &&
        st.st_mtim.tv_sec == was->st_mtim.tv_sec && st.st_mtim.tv_nsec == was->st_mtim.tv_nsec)
        return true;
    err_set(e, ERR_DATABASE, "%s was written while it was read; what was read may be mixed",
            db->shown);
    return err_hint(e, "Read it again.");
}
