/*
 * Whether the record is what the stations wrote: the chain, its guards and its checkpoints.
 *
 * chain.c says what the chain binds. Somebody who changes the file and knows its rules can make the
 * chain fit again; what he cannot make is a checkpoint, which is signed, and he cannot change a
 * checkpoint that is kept elsewhere.
 */
#ifndef DB_AUDIT_H
#define DB_AUDIT_H

#include "db/proof/key.h"
#include "db/store/db.h"

enum {
    DB_CHECKPOINT_CAP = 2048, /* a checkpoint with its signature */
    DB_LINK_SHA256_CAP = 65,
};

enum db_finding_kind {
    DB_CHANGED,
    DB_DELETED,
    DB_INSERTED,
    DB_REORDERED,
    DB_TRUNCATED, /* the end is missing */
    DB_FORGED,    /* a checkpoint that the record, its key or its signature does not bear out */
    DB_UNGUARDED, /* a trigger or a table is not as the station made it */
};

/* "changed", "deleted", ... */
const char *db_finding_word(enum db_finding_kind kind);

struct db_finding {
    enum db_finding_kind kind;
    int64_t link;         /* where in the chain; 0: not at one place */
    const char *sentence; /* names the row */
};

/* A correction, or a note, that was made after the lot was closed: nobody altered anything, but the
 * signature was given without it. */
struct db_late_correction {
    const char *lot, *verdict, *operator_name, *made_utc, *reason; /* verdict NULL: a note */
    int64_t run_id;
};

struct db_audit_setup {
    /* A checkpoint that was kept elsewhere, as its file holds it; NULL: none. ERR_USAGE for a text
     * that is none at all. One of another record cannot be told from one whose record was made anew
     * from an early link on: both are findings. */
    const char *checkpoint;
    const char *public_key; /* the key that must have signed (key.h); NULL: whichever did */
    /* A record that was made anew from what is final (db/fleet): rows that were open are not in it,
     * and their numbers are missing. */
    bool final_rows_alone;
    void *ctx;
    void (*finding)(void *ctx, const struct db_finding *finding); /* in the order of the chain */
    /* After the findings, the oldest first; may be NULL. */
    void (*late)(void *ctx, const struct db_late_correction *late);
};

struct db_audit {
    int64_t links, runs, passed, open_runs, lots_closed; /* runs: closed ones */
    int64_t findings, late_corrections;
    int64_t given_findings; /* those of them that speak of the checkpoint given and nothing else */
    int64_t at_link;        /* of the checkpoint given */
    char end_sha256[DB_LINK_SHA256_CAP]; /* of the last link */
    char public_key[KEY_PUBLIC_CAP];     /* who signed the last checkpoint; "": nobody */
};

/* Goes through the whole record, as it was at the first row, while stations write on; memory does
 * not grow with the rows. True: the audit was made, and audit->findings says how it ended. A reader
 * only. */
bool db_audit(struct db *reader, const struct db_audit_setup *setup, struct db_audit *audit,
              struct err *e);

/* The end of the chain that an audit without findings has seen, as a signed text for a file that is
 * kept elsewhere. */
bool db_checkpoint_text(const struct db_audit *audit, const struct key *key,
                        const char *operator_name, const char *host, int64_t utc_ms,
                        char text[static DB_CHECKPOINT_CAP], struct err *e);

/* Copies the record, as it is now, to a new file while stations write on, and proves the copy:
 * SQLite's integrity check, and an audit whose outcome is given in *audit. A reader only.
 * ERR_DATABASE if the file is there already. */
bool db_backup(struct db *reader, const char *path, struct db_audit *audit, struct err *e);

/* The views by which a person can follow the chain in a shell of SQLite, as SQL. */
bool db_audit_sql(bool (*emit)(void *ctx, const char *bytes, size_t n), void *ctx);

#endif
