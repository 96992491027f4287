/* SHA-256 as the record writes it: lower-case hex. */
#include "db/store/sha256.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

struct db_sha256 db_sha256_new(void)
{
    struct db_sha256 s = { .ctx = EVP_MD_CTX_new() };
    s.ok = s.ctx != NULL && EVP_DigestInit_ex(s.ctx, EVP_sha256(), NULL) == 1;
    return s;
}

void db_sha256_again(struct db_sha256 *s)
{
    s->ok = s->ctx != NULL && EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL) == 1;
}

void db_sha256_add(struct db_sha256 *s, const void *bytes, size_t n)
{
    s->ok = s->ok && EVP_DigestUpdate(s->ctx, bytes, n) == 1;
}

void db_sha256_add_text(struct db_sha256 *s, const char *text)
{
    db_sha256_add(s, text, strlen(text));
}

bool db_sha256_hex(struct db_sha256 *s, char hex[static DB_SHA256_CAP], struct err *e)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[EVP_MAX_MD_SIZE] = { 0 };
    if (!s->ok || EVP_DigestFinal_ex(s->ctx, digest, NULL) != 1)
        return err_set(e, ERR_STATION,
                       "No SHA-256 could be made: no memory left, or libcrypto is broken");
    for (size_t i = 0; i < DB_SHA256_BYTES; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    hex[2 * DB_SHA256_BYTES] = '\0';
    return true;
}

void db_sha256_free(struct db_sha256 *s)
{
    EVP_MD_CTX_free(s->ctx);
    s->ctx = NULL;
}
