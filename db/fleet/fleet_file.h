/* Rows of the server into a file of the record's form. Inside db/fleet only. */
#ifndef DB_FLEET_FILE_H
#define DB_FLEET_FILE_H

#include "db/fleet/fleet_priv.h"

struct fleet_file {
    sqlite3 *sql; /* of a record that was just made */
    const struct fleet_table *table;
    sqlite3_stmt *put;
};

/* Puts the record's guards (triggers, indexes) aside and begins a transaction. */
bool fleet_file_open_up(struct fleet_file *file, struct err *e);

/* Puts them back and commits; without `all` only what makes reading fast. */
bool fleet_file_guard(struct fleet_file *file, bool all, struct err *e);

/* The statement that puts rows of a table into the file, until _finish. */
bool fleet_file_prepare(struct fleet_file *file, const struct fleet_table *table, const char *sql,
                        struct err *e);
void fleet_file_finish(struct fleet_file *file); /* also of none */

/* Binds a line of COPY's text form, which has the table's columns. */
void fleet_file_bind(struct fleet_file *file, char *line);

bool fleet_file_fail(const struct fleet_file *file, struct err *e); /* always false */

#endif
