/*
 * The tables of the record, as the statements that lead from one version to the next.
 *
 * docs/record.md tells what each table holds, docs/audit.md what the chain is.
 *
 * Values. Times are UTC, ISO 8601, with milliseconds and Z, so that they sort as text. MACs are
 * lower case with colons. Digests are lower-case hex. verdict, loader and the shape of times, MACs
 * and digests are checked by the file. Words that grow with the program (code, phase, board_state,
 * reset) are not: a new one must not need a new schema. recipe.plan_sha256 is the SHA-256 of these
 * lines, each with a final newline: sha256 of the text; then per image "number offset size_bytes
 * sha256 md5 file".
 *
 * Nothing is lost or changed. Triggers refuse every DELETE, every UPDATE of what is finished, and
 * an INSERT OR REPLACE over an existing row (a program that has not switched recursive triggers on
 * would get past the DELETE trigger that way). Triggers stop accidents and tools; somebody who
 * drops them is found by the chain (chain.c, audit.c).
 *
 * Changing the schema: add an array version_7[] with the statements that lead from 6 to 7, a row to
 * schema_steps, and raise DB_SCHEMA_VERSION. New columns come by ALTER TABLE ADD COLUMN, nullable
 * and without a default, because rows that are linked already keep their form only where the new
 * column is NULL (forms.c, where each new column belongs). A new table that the chain binds gets a
 * kind of link (chain.c), or lines in the form of the row it belongs to. Steps run in one
 * transaction, after a copy of the file was made. A version that was released is never edited:
 * tests/data/record keeps a record of each, and db_grow.c brings them up. Add the one of the
 * version before.
 *
 * Indexes. Exports are read by start time, so each index that picks runs ends with started_utc: any
 * one filter gives its rows in order without sorting. run_pass answers "did this board pass before,
 * in this lot?" from the index alone, run_lot_passed and run_lot_open how full a lot is.
 */
#include "db/store/chain.h"
#include "db/store/phrases.h"
#include "db/store/schema.h"

#define UTC(column)                                                                                \
    "CHECK (" column " GLOB '[0-9][0-9][0-9][0-9]-[01][0-9]-[0-3][0-9]"                            \
    "T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9]Z')"
#define HEX(column, digits)                                                                        \
    "CHECK (length(" column ") = " digits " AND " column " NOT GLOB '*[^0-9a-f]*')"
#define KEPT(table)                                                                                \
    "CREATE TRIGGER " table "_kept BEFORE DELETE ON " table " BEGIN SELECT RAISE(ABORT, 'rows "    \
    "of " table " are never deleted'); "                                                           \
    "END"
#define FINAL(table)                                                                               \
    "CREATE TRIGGER " table "_final BEFORE UPDATE ON " table " BEGIN SELECT RAISE(ABORT, 'rows "   \
    "of " table " are never changed'); "                                                           \
    "END"
#define NOT_REPLACED(table, same)                                                                  \
    "CREATE TRIGGER " table "_not_replaced BEFORE INSERT ON " table                                \
    " WHEN EXISTS (SELECT 1 FROM " table " AS old WHERE " same ")"                                 \
    " BEGIN SELECT RAISE(ABORT, 'rows of " table " are never replaced'); END"

/* An UPDATE OF the columns, and one that clears a mark or moves it, are refused. */
#define ONLY_RELEASED(table, columns)                                                              \
    "CREATE TRIGGER " table "_final BEFORE UPDATE OF " columns " ON " table                        \
    " BEGIN SELECT RAISE(ABORT, 'rows of " table " are never changed'); END;"                      \
    "CREATE TRIGGER " table "_only_released BEFORE UPDATE ON " table " WHEN OLD.released IS NOT "  \
    "NULL OR NEW.released IS "                                                                     \
    "NULL"                                                                                         \
    " BEGIN SELECT RAISE(ABORT, 'a " table " may only be released, and only once'); END"

