/*
 * Runs of many stations in one file of the record's form, so that whatever reads a record reads
 * them, too.
 *
 * Lots are one by their name, boards by their MAC, recipes with their images by their plan, as they
 * are over all stations. All else keeps the number that it has at its station; where the file holds
 * rows of more than one record, behind that of the record: 3000000042 is 42 of record 3. The host
 * of a run is the name of its station. There is no chain in such a file, and nothing that is
 * signed: those are proved by fleet_prove, record by record.
 */
#include "db/fleet/fleet_file.h"
#include "db/fleet/fleet_priv.h"
#include "db/fleet/fleet_where.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { GATHER_SQL_CAP = 16384, OWN_COLUMNS = 9 };

#define RECORD_BASE "1000000000"

/* Laid out by hand: the formatter would tear the statements apart. */
/* clang-format off */

/* The number that a row has in the file. */
#define ID(record, id) record "::bigint * current_setting('espstation.base')::bigint + " id

/* Rows t that the runs w mean, as their records have them. */
#define MEANT_BY_RUNS(table, id)                                                                   \
    "(SELECT DISTINCT record, " id " FROM w) AS r JOIN lineage AS y ON y.record = r.record"        \
    " JOIN " table " AS t ON t.record = y.ancestor AND t.id = r." id " AND t.link <= y.upto"
#define RECIPE_OF_RUN                                                                              \
    LOOK_UP_SEEN("t.plan_sha256", "recipe", "r.recipe", "c")                                       \
    LOOK_UP("id", "known_recipe AS x", "x.plan_sha256 = c.plan_sha256", "q")
#define ATTEMPTS                                                                                   \
    "w AS r JOIN attempt AS a ON a.record = r.record AND a.run = r.id AND a.run_utc = r.run_utc"
/* A run that another one of the same record names. */
#define NAMED_RUN(id, as)                                                                          \
    LOOK_UP("t.record", "lineage AS y CROSS JOIN LATERAL (SELECT x.record FROM run AS x WHERE"     \
            " x.record = y.ancestor AND x.id = " id " AND x.link <= y.upto LIMIT 1) AS t",         \
            "y.record = r.record AND " id " IS NOT NULL", as)
#define UNITS                                                                                      \
    "(SELECT DISTINCT record, board FROM w WHERE board IS NOT NULL) AS r"                          \
    " JOIN lineage AS y ON y.record = r.record"                                                    \
    " JOIN unit AS u ON u.record = y.ancestor AND u.board = r.board AND u.link <= y.upto"
/* Also one that was released in a record that goes on behind it. */
#define RELEASED                                                                                   \
    " LEFT JOIN LATERAL (SELECT x.record, x.decision FROM lineage AS z JOIN unit_released AS x"    \
    " ON x.record = z.record AND x.id = u.id WHERE z.ancestor = u.record AND u.link <= z.upto"     \
    " LIMIT 1) AS x ON true"

