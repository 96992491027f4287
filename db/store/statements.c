/* The statements of the record: one table, prepared in one loop and finalized in another. */
#include "db/store/statements.h"

#include "db/store/fail.h"
#include "db/store/forms.h"
#include "db/store/handle.h"
#include "db/store/phrases.h"

/* How many boards have passed in a lot, and how many more may: they hold a place. */
#define LOT_PASSED(lot_id)                                                                         \
    "(SELECT count(*) FROM (SELECT DISTINCT x.board FROM run AS x WHERE x.lot = " lot_id           \
    " AND x.verdict = 'PASS' AND " EFFECTIVE_VERDICT("x") " = 'PASS'))"
#define LOT_HELD(lot_id)                                                                           \
    "(SELECT count(*) FROM (SELECT DISTINCT coalesce(y.board, -y.id) FROM run AS y WHERE y.lot "   \
    "= " lot_id " AND y.verdict IS NULL AND y.holds_place = 1 AND NOT EXISTS (SELECT 1 FROM run "  \
    "AS x"                                                                                         \
    " WHERE x.lot = y.lot AND x.board = y.board AND x.verdict = 'PASS' AND " EFFECTIVE_VERDICT(    \
        "x") " = "                                                                                 \
             "'PAS"                                                                                \
             "S'))"                                                                                \
             ")"

/* Of a lease of places: used for good, and held by runs that go on. */
#define LEASE_USED(id)                                                                             \
    "(SELECT count(*) FROM (SELECT DISTINCT x.board FROM run AS x WHERE x.lease = " id             \
    " AND x.verdict = 'PASS' AND " EFFECTIVE_VERDICT("x") " = 'PASS'))"
#define LEASE_HELD(id)                                                                             \
    "(SELECT count(*) FROM run AS y WHERE y.lease = " id " AND y.verdict IS NULL)"

/* The next number of lease e of numbers, which may be behind its last; and how many of it went. */
#define LEASE_NEXT                                                                                 \
    "ifnull((SELECT max(i.number) + e.step FROM unit_item AS i WHERE i.source = 'counter'"         \
    " AND i.name = e.counter AND i.number BETWEEN e.first AND e.last), e.first)"
#define NUMBERS_USED "((" LEASE_NEXT " - e.first) / e.step)"

/* Of a lease e of rows: whether a board has row w, and how many of them boards have. */
#define ROW_USED                                                                                   \
    "EXISTS (SELECT 1 FROM unit_item AS i WHERE i.source = 'pool' AND i.name = e.pool"             \
    " AND i.sha256 = w.sha256 AND i.released IS NULL)"
#define ROWS_USED "(SELECT count(*) FROM lease_row AS w WHERE w.lease = e.id AND " ROW_USED ")"
#define ROWS_ALL  "(SELECT count(*) FROM lease_row AS w WHERE w.lease = e.id)"
#define LEASE_USES                                                                                 \
    "CASE e.kind WHEN 'places' THEN " LEASE_USED("e.id") " WHEN 'rows' THEN " ROWS_USED            \
                                                         " ELSE " NUMBERS_USED " END"
/* ...that may be used now: by the start of the computer, and what both clocks show. */
#define LEASE_LASTS(boot_id, boot_ms, utc)                                                         \
    "e.ended_utc IS NULL AND e.boot_id = " boot_id " AND e.until_boot_ms > " boot_ms               \
    " AND e.until_utc > " utc

/* The one recipe of lot l: bound when it was opened, or by its first run. */
#define LOT_RECIPE                                                                                 \
    "coalesce(l.recipe, CASE l.one_recipe WHEN 1 THEN (SELECT z.recipe FROM run AS z"              \
    " WHERE z.lot = l.id LIMIT 1) END)"

/* What station_of_row takes. */
#define STATION_ROW                                                                                \
    "s.id, s.ended_utc IS NOT NULL, s.host, s.boot_id, s.pid, s.start_ticks, s.presence"

