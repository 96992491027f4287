/*
 * What the server keeps added up, so that `stats` over all stations is answered at once.
 *
 * The rows stay the truth: all of this follows from them, is brought up by triggers in the
 * transaction that stores them, and can be made anew (espstation.recount). Statistics differ from
 * sums in two things. Percentiles are exact, so a cell keeps each value. And a board counts once,
 * with its first and its last run, of those runs that a question is about; that needs single runs.
 * But nearly all boards have one, and of those a cell's sums tell all. So the runs of boards that
 * came more than once in a lot stand one by one in `again`, and db/fleet/fleet_stats.c takes them
 * out of the sums and judges them as it does a station's.
 *
 * The plans of the triggers are kept as long as a station is connected, while tables grow from
 * nothing: that they look rows up by index, and never read a table from end to end, is written
 * down with them instead of left to what the planner has seen.
 */
#include "db/fleet/fleet_priv.h"
#include "db/store/phrases.h"

/* Laid out by hand: the formatter would tear the statements apart. */
/* clang-format off */

#define DIMENSIONS "station, day, lot, slot, recipe, chip"
#define SLOWER                                                                                     \
    "(coalesce(a.baud < a.baud_asked, false) OR coalesce(a.baud_why = 'stepped-down', false))"

/* What a row of runs is counted by. The lot is 0 for runs without one. */
#define SEEN_BY                                                                                    \
    "o.station, (r.run_utc AT TIME ZONE 'UTC')::date AS day, coalesce(n.id, 0) AS lot, r.slot,"    \
    " coalesce(q.id, 0) AS recipe, coalesce(r.seen_chip, '') AS chip"
#define SEEN_FROM                                                                                  \
    LOOK_UP("station", "record AS x", "x.id = r.record", "o")                                      \
    LOOK_UP_SEEN("t.plan_sha256", "recipe", "r.recipe", "c")                                       \
    LOOK_UP("id", "known_recipe AS x", "x.plan_sha256 = c.plan_sha256", "q")                       \
    LOOK_UP_SEEN("t.name", "lot", "r.lot", "l")                                                    \
    LOOK_UP("id", "known_lot AS x", "x.name = l.name", "n")
#define CELL_OF(x)                                                                                 \
    " JOIN LATERAL (SELECT k.id FROM cell AS k WHERE (k.station, k.day, k.lot, k.slot, k.recipe,"  \
    " k.chip) = (" x ".station, " x ".day, " x ".lot, " x ".slot, " x ".recipe, " x ".chip)"       \
    " LIMIT 1) AS c ON true"
#define NOT_GOLDEN "(r.golden > 0) IS NOT TRUE"

#define SEEN_RUNS(source)                                                                          \
    "SELECT r.record, r.id AS run, r.run_utc, " SEEN_BY ", r.verdict, r.code, r.duration_ms,"      \
    " " MAC_NUMBER("b.mac") " AS mac, r.verdict = 'FAIL' AND r.code IN ('duplicate', 'quota')"     \
    " AS refused FROM " source " AS r" SEEN_FROM LOOK_UP_SEEN("t.mac", "board", "r.board", "b")    \
    " WHERE " NOT_GOLDEN

#define SEEN_ATTEMPTS(source, runs)                                                                \
    "SELECT r.record, r.id AS run, r.run_utc, " SEEN_BY ", a.number, a.code,"                      \
    " coalesce(a.baud_asked, 0) AS baud_asked, coalesce(a.baud, 0) AS baud, " SLOWER " AS slower," \
    " CASE WHEN a.code = 'ok' AND a.duration_ms > 0 AND a.bytes_written > 0"                       \
    "  THEN int8send(a.bytes_written * 1000 / a.duration_ms) END AS speed"                         \
    " FROM " source " AS a JOIN " runs " AS r"                                                     \
    " ON r.record = a.record AND r.id = a.run AND r.run_utc = a.run_utc" SEEN_FROM                 \
    " WHERE " NOT_GOLDEN

