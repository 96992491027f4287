/*
 * Prints the tables of a new record as a C table, `schema_made`: runs all steps of
 * db/store/tables.c on an empty database in memory, and prints what SQLite says is there then. A
 * build tool; nothing of it is in the station.
 */
#include "db/store/chain.h"
#include "db/store/schema.h"

#include <stdio.h>

/* There are no rows to be linked. Of the chain nothing else is needed here. */
bool chain_begin_locked(struct db *db, struct err *e)
{
    (void)db;
    (void)e;
    return true;
}

/* None is longer than the 4095 characters that C promises room for; the compiler says so. */
static void print_statement(const char *sql)
{
    printf("    \"");
    for (; *sql; sql++) {
        if (*sql == '"' || *sql == '\\')
            putchar('\\');
        if (*sql == '\n')
            printf("\\n");
        else
            putchar(*sql);
    }
    printf("\",\n");
}

static int print_all(sqlite3 *sql)
{
    sqlite3_stmt *s = NULL;
    int rc = sqlite3_prepare_v2(
        sql, "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid", -1, &s, NULL);
    printf("#include \"db/store/schema.h\"\n\nconst char *const schema_made[] = {\n");
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW)
            print_statement((const char *)sqlite3_column_text(s, 0));
    }
    printf("    NULL,\n};\n");
    sqlite3_finalize(s);
    return rc;
}

int main(void)
{
    sqlite3 *sql = NULL;
    int rc = sqlite3_open(":memory:", &sql);
    for (size_t v = 0; rc == SQLITE_OK && v < DB_SCHEMA_VERSION; v++)
        rc = schema_run_step(sql, &schema_steps[v]);
    if (rc == SQLITE_OK)
        rc = print_all(sql);
    if (rc != SQLITE_DONE)
        fprintf(stderr, "make_schema: %s\n", sqlite3_errmsg(sql));
    sqlite3_close(sql);
    return rc == SQLITE_DONE && fflush(stdout) == 0 ? 0 : 1;
}
