/* Units, as statements for the step of tables.c that brings them (version 4): what is a board's
 * own. A value goes to one board, and returns by a decision alone; the unique indexes over what was
 * not released say so, whoever writes. */
/* clang-format off */
    /* what an engineer decided: that a unit is released (the values of one board), or that work
     * goes on with a record older than what was given out */
    "CREATE TABLE unit_decision ("
    " id INTEGER PRIMARY KEY,"
    " what TEXT NOT NULL CHECK (what IN ('release', 'older-record')),"
    " board INTEGER REFERENCES board(id),"
    " serial TEXT," /* as the unit had it */
    " mark TEXT," /* what the file beside the record told (mark.h) */
    " operator TEXT NOT NULL CHECK (length(operator) > 0),"
    " reason TEXT NOT NULL CHECK (length(reason) > 0),"
    " host TEXT NOT NULL,"
    " made_utc TEXT NOT NULL " UTC("made_utc") ","
    " CHECK ((what = 'release') = (board IS NOT NULL))"
    ") STRICT",

    /* What a board was given in one run. Mostly a board has one; more where a later recipe wanted
     * more values. */
    "CREATE TABLE unit ("
    " id INTEGER PRIMARY KEY,"
    " board INTEGER NOT NULL REFERENCES board(id),"
    " run INTEGER NOT NULL REFERENCES run(id),"
    " serial TEXT CHECK (length(serial) > 0)," /* NULL: this one brought none */
    " salt TEXT NOT NULL " HEX("salt", "32") "," /* of secrets; one for the whole record */
    " taken_utc TEXT NOT NULL " UTC("taken_utc") ","
    " released INTEGER REFERENCES unit_decision(id)"
    ") STRICT",

    /* The number of a counter, or the row of a pool. */
    "CREATE TABLE unit_item ("
    " id INTEGER PRIMARY KEY,"
    " unit INTEGER NOT NULL REFERENCES unit(id),"
    " source TEXT NOT NULL CHECK (source IN ('counter', 'pool')),"
    " name TEXT NOT NULL,"
    " number INTEGER NOT NULL," /* of a pool: the row's place in the file, for a hint only */
    " sha256 TEXT " HEX("sha256", "64") "," /* of a pool's row */
    " label TEXT,"
    " released INTEGER REFERENCES unit_decision(id),"
    " CHECK ((source = 'pool') = (sha256 IS NOT NULL))"
    ") STRICT",

    "CREATE TABLE unit_value ("
    " id INTEGER PRIMARY KEY,"
    " unit INTEGER NOT NULL REFERENCES unit(id),"
    " name TEXT NOT NULL,"
    " text TEXT," /* NULL: a secret */
    " sha256 TEXT " HEX("sha256", "64") "," /* of a secret, behind the salt */
    " source TEXT NOT NULL,"
    " is_unique INTEGER NOT NULL CHECK (is_unique IN (0, 1)),"
    " released INTEGER REFERENCES unit_decision(id),"
    " CHECK ((text IS NULL) = (sha256 IS NOT NULL))"
    ") STRICT",

    /* What became of one of the unit's images in one attempt. */
    "CREATE TABLE unit_digest ("
    " attempt INTEGER NOT NULL REFERENCES attempt(id),"
    " number INTEGER NOT NULL CHECK (number >= 0)," /* in the recipe's section */
    " place TEXT NOT NULL," /* the partition */
    " offset INTEGER NOT NULL CHECK (offset >= 0),"
    " size_bytes INTEGER NOT NULL CHECK (size_bytes >= 0),"
    " expected_md5 TEXT NOT NULL " HEX("expected_md5", "32") ","
    " read_md5 TEXT " HEX("read_md5", "32") ","
    " written_md5 TEXT " HEX("written_md5", "32") ","
    " written_sha256 TEXT " HEX("written_sha256", "64") ","
    " skipped_bytes INTEGER NOT NULL CHECK (skipped_bytes >= 0),"
    " PRIMARY KEY (attempt, number)"
    ") STRICT, WITHOUT ROWID",

    "CREATE UNIQUE INDEX unit_serial ON unit(serial) WHERE serial IS NOT NULL AND released IS NULL",
    "CREATE UNIQUE INDEX unit_item_number ON unit_item(name, number)"
    " WHERE source = 'counter' AND released IS NULL",
    "CREATE UNIQUE INDEX unit_item_row ON unit_item(name, sha256)"
    " WHERE source = 'pool' AND released IS NULL",
    "CREATE UNIQUE INDEX unit_value_one ON unit_value(name, coalesce(text, sha256))"
    " WHERE is_unique = 1 AND released IS NULL",
    "CREATE INDEX unit_item_any ON unit_item(source, name, number)",
    "CREATE INDEX unit_item_back ON unit_item(source, name, number) WHERE released IS NOT NULL",
    "CREATE INDEX unit_board ON unit(board)",
    "CREATE INDEX unit_any_serial ON unit(serial)",
    "CREATE INDEX unit_run ON unit(run)",
    "CREATE INDEX unit_item_unit ON unit_item(unit)",
    "CREATE INDEX unit_value_unit ON unit_value(unit)",
    "CREATE INDEX unit_released ON unit(released) WHERE released IS NOT NULL",
    "CREATE INDEX unit_item_released ON unit_item(released) WHERE released IS NOT NULL",
    "CREATE INDEX unit_value_released ON unit_value(released) WHERE released IS NOT NULL",

    /* For people: a line for each value that a board has or had. */
    "CREATE VIEW units AS SELECT b.mac, u.serial, v.name, v.text, v.sha256, v.source, u.run,"
    " u.taken_utc, n.made_utc AS released_utc, n.operator AS released_by, n.reason"
    " FROM unit_value AS v JOIN unit AS u ON u.id = v.unit JOIN board AS b ON b.id = u.board"
    " LEFT JOIN unit_decision AS n ON n.id = v.released",

    KEPT("unit_decision"),
    KEPT("unit"),
    KEPT("unit_item"),
    KEPT("unit_value"),
    KEPT("unit_digest"),
    FINAL("unit_decision"),
    FINAL("unit_digest"),
    NOT_REPLACED("unit_decision", "old.id = NEW.id"),
    NOT_REPLACED("unit", "old.id = NEW.id"
                         " OR (old.serial = NEW.serial AND old.released IS NULL)"),
    /* each half by its index: a record has as many rows as units were ever made */
    NOT_REPLACED("unit_item", "old.id = NEW.id OR (old.source = 'counter'"
                              " AND NEW.source = 'counter' AND old.name = NEW.name"
                              " AND old.number = NEW.number AND old.released IS NULL)"
                              " OR (old.source = 'pool' AND NEW.source = 'pool'"
                              " AND old.name = NEW.name AND old.sha256 = NEW.sha256"
                              " AND old.released IS NULL)"),
    NOT_REPLACED("unit_value", "old.id = NEW.id OR (old.name = NEW.name AND NEW.is_unique = 1"
                               " AND old.is_unique = 1 AND old.released IS NULL"
                               " AND coalesce(old.text, old.sha256)"
                               "  = coalesce(NEW.text, NEW.sha256))"),
    NOT_REPLACED("unit_digest", "old.attempt = NEW.attempt AND old.number = NEW.number"),
    ONLY_RELEASED("unit", "id, board, run, serial, salt, taken_utc"),
    ONLY_RELEASED("unit_item", "id, unit, source, name, number, sha256, label"),
    ONLY_RELEASED("unit_value", "id, unit, name, text, sha256, source, is_unique"),

    "CREATE TRIGGER unit_of_an_open_run BEFORE INSERT ON unit"
    " WHEN NOT EXISTS (SELECT 1 FROM run WHERE id = NEW.run AND board = NEW.board"
    "                  AND verdict IS NULL) OR NEW.released IS NOT NULL"
    " BEGIN SELECT RAISE(ABORT, 'a unit is taken in an open run on its board'); END",

    "CREATE TRIGGER unit_digest_of_an_open_run BEFORE INSERT ON unit_digest"
    " WHEN NOT EXISTS (SELECT 1 FROM attempt JOIN run ON run.id = attempt.run"
    "                  WHERE attempt.id = NEW.attempt AND run.verdict IS NULL)"
    " BEGIN SELECT RAISE(ABORT, 'a digest belongs to an attempt of an open run'); END",
    /* clang-format on */
