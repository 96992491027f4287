/*
 * Whether what the server keeps added up is what its rows add up to: counted once more, day by day
 * of each slot, in one state of the server. It takes as long as espstation.recount(), and writes
 * nothing.
 */
#include "db/fleet/fleet_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SUMS_SQL_CAP = 16384 };

/* Laid out by hand: the formatter would tear the statements apart. */
/* clang-format off */
#define DIMENSIONS "station, day, lot, slot, recipe, chip"
#define COUNTS                                                                                     \
    "passed, failed, stopped, interrupted, refused, unidentified, retried, slower_runs"
#define SUM(x)     "coalesce(sum(" x "), 0)::bigint AS " x
#define COLUMNS                                                                                    \
    DIMENSIONS ", " COUNTS ", length(ms) / 4 AS times, length(bytes_per_s) / 8 AS rates"

static const char head[] =
    "WITH made AS (SELECT " DIMENSIONS ", " SUM("passed") ", " SUM("failed") ", " SUM("stopped")
    ", " SUM("interrupted") ", " SUM("refused") ", " SUM("unidentified") ", " SUM("retried") ", "
    SUM("slower_runs") ", " SUM("times") ", " SUM("rates") " FROM (SELECT " COLUMNS " FROM (";
static const char between[] = ") AS x UNION ALL SELECT " COLUMNS " FROM (";
static const char tail[] =
    ") AS x) AS x GROUP BY " DIMENSIONS "),"
    " kept AS (SELECT " COLUMNS " FROM espstation.cell)"
    " SELECT s.name, coalesce(k.day, m.day), coalesce(k.slot, m.slot), count(*) OVER (),"
    " coalesce(k.passed, 0), coalesce(m.passed, 0), coalesce(k.failed, 0), coalesce(m.failed, 0)"
    " FROM kept AS k FULL JOIN made AS m USING (" DIMENSIONS ")"
    " LEFT JOIN espstation.station AS s ON s.id = station"
    " WHERE (" "k.passed, k.failed, k.stopped, k.interrupted, k.refused, k.unidentified, k.retried,"
    " k.slower_runs, k.times, k.rates) IS DISTINCT FROM (m.passed, m.failed, m.stopped,"
    " m.interrupted, m.refused, m.unidentified, m.retried, m.slower_runs, m.times, m.rates)"
    " ORDER BY 1, 2, 3 LIMIT 20";
/* clang-format on */

static void append(char sql[static SUMS_SQL_CAP], const char *text)
{
    const size_t used = strlen(sql);
    snprintf(sql + used, SUMS_SQL_CAP - used, "%s", text);
}

/* Of all rows. */
static void append_rows(char sql[static SUMS_SQL_CAP], const char *query)
{
    for (; *query != '\0'; query++) {
        const char one[2] = { *query, '\0' };
        append(sql, *query == '&' ? "run" : *query == '@' ? "attempt" : one);
    }
}

static PGresult *ask(struct fleet *f, struct err *e)
{
    char *const sql = calloc(1, SUMS_SQL_CAP);
    if (!sql) {
        err_set(e, ERR_STATION, "No memory left for a question");
        return NULL;
    }
    append(sql, head);
    append_rows(sql, fleet_cells_of_runs);
    append(sql, between);
    append_rows(sql, fleet_cells_of_attempts);
    append(sql, tail);
    PGresult *const r = pg_ask(f, sql, NULL, 0, e);
    free(sql);
    return r;
}

bool fleet_prove_sums(struct fleet *f, const struct fleet_sums_sink *sink, int64_t *findings,
                      struct err *e)
{
    if (!pg_run(f,
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL jit = off;"
                "SET LOCAL enable_nestloop = on",
                e))
        return false;
    PGresult *const r = pg_take_time(f, e) ? ask(f, e) : NULL;
    *findings = r && PQntuples(r) > 0 ? strtoll(PQgetvalue(r, 0, 3), NULL, 10) : 0;
    for (int i = 0; r && i < PQntuples(r); i++) {
        const struct fleet_sum_row row = { .station = PQgetvalue(r, i, 0),
                                           .day = PQgetvalue(r, i, 1),
                                           .slot = (int)strtol(PQgetvalue(r, i, 2), NULL, 10),
                                           .kept_passed = strtoll(PQgetvalue(r, i, 4), NULL, 10),
                                           .passed = strtoll(PQgetvalue(r, i, 5), NULL, 10),
                                           .kept_failed = strtoll(PQgetvalue(r, i, 6), NULL, 10),
                                           .failed = strtoll(PQgetvalue(r, i, 7), NULL, 10) };
        sink->differs(sink->ctx, &row);
    }
    PQclear(r);
    pg_roll_back(f);
    return r || err_wrap(e, "Adding up the runs anew");
}
