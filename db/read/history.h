/* The life of one board, row by row. */
#ifndef DB_HISTORY_H
#define DB_HISTORY_H

#include "db/store/db.h"

/* NULL: the record has none. Times in the form of the record. */
struct db_board_row {
    const char *mac, *chip, *first_seen_utc;
    int revision;                  /* below 0: unknown */
    int64_t flash_id, flash_bytes; /* below 0, 0: unknown */
};

struct db_run_row {
    int64_t run_id;
    const char *started_utc, *ended_utc;
    int64_t duration_ms; /* below 0: unknown */
    const char *verdict; /* PASS, FAIL, STOPPED, INTERRUPTED; NULL: open */
    const char *code, *sentence, *hint, *board_state, *app_text;
    int slot;
    const char *port, *operator_name, *lot, *host, *tool_version;
    const char *recipe, *recipe_version, *recipe_sha256;
    int attempt_count;
    int64_t rework_of; /* the run in which the board had passed; 0: none of this record */
    const char *rework_reason;
    const char *rework_elsewhere; /* "line 1, run 5", where it had passed at another station */
};

/* What a person has said about a run later. */
struct db_correction_row {
    const char *made_utc, *operator_name, *reason, *host;
    const char *verdict; /* NULL: a note */
};

struct db_attempt_row {
    int number;
    const char *started_utc;
    int64_t duration_ms, baud, bytes_written, wire_bytes;
    int64_t baud_asked;                /* 0: unknown */
    int64_t round_trips;               /* below 0: unknown */
    const char *baud_why, *write_mode; /* NULL: unknown */
    const char *reset, *loader, *phase, *code, *sentence, *hint, *board_state;
    struct db_timing timing;
};

/* One image in the attempt before. Digests that were not made are NULL. */
struct db_digest_row {
    const char *file;
    int64_t offset, size_bytes, skipped_bytes;
    const char *expected_md5, *read_md5, *written_md5, *written_sha256;
};

/* One burn of fuses in the run before. `words` and `proof` are NULL for secrets. */
struct db_burn_row {
    int number, attempt, block;
    const char *stage, *fuses, *outcome, *words, *proof, *sentence, *person, *made_utc;
};

struct db_history_sink {
    void *ctx;
    bool (*board)(void *ctx, const struct db_board_row *board); /* once, first */
    bool (*run)(void *ctx, const struct db_run_row *run);       /* as recorded, the first first */
    bool (*attempt)(void *ctx,
                    const struct db_attempt_row *attempt);         /* after its run; may be NULL */
    bool (*digest)(void *ctx, const struct db_digest_row *digest); /* after its attempt; as well */
    /* after those, the oldest first; may be NULL */
    bool (*correction)(void *ctx, const struct db_correction_row *correction);
    bool (*burn)(void *ctx, const struct db_burn_row *burn); /* after its attempts; may be NULL */
};

/* The life of one board; a chip with an EUI-64 is found by its six bytes as well, and the other way
 * round. A MAC that was never seen calls nothing and gives true. */
bool db_history(struct db *reader, const char *mac, const struct db_history_sink *sink,
                struct err *e);

#endif
