/* The life of one board over all stations. */
#include "db/fleet/fleet_priv.h"
#include "db/store/phrases.h"

#include <stdio.h>
#include <stdlib.h>

#define UTC(time) FLEET_UTC(time)

/* The boards of this MAC, in each record that has one; as BOARD_OF_MAC finds them in a record. */
#define BOARDS                                                                                     \
    "(SELECT y.record, t.id FROM espstation.board AS t JOIN espstation.lineage AS y"               \
    " ON y.ancestor = t.record AND t.link <= y.upto"                                               \
    " WHERE " BASE_MAC("t.mac") " = " BASE_MAC(                                                    \
        "$1::text") " AND (t.mac = $1 OR length(t.mac) = 17 OR length($1) = 17))"

/* Laid out by hand: the formatter would tear the statements apart. */
/* clang-format off */
static const char board_sql[] =
    "SELECT mac, chip, " UTC("first_seen_utc") ", revision, flash_id, flash_bytes"
    " FROM espstation.board AS b WHERE " BASE_MAC("b.mac") " = " BASE_MAC("$1::text")
    " AND (b.mac = $1 OR length(b.mac) = 17 OR length($1) = 17) ORDER BY first_seen_utc LIMIT 1";

static const char runs_sql[] =
    "SELECT r.id, " UTC("r.started_utc") ", " UTC("r.ended_utc") ", r.duration_ms, r.verdict,"
    " r.code, r.sentence, r.hint, r.board_state, r.app_text, r.slot, r.port, r.operator, l.name,"
    " s.name, p.tool_version, c.name, c.version, c.sha256, r.rework_of, r.rework_reason,"
    " r.record, r.run_utc, r.rework_elsewhere FROM " BOARDS " AS b"
    " JOIN espstation.run AS r ON r.record = b.record AND r.board = b.id"
    " JOIN espstation.record AS o ON o.id = r.record"
    " JOIN espstation.station AS s ON s.id = o.station"
    " LEFT JOIN " AS_SEEN("process", "t.id, t.tool_version") " AS p"
    "  ON p.record = r.record AND p.id = r.process"
    " LEFT JOIN " AS_SEEN("recipe", "t.id, t.name, t.version, t.sha256") " AS c"
    "  ON c.record = r.record AND c.id = r.recipe"
    " LEFT JOIN " AS_SEEN("lot", "t.id, t.name") " AS l ON l.record = r.record AND l.id = r.lot"
    " ORDER BY r.run_utc, r.record, r.id";

/* $1 the record, $2 the run, $3 its run_utc, which leads to one part of each table. */
static const char attempts_sql[] =
    "SELECT a.id, a.number, " UTC("a.started_utc") ", a.duration_ms, a.baud, a.bytes_written,"
    " a.wire_bytes, a.reset, " LOADER_SHOWN ", a.phase, a.code, a.sentence, a.hint, a.board_state,"
    " a.baud_asked, a.baud_why, a.write_mode, a.round_trips"
#define TIMING(version, name, sentence) ", a." #name "_ms"
#include "db/store/timing_list.h"
    " FROM espstation.attempt AS a WHERE a.record = $1 AND a.run = $2 AND a.run_utc = $3"
    " ORDER BY a.number";

/* $2 the attempt. */
static const char digests_sql[] =
    "SELECT i.file, i.\"offset\", i.size_bytes, d.skipped_bytes, d.expected_md5, d.read_md5,"
    " d.written_md5, d.written_sha256, 0 AS unit, i.number FROM espstation.digest AS d"
    " JOIN " AS_SEEN("image", "t.id, t.file, t.number, t.\"offset\", t.size_bytes") " AS i"
    "  ON i.record = d.record AND i.id = d.image"
    " WHERE d.record = $1 AND d.attempt = $2 AND d.run_utc = $3"
    " UNION ALL SELECT 'unit: ' || place, \"offset\", size_bytes, skipped_bytes, expected_md5,"
    " read_md5, written_md5, written_sha256, 1, number FROM espstation.unit_digest"
    " WHERE record = $1 AND attempt = $2 AND run_utc = $3 ORDER BY unit, number";

