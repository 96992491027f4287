/* What SQLite or the system reports, as a sentence for the operator. */
#include "db/store/fail.h"

#include "db/store/handle.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ---- Who holds the lock ---- */

/* A line of /proc/locks: "7: POSIX  ADVISORY  WRITE 4711 08:01:131090 120 120". This table is read
 * instead of asking with fcntl, because closing a descriptor of the file would drop every lock that
 * this process has on it (POSIX says so), SQLite's too. */
static bool holds_write_lock(const char *line, const struct stat *file, int *pid)
{
    char kind[16];
    unsigned major_no, minor_no;
    uint64_t inode;
    if (sscanf(line, "%*s %*15s %*15s %15s %d %x:%x:%" SCNu64, kind, pid, &major_no, &minor_no,
               &inode) != 5)
        return false;
    return strcmp(kind, "WRITE") == 0 && inode == (uint64_t)file->st_ino &&
           major_no == major(file->st_dev) && minor_no == minor(file->st_dev);
}

static int find_writer(const struct stat *file)
{
    char line[160];
    int found = 0;
    FILE *f = fopen("/proc/locks", "re");
    while (f && found == 0 && fgets(line, sizeof line, f)) {
        int pid = 0;
        if (holds_write_lock(line, file, &pid) && pid > 0)
            found = pid;
    }
    if (f)
        fclose(f);
    return found;
}

static void process_name(int pid, char *name, size_t cap)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/comm", pid);
    snprintf(name, cap, "?");
    FILE *f = fopen(path, "re");
    if (!f)
        return;
    if (fgets(name, (int)cap, f))
        name[strcspn(name, "\n")] = '\0';
    fclose(f);
}

/* With a write-ahead log the writer's lock is on the index beside the file, else on the file. */
bool db_lock_holder(const char *path, char *text, size_t cap)
{
    static const char *const suffixes[] = { "-shm", "" };
    snprintf(text, cap, "another program");
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        char name[4096];
        struct stat st;
        int n = snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
        if (n < 0 || (size_t)n >= sizeof name || stat(name, &st) != 0)
            continue;
        const int pid = find_writer(&st);
        if (pid == 0)
            continue;
        char program[32];
        process_name(pid, program, sizeof program);
        snprintf(text, cap, pid == getpid() ? "this program itself" : "process %d (%s)", pid,
                 program);
        return pid != getpid();
    }
    return false;
}

/* ---- Sentences ---- */

static bool fail_locked_by(const struct db *db, const char *holder, struct err *e)
{
    err_set(e, ERR_DATABASE, "%s is locked by %s; waited %d ms", db->shown, holder, db->busy_ms);
    return err_hint(e, "End that program, or let it finish its work on the file; then try again.");
}

static bool fail_locked(const struct db *db, struct err *e)
{
    char holder[80];
    db_lock_holder(db->path, holder, sizeof holder);
    return fail_locked_by(db, holder, e);
}

/* The slot whose turn it is waits for something itself: a lock of another program, or the disk. */
bool db_fail_turn(const struct db *db, struct err *e)
{
    char holder[80];
    if (db_lock_holder(db->path, holder, sizeof holder))
        return fail_locked_by(db, holder, e);
    err_set(e, ERR_DATABASE, "%s is still busy with another slot; waited %d ms", db->shown,
            db->busy_ms);
    return err_hint(e, "The disk is too slow: look at what else uses it, or put the record on "
                       "another one with --db.");
}

static bool fail_full(const struct db *db, int sys, struct err *e)
{
    if (sys == EFBIG)
        err_set_sys(e, ERR_DATABASE, sys, "%s may not grow any more", db->shown);
    else
        err_set(e, ERR_DATABASE, "No room left on the disk for %s", db->shown);
    e->sys = sys;
    return err_hint(e, "Make room on that disk, then try again; what was recorded before is safe.");
}

