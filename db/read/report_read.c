/* The rows of a report, one statement for each kind. Prepared when asked for: most handles never
 * are. */
#include "db/read/report_read.h"

#include "db/proof/checkpoint_priv.h"
#include "db/store/column.h"
#include "db/store/connect.h"
#include "db/store/fail.h"
#include "db/store/handle.h"
#include "db/store/phrases.h"
#include "db/store/turn.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define EFFECTIVE EFFECTIVE_VERDICT("r")
#define PASSED    "(r.verdict = 'PASS' AND " EFFECTIVE " = 'PASS')"
/* When a run was over; nobody saw the end of an interrupted one. */
#define OVER_UTC "coalesce(r.ended_utc, r.started_utc)"
#define OF_LOT   "run AS r INDEXED BY run_lot"
#define LAST_ATTEMPT(column)                                                                       \
    "(SELECT a." column " FROM attempt AS a WHERE a.run = r.id ORDER BY a.number DESC LIMIT 1)"

/* Laid out by hand: the formatter would tear the statements apart. */
/* clang-format off */
#define BOARD_COLUMNS                                                                              \
    EFFECTIVE ", r.verdict, r.code, r.sentence, r.id,"                                             \
    " (SELECT count(*) FROM attempt AS a WHERE a.run = r.id), r.duration_ms, "                     \
    LAST_ATTEMPT("baud") ", " LAST_ATTEMPT("baud_asked") ", r.slot, r.port, " OVER_UTC             \
    ", (SELECT u.serial || iif(u.released IS NULL, '', ' (released)') FROM unit AS u"              \
    " WHERE " UNIT_OF_RUN("u") " AND u.serial IS NOT NULL"                                         \
    " ORDER BY u.id DESC LIMIT 1)"

static const char summary_sql[] =
    "SELECT min(r.started_utc), max(iif(r.verdict IS NULL, NULL, " OVER_UTC ")),"
    " count(DISTINCT iif(r.verdict IS NULL, NULL, substr(" OVER_UTC ", 1, 13))),"
    " count(DISTINCT r.recipe), min(r.recipe) FROM " OF_LOT " WHERE r.lot = ?1";

static const char busiest_sql[] =
    "SELECT substr(" OVER_UTC ", 1, 13), sum(" PASSED ") FROM " OF_LOT
    " WHERE r.lot = ?1 AND r.verdict IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 1";

static const char recipe_sql[] =
    "SELECT name, version, chip FROM recipe WHERE id = ?1";

static const char link_sql[] =
    "SELECT id, sha256 FROM link ORDER BY id DESC LIMIT 1";

/* Also the recipe that a lot without runs is bound to. */
#define LOT_RECIPES                                                                                \
    "(SELECT recipe, count(*) AS runs FROM run INDEXED BY run_lot WHERE lot = ?1 GROUP BY recipe"  \
    " UNION ALL SELECT l.recipe, 0 FROM lot AS l WHERE l.id = ?1 AND l.recipe IS NOT NULL"         \
    "  AND NOT EXISTS (SELECT 1 FROM run AS o INDEXED BY run_lot WHERE o.lot = l.id"               \
    "  AND o.recipe = l.recipe))"

static const char recipes_sql[] =
    "SELECT c.id, c.name, c.version, c.chip, c.sha256, c.plan_sha256, u.runs,"
    " (SELECT count(*) FROM image AS i WHERE i.recipe = c.id)"
    " FROM " LOT_RECIPES " AS u JOIN recipe AS c ON c.id = u.recipe ORDER BY c.id";

static const char images_sql[] =
    "SELECT c.name, c.version, i.file, i.offset, i.size_bytes, i.sha256, i.md5, i.app_project,"
    " i.app_version FROM " LOT_RECIPES " AS u JOIN recipe AS c ON c.id = u.recipe"
    " JOIN image AS i ON i.recipe = c.id ORDER BY c.id, i.number";

static const char periods_sql[] =
    "SELECT substr(" OVER_UTC ", 1, ?2), sum(" PASSED "), sum(NOT " PASSED ") FROM " OF_LOT
    " WHERE r.lot = ?1 AND r.verdict IS NOT NULL GROUP BY 1 ORDER BY 1";

static const char stations_sql[] =
    "SELECT s.host, s.tool_version, r.operator, count(*), sum(" PASSED ") FROM " OF_LOT
    " JOIN station AS s ON s.id = r.station WHERE r.lot = ?1 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3";