/* Also those that were made in a record that goes on behind the run. */
static const char corrections_sql[] =
    "SELECT " UTC("k.made_utc") ", k.operator, k.reason, k.host, k.verdict"
    " FROM espstation.run AS r JOIN espstation.lineage AS y ON y.ancestor = r.record"
    " AND r.link <= y.upto JOIN espstation.correction AS k ON k.record = y.record AND k.run = r.id"
    " WHERE r.record = $1 AND r.id = $2 AND r.run_utc = $3 ORDER BY k.made_utc, k.id";

static const char burns_sql[] =
    "SELECT number, attempt, stage, block, fuses, outcome, words, proof, sentence, person, "
    UTC("made_utc") " FROM espstation.burn WHERE record = $1 AND run = $2 ORDER BY number";

static const char units_sql[] =
    "SELECT u.record, u.id, u.serial, " UTC("u.taken_utc") ", u.run, " UTC("n.made_utc")
    ", n.operator, n.reason FROM " BOARDS " AS b"
    " JOIN espstation.unit AS u ON u.record = b.record AND u.board = b.id"
    " LEFT JOIN espstation.lineage AS y ON y.ancestor = u.record AND u.link <= y.upto"
    "  AND EXISTS (SELECT 1 FROM espstation.unit_released AS x WHERE x.record = y.record"
    "  AND x.id = u.id)"
    " LEFT JOIN espstation.unit_released AS x ON x.record = y.record AND x.id = u.id"
    " LEFT JOIN espstation.unit_decision AS n ON n.record = x.record AND n.id = x.decision"
    " ORDER BY u.taken_utc, u.record, u.id";

static const char values_sql[] =
    "SELECT name, text, sha256, source FROM espstation.unit_value"
    " WHERE record = $1 AND unit = $2 ORDER BY id";

static const char mac_sql[] =
    "SELECT b.mac FROM espstation.unit AS u JOIN " AS_SEEN("board", "t.id, t.mac") " AS b"
    " ON b.record = u.record AND b.id = u.board WHERE u.serial = $1"
    " ORDER BY EXISTS (SELECT 1 FROM espstation.lineage AS y JOIN espstation.unit_released AS x"
    "  ON x.record = y.record AND x.id = u.id WHERE y.ancestor = u.record AND u.link <= y.upto),"
    " u.taken_utc DESC LIMIT 1";
/* clang-format on */

/* ---- Rows to structs ---- */

static const char *text(const PGresult *r, int row, int column)
{
    return PQgetisnull(r, row, column) ? NULL : PQgetvalue(r, row, column);
}

static int64_t number_or(const PGresult *r, int row, int column, int64_t unknown)
{
    return PQgetisnull(r, row, column) ? unknown : strtoll(PQgetvalue(r, row, column), NULL, 10);
}

static bool taken(bool by_callback, struct err *e)
{
    return by_callback ? true : err_set(e, ERR_STATION, "The reader of the history gave up");
}

static struct db_run_row run_row(const PGresult *r, int i, int attempts)
{
    return (struct db_run_row){
        .run_id = number_or(r, i, 0, 0),
        .started_utc = text(r, i, 1),
        .ended_utc = text(r, i, 2),
        .duration_ms = number_or(r, i, 3, -1),
        .verdict = text(r, i, 4),
        .code = text(r, i, 5),
        .sentence = text(r, i, 6),
        .hint = text(r, i, 7),
        .board_state = text(r, i, 8),
        .app_text = text(r, i, 9),
        .slot = (int)number_or(r, i, 10, 0),
        .port = text(r, i, 11),
        .operator_name = text(r, i, 12),
        .lot = text(r, i, 13),
        .host = text(r, i, 14),
        .tool_version = text(r, i, 15),
        .recipe = text(r, i, 16),
        .recipe_version = text(r, i, 17),
        .recipe_sha256 = text(r, i, 18),
        .attempt_count = attempts,
        .rework_of = number_or(r, i, 19, 0),
        .rework_reason = text(r, i, 20),
        .rework_elsewhere = text(r, i, 23),
    };
}

