/* Leases of a pool's rows, as statements for the step of tables.c that brings them (version 6), and
 * where a board has passed that is flashed again. What is lent keeps its rows: `lease` is made anew
 * for its kinds alone, which a CHECK lists. A row that is used stands in the row that uses it
 * (unit_item). */
/* clang-format off */
    /* of re-work: the station and the run in which the board has passed, where that is another's */
    "ALTER TABLE run ADD COLUMN rework_elsewhere TEXT",

    "DROP TRIGGER run_of_an_open_lease",
    "CREATE TABLE lease_6 ("
    " id INTEGER PRIMARY KEY,"
    " number INTEGER NOT NULL UNIQUE CHECK (number > 0)," /* what the server knows it by */
    " kind TEXT NOT NULL CHECK (kind IN ('places', 'numbers', 'rows')),"
    " lot INTEGER REFERENCES lot(id)," /* of places */
    " places INTEGER CHECK (places >= 1),"
    " counter TEXT," /* of numbers: first, first + step, ... last */
    " first INTEGER,"
    " last INTEGER CHECK (last >= first),"
    " step INTEGER CHECK (step >= 1),"
    " pool TEXT," /* of rows, which are those of lease_row */
    " operator TEXT CHECK (length(operator) > 0)," /* who took it; NULL: the station itself */
    " taken_utc TEXT NOT NULL " UTC("taken_utc") ","
    /* Places and rows lapse: by the clock of one start of the computer, which nobody can set, or by
     * the wall clock, whichever says so first. */
    " until_utc TEXT " UTC("until_utc") ","
    " boot_id TEXT,"
    " until_boot_ms INTEGER,"
    " ended_utc TEXT " UTC("ended_utc") ","
    " used INTEGER CHECK (used >= 0),"
    " why TEXT CHECK (why IN ('returned', 'lapsed', 'used-up', 'given-up')),"
    " CHECK ((kind = 'places') = (lot IS NOT NULL AND places IS NOT NULL)),"
    " CHECK ((kind = 'rows') = (pool IS NOT NULL)),"
    " CHECK ((kind <> 'numbers') = (until_utc IS NOT NULL AND boot_id IS NOT NULL"
    "  AND until_boot_ms IS NOT NULL)),"
    " CHECK ((kind = 'numbers') = (counter IS NOT NULL AND first IS NOT NULL AND last IS NOT NULL"
    "  AND step IS NOT NULL)),"
    " CHECK ((ended_utc IS NULL) = (used IS NULL) AND (ended_utc IS NULL) = (why IS NULL))"
    ") STRICT",
    "INSERT INTO lease_6 (id, number, kind, lot, places, counter, first, last, step, operator,"
    " taken_utc, until_utc, boot_id, until_boot_ms, ended_utc, used, why)"
    " SELECT id, number, kind, lot, places, counter, first, last, step, operator, taken_utc,"
    " until_utc, boot_id, until_boot_ms, ended_utc, used, why FROM lease ORDER BY id",
    "DROP TABLE lease",
    "ALTER TABLE lease_6 RENAME TO lease",

    /* A row of a pool, by the digest of what it holds. */
    "CREATE TABLE lease_row ("
    " id INTEGER PRIMARY KEY,"
    " lease INTEGER NOT NULL REFERENCES lease(id),"
    " number INTEGER NOT NULL CHECK (number >= 1)," /* within the lease: rows are used in order */
    " sha256 TEXT NOT NULL " HEX("sha256", "64") ","
    " UNIQUE (lease, number)"
    ") STRICT",

    "CREATE INDEX lease_open ON lease(kind, lot, counter, id) WHERE ended_utc IS NULL",
    "CREATE INDEX lease_open_pool ON lease(pool, id) WHERE ended_utc IS NULL AND kind = 'rows'",

    KEPT("lease"),
    KEPT("lease_row"),
    FINAL("lease_row"),
    NOT_REPLACED("lease_row", "old.id = NEW.id"
                              " OR (old.lease = NEW.lease AND old.number = NEW.number)"),
    "CREATE TRIGGER lease_row_of_a_new_lease BEFORE INSERT ON lease_row"
    " WHEN NOT EXISTS (SELECT 1 FROM lease WHERE id = NEW.lease AND kind = 'rows')"
    "  OR EXISTS (SELECT 1 FROM link WHERE kind = 'lease' AND row = NEW.lease)"
    " BEGIN SELECT RAISE(ABORT, 'a lease gets its rows when it is entered'); END",
    NOT_REPLACED("lease", "old.id = NEW.id OR old.number = NEW.number"),
    "CREATE TRIGGER lease_only_ends BEFORE UPDATE ON lease"
    " WHEN OLD.ended_utc IS NOT NULL OR NEW.ended_utc IS NULL"
    "  OR (NEW.id, NEW.number, NEW.kind, NEW.lot, NEW.places, NEW.counter, NEW.first, NEW.last,"
    "      NEW.step, NEW.pool, NEW.operator, NEW.taken_utc, NEW.until_utc, NEW.boot_id,"
    "      NEW.until_boot_ms) IS NOT"
    "     (OLD.id, OLD.number, OLD.kind, OLD.lot, OLD.places, OLD.counter, OLD.first, OLD.last,"
    "      OLD.step, OLD.pool, OLD.operator, OLD.taken_utc, OLD.until_utc, OLD.boot_id,"
    "      OLD.until_boot_ms)"
    " BEGIN SELECT RAISE(ABORT, 'a lease may only end, and only once'); END",
    "CREATE TRIGGER run_of_an_open_lease BEFORE UPDATE OF lease ON run"
    " WHEN NEW.lease IS NOT OLD.lease AND (OLD.lease IS NOT NULL OR NOT EXISTS (SELECT 1 FROM lease"
    "  WHERE id = NEW.lease AND kind = 'places' AND lot = NEW.lot AND ended_utc IS NULL))"
    " BEGIN SELECT RAISE(ABORT, 'a place comes from an open lease of its lot'); END",