/* Members of a board's life in a lot are all runs in which it was known, but for refused ones. */
#define COUNT_RUNS(source)                                                                         \
    " WITH s AS MATERIALIZED (" SEEN_RUNS(source) "),"                                             \
    " cells AS (INSERT INTO cell AS c (" DIMENSIONS ", passed, failed, stopped,"        \
    " interrupted, refused, unidentified, ms)"                                                   \
    " SELECT " DIMENSIONS ", count(*) FILTER (WHERE verdict = 'PASS'),"                           \
    " count(*) FILTER (WHERE verdict = 'FAIL'), count(*) FILTER (WHERE verdict = 'STOPPED'),"    \
    " count(*) FILTER (WHERE verdict = 'INTERRUPTED'), count(*) FILTER (WHERE refused),"         \
    " count(*) FILTER (WHERE verdict = 'FAIL' AND NOT refused AND mac IS NULL),"                 \
    " coalesce(string_agg(int4send(least(duration_ms, 2147483647)::integer), '')"                \
    " FILTER (WHERE verdict = 'PASS'), '') FROM s GROUP BY " DIMENSIONS                         \
    " ON CONFLICT (" DIMENSIONS ") DO UPDATE SET passed = c.passed + EXCLUDED.passed,"            \
    " failed = c.failed + EXCLUDED.failed, stopped = c.stopped + EXCLUDED.stopped,"              \
    " interrupted = c.interrupted + EXCLUDED.interrupted,"                                       \
    " refused = c.refused + EXCLUDED.refused,"                                                   \
    " unidentified = c.unidentified + EXCLUDED.unidentified, ms = c.ms || EXCLUDED.ms"           \
    " RETURNING c.id, " DIMENSIONS "),"                                                           \
    " coded AS (INSERT INTO cell_code AS k (cell, code, runs)"                          \
    " SELECT c.id, s.code, count(*) FROM s JOIN cells AS c USING (" DIMENSIONS ")"              \
    " WHERE s.verdict = 'FAIL' GROUP BY c.id, s.code"                                             \
    " ON CONFLICT (cell, code) DO UPDATE SET runs = k.runs + EXCLUDED.runs),"                     \
    " m AS MATERIALIZED (SELECT s.mac, s.lot, s.run_utc, s.record, s.run, c.id AS cell,"           \
    " CASE s.verdict WHEN 'PASS' THEN 'P' WHEN 'FAIL' THEN 'F' ELSE '-' END AS verdict,"         \
    " row_number() OVER (PARTITION BY s.mac, s.lot ORDER BY s.run_utc, s.record, s.run) AS nth," \
    " count(*) OVER (PARTITION BY s.mac, s.lot) AS times"                                        \
    " FROM s JOIN cells AS c USING (" DIMENSIONS ") WHERE s.mac IS NOT NULL"                  \
    " AND NOT s.refused),"                                                                        \
    " lives AS (INSERT INTO board_lot AS u (mac, lot, run_utc, record, run, cell,"      \
    " verdict, alone) SELECT mac, lot, run_utc, record, run, cell, verdict, times = 1"           \
    " FROM m WHERE nth = 1 ORDER BY mac, lot"                                                     \
    " ON CONFLICT (mac, lot) DO UPDATE SET alone = false RETURNING u.*)"                          \
    " INSERT INTO again (mac, lot, run_utc, record, run, cell, verdict)"                \
    " SELECT mac, lot, run_utc, record, run, cell, verdict FROM lives WHERE NOT alone"            \
    " UNION SELECT m.mac, m.lot, m.run_utc, m.record, m.run, m.cell, m.verdict"                   \
    " FROM m JOIN lives USING (mac, lot) WHERE NOT lives.alone"                                   \
    " ON CONFLICT DO NOTHING;"

#define COUNT_ATTEMPTS(source, runs)                                                               \
    " WITH s AS MATERIALIZED (" SEEN_ATTEMPTS(source, runs) "),"                                   \
    " cells AS (INSERT INTO cell AS c (" DIMENSIONS ", retried, slower_runs, bytes_per_s)"         \
    "  SELECT " DIMENSIONS ", count(*) FILTER (WHERE code = 'ok' AND number > 1),"                 \
    "   count(DISTINCT (record, run)) FILTER (WHERE slower), coalesce(string_agg(speed, ''), '')"  \
    "   FROM s GROUP BY " DIMENSIONS                                                               \
    "  ON CONFLICT (" DIMENSIONS ") DO UPDATE SET retried = c.retried + EXCLUDED.retried,"         \
    "   slower_runs = c.slower_runs + EXCLUDED.slower_runs,"                                       \
    "   bytes_per_s = c.bytes_per_s || EXCLUDED.bytes_per_s RETURNING c.id, " DIMENSIONS ")"       \
    " INSERT INTO cell_rate AS k (cell, baud_asked, baud, attempts)"                               \
    "  SELECT c.id, s.baud_asked, s.baud, count(*) FROM s JOIN cells AS c USING (" DIMENSIONS ")"  \
    "  WHERE s.slower GROUP BY 1, 2, 3 ON CONFLICT (cell, baud_asked, baud)"                       \
    "  DO UPDATE SET attempts = k.attempts + EXCLUDED.attempts;"