/* Laid out by hand: the formatter would tear the statements apart. */
/* clang-format off */
static const char *const version_1[] = {
    "CREATE TABLE station ("
    " id INTEGER PRIMARY KEY,"
    " host TEXT NOT NULL,"
    " boot_id TEXT NOT NULL," /* empty where the kernel gives none */
    " pid INTEGER NOT NULL,"
    " start_ticks INTEGER NOT NULL," /* field 22 of /proc/PID/stat; 0 if unknown */
    " tool_version TEXT NOT NULL,"
    " started_utc TEXT NOT NULL " UTC("started_utc") ","
    " ended_utc TEXT " UTC("ended_utc") /* NULL: runs, or was killed */
    ") STRICT",

    "CREATE TABLE recipe ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL,"
    " version TEXT,"
    " chip TEXT NOT NULL,"
    " text TEXT NOT NULL,"
    " sha256 TEXT NOT NULL " HEX("sha256", "64") ","
    " plan_sha256 TEXT NOT NULL UNIQUE " HEX("plan_sha256", "64") ","
    " added_utc TEXT NOT NULL " UTC("added_utc")
    ") STRICT",

    "CREATE TABLE image ("
    " id INTEGER PRIMARY KEY,"
    " recipe INTEGER NOT NULL REFERENCES recipe(id),"
    " number INTEGER NOT NULL CHECK (number >= 0),"
    " file TEXT NOT NULL,"
    " offset INTEGER NOT NULL CHECK (offset >= 0),"
    " size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),"
    " sha256 TEXT NOT NULL " HEX("sha256", "64") ","
    " md5 TEXT NOT NULL " HEX("md5", "32") ","
    " app_project TEXT," /* what the application says of itself; NULL: no descriptor */
    " app_version TEXT,"
    " app_elf_sha256 TEXT " HEX("app_elf_sha256", "64") ","
    " UNIQUE (recipe, number)"
    ") STRICT",

    "CREATE TABLE lot ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE CHECK (length(name) > 0),"
    " added_utc TEXT NOT NULL " UTC("added_utc")
    ") STRICT",

    "CREATE TABLE board ("
    " id INTEGER PRIMARY KEY,"
    " mac TEXT NOT NULL UNIQUE"
    "  CHECK (length(mac) IN (17, 23) AND mac NOT GLOB '*[^0-9a-f:]*'),"
    " chip TEXT NOT NULL,"
    " revision INTEGER," /* major * 100 + minor */
    " flash_id INTEGER,"
    " flash_bytes INTEGER,"
    " first_seen_utc TEXT NOT NULL " UTC("first_seen_utc")
    ") STRICT",

    "CREATE TABLE run ("
    " id INTEGER PRIMARY KEY,"
    " station INTEGER NOT NULL REFERENCES station(id),"
    " lot INTEGER REFERENCES lot(id),"
    " recipe INTEGER NOT NULL REFERENCES recipe(id),"
    " slot INTEGER NOT NULL CHECK (slot >= 1),"
    " port TEXT NOT NULL,"
    " operator TEXT,"
    " started_utc TEXT NOT NULL " UTC("started_utc") ","
    " board INTEGER REFERENCES board(id)," /* with seen_*: NULL until identified */
    " seen_chip TEXT,"
    " seen_revision INTEGER,"
    " seen_flash_id INTEGER,"
    " seen_flash_bytes INTEGER,"
    " ended_utc TEXT " UTC("ended_utc") "," /* NULL: open, or nobody was left to see the end */
    " duration_ms INTEGER,"
    " verdict TEXT CHECK (verdict IN ('PASS', 'FAIL', 'STOPPED', 'INTERRUPTED')),"
    " code TEXT,"
    " sentence TEXT,"
    " hint TEXT,"
    " board_state TEXT,"
    " app_text TEXT,"
    " CHECK (verdict IS NULL OR (code IS NOT NULL AND board_state IS NOT NULL"
    "  AND (verdict = 'INTERRUPTED' OR (ended_utc IS NOT NULL AND duration_ms IS NOT NULL)))),"
    " CHECK (verdict IS NOT 'PASS' OR board IS NOT NULL)"
    ") STRICT",

    "CREATE TABLE attempt ("
    " id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run(id),"
    " number INTEGER NOT NULL CHECK (number >= 1),"
    " started_utc TEXT NOT NULL " UTC("started_utc") ","
    " duration_ms INTEGER NOT NULL,"
    " baud INTEGER,"
    " reset TEXT,"
    " loader TEXT CHECK (loader IN ('rom', 'stub')),"
    " phase TEXT NOT NULL,"
    " code TEXT NOT NULL,"
    " sentence TEXT,"
    " hint TEXT,"
    " board_state TEXT NOT NULL,"
    " bytes_written INTEGER NOT NULL,"
    " wire_bytes INTEGER NOT NULL,"
    " UNIQUE (run, number)"
    ") STRICT",

    "CREATE TABLE digest ("
    " attempt INTEGER NOT NULL REFERENCES attempt(id),"
    " image INTEGER NOT NULL REFERENCES image(id),"
    " expected_md5 TEXT NOT NULL " HEX("expected_md5", "32") ","
    " read_md5 TEXT " HEX("read_md5", "32") ","
    " written_md5 TEXT " HEX("written_md5", "32") ","
    " written_sha256 TEXT " HEX("written_sha256", "64") ","
    " PRIMARY KEY (attempt, image)"
    ") STRICT, WITHOUT ROWID",

    "CREATE INDEX run_started ON run(started_utc)",
    "CREATE INDEX run_board ON run(board, started_utc)",
    "CREATE INDEX run_lot ON run(lot, started_utc)",
    "CREATE INDEX run_recipe ON run(recipe, started_utc)",
    "CREATE INDEX run_verdict ON run(verdict, started_utc)",
    "CREATE INDEX run_pass ON run(board, lot) WHERE verdict = 'PASS'",
    "CREATE INDEX recipe_name ON recipe(name)",
    "CREATE INDEX recipe_sha256 ON recipe(sha256)",

    KEPT("station"),
    KEPT("recipe"),
    KEPT("image"),
    KEPT("lot"),
    KEPT("board"),
    KEPT("run"),
    KEPT("attempt"),
    KEPT("digest"),

    FINAL("recipe"),
    FINAL("image"),
    FINAL("lot"),
    FINAL("board"),
    FINAL("attempt"),
    FINAL("digest"),

    NOT_REPLACED("station", "old.id = NEW.id"),
    NOT_REPLACED("recipe", "old.id = NEW.id OR old.plan_sha256 = NEW.plan_sha256"),
    NOT_REPLACED("image", "old.id = NEW.id"
                          " OR (old.recipe = NEW.recipe AND old.number = NEW.number)"),
    NOT_REPLACED("lot", "old.id = NEW.id OR old.name = NEW.name"),
    NOT_REPLACED("board", "old.id = NEW.id OR old.mac = NEW.mac"),
    NOT_REPLACED("run", "old.id = NEW.id"),
    NOT_REPLACED("attempt", "old.id = NEW.id OR (old.run = NEW.run AND old.number = NEW.number)"),
    NOT_REPLACED("digest", "old.attempt = NEW.attempt AND old.image = NEW.image"),

    "CREATE TRIGGER station_only_ends BEFORE UPDATE ON station"
    " WHEN OLD.ended_utc IS NOT NULL"
    "  OR (NEW.id, NEW.host, NEW.boot_id, NEW.pid, NEW.start_ticks, NEW.tool_version,"
    "      NEW.started_utc) IS NOT"
    "     (OLD.id, OLD.host, OLD.boot_id, OLD.pid, OLD.start_ticks, OLD.tool_version,"
    "      OLD.started_utc)"
    " BEGIN SELECT RAISE(ABORT, 'a station may only end, and only once'); END",

    "CREATE TRIGGER image_belongs_to_the_plan BEFORE INSERT ON image"
    " WHEN EXISTS (SELECT 1 FROM run WHERE recipe = NEW.recipe)"
    " BEGIN SELECT RAISE(ABORT, 'a recipe that was run gets no more images'); END",

    "CREATE TRIGGER run_starts_open BEFORE INSERT ON run WHEN NEW.verdict IS NOT NULL"
    " BEGIN SELECT RAISE(ABORT, 'a run starts open'); END",

    "CREATE TRIGGER run_closed_is_final BEFORE UPDATE ON run WHEN OLD.verdict IS NOT NULL"
    " BEGIN SELECT RAISE(ABORT, 'a closed run is never changed'); END",

    "CREATE TRIGGER run_keeps_its_start BEFORE UPDATE ON run"
    " WHEN (NEW.id, NEW.station, NEW.lot, NEW.recipe, NEW.slot, NEW.port, NEW.operator,"
    "       NEW.started_utc) IS NOT"
    "      (OLD.id, OLD.station, OLD.lot, OLD.recipe, OLD.slot, OLD.port, OLD.operator,"
    "       OLD.started_utc)"
    "  OR (OLD.board IS NOT NULL AND NEW.board IS NOT OLD.board)"
    " BEGIN SELECT RAISE(ABORT, 'what a run started with is never changed'); END",

    "CREATE TRIGGER attempt_of_an_open_run BEFORE INSERT ON attempt"
    " WHEN NOT EXISTS (SELECT 1 FROM run WHERE id = NEW.run AND verdict IS NULL)"
    " BEGIN SELECT RAISE(ABORT, 'an attempt belongs to an open run'); END",

    "CREATE TRIGGER digest_of_an_open_run BEFORE INSERT ON digest"
    " WHEN NOT EXISTS (SELECT 1 FROM attempt JOIN run ON run.id = attempt.run"
    "                  WHERE attempt.id = NEW.attempt AND run.verdict IS NULL)"
    " BEGIN SELECT RAISE(ABORT, 'a digest belongs to an attempt of an open run'); END",
};

