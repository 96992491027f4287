/* Which version a file has, whether it may be used, and how it is brought up to date. */
#include "db/store/schema.h"

#include "db/store/copy.h"
#include "db/store/fail.h"
#include "db/store/handle.h"

#include <errno.h>
#include <stdio.h>

static int read_number(sqlite3 *sql, const char *text, int64_t *number)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(sql, text, -1, &s, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW)
            *number = sqlite3_column_int64(s, 0);
    }
    sqlite3_finalize(s);
    return rc == SQLITE_ROW ? SQLITE_OK : rc;
}

static int read_identity(sqlite3 *sql, struct schema_identity *found)
{
    int64_t tables = 0;
    int rc = read_number(sql, "PRAGMA application_id", &found->application_id);
    if (rc == SQLITE_OK)
        rc = read_number(sql, "PRAGMA user_version", &found->version);
    /* Only asked where it decides: a newer schema may be one that this SQLite cannot parse. */
    if (rc == SQLITE_OK && found->application_id == 0)
        rc = read_number(sql, "SELECT count(*) FROM sqlite_master", &tables);
    found->empty = found->application_id == 0 && found->version == 0 && tables == 0;
    return rc;
}

/* In one transaction: another station may be making the file just now, and then the answers would
 * not fit each other. */
int schema_identity(sqlite3 *sql, struct schema_identity *found)
{
    if (sqlite3_get_autocommit(sql) == 0)
        return read_identity(sql, found);
    int rc = sqlite3_exec(sql, "BEGIN", NULL, NULL, NULL);
    if (rc == SQLITE_OK)
        rc = read_identity(sql, found);
    /* After a failure the connection is given up, and its last error must stay for the sentence. */
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(sql, "COMMIT", NULL, NULL, NULL);
    return rc;
}

bool schema_judge(const struct db *db, const struct schema_identity *found, struct err *e)
{
    if (found->empty)
        return true;
    if (found->application_id != DB_APPLICATION_ID) {
        err_set(e, ERR_DATABASE,
                "%s is the database of another program (application id %lld, a record has %d)",
                db->shown, (long long)found->application_id, DB_APPLICATION_ID);
        return err_hint(e, "Nothing in it was touched. Give another file with --db.");
    }
    if (found->version <= DB_SCHEMA_VERSION)
        return true;
    err_set(e, ERR_DATABASE,
            "%s was made by a newer espstation: version %lld, this one knows up to %d", db->shown,
            (long long)found->version, DB_SCHEMA_VERSION);
    return err_hint(e, "Use the newer espstation, or give another file with --db.");
}

bool schema_judge_for_reader(const struct db *db, const struct schema_identity *found,
                             struct err *e)
{
    if (found->empty) {
        err_set(e, ERR_DATABASE, "%s is empty: no station has written to it yet", db->shown);
        return err_hint(e, "Check the name of the file; a station makes its record when it runs.");
    }
    if (found->version >= DB_CHAIN_VERSION)
        return true;
    err_set(e, ERR_DATABASE, "%s was made by an older espstation: version %lld, reading needs %d",
            db->shown, (long long)found->version, DB_CHAIN_VERSION);
    return err_hint(e, "Let a station open it once (espstation run --db FILE); that brings it up.");
}

static bool run_step(struct db *db, const struct schema_step *step, struct err *e)
{
    return schema_run_step(db->sql, step) == SQLITE_OK ? true : db_fail(db, e);
}

static bool set_identity(struct db *db, size_t version, struct err *e)
{
    char text[96];
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %zu",
             DB_APPLICATION_ID, version);
    if (sqlite3_exec(db->sql, text, NULL, NULL, NULL) != SQLITE_OK)
        return db_fail(db, e);
    return true;
}

/* The file as it was, beside it, in case somebody needs to go back. Nobody else can write now. */
static bool keep_old(const struct db *db, int64_t version, struct err *e)
{
    struct err taken;
    char suffix[48];
    for (int i = 1; i <= 99; i++) {
        snprintf(suffix, sizeof suffix, i == 1 ? ".v%lld-backup" : ".v%lld-backup-%d",
                 (long long)version, i);
        if (copy_beside(db, suffix, &taken))
            return true;
        if (taken.sys != EEXIST)
            break;
    }
    *e = taken;
    return err_wrap(e, "Keeping the old record before it is brought up to date");
}

static bool run_steps(struct db *db, const struct schema_list *list, size_t from, struct err *e)
{
    for (size_t v = from; v < list->count; v++) {
        if (!run_step(db, &list->steps[v], e) || !set_identity(db, v + 1, e))
            return err_wrap(e, "Bringing the record to version %zu", v + 1);
    }
    return true;
}

static bool make_new(struct db *db, const struct schema_list *list, struct err *e)
{
    for (const char *const *sql = list->made; *sql; sql++) {
        if (sqlite3_exec(db->sql, *sql, NULL, NULL, NULL) != SQLITE_OK) {
            db_fail(db, e);
            return err_wrap(e, "Making the tables of the record");
        }
    }
    return set_identity(db, list->count, e);
}

static bool run_missing_steps(struct db *db, const struct schema_list *list, struct err *e)
{
    struct schema_identity found = { 0 };
    const size_t count = list->count;
    if (schema_identity(db->sql, &found) != SQLITE_OK)
        return db_fail(db, e);
    if (!schema_judge(db, &found, e))
        return false;
    bool older = found.version > 0 && (size_t)found.version < count;
    if (older && !db->aside && !keep_old(db, found.version, e))
        return false;
    if (!(found.empty && list->made ? make_new(db, list, e)
                                    : run_steps(db, list, (size_t)found.version, e)))
        return false;
    for (size_t v = (size_t)found.version; v < count; v++) {
        if (list->steps[v].at_last && !list->steps[v].at_last(db, e))
            return err_wrap(e, "Bringing the record to version %zu", count);
    }
    return true;
}

/* The transaction holds the write lock and asks again for the version: two stations may find a new
 * or an old file at the same moment, and the second then has nothing left to do. */
bool schema_apply(struct db *db, const struct schema_list *list, struct err *e)
{
    struct schema_identity found = { 0 };
    if (schema_identity(db->sql, &found) != SQLITE_OK)
        return db_fail(db, e);
    if (!schema_judge(db, &found, e))
        return false;
    if ((size_t)found.version == list->count)
        return true;
    if (sqlite3_exec(db->sql, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return db_fail(db, e);
    bool ok = run_missing_steps(db, list, e);
    if (ok && sqlite3_exec(db->sql, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        ok = db_fail(db, e);
    if (!ok)
        sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
    return ok;
}

bool schema_bring_up(struct db *db, struct err *e)
{
    static const struct schema_list all = { schema_steps, DB_SCHEMA_VERSION, schema_made };
    return schema_apply(db, &all, e);
}