static struct db_attempt_row attempt_row(const PGresult *r, int i)
{
    return (struct db_attempt_row){
        .number = (int)number_or(r, i, 1, 0),
        .started_utc = text(r, i, 2),
        .duration_ms = number_or(r, i, 3, 0),
        .baud = number_or(r, i, 4, 0),
        .bytes_written = number_or(r, i, 5, 0),
        .wire_bytes = number_or(r, i, 6, 0),
        .reset = text(r, i, 7),
        .loader = text(r, i, 8),
        .phase = text(r, i, 9),
        .code = text(r, i, 10),
        .sentence = text(r, i, 11),
        .hint = text(r, i, 12),
        .board_state = text(r, i, 13),
        .baud_asked = number_or(r, i, 14, 0),
        .baud_why = text(r, i, 15),
        .write_mode = text(r, i, 16),
        .round_trips = number_or(r, i, 17, -1),
        .timing =
            (struct db_timing){
#define TIMING(version, name, sentence) .name##_ms = number_or(r, i, 18 + TIMING_##name, -1),
#include "db/store/timing_list.h"
            },
    };
}

static struct db_digest_row digest_row(const PGresult *r, int i)
{
    return (struct db_digest_row){
        .file = text(r, i, 0),
        .offset = number_or(r, i, 1, 0),
        .size_bytes = number_or(r, i, 2, 0),
        .skipped_bytes = number_or(r, i, 3, 0),
        .expected_md5 = text(r, i, 4),
        .read_md5 = text(r, i, 5),
        .written_md5 = text(r, i, 6),
        .written_sha256 = text(r, i, 7),
    };
}

/* ---- Reading ---- */

static bool send_digests(struct fleet *f, const char *record, const char *attempt,
                         const char *run_utc, const struct db_history_sink *sink, struct err *e)
{
    const char *const values[] = { record, attempt, run_utc };
    PGresult *const r = pg_ask(f, digests_sql, values, 3, e);
    bool ok = r != NULL;
    for (int i = 0; ok && i < PQntuples(r); i++) {
        const struct db_digest_row row = digest_row(r, i);
        ok = taken(sink->digest(sink->ctx, &row), e);
    }
    PQclear(r);
    return ok;
}

static bool send_attempts(struct fleet *f, const PGresult *attempts, const char *const values[3],
                          const struct db_history_sink *sink, struct err *e)
{
    bool ok = true;
    for (int i = 0; ok && sink->attempt && i < PQntuples(attempts); i++) {
        const struct db_attempt_row row = attempt_row(attempts, i);
        ok = taken(sink->attempt(sink->ctx, &row), e) &&
             (!sink->digest ||
              send_digests(f, values[0], PQgetvalue(attempts, i, 0), values[2], sink, e));
    }
    return ok;
}

static bool send_corrections(struct fleet *f, const char *const values[3],
                             const struct db_history_sink *sink, struct err *e)
{
    if (!sink->correction)
        return true;
    PGresult *const r = pg_ask(f, corrections_sql, values, 3, e);
    bool ok = r != NULL;
    for (int i = 0; ok && i < PQntuples(r); i++) {
        const struct db_correction_row row = { .made_utc = text(r, i, 0),
                                               .operator_name = text(r, i, 1),
                                               .reason = text(r, i, 2),
                                               .host = text(r, i, 3),
                                               .verdict = text(r, i, 4) };
        ok = taken(sink->correction(sink->ctx, &row), e);
    }
    PQclear(r);
    return ok;
}

static struct db_burn_row burn_row(const PGresult *r, int i)
{
    return (struct db_burn_row){
        .number = (int)number_or(r, i, 0, 0),
        .attempt = (int)number_or(r, i, 1, 0),
        .stage = text(r, i, 2),
        .block = (int)number_or(r, i, 3, 0),
        .fuses = text(r, i, 4),
        .outcome = text(r, i, 5),
        .words = text(r, i, 6),
        .proof = text(r, i, 7),
        .sentence = text(r, i, 8),
        .person = text(r, i, 9),
        .made_utc = text(r, i, 10),
    };
}

static bool send_burns(struct fleet *f, const char *const values[3],
                       const struct db_history_sink *sink, struct err *e)
{
    if (!sink->burn)
        return true;
    PGresult *const r = pg_ask(f, burns_sql, values, 2, e);
    bool ok = r != NULL;
    for (int i = 0; ok && i < PQntuples(r); i++) {
        const struct db_burn_row row = burn_row(r, i);
        ok = taken(sink->burn(sink->ctx, &row), e);
    }
    PQclear(r);
    return ok;
}

