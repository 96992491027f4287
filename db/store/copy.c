/*
 * Copies of the record that are whole: made through SQLite's backup interface from one state of the
 * file, while stations write on; proved; and given their name only then. A file that has this name
 * already is never overwritten.
 */
#include "db/store/copy.h"

#include "db/store/handle.h"
#include "db/store/uri.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool failed(const char *what, const char *path, struct err *e)
{
    err_set_sys(e, ERR_DATABASE, errno, "%s the copy %.120s", what, path);
    return err_hint(e, "Check the folder, its rights and its room, or give another name.");
}

static bool exists(const char *path, struct err *e)
{
    err_set(e, ERR_DATABASE, "%.160s is there already and is never overwritten", path);
    e->sys = EEXIST;
    return err_hint(e, "Give another name, or move the old copy away.");
}

static bool sqlite_failed(int rc, const char *path, struct err *e)
{
    err_set(e, ERR_DATABASE, "The copy %.120s could not be written: %s", path, sqlite3_errstr(rc));
    e->sys = (rc & 0xff) == SQLITE_FULL ? ENOSPC : 0;
    return err_hint(e, "Check the room on that disk; nothing was changed in the record.");
}

/* In one step: a read transaction that is held from the first page to the last sees one state, and
 * with a write-ahead log nobody waits for it. */
int copy_pages(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *backup = sqlite3_backup_init(to, "main", from, "main");
    if (!backup)
        return sqlite3_extended_errcode(to);
    sqlite3_backup_step(backup, -1);
    return sqlite3_backup_finish(backup);
}

static bool is_whole(sqlite3 *sql)
{
    sqlite3_stmt *s = NULL;
    const bool ok =
        sqlite3_prepare_v2(sql, "PRAGMA integrity_check(1)", -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(s, 0), "ok") == 0;
    sqlite3_finalize(s);
    return ok;
}

/* Into an empty file. The copy is one file, without a log, until somebody writes to it. */
static bool fill(sqlite3 *from, const char *path, const char *name, struct err *e)
{
    sqlite3 *to = NULL;
    int rc = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = copy_pages(from, to);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL);
    bool ok = rc == SQLITE_OK ? true : sqlite_failed(rc, name, e);
    if (ok && !is_whole(to))
        ok = err_set(e, ERR_DATABASE, "The copy %.120s is not whole: its pages do not fit", name);
    sqlite3_close(to);
    return ok;
}

static void sync_folder(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    snprintf(folder, sizeof folder, "%.*s", !slash ? 1 : (int)(slash - path) + 1,
             !slash ? "." : path);
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    fsync(fd);
    close(fd);
}

/* Names of files on the way; relative names stay, SQLite would take "file:..." for a URI. */
static bool part_name(const char *path, char part[static PATH_MAX])
{
    const int n = snprintf(part, PATH_MAX, "%s%s.XXXXXX", path[0] == '/' ? "" : "./", path);
    if (n > 0 && n < PATH_MAX)
        return true;
    errno = ENAMETOOLONG;
    return false;
}

bool copy_to(sqlite3 *from, const char *original, const char *path,
             bool (*check)(const char *part, void *ctx, struct err *e), void *ctx, struct err *e)
{
    char part[PATH_MAX];
    struct stat was, st;
    if (stat(original, &was) != 0)
        return failed("Cannot look at the record for", path, e);
    if (lstat(path, &st) == 0)
        return exists(path, e);
    const int fd = part_name(path, part) ? mkostemp(part, O_CLOEXEC) : -1;
    if (fd < 0)
        return failed("Cannot make", path, e);
    bool ok = fchmod(fd, was.st_mode & 0777) == 0 || failed("Cannot make", path, e);
    close(fd);
    ok = ok && fill(from, part, path, e) && (!check || check(part, ctx, e));
    if (ok && link(part, path) != 0)
        ok = errno == EEXIST ? exists(path, e) : failed("Cannot name", path, e);
    unlink(part);
    if (ok)
        sync_folder(path);
    return ok;
}

/* ---- Beside the record ---- */

static bool open_once_more(const struct db *db, sqlite3 **sql, struct err *e)
{
    char uri[DB_URI_CAP];
    db_uri(db->path, "mode=ro", uri);
    int rc = sqlite3_open_v2(uri, sql, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                             NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(*sql, db->busy_ms);
    if (rc == SQLITE_OK)
        return true;
    err_set(e, ERR_DATABASE, "%s could not be opened once more: %s", db->shown, sqlite3_errstr(rc));
    sqlite3_close(*sql);
    *sql = NULL;
    return false;
}

bool copy_beside(const struct db *db, const char *suffix, struct err *e)
{
    char path[PATH_MAX];
    sqlite3 *from = NULL;
    snprintf(path, sizeof path, "%s%s", db->path, suffix);
    if (!open_once_more(db, &from, e))
        return false;
    const bool ok = copy_to(from, db->path, path, NULL, NULL, e);
    sqlite3_close(from);
    return ok;
}
