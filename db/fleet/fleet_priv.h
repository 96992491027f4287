/* What the files of db/fleet share. */
#ifndef DB_FLEET_PRIV_H
#define DB_FLEET_PRIV_H

#include "db/fleet/fleet.h"
#include "db/store/handle.h"
#include "db/store/phrases.h"

#include <libpq-fe.h>

struct fleet {
    PGconn *pg;
    const struct clock *clock;
    int stop_fd;
    uint32_t wait_ms, usual_ms; /* for an answer: now, and outside of pg_take_time */
    struct deadline until;      /* of the request that is under way */
    char known_months[64][8];
    size_t known_month_count;
};

/* ---- pg.c: requests with a deadline ---- */

#define PG_WAIT_MS      60000u   /* for an answer; the server itself gives up earlier */
#define PG_LONG_WAIT_MS 3600000u /* ...where all rows are gone through, and it does not */

/* Within a transaction: from now on until it ends the server may take its time. */
bool pg_take_time(struct fleet *f, struct err *e);

/* A statement with its values, all texts. The result is the caller's (PQclear); NULL on failure. */
PGresult *pg_ask(struct fleet *f, const char *sql, const char *const *values, int count,
                 struct err *e);

/* Statements without values whose rows nobody wants. */
bool pg_run(struct fleet *f, const char *sql, struct err *e);

/* The only text of the only row into `text`; "" without a row or for NULL. */
bool pg_text(struct fleet *f, const char *sql, const char *const *values, int count, char *text,
             size_t cap, struct err *e);

/* Sends what COPY ... FROM STDIN takes. */
bool pg_copy_in(struct fleet *f, const char *sql, const char *bytes, size_t n, struct err *e);

/* Hands each line of COPY ... TO STDOUT to `line`, without its end; it may change it. */
bool pg_copy_out(struct fleet *f, const char *sql,
                 bool (*line)(void *ctx, char *line, size_t n, struct err *e), void *ctx,
                 struct err *e);

/* The same of COPY ... TO STDOUT (FORMAT binary): each row as it comes, the number of its fields
 * first. */
bool pg_copy_out_binary(struct fleet *f, const char *sql,
                        bool (*row)(void *ctx, const unsigned char *row, size_t n, struct err *e),
                        void *ctx, struct err *e);

/* COMMIT, and whether it was one. Unanswered, nobody knows; the mark tells next time. */
bool pg_commit(struct fleet *f, struct err *e);
void pg_roll_back(struct fleet *f);

/* A number as a value. */
#define PG_NUMBER_CAP 24
const char *pg_number(int64_t number, char text[static PG_NUMBER_CAP]);

/* ---- fleet_schema.c ---- */

/* The rows of a table as each record has them: its own, and those of its parents up to where it
 * goes on. `record` is who has the row, `home` whose it is. */
#define AS_SEEN(table, columns)                                                                    \
    "(SELECT y.record, t.record AS home, " columns " FROM espstation.lineage AS y"                 \
    " JOIN espstation." table " AS t ON t.record = y.ancestor AND t.link <= y.upto)"

/* clang-format off */
/* Joins what run r means, or NULL; LOOK_UP_SEEN as its record has it. Each row is looked up by
 * itself, whatever the planner thinks of: that is what LIMIT is there for. */
#define LOOK_UP(what, from, where, as)                                                             \
    " LEFT JOIN LATERAL (SELECT " what " FROM " from " WHERE " where " LIMIT 1) AS " as " ON true"
#define LOOK_UP_SEEN(what, table, id, as)                                                          \
    LOOK_UP("t.*", "lineage AS y CROSS JOIN LATERAL (SELECT " what " FROM " table " AS t"          \
            " WHERE t.record = y.ancestor AND t.id = " id " AND t.link <= y.upto LIMIT 1) AS t",   \
            "y.record = r.record", as)

/* A board over all stations: the six bytes of its MAC as a number. */
#define MAC_NUMBER(mac)                                                                            \
    "('x' || replace(" BASE_MAC(mac) ", ':', ''))::bit(48)::bigint"
/* clang-format on */

/* A time as the record writes it. */
#define FLEET_UTC(time) "to_char(" time " AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"