static const struct gathered {
    const char *name; /* of fleet_tables */
    const char *one;  /* columns of which each comes once; "": all rows */
    const char *from; /* rows t, of runs w */
    struct {
        const char *column, *is; /* other than t.column */
    } own[OWN_COLUMNS];
} gathered[] = {
    { "process", "DISTINCT ON (t.record, t.id) ",
      MEANT_BY_RUNS("process", "process")
      " JOIN record AS o ON o.id = t.record JOIN station AS s ON s.id = o.station",
      { { "id", ID("t.record", "t.id") }, { "host", "s.name" }, { "presence", "NULL" } } },
    { "recipe", "DISTINCT ON (q.id) ",
      MEANT_BY_RUNS("recipe", "recipe") " JOIN known_recipe AS q USING (plan_sha256)",
      { { "id", "q.id" }, { "name", "t.name" }, { "version", "t.version" },
        { "sha256", "t.sha256" }, { "plan_sha256", "plan_sha256" } } },
    { "image", "DISTINCT ON (t.plan, t.number) ",
      "(SELECT q.id AS plan, i.* FROM " MEANT_BY_RUNS("recipe", "recipe")
      " JOIN known_recipe AS q USING (plan_sha256)"
      " JOIN image AS i ON i.record = t.record AND i.recipe = t.id) AS t",
      { { "id", "t.plan * 1000 + t.number" }, { "recipe", "t.plan" } } },
    { "lot", "DISTINCT ON (n.id) ",
      "lot AS t JOIN known_lot AS n ON n.name = t.name WHERE n.name = current_setting("
      "'espstation.lot') OR n.id IN (SELECT n.id FROM " MEANT_BY_RUNS("lot", "lot")
      " JOIN known_lot AS n ON n.name = t.name)",
      { { "id", "n.id" }, { "recipe", "NULL" }, { "one_recipe", "0" } } },
    { "board", "DISTINCT ON (" MAC_NUMBER("t.mac") ") ", MEANT_BY_RUNS("board", "board"),
      { { "id", MAC_NUMBER("t.mac") } } },
    { "run", "",
      "w AS r" RECIPE_OF_RUN LOOK_UP_SEEN("t.name", "lot", "r.lot", "l")
      LOOK_UP("id", "known_lot AS x", "x.name = l.name", "n")
      LOOK_UP_SEEN("t.mac", "board", "r.board", "b")
      LOOK_UP_SEEN("t.record", "process", "r.process", "p") NAMED_RUN("r.rework_of", "o")
      " CROSS JOIN LATERAL (SELECT r.*) AS t",
      { { "id", ID("r.record", "r.id") }, { "process", ID("p.record", "r.process") },
        { "lot", "n.id" }, { "recipe", "q.id" }, { "board", MAC_NUMBER("b.mac") },
        { "rework_of", ID("o.record", "r.rework_of") } } },
    { "attempt", "", ATTEMPTS " CROSS JOIN LATERAL (SELECT a.*) AS t",
      { { "id", ID("a.record", "a.id") }, { "run", ID("a.record", "a.run") } } },
    { "digest", "",
      ATTEMPTS " JOIN digest AS d ON d.record = a.record AND d.attempt = a.id"
      " AND d.run_utc = a.run_utc" RECIPE_OF_RUN LOOK_UP_SEEN("t.number", "image", "d.image", "i")
      " CROSS JOIN LATERAL (SELECT d.*) AS t",
      { { "attempt", ID("a.record", "a.id") }, { "image", "q.id * 1000 + i.number" } } },
    { "unit_digest", "",
      ATTEMPTS " JOIN unit_digest AS t ON t.record = a.record AND t.attempt = a.id"
      " AND t.run_utc = a.run_utc",
      { { "attempt", ID("a.record", "a.id") } } },
    { "burn", "", "w AS r JOIN burn AS t ON t.record = r.record AND t.run = r.id",
      { { "id", ID("t.record", "t.id") }, { "run", ID("t.record", "t.run") } } },
    { "correction", "",
      "w AS r JOIN lineage AS y ON y.ancestor = r.record AND r.link <= y.upto"
      " JOIN correction AS t ON t.record = y.record AND t.run = r.id",
      { { "id", ID("t.record", "t.id") }, { "run", ID("r.record", "r.id") } } },
    { "unit", "DISTINCT ON (u.record, u.id) ",
      UNITS LOOK_UP_SEEN("t.mac", "board", "r.board", "b") RELEASED
      " CROSS JOIN LATERAL (SELECT u.*) AS t",
      { { "id", ID("u.record", "u.id") }, { "board", MAC_NUMBER("b.mac") },
        { "run", ID("u.record", "u.run") } } },
    { "unit_value", "DISTINCT ON (t.record, t.id) ",
      UNITS " JOIN unit_value AS t ON t.record = u.record AND t.unit = u.id",
      { { "id", ID("t.record", "t.id") }, { "unit", ID("u.record", "u.id") } } },
    { "unit_decision", "DISTINCT ON (t.record, t.id) ",
      UNITS RELEASED " JOIN unit_decision AS t ON t.record = x.record AND t.id = x.decision"
      LOOK_UP_SEEN("t.mac", "board", "r.board", "b"),
      { { "id", ID("t.record", "t.id") }, { "board", MAC_NUMBER("b.mac") } } },
    { "unit_released", "DISTINCT ON (u.record, u.id) ",
      UNITS " JOIN LATERAL (SELECT x.record, x.decision FROM lineage AS z JOIN unit_released AS x"
      " ON x.record = z.record AND x.id = u.id WHERE z.ancestor = u.record AND u.link <= z.upto"
      " LIMIT 1) AS x ON true",
      { { "decision", ID("x.record", "x.decision") }, { "id", ID("u.record", "u.id") } } },
};
/* clang-format on */