/* What is new in version 2 may be NULL, for rows that were there before. The times of an attempt
 * come from timing_list.h, in each version. */
static const char *const version_2[] = {
    "ALTER TABLE attempt ADD COLUMN baud_asked INTEGER", /* the recipe's port.baud */
    "ALTER TABLE attempt ADD COLUMN baud_why TEXT"
    " CHECK (baud_why IN ('recipe', 'learned', 'stepped-down'))",
    "ALTER TABLE attempt ADD COLUMN write_mode TEXT CHECK (write_mode IN ('always', 'changed'))",
    "ALTER TABLE attempt ADD COLUMN round_trips INTEGER",

    /* of the image, not sent because the chip's MD5 proved them equal */
    "ALTER TABLE digest ADD COLUMN skipped_bytes INTEGER NOT NULL DEFAULT 0"
    " CHECK (skipped_bytes >= 0)",

    /* A lot that was opened by hand (opened_by) is flashed with one recipe: that of `recipe`, or of
     * its first run. */
    "ALTER TABLE lot ADD COLUMN quantity INTEGER CHECK (quantity >= 1)",
    "ALTER TABLE lot ADD COLUMN recipe INTEGER REFERENCES recipe(id)",
    "ALTER TABLE lot ADD COLUMN one_recipe INTEGER NOT NULL DEFAULT 0"
    " CHECK (one_recipe IN (0, 1))",
    "ALTER TABLE lot ADD COLUMN opened_by TEXT",

    /* A run in a lot with a quantity has a place from the gate on; unless it passes, the place is
     * free again with its verdict. */
    "ALTER TABLE run ADD COLUMN holds_place INTEGER NOT NULL DEFAULT 0"
    " CHECK (holds_place IN (0, 1))",
    "ALTER TABLE run ADD COLUMN rework_of INTEGER REFERENCES run(id)", /* its earlier PASS */
    "ALTER TABLE run ADD COLUMN rework_reason TEXT",

    "CREATE TABLE correction ("
    " id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run(id),"
    " verdict TEXT CHECK (verdict IN ('PASS', 'FAIL', 'INTERRUPTED'))," /* NULL: a note */
    " operator TEXT NOT NULL CHECK (length(operator) > 0),"
    " reason TEXT NOT NULL CHECK (length(reason) > 0),"
    " host TEXT NOT NULL," /* where it was made */
    " made_utc TEXT NOT NULL " UTC("made_utc")
    ") STRICT",

    /* The end of a lot: a signed text about all links up to `link`. */
    "CREATE TABLE checkpoint ("
    " id INTEGER PRIMARY KEY,"
    " lot INTEGER NOT NULL UNIQUE REFERENCES lot(id),"
    " link INTEGER NOT NULL REFERENCES link(id),"
    " closed_utc TEXT NOT NULL " UTC("closed_utc") ","
    " closed_by TEXT,"
    " text TEXT NOT NULL,"
    " signature TEXT NOT NULL" /* base64 */
    ") STRICT",

    /* The chain, in the order of id, without gaps; chain.c has the rule. */
    "CREATE TABLE link ("
    " id INTEGER PRIMARY KEY,"
    " kind TEXT NOT NULL CHECK (kind IN ('station', 'station-end', 'recipe', 'lot', 'board',"
    "  'run', 'correction', 'checkpoint')),"
    " row INTEGER NOT NULL," /* its id in that table */
    " form_sha256 TEXT NOT NULL " HEX("form_sha256", "64") ","
    " sha256 TEXT NOT NULL " HEX("sha256", "64") ","
    " UNIQUE (kind, row)"
    ") STRICT",

    "CREATE INDEX run_port ON run(port)",

    /* Statistics read these and hardly anything else: stats.c */
    "CREATE INDEX run_slot ON run(slot, started_utc)",
    "CREATE INDEX run_stats ON run(board, lot, id, slot, recipe, verdict, code, duration_ms,"
    " started_utc, seen_chip) WHERE verdict IS NOT NULL",
    "CREATE INDEX attempt_passed ON attempt(run, number, duration_ms, bytes_written, code)"
    " WHERE code = 'ok'",
    "CREATE INDEX attempt_slower ON attempt(run, baud_asked, baud, baud_why)"
    " WHERE baud < baud_asked OR baud_why = 'stepped-down'",

    /* The boards that count in a lot, and those that may. */
    "CREATE INDEX run_lot_passed ON run(lot, board) WHERE verdict = 'PASS'",
    "CREATE INDEX run_lot_open ON run(lot, board) WHERE verdict IS NULL",
    "CREATE INDEX correction_run ON correction(run)",

    /* For people: a line for each run, with the verdict after corrections. */
    "CREATE VIEW runs AS SELECT r.id AS run, r.started_utc, r.ended_utc,"
    " r.duration_ms / 1000.0 AS seconds,"
    " coalesce((SELECT k.verdict FROM correction AS k WHERE k.run = r.id"
    "  AND k.verdict IS NOT NULL ORDER BY k.id DESC LIMIT 1), r.verdict) AS verdict,"
    " r.verdict AS own_verdict, r.code, r.sentence, r.board_state, l.name AS lot, b.mac,"
    " r.seen_chip AS chip, r.slot, r.port, r.operator, c.name AS recipe,"
    " c.version AS recipe_version, c.plan_sha256, s.host,"
    " (SELECT count(*) FROM attempt AS a WHERE a.run = r.id) AS attempts,"
    " r.rework_of, r.rework_reason"
    " FROM run AS r JOIN station AS s ON s.id = r.station JOIN recipe AS c ON c.id = r.recipe"
    " LEFT JOIN lot AS l ON l.id = r.lot LEFT JOIN board AS b ON b.id = r.board",

    KEPT("correction"),
    KEPT("checkpoint"),
    KEPT("link"),
    FINAL("correction"),
    FINAL("checkpoint"),
    FINAL("link"),
    NOT_REPLACED("correction", "old.id = NEW.id"),
    NOT_REPLACED("checkpoint", "old.id = NEW.id OR old.lot = NEW.lot"),
    NOT_REPLACED("link", "old.id = NEW.id OR (old.kind = NEW.kind AND old.row = NEW.row)"),

    "CREATE TRIGGER run_in_an_open_lot BEFORE INSERT ON run"
    " WHEN EXISTS (SELECT 1 FROM checkpoint WHERE lot = NEW.lot)"
    " BEGIN SELECT RAISE(ABORT, 'a closed lot takes no more runs'); END",

    "CREATE TRIGGER correction_of_a_closed_run BEFORE INSERT ON correction"
    " WHEN NOT EXISTS (SELECT 1 FROM run WHERE id = NEW.run AND verdict IS NOT NULL)"
    " BEGIN SELECT RAISE(ABORT, 'a correction belongs to a closed run'); END",
};

