#include "core/base/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

/* EVP_Digest fails only when memory is gone or the library is broken. A digest that is not computed
 * must never look like one, also to a caller who does not ask. */
static bool digest(const EVP_MD *kind, const uint8_t *bytes, size_t n, uint8_t *out, size_t out_n)
{
    uint8_t result[EVP_MAX_MD_SIZE];
    bool ok = EVP_Digest(bytes, n, result, NULL, kind, NULL) == 1;
    if (ok)
        memcpy(out, result, out_n);
    else
        memset(out, 0, out_n);
    return ok;
}

bool digest_md5(const uint8_t *bytes, size_t n, uint8_t out[static DIGEST_MD5_BYTES])
{
    return digest(EVP_md5(), bytes, n, out, DIGEST_MD5_BYTES);
}

bool digest_sha256(const uint8_t *bytes, size_t n, uint8_t out[static DIGEST_SHA256_BYTES])
{
    return digest(EVP_sha256(), bytes, n, out, DIGEST_SHA256_BYTES);
}

/* ---- Piece by piece ---- */

void digest_begin(struct digest_run *d, enum digest_kind kind)
{
    if (!d->ctx)
        d->ctx = EVP_MD_CTX_new();
    d->ok = d->ctx &&
            EVP_DigestInit_ex(d->ctx, kind == DIGEST_MD5 ? EVP_md5() : EVP_sha256(), NULL) == 1;
}

void digest_add(struct digest_run *d, const void *bytes, size_t n)
{
    d->ok = d->ok && EVP_DigestUpdate(d->ctx, bytes, n) == 1;
}

bool digest_end(struct digest_run *d, uint8_t *out, size_t n)
{
    uint8_t result[EVP_MAX_MD_SIZE];
    unsigned size = 0;
    bool ok = d->ok && EVP_DigestFinal_ex(d->ctx, result, &size) == 1 && size == n;
    d->ok = false; /* it must be begun anew */
    if (ok)
        memcpy(out, result, n);
    else
        memset(out, 0, n);
    return ok;
}

void digest_free(struct digest_run *d)
{
    EVP_MD_CTX_free(d->ctx);
    d->ctx = NULL;
}

void digest_hex(const uint8_t *digest_bytes, size_t n, char *text)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        text[2 * i] = digits[digest_bytes[i] >> 4];
        text[2 * i + 1] = digits[digest_bytes[i] & 0xF];
    }
    text[2 * n] = '\0';
}