struct gathering {
    struct fleet *fleet;
    struct fleet_file file;
    char wanted[4096]; /* the query of the runs */
    char sql[GATHER_SQL_CAP];
    size_t used;
};

/* ---- Statements ---- */

static void put(struct gathering *g, const char *text, size_t n)
{
    const size_t room = sizeof g->sql - g->used - 1;
    const size_t took = n < room ? n : room;
    memcpy(g->sql + g->used, text, took);
    g->used += took;
    g->sql[g->used] = '\0';
}

static void put_text(struct gathering *g, const char *text)
{
    put(g, text, strlen(text));
}

static const struct fleet_table *table_of(const char *name)
{
    for (size_t i = 0; i < FLEET_TABLE_COUNT; i++) {
        if (strcmp(fleet_tables[i].name, name) == 0)
            return &fleet_tables[i];
    }
    return NULL;
}

/* What of a table's own columns has another value than its row. `name` is the server's. */
static const char *own_of(const struct gathered *t, const char *name, size_t n)
{
    for (size_t i = 0; i < OWN_COLUMNS && t->own[i].column; i++) {
        if (strlen(t->own[i].column) == n && strncmp(t->own[i].column, name, n) == 0)
            return t->own[i].is;
    }
    return NULL;
}

static void put_column(struct gathering *g, const struct gathered *t, const char *column, size_t n)
{
    const char *const renamed = memchr(column, '>', n);
    const char *const name = renamed ? renamed + 1 : column;
    const size_t length = strcspn(name, "#@ ");
    const char *const own = own_of(t, name, length);
    const bool time = column[n - 1] == '@';
    if (own) {
        put_text(g, own);
        return;
    }
    put_text(g, time ? "to_char(t.\"" : "t.\"");
    put(g, name, length);
    put_text(g, time ? "\" AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')" : "\"");
}

static void write_copy(struct gathering *g, const struct gathered *t, const struct fleet_table *of)
{
    g->used = 0;
    put_text(g, "COPY (WITH w AS MATERIALIZED (");
    put_text(g, g->wanted);
    put_text(g, ") SELECT ");
    put_text(g, t->one);
    for (const char *p = of->columns; *p != '\0';) {
        const size_t n = strcspn(p, " ");
        put_text(g, p == of->columns ? "" : ", ");
        put_column(g, t, p, n);
        p += n + strspn(p + n, " ");
    }
    put_text(g, " FROM ");
    put_text(g, t->from);
    put_text(g, ") TO STDOUT");
}

/* ---- Rows ---- */

/* What several records say of one thing stands there once. */
static bool put_line(void *ctx, char *line, size_t n, struct err *e)
{
    struct gathering *const g = ctx;
    (void)n;
    fleet_file_bind(&g->file, line);
    const int rc = sqlite3_step(g->file.put);
    if (rc == SQLITE_DONE || (rc & 0xff) == SQLITE_CONSTRAINT)
        return true;
    return fleet_file_fail(&g->file, e);
}

static bool gather_table(struct gathering *g, const struct gathered *t, struct err *e)
{
    const struct fleet_table *const of = table_of(t->name);
    char sql[FLEET_SQL_CAP];
    fleet_put_sql(of, sql);
    if (!fleet_file_prepare(&g->file, of, sql, e))
        return false;
    write_copy(g, t, of);
    const bool ok = pg_copy_out(g->fleet, g->sql, put_line, g, e);
    fleet_file_finish(&g->file);
    return ok || err_wrap(e, "Gathering %s", t->name);
}

static bool gather_tables(struct gathering *g, struct err *e)
{
    for (size_t i = 0; i < sizeof gathered / sizeof gathered[0]; i++) {
        if (!gather_table(g, &gathered[i], e))
            return false;
    }
    return true;
}