/* Only the PASS of a run can be taken back, and given again; the last word counts. */
#define COUNT_CORRECTIONS(source)                                                                  \
    " INSERT INTO corrected AS k (record, run, run_utc, cell, duration_ms, verdict,"    \
    "  made_utc, id)"                                                                              \
    " SELECT DISTINCT ON (s.record, s.run) s.record, s.run, s.run_utc, c.id, s.duration_ms,"       \
    "  s.said, s.made_utc, s.id FROM (SELECT r.record, r.id AS run, r.run_utc, " SEEN_BY ","       \
    "   r.duration_ms, w.verdict AS said, w.made_utc, w.id FROM " source " AS w"                   \
    "   JOIN LATERAL (SELECT t.* FROM lineage AS y CROSS JOIN LATERAL (SELECT * FROM run AS x"     \
    "   WHERE x.record = y.ancestor AND x.id = w.run AND x.link <= y.upto LIMIT 1) AS t"           \
    "   WHERE y.record = w.record LIMIT 1) AS r ON true"                                           \
    SEEN_FROM " WHERE w.verdict IS NOT NULL AND r.verdict = 'PASS' AND " NOT_GOLDEN ") AS s"       \
    CELL_OF("s")                                                                                   \
    " ORDER BY s.record, s.run, s.made_utc DESC, s.id DESC"                                        \
    " ON CONFLICT (record, run) DO UPDATE SET verdict = EXCLUDED.verdict,"                         \
    "  made_utc = EXCLUDED.made_utc, id = EXCLUDED.id"                                             \
    "  WHERE (k.made_utc, k.id) < (EXCLUDED.made_utc, EXCLUDED.id);"

#define NAME_LOTS(source)                                                                          \
    " INSERT INTO known_lot (name) SELECT name FROM (SELECT name, min(added_utc) AS at"  \
    "  FROM " source " AS x GROUP BY name) AS x WHERE NOT EXISTS (SELECT 1 FROM"                   \
    "  known_lot AS n WHERE n.name = x.name) ORDER BY at, name ON CONFLICT DO NOTHING;"

#define NAME_RECIPES(source)                                                                       \
    " INSERT INTO known_recipe (name, version, sha256, plan_sha256)"                     \
    "  SELECT DISTINCT ON (plan_sha256) name, version, sha256, plan_sha256 FROM " source " AS x"   \
    "  WHERE NOT EXISTS (SELECT 1 FROM known_recipe AS n"                                \
    "  WHERE n.plan_sha256 = x.plan_sha256) ORDER BY plan_sha256 ON CONFLICT DO NOTHING;"

#define BY_INDEX                                                                                   \
    " SET search_path = espstation, pg_temp SET timezone = 'UTC' SET enable_seqscan = off"         \
    " SET enable_mergejoin = off SET enable_nestloop = off SET jit = off"

/* The runs of the attempts that have just come: they lie side by side. */
#define THEIR_RUNS                                                                                 \
    "(SELECT * FROM run WHERE record BETWEEN (SELECT min(record) FROM fresh) AND"                  \
    " (SELECT max(record) FROM fresh) AND id BETWEEN (SELECT min(run) FROM fresh) AND"             \
    " (SELECT max(run) FROM fresh))"

#define COUNTER(table, statement)                                                                  \
    "CREATE FUNCTION espstation.count_" table "() RETURNS trigger LANGUAGE plpgsql"                \
    " SECURITY DEFINER" BY_INDEX " AS $$ BEGIN " statement " RETURN NULL; END $$",                 \
    "REVOKE ALL ON FUNCTION espstation.count_" table "() FROM PUBLIC",                             \
    "CREATE TRIGGER " table "_counted AFTER INSERT ON espstation." table                           \
    " REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION espstation.count_" table  \
    "()"

#define OF_MONTH(table)                                                                            \
    "(SELECT * FROM " table " WHERE run_utc >= first AND run_utc < first"               \
    " + interval '1 month')"

