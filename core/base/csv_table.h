/*
 * A CSV file as rows of fields that know where they stand. Commas part fields, quotation marks go
 * around those that hold commas, line ends or quotation marks, which are doubled then (RFC 4180).
 * Parsed by libcsv in its strict mode. Pure, but for memory.
 */
#ifndef CORE_CSV_TABLE_H
#define CORE_CSV_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct csv_field {
    const char *text; /* with NUL behind; holds none. Blanks around it are kept */
    size_t n;
    size_t line, column; /* in the file, from 1 on; columns in characters */
    bool quoted;
};

struct csv_row {
    const struct csv_field *fields;
    size_t count; /* one at least */
};

/* Owns its texts. */
struct csv_table {
    struct csv_row *rows; /* lines without any character are none */
    size_t count;
    struct csv_field *fields;
    char *text;
};

/* What cannot be read, with its place. */
struct csv_problem {
    bool no_memory;
    size_t line, column;
    const char *what; /* a sentence without its full stop */
};

/* Reads a file of UTF-8; a mark in front that says so (BOM) is passed over. Line ends are \n, \r\n
 * or \r, and become \n inside of quotation marks. `comments`: lines that begin with # are passed
 * over. False: *problem says why, and nothing is to be freed. */
bool csv_table_read(const char *bytes, size_t n, bool comments, struct csv_table *table,
                    struct csv_problem *problem);
void csv_table_done(struct csv_table *table);

#endif
