/* Labels, as statements for the step of tables.c that brings them (version 4). A row is ordered,
 * perhaps begun, and ended once. What is on it and for whom never changes; a label that is printed
 * again is another row, with a name and a reason. */
/* clang-format off */
    "CREATE TABLE label ("
    " id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run(id),"
    " number INTEGER NOT NULL CHECK (number >= 1)," /* of the labels of this run */
    " printer TEXT NOT NULL CHECK (length(printer) > 0),"
    " zpl TEXT NOT NULL CHECK (length(zpl) > 0),"
    " operator TEXT CHECK (length(operator) > 0)," /* who wanted it; NULL: the PASS did */
    " reason TEXT CHECK (length(reason) > 0),"
    " ordered_utc TEXT NOT NULL " UTC("ordered_utc") ","
    " begun_utc TEXT " UTC("begun_utc") "," /* from now on it may be on paper */
    " begun_by INTEGER REFERENCES station(id),"
    " ended_utc TEXT " UTC("ended_utc") ","
    " outcome TEXT CHECK (outcome IN ('printed', 'sent', 'unsure', 'dropped')),"
    " sentence TEXT,"
    " UNIQUE (run, number),"
    " CHECK ((operator IS NULL) = (reason IS NULL)),"
    " CHECK ((begun_utc IS NULL) = (begun_by IS NULL)),"
    " CHECK ((ended_utc IS NULL) = (outcome IS NULL))"
    ") STRICT",
    "CREATE INDEX label_open ON label(printer, id) WHERE outcome IS NULL",
    KEPT("label"),
    NOT_REPLACED("label", "old.id = NEW.id OR (old.run = NEW.run AND old.number = NEW.number)"),

    "CREATE TRIGGER label_of_a_pass BEFORE INSERT ON label"
    " WHEN NOT EXISTS (SELECT 1 FROM run WHERE id = NEW.run AND verdict = 'PASS')"
    " BEGIN SELECT RAISE(ABORT, 'a label belongs to a run that has passed'); END",

    "CREATE TRIGGER label_once_by_itself BEFORE INSERT ON label"
    " WHEN NEW.operator IS NULL AND EXISTS (SELECT 1 FROM label WHERE run = NEW.run)"
    " BEGIN SELECT RAISE(ABORT, 'another label of a run needs a name and a reason'); END",

    "CREATE TRIGGER label_only_goes_on BEFORE UPDATE ON label"
    " WHEN OLD.outcome IS NOT NULL"
    "  OR (NEW.id, NEW.run, NEW.number, NEW.printer, NEW.zpl, NEW.operator, NEW.reason,"
    "      NEW.ordered_utc) IS NOT"
    "     (OLD.id, OLD.run, OLD.number, OLD.printer, OLD.zpl, OLD.operator, OLD.reason,"
    "      OLD.ordered_utc)"
    " BEGIN SELECT RAISE(ABORT, 'a label may only go on, and end once'); END",
    /* clang-format on */
