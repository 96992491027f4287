/* What a row of SQLite has. Inside db/ only. */
#ifndef DB_COLUMN_H
#define DB_COLUMN_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

const char *column_text(sqlite3_stmt *s, int column); /* until the next step; NULL: null */
void column_copy(sqlite3_stmt *s, int column, char *to, size_t cap);    /* empty where it is null */
int64_t column_number_or(sqlite3_stmt *s, int column, int64_t unknown); /* unknown: null */

#endif