const char *const *fleet_step(int version);       /* that leads to it, from 1; ends with NULL */
extern const char *const fleet_step_stats[];      /* one of them */
extern const char *const *const fleet_step_lease; /* and another */
extern const char *const *const fleet_step_rows;
extern const char *const fleet_lease_functions[]; /* given anew by each init */
extern const char *const fleet_grants[];

/* ---- fleet_schema_stats.c ---- */

/* Rows of the form of espstation.cell (of cell_rate, with what a cell is for), an & in place of the
 * runs and an @ in place of the attempts that are read. */
extern const char fleet_cells_of_runs[], fleet_cells_of_attempts[], fleet_rates_of_attempts[];

/* ---- fleet_tables.c: what of the record goes where ---- */

struct fleet_table {
    const char *name;    /* on the server */
    const char *here;    /* in the record, if it is called otherwise; NULL: the same */
    const char *kind;    /* of the links that bring its rows */
    const char *from;    /* behind "link AS l": how rows t hang on a link's row */
    const char *month;   /* an expression: the time that it is parted by; NULL: it is not */
    const char *columns; /* names, with > another on the server, # for numbers, @ for times */
    const char *put;     /* how a row gets back into a record; NULL: INSERT of all columns */
};

enum { FLEET_TABLE_COUNT = 27, FLEET_SQL_CAP = 4096 };
extern const struct fleet_table fleet_tables[FLEET_TABLE_COUNT];

/* The query of the record for all rows of links ?1 < id <= ?2: their link, the month's time if
 * there is one, the columns. */
void fleet_select_sql(const struct fleet_table *t, char sql[static FLEET_SQL_CAP]);

/* The COPY that takes them; `record` is the server's number of the record. */
void fleet_copy_sql(const struct fleet_table *t, char sql[static FLEET_SQL_CAP]);

/* The way back: the COPY that gives all rows that a record has, and the statement that puts one
 * into a record (of the columns in their order). */
void fleet_copy_out_sql(const struct fleet_table *t, int64_t record,
                        char sql[static FLEET_SQL_CAP]);
void fleet_put_sql(const struct fleet_table *t, char sql[static FLEET_SQL_CAP]);

/* ---- outbox.c ---- */

struct fleet_lines {
    char *bytes;
    size_t used, cap;
};

enum { OUTBOX_MONTHS = 64 };

struct outbox {
    struct db *reader;
    sqlite3_stmt *rows[FLEET_TABLE_COUNT];
    sqlite3_stmt *months;
    struct fleet_lines lines[FLEET_TABLE_COUNT]; /* as COPY wants them, without the record */
    size_t used;                                 /* of all of them */
    int64_t batch_links;                         /* as many at once */
    int64_t record_id;                           /* in front of each line */
    int64_t after, upto;                         /* the links of the batch: after < id <= upto */
    int64_t last;                                /* of the record, when the batch was read */
    char sha256[FLEET_SHA256_CAP];               /* of link `upto` */
    char month[OUTBOX_MONTHS][8];                /* of its runs, as 2026-11 */
    size_t month_count;
};

/* The hash of a link; "" if there is none. Link 0 has zeros. */
bool outbox_sha256(struct outbox *o, int64_t link, char sha256[static FLEET_SHA256_CAP],
                   struct err *e);

/* Reads the batch behind link `after`; none is left if upto equals it afterwards. */
bool outbox_fill(struct outbox *o, int64_t record_id, int64_t after, struct err *e);

/* ---- fleet_bytes.c ---- */

/* Appends a value as COPY's text form wants it. Bytes that are no UTF-8, and NUL, stand as U+F700 +
 * byte, as PostgreSQL takes neither; so do the bytes of those very characters, so that nothing
 * becomes another thing. ERR_STATION for want of memory. */
bool fleet_put_text(struct fleet_lines *to, const char *text, size_t n, struct err *e);
bool fleet_put(struct fleet_lines *to, const char *bytes, size_t n, struct err *e);

/* The way back, in place: the next value of a line of COPY's text form. *text is NULL for NULL.
 * False: there is none. */
bool fleet_take_value(char **line, char **text, size_t *n);

#endif
