/* Leases, as statements for the step of tables.c that brings them (version 5): what the fleet's
 * server has lent to this record, and what of it a run uses. A use stands in the row that uses it
 * (run.lease, run.claim, the number of a unit_item), and so is in its commit and its form. A lease
 * ends once, and gives nothing after that, whoever writes. */
/* clang-format off */
    "ALTER TABLE lot ADD COLUMN fleet INTEGER CHECK (fleet = 1)", /* a quantity of all stations */

    "CREATE TABLE lease ("
    " id INTEGER PRIMARY KEY,"
    " number INTEGER NOT NULL UNIQUE CHECK (number > 0)," /* what the server knows it by */
    " kind TEXT NOT NULL CHECK (kind IN ('places', 'numbers')),"
    " lot INTEGER REFERENCES lot(id)," /* of places */
    " places INTEGER CHECK (places >= 1),"
    " counter TEXT," /* of numbers: first, first + step, ... last */
    " first INTEGER,"
    " last INTEGER CHECK (last >= first),"
    " step INTEGER CHECK (step >= 1),"
    " operator TEXT CHECK (length(operator) > 0)," /* who took it; NULL: the station itself */
    " taken_utc TEXT NOT NULL " UTC("taken_utc") ","
    /* Places lapse: by the clock of one start of the computer, which nobody can set, or by the
     * wall clock, whichever says so first. */
    " until_utc TEXT " UTC("until_utc") ","
    " boot_id TEXT,"
    " until_boot_ms INTEGER,"
    " ended_utc TEXT " UTC("ended_utc") ","
    " used INTEGER CHECK (used >= 0),"
    " why TEXT CHECK (why IN ('returned', 'lapsed', 'used-up', 'given-up')),"
    " CHECK ((kind = 'places') = (lot IS NOT NULL AND places IS NOT NULL AND until_utc IS NOT NULL"
    "  AND boot_id IS NOT NULL AND until_boot_ms IS NOT NULL)),"
    " CHECK ((kind = 'numbers') = (counter IS NOT NULL AND first IS NOT NULL AND last IS NOT NULL"
    "  AND step IS NOT NULL)),"
    " CHECK ((ended_utc IS NULL) = (used IS NULL) AND (ended_utc IS NULL) = (why IS NULL))"
    ") STRICT",

    "ALTER TABLE run ADD COLUMN lease INTEGER REFERENCES lease(id)", /* whose place it has */
    /* what the server knows the run by; let in without it: 0: once in a lot, -1: once ever, -2: as
     * often as it comes */
    "ALTER TABLE run ADD COLUMN claim INTEGER CHECK (claim >= -2)",

    "CREATE INDEX run_lease ON run(lease) WHERE lease IS NOT NULL",
    "CREATE INDEX run_claim ON run(claim) WHERE claim > 0",
    "CREATE INDEX lease_open ON lease(kind, lot, counter, id) WHERE ended_utc IS NULL",

    KEPT("lease"),
    NOT_REPLACED("lease", "old.id = NEW.id OR old.number = NEW.number"),
    "CREATE TRIGGER lease_only_ends BEFORE UPDATE ON lease"
    " WHEN OLD.ended_utc IS NOT NULL OR NEW.ended_utc IS NULL"
    "  OR (NEW.id, NEW.number, NEW.kind, NEW.lot, NEW.places, NEW.counter, NEW.first, NEW.last,"
    "      NEW.step, NEW.operator, NEW.taken_utc, NEW.until_utc, NEW.boot_id, NEW.until_boot_ms)"
    "     IS NOT"
    "     (OLD.id, OLD.number, OLD.kind, OLD.lot, OLD.places, OLD.counter, OLD.first, OLD.last,"
    "      OLD.step, OLD.operator, OLD.taken_utc, OLD.until_utc, OLD.boot_id, OLD.until_boot_ms)"
    " BEGIN SELECT RAISE(ABORT, 'a lease may only end, and only once'); END",
    "CREATE TRIGGER run_of_an_open_lease BEFORE UPDATE OF lease ON run"
    " WHEN NEW.lease IS NOT OLD.lease AND (OLD.lease IS NOT NULL OR NOT EXISTS (SELECT 1 FROM lease"
    "  WHERE id = NEW.lease AND kind = 'places' AND lot = NEW.lot AND ended_utc IS NULL))"
    " BEGIN SELECT RAISE(ABORT, 'a place comes from an open lease of its lot'); END",