static const char boards_sql[] =
    "WITH u AS MATERIALIZED (SELECT r.board AS board, min(r.id) AS first, count(*) AS runs,"
    " max(r.id) AS latest, max(iif(r.verdict = 'FAIL' AND r.code IN ('duplicate', 'quota',"
    " 'lease'), NULL, r.id)) AS last FROM " OF_LOT " WHERE r.lot = ?1 AND r.board IS NOT NULL"
    " AND r.verdict IS NOT NULL GROUP BY r.board)"
    " SELECT b.mac, u.runs, " BOARD_COLUMNS " FROM u"
    " CROSS JOIN run AS r ON r.id = coalesce(u.last, u.latest)"
    " CROSS JOIN board AS b ON b.id = u.board ORDER BY u.first";

static const char nameless_sql[] =
    "SELECT NULL, 1, " BOARD_COLUMNS " FROM " OF_LOT " WHERE r.lot = ?1 AND r.board IS NULL"
    " AND r.verdict IS NOT NULL ORDER BY r.id";

static const char burns_sql[] =
    "SELECT x.stage, x.fuses, x.outcome, x.person, count(DISTINCT r.board), count(*)"
    " FROM " OF_LOT " JOIN burn AS x ON x.run = r.id"
    " WHERE r.lot = ?1 AND x.outcome NOT IN ('found', 'started', 'unproved')"
    " GROUP BY x.stage, x.fuses, x.outcome, x.person ORDER BY min(x.number), min(x.id)";

static const char changes_sql[] =
    "SELECT r.id, b.mac, k.made_utc, k.operator, k.host, k.reason, r.verdict, k.verdict, 0, 0,"
    " " MADE_AFTER_CLOSING ", NULL FROM correction AS k CROSS JOIN run AS r ON r.id = k.run"
    " LEFT JOIN board AS b ON b.id = r.board WHERE r.lot = ?1"
    " UNION ALL SELECT r.id, b.mac, r.started_utc, r.operator, s.host, r.rework_reason, r.verdict,"
    " NULL, 1, r.rework_of, 0, r.rework_elsewhere FROM " OF_LOT
    " JOIN station AS s ON s.id = r.station LEFT JOIN board AS b ON b.id = r.board"
    " WHERE r.lot = ?1 AND"
    " coalesce(r.rework_of, r.rework_elsewhere) IS NOT NULL ORDER BY 3, 1";

static const char checkpoint_sql[] =
    "SELECT p.text, p.signature, k.sha256, l.name, (SELECT count(*) FROM correction AS k"
    " JOIN run AS r ON r.id = k.run WHERE r.lot = ?1 AND " MADE_AFTER_CLOSING ")"
    " FROM checkpoint AS p"
    " JOIN lot AS l ON l.id = p.lot LEFT JOIN link AS k ON k.id = p.link WHERE p.lot = ?1";
/* clang-format on */

/* ---- Rows ---- */

/* Takes a row; false: the reader gave up. */
typedef bool take_row(void *ctx, sqlite3_stmt *s);

/* A statement about one lot, row by row. `more` is its second value, where it has one. */
static bool each_row_locked(struct db *db, const char *sql, int64_t id, int more, take_row *take,
                            void *ctx, struct err *e)
{
    sqlite3_stmt *s = NULL;
    int rc = SQLITE_ROW;
    if (sqlite3_prepare_v2(db->sql, sql, -1, &s, NULL) != SQLITE_OK)
        return db_fail(db, e);
    sqlite3_bind_int64(s, 1, id);
    if (sqlite3_bind_parameter_count(s) > 1)
        sqlite3_bind_int(s, 2, more);
    bool taken = true;
    while (taken && (rc = sqlite3_step(s)) == SQLITE_ROW)
        taken = take(ctx, s);
    bool ok = taken && rc == SQLITE_DONE;
    if (!taken)
        err_set(e, ERR_STATION, "The reader of the report gave up");
    else if (!ok)
        db_fail(db, e);
    sqlite3_finalize(s);
    return ok;
}

static bool each_row(struct db *db, const char *sql, int64_t lot_id, int more, take_row *take,
                     const struct db_report_sink *sink, struct err *e)
{
    struct db_report_sink to = *sink;
    return db_begin_read(db, e) &&
           db_finish(db, each_row_locked(db, sql, lot_id, more, take, &to, e), e) &&
           db_still_the_same(db, e);
}

/* ---- The lot as a whole ---- */

struct summing {
    struct db_report_summary *to;
    int64_t recipe_id;
};

