/*
 * The tables of the server, as the statements that lead from one version to the next, and the
 * rights of its roles.
 *
 * The tables are those of the record (fleet_tables.c), each row with the record it is of and the
 * link that brought it. Nothing in them is ever changed, and no role but their owner has the right
 * to. What grows with every run is parted by the month in which the run began, as the record tells
 * it: the time is part of the key there, and is the same however often a row is sent. That no link
 * is stored twice, whatever its month, is up to espstation.link, which is not parted.
 *
 * A month's parts are made by the first who needs them (espstation.make_month). What no part is
 * made for (a clock that was wrong by years) goes to the parts *_other, and from there to the
 * month's own should that be made one day: PostgreSQL would refuse to make it otherwise.
 *
 * Changing it: an array in a file of its own, as fleet_schema_lease.c, its row in fleet_step, and
 * FLEET_VERSION raised. A version that was released is never edited; functions are made anew by
 * each init (fleet_lease_functions). Steps run in one transaction.
 */
#include "db/fleet/fleet_priv.h"
#include "db/store/phrases.h"

#define HEAD    "record integer NOT NULL, link bigint NOT NULL, "
#define PART(t) "CREATE TABLE espstation." t "_other PARTITION OF espstation." t " DEFAULT"

static const char attempt_table[] =
    "CREATE TABLE espstation.attempt (" HEAD "run_utc timestamptz NOT NULL, id bigint NOT NULL,"
    " run bigint NOT NULL, number integer NOT NULL, started_utc timestamptz NOT NULL,"
    " duration_ms bigint NOT NULL, baud bigint, reset text, loader text, phase text NOT NULL,"
    " code text NOT NULL, sentence text, hint text, board_state text NOT NULL,"
    " bytes_written bigint NOT NULL, wire_bytes bigint NOT NULL, baud_asked bigint, baud_why text,"
    " write_mode text, round_trips bigint, reset_ms bigint, sync_ms bigint, identify_ms bigint,"
    " stub_ms bigint, baud_ms bigint, erase_ms bigint, wire_ms bigint, stall_ms bigint,"
    " md5_ms bigint, leave_ms bigint, boot_ms bigint, floor_ms bigint, size_ms bigint,"
    " PRIMARY KEY (record, id, run_utc)) PARTITION BY RANGE (run_utc)";

