#include "db/units/mark.h"

#include "core/base/clock.h"
#include "db/store/chain.h"
#include "db/store/query.h"
#include "db/store/turn.h"
#include "db/units/decide.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define LOCK_MS      5000u
#define LOCK_POLL_MS 5u

#define SUFFIX "-units"

static char *mark_path(const struct db *db, struct err *e)
{
    char *path = NULL;
    if (asprintf(&path, "%s" SUFFIX, db->path) >= 0)
        return path;
    err_set(e, ERR_STATION, "Out of memory for a path");
    return NULL;
}

static bool fail(const struct db *db, const char *what, struct err *e)
{
    return err_set_sys(e, ERR_DATABASE, errno, "%s" SUFFIX " cannot be %s", db->shown, what);
}

/* Reads what is in it; nothing, for one that was just made. */
static bool read_text(int fd, char text[static DB_MARK_CAP])
{
    const ssize_t n = pread(fd, text, DB_MARK_CAP - 1, 0);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return n >= 0;
}

bool mark_read(const struct db *db, char text[static DB_MARK_CAP], struct err *e)
{
    text[0] = '\0';
    char *const path = mark_path(db, e);
    if (!path)
        return false;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    const bool missing = fd < 0 && errno == ENOENT;
    bool ok = missing || (fd >= 0 && read_text(fd, text)) || fail(db, "read", e);
    if (fd >= 0)
        close(fd);
    free(path);
    return ok;
}

static bool parse(const char *text, int64_t *link, char sha256[static DB_SHA256_CAP])
{
    char rest;
    return sscanf(text, "%" SCNd64 " %64[0-9a-f]%c", link, sha256, &rest) == 2 && *link > 0 &&
           strlen(sha256) == DB_SHA256_CAP - 1;
}

/* ---- Judging ---- */

static bool has_link_locked(struct db *db, int64_t link, const char *sha256, bool *has,
                            struct err *e)
{
    struct query q = query_start_locked(db, STMT_LINK_AT);
    query_int(&q, link);
    const int rows = query_row(&q, e);
    *has = rows > 0 && strcmp((const char *)sqlite3_column_text(q.statement, 0), sha256) == 0;
    query_end(&q);
    return rows >= 0;
}

static bool refuse_older(const struct db *db, struct err *e)
{
    err_set(e, ERR_UNIT,
            "The record %s is older than what was given out: it lacks the last unit that %s" SUFFIX
            " tells of",
            db->shown, db->shown);
    return err_hint(e, "Put the newest record back. If it is lost, an engineer decides: espstation "
                       "unit accept --operator NAME --reason WHY");
}

bool mark_judge_locked(struct db *db, struct err *e)
{
    char text[DB_MARK_CAP], sha256[DB_SHA256_CAP];
    int64_t link;
    bool has = false;
    if (db->mark_judged)
        return true;
    if (!mark_read(db, text, e))
        return false;
    if (text[0] != '\0' && parse(text, &link, sha256) &&
        !has_link_locked(db, link, sha256, &has, e))
        return false;
    db->mark_judged = has || text[0] == '\0';
    return db->mark_judged || refuse_older(db, e);
}

/* ---- Writing ---- */

/* Over a text of `old_bytes`, its line end not counted. */
static bool write_text(int fd, size_t old_bytes, int64_t link, const char *sha256)
{
    char text[DB_MARK_CAP];
    const int n = snprintf(text, sizeof text, "%" PRId64 " %s\n", link, sha256);
    return pwrite(fd, text, (size_t)n, 0) == n &&
           (old_bytes < (size_t)n || ftruncate(fd, n) == 0) && fdatasync(fd) == 0;
}

/* Another station holds it for one write. One that was stopped in that very moment keeps it: then
 * the board fails, and not the line. */
static bool lock_in_time(int fd)
{
    const struct clock *const c = &clock_system;
    const struct deadline end = deadline_in_ms(c, LOCK_MS);
    while (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK || deadline_over(c, end))
            return false;
        c->sleep_until(c, deadline_in_ms(c, LOCK_POLL_MS).at_us, -1);
    }
    return true;
}

/* It only rises: other slots and other stations write it, too. */
static bool raise_to(const struct db *db, int64_t link, const char *sha256, bool anyhow,
                     struct err *e)
{
    char text[DB_MARK_CAP], old_sha256[DB_SHA256_CAP];
    int64_t old = 0;
    char *const path = mark_path(db, e);
    if (!path)
        return false;
    const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
    bool ok = fd >= 0 && lock_in_time(fd) && read_text(fd, text);
    if (ok && (anyhow || !parse(text, &old, old_sha256) || old < link))
        ok = write_text(fd, strlen(text), link, sha256);
    if (!ok)
        fail(db, "written", e);
    if (fd >= 0)
        close(fd);
    free(path);
    return ok;
}

bool db_unit_mark(struct db *db, const struct db_unit *unit, struct err *e)
{
    return !unit->is_new || raise_to(db, unit->link, unit->link_sha256, false, e);
}

bool mark_raise(struct db *db, struct err *e)
{
    struct chain_end end;
    if (!db_enter(db, e))
        return false;
    const bool ok = chain_end_locked(db, &end, e);
    db_leave(db);
    return ok && (end.link == 0 || raise_to(db, end.link, end.sha256, false, e));
}

bool mark_reset_locked(struct db *db, struct err *e)
{
    struct chain_end end;
    db->mark_judged = false;
    return chain_end_locked(db, &end, e) && raise_to(db, end.link, end.sha256, true, e);
}
