/* SHA-256 as the record writes it: lower-case hex, and an error that says what is missing. */
#include "db/store/sha256.h"

#include <string.h>

struct db_sha256 db_sha256_new(void)
{
    struct db_sha256 s = { 0 };
    digest_begin(&s.run, DIGEST_SHA256);
    return s;
}

void db_sha256_again(struct db_sha256 *s)
{
    digest_begin(&s->run, DIGEST_SHA256);
}

void db_sha256_add(struct db_sha256 *s, const void *bytes, size_t n)
{
    digest_add(&s->run, bytes, n);
}

void db_sha256_add_text(struct db_sha256 *s, const char *text)
{
    digest_add(&s->run, text, strlen(text));
}

bool db_sha256_hex(struct db_sha256 *s, char hex[static DB_SHA256_CAP], struct err *e)
{
    uint8_t digest[DIGEST_SHA256_BYTES];
    if (!digest_end(&s->run, digest, sizeof digest))
        return err_set(e, ERR_STATION,
                       "No SHA-256 could be made: no memory left, or libcrypto is broken");
    digest_hex(digest, sizeof digest, hex);
    return true;
}

void db_sha256_free(struct db_sha256 *s)
{
    digest_free(&s->run);
}
