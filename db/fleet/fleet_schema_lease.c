/*
 * The server's tables and functions for what is scarce over all stations: places of a lot, numbers
 * of a counter, rows of a pool, and who may be flashed once.
 *
 * Two kinds of rows. Copies of what stations have recorded (lease, lease_row, lease_end, the
 * columns run.lease and run.claim) come with the chain, as all others. The server's own book
 * (quota, series, pool_row, claim) is what decides; it is changed by the functions below alone,
 * each in one statement, and no role but their owner may write to it.
 *
 * claim: what was asked for and not settled yet. A `board` is a run at the gate of some station,
 * perhaps with a place in a lot; `places`, `numbers` and `rows` are leases. Its id is made by who
 * asks, at random: so it can be given back although the answer was lost, and no restored server
 * gives the same one twice.
 *
 * quota.taken counts the places of a lot that are not free: those of claims, of leases, and of
 * boards that have passed. It rises when something is given, in the statement that looks whether it
 * may; it falls when the chain brings the row that says so: a run that did not pass, the end of a
 * lease, a PASS that was taken back. account() does that once for each batch, in the transaction of
 * the batch, so each row counts once. A place is therefore never free too early: what a station
 * used without a word is taken until its own record says otherwise, or an engineer does
 * (lease_lost).
 *
 * pool_row: the rows of pools that are lent, by the digest of what they hold. A row is free if it
 * is not there, and no board has it (unit_item, not released). It goes with its claim: what was
 * used until then is a unit_item that came before, in the same chain.
 *
 * told: the latest link of each record that it had when it asked for something. A record that ends
 * before it was restored from a backup, and gets nothing: it does not know what it has used.
 */
#include "db/fleet/fleet_priv.h"
#include "db/store/phrases.h"

#define HEAD "record integer NOT NULL, link bigint NOT NULL, "

/* clang-format off */
/* Runs, as r, of boards with the MAC p_mac that passed, and count: not taken back, and not golden;
 * `y` is their record's lineage. */
#define PASSED_RUNS                                                                                \
    " FROM espstation.board AS b JOIN espstation.lineage AS y ON y.ancestor = b.record"            \
    " AND b.link <= y.upto JOIN espstation.run AS r ON r.record = y.record AND r.board = b.id"     \
    " WHERE " BASE_MAC("b.mac") " = " BASE_MAC("p_mac")                                            \
    " AND (length(b.mac) = 17 OR length(p_mac) = 17 OR b.mac = p_mac)"                             \
    " AND r.verdict = 'PASS' AND coalesce(r.golden, 0) = 0"                                        \
    " AND NOT EXISTS (SELECT 1 FROM espstation.lineage AS w JOIN espstation.correction AS k"       \
    "  ON k.record = w.record WHERE w.ancestor = r.record AND r.link <= w.upto"                    \
    "  AND k.run = r.id AND k.verdict = 'FAIL' AND NOT EXISTS (SELECT 1"                           \
    "   FROM espstation.correction AS n WHERE n.record = k.record AND n.run = k.run"               \
    "   AND n.verdict = 'PASS' AND n.id > k.id))"
/* clang-format on */

/* The name of the lot of run r. */
#define LOT_OF_RUN                                                                                 \
    "(SELECT t.name FROM espstation.lineage AS u JOIN espstation.lot AS t ON t.record = "          \
    "u.ancestor"                                                                                   \
    " AND t.link <= u.upto WHERE u.record = r.record AND t.id = r.lot)"

/* Rows of record `of` that `p_record` does not have itself. */
#define NOT_OWN(of, link)                                                                          \
    "NOT EXISTS (SELECT 1 FROM espstation.lineage AS z WHERE z.record = p_record"                  \
    " AND z.ancestor = " of " AND " link " <= z.upto)"

#define STATION_OF(record)                                                                         \
    "(SELECT s.name FROM espstation.record AS o JOIN espstation.station AS s ON s.id = o.station"  \
    " WHERE o.id = " record ")"

#define FUNCTION "CREATE OR REPLACE FUNCTION espstation."
#define DEFINER  " LANGUAGE plpgsql SECURITY DEFINER SET search_path = espstation, pg_temp AS $$"

