/* Inside db/ only: making and reading the text of a checkpoint. */
#ifndef DB_CHECKPOINT_PRIV_H
#define DB_CHECKPOINT_PRIV_H

#include "db/proof/audit.h"
#include "db/store/chain.h"
#include "db/store/sha256.h"

/* What a checkpoint is to say. */
struct checkpoint {
    const char *lot; /* NULL: of the whole record */
    const char *operator_name, *host;
    int64_t utc_ms;
    struct chain_end end;
    int64_t runs, passed; /* closed runs, and those that passed: of the lot, or of all */
};

bool checkpoint_write(const struct checkpoint *c, const struct key *key,
                      char text[static DB_CHECKPOINT_CAP], char signature[static KEY_SIGNATURE_CAP],
                      struct err *e);

/* Text and signature as one file. */
void checkpoint_join(const char *text, const char *signature, char file[static DB_CHECKPOINT_CAP]);

/* What a checkpoint says, and its signature bears out. */
struct checkpoint_said {
    char lot[DB_LOT_CAP]; /* empty: of the whole record */
    int64_t link;
    char sha256[DB_SHA256_CAP];
    char public_key[KEY_PUBLIC_CAP];
};

/* False: not a checkpoint, or its signature is not that of its key. */
bool checkpoint_read(const char *text, const char *signature, struct checkpoint_said *said);

/* Whether a file begins as one: what it says may still be damaged or forged. */
bool checkpoint_is_one(const char *file);

/* The same for text and signature in one, as they stand in a file. */
bool checkpoint_read_file(const char *file, struct checkpoint_said *said);

#endif
