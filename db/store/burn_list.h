/* Burns of fuses, as statements for the step of tables.c that brings them (version 5). Each is a
 * row of its own as soon as it was made, and before the next one is: what is burnt stays burnt,
 * whatever becomes of the run. Of keys there is nothing but a mark of them (key_salt, key_hmac). */
/* clang-format off */
    "CREATE TABLE burn ("
    " id INTEGER PRIMARY KEY,"
    " run INTEGER NOT NULL REFERENCES run(id),"
    " attempt INTEGER NOT NULL CHECK (attempt >= 1)," /* its number within the run */
    " number INTEGER NOT NULL CHECK (number >= 1)," /* in their order, within the run */
    " stage TEXT NOT NULL CHECK (length(stage) > 0),"
    " block INTEGER NOT NULL CHECK (block >= 0),"
    " fuses TEXT NOT NULL," /* "SPI_BOOT_CRYPT_CNT=0x7 SECURE_BOOT_EN=0x1", "BLOCK_KEY5=secret" */
    " words TEXT," /* of the block, as they were to be burnt, in hex; NULL: a secret */
    " key_salt TEXT " HEX("key_salt", "32") "," /* of a secret: by chance, */
    " key_hmac TEXT " HEX("key_hmac", "64") "," /* and the HMAC-SHA256 of its words with that */
    /* "burnt", "closed", "not-burnt", "part", "wrong", "unknown"; words grow with the program */
    " outcome TEXT NOT NULL CHECK (length(outcome) > 0),"
    " proof TEXT," /* the block as it read afterwards, in hex; NULL: a secret, or it was not read */
    " sentence TEXT,"
    " person TEXT," /* who has allowed it; NULL: nobody was named */
    " made_utc TEXT NOT NULL " UTC("made_utc") ","
    " CHECK ((key_salt IS NULL) = (key_hmac IS NULL)),"
    " CHECK (key_hmac IS NULL OR (words IS NULL AND proof IS NULL)),"
    " UNIQUE (run, number)"
    ") STRICT",
    KEPT("burn"),
    FINAL("burn"),
    NOT_REPLACED("burn", "old.id = NEW.id OR (old.run = NEW.run AND old.number = NEW.number)"),

    "CREATE TRIGGER burn_of_an_open_run BEFORE INSERT ON burn"
    " WHEN NOT EXISTS (SELECT 1 FROM run WHERE id = NEW.run AND board IS NOT NULL"
    "                  AND verdict IS NULL)"
    " BEGIN SELECT RAISE(ABORT, 'a burn belongs to an open run on its board'); END",
