/* Whether the record is sound, for the one who looks after the station. */
#include "db/read/health.h"

#include "db/store/connect.h"
#include "db/store/fail.h"
#include "db/store/handle.h"
#include "db/store/schema.h"
#include "db/store/turn.h"

#include <stdio.h>
#include <string.h>

/* The text of the first column of the first row; empty if there is none. */
static bool ask_text_locked(struct db *db, const char *sql, char *text, size_t cap, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(db->sql, sql, -1, &s, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        const unsigned char *value = sqlite3_column_text(s, 0);
        snprintf(text, cap, "%s", !value ? "" : (const char *)value);
    }
    const bool ok = rc == SQLITE_ROW || rc == SQLITE_DONE || db_fail(db, e);
    sqlite3_finalize(s);
    return ok;
}

/* Without the rules of the tables, which take ten times as long (SQLite 3.40): rows that break one
 * were not written by a station, and the chain names them. */
bool db_health(struct db *reader, struct db_health *health, struct err *e)
{
    memset(health, 0, sizeof *health);
    if (!db_enter(reader, e))
        return false;
    bool ok = ask_text_locked(reader, "PRAGMA ignore_check_constraints = ON", health->damage,
                              sizeof health->damage, e) &&
              ask_text_locked(reader, "PRAGMA quick_check(1)", health->damage,
                              sizeof health->damage, e) &&
              ask_text_locked(reader, "SELECT max(started_utc) FROM run", health->newest_utc,
                              sizeof health->newest_utc, e);
    db_leave(reader);
    if (strcmp(health->damage, "ok") == 0)
        health->damage[0] = '\0';
    return ok && db_still_the_same(reader, e);
}

bool db_is_older(const char *path)
{
    sqlite3 *sql = NULL;
    struct schema_identity found = { 0 };
    bool older = sqlite3_open_v2(path, &sql, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
                 schema_identity(sql, &found) == SQLITE_OK && !found.empty &&
                 found.application_id == DB_APPLICATION_ID && found.version < DB_SCHEMA_VERSION;
    sqlite3_close(sql);
    return older;
}