/* Laid out by hand: the formatter would tear the statements apart. */
/* clang-format off */
static const char *const version_4[] = {
    "ALTER TABLE espstation.lot ADD COLUMN fleet integer",
    "ALTER TABLE espstation.run ADD COLUMN lease bigint",
    "ALTER TABLE espstation.run ADD COLUMN claim bigint",
    "CREATE INDEX run_claim ON espstation.run (record, link) WHERE claim IS NOT NULL",
    "CREATE INDEX unit_link ON espstation.unit (record, link)",
    "CREATE TABLE espstation.lease (" HEAD "id bigint NOT NULL, number bigint NOT NULL,"
    " kind text NOT NULL, lot bigint, places bigint, counter text, first bigint, last bigint,"
    " step bigint, operator text, taken_utc timestamptz NOT NULL, until_utc timestamptz,"
    " boot_id text, until_boot_ms bigint, PRIMARY KEY (record, id))",
    "CREATE TABLE espstation.lease_end (" HEAD "id bigint NOT NULL, ended_utc timestamptz NOT NULL,"
    " used bigint NOT NULL, why text NOT NULL, PRIMARY KEY (record, id))",

    "CREATE TABLE espstation.told (record integer PRIMARY KEY, link bigint NOT NULL,"
    " sha256 text NOT NULL)",
    "CREATE TABLE espstation.quota (lot text PRIMARY KEY, quantity bigint NOT NULL,"
    " taken bigint NOT NULL DEFAULT 0, opened_utc timestamptz NOT NULL DEFAULT now())",
    "CREATE TABLE espstation.series (counter text PRIMARY KEY, next numeric NOT NULL)",
    "CREATE TABLE espstation.claim ("
    " id bigint PRIMARY KEY CHECK (id > 0),"
    " record integer NOT NULL REFERENCES espstation.record,"
    " process bigint NOT NULL," /* of the record; 0: a command */
    " kind text NOT NULL CHECK (kind IN ('board', 'places', 'numbers')),"
    " lot text, mac text, rule text, places bigint NOT NULL DEFAULT 0,"
    " counter text, first bigint, last bigint,"
    " operator text,"
    " made_utc timestamptz NOT NULL DEFAULT clock_timestamp(),"
    " until_utc timestamptz,"
    /* An engineer has written it off, and so many of its places were used. */
    " lost_utc timestamptz, lost_used bigint, lost_by text, lost_reason text, lost_host text)",
    "CREATE INDEX claim_record ON espstation.claim (record)",
    "CREATE INDEX claim_mac ON espstation.claim ((" BASE_MAC("mac") ")) WHERE kind = 'board'",

    /* Boards, serials and rows of pools that turned out to be somewhere else as well, once all was
     * known. */
    "CREATE TABLE espstation.twice (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " found_utc timestamptz NOT NULL DEFAULT now(), what text NOT NULL, text text NOT NULL,"
    " record integer NOT NULL, run bigint NOT NULL, other_record integer NOT NULL,"
    " other_run bigint NOT NULL)",
    "CREATE VIEW espstation.duplicates AS SELECT t.found_utc, t.what, t.text, "
    STATION_OF("t.record") " AS station, t.run, " STATION_OF("t.other_record")
    " AS other_station, t.other_run FROM espstation.twice AS t",
    NULL,
};

/* Rows of pools, where a board has passed that is flashed again, and how long burning took: records
 * of version 6 have them. */
static const char *const version_5[] = {
    "ALTER TABLE espstation.attempt ADD COLUMN burn_ms bigint",
    "ALTER TABLE espstation.run ADD COLUMN rework_elsewhere text",
    "ALTER TABLE espstation.lease ADD COLUMN pool text",
    "CREATE TABLE espstation.lease_row (" HEAD "id bigint NOT NULL, lease bigint NOT NULL,"
    " number bigint NOT NULL, sha256 text NOT NULL, PRIMARY KEY (record, id))",
    "CREATE INDEX lease_row_lease ON espstation.lease_row (record, lease)",
    "CREATE INDEX unit_item_row ON espstation.unit_item (name, sha256) WHERE source = 'pool'",
    "CREATE INDEX unit_item_link ON espstation.unit_item (record, link) WHERE source = 'pool'",
    "ALTER TABLE espstation.claim DROP CONSTRAINT claim_kind_check, ADD CONSTRAINT claim_kind_check"
    " CHECK (kind IN ('board', 'places', 'numbers', 'rows')), ADD COLUMN pool text,"
    " ADD COLUMN rows bigint",
    "CREATE TABLE espstation.pool_row (pool text NOT NULL, sha256 text NOT NULL,"
    " claim bigint NOT NULL REFERENCES espstation.claim ON DELETE CASCADE,"
    " PRIMARY KEY (pool, sha256))",
    "CREATE INDEX pool_row_claim ON espstation.pool_row (claim)",
    NULL,
};