static bool take_summary(void *ctx, sqlite3_stmt *s)
{
    struct summing *x = ctx;
    column_copy(s, 0, x->to->first_utc, sizeof x->to->first_utc);
    column_copy(s, 1, x->to->last_utc, sizeof x->to->last_utc);
    x->to->hours = sqlite3_column_int64(s, 2);
    x->to->recipes = sqlite3_column_int64(s, 3);
    x->recipe_id = x->to->recipes == 1 ? sqlite3_column_int64(s, 4) : 0;
    return true;
}

static bool take_busiest(void *ctx, sqlite3_stmt *s)
{
    struct summing *x = ctx;
    column_copy(s, 0, x->to->busiest_utc, sizeof x->to->busiest_utc);
    x->to->busiest_passed = sqlite3_column_int64(s, 1);
    return true;
}

static bool take_one_recipe(void *ctx, sqlite3_stmt *s)
{
    struct summing *x = ctx;
    column_copy(s, 0, x->to->recipe, sizeof x->to->recipe);
    column_copy(s, 1, x->to->recipe_version, sizeof x->to->recipe_version);
    column_copy(s, 2, x->to->chip, sizeof x->to->chip);
    return true;
}

static bool take_link(void *ctx, sqlite3_stmt *s)
{
    struct summing *x = ctx;
    x->to->link = sqlite3_column_int64(s, 0);
    column_copy(s, 1, x->to->link_sha256, sizeof x->to->link_sha256);
    return true;
}

static bool summarize_locked(struct db *db, int64_t lot_id, struct summing *x, struct err *e)
{
    return each_row_locked(db, summary_sql, lot_id, 0, take_summary, x, e) &&
           each_row_locked(db, busiest_sql, lot_id, 0, take_busiest, x, e) &&
           each_row_locked(db, recipe_sql, x->recipe_id, 0, take_one_recipe, x, e) &&
           each_row_locked(db, link_sql, 0, 0, take_link, x, e);
}

bool db_report_summary(struct db *reader, int64_t lot_id, struct db_report_summary *summary,
                       struct err *e)
{
    struct summing x = { .to = summary };
    *summary = (struct db_report_summary){ 0 };
    return db_begin_read(reader, e) &&
           db_finish(reader, summarize_locked(reader, lot_id, &x, e), e) &&
           db_still_the_same(reader, e);
}

/* ---- What streams ---- */

static bool take_recipe(void *ctx, sqlite3_stmt *s)
{
    const struct db_report_sink *sink = ctx;
    const struct db_report_recipe row = {
        .id = sqlite3_column_int64(s, 0),
        .name = column_text(s, 1),
        .version = column_text(s, 2),
        .chip = column_text(s, 3),
        .sha256 = column_text(s, 4),
        .plan_sha256 = column_text(s, 5),
        .runs = sqlite3_column_int64(s, 6),
        .images = sqlite3_column_int64(s, 7),
    };
    return sink->recipe(sink->ctx, &row);
}

static bool take_image(void *ctx, sqlite3_stmt *s)
{
    const struct db_report_sink *sink = ctx;
    const struct db_report_image row = {
        .recipe = column_text(s, 0),
        .recipe_version = column_text(s, 1),
        .file = column_text(s, 2),
        .offset = sqlite3_column_int64(s, 3),
        .size_bytes = sqlite3_column_int64(s, 4),
        .sha256 = column_text(s, 5),
        .md5 = column_text(s, 6),
        .app_project = column_text(s, 7),
        .app_version = column_text(s, 8),
    };
    return sink->image(sink->ctx, &row);
}

static bool take_period(void *ctx, sqlite3_stmt *s)
{
    const struct db_report_sink *sink = ctx;
    const struct db_report_period row = {
        .utc = column_text(s, 0),
        .passed = sqlite3_column_int64(s, 1),
        .others = sqlite3_column_int64(s, 2),
    };
    return sink->period(sink->ctx, &row);
}

static bool take_station(void *ctx, sqlite3_stmt *s)
{
    const struct db_report_sink *sink = ctx;
    const struct db_report_station row = {
        .host = column_text(s, 0),
        .tool_version = column_text(s, 1),
        .operator_name = column_text(s, 2),
        .runs = sqlite3_column_int64(s, 3),
        .passed = sqlite3_column_int64(s, 4),
    };
    return sink->station(sink->ctx, &row);
}