bool db_fail_read_only(const struct db *db, struct err *e)
{
    err_set(e, ERR_DATABASE, "%s may only be read, not written", db->shown);
    return err_hint(e, "Give yourself the right to write the file and its folder, or give another "
                       "file with --db.");
}

bool db_fail_frozen_disk(const struct db *db, struct err *e)
{
    err_set(e, ERR_DATABASE, "%s lies on a disk that is mounted read-only", db->shown);
    return err_hint(e, "Linux does this when a disk fails: see dmesg, and copy the record away. Or "
                       "give another file with --db.");
}

static bool fail_damaged(const struct db *db, struct err *e)
{
    err_set(e, ERR_DATABASE, "%s is damaged: %s", db->shown, sqlite3_errmsg(db->sql));
    return err_hint(e, "Stop using it and keep a copy; sqlite3 FILE .recover can save its rows.");
}

static bool fail_not_ours(const struct db *db, struct err *e)
{
    err_set(e, ERR_DATABASE, "%s is not an SQLite database", db->shown);
    return err_hint(e, "Nothing in it was touched. Give another file with --db.");
}

/* The log failed more often than the file, and a failed COMMIT leaves its errno with the log
 * alone. */
static int last_errno(const struct db *db)
{
    static const int files[] = { SQLITE_FCNTL_JOURNAL_POINTER, SQLITE_FCNTL_FILE_POINTER };
    int sys = sqlite3_system_errno(db->sql);
    for (size_t i = 0; sys == 0 && i < sizeof files / sizeof files[0]; i++) {
        sqlite3_file *f = NULL;
        if (sqlite3_file_control(db->sql, "main", files[i], &f) == SQLITE_OK && f && f->pMethods)
            f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &sys);
    }
    return sys;
}

static bool fail_disk(const struct db *db, int code, int sys, struct err *e)
{
    if (sys == ENOSPC || sys == EDQUOT || sys == EFBIG)
        return fail_full(db, sys, e);
    if (sys == EROFS)
        return db_fail_frozen_disk(db, e);
    if (sys != 0)
        err_set_sys(e, ERR_DATABASE, sys, "The disk failed under %s (SQLite's code %d)", db->shown,
                    code);
    else
        err_set(e, ERR_DATABASE, "The disk failed under %s (SQLite's code %d)", db->shown, code);
    return err_hint(e, "Look at the disk and at the kernel's log; keep a copy of the file.");
}

/* A rule of the tables. The messages of our triggers are sentences already. */
static bool fail_rule(const struct db *db, struct err *e)
{
    err_set(e, ERR_STATION, "The record refused a row: %s", sqlite3_errmsg(db->sql));
    return err_hint(e, "This is a mistake in the program, not at the line: report this sentence.");
}

bool db_fail(const struct db *db, struct err *e)
{
    const int code = sqlite3_extended_errcode(db->sql);
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return fail_locked(db, e);
    case SQLITE_FULL:
        return fail_full(db, ENOSPC, e);
    case SQLITE_READONLY:
        return db_fail_read_only(db, e);
    case SQLITE_CORRUPT:
        return fail_damaged(db, e);
    case SQLITE_NOTADB:
        return fail_not_ours(db, e);
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
        return fail_rule(db, e);
    case SQLITE_OK: /* seen where an allocation failed in a COMMIT: the handle was told nothing */
        return err_set(e, ERR_STATION, "%s: SQLite gives no reason; there may be no memory left",
                       db->shown);
    case SQLITE_NOMEM:
        return err_set(e, ERR_STATION, "No memory left for the record %s", db->shown);
    case SQLITE_CANTOPEN:
        return err_set_sys(e, ERR_DATABASE, sqlite3_system_errno(db->sql), "%s could not be opened",
                           db->shown);
    case SQLITE_IOERR:
        return fail_disk(db, code, last_errno(db), e);
    default:
        return err_set(e, ERR_DATABASE, "%s: %s", db->shown, sqlite3_errmsg(db->sql));
    }
}
