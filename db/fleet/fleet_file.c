/* Rows of the server into a file of the record's form. */
#include "db/fleet/fleet_file.h"

#include <stdlib.h>
#include <string.h>

bool fleet_file_fail(const struct fleet_file *p, struct err *e)
{
    return err_set(e, ERR_DATABASE, "The record could not be made anew: %s",
                   sqlite3_errmsg(p->sql));
}

static bool run(struct fleet_file *p, const char *sql, struct err *e)
{
    return sqlite3_exec(p->sql, sql, NULL, NULL, NULL) == SQLITE_OK || fleet_file_fail(p, e);
}

/* What is no number is left a text, which the record's table refuses. */
static void bind_value(sqlite3_stmt *s, int place, bool number, const char *text, size_t n)
{
    char *end = NULL;
    const int64_t value = text && number ? strtoll(text, &end, 10) : 0;
    if (!text)
        sqlite3_bind_null(s, place);
    else if (number && *text != '\0' && *end == '\0')
        sqlite3_bind_int64(s, place, value);
    else
        sqlite3_bind_text64(s, place, text, n, SQLITE_TRANSIENT, SQLITE_UTF8);
}

void fleet_file_bind(struct fleet_file *p, char *line)
{
    const char *column = p->table->columns;
    char *text;
    size_t n;
    sqlite3_reset(p->put);
    for (int place = 1; *column != '\0' && fleet_take_value(&line, &text, &n); place++) {
        bind_value(p->put, place, column[strcspn(column, "# ")] == '#', text, n);
        column += strcspn(column, " ");
        column += strspn(column, " ");
    }
}

bool fleet_file_prepare(struct fleet_file *p, const struct fleet_table *table, const char *sql,
                        struct err *e)
{
    p->table = table;
    return sqlite3_prepare_v2(p->sql, sql, -1, &p->put, NULL) == SQLITE_OK || fleet_file_fail(p, e);
}

void fleet_file_finish(struct fleet_file *p)
{
    sqlite3_finalize(p->put);
    p->put = NULL;
}

/* ---- The guards of a record, away while its rows are put in ---- */

/* Unique indexes too: what was released may be given out again, and that it was released comes
 * last. */
#define GUARDS " FROM sqlite_master WHERE sql IS NOT NULL AND type IN ('trigger', 'index')"

/* Runs each statement that the query gives. They are gathered first: they change what is read. */
static bool run_each(struct fleet_file *p, const char *query, struct err *e)
{
    sqlite3_stmt *s = NULL;
    char *all = NULL;
    if (sqlite3_prepare_v2(p->sql, query, -1, &s, NULL) == SQLITE_OK &&
        sqlite3_step(s) == SQLITE_ROW)
        all = sqlite3_mprintf("%s", (const char *)sqlite3_column_text(s, 0));
    sqlite3_finalize(s);
    const bool ok = all ? run(p, all, e) : fleet_file_fail(p, e);
    sqlite3_free(all);
    return ok;
}

bool fleet_file_open_up(struct fleet_file *p, struct err *e)
{
    return run(p,
               "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; BEGIN;"
               "CREATE TEMP TABLE guard AS SELECT sql" GUARDS,
               e) &&
           run_each(p, "SELECT group_concat('DROP ' || type || ' ' || name, ';')" GUARDS, e);
}

bool fleet_file_guard(struct fleet_file *p, bool all, struct err *e)
{
    return run_each(p,
                    all ? "SELECT group_concat(sql, ';') FROM temp.guard"
                        : "SELECT group_concat(sql, ';') FROM temp.guard"
                          " WHERE sql LIKE 'CREATE INDEX%'",
                    e) &&
           run(p, "DROP TABLE temp.guard; COMMIT", e);
}
