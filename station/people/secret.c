#include "station/people/secret.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <string.h>

bool secret_is_usable(const char *what, const char *secret, struct err *e)
{
    const size_t n = strlen(secret);
    bool plain = true;
    for (size_t i = 0; i < n; i++)
        plain = plain && secret[i] > ' ' && secret[i] < 127;
    if (plain && n >= SECRET_MIN && n <= SECRET_MAX)
        return true;
    err_set(e, ERR_USAGE, "This is no %s: one has %d to %d letters, digits or signs", what,
            SECRET_MIN, SECRET_MAX);
    return err_hint(e, "Six digits or more are a good PIN; a badge's code is as a scanner types "
                       "it.");
}

bool secret_digest(const char *secret, struct person_digest *digest, struct err *e)
{
    /* What scrypt takes, and some more; libcrypto's own limit is just below our cost. */
    const uint64_t memory = 128u * (uint64_t)digest->n * digest->r + ((uint64_t)1 << 20);
    if (EVP_PBE_scrypt(secret, strlen(secret), digest->salt, sizeof digest->salt, digest->n,
                       digest->r, digest->p, memory, digest->hash, sizeof digest->hash) == 1)
        return true;
    return err_set(e, ERR_STATION, "PINs cannot be checked: libcrypto's scrypt failed");
}

bool secret_salt(struct person_digest *digest, struct err *e)
{
    if (RAND_bytes(digest->salt, sizeof digest->salt) == 1)
        return true;
    return err_set(e, ERR_STATION, "There is no randomness for a salt: libcrypto failed");
}

bool secret_is_same(const struct person_digest *a, const struct person_digest *b)
{
    return CRYPTO_memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

void secret_wipe(char *text, size_t cap)
{
    OPENSSL_cleanse(text, cap);
}