/* ---- Which runs ---- */

/* One record, which has no relatives, keeps its numbers. */
static bool set_base(struct gathering *g, const char *lot, struct err *e)
{
    char sql[sizeof g->wanted + 512], ignored[24];
    snprintf(sql, sizeof sql,
             "SELECT set_config('espstation.base', CASE WHEN count(*) > 1 THEN '" RECORD_BASE
             "' ELSE '0' END, true), set_config('espstation.lot', $1, true)"
             " FROM (SELECT y.record FROM (SELECT DISTINCT record FROM (%s) AS w) AS w"
             " JOIN espstation.lineage AS y ON y.ancestor = w.record OR y.record = w.record) AS x",
             g->wanted);
    const char *const value = lot ? lot : "";
    return pg_text(g->fleet, sql, &value, 1, ignored, sizeof ignored, e);
}

static bool want(struct gathering *g, const char *station, const struct db_filter *filter,
                 struct err *e)
{
    struct fleet_where where;
    if (!fleet_where_make(g->fleet, station, filter, &where, e))
        return false;
    const int n =
        snprintf(g->wanted, sizeof g->wanted, "SELECT g.* FROM espstation.run AS g WHERE true%s%s",
                 where.runs, where.times);
    return (size_t)n < sizeof g->wanted || err_set(e, ERR_USAGE, "These conditions are too long");
}

static bool gather_held(struct gathering *g, const char *station, const struct db_filter *filter,
                        struct err *e)
{
    if (!pg_run(g->fleet, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off",
                e))
        return false;
    const bool ok = pg_take_time(g->fleet, e) && want(g, station, filter, e) &&
                    set_base(g, filter->lot, e) && fleet_file_open_up(&g->file, e) &&
                    gather_tables(g, e) && fleet_file_guard(&g->file, false, e);
    pg_roll_back(g->fleet);
    return ok;
}

bool fleet_gather(struct fleet *f, const char *station, const struct db_filter *filter,
                  const char *path, struct err *e)
{
    struct gathering *const g = calloc(1, sizeof *g);
    struct db *const db = g ? db_open(path, DB_BUSY_MS, e) : NULL;
    bool ok = g || err_set(e, ERR_STATION, "No memory left for the runs of the fleet");
    if (db) {
        g->fleet = f;
        g->file.sql = db->sql;
    }
    ok = ok && db && gather_held(g, station, filter, e);
    db_close(db);
    free(g);
    return ok;
}

/* ---- The ends of a lot ---- */

/* clang-format off */
static const char lot_ends_sql[] =
    "SELECT s.name, " FLEET_UTC("max(p.closed_utc)") ", max(p.closed_by)"
    " FROM espstation.record AS o JOIN espstation.station AS s ON s.id = o.station"
    " JOIN espstation.lineage AS y ON y.record = o.id"
    " JOIN espstation.lot AS l ON l.record = y.ancestor AND l.link <= y.upto"
    " LEFT JOIN espstation.lineage AS z ON z.record = o.id"
    " LEFT JOIN espstation.checkpoint AS p ON p.record = z.ancestor AND p.link <= z.upto"
    "  AND p.lot = l.id WHERE o.replaced_utc IS NULL AND l.name = $1"
    " AND ($2::text IS NULL OR s.name = $2) GROUP BY s.name ORDER BY s.name";
/* clang-format on */

bool fleet_lot_ends(struct fleet *f, const char *station, const char *lot,
                    const struct fleet_lot_sink *sink, struct err *e)
{
    const char *const values[] = { lot, station };
    PGresult *const r = pg_ask(f, lot_ends_sql, values, 2, e);
    bool ok = r != NULL;
    for (int i = 0; ok && i < PQntuples(r); i++)
        ok = sink->end(sink->ctx, PQgetvalue(r, i, 0),
                       PQgetisnull(r, i, 1) ? NULL : PQgetvalue(r, i, 1),
                       PQgetisnull(r, i, 2) ? NULL : PQgetvalue(r, i, 2)) ||
             err_set(e, ERR_STATION, "The reader of the lot's ends gave up");
    PQclear(r);
    return ok;
}
