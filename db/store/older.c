#include "db/store/older.h"

#include "db/store/copy.h"
#include "db/store/fail.h"
#include "db/store/schema.h"

static bool no_room(const struct db *db, int rc, struct err *e)
{
    err_set(e, ERR_DATABASE, "%s is of an older version, and could not be copied to be read: %s",
            db->shown, sqlite3_errstr(rc));
    return err_hint(e, "Make room below TMPDIR, or let a station bring the record up: "
                       "espstation run --db FILE.");
}

bool older_read_aside(struct db *db, struct err *e)
{
    sqlite3 *copy = NULL;
    /* Without a name: a file that SQLite makes for itself and that is gone at once. */
    int rc = sqlite3_open_v2(
        "", &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = copy_pages(db->sql, copy);
    if (rc != SQLITE_OK) {
        sqlite3_close(copy);
        return no_room(db, rc, e);
    }
    sqlite3_close(db->sql);
    db->sql = copy;
    db->aside = true;
    sqlite3_extended_result_codes(copy, 1);
    return schema_bring_up(db, e);
}
