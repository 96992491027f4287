/* SHA-256 of what comes in pieces. */
#ifndef DB_SHA256_H
#define DB_SHA256_H

#include "core/base/digest.h"
#include "core/base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    DB_SHA256_BYTES = 32,
    DB_SHA256_CAP = 2 * DB_SHA256_BYTES + 1, /* as hex */
};

/* The first failure sticks; db_sha256_hex tells of it. */
struct db_sha256 {
    struct digest_run run;
};

struct db_sha256 db_sha256_new(void);
void db_sha256_again(struct db_sha256 *s); /* begins anew */
void db_sha256_add(struct db_sha256 *s, const void *bytes, size_t n);
void db_sha256_add_text(struct db_sha256 *s, const char *text);
bool db_sha256_hex(struct db_sha256 *s, char hex[static DB_SHA256_CAP], struct err *e);
void db_sha256_free(struct db_sha256 *s);

#endif