#define OF_A_MONTH(what, statement)                                                                \
    "CREATE FUNCTION espstation.count_" what "_of(first timestamptz) RETURNS void"                 \
    " LANGUAGE plpgsql AS $$ BEGIN " statement " END $$",                                          \
    "REVOKE ALL ON FUNCTION espstation.count_" what "_of(timestamptz) FROM PUBLIC"

const char *const fleet_step_stats[] = {
    /* Lots and recipes by what they are called at all stations, in the order they were heard of. */
    "CREATE TABLE espstation.known_lot (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " name text NOT NULL UNIQUE)",
    "CREATE TABLE espstation.known_recipe (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " name text NOT NULL, version text, sha256 text NOT NULL, plan_sha256 text NOT NULL UNIQUE)",

    /* A day of a slot with one lot, recipe and chip ('': it said nothing). ms and bytes_per_s hold
     * each value, of 4 and of 8 bytes. */
    "CREATE TABLE espstation.cell (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " station integer NOT NULL, day date NOT NULL, lot integer NOT NULL, slot integer NOT NULL,"
    " recipe integer NOT NULL, chip text NOT NULL,"
    " passed bigint NOT NULL DEFAULT 0, failed bigint NOT NULL DEFAULT 0,"
    " stopped bigint NOT NULL DEFAULT 0, interrupted bigint NOT NULL DEFAULT 0,"
    " refused bigint NOT NULL DEFAULT 0, unidentified bigint NOT NULL DEFAULT 0,"
    " retried bigint NOT NULL DEFAULT 0, slower_runs bigint NOT NULL DEFAULT 0,"
    " ms bytea NOT NULL DEFAULT '', bytes_per_s bytea NOT NULL DEFAULT '',"
    " UNIQUE (" DIMENSIONS ")) WITH (fillfactor = 70)",
    "ALTER TABLE espstation.cell ALTER ms SET STORAGE EXTERNAL,"
    " ALTER bytes_per_s SET STORAGE EXTERNAL",
    "CREATE TABLE espstation.cell_code (cell integer NOT NULL, code text NOT NULL,"
    " runs bigint NOT NULL, PRIMARY KEY (cell, code)) WITH (fillfactor = 70)",
    "CREATE TABLE espstation.cell_rate (cell integer NOT NULL, baud_asked bigint NOT NULL,"
    " baud bigint NOT NULL, attempts bigint NOT NULL, PRIMARY KEY (cell, baud_asked, baud))",

    /* The first run of each board in each lot; alone: it is the only one. Verdicts: P, F, - */
    "CREATE TABLE espstation.board_lot (mac bigint NOT NULL, run_utc timestamptz NOT NULL,"
    " run bigint NOT NULL, lot integer NOT NULL, record integer NOT NULL, cell integer NOT NULL,"
    " verdict text NOT NULL, alone boolean NOT NULL, PRIMARY KEY (mac, lot))"
    " WITH (fillfactor = 90)",
    "CREATE TABLE espstation.again (mac bigint NOT NULL, lot integer NOT NULL,"
    " run_utc timestamptz NOT NULL, record integer NOT NULL, run bigint NOT NULL,"
    " cell integer NOT NULL, verdict text NOT NULL, PRIMARY KEY (mac, lot, run_utc, record, run))",
    "CREATE TABLE espstation.corrected (record integer NOT NULL, run bigint NOT NULL,"
    " run_utc timestamptz NOT NULL, cell integer NOT NULL, duration_ms bigint NOT NULL,"
    " verdict text NOT NULL, made_utc timestamptz NOT NULL, id bigint NOT NULL,"
    " PRIMARY KEY (record, run))",

    COUNTER("lot", NAME_LOTS("fresh")),
    COUNTER("recipe", NAME_RECIPES("fresh")),
    COUNTER("run", COUNT_RUNS("fresh")),
    COUNTER("attempt", COUNT_ATTEMPTS("fresh", THEIR_RUNS)),
    COUNTER("correction", COUNT_CORRECTIONS("fresh")),

    /* What is there already; and for an owner who has reason to think that sums are wrong. In
     * months, as memory is not what runs are. */
    OF_A_MONTH("runs", COUNT_RUNS(OF_MONTH("run"))),
    OF_A_MONTH("attempts", COUNT_ATTEMPTS(OF_MONTH("attempt"), OF_MONTH("run"))),
    "CREATE FUNCTION espstation.recount() RETURNS void LANGUAGE plpgsql"
    " SET search_path = espstation, pg_temp SET timezone = 'UTC' SET jit = off"
    " SET enable_nestloop = off SET work_mem = '256MB' AS $$"
    " DECLARE first timestamptz; last timestamptz;"
    " BEGIN"
    "  LOCK TABLE record IN EXCLUSIVE MODE;"
    "  TRUNCATE cell, cell_code, cell_rate, board_lot, again, corrected;"
    NAME_LOTS("lot") NAME_RECIPES("recipe")
    "  SELECT date_trunc('month', min(run_utc)), max(run_utc) INTO first, last FROM run;"
    "  WHILE first <= last LOOP"
    "   PERFORM espstation.count_runs_of(first);"
    "   PERFORM espstation.count_attempts_of(first);"
    "   first := coalesce((SELECT date_trunc('month', min(run_utc)) FROM run"
    "    WHERE run_utc >= first + interval '1 month'), 'infinity');"
    "  END LOOP;"
    COUNT_CORRECTIONS("correction")
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.recount() FROM PUBLIC",
    "SELECT espstation.recount()",

    /* For people and dashboards; columns stay. The numbers that need no judging of single runs. */
    "CREATE VIEW espstation.production AS SELECT s.name AS station, c.day, n.name AS lot, c.slot,"
    " q.name AS recipe, q.version AS recipe_version, nullif(c.chip, '') AS chip, c.passed,"
    " c.failed, c.stopped, c.interrupted, c.refused, c.unidentified, c.retried, c.slower_runs"
    " FROM espstation.cell AS c JOIN espstation.station AS s ON s.id = c.station"
    " LEFT JOIN espstation.known_lot AS n ON n.id = c.lot"
    " LEFT JOIN espstation.known_recipe AS q ON q.id = c.recipe",
    "CREATE VIEW espstation.causes AS SELECT s.name AS station, c.day, n.name AS lot, c.slot,"
    " q.name AS recipe, q.version AS recipe_version, k.code, k.runs FROM espstation.cell_code AS k"
    " JOIN espstation.cell AS c ON c.id = k.cell JOIN espstation.station AS s ON s.id = c.station"
    " LEFT JOIN espstation.known_lot AS n ON n.id = c.lot"
    " LEFT JOIN espstation.known_recipe AS q ON q.id = c.recipe",
    "CREATE VIEW espstation.stations AS SELECT s.name AS station, r.link AS links,"
    " r.joined_utc, r.sent_utc, r.sent_host AS host, r.tool_version FROM espstation.station AS s"
    " JOIN espstation.record AS r ON r.station = s.id WHERE r.replaced_utc IS NULL",
    NULL,
};

