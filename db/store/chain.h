/* The chain of hashes that makes changes evident. */
#ifndef DB_CHAIN_H
#define DB_CHAIN_H

#include "db/store/handle.h"
#include "db/store/sha256.h"

const char *chain_kind_word(enum link_kind kind);
bool chain_kind_of(const char *word, enum link_kind *kind);

/* "SELECT id FROM ...": the rows of this kind that must have a link. */
const char *chain_kind_rows(enum link_kind kind);

/* The last link: its number and hash, 0 and 64 zeros before the first. */
struct chain_end {
    int64_t link;
    char sha256[DB_SHA256_CAP];
};

bool chain_end_locked(struct db *db, struct chain_end *end, struct err *e);

/* Binds a complete row to the chain. Belongs into the transaction that completes it. */
bool chain_link_locked(struct db *db, enum link_kind kind, int64_t row, struct err *e);

/* The digest of a row's canonical form: > 0, 0 there is no such row, < 0 failed. */
int chain_form_locked(struct db *db, struct db_sha256 *sha, enum link_kind kind, int64_t row,
                      char hex[static DB_SHA256_CAP], struct err *e);

/* The hash of a link. `hex` may be `previous`. */
bool chain_hash(struct db_sha256 *sha, const char *previous, const char *kind, int64_t row,
                const char *form_sha256, char hex[static DB_SHA256_CAP], struct err *e);

/* Links everything that is complete in a record without a chain. Prepares and finalizes the
 * handle's statements. */
bool chain_begin_locked(struct db *db, struct err *e);

#endif