/* Laid out by hand: the formatter would tear the statements apart. */
/* clang-format off */
static const char *const version_1[] = {
    "CREATE TABLE espstation.station ("
    " id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " name text NOT NULL UNIQUE CHECK (length(name) BETWEEN 1 AND 64),"
    " joined_utc timestamptz NOT NULL DEFAULT now())",

    /* A record of a station. The first has no parent; one that was restored from a backup, and gone
     * on with, goes on behind parent_link of its parent, whose rows up to there are its own. */
    "CREATE TABLE espstation.record ("
    " id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " station integer NOT NULL REFERENCES espstation.station,"
    " parent integer REFERENCES espstation.record,"
    " parent_link bigint,"
    " first_sha256 text NOT NULL," /* of link 1: what tells records from each other */
    " link bigint NOT NULL," /* the mark: all up to it is here */
    " sha256 text NOT NULL," /* of that link */
    " joined_utc timestamptz NOT NULL DEFAULT now(),"
    " joined_by text NOT NULL,"
    " joined_host text NOT NULL,"
    " reason text," /* of going on where a decision was needed */
    " replaced_utc timestamptz," /* since then the station goes on with another record */
    " sent_utc timestamptz,"
    " sent_host text,"
    " tool_version text NOT NULL,"
    " CHECK ((parent IS NULL) = (parent_link IS NULL)),"
    " CHECK (link >= coalesce(parent_link, 0)))",
    "CREATE UNIQUE INDEX record_current ON espstation.record (station) WHERE replaced_utc IS NULL",
    "CREATE INDEX record_first ON espstation.record (first_sha256)",

    /* Whose rows a record has: its own, and those of its parents up to where it goes on. */
    "CREATE TABLE espstation.lineage (record integer NOT NULL REFERENCES espstation.record,"
    " ancestor integer NOT NULL REFERENCES espstation.record, upto bigint NOT NULL,"
    " PRIMARY KEY (record, ancestor))",
    "CREATE INDEX lineage_ancestor ON espstation.lineage (ancestor)",

    "CREATE FUNCTION espstation.mark_goes_forward() RETURNS trigger LANGUAGE plpgsql AS $$"
    " BEGIN"
    "  IF NEW.link < OLD.link OR (NEW.id, NEW.station, NEW.parent, NEW.parent_link,"
    "   NEW.first_sha256) IS DISTINCT FROM (OLD.id, OLD.station, OLD.parent, OLD.parent_link,"
    "   OLD.first_sha256) THEN"
    "   RAISE EXCEPTION 'the mark of a record only goes forward';"
    "  END IF;"
    "  RETURN NEW;"
    " END $$",
    "CREATE TRIGGER record_mark BEFORE UPDATE ON espstation.record"
    " FOR EACH ROW EXECUTE FUNCTION espstation.mark_goes_forward()",

    "CREATE TABLE espstation.link (record integer NOT NULL, link bigint NOT NULL,"
    " id bigint NOT NULL CHECK (id = link), kind text NOT NULL, \"row\" bigint NOT NULL,"
    " form_sha256 text NOT NULL, sha256 text NOT NULL, PRIMARY KEY (record, id))",

    "CREATE TABLE espstation.process (" HEAD "id bigint NOT NULL, host text NOT NULL,"
    " boot_id text NOT NULL, pid bigint NOT NULL, start_ticks bigint NOT NULL,"
    " tool_version text NOT NULL, started_utc timestamptz NOT NULL, presence text,"
    " PRIMARY KEY (record, id))",
    "CREATE TABLE espstation.process_end (" HEAD "id bigint NOT NULL,"
    " ended_utc timestamptz NOT NULL, PRIMARY KEY (record, id))",

    "CREATE TABLE espstation.recipe (" HEAD "id bigint NOT NULL, name text NOT NULL, version text,"
    " chip text NOT NULL, text text NOT NULL, sha256 text NOT NULL, plan_sha256 text NOT NULL,"
    " added_utc timestamptz NOT NULL, PRIMARY KEY (record, id))",
    "CREATE INDEX recipe_name ON espstation.recipe (name)",
    "CREATE TABLE espstation.image (" HEAD "id bigint NOT NULL, recipe bigint NOT NULL,"
    " number integer NOT NULL, file text NOT NULL, \"offset\" bigint NOT NULL,"
    " size_bytes bigint NOT NULL, sha256 text NOT NULL, md5 text NOT NULL, app_project text,"
    " app_version text, app_elf_sha256 text, PRIMARY KEY (record, id))",
    "CREATE INDEX image_recipe ON espstation.image (record, recipe)",

    "CREATE TABLE espstation.lot (" HEAD "id bigint NOT NULL, name text NOT NULL,"
    " added_utc timestamptz NOT NULL, quantity bigint, recipe bigint, one_recipe integer NOT NULL,"
    " opened_by text, PRIMARY KEY (record, id))",
    "CREATE INDEX lot_name ON espstation.lot (name)",

    "CREATE TABLE espstation.board (" HEAD "id bigint NOT NULL, mac text NOT NULL,"
    " chip text NOT NULL, revision integer, flash_id bigint, flash_bytes bigint,"
    " first_seen_utc timestamptz NOT NULL, PRIMARY KEY (record, id))",
    "CREATE INDEX board_mac ON espstation.board (mac)",
    "CREATE INDEX board_base ON espstation.board ((" BASE_MAC("mac") "))",

    "CREATE TABLE espstation.run (" HEAD "run_utc timestamptz NOT NULL, id bigint NOT NULL,"
    " process bigint NOT NULL, lot bigint, recipe bigint NOT NULL, slot integer NOT NULL,"
    " port text NOT NULL, operator text, started_utc timestamptz NOT NULL, board bigint,"
    " seen_chip text, seen_revision integer, seen_flash_id bigint, seen_flash_bytes bigint,"
    " ended_utc timestamptz, duration_ms bigint, verdict text NOT NULL, code text NOT NULL,"
    " sentence text, hint text, board_state text NOT NULL, app_text text,"
    " holds_place integer NOT NULL, rework_of bigint, rework_reason text, golden integer,"
    " CHECK (run_utc = started_utc), PRIMARY KEY (record, id, run_utc))"
    " PARTITION BY RANGE (run_utc)",
    "CREATE INDEX run_started ON espstation.run (run_utc)",
    "CREATE INDEX run_board ON espstation.run (record, board)",
    "CREATE INDEX run_lot ON espstation.run (record, lot)",
    attempt_table,
    "CREATE INDEX attempt_run ON espstation.attempt (record, run)",
    "CREATE TABLE espstation.digest (" HEAD "run_utc timestamptz NOT NULL, attempt bigint NOT NULL,"
    " image bigint NOT NULL, expected_md5 text NOT NULL, read_md5 text, written_md5 text,"
    " written_sha256 text, skipped_bytes bigint NOT NULL,"
    " PRIMARY KEY (record, attempt, image, run_utc)) PARTITION BY RANGE (run_utc)",
    "CREATE TABLE espstation.unit_digest (" HEAD "run_utc timestamptz NOT NULL,"
    " attempt bigint NOT NULL, number integer NOT NULL, place text NOT NULL,"
    " \"offset\" bigint NOT NULL, size_bytes bigint NOT NULL, expected_md5 text NOT NULL,"
    " read_md5 text, written_md5 text, written_sha256 text, skipped_bytes bigint NOT NULL,"
    " PRIMARY KEY (record, attempt, number, run_utc)) PARTITION BY RANGE (run_utc)",
    PART("run"), PART("attempt"), PART("digest"), PART("unit_digest"),

    "CREATE TABLE espstation.correction (" HEAD "id bigint NOT NULL, run bigint NOT NULL,"
    " verdict text, operator text NOT NULL, reason text NOT NULL, host text NOT NULL,"
    " made_utc timestamptz NOT NULL, PRIMARY KEY (record, id))",
    "CREATE INDEX correction_run ON espstation.correction (record, run)",
    "CREATE TABLE espstation.checkpoint (" HEAD "id bigint NOT NULL, lot bigint NOT NULL,"
    " closed_link bigint NOT NULL, closed_utc timestamptz NOT NULL, closed_by text,"
    " text text NOT NULL, signature text NOT NULL, PRIMARY KEY (record, id))",
    "CREATE TABLE espstation.label (" HEAD "id bigint NOT NULL, run bigint NOT NULL,"
    " number integer NOT NULL, printer text NOT NULL, zpl text NOT NULL, operator text,"
    " reason text, ordered_utc timestamptz NOT NULL, PRIMARY KEY (record, id))",
    "CREATE TABLE espstation.label_end (" HEAD "id bigint NOT NULL, begun_utc timestamptz,"
    " begun_by bigint, ended_utc timestamptz NOT NULL, outcome text NOT NULL, sentence text,"
    " PRIMARY KEY (record, id))",
    "CREATE TABLE espstation.act (" HEAD "id bigint NOT NULL, word text NOT NULL,"
    " person text NOT NULL, role text NOT NULL, proved integer NOT NULL, process bigint,"
    " slot integer, run bigint, lot bigint, text text, reason text, host text NOT NULL,"
    " made_utc timestamptz NOT NULL, PRIMARY KEY (record, id))",

    "CREATE TABLE espstation.unit (" HEAD "id bigint NOT NULL, board bigint NOT NULL,"
    " run bigint NOT NULL, serial text, salt text NOT NULL, taken_utc timestamptz NOT NULL,"
    " PRIMARY KEY (record, id))",
    "CREATE INDEX unit_serial ON espstation.unit (serial)",
    "CREATE INDEX unit_board ON espstation.unit (record, board)",
    "CREATE TABLE espstation.unit_item (" HEAD "id bigint NOT NULL, unit bigint NOT NULL,"
    " source text NOT NULL, name text NOT NULL, number bigint NOT NULL, sha256 text, label text,"
    " PRIMARY KEY (record, id))",
    "CREATE TABLE espstation.unit_value (" HEAD "id bigint NOT NULL, unit bigint NOT NULL,"
    " name text NOT NULL, text text, sha256 text, source text NOT NULL, is_unique integer NOT NULL,"
    " PRIMARY KEY (record, id))",
    "CREATE INDEX unit_value_unit ON espstation.unit_value (record, unit)",
    "CREATE TABLE espstation.unit_decision (" HEAD "id bigint NOT NULL, what text NOT NULL,"
    " board bigint, serial text, mark text, operator text NOT NULL, reason text NOT NULL,"
    " host text NOT NULL, made_utc timestamptz NOT NULL, PRIMARY KEY (record, id))",
    "CREATE TABLE espstation.unit_released (" HEAD "decision bigint NOT NULL,"
    " id bigint NOT NULL, PRIMARY KEY (record, id))",
    "CREATE TABLE espstation.unit_item_released (" HEAD "decision bigint NOT NULL,"
    " id bigint NOT NULL, PRIMARY KEY (record, id))",
    "CREATE TABLE espstation.unit_value_released (" HEAD "decision bigint NOT NULL,"
    " id bigint NOT NULL, PRIMARY KEY (record, id))",

    /* The hash of a link as this record has it. */
    "CREATE FUNCTION espstation.sha256_of(of_record integer, of_link bigint) RETURNS text"
    " LANGUAGE sql STABLE AS $$"
    " SELECT l.sha256 FROM espstation.lineage AS y JOIN espstation.link AS l"
    " ON l.record = y.ancestor AND l.id = of_link WHERE y.record = of_record"
    " AND of_link <= y.upto $$",

    /* Makes the parts of a month ('2026-11'), if it is one that a station's clock may show. The
     * times are UTC, whatever the session's zone. */
    "CREATE FUNCTION espstation.make_month(month text) RETURNS boolean LANGUAGE plpgsql"
    " SECURITY DEFINER SET search_path = espstation, pg_temp SET timezone = 'UTC' AS $$"
    " DECLARE first timestamptz; next timestamptz; parted text; part text;"
    " BEGIN"
    "  IF month !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' THEN RETURN false; END IF;"
    "  first := (month || '-01 00:00:00+00')::timestamptz;"
    "  next := first + interval '1 month';"
    "  IF first < '2020-01-01 00:00:00+00' OR first > now() + interval '1 day' THEN"
    "   RETURN false;"
    "  END IF;"
    "  PERFORM pg_advisory_xact_lock(hashtext('espstation.make_month'));"
    "  FOREACH parted IN ARRAY ARRAY['run', 'attempt', 'digest', 'unit_digest'] LOOP"
    "   part := parted || '_' || replace(month, '-', '_');"
    "   CONTINUE WHEN to_regclass('espstation.' || part) IS NOT NULL;"
    "   EXECUTE format('CREATE TABLE espstation.%I (LIKE espstation.%I INCLUDING CONSTRAINTS)',"
    "    part, parted);"
    "   EXECUTE format('WITH moved AS (DELETE FROM espstation.%I WHERE run_utc >= $1 AND"
    " run_utc < $2 RETURNING *) INSERT INTO espstation.%I SELECT * FROM moved',"
    "    parted || '_other', part) USING first, next;"
    "   EXECUTE format('ALTER TABLE espstation.%I ATTACH PARTITION espstation.%I FOR VALUES"
    " FROM (%L) TO (%L)', parted, part, first, next);"
    "  END LOOP;"
    "  RETURN true;"
    " END $$",
    "REVOKE ALL ON FUNCTION espstation.make_month(text) FROM PUBLIC",

    /* For people and dashboards: a line for each run, with the verdict after corrections. Its
     * columns stay. */
    "CREATE VIEW espstation.runs AS SELECT s.name AS station, r.record, r.id AS run,"
    " r.run_utc AS started_utc, r.ended_utc, r.duration_ms / 1000.0 AS seconds,"
    " coalesce((SELECT k.verdict FROM espstation.lineage AS y JOIN espstation.correction AS k"
    "  ON k.record = y.record WHERE y.ancestor = r.record AND r.link <= y.upto AND k.run = r.id"
    "  AND k.verdict IS NOT NULL ORDER BY k.made_utc DESC, k.id DESC LIMIT 1), r.verdict)"
    "  AS verdict,"
    " r.verdict AS own_verdict, r.code, r.sentence, r.board_state, l.name AS lot, b.mac,"
    " r.seen_chip AS chip, r.slot, r.port, r.operator, c.name AS recipe,"
    " c.version AS recipe_version, c.plan_sha256, p.host, r.rework_of, r.rework_reason,"
    " coalesce(r.golden, 0) = 1 AS golden"
    " FROM espstation.run AS r JOIN espstation.record AS o ON o.id = r.record"
    " JOIN espstation.station AS s ON s.id = o.station"
    " LEFT JOIN " AS_SEEN("process", "t.id, t.host") " AS p"
    "  ON p.record = r.record AND p.id = r.process"
    " LEFT JOIN " AS_SEEN("recipe", "t.id, t.name, t.version, t.plan_sha256") " AS c"
    "  ON c.record = r.record AND c.id = r.recipe"
    " LEFT JOIN " AS_SEEN("lot", "t.id, t.name") " AS l ON l.record = r.record AND l.id = r.lot"
    " LEFT JOIN " AS_SEEN("board", "t.id, t.mac") " AS b"
    "  ON b.record = r.record AND b.id = r.board",
    NULL,
};

