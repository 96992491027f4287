/* Acts of people, as statements for the step of tables.c that brings them (version 4). What a
 * person orders, decides or changes at a station, and by which right: re-work, closing a lot, a
 * correction, a slot out of work, another recipe. */
/* clang-format off */
    "CREATE TABLE act ("
    " id INTEGER PRIMARY KEY,"
    /* "lot-close", "rework"; words grow with the program */
    " word TEXT NOT NULL CHECK (length(word) > 0),"
    " person TEXT NOT NULL CHECK (length(person) > 0),"
    " role TEXT NOT NULL CHECK (length(role) > 0),"
    /* by PIN or badge; 0: a name as it was typed */
    " proved INTEGER NOT NULL CHECK (proved IN (0, 1)),"
    " station INTEGER REFERENCES station(id)," /* NULL: a command by hand */
    " slot INTEGER CHECK (slot >= 1),"
    " run INTEGER REFERENCES run(id),"
    " lot INTEGER REFERENCES lot(id),"
    " text TEXT," /* what it was about, where none of these says it: a recipe */
    " reason TEXT,"
    " host TEXT NOT NULL,"
    " made_utc TEXT NOT NULL " UTC("made_utc")
    ") STRICT",
    "CREATE INDEX act_lot ON act(lot) WHERE lot IS NOT NULL",
    "CREATE INDEX act_run ON act(run) WHERE run IS NOT NULL",
    KEPT("act"),
    FINAL("act"),
    NOT_REPLACED("act", "old.id = NEW.id"),
