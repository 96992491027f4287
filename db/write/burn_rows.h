/*
 * Burns of fuses in the record: each is committed as soon as it was made, before the next one.
 *
 * No key is among them. A block with a secret has a mark instead: the HMAC of its words with a salt
 * of its own, by which a station that has the key knows it again.
 */
#ifndef DB_BURN_ROWS_H
#define DB_BURN_ROWS_H

#include "db/store/db.h"

enum { DB_BURN_SALT_CAP = 33, DB_BURN_HMAC_CAP = 65 }; /* hex, and the final NUL */

struct db_burn {
    int64_t run_id;
    int attempt, number; /* the number counts within the run, from 1 */
    const char *stage;
    int block;
    const char *fuses;    /* names and values, "BLOCK_KEY5=secret" */
    const char *words;    /* NULL: a secret */
    const char *key_salt; /* of a secret, with the next one; NULL: none */
    const char *key_hmac;
    const char *outcome;
    const char *proof;    /* NULL: a secret, or the block was not read */
    const char *sentence; /* NULL: none */
    const char *person;   /* NULL: nobody was named */
    int64_t made_utc_ms;
};

/* Adds the row of a burn in an open run, with its link. */
bool db_burn_add(struct db *db, const struct db_burn *burn, struct err *e);

/* Calls `mark` with block, salt and HMAC of each secret that was burnt into this board, the latest
 * first, until it gives false. */
bool db_burn_marks(struct db *db, const char *mac,
                   bool (*mark)(void *ctx, int block, const char *salt, const char *hmac),
                   void *ctx, struct err *e);

/* *run_id: the last run in which this board was burnt wrong; 0: none. */
bool db_burn_wrong(struct db *db, const char *mac, int64_t *run_id, struct err *e);

#endif