static bool take_board(void *ctx, sqlite3_stmt *s)
{
    const struct db_report_sink *sink = ctx;
    const char *verdict = column_text(s, 2), *own = column_text(s, 3);
    const struct db_report_board row = {
        .mac = column_text(s, 0),
        .runs = sqlite3_column_int64(s, 1),
        .verdict = verdict,
        .taken_back = strcmp(own, "PASS") == 0 && strcmp(verdict, "PASS") != 0,
        .code = column_text(s, 4),
        .sentence = column_text(s, 5),
        .run_id = sqlite3_column_int64(s, 6),
        .attempts = sqlite3_column_int64(s, 7),
        .duration_ms = column_number_or(s, 8, -1),
        .baud = column_number_or(s, 9, 0),
        .baud_asked = column_number_or(s, 10, 0),
        .slot = sqlite3_column_int(s, 11),
        .port = column_text(s, 12),
        .ended_utc = column_text(s, 13),
        .serial = column_text(s, 14),
    };
    return sink->board(sink->ctx, &row);
}

static bool take_change(void *ctx, sqlite3_stmt *s)
{
    const struct db_report_sink *sink = ctx;
    const struct db_report_change row = {
        .run_id = sqlite3_column_int64(s, 0),
        .mac = column_text(s, 1),
        .made_utc = column_text(s, 2),
        .operator_name = column_text(s, 3),
        .host = column_text(s, 4),
        .reason = column_text(s, 5),
        .own_verdict = column_text(s, 6),
        .verdict = column_text(s, 7),
        .rework = sqlite3_column_int(s, 8) != 0,
        .rework_of = sqlite3_column_int64(s, 9),
        .after_closing = sqlite3_column_int(s, 10) != 0,
        .rework_elsewhere = column_text(s, 11),
    };
    return sink->change(sink->ctx, &row);
}

static bool take_burn(void *ctx, sqlite3_stmt *s)
{
    const struct db_report_sink *sink = ctx;
    const struct db_report_burn row = {
        .stage = column_text(s, 0),
        .fuses = column_text(s, 1),
        .outcome = column_text(s, 2),
        .person = column_text(s, 3),
        .boards = sqlite3_column_int64(s, 4),
        .burns = sqlite3_column_int64(s, 5),
    };
    return sink->burn(sink->ctx, &row);
}

bool db_report_recipes(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                       struct err *e)
{
    return each_row(reader, recipes_sql, lot_id, 0, take_recipe, sink, e);
}

bool db_report_images(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                      struct err *e)
{
    return each_row(reader, images_sql, lot_id, 0, take_image, sink, e);
}

bool db_report_periods(struct db *reader, int64_t lot_id, int utc_chars,
                       const struct db_report_sink *sink, struct err *e)
{
    return each_row(reader, periods_sql, lot_id, utc_chars, take_period, sink, e);
}

bool db_report_stations(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                        struct err *e)
{
    return each_row(reader, stations_sql, lot_id, 0, take_station, sink, e);
}

bool db_report_boards(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                      struct err *e)
{
    return each_row(reader, boards_sql, lot_id, 0, take_board, sink, e);
}

bool db_report_nameless(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                        struct err *e)
{
    return each_row(reader, nameless_sql, lot_id, 0, take_board, sink, e);
}

bool db_report_burns(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                     struct err *e)
{
    return each_row(reader, burns_sql, lot_id, 0, take_burn, sink, e);
}

bool db_report_changes(struct db *reader, int64_t lot_id, const struct db_report_sink *sink,
                       struct err *e)
{
    return each_row(reader, changes_sql, lot_id, 0, take_change, sink, e);
}

/* ---- The signed end ---- */

/* Not more than its own signature and link: that nothing else was changed is for db_audit. */
static bool take_checkpoint(void *ctx, sqlite3_stmt *s)
{
    struct db_report_checkpoint *to = ctx;
    struct checkpoint_said said;
    const char *body = column_text(s, 0), *signature = column_text(s, 1),
               *sha256 = column_text(s, 2);
    const char *lot = column_text(s, 3);
    checkpoint_join(body, signature, to->text);
    to->signature_fits = checkpoint_read(body, signature, &said);
    to->record_fits = sha256 && strcmp(said.sha256, sha256) == 0 && strcmp(said.lot, lot) == 0;
    snprintf(to->public_key, sizeof to->public_key, "%s", said.public_key);
    to->later_corrections = sqlite3_column_int64(s, 4);
    return true;
}

bool db_report_checkpoint(struct db *reader, int64_t lot_id,
                          struct db_report_checkpoint *checkpoint, struct err *e)
{
    *checkpoint = (struct db_report_checkpoint){ 0 };
    return db_begin_read(reader, e) &&
           db_finish(
               reader,
               each_row_locked(reader, checkpoint_sql, lot_id, 0, take_checkpoint, checkpoint, e),
               e) &&
           db_still_the_same(reader, e);
}