/* ---- Asked for times that are no whole days: cells made of the rows of these times ---- */

const char fleet_cells_of_runs[] =
    "SELECT station, day, lot, slot, recipe, chip,"
    " (verdict = 'PASS')::integer::bigint AS passed, (verdict = 'FAIL')::integer::bigint AS failed,"
    " (verdict = 'STOPPED')::integer::bigint AS stopped,"
    " (verdict = 'INTERRUPTED')::integer::bigint AS interrupted,"
    " refused::integer::bigint AS refused,"
    " (verdict = 'FAIL' AND NOT refused AND mac IS NULL)::integer::bigint AS unidentified,"
    " 0::bigint AS retried, 0::bigint AS slower_runs,"
    " CASE WHEN verdict = 'PASS' THEN int4send(least(duration_ms, 2147483647)::integer) ELSE ''"
    " END AS ms, ''::bytea AS bytes_per_s, code, verdict FROM (" SEEN_RUNS("&") ") AS x";

const char fleet_cells_of_attempts[] =
    "SELECT station, day, lot, slot, recipe, chip, 0::bigint AS passed,"
    " 0::bigint AS failed, 0::bigint AS stopped, 0::bigint AS interrupted, 0::bigint AS refused,"
    " 0::bigint AS unidentified, count(*) FILTER (WHERE code = 'ok' AND number > 1) AS retried,"
    " bool_or(slower)::integer::bigint AS slower_runs, ''::bytea AS ms,"
    " coalesce(string_agg(speed, ''), '') AS bytes_per_s"
    " FROM (" SEEN_ATTEMPTS("@", "&") ") AS x GROUP BY record, run, run_utc, station, day, lot,"
    " slot, recipe, chip";

const char fleet_rates_of_attempts[] =
    "SELECT station, day, lot, slot, recipe, chip, baud_asked, baud,"
    " 1::bigint AS attempts FROM (" SEEN_ATTEMPTS("@", "&") ") AS x WHERE slower";
/* clang-format on */