/* Burns of fuses, which records of version 5 have. */
static const char *const version_3[] = {
    "CREATE TABLE espstation.burn (" HEAD "id bigint NOT NULL, run bigint NOT NULL,"
    " attempt integer NOT NULL, number integer NOT NULL, stage text NOT NULL,"
    " block integer NOT NULL, fuses text NOT NULL, words text, key_salt text, key_hmac text,"
    " outcome text NOT NULL, proof text, sentence text, person text,"
    " made_utc timestamptz NOT NULL, PRIMARY KEY (record, id))",
    "CREATE INDEX burn_run ON espstation.burn (record, run)",
    /* Written by the station's own stub: likewise. */
    "ALTER TABLE espstation.attempt ADD COLUMN fast text",
    NULL,
};

/* Given anew by each init: what a station and a reader may. */
const char *const fleet_grants[] = {
    "DO $$ BEGIN"
    " IF to_regrole('espstation_station') IS NULL THEN CREATE ROLE espstation_station; END IF;"
    " IF to_regrole('espstation_reader') IS NULL THEN CREATE ROLE espstation_reader; END IF;"
    " END $$",
    "GRANT USAGE ON SCHEMA espstation TO espstation_station, espstation_reader",
    "GRANT SELECT ON ALL TABLES IN SCHEMA espstation TO espstation_station, espstation_reader",
    "GRANT INSERT ON ALL TABLES IN SCHEMA espstation TO espstation_station",
    "REVOKE INSERT ON espstation.schema_version FROM espstation_station",
    /* Those the triggers fill, with the rights of the owner. */
    "REVOKE INSERT ON espstation.known_lot, espstation.known_recipe, espstation.cell,"
    " espstation.cell_code, espstation.cell_rate, espstation.board_lot, espstation.again,"
    " espstation.corrected FROM espstation_station",
    "GRANT UPDATE (link, sha256, replaced_utc, sent_utc, sent_host, tool_version)"
    " ON espstation.record TO espstation_station",
    "GRANT EXECUTE ON FUNCTION espstation.make_month(text) TO espstation_station",
    /* the server's own book, which its functions alone write to */
    "REVOKE INSERT ON espstation.told, espstation.quota, espstation.series, espstation.claim,"
    " espstation.pool_row, espstation.twice FROM espstation_station",
    "REVOKE ALL ON FUNCTION espstation.tell_link(integer, bigint, text), espstation.ask_board("
    "bigint, integer, bigint, bigint, text, text, text, text, bigint, boolean, text),"
    " espstation.ask_places(bigint, integer, bigint, bigint, text, text, bigint, bigint, bigint,"
    " text), espstation.ask_numbers(bigint, integer, bigint, bigint, text, text, bigint, bigint,"
    " bigint, bigint), espstation.ask_rows(bigint, integer, bigint, bigint, text, text, text[],"
    " bigint, bigint, text), espstation.give_back(integer, bigint), espstation.lease_lost(bigint,"
    " bigint, text, text, text), espstation.account(integer, bigint, bigint) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION espstation.tell_link(integer, bigint, text), espstation.ask_board("
    "bigint, integer, bigint, bigint, text, text, text, text, bigint, boolean, text),"
    " espstation.ask_places(bigint, integer, bigint, bigint, text, text, bigint, bigint, bigint,"
    " text), espstation.ask_numbers(bigint, integer, bigint, bigint, text, text, bigint, bigint,"
    " bigint, bigint), espstation.ask_rows(bigint, integer, bigint, bigint, text, text, text[],"
    " bigint, bigint, text), espstation.give_back(integer, bigint), espstation.lease_lost(bigint,"
    " bigint, text, text, text), espstation.account(integer, bigint, bigint) TO espstation_station",
    NULL,
};
/* clang-format on */

const char *const *fleet_step(int version)
{
    const char *const *const steps[FLEET_VERSION] = { version_1, fleet_step_stats, version_3,
                                                      fleet_step_lease, fleet_step_rows };
    return steps[version - 1];
}
