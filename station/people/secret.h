/* PINs and badges as digests: scrypt (RFC 7914) by libcrypto. Any thread. */
#ifndef STATION_SECRET_H
#define STATION_SECRET_H

#include "core/base/err.h"
#include "recipes/people/people_file.h"

#include <stdbool.h>

enum { SECRET_MIN = 4, SECRET_MAX = 64 }; /* characters of a PIN or badge, plain ASCII */

/* Whether a text can be one; else ERR_USAGE. `what` is "PIN" or "badge". */
bool secret_is_usable(const char *what, const char *secret, struct err *e);

/* Fills digest->hash from the secret, with the digest's own salt and cost. ERR_STATION. */
bool secret_digest(const char *secret, struct person_digest *digest, struct err *e);

/* A new random salt. ERR_STATION. */
bool secret_salt(struct person_digest *digest, struct err *e);

/* Whether two hashes are one, in a time that does not tell where they differ. */
bool secret_is_same(const struct person_digest *a, const struct person_digest *b);

/* Overwrites a text that must not stay in memory. */
void secret_wipe(char *text, size_t cap);

#endif