static bool send_run(struct fleet *f, const PGresult *runs, int i,
                     const struct db_history_sink *sink, struct err *e)
{
    const char *const values[3] = { text(runs, i, 21), text(runs, i, 0), text(runs, i, 22) };
    PGresult *const attempts = pg_ask(f, attempts_sql, values, 3, e);
    if (!attempts)
        return false;
    const struct db_run_row row = run_row(runs, i, PQntuples(attempts));
    const bool ok = taken(sink->run(sink->ctx, &row), e) &&
                    send_attempts(f, attempts, values, sink, e) && send_burns(f, values, sink, e) &&
                    send_corrections(f, values, sink, e);
    PQclear(attempts);
    return ok;
}

static bool send_runs(struct fleet *f, const char *mac, const struct db_history_sink *sink,
                      struct err *e)
{
    PGresult *const r = pg_ask(f, runs_sql, &mac, 1, e);
    bool ok = r != NULL;
    for (int i = 0; ok && i < PQntuples(r); i++)
        ok = send_run(f, r, i, sink, e);
    PQclear(r);
    return ok;
}

/* *found: there is one. */
static bool send_board(struct fleet *f, const char *mac, const struct db_history_sink *sink,
                       bool *found, struct err *e)
{
    PGresult *const r = pg_ask(f, board_sql, &mac, 1, e);
    bool ok = r != NULL;
    *found = ok && PQntuples(r) > 0;
    if (*found) {
        const struct db_board_row row = { .mac = text(r, 0, 0),
                                          .chip = text(r, 0, 1),
                                          .first_seen_utc = text(r, 0, 2),
                                          .revision = (int)number_or(r, 0, 3, -1),
                                          .flash_id = number_or(r, 0, 4, -1),
                                          .flash_bytes = number_or(r, 0, 5, 0) };
        ok = taken(sink->board(sink->ctx, &row), e);
    }
    PQclear(r);
    return ok;
}

bool fleet_history(struct fleet *f, const char *mac, const struct db_history_sink *sink,
                   struct err *e)
{
    char form[DB_MAC_CAP];
    bool found = false;
    if (!db_mac_normalise(mac, form, e) ||
        !pg_run(f, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", e))
        return false;
    const bool ok = send_board(f, form, sink, &found, e) && (!found || send_runs(f, form, sink, e));
    pg_roll_back(f);
    return ok;
}

/* ---- Units ---- */

static bool send_values(struct fleet *f, const PGresult *units, int i,
                        const struct db_unit_sink *sink, struct err *e)
{
    const char *const values[] = { text(units, i, 0), text(units, i, 1) };
    PGresult *const r = pg_ask(f, values_sql, values, 2, e);
    bool ok = r != NULL;
    for (int k = 0; ok && k < PQntuples(r); k++) {
        const struct db_unit_value_row row = { text(r, k, 0), text(r, k, 1), text(r, k, 2),
                                               text(r, k, 3) };
        ok = taken(sink->value(sink->ctx, &row), e);
    }
    PQclear(r);
    return ok;
}

bool fleet_units(struct fleet *f, const char *mac, const struct db_unit_sink *sink, struct err *e)
{
    PGresult *const r = pg_ask(f, units_sql, &mac, 1, e);
    bool ok = r != NULL;
    for (int i = 0; ok && i < PQntuples(r); i++) {
        const struct db_unit_row row = { .mac = mac,
                                         .serial = text(r, i, 2),
                                         .taken_utc = text(r, i, 3),
                                         .run_id = number_or(r, i, 4, 0),
                                         .released_utc = text(r, i, 5),
                                         .released_by = text(r, i, 6),
                                         .reason = text(r, i, 7) };
        ok = taken(sink->unit(sink->ctx, &row), e) &&
             (!sink->value || send_values(f, r, i, sink, e));
    }
    PQclear(r);
    return ok;
}

bool fleet_mac_of(struct fleet *f, const char *serial, char mac[static DB_MAC_CAP], struct err *e)
{
    return pg_text(f, mac_sql, &serial, 1, mac, DB_MAC_CAP, e);
}