/* The formatter cannot break SQL with phrases in it. */
/* clang-format off */
static const char *const texts[STMT_COUNT] = {
    [STMT_BEGIN_READ] = "BEGIN",
    /* Takes the write lock at once: waiting for it later could fail in the middle. */
    [STMT_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [STMT_COMMIT] = "COMMIT",
    [STMT_ROLLBACK] = "ROLLBACK",
    [STMT_SAVEPOINT] = "SAVEPOINT part",
    [STMT_RELEASE] = "RELEASE part",
    [STMT_UNDO] = "ROLLBACK TO part",

    [STMT_STATION_NEXT] = "SELECT ifnull(max(id), 0) + 1 FROM station",
    [STMT_STATION_ADD] = "INSERT INTO station (id, host, boot_id, pid, start_ticks, tool_version,"
                         " started_utc, presence) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [STMT_STATION_END] = "UPDATE station SET ended_utc = ? WHERE id = ?",
    [STMT_LATEST_START] = "SELECT max(started_utc) FROM run",
    [STMT_STATIONS_WITH_OPEN_RUNS] = "SELECT " STATION_ROW " FROM station AS s"
                                     " WHERE s.id IN (SELECT station FROM run"
                                     "  WHERE verdict IS NULL) AND s.id > ?"
                                     " ORDER BY s.id LIMIT 1",
    [STMT_RUN_OPEN_OF_STATION] = "SELECT id FROM run WHERE verdict IS NULL AND station = ?"
                                 " ORDER BY id LIMIT 1",
    [STMT_RUN_INTERRUPT] = "UPDATE run SET verdict = 'INTERRUPTED', code = ?, sentence = ?,"
                           " hint = ?, board_state = 'unknown'"
                           " WHERE id = ?",

    [STMT_RECIPE_FIND] = "SELECT id FROM recipe WHERE plan_sha256 = ?",
    [STMT_RECIPE_ADD] = "INSERT INTO recipe (name, version, chip, text, sha256, plan_sha256,"
                        " added_utc) VALUES (?, ?, ?, ?, ?, ?, ?)",
    [STMT_IMAGE_ADD] = "INSERT INTO image (recipe, number, file, offset, size_bytes, sha256, md5,"
                       " app_project, app_version, app_elf_sha256)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STMT_LOT_FIND] = "SELECT id FROM lot WHERE name = ?",
    [STMT_LOT_NAMES] = "SELECT l.name FROM lot AS l WHERE NOT EXISTS (SELECT 1 FROM checkpoint AS p"
                       " WHERE p.lot = l.id) ORDER BY l.id DESC LIMIT 1000",
    [STMT_LOT_ADD] = "INSERT INTO lot (name, added_utc, quantity, recipe, one_recipe, opened_by,"
                     " fleet) VALUES (?, ?, ?, ?, ?, ?, ?)",
    [STMT_LOT_STATE] = "SELECT l.name, l.quantity, c.id, c.name || ifnull(' ' || c.version, ''),"
                       " p.closed_utc, p.closed_by, l.fleet FROM lot AS l"
                       " LEFT JOIN recipe AS c ON c.id = " LOT_RECIPE
                       " LEFT JOIN checkpoint AS p ON p.lot = l.id WHERE l.id = ?",
    [STMT_LOT_PASSED] = "SELECT " LOT_PASSED("?1"),
    [STMT_LOT_HELD] = "SELECT " LOT_HELD("?1"),
    [STMT_LOT_HAS_BOARD] = "SELECT EXISTS (SELECT 1 FROM run AS x WHERE x.lot = ? AND x.board = ?"
                           " AND ((x.verdict = 'PASS' AND " EFFECTIVE_VERDICT("x") " = 'PASS')"
                           " OR (x.verdict IS NULL AND x.holds_place = 1)))",
    [STMT_LOT_RUNS] = "SELECT count(*), sum(verdict IS NULL), min(CASE WHEN verdict IS NULL THEN id"
                      " END) FROM run WHERE lot = ?",
    [STMT_LOTS] = "SELECT l.id, l.name, l.added_utc, l.opened_by, l.quantity, c.name, c.version,"
                  " c.plan_sha256, p.closed_utc, p.closed_by, p.link,"
                  " (SELECT count(*) FROM run WHERE lot = l.id),"
                  " (SELECT count(*) FROM run WHERE lot = l.id AND verdict IS NULL),"
                  " " LOT_PASSED("l.id") ", " LOT_HELD("l.id") ", l.one_recipe, l.fleet"
                  " FROM lot AS l LEFT JOIN recipe AS c ON c.id = " LOT_RECIPE
                  " LEFT JOIN checkpoint AS p ON p.lot = l.id"
                  " WHERE ?1 IS NULL OR l.name = ?1 ORDER BY l.id",
    [STMT_CHECKPOINT_ADD] = "INSERT INTO checkpoint (lot, link, closed_utc, closed_by, text,"
                            " signature) VALUES (?, ?, ?, ?, ?, ?)",
    [STMT_RUN_GIVE_PLACE] = "UPDATE run SET holds_place = 1 WHERE id = ?",
    [STMT_RUN_REWORK] = "UPDATE run SET rework_of = ?, rework_reason = ? WHERE id = ?",
    [STMT_RUN_REWORK_ELSEWHERE] = "UPDATE run SET rework_elsewhere = ?, rework_reason = ?"
                                  " WHERE id = ?",
    [STMT_BOARD_OPEN_RUNS] = "SELECT r.id, r.slot, " STATION_ROW " FROM run AS r JOIN station AS s"
                             " ON s.id = r.station WHERE r.board = ? AND r.verdict IS NULL"
                             " AND r.id <> ? AND r.station <> ?",
    [STMT_CORRECT_STATE] = "SELECT r.verdict, " EFFECTIVE_VERDICT("r") ", r.lot, r.board, "
                           STATION_ROW
                           " FROM run AS r JOIN station AS s ON s.id = r.station WHERE r.id = ?",
    [STMT_CORRECTION_ADD] = "INSERT INTO correction (run, verdict, operator, reason, host,"
                            " made_utc) VALUES (?, ?, ?, ?, ?, ?)",

    [STMT_ACT_ADD] = "INSERT INTO act (word, person, role, proved, station, slot, run, lot, text,"
                     " reason, host, made_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STMT_ACTS] = "SELECT o.word, o.person, o.role, o.proved, o.slot, o.run, l.name, o.text,"
                  " o.reason, o.host, o.made_utc FROM act AS o LEFT JOIN lot AS l ON l.id = o.lot"
                  " WHERE ?1 IS NULL OR l.name = ?1 ORDER BY o.id",
    [STMT_ACT_SLOTS] = "SELECT o.word, o.person, o.role, o.proved, o.slot, o.run, NULL, o.text,"
                       " o.reason, o.host, o.made_utc FROM act AS o WHERE o.id IN ("
                       "SELECT max(id) FROM act WHERE word IN ('disable', 'enable')"
                       " AND slot IS NOT NULL AND host = ?1 AND (text IS NULL OR text = ?2)"
                       " GROUP BY slot)",

    [STMT_BURN_ADD] = "INSERT INTO burn (run, attempt, number, stage, block, fuses, words,"
                      " key_salt, key_hmac, outcome, proof, sentence, person, made_utc)"
                      " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STMT_BURN_MARKS] = "SELECT x.key_salt, x.key_hmac, x.block FROM run AS r"
                        " JOIN burn AS x ON x.run = r.id"
                        " WHERE r.board = " BOARD_OF_MAC("?1") " AND x.key_hmac IS NOT NULL"
                        " AND x.outcome IN ('burnt', 'unknown') ORDER BY x.id DESC",
    [STMT_BURN_WRONG] = "SELECT id FROM run WHERE board = " BOARD_OF_MAC("?1")
                        " AND code = 'burnt-wrong' ORDER BY id DESC LIMIT 1",

    [STMT_RUN_ADD] = "INSERT INTO run (station, lot, recipe, slot, port, operator, started_utc, "
                     "golden)"
                     " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [STMT_RUN_STATE] = "SELECT r.verdict, r.lot, r.board, b.mac, r.holds_place, r.claim"
                       " FROM run AS r"
                       " LEFT JOIN board AS b ON b.id = r.board WHERE r.id = ?",
    [STMT_RUN_BIND_BOARD] = "UPDATE run SET board = ?, seen_chip = ?, seen_revision = ?,"
                            " seen_flash_id = ?, seen_flash_bytes = ? WHERE id = ?",
    [STMT_RUN_CLOSE] = "UPDATE run SET verdict = ?, code = ?, sentence = ?, hint = ?,"
                       " board_state = ?, app_text = ?, ended_utc = ?, duration_ms = ?"
                       " WHERE id = ?",

    [STMT_BOARD_FIND] = "SELECT " BOARD_OF_MAC("?1"),
    [STMT_BOARD_ADD] = "INSERT INTO board (mac, chip, revision, flash_id, flash_bytes,"
                       " first_seen_utc) VALUES (?, ?, ?, ?, ?, ?)",
    [STMT_BOARD_SAME] = "SELECT chip IS ? AND revision IS ? AND flash_id IS ? AND flash_bytes IS ?"
                        " FROM board WHERE id = ?",
    [STMT_PASSED] = "SELECT r.id, r.ended_utc, l.name, coalesce(r.lot = ?2, 0) AS here"
                    " FROM run AS r LEFT JOIN lot AS l ON l.id = r.lot"
                    " WHERE r.board = ?1 AND r.verdict = 'PASS'"
                    " AND " EFFECTIVE_VERDICT("r") " = 'PASS'"
                    " ORDER BY here DESC, r.id DESC LIMIT 1",

    [STMT_PASSED_HERE] = "SELECT r.id, r.slot FROM run AS r JOIN board AS b ON b.id = "
                         "r.board"
                         " WHERE b.mac = ? AND r.verdict = 'PASS' AND r.lot IS ? AND r.recipe = ? "
                         "AND ? IN (0, r.slot) AND r.golden IS NULL"
                         " AND " EFFECTIVE_VERDICT("r") " = 'PASS' ORDER BY r.id DESC LIMIT 1",

    [STMT_ATTEMPT_ADD] = "INSERT INTO attempt (run, number, started_utc, duration_ms, baud, reset,"
                         " loader, phase, code, sentence, hint, board_state, bytes_written,"
                         " wire_bytes, baud_asked, baud_why, write_mode, round_trips, fast"
#define TIMING(version, name, sentence) ", " #name "_ms"
#include "db/store/timing_list.h"
                         ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
#define TIMING(version, name, sentence) ", ?"
#include "db/store/timing_list.h"
                         ")",
    [STMT_DIGEST_ADD] = "INSERT INTO digest (attempt, image, expected_md5, read_md5, written_md5,"
                        " written_sha256, skipped_bytes) VALUES (?1, (SELECT i.id FROM attempt AS a"
                        "  JOIN run AS r ON r.id = a.run JOIN image AS i ON i.recipe = r.recipe"
                        "  WHERE a.id = ?1 AND i.number = ?2), ?3, ?4, ?5, ?6, ?7)",
    [STMT_RATES] = "SELECT a.baud, a.code <> 'ok'"
                   " FROM (SELECT id FROM run WHERE port = ? ORDER BY id DESC LIMIT ?) AS r"
                   " JOIN attempt AS a ON a.run = r.id"
                   " LEFT JOIN attempt AS n ON n.run = a.run AND n.number = a.number + 1"
                   " WHERE a.baud IS NOT NULL AND (a.code IN ('ok', 'baud') OR"
                   " (a.code IN ('write', 'verify') AND n.baud IS NOT a.baud))"
                   " ORDER BY a.id DESC LIMIT ?",

    /* The first runs of a recipe are those that were proved twice. */
    [STMT_FAST_PROVED] = "SELECT count(*) FROM (SELECT 1 FROM run AS r JOIN attempt AS a"
                         " ON a.run = r.id WHERE r.recipe = ? AND a.fast = 'proved-twice'"
                         " AND a.code = 'ok' LIMIT ?)",

    [STMT_HISTORY_BOARD] = "SELECT mac, chip, first_seen_utc, revision, flash_id, flash_bytes"
                           " FROM board WHERE id = ?",
    [STMT_HISTORY_RUNS] = "SELECT r.id, r.started_utc, r.ended_utc, r.duration_ms, r.verdict, "
                          "r.code, r.sentence,"
                          " r.hint, r.board_state, r.app_text, r.slot, r.port, r.operator, l.name, "
                          "s.host,"
                          " s.tool_version, c.name, c.version, c.sha256,"
                          " (SELECT count(*) FROM attempt AS a WHERE a.run = r.id),"
                          " r.rework_of, r.rework_reason, r.rework_elsewhere"
                          " FROM run AS r JOIN station AS s ON s.id = r.station JOIN recipe AS c "
                          "ON c.id = r.recipe"
                          " LEFT JOIN lot AS l ON l.id = r.lot WHERE r.board = ? ORDER BY "
                          "r.id",
    [STMT_HISTORY_CORRECTIONS] = "SELECT made_utc, operator, reason, host, verdict FROM correction"
                                 " WHERE run = ? ORDER BY id",
    [STMT_HISTORY_ATTEMPTS] = "SELECT id, number, started_utc, duration_ms, baud, bytes_written,"
                              " wire_bytes, reset, " LOADER_SHOWN ", phase, code, sentence, hint,"
                              " board_state, baud_asked, baud_why, write_mode, round_trips"
#define TIMING(version, name, sentence) ", " #name "_ms"
#include "db/store/timing_list.h"
                              " FROM attempt WHERE run = ? ORDER BY number",
    [STMT_HISTORY_DIGESTS] = "SELECT d.file, d.offset, d.size_bytes, d.skipped_bytes,"
                             " d.expected_md5, d.read_md5, d.written_md5, d.written_sha256"
                             " FROM (" DIGESTS_OF_ATTEMPT ") AS d",
    [STMT_HISTORY_BURNS] = "SELECT number, attempt, stage, block, fuses, outcome, words, proof,"
                           " sentence, person, made_utc FROM burn WHERE run = ? ORDER BY number",

    [STMT_LABEL_ADD] = "INSERT INTO label (run, number, printer, zpl, operator, reason,"
                       " ordered_utc) VALUES (?, ?, ?, ?, ?, ?, ?)",
    [STMT_LABEL_NEXT_NUMBER] = "SELECT ifnull(max(number), 0) + 1 FROM label WHERE run = ?",
    /* The next one that nobody has begun. */
    [STMT_LABEL_CLAIM] = "UPDATE label SET begun_utc = ?1, begun_by = ?2 WHERE id = (SELECT id FROM"
                         " label WHERE printer = ?3 AND outcome IS NULL AND begun_utc IS NULL"
                         " ORDER BY id LIMIT 1) RETURNING id, run, number, zpl",
    [STMT_LABEL_RELEASE] = "UPDATE label SET begun_utc = NULL, begun_by = NULL WHERE id = ?"
                           " AND outcome IS NULL",
    [STMT_LABEL_END] = "UPDATE label SET ended_utc = ?, outcome = ?, sentence = ? WHERE id = ?"
                       " AND outcome IS NULL RETURNING id",
    [STMT_LABEL_DROP] = "UPDATE label SET ended_utc = ?, outcome = 'dropped', sentence = ?"
                        " WHERE id = ? AND outcome IS NULL AND begun_utc IS NULL RETURNING id",
    [STMT_LABEL_OPEN] = "SELECT count(*) FROM label WHERE printer = ? AND outcome IS NULL",
    [STMT_LABEL_OWED] = "SELECT x.run, r.slot FROM label AS x JOIN run AS r ON r.id = x.run"
                        " WHERE x.printer = ? AND x.outcome IS NULL AND r.station = ?"
                        " ORDER BY x.id LIMIT ?",
    [STMT_LABEL_OF_RUN] = "SELECT zpl FROM label WHERE run = ? ORDER BY number LIMIT 1",
    [STMT_LABEL_RUN_STATE] = "SELECT ifnull(verdict, ''), ifnull(" EFFECTIVE_VERDICT("r") ", '')"
                                                                                          " FROM "
                                                                                          "run AS "
                                                                                          "r WHERE "
                                                                                          "r.id = "
                                                                                          "?",
    [STMT_LABEL_STATIONS] = "SELECT " STATION_ROW " FROM station AS s WHERE s.id IN (SELECT"
                            " begun_by FROM label WHERE outcome IS NULL) AND s.id > ?"
                            " ORDER BY s.id LIMIT 1",
    [STMT_LABEL_OF_STATION] = "SELECT id FROM label WHERE outcome IS NULL AND begun_by = ?"
                              " ORDER BY id LIMIT 1",
    [STMT_LABELS] = "SELECT x.id, x.run, x.number, x.printer, b.mac, l.name, r.slot, x.operator,"
                    " x.reason, x.ordered_utc, x.begun_utc, x.ended_utc, x.outcome, x.sentence"
                    " FROM label AS x JOIN run AS r ON r.id = x.run"
                    " LEFT JOIN board AS b ON b.id = r.board LEFT JOIN lot AS l ON l.id = r.lot"
                    " WHERE (?1 = 0 OR x.run = ?1) AND (?2 OR x.outcome IS NULL"
                    " OR x.outcome = 'unsure') ORDER BY x.id",

    [STMT_LINK_LAST] = "SELECT id, sha256 FROM link ORDER BY id DESC LIMIT 1",
    [STMT_LINK_ADD] = "INSERT INTO link (id, kind, row, form_sha256, sha256)"
                      " VALUES (?, ?, ?, ?, ?)",
    /* What a person knows a row by. */
    [STMT_AUDIT_NAME] = "SELECT CASE ?1 WHEN 'station' THEN (SELECT host || ', ' || started_utc"
                        "   FROM station WHERE id = ?2)"
                        "  WHEN 'recipe' THEN (SELECT name FROM recipe WHERE id = ?2)"
                        "  WHEN 'lot' THEN (SELECT name FROM lot WHERE id = ?2)"
                        "  WHEN 'board' THEN (SELECT mac FROM board WHERE id = ?2)"
                        "  WHEN 'correction' THEN (SELECT 'of run ' || run FROM correction"
                        "   WHERE id = ?2)"
                        "  WHEN 'label' THEN (SELECT 'of run ' || run FROM label WHERE id = ?2)"
                        "  WHEN 'unit' THEN (SELECT b.mac || ifnull(', serial ' || u.serial, '')"
                        "   FROM unit AS u JOIN board AS b ON b.id = u.board WHERE u.id = ?2)"
                        "  WHEN 'unit-decision' THEN (SELECT what || ifnull(' of ' || serial, '')"
                        "   || ', ' || made_utc FROM unit_decision WHERE id = ?2)"
                        "  WHEN 'run' THEN (SELECT ifnull(b.mac || ', ', '')"
                        "   || ifnull('lot ' || l.name || ', ', '') || 'slot ' || r.slot || ', '"
                        "   || ifnull(r.verdict, 'open') || ', ' || r.started_utc FROM run AS r"
                        "   LEFT JOIN board AS b ON b.id = r.board"
                        "   LEFT JOIN lot AS l ON l.id = r.lot WHERE r.id = ?2) END",

    [STMT_LINK_AT] = "SELECT sha256 FROM link WHERE id = ?",
    [STMT_UNIT_SALT] = "SELECT salt FROM unit ORDER BY id LIMIT 1",
    [STMT_UNIT_HAS] = "SELECT v.name, v.text, v.sha256 FROM unit AS u"
                      " JOIN unit_value AS v ON v.unit = u.id"
                      " WHERE u.board = ? AND v.released IS NULL ORDER BY v.id",
    /* the pluses: from the board's few units, not from all rows that its pool ever gave */
    [STMT_UNIT_ROW] = "SELECT i.sha256, i.label FROM unit AS u CROSS JOIN unit_item AS i"
                      " ON i.unit = u.id WHERE u.board = ? AND +i.source = 'pool' AND +i.name = ?"
                      " AND i.released IS NULL ORDER BY i.id DESC LIMIT 1",
    [STMT_UNIT_COUNTER_LAST] = "SELECT max(number) FROM unit_item WHERE source = 'counter'"
                               " AND name = ? AND number BETWEEN ? AND ?",
    [STMT_UNIT_COUNTER_BACK] = "SELECT min(f.number) FROM unit_item AS f WHERE"
                               " f.source = 'counter' AND f.name = ? AND f.number BETWEEN ? AND ?"
                               " AND f.released IS NOT NULL AND NOT EXISTS (SELECT 1 FROM unit_item"
                               "  AS h WHERE h.source = 'counter' AND h.name = f.name"
                               "  AND h.number = f.number AND h.released IS NULL)",
    [STMT_UNIT_ROW_TAKEN] = "SELECT EXISTS (SELECT 1 FROM unit_item WHERE source = 'pool'"
                            " AND name = ? AND sha256 = ? AND released IS NULL)",
    [STMT_UNIT_ROW_LAST] = "SELECT ifnull(max(number), -1) FROM unit_item WHERE source = 'pool'"
                           " AND name = ?",
    [STMT_UNIT_ROW_BACK] = "SELECT f.sha256 FROM unit_item AS f WHERE f.source = 'pool'"
                           " AND f.name = ? AND f.released IS NOT NULL AND NOT EXISTS"
                           " (SELECT 1 FROM unit_item AS h WHERE h.source = 'pool'"
                           "  AND h.name = f.name AND h.sha256 = f.sha256"
                           "  AND h.released IS NULL) ORDER BY f.number",
    [STMT_UNIT_ROWS] = "SELECT i.sha256, i.label, b.mac, u.taken_utc FROM unit_item AS i"
                       " JOIN unit AS u ON u.id = i.unit JOIN board AS b ON b.id = u.board"
                       " JOIN run AS r ON r.id = u.run JOIN recipe AS c ON c.id = r.recipe"
                       " WHERE i.source = 'pool' AND i.name = ? AND i.released IS NULL"
                       " AND c.name = ? ORDER BY i.number",
    [STMT_UNIT_HOLDER] = "SELECT b.mac, u.taken_utc, u.board FROM unit_value AS v"
                         " JOIN unit AS u ON u.id = v.unit JOIN board AS b ON b.id = u.board"
                         " WHERE v.name = ? AND coalesce(v.text, v.sha256) = ? AND v.is_unique = 1"
                         " AND v.released IS NULL",
    [STMT_UNIT_GIVEN] = "SELECT EXISTS (SELECT 1 FROM unit_value AS v JOIN unit AS u"
                        " ON u.id = v.unit WHERE v.name = ? AND coalesce(v.text, v.sha256) = ?"
                        " AND v.is_unique = 1 AND v.released IS NULL AND v.source = ?"
                        " AND u.board <> ?)",
    [STMT_UNIT_SERIAL_HOLDER] = "SELECT b.mac, u.taken_utc, u.board FROM unit AS u"
                                " JOIN board AS b ON b.id = u.board"
                                " WHERE u.serial = ? AND u.released IS NULL",
    [STMT_UNIT_ADD] = "INSERT INTO unit (board, run, serial, salt, taken_utc)"
                      " VALUES (?, ?, ?, ?, ?)",
    [STMT_UNIT_ITEM_ADD] = "INSERT INTO unit_item (unit, source, name, number, sha256, label)"
                           " VALUES (?, ?, ?, ?, ?, ?)",
    [STMT_UNIT_VALUE_ADD] = "INSERT INTO unit_value (unit, name, text, sha256, source, is_unique)"
                            " VALUES (?, ?, ?, ?, ?, ?)",
    [STMT_UNIT_DIGEST_ADD] = "INSERT INTO unit_digest (attempt, number, place, offset, size_bytes,"
                             " expected_md5, read_md5, written_md5, written_sha256, skipped_bytes)"
                             " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STMT_UNIT_OF_SERIAL] = "SELECT u.board, b.mac FROM unit AS u JOIN board AS b ON b.id = u.board"
                            " WHERE u.serial = ? AND u.released IS NULL",
    [STMT_UNIT_SERIAL_RELEASED] = "SELECT n.made_utc, n.operator FROM unit AS u"
                                  " JOIN unit_decision AS n ON n.id = u.released"
                                  " WHERE u.serial = ? ORDER BY n.id DESC LIMIT 1",
    [STMT_UNIT_OPEN_RUN] = "SELECT ifnull(min(id), 0) FROM run WHERE board = ? AND verdict IS NULL",
    /* what the run's board had then, given up since, and nothing of it given to that board anew */
    [STMT_UNIT_RELEASED_OF_RUN] = "SELECT u.serial, n.operator, n.made_utc FROM run AS r"
                                  " JOIN unit AS u ON " UNIT_OF_RUN("u")
                                  " JOIN unit_decision AS n ON n.id = u.released WHERE r.id = ?"
                                  " ORDER BY u.serial IS NULL, u.id DESC LIMIT 1",
    [STMT_UNIT_DECISION_ADD] = "INSERT INTO unit_decision (what, board, serial, mark, operator,"
                               " reason, host, made_utc) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    [STMT_UNIT_RELEASE] = "UPDATE unit SET released = ?1 WHERE board = ?2 AND released IS NULL",
    [STMT_UNIT_ITEM_RELEASE] = "UPDATE unit_item SET released = ?1 WHERE released IS NULL"
                               " AND unit IN (SELECT id FROM unit WHERE board = ?2)",
    [STMT_UNIT_VALUE_RELEASE] = "UPDATE unit_value SET released = ?1 WHERE released IS NULL"
                                " AND unit IN (SELECT id FROM unit WHERE board = ?2)",

    [STMT_LEASE_ADD] = "INSERT INTO lease (number, kind, lot, places, counter, first, last, step,"
                       " operator, taken_utc, until_utc, boot_id, until_boot_ms, pool)"
                       " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STMT_LEASE_END] = "UPDATE lease SET ended_utc = ?1, used = ?2, why = ?3 WHERE id = ?4",
    [STMT_LEASE_USED] = "SELECT " LEASE_USES " FROM lease AS e WHERE e.id = ?",
    [STMT_LEASE_HELD] = "SELECT " LEASE_HELD("?1"),
    /* Of those that are valid, the one that lapses first. */
    [STMT_LEASE_PLACE] = "SELECT e.id FROM lease AS e WHERE e.kind = 'places' AND e.lot = ?1"
                         " AND " LEASE_LASTS("?2", "?3", "?4")
                         " AND " LEASE_USED("e.id") " + " LEASE_HELD("e.id") " < e.places"
                         " ORDER BY e.until_boot_ms, e.id LIMIT 1",
    [STMT_LEASE_NUMBER] = "SELECT " LEASE_NEXT " FROM lease AS e WHERE e.kind = 'numbers'"
                          " AND e.counter = ?1 AND e.ended_utc IS NULL AND " LEASE_NEXT " <= e.last"
                          " AND " LEASE_NEXT " BETWEEN ?2 AND ?3 ORDER BY e.id LIMIT 1",
    [STMT_LEASE_LEFT] = "SELECT ifnull(sum((e.last - e.first) / e.step + 1 - " NUMBERS_USED "), 0)"
                        " FROM lease AS e WHERE e.kind = 'numbers' AND e.counter = ?1"
                        " AND e.ended_utc IS NULL AND " LEASE_NEXT " BETWEEN ?2 AND ?3",
    [STMT_LEASE_ROW_ADD] = "INSERT INTO lease_row (lease, number, sha256) VALUES (?, ?, ?)",
    /* Of those that no board has, the ones that lapse first. */
    [STMT_LEASE_ROWS] = "SELECT w.sha256 FROM lease AS e JOIN lease_row AS w ON w.lease = e.id"
                        " WHERE e.kind = 'rows' AND e.pool = ?1"
                        " AND " LEASE_LASTS("?2", "?3", "?4") " AND NOT " ROW_USED
                        " ORDER BY e.until_boot_ms, e.id, w.number",
    [STMT_LEASE_ROWS_LEFT] = "SELECT count(*) FROM lease AS e JOIN lease_row AS w ON w.lease = e.id"
                             " WHERE e.kind = 'rows' AND e.pool = ?1"
                             " AND " LEASE_LASTS("?2", "?3", "?4") " AND NOT " ROW_USED,
    [STMT_LEASE_ROWS_NEWEST] = "SELECT ifnull(max(id), 0) FROM lease WHERE kind = 'rows'"
                               " AND pool = ? AND ended_utc IS NULL",
    [STMT_LEASES] = "SELECT e.id, e.number, e.kind, l.name, e.places, e.counter, e.first, e.last,"
                    " e.step, e.operator, e.taken_utc, e.until_utc, e.boot_id, e.until_boot_ms,"
                    " ifnull(e.used, " LEASE_USES "), " LEASE_HELD("e.id") ", e.ended_utc, e.why,"
                    " e.pool, " ROWS_ALL
                    " FROM lease AS e LEFT JOIN lot AS l ON l.id = e.lot"
                    " WHERE e.ended_utc IS NULL OR ?1 ORDER BY e.id",
    [STMT_LEASE_KNOWN] = "SELECT EXISTS (SELECT 1 FROM run WHERE claim = ?1 AND claim > 0)"
                         " OR EXISTS (SELECT 1 FROM lease WHERE number = ?1)",
    [STMT_LEASE_STATION] = "SELECT " STATION_ROW " FROM station AS s WHERE s.id = ?",
    /* what the server knows it by stays, also where it does not answer any more */
    [STMT_RUN_CLAIM] = "UPDATE run SET claim = ?1 WHERE id = ?2"
                       " AND (?1 > 0 OR ifnull(claim, 0) < 1)",
    [STMT_RUN_LEASE] = "UPDATE run SET lease = ?, holds_place = 1 WHERE id = ?",
};
/* clang-format on */

static bool prepare(struct db *db, const char *text, sqlite3_stmt **statement, struct err *e)
{
    return sqlite3_prepare_v3(db->sql, text, -1, SQLITE_PREPARE_PERSISTENT, statement, NULL) ==
                   SQLITE_OK
               ? true
               : db_fail(db, e);
}

bool statements_prepare(struct db *db, struct err *e)
{
    char form[FORM_SQL_CAP];
    for (size_t i = 0; i < STMT_COUNT; i++) {
        if (!prepare(db, texts[i], &db->statements[i], e))
            return false;
    }
    for (unsigned kind = 0; kind < LINK_KIND_COUNT; kind++) {
        form_sql(kind, form);
        if (!prepare(db, form, &db->forms[kind], e))
            return false;
    }
    return true;
}

void statements_finalize(struct db *db)
{
    for (size_t i = 0; i < STMT_COUNT; i++) {
        sqlite3_finalize(db->statements[i]);
        db->statements[i] = NULL;
    }
    for (size_t i = 0; i < LINK_KIND_COUNT; i++) {
        sqlite3_finalize(db->forms[i]);
        db->forms[i] = NULL;
    }
}