/* Made anew by each init, behind the steps, so that there is one text of each. */
const char *const fleet_lease_functions[] = {
    /* False: this record ends before what it has shown already. */
    FUNCTION "tell_link(p_record integer, p_link bigint, p_sha256 text)"
    " RETURNS boolean" DEFINER
    " BEGIN"
    "  IF NOT EXISTS (SELECT 1 FROM record WHERE id = p_record AND replaced_utc IS NULL) THEN"
    "   RETURN false;"
    "  END IF;"
    "  INSERT INTO told AS t VALUES (p_record, p_link, p_sha256) ON CONFLICT (record) DO UPDATE"
    "   SET link = EXCLUDED.link, sha256 = EXCLUDED.sha256 WHERE t.link < EXCLUDED.link"
    "   OR (t.link = EXCLUDED.link AND t.sha256 = EXCLUDED.sha256);"
    "  RETURN FOUND;"
    " END $$",

    /* A lot of the fleet is known from the first that asks; all have to say the same quantity. */
    FUNCTION "open_quota(p_lot text, p_quantity bigint) RETURNS boolean" DEFINER
    " DECLARE has bigint;"
    " BEGIN"
    "  INSERT INTO quota (lot, quantity) VALUES (p_lot, p_quantity) ON CONFLICT DO NOTHING;"
    "  SELECT quantity INTO has FROM quota WHERE lot = p_lot;"
    "  RETURN has = p_quantity;"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.open_quota(text, bigint) FROM PUBLIC",

    /* Where a board with this MAC has passed, in this lot or (ever) anywhere, but in p_record. */
    FUNCTION "passed_elsewhere(p_record integer, p_mac text, p_ever boolean,"
    " p_lot text) RETURNS TABLE (of_record integer, run bigint, at text, in_lot boolean)" DEFINER
    " BEGIN RETURN QUERY"
    "  SELECT r.record, r.id, to_char(r.ended_utc AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'),"
    "   coalesce(" LOT_OF_RUN " = p_lot, false)" PASSED_RUNS
    "   AND " NOT_OWN("r.record", "r.link") " AND (p_ever OR " LOT_OF_RUN " = p_lot)"
    "   ORDER BY 4 DESC, r.run_utc LIMIT 1;"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.passed_elsewhere(integer, text, boolean, text) FROM PUBLIC",

    /* Where another board than that with this MAC has the serial, but in p_record. */
    FUNCTION "serial_elsewhere(p_record integer, p_serial text, p_mac text)"
    " RETURNS TABLE (of_record integer, run bigint)" DEFINER
    " BEGIN RETURN QUERY"
    "  SELECT u.record, u.run FROM unit AS u WHERE u.serial = p_serial"
    "   AND " NOT_OWN("u.record", "u.link")
    "   AND NOT EXISTS (SELECT 1 FROM lineage AS w JOIN unit_released AS x ON x.record = w.record"
    "    WHERE w.ancestor = u.record AND u.link <= w.upto AND x.id = u.id)"
    "   AND NOT EXISTS (SELECT 1 FROM lineage AS w JOIN board AS b ON b.record = w.ancestor"
    "    AND b.link <= w.upto WHERE w.record = u.record AND b.id = u.board"
    "    AND " BASE_MAC("b.mac") " = " BASE_MAC("p_mac") ") LIMIT 1;"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.serial_elsewhere(integer, text, text) FROM PUBLIC",

    /* Where another board than that of unit u has this row of a pool, but in p_record. A row that
     * an engineer has released is nobody's. */
    FUNCTION "row_elsewhere(p_record integer, p_pool text, p_sha256 text,"
    " p_mac text) RETURNS TABLE (of_record integer, run bigint)" DEFINER
    " BEGIN RETURN QUERY"
    "  SELECT u.record, u.run FROM unit_item AS i JOIN unit AS u ON u.record = i.record"
    "   AND u.id = i.unit WHERE i.source = 'pool' AND i.name = p_pool AND i.sha256 = p_sha256"
    "   AND " NOT_OWN("i.record", "i.link")
    "   AND NOT EXISTS (SELECT 1 FROM lineage AS w JOIN unit_item_released AS x"
    "    ON x.record = w.record WHERE w.ancestor = i.record AND i.link <= w.upto AND x.id = i.id)"
    "   AND NOT EXISTS (SELECT 1 FROM lineage AS w JOIN board AS b ON b.record = w.ancestor"
    "    AND b.link <= w.upto WHERE w.record = u.record AND b.id = u.board"
    "    AND " BASE_MAC("b.mac") " = " BASE_MAC("p_mac") ") LIMIT 1;"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.row_elsewhere(integer, text, text, text) FROM PUBLIC",

    /* A run at the gate. p_mac is empty before the board is known; p_rule: lot, ever, or allow; or
     * rework-lot, rework-ever: let in whatever it finds, which it tells. p_lot and p_quantity are
     * NULL where no lot of the fleet is meant. Asked twice, first for the place and then for the
     * board, it is one claim. */
    FUNCTION "ask_board(p_id bigint, p_record integer, p_process bigint,"
    " p_link bigint, p_sha256 text, p_mac text, p_rule text, p_lot text, p_quantity bigint,"
    " p_wants_place boolean, p_serial text, OUT answer text, OUT other text,"
    " OUT run bigint, OUT at text, OUT taken bigint, OUT quantity bigint)" DEFINER
    " DECLARE c claim%ROWTYPE; found_run record; has_place boolean := NOT p_wants_place;"
    " BEGIN"
    "  answer := 'older';"
    "  IF NOT tell_link(p_record, p_link, p_sha256) THEN RETURN; END IF;"
    "  answer := 'quantity';"
    "  IF p_lot IS NOT NULL AND NOT open_quota(p_lot, p_quantity) THEN"
    "   SELECT q.quantity INTO quantity FROM quota AS q WHERE q.lot = p_lot;"
    "   RETURN;"
    "  END IF;"
    /* One at a time about one board, or both would find nobody. */
    "  IF p_mac <> '' THEN"
    "   PERFORM pg_advisory_xact_lock(hashtext('espstation.mac'), hashtext(" BASE_MAC("p_mac") "));"
    "  END IF;"
    "  IF p_mac <> '' AND p_rule IN ('lot', 'ever') THEN"
    "   SELECT x.record, x.made_utc INTO found_run FROM claim AS x WHERE x.kind = 'board'"
    "    AND " BASE_MAC("x.mac") " = " BASE_MAC("p_mac") " AND x.record <> p_record"
    "    AND x.lost_utc IS NULL AND (p_rule = 'ever' OR x.lot = p_lot) LIMIT 1;"
    "   IF FOUND THEN"
    "    answer := 'open'; other := " STATION_OF("found_run.record") ";"
    "    at := to_char(found_run.made_utc AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS');"
    "    RETURN;"
    "   END IF;"
    "  END IF;"
    "  IF p_mac <> '' AND (p_lot IS NOT NULL OR p_rule IN ('ever', 'rework-ever')) THEN"
    "   SELECT * INTO found_run FROM passed_elsewhere(p_record, p_mac,"
    "    p_rule IN ('ever', 'rework-ever'), p_lot);"
    "   IF FOUND AND p_rule LIKE 'rework-%' THEN"
    "    other := " STATION_OF("found_run.of_record") "; run := found_run.run;"
    "   END IF;"
    "   IF FOUND AND p_rule IN ('lot', 'ever') THEN"
    "    answer := 'passed'; other := " STATION_OF("found_run.of_record") ";"
    "    run := found_run.run; at := found_run.at;"
    "    RETURN;"
    "   END IF;"
    /* Flashed again, it has its place already. */
    "   has_place := has_place OR (FOUND AND found_run.in_lot);"
    "  END IF;"
    "  IF p_serial <> '' THEN"
    "   SELECT * INTO found_run FROM serial_elsewhere(p_record, p_serial, p_mac);"
    "   IF FOUND THEN"
    "    answer := 'serial'; other := " STATION_OF("found_run.of_record") ";"
    "    run := found_run.run;"
    "    RETURN;"
    "   END IF;"
    "  END IF;"
    "  SELECT * INTO c FROM claim WHERE id = p_id AND record = p_record;"
    "  IF NOT FOUND THEN"
    "   INSERT INTO claim (id, record, process, kind, lot, mac, rule) VALUES (p_id, p_record,"
    "    p_process, 'board', p_lot, nullif(p_mac, ''), p_rule) RETURNING * INTO c;"
    "  ELSIF p_mac <> '' THEN"
    "   UPDATE claim SET mac = p_mac WHERE id = p_id;"
    "  END IF;"
    "  answer := 'ok';"
    "  IF has_place OR p_lot IS NULL OR c.places > 0 THEN RETURN; END IF;"
    "  UPDATE quota AS q SET taken = q.taken + 1 WHERE q.lot = p_lot AND q.taken < q.quantity;"
    "  IF FOUND THEN"
    "   UPDATE claim SET places = 1 WHERE id = p_id;"
    "   RETURN;"
    "  END IF;"
    "  answer := 'no-place';"
    "  SELECT q.taken, q.quantity INTO taken, quantity FROM quota AS q WHERE q.lot = p_lot;"
    " END $$",

    /* So many places as are left, p_places at most. */
    FUNCTION "ask_places(p_id bigint, p_record integer, p_process bigint,"
    " p_link bigint, p_sha256 text, p_lot text, p_quantity bigint, p_places bigint,"
    " p_seconds bigint, p_operator text, OUT answer text, OUT places bigint, OUT taken bigint,"
    " OUT quantity bigint)" DEFINER
    " BEGIN"
    "  answer := 'older';"
    "  IF NOT tell_link(p_record, p_link, p_sha256) THEN RETURN; END IF;"
    "  answer := 'quantity';"
    "  IF NOT open_quota(p_lot, p_quantity) THEN"
    "   SELECT q.quantity INTO quantity FROM quota AS q WHERE q.lot = p_lot;"
    "   RETURN;"
    "  END IF;"
    "  SELECT q.taken, q.quantity INTO taken, quantity FROM quota AS q WHERE q.lot = p_lot"
    "   FOR UPDATE;"
    "  places := greatest(0, least(p_places, quantity - taken));"
    "  answer := 'no-place';"
    "  IF places = 0 THEN RETURN; END IF;"
    "  answer := 'ok';"
    "  UPDATE quota AS q SET taken = q.taken + places WHERE q.lot = p_lot;"
    "  INSERT INTO claim (id, record, process, kind, lot, places, operator, until_utc)"
    "   VALUES (p_id, p_record, p_process, 'places', p_lot, ask_places.places, p_operator,"
    "    clock_timestamp() + p_seconds * interval '1 second');"
    " END $$",

    /* The next p_count numbers from p_start in steps of p_step, as far as p_end. */
    FUNCTION "ask_numbers(p_id bigint, p_record integer, p_process bigint,"
    " p_link bigint, p_sha256 text, p_counter text, p_start bigint, p_end bigint, p_step bigint,"
    " p_count bigint, OUT answer text, OUT first bigint, OUT last bigint)" DEFINER
    " DECLARE n numeric;"
    " BEGIN"
    "  answer := 'older';"
    "  IF NOT tell_link(p_record, p_link, p_sha256) THEN RETURN; END IF;"
    "  INSERT INTO series VALUES (p_counter, p_start) ON CONFLICT DO NOTHING;"
    "  SELECT s.next INTO n FROM series AS s WHERE s.counter = p_counter FOR UPDATE;"
    "  n := greatest(n, p_start);"
    "  n := p_start + ceil((n - p_start) / p_step) * p_step;"
    "  answer := 'no-number';"
    "  IF n > p_end THEN RETURN; END IF;"
    "  answer := 'ok';"
    "  first := n;"
    "  last := n + least(p_count - 1, div(p_end - n, p_step)) * p_step;"
    "  UPDATE series AS s SET next = last::numeric + p_step WHERE s.counter = p_counter;"
    "  INSERT INTO claim (id, record, process, kind, counter, first, last)"
    "   VALUES (p_id, p_record, p_process, 'numbers', p_counter, ask_numbers.first,"
    "    ask_numbers.last);"
    " END $$",

    /* Of the rows that the station has (p_rows, digests in the order of its file) the first p_count
     * that are free. */
    FUNCTION "ask_rows(p_id bigint, p_record integer, p_process bigint,"
    " p_link bigint, p_sha256 text, p_pool text, p_rows text[], p_count bigint, p_seconds bigint,"
    " p_operator text, OUT answer text, OUT rows text[])" DEFINER
    " BEGIN"
    "  answer := 'older';"
    "  IF NOT tell_link(p_record, p_link, p_sha256) THEN RETURN; END IF;"
    "  PERFORM pg_advisory_xact_lock(hashtext('espstation.pool'), hashtext(p_pool));"
    "  SELECT array_agg(x.sha256 ORDER BY x.n) INTO rows FROM (SELECT c.sha256, c.n"
    "   FROM unnest(p_rows) WITH ORDINALITY AS c (sha256, n) WHERE NOT EXISTS"
    "    (SELECT 1 FROM pool_row AS r WHERE r.pool = p_pool AND r.sha256 = c.sha256)"
    "   AND NOT EXISTS (SELECT 1 FROM unit_item AS i WHERE i.source = 'pool' AND i.name = p_pool"
    "    AND i.sha256 = c.sha256 AND NOT EXISTS (SELECT 1 FROM lineage AS w"
    "     JOIN unit_item_released AS v ON v.record = w.record WHERE w.ancestor = i.record"
    "     AND i.link <= w.upto AND v.id = i.id)) ORDER BY c.n LIMIT p_count) AS x;"
    "  answer := 'no-row';"
    "  IF rows IS NULL THEN RETURN; END IF;"
    "  answer := 'ok';"
    "  INSERT INTO claim (id, record, process, kind, pool, rows, operator, until_utc)"
    "   VALUES (p_id, p_record, p_process, 'rows', p_pool, cardinality(ask_rows.rows), p_operator,"
    "    clock_timestamp() + p_seconds * interval '1 second');"
    "  INSERT INTO pool_row SELECT p_pool, unnest(ask_rows.rows), p_id;"
    " END $$",

    FUNCTION "add_taken(p_lot text, p_places bigint) RETURNS void" DEFINER
    " BEGIN"
    "  UPDATE quota SET taken = greatest(0, taken + p_places) WHERE lot = p_lot AND p_places <> 0;"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.add_taken(text, bigint) FROM PUBLIC",

    /* What was asked for and never got into the record. Numbers are not given again. */
    FUNCTION "give_back(p_record integer, p_id bigint) RETURNS boolean" DEFINER
    " DECLARE c claim%ROWTYPE;"
    " BEGIN"
    "  DELETE FROM claim WHERE id = p_id AND record = p_record AND lost_utc IS NULL"
    "   RETURNING * INTO c;"
    "  IF NOT FOUND THEN RETURN false; END IF;"
    "  PERFORM add_taken(c.lot, -c.places);"
    "  RETURN true;"
    " END $$",

    /* p_used of its places were used, for all that is known of a station that is gone. Of rows only
     * 0 tells which they are: then all are free again, else none is. */
    FUNCTION "lease_lost(p_id bigint, p_used bigint, p_by text, p_reason text,"
    " p_host text, OUT answer text, OUT places bigint, OUT lot text, OUT at text)" DEFINER
    " DECLARE c claim%ROWTYPE;"
    " BEGIN"
    "  SELECT * INTO c FROM claim WHERE id = p_id FOR UPDATE;"
    "  places := coalesce(c.rows, c.places); lot := c.lot;"
    "  at := to_char(coalesce(c.lost_utc, c.until_utc, c.made_utc + interval '1 hour')"
    "   AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS');"
    "  IF c.id IS NULL THEN answer := 'unknown';"
    "  ELSIF c.lost_utc IS NOT NULL THEN answer := 'lost';"
    "  ELSIF c.until_utc > clock_timestamp() THEN answer := 'valid';"
    "  ELSIF c.kind = 'board' AND c.made_utc + interval '1 hour' > clock_timestamp() THEN"
    "   answer := 'valid';"
    "  ELSIF c.kind = 'rows' AND p_used <> 0 THEN answer := 'rows';"
    "  ELSIF c.kind IN ('board', 'places') AND (p_used IS NULL OR p_used < 0"
    "   OR p_used > c.places) THEN"
    "   answer := 'used';"
    "  ELSE"
    "   answer := 'ok';"
    "   UPDATE claim AS x SET lost_utc = clock_timestamp(), lost_used = coalesce(p_used, 0),"
    "    lost_by = p_by, lost_reason = p_reason, lost_host = p_host WHERE x.id = p_id;"
    "   PERFORM add_taken(c.lot, coalesce(p_used, 0) - c.places);"
    "   DELETE FROM pool_row WHERE claim = p_id AND p_used = 0;"
    "  END IF;"
    " END $$",

    /* The lot of the fleet that a run of this record is in; NULL: it is in none. */
    FUNCTION "lot_of(p_record integer, p_lot bigint) RETURNS text" DEFINER
    " DECLARE l lot%ROWTYPE;"
    " BEGIN"
    "  SELECT t.* INTO l FROM lineage AS y JOIN lot AS t ON t.record = y.ancestor"
    "   AND t.link <= y.upto WHERE y.record = p_record AND t.id = p_lot;"
    "  IF l.fleet = 1 THEN"
    "   INSERT INTO quota (lot, quantity) VALUES (l.name, l.quantity) ON CONFLICT DO NOTHING;"
    "  END IF;"
    "  RETURN l.name;"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.lot_of(integer, bigint) FROM PUBLIC",

    FUNCTION "mac_of(p_record integer, p_board bigint) RETURNS text" DEFINER
    " BEGIN"
    "  RETURN (SELECT b.mac FROM lineage AS y JOIN board AS b ON b.record = y.ancestor"
    "   AND b.link <= y.upto WHERE y.record = p_record AND b.id = p_board);"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.mac_of(integer, bigint) FROM PUBLIC",

    /* A run of the batch: what it has asked for is settled. Places are of boards: one that has
     * passed in the lot elsewhere as well, while nobody could be asked, has one place, and is
     * reported unless it may pass twice. */
    FUNCTION "account_run(p_record integer, r run) RETURNS void" DEFINER
    " DECLARE c claim%ROWTYPE; f record; lot_name text := lot_of(p_record, r.lot);"
    "  passes boolean; counts boolean; asks boolean;"
    " BEGIN"
    "  DELETE FROM claim WHERE id = r.claim AND record = p_record AND kind = 'board'"
    "   RETURNING * INTO c;"
    "  passes := r.verdict = 'PASS' AND coalesce(r.golden, 0) = 0;"
    "  counts := passes AND r.holds_place = 1 AND NOT EXISTS"
    "   (SELECT 1 FROM run AS o WHERE o.record = r.record AND o.board = r.board AND o.lot = r.lot"
    "    AND o.verdict = 'PASS' AND o.link < r.link AND NOT EXISTS (SELECT 1 FROM correction AS m"
    "     WHERE m.record = p_record AND m.run = o.id AND m.verdict = 'FAIL' AND m.link < r.link));"
    "  SELECT * INTO f FROM passed_elsewhere(p_record, mac_of(p_record, r.board), r.claim = -1"
    "   OR c.rule = 'ever', lot_name) WHERE passes;"
    "  asks := r.claim IN (0, -1) OR c.rule IN ('lot', 'ever');"
    "  IF f.of_record IS NOT NULL AND asks AND r.rework_of IS NULL THEN"
    "   INSERT INTO twice (what, text, record, run, other_record, other_run) VALUES ('board',"
    "    mac_of(p_record, r.board), p_record, r.id, f.of_record, f.run);"
    "  END IF;"
    "  counts := counts AND NOT coalesce(f.in_lot, false);"
    /* What a lease has given counts there, and until it ends. */
    "  IF r.lease IS NOT NULL AND passes AND r.holds_place = 1 AND NOT counts THEN"
    "   PERFORM add_taken(lot_name, -1);"
    "  END IF;"
    "  IF c.id IS NOT NULL THEN"
    /* One that had begun on a lease and was asked about later has that place, and no second one. */
    "   PERFORM add_taken(c.lot,"
    "    CASE WHEN counts AND c.places > 0 AND r.lease IS NULL THEN 1 ELSE 0 END"
    "    - CASE WHEN c.lost_utc IS NULL THEN c.places ELSE c.lost_used END);"
    "  ELSIF counts AND r.claim > 0 AND r.lease IS NULL THEN"
    /* From before a backup of the server, which has forgotten it. */
    "   PERFORM add_taken(lot_name, 1);"
    "  END IF;"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.account_run(integer, espstation.run) FROM PUBLIC",

    /* A lease of the batch that the server does not know any more. */
    FUNCTION "account_lease(p_record integer, e lease) RETURNS void" DEFINER
    " DECLARE lot_name text;"
    " BEGIN"
    "  IF EXISTS (SELECT 1 FROM claim WHERE id = e.number AND record = p_record) THEN RETURN;"
    "  END IF;"
    "  lot_name := lot_of(p_record, e.lot);"
    "  INSERT INTO claim (id, record, process, kind, lot, places, counter, first, last, pool, rows,"
    "   operator, made_utc, until_utc) VALUES (e.number, p_record, 0, e.kind, lot_name,"
    "   coalesce(e.places, 0), e.counter, e.first, e.last, e.pool,"
    "   CASE WHEN e.kind = 'rows' THEN (SELECT count(*) FROM lease_row AS w"
    "    WHERE w.record = e.record AND w.lease = e.id) END,"
    "   e.operator, e.taken_utc, e.until_utc);"
    "  INSERT INTO pool_row SELECT e.pool, w.sha256, e.number FROM lease_row AS w"
    "   WHERE w.record = e.record AND w.lease = e.id AND e.kind = 'rows' ON CONFLICT DO NOTHING;"
    "  PERFORM add_taken(lot_name, coalesce(e.places, 0));"
    "  IF e.kind = 'numbers' THEN"
    "   INSERT INTO series AS s VALUES (e.counter, e.last::numeric + e.step)"
    "    ON CONFLICT (counter) DO UPDATE SET next = greatest(s.next, EXCLUDED.next);"
    "  END IF;"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.account_lease(integer, espstation.lease) FROM PUBLIC",

    FUNCTION "account_lease_end(p_record integer, n lease_end) RETURNS void"
    DEFINER
    " DECLARE c claim%ROWTYPE;"
    " BEGIN"
    "  DELETE FROM claim WHERE record = p_record AND id = (SELECT e.number FROM lineage AS y"
    "   JOIN lease AS e ON e.record = y.ancestor AND e.link <= y.upto WHERE y.record = p_record"
    "   AND e.id = n.id) RETURNING * INTO c;"
    "  IF FOUND AND c.kind = 'places' THEN"
    "   PERFORM add_taken(c.lot, n.used - CASE WHEN c.lost_utc IS NULL THEN c.places"
    "    ELSE c.lost_used END);"
    "  END IF;"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.account_lease_end(integer, espstation.lease_end)"
    " FROM PUBLIC",

    /* A PASS taken back: its place in a lot of the fleet is free, unless a lease still has it, or
     * the board has passed in that lot once more. */
    FUNCTION "account_correction(p_record integer, k correction) RETURNS void"
    DEFINER
    " DECLARE r run%ROWTYPE; lot_name text; elsewhere boolean;"
    " BEGIN"
    "  SELECT x.* INTO r FROM lineage AS y JOIN run AS x ON x.record = y.ancestor"
    "   AND x.link <= y.upto WHERE y.record = p_record AND x.id = k.run AND x.verdict = 'PASS';"
    "  IF NOT FOUND OR r.claim IS NULL AND r.lease IS NULL OR r.holds_place <> 1 THEN RETURN;"
    "  END IF;"
    "  lot_name := lot_of(r.record, r.lot);"
    "  elsewhere := EXISTS (SELECT 1 FROM passed_elsewhere(p_record, mac_of(r.record, r.board),"
    "   false, lot_name));"
    /* Its lease has the place again, also if the board had none of its own. */
    "  IF r.lease IS NOT NULL AND NOT EXISTS (SELECT 1 FROM lineage AS y JOIN lease_end AS n"
    "   ON n.record = y.ancestor AND n.link <= y.upto WHERE y.record = p_record AND n.id = r.lease"
    "   AND n.link < k.link) THEN"
    "   PERFORM add_taken(lot_name, elsewhere::integer);"
    "   RETURN;"
    "  END IF;"
    "  IF elsewhere THEN RETURN; END IF;"
    "  IF EXISTS (SELECT 1 FROM run AS o WHERE o.record = r.record AND o.board = r.board"
    "   AND o.lot = r.lot AND o.id <> r.id AND o.verdict = 'PASS' AND NOT EXISTS (SELECT 1"
    "    FROM correction AS m WHERE m.record = p_record AND m.run = o.id AND m.verdict = 'FAIL'"
    "    AND m.link <= k.link)) THEN RETURN;"
    "  END IF;"
    "  PERFORM add_taken(lot_name, -1);"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.account_correction(integer, espstation.correction)"
    " FROM PUBLIC",

    /* All of a batch, links p_after < link <= p_upto, once it is stored, in the order in which it
     * happened where that matters. Gives what turned out to be twice. */
    FUNCTION "account(p_record integer, p_after bigint, p_upto bigint)"
    " RETURNS TABLE (what text, text text, run bigint, other_station text, other_run bigint)"
    DEFINER
    " DECLARE e lease; r run; n lease_end; k correction; first_id integer;"
    " BEGIN"
    "  SELECT coalesce(max(id), 0) INTO first_id FROM twice;"
    "  FOR e IN SELECT * FROM lease AS x WHERE x.record = p_record AND x.link > p_after"
    "   AND x.link <= p_upto ORDER BY x.link LOOP PERFORM account_lease(p_record, e); END LOOP;"
    "  FOR r IN SELECT * FROM run AS x WHERE x.record = p_record AND x.link > p_after"
    "   AND x.link <= p_upto AND x.claim IS NOT NULL ORDER BY x.link LOOP"
    "   PERFORM account_run(p_record, r);"
    "  END LOOP;"
    "  FOR n IN SELECT * FROM lease_end AS x WHERE x.record = p_record AND x.link > p_after"
    "   AND x.link <= p_upto ORDER BY x.link LOOP PERFORM account_lease_end(p_record, n);"
    "  END LOOP;"
    "  FOR k IN SELECT * FROM correction AS x WHERE x.record = p_record AND x.link > p_after"
    "   AND x.link <= p_upto AND x.verdict = 'FAIL' ORDER BY x.link LOOP"
    "   PERFORM account_correction(p_record, k);"
    "  END LOOP;"
    "  INSERT INTO twice (what, text, record, run, other_record, other_run)"
    "   SELECT 'serial', u.serial, p_record, u.run, f.of_record, f.run FROM unit AS u"
    "    CROSS JOIN LATERAL serial_elsewhere(p_record, u.serial, (SELECT b.mac FROM lineage AS w"
    "     JOIN board AS b ON b.record = w.ancestor AND b.link <= w.upto WHERE w.record = p_record"
    "     AND b.id = u.board)) AS f WHERE u.record = p_record AND u.link > p_after"
    "    AND u.link <= p_upto AND u.serial IS NOT NULL;"
    "  INSERT INTO twice (what, text, record, run, other_record, other_run)"
    "   SELECT 'row of pool', i.name || ' (' || i.label || ')', p_record, u.run, f.of_record, f.run"
    "    FROM unit_item AS i JOIN unit AS u ON u.record = i.record AND u.id = i.unit"
    "    CROSS JOIN LATERAL row_elsewhere(p_record, i.name, i.sha256, mac_of(p_record, u.board))"
    "    AS f WHERE i.record = p_record AND i.link > p_after AND i.link <= p_upto"
    "    AND i.source = 'pool';"
    "  RETURN QUERY SELECT t.what, t.text, t.run, " STATION_OF("t.other_record") ", t.other_run"
    "   FROM twice AS t WHERE t.id > first_id AND t.record = p_record ORDER BY t.id;"
    " END $$",

    /* The book, for people: what is lent, and what is being flashed. */
    "CREATE OR REPLACE VIEW espstation.leases AS SELECT c.id AS lease, " STATION_OF("c.record")
    " AS station, c.kind, c.lot, c.places, c.mac, c.counter, c.first, c.last, c.operator,"
    " c.made_utc, c.until_utc, coalesce(c.until_utc <= now(), false) AS lapsed, c.lost_utc,"
    " c.lost_used, c.lost_by, c.lost_reason, c.pool, c.rows FROM espstation.claim AS c",
    NULL,
};
/* clang-format on */

const char *const *const fleet_step_lease = version_4;
const char *const *const fleet_step_rows = version_5;
