/* Which version a file has, and the steps that bring it up to date (tables.c). */
#ifndef DB_SCHEMA_H
#define DB_SCHEMA_H

#include "db/store/handle.h"

enum {
    DB_APPLICATION_ID = 0x45535053, /* "ESPS" */
    DB_SCHEMA_VERSION = 6,
    DB_CHAIN_VERSION = 2, /* the first one whose rows are linked */
};

/* The statements that lead from one version to the next. */
struct schema_step {
    const char *const *sql;
    size_t count;
    int timings; /* adds the times of timing_list.h that came with this version; 0: none */
    /* What is done when the last step is; NULL: nothing. Statements know the last version only. */
    bool (*at_last)(struct db *db, struct err *e);
};

/* schema_steps[n] leads from version n to n + 1. */
extern const struct schema_step schema_steps[DB_SCHEMA_VERSION];

/* What all steps together have made, in the order in which it was made, as SQLite tells it; the
 * last one is NULL. Written at build time by running the steps (tools/make_schema.c), so that the
 * two cannot differ. A new record is made by these: the steps change tables again and again, and
 * SQLite reads the whole schema anew after each change, which took longer than all other work of a
 * start. */
extern const char *const schema_made[];

struct schema_list {
    const struct schema_step *steps;
    size_t count;
    const char *const *made; /* for a new file instead of the steps; NULL: the steps themselves */
};

/* What a file says it is. */
struct schema_identity {
    int64_t application_id, version;
    bool empty; /* it holds no table */
};

/* SQLite result code. */
int schema_identity(sqlite3 *sql, struct schema_identity *found);

/* Refuses files of other programs and of newer versions. */
bool schema_judge(const struct db *db, const struct schema_identity *found, struct err *e);

/* Refuses what a reader, who may not change the file, cannot use: an empty file, and a
 * version without a chain: a copy would be linked anew each time, whatever its rows say.
 * Only for a file opened with its log: the first page alone may not know of a step just taken. */
bool schema_judge_for_reader(const struct db *db, const struct schema_identity *found,
                             struct err *e);

/* Brings the file to version `count` by the steps it lacks, in one transaction. */
bool schema_apply(struct db *db, const struct schema_list *list, struct err *e);

/* As schema_apply, with the steps of this program. */
bool schema_bring_up(struct db *db, struct err *e);

/* The statements of one step alone. SQLite result code. */
int schema_run_step(sqlite3 *sql, const struct schema_step *step);

#endif
