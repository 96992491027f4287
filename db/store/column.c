#include "db/store/column.h"

#include <stdio.h>

const char *column_text(sqlite3_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s, column);
}

void column_copy(sqlite3_stmt *s, int column, char *to, size_t cap)
{
    const char *const text = column_text(s, column);
    snprintf(to, cap, "%s", text ? text : "");
}

int64_t column_number_or(sqlite3_stmt *s, int column, int64_t unknown)
{
    return sqlite3_column_type(s, column) == SQLITE_NULL ? unknown
                                                         : sqlite3_column_int64(s, column);
}