/* A record that grows. */
static const char *const version_3[] = {
    /* the word of the locks beside the record: presence.h; NULL: an older program, or no lock */
    "ALTER TABLE station ADD COLUMN presence TEXT " HEX("presence", "32"),
    "DROP TRIGGER station_only_ends",
    "CREATE TRIGGER station_only_ends BEFORE UPDATE ON station"
    " WHEN OLD.ended_utc IS NOT NULL"
    "  OR (NEW.id, NEW.host, NEW.boot_id, NEW.pid, NEW.start_ticks, NEW.tool_version,"
    "      NEW.started_utc, NEW.presence) IS NOT"
    "     (OLD.id, OLD.host, OLD.boot_id, OLD.pid, OLD.start_ticks, OLD.tool_version,"
    "      OLD.started_utc, OLD.presence)"
    " BEGIN SELECT RAISE(ABORT, 'a station may only end, and only once'); END",

    /* The same links, but their kinds are no closed list any more: a new one must not need a new
     * table. chain.c knows them, and the audit names a link of none. */
    "CREATE TABLE link_3 ("
    " id INTEGER PRIMARY KEY,"
    " kind TEXT NOT NULL CHECK (length(kind) BETWEEN 1 AND 15 AND kind NOT GLOB '*[^a-z-]*'),"
    " row INTEGER NOT NULL," /* its id in that table */
    " form_sha256 TEXT NOT NULL " HEX("form_sha256", "64") ","
    " sha256 TEXT NOT NULL " HEX("sha256", "64") ","
    " UNIQUE (kind, row)"
    ") STRICT",
    "INSERT INTO link_3 SELECT id, kind, row, form_sha256, sha256 FROM link ORDER BY id",
    "DROP TABLE link",
    "ALTER TABLE link_3 RENAME TO link",
    KEPT("link"),
    FINAL("link"),
    NOT_REPLACED("link", "old.id = NEW.id OR (old.kind = NEW.kind AND old.row = NEW.row)"),

    "CREATE INDEX board_base ON board(" BASE_MAC("mac") ")",
};

static const char *const version_4[] = {
#include "db/store/act_list.h"
#include "db/store/golden_list.h"
#include "db/store/label_list.h"
#include "db/store/units_list.h"
};

static const char *const version_5[] = {
#include "db/store/burn_list.h"
#include "db/store/fast_list.h"
#include "db/store/lease_list.h"
};

static const char *const version_6[] = {
#include "db/store/lease_rows_list.h"
};
/* clang-format on */

#undef UTC
#undef HEX
#undef KEPT
#undef FINAL
#undef NOT_REPLACED
#undef ONLY_RELEASED

const struct schema_step schema_steps[DB_SCHEMA_VERSION] = {
    { version_1, sizeof version_1 / sizeof version_1[0], 0, NULL },
    /* the rows that are there get their links */
    { version_2, sizeof version_2 / sizeof version_2[0], 2, chain_begin_locked },
    { version_3, sizeof version_3 / sizeof version_3[0], 3, NULL },
    { version_4, sizeof version_4 / sizeof version_4[0], 0, NULL },
    { version_5, sizeof version_5 / sizeof version_5[0], 0, NULL },
    { version_6, sizeof version_6 / sizeof version_6[0], 6, NULL },
};
